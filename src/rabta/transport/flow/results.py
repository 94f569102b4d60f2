"""Tables of the flows: `span_load` and `flow_summary`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.transport.flow import concurrent, graphs
from rabta.transport.flow.loads import Ground, Hour, hours

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
HOME, ABROAD = "exchange", "abroad"
GAP = 0.01


def home_share(nation: str) -> float:
    """Share of the traffic that exchanges at home answer; all of it where the catalog names no exchanges."""
    known = {entry.name for entry in catalog.entries("exchanges")}
    return float(catalog.entry("exchanges", nation).data["home_share"]) if nation in known else 1.0


def at_nodes(entry: NDArray[np.int32], demand: F8, count: int) -> F8:
    """Demand (hour, node) of the cells (cell, hour) by the node at which they enter."""
    here = entry >= 0
    out = np.zeros((demand.shape[1], count))
    for hour, part in zip(out, demand.T, strict=True):
        hour[:] = np.bincount(entry[here], weights=part[here], minlength=count)
    return out


def tables(nodes: pd.DataFrame, spans: pd.DataFrame, demand: F8, home: float) -> dict[str, pd.DataFrame]:
    """Both tables.

    Parameters
    ----------
    demand : float64 (hour, node)
        Mbit/s that enter at each node.
    home : float
        Share of it that exchanges at home answer; the rest comes from abroad.
    """
    import pandas as pd

    ground = network(nodes, spans)
    reached = ground.reached
    # a nation of whose way abroad nothing is known has all its content at home
    part = np.array([home, 1.0 - home]) if ground.exits[1].any() else np.array([1.0, 0.0])
    asked = demand[:, None, :] * part[:, None]
    found = hours(ground, asked)
    busy = int(demand.sum(axis=1).argmax()) if demand.size else 0
    grown = growth(ground, asked[busy])
    load = pd.concat([_loads(ground, hour, h) for h, hour in enumerate(found)], ignore_index=True)
    return {"span_load": load, "flow_summary": _summary(ground, asked, reached, found, busy, grown)}


def network(nodes: pd.DataFrame, spans: pd.DataFrame) -> Ground:
    """The terrestrial network of the tables."""
    ends, capacity = graphs.terrestrial(nodes, spans)
    kind = nodes["kind"].to_numpy(str)
    delay = np.nan_to_num(spans["delay_ms"].to_numpy(np.float64))
    return Ground(ends, capacity, delay, np.stack([kind == HOME, kind == ABROAD]))


def growth(ground: Ground, asked: F8) -> concurrent.Concurrent:
    """How much of all demands (2, node) the network carries together: the max concurrent flow to exits."""
    size, (home, abroad) = ground.exits.shape[1], (np.flatnonzero(kind) for kind in ground.exits)
    a, b = ground.ends.T
    outside = ground.exits[1]
    tail, head = np.concatenate([a, b]), np.concatenate([b, a])
    capacity = np.tile(ground.capacity, 2) * ~(outside[tail] & ~outside[head])
    free = np.full(home.size + abroad.size, 2.0 * max(1.0, float(ground.capacity.sum())))
    net = concurrent.arcs(
        size + 2,
        np.concatenate([tail, home, abroad]),
        np.concatenate([head, np.full(home.size, size), np.full(abroad.size, size + 1)]),
        np.concatenate([capacity, free]),
    )
    kind, node = np.nonzero((asked > 0.0) & ~ground.exits)
    wanted = concurrent.demands(size + 2, node, size + kind, asked[kind, node])
    return concurrent.solve(net, wanted, gap=GAP)


def _loads(ground: Ground, hour: Hour, number: int) -> pd.DataFrame:
    import pandas as pd

    fuller = np.maximum(hour.along, hour.against)
    part = np.divide(fuller, ground.capacity, out=np.zeros(fuller.size), where=ground.capacity > 0.0)
    return pd.DataFrame(
        {
            "span": np.arange(fuller.size),
            "hour": number,
            "load_mbps": fuller,
            "back_mbps": np.minimum(hour.along, hour.against),
            "utilisation": part,
            "price": hour.price,
        }
    )


def _summary(
    ground: Ground,
    asked: F8,
    reached: NDArray[np.bool_],
    found: list[Hour],
    busy: int,
    grown: concurrent.Concurrent,
) -> pd.DataFrame:
    import pandas as pd

    now, carried = asked[busy], found[busy].carried
    full = np.maximum(found[busy].along, found[busy].against) >= 0.999 * np.maximum(ground.capacity, 1e-9)
    known = np.isfinite(grown.factor)
    rows = [
        ("busy_hour", float(busy), "h", "Hour of the local day in which the nation asks for most"),
        ("offered_mbps", now.sum(), "Mbit/s", "Traffic that enters the network in the busy hour"),
        ("carried_mbps", carried.sum(), "Mbit/s", "What of it the network carries"),
        ("home_mbps", carried[0].sum(), "Mbit/s", "Carried from exchanges at home"),
        ("abroad_mbps", carried[1].sum(), "Mbit/s", "Carried from abroad"),
        ("unreached_mbps", now[~reached].sum(), "Mbit/s", "Asked where no capacity leads to such content"),
        ("full_spans", float(full[ground.capacity > 0.0].sum()), "1", "Spans that are full in the busy hour"),
        (
            "growth_factor",
            grown.factor if known else 0.0,
            "1",
            "Part of all demand that is reached which fits together; 0 where nothing is asked or reached",
        ),
        ("growth_bound", grown.bound if known else 0.0, "1", "No routing reaches a larger factor"),
    ]
    return pd.DataFrame(rows, columns=["key", "value", "unit", "title"])
