"""Mutated packets of a session: none may open, and none may change the state of the side that it came to.

Usage: python bench/soak/session.py [--count 1000000] [--seed 1]

Bits, lengths, header fields, notes of other epochs, halves of two packets, packets of the other direction and
of another session. The result goes to bench/results/soak_session.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from replay import pair

from rabta.security.core import Rejected
from rabta.security.session import HEADER_BYTES, Session

RESULTS = Path(__file__).parents[1] / "results" / "soak_session.json"
EACH = 200


def mutated(packet: bytes, other: bytes, rng: random.Random) -> bytes:
    """One mutation of a packet."""
    kind, bad = rng.randrange(6), bytearray(packet)
    if kind == 0:
        for _ in range(rng.choice([1, 1, 2, 8])):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
    elif kind == 1:
        bad = bad[: rng.randrange(len(bad))]
    elif kind == 2:
        bad += os.urandom(rng.randrange(1, 40))
    elif kind == 3:
        bad = bytearray(packet[:HEADER_BYTES] + other[HEADER_BYTES:])
    elif kind == 4:
        at = rng.choice([1, 10, 14, 18])
        bad[at : at + 4] = os.urandom(4)
    else:
        cut = rng.randrange(len(bad))
        bad = bytearray(packet[:cut] + other[cut:])
    return bytes(bad)


def told(side: Session, datagram: bytes) -> str:
    """Outcome of a datagram: a reason, or what must never be."""
    before = side.state(), side.window.next, tuple(side.window._words[:8])
    try:
        side.open(datagram)
    except Rejected as error:
        same = before == (side.state(), side.window.next, tuple(side.window._words[:8]))
        return error.reason if same else "changed"
    except Exception as error:  # noqa: BLE001 (counting what must never be raised is the purpose)
        return f"crash {type(error).__name__}"
    return "accepted"


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng, outcomes, begun = random.Random(asked.seed), Counter[str](), time.process_time()
    done = 0
    while done < asked.count:
        one, two = pair()
        two.open(one.seal(b""))
        stranger, _ = pair()
        for _ in range(EACH):
            one.ratchet(os.urandom(32))
            packet = one.seal(os.urandom(rng.randrange(60)))
            others = [one.seal(b"other"), two.seal(b"back"), stranger.seal(b"stranger")]
            for _ in range(10):
                bad = mutated(packet, rng.choice(others), rng)
                if bad not in (packet, others[0]):
                    outcomes[told(two, bad)] += 1
                    done += 1
            two.open(packet)
            one.open(two.seal(b""))
    crashes = sum(n for name, n in outcomes.items() if name.startswith("crash"))
    result = {
        "mutations": done, "accepted": outcomes["accepted"] + outcomes["changed"], "crashes": crashes,
        "outcomes": dict(outcomes), "seed": asked.seed, "cpu_s": round(time.process_time() - begun, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python bench/soak/session.py --count {asked.count}",
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
