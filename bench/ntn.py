"""Links to satellites measured: large scale and fading on one thread, and OpenNTN's in the same run.

Usage: python bench/ntn.py [--openntn PYTHON]
PYTHON is an interpreter that has openntn 2.0.0 (with sionna-no-rt and torch); without it the peer is left
out, and the result says so. Besides speed, moments and correlations of 20,000 drawn links and the taps of
10,000 are compared in four cases.
Results go to bench/results/ntn.json; CPU seconds are the least of several.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.radio.ntn import fading, largescale, tables

RESULTS = Path(__file__).parent / "results" / "ntn.json"
PEER = Path(__file__).parent / "peers" / "ntn.py"
TARGET = {"large_scale_links_a_cpu_s": 200_000, "fading_links_a_cpu_s": 20_000}
CASES = {
    "urban, S band, 50 degrees, line of sight": ("urban", 2.0, 50.0, True),
    "urban, S band, 50 degrees, no line of sight": ("urban", 2.0, 50.0, False),
    "dense urban, Ka band, 30 degrees, no line of sight": ("dense-urban", 28.0, 30.0, False),
    "suburban, Ka band, 70 degrees, line of sight": ("suburban", 28.0, 70.0, True),
}


def least(job: Callable[[], Any], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def large(satellites: int, places: int, together: bool) -> float:
    """Large-scale links a CPU second."""
    rng = np.random.default_rng(1)
    elevation = rng.uniform(10.0, 90.0, (satellites, places)).astype(np.float32)
    distance = rng.uniform(600.0, 2000.0, (satellites, places)).astype(np.float32)
    surroundings = rng.integers(0, 4, places)
    position = rng.uniform(0.0, 1e6, (places, 3)) if together else None
    return (
        satellites
        * places
        / least(lambda: largescale.draw(elevation, distance, 2.0, surroundings, position_m=position))
    )


def faded(links: int, instants: int, together: bool = False) -> float:
    """Links with fast fading a CPU second, half of them with line of sight, in all four surroundings."""
    rng = np.random.default_rng(2)
    elevation, surroundings = rng.uniform(10.0, 90.0, links), rng.integers(0, 4, links)
    los, times = np.arange(links) % 2 == 0, np.arange(instants) / 14e3
    position = rng.uniform(0.0, 1e6, (links, 3)) if together else None
    names = rng.integers(0, 100, links)
    return links / least(
        lambda: fading.draw(
            elevation, 2.0, surroundings, los, times, satellite=names, position_m=position,
            velocity_m_s=(0.8, 0.0, 0.0), doppler_hz=3e4,
        )
    )  # fmt: skip


def statistics(scenario: str, ghz: float, elevation: float, los: bool) -> dict[str, Any]:
    """Moments and correlations of the large-scale parameters of 20,000 links."""
    drawn = fading.large_scale(np.full(20_000, elevation), ghz, scenario, los, seed=1)
    sigma = float(largescale.shadowing_sigma_db(elevation, ghz, scenario, los))
    rows = {
        "ds": np.log10(drawn.delay_spread_s),
        "asa": np.log10(drawn.asa_deg),
        "zsa": np.log10(drawn.zsa_deg),
        "sf_db": drawn.shadowing * sigma,
    }
    if los:
        rows["k_db"] = drawn.k_db
    names = list(rows)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return {
        "mean": {key: float(value.mean()) for key, value in rows.items()},
        "std": {key: float(value.std()) for key, value in rows.items()},
        "correlation": {f"{a} {b}": float(np.corrcoef(rows[a], rows[b])[0, 1]) for a, b in pairs},
    }


def taps(scenario: str, ghz: float, elevation: float, los: bool) -> dict[str, float]:
    """Delay spread and strongest tap of 10,000 links; what arrives with the direct ray is one tap with it."""
    drawn = fading.draw(np.full(10_000, elevation), ghz, scenario, los, seed=3)
    ray = drawn.coefficient[:, :, 0].copy()
    first = drawn.delay_s == 0.0
    merged = (ray * first).sum(axis=1)
    ray[first] = 0.0
    ray[:, 0] = merged
    share = np.abs(ray) ** 2
    share /= share.sum(axis=1, keepdims=True)
    late = drawn.delay_s.astype(np.float64)
    mean = (share * late).sum(axis=1)
    rms = np.sqrt(np.maximum((share * late**2).sum(axis=1) - mean**2, 1e-30))
    found = {f"log_ds_{q:g}": float(np.quantile(np.log10(rms), q)) for q in (0.1, 0.25, 0.5, 0.75, 0.9)}
    return found | {"strongest": float(np.median(share.max(axis=1)))}


def compare(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float]:
    """Largest differences over the cases: means in standard deviations, deviations relative, correlations."""
    found = {"mean_in_std": 0.0, "std_relative": 0.0, "correlation": 0.0}
    for label, peer in theirs.items():
        mine = ours[label]
        for key, spread in peer["std"].items():
            off = abs(mine["mean"][key] - peer["mean"][key]) / spread
            found["mean_in_std"] = max(found["mean_in_std"], off)
            found["std_relative"] = max(found["std_relative"], abs(mine["std"][key] / spread - 1.0))
        for key, value in peer["correlation"].items():
            found["correlation"] = max(found["correlation"], abs(mine["correlation"][key] - value))
    return found


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--openntn")
    python = parser.parse_args().openntn
    jit.set_threads(1)
    large(2, 100, False), faded(10, 1)
    ours: dict[str, Any] = {
        "large_scale_links_a_cpu_s": large(500, 2000, True),
        "large_scale_independent": large(500, 2000, False),
        "large_scale_one_satellite": large(1, 1_000_000, True),
        "fading_links_a_cpu_s": faded(50_000, 14),
        "fading_one_instant": faded(50_000, 1),
        "fading_correlated_one_instant": faded(50_000, 1, together=True),
        "statistics": {label: statistics(*case) for label, case in CASES.items()},
        "taps": {label: taps(*case) for label, case in CASES.items()},
    }
    out: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "problem": "500 satellites x 2,000 places correlated over the ground; 50,000 links of 14 instants",
        "surroundings": list(tables.SCENARIOS),
        "target": TARGET,
        "ours": ours,
        "peer": "left out: no --openntn",
    }
    if python:
        answer = subprocess.run([python, str(PEER), "1000"], capture_output=True, text=True, check=True)
        out["peer"] = json.loads(answer.stdout.strip().splitlines()[-1])
        out["ours_is_times"] = {key: ours[key] / out["peer"][key] for key in TARGET}
        out["largest_difference"] = compare(ours["statistics"], out["peer"]["statistics"])
        out["largest_difference"]["taps"] = max(
            abs(value - out["peer"]["taps"][label][key])
            for label, found in ours["taps"].items()
            for key, value in found.items()
        )
    RESULTS.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({key: out[key] for key in out if key != "peer"}, indent=2))


if __name__ == "__main__":
    main()
