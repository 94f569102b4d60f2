"""Modulation and coding of frames: EN 302 307-1, tables 5a, 5b and 12; 302 307-2, tables 17a and 17b."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rabta.errors import RabtaError, nearest
from rabta.mobile.modem.dvb.fec import codes

SLOT = 90
"""Symbols of a slot, and of a frame's header."""
PILOT_SLOTS, PILOT = 16, 36
"""Slots between two blocks of pilots, and symbols of a block."""
HEADER_BITS = 80
"""Bits of a BBFRAME's header."""
DUMMY = "dummy"
_FILE = Path(__file__).parent / "modcods.csv"


@dataclass(frozen=True)
class Modcod:
    """One way to fill a frame.

    Attributes
    ----------
    name : str
        As in the catalog of waveforms: ``"8PSK 3/5"``, ``"QPSK 1/2 short"``, ``"16APSK 2/3-L"``.
    pls : int
        Value of the frame's signalling without pilots: bit 0 says pilots; above 127 for the newer standard.
    shape : str
        Shape of its constellation in the file of these.
    radii : tuple of float
        Radii of the rings in radii of the innermost.
    code : str
        Name of its LDPC code.
    columns : tuple of int
        Columns of the bit interleaver that the bits of a symbol are read from, the highest bit first.
    """

    name: str
    pls: int
    shape: str
    radii: tuple[float, ...]
    code: str
    columns: tuple[int, ...]

    @property
    def order(self) -> int:
        """Bits a symbol."""
        return len(self.columns)

    @property
    def symbols(self) -> int:
        """Symbols that carry the coded bits; the last may be filled up."""
        return -(-codes.code(self.code).bits // self.order)

    @property
    def slots(self) -> int:
        """Slots of the frame without its header."""
        return -(-self.symbols // SLOT)

    @property
    def payload(self) -> int:
        """Bits of a frame's data field."""
        return codes.code(self.code).payload - HEADER_BITS

    def length(self, pilots: bool) -> int:
        """Symbols of a whole frame."""
        return frame_length(self.slots, pilots)

    def efficiency(self, pilots: bool = False) -> float:
        """Bits of data a symbol.

        Examples
        --------
        >>> round(modcod("QPSK 1/4").efficiency(), 6)
        0.490243
        """
        return self.payload / self.length(pilots)


def frame_length(slots: int, pilots: bool) -> int:
    """Symbols of a frame of so many slots; no pilots follow its last slot."""
    return SLOT * (slots + 1) + (PILOT * ((slots - 1) // PILOT_SLOTS) if pilots else 0)


@cache
def _all() -> dict[str, Modcod]:
    """All modcods by name."""
    with _FILE.open(encoding="ascii", newline="") as file:
        return {row["name"]: _of(row) for row in csv.DictReader(file)}


def _of(row: dict[str, str]) -> Modcod:
    """Modcod of a row of the file."""
    radii = tuple(float(r) for r in row["radii"].split())
    columns = tuple(int(c) for c in row["columns"])
    return Modcod(row["name"], int(row["pls"]), row["shape"], radii, row["code"], columns)


def names() -> list[str]:
    """Names of all modcods.

    Examples
    --------
    >>> len(names()), names()[3]
    (107, 'QPSK 1/2')
    """
    return list(_all())


def modcod(name: str) -> Modcod:
    """Modcod by name; an unknown one is refused with the nearest."""
    if name not in _all():
        raise RabtaError("no such modcod", key="modcod", value=name, expected=nearest(name, _all()))
    return _all()[name]


@cache
def _by_pls() -> dict[int, Modcod]:
    """Modcods by their signalling."""
    return {m.pls: m for m in _all().values()}


def of_pls(value: int) -> tuple[Modcod | None, bool] | None:
    """Modcod and pilots that a frame's signalling says; no modcod is a dummy frame, None is reserved.

    Examples
    --------
    >>> found = of_pls(17)
    >>> found[0].name, found[1]
    ('QPSK 1/2', True)
    """
    if value < 4:
        return None, False
    found = _by_pls().get(value & ~1)
    return None if found is None else (found, bool(value & 1))


def lengths(named: Iterable[str] | None = None) -> set[int]:
    """Lengths of the frames of modcods, with and without pilots, and of dummy frames."""
    chosen = [modcod(name) for name in (named or names())]
    return {m.length(pilots) for m in chosen for pilots in (False, True)} | {frame_length(36, False)}
