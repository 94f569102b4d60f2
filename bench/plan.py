"""The optimiser, measured: time and certified gap of the nation, and the whole integer model on a part.

The nation and its ground access are the shipped ones; the sky is plain (one link rate and one delay
everywhere, equal capacity in every zone), so that the figures do not hang on a day of satellites.

Usage: python bench/plan.py [--zones 3] [--capacity 3000]
Results go to bench/results/plan.json.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rabta import scenario, schema
from rabta.mobile import stages as mobile
from rabta.nation import stages as nation
from rabta.plan import stages
from rabta.plan.optimise import exact, optimise
from rabta.plan.problem import Problem, price
from rabta.twin import Twin, wrap

RESULTS = Path(__file__).parent / "results"
LINK_MBPS, DELAY_MS, VISIBLE, GEO_MBPS = 150.0, 45.0, 10, 20.0


def national_twin(capacity_mbps: float) -> Twin:
    """The nation as shipped under a plain sky."""
    chosen = scenario.validate({"nation": {"name": "pakistan", "resolution": 6}})
    twin = Twin(chosen, np.array(["2026-01-13T15:00"], dtype="datetime64[ns]"))
    for stage in (nation.load, nation.unserved, nation.demand, mobile.access):
        keep(twin, stage(twin))
    size = len(twin.table("cells"))
    zones = twin.table("cells")["zone"].unique()
    gateway = {"name": "one", "lat_deg": 24.9, "lon_deg": 67.1, "height_m": 0.0, "antennas": 8}
    gateway |= {"capacity_gbps": 100.0, "systems": "*", "exchange_km": 20.0}
    plain = {"zone": zones, "region": "all", "satellite_capacity_mbps": capacity_mbps}
    shared = {"pool": ["all", "nation"], "satellite_capacity_mbps": capacity_mbps * len(zones)}
    keep(
        twin,
        {
            "systems": pd.DataFrame(
                {
                    "system": ["leo", "geo"],
                    "orbit": ["leo", "geo"],
                    "channel_mhz": [250.0, 72.0],
                    "kind": "broadband",
                    "terminal_class": "consumer",
                    "terminal": ["leo-flat-panel", "geo-ka-0.74m"],
                }
            ),
            "satellites": pd.DataFrame({"orbit": ["leo", "geo"], "system": [0, 1]}),
            "zones": pd.DataFrame({**plain, "geo_capacity_mbps": GEO_MBPS}),
            "pools": pd.DataFrame(shared),
            "gateways": pd.DataFrame([gateway]),
            "zone_capacity_mbps": np.full((1, len(zones)), capacity_mbps),
            "pool_capacity_mbps": np.full((1, 2), capacity_mbps * len(zones)),
            "link_rate_mbps": np.full((1, size), LINK_MBPS),
            "latency_ms": np.full((1, size), DELAY_MS),
            "device_count": np.full((1, size), VISIBLE),
            "geo_efficiency_bps_hz": np.full((size, 1), 2.0),
            "geo_elevation_deg": np.full((size, 1), 50.0),
        },
    )
    return twin


def keep(twin: Twin, outputs: dict[str, Any]) -> None:
    """Put a stage's outputs in the twin."""
    for name, value in outputs.items():
        if name in schema.tables():
            twin.tables[name] = value
        else:
            twin.arrays[name] = wrap(name, value)


def measure(problem: Problem, seconds: float, *, whole: bool) -> dict[str, Any]:
    """Time, cost and gap of one answer."""
    began, cpu = time.perf_counter(), time.process_time()
    answer = exact(problem, seconds) if whole else optimise(problem, seconds)
    spent = {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}
    cost = price(problem, answer).objective_usd
    gap = (cost - answer.bound_usd) / cost
    return {
        **spent,
        "objective_usd": cost,
        "bound_usd": answer.bound_usd,
        "gap": gap,
        "status": answer.status,
    }


def part(problem: Problem, zones: int) -> Problem:
    """The zones where satellites are scarcest, cable segments from outside starting anew at their border."""
    scarce = np.argsort(-optimise(problem, 60.0).prices["satellite"])[:zones]
    chosen = np.flatnonzero(np.isin(problem.zone, scarce))
    row = np.full(problem.households.size + 1, -1)
    row[chosen] = np.arange(chosen.size)
    names = ("households", "load_mbps", "fixed_npc", "unit_npc", "fixed_capex", "unit_capex", "quality")
    kept = {name: getattr(problem, name)[chosen] for name in (*names, "zone", "route_npc", "route_capex")}
    return replace(problem, **kept, route_parent=row[problem.route_parent[chosen]])


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zones", type=int, default=3)
    parser.add_argument("--capacity", type=float, default=3000.0)
    parser.add_argument("--limit", type=float, default=300.0)
    given = parser.parse_args()
    problem = stages.national_problem(national_twin(given.capacity)).problem
    small = part(problem, given.zones)
    record = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "cells": int((problem.households > 0).sum()),
        "technologies": len(problem.technologies),
        "nation": measure(problem, 60.0, whole=False),
        "part_cells": int((small.households > 0).sum()),
        "part": measure(small, 60.0, whole=False),
        "part_whole_model": measure(small, given.limit, whole=True),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "plan.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
