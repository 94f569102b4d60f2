"""Broadcast groups: headers made and applied, and their sizes, for 1 to 10,000 revoked of 2^20 devices.

Run: ``python bench/groups.py``. Results: ``bench/results/groups.json``. CPU seconds of one core.
"""

from __future__ import annotations

import json
import platform
import random
import time
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import CompositePrivate
from rabta.security.groups import Authority

RESULTS = Path(__file__).parent / "results" / "groups.json"


def measured(authority: Authority, signer: CompositePrivate, count: int) -> dict[str, object]:
    """One number of revoked devices."""
    rng = random.Random(count)
    device = authority.device(rng.randrange(1 << 20))
    revoked = [k for k in rng.sample(range(1 << 20), count + 1) if k != device.index][:count]
    rounds = max(3, 300 // count)
    start = time.process_time()
    for _ in range(rounds):
        made, _ = authority.header(revoked, 1)
    making, raw = (time.process_time() - start) / rounds, made.to_bytes()
    rounds = max(20, 2000 // count)
    start = time.process_time()
    for _ in range(rounds):
        device.epoch = -1
        device.apply(raw, None, unsigned=True)
    applying = (time.process_time() - start) / rounds
    signed, _ = authority.header(revoked, 2, signer)
    start = time.process_time()
    device.apply(signed.to_bytes(), signer.public)
    return {
        "revoked": count, "subsets": len(made.subsets) // 2, "bytes": len(raw),
        "signed_bytes": len(signed.to_bytes()),
        "made_ms": round(1e3 * making, 3), "applied_us": round(1e6 * applying, 1),
        "verified_and_applied_us": round(1e6 * (time.process_time() - start), 1),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    authority, signer = Authority.generate(), CompositePrivate.generate()
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "rows": [measured(authority, signer, count) for count in (1, 10, 100, 1000, 10_000)],
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
