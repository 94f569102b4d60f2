"""The plan: relaxation first, which bounds every answer, then an exact repair of what it left open.

The relaxation is a linear programme that pays fixed costs in proportion. Nearly all of its cells come
out whole, because only the coupling constraints (zones, pools, stations, budget, cable segments) can split
one. The few split cells go to a small exact model in what capacity and money is left. Then the zones
that are furthest above the relaxation are decided anew, each by an exact model with the rest of the
nation held fixed, until the answer is good. Its cost over the relaxation's value is the certified gap.
"""

from __future__ import annotations

from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from rabta.plan.model import DOLLARS, Columns, Given, Outcome, columns, needed, relax, solve
from rabta.plan.problem import ROUTED, STATIONED, TINY, Array, Problem, Solution, price, used_mbps

GOOD = 1e-3  # a gap below this ends the search
MOST_ZONES = 24
NEAR = 1e-5
SLACK = 2e-4  # of the whole plan's cost: the repair need not be more exact than this


def optimise(problem: Problem, time_limit_s: float) -> Solution:
    """Cheapest plan found, with a bound and dual prices.

    Parameters
    ----------
    problem : Problem
    time_limit_s : float
        For the exact repair; the relaxation always runs to its end, because it is the bound.
    """
    if not (problem.households > 0).any():
        return _nothing(problem)
    started = perf_counter()
    ways = columns(problem)
    until = started + time_limit_s
    linear, relaxed = relax(problem, ways, nothing_given(problem), SLACK, until)
    left_s = max(until - perf_counter(), 1.0)
    share, built, stations, status = _repair(problem, ways, relaxed, left_s)
    answer = Solution(share, built, stations, relaxed.bound_usd, _prices(problem, linear), status)
    return _improve(problem, ways, relaxed, prune(problem, answer), until)


def _nothing(problem: Problem) -> Solution:
    built = np.zeros(problem.households.size, dtype=bool)
    stations = np.zeros(problem.zones, dtype=np.int64)
    return Solution(np.zeros_like(problem.quality), built, stations, 0.0, {}, "Optimal")


def nothing_given(problem: Problem) -> Given:
    """Everything is still open."""
    none = np.zeros(problem.households.size, dtype=bool)
    used = {name: np.zeros(problem.zones) for name in (*problem.limits, STATIONED)}
    return Given(np.flatnonzero(problem.households > 0), used, 0.0, none, none)


def exact(problem: Problem, time_limit_s: float) -> Solution:
    """Answer of the whole mixed-integer model: the referee for small problems."""
    ways = columns(problem)
    start = nothing_given(problem)
    given = Given(start.cells, start.used_mbps, 0.0, start.built, start.closed, exact=True)
    found = solve(problem, ways, given, time_limit_s)
    share = _table(problem, ways, given, found)
    built = found.segment > 0.5
    return Solution(share, built, _stations(problem, found), found.bound_usd, {}, found.status)


def _repair(
    problem: Problem, ways: Columns, relaxed: Outcome, time_limit_s: float
) -> tuple[Array, NDArray[np.bool_], NDArray[np.int64], str]:
    everything = nothing_given(problem)
    share = _table(problem, ways, everything, relaxed)
    whole = np.ones(problem.households.size, dtype=bool)
    whole[everything.cells] = _is_whole(problem, ways, everything, relaxed)
    share = np.where(whole[:, None], np.round(share), 0.0)
    built = relaxed.segment > 1.0 - TINY
    open_segment = (relaxed.segment > TINY) & ~built
    if whole.all() and not open_segment.any() and not relaxed.stations.any():
        return share, built, np.zeros(problem.zones, dtype=np.int64), "Optimal"
    given = _given(
        problem, share, np.flatnonzero(~whole), built, ~(built | open_segment), SLACK * relaxed.bound_usd
    )
    found = solve(problem, ways, given, time_limit_s)
    share = share + _table(problem, ways, given, found)
    return share, built | (found.segment > 0.5), _stations(problem, found), found.status


def _improve(problem: Problem, ways: Columns, relaxed: Outcome, answer: Solution, until: float) -> Solution:
    """Decide zones anew, worst first, each against the rest of the answer; keep what is cheaper."""
    best = price(problem, answer).objective_usd
    excess = zone_costs(problem, answer) - _relaxed_zone_costs(problem, ways, relaxed)
    for zone in np.argsort(-excess, kind="stable")[:MOST_ZONES]:
        left_s = until - perf_counter()
        if best - relaxed.bound_usd <= GOOD * best or left_s <= 0 or excess[zone] <= 0:
            break
        tried = _decide_zone(problem, ways, answer, int(zone), left_s)
        cost = price(problem, tried).objective_usd
        if cost < best:
            answer, best = tried, cost
    return answer


