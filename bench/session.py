"""Packets of the overlay: sealed and opened, replays refused, keys changed, beside the bare cipher.

Run: ``python bench/session.py``. Results: ``bench/results/session.json``. CPU seconds of one core.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import CI, NS, Rejected, Suite
from rabta.security.core.peers import SessionKeys
from rabta.security.session import Session

RESULTS = Path(__file__).parent / "results" / "session.json"
PACKETS, SIZE = 100_000, 1000


def pair(suite: Suite) -> tuple[Session, Session]:
    """Two sides that have heard each other."""
    there, back, name = os.urandom(suite.hash_bytes), os.urandom(suite.hash_bytes), os.urandom(8)
    one = Session(SessionKeys(suite, there, back, bytes(32), name, bytes(48), initiator=True))
    two = Session(SessionKeys(suite, back, there, bytes(32), name, bytes(48), initiator=False))
    two.open(one.seal(b""))
    one.open(two.seal(b""))
    return one, two


def rate(work: Callable[[], object], count: int) -> float:
    """Calls a CPU second."""
    start = time.process_time()
    for _ in range(count):
        work()
    return count / (time.process_time() - start)


def bare(suite: Suite, data: bytes) -> float:
    """The same cipher without a session, a CPU second."""
    cipher, nonce, head = suite.aead(os.urandom(32)), bytes(12), bytes(24)
    return rate(lambda: cipher.decrypt(nonce, cipher.encrypt(nonce, data, head), head), PACKETS)


def measured(suite: Suite) -> dict[str, object]:
    """Rates of one suite."""
    (one, two), data = pair(suite), os.urandom(SIZE)
    whole = rate(lambda: two.open(one.seal(data)), PACKETS)
    packet = one.seal(data)
    two.open(packet)

    def again() -> None:
        try:
            two.open(packet)
        except Rejected:
            return
        sys.exit("a replay was accepted")

    refused, alone = rate(again, PACKETS), bare(suite, data)

    def handover() -> None:
        one.ratchet(os.urandom(32))
        one._notes.clear()  # as if the peer had heard at once

    return {
        "sealed_and_opened_per_cpu_s": round(whole), "gbit_per_cpu_s": round(whole * SIZE * 8e-9, 2),
        "bare_cipher_per_cpu_s": round(alone), "share_of_bare": round(whole / alone, 3),
        "replays_refused_per_cpu_s": round(refused), "handover_us": round(1e6 / rate(handover, 20_000), 2),
    }  # fmt: skip


def main() -> None:
    """Measure and write."""
    found = {
        "date": datetime.now(UTC).date().isoformat(), "bytes": SIZE,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        **{suite.name: measured(suite) for suite in (NS, CI)},
    }  # fmt: skip
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
