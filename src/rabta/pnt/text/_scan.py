"""Numbers in fixed columns of text, to be compiled into the kernels that read files."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

# ruff: noqa: C901, PLR0911, PLR0912 (kernels: one compiled function reads a number)
from rabta.jit import inline

U1 = NDArray[np.uint8]
BLANK, GOOD, BAD = 0, 1, 2

_REACH = 120  # powers of ten that are at hand; larger ones are not physical numbers
_EXACT = [Fraction(10) ** e for e in range(-_REACH, _REACH + 1)]
HIGH = np.array([float(p) for p in _EXACT])
LOW = np.array([float(p - Fraction(float(p))) for p in _EXACT])
DIGITS = 18  # a mantissa of more digits could overflow 64 bits; further digits only move the exponent
SPLIT = 134_217_729.0  # 2^27 + 1: Dekker's splitting of a double into halves


@inline
def scaled(mantissa: np.int64, exponent: int) -> float:
    """``mantissa * 10**exponent`` rounded once: a product of double-doubles (Dekker 1971)."""
    if mantissa == 0:
        return 0.0
    a = float(mantissa)
    if mantissa < 9007199254740992 and -23 < exponent < 23:
        return float(a / HIGH[_REACH - exponent] if exponent < 0 else a * HIGH[_REACH + exponent])
    rest = float(mantissa - np.int64(a))
    b, c = HIGH[_REACH + exponent], LOW[_REACH + exponent]
    t = SPLIT * a
    ah = t - (t - a)
    al = a - ah
    t = SPLIT * b
    bh = t - (t - b)
    bl = b - bh
    p = a * b
    error = ((ah * bh - p) + ah * bl + al * bh) + al * bl
    return float(p + (error + (a * c + rest * b)))


@inline
def decimal(data: U1, first: int, last: int) -> tuple[float, int]:
    """Number in the bytes ``first`` to ``last``, exponents with E or D, and BLANK, GOOD or BAD.

    Only one number with blanks around it is good: Fortran's other freedoms are errors of a file.
    """
    while first < last and data[first] == 32:
        first += 1
    while last > first and data[last - 1] == 32:
        last -= 1
    if first == last:
        return 0.0, BLANK
    negative = data[first] == 45
    if negative or data[first] == 43:
        first += 1
    mantissa, digits, exponent, seen, point = np.int64(0), 0, 0, 0, False
    i = first
    while i < last:
        c = data[i]
        if 48 <= c <= 57:
            seen += 1
            if digits < DIGITS:
                mantissa = mantissa * 10 + (c - 48)
                digits += 1 if mantissa > 0 else 0
                exponent -= 1 if point else 0
            elif not point:
                exponent += 1
        elif c == 46 and not point:
            point = True
        else:
            break
        i += 1
    if seen == 0:
        return 0.0, BAD
    if i < last:
        if data[i] not in (68, 69, 100, 101):
            return 0.0, BAD
        i += 1
        down = i < last and data[i] == 45
        if i < last and (data[i] == 45 or data[i] == 43):
            i += 1
        if i == last or last - i > 3:
            return 0.0, BAD
        power = 0
        while i < last:
            if not 48 <= data[i] <= 57:
                return 0.0, BAD
            power = power * 10 + (data[i] - 48)
            i += 1
        exponent += -power if down else power
    if mantissa != 0 and not -_REACH <= exponent <= 99:
        return 0.0, BAD
    value = scaled(mantissa, exponent)
    return (-value if negative else value), GOOD


@inline
def whole(data: U1, first: int, last: int) -> tuple[int, int]:
    """Whole number in the bytes ``first`` to ``last``, and BLANK, GOOD or BAD."""
    while first < last and data[first] == 32:
        first += 1
    while last > first and data[last - 1] == 32:
        last -= 1
    if first == last:
        return 0, BLANK
    negative = data[first] == 45
    if negative or data[first] == 43:
        first += 1
    if first == last or last - first > DIGITS:
        return 0, BAD
    value = 0
    for i in range(first, last):
        if not 48 <= data[i] <= 57:
            return 0, BAD
        value = value * 10 + (data[i] - 48)
    return (-value if negative else value), GOOD
