"""Delays of the ionosphere and tides of the ground measured, beside other packages.

Usage: python bench/ionosphere.py [--peers FOLDER ...]
FOLDER holds packages installed elsewhere (``uv pip install --target``): pyrtklib5, sidereon, nequick.
Results go to bench/results/ionosphere.json. CPU seconds are compared; a figure is the least of several
runs after compilation. Peers work on single rays: a loop over them is what their users write.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np

from rabta import geo
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import bdgim, bodies, klobuchar, ntcm, tides, troposphere

RESULTS = Path(__file__).parent / "results" / "ionosphere.json"
L1 = 1_575.42e6
MANY, FEW = 1_000_000, 2_000
ALPHA, BETA = (1.1e-8, 1.5e-8, -6e-8, -1.2e-7), (96_256.0, 65_536.0, -131_072.0, -262_144.0)
BROADCAST = (13.826, -1.780, 5.172, 3.130, -4.590, 0.325, -0.078, 1.243, 0.378)
LEVEL = (121.129893, 0.351254133, 0.0134635348)
START = np.datetime64("2024-01-10T00:00:00", "s")


def least(job: Callable[[], object], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    found = []
    for _ in range(times):
        cpu = time.process_time()
        job()
        found.append(time.process_time() - cpu)
    return min(found)


def rays(count: int) -> dict[str, Any]:
    """Random receivers, satellites in their sky, and times of a day."""
    rng = np.random.default_rng(1)
    lat, lon = rng.uniform(-80.0, 80.0, count), rng.uniform(-180.0, 180.0, count)
    azimuth, elevation = rng.uniform(0.0, 360.0, count), np.degrees(np.arcsin(rng.uniform(0.1, 1.0, count)))
    here, axes = geo.ecef_from_geodetic(lat, lon, 100.0), geo.east_north_up(lat, lon)
    a, e = np.radians(azimuth), np.radians(elevation)
    way = np.stack([np.sin(a) * np.cos(e), np.cos(a) * np.cos(e), np.sin(e)], axis=-1)
    there = here + 2.2e7 * np.einsum("ri,rij->rj", way, axes)
    seconds = rng.integers(0, 86_400, count)
    time_ns = gnsstime.from_utc(START + seconds.astype("timedelta64[s]"))
    return {
        "lat": lat, "lon": lon, "azimuth": azimuth, "elevation": elevation, "here": here, "there": there,
        "seconds": seconds, "time": time_ns,
    }  # fmt: skip


def ours(r: dict[str, Any]) -> dict[str, Callable[[], np.ndarray]]:
    """Our jobs over rays."""
    angles = r["here"], r["azimuth"], r["elevation"], r["time"], L1
    return {
        "bdgim": lambda: bdgim.delay_m(BROADCAST, r["here"], r["there"], r["time"], L1),
        "klobuchar": lambda: klobuchar.delay_m(ALPHA, BETA, *angles),
        "klobuchar_beidou": lambda: klobuchar.delay_m(ALPHA, BETA, *angles, "beidou"),
        "ntcm_g": lambda: ntcm.delay_m(LEVEL, r["here"], r["there"], r["time"], L1),
        "saastamoinen": lambda: troposphere.saastamoinen_m(r["lat"], 100.0, r["elevation"]),
        "seasonal_niell": lambda: troposphere.seasonal_m(r["lat"], 100.0, r["elevation"], r["time"]),
        "solid_tide": lambda: tides.solid_m(r["here"][:100_000], r["time"][:100_000]),
    }


def rtklib(r: dict[str, Any]) -> dict[str, Any]:
    """RTKLIB's Klobuchar and Saastamoinen through pyrtklib5."""
    package = importlib.import_module("pyrtklib5")

    def vector(values: Any) -> Any:
        out = package.Arr1Ddouble(len(values))
        for i, value in enumerate(values):
            out[i] = float(value)
        return out

    coefficients = vector([*ALPHA, *BETA])
    when = [package.gpst2time(*pair) for pair in _weeks(r["time"])]
    places = [vector([np.radians(a), np.radians(b), 100.0]) for a, b in zip(r["lat"], r["lon"], strict=True)]
    angles = [
        vector([np.radians(a), np.radians(e)]) for a, e in zip(r["azimuth"], r["elevation"], strict=True)
    ]

    def job() -> list[float]:
        return [package.ionmodel(t, coefficients, p, a) for t, p, a in zip(when, places, angles, strict=True)]

    return {"klobuchar": (least(job), np.array(job()))}


