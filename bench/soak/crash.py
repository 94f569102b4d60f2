"""Nodes killed with -9 at random points while they send: no counter of a session may ever come twice.

Usage: python bench/soak/crash.py [--count 1000] [--seed 1]

The result goes to bench/results/soak_crash.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import NS
from rabta.security.core.peers import SessionKeys
from rabta.security.session import Ledger, Session

RESULTS = Path(__file__).parents[1] / "results" / "soak_crash.json"
HEAD = 24
SENDER = """
import sys
from pathlib import Path
from rabta.security.session import Ledger, Session
ledger = Ledger(Path(sys.argv[1]))
session = Session.resume(ledger.load(bytes.fromhex(sys.argv[2])), ledger)
out, k = sys.stdout.buffer, 0
while True:
    if k % 50 == 0:
        session.ratchet(k.to_bytes(32, "big"))
    out.write(session.seal(b"x")[:24])
    out.flush()
    k += 1
"""


def lives(count: int, seed: int, folder: Path) -> dict[str, int]:
    """So many lives of one sender."""
    keys = SessionKeys(NS, os.urandom(48), os.urandom(48), os.urandom(48), os.urandom(8), bytes(48), True)
    ledger = Ledger(folder / "ledger")
    Session(keys, ledger).seal(b"")
    ledger.close()
    rng, seen = random.Random(seed), {0}
    found = {"kills": 0, "packets": 1, "nonces_reused": 0}
    command = [sys.executable, "-c", SENDER, str(folder / "ledger"), keys.session.hex()]
    for _ in range(count):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
            if sender.stdout is None:
                break
            raw = sender.stdout.read(HEAD)
            time.sleep(rng.uniform(0.0, 0.03))
            sender.send_signal(signal.SIGKILL)
            raw += sender.stdout.read()
        for at in range(0, len(raw) - HEAD + 1, HEAD):
            counter = int.from_bytes(raw[at + 18 : at + 24], "big")
            found["nonces_reused"] += counter in seen
            seen.add(counter)
            found["packets"] += 1
        found["kills"] += 1
    return found


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = lives(asked.count, asked.seed, Path(folder))
    result = {
        **found, "seed": asked.seed, "wall_s": round(time.perf_counter() - begun, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python bench/soak/crash.py --count {asked.count}",
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
