"""The overlay's nodes: handovers, geostationary handshakes, packets a second, and the twin's own path.

Run: ``python bench/overlay.py``. Results: ``bench/results/overlay.json``. CPU seconds of one core.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.core import CI, NS, Suite
from rabta.security.overlay.node import Policy
from rabta.security.overlay.simulate import strangers
from rabta.security.session import Session
from rabta.verify.security.overlay import HANDOVERS, handed_over, shakes

RESULTS = Path(__file__).parent / "results" / "overlay.json"
PACKETS, RATCHETS = 50_000, 20_000


def timed(work: Callable[[], object]) -> tuple[object, float]:
    """What a call gives, and its CPU seconds."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def handovers() -> dict[str, object]:
    """Ten thousand handovers with packets close beside them."""
    out, seconds = timed(lambda: handed_over(HANDOVERS))
    return {
        "handovers": HANDOVERS,
        "key_changes": sum(e.kind == "key_epoch" for e in out.events) // 2,  # type: ignore[attr-defined]
        "packets": out.sent,  # type: ignore[attr-defined]
        "lost": out.sent - out.delivered,  # type: ignore[attr-defined]
        "added_rtt_ms": 2e3 * out.waited_s,  # type: ignore[attr-defined]
        "cpu_s": round(seconds, 2),
    }


def geostationary() -> list[dict[str, object]]:
    """Handshakes over 600 ms and 10 % loss, by fragments of parity."""
    rows: list[dict[str, object]] = []
    for parity in (0, 1, 2):
        took = shakes(4000, Policy(parity=parity))
        at = {f"p{q}_s": round(took[int(len(took) * q / 100)], 3) for q in (50, 90, 99)}
        rows.append({"parity": parity, "handshakes": len(took), **at, "longest_s": round(took[-1], 3)})
    return rows


def rates(suite: Suite, size: int) -> dict[str, object]:
    """Packets through two nodes, and what a handover costs one of them."""
    one, two = strangers(suite)
    queue = [(two, one.connect(two.local.identifier, b"b", 0.0))]
    while queue:
        node, step = queue.pop(0)
        for _, datagram in step.send:
            other = one if node is two else two
            queue.append((other, node.receive(datagram, b"a" if node is two else b"b", 0.0)))
    payload, peer = bytes(size), two.local.identifier

    def carry() -> None:
        for _ in range(PACKETS):
            two.receive(one.send(peer, payload, 1.0).send[0][1], b"a", 1.0)

    _, seconds = timed(carry)
    session: Session = next(iter(one.links[peer].live.values())).session
    contexts = [suite.digest(number.to_bytes(4, "big")) for number in range(RATCHETS)]

    def ratchet() -> None:
        for context in contexts:
            session.ratchet(context)
            session._notes.clear()  # as if the peer had been heard each time

    _, turned = timed(ratchet)
    return {
        "suite": suite.name,
        "payload_bytes": size,
        "packets_a_cpu_s": round(PACKETS / seconds),
        "gbit_a_cpu_s": round(PACKETS * size * 8 / seconds / 1e9, 3),
        "ratchet_us": round(1e6 * turned / RATCHETS, 2),
    }


def main() -> None:
    """Measure all and write the result."""
    result = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}; other load beside",
        "handovers": handovers(),
        "geostationary": geostationary(),
        "rates": [rates(suite, 1000) for suite in (NS, CI)],
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
