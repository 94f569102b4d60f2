"""Sharing measured: time a step, gap to the bound, and to the exact optimum where asked.

Usage: python bench/sharing.py [--exact]
Steps are synthetic and of national size (22,969 cells, 4 slots); demand and limits span light, feeder-bound,
satellite-bound and spectrum-bound steps. Results go to bench/results/sharing.json. Seconds are the least of
several runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

import instances
from rabta import jit
from rabta.transport import sharing

RESULTS = Path(__file__).parent / "results" / "sharing.json"
STEPS, RUNS = 12, 3
CASES = {
    "light": (3e5, instances.Limits()),
    "as many as fit": (6e5, instances.Limits()),
    "feeders bind": (3e6, instances.Limits(68e3, 16_800.0, 2000.0)),
    "satellites bind": (3e6, instances.Limits(feeder_mbps=1e9)),
    "beams bind": (2e6, instances.Limits(68e3, 3000.0, 4000.0, feeder_mbps=1e9)),
    "spectrum binds": (2e6, instances.Limits(68e3, 16_800.0, 300.0, feeder_mbps=1e9)),
}


def measure(name: str, exact: bool) -> dict[str, Any]:
    """Milliseconds a step, gaps of all steps, and what HiGHS says of the first."""
    total, limits = CASES[name]
    steps = [instances.step(minute=2.0 * k, seed=k, total_mbps=total) for k in range(STEPS)]
    problem = instances.problem(steps, limits)
    found, wall, cpu = timed(problem)
    gap = 1.0 - found.carried.sum(axis=1) / found.bound
    row: dict[str, Any] = {
        "offered_mbps": total,
        "limits": asdict(limits),
        "satellites": int(np.unique(problem.slot).size),
        "wall_ms_a_step": round(wall * 1e3, 2),
        "cpu_ms_a_step": round(cpu * 1e3, 2),
        "gap_percent": {
            "median": round(float(np.median(gap)) * 100, 3),
            "most": round(float(gap.max()) * 100, 3),
        },
    }
    if exact:
        began = time.perf_counter()
        optimum = sharing.exact(problem, 0)
        row["exact"] = {
            "highs_s": round(time.perf_counter() - began, 2),
            "below_optimum_percent": round((1.0 - found.carried[0].sum() / optimum) * 100, 3),
            "bound_above_optimum_percent": round((found.bound[0] / optimum - 1.0) * 100, 3),
        }
    return row


def timed(problem: sharing.Problem) -> tuple[sharing.Shared, float, float]:
    """The answer, and the least wall and CPU seconds of a step."""
    walls, cpus = [], []
    for _ in range(RUNS):
        wall, cpu = time.perf_counter(), time.process_time()
        found = sharing.share(problem)
        walls.append((time.perf_counter() - wall) / STEPS)
        cpus.append((time.process_time() - cpu) / STEPS)
    return found, min(walls), min(cpus)


def main() -> None:
    """Measure every case and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exact", action="store_true", help="also solve the first step with HiGHS")
    exact = parser.parse_args().exact
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {jit.threads()} threads",
        "cells": len(instances.hexagons(87)),
        "slots": 4,
        "steps": STEPS,
        "cases": {name: measure(name, exact) for name in CASES},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name, row in results["cases"].items():
        print(name, row["wall_ms_a_step"], "ms wall,", row["gap_percent"], row.get("exact", ""))


if __name__ == "__main__":
    main()
