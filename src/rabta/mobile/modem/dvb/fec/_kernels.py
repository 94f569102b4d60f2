"""Compiled encoder and decoder of the LDPC codes, and the division and search of BCH; see `reference`.

All loops run over the 360 lanes of a column, a constant that the compiler knows. Indices are unsigned: it
then knows that none wraps around.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I16 = NDArray[np.int16]
I64 = NDArray[np.int64]

UINT, INT, WIDE = np.uint64, np.int16, np.int32
LANES = np.uint64(360)
TOP = INT(8191)  # no sum of a value and two messages leaves sixteen bits


@kernel("void(int16[::1], uint64, uint64, int16[::1])")
def _read(values: I16, base: np.uint64, s: np.uint64, lanes: I16) -> None:
    """Column from ``base``, turned by ``s``, into the lanes."""
    n = LANES - s
    for z in range(n):
        lanes[z] = values[base + s + z]
    for z in range(s):
        lanes[n + z] = values[base + z]


@kernel("void(int16[::1], uint64, uint64, int16[::1])")
def _add(values: I16, base: np.uint64, s: np.uint64, change: I16) -> None:
    """Add lanes to the column that they were read from."""
    n = LANES - s
    for z in range(n):
        values[base + s + z] = max(min(INT(values[base + s + z] + change[z]), TOP), INT(-TOP))
    for z in range(s):
        values[base + z] = max(min(INT(values[base + z] + change[n + z]), TOP), INT(-TOP))


@kernel("boolean(uint32[::1], uint32[::1], uint32[::1], uint32[::1], int16[::1], int16[:,::1])")
def _broken(first: U32, column: U32, shift: U32, turned: U32, values: I16, scratch: I16) -> bool:
    """Whether any parity check fails on the signs of the values."""
    sign, lanes = scratch[0], scratch[1]
    for r in range(UINT(first.shape[0] - 1)):
        for z in range(LANES):
            sign[z] = INT(0)
        b = UINT(first[r + UINT(1)])
        for e in range(UINT(first[r]), b):
            c, s = UINT(column[e]), UINT(shift[e])
            o = UINT(turned[c])
            _read(values, c * LANES, s - o if s >= o else s + LANES - o, lanes)
            if r == UINT(0) and e == b - UINT(1):
                lanes[0] = INT(0)
            for z in range(LANES):
                sign[z] = INT(sign[z] ^ lanes[z])
        worst = INT(0)
        for z in range(LANES):
            worst = INT(worst | sign[z])
        if worst < 0:
            return True
    return False


@kernel("void(uint32[::1], int16[::1], int16[:,::1])")
def _straighten(turned: U32, values: I16, scratch: I16) -> None:
    """Turn every column back to its first bit."""
    lanes = scratch[0]
    for c in range(UINT(turned.shape[0])):
        o = UINT(turned[c])
        if o > UINT(0):
            _read(values, c * LANES, LANES - o, lanes)
            for z in range(LANES):
                values[c * LANES + z] = lanes[z]
            turned[c] = np.uint32(0)


@kernel(
    "int64(uint32[::1], uint32[::1], uint32[::1], int64, int16, int16[::1], int16[:,::1], int16[:,::1], "
    "int16[:,::1], uint32[::1])"
)
def decode(  # noqa: C901, PLR0912
    first: U32,
    column: U32,
    shift: U32,
    iterations: int,
    offset: np.int16,
    values: I16,
    messages: I16,
    sums: I16,
    scratch: I16,
    turned: U32,
) -> int:
    """Layered offset min-sum of one word, in place; `reference.decode`.

    Returns the iterations that were needed, or one more than allowed where no codeword was found. A value
    below zero is a one. ``messages`` has a row an edge, ``sums`` one for each edge of the largest row,
    ``scratch`` five; ``offset`` is taken off magnitudes. A column stays turned as the row that used it last
    left it (``turned``), which saves half of the turning. All checks are tested only after an iteration that
    found none broken on its way.
    """
    m1, m2, sign, seen, change = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    rows, start = UINT(first.shape[0] - 1), INT(0)
    for k in range(UINT(messages.shape[0])):
        for z in range(LANES):
            messages[k, z] = INT(0)
    for k in range(UINT(turned.shape[0])):
        turned[k] = np.uint32(0)
    for turn in range(iterations):
        bad = INT(0)
        for r in range(rows):
            a, b = UINT(first[r]), UINT(first[r + UINT(1)])
            for z in range(LANES):
                m1[z] = TOP
                m2[z] = TOP
                sign[z] = INT(0)
                seen[z] = INT(0)
            for e in range(a, b):
                c, s, row, message = UINT(column[e]), UINT(shift[e]), sums[e - a], messages[e]
                o = UINT(turned[c])
                _read(values, c * LANES, s - o if s >= o else s + LANES - o, row)
                if r == UINT(0) and e == b - UINT(1):
                    start = row[0]  # the last parity bit, which the first check does not hold
                    row[0] = TOP
                for z in range(LANES):
                    seen[z] = INT(seen[z] ^ row[z])
                for z in range(LANES):
                    row[z] = INT(row[z] - message[z])
                for z in range(LANES):
                    w = INT(abs(row[z]))
                    x, y = m1[z], m2[z]
                    m1[z] = min(w, x)
                    m2[z] = min(max(w, x), y)
                for z in range(LANES):
                    sign[z] = INT(sign[z] ^ row[z])
            for z in range(LANES):
                bad = INT(bad | seen[z])
                m1[z] = max(INT(m1[z] - offset), INT(0))
                m2[z] = max(INT(m2[z] - offset), INT(0))
            for e in range(a, b):
                c, s, row, message = UINT(column[e]), UINT(shift[e]), sums[e - a], messages[e]
                base = c * LANES
                for z in range(LANES):
                    change[z] = INT(-message[z])
                for z in range(LANES):
                    v = row[z]
                    w = max(INT(min(INT(abs(v)), TOP) - offset), INT(0))
                    t = m2[z] if w <= m1[z] else m1[z]
                    m = INT((sign[z] ^ v) >> INT(15))
                    message[z] = INT((t ^ m) - m)
                if e > a and UINT(column[e - UINT(1)]) == c:  # the row holds this column once more
                    o = UINT(turned[c])
                    for z in range(LANES):
                        change[z] = INT(change[z] + message[z])
                    _add(values, base, s - o if s >= o else s + LANES - o, change)
                else:
                    for z in range(LANES):
                        values[base + z] = max(min(INT(row[z] + message[z]), TOP), INT(-TOP))
                    turned[c] = shift[e]
                if r == UINT(0) and e == b - UINT(1):
                    values[base] = start
                    message[0] = INT(0)
        if bad >= 0 and not _broken(first, column, shift, turned, values, scratch):
            _straighten(turned, values, scratch)
            return turn + 1
    _straighten(turned, values, scratch)
    return iterations + 1


@kernel("void(int64[::1], int64[::1], int64[::1], int64, uint8[:,::1])")
def encode(first: I64, row: I64, turn: I64, information: int, words: U8) -> None:
    """Fill the parity bits of words whose information bits are set; `reference.encode`.

    An address of a group adds lane ``z`` of it to check ``row + q (z + turn)``; the checks are then summed.
    """
    lanes = 360
    q = (words.shape[1] - information) // lanes
    sums = np.empty((q, lanes), np.uint8)
    for w in range(words.shape[0]):
        sums[:] = 0
        for g in range(first.shape[0] - 1):
            bits = words[w, g * lanes : (g + 1) * lanes]
            for e in range(first[g], first[g + 1]):
                line, n = sums[row[e]], lanes - turn[e]
                for z in range(n):
                    line[turn[e] + z] ^= bits[z]
                for z in range(turn[e]):
                    line[z] ^= bits[n + z]
        last = np.uint8(0)
        for z in range(lanes):
            for b in range(q):
                last ^= sums[b, z]
                words[w, information + z * q + b] = last


@kernel("void(uint8[:,::1], uint64[:,::1], uint64[:,::1])")
def divide(words: U8, table: U64, remainders: U64) -> None:
    """Remainders of words of bytes, times x to the generator's degree; `reference.divide`.

    The generator's bits stand at the top of three 64-bit numbers; ``table`` has what a byte that leaves at
    the top leaves behind.
    """
    eight, rest, top = UINT(8), UINT(56), UINT(255)
    for w in range(words.shape[0]):
        a, b, c = UINT(0), UINT(0), UINT(0)
        for i in range(words.shape[1]):
            t = ((a >> rest) ^ UINT(words[w, i])) & top
            a = ((a << eight) | (b >> rest)) ^ table[t, 0]
            b = ((b << eight) | (c >> rest)) ^ table[t, 1]
            c = (c << eight) ^ table[t, 2]
        remainders[w, 0], remainders[w, 1], remainders[w, 2] = a, b, c


@kernel("int64(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])")
def _locator(syndromes: I64, exp: I64, log: I64, locator: I64, spare: I64) -> int:
    """Berlekamp and Massey: fills the error locator's coefficients and returns its degree."""
    order, size = exp.shape[0], syndromes.shape[0]
    old = np.zeros(size + 1, np.int64)
    locator[:] = 0
    locator[0], old[0] = 1, 1
    length, gap, last = 0, 1, 1
    for i in range(size):
        d = syndromes[i]
        for j in range(1, length + 1):
            if locator[j] and syndromes[i - j]:
                d ^= exp[(log[locator[j]] + log[syndromes[i - j]]) % order]
        if d == 0:
            gap += 1
            continue
        factor = log[d] - log[last] + order
        spare[:] = locator
        for j in range(size + 1 - gap):
            if old[j]:
                locator[j + gap] ^= exp[(log[old[j]] + factor) % order]
        if 2 * length <= i:
            length, last, gap = i + 1 - length, d, 1
            old[:] = spare
        else:
            gap += 1
    return length


@kernel("int64(int64[::1], int64[::1], int64[::1], int64, int64[::1])")
def locate(syndromes: I64, exp: I64, log: I64, bits: int, found: I64) -> int:
    """Powers of x that are in error, from the syndromes 1 to 2t; how many, or -1 where too many.

    `reference.locate` searches the same by trying all powers in NumPy.
    """
    order, size = exp.shape[0], syndromes.shape[0]
    locator, spare = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    degree = _locator(syndromes, exp, log, locator, spare)
    if degree > size // 2:
        return -1
    terms = np.full(degree + 1, -1, np.int64)
    for j in range(degree + 1):
        if locator[j]:
            terms[j] = log[locator[j]]
    count = 0
    for power in range(bits):
        value = 0
        for j in range(degree + 1):
            if terms[j] >= 0:
                value ^= exp[terms[j]]
                terms[j] -= j
                if terms[j] < 0:
                    terms[j] += order
        if value == 0:
            found[count] = power
            count += 1
            if count == degree:
                return count
    return -1
