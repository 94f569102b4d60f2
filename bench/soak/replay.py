"""Replayed, doubled, reordered and cross-epoch packets: none may be taken twice, none in the window refused.

Usage: python bench/soak/replay.py [--count 100000000] [--seed 1] [--processes 2]

A sender goes through handovers and refreshes; each batch of its packets comes in any order, then copies of it
and of older batches and epochs. The result goes to bench/results/soak_replay.json.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import NS, HybridPrivate, Rejected
from rabta.security.core.peers import Local, Peer
from rabta.security.handshake import Initiator, Responder
from rabta.security.session import Session

RESULTS = Path(__file__).parents[1] / "results" / "soak_replay.json"
BATCH, OLD, SHUFFLED = 400, 6_000, 40
COUNT = 100_000_000


def pair() -> tuple[Session, Session]:
    """Two sides of a session, by a real handshake."""
    privates = [HybridPrivate.generate(NS) for _ in range(2)]
    names = [os.urandom(48) for _ in range(2)]
    peers = [Peer(n, {1: k.public}) for n, k in zip(names, privates, strict=True)]
    one = Initiator(Local(names[0], {1: privates[0]}), peers[1], NS)
    two = Responder(Local(names[1], {1: privates[1]}), lambda _: peers[0], (NS,))
    steps = [two.receive(d, b"a", 0.0) for d in one.start(0.0)]
    here = [one.receive(d, 0.0) for d in steps[-1].send][-1].keys
    there = steps[-1].keys
    if here is None or there is None:
        raise RuntimeError("no handshake")
    return Session(here), Session(there)


def replays(count: int, seed: int) -> dict[str, int]:
    """So many packets that are no first copies, and the first copies among them."""
    rng, found = (
        random.Random(seed),
        {"replayed": 0, "accepted": 0, "first": 0, "false_rejects": 0, "epochs": 0},
    )
    one, two = pair()
    two.open(one.seal(b""))
    heard: list[bytes] = []
    while found["replayed"] < count:
        one.ratchet(os.urandom(32))
        batch = [one.seal(b"payload") for _ in range(BATCH)]
        rng.shuffle(batch)
        for packet in batch:
            try:
                two.open(packet)
                found["first"] += 1
            except Rejected:
                found["false_rejects"] += 1
        one.open(two.seal(b""))
        heard = (heard + batch)[-OLD:]
        found["epochs"] += 1
        for _ in range(SHUFFLED):
            found["accepted"] += again(two, rng.sample(heard, len(heard)))
            found["replayed"] += len(heard)
    return found


def again(two: Session, packets: list[bytes]) -> int:
    """How many of some packets that were taken before are taken again."""
    taken, take = 0, two.open
    for packet in packets:
        try:
            take(packet)
            taken += 1
        except Rejected:
            continue
    return taken


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    begun = time.perf_counter()
    share = -(-asked.count // asked.processes)
    with ProcessPoolExecutor(asked.processes) as pool:
        parts = list(
            pool.map(replays, [share] * asked.processes, range(asked.seed, asked.seed + asked.processes))
        )
    total = {name: sum(part[name] for part in parts) for name in parts[0]}
    result = {
        **total, "seed": asked.seed, "processes": asked.processes,
        "wall_s": round(time.perf_counter() - begun, 1),
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python bench/soak/replay.py --count {asked.count}",
    }  # fmt: skip
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
