"""Cases: which satellites, signals and ranges are left; an entry of the catalog ``skycases``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.pnt.records import SYSTEMS
from rabta.pnt.service.accuracy import RANGES
from rabta.pnt.service.geometry import Belt
from rabta.pnt.signals import frequency_hz

ORBITS = ("geo", "igso", "meo")
FIRST_OF_BEIDOU_3 = 19  # PRN: BDS-SIS-ICD-B1C-1.0, table 1, against BDS-SIS-ICD-2.1


@dataclass(frozen=True)
class Satellites:
    """Satellites and what tells them apart.

    Attributes
    ----------
    system : ndarray of str, shape (satellite,)
        RINEX letters.
    prn : ndarray of int64, shape (satellite,)
    orbit : ndarray of str, shape (satellite,)
        ``geo``, ``igso`` or ``meo``.
    bands : tuple of str
        Frequency digits of RINEX that each sends, as in ``"1256"``.
    """

    system: NDArray[np.str_]
    prn: NDArray[np.int64]
    orbit: NDArray[np.str_]
    bands: tuple[str, ...]

    @property
    def signals(self) -> list[tuple[str, str]]:
        """System and bands of each satellite."""
        return list(zip(self.system.tolist(), self.bands, strict=True))

    @property
    def names(self) -> NDArray[np.str_]:
        """Names as in ``C21``."""
        return np.array([f"{s}{p:02d}" for s, p in zip(self.system, self.prn, strict=True)])

    @property
    def generation(self) -> NDArray[np.int64]:
        """Of BeiDou, 2 or 3; 0 for others."""
        newer = np.where(self.prn >= FIRST_OF_BEIDOU_3, 3, 2)
        return np.asarray(np.where(self.system == "C", newer, 0), dtype=np.int64)

    @property
    def number(self) -> NDArray[np.int64]:
        """Number of the system, whose clock each shares."""
        return np.array([SYSTEMS.index(s) for s in self.system], dtype=np.int64)


@dataclass(frozen=True)
class Case:
    """What is left of the sky.

    Attributes
    ----------
    systems : str
        RINEX letters.
    generation : int
        Of BeiDou, 2 or 3; 0 means both.
    orbits : tuple of str
        Orbits that count.
    lost : tuple of str
        Satellites that do not, as in ``C60``.
    jammed_mhz : tuple of float
        Lower and upper edge of what is jammed; empty means nothing.
    ranges : str
        ``dual``: the better of two frequencies and of one; ``single``: one.
    scintillation : bool
        Signals that cross the belt of evening scintillation are lost.
    """

    name: str
    title: str
    systems: str
    generation: int = 0
    orbits: tuple[str, ...] = ORBITS
    lost: tuple[str, ...] = ()
    jammed_mhz: tuple[float, ...] = ()
    ranges: str = "dual"
    scintillation: bool = False

    def __post_init__(self) -> None:
        for key, values, known in (
            ("systems", self.systems, SYSTEMS),
            ("orbits", self.orbits, ORBITS),
            ("ranges", (self.ranges,), RANGES),
            ("generation", (self.generation,), (0, 2, 3)),
        ):
            wrong = [value for value in values if value not in known]
            if wrong or not values:
                raise RabtaError(
                    f"case {self.name!r} of the sky", key=key, value=wrong[0] if wrong else "",
                    expected=", ".join(map(str, known)),
                )  # fmt: skip

    def left_hz(self, sky: Satellites) -> list[tuple[float, ...]]:
        """Frequencies that still work, of each satellite, highest first."""
        low, high = self.jammed_mhz or (0.0, 0.0)
        carriers = [sorted({frequency_hz(s, b) for b in bands}, reverse=True) for s, bands in sky.signals]
        return [tuple(f for f in found if not low <= f / 1e6 <= high) for found in carriers]

    def keeps(self, sky: Satellites) -> NDArray[np.bool_]:
        """Satellites that count, shape (satellite,)."""
        wanted = np.isin(sky.system, list(self.systems)) & np.isin(sky.orbit, self.orbits)
        if self.generation:
            wanted &= (sky.system != "C") | (sky.generation == self.generation)
        working = np.array([bool(found) for found in self.left_hz(sky)], dtype=bool)
        return np.asarray(wanted & working & ~np.isin(sky.names, self.lost))


@dataclass(frozen=True)
class Book:
    """Cases and the belt in which signals scintillate."""

    cases: tuple[Case, ...]
    belt: Belt

    def keep(self, sky: Satellites) -> NDArray[np.bool_]:
        """Satellites that count, shape (case, satellite)."""
        return np.array([case.keeps(sky) for case in self.cases])

    @property
    def names(self) -> list[str]:
        """Names of the cases."""
        return [case.name for case in self.cases]

    def chosen(self, names: Sequence[str]) -> Book:
        """The cases of these names, in this order; all where there are none."""
        known = {case.name: case for case in self.cases}
        for name in names:
            if name not in known:
                raise RabtaError(
                    "no such case of the sky", key="pnt.cases", value=name, expected=nearest(name, known)
                )
        return Book(tuple(known[name] for name in names), self.belt) if names else self


def load(name: str) -> Book:
    """Cases from the catalog."""
    entry = catalog.entry("skycases", name)
    belt = entry.data["belt"]
    found = []
    for row in entry.data["case"]:
        unknown = set(row) - set(Case.__dataclass_fields__)
        if unknown:
            key = min(unknown)
            raise RabtaError(
                "a case of the sky has no such key", file=entry.path, key=key,
                expected=nearest(key, Case.__dataclass_fields__),
            )  # fmt: skip
        lists = {key: tuple(row[key]) for key in ("orbits", "lost", "jammed_mhz") if key in row}
        found.append(Case(**{**row, **lists}))
    edges = ("from_local_hour", "to_local_hour", "least_magnetic_deg", "most_magnetic_deg")
    return Book(tuple(found), Belt(*(float(belt[key]) for key in edges)))
