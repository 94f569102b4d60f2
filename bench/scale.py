"""The same run in this process, in two local processes and on two Dask workers: wall, CPU, memory, same bits.

Usage: python bench/scale.py [--national]
Results go to bench/results/scale.json. A serial run already uses all cores inside its kernels.
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
PLACES = {"serial": [], "workers 2": ["--workers", "2"], "dask local:2": ["--dask", "local:2"]}
TIMED = {"provenance.json", "report/index.html"}
NATIONAL = ["pakistan", "--set", "nation.resolution=5", "--set", "time.hours=4"]


def run(folder: Path, arguments: list[str]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """One cold run measured from outside, and every file of its folder that does not tell times."""
    command = [sys.executable, "-m", "rabta.cli.main", "run", *arguments, "--json", "--runs", str(folder)]
    environment = {**os.environ, "RABTA_CACHE": str(folder / "cache")}
    load, began = os.getloadavg()[0], time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    place = Path(json.loads(output.splitlines()[-1])["run"])
    record = json.loads((place / "provenance.json").read_text())
    paths = {str(p.relative_to(place)): p for p in place.rglob("*") if p.is_file()}
    measured = {
        "wall_s": round(time.perf_counter() - began, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "driver_peak_memory_mb": record["peak_memory_mb"],
        "worker_peak_memory_mb": record["execution"].get("worker_peak_memory_mb", 0),
        "jobs": record["execution"].get("jobs", 0),
        "load_before": round(load, 1),
        "run": place.name,  # name and hash: another one says that the code was changed between the runs
    }
    return measured, {name: p.read_bytes() for name, p in paths.items() if name not in TIMED}


def places(arguments: list[str], names: list[str]) -> dict[str, Any]:
    """One case in several places, and whether all gave the same bits."""
    rows: dict[str, Any] = {}
    first: dict[str, bytes] = {}
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            rows[name], found = run(Path(folder), [*arguments, *PLACES[name]])
        first = first or found
        alike = {row["run"] for row in rows.values()}
        if len(alike) > 1:
            raise SystemExit(f"not the same run: {', '.join(sorted(alike))}")
        rows[name]["same_bits"] = found == first
        print(" ".join(arguments), name, rows[name])
    return {"command": f"rabta run {' '.join(arguments)}", "places": rows}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--national", action="store_true", help="the resolution-5 nation as well")
    options = parser.parse_args()
    path = RESULTS / "scale.json"
    record = json.loads(path.read_text()) if path.exists() else {}
    record |= {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "tiny": places(["tiny"], list(PLACES)),
        "tiny_4_hours": places(["tiny", "--hours", "4"], list(PLACES)),
    }
    if options.national:
        record["national"] = places(NATIONAL, ["serial", "workers 2"])
    path.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
