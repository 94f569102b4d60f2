"""The link measured: transport blocks from bits to bits on one core, and Sionna's chain in the same run.

Usage: python bench/link.py [--sionna PYTHON]
PYTHON is an interpreter that has sionna-no-rt 2.2 (with torch); without it the peer is left out, and the
result says so. Both do random bits, CRC, LDPC, rate matching, scrambling, symbols, channel, combining, exact
ratios, 20 iterations; Sionna decodes by `boxplus-phi`, in single precision, without early stop. Results go to
bench/results/link.json; CPU seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rabta import jit
from rabta.mobile.phy.link import curves
from rabta.mobile.phy.link.channels import Channel
from rabta.mobile.phy.link.curves import Setup
from rabta.mobile.phy.link.transport import Format

RESULTS = Path(__file__).parent / "results" / "link.json"
PEER = Path(__file__).parent / "peers" / "link.py"
RATIOS = {"awgn-qpsk": 1.75, "tdl-a": 8.0, "awgn-16qam": 6.25, "tdl-c": 10.0}
SETUPS = {
    "awgn-qpsk": Setup(Format(1, 7)),
    "tdl-a": Setup(Format(1, 7), Channel("TDL-A", 30e-9, receive=2)),
    "awgn-16qam": Setup(Format(1, 13)),
    "tdl-c": Setup(Format(1, 13), Channel("TDL-C", 300e-9, receive=2)),
}
OURS_ONLY = {
    "256QAM, 106 blocks, 2 layers, TDL-A, LMMSE": (
        Setup(Format(2, 20, 106, layers=2), Channel("TDL-A", 30e-9, receive=4, knowledge="lmmse")), 30.0,
    ),
    "64QAM, 51 blocks, AWGN": (Setup(Format(1, 22, 51)), 14.0),
}  # fmt: skip


def measured(setup: Setup, snr_db: float, blocks: int) -> dict[str, float]:
    """Blocks a CPU second: the most of three runs."""
    curves.point(setup, snr_db, errors=10**9, most=1)
    rates = []
    for seed in range(3):
        begin = time.process_time()
        found = curves.point(setup, snr_db, errors=10**9, most=blocks, seed=seed)
        rates.append(found.blocks / (time.process_time() - begin))
    best = max(rates)
    return {
        "blocks_a_cpu_s": best,
        "mbit_a_cpu_s": best * setup.form.bits / 1e6,
        "bits": setup.form.bits,
        "bler": found.bler,
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sionna")
    python = parser.parse_args().sionna
    jit.set_threads(1)
    ours = {name: measured(setup, RATIOS[name], 2000) for name, setup in SETUPS.items()}
    more = {name: measured(setup, ratio, 40) for name, (setup, ratio) in OURS_ONLY.items()}
    out: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "snr_db": RATIOS,
        "ours": ours,
        "ours_only": more,
        "peer": "left out: no --sionna",
    }
    if python:
        command = [python, str(PEER), "300", json.dumps(RATIOS)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        out["peer"] = json.loads(answer.stdout.strip().splitlines()[-1])
        theirs = out["peer"]["cases"]
        out["ours_is_times"] = {
            name: ours[name]["blocks_a_cpu_s"] / theirs[name]["blocks_a_cpu_s"] for name in ours
        }
    RESULTS.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
