"""The kernels of this package in NumPy: what they must equal, bit for bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.modem.dvb.fec.codes import LANES, Code, graph

Bits = NDArray[np.uint8]
I8 = NDArray[np.int64]
TOP = 8191


def checks(code: Code, bits: Bits) -> Bits:
    """Sums of the information bits that each parity check holds, by the standard's own rule.

    EN 302 307-1, clause 5.3.2.1: bit ``m`` of a group is added to accumulator ``(x + m q) mod (N - K)``.
    """
    count = code.bits - code.information
    sums = np.zeros(count, dtype=np.uint8)
    for g, row in enumerate(code.rows):
        for address in row:
            at = (address + np.arange(LANES) * code.step) % count
            sums[at] ^= bits[g * LANES : (g + 1) * LANES]
    return sums


def encode(code: Code, bits: Bits) -> Bits:
    """Codeword of one word of information bits."""
    return np.concatenate([bits, np.bitwise_xor.accumulate(checks(code, bits))])


def decode(code: Code, lanes: NDArray[np.int16], iterations: int, offset: int) -> tuple[I8, int]:
    """Layered offset min-sum of one word in the order of the graph's columns.

    Returns
    -------
    values : ndarray of int, shape (N,)
    used : int
        Iterations, or one more than allowed where no codeword was found.
    """
    it = graph(code.name)
    values = lanes.astype(np.int64).reshape(-1, LANES)
    messages = np.zeros((len(it.column), LANES), dtype=np.int64)
    z = np.arange(LANES)
    for turn in range(iterations):
        met = True
        for r in range(code.step):
            edges = slice(int(it.first[r]), int(it.first[r + 1]))
            columns = it.column[edges, None].astype(np.int64)
            at = (z + it.shift[edges, None]) % LANES
            known = np.ones(at.shape, dtype=bool)
            known[-1, 0] = r > 0
            met &= bool((np.where(known, values[columns, at] < 0, False).sum(axis=0) % 2 == 0).all())
            held = np.where(known, values[columns, at], TOP)
            messages[edges] += _row(held, messages[edges], offset, values, columns, at, known)
        if met and not _broken(code, values):
            return values.ravel(), turn + 1
    return values.ravel(), iterations + 1


def _row(
    held: I8, old: I8, offset: int, values: I8, columns: I8, at: I8, known: NDArray[np.bool_]
) -> I8:  # fmt: skip
    """Changes of a row's messages; the values take them too."""
    sums = held - old
    size = np.minimum(np.abs(sums), TOP)
    ranked = np.sort(np.concatenate([size, np.full((2, LANES), TOP)]), axis=0)[:2]
    least, second = np.maximum(ranked - offset, 0)
    smallest = np.where(size - offset <= least, second, least)
    odd = (sums < 0).sum(axis=0) % 2 == 1
    new = np.where(odd ^ (sums < 0), -smallest, smallest)
    change: I8 = np.where(known, new - old, 0)
    for e in range(len(change)):
        lanes = values[columns[e, 0]]
        lanes[at[e]] = np.clip(lanes[at[e]] + change[e], -TOP, TOP)
    return change


def _broken(code: Code, values: I8) -> bool:
    """Whether any parity check fails on the signs of the values."""
    bits = (values < 0).astype(np.uint8)
    columns = code.information // LANES
    parity = bits[columns:].T.ravel()
    wanted = np.bitwise_xor.accumulate(checks(code, bits[:columns].ravel()))
    return bool((parity != wanted).any())
