"""The waveform's parts measured on one thread, and Sionna's in the same run.

Usage: OPENBLAS_NUM_THREADS=1 python bench/waveform.py [--sionna PYTHON]
PYTHON is an interpreter that has sionna-no-rt and torch; without it the peer is left out, and the result
says so. Slots are of 20 MHz at 15 kHz (106 blocks, 2,048 points, 30.72 million samples a second).
Results go to bench/results/waveform.json; CPU seconds are the least of several.
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
from rabta.mobile.phy.waveform import estimate, mimo, numerology, ofdm, pilots, qam, scrambling
from rabta.mobile.phy.waveform.sync import offset, search

RESULTS = Path(__file__).parent / "results" / "waveform.json"
PEER = Path(__file__).parent / "peers" / "waveform.py"
BITS = 4_800_000
CARRIER = numerology.channel(20, 15)


def least(job: Callable[[], Any], times: int = 5) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def noise(rng: np.random.Generator, *shape: int) -> np.ndarray[Any, Any]:
    """Complex noise of unit variance."""
    both = rng.standard_normal((2, *shape), dtype=np.float32)
    return np.asarray((both[0] + 1j * both[1]) / np.float32(np.sqrt(2.0)), dtype=np.complex64)


def symbols(rng: np.random.Generator) -> dict[str, float]:
    """Million bits a CPU second."""
    out = {"gold": BITS / least(lambda: scrambling.sequence(1, BITS)) / 1e6}
    for order in (2, 4, 6, 8, 10):
        bits = rng.integers(0, 2, BITS // order * order).astype(np.uint8)
        sent = qam.modulate(bits, order)
        heard = sent + np.float32(0.3) * noise(rng, sent.size)
        jobs = {
            "modulate": lambda bits=bits, order=order: qam.modulate(bits, order),
            "max-log": lambda heard=heard, order=order: qam.demodulate(heard, 0.1, order),
            "exact": lambda heard=heard, order=order: qam.demodulate(heard, 0.1, order, exact=True),
        }
        for name, job in jobs.items():
            out[f"{name} {qam.ORDERS[order]}"] = bits.size / least(job) / 1e6
    return out


def multiplex(rng: np.random.Generator) -> dict[str, float]:
    """Million samples a CPU second, over ten slots."""
    grid = noise(rng, 140, CARRIER.subcarriers)
    samples = ofdm.modulate(grid, CARRIER)
    block, record = search.block_carrier(15), noise(rng, 76_800)
    return {
        "modulate": samples.size / least(lambda: ofdm.modulate(grid, CARRIER)) / 1e6,
        "demodulate": samples.size / least(lambda: ofdm.demodulate(samples, CARRIER)) / 1e6,
        "turn": samples.size / least(lambda: offset.turn(samples, 30.72e6, 1234.5)) / 1e6,
        "start and frequency from the prefixes of a slot, CPU s": least(
            lambda: offset.prefix(samples[:40_000], CARRIER, search=2_192)
        ),
        "cell search of 20 ms, 48 kHz either way, CPU s": least(
            lambda: search.cells(record, block, widest_hz=48e3), 2
        ),
    }


def antennas(rng: np.random.Generator) -> dict[str, float]:
    """Thousand resource elements a CPU second, and slots a CPU second of channel estimates."""
    out = {}
    for size in (2, 4, 8):
        y, h = noise(rng, 20_000, size), noise(rng, 20_000, size, size)
        out[f"lmmse {size} x {size}"] = 20.0 / least(lambda y=y, h=h: mimo.lmmse(y, h, 0.1))
    y, h = noise(rng, 4_000, 2), noise(rng, 4_000, 2, 2)
    out["ml 2 x 2, 16QAM"] = 4.0 / least(lambda: mimo.ml(y, h, 0.1, 4))
    y4, h4 = noise(rng, 2_000, 4), noise(rng, 2_000, 4, 4)
    out["32 best words 4 x 4, 16QAM"] = 2.0 / least(lambda: mimo.k_best(y4, h4, 0.1, 4))
    sent = pilots.Dmrs().grid(CARRIER, 0, [0, 1])
    heard = noise(rng, 2, 14, CARRIER.subcarriers)
    known = estimate.Statistics(delay_spread_s=1e-7, doppler_hz=100.0)
    out["least squares, slots of 2 x 2"] = 1.0 / least(lambda: estimate.ls(heard, sent, 0.1))
    estimate.lmmse(heard, sent, 0.1, CARRIER, known)
    out["lmmse estimate, slots of 2 x 2"] = 1.0 / least(
        lambda: estimate.lmmse(heard, sent, 0.1, CARRIER, known)
    )
    return out


def main() -> None:
    """Measure and write."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        raise SystemExit("set OPENBLAS_NUM_THREADS=1: idle threads of matrix products count as CPU time")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sionna")
    peer = parser.parse_args().sionna
    jit.set_threads(1)
    rng = np.random.default_rng(1)
    result: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "load": os.getloadavg()[0],
        "threads": 1,
        "symbols, Mbit/s": symbols(rng),
        "multiplex, million samples a CPU s unless said": multiplex(rng),
        "antennas, thousand elements or slots a CPU s": antennas(rng),
        "sionna": "left out",
    }
    if peer:
        done = subprocess.run([peer, str(PEER)], capture_output=True, text=True, check=True)
        result["sionna"] = json.loads(done.stdout)
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
