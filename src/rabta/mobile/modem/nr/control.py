"""Words of control: what a slot carries, and what a synchronisation block says of its place in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.modem.nr.slots import CONTROL_BITS, RNTI
from rabta.mobile.phy.polar import control as polar
from rabta.mobile.phy.waveform import qam, scrambling
from rabta.mobile.phy.waveform.grids import block

Bits = NDArray[np.uint8]
Floats = NDArray[np.float32]
Complex = NDArray[np.complexfloating[Any, Any]]

SLOT_BITS = 20
WORD = 40
"""Bits of a word; DCI formats of the standard have 30 to 80."""


@dataclass(frozen=True)
class Word:
    """Content of a control word.

    Attributes
    ----------
    mcs : int
        MCS index of the slot's transport block.
    slot : int
        Number of the slot since the beginning of the transmission, modulo 2^20.
    version : int
        Redundancy version, 0 to 3.
    process : int
        Number of the transport block that is repeated, 0 to 8191; 0 where none is.
    """

    mcs: int
    slot: int
    version: int = 0
    process: int = 0

    def bits(self) -> Bits:
        """Word of `WORD` bits."""
        value = (
            (self.mcs << SLOT_BITS | self.slot % (1 << SLOT_BITS)) << 2 | self.version
        ) << 13 | self.process
        return np.array([(value >> (WORD - 1 - i)) & 1 for i in range(WORD)], dtype=np.uint8)

    @classmethod
    def of(cls, bits: Bits) -> Word:
        """Content of a word's bits.

        Examples
        --------
        >>> Word.of(Word(7, 1234, 2).bits())
        Word(mcs=7, slot=1234, version=2, process=0)
        """
        value = int("".join(str(int(b)) for b in bits), 2)
        return cls(value >> 35, value >> 15 & ((1 << SLOT_BITS) - 1), value >> 13 & 3, value & 8191)


def encode(word: Word, cell: int) -> Bits:
    """Scrambled coded bits of a word."""
    sent = polar.encode_down(word.bits(), CONTROL_BITS, RNTI)[0]
    return scrambling.bits(sent, scrambling.control(cell, RNTI))


def decode(ratios: Floats, cell: int) -> list[Word | None]:
    """Words from ratios, shape (slot, coded bits); None where the check does not hold."""
    plain = scrambling.ratios(ratios, scrambling.control(cell, RNTI))
    found, good = polar.decode_down(plain, WORD, RNTI)
    return [Word.of(bits) if holds else None for bits, holds in zip(found, good, strict=True)]


def broadcast(word: Word, cell: int) -> Complex:
    """Symbols of a PBCH with a word."""
    sent = polar.encode_down(word.bits(), block.PBCH_BITS)[0]
    return qam.modulate(scrambling.bits(sent, scrambling.broadcast(cell)), 2)


def heard_broadcast(grid: Complex, channel: Complex, noise: float, cell: int) -> Word | None:
    """Word of a synchronisation block's grid, shape (symbol, subcarrier), over its channel."""
    symbols, gains = block.take(grid, cell), block.take(channel, cell)
    power = np.maximum(np.abs(gains) ** 2, 1e-12)
    heard = qam.demodulate(symbols * gains.conj() / power, noise / power, 2)
    plain = scrambling.ratios(heard, scrambling.broadcast(cell))
    found, good = polar.decode_down(plain[None], WORD)
    return Word.of(found[0]) if good[0] else None
