"""A corridor of small aircraft measured: SINR of all cells and handover machines, ten times a second.

Usage: python bench/corridor.py [--aircraft 1000] [--sites 67] [--seconds 30]
Real-time factors are simulated seconds over wall seconds, and over CPU seconds of all threads (one core's
worth). No open program is known that does this. Results go to bench/results/corridor.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

from rabta import jit
from rabta.mobile.mobility import corridor
from rabta.mobile.mobility.procedures import Procedure

RESULTS = Path(__file__).parent / "results" / "corridor.json"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--aircraft", type=int, default=1000)
    parser.add_argument("--sites", type=int, default=67)
    parser.add_argument("--seconds", type=float, default=30.0)
    given = parser.parse_args()
    network = corridor.Network(corridor.along(60e3, given.sites))
    found = []
    for threads in (1, 2):
        jit.set_threads(min(threads, jit.threads()) if threads == 1 else threads)
        for kind in ("baseline", "conditional"):
            made = corridor.Corridor(network, corridor.line(50e3, given.aircraft), Procedure(kind))
            made.step(10)
            best: dict[str, float] = {}
            for _ in range(3):
                wall, cpu = time.perf_counter(), time.process_time()
                made.step(round(given.seconds / 3 / corridor.STEP_S))
                taken = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
                if not best or taken["cpu_s"] < best["cpu_s"]:
                    best = taken
            part = given.seconds / 3
            found.append(
                {"procedure": kind, "threads": threads, "simulated_s": part, **best,
                 "times_real_wall": part / best["wall_s"], "times_real_per_cpu_s": part / best["cpu_s"]}
            )  # fmt: skip
            print(found[-1])
    out = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"), "machine": platform.processor() or platform.machine(),
        "cores": os.cpu_count(), "load": os.getloadavg()[0], "aircraft": given.aircraft,
        "cells": network.layout.sectors, "step_s": corridor.STEP_S, "runs": found,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }  # fmt: skip
    RESULTS.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
