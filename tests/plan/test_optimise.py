"""The optimiser against enumeration, against the whole integer model, and at its edges."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from rabta.plan.model import columns, needed, relax, solve
from rabta.plan.optimise import exact, nothing_given, optimise, replan
from rabta.plan.problem import Forest, Pool, Problem, Solution, price, spread_routes, used_mbps

TECHNOLOGIES = ("fibre_fwa", "microwave_macro", "leo_terminal", "geo_terminal", "haps")
SHORTFALL = 50_000.0


def make(cells: int, seed: int, *, satellite: float = 1e9, budget: float | None = None) -> Problem:
    random = np.random.default_rng(seed)
    households = np.exp(random.normal(4.0, 1.2, cells))
    fixed = np.zeros((cells, 5))
    fixed[:, 0] = random.uniform(60e3, 120e3, cells)
    fixed[:, 1] = random.uniform(90e3, 400e3, cells)
    unit = np.tile([400.0, 250.0, 3_500.0, 6_000.0, 300.0], (cells, 1))
    quality = np.tile([1.0, 1.0, 1.0, 0.2, 1.0], (cells, 1))
    parent = np.array([-1] + [int(random.integers(-1, i)) for i in range(1, cells)], dtype=np.int64)
    route = random.uniform(30e3, 300e3, cells)
    return Problem(
        TECHNOLOGIES,
        households,
        np.full(cells, 1.2),
        fixed,
        unit,
        0.6 * fixed,
        0.2 * unit,
        quality,
        np.arange(cells) % 3,
        {"satellite": np.full(3, satellite), "geo": np.full(3, 20.0)},
        parent,
        route,
        0.9 * route,
        20e6,
        13e6,
        1200.0,
        SHORTFALL,
        budget,
    )


def cost_of(problem: Problem, choice: tuple[int, ...]) -> float:
    """Cheapest network for one technology a cell; -1 leaves the cell out."""
    share = np.zeros_like(problem.quality)
    for cell, technology in enumerate(choice):
        if technology >= 0:
            share[cell, technology] = 1.0
    built = needed(problem.route_parent, np.flatnonzero(share[:, 0]))
    load = np.bincount(problem.zone, problem.households * problem.load_mbps * share[:, 4], minlength=3)
    stations = np.ceil(load / problem.station_mbps - 1e-9).astype(np.int64)
    return price(problem, Solution(share, built, stations, 0.0)).objective_usd


def check(problem: Problem, answer: Solution) -> float:
    """Assert that an answer is allowed, and return its cost."""
    assert (answer.share >= 0).all()
    assert (answer.share.sum(axis=1) <= 1 + 1e-9).all()
    used = used_mbps(problem, answer.share)
    for name, limit in problem.limits.items():
        assert (used[name] <= limit * (1 + 1e-6) + 1e-6).all(), name
    for name, pool in problem.pools.items():
        assert (pool.used(used) <= pool.limit * (1 + 1e-6) + 1e-6).all(), name
    assert (used["haps"] <= answer.stations * problem.station_mbps + 1e-6).all()
    on_fibre = answer.share[:, 0] > 1e-6
    assert answer.built[on_fibre].all()
    above = problem.route_parent[answer.built]
    assert answer.built[above[above >= 0]].all()
    cost = price(problem, answer)
    if problem.budget_usd is not None:
        assert cost.capex.sum() <= problem.budget_usd * (1 + 1e-6) + 1e-3
    assert answer.bound_usd <= cost.objective_usd * (1 + 1e-9)
    return cost.objective_usd


@pytest.mark.parametrize("seed", range(6))
def test_same_as_enumeration_where_nothing_binds(seed: int) -> None:
    problem = make(5, seed)
    best = min(cost_of(problem, choice) for choice in product(range(-1, 3), repeat=5))
    assert check(problem, exact(problem, 60.0)) == pytest.approx(best, rel=1e-4)
    assert check(problem, optimise(problem, 60.0)) == pytest.approx(best, rel=2e-2)


@pytest.mark.parametrize(("seed", "satellite"), [(1, 1e9), (2, 40.0), (3, 400.0), (4, 0.0)])
def test_close_to_the_whole_integer_model(seed: int, satellite: float) -> None:
    problem = make(60, seed, satellite=satellite)
    referee, answer = exact(problem, 60.0), optimise(problem, 60.0)
    theirs, ours = check(problem, referee), check(problem, answer)
    assert referee.status == "Optimal"
    assert answer.bound_usd <= theirs * (1 + 1e-5) <= ours * (1 + 1e-4)
    assert ours == pytest.approx(theirs, rel=0.02)


def pooled(problem: Problem, pairs: float, nation: float) -> Problem:
    """Zones 0 and 1 share a region; zone 2 is the other."""
    region = Pool("satellite", ("a", "b"), np.array([0, 0, 1]), np.array([pairs, 2.0 * pairs]))
    whole = Pool("satellite", ("nation",), np.zeros(3, dtype=np.int64), np.array([nation]))
    pools = {"satellite_capacity_region": region, "satellite_capacity_nation": whole}
    return replace(problem, pools=pools)


@pytest.mark.parametrize(("pairs", "nation"), [(1e6, 100.0), (60.0, 1e6), (80.0, 150.0), (0.0, 0.0)])
def test_pools_hold_and_the_gap_is_true(pairs: float, nation: float) -> None:
    """Zones could take 200 each; the whole integer model is the referee."""
    problem = pooled(make(60, 2, satellite=200.0), pairs, nation)
    referee, answer = exact(problem, 60.0), optimise(problem, 60.0)
    theirs, ours = check(problem, referee), check(problem, answer)
    assert referee.status == "Optimal"
    assert answer.bound_usd <= theirs * (1 + 1e-5) <= ours * (1 + 1e-4)
    assert ours == pytest.approx(theirs, rel=0.02)
    free = optimise(replace(problem, pools={}), 60.0)
    assert answer.bound_usd > free.bound_usd * (1 + 1e-6)
    total = used_mbps(problem, free.share)["satellite"].sum()
    assert total > min(nation, 3.0 * pairs)  # without the pools the zones together take more


def test_relaxation_with_pools_against_a_programme_written_out() -> None:
    """Nine cells on terminals or macro sites, built row by row for HiGHS through SciPy."""
    whole = pooled(make(9, 3, satellite=150.0), 120.0, 200.0)
    ours = (1, 2)
    kept = {
        n: getattr(whole, n)[:, ours]
        for n in ("fixed_npc", "unit_npc", "fixed_capex", "unit_capex", "quality")
    }
    problem = replace(whole, technologies=("microwave_macro", "leo_terminal"), **kept)
    people, load = problem.households, problem.households * 1.2
    cost = problem.fixed_npc + people[:, None] * problem.unit_npc
    zone = np.arange(9) % 3
    rows = [np.where(zone == z, load, 0.0) for z in range(3)]
    rows += [np.where(zone < 2, load, 0.0), np.where(zone == 2, load, 0.0), load]
    on_terminal = np.hstack([np.zeros((6, 9)), np.array(rows), np.zeros((6, 9))])
    found = linprog(
        np.concatenate([cost[:, 0], cost[:, 1], SHORTFALL * people]),
        A_ub=on_terminal,
        b_ub=[150.0, 150.0, 150.0, 120.0, 240.0, 200.0],
        A_eq=np.hstack([np.eye(9)] * 3),
        b_eq=np.ones(9),
    )
    answer = optimise(problem, 20.0)
    assert found.fun < (SHORTFALL * people).sum()
    assert answer.bound_usd == pytest.approx(found.fun, rel=1e-7)
    prices = [*answer.prices["satellite"], *answer.prices["satellite_capacity_region"]]
    prices += list(answer.prices["satellite_capacity_nation"])
    assert prices == pytest.approx(-found.ineqlin.marginals, rel=1e-6, abs=1e-6)
    assert answer.prices["satellite_capacity_region"][0] + answer.prices["satellite_capacity_nation"][0] > 0.0


def test_price_of_a_pool_is_what_one_more_unit_saves() -> None:
    problem = pooled(make(60, 10, satellite=200.0), 1e6, 150.0)
    values = [
        solve(wider, columns(wider), nothing_given(wider), 1e9).objective_usd
        for wider in (pooled(problem, 1e6, 150.0 + change) for change in (-1e-3, 1e-3))
    ]
    found = float(optimise(problem, 10.0).prices["satellite_capacity_nation"][0])
    assert found > 0.0
    assert (values[0] - values[1]) / 2e-3 == pytest.approx(found, rel=1e-3)


def test_pools_and_budget_hold_together() -> None:
    free = pooled(make(60, 5, satellite=200.0), 100.0, 150.0)
    money = 0.5 * float(price(free, optimise(free, 60.0)).capex.sum())
    problem = replace(free, budget_usd=money)
    check(problem, optimise(problem, 20.0))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_budget_gives_the_plan_that_it_pays_for(share: float) -> None:
    free = make(60, 5, satellite=100.0)
    whole = price(free, optimise(free, 60.0)).capex.sum()
    problem = replace(free, budget_usd=share * float(whole))
    answer = optimise(problem, 20.0)
    check(problem, answer)
    served = float((answer.share.sum(axis=1) * problem.households).sum())
    if share == 0.0:
        assert served == 0.0
        assert price(problem, answer).npc_usd == 0.0
    else:
        assert 0.0 < served < problem.households.sum()


def test_more_money_never_costs_more() -> None:
    free = make(40, 6)
    bounds = [optimise(replace(free, budget_usd=b), 20.0).bound_usd for b in (0.0, 5e5, 2e6, 1e7)]
    assert bounds == sorted(bounds, reverse=True)


def test_nothing_that_works_leaves_everybody_without_service() -> None:
    problem = replace(make(10, 7), quality=np.zeros((10, 5)))
    answer = optimise(problem, 10.0)
    assert answer.share.sum() == 0.0
    assert price(problem, answer).objective_usd == pytest.approx(problem.households.sum() * SHORTFALL)


def test_nobody_to_serve_costs_nothing() -> None:
    problem = replace(make(10, 8), households=np.zeros(10))
    answer = optimise(problem, 10.0)
    assert price(problem, answer).objective_usd == 0.0
    assert answer.bound_usd == 0.0


def test_scarce_satellites_go_where_the_ground_is_dearest() -> None:
    problem = make(60, 9, satellite=60.0)
    answer = optimise(problem, 20.0)
    used = used_mbps(problem, answer.share)["satellite"]
    assert (used > 0.9 * 60.0).any()
    assert answer.prices["satellite"].max() > 0.0


def test_dual_price_is_what_one_more_unit_saves() -> None:
    problem = make(60, 10, satellite=60.0)
    zone = int(np.argmax(optimise(problem, 10.0).prices["satellite"]))
    step = 1e-3
    values = []
    for change in (-step, step):
        limit = problem.limits["satellite"].copy()
        limit[zone] += change
        wider = replace(problem, limits={**problem.limits, "satellite": limit})
        values.append(solve(wider, columns(wider), nothing_given(wider), 1e9).objective_usd)
    found = float(optimise(problem, 10.0).prices["satellite"][zone])
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(found, rel=1e-3)


def test_budget_price_is_dollars_saved_by_a_dollar() -> None:
    problem = replace(make(60, 11), budget_usd=1.5e6)
    found = float(optimise(problem, 10.0).prices["budget"][0])
    values = [
        solve(p, columns(p), nothing_given(p), 1e9).objective_usd
        for p in (replace(problem, budget_usd=1.5e6 + change) for change in (-100.0, 100.0))
    ]
    assert found > 1.0
    assert (values[0] - values[1]) / 200.0 == pytest.approx(found, rel=1e-3)


def test_cheap_stations_are_used_whole() -> None:
    cheap = replace(make(60, 12), station_npc=50e3, station_capex=30e3)
    answer = optimise(cheap, 20.0)
    check(cheap, answer)
    assert answer.stations.sum() >= 3
    assert answer.share[:, 4].sum() > 30


@pytest.mark.parametrize("station_npc", [0.4e6, 0.6e6, 0.8e6])
def test_bound_with_whole_stations_is_higher_and_still_a_bound(station_npc: float) -> None:
    problem = replace(make(60, 12), station_npc=station_npc, station_capex=0.5 * station_npc)
    problem = replace(problem, station_mbps=700.0)
    ways = columns(problem)
    linear, relaxed = relax(problem, ways, nothing_given(problem), 0.0, np.inf)
    parts = np.abs(linear.stations - np.round(linear.stations))
    assert parts.max() > 0.01  # otherwise there is nothing to decide
    assert np.allclose(relaxed.stations, np.round(relaxed.stations), atol=1e-6)
    assert relaxed.bound_usd > linear.bound_usd * (1 + 1e-9)
    whole = exact(problem, 60.0)
    assert whole.status == "Optimal"
    assert relaxed.bound_usd <= price(problem, whole).objective_usd * (1 + 1e-9)


def test_shared_cable_is_divided_to_the_dollar() -> None:
    problem = make(12, 13)
    people = problem.households * (np.arange(12) % 3 == 0)
    used = needed(problem.route_parent, np.flatnonzero(people))
    shares = spread_routes(problem, used, people, problem.route_npc)
    assert shares.sum() == pytest.approx(problem.route_npc[used].sum())
    assert (shares[people == 0] == 0).all()


def test_cable_leads_all_the_way() -> None:
    parent = np.array([-1, 0, 1, -1, 3])
    assert needed(parent, np.array([2])).tolist() == [True, True, True, False, False]
    assert needed(parent, np.array([], dtype=np.int64)).sum() == 0


def test_same_answer_twice() -> None:
    problem = make(60, 14, satellite=80.0)
    first, second = optimise(problem, 20.0), optimise(problem, 20.0)
    assert np.array_equal(first.share, second.share)
    assert first.bound_usd == second.bound_usd


@pytest.mark.parametrize("seed", range(8))
def test_replan_is_exact_where_nothing_is_shared_but_cable(seed: int) -> None:
    problem = make(60, seed)
    cost = check(problem, replan(problem))
    assert cost == pytest.approx(check(problem, exact(problem, 60.0)), rel=1e-4)
    assert replan(problem).bound_usd == pytest.approx(cost, rel=1e-9)


@pytest.mark.parametrize(("pairs", "nation"), [(1e6, 100.0), (60.0, 1e6), (80.0, 150.0), (0.0, 0.0)])
@pytest.mark.parametrize("seed", range(4))
def test_replan_holds_satellite_limits_and_the_bound_is_true(seed: int, pairs: float, nation: float) -> None:
    """Many households a cell against little capacity: whole cells fit badly, so 10 % is asked of 60 cells."""
    problem = pooled(make(60, seed, satellite=200.0), pairs, nation)
    problem = replace(problem, unit_npc=problem.unit_npc * np.array([1.0, 1.0, 0.1, 1.0, 1.0]))
    answer, referee = replan(problem), exact(problem, 60.0)
    theirs = check(problem, referee)
    assert answer.bound_usd <= theirs * (1 + 1e-6)
    assert theirs <= check(problem, answer) * (1 + 1e-4) <= theirs * 1.1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_replan_holds_a_budget(share: float) -> None:
    problem = make(60, 3)
    free = exact(problem, 60.0)
    spent = float((free.share * problem.fixed_capex + free.share * problem.households[:, None]).sum())
    tight = replace(problem, budget_usd=share * spent)
    answer = replan(tight)
    assert answer.bound_usd <= check(tight, optimise(tight, 60.0)) * (1 + 1e-6)
    check(tight, answer)


def test_stations_of_a_replan_are_whole_and_pay() -> None:
    problem = replace(make(60, 5), station_npc=4e5, station_capex=2e5)
    problem = replace(problem, unit_npc=problem.unit_npc * np.array([1.0, 1.0, 1.0, 1.0, 0.1]))
    answer, referee = replan(problem), exact(problem, 60.0)
    assert answer.stations.sum() > 0
    theirs = check(problem, referee)
    assert answer.bound_usd <= theirs * (1 + 1e-6)
    assert check(problem, answer) <= theirs * 1.1  # four stations: one too many weighs much


def test_forest_sums() -> None:
    """A chain 0 - 1 - 2 with a branch 1 - 3, by hand."""
    forest = Forest.of(np.array([-1, 0, 1, 1]))
    assert forest.sum_inward(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [10.0, 9.0, 3.0, 4.0]
    assert forest.sum_outward(np.array([1.0, 2.0, 3.0, 4.0])).tolist() == [1.0, 3.0, 6.0, 7.0]
    built, saved = forest.best(np.array([0.0, 0.0, 9.0, 2.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert built.tolist() == [True, True, True, False]
    assert saved == 3.0
