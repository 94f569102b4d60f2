"""Suite ``itm``: Longley-Rice over two published test paths, NTIA's ten test vectors, and a defect.

Sources: the path from Crystal Palace to Mursley (77.8 km, 41.5 MHz) and the area prediction at 20 MHz are
the test cases of NTIA's programs (public domain) as the tests of itmlogic (MIT, at 0e6b10b) state their
losses; ``p2p.csv``, ``pfls.csv`` and ``area.csv`` are NTIA's test vectors of the ITM (public domain, at
183ad95).
"""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.radio import itm
from rabta.radio.itm.path import CLIMATES, SITING
from rabta.radio.itm.variability import MODES
from rabta.verify import Row, suite

Array = NDArray[np.float64]

TOLERANCE_DB = 0.01  # the vectors print two decimals; free space of 32.45 dB stands for 32.449 in NTIA's code
LOGIC = "tests of itmlogic at 0e6b10b, on NTIA's test cases"
NTIA = "test vectors of NTIA's ITM at 183ad95"

# reliability, confidence, dB
MURSLEY = (
    *((0.01, 0.5, 128.59690), (0.01, 0.9, 137.64279), (0.01, 0.1, 119.55102)),
    *((0.99, 0.5, 139.74127), (0.99, 0.9, 148.43892), (0.99, 0.1, 131.04363)),
)
# km, confidence, dB
AREA = (
    *((10.0, 0.5, 111.69201), (10.0, 0.9, 121.59438), (10.0, 0.1, 101.78964)),
    *((500.0, 0.5, 215.27421), (500.0, 0.9, 221.71014), (500.0, 0.1, 208.83828)),
)
# heights in m, MHz, vertical, climate, time, location, situation, mode of variability, dB
POINT_TO_POINT = (
    ((10.0, 1.0), 230.0, True, 5, 0.50, 0.17, 0.23, 12, 207.65),
    ((3.0, 1.5), 480.0, True, 5, 0.22, 0.22, 0.22, 12, 157.10),
    ((15.0, 3.0), 990.0, False, 4, 0.15, 0.40, 0.50, 12, 178.53),
    ((3.0, 5.0), 5600.0, False, 2, 0.90, 0.30, 0.88, 12, 183.26),
    ((1.5, 10.0), 8800.0, True, 1, 0.23, 0.95, 0.20, 12, 218.91),
)
# heights in m, irregularity in m, mode of variability, km, sitings, MHz, vertical, climate, shares, dB
AREAS = (
    ((10.0, 1.0), 0.0, 0, 16.0, (0, 0), 230.0, False, 5, (0.87, 0.50, 0.50), 152.5),
    ((3.0, 1.5), 10.0, 1, 10.0, (1, 0), 450.0, False, 5, (0.40, 0.28, 0.25), 133.0),
    ((15.0, 3.0), 5.0, 2, 100.0, (2, 1), 980.0, True, 4, (0.92, 0.53, 0.97), 224.1),
    ((3.0, 5.0), 20.0, 3, 75.0, (0, 1), 3100.0, True, 2, (0.50, 0.80, 0.43), 205.1),
    ((1.5, 10.0), 45.0, 0, 25.0, (1, 2), 8900.0, True, 1, (0.70, 0.99, 0.26), 156.0),
)


def profiles() -> dict[str, tuple[float, Array]]:
    """Step in m and elevations in m of the test paths that ship."""
    text = (resources("rabta.verify.radio") / "itm_profiles.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {
        row["path"]: (float(row["step_m"]), np.array(row["elevations_m"].split(), dtype=np.float64))
        for row in csv.DictReader(lines)
    }


def variability(code: int, time: float, location: float, situation: float) -> itm.Quantiles:
    """Quantiles of NTIA's code: mode, 10 more for terminals that stand still, 20 more for interference."""
    return itm.Quantiles(
        time, location, situation, MODES[code % 10], fixed=code // 10 % 2 == 1, interference=code >= 20
    )


@suite("itm", "Longley-Rice: the ITS Irregular Terrain Model 1.2.2")
def rows(_files: Path | None) -> list[Row]:
    """Two published test cases, NTIA's ten vectors, defects."""
    return [*_mursley_rows(), *_area_rows(), *_vector_rows()]


def _mursley_rows() -> list[Row]:
    step, profile = profiles()["Crystal Palace to Mursley"]
    given = itm.Conditions(41.5e6, refractivity=314.0, elevation_m=0.0)
    found = []
    for reliability, confidence, published in MURSLEY:
        wanted = variability(11, reliability, 0.5, confidence)
        ours = float(itm.point_to_point(profile, step, (143.9, 8.5), given, wanted))
        what = f"Crystal Palace to Mursley, {reliability:.0%} of time, {confidence:.0%} confidence, dB"
        found.append(Row(what, ours, published, TOLERANCE_DB, LOGIC))
    return found


def _area_rows() -> list[Row]:
    """The published losses, whose ground takes the root of a real part only, and what the equation gives."""
    given = itm.Conditions(20e6, conductivity_s_m=0.001, vertical=True)
    right = itm.ground(given)
    relative = complex(given.permittivity, 376.62 * given.conductivity_s_m / right.wave_number)
    flawed = replace(right, impedance=np.sqrt(given.permittivity - 1.0) / relative)
    path = itm.from_area((3.3, 1.3), 102.0, right.curvature, ("very careful", "very careful"))
    found = []
    for km, confidence, published in AREA:
        wanted = variability(3, 0.5, 0.5, confidence)
        ours = float(itm.loss(path, flawed, km * 1e3, given.climate, wanted))
        what = f"area, {km:g} km, {confidence:.0%} confidence, dB"
        found.append(Row(what, ours, published, TOLERANCE_DB, LOGIC))
    wanted = variability(3, 0.5, 0.5, 0.5)
    lifted = float(itm.loss(path, right, 10e3, given.climate, wanted)) - AREA[0][2]
    what = "defect, area, 10 km: its test drops the imaginary part under the root of (1.4), dB"
    return [*found, Row(what, lifted, -0.0105, 5e-5, "tests/test_area.py of itmlogic at 0e6b10b")]


def _vector_rows() -> list[Row]:
    known = profiles()
    found = []
    for i, (over, mhz, vertical, climate, t, place, s, code, published) in enumerate(POINT_TO_POINT, 1):
        step, profile = known[f"NTIA {i}"]
        given = itm.Conditions(
            mhz * 1e6, conductivity_s_m=0.008, vertical=vertical, climate=CLIMATES[climate - 1]
        )
        ours = float(itm.point_to_point(profile, step, over, given, variability(code, t, place, s)))
        km = (profile.size - 1) * step / 1e3
        what = f"NTIA point to point {i}: {km:.1f} km, {mhz:g} MHz, dB"
        found.append(Row(what, ours, published, TOLERANCE_DB, NTIA))
    for i, (over, rough, code, km, care, mhz, vertical, climate, shares, published) in enumerate(AREAS, 1):
        given = itm.Conditions(
            mhz * 1e6, conductivity_s_m=0.008, vertical=vertical, climate=CLIMATES[climate - 1]
        )
        siting = [tuple(SITING)[j] for j in care]
        ours = float(itm.area(km * 1e3, rough, over, given, variability(code, *shares), siting=siting))
        what = f"NTIA area {i}: {km:g} km, {mhz:g} MHz, dB"
        found.append(Row(what, ours, published, 0.05, NTIA))
    return found
