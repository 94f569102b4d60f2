"""Loads of spans: by hand, against the maximum flow, and the tables of a small nation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from rabta.transport.flow import anycast, results
from rabta.transport.flow.loads import Ground, hours

Tables = tuple[pd.DataFrame, pd.DataFrame]


def tables(capacity: list[float], status: str = "operating") -> Tables:
    """Towns 0 and 1, exchange 2, landing 3, abroad 4; town 0 reaches the exchange over town 1 or not."""
    nodes = pd.DataFrame({"kind": ["fibre", "fibre", "exchange", "landing", "abroad"]})
    ends = [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4)]
    spans = pd.DataFrame(ends, columns=["from_node", "to_node"])
    spans["name"] = [f"s{k}" for k in range(5)]
    spans["capacity_mbps"], spans["delay_ms"], spans["status"] = capacity, [1.0, 1.0, 9.0, 1.0, 30.0], status
    return nodes, spans


def key(found: dict[str, pd.DataFrame], name: str) -> float:
    return float(found["flow_summary"].set_index("key")["value"][name])


def test_by_hand() -> None:
    """Town 0 asks 10 and town 1 asks 4, half of it from abroad; span 0-1 takes 6, so 4 take the long way.

    The cable is full with 5 of the 7 that are asked from abroad: one Mbit/s more there is one carried more.
    """
    nodes, spans = tables([6.0, 100.0, 50.0, 100.0, 5.0])
    found = results.tables(nodes, spans, np.array([[10.0, 4.0, 0.0, 0.0, 0.0]]), 0.5)
    load = found["span_load"].set_index("span")
    assert load.loc[4, "load_mbps"] == pytest.approx(5.0)
    assert load.loc[4, "price"] == pytest.approx(1.0, abs=0.02)
    assert load.loc[[1, 2, 3], "price"].to_numpy() == pytest.approx(np.zeros(3), abs=1e-3)
    assert load["utilisation"].max() == pytest.approx(1.0)
    assert key(found, "carried_mbps") == pytest.approx(12.0)
    assert key(found, "home_mbps") == pytest.approx(7.0)
    assert key(found, "growth_factor") == pytest.approx(5.0 / 7.0, rel=0.01)
    assert key(found, "growth_factor") <= 5.0 / 7.0 + 1e-9 <= key(found, "growth_bound") + 2e-9
    # short ways first: what town 0 gets comes over town 1 as far as span 0-1 takes it
    assert load.loc[0, "load_mbps"] == pytest.approx(6.0)


def test_towns_that_compete_share_evenly() -> None:
    nodes, spans = tables([100.0, 100.0, 0.0, 100.0, 6.0])
    ground = results.network(nodes, spans)
    asked = np.zeros((1, 2, 5))
    asked[0, 1, :2] = 10.0
    carried = hours(ground, asked)[0].carried[1, :2]
    assert carried.sum() == pytest.approx(6.0)
    assert np.abs(carried - 3.0).max() <= 1.0 + 1e-9  # a part of the demand is 2


@pytest.mark.parametrize("seed", range(5))
def test_one_kind_carries_the_maximum_flow(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ends = rng.integers(0, 12, (24, 2))
    capacity, demand = rng.uniform(0.0, 9.0, 24), rng.uniform(0.0, 9.0, 12)
    exits = np.zeros((2, 12), bool)
    exits[0, :2] = True
    asked = np.stack([demand, np.zeros(12)])[None]
    carried = hours(Ground(ends, capacity, np.ones(24), exits), asked)[0].carried.sum()
    keep = ends[:, 0] != ends[:, 1]
    net = anycast.prepare(demand, ends[keep], capacity[keep], np.where(exits[0], np.inf, 0.0))
    assert carried == pytest.approx(net.total_mbps, rel=1e-6)


def test_nothing_comes_back_in_over_another_cable() -> None:
    """Two halves of a land that only meet abroad: content at home of one does not serve the other."""
    ends = np.array([[0, 1], [0, 2], [2, 3]])
    exits = np.array([[False, True, False, False], [False, False, True, False]])
    ground = Ground(ends, np.full(3, 10.0), np.ones(3), exits)
    asked = np.zeros((1, 2, 4))
    asked[0, :, 3], asked[0, :, 0] = 2.0, 3.0
    carried = hours(ground, asked)[0].carried
    assert carried[0].tolist() == pytest.approx([3.0, 0.0, 0.0, 0.0])
    assert carried[1].tolist() == pytest.approx([3.0, 0.0, 0.0, 2.0])


def test_planned_spans_and_an_empty_land() -> None:
    nodes, spans = tables([6.0, 100.0, 50.0, 100.0, 5.0], status="planned")
    found = results.tables(nodes, spans, np.full((24, 5), 1.0), 0.5)
    assert key(found, "growth_factor") == 0.0
    assert key(found, "unreached_mbps") == pytest.approx(4 * 0.5 + 4 * 0.5)
    nodes, spans = tables([6.0, 100.0, 50.0, 100.0, 5.0])
    quiet = results.tables(nodes, spans, np.zeros((24, 5)), 0.5)
    assert key(quiet, "carried_mbps") == 0.0
    for frame in (*found.values(), *quiet.values()):
        assert not frame.isna().to_numpy().any()
