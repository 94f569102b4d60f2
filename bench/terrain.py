"""Loss over terrain measured: P.1812-7 and P.452-18 beside crc-covlib's C++, and coverage maps.

Usage: python bench/terrain.py [--covlib FOLDER]
FOLDER is a checkout of ic-crc/crc-covlib (MIT); its sources are compiled with g++ -O3 in a temporary folder.
Without it the peer is left out, and the result says so. Ours runs on one thread beside the peer, on all
threads over the raster. Results go to bench/results/terrain.json; CPU seconds are the least of several.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.nation import aggregate, layers
from rabta.radio.terrain import p452, p1812, profile, raster, relief
from rabta.scenario import Nation

Array = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results" / "terrain.json"
DRIVER = Path(__file__).parent / "peers" / "terrain.cpp"
SOURCES = ("1812", "452_1812_common", "452_common", "452_v18", "2001", "676", "835", "DigitalMaps")
POINTS, PATHS = (100, 200, 500), 4000
GHZ, PERCENT, TX_M, RX_M, FALL, N0 = 0.6, 10.0, 60.0, 10.0, 45.0, 330.0
ENDS = (30.0, 70.0, 30.0, 70.5)  # what the peer is given, for the latitude of the middle
TARGET = {"us_a_path_of_200": 10.0, "million_pixels_wall_s": 15.0, "around_masts_wall_s": 4.0}


def least(job: Callable[[], Any], times: int = 5) -> tuple[float, float]:
    """Least CPU and least wall seconds of several runs."""
    cpu, wall = [], []
    for _ in range(times):
        begin, began = time.process_time(), time.perf_counter()
        job()
        cpu.append(time.process_time() - begin)
        wall.append(time.perf_counter() - began)
    return min(cpu), min(wall)


def ground(points: int) -> tuple[Array, Array]:
    """50 km of hills drawn as a random walk."""
    rng = np.random.default_rng(points)
    step = rng.normal(0.0, 110.0 / np.sqrt(points), (PATHS, points))
    return np.linspace(0.0, 50.0, points), 500.0 + np.abs(np.cumsum(step, axis=1))


def ours(points: int) -> tuple[dict[str, float], Array]:
    """Microseconds a path by both Recommendations on one thread, and the losses."""
    km, m = ground(points)
    paths = profile.profiles(km, m, latitude_deg=profile.along(*ENDS, 25.0)[0], delta_n=FALL, n0=N0)
    jobs: dict[str, Callable[[], Array]] = {
        "P.1812": partial(p1812.loss_db, paths, GHZ, TX_M, RX_M, time_percent=PERCENT),
        "P.452": partial(p452.loss_db, paths, GHZ, TX_M, RX_M, time_percent=PERCENT),
    }
    return {name: least(job)[0] / PATHS * 1e6 for name, job in jobs.items()}, np.stack(
        [job() for job in jobs.values()]
    )


def built(covlib: Path, folder: Path) -> Path:
    """The peer's driver."""
    sources = [str(covlib / "src" / f"ITURP_{name}.cpp") for name in SOURCES]
    target = folder / "terrain"
    command = ["g++", "-O3", "-std=c++17", f"-I{covlib / 'src'}", str(DRIVER), *sources, "-o", str(target)]
    subprocess.run(command, check=True, capture_output=True)
    return target


def peer(driver: Path, points: int) -> tuple[dict[str, float], Array]:
    """The same of the peer."""
    km, m = ground(points)
    given, found = driver.parent / "in.bin", driver.parent / "out.bin"
    head = np.array([PATHS, points], dtype=np.int32).tobytes()
    body = np.concatenate([[GHZ, PERCENT, TX_M, RX_M, FALL, N0], km, m.ravel()]).tobytes()
    given.write_bytes(head + body)
    run = subprocess.run([driver, given, found], check=True, capture_output=True, text=True)
    seconds = [float(text) for text in run.stdout.split()]
    loss = np.frombuffer(found.read_bytes()).reshape(2, PATHS)
    return dict(zip(("P.1812", "P.452"), (s / PATHS * 1e6 for s in seconds), strict=True)), loss


def beside(covlib: Path | None) -> dict[str, Any]:
    """Both at 100, 200 and 500 points; ratio of the times and largest difference of the losses."""
    jit.set_threads(1)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        driver = built(covlib, Path(folder)) if covlib else None
        for points in POINTS:
            here, loss = ours(points)
            row: dict[str, Any] = {"ours_us": here}
            if driver:
                there, other = peer(driver, points)
                row["covlib_us"] = there
                row["times_faster"] = {name: there[name] / here[name] for name in here}
                row["largest_difference_db"] = float(np.abs(loss - other).max())
            found[f"{points} points"] = row
    return found


def maps() -> dict[str, Any]:
    """A million pixels around a mast in Hazara, and what terrain adds around every cell's mast."""
    jit.set_threads(os.cpu_count() or 1)
    terrain = raster.load()
    lat, lon = np.mgrid[34.0:35.0:1000j, 72.5:73.5:1000j]
    areas = {}
    area = partial(raster.coverage_db, terrain, (34.5, 73.0), (lat, lon), 0.7, 60.0, 3.0, time_percent=10.0)
    for spacing in (0.5, 0.25):
        cpu, wall = least(partial(area, spacing_km=spacing), 3)
        areas[f"{spacing:g} km between points"] = {"cpu_s": cpu, "wall_s": wall}
    cells = aggregate.aggregate(layers.load(Nation()), 6).cells
    place = cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy()
    cpu, wall = least(lambda: relief.added_db(terrain, *place, relief.bands_ghz()), 3)
    return {
        "million_pixels": areas,
        "around_masts": {"cells": len(cells), "cpu_s": cpu, "wall_s": wall},
        "threads": jit.threads(),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--covlib", type=Path)
    options = parser.parse_args()
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "problem": f"{PATHS} paths of 50 km, {GHZ} GHz, {PERCENT:g} % of the time; maps of 10^6 pixels",
        "target": TARGET,
        "peer": "crc-covlib 4.6.2, C++, g++ -O3" if options.covlib else "left out: no checkout given",
        "paths": beside(options.covlib),
        **maps(),
    }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
