"""Relays against linear programmes and closed forms; energy against its tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from rabta.errors import RabtaError
from rabta.mobile.system import energy, iab


@st.composite
def trees(draw: st.DrawFn) -> iab.Tree:
    count = draw(st.integers(2, 7))
    parent = [-1] + [draw(st.integers(0, k - 1)) for k in range(1, count)]
    speed = st.lists(st.floats(10.0, 1000.0), min_size=count, max_size=count)
    return iab.tree(parent, draw(speed), draw(speed))


@settings(max_examples=60, deadline=None)
@given(found=trees(), mode=st.sampled_from(iab.MODES), shared=st.booleans(), seed=st.integers(0, 99))
def test_first_filling_is_the_linear_programme(found: iab.Tree, mode: str, shared: bool, seed: int) -> None:
    """Max t such that every user has t; the least fair rate is that, and nothing overflows."""
    users = np.random.default_rng(seed).integers(0, 4, len(found.parent))
    users[-1] = 1
    cost = iab.busy(found, mode, shared=shared) * users
    best = linprog([-1.0], A_ub=cost.sum(axis=1)[:, None], b_ub=np.ones(len(cost)))
    fair = iab.fair_mbps(found, users, mode, shared=shared)
    assert fair[users > 0].min() == pytest.approx(-best.fun, rel=1e-6)
    assert (cost @ fair).max() <= 1.0 + 1e-9
    # nobody can gain alone: each user's node meets a full resource
    full = cost @ fair >= 1.0 - 1e-6
    assert all((cost[full][:, k] > 0.0).any() for k in np.flatnonzero(users))


def _schedulable(found: iab.Tree, demand: np.ndarray) -> float:
    """Greatest scale by time sharing over all matchings of hops and access links: exact, by enumeration."""
    links = [(k, int(found.parent[k]), found.hop_mbps[k]) for k in range(1, len(found.parent))]
    links += [(k, k + 100, found.access_mbps[k]) for k in range(len(found.parent))]
    need = np.zeros(len(links))
    for node, want in enumerate(demand):
        need[len(found.parent) - 1 + node] += want
        at = node
        while at > 0:
            need[at - 1] += want
            at = int(found.parent[at])
    columns = []
    for mask in range(1 << len(links)):
        ends = [e for i, link in enumerate(links) if mask >> i & 1 for e in link[:2]]
        if len(set(ends)) == len(ends):
            columns.append([link[2] if mask >> i & 1 else 0.0 for i, link in enumerate(links)])
    table = np.array(columns).T
    equal = np.column_stack([-table, need])  # carried >= scale x need
    row = np.append(np.ones(table.shape[1]), 0.0)
    cost = np.append(np.zeros(table.shape[1]), -1.0)
    done = linprog(cost, A_ub=np.vstack([equal, row]), b_ub=np.append(np.zeros(len(links)), 1.0))
    return float(-done.fun)


@settings(max_examples=15, deadline=None)
@given(found=trees(), seed=st.integers(0, 99))
def test_half_duplex_bound_is_reached_by_a_schedule(found: iab.Tree, seed: int) -> None:
    if len(found.parent) > 5:
        return
    demand = np.random.default_rng(seed).random(len(found.parent))
    assert iab.scale(found, demand) == pytest.approx(_schedulable(found, demand), rel=1e-6)


@pytest.mark.parametrize("hops", [1, 2, 3, 5])
def test_chain(hops: int) -> None:
    # users at the end: a hop and access share the relay's time; the donor sends 1/c
    chain = iab.tree(np.arange(hops + 1) - 1, 100.0, 100.0)
    last = np.eye(hops + 1)[-1]
    assert iab.scale(chain, last) == pytest.approx(50.0)
    assert iab.scale(chain, last, "full-duplex") == pytest.approx(100.0)
    assert iab.scale(chain, last, "one-at-a-time") == pytest.approx(100.0 / (hops + 1))
    assert iab.scale(chain, last, shared=False) == pytest.approx(50.0 if hops > 1 else 100.0)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 9))
def test_grown_tree_takes_least_time(seed: int, count: int) -> None:
    from scipy.sparse.csgraph import dijkstra

    rng = np.random.default_rng(seed)
    rate = rng.uniform(1.0, 100.0, (count, count)) * (rng.random((count, count)) < 0.6)
    np.fill_diagonal(rate, 50.0)
    rate[0] = np.maximum(rate[0], 0.5)  # every node is within reach
    found, order = iab.grow(rate)
    with np.errstate(divide="ignore"):
        theirs = dijkstra(
            np.where(np.eye(count) > 0.0, 0.0, 1.0 / np.where(rate > 0.0, rate, np.inf)), indices=0
        )
    time = np.zeros(count)
    for k in range(1, count):
        time[k] = time[found.parent[k]] + 1.0 / found.hop_mbps[k]
    np.testing.assert_allclose(time, theirs[order])


def test_demand_that_is_less_than_fair_leaves_room() -> None:
    star = iab.tree([-1, 0, 0], 100.0, 1000.0)
    fair = iab.fair_mbps(star, [0, 1, 1], demand_mbps=[0.0, 5.0, np.inf])
    assert fair[1] == pytest.approx(5.0)
    # donor: 5/100 + x/100 <= 1; relay: x/100 + x/1000 <= 1
    assert fair[2] == pytest.approx(1.0 / 0.011)


def test_a_repeater_is_never_better_than_its_worse_hop() -> None:
    a, b = np.meshgrid(np.arange(-10.0, 40.0), np.arange(-10.0, 40.0))
    assert (iab.repeated_db(a, b) < np.minimum(a, b)).all()


@settings(max_examples=80, deadline=None)
@given(gap=st.floats(1e-3, 1e6), category=st.integers(1, 2), reference=st.integers(1, 3))
def test_sleep_is_never_dearer_than_micro_sleep(gap: float, category: int, reference: int) -> None:
    one = energy.sleeper(category, reference)
    assert one.power[0] <= one.silent(gap) <= one.power[2] + 1e-9


def test_sending_in_full_is_the_table() -> None:
    # TR 38.864, table 5.1-3: active downlink
    for category, reference, power in ((1, 1, 280.0), (1, 2, 200.0), (2, 1, 32.0), (2, 3, 17.6)):
        assert energy.sleeper(category, reference).sending() == pytest.approx(power)


def test_earth_linear_model() -> None:
    # Auer et al. (2011), table 2: 6 x (130 + 4.7 x 20) W, 6 x 75 W asleep
    macro = energy.station("macro")
    assert macro.full_w == pytest.approx(1344.0)
    assert macro.supply_w(0.0, asleep=1.0) == pytest.approx(450.0)
    assert macro.supply_w(0.5) == pytest.approx(6 * (130 + 47))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: energy.station("makro"), "did you mean 'macro'"),
        (lambda: energy.sleeper(3), "did you mean|valid"),
        (lambda: energy.station("macro").supply_w(1.1), "load"),
        (lambda: energy.payload_w(30.0, 30.0, 0.9), "efficiency"),
        (lambda: iab.tree([0, 0], 1.0, 1.0), "no backhaul tree"),
        (lambda: iab.tree([-1, 2, 1], 1.0, 1.0), "does not come before"),
        (lambda: iab.tree([-1, 0], 0.0, 1.0), "hop_mbps"),
        (lambda: iab.scale(iab.tree([-1, 0], 1.0, 1.0), [1.0]), "demand"),
        (lambda: iab.grow(np.eye(3)), "no way reaches"),
        (lambda: iab.grow(np.ones((2, 3))), "links do not fit"),
        (lambda: iab.busy(iab.tree([-1, 0], 1.0, 1.0), "duplex"), "did you mean"),
    ],
)
def test_refused(call: object, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        call()  # type: ignore[operator]
