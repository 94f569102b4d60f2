"""Slots of the downlink: synchronisation block, control of one user, shared channel (3GPP TS 38.211).

A slot either holds the synchronisation block (slot 0 of each second frame) and nothing else, or control in
its first two symbols and a transport block with its pilots in the other twelve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.link import chain
from rabta.mobile.phy.link.transport import MCS, Format, mcs_row
from rabta.mobile.phy.waveform import numerology, ofdm, pilots, qam, scrambling
from rabta.mobile.phy.waveform.grids import block
from rabta.mobile.phy.waveform.grids.shared import Shared
from rabta.mobile.phy.waveform.numerology import Carrier

Complex = NDArray[np.complexfloating[Any, Any]]
Bits = NDArray[np.uint8]

TABLE = 1
"""MCS table 5.1.3.1-1: up to 64QAM."""
CONTROL_SYMBOLS, CONTROL_BLOCKS = 2, 24
LEVEL = 8  # control channel elements of 6 blocks by one symbol: 24 x 2 / 6
CONTROL_BITS = CONTROL_SYMBOLS * CONTROL_BLOCKS * 9 * 2
PERIOD = 20
"""Subframes from one synchronisation block to the next: TS 38.213, clause 4.1."""
BLOCK_SYMBOL = 2  # first symbol of block 0 in pattern A (15 kHz) and C (30 kHz)
RNTI = 1


@dataclass(frozen=True)
class Layout:
    """What lies where on a carrier.

    Attributes
    ----------
    carrier : Carrier
        15 or 30 kHz, 24 resource blocks or more.
    cell : int
        0 to 1007.
    """

    carrier: Carrier
    cell: int = 1

    def __post_init__(self) -> None:
        if self.carrier.spacing_khz not in (15, 30):
            raise RabtaError(
                "no downlink of this spacing here", key="spacing_khz", value=self.carrier.spacing_khz,
                expected="15 or 30",
            )  # fmt: skip
        if self.carrier.blocks < CONTROL_BLOCKS:
            raise RabtaError(
                "the channel is too narrow for synchronisation block and control", key="blocks",
                value=self.carrier.blocks,
                expected=f"{CONTROL_BLOCKS} or more: 5 MHz at 15 kHz, 10 MHz at 30 kHz",
            )  # fmt: skip
        if not 0 <= self.cell < pilots.CELLS:
            raise RabtaError("no such cell", key="cell", value=self.cell, expected="0 to 1007")

    @cached_property
    def shared(self) -> Shared:
        """The shared channel of every slot."""
        dmrs = pilots.Dmrs(additional=1, identity=self.cell)
        return Shared(self.carrier, dmrs, start=CONTROL_SYMBOLS, count=14 - CONTROL_SYMBOLS)

    @property
    def period(self) -> int:
        """Slots from one synchronisation block to the next."""
        return PERIOD * self.carrier.slots_per_subframe

    @property
    def first(self) -> int:
        """Subcarrier at which the synchronisation block begins: it lies in the middle."""
        return self.carrier.subcarriers // 2 - block.SUBCARRIERS // 2

    @property
    def power(self) -> float:
        """Mean power of samples of a full grid, whose elements have energy 1."""
        return self.carrier.subcarriers / self.carrier.size

    def format(self, mcs: int) -> Format:
        """Transport format of an MCS index, 0 to 28."""
        return Format(TABLE, mcs, blocks=self.carrier.blocks, symbols=14 - CONTROL_SYMBOLS)

    def holds_block(self, slot: int) -> bool:
        """Whether a slot holds the synchronisation block."""
        return slot % self.period == 0

    @cached_property
    def control_data(self) -> NDArray[np.bool_]:
        """Elements of control, shape (symbol, subcarrier): all but the pilots on 1, 5 and 9 of each block."""
        out = np.zeros((self.carrier.symbols, self.carrier.subcarriers), dtype=bool)
        out[:CONTROL_SYMBOLS, : 12 * CONTROL_BLOCKS] = True
        out[:, 1::4] = False
        return out

    def control_pilots(self, slot: int) -> Complex:
        """Pilots of control, shape (symbol, 3 blocks): TS 38.211, clause 7.4.1.3."""
        number = slot % self.carrier.slots_per_frame
        return np.array(
            [
                pilots.qpsk(scrambling.pilots(number, symbol, self.cell), 3 * CONTROL_BLOCKS)
                for symbol in range(CONTROL_SYMBOLS)
            ]
        )

    def data_grid(self, slot: int, control: Bits, coded: Bits, order: int) -> Complex:
        """Grid of a slot with control bits (864, scrambled) and coded bits of a transport block."""
        grid = self.shared.place(qam.modulate(coded, order)[None], slot % self.carrier.slots_per_frame)[0]
        grid[:CONTROL_SYMBOLS, 1 : 12 * CONTROL_BLOCKS : 4] = self.control_pilots(slot)
        grid[self.control_data] = qam.modulate(control, 2)
        return np.asarray(grid)

    def block_grid(self, index: int, broadcast: Complex) -> Complex:
        """Grid of a slot with the synchronisation block, from 432 symbols of the PBCH."""
        grid = np.zeros((self.carrier.symbols, self.carrier.subcarriers), dtype=np.complex64)
        rows = slice(BLOCK_SYMBOL, BLOCK_SYMBOL + block.SYMBOLS)
        grid[rows, self.first : self.first + block.SUBCARRIERS] = block.grid(self.cell, index, broadcast)
        return grid

    def samples(self, grid: Complex, slot: int) -> Complex:
        """Samples of a slot's grid."""
        return ofdm.modulate(grid, self.carrier, slot=slot % self.carrier.slots_per_subframe)


def coded(bits: Bits, form: Format, cell: int) -> Bits:
    """Scrambled coded bits of transport blocks."""
    return chain.send(bits, form, c_init=scrambling.downlink(RNTI, cell))


def layout(bandwidth_mhz: float, *, spacing_khz: int = 15, cell: int = 1) -> Layout:
    """Layout of a channel by its bandwidth, 5 to 50 MHz at 15 kHz.

    Examples
    --------
    >>> layout(5).carrier.blocks, layout(20).carrier.sample_rate
    (25, 30720000.0)
    """
    return Layout(numerology.channel(bandwidth_mhz, spacing_khz), cell)


def steps() -> int:
    """Number of MCS indices."""
    return len(MCS[TABLE])


def order(mcs: int) -> int:
    """Bits a symbol of an MCS index."""
    return mcs_row(TABLE, mcs)[0]


def fixed(spacing_khz: int, blocks: int, cell: int) -> Layout:
    """Layout of so many resource blocks."""
    return Layout(Carrier(spacing_khz, blocks), cell)
