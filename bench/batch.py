"""Batches: agents on movingai.com's grid beside lacam3's figures, and flights in continuous time.

    python bench/batch.py FOLDER_OF_MAPF

The folder holds mapf_random-32-32-10.zip. lacam3 (MIT, C++, 10 s, this kind of machine, 22 November 2026) is
quoted, not run. Every plan is checked by code that shares nothing with the solvers.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rabta.airspace.batch import checks, grid
from rabta.airspace.batch.deconflict import solve, summary, told
from rabta.airspace.batch.flights import drawn

RESULTS = Path(__file__).parent / "results" / "batch.json"
LACAM3 = {100: 2_359, 200: 4_879, 300: 7_999, 400: 13_989}


def agents(folder: Path) -> list[dict[str, Any]]:
    """Ten seconds for each number of agents."""
    with zipfile.ZipFile(folder / "mapf_random-32-32-10.zip") as held:
        names = {Path(name).name: name for name in held.namelist()}
        where = grid.grid(held.read(names["random-32-32-10.map"]).decode())
        text = held.read(names["random-32-32-10-random-1.scen"]).decode()
    rows = []
    for count, theirs in LACAM3.items():
        starts, goals = grid.scenario(text, where, count)
        found = grid.solve(where, starts, goals, seconds=10.0)
        cells = where.cells
        wrong = checks.conflicts(where.free, cells[starts], cells[goals], [cells[way] for way in found.paths])
        rows.append({"agents": count, "first_s": round(found.first_s, 3), "first": found.first,
                     "cost": found.cost, "bound": found.bound, "lacam3": theirs, "wrong": wrong,
                     "ratio": round(found.cost / theirs, 3)})  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def flights(count: int) -> dict[str, Any]:
    """Flights at 5,000 an hour over 15 km."""
    given = drawn(count, 2026, span_s=0.72 * count)
    begun, wall = time.process_time(), time.perf_counter()
    plan = solve(given)
    cpu, took = time.process_time() - begun, time.perf_counter() - wall
    said = json.loads(json.dumps(told(plan)))
    wrong = [*checks.overlaps(said), *checks.outside(said)]
    return {**summary(plan), "cpu_s": round(cpu, 2), "wall_s": round(took, 2), "wrong": wrong,
            "least_separation": round(checks.closest(said)[0], 4)}  # fmt: skip


def main() -> None:
    """Measure, tell, keep."""
    found = {"flights": flights(1_000)}
    print(found, flush=True)
    found["agents"] = agents(Path(sys.argv[1]))  # type: ignore[assignment]
    kept = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.machine(),
            "python": platform.python_version(), "load": os.getloadavg(),
            "targets": "1,000 flights < 10 s, checked; 400 agents: first < 2 s, cost within 15 % of lacam3",
            **found}  # fmt: skip
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
