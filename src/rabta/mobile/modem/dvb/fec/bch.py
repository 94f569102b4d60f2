"""The outer BCH codes: EN 302 307-1, clause 5.3.1, and 302 307-2 for medium frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem.dvb.fec import _kernels
from rabta.mobile.modem.dvb.fec.codes import Code

Bits = NDArray[np.uint8]
I8 = NDArray[np.int64]
U8 = NDArray[np.uint64]

PRIMITIVE = {16: 0x1002D, 15: 0x802D, 14: 0x402B}
"""g1(x) of tables 6a and 6b of part 1 and of medium frames of part 2, x^0 the lowest bit."""
_REGISTER = 192


@dataclass(frozen=True)
class Field:
    """Powers and logarithms of GF(2^m)."""

    exp: I8
    log: I8


@cache
def field(m: int) -> Field:
    """The field that the primitive polynomial of a frame size makes."""
    order = (1 << m) - 1
    exp, log = np.zeros(order, dtype=np.int64), np.zeros(order + 1, dtype=np.int64)
    value = 1
    for i in range(order):
        exp[i], log[value] = value, i
        value <<= 1
        if value >> m:
            value ^= PRIMITIVE[m]
    return Field(exp, log)


@cache
def minimal(m: int, power: int) -> int:
    """Minimal polynomial of a power of the primitive element, x^0 the lowest bit.

    Examples
    --------
    >>> bin(minimal(16, 1)), bin(minimal(14, 3))
    ('0b10000000000101101', '0b100100101000001')
    """
    it, order = field(m), (1 << m) - 1
    roots = {power * (1 << i) % order for i in range(m)}
    made = [1]  # coefficients in the field, x^0 first
    for root in sorted(roots):
        scaled = [int(it.exp[(it.log[c] + root) % order]) if c else 0 for c in made]
        made = [a ^ b for a, b in zip([*scaled, 0], [0, *made], strict=True)]
    return sum(c << i for i, c in enumerate(made))


@cache
def generator(m: int, corrects: int) -> int:
    """Generator polynomial: the product of the minimal polynomials of the odd powers."""
    made = 1
    for i in range(corrects):
        factor, product = minimal(m, 2 * i + 1), 0
        for bit in range(factor.bit_length()):
            if factor >> bit & 1:
                product ^= made << bit
        made = product
    return made


@cache
def _table(m: int, corrects: int) -> U8:
    """What each byte that leaves the register leaves behind, shape (256, 3), the generator at the top."""
    degree = m * corrects
    tail = (generator(m, corrects) ^ (1 << degree)) << (_REGISTER - degree)
    mask = (1 << _REGISTER) - 1
    table = np.zeros((256, 3), dtype=np.uint64)
    for byte in range(256):
        state = byte << (_REGISTER - 8)
        for _ in range(8):
            state = ((state << 1) & mask) ^ (tail if state >> (_REGISTER - 1) else 0)
        table[byte] = [state >> 128, state >> 64 & (2**64 - 1), state & (2**64 - 1)]
    return table


def _remainders(code: Code, bits: Bits) -> Bits:
    """Parity bits of words, shape (word, m t)."""
    filled = np.concatenate([np.zeros((len(bits), -bits.shape[1] % 8), np.uint8), bits], axis=1)
    made = np.zeros((len(bits), 3), dtype=np.uint64)
    _kernels.divide(np.packbits(filled, axis=1), _table(code.field, code.corrects), made)
    parity: Bits = np.unpackbits(made.astype(">u8").view(np.uint8).reshape(len(bits), -1), axis=1)
    return parity[:, : code.field * code.corrects]


def _words(bits: ArrayLike, wanted: int) -> Bits:
    """Words of the length that is wanted."""
    words = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    if words.shape[1] != wanted:
        raise RabtaError("wrong length of words", key="bits", value=words.shape[1], expected=str(wanted))
    return words


def encode(code: Code, bits: ArrayLike) -> Bits:
    """Words of K bits and their parity bits.

    Returns
    -------
    ndarray of uint8, shape (word, N of BCH)
    """
    words = _words(bits, code.payload)
    return np.concatenate([words, _remainders(code, words)], axis=1)


def syndromes(code: Code, remainder: Bits) -> I8:
    """Values of a remainder at the powers 1 to 2t of the primitive element."""
    it, order = field(code.field), (1 << code.field) - 1
    powers = len(remainder) - 1 - np.flatnonzero(remainder)
    wanted = np.arange(1, 2 * code.corrects + 1)
    found: I8 = np.bitwise_xor.reduce(it.exp[wanted[:, None] * powers % order], axis=1)
    return found


def decode(code: Code, bits: ArrayLike) -> tuple[Bits, I8]:
    """Correct words of the BCH code.

    Returns
    -------
    bits : ndarray of uint8, shape (word, K)
    corrected : ndarray of int, shape (word,)
        Bits that were wrong, parity among them; -1 where there are more than the code corrects.
    """
    words = _words(bits, code.information).copy()
    differ = _remainders(code, words[:, : code.payload]) ^ words[:, code.payload :]
    corrected = np.zeros(len(words), dtype=np.int64)
    it, found = field(code.field), np.zeros(code.corrects, dtype=np.int64)
    for i in np.flatnonzero(differ.any(axis=1)):
        count = _kernels.locate(syndromes(code, differ[i]), it.exp, it.log, code.information, found)
        corrected[i] = count
        words[i, code.information - 1 - found[: max(count, 0)]] ^= 1
    return words[:, : code.payload], corrected
