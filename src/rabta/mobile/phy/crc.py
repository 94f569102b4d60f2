"""Cyclic redundancy checks of NR: 3GPP TS 38.212, clause 5.1."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest

Bits = NDArray[np.uint8]

POLYNOMIALS = {
    "CRC24A": (24, 0x864CFB),
    "CRC24B": (24, 0x800063),
    "CRC24C": (24, 0xB2B117),
    "CRC16": (16, 0x1021),
    "CRC11": (11, 0x621),
    "CRC6": (6, 0x21),
}
"""Length, and the generator without its first term: TS 38.212, clause 5.1."""


def length(name: str) -> int:
    """Bits of a check; an unknown one is refused with the nearest name."""
    if name not in POLYNOMIALS:
        raise RabtaError("no such CRC", key="crc", value=name, expected=nearest(name, POLYNOMIALS))
    return POLYNOMIALS[name][0]


@cache
def _rows(name: str, count: int) -> Bits:
    """Remainder of each bit position, the last first: the check is linear, so a word's is their sum."""
    size, generator = POLYNOMIALS[name]
    out = np.empty((count, size), dtype=np.uint8)
    value = generator  # of x^size, the place of the last bit
    top, mask = 1 << (size - 1), (1 << size) - 1
    for row in range(count):
        out[row] = [(value >> (size - 1 - i)) & 1 for i in range(size)]
        value = ((value << 1) & mask) ^ (generator if value & top else 0)
    return out


@cache
def _packed(name: str, count: int) -> NDArray[np.uint32]:
    """Remainder of each bit position as a number, the first position first."""
    size, _ = POLYNOMIALS[name]
    weights = 1 << np.arange(size - 1, -1, -1)
    return np.asarray(_rows(name, count)[::-1].astype(np.int64) @ weights, dtype=np.uint32)


def check_bits(words: ArrayLike, name: str) -> Bits:
    """Parity bits of words, shape (..., bits) to (..., length of the check).

    Examples
    --------
    >>> check_bits([1, 0, 0, 0], "CRC6").tolist()
    [1, 0, 1, 1, 1, 1]
    """
    bits = np.asarray(words, dtype=np.uint8)
    size, count = length(name), bits.shape[-1]
    sums = np.bitwise_xor.reduce(bits * _packed(name, count), axis=-1, initial=0)
    return np.asarray((sums[..., None] >> np.arange(size - 1, -1, -1)) & 1, dtype=np.uint8)


def attach(words: ArrayLike, name: str) -> Bits:
    """Words with their check behind them."""
    bits = np.asarray(words, dtype=np.uint8)
    return np.concatenate([bits, check_bits(bits, name)], axis=-1)


def holds(words: ArrayLike, name: str) -> NDArray[np.bool_]:
    """Whether the check at the end of each word is right."""
    bits = np.asarray(words, dtype=np.uint8)
    size = length(name)
    return np.asarray((check_bits(bits[..., :-size], name) == bits[..., -size:]).all(axis=-1))
