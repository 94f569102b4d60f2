"""The nation's mobile networks measured: every site and user, 24 hours, and phones under satellites.

Usage: python bench/country.py [--resolution 6] [--rollout pakistan-5g-2026]
Runs the stages themselves over the shipped nation at the resolution, 24 hours in steps of a minute, with
the satellites of starlink-direct-to-cell. Seconds are wall and CPU of this process, both cores; no open
program is known that does this. Results go to bench/results/country.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import scenario
from rabta.engine.chunks import all_times, chunk_spans
from rabta.mobile.country import stages
from rabta.nation import stages as nation
from rabta.radio.terrain import stages as terrain
from rabta.space import stages as space
from rabta.twin import Twin, wrap

RESULTS = Path(__file__).parent / "results" / "country.json"


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """Result, wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    out = work()
    return out, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def put(twin: Twin, found: dict[str, Any]) -> None:
    """Outputs of a stage into the twin."""
    for name, value in found.items():
        if hasattr(value, "columns"):
            twin.tables[name] = value
        else:
            twin.arrays[name] = wrap(name, value)


def over_day(twin: Twin) -> dict[str, Any]:
    """Propagation and association of the phones' patches, chunk by chunk as in a run."""
    pieces, whole = [], twin.times
    for span in chunk_spans(len(whole)):
        part = Twin(twin.scenario, whole[span], dict(twin.tables), {})
        put(part, space.propagate(part))
        pieces.append(stages.devices(part))
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--resolution", type=int, default=6)
    parser.add_argument("--rollout", default="pakistan-5g-2026")
    given = parser.parse_args()
    chosen = scenario.validate(
        {
            "name": "bench", "nation": {"resolution": given.resolution}, "mobile": {"rollout": given.rollout},
            "space": {"constellations": ["starlink-direct-to-cell"]},
        }
    )  # fmt: skip
    twin = Twin(chosen, all_times(chosen))
    before = {}
    for stage in (nation.load, nation.unserved, nation.demand, terrain.around_masts, space.constellation):
        out, before[stage.__name__] = timed(lambda stage=stage: stage(twin))
        put(twin, out)
    seconds = {}
    for name, stage in (
        ("coverage", stages.covering),
        ("rates", stages.rates),
        ("patches", stages.patches),
        ("phones", over_day),
    ):
        out, seconds[name] = timed(lambda stage=stage: stage(twin))
        put(twin, out)
    put(twin, stages.device_service(twin))
    hours = twin.table("mobile_hours")
    found = {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"system": platform.platform(), "cores": os.cpu_count(), "load": os.getloadavg()},
        "resolution": given.resolution,
        "rollout": given.rollout,
        "cells": len(twin.table("cells")),
        "sites": int(twin.table("settlements")["sites"].sum()),
        "steps": len(twin.times),
        "before": before,
        "seconds": seconds,
        "total_wall_s": sum(item["wall_s"] for item in seconds.values()),
        "total_cpu_s": sum(item["cpu_s"] for item in seconds.values()),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "busy_hour_median_mbps": float(hours["median_mbps"].min()),
        "patches": len(twin.table("patches")),
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
