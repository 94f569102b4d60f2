"""The broadcast channel (PBCH): payload, interleaving, scrambling, check and code; TS 38.212, clause 7.1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.polar import coding, control

Bits = NDArray[np.uint8]

SENT = 864
PAYLOAD, MIB = 32, 24
SEQUENCE = 116
"""Bits of the cell's pseudo-random sequence that four payloads in a row use."""
ORDER = np.fromstring(
    "16 23 18 17 8 30 10 6 24 7 0 5 3 2 1 4 9 11 12 13 14 15 19 20 21 22 25 26 27 28 29 31",
    dtype=np.int64, sep=" ",
)  # fmt: skip
"""Interleaving of the payload: TS 38.212, table 7.1.1-1."""
FRAME = (*range(1, 7), *range(24, 28))  # bits of the frame's number, in the MIB and behind it
HALF, INDEX = 28, (29, 30, 31)
BEAMS = (4, 8, 64)


def _placed() -> NDArray[np.int64]:
    """Place in the interleaved payload of each bit: clause 7.1.1."""
    out = np.empty(PAYLOAD, dtype=np.int64)
    others = [i for i in range(MIB) if i not in FRAME]
    for begin, bits in ((0, FRAME), (10, (HALF,)), (11, INDEX), (14, others)):
        out[list(bits)] = ORDER[begin : begin + len(bits)]
    return out


PLACED = _placed()
THIRD, SECOND = 25, 26  # bits of the frame's number that are not scrambled


@dataclass(frozen=True)
class Block:
    """What a synchronisation block broadcasts.

    Attributes
    ----------
    mib : tuple of int
        Master information block as coded, 24 bits; its bits 1 to 6 are set to those of the frame.
    frame : int
        System frame number, 0 to 1023.
    half : int
        0 in the first half of a frame, 1 in the second.
    index : int
        Block within its burst; of it the payload has bits 3 to 5 where there may be 64.
    beams : int
        Most blocks of a burst: 4, 8 or 64.
    offset_top : int
        Highest bit of the offset of subcarriers, k_SSB, with 4 or 8 blocks.
    """

    mib: tuple[int, ...]
    frame: int
    half: int = 0
    index: int = 0
    beams: int = 8
    offset_top: int = 0

    def __post_init__(self) -> None:
        for key, most in (("frame", 1023), ("half", 1), ("index", self.beams - 1), ("offset_top", 1)):
            if not 0 <= getattr(self, key) <= most:
                raise RabtaError("out of range", key=key, value=getattr(self, key), expected=f"0 to {most}")
        if self.beams not in BEAMS:
            raise RabtaError("no such burst", key="beams", value=self.beams, expected="4, 8 or 64")
        if len(self.mib) != MIB or not set(self.mib) <= {0, 1}:
            raise RabtaError(
                "wrong master information block", key="mib", value=len(self.mib), expected="24 bits"
            )

    def payload(self) -> Bits:
        """32 bits before interleaving: clause 7.1.1."""
        out = np.zeros(PAYLOAD, dtype=np.uint8)
        out[:MIB] = self.mib
        out[list(FRAME)] = [self.frame >> (9 - i) & 1 for i in range(10)]
        out[HALF] = self.half
        many = self.beams == BEAMS[-1]
        out[list(INDEX)] = [self.index >> i & 1 for i in (5, 4, 3)] if many else [self.offset_top, 0, 0]
        return out


def _scrambling(payload: Bits, sequence: ArrayLike, beams: int) -> Bits:
    """Bits that scramble an interleaved payload: clause 7.1.2."""
    known = np.asarray(sequence, dtype=np.uint8)
    if known.shape[-1] < SEQUENCE:
        raise RabtaError("sequence too short", key="sequence", value=known.shape[-1], expected=f"{SEQUENCE}")
    plain = [PLACED[HALF], PLACED[THIRD], PLACED[SECOND]]
    if beams == BEAMS[-1]:
        plain += list(PLACED[list(INDEX)])
    kept = np.setdiff1d(np.arange(PAYLOAD), plain)
    part = 2 * int(payload[PLACED[THIRD]]) + int(payload[PLACED[SECOND]])
    out = np.zeros(PAYLOAD, dtype=np.uint8)
    out[kept] = known[part * len(kept) : (part + 1) * len(kept)]
    return out


def encode_pbch(block: Block, sequence: ArrayLike) -> Bits:
    """864 coded bits of a block, before the scrambling of TS 38.211.

    Parameters
    ----------
    sequence : array_like
        Pseudo-random sequence begun from the cell's identity, 116 bits or more:
        ``waveform.scrambling.sequence(cell, 116)``.
    """
    mixed = np.empty(PAYLOAD, dtype=np.uint8)
    mixed[PLACED] = block.payload()
    coded = control.encode_down(mixed ^ _scrambling(mixed, sequence, block.beams), SENT)
    return np.asarray(coded[0], dtype=np.uint8)


def decode_pbch(
    ratios: ArrayLike, sequence: ArrayLike, beams: int = 8, index: int = 0, most: int = coding.LIST
) -> Block | None:
    """What 864 ratios say; None where the check does not hold.

    ``index`` gives the bits of the block's number that its pilots carry: three with 8 or 64, two with 4.
    """
    found, good = control.decode_down(np.atleast_2d(np.asarray(ratios)), PAYLOAD, most=most)
    if not good[0]:
        return None
    bits = (found[0] ^ _scrambling(found[0], sequence, beams))[PLACED]
    frame = int("".join(str(b) for b in bits[list(FRAME)]), 2)
    top = bits[list(INDEX)]
    many = beams == BEAMS[-1]
    whole = (int(top[0]) << 5 | int(top[1]) << 4 | int(top[2]) << 3 | index % 8) if many else index
    mib = tuple(int(b) for b in bits[:MIB])
    return Block(mib, frame, int(bits[HALF]), whole, beams, 0 if many else int(top[0]))
