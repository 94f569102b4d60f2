"""LDPC base graphs of NR, lifted: 3GPP TS 38.212, clause 5.3.2."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError

UInts = NDArray[np.uint32]

SETS = ((2, 7), (3, 7), (5, 6), (7, 5), (9, 5), (11, 5), (13, 4), (15, 4))
"""First lifting size of each set, and how often it may be doubled: TS 38.212, table 5.3.2-1."""
SIZES = tuple(sorted(first << j for first, most in SETS for j in range(most + 1)))
"""All 51 lifting sizes."""
COLUMNS = {1: 68, 2: 52}
SYSTEMATIC = {1: 22, 2: 10}
LARGEST = {1: 8448, 2: 3840}
"""Most information bits of a code block: TS 38.212, clause 5.2.2."""
SMALL_K, MEDIUM_K = 292, 3824
LOW_RATE, MIDDLE_RATE = 0.25, 0.67


@dataclass(frozen=True, eq=False)
class Graph:
    """A base graph lifted to one size.

    Attributes
    ----------
    number, size : int
        Base graph 1 or 2, and the lifting size Z.
    first : ndarray of uint32, shape (rows + 1,)
        First edge of each row of the base graph.
    column, shift : ndarray of uint32, shape (edge,)
        Column of each edge; cyclic shift, below Z.
    """

    number: int
    size: int
    first: UInts
    column: UInts
    shift: UInts

    @property
    def systematic(self) -> int:
        """Columns of information bits."""
        return SYSTEMATIC[self.number]

    @property
    def rows(self) -> int:
        """Rows of the base graph."""
        return len(self.first) - 1

    @cached_property
    def turns(self) -> tuple[UInts, UInts, UInts]:
        """How columns turn from row to row, for a decoder that leaves them as the last row had them.

        Returns
        -------
        step : shape (edge,)
            Shift of an edge less that of the edge before in the same column, round the rows.
        rest : shape (edge,)
            Shift of an edge less that of the last edge in the same column.
        last : shape (column,)
            Shift of the last edge of each column.
        """
        last = np.zeros(int(self.column.max()) + 1, dtype=np.int64)
        last[self.column] = self.shift  # of equal columns the last one stays
        now, step = last.copy(), np.empty(len(self.column), dtype=np.int64)
        for edge, (column, shift) in enumerate(zip(self.column, self.shift, strict=True)):
            step[edge], now[column] = shift - now[column], shift
        rest = self.shift - last[self.column]
        return (
            (step % self.size).astype(np.uint32),
            (rest % self.size).astype(np.uint32),
            last.astype(np.uint32),
        )

    @cache  # noqa: B019 - graphs live as long as the process
    def cut(self, rows: int) -> Graph:
        """Leave the first rows: enough where the parity bits of the others are not sent."""
        edges = int(self.first[rows])
        return Graph(
            self.number,
            self.size,
            self.first[: rows + 1],
            self.column[:edges].copy(),
            self.shift[:edges].copy(),
        )


def choose(bits: int, rate: float) -> int:
    """Base graph of a transport block of ``bits`` (its CRC not counted): TS 38.212, clause 6.2.2."""
    small = bits <= SMALL_K or (bits <= MEDIUM_K and rate <= MIDDLE_RATE) or rate <= LOW_RATE
    return 2 if small else 1


def lifting_size(number: int, block_bits: int, transport_bits: int) -> int:
    """Lifting size of a code block of ``block_bits`` (its CRC counted): TS 38.212, clause 5.2.2.

    ``transport_bits`` is the transport block with its CRC; it sets how many columns base graph 2 fills.

    Examples
    --------
    >>> lifting_size(2, 1000, 1000), lifting_size(1, 8448, 8448)
    (104, 384)
    """
    if not 0 < block_bits <= LARGEST[number]:
        raise RabtaError(
            f"code block too long for base graph {number}", key="block_bits", value=block_bits,
            expected=f"1 to {LARGEST[number]}",
        )  # fmt: skip
    columns = SYSTEMATIC[number]
    if number == 2:
        columns = next(c for c, most in ((6, 192), (8, 560), (9, 640), (10, 10**9)) if transport_bits <= most)
    return next(size for size in SIZES if columns * size >= block_bits)


@cache
def graph(number: int, size: int) -> Graph:
    """Lifted base graph.

    Raises
    ------
    RabtaError
        For a size that the standard does not have, with the nearest one.
    """
    if number not in SYSTEMATIC:
        raise RabtaError("no such base graph", key="number", value=number, expected="1 or 2")
    if size not in SIZES:
        near = min(SIZES, key=lambda known: abs(known - size))
        raise RabtaError("no such lifting size", key="size", value=size, expected=f"{near} or another of 51")
    table = _table(number)
    which = next(i for i, (first, most) in enumerate(SETS) if size in {first << j for j in range(most + 1)})
    row = table[:, 0]
    first = np.searchsorted(row, np.arange(int(row[-1]) + 2)).astype(np.uint32)
    shift = (table[:, 2 + which] % size).astype(np.uint32)
    return Graph(number, size, first, table[:, 1].astype(np.uint32), shift)


@cache
def _table(number: int) -> NDArray[np.int64]:
    path = files("rabta.mobile.phy.ldpc") / f"graph_{number}.csv"
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return np.array([line.split(",") for line in lines], dtype=np.int64)
