"""The standard's LDPC codes as graphs of 360-fold symmetry: EN 302 307-1 and -2, annexes B and C.

The tables give, for the first of every 360 information bits, the parity accumulators that it is added to;
the next bit is added ``q`` further on. Parity check ``q a + b`` is lane ``a`` of row ``b`` here, so a row
works on whole columns of 360 bits, each turned by a shift: what vector instructions need.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest

LANES = 360
"""Bits that share one line of a table."""
_FILE = Path(__file__).parent / "addresses.txt"
_FIELDS = {"normal": 16, "medium": 15, "short": 14}
_CORRECTS = {"2/3 normal": 10, "5/6 normal": 10, "8/9 normal": 8, "9/10 normal": 8}

Rows = tuple[tuple[int, ...], ...]
U4 = NDArray[np.uint32]


@dataclass(frozen=True)
class Code:
    """One code of a frame.

    Attributes
    ----------
    name : str
        As in the annexes, with the frame: ``"1/2 normal"``.
    bits, information : int
        N and K of the LDPC code; K is also N of the BCH code.
    rows : tuple of tuple of int
        Accumulators of the first bit of every group.
    corrects : int
        Errors that the BCH code corrects.
    field : int
        Its symbols are of GF(2^field).
    """

    name: str
    bits: int
    information: int
    rows: Rows
    corrects: int
    field: int

    @property
    def step(self) -> int:
        """The standard's q: block rows of the graph."""
        return (self.bits - self.information) // LANES

    @property
    def payload(self) -> int:
        """K of the BCH code: bits of a BBFRAME."""
        return self.information - self.corrects * self.field


@dataclass(frozen=True)
class Graph:
    """Edges by block row, the parity columns' own at the end of each row.

    Attributes
    ----------
    first : ndarray of uint32, shape (row + 1,)
        First edge of each row.
    column, shift : ndarray of uint32, shape (edge,)
        Lane ``a`` of the row reads bit ``(a + shift) mod 360`` of the column. The last edge of the first row
        has no bit in its lane 0: the accumulator starts there.
    """

    first: U4
    column: U4
    shift: U4


@cache
def _tables() -> dict[str, Code]:
    """All codes of the data file by name."""
    found: dict[str, Code] = {}
    lines = [line for line in _FILE.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    at = 0
    while at < len(lines):
        rate, size, bits, information = lines[at].split()
        groups = int(information) // LANES
        rows = tuple(tuple(map(int, line.split())) for line in lines[at + 1 : at + 1 + groups])
        name = f"{rate} {size}"
        found[name] = Code(
            name, int(bits), int(information), rows, _CORRECTS.get(name, 12), _FIELDS[size]
        )  # fmt: skip
        at += 1 + groups
    return found


def names() -> list[str]:
    """Names of all codes.

    Examples
    --------
    >>> len(names()), names()[:2]
    (55, ['1/4 normal', '1/3 normal'])
    """
    return list(_tables())


def code(name: str) -> Code:
    """Code by its name; an unknown one is refused with the nearest.

    Examples
    --------
    >>> code("1/2 normal").payload, code("1/2 normal").step
    (32208, 90)
    """
    if name not in _tables():
        raise RabtaError("no such code", key="code", value=name, expected=nearest(name, _tables()))
    return _tables()[name]


@cache
def graph(name: str) -> Graph:
    """Graph of a code, for its decoder."""
    it = code(name)
    q, columns = it.step, it.information // LANES
    edges: list[list[tuple[int, int]]] = [[] for _ in range(q)]
    for column, addresses in enumerate(it.rows):
        for address in addresses:
            edges[address % q].append((column, -(address // q) % LANES))
    for b in range(q):
        edges[b].append((columns + b, 0))
        edges[b].append((columns + b - 1, 0) if b else (columns + q - 1, LANES - 1))
    sizes = np.array([0] + [len(row) for row in edges])
    flat = np.array([edge for row in edges for edge in row], dtype=np.uint32)
    return Graph(
        np.cumsum(sizes).astype(np.uint32), np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1])
    )
