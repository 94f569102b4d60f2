"""The protocol's model beyond CI: four sessions at once, and every property against every broken design.

Run: ``python bench/protocol.py [four] [matrix]``. Results: ``bench/results/protocol.json``, part by part.
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


MOST_STATES = 10_000
"""Of one design and property; beyond them it is undecided."""
RESULT = Path(__file__).with_name("results") / "protocol.json"


def _save(part: str, found: object, *, whole: bool) -> None:
    """Keep what is there of a part, so that a run that is stopped leaves what it has; `whole` tells."""
    kept = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    kept[part] = {
        "date": datetime.now(tz=UTC).date().isoformat(),
        "machine": machine,
        "whole": whole,
        "cpu_s": round(time.process_time(), 1),
        "found": found,
    }
    RESULT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _four() -> bool:
    """Three settings of four sessions, an attack in none of them."""
    found: list[dict[str, object]] = []
    for sessions in FOUR:
        start = time.process_time()
        outcome = explore(Scenario(sessions, later=("A", "B", "psk")), (*ALL, scenarios.same_peers))
        seconds = round(time.process_time() - start, 1)
        found.append(
            {"sessions": sessions, "states": outcome.states, "attack": outcome.attack, "cpu_s": seconds}
        )
        print(found[-1], flush=True)
        _save("four_sessions", found, whole=len(found) == len(FOUR))
        scenarios.forget()
    return not any(one["attack"] for one in found)


def _variants() -> dict[str, Variant]:
    return {label: parts for one in HANDSHAKE for label, parts in one.variants.items()}


def _matrix() -> bool:
    """Attacks by design and property: empty where it holds, undecided where the states are too many."""
    scenarios.MOST = MOST_STATES  # type: ignore[attr-defined]
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
        _save("matrix", table, whole=len(table) == len(_variants()))
    return True


def main() -> None:
    """Run the named parts, both by default; each is kept as far as it comes."""
    parts = {"four": _four, "matrix": _matrix}
    asked = sys.argv[1:] or list(parts)
    sys.exit(not all(parts[name]() for name in asked))


if __name__ == "__main__":
    main()
