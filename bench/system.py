"""The system level measured, and Sionna's scheduler and geometry in the same run.

Usage: python bench/system.py [--sionna PYTHON]
PYTHON is an interpreter that has sionna-no-rt and torch; without it the peer is left out, and the result
says so. 57 cells of a wrapped layout; 10 users each with 4 subbands for the scheduler, 100,000 users for the
ratios. One thread each, CPU seconds, the least of several. Results go to bench/results/system.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.mobile.system import layouts, losses, network, received, scheduler

RESULTS = Path(__file__).parent / "results" / "system.json"
PEER = Path(__file__).parent / "peers" / "system.py"
SLOTS, BANDS, CELLS, USERS = 2000, 4, 57, 10


def least(job: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def levels(each: int) -> tuple[np.ndarray, dict[str, float]]:
    """Received powers of users at all cells, and CPU seconds of the parts."""
    plan = layouts.hexagonal(500.0)
    users = layouts.drop(plan, each, seed=1)
    out: dict[str, float] = {"paths": least(lambda: layouts.paths(plan, users.position_m))}
    seen = layouts.paths(plan, users.position_m)
    height = plan.position_m[:, 2]
    out["losses"] = least(lambda: losses.draw("UMa", seen, users, height, 3.5, seed=1))
    links = losses.draw("UMa", seen, users, height, 3.5, seed=1)
    panel = received.panel()
    out["powers"] = least(lambda: received.powers_dbm(plan, seen, links.loss_db, 0.0, panel))
    return received.powers_dbm(plan, seen, links.loss_db, 0.0, panel), out


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sionna", help="interpreter with sionna-no-rt")
    asked = parser.parse_args()
    jit.set_threads(1)
    rng = np.random.default_rng(1)
    bits = rng.exponential(1000.0, (SLOTS, BANDS, CELLS, USERS)).astype(np.float32)
    flat = bits.reshape(SLOTS, BANDS, CELLS * USERS)
    cell = np.repeat(np.arange(CELLS), USERS)
    level, parts = levels(5263)
    serving = received.serving(level)
    noise = received.noise_dbm(20.0)
    links = level.size
    found: dict[str, Any] = {
        "cells x slots a CPU second": {
            name: CELLS * SLOTS / least(lambda name=name: scheduler.run(flat, SLOTS, name, cell=cell))
            for name in scheduler.POLICIES
        },
        "links of a ratio a CPU second": links / least(lambda: received.sinr_db(level, serving, noise)),
        "links from positions to powers a CPU second": links / sum(parts.values()),
        "parts_cpu_s": parts,
        "users x cells": list(level.shape),
        "network of 57 cells and 570 users, cpu_s": least(
            lambda: network.simulate(network.Plan("UMa", 3.55))
        ),
    }
    found["numpy"] = {
        "links of a ratio a CPU second": links
        / 10
        / least(lambda: received.sinr_reference(level[::10], serving[::10], noise))
    }
    if asked.sionna:
        found["sionna"] = peer(asked.sionna, bits, flat, cell, level, serving, noise)
    else:
        found["sionna"] = "left out: no interpreter given"
    record = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "load": os.getloadavg(),
        "numpy_version": np.__version__,
        "found": found,
    }
    RESULTS.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


def peer(
    python: str, bits: np.ndarray, flat: np.ndarray, cell: np.ndarray, level: np.ndarray, serving: np.ndarray,
    noise: float,
) -> dict[str, Any]:  # fmt: skip
    """Sionna's figures, and how far its answers lie from ours."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "bits.npy", bits[:500])
        np.save(Path(folder) / "level.npy", level)
        done = subprocess.run(
            [python, str(PEER), folder], capture_output=True, text=True, check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        theirs = json.loads(done.stdout)
        ratio = np.load(Path(folder) / "ratio.npy")
    ours = scheduler.run(flat[:500], 500, cell=cell, window=100.0).mean_bits()
    mean = np.array(theirs["schedule"]["mean_bits"])
    return {
        "cells x slots a CPU second": CELLS * 500 / theirs["schedule"]["cpu_s"],
        "links of a ratio a CPU second": level.size / theirs["sinr_cpu_s"],
        "largest difference of a ratio, dB": float(
            np.abs(ratio - received.sinr_db(level, serving, noise)).max()
        ),
        "total rate, theirs over ours": float(mean.sum() / ours.sum()),
        "largest difference of a user's rate": float(np.abs(mean / ours - 1.0).max()),
    }


if __name__ == "__main__":
    main()
