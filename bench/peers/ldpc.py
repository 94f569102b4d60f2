"""Sionna's LDPC and polar decoders measured, by its own interpreter, on one thread.

Usage: PYTHON bench/peers/ldpc.py, where PYTHON has sionna-no-rt and torch; prints JSON.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sionna
import torch
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.fec.polar import Polar5GDecoder, Polar5GEncoder

K, N, EBNO_DB = 1000, 2000, 1.5
KINDS = {"boxplus": 20, "boxplus-phi": 20, "minsum": 20}


def ratios(words: Any, noise: float) -> torch.Tensor:
    """Log-likelihood ratios, positive for a one."""
    rng = np.random.default_rng(1)
    sent = (2.0 * words.numpy() - 1.0) / np.sqrt(2.0)
    heard = sent + np.sqrt(noise / 2.0) * rng.normal(size=sent.shape)
    return torch.tensor(2.0 * np.sqrt(2.0) * heard / noise, dtype=torch.float32)


def rate(job: Callable[[], Any], bits: int, times: int = 3) -> float:
    """Million bits a CPU second: the most of several runs."""
    job()
    seconds = []
    for _ in range(times):
        begin = time.process_time()
        job()
        seconds.append(time.process_time() - begin)
    return bits / min(seconds) / 1e6


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    batch, out = 20, {}
    encoder = LDPC5GEncoder(K, N)
    bits = torch.randint(0, 2, (batch, K)).float()
    heard = ratios(encoder(bits), 1.0 / (10.0 ** (EBNO_DB / 10.0) * 2.0 * K / N))
    for kind, turns in KINDS.items():
        decoder = LDPC5GDecoder(encoder, cn_update=kind, num_iter=turns)
        out[f"ldpc {kind}, 20 iterations"] = rate(lambda decoder=decoder: decoder(heard), batch * K)
    out["ldpc encode"] = rate(lambda: encoder(bits), batch * K)
    for way, k, n, level in (("downlink", 40, 108, 3.0), ("uplink", 64, 128, 3.0)):
        polar = Polar5GEncoder(k, n, channel_type=way)
        word = torch.randint(0, 2, (100, k)).float()
        values = ratios(polar(word), 10.0 ** (-level / 10.0))
        decoder = Polar5GDecoder(polar, dec_type="SCL", list_size=8)
        out[f"polar {way} {k} in {n}, list of 8"] = rate(
            lambda decoder=decoder, values=values: decoder(values), 100 * k
        )
    versions = {"sionna": sionna.__version__, "torch": torch.__version__}
    print(json.dumps({"versions": versions, "mbit_a_cpu_s": out}))


if __name__ == "__main__":
    main()
