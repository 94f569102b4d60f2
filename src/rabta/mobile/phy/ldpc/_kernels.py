"""Compiled encoder and decoder of lifted LDPC codes; `reference` holds the same in NumPy.

All indices are unsigned: the compiler then knows that none wraps around, and turns the loops over the
lifting size into vector instructions. Sixteen-bit integers are twice as fast as single precision.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
I16 = NDArray[np.int16]

UINT, INT = np.uint64, np.int16
TOP = INT(16383)  # no sum of a value and a message leaves sixteen bits
FAR = INT(32000)


@kernel("void(uint32[::1], uint32[::1], uint32[::1], uint64, uint64, uint64, uint8[::1])")
def _fill_row(
    first: U32, column: U32, shift: U32, size: np.uint64, systematic: np.uint64, r: np.uint64, word: U8
) -> None:
    """Parity column that row ``r`` is the first to hold: the sum of the row's other columns."""
    core = UINT(4)
    if r == UINT(3):
        return  # its parity columns are all known by then
    new = systematic + r + UINT(1) if r < core else systematic + r
    for z in range(size):
        word[new * size + z] = 0
    for e in range(UINT(first[r]), UINT(first[r + UINT(1)])):
        c, s = UINT(column[e]), UINT(shift[e])
        if c != new:
            for z in range(size):
                at = z + s
                at = at - size if at >= size else at
                word[new * size + z] ^= word[c * size + at]


@kernel("void(uint32[::1], uint32[::1], uint32[::1], uint64, uint64, uint8[:,::1])")
def encode(  # noqa: C901, PLR0912
    first: U32, column: U32, shift: U32, size: np.uint64, systematic: np.uint64, words: U8
) -> None:
    """Fill the parity bits of words whose systematic bits are set; `reference.encode`.

    The first four rows tie four parity columns together; their sum leaves the first of them alone, turned
    by the one of its three shifts that is unlike the others. Every later row has a parity column of its own.
    """
    total = np.empty(size, np.uint8)
    row_sum = np.empty((UINT(4), size), np.uint8)
    core = UINT(4)
    for w in range(UINT(words.shape[0])):
        for z in range(size):
            total[z] = 0
        turn, seen_a, seen_b, count = UINT(0), UINT(0), UINT(0), 0
        for r in range(core):
            for z in range(size):
                row_sum[r, z] = 0
            for e in range(UINT(first[r]), UINT(first[r + UINT(1)])):
                c, s = UINT(column[e]), UINT(shift[e])
                if c < systematic:
                    for z in range(size):
                        at = z + s
                        at = at - size if at >= size else at
                        row_sum[r, z] ^= words[w, c * size + at]
                elif c == systematic:
                    if count == 0:
                        seen_a = s
                    elif count == 1:
                        seen_b = s
                    else:
                        turn = s if seen_a == seen_b else (seen_b if s == seen_a else seen_a)
                    count += 1
            for z in range(size):
                total[z] ^= row_sum[r, z]
        for z in range(size):
            at = z + turn
            at = at - size if at >= size else at
            words[w, systematic * size + at] = total[z]
        for r in range(UINT(first.shape[0] - 1)):
            _fill_row(first, column, shift, size, systematic, UINT(r), words[w])


@kernel("boolean(uint32[::1], uint32[::1], uint32[::1], uint64, uint64, int16[:,::1], int16[::1])")
def broken(
    first: U32, column: U32, rest: U32, size: np.uint64, lanes: np.uint64, values: I16, sign: I16
) -> bool:
    """Whether any parity check fails on the signs of the values."""
    for r in range(UINT(first.shape[0] - 1)):
        for z in range(lanes):
            sign[z] = INT(0)
        for e in range(UINT(first[r]), UINT(first[r + UINT(1)])):
            c, s = UINT(column[e]), UINT(rest[e])
            for z in range(lanes):
                sign[z] = INT(sign[z] ^ values[c, s + z])
        worst = INT(0)
        for z in range(size):
            worst = INT(worst | sign[z])
        if worst < 0:
            return True
    return False


