"""Control information of NR in polar codes, up (UCI), down (DCI) and broadcast: TS 38.212, 6.3 and 7."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy import crc
from rabta.mobile.phy.polar import coding
from rabta.mobile.phy.polar.codes import Code, code

Bits = NDArray[np.uint8]
Good = NDArray[np.bool_]

LEAST_UP, MOST_UP = 12, 1706
LEAST_DOWN, MOST_DOWN = 12, 140
SHORT_UP = 19  # longest with parity check bits
DOWN_LOG = 9
HEAVY = 192  # sent bits less bits in, from which one parity bit goes to a row of the least weight
RNTI_BITS = 16
INTERLEAVER = np.fromstring(
    "0 2 4 7 9 14 19 20 24 25 26 28 31 34 42 45 49 50 51 53 54 56 58 59 61 62 65 66 67 69 70 71 72"
    " 76 77 81 82 83 87 88 89 91 93 95 98 101 104 106 108 110 111 113 115 118 119 120 122 123 126"
    " 127 129 132 134 138 139 140 1 3 5 8 10 15 21 27 29 32 35 43 46 52 55 57 60 63 68 73 78 84 90"
    " 92 94 96 99 102 105 107 109 112 114 116 121 124 128 130 133 135 141 6 11 16 22 30 33 36 44 47"
    " 64 74 79 85 97 100 103 117 125 131 136 142 12 17 23 37 48 75 80 86 137 143 13 18 38 144 39 145"
    " 40 146 41 147 148 149 150 151 152 153 154 155 156 157 158 159 160 161 162 163",
    dtype=np.int64, sep=" ",
)  # fmt: skip
"""Order of bits that enter the code down: TS 38.212, table 5.3.1.1-1."""


@cache
def input_order(count: int) -> NDArray[np.int64]:
    """Order in which ``count`` bits, checks counted, enter the code: TS 38.212, clause 5.3.1.1.

    Examples
    --------
    >>> input_order(8).tolist()
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    skipped = len(INTERLEAVER) - count
    return INTERLEAVER[skipped <= INTERLEAVER] - skipped


def _refuse(problem: str, bits: int, least: int, most: int) -> None:
    if not least <= bits <= most:
        raise RabtaError(problem, key="bits", value=bits, expected=f"{least} to {most}")


def up_code(bits: int, sent: int) -> tuple[Code, str, int]:
    """Code of each segment, its check, and the number of segments, of control information up.

    TS 38.212, clauses 5.2.1 and 6.3.1.2 to 6.3.1.4. Fewer than 12 bits go in block codes, which are not here.
    """
    _refuse("control information up in polar codes has 12 to 1706 bits", bits, LEAST_UP, MOST_UP)
    split = bits >= 1013 or (bits >= 360 and sent >= 1088)
    if split and sent % 2:
        raise RabtaError("two segments need an even number of sent bits", key="sent", value=sent)
    parts = 2 if split else 1
    check = "CRC6" if bits <= SHORT_UP else "CRC11"
    whole, each = -(-bits // parts) + crc.length(check), sent // parts
    parity = 3 if bits <= SHORT_UP else 0
    light = int(parity > 0 and each - whole + 3 > HEAVY)
    return code(whole, each, parity=parity, light=light, interleaved=True), check, parts


def encode_up(bits: ArrayLike, sent: int) -> Bits:
    """Coded control information up, shape (block, bits) to (block, sent)."""
    rows = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    used, check, parts = up_code(rows.shape[1], sent)
    rows = np.pad(rows, ((0, 0), (-rows.shape[1] % parts, 0)))
    words = crc.attach(rows.reshape(len(rows) * parts, -1), check)
    return coding.encode(used, words).reshape(len(rows), -1)


def decode_up(ratios: ArrayLike, bits: int, most: int = coding.LIST) -> tuple[Bits, Good]:
    """Control information up from ratios, shape (block, sent), and whether its check holds."""
    rows = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    used, check, parts = up_code(bits, rows.shape[1])
    found, metrics = coding.decode(used, rows.reshape(len(rows) * parts, -1), most)
    words, good = _first_good(found, crc.holds(found, check) & np.isfinite(metrics))
    words = words[:, : -crc.length(check)].reshape(len(rows), -1)
    return words[:, words.shape[1] - bits :], np.asarray(good.reshape(len(rows), parts).all(axis=1))


def _first_good(found: Bits, holds: Good) -> tuple[Bits, Good]:
    """Best path whose check holds, else the best."""
    rank = holds.argmax(axis=1)
    return found[np.arange(len(found)), rank], np.asarray(holds.any(axis=1))


def _mask(rnti: int | None) -> Bits:
    """What the check is added to: the terminal's number over its last 16 bits, clause 7.3.2."""
    out = np.zeros(crc.length("CRC24C"), dtype=np.uint8)
    if rnti is not None:
        if not 0 <= rnti < 2**RNTI_BITS:
            raise RabtaError("no such RNTI", key="rnti", value=rnti, expected=f"0 to {2**RNTI_BITS - 1}")
        out[-RNTI_BITS:] = [(rnti >> (RNTI_BITS - 1 - i)) & 1 for i in range(RNTI_BITS)]
    return out


def _check_down(rows: Bits, rnti: int | None) -> Bits:
    """Check of control information down; with a number it starts from ones, clause 7.3.2."""
    ones = crc.length("CRC24C") if rnti is not None else 0
    lead = np.ones((*rows.shape[:-1], ones), dtype=np.uint8)
    return crc.check_bits(np.concatenate([lead, rows], axis=-1), "CRC24C") ^ _mask(rnti)


def down_code(bits: int, sent: int) -> Code:
    """Code of control information down: TS 38.212, clauses 7.1.4 and 7.3.3."""
    _refuse("control information down has 12 to 140 bits", bits, LEAST_DOWN, MOST_DOWN)
    return code(bits + crc.length("CRC24C"), sent, longest_log=DOWN_LOG)


def encode_down(bits: ArrayLike, sent: int, rnti: int | None = None) -> Bits:
    """Coded control information down, or broadcast (864 bits, no number), shape (block, bits).

    Parameters
    ----------
    rnti : int, optional
        Number of the terminal, which masks the check; without, the plain check of the broadcast channel.
    """
    rows = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    used = down_code(rows.shape[1], sent)
    words = np.concatenate([rows, _check_down(rows, rnti)], axis=1)
    return coding.encode(used, words[:, input_order(used.bits)])


def decode_down(
    ratios: ArrayLike, bits: int, rnti: int | None = None, most: int = coding.LIST
) -> tuple[Bits, Good]:
    """Control information down from ratios, shape (block, sent), and whether its check holds."""
    rows = np.atleast_2d(np.asarray(ratios, dtype=np.float32))
    used = down_code(bits, rows.shape[1])
    taken, metrics = coding.decode(used, rows, most)
    found = np.empty_like(taken)
    found[..., input_order(used.bits)] = taken
    holds = (_check_down(found[..., :bits], rnti) == found[..., bits:]).all(axis=-1)
    words, good = _first_good(found, holds & np.isfinite(metrics))
    return words[:, :bits], good
