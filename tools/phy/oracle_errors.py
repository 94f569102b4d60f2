"""Block errors of Sionna's decoders: ``python tools/phy/oracle_errors.py OUT [BLOCKS]``, with sionna-no-rt.

QPSK over white noise, so each coded bit is 1 or -1 over the root of two beside noise of variance N0 / 2. LDPC
is decoded by 20 iterations of boxplus over a flooding schedule, polar by a list of eight; the seed is fixed.
It takes about ten minutes of one core.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

LDPC = (
    # bits, coded bits, Eb/N0 in dB
    (1000, 2000, (1.4, 1.5, 1.6)),
)
POLAR = (
    # way, bits, coded bits, Es/N0 in dB
    ("downlink", 40, 108, (1.0, 2.0, 3.0)),
    ("uplink", 64, 128, (2.0, 3.0)),
)


def ratios(words: np.ndarray[Any, Any], noise: float, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Log-likelihood ratios of coded bits, positive for a one as Sionna has them."""
    sent = (2.0 * words - 1.0) / np.sqrt(2.0)
    heard = sent + np.sqrt(noise / 2.0) * rng.normal(size=words.shape)
    return np.asarray(2.0 * np.sqrt(2.0) * heard / noise, dtype=np.float32)


def count(
    encode: Any, decode: Any, k: int, noise: float, blocks: int, batch: int, rng: np.random.Generator
) -> int:
    """Blocks in error."""
    import torch  # type: ignore[import-not-found]

    wrong = 0
    for _ in range(blocks // batch):
        bits = torch.tensor(rng.integers(0, 2, (batch, k)), dtype=torch.float32)
        heard = ratios(encode(bits).numpy(), noise, rng)
        found = decode(torch.tensor(heard))
        wrong += int((found != bits).any(dim=-1).sum())
    return wrong


def ldpc(blocks: int) -> list[dict[str, Any]]:
    """Points of the data channel's code."""
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder  # type: ignore[import-not-found]

    out = []
    for k, n, levels in LDPC:
        encoder = LDPC5GEncoder(k, n)
        decoder = LDPC5GDecoder(encoder, cn_update="boxplus", num_iter=20, hard_out=True)
        for level in levels:
            noise = 1.0 / (10.0 ** (level / 10.0) * 2.0 * k / n)
            begin = time.process_time()
            wrong = count(encoder, decoder, k, noise, blocks, 20, np.random.default_rng(round(level * 10)))
            seconds = time.process_time() - begin
            out.append({"k": k, "n": n, "ebno_db": level, "blocks": blocks, "errors": wrong})
            print(out[-1], f"{seconds:.0f} CPU s", flush=True)
    return out


def polar(blocks: int) -> list[dict[str, Any]]:
    """Points of the control channels' codes."""
    from sionna.phy.fec.polar import Polar5GDecoder, Polar5GEncoder  # type: ignore[import-not-found]

    out = []
    for way, k, n, levels in POLAR:
        encoder = Polar5GEncoder(k, n, channel_type=way)
        decoder = Polar5GDecoder(encoder, dec_type="SCL", list_size=8)
        for level in levels:
            rng = np.random.default_rng(100 + round(level * 10))
            wrong = count(encoder, decoder, k, 10.0 ** (-level / 10.0), blocks, 100, rng)
            out.append({"way": way, "k": k, "n": n, "esno_db": level, "blocks": blocks, "errors": wrong})
            print(out[-1], flush=True)
    return out


def main() -> int:
    """Write everything."""
    import sionna  # type: ignore[import-not-found]
    import torch

    torch.set_num_threads(1)
    blocks = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    found = {
        "sionna": sionna.__version__,
        "torch": torch.__version__,
        "when": datetime.now(UTC).date().isoformat(),
        "polar": polar(blocks),
        "ldpc": ldpc(blocks),
    }
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
