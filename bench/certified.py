"""Fast and certified sharing at real steps of the national run: 23,479 cells, the shipped satellites.

Usage: python bench/certified.py [--start UTC] [--steps N]

The steps' problems are those that the run's own sharing gets. The fast one is the run's; the certified ones
are `rabta.transport.flow.fair`. Results go to bench/results/certified.json; seconds of wall and CPU a step,
after compilation.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rabta
from rabta.transport import sharing as programme
from rabta.transport.flow import fair

RESULTS = Path(__file__).parent / "results" / "certified.json"


def problems(start: str, steps: int) -> programme.Problem:
    """The problem of a chunk of the national run, as its stage hands it over."""
    caught: list[programme.Problem] = []
    fast = programme.share

    def catch(problem: programme.Problem) -> programme.Shared:
        caught.append(problem)
        return fast(problem)

    programme.share = catch
    try:
        with tempfile.TemporaryDirectory() as folder:
            span = {"start": start, "hours": steps / 60.0}
            quick = {"order": 0, "draws": 0}
            rabta.load("pakistan", time=span, failures=quick).run(
                Path(folder) / "runs", cache=Path(folder) / "c"
            )
    finally:
        programme.share = fast
    return caught[0]


def timed(job: Any) -> tuple[Any, float, float]:
    """What a job returns, its wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = job()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", default="2026-01-13T16:30:00Z")
    parser.add_argument("--steps", type=int, default=6)
    given = parser.parse_args()
    problem = problems(given.start, given.steps)
    programme.share(problem)
    found, wall, cpu = timed(lambda: programme.share(problem))
    made: dict[str, Any] = {
        "cells": int(problem.slot.shape[1]),
        "satellites": int(problem.landing.shape[1]),
        "fast": {
            "wall_ms": round(1e3 * wall / given.steps, 2),
            "cpu_ms": round(1e3 * cpu / given.steps, 2),
            "gap": [
                round(float(1 - c / b), 5)
                for c, b in zip(found.carried.sum(axis=1), found.bound, strict=True)
            ],
        },
    }
    for name, solve in (("proportional", fair.proportional), ("max_min", fair.max_min)):
        rows = []
        for t in range(given.steps):
            one, wall, cpu = timed(lambda t=t, solve=solve: solve(problem, t))
            rows.append({"gap": round(one.gain, 5), "wall_s": round(wall, 3), "cpu_s": round(cpu, 3)})
        made[name] = rows[1:]  # the first compiles
        print(name, rows)
    made |= {
        "start": given.start,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(made["fast"]))


if __name__ == "__main__":
    main()
