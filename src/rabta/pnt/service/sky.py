"""The sky of a day: satellites by their own messages, and what judges a place under it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.pnt import gnsstime, orbits
from rabta.pnt.records import EPHEMERIS, empty_ephemerides
from rabta.pnt.service import accuracy, geometry, summary
from rabta.pnt.service import cases as cases_
from rabta.scenario import Pnt

Array = NDArray[np.float64]
Messages = Mapping[str, Sequence[str]]

DAY_S, HOUR_S = 86_400, 3_600.0
NAVIGATES = "GRECJ"  # systems that the cases know
FLAT_RAD, HIGH_SQRT_A = 0.2, 6_000.0  # inclination of a geostationary, root of the axis above 36,000 km
SENDS = {
    ("G", "LNAV"): "12", ("G", "CNAV"): "2", ("G", "CNV2"): "1", ("R", "FDMA"): "12", ("E", "INAV"): "1567",
    ("E", "FNAV"): "15", ("C", "D1"): "26", ("C", "D2"): "26", ("C", "CNV1"): "1", ("C", "CNV2"): "5",
    ("C", "CNV3"): "7", ("J", "LNAV"): "1", ("J", "CNAV"): "25", ("J", "CNV2"): "1",
}  # fmt: skip
"""Frequency digits that a message says a satellite sends; L5 where CNAV has its delay."""


@dataclass(frozen=True)
class Day:
    """Satellites of a day."""

    satellites: cases_.Satellites
    sky: geometry.Sky


def files(name: str) -> list[Path]:
    """Files that a day of ephemerides comes from: a catalog entry's, or a RINEX navigation file."""
    if name in catalog.names("ephemerides"):
        entry = catalog.entry("ephemerides", name)
        return [entry.path.parent / str(entry.data["file"])]
    if Path(name).is_file():
        return [Path(name)]
    raise RabtaError(
        "no such day of ephemerides", key="pnt.ephemerides", value=name,
        expected=f"{nearest(name, catalog.names('ephemerides'))}, or a RINEX navigation file",
    )  # fmt: skip


def messages(name: str) -> NDArray[np.void]:
    """Broadcast ephemerides of a catalog entry or of a RINEX navigation file."""
    from rabta.pnt import rinex

    path = files(name)[0]
    return _table(path) if path.suffix == ".parquet" else rinex.navigation(path).ephemerides


def _table(path: Path) -> NDArray[np.void]:
    import pandas as pd

    table = pd.read_parquet(path)
    rows = empty_ephemerides(len(table))
    for column in table.columns:
        if column not in (EPHEMERIS.names or ()):
            raise RabtaError(
                "a column that no ephemeris has", file=path, key=str(column),
                expected=nearest(str(column), EPHEMERIS.names or ()),
            )  # fmt: skip
        rows[column] = table[column].to_numpy()
    return rows


@cache
def load(name: str, step_min: float) -> Day:
    """Satellites over the day that most messages are of.

    Parameters
    ----------
    name : str
        See `files`.
    step_min : float
        Between instants, from midnight of GPS time.
    """
    rows = messages(name)
    rows = rows[np.isin(rows["system"], list(NAVIGATES))]
    if not rows.size:
        raise RabtaError("no ephemerides in the file", file=files(name)[0], expected="navigation messages")
    midnight = int(np.median(rows["toe"])) // (DAY_S * gnsstime.NS) * DAY_S * gnsstime.NS
    steps = np.arange(0.0, DAY_S, 60.0 * step_min)
    return over(rows, midnight + np.round(steps * gnsstime.NS).astype(np.int64))


