"""Failures of the national network: a maximum flow of SciPy as referee, and the faults that press reported.

The referee recomputes pairs of elements of the shipped nation's own network, drawn at random, by another
algorithm in another program. Of cable faults only lost capacity was ever published; our failure takes a whole
cable of today's capacity, the faults took part of one in their years, so these rows are shown and no gate.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rabta import scenario, schema
from rabta.nation import stages as nation
from rabta.transport import stages as transport
from rabta.transport.failures import study
from rabta.transport.failures.cuts import cases, graph, reference
from rabta.transport.failures.elements import PAIRED, elements, repairs
from rabta.transport.ground import stages as ground
from rabta.twin import Twin, wrap
from rabta.verify import Row, suite

if TYPE_CHECKING:
    import pandas as pd

SAMPLE, SEED = 200, 1
UNIT_MBPS = 1.0  # SciPy's capacities are 32-bit
REFEREE = (
    "scipy.sparse.csgraph.maximum_flow (Dinic), one flow a pair, on the nation's network at resolution 5"
)
CUTS = "Ford and Fulkerson 1956: a cut whose capacity is what is carried proves that no more can be"
FAULTS = {
    "SMW4, 21 December 2021": (
        "smw4",
        1.0,
        "thenews.com.pk/latest/918592: 1 Tbit/s lost; ours is all of its circuits today",
    ),
    "AAE-1, January 2025": (
        "aae-1",
        1.0,
        "dawn.com/news/1883187: 1.0 Tbit/s lost of 2.83 lit; ours is all of its circuits today",
    ),
}


@suite("failures", "Failures alone and in pairs: SciPy's maximum flow as referee, cuts, faults of cables")
def failures(files: Path | None) -> list[Row]:
    """Referee first, then the faults."""
    del files
    nodes, spans = tables()
    home = study.home_share("pakistan")
    net = graph.network(nodes, spans, home, UNIT_MBPS, study.hubs(nodes))
    items = [e for e in elements(nodes, spans, repairs("pakistan", 24.0)) if e.kind in PAIRED]
    given, _ = cases.cases(net, [(item.nodes, item.spans) for item in items])
    return [*_referee(net, given), *_faults(spans)]


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tables ``nodes`` and ``spans`` of the shipped nation, coarse."""
    chosen = scenario.load(scenario.find("tiny"))
    twin = Twin(chosen, np.zeros(0, "datetime64[ns]"))
    for stage in (nation.load, nation.unserved, nation.demand, transport.gateways, ground.network):
        for name, value in stage(twin).items():
            if name in schema.tables():
                twin.tables[name] = value
            else:
                twin.arrays[name] = wrap(name, value)
    return twin.table("nodes"), twin.table("spans")


def _referee(net: graph.Network, given: cases.Cases) -> list[Row]:
    base = cases.whole(net)
    alone = cases.singles(base, given)
    lost = [given.lost[given.first[a] : given.first[a + 1]] for a in range(given.size)]
    uncertified = sum(
        reference.cut_units(net, alone.nodes_behind(a, net.demand.size), lost[a].tolist())
        != base.delivered - alone.loss[a]
        for a in np.flatnonzero(alone.loss).tolist()
    )
    loss = np.concatenate([block.loss for block in cases.pairs(base, given, alone)])
    rng = np.random.default_rng(SEED)
    drawn = [np.sort(rng.choice(given.size, 2, replace=False)) for _ in range(SAMPLE)]
    worst = np.dstack(np.unravel_index(np.argsort(-np.triu(loss, 1), axis=None)[:SAMPLE], loss.shape))[0]
    rows = [Row("single failures without a proving cut", float(uncertified), 0.0, 0.0, CUTS)]
    for name, pairs in (("drawn at random", drawn), ("that lose most", list(worst))):
        different = sum(
            base.delivered - reference.delivered(net, np.union1d(lost[a], lost[b]).tolist()) != loss[a, b]
            for a, b in pairs
        )
        rows.append(Row(f"pairs of {SAMPLE} {name} that differ", float(different), 0.0, 0.0, REFEREE))
    return rows


def _faults(spans: pd.DataFrame) -> list[Row]:
    return [
        Row(
            f"{name}: capacity lost (Tbit/s)",
            float(spans.loc[spans["group"] == cable, "capacity_mbps"].sum() / 1e6),
            theirs,
            float("nan"),
            source,
            gate=False,
        )
        for name, (cable, theirs, source) in FAULTS.items()
    ]