@kernel(
    "int64(uint32[::1], uint32[::1], uint32[::1], uint32[::1], uint64, int64, int16[:,::1], int16[:,::1], "
    "int16[:,::1], int16[:,::1])"
)
def _word(  # noqa: C901, PLR0912
    first: U32,
    column: U32,
    step: U32,
    rest: U32,
    size: np.uint64,
    iterations: int,
    values: I16,
    messages: I16,
    sums: I16,
    scratch: I16,
) -> int:
    """Layered scaled min-sum of one word, in place; iterations needed."""
    lanes = UINT(scratch.shape[1])
    m1, m2, sign = scratch[0], scratch[1], scratch[2]
    for e in range(UINT(messages.shape[0])):
        for z in range(lanes):
            messages[e, z] = INT(0)
    for turn in range(iterations):
        for r in range(UINT(first.shape[0] - 1)):
            a, b = UINT(first[r]), UINT(first[r + UINT(1)])
            for z in range(lanes):
                m1[z] = FAR
                m2[z] = FAR
                sign[z] = INT(0)
            for e in range(a, b):
                c, s, k = UINT(column[e]), UINT(step[e]), e - a
                for z in range(lanes):
                    sums[k, z] = INT(values[c, s + z] - messages[e, z])
                for z in range(lanes):
                    v = sums[k, z]
                    w = INT(abs(v))
                    x, y = m1[z], m2[z]
                    m1[z] = min(w, x)
                    m2[z] = min(max(w, x), y)
                    sign[z] = INT(sign[z] ^ v)
            for e in range(a, b):
                c, k = UINT(column[e]), e - a
                for z in range(lanes):
                    v = sums[k, z]
                    t = m2[z] if INT(abs(v)) <= m1[z] else m1[z]
                    t = INT((t >> INT(1)) + (t >> INT(2)))
                    m = INT((sign[z] ^ v) >> INT(15))
                    messages[e, z] = INT((t ^ m) - m)
                for z in range(lanes):
                    values[c, z] = max(min(INT(sums[k, z] + messages[e, z]), TOP), INT(-TOP))
                for z in range(lanes):
                    values[c, size + z] = max(min(INT(sums[k, z] + messages[e, z]), TOP), INT(-TOP))
        if not broken(first, column, rest, size, lanes, values, sign):
            return turn + 1
    return iterations + 1


@kernel(
    "void(uint32[::1], uint32[::1], uint32[::1], uint32[::1], uint32[::1], uint64, int64, int16[:,::1], "
    "int16[:,::1], int16[:,::1], int16[:,::1], int16[:,::1], uint8[:,::1], int64[::1])"
)
def decode(
    first: U32,
    column: U32,
    step: U32,
    rest: U32,
    last: U32,
    size: np.uint64,
    iterations: int,
    words: I16,
    values: I16,
    messages: I16,
    sums: I16,
    scratch: I16,
    bits: U8,
    used: NDArray[np.int64],
) -> None:
    """Layered scaled min-sum of words; `reference.decode`.

    ``used`` gets the iterations that were needed, or one more than allowed where no codeword was found. A
    value below zero is a one. Each column of the graph lies in ``values`` twice, one behind the other, turned
    as the row that wrote it last had it: so a row reads and writes straight runs of ``lanes``, whatever its
    shifts. ``step`` turns a column from that row to the next that has it, ``rest`` from the last row of all,
    and ``last`` is how that one leaves it. ``messages`` has a row an edge, ``sums`` one for each edge of the
    largest row, ``scratch`` three. Magnitudes are scaled by three quarters, rounded down: the best of the
    scales tried.
    """
    columns = UINT(values.shape[0])
    for w in range(UINT(words.shape[0])):
        for c in range(columns):
            n = size - UINT(last[c])
            for z in range(size):
                values[c, z] = words[w, c * size + (z + UINT(last[c]) if z < n else z - n)]
            for z in range(size):
                values[c, size + z] = values[c, z]
        used[w] = _word(first, column, step, rest, size, iterations, values, messages, sums, scratch)
        for c in range(columns):
            n = size - UINT(last[c])
            for z in range(size):
                bits[w, c * size + (z + UINT(last[c]) if z < n else z - n)] = values[c, z] < INT(0)


@kernel("void(float32[:,::1], float32, int16[:,::1])")
def steps(ratios: NDArray[np.float32], scale: np.float32, words: I16) -> None:
    """Ratios as whole steps, rounded and limited; zero where there is no number."""
    top = np.float32(TOP)
    for w in range(UINT(ratios.shape[0])):
        for z in range(UINT(ratios.shape[1])):
            v = np.rint(ratios[w, z] * scale)
            v = v if v < top else top
            v = v if v > -top else -top
            words[w, z] = INT(v) if ratios[w, z] == ratios[w, z] else INT(0)
