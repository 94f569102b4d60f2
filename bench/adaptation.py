"""Adaptation measured: the compiled loop, its NumPy reference, and opensatcom's policy in the same run.

Usage: python bench/adaptation.py [--opensatcom FOLDER]
FOLDER holds the package opensatcom 0.7.0 (`pip install --no-deps --target FOLDER opensatcom==0.7.0`); without
it the peer is left out, and the result says so. The problem is C/N over a day at one second for 64 places.
Results go to bench/results/adaptation.json; CPU seconds are the least of several.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta.radio import modcods
from rabta.radio.adaptation import Policy, fades, follow
from rabta.radio.adaptation.loop import follow_reference

RESULTS = Path(__file__).parent / "results" / "adaptation.json"
STEPS, LINKS, PEER_STEPS = 86_400, 64, 20_000


def least(job: Callable[[], Any], times: int = 5) -> tuple[Any, float]:
    """Result, and least CPU seconds of several runs."""
    seconds, found = [], None
    for _ in range(times):
        begin = time.process_time()
        found = job()
        seconds.append(time.process_time() - begin)
    return found, min(seconds)


def peer(folder: str, cn: np.ndarray) -> dict[str, Any]:
    """Nanoseconds a step of opensatcom's policy over DVB-S2, one link after the other."""
    sys.path.insert(0, folder)
    from opensatcom.modem.acm import HysteresisACMPolicy
    from opensatcom.modem.dvbs2 import get_dvbs2_modcod_table, get_dvbs2_performance_curves

    policy = HysteresisACMPolicy(get_dvbs2_modcod_table(), get_dvbs2_performance_curves(), 1e-5)
    series = cn[:PEER_STEPS, 0].astype(float).tolist()

    def run() -> None:
        policy.reset()
        for second, value in enumerate(series):
            policy.select_modcod(value, float(second))

    _, cpu = least(run)
    return {"package": "opensatcom 0.7.0", "ns_a_step": cpu / len(series) * 1e9}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--opensatcom")
    folder = parser.parse_args().opensatcom
    wave, rule = modcods.load("dvb-s2x"), Policy(1.0, 0.5, 0.6, 1.0)
    cn = (10.0 + 2.0 * fades.process(STEPS, LINKS, 1.0, seed=1)).astype(np.float32)
    follow(cn[:10], wave, 1.0, rule)
    found, ours = least(lambda: follow(cn, wave, 1.0, rule))
    part = cn[:2000]
    _, slow = least(lambda: follow_reference(part, wave, 1.0, rule), 2)
    out: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "problem": {"steps": STEPS, "links": LINKS, "modcods": len(wave.bits)},
        "ours": {"cpu_s": ours, "ns_a_step": ours / cn.size * 1e9},
        "numpy_reference": {"ns_a_step": slow / part.size * 1e9},
        "delivered_over_ideal": float((found.delivered / found.ideal).mean()),
        "peer": "left out: no --opensatcom",
    }
    if folder:
        out["peer"] = peer(folder, cn)
        out["ours_is_times"] = out["peer"]["ns_a_step"] / out["ours"]["ns_a_step"]
    RESULTS.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
