"""The sky measured: totals of many places, gas line by line, the atlas; beside itur and itu-rs.

Usage: python bench/sky.py [--python INTERPRETER] [--places 20000]
Results go to bench/results/sky.json. CPU seconds are compared; a figure is the least of several runs after
compilation. The peers run in the same interpreter as this script, or in the one named; itu-rs needs
ITU_RS_DATA_DIR.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np

from rabta.nation import layers
from rabta.radio import downlinks
from rabta.radio.sky import atlas, maps, raypath, totals
from rabta.scenario import Nation

RESULTS = Path(__file__).parent / "results" / "sky.json"
PEER = Path(__file__).parent / "peers" / "sky.py"
GHZ, ELEVATION_DEG, DIAMETER_M = 20.0, 45.0, 0.6
PERCENTS = (0.01, 0.1, 0.5, 1.0, 3.0)
SOUTH, NORTH, WEST, EAST = 23.7, 37.1, 60.9, 77.8


def least(job: Callable[[], object], times: int = 5) -> dict[str, float]:
    """Least wall and CPU seconds of several runs."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall_s": min(walls), "cpu_s": min(cpus)}


def somewhere(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random places in and around Pakistan."""
    rng = np.random.default_rng(1)
    return rng.uniform(SOUTH, NORTH, count), rng.uniform(WEST, EAST, count)


def table(given: totals.Inputs) -> np.ndarray:
    """Totals of places and percentages, compiled."""
    found = downlinks.attenuation_table(
        given.climate, GHZ, ELEVATION_DEG, PERCENTS, diameter_m=DIAMETER_M, efficiency=0.5
    )
    return found[0][:, 0]


def ours(lat: np.ndarray, lon: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
    """Our figures, and the totals of the places."""
    wheel = maps.Maps()
    given = totals.inputs(lat, lon, maps=wheel)
    found = table(given)
    million = totals.inputs(*somewhere(1_000_000), maps=wheel)
    rng = np.random.default_rng(2)
    height, vapour = rng.uniform(0.0, 4.0, lat.size), rng.uniform(3.0, 25.0, lat.size)
    raypath.gas_db(GHZ, ELEVATION_DEG, height, vapour)
    exact = least(lambda: raypath.gas_db(GHZ, ELEVATION_DEG, height, vapour))
    figures: dict[str, Any] = {
        "totals": least(lambda: table(given)),
        "totals_from_maps": least(lambda: table(totals.inputs(lat, lon, maps=wheel)), 3),
        "totals_of_a_million": least(lambda: table(million), 3),
        "exact_gas_us_a_place": {key: 1e6 * value / lat.size for key, value in exact.items()},
        "atlas": least(whole_atlas, 3) | {"target_s": 30.0},
    }
    return figures, found


def whole_atlas() -> None:
    """The default atlas of Pakistan from its files to the written one."""
    nation, plan = Nation(), atlas.Plan()
    loaded = layers.load(nation)
    lat, lon, inside, row = atlas.grid(loaded, 0.05)
    i, j = np.unravel_index(inside, (lat.size, lon.size))
    at = atlas.of_nation(nation, loaded, row, lat[i], lon[j])
    made = atlas.dataset((lat, lon), inside, atlas.compute(at, plan), plan, at.source)
    with tempfile.TemporaryDirectory() as folder:
        made.to_zarr(Path(folder) / "atlas.zarr", consolidated=False)


def peers(python: str, lat: np.ndarray, lon: np.ndarray) -> dict[str, Any]:
    """What the other packages take and find."""
    ask = {
        "peers": ["itur", "itur_exact", "itu_rs"], "lat": lat.tolist(), "lon": lon.tolist(), "ghz": GHZ,
        "elevation": ELEVATION_DEG, "percents": PERCENTS, "diameter": DIAMETER_M, "exact": 10,
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(ask, file)
    answer = subprocess.run([python, str(PEER), file.name], capture_output=True, text=True, check=True)
    Path(file.name).unlink()
    return dict(json.loads(answer.stdout))


def compared(figures: dict[str, Any], theirs: dict[str, Any], found: np.ndarray) -> dict[str, Any]:
    """Peers' seconds beside ours, and how far their totals lie from ours."""
    out: dict[str, Any] = {}
    for name, answer in theirs.items():
        if "absent" in answer:
            out[name] = answer
            continue
        row = {"cpu_s": answer["cpu_s"], "version": answer["version"]}
        if name == "itur_exact":
            us = 1e6 * answer["cpu_s"] / answer["places"]
            row |= {"us_a_place": us, "ours_is_faster_by": us / figures["exact_gas_us_a_place"]["cpu_s"]}
        else:
            apart = np.abs(np.array(answer["found"]) - found)
            row |= {
                "ours_is_faster_by": answer["cpu_s"] / figures["totals_from_maps"]["cpu_s"],
                "ours_is_faster_by_without_reading_maps": answer["cpu_s"] / figures["totals"]["cpu_s"],
                "largest_difference_db": float(apart.max()), "mean_difference_db": float(apart.mean()),
            }  # fmt: skip
        out[name] = row
    return out


def main() -> int:
    """Measure, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--places", type=int, default=20_000)
    options = parser.parse_args()
    lat, lon = somewhere(options.places)
    figures, found = ours(lat, lon)
    result = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
            "load": os.getloadavg()[0], "threads": numba.get_num_threads(),
            "python": platform.python_version(), "numpy": np.__version__, "numba": numba.__version__,
        },
        "places": options.places,
        "percentages": len(PERCENTS),
        "ours": figures,
        "peers": compared(figures, peers(options.python, lat, lon), found),
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
