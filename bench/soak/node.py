"""Mutated datagrams to a whole node: none may reach its user, change a session, or raise anything.

Usage: python bench/soak/node.py [--count 1000000] [--seed 1]

Datagrams of handshakes and sessions between real nodes are changed at random (bits, cuts, splices) and given
to the node that they were meant for. The result goes to bench/results/soak_node.json.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import CI, NS, Suite
from rabta.security.overlay.node import Node
from rabta.security.overlay.simulate import strangers

RESULTS = Path(__file__).parents[1] / "results" / "soak_node.json"
EACH = 1000
"""Mutations of one pair of nodes' datagrams."""


def talk(suite: Suite, draw: random.Random) -> tuple[Node, list[bytes]]:
    """Node that has a session, and the datagrams that it got for it and could still get."""
    one, two = strangers(suite)
    meant: list[bytes] = []
    queue = [(two, datagram) for _, datagram in one.connect(two.local.identifier, b"b", 0.0).send]
    while queue:
        node, datagram = queue.pop(0)
        if node is two:
            meant.append(datagram)
        step = node.receive(datagram, b"a" if node is two else b"b", 0.0)
        queue += [(one if node is two else two, out) for _, out in step.send]
    for number in range(6):
        if number % 2:
            one.handover(two.local.identifier, f"satellite {number}", 1.0)
        meant.append(one.send(two.local.identifier, draw.randbytes(60), 1.0).send[0][1])
    return two, meant


def state(node: Node) -> str:
    """What must not change."""
    links = [(name, link.address, link.sending, sorted(link.live)) for name, link in node.links.items()]
    live = [one.session for link in node.links.values() for one in link.live.values()]
    return repr((links, [(s.receiving.epoch, s.sending.epoch, s.counter) for s in live]))


def mutated(meant: list[bytes], draw: random.Random) -> bytes:
    """A changed datagram."""
    raw = bytearray(draw.choice(meant))
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        early = draw.random() < 0.3
        raw[draw.randrange(min(40, len(raw)) if early else len(raw))] ^= 1 << draw.randrange(8)
    if draw.random() < 0.1:
        raw = raw[: draw.randrange(1, len(raw))]
    if draw.random() < 0.1:
        raw += draw.choice(meant)[draw.randrange(60) :]
    return bytes(raw)


def mutations(count: int, seed: int = 1) -> dict[str, object]:
    """Counts of what became of `count` mutated datagrams; `accepted` and `crashes` must be zero."""
    draw, refused, accepted, crashes, tried = random.Random(seed), Counter[str](), 0, 0, 0
    while tried < count:
        node, meant = talk((CI, NS)[tried // EACH % 2], draw)
        before, known = state(node), set(meant)
        node.counters.clear()
        for _ in range(min(EACH, count - tried)):
            tried += 1
            raw = mutated(meant, draw)
            if raw in known:
                continue
            try:
                step = node.receive(raw, b"attacker", 1.0)
            except Exception as error:  # noqa: BLE001 (what this counts)
                crashes += 1
                refused[f"crash {type(error).__name__}"] += 1
                continue
            accepted += bool(step.received or step.events)
        accepted += state(node) != before
        refused += node.counters
    return {"mutations": tried, "accepted": accepted, "crashes": crashes, "refused": dict(refused)}


def main() -> None:
    """Run and write the result with its date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    start = time.process_time()
    result = mutations(asked.count, asked.seed)
    result |= {"seed": asked.seed, "cpu_s": round(time.process_time() - start, 1)}
    result |= {
        "date": datetime.now(UTC).date().isoformat(),
        "command": f"python bench/soak/node.py --count {asked.count}",
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
