"""Suite ``ionosphere``: what delays a ray and what moves the ground, beside published vectors.

BDGIM's vectors are values of the reference code of the Chinese Academy of Sciences (bdgim_c, 2021). It
computes its forecast coefficients once a day into a struct that its caller clears before each call, so
that from the second call of a process on they are zero. The 32 values of ``bdgim_reference.txt`` came
from one process: only the first holds the whole model. Rows beside them leave the forecast part out;
rows of a fresh process for each value hold the model. Where the two differ is shown.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from rabta import geo
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import bdgim, bodies, klobuchar, ntcm, tides, troposphere
from rabta.verify import Row, reference, suite

Case = tuple[str, int, ArrayLike, ArrayLike]

NAN = float("nan")
B1C = 1_575.42e6
CODE = "reference code of BDGIM (AIR-CAS, 2021)"
IERS = "IERS Conventions 2010, DEHANTTIDEINEL.F, test case"

# 2020-11-05, the example of the reference code; Karachi's satellite stands above it, away from the centre.
BROADCAST = (
    *(13.82642069, -1.78004616, 5.172),
    *(3.1303094, -4.58961329, 0.32483867),
    *(-0.07802383, 1.2431259, 0.37763627),
)
STATION = (-2159945.3149, 4383237.1901, 4085412.3177)
SATELLITE = (-34342443.2642, 24456393.0586, 12949.4754)
DAY = np.datetime64("2020-11-05", "h")
FRESH = {1: 3.2873544, 5: 4.8443338, 9: 3.1870247, 13: 1.6880576, 17: 1.4413701, 21: 1.1520122}
ONE_PROCESS = (
    *(2.5783, 3.9988, 4.8367, 5.5775, 6.1191, 6.3889, 6.3614, 6.0638, 5.5650, 4.9543, 4.3192, 3.7279),
    *(3.2214, 2.8111, 2.4838, 2.2123, 1.9693, 1.7422, 1.5436, 1.4107, 1.3952, 1.5468, 1.8973, 2.4495),
    *(1.2299, 2.2269, 3.9801, 4.6878, 3.8073, 2.5600, 1.8437, 1.3665),
)
# NTCM-G Ionospheric Model Description 1.0, annex: coefficients, hour of day 105, receiver and satellite, TECu
HIGH = (236.831641, -0.39362878, 0.00402826613)
MEDIUM = (121.129893, 0.351254133, 0.0134635348)
LOW = (2.580271, 0.127628236, 0.0252748384)
VECTORS = (
    (HIGH, 0, (-62.34, 82.49, 78.11), (8.23, 54.29, 20281546.18), 33.7567),
    (HIGH, 12, (-52.81, 5.25, -25.76), (-102.83, -40.74, 20153844.84), 194.4159),
    (HIGH, 20, (-52.81, 5.25, -25.76), (10.94, 44.72, 20450566.19), 252.0204),
    (MEDIUM, 0, (40.19, -3.00, -23.32), (76.65, -41.43, 20157673.93), 28.3208),
    (MEDIUM, 8, (40.19, -3.00, -23.32), (89.22, -40.56, 20055109.63), 149.9891),
    (MEDIUM, 12, (40.19, -3.00, -23.32), (90.78, -28.26, 20081398.25), 153.7801),
    (LOW, 0, (141.13, 39.14, 117.00), (165.14, -13.93, 20181976.50), 51.5270),
    (LOW, 4, (141.13, 39.14, 117.00), (-130.77, 54.40, 20121312.41), 38.0286),
    (LOW, 20, (-155.46, 19.80, 3754.69), (-82.52, 20.64, 19937791.48), 67.4750),
)
TIDE = (0.07700420357108125891, 0.06304056321824967613, 0.05516568152597246810)


@suite(
    "ionosphere",
    "Navigation: ionosphere, troposphere, tides of the ground",
    needs="bdgim_reference.txt",
)
def rows(files: Path | None) -> list[Row]:
    """Published vectors; the values of one process from ``--files`` where given."""
    path = reference(files, "bdgim_reference.txt")
    values = ONE_PROCESS if path is None else _read(path)
    return [*_klobuchar(), *_fresh(), *_one_process(values), *_ntcm(), *_air(), *_ground()]


def _read(path: Path) -> tuple[float, ...]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return tuple(float(line.split()[-2]) for line in lines if line.endswith(" m"))


def _klobuchar() -> list[Row]:
    alpha, beta = (0.3820e-7, 0.1490e-7, -0.1790e-6, 0.0), (0.1430e6, 0.0, -0.3280e6, 0.1130e6)
    time = gnsstime.from_week(1000, 593_100)
    here = geo.ecef_from_geodetic(40.0, -100.0)
    ours = klobuchar.delay_m(alpha, beta, here, 210.0, 20.0, time, B1C)
    source = "klobuchar.m (MathWorks File Exchange 59530); also in the tests of Orekit"
    return [Row("Klobuchar, GPS form, 20 degrees up, m", float(ours), 23.784, 5e-4, source)]


def _at(hour: float) -> int:
    return int(gnsstime.from_utc(DAY + np.timedelta64(int(hour), "h")))


def _fresh() -> list[Row]:
    return [
        Row(
            f"BDGIM, {hour:02d} h UTC, m",
            float(bdgim.delay_m(BROADCAST, STATION, SATELLITE, _at(hour), B1C)),
            theirs,
            1e-6,
            f"{CODE}, a process for each value",
        )
        for hour, theirs in FRESH.items()
    ]


def _one_process(values: tuple[float, ...]) -> list[Row]:
    karachi = geo.ecef_from_geodetic(24.86, 67.0)
    cases: list[Case] = [(f"{hour:02d} h UTC", hour, STATION, SATELLITE) for hour in range(24)]
    cases += [
        (f"Karachi, zenith, {hour:02d} h UTC", hour, karachi, 4.0 * karachi) for hour in range(0, 24, 3)
    ]
    found, source = [], f"{CODE}, 32 values of one process"
    for i, (name, hour, here, there) in enumerate(cases[: len(values)]):
        ours = float(bdgim.delay_m(BROADCAST, here, there, _at(hour), B1C, forecasts=i == 0))
        part = "whole model" if i == 0 else "broadcast part"
        found.append(Row(f"BDGIM, {name}, {part}, m", ours, values[i], 1e-3, source))
    for i in (5, 17, 27):
        name, hour, here, there = cases[i]
        ours = float(bdgim.delay_m(BROADCAST, here, there, _at(hour), B1C))
        wrong = f"{CODE}: a later call, its forecast coefficients cleared"
        found.append(Row(f"BDGIM, {name}, whole model, m", ours, values[i], NAN, wrong, gate=False))
    return found


def _ntcm() -> list[Row]:
    found = []
    for coefficients, hour, here, there, theirs in VECTORS:
        ours = ntcm.slant_tecu(
            coefficients,
            geo.ecef_from_geodetic(here[1], here[0], here[2]),
            geo.ecef_from_geodetic(there[1], there[0], there[2]),
            gnsstime.from_utc(np.datetime64("2019-04-15T00", "h") + np.timedelta64(hour, "h")),
        )
        name = f"NTCM-G, {here[1]:g} N {here[0]:g} E, {hour:02d} h, TECu"
        found.append(Row(name, float(ours), theirs, 1e-4, "NTCM-G Ionospheric Model Description 1.0, annex"))
    return found


def _air() -> list[Row]:
    time = gnsstime.from_utc("2009-08-12")
    dry, wet = troposphere.niell(38.43782, 844.715, 90.0 - 73.2563287, time)
    source = "IERS Conventions 2010, GMF.F, test case: another model, within 3e-4"
    when = gnsstime.from_week(2191, 444_272.261)
    zenith = sum(float(item) for item in troposphere.seasonal_zenith_m(-11.368420, 1916.205, when))
    slant = zenith * float(troposphere.simple_mapping(18.577808))
    mapped = troposphere.niell(-11.368420, 1916.205, 18.577808, when)
    peer = "RTKLIB-EX 2.5.1 through pyrtklib5"
    return [
        Row("pressure of the standard air at 5 km, hPa", _pressure(5e3), 540.199, 1e-2, "ICAO Doc 7488"),
        Row("pressure of the standard air at 11 km, hPa", _pressure(11e3), 226.32, 1e-2, "ICAO Doc 7488"),
        Row("Niell beside GMF, 16.7 degrees, hydrostatic", float(dry), 3.425245519, 1e-3, source),
        Row("Niell beside GMF, 16.7 degrees, wet", float(wet), 3.449589116, 1e-3, source),
        Row("Niell, 18.6 degrees, hydrostatic", float(mapped[0]), 3.105932685, 1e-6, peer),
        Row("Niell, 18.6 degrees, wet", float(mapped[1]), 3.122993609, 1e-6, peer),
        Row("air by season, DO-229, 18.6 degrees, m", slant, 6.127251699, 1e-6, peer),
    ]


def _pressure(height_m: float) -> float:
    return float(troposphere.standard_air(height_m)[0])


def _ground() -> list[Row]:
    time = gnsstime.from_utc("2009-04-13")
    sun = (137859926952.015, 54228127881.4350, 23509422341.6960)
    moon = (-179996231.920342, -312468450.131567, -169288918.592160)
    station = (4075578.385, 931852.890, 4801570.154)
    moved = tides.solid_from_bodies_m(station, sun, moon, time)
    found = [
        Row(f"solid tide, {axis}, m", float(ours), theirs, 1e-12, IERS)
        for axis, ours, theirs in zip("xyz", moved, TIDE, strict=True)
    ]
    for name, ours, theirs, tolerance in (
        ("Sun", bodies.sun_m(time), sun, 3e4),
        ("Moon", bodies.moon_m(time), moon, 500.0),
    ):
        far = float(np.linalg.norm(ours)) / 1e3, float(np.linalg.norm(theirs)) / 1e3
        found.append(
            Row(f"distance of the {name}, km", *far, tolerance, f"{IERS}; our series' stated accuracy")
        )
    return found
