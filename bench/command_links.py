"""Predicted against replayed outage of the command link over drawn flights.

    python bench/command_links.py [FLIGHTS] [OPERATOR]

Islamabad and Rawalpindi, 10 km around 33.69 N, 73.05 E: straight flights of 1 to 5 km at 30, 60 or 120 m over
the sites of one operator of the roll-out of today at 1800 MHz and a load of 0.5. The prediction integrates,
the replay draws sight and shadowing along the track and the fading of every sector (`feasibility.replay`).
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from rabta.airspace.feasibility import channel, replay
from rabta.mobile.country import rollouts
from rabta.nation import aggregate, layers
from rabta.scenario import Nation

RESULTS = Path(__file__).parent / "results" / "command_links.json"
HEIGHTS_M = (30.0, 60.0, 120.0)


def main(count: int, operator: str) -> None:
    """Fly, compare, write."""
    table = aggregate.settlements(layers.load(Nation()), 6)
    of = channel.sites(table, rollouts.load("pakistan-today"), operator, "1800-mhz")
    at = channel.Channel(of, (33.69, 73.05))
    began = time.perf_counter()
    begin, end, height = replay.drawn(10_000.0, count, HEIGHTS_M, 1)
    flown = replay.fly(at, begin, end, height, seed=1)
    rows = {
        f"{h:g} m": [float(flown.predicted[height == h].mean()), float(flown.replayed[height == h].mean())]
        for h in HEIGHTS_M
    }
    result = {
        "what": "command-link outage, predicted and replayed", "date": time.strftime("%Y-%m-%d"),
        "flights": count, "operator": of.operator, "sites": len(at.site), "load_average": os.getloadavg(),
        "seconds": round(time.perf_counter() - began, 1),
        "predicted": float(flown.predicted.mean()), "replayed": float(flown.replayed.mean()),
        "points_apart": round(100.0 * float(np.abs(flown.predicted.mean() - flown.replayed.mean())), 3),
        "by_height": rows, "by_tenth": flown.by_tenth(), "target_points": 2.0,
    }  # fmt: skip
    print(json.dumps(result, indent=1))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2] if len(sys.argv) > 2 else "")
