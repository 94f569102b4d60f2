"""Suite ``positions``: single-point and differential positions beside known places.

Without files: constructed skies whose answer is known in closed form. With ``--files``: real receivers. A row
holds where the 95th percentile of the error is at most its tolerance; the limits are those that this project
set itself before it measured, from what other engines reach on the same files (named in each source).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.pnt import position, rinex
from rabta.pnt.orbits.constants import EARTH_ROTATION, LIGHT_M_S
from rabta.pnt.position import accuracy
from rabta.pnt.position.weights import best
from rabta.pnt.records import Observations, empty_ephemerides
from rabta.verify import Row, suite
from rabta.verify.pnt import drives

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A receiver at a known place, and how near positions should come (metres, shares)."""

    name: str
    observations: str
    navigation: str
    truth: str
    options: dict[str, Any]
    h95_m: float
    v95_m: float
    share: float
    peers: str
    misses: tuple[str, ...] = ()


NAGOYA = "-3817681.3807,3562839.9785,3650158.3760"
ESBC = "3582104.9497,532590.2042,5232755.3686"
BELE = "4228139.0493,-4772752.2152,-155761.0640"
ESBC_OBS, ESBC_NAV = (f"ESBC00DNK_R_20201770000_01D_{kind}" for kind in ("30S_MO.crx.gz", "MN.rnx.gz"))
BELE_OBS, BELE_NAV = "BELE00BRA_R_20240100000_01D_30S_MO.crx.gz", "BRDC00IGS_R_20240100000_01D_MN.rnx.gz"
CASES = (
    Case(
        "Nagoya, BeiDou, B1I and B3I", "rover.obs.gz", "base.nav", NAGOYA,
        {"systems": "C", "signals": {"C": ("2I", "6I")}},
        1.8, 2.2, 1.0, "RTKLIB 2.4.3: 7.0 and 26.8 m; place: base and rover of the set, 3 mm apart in RTK",
        ("V95",),
    ),
    Case(
        "ESBC 24 h, BeiDou, B1I", ESBC_OBS, ESBC_NAV, ESBC,
        {"systems": "C", "signals": {"C": ("2I",)}, "mode": "single"},
        1.30, 2.40, 1.0, "RTKLIB 2.4.3: 1.84 and 2.91 m, sidereon: 1.34 and 2.85 m; place: PPP within 0.1 m",
        ("H95",),
    ),
    Case(
        "BELE 24 h, GPS and BeiDou", BELE_OBS, BELE_NAV, BELE, {"systems": "GC"},
        3.0, 5.5, 1.0, "RTKLIB 2.4.3: 1.9 and 6.5 m; place: IGS SINEX",
    ),
    Case(
        "BELE 24 h, BeiDou, B1I and B3I", BELE_OBS, BELE_NAV, BELE,
        {"systems": "C", "mode": "iono-free", "signals": {"C": ("2I", "6I")}},
        float("nan"), float("nan"), 0.88,
        "RTKLIB 2.4.3: no position; 4 satellites are up in 88.7 % of epochs",
    ),
)  # fmt: skip


@suite(
    "positions",
    "Navigation: positions of receivers beside known places",
    needs=", ".join(dict.fromkeys(name for case in CASES for name in (case.observations, case.navigation)))
    + ", base.obs.gz, "
    + ", ".join(drives.FILES),
)
def rows(files: Path | None) -> list[Row]:
    """Skies with a known answer; with ``--files`` real receivers, those whose files are there."""
    found = [*_tetrahedron(), _combination()]
    if files is not None:
        for case in CASES:
            if (files / case.observations).is_file() and (files / case.navigation).is_file():
                found += _real(files, case)
        if (files / "rover.obs.gz").is_file() and (files / "base.nav").is_file():
            found += _labels(files) + _differential(files)
        if all((files / name).is_file() for name in drives.FILES):
            found += drives.urban(files)
    return found


def constructed(here: Array, directions: Array, clock_m: float) -> position.Geometry:
    """One epoch of satellites in local directions (east, north, up), 20,000 km away, without any error."""
    lat, lon, _ = geo.geodetic_from_ecef(here)
    satellites = here + 2e7 * directions @ geo.east_north_up(lat, lon)
    turn = EARTH_ROTATION / LIGHT_M_S * (satellites[:, 0] * here[1] - satellites[:, 1] * here[0])
    n, zeros = len(directions), np.zeros(len(directions))
    ones = np.ones(n)
    return position.Geometry(
        times=np.zeros(1, np.int64), start=np.array([0, n]), epoch=np.zeros(n, np.int64),
        system=np.full(n, "C"), prn=np.arange(20, 20 + n), source=np.arange(n), ephemeris=np.arange(n),
        ephemerides=empty_ephemerides(0), codes=np.full((n, 1), "2I"), ranges_m=zeros[:, None],
        delays_s=zeros[:, None],
        frequencies_hz=1.5e9 * ones[:, None], shares=ones[:, None],
        range_m=np.linalg.norm(satellites - here, axis=1) + turn + clock_m, doppler_m_s=np.full(n, np.nan),
        cn0=np.full(n, np.nan), satellite_m=satellites, satellite_m_s=np.zeros((n, 3)), clock_s=zeros,
        clock_rate=zeros, azimuth_deg=zeros, elevation_deg=90.0 * ones, ionosphere_m=zeros,
        troposphere_m=zeros,
        sigma_m=ones, group=np.zeros(n, np.int64), groups=("C 2I",), parent=np.zeros(1, np.int64),
        tie_m=np.zeros(1), place_m=np.zeros((1, 3)),
    )  # fmt: skip


