"""Encode and decode code blocks of NR's LDPC codes, with early stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.jit import gpu
from rabta.mobile.phy.ldpc import _kernels
from rabta.mobile.phy.ldpc.graphs import COLUMNS, Graph

Bits = NDArray[np.uint8]
Values = NDArray[np.float32]

SCALE = 16.0
"""Steps of a decoder's value in one unit of log-likelihood ratio."""
ITERATIONS = 20
LANES = 32
"""Sixteen-bit values of the longest vector register."""
MANY = 64
"""Words from which a GPU is worth the way there and back."""
DEVICES = ("cpu", "cuda")


def encode(graph: Graph, bits: ArrayLike) -> Bits:
    """Codewords of blocks of systematic bits (filler bits as zeros): TS 38.212, clause 5.3.2.

    Parameters
    ----------
    bits : array_like of 0 and 1, shape (block, systematic columns x Z)

    Returns
    -------
    ndarray of uint8, shape (block, columns x Z)
        The first two columns, which are never sent, included.
    """
    blocks = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    wanted = graph.systematic * graph.size
    if blocks.shape[1] != wanted:
        raise RabtaError("wrong block length", key="bits", value=blocks.shape[1], expected=str(wanted))
    words = np.zeros((len(blocks), COLUMNS[graph.number] * graph.size), dtype=np.uint8)
    words[:, :wanted] = blocks
    g = graph
    _kernels.encode(g.first, g.column, g.shift, np.uint64(g.size), np.uint64(g.systematic), words)
    return words


def decode(
    graph: Graph, ratios: ArrayLike, iterations: int = ITERATIONS, *, device: str | None = None
) -> tuple[Bits, NDArray[np.int64]]:
    """Decide the bits of words from log-likelihood ratios, positive for a zero.

    Parameters
    ----------
    ratios : array_like, shape (word, columns x Z)
        0 for bits that were not sent, infinite for known ones. May be shorter by whole parity columns at the
        end: then the rows that only they are in are left out, which is faster and no worse.
    iterations : int
        At most so many; a word that passes every parity check stops earlier.
    device : str, optional
        "cpu" or "cuda"; left out, a GPU where there is one and the words are many. Both give the same bits.

    Returns
    -------
    bits : ndarray of uint8, shape (word, columns x Z)
    used : ndarray of int, shape (word,)
        Iterations, or one more than allowed where no codeword was found.
    """
    values = np.ascontiguousarray(np.atleast_2d(np.asarray(ratios, dtype=np.float32)))
    graph = _short(graph, values.shape[1])
    if iterations < 1:
        raise RabtaError("no iterations", key="iterations", value=iterations, expected="1 or more")
    words = np.empty(values.shape, dtype=np.int16)
    _kernels.steps(values, np.float32(SCALE), words)
    if _on_gpu(device, len(words)):
        from rabta.mobile.phy.ldpc import _cuda

        return _cuda.decode(graph, words, iterations)
    return _on_cpu(graph, words, iterations)


def _on_gpu(device: str | None, words: int) -> bool:
    """Whether words go to a GPU."""
    if device not in (None, *DEVICES):
        raise RabtaError("no such device", key="device", value=device, expected=nearest(str(device), DEVICES))
    if device == "cuda" and not gpu():
        raise RabtaError("no GPU that CUDA can use", key="device", value=device, expected="cpu")
    return device == "cuda" or (device is None and words >= MANY and gpu())


def _on_cpu(graph: Graph, words: NDArray[np.int16], iterations: int) -> tuple[Bits, NDArray[np.int64]]:
    """Decode steps by the compiled kernel."""
    lanes = -(-graph.size // LANES) * LANES
    step, rest, last = graph.turns
    rows = int(np.diff(graph.first.astype(np.int64)).max())
    values = np.zeros((len(last), graph.size + lanes), dtype=np.int16)
    messages = np.empty((len(graph.column), lanes), dtype=np.int16)
    sums, scratch = np.empty((rows, lanes), dtype=np.int16), np.empty((3, lanes), dtype=np.int16)
    bits, used = np.empty(words.shape, dtype=np.uint8), np.empty(len(words), dtype=np.int64)
    _kernels.decode(
        graph.first, graph.column, step, rest, last, np.uint64(graph.size), iterations, words, values,
        messages, sums, scratch, bits, used,
    )  # fmt: skip
    return bits, used


def _short(graph: Graph, length: int) -> Graph:
    """Graph without the rows whose own parity column is missing."""
    columns, rest = divmod(length, graph.size)
    least = graph.systematic + 4
    if rest or not least <= columns <= COLUMNS[graph.number]:
        most = COLUMNS[graph.number] * graph.size
        raise RabtaError(
            "wrong word length", key="ratios", value=length,
            expected=f"a multiple of {graph.size} from {least * graph.size} to {most}",
        )  # fmt: skip
    return graph.cut(columns - graph.systematic)
