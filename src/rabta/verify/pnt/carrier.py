"""Suites ``rtk`` and ``ppp``: integer phases and precise points, beside examples and known places."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.pnt import gnsstime, orbits, rinex
from rabta.pnt.precise import lambda_, ppp, rtk
from rabta.pnt.products import clk, sp3
from rabta.pnt.records import Navigation
from rabta.pnt.service import sky
from rabta.pnt.simulate.receiver import Receiver, observe
from rabta.verify import Row, reference, suite

Array = NDArray[np.float64]

DELFT = "de Jonge and Tiberius, LGR Series 12 (Delft, 1996): three ambiguities and their covariance"
DELFT_A = np.array([5.450, 3.100, 2.970])
DELFT_Q = np.array([[6.290, 5.978, 0.544], [5.978, 6.292, 2.340], [0.544, 2.340, 6.288]])
NAGOYA = ("rover.obs.gz", "base.obs.gz", "base.nav", "rover_position.txt", "base_position.txt")
WETTZELL = tuple(f"{n}00DEU_R_20201770000_01D_30S_MO_120epoch.rnx.gz" for n in ("WTZZ", "WTZR"))
ESBC_NAV = "ESBC00DNK_R_20201770000_01D_MN.rnx.gz"
# IGS weekly solution, moved to 25 June 2020; antennas' reference points and heights applied
WTZR, WTZZ = (
    np.array([4075580.3890, 931854.0911, 4801568.4050]),
    np.array([4075579.4068, 931853.4377, 4801569.4754]),
)
PPP_FILES = (
    "ESBC00DNK_R_20201770000_01D_30S_MO.crx.gz",
    ESBC_NAV,
    "GRG0MGXFIN_20201770000_01D_15M_ORB.SP3.gz",
    "GRG0MGXFIN_20201770000_01D_30S_CLK.CLK.gz",
)
ESBC = np.array([3582104.9497, 532590.2042, 5232755.3686])


@suite(
    "rtk",
    "Navigation: integers of carrier phases between two receivers",
    needs=", ".join((*NAGOYA, *WETTZELL, ESBC_NAV)),
)
def rtk_rows(files: Path | None) -> list[Row]:
    """An example of LAMBDA's authors, a simulated baseline; with files real receivers."""
    return [*_delft(), *_simulated(), *_nagoya(files), *_wettzell(files)]


def _delft() -> list[Row]:
    found = lambda_.fix(DELFT_A, DELFT_Q)
    return [
        Row("Integers 5, 3, 4: distance of the best", found.distance[0], 0.2183, 5e-5, DELFT),
        Row("Distance of the second, 6, 4, 4", found.distance[1], 0.3073, 5e-5, DELFT),
        *(
            Row(f"Integer {i + 1}", found.integers[0, i], v, 0.0, DELFT)
            for i, v in enumerate((5.0, 3.0, 4.0))
        ),
    ]


@cache
def _sky() -> tuple[Navigation, NDArray[np.int64], Array]:
    times = gnsstime.from_calendar("2026-03-09T06:00:00") + np.arange(60) * 30 * gnsstime.NS
    return Navigation(sky.messages("2026-03-09")), times, geo.ecef_from_geodetic(33.68, 73.05, 540.0)


def _simulated() -> list[Row]:
    nav, times, base = _sky()
    rover = base + np.array([300.0, -200.0, 400.0])
    words = "Seeded receivers 539 m apart under the satellites of 9 March 2026; no error is the truth"
    rows = []
    for systems in ("C", "GEC"):
        found = rtk.solve(
            observe(nav, times, rover, 1), observe(nav, times, base, 2), base, nav, systems=systems
        )
        error = np.linalg.norm(found.position_m - rover, axis=1)
        rows.append(Row(f"Simulated, {systems}: share fixed", found.fixed.mean(), 1.0, 0.05, words))
        rows.append(
            Row(f"Simulated, {systems}: largest error, m", error[found.fixed].max(), 0.0, 0.05, words)
        )
    return rows


def _there(files: Path | None, names: tuple[str, ...]) -> list[Path]:
    """Files of a case; none where the folder does not hold the first."""
    if files is None or not (files / names[0]).is_file():
        return []
    return [path for name in names for path in [reference(files, name)] if path is not None]


def _place(path: Path) -> Array:
    return geo.ecef_from_geodetic(*map(float, path.read_text(encoding="utf-8").split()))


