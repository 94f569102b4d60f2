"""The protocol's model beyond CI: four sessions at once, and every property against every broken design.

Run: ``python bench/protocol.py``. Results: ``bench/results/protocol.json``.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rabta.security.model import scenarios
from rabta.security.model.properties import ALL, HANDSHAKE, Variant
from rabta.security.model.scenarios import Scenario, explore

FOUR = (
    ("A>B", "A>B", ">B", ">B"),
    ("A>B", "B>A", ">A", ">B"),
    ("A>B", "A>E", ">B", ">B"),
)


def _four() -> list[dict[str, object]]:
    found = []
    for sessions in FOUR:
        start = time.process_time()
        outcome = explore(Scenario(sessions, later=("A", "B", "psk")), (*ALL, scenarios.same_peers))
        seconds = round(time.process_time() - start, 1)
        found.append(
            {"sessions": sessions, "states": outcome.states, "attack": outcome.attack, "cpu_s": seconds}
        )
        print(found[-1], flush=True)
    return found


def _variants() -> dict[str, Variant]:
    return {label: parts for one in HANDSHAKE for label, parts in one.variants.items()}


def _matrix() -> dict[str, dict[str, str]]:
    """Attacks by design and property: empty where it holds, undecided where the states are too many."""
    scenarios.MOST = 10_000
    table: dict[str, dict[str, str]] = {}
    for label, parts in _variants().items():
        table[label] = {}
        for one in HANDSHAKE:
            try:
                table[label][one.name] = one.check(parts).attack
            except RuntimeError as error:
                table[label][one.name] = f"undecided: {error}"
        scenarios.forget()
        print(label, "breaks", [name for name, attack in table[label].items() if attack], flush=True)
    return table


def main() -> None:
    """Run both and write the result."""
    start = time.process_time()
    result = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "four_sessions": _four(),
        "matrix": _matrix(),
        "cpu_s": round(time.process_time() - start, 1),
    }
    path = Path(__file__).with_name("results") / "protocol.json"
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.exit(any(one["attack"] for one in result["four_sessions"]))  # type: ignore[union-attr,index]


if __name__ == "__main__":
    main()
