"""Suite ``groups``: subset-difference broadcast to a million devices, its sizes and its theorems."""

from __future__ import annotations

import random
import time
from pathlib import Path

from rabta.verify import Row, suite

NNL = "Naor, Naor and Lotspiech, CRYPTO 2001, section 3.2"
TARGET = "target: issue, revoke 100 of 1,048,576"
MLS = "shown beside a Remove commit of MLS with X-Wing, 1 of 256, 309 kB (rine-mls 0.1.1)"


@suite("groups", "Revocation by broadcast: 100 of 1,048,576 devices")
def groups(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Sizes, times, and bounds of the cover."""
    return [*_header(), *_cover()]


def _header() -> list[Row]:
    from rabta.security.core import CompositePrivate
    from rabta.security.groups import Authority

    rng = random.Random(1)  # noqa: S311 (draws a test)
    authority, signer = Authority.generate(), CompositePrivate.generate()
    device = authority.device(777_777)
    revoked = [k for k in rng.sample(range(1 << 20), 101) if k != device.index][:100]
    start = time.process_time()
    made, key = authority.header(revoked, 30)
    making = 1e3 * (time.process_time() - start)
    raw, rounds = made.to_bytes(), 200
    start = time.process_time()
    for _ in range(rounds):
        device.epoch = -1
        device.apply(raw, None, unsigned=True)
    applying = 1e6 * (time.process_time() - start) / rounds
    signed, _ = authority.header(revoked, 31, signer)
    right = float(device.apply(signed.to_bytes(), signer.public) != key)
    shown = float("nan")
    return [
        Row("header of 100 revoked (bytes)", float(len(raw)), 0.0, 7000.0, TARGET),
        Row(
            "the same with ML-DSA-87 and Ed25519 signatures (bytes)",
            float(len(signed.to_bytes())),
            0.0,
            7000.0,
            TARGET,
            gate=False,
        ),
        Row("the same beside MLS (bytes)", float(len(signed.to_bytes())), 309_000.0, shown, MLS, gate=False),
        Row("to make it (CPU ms)", making, 0.0, 2.0, TARGET, gate=False),
        Row("to apply it, without its signature (CPU us)", applying, 0.0, 50.0, TARGET, gate=False),
        Row(
            "keys of a device (bytes)",
            float(len(device.labels)),
            6750.0,
            2.0,
            "research/security-emulation A6: 6.75 kB",
        ),
        Row("a device that was away applies epoch 31 alone, with a new key", right, 1.0, 0.0, TARGET),
    ]


def _cover() -> list[Row]:
    from rabta.security.groups.tree import cover

    rng = random.Random(2)  # noqa: S311 (draws a test)
    mean = sum(len(cover(rng.sample(range(1 << 20), 200), 20)) for _ in range(60)) / 60 / 200
    worst = max(
        len(cover([k for k in range(16) if mask >> k & 1], 4)) - max(2 * mask.bit_count() - 1, 1)
        for mask in range(1, 1 << 16, 7)
    )
    return [
        Row("subsets a revoked device, at random", mean, 1.25, 0.03, NNL),
        Row(
            "subsets above the bound 2 r - 1, worst of 9,362 sets of 16 devices",
            float(max(worst, 0)),
            0.0,
            0.0,
            NNL,
        ),
    ]
