"""Joint hazard draws measured: seconds for 10,000 years of the nation at resolution 6, and what they need.

Usage: python bench/hazards.py
Runs the stage's own functions on the shipped layers and their ground network, part by part as the stage does,
with all threads and with one, and checks that the results are the same bits. Results go to
bench/results/hazards.json.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit, scenario, schema
from rabta.nation import stages as nation
from rabta.transport import stages as transport
from rabta.transport.ground import stages as ground
from rabta.transport.hazards import losses, stages
from rabta.twin import Twin, wrap

RESULTS = Path(__file__).parent / "results" / "hazards.json"
COUNTS = (200, 10_000)


def twin() -> Twin:
    """The shipped nation and its ground network, by the stages that make them."""
    given = scenario.validate({"nation": {"resolution": 6}})
    made = Twin(given, np.zeros(0, "datetime64[ns]"))
    for stage in (nation.load, nation.unserved, nation.demand, transport.gateways, ground.network):
        for name, value in stage(made).items():
            if name in schema.tables():
                made.tables[name] = value
            else:
                made.arrays[name] = wrap(name, value)
    return made


def measure(of: losses.Model, draws: int) -> tuple[dict[str, Any], dict[str, losses.Loss]]:
    """Wall and CPU seconds, and the losses."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = losses.all_losses(of, draws)
    row = {
        "draws": draws,
        "threads": jit.threads(),
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
    }
    return row, found


def main() -> None:
    """Measure and write the results."""
    of = stages.model(twin())
    losses.all_losses(of, 2)  # kernels and libraries are loaded
    rows, found = [], {}
    for count in COUNTS:
        row, found = measure(of, count)
        rows.append(row)
    threads = jit.threads()
    jit.set_threads(1)
    alone, again = measure(of, COUNTS[-1])
    jit.set_threads(threads)
    same = all(np.array_equal(found[n].person_hours, again[n].person_hours) for n in found)
    assert same
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "districts": len(of.exposure.districts),
        "cables": len(of.fleet.names),
        "land_spans": len(of.land.names),
        "runs": [*rows, alone],
        "same_bits_with_one_thread": same,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "target_s": 300,
        "summary": losses.summary_table(losses.draws_table(found, "pakistan"), COUNTS[-1]).to_dict("records"),
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for row in results["runs"]:
        print(row)


if __name__ == "__main__":
    main()
