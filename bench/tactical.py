"""Separation in the air at 1 Hz, beside BlueSky's MVP on the same traffic in the same run.

    python bench/tactical.py [PYTHON_OF_BLUESKY]

2,000 drones (10 to 15 m/s, 40 to 120 m, any track, apart at first) in squares of 20, 8 and 5 km, the limits
of BlueSky's M600 for both, 50 m and 30 m of separation, steps of 1 s, BlueSky with its compiled detection and
60 s of look-ahead. Losses of separation of both are counted here, from positions, by another program (SciPy's
k-d tree). Step rates are of CPU time: of BlueSky detection, resolution and motion; ours the same, and with
alerts of three levels beside. Parameters of ours were chosen with seed 101; these runs are of seed 2026.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from rabta.airspace.tactical import Airspace, Rule, Traffic, drawn

RESULTS = Path(__file__).parent / "results" / "tactical.json"
PEER = Path(__file__).parent / "peers" / "bluesky_traffic.py"
SEED, COUNT = 2026, 2_000
RADIUS, HALF, AHEAD = 50.0, 30.0, 60.0
EARTH_M, PLACE = 6_371_000.0, (33.7, 73.0)
CASES = {"20 km": (20_000.0, 40, ("mvp",)), "8 km": (8_000.0, 40, ("mvp",)),
         "5 km": (5_000.0, 20, ("mvp",))}  # fmt: skip


def counted(places: np.ndarray) -> dict[str, Any]:
    """Losses of separation in positions of shape (steps, 3, n): east, north, up."""
    pairs: dict[tuple[int, int], float] = {}
    seconds = 0
    for x, y, z in places:
        near = cKDTree(np.column_stack([x, y])).query_pairs(RADIUS, output_type="ndarray")
        near = near[np.abs(z[near[:, 0]] - z[near[:, 1]]) < HALF]
        seconds += len(near)
        for i, j in near.tolist():
            share = max(np.hypot(x[i] - x[j], y[i] - y[j]) / RADIUS, abs(z[i] - z[j]) / HALF)
            pairs[i, j] = min(pairs.get((i, j), 1.0), float(share))
    least = round(min(pairs.values(), default=1.0), 3)
    return {"pairs": len(pairs), "pair_seconds": seconds, "least_of_separation": least,
            "below_half": sum(one < 0.5 for one in pairs.values())}  # fmt: skip


def ours(side_m: float, seconds: int, *, avoiding: bool) -> dict[str, Any]:
    """Our flight of the traffic."""
    air = Airspace(drawn(COUNT, side_m, SEED), Rule(), avoiding=avoiding)
    places, step, alert = [], 0.0, 0.0
    for _ in range(seconds):
        begun = time.process_time()
        air.alerts()
        middle = time.process_time()
        air.step()
        alert, step = alert + middle - begun, step + time.process_time() - middle
        places.append(air.traffic.state[:, :3].T.copy())
    return {**counted(np.array(places)), "steps_a_cpu_s": round(seconds / step, 1),
            "steps_with_alerts_a_cpu_s": round(seconds / (step + alert), 1)}  # fmt: skip


def theirs(python: str, side_m: float, seconds: int, method: str, folder: Path) -> dict[str, Any]:
    """BlueSky's flight of it."""
    given, said = folder / "given.npz", folder / f"{method}.npz"
    np.savez(given, **_given(drawn(COUNT, side_m, SEED)))
    home = {**os.environ, "HOME": str(folder)}
    subprocess.run(
        [python, str(PEER), str(given), str(said), method, str(seconds)],
        check=True,
        env=home,
        capture_output=True,
    )
    held = np.load(said)
    lat, lon, up = held["places"][:, 0], held["places"][:, 1], held["places"][:, 2]
    east = np.radians(lon - PLACE[1]) * EARTH_M * np.cos(np.radians(PLACE[0]))
    places = np.stack([east, np.radians(lat - PLACE[0]) * EARTH_M, up], axis=1)
    rate = round(seconds / float(held["spent"].sum()), 3)
    return {**counted(places), "steps_a_cpu_s": rate, "told": str(held["told"])}


def _given(traffic: Traffic) -> dict[str, Any]:
    east, north, up, vx, vy, _ = traffic.state.T
    lon = PLACE[1] + np.degrees(east / (EARTH_M * np.cos(np.radians(PLACE[0]))))
    return {"lat": PLACE[0] + np.degrees(north / EARTH_M), "lon": lon, "height": up,
            "track": np.degrees(np.arctan2(vx, vy)) % 360.0, "speed": np.hypot(vx, vy),
            "rule": np.array([RADIUS, HALF, AHEAD])}  # fmt: skip


def crowd() -> dict[str, Any]:
    """20,000 aircraft of one core: alerts, avoidance and motion of a step."""
    air = Airspace(drawn(20_000, 120_000.0, SEED), Rule())
    begun, slowest = time.process_time(), 0.0
    for _ in range(60):
        one = time.process_time()
        air.alerts()
        air.step()
        slowest = max(slowest, time.process_time() - one)
    mean = (time.process_time() - begun) / 60
    return {"aircraft": 20_000, "side_km": 120, "mean_step_cpu_s": round(mean, 4),
            "slowest_step_cpu_s": round(slowest, 4), "times_real_time": round(1.0 / mean, 1)}  # fmt: skip


def main() -> None:
    """Measure, tell, keep."""
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    found: dict[str, Any] = {"20,000": crowd()}
    print(found)
    for name, (side, seconds, methods) in CASES.items():
        row: dict[str, Any] = {"seconds": seconds, "without": ours(side, seconds, avoiding=False),
               "ours": ours(side, seconds, avoiding=True)}  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            for method in methods:
                row[f"bluesky {method}"] = theirs(python, side, seconds, method, Path(folder))
        rate = row["bluesky mvp"]["steps_a_cpu_s"]
        row["ratio"] = round(row["ours"]["steps_a_cpu_s"] / rate, 1)
        row["ratio_with_alerts"] = round(row["ours"]["steps_with_alerts_a_cpu_s"] / rate, 1)
        found[name] = row
        print(name, json.dumps(row, indent=1), flush=True)
        _keep(found)


def _keep(found: dict[str, Any]) -> None:
    kept = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "machine": platform.machine(),
            "python": platform.python_version(), "bluesky": "1.1.1", "load": os.getloadavg(),
            "targets": "20,000 aircraft a core at 1 Hz; at 2,000 100 times BlueSky's steps; 80 % fewer "
                       "losses of separation than its MVP", **found}  # fmt: skip
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
