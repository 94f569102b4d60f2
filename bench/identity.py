"""Identity: credentials and epochs, made, accepted and looked up, and their sizes.

Run: ``python bench/identity.py``. Results: ``bench/results/identity.json``. CPU seconds of one core.
"""

from __future__ import annotations

import json
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.identity import epochs
from rabta.security.identity.issue import Bundle
from rabta.verify.security.identity import Nation

RESULTS = Path(__file__).parent / "results" / "identity.json"


def rate(work: Callable[[], object], count: int) -> float:
    """Calls a CPU second."""
    start = time.process_time()
    for _ in range(count):
        work()
    return round(count / (time.process_time() - start), 1)


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as folder:
        nation = Nation(Path(folder))
        raw, proof = nation.proved([nation.credential("node", 20)])[0]
        bundle = Bundle(raw, proof)  # type: ignore[arg-type]
        trust = nation.trust()
        name = trust.accept(bundle).identifier
        many = epochs.Epoch(1, epochs.short(bytes([k]) * 48 for k in range(100)))
        parts = [epochs.endorse(many, one) for one in nation.officers[:2]]
        statement, _ = nation.proved([epochs.combine(many, parts, nation.root)])[0]
        found = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
            "credential_bytes": len(raw),
            "first_contact_bytes": len(bundle.encode()),
            "epoch_with_100_revoked_bytes": len(statement),
            "issued_per_cpu_s": rate(lambda: nation.credential("x", 20), 100),
            "accepted_per_cpu_s": rate(lambda: nation.trust().accept(bundle), 200),
            "looked_up_per_cpu_s": rate(lambda: trust.lookup(name), 200_000),
            "epochs_verified_per_cpu_s": rate(lambda: epochs.read(statement, nation.root), 300),
        }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
