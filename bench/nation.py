"""The nation's layers and its demand, measured from a cold cache: seconds and memory at every resolution.

Usage: python bench/nation.py [--data FOLDER]
Each case is a Python of its own that runs two stages, nation.load and nation.demand, through the engine and
its cache, which holds nothing. ``both_stages_s`` is what they take in a run, imports of libraries included;
``wall_s`` and ``cpu_s`` are of the whole process. Results go to bench/results/nation.json, with the load of
the machine at the start: seconds are longer where it exceeds the cores.
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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
TARGET = {"both_stages_s": 3.0, "peak_memory_mb": 1000}
REPEATS = 5
STAGES = ("nation.load", "nation.unserved", "nation.demand")


def inside(resolution: int, data: str) -> None:
    """Run the two stages here, with a cache that holds nothing, and print what they made."""
    import rabta.nation.stages  # noqa: F401 - registers its stages
    from rabta.engine.cache import Cache
    from rabta.engine.evaluate import Engine
    from rabta.engine.progress import Silent
    from rabta.scenario import validate
    from rabta.stage import registered

    scenario = validate({"nation": {"resolution": resolution, "data": data}})
    with tempfile.TemporaryDirectory() as folder:
        chosen = [item for item in registered() if item.name in STAGES]
        engine = Engine(
            scenario, chosen, Cache(Path(folder) / "cache"), Path(folder) / "arrays.zarr", Silent()
        )
        twin = engine.run()
        busy = float(twin.values("busy_demand_mbps").sum())
    found: dict[str, Any] = {
        "cells": len(twin.table("cells")),
        "people": int(twin.table("cells")["people"].sum()),
    }
    stages = {name: round(timing.seconds, 2) for name, timing in engine.timings.items()}
    total = round(sum(timing.seconds for timing in engine.timings.values()), 2)
    found["both_stages_s"] = total
    print(json.dumps({**found, "busy_demand_tbps": round(busy / 1e6, 3), "stages_s": stages}))


def measure(resolution: int, data: str) -> dict[str, Any]:
    """One case, timed from outside with the start of Python, at its fastest of a few."""
    rows = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        command = [sys.executable, __file__, "--inside", str(resolution), "--data", data]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        wall = round(time.perf_counter() - began, 2)
        if status:
            raise SystemExit(f"failed: {' '.join(command)}")
        cpu = round(usage.ru_utime + usage.ru_stime, 2)
        rows.append(
            {"wall_s": wall, "cpu_s": cpu, "peak_memory_mb": usage.ru_maxrss // 1024, **json.loads(output)}
        )
    return min(rows, key=lambda row: float(row["wall_s"]))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="", help="folder of layers in place of the shipped ones")
    parser.add_argument("--inside", type=int, help="run one resolution in this process")
    options = parser.parse_args()
    if options.inside:
        inside(options.inside, options.data)
        return
    before = os.getloadavg()[0]
    cases = {str(resolution): measure(resolution, options.data) for resolution in (4, 5, 6, 7)}
    finest = cases["7"]
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": round(before, 2),
        "layers": "another folder" if options.data else "shipped",
        "target_at_7": TARGET,
        "met": all(finest[key] <= limit for key, limit in TARGET.items()),
        "resolution": cases,
    }
    print(json.dumps(record, indent=1))
    if not options.data:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "nation.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
