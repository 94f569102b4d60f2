"""Fading measured on one thread, and Sionna's in the same run.

Usage: python bench/fading.py [--sionna PYTHON]
PYTHON is an interpreter that has sionna-no-rt and torch; without it the peer is left out, and the result
says so.
A slot has 14 symbols at their true, uneven times; the grid has 624 subcarriers (52 blocks). Samples are at
30.72 MHz through TDL-A, and for a satellite through NTN-TDL-C with a delay that drifts.
Results go to bench/results/fading.json; CPU seconds are the least of several.
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
from rabta.mobile.phy.fading import channel, clusters
from rabta.mobile.phy.fading.motion import Track
from rabta.mobile.phy.fading.panels import CROSSED, Panel
from rabta.radio.patterns.arrays import Element

RESULTS = Path(__file__).parent / "results" / "fading.json"
PEER = Path(__file__).parent / "peers" / "fading.py"
TARGET = {"slots a minute, TDL-A on the grid": 10_000, "samples a CPU second and tap": 2e6}
DOPPLER_HZ = 10.0 * 3.5e9 / 299_792_458.0
SLOT_S = (np.arange(14) * 2192.0 + 16.0 * (np.arange(14) >= 7) + 160.0) / 30.72e6
RATE_HZ, SAMPLES = 30.72e6, 307_200


def least(job: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def slots(count: int) -> dict[str, float]:
    """Slots a CPU second."""
    hertz, out = (np.arange(624) - 312) * 15e3, {}

    def draw(name: str, **asked: Any) -> Any:
        return channel.response(name, SLOT_S, doppler_hz=DOPPLER_HZ, links=count, seed=1, **asked)

    for name in ("TDL-A", "TDL-C", "TDLA30", "NTN-TDL-C"):
        out[name] = count / least(lambda name=name: draw(name))
        out[f"{name} on the grid"] = count / least(lambda name=name: channel.on_grid(*draw(name), hertz))
    out["TDLC300 2 x 4 medium"] = count / least(
        lambda: draw("TDLC300", receive=2, transmit=4, correlation="medium")
    )
    panels = {"receive": Panel(slants_deg=(0.0, 90.0)), "transmit": Panel(2, 4, CROSSED, element=Element())}
    out["CDL-C, 16 to 2 antennas"] = count / least(
        lambda: clusters.response("CDL-C", SLOT_S, doppler_hz=DOPPLER_HZ, links=count, **panels)
    )
    return out


def samples() -> dict[str, float]:
    """Samples a CPU second: drawn and sent through."""
    rng = np.random.default_rng(1)
    sent = (rng.normal(size=SAMPLES) + 1j * rng.normal(size=SAMPLES)).astype(np.complex64)
    track = Track.steady(2e9, shift_hz=40e3, rate_hz_s=-500.0)
    return {
        "samples": SAMPLES
        / least(lambda: channel.fade(sent, RATE_HZ, "TDL-A", delay_spread_s=100e-9, doppler_hz=DOPPLER_HZ)),
        "samples, one tap that drifts": SAMPLES
        / least(lambda: channel.apply(sent, RATE_HZ, [0.0], np.ones((1, 1, 1)), track=track)),
        "samples, NTN-TDL-C that drifts": SAMPLES
        / least(lambda: channel.fade(sent, RATE_HZ, "NTN-TDL-C", doppler_hz=100.0, track=track)),
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sionna")
    python = parser.parse_args().sionna
    jit.set_threads(1)
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    channel.fade(np.ones(100), 1e6, "TDL-D", track=Track.steady(1e9))
    ours = slots(1000) | samples()
    ours["slots a minute, TDL-A on the grid"] = 60.0 * ours["TDL-A on the grid"]
    ours["samples a CPU second and tap"] = 23.0 * ours["samples"]
    out: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": platform.processor() or platform.machine(), "load": os.getloadavg()[0]},
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "problem": "slots of 14 symbols, 624 subcarriers; samples at 30.72 MHz; a CPU second of one thread",
        "target": TARGET,
        "ours": ours,
        "peer": "left out: no --sionna",
    }
    if python:
        answer = subprocess.run([python, str(PEER), "1000"], capture_output=True, text=True, check=True)
        out["peer"] = json.loads(answer.stdout.strip().splitlines()[-1])
        out["ours_is_times"] = {key: ours[key] / value for key, value in out["peer"].items() if key in ours}
    RESULTS.write_text(json.dumps(out, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(out, indent=2))


if __name__ == "__main__":
    main()
