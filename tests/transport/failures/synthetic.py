"""Small random networks for the tests of failures."""

from __future__ import annotations

import numpy as np
import pandas as pd


def tables(
    seed: int, nodes: int = 12, extra: int = 6, capacity: tuple[int, int] = (1, 8)
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A tree with extra spans, two exchanges, a landing, two nodes abroad, cables in parallel."""
    rng = np.random.default_rng(seed)
    kind = ["exchange", "exchange", "landing", *["fibre"] * (nodes - 3), "abroad", "abroad"]
    at_home = {"people": rng.integers(0, 10, nodes), "demand_mbps": rng.integers(0, 4, nodes)}
    ends = [(i, int(rng.integers(0, i))) for i in range(1, nodes)]
    ends += [(int(a), int(b)) for a, b in (rng.choice(nodes, 2, replace=False) for _ in range(extra))]
    inside = len(ends)
    abroad = nodes
    ends += [(2, abroad), (abroad + 1, 2), (2, abroad), (int(rng.integers(0, nodes)), abroad + 1)]
    ends += [(abroad, abroad + 1)]
    group = [f"s{i}" for i in range(inside)] + ["east", "west", "west", "east", "far"]
    return (
        pd.DataFrame(
            {
                "name": [f"n{i}" for i in range(nodes + 2)],
                "kind": kind,
                "owner": "",
                "country": ["PK"] * nodes + ["AE"] * 2,
                "area": ["north", "south"] * (nodes // 2) + ["north"] * (nodes % 2) + [""] * 2,
                **{key: np.append(value, [0, 0]).astype(float) for key, value in at_home.items()},
            }
        ),
        pd.DataFrame(
            {
                "name": [f"s{i}" for i in range(len(ends))],
                "kind": ["fibre"] * inside + ["submarine"] * 5,
                "from_node": [a for a, _ in ends],
                "to_node": [b for _, b in ends],
                "owner": "",
                "capacity_mbps": rng.integers(*capacity, len(ends)).astype(float),
                "delay_ms": rng.random(len(ends)),
                "group": group,
                "status": "operating",
            }
        ),
    )