def tetrahedron() -> Array:
    """One satellite overhead, three at -19.47 degrees: the best four."""
    low = np.arcsin(-1.0 / 3.0)
    azimuth = np.radians([0.0, 120.0, 240.0])
    three = np.stack(
        [np.cos(low) * np.sin(azimuth), np.cos(low) * np.cos(azimuth), np.full(3, np.sin(low))], axis=-1
    )
    return np.vstack([[0.0, 0.0, 1.0], three])


def _tetrahedron() -> list[Row]:
    here = geo.ecef_from_geodetic(33.7, 73.1, 540.0)
    found = position.solve_rows(constructed(here, tetrahedron(), 1234.5))
    pdop, hdop, vdop, tdop = found.dop[0]
    source = "Parkinson and Spilker 1996, volume I, chapter 5: four satellites at best have a GDOP of 1.581"
    away = float(np.linalg.norm(found.position_m[0] - here))
    return [
        Row("four satellites at best: GDOP", float(np.hypot(pdop, tdop)), np.sqrt(2.5), 1e-6, source),
        Row("four satellites at best: HDOP", float(hdop), np.sqrt(1.5), 1e-6, source),
        Row("four satellites at best: VDOP", float(vdop), np.sqrt(0.75), 1e-6, source),
        Row("their position, started from the Earth's centre, m", away, 0.0, 1e-6, "constructed ranges"),
        Row("their clock, m", float(found.clock_s[0, 0]) * LIGHT_M_S, 1234.5, 1e-6, "constructed ranges"),
    ]


def _combination() -> Row:
    """Variance of the best combination beside a dense inverse."""
    sigma, gamma, slack = np.array([0.5, 0.7, 0.9]), np.array([1.0, 1.515, 1.793]), 2.0
    dense = np.linalg.inv(np.diag(sigma**2) + slack**2 * np.outer(gamma, gamma))
    _, variance = best(sigma[None], np.array([slack]), gamma[None], np.ones((1, 3), bool))
    source = "generalised least squares: the inverse of ones' quadratic form"
    return Row(
        "best of three signals: variance, m2", float(variance[0]), 1.0 / float(dense.sum()), 1e-12, source
    )


def _real(files: Path, case: Case) -> list[Row]:
    obs, nav = rinex.observations(files / case.observations), rinex.navigation(files / case.navigation)
    found = position.solve(obs, nav, position.Options(**case.options))
    errors = accuracy.compare(found.times, found.position_m, accuracy.truth(case.truth))
    made = [
        Row(f"{case.name}: epochs without a position, %", 100.0 * (1.0 - errors.availability), 0.0,
            100.0 * (1.0 - case.share) + 1e-9, case.peers),
    ]  # fmt: skip
    for key, ours, limit in (
        ("H95", errors.horizontal_m(), case.h95_m),
        ("V95", errors.vertical_m(), case.v95_m),
    ):
        gate = key not in case.misses and not np.isnan(limit)
        made.append(Row(f"{case.name}: {key}, m", ours, 0.0, limit, case.peers, gate=gate))
    return made


def _labels(files: Path) -> list[Row]:
    """The same ranges under receivers' other names of B1I and B3I: the positions may not change."""
    obs, nav = rinex.observations(files / "rover.obs.gz"), rinex.navigation(files / "base.nav")
    options = position.Options(systems="C", mode="single")
    first = position.solve(obs, nav, options).position_m
    other = position.solve(renamed(obs, {"2I": "2X", "6I": "6X"}), nav, options).position_m
    away = float(np.nanmax(np.linalg.norm(first - other, axis=1)))
    source = "the same file; RTKLIB without TGD1 on C2X: 20 m (V95, NYA1)"
    return [Row("B1I named C2X: largest change of a position, m", away, 0.0, 1e-9, source)]


def renamed(obs: Observations, names: dict[str, str]) -> Observations:
    """BeiDou's signals under other codes."""
    beidou = obs.systems["C"]
    codes = tuple(code[0] + names.get(code[1:], code[1:]) for code in beidou.codes)
    return replace(obs, systems={**obs.systems, "C": replace(beidou, codes=codes)})


def _differential(files: Path) -> list[Row]:
    if not (files / "base.obs.gz").is_file():
        return []
    nav = rinex.navigation(files / "base.nav")
    rover, base = (rinex.observations(files / f"{name}.obs.gz") for name in ("rover", "base"))
    place = geo.ecef_from_geodetic(35.134707705, 136.977577939, 104.85335)
    made = []
    for systems, h95, v95 in (("C", 0.49, 1.40), ("GEC", 0.34, 0.66)):
        found = position.differential(rover, base, place, nav, position.Options(systems=systems))
        errors = accuracy.compare(found.times, found.position_m, accuracy.truth(NAGOYA))
        source = "RTKLIB 2.4.3, differential codes, the same file (all systems beside GEC)"
        made.append(Row(f"Nagoya differential, {systems}: H95, m", errors.horizontal_m(), 0.0, h95, source))
        made.append(Row(f"Nagoya differential, {systems}: V95, m", errors.vertical_m(), 0.0, v95, source))
    return made