def _weeks(time_ns: Any) -> list[tuple[int, float]]:
    week, seconds = gnsstime.week_seconds(time_ns)
    return list(zip(week.tolist(), seconds.tolist(), strict=True))


def sidereon(r: dict[str, Any]) -> dict[str, Any]:
    """Sidereon's Klobuchar and solid tide."""
    package = importlib.import_module("sidereon")
    sun, moon = bodies.sun_m(r["time"]), bodies.moon_m(r["time"])
    day = np.asarray(gnsstime.week_seconds(r["time"])[1] % 86_400.0)
    columns = [r[name].tolist() for name in ("lat", "lon", "azimuth", "elevation")]
    rows = list(zip(*columns, day.tolist(), strict=True))
    hours = (r["seconds"] / 3600.0).tolist()

    def delays() -> list[float]:
        return [package.klobuchar_native(ALPHA, BETA, *row, L1) for row in rows]

    def moved() -> list[Any]:
        return [
            package.solid_earth_tide(p, 2024, 1, 10, h, s, m)
            for p, h, s, m in zip(r["here"], hours, sun, moon, strict=True)
        ]

    return {
        "klobuchar": (least(delays), np.array(delays())),
        "solid_tide": (least(moved), np.array(moved())),
    }


def nequick(r: dict[str, Any]) -> dict[str, Any]:
    """NeQuick-G of the Joint Research Centre: another model of the same coefficients."""
    package = importlib.import_module("nequick")
    model = package.NeQuick(*LEVEL)
    lat, lon, height = geo.geodetic_from_ecef(r["there"])
    when = [(START + np.timedelta64(int(s), "s")).item() for s in r["seconds"]]
    rows = list(zip(when, r["lat"].tolist(), r["lon"].tolist(), lat, lon, height, strict=True))

    def job() -> list[float]:
        return [model.compute_stec(t, b, a, 100.0, float(d), float(c), float(h)) for t, a, b, c, d, h in rows]

    return {"ntcm_g": (least(job, 1), np.array(job()) * 40.3e16 / L1**2)}


def beside(r: dict[str, Any]) -> dict[str, Any]:
    """What peers take for a ray, and how far their values lie from ours."""
    jobs, out = ours(r), {}
    for name, function in (("pyrtklib5", rtklib), ("sidereon", sidereon), ("nequick", nequick)):
        try:
            found = function(r)
        except ImportError as error:
            out[name] = {"absent": str(error)}
            continue
        out[name] = {}
        for job, (seconds, values) in found.items():
            mine = jobs[job]()
            apart = np.abs(values - mine)
            out[name][job] = {
                "us_a_ray": 1e6 * seconds / len(values),
                "largest_difference_m": float(apart.max()),
                "rms_difference_m": float(np.sqrt(np.mean(apart**2))),
                "rms_of_ours_m": float(np.sqrt(np.mean(mine**2))),
            }
    return out


def main() -> int:
    """Measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", nargs="*", default=[], help="folders with the peers' packages")
    options = parser.parse_args()
    sys.path += options.peers
    jobs = ours(rays(MANY))
    figures = {}
    for name, job in jobs.items():
        count = job().shape[0]
        figures[name] = {"rays_a_cpu_s": count / least(job)}
    figures["bdgim"]["target_a_cpu_s"] = 1e6
    others = beside(rays(FEW))
    for rows in others.values():
        for name, row in rows.items():
            if isinstance(row, dict):
                row["ours_is_faster_by"] = row["us_a_ray"] * 1e-6 * figures[name]["rays_a_cpu_s"]
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
            "load": os.getloadavg()[0], "threads": 1, "python": platform.python_version(),
            "numpy": np.__version__, "numba": numba.__version__,
        },
        "ours": figures,
        "peers": others,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