def _shown(name: str, found: rtk.Fixes, truth: Array, least: float, most_m: float, peer: str) -> list[Row]:
    error = np.linalg.norm(found.position_m - truth, axis=1)
    right = found.fixed & (error < 0.05)
    rms = float(np.sqrt((error[found.fixed] ** 2).mean())) if found.fixed.any() else np.nan
    return [
        Row(f"{name}: share of epochs fixed rightly", right.mean(), 1.0, 1.0 - least, peer),
        Row(f"{name}: wrong fixes", float((found.fixed & ~right).sum()), 0.0, 0.0, peer),
        Row(f"{name}: 3D RMS of the fixed, m", rms, 0.0, most_m, peer),
    ]


def _nagoya(files: Path | None) -> list[Row]:
    paths = _there(files, NAGOYA)
    if not paths:
        return []
    rover, base = (rinex.observations(path) for path in paths[:2])
    found = rtk.solve(rover, base, _place(paths[4]), rinex.navigation(paths[2]), systems="C")
    return _shown("Nagoya, BeiDou", found, _place(paths[3]), 1.0, 0.004, "RTKLIB 2.4.3: 100 %, 3 to 4 mm")


def _wettzell(files: Path | None) -> list[Row]:
    paths = _there(files, (*WETTZELL, ESBC_NAV))
    if not paths:
        return []
    rover, base = (rinex.observations(path) for path in paths[:2])
    found = rtk.solve(rover, base, WTZR, rinex.navigation(paths[2]), systems="C")
    return _shown("WTZR-WTZZ, BeiDou", found, WTZZ, 0.9, 0.02, "RTKLIB 2.4.3: 7.5 %; places: IGS SINEX")


@suite(
    "ppp",
    "Navigation: precise points from an analysis centre's orbits and clocks",
    needs=", ".join(PPP_FILES),
)
def ppp_rows(files: Path | None) -> list[Row]:
    """A simulated receiver with its own orbits; with files a day of a real one."""
    return [*_own_orbits(), *_esbc(files)]


def _own_orbits() -> list[Row]:
    nav, times, place = _sky()
    table = nav.ephemerides

    def states(
        system: NDArray[np.str_], prn: NDArray[np.int64], when: NDArray[np.int64], ahead: Array
    ) -> orbits.States:
        return orbits.states(table, orbits.select(table, system, prn, when), when, ahead, own_clock=True)

    from rabta.pnt.atmosphere import tides

    obs = observe(nav, times, place, 5, Receiver(signals={"G": ("1C", "2W"), "C": ("2I", "6I")}, wet_m=0.08))
    found = ppp.by_states(obs, nav, states, systems="GC")
    tide = tides.solid_m(np.broadcast_to(place, (times.size, 3)), times)  # the simulated ground has none
    error = np.linalg.norm(found.position_m + tide - place, axis=1)
    words = "Seeded receiver, GPS and BeiDou, orbits without error; no error is the truth"
    return [
        Row("Simulated: 3D error after half an hour, m", error[-1], 0.0, 0.15, words),
        Row("Simulated: zenith wet delay, m", found.wet_m[-1], 0.08, 0.06, words),
    ]


def _esbc(files: Path | None) -> list[Row]:
    paths = _there(files, PPP_FILES)
    if not paths:
        return []
    obs, nav = rinex.observations(paths[0]), rinex.navigation(paths[1])
    found = ppp.solve(obs, nav, sp3.read(paths[2]), clk.read(paths[3]), systems="G")
    axes = geo.east_north_up(*geo.geodetic_from_ecef(ESBC)[:2])
    error = ((found.position_m - ESBC) @ axes.T)[240:]
    scatter, mean = np.nanstd(error, axis=0), np.nanmean(error, axis=0)
    peer = "RTKLIB 2.4.3 on the same files: below 2 cm level, 4 cm up"
    known = "Place by another PPP, within 0.1 m; antenna without its calibration"
    return [
        *(
            Row(f"ESBC 24 h, GPS: scatter after 2 h, {name}, m", scatter[i], 0.0, limit, peer)
            for i, (name, limit) in enumerate((("east", 0.02), ("north", 0.02), ("up", 0.04)))
        ),
        *(
            Row(f"ESBC 24 h, GPS: mean {n}, m", mean[i], 0.0, 0.1, known)
            for i, n in enumerate(("east", "north", "up"))
        ),
    ]
