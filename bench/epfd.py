"""EPFD of 4,408 satellites into one link measured: a million steps, beside brute force in NumPy.

Usage: python bench/epfd.py [--steps 1000000]
Results go to bench/results/epfd.json. The one other open program known (SHARC-Orbit) is not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.radio.interference.epfd import dishes, limits, masks, orbits, reference, runs, steps, worst

RESULTS = Path(__file__).parent / "results" / "epfd.json"
NAME, GHZ, PLACE, SLOT = "starlink-gen1-filed", 11.2, (31.56, 74.35), 38.0


def timed(job: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Result, wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = job()
    return found, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000)
    count = parser.parse_args().steps
    limit = limits.find(GHZ)[0]
    dish = dishes.earth_station(limit.diameter_m, GHZ)
    system = runs.System(orbits.of_catalog(NAME), masks.of_constellation(NAME), 18.0)
    victim = runs.Victim(*PLACE, SLOT, dish)
    plan = steps.plan(system.orbits, dish.beamwidth_deg, limit.least_percent)
    runs.down(system, victim, 1000, plan=plan)  # compiled or loaded
    whole, clock = timed(lambda: runs.down(system, victim, count, plan=plan))
    times = np.random.default_rng(1).uniform(0.0, plan.step_s * plan.steps, 60)
    slow, brute = timed(lambda: reference.down_at(system, victim, times))
    fast = runs.down_at(system, victim, times)
    place, search = timed(lambda: worst.search(system, dish, limit, GHZ))
    results = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "load": os.getloadavg()[0],
        "threads": jit.threads(),
        "satellites": system.orbits.satellites,
        "planes": len(system.orbits.first),
        "steps": whole.steps,
        "coarse": plan.coarse,
        "run": clock,
        "microseconds_a_step": {name: 1e6 * value / whole.steps for name, value in clock.items()},
        "brute_microseconds_a_step": {name: 1e6 * value / len(times) for name, value in brute.items()},
        "brute_over_ours_cpu": round(brute["cpu_s"] / len(times) / (clock["cpu_s"] / whole.steps)),
        "largest_difference_db": float(np.abs(fast - slow).max()),
        "worst_geometry": search,
        "worst": {"lat_deg": place.lat_deg, "epfd_db": place.epfd_db},
        "highest_db": whole.highest_db,
        "digest": whole.digest,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
