"""Shared channels on the grid: layers, and resource elements around pilots (3GPP TS 38.211, 6.3.1, 7.3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform.numerology import Carrier
from rabta.mobile.phy.waveform.pilots import Dmrs, qpsk
from rabta.mobile.phy.waveform.scrambling import pilots as pilot_start

Complex = NDArray[np.complexfloating[Any, Any]]

LARGEST_LAYERS = 8
ONE_CODEWORD = 4  # layers; above, two codewords


def _split(layers: int) -> tuple[int, ...]:
    """Layers of each codeword: table 7.3.1.3-1."""
    if not 1 <= layers <= LARGEST_LAYERS:
        raise RabtaError("no such layers", key="layers", value=layers, expected=f"1 to {LARGEST_LAYERS}")
    return (layers,) if layers <= ONE_CODEWORD else (layers // 2, layers - layers // 2)


def to_layers(codewords: Sequence[ArrayLike], layers: int) -> Complex:
    """Symbols of one codeword (up to four layers) or two, in turn on their layers.

    Parameters
    ----------
    codewords : sequence of array_like of complex, each of shape (..., symbols)
    layers : int
        1 to 8.

    Returns
    -------
    ndarray of complex, shape (..., layer, n)

    Raises
    ------
    RabtaError
        A number of codewords or symbols that does not fit the layers.

    Notes
    -----
    3GPP TS 38.211, clause 7.3.1.3, table 7.3.1.3-1.
    """
    split = _split(layers)
    words = [np.asarray(word) for word in codewords]
    if len(words) != len(split):
        raise RabtaError(
            f"{layers} layers take {len(split)} codewords",
            key="codewords",
            value=len(words),
            expected=str(len(split)),
        )
    parts = []
    for word, count in zip(words, split, strict=True):
        if word.ndim == 0 or word.shape[-1] % count:
            raise RabtaError(
                "symbols do not fill the layers",
                key="codewords",
                value=word.shape,
                expected=f"a multiple of {count}",
            )
        parts.append(np.swapaxes(word.reshape(*word.shape[:-1], -1, count), -1, -2))
    if len({part.shape[-1] for part in parts}) > 1:
        raise RabtaError(
            "the codewords fill their layers differently",
            key="codewords",
            value=[part.shape[-1] for part in parts],
            expected="the same symbols on each layer",
        )
    return np.concatenate(parts, axis=-2)


def from_layers(symbols: ArrayLike) -> list[NDArray[Any]]:
    """Codewords of layers, shape (..., layer, n); the order of `to_layers` undone, of noise variances too."""
    values = np.asarray(symbols)
    split = _split(values.shape[-2] if values.ndim > 1 else 0)
    edges = np.cumsum((0, *split))
    parts = [values[..., a:b, :] for a, b in pairwise(edges)]
    return [np.swapaxes(part, -1, -2).reshape(*part.shape[:-2], -1) for part in parts]


# Subcarrier of a resource block by offset 00, 01, 10, 11 for each port: table 7.4.1.2.2-1.
_TRACKING = {
    1: ((0, 2, 6, 8), (2, 4, 8, 10), (1, 3, 7, 9), (3, 5, 9, 11)),
    2: (
        (0, 1, 6, 7),
        (1, 6, 7, 0),
        (2, 3, 8, 9),
        (3, 8, 9, 2),
        (4, 5, 10, 11),
        (5, 10, 11, 4),
    ),
}


@dataclass(frozen=True)
class Ptrs:
    """Phase-tracking pilots of the PDSCH: TS 38.211, clause 7.4.1.2.

    Attributes
    ----------
    every_symbols : int
        Time density L, 1, 2 or 4.
    every_blocks : int
        Frequency density K, 2 or 4.
    offset : int
        resourceElementOffset 0 to 3.
    rnti : int
        Of the receiver; shifts the blocks.
    """

    every_symbols: int = 1
    every_blocks: int = 2
    offset: int = 0
    rnti: int = 0

    def __post_init__(self) -> None:
        for key, valid in (("every_symbols", (1, 2, 4)), ("every_blocks", (2, 4)), ("offset", (0, 1, 2, 3))):
            if getattr(self, key) not in valid:
                raise RabtaError(
                    "no such phase-tracking pilots",
                    key=key,
                    value=getattr(self, key),
                    expected=", ".join(map(str, valid)),
                )

    def symbols(self, pilots: Sequence[int], start: int, count: int) -> tuple[int, ...]:
        """OFDM symbols: every so many from the start, counted anew from each DM-RS."""
        found, reference = [], start
        front = set(pilots)
        for symbol in range(start, start + count):
            if symbol in front:
                reference = symbol
            elif (symbol - reference) % self.every_symbols == 0:
                found.append(symbol)
        return tuple(found)

    def subcarriers(self, dmrs: Dmrs, port: int, first: int, blocks: int) -> NDArray[np.int64]:
        """Subcarriers of the carrier for an allocation of ``blocks`` from block ``first``."""
        rest = blocks % self.every_blocks
        shift = self.rnti % (rest or self.every_blocks)
        element = _TRACKING[dmrs.kind][port % (4 if dmrs.kind == 1 else 6)][self.offset]
        return element + 12 * (first + np.arange(shift, blocks, self.every_blocks))


@dataclass(frozen=True)
class Shared:
    """A PDSCH or PUSCH allocation in a slot.

    Attributes
    ----------
    carrier : Carrier
    dmrs : Dmrs
    ports : tuple of int
        Pilot port of each layer, 0 for 1000.
    start, count : int
        OFDM symbols.
    first, blocks : int
        Resource blocks of the carrier; to its end if ``blocks`` is 0.
    ptrs : Ptrs, optional
        On the first layer's port.
    """

    carrier: Carrier
    dmrs: Dmrs = field(default_factory=Dmrs)
    ports: tuple[int, ...] = (0,)
    start: int = 0
    count: int = 14
    first: int = 0
    blocks: int = 0
    ptrs: Ptrs | None = None

    def __post_init__(self) -> None:
        most = self.carrier.blocks - self.first
        if not 0 <= self.first < self.carrier.blocks or not 0 <= self.blocks <= most:
            raise RabtaError(
                "the allocation leaves the carrier",
                key="first, blocks",
                value=(self.first, self.blocks),
                expected=f"within {self.carrier.blocks} resource blocks",
            )
        if not self.ports or len(set(self.ports)) != len(self.ports):
            raise RabtaError("ports repeat", key="ports", value=self.ports, expected="a port for each layer")
        if self.start + self.count > self.carrier.symbols:
            raise RabtaError(
                "the allocation leaves the slot",
                key="start, count",
                value=(self.start, self.count),
                expected=f"within {self.carrier.symbols} symbols",
            )

    @property
    def layers(self) -> int:
        """Layers sent."""
        return len(self.ports)

    @property
    def subcarriers(self) -> slice:
        """Subcarriers of the allocation."""
        return slice(12 * self.first, 12 * (self.first + self.used_blocks))

    @property
    def used_blocks(self) -> int:
        """Resource blocks of the allocation."""
        return self.blocks or self.carrier.blocks - self.first

    @cached_property
    def data(self) -> NDArray[np.bool_]:
        """Resource elements of data, shape (symbol, subcarrier); filled row by row (clause 7.3.1.5)."""
        out = np.zeros((self.carrier.symbols, self.carrier.subcarriers), dtype=bool)
        out[self.start : self.start + self.count, self.subcarriers] = True
        out &= ~self.dmrs.reserved(self.carrier, self.start, self.count)
        if self.ptrs is not None:
            rows, columns = self._tracking(self.ptrs)
            out[np.ix_(rows, columns)] = False
        return out

    def _tracking(self, ptrs: Ptrs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        front = self.dmrs.symbols(self.start, self.count)
        rows = np.array(ptrs.symbols(front, self.start, self.count), dtype=np.int64)
        return rows, ptrs.subcarriers(self.dmrs, self.ports[0], self.first, self.used_blocks)

    @property
    def elements(self) -> int:
        """Resource elements that carry data, each layer."""
        return int(self.data.sum())

    def pilots(self, slot: int = 0, *, tracking: bool = False) -> Complex:
        """Pilots of the layers, shape (layer, symbol, subcarrier); with ``tracking`` the PT-RS instead."""
        if not tracking:
            grid = self.dmrs.grid(self.carrier, slot, self.ports, start=self.start, count=self.count)
            inside = np.zeros(self.carrier.subcarriers, dtype=bool)
            inside[self.subcarriers] = True
            return np.where(inside, grid, np.complex64(0.0))
        shape = (self.layers, self.carrier.symbols, self.carrier.subcarriers)
        out = np.zeros(shape, dtype=np.complex64)
        if self.ptrs is not None:
            rows, columns = self._tracking(self.ptrs)
            out[0][np.ix_(rows, columns)] = self._tracking_values(slot, columns)
        return out

    def _tracking_values(self, slot: int, columns: NDArray[np.int64]) -> Complex:
        """The DM-RS sequence of the first pilot symbol at the same subcarriers, without the port's code."""
        front = self.dmrs.symbols(self.start, self.count)[0]
        number = slot % self.carrier.slots_per_frame
        start = pilot_start(number, front, self.dmrs.identity, self.dmrs.choice, symbols=self.carrier.symbols)
        span, each = (4, 6) if self.dmrs.kind == 1 else (6, 4)
        offsets = self.dmrs.offsets(self.ports[0] % span // 2)
        block, element = np.divmod(columns, 12)
        sequence = qpsk(start, each * self.carrier.blocks)
        return np.asarray(
            np.float32(np.sqrt(self.layers)) * sequence[each * block + np.searchsorted(offsets, element)]
        )

    def place(self, symbols: ArrayLike, slot: int = 0) -> Complex:
        """Grid of pilots and of symbols, shape (layer, elements), as (layer, symbol, subcarrier)."""
        values = np.asarray(symbols, dtype=np.complex64)
        if values.shape != (self.layers, self.elements):
            raise RabtaError(
                "symbols do not fill the allocation",
                key="symbols",
                value=values.shape,
                expected=f"({self.layers}, {self.elements})",
            )
        grid = self.pilots(slot)
        if self.ptrs is not None:
            grid = grid + self.pilots(slot, tracking=True)
        grid[:, self.data] = values
        return grid

    def take(self, values: ArrayLike) -> NDArray[Any]:
        """Data elements of an array that begins with (symbol, subcarrier), shape (elements, ...)."""
        grid = np.asarray(values)
        if grid.shape[:2] != self.data.shape:
            raise RabtaError(
                "the grid does not fit the carrier",
                key="grid",
                value=grid.shape,
                expected=f"{self.data.shape}",
            )
        return np.asarray(grid[self.data])
