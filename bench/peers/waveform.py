"""Sionna's symbols, OFDM and equalisers measured, by its own interpreter, on one thread.

Usage: PYTHON bench/peers/waveform.py, where PYTHON has sionna-no-rt and torch; prints JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sionna
import torch
from sionna.phy.mapping import Demapper, Mapper
from sionna.phy.mimo import KBestDetector, MaximumLikelihoodDetector, lmmse_equalizer
from sionna.phy.nr.utils import generate_prng_seq
from sionna.phy.ofdm import OFDMDemodulator, OFDMModulator

BITS = 1_200_000


def least(job: Callable[[], Any], times: int = 3) -> float:
    """Least CPU seconds of several runs."""
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def noise(*shape: int) -> torch.Tensor:
    """Complex noise of unit variance."""
    return torch.randn(*shape, dtype=torch.complex64)


def symbols() -> dict[str, float]:
    """Million bits a CPU second."""
    out = {"gold": 0.1 / least(lambda: generate_prng_seq(100_000, 1), 1)}
    for order, name in ((2, "QPSK"), (4, "16QAM"), (6, "64QAM"), (8, "256QAM"), (10, "1024QAM")):
        count = BITS // order * order if order < 10 else 240_000
        bits = torch.randint(0, 2, (1, count), dtype=torch.float32)
        mapper = Mapper("qam", order)
        heard = mapper(bits) + 0.3 * noise(1, count // order)
        out[f"modulate {name}"] = count / least(lambda mapper=mapper, bits=bits: mapper(bits)) / 1e6
        for method, called in (("maxlog", "max-log"), ("app", "exact")):
            demapper = Demapper(method, "qam", order)
            seconds = least(lambda demapper=demapper, heard=heard: demapper(heard, torch.tensor(0.1)))
            out[f"{called} {name}"] = count / seconds / 1e6
    return out


def multiplex() -> dict[str, float]:
    """Million samples a CPU second: 140 symbols of 2,048 points."""
    prefixes = torch.tensor(np.tile([160, *[144] * 6], 20))
    sender, hearer = OFDMModulator(prefixes), OFDMDemodulator(2048, 0, prefixes)
    grid = noise(1, 140, 2048)
    samples = sender(grid)
    return {
        "modulate": samples.numel() / least(lambda: sender(grid)) / 1e6,
        "demodulate": samples.numel() / least(lambda: hearer(samples)) / 1e6,
    }


def antennas() -> dict[str, float]:
    """Thousand resource elements a CPU second."""
    out = {}
    for size in (2, 4, 8):
        y, h = noise(20_000, size), noise(20_000, size, size)
        s = (0.1 * torch.eye(size, dtype=torch.complex64)).expand(20_000, size, size)
        out[f"lmmse {size} x {size}"] = 20.0 / least(lambda y=y, h=h, s=s: lmmse_equalizer(y, h, s))
    y, h = noise(4_000, 2), noise(4_000, 2, 2)
    s = (0.1 * torch.eye(2, dtype=torch.complex64)).expand(4_000, 2, 2)
    every = MaximumLikelihoodDetector("bit", "maxlog", 2, "qam", 4)
    out["ml 2 x 2, 16QAM"] = 4.0 / least(lambda: every(y, h, s))
    y4, h4 = noise(2_000, 4), noise(2_000, 4, 4)
    s4 = (0.1 * torch.eye(4, dtype=torch.complex64)).expand(2_000, 4, 4)
    best = KBestDetector("bit", 4, 32, "qam", 4)
    out["32 best words 4 x 4, 16QAM"] = 2.0 / least(lambda: best(y4, h4, s4))
    return out


def main() -> None:
    """Print the measurement."""
    torch.set_num_threads(1)
    out = {
        "version": sionna.__version__,
        "torch": torch.__version__,
        "symbols": symbols(),
        "multiplex": multiplex(),
        "antennas": antennas(),
    }
    print(json.dumps(out))


if __name__ == "__main__":
    main()
