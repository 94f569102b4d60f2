"""Paths to aircraft measured: P.528-5 beside NTIA's C++ and Py528, aerial users, coverage of the air.

Usage: python bench/air.py [--ntia libp528.so] [--py528 FOLDER] [--tables FOLDER]

``libp528.so`` is NTIA/p528 built with ``sed -i 's/__declspec(dllexport)//' include/*.h`` and ``g++ -O2
-shared -fPIC -include cmath src/*/*.cpp``; the folder of Py528 holds the package, that of the tables the
Recommendation's CSV files. Results go to bench/results/air.json. Ours runs on one thread; CPU seconds,
least of several runs.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import catalog, jit
from rabta.nation import layers
from rabta.radio.air import coverage, p528, uav
from rabta.scenario import Nation
from rabta.verify.radio import p528 as suite

RESULTS = Path(__file__).parent / "results" / "air.json"
PERCENTS = (1.0, 5.0, 10.0, 50.0, 90.0, 95.0, 99.0)  # tabulated: NTIA's software errs between them
UAVS, CELLS, NATIONAL = 1000, 200, 23_479


def cpu_s(job: Callable[[], object], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    found = []
    for _ in range(times):
        start = time.process_time()
        job()
        found.append(time.process_time() - start)
    return min(found)


def paths(count: int) -> tuple[Any, ...]:
    """Independent paths, each with its own frequency and heights: km, m, m, GHz, %."""
    rng = np.random.default_rng(1)
    heights = np.sort(np.exp(rng.uniform(np.log(1.5), np.log(20000.0), (count, 2))), axis=1)
    ghz = np.exp(rng.uniform(np.log(0.1), np.log(30.0), count))
    return rng.uniform(0.0, 1000.0, count), *heights.T, ghz, rng.choice(PERCENTS, count)


def ntia(library: str) -> Callable[..., float]:
    """The reference software's total loss of one path."""
    double = ctypes.c_double

    class Result(ctypes.Structure):
        _fields_ = (("mode", ctypes.c_int), ("warnings", ctypes.c_int), ("d", double), ("total", double),
                    ("free", double), ("gas", double), ("elevation", double))  # fmt: skip

    function = ctypes.CDLL(library).P528
    function.argtypes = [double, double, double, double, ctypes.c_int, double, ctypes.POINTER(Result)]

    def loss(d: float, low: float, high: float, ghz: float, percent: float) -> float:
        result = Result()
        function(d, low, high, ghz * 1e3, 0, percent, ctypes.byref(result))
        return float(result.total)

    return loss


def py528(folder: str) -> Callable[..., float]:
    """Py528's total loss of one path."""
    sys.path.insert(0, folder)
    from Py528 import P528

    return lambda d, low, high, ghz, percent: float(P528.bt_loss(d, low, high, ghz * 1e3, 0, percent).A_db)


def peer(loss: Callable[..., float], rows: list[tuple[float, ...]]) -> dict[str, float]:
    """CPU microseconds a path of a peer, and its largest difference from ours."""
    start = time.process_time()
    theirs = np.array([loss(*row) for row in rows])
    spent = time.process_time() - start
    ours = p528.loss_db(*(np.array(column) for column in zip(*rows, strict=True)))
    return {
        "us": 1e6 * spent / len(rows),
        "paths": len(rows),
        "largest_db": float(np.abs(ours - theirs).max()),
    }


def p528_ours() -> dict[str, float]:
    """CPU microseconds a path, in batch over distance and for independent paths."""
    many, d = paths(5000), np.linspace(0.0, 1000.0, 100_000)
    found = {"independent_us": 1e6 * cpu_s(lambda: p528.loss_db(*many)) / 5000}
    for low, high, ghz in ((15.0, 10_000.0, 0.127), (1.5, 1000.0, 5.1), (10_000.0, 20_000.0, 1.2)):
        spent = cpu_s(lambda a=low, b=high, f=ghz: p528.loss_db(d, a, b, f))
        found[f"batch_us {low:g} m, {high:g} m, {ghz:g} GHz"] = 1e6 * spent / d.size
    return found


def uav_ours() -> dict[str, float]:
    """Links a CPU second of one step of many aerial users and cells."""
    rng = np.random.default_rng(2)
    d, h = (
        rng.uniform(20.0, 4000.0, (UAVS, CELLS)),
        np.broadcast_to(rng.uniform(5.0, 300.0, (UAVS, 1)), (UAVS, CELLS)),
    )
    return {s: UAVS * CELLS / cpu_s(lambda s=s: uav.draw(s, d, h, 2.0, seed=1)) for s in uav.SCENARIOS}


def places(table: Any) -> tuple[Any, Any, Any]:
    """Latitude, longitude and height of the rows of a table."""
    lat, lon, height = (table[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "elevation_m"))
    return lat, lon, height


def nation() -> dict[str, float]:
    """CPU seconds of the coverage of as many cells as the national run has, by both links."""
    found = layers.load(Nation())
    cells, stations = places(found.cells.sample(NATIONAL, random_state=1)), places(found.aerodromes)
    wanted = [coverage.link(catalog.entry("airlinks", name).data) for name in ("vhf-voice", "c2-cband")]
    spent = cpu_s(lambda: [coverage.best_margin_db(w, cells, stations) for w in wanted], 3)
    return {"cells": len(cells[0]), "aerodromes": len(stations[0]), "cpu_s": spent}


def tables(folder: Path) -> dict[str, float]:
    """CPU microseconds a value of the Recommendation's tables, and the largest difference."""
    start = time.process_time()
    count, worst = 0, 0.0
    for path in sorted(folder.glob("*.csv")):
        t = suite.read(path)
        ours = p528.loss_db(t.distance_km[:, None], t.low_m, t.high_m, t.mhz / 1e3, t.percent)
        count, worst = count + ours.size, max(worst, float(np.abs(ours - t.loss_db).max()))
    spent = time.process_time() - start
    return {"values": count, "largest_db": worst, "us": 1e6 * spent / max(count, 1)}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ntia", help="NTIA's shared library")
    parser.add_argument("--py528", help="folder that holds the package Py528")
    parser.add_argument("--tables", type=Path, help="folder of the Recommendation's tables")
    asked = parser.parse_args()
    jit.set_threads(1)
    p528.loss_db(10.0, 10.0, 1000.0, 1.0)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "threads": jit.threads(), "load": os.getloadavg()[0],
        "p528": p528_ours(), "uav_links_a_cpu_s": uav_ours(), "nation": nation(),
    }  # fmt: skip
    rows = list(zip(*(x.tolist() for x in paths(1000)), strict=True))
    if asked.ntia:
        results["ntia"] = peer(ntia(asked.ntia), rows)
    if asked.py528:
        results["py528"] = peer(py528(asked.py528), rows[:40])
    if asked.tables:
        results["tables"] = tables(asked.tables)
    for name in ("ntia", "py528"):
        if name in results:
            ratio = results[name]["us"] / results["p528"]["independent_us"]
            results[f"{name}_over_ours_independent"] = round(ratio, 1)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
