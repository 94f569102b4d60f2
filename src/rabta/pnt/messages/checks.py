"""Codes that guard messages: CRC-24Q, the BCH codes of BeiDou, the parity of GPS."""

from __future__ import annotations

from functools import cache

import numpy as np

from rabta.pnt.messages.fields import Bits, bits_of, number

CRC24Q = 0x1864CFB  # RTCM 10403.3 section 4.2; the same in GPS CNAV, Galileo and BeiDou B-CNAV


@cache
def crc24q_table() -> tuple[int, ...]:
    """Remainders of each byte value."""
    table = []
    for byte in range(256):
        value = byte << 16
        for _ in range(8):
            value <<= 1
            if value & 0x1000000:
                value ^= CRC24Q
        table.append(value)
    return tuple(table)


def crc24q(data: bytes) -> int:
    """CRC-24Q of whole bytes.

    Examples
    --------
    >>> hex(crc24q(b"123456789"))  # the check value of CRC-24/LTE-A's polynomial, start 0
    '0xcde703'
    """
    table, value = crc24q_table(), 0
    for byte in data:
        value = ((value << 8) & 0xFFFFFF) ^ table[(value >> 16) ^ byte]
    return value


def crc24q_bits(value: int, count: int) -> int:
    """CRC-24Q of a message of ``count`` bits: zeros put before it to whole bytes change nothing."""
    return crc24q(value.to_bytes((count + 7) // 8, "big"))


def with_crc(value: int, count: int) -> int:
    """Message of ``count`` bits whose last 24 are the CRC of the others."""
    head = value >> 24
    return (head << 24) | crc24q_bits(head, count - 24)


def crc_holds(value: int, count: int) -> bool:
    """Whether the last 24 bits are the CRC of the others."""
    return crc24q_bits(value >> 24, count - 24) == value & 0xFFFFFF


@cache
def _bch15_remainders() -> tuple[int, ...]:
    """Remainder of each 11-bit message by x^4 + x + 1 (BDS-SIS-ICD-B1I-3.0 section 5.1.3)."""
    return tuple(_remainder(word << 4) for word in range(2048))


def _remainder(word: int) -> int:
    for shift in range(10, -1, -1):
        if word >> (shift + 4) & 1:
            word ^= 0b10011 << shift
    return word


@cache
def _bch15_places() -> dict[int, int]:
    """Bit that one error has flipped, by the remainder of 15 bits."""
    return {_remainder(1 << place): 1 << place for place in range(15)}


def bch15(message: int) -> int:
    """BCH(15,11,1) word of 11 bits.

    Examples
    --------
    >>> format(bch15(1), "015b")  # the generator itself, x^4 + x + 1
    '000000000010011'
    """
    return (message << 4) | _bch15_remainders()[message]


def bch15_correct(word: int) -> tuple[int, bool]:
    """The nearest word of the code, and whether a bit was wrong."""
    remainder = _remainder(word)
    return (word, False) if not remainder else (word ^ _bch15_places()[remainder], True)


def _taps(message: int, size: int, length: int, taps: tuple[int, ...]) -> Bits:
    code = np.zeros(length, dtype=np.uint8)
    code[:size] = bits_of(message, size)
    for i in range(size, length):
        code[i] = code[[i - size + tap for tap in taps]].sum() & 1
    return code


@cache
def _book(size: int, length: int, taps: tuple[int, ...]) -> Bits:
    return np.array([_taps(message, size, length, taps) for message in range(1 << size)])


_BCH21 = (
    6,
    21,
    (0, 1, 2, 4),
)  # check polynomial x^6 + x^4 + x^2 + x + 1: BDS-SIS-ICD-B1C-1.0 section 6.2.2.1
_BCH51 = (8, 51, (0, 1, 2, 3, 4, 7))  # x^8 + x^7 + x^4 + x^3 + x^2 + x + 1


def bch21(prn: int) -> Bits:
    """BCH(21,6) word of a satellite's number: the first 21 symbols of a B-CNAV1 frame."""
    return np.asarray(_book(*_BCH21)[prn])


def bch51(count: int) -> Bits:
    """BCH(51,8) word of the count of 18 s within the hour: symbols 22 to 72 of a B-CNAV1 frame."""
    return np.asarray(_book(*_BCH51)[count])


def bch21_nearest(symbols: Bits) -> tuple[int, int]:
    """Satellite's number whose word is nearest to 21 symbols, and how many symbols differ."""
    return _nearest(_book(*_BCH21), symbols)


def bch51_nearest(symbols: Bits) -> tuple[int, int]:
    """Count of 18 s whose word is nearest to 51 symbols, and how many symbols differ."""
    return _nearest(_book(*_BCH51), symbols)


def _nearest(book: Bits, symbols: Bits) -> tuple[int, int]:
    wrong = np.count_nonzero(book != np.asarray(symbols, dtype=np.uint8), axis=1)
    best = int(wrong.argmin())
    return best, int(wrong[best])


# IS-GPS-200N table 20-XIV: data bits (1 to 24) in each parity bit, and which of D29, D30 of the last word.
_GPS_PARITY = (
    (29, (1, 2, 3, 5, 6, 10, 11, 12, 13, 14, 17, 18, 20, 23)),
    (30, (2, 3, 4, 6, 7, 11, 12, 13, 14, 15, 18, 19, 21, 24)),
    (29, (1, 3, 4, 5, 7, 8, 12, 13, 14, 15, 16, 19, 20, 22)),
    (30, (2, 4, 5, 6, 8, 9, 13, 14, 15, 16, 17, 20, 21, 23)),
    (30, (1, 3, 5, 6, 7, 9, 10, 14, 15, 16, 17, 18, 21, 22, 24)),
    (29, (3, 5, 6, 8, 9, 10, 11, 13, 15, 19, 22, 23, 24)),
)
_GPS_MASKS = tuple((last, sum(1 << (24 - bit) for bit in data)) for last, data in _GPS_PARITY)


def gps_word(data: int, last: int = 0) -> int:
    """30 bits as sent of 24 data bits, after a word whose last two bits were ``last``."""
    d29, d30 = last >> 1 & 1, last & 1
    parity = 0
    for which, mask in _GPS_MASKS:
        parity = parity << 1 | ((data & mask).bit_count() + (d29 if which == 29 else d30)) & 1
    return ((data ^ (0xFFFFFF if d30 else 0)) << 6) | parity


def gps_data(word: int, last: int = 0) -> int | None:
    """24 data bits of a word as sent; None where its parity fails."""
    data = word >> 6 ^ (0xFFFFFF if last & 1 else 0)
    return data if gps_word(data, last) == word else None


def bit_slice(bits: Bits, first: int, count: int) -> int:
    """Whole number of some bits."""
    return number(bits[first : first + count])
