"""Encode and decode words of the LDPC codes: EN 302 307-1, clause 5.3.2."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.mobile.modem.dvb.fec import _kernels
from rabta.mobile.modem.dvb.fec.codes import LANES, Code, graph

Bits = NDArray[np.uint8]
I8 = NDArray[np.int64]

SCALE = 16.0
"""Steps of a decoder's value in one unit of log-likelihood ratio."""
TOP = 8191
ITERATIONS = 50
OFFSET = 1.0 / 16.0
MOST = 0.5
"""What is taken off magnitudes for each bit that a check holds, and at most (in log-likelihood ratio): the
smallest of many overstates what all say. Fits all rates of QPSK within two iterations of the best."""


@cache
def _addresses(code: Code) -> tuple[I8, I8, I8]:
    """First address of each group, the check row it is in, and the lanes it is ahead."""
    flat = np.array([x for row in code.rows for x in row], dtype=np.int64)
    first = np.cumsum([0] + [len(row) for row in code.rows])
    return first.astype(np.int64), flat % code.step, flat // code.step


def encode(code: Code, bits: ArrayLike) -> Bits:
    """Codewords of words of information bits.

    Parameters
    ----------
    bits : array_like of 0 and 1, shape (word, K)

    Returns
    -------
    ndarray of uint8, shape (word, N)
    """
    blocks = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    if blocks.shape[1] != code.information:
        raise RabtaError(
            "wrong length of words", key="bits", value=blocks.shape[1], expected=str(code.information)
        )
    words = np.zeros((len(blocks), code.bits), dtype=np.uint8)
    words[:, : code.information] = blocks
    _kernels.encode(*_addresses(code), code.information, words)
    return words


def to_lanes(code: Code, words: NDArray[np.int16]) -> NDArray[np.int16]:
    """Words with their parity bits in the order of the graph's columns."""
    k, q = code.information, code.step
    parity = words[:, k:].reshape(-1, LANES, q).swapaxes(1, 2).reshape(len(words), -1)
    return np.ascontiguousarray(np.concatenate([words[:, :k], parity], axis=1))


def quantised(ratios: ArrayLike) -> NDArray[np.int16]:
    """Log-likelihood ratios as the decoder's steps."""
    values = np.asarray(ratios, dtype=np.float32)
    steps: NDArray[np.int16] = np.clip(np.rint(values * np.float32(SCALE)), -TOP, TOP).astype(np.int16)
    return steps


def decode(
    code: Code, ratios: ArrayLike, iterations: int = ITERATIONS, offset: float | None = None
) -> tuple[Bits, I8]:
    """Decide the information bits of words from log-likelihood ratios, positive for a zero.

    Parameters
    ----------
    ratios : array_like, shape (word, N)
    iterations : int
        At most so many; a word that passes every parity check stops earlier.
    offset : float, optional
        Taken off the messages' magnitudes; by default what suits the code.

    Returns
    -------
    bits : ndarray of uint8, shape (word, K)
    used : ndarray of int, shape (word,)
        Iterations, or one more than allowed where no codeword was found.
    """
    words = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    if words.shape[1] != code.bits:
        raise RabtaError("wrong length of words", key="ratios", value=words.shape[1], expected=str(code.bits))
    lanes = to_lanes(code, quantised(words))
    used = np.zeros(len(lanes), dtype=np.int64)
    off = round(SCALE * (usual_offset(code) if offset is None else offset))
    jit.each(lambda part: _decode_part(code, lanes, used, iterations, off, part), _parts(len(lanes)))
    return (lanes[:, : code.information] < 0).astype(np.uint8), used


def usual_offset(code: Code) -> float:
    """Offset of a code by the mean number of bits that its checks hold.

    Examples
    --------
    >>> from rabta.mobile.modem.dvb.fec.codes import code
    >>> usual_offset(code("1/4 normal")), usual_offset(code("9/10 normal"))
    (0.25, 0.5)
    """
    return min(OFFSET * len(graph(code.name).column) / code.step, MOST)


def _parts(count: int) -> list[range]:
    """Words for each of the threads in turn."""
    return [range(i, count, jit.threads()) for i in range(min(jit.threads(), count))]


def _decode_part(
    code: Code, lanes: NDArray[np.int16], used: I8, iterations: int, offset: int, part: range
) -> None:
    """Decode some of the words in place."""
    it = graph(code.name)
    largest = int(np.diff(it.first.astype(np.int64)).max())
    messages = np.empty((len(it.column), LANES), dtype=np.int16)
    sums = np.empty((largest, LANES), dtype=np.int16)
    scratch = np.empty((5, LANES), dtype=np.int16)
    turned = np.zeros(code.bits // LANES, dtype=np.uint32)
    for i in part:
        used[i] = _kernels.decode(
            it.first, it.column, it.shift, iterations, np.int16(offset), lanes[i],
            messages, sums, scratch, turned,
        )  # fmt: skip