def _decide_zone(problem: Problem, ways: Columns, answer: Solution, zone: int, left_s: float) -> Solution:
    mine = problem.zone == zone
    share = np.where(mine[:, None], 0.0, answer.share)
    routed = problem.column_of(ROUTED)
    fed = np.flatnonzero(share[:, routed] > TINY) if routed >= 0 else np.empty(0, dtype=np.int64)
    built = needed(problem.route_parent, fed)
    cells = np.flatnonzero(mine & (problem.households > 0))
    slack = SLACK / 4.0 * answer.bound_usd
    given = _given(problem, share, cells, built, np.zeros_like(built), slack)
    found = solve(problem, ways, given, left_s)
    share = share + _table(problem, ways, given, found)
    built = built | (found.segment > 0.5)
    tried = Solution(share, built, _stations(problem, found), answer.bound_usd, answer.prices, answer.status)
    return prune(problem, tried)


def zone_costs(problem: Problem, answer: Solution) -> Array:
    """What an answer costs in each zone, each cable segment where it ends; shape (zone,)."""
    people = answer.share * problem.households[:, None]
    cost = ((answer.share > TINY) * problem.fixed_npc + people * problem.unit_npc).sum(axis=1)
    missing = np.maximum(problem.households - (people * problem.quality).sum(axis=1), 0.0)
    cost += missing * problem.shortfall_usd + answer.built * problem.route_npc
    by_zone = np.bincount(problem.zone, weights=cost, minlength=problem.zones)
    return np.asarray(by_zone + answer.stations * problem.station_npc)


def _relaxed_zone_costs(problem: Problem, ways: Columns, relaxed: Outcome) -> Array:
    cost = problem.route_npc * relaxed.segment
    np.add.at(cost, ways.cell, ways.cost * relaxed.share)
    cells = nothing_given(problem).cells
    cost[cells] += relaxed.left * problem.households[cells] * problem.shortfall_usd
    by_zone = np.bincount(problem.zone, weights=cost, minlength=problem.zones).astype(np.float64)
    stations = relaxed.stations if relaxed.stations.size else np.zeros(problem.zones)
    return np.asarray(by_zone + stations * problem.station_npc)


def _given(
    problem: Problem,
    share: Array,
    cells: NDArray[np.int64],
    built: NDArray[np.bool_],
    closed: NDArray[np.bool_],
    slack: float,
) -> Given:
    people = share * problem.households[:, None]
    spent = (share > TINY) * problem.fixed_capex + people * problem.unit_capex
    segments = float(problem.route_capex[built].sum())
    return Given(cells, used_mbps(problem, share), float(spent.sum()) + segments, built, closed, True, slack)


def _is_whole(problem: Problem, ways: Columns, given: Given, found: Outcome) -> NDArray[np.bool_]:
    largest = np.zeros(problem.households.size)
    largest[given.cells] = found.left
    mine = np.isin(ways.cell, given.cells)
    np.maximum.at(largest, ways.cell[mine], found.share)
    return np.asarray(largest[given.cells] > 1.0 - TINY)


def _table(problem: Problem, ways: Columns, given: Given, found: Outcome) -> Array:
    share = np.zeros_like(problem.quality)
    decided = np.zeros(problem.households.size, dtype=bool)
    decided[given.cells] = True
    mine = decided[ways.cell]
    share[ways.cell[mine], ways.technology[mine]] = np.where(found.share > TINY, found.share, 0.0)
    total = share.sum(axis=1, keepdims=True)  # whole but for the solver's tolerance
    return np.asarray(np.divide(share, total, out=share, where=np.abs(total - 1.0) < NEAR))


def _stations(problem: Problem, found: Outcome) -> NDArray[np.int64]:
    if not found.stations.size:
        return np.zeros(problem.zones, dtype=np.int64)
    return np.round(found.stations).astype(np.int64)


def prune(problem: Problem, answer: Solution) -> Solution:
    """Drop segments that lead to no routed household."""
    routed = problem.column_of(ROUTED)
    if routed < 0:
        return answer
    used = needed(problem.route_parent, np.flatnonzero(answer.share[:, routed] > TINY))
    built = answer.built & used
    return Solution(answer.share, built, answer.stations, answer.bound_usd, answer.prices, answer.status)


def _prices(problem: Problem, relaxed: Outcome) -> dict[str, Array]:
    names = (*problem.limits, *problem.pools)
    found = {name: np.maximum(-relaxed.duals[name], 0.0) for name in names if name in relaxed.duals}
    if "budget" in relaxed.duals:
        found["budget"] = np.maximum(-relaxed.duals["budget"], 0.0) / DOLLARS
    return found
