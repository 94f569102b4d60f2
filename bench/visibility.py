"""Visibility measured: the compiled search beside its NumPy reference, its limits, and how it grows.

Usage: python bench/visibility.py [--catalogue FILE]
Without a file the shells of the catalog's first-named system are used. Results go to
bench/results/visibility.json. Seconds are the least of several runs.
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

import numpy as np

from rabta import catalog, jit
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.space import constellations, elements, propagate, visibility
from rabta.space.visibility import Ground

RESULTS = Path(__file__).parent / "results" / "visibility.json"
START = np.datetime64("2026-01-13T00:00:00", "ns")
LEAST_DEG, SLOTS, CHUNK = 25.0, 4, 60


def least(job: Callable[[], object], times: int = 5) -> dict[str, float]:
    """Least wall and CPU seconds of several runs."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {"wall_s": min(walls), "cpu_s": min(cpus)}


def minutes(count: int) -> Any:
    """Steps of a minute from the start."""
    return START + np.arange(count) * np.timedelta64(60, "s")


def compile_seconds() -> dict[str, float]:
    """Import of the kernels with an empty cache, and again with a full one."""
    code = "import time; t = time.perf_counter(); import rabta.space._kernels; print(time.perf_counter() - t)"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", f"import numba, rabta.jit; {code}"]
        runs = [
            float(subprocess.check_output(command, env=os.environ | {"NUMBA_CACHE_DIR": folder}, text=True))
            for _ in range(2)
        ]
    return {"first_s": runs[0], "cached_s": runs[1]}


def part_of(place: Ground, share: float) -> Ground:
    """Every n-th cell."""
    chosen = np.sort(
        np.random.default_rng(1).permutation(len(place.cell_m))[: round(share * len(place.cell_m))]
    )
    return Ground(place.cell_m[chosen], place.axes[chosen], place.horizon_deg[chosen])


def search(place: Ground, positions: Any, times: int = 3) -> dict[str, float]:
    """Time of a search over all steps, in chunks as the stage has them."""
    steps = len(positions)

    def job() -> None:
        for at in range(0, steps, CHUNK):
            visibility.visible(place, positions[at : at + CHUNK], LEAST_DEG, SLOTS)

    found = least(job, times)
    pairs = steps * len(place.cell_m) * positions.shape[1]
    return {
        "steps": steps,
        "cells": len(place.cell_m),
        "satellites": positions.shape[1],
        "wall_ms_a_step": 1e3 * found["wall_s"] / steps,
        "cpu_ms_a_step": 1e3 * found["cpu_s"] / steps,
        "pairs_a_wall_second": pairs / found["wall_s"],
    }


def growth(place: Ground, positions: Any) -> dict[str, list[dict[str, float]]]:
    """Time by hours, by cells and by satellites."""
    mixed = np.random.default_rng(2).permutation(positions.shape[1])
    hour = positions[:CHUNK]
    some = [np.ascontiguousarray(hour[:, np.sort(mixed[: positions.shape[1] // n])]) for n in (8, 4, 2, 1)]
    return {
        "hours": [search(place, positions[: 60 * n]) for n in (1, 2, 4)],
        "cells": [search(part_of(place, 1 / n), hour) for n in (8, 4, 2, 1)],
        "satellites": [search(place, part) for part in some],
    }


def beside_reference(place: Ground, positions: Any, kernel: dict[str, float]) -> dict[str, float]:
    """One step of the NumPy reference, in the same run."""
    slow = least(lambda: visibility.visible_reference(place, positions[:1], LEAST_DEG, SLOTS), 2)
    return {
        "wall_s_a_step": slow["wall_s"],
        "cpu_s_a_step": slow["cpu_s"],
        "reference_over_kernel_wall": 1e3 * slow["wall_s"] / kernel["wall_ms_a_step"],
        "reference_over_kernel_cpu": 1e3 * slow["cpu_s"] / kernel["cpu_ms_a_step"],
    }


def limits(place: Ground, positions: Any, kernel: dict[str, float]) -> dict[str, float]:
    """How far the search is from the memory's and the divider's speed.

    Every output is written twice (filled with "none", then with what is seen); positions are read once.
    """
    found = visibility.visible(place, positions[:CHUNK], LEAST_DEG, SLOTS)
    moved = 2 * sum(a.nbytes for a in vars(found).values()) + positions[:CHUNK].nbytes
    seconds = kernel["wall_ms_a_step"] * CHUNK / 1e3
    block = np.ones(32_000_000)
    copy = least(lambda: np.copyto(block[:16_000_000], block[16_000_000:]), 5)["wall_s"]
    small, other = np.full(4096, 2.0), np.full(4096, 3.0)
    roots = least(lambda: _roots(small, other), 5)["cpu_s"]
    seen = float(found.visible_count.mean())
    per_pair = kernel["cpu_ms_a_step"] * 1e6 / (len(place.cell_m) * seen)
    return {
        "gigabytes_a_second": moved / seconds / 1e9,
        "copy_gigabytes_a_second": 2 * 8 * 16_000_000 / copy / 1e9,
        "share_of_memory_speed": (moved / seconds) / (2 * 8 * 16_000_000 / copy),
        "satellites_in_view_a_cell": seen,
        "cpu_ns_a_satellite_in_view": per_pair,
        "root_and_division_ns": roots / (4096 * 1000) * 1e9,
    }


def _roots(source: Any, target: Any) -> None:
    for _ in range(1000):
        np.sqrt(source, out=target)
        np.divide(source, target, out=target)


def threads(place: Ground, positions: Any) -> dict[str, float]:
    """Wall time on one thread over all threads."""
    every = jit.threads()
    whole = search(place, positions[:CHUNK])["wall_ms_a_step"]
    jit.set_threads(1)
    one = search(place, positions[:CHUNK])["wall_ms_a_step"]
    jit.set_threads(every)
    return {"threads": every, "one_thread_ms_a_step": one, "speedup": one / whole}


def inputs(catalogue: str | None) -> tuple[Any, Ground, dict[str, Any]]:
    """Satellites, the shipped nation's cells, and how long reading took."""
    nation = layers.load(Nation())
    cells = nation.cells
    lat, lon, height = (cells[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "elevation_m"))
    place = visibility.ground(lat, lon, height, nation.horizon_deg)
    if catalogue:
        satellites = elements.read(catalogue)
        return satellites, place, {"read_catalogue": least(lambda: elements.read(catalogue), 5)}
    entry = catalog.entry("constellations", "starlink")
    moment = START.astype("datetime64[us]").item().replace(tzinfo=UTC)
    return constellations.satellites([entry], moment, None), place, {}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", help="TLE or OMM file")
    satellites, place, results = inputs(parser.parse_args().catalogue)
    results |= {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "compile": compile_seconds(),
    }
    positions = propagate.positions(satellites, minutes(240))
    propagation = least(lambda: propagate.positions(satellites, minutes(CHUNK)), 3)
    results["propagation"] = propagation | {
        "million_states_a_cpu_second": CHUNK * len(satellites) / propagation["cpu_s"] / 1e6
    }
    kernel = search(place, positions[:CHUNK], 5)
    results |= {
        "kernel": kernel,
        "reference": beside_reference(place, positions, kernel),
        "limits": limits(place, positions, kernel),
        "threads": threads(place, positions),
        "growth": growth(place, positions),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
