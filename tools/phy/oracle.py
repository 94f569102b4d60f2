"""What Sionna makes of the same bits: ``python tools/phy/oracle.py OUT`` in an environment with sionna-no-rt.

Each record is a digest of a codeword, so that the file stays small; the bits that go in come from a
generator that needs no library: bit i of a block is bit 7 of byte i of the SHA-256 chain of its name.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

SETS = ((2, 7), (3, 7), (5, 6), (7, 5), (9, 5), (11, 5), (13, 4), (15, 4))
SIZES = sorted(first << j for first, most in SETS for j in range(most + 1))


def bits(name: str, count: int) -> np.ndarray[Any, Any]:
    """Bits that belong to a name."""
    out, block = b"", name.encode()
    while len(out) < count:
        block = hashlib.sha256(block).digest()
        out += block
    return np.frombuffer(out[:count], dtype=np.uint8) >> 7


def digest(values: np.ndarray[Any, Any]) -> str:
    """Digest of bits in order."""
    return hashlib.sha256(np.packbits(values.astype(np.uint8)).tobytes()).hexdigest()[:16]


def longest(number: int, size: int) -> int:
    """Most information bits for which the standard takes this lifting size."""
    if number == 1:
        return 22 * size
    for columns, most in ((10, 10**9), (9, 640), (8, 560), (6, 192)):
        low = {10: 640, 9: 560, 8: 192, 6: 0}[columns]
        k = min(columns * size, most)
        smaller = max([s for s in SIZES if s < size], default=0)
        if k > max(low, columns * smaller):
            return k
    raise ValueError(f"no block has lifting size {size}")


def codewords() -> dict[str, Any]:
    """Digest of the whole codeword, as sent, or of its first 5 k bits, of every graph and lifting size."""
    import torch  # type: ignore[import-not-found]
    from sionna.phy.fec.ldpc import LDPC5GEncoder  # type: ignore[import-not-found]

    out = {}
    for number in (1, 2):
        for size in SIZES:
            try:
                k = longest(number, size)
            except ValueError:
                continue
            n = (66 if number == 1 else 50) * size - ((22 if number == 1 else 10) * size - k)
            n = min(n, 5 * k)  # it refuses lower rates
            encoder = LDPC5GEncoder(k, n, bg=f"bg{number}")
            if encoder.z != size:
                raise ValueError(f"graph {number}, {k} bits: lifting size {encoder.z}, not {size}")
            name = f"ldpc {number} {size}"
            word = encoder(torch.tensor(bits(name, k)[None], dtype=torch.float32)).numpy()[0]
            out[name] = {"k": k, "n": n, "digest": digest(word)}
    return out


def checks() -> dict[str, Any]:
    """Check bits of words of two lengths, of every polynomial."""
    import torch
    from sionna.phy.fec.crc import CRCEncoder  # type: ignore[import-not-found]

    out = {}
    for name in ("CRC24A", "CRC24B", "CRC24C", "CRC16", "CRC11", "CRC6"):
        for count in (24, 1000):
            word = bits(f"{name} {count}", count)
            found = CRCEncoder(name)(torch.tensor(word[None], dtype=torch.float32)).numpy()[0]
            out[f"{name} {count}"] = "".join(str(int(b)) for b in found[count:])
    return out


BLOCKS = (
    # bits of the transport block, coded bits, rate, bits a symbol, layers
    (24, 120, 0.2, 2, 1),
    (320, 960, 0.33, 4, 1),
    (3824, 7648, 0.5, 2, 2),
    (3840, 5772, 0.6667, 6, 1),
    (8456, 12640, 0.6664, 4, 2),
    (20496, 24000, 0.854, 8, 1),
    (20520, 90000, 0.2277, 2, 1),
    (50184, 75276, 0.6667, 6, 2),
)


def transport_blocks() -> dict[str, Any]:
    """Digest of the coded bits of transport blocks: checks, segments, codes, matching, interleaving."""
    import torch
    from sionna.phy.nr import TBEncoder  # type: ignore[import-not-found]

    out = {}
    for size, coded, rate, order, layers in BLOCKS:
        encoder = TBEncoder(size, coded, rate, order, num_layers=layers, use_scrambler=False)
        name = f"tb {size} {coded}"
        sent = encoder(torch.tensor(bits(name, encoder.k)[None], dtype=torch.float32)).numpy()[0]
        out[name] = {"k": encoder.k, "rate": rate, "order": order, "layers": layers, "digest": digest(sent)}
    return out


CONTROL = {
    "uplink": (
        *((20, n) for n in (36, 60, 64, 108, 216, 432, 864)),
        *((64, n) for n in (100, 128, 144, 200, 256, 400, 800)),
        *((140, n) for n in (216, 256, 300, 432, 512, 700, 1000)),
        *((400, n) for n in (512, 600, 768, 900, 1024, 1080)),
        *((900, n) for n in (960, 1024, 1080)),
    ),
    "downlink": (
        *((12, n) for n in (54, 108, 216, 432)),
        *((40, n) for n in (108, 128, 216, 400, 432, 576)),
        *((70, n) for n in (108, 216, 300, 432, 512)),
        *((140, n) for n in (216, 432, 500, 576)),
    ),
}


def control() -> dict[str, Any]:
    """Digest of coded control information in polar codes."""
    import torch
    from sionna.phy.fec.polar import Polar5GEncoder  # type: ignore[import-not-found]

    out = {}
    for way, cases in CONTROL.items():
        for k, n in cases:
            name = f"{way} {k} {n}"
            word = torch.tensor(bits(name, k)[None], dtype=torch.float32)
            out[name] = digest(Polar5GEncoder(k, n, channel_type=way)(word).numpy()[0])
    return out


VERSIONS = (
    # bits of the code block, bits sent
    *((k, n) for k in (40, 200, 600, 1000, 2048, 3800) for n in (5 * k // 4, 2 * k, 4 * k)),
    *((k, n) for k in (3840, 6000, 8448) for n in (5 * k // 4, 2 * k, 5 * k // 2)),
)


def versions() -> dict[str, Any]:
    """Digest of what is sent of a code block in each redundancy version."""
    import torch
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    out = {}
    for k, n in VERSIONS:
        encoder = LDPC5GEncoder(k, n)
        name = f"version {k} {n}"
        word = torch.tensor(bits(name, k)[None], dtype=torch.float32)
        sent = encoder(word, rv=[0, 1, 2, 3]).numpy()[0]
        graph = {"bg1": 1, "bg2": 2}[encoder._bg]
        out[name] = {"graph": graph, "size": int(encoder.z), "digests": [digest(row) for row in sent]}
    return out


def main() -> int:
    """Write everything."""
    import sionna  # type: ignore[import-not-found]

    found = {
        "sionna": sionna.__version__,
        "crc": checks(),
        "transport": transport_blocks(),
        "ldpc": codewords(),
        "polar": control(),
        "versions": versions(),
    }
    Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
