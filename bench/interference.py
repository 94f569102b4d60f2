"""A site list at a border over the shipped terrain, and Article 21 over the catalog, measured.

Usage: python bench/interference.py
One thread; CPU seconds are the least of three. Results go to bench/results/interference.json.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.radio.interference import article21, sites
from rabta.radio.patterns.sectors import Sector
from rabta.radio.terrain import raster

RESULTS = Path(__file__).parent / "results" / "interference.json"
SITES, POINTS = 500, 100


def least(work: Callable[[], object]) -> float:
    """Least CPU seconds of three runs."""
    found = []
    for _ in range(3):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


def border_paths() -> float:
    """Paths a CPU second: 500 sites around Lahore, 100 points of a line, P.452-18 for 20 % of the time."""
    rng = np.random.default_rng(1)
    terrain = raster.load()
    place = rng.uniform(31.3, 31.8, SITES), rng.uniform(74.0, 74.5, SITES)
    line = np.linspace(31.3, 31.8, POINTS), np.full(POINTS, 74.58)
    sector = Sector(17.0, 3.5)
    seconds = least(
        lambda: sites.check_sites(
            terrain, "rr-3400-3600", place, 30.0, 90.0, 16.0, sector, line,
            frequency_mhz=3500.0, bandwidth_mhz=100.0,
        )
    )  # fmt: skip
    return SITES * POINTS / seconds


def main() -> None:
    """Measure and write."""
    jit.set_threads(1)
    result: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "threads": 1,
        "border_paths_a_cpu_s": border_paths(),
        "article21_cpu_s": least(article21.article21),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
