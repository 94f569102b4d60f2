"""Decoders of NR's channel codes measured on one thread, and Sionna's in the same run.

Usage: OPENBLAS_NUM_THREADS=1 python bench/ldpc.py [--sionna PYTHON]
PYTHON is an interpreter that has sionna-no-rt and torch; without it the peer is left out, and the result
says so. LDPC: 1,000 bits in 2,000, QPSK over white noise, 20 iterations with early stop; the level with a
block error rate next to one in a hundred is 1.5 dB of Eb/N0. Sionna decodes words in batches of 20, where it
is fastest, and has no early stop. Results go to bench/results/ldpc.json; million information bits a CPU
second.
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
from rabta.mobile.phy.ldpc import coding, graphs
from rabta.mobile.phy.polar import control
from rabta.verify.mobile.anchors import decoding

RESULTS = Path(__file__).parent / "results" / "ldpc.json"
PEER = Path(__file__).parent / "peers" / "ldpc.py"
BLOCKS = 3_000
LEVELS_DB = (1.3, 1.4, 1.5, 1.6, 2.0, 4.0)


def rate(job: Callable[[], Any], bits: int, times: int = 5) -> float:
    """Million bits a CPU second: the most of several runs."""
    job()
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return bits / min(seconds) / 1e6


def levels() -> list[dict[str, float]]:
    """1,000 bits in 2,000 at several levels."""
    out = []
    for level in LEVELS_DB:
        noise = 1.0 / 10.0 ** (level / 10.0)
        graph, block, ratios = decoding.ldpc_ratios(1000, 2000, noise, BLOCKS, np.random.default_rng(1))
        bits, used = coding.decode(graph, ratios, device="cpu")
        wrong = (bits[:, :1000] != block[:, :1000]).any(axis=1)
        speed = rate(
            lambda graph=graph, ratios=ratios: coding.decode(graph, ratios, device="cpu"), BLOCKS * 1000
        )
        out.append({"ebno_db": level, "bler": wrong.mean(), "iterations": used.mean(), "mbit_a_cpu_s": speed})
    return out


def others() -> dict[str, float]:
    """Other sizes, encoding, and polar codes."""
    out, rng = {}, np.random.default_rng(2)
    for number, size, rows, sigma in (
        (1, 384, 24, 0.84),
        (1, 384, 5, 0.5),
        (2, 384, 22, 0.9),
        (2, 16, 22, 0.8),
    ):
        graph = graphs.graph(number, size)
        width = graph.systematic * size
        block = rng.integers(0, 2, (max(100, 200_000 // width), width)).astype(np.uint8)
        word = coding.encode(graph, block)[:, : width + rows * size]
        ratios = 2.0 / sigma**2 * (1.0 - 2.0 * word + sigma * rng.standard_normal(word.shape))
        ratios = ratios.astype(np.float32)
        ratios[:, : 2 * size] = 0.0
        used = coding.decode(graph, ratios, device="cpu")[1]
        name = f"graph {number}, {width} bits in {width + (rows - 2) * size}, {used.mean():.1f} iterations"
        out[name] = rate(
            lambda graph=graph, ratios=ratios: coding.decode(graph, ratios, device="cpu"), block.size
        )
    graph = graphs.graph(2, 104)
    block = rng.integers(0, 2, (BLOCKS, 1040)).astype(np.uint8)
    out["ldpc encode"] = rate(lambda: coding.encode(graph, block), BLOCKS * 1000)
    for way, k, n, level in (("downlink", 40, 108, 3.0), ("uplink", 64, 128, 3.0)):
        encode, decode = (
            (control.encode_up, control.decode_up)
            if way == "uplink"
            else (control.encode_down, control.decode_down)
        )
        words = rng.integers(0, 2, (1000, k)).astype(np.uint8)
        values = decoding.noisy(encode(words, n), 10.0 ** (-level / 10.0), rng)
        out[f"polar {way} {k} in {n}, list of 8"] = rate(
            lambda decode=decode, values=values, k=k: decode(values, k, most=8), 1000 * k
        )
    return out


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sionna")
    peer = parser.parse_args().sionna
    jit.set_threads(1)
    result: dict[str, Any] = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "load": os.getloadavg()[0],
        "threads": 1,
        "ldpc 1000 in 2000": levels(),
        "mbit_a_cpu_s": others(),
        "sionna": "left out",
    }
    if peer:
        done = subprocess.run([peer, str(PEER)], capture_output=True, text=True, check=True)
        result["sionna"] = json.loads(done.stdout)
        theirs = result["sionna"]["mbit_a_cpu_s"]
        near = next(row for row in result["ldpc 1000 in 2000"] if row["ebno_db"] == 1.5)
        result["ours_is"] = {
            "ldpc beside boxplus at 1.5 dB": near["mbit_a_cpu_s"] / theirs["ldpc boxplus, 20 iterations"],
            **{
                name: rate_ / theirs[name] for name, rate_ in result["mbit_a_cpu_s"].items() if name in theirs
            },
        }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
