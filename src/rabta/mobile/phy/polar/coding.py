"""Encode and decode blocks of polar codes, rate matching included."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.polar import _kernels
from rabta.mobile.phy.polar.codes import Code
from rabta.mobile.phy.polar.reference import placed

Bits = NDArray[np.uint8]
Values = NDArray[np.float32]

LIST = 8
LONGEST_LIST = 32
LARGEST_RATIO = 1e3
KNOWN_RATIO = 1e5  # of bits that are zero and not sent


def encode(code: Code, words: ArrayLike) -> Bits:
    """Sent bits of words, shape (word, bits) to (word, sent)."""
    rows = np.atleast_2d(np.asarray(words, dtype=np.uint8))
    if rows.shape[1] != code.bits:
        raise RabtaError("wrong word length", key="words", value=rows.shape[1], expected=str(code.bits))
    out = placed(code, rows)
    _kernels.transform(out)
    return out[:, code.positions]


def gather(code: Code, ratios: ArrayLike) -> Values:
    """Ratios of the codeword from those of the sent bits: repeats added up, what was not sent filled in."""
    rows = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    if rows.shape[1] != code.sent:
        raise RabtaError("wrong number of ratios", key="ratios", value=rows.shape[1], expected=str(code.sent))
    rows = np.clip(rows, -LARGEST_RATIO, LARGEST_RATIO)
    out = np.zeros((len(rows), code.length), dtype=np.float32)
    if code.mode == "repeat":
        np.add.at(out.T, code.positions, rows.T)
    else:
        out[:, code.positions] = rows
    out[:, code.known] = KNOWN_RATIO
    return out


@cache
def schedule(code_length: int, information: tuple[int, ...], parity: tuple[int, ...]) -> NDArray[np.uint32]:
    """Parts of a code that are decided at once, shape (part, 3): first position, stage, kind.

    A part without information is zero, and one with information at its last position alone repeats one bit:
    both are decided as bit by bit.
    """
    carries = np.zeros(code_length, dtype=bool)
    carries[list(information)] = True
    checks, out = set(parity), []

    def split(first: int, stage: int) -> None:
        size = 1 << stage
        held = carries[first : first + size]
        last = first + size - 1
        if stage < code_length.bit_length() - 1 and not held.any():
            out.append((first, stage, _kernels.ZEROS))
        elif stage < code_length.bit_length() - 1 and held.sum() == 1 and held[-1] and last not in checks:
            out.append((first, stage, _kernels.REPEATED))
        elif stage == 0:
            out.append((first, stage, _kernels.CHECK))
        else:
            split(first, stage - 1)
            split(first + size // 2, stage - 1)

    split(0, code_length.bit_length() - 1)
    return np.array(out, dtype=np.uint32)


def decode(code: Code, ratios: ArrayLike, most: int = LIST) -> tuple[Bits, Values]:
    """Most likely words from ratios of the sent bits, by a list decoder.

    Parameters
    ----------
    ratios : array_like, shape (word, sent)
        Log-likelihood ratios, positive for a zero.
    most : int
        Length of the list, 1 to 32; 1 is successive cancellation.

    Returns
    -------
    words : ndarray of uint8, shape (word, list, bits)
        The best first.
    metrics : ndarray, shape (word, list)
        What speaks against each; infinite where there are fewer.
    """
    if not 1 <= most <= LONGEST_LIST:
        raise RabtaError("no such list", key="most", value=most, expected=f"1 to {LONGEST_LIST}")
    values = gather(code, ratios)
    nodes = schedule(code.length, tuple(code.information.tolist()), tuple(code.parity.tolist()))
    found = np.zeros((len(values), most, code.bits), dtype=np.uint8)
    metrics = np.empty((len(values), most), dtype=np.float32)
    alpha = np.empty((most, 2 * code.length), dtype=np.float32)
    beta = np.empty((most, 2 * code.length), dtype=np.uint8)
    word = np.empty((most, code.length), dtype=np.uint8)
    stages = code.length.bit_length() - 1
    _kernels.decode(values, nodes, stages, most, alpha, beta, word, found, metrics)
    return found, metrics
