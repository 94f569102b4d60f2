"""Suite ``protocol``: the machine-checked model of handshake and session, and that it can find attacks."""

from __future__ import annotations

import math
from pathlib import Path

from rabta.verify import Row, suite


@suite("protocol", "Security: properties of handshake and session against a bounded Dolev-Yao attacker")
def rows(_files: Path | None) -> list[Row]:
    """Each property holds (1) in every state, and is broken (1) in each design that lacks something."""
    from rabta.security.model.properties import PROPERTIES

    found, states = [], 0
    for one in PROPERTIES:
        whole = one.check(frozenset())
        states += whole.states
        source = f"{whole.states} states: {whole.attack or one.statement}"
        found.append(Row(f"{one.name}: holds", float(not whole.attack), 1.0, 0.0, source))
        for variant, without in one.variants.items():
            broken = one.check(without)
            source = f"state {broken.states}: {broken.attack or 'no attack found'}"
            found.append(
                Row(f"{one.name}: broken by: {variant}", float(bool(broken.attack)), 1.0, 0.0, source)
            )
    return [*found, Row("states searched", float(states), 0.0, math.nan, "all properties", gate=False)]