def over(rows: NDArray[np.void], times: NDArray[np.int64], kinds: Messages | None = None) -> Day:
    """Satellites at given instants.

    Parameters
    ----------
    rows : ndarray of EPHEMERIS
    times : ndarray of int64, shape (time,)
    kinds : mapping, optional
        Messages that count, by system, in the order of preference; see `orbits.select`.
    """
    names = sorted({(str(s), int(p)) for s, p in zip(rows["system"], rows["prn"], strict=True)})
    system, prn = np.array([s for s, _ in names]), np.array([p for _, p in names], dtype=np.int64)
    grid = times.size, len(names)
    picked = orbits.select(
        rows, np.tile(system, times.size), np.tile(prn, times.size), np.repeat(times, len(names)), kinds=kinds
    )
    found = orbits.states(rows, picked, np.repeat(times, len(names)))
    position = found.position_m.reshape(*grid, 3)
    heard = (picked.reshape(grid) >= 0) & np.isfinite(position).all(axis=-1)
    ever = heard.any(axis=0)
    hours = (times - times[0] // (DAY_S * gnsstime.NS) * DAY_S * gnsstime.NS) / gnsstime.NS / HOUR_S
    sky = geometry.Sky(hours, np.ascontiguousarray(position[:, ever]), np.ascontiguousarray(heard[:, ever]))
    return Day(_satellites(rows, system[ever], prn[ever]), sky)


def _satellites(
    rows: NDArray[np.void], system: NDArray[np.str_], prn: NDArray[np.int64]
) -> cases_.Satellites:
    """What tells satellites apart: orbit and signals, by their messages."""
    orbit, bands = [], []
    for s, p in zip(system, prn, strict=True):
        mine = rows[(rows["system"] == s) & (rows["prn"] == p)]
        orbit.append(_orbit(mine))
        bands.append(_bands(str(s), int(p), mine))
    return cases_.Satellites(system, prn, np.array(orbit), tuple(bands))


def _orbit(mine: NDArray[np.void]) -> str:
    high = mine[np.nan_to_num(mine["sqrt_a"]) > HIGH_SQRT_A]
    if not high.size:
        return "meo"
    return "geo" if abs(float(np.median(high["i0"]))) < FLAT_RAD else "igso"


def _bands(system: str, prn: int, mine: NDArray[np.void]) -> str:
    found = {digit for kind in np.unique(mine["kind"]) for digit in SENDS.get((system, str(kind)), "")}
    if system in "GJ" and np.nan_to_num(mine["isc_l5i5"]).any():
        found.add("5")
    if system == "C" and prn < cases_.FIRST_OF_BEIDOU_3:
        found.add("7")  # B2I: BDS-SIS-ICD-2.1
    return "".join(sorted(found))


@dataclass(frozen=True)
class Judge:
    """What places under a sky have in each case."""

    book: cases_.Book
    satellites: cases_.Satellites
    sky: geometry.Sky
    keep: NDArray[np.bool_]
    grouped: geometry.Groups
    weights: geometry.Weights
    limit: float
    step_min: float

    def figures(self, who: geometry.Users, mask_deg: float) -> geometry.Figures:
        """Instants of users."""
        belt = self.book.belt if any(case.scintillation for case in self.book.cases) else None
        return geometry.figures(who, self.sky, self.grouped, self.weights, mask_deg, belt)

    def day(self, who: geometry.Users, mask_deg: float) -> summary.Day:
        """The day of users."""
        return summary.day(self.figures(who, mask_deg), limit=self.limit, step_min=self.step_min)


def judge(rules: Pnt, cases: Sequence[str] = ()) -> Judge:
    """Judge of a scenario's rules, of all its cases or of those named."""
    day = load(rules.ephemerides, rules.step_min)
    book, errors = cases_.load(rules.cases).chosen(cases), accuracy.load(rules.errors)
    keep = book.keep(day.satellites)
    steady = np.array([not case.scintillation for case in book.cases])
    grouped = geometry.groups(day.satellites.number, keep, steady)
    weights = _weights(book, day.satellites, errors)
    return Judge(
        book, day.satellites, day.sky, keep, grouped, weights, limit=rules.pdop_limit, step_min=rules.step_min
    )


def _weights(book: cases_.Book, sky: cases_.Satellites, errors: accuracy.Errors) -> geometry.Weights:
    """Worth of ranges by case: cases with the same frequencies and ranges share a table."""
    rules = sorted({(case.ranges, case.jammed_mhz) for case in book.cases})
    table = np.zeros((len(rules), len(sky.bands), 91))
    for row, (ranges, _) in enumerate(rules):
        sample = next(case for case in book.cases if (case.ranges, case.jammed_mhz) == rules[row])
        for s, left in enumerate(sample.left_hz(sky)):
            if left:
                signal = errors.signal_in_space_m[_source(sky, s)]
                table[row, s] = 1.0 / accuracy.variance(errors, signal, left, ranges, np.arange(91.0))
    mode = [rules.index((case.ranges, case.jammed_mhz)) for case in book.cases]
    return geometry.Weights(np.array(mode, dtype=np.int64), table)


def _source(sky: cases_.Satellites, row: int) -> str:
    """Key of a satellite's errors: its system, and the generation of BeiDou."""
    letter = str(sky.system[row])
    return f"C{sky.generation[row]}" if letter == "C" else letter
