"""The plan: relaxation first, which bounds every answer, then an exact repair of what it left open.

The relaxation is a linear programme that pays fixed costs in proportion. Nearly all of its cells come
out whole, because only the coupling constraints (zones, pools, stations, budget, cable segments) can split
one. The few split cells go to a small exact model in what capacity and money is left. Then the zones
that are furthest above the relaxation are decided anew, each by an exact model with the rest of the
nation held fixed, until the answer is good. Its cost over the relaxation's value is the certified gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from rabta.plan.model import DOLLARS, Columns, Given, Outcome, columns, needed, relax, solve
from rabta.plan.problem import (
    RESOURCES,
    ROUTED,
    STATIONED,
    TINY,
    Array,
    Forest,
    Index,
    Problem,
    Solution,
    price,
    used_mbps,
)

GOOD = 1e-3  # a gap below this ends the search
MOST_ZONES = 24
NEAR = 1e-5
ROUNDS = 3  # of prices for shared capacity in `replan`
BISECTIONS = 16
MOST_FOR_A_DOLLAR = 1e4  # price of a dollar of investment at which nothing is built
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


def replan(problem: Problem, forest: Forest | None = None) -> Solution:
    """A good plan and a bound in milliseconds, without a solver: for many problems that differ in prices.

    Lagrangian relaxation (Fisher 1981, Management Science 27(1)): with a price on satellite capacity and on
    stations, cells choose alone and the cable forest is solved exactly. Satellite limits hold zones, regions
    and the nation, one inside the other, so the households that gain most for a Mbit/s keep the capacity; the
    gain of the last one is the price. ``bound_usd`` holds for every plan; with a budget its price is found
    by bisection.

    Parameters
    ----------
    forest : Forest, optional
        Of ``problem.route_parent``; saves work where problems share it.
    """
    forest = forest or Forest.of(problem.route_parent)
    found = _replan(problem, forest)
    if problem.budget_usd is None or _capex(problem, found) <= problem.budget_usd:
        return found
    return _within_budget(problem, forest, problem.budget_usd)


def _within_budget(problem: Problem, forest: Forest, budget_usd: float) -> Solution:
    """Raise the price of a dollar of investment until the plan fits the budget."""
    share = np.zeros_like(problem.quality)
    nothing = np.zeros(problem.households.size, dtype=bool)
    best = Solution(share, nothing, np.zeros(problem.zones, dtype=np.int64), 0.0)
    low, high, bound = 0.0, MOST_FOR_A_DOLLAR, 0.0
    for _ in range(BISECTIONS):
        middle = np.sqrt((1.0 + low) * (1.0 + high)) - 1.0
        found = _replan(_charged(problem, middle), forest)
        bound = max(bound, found.bound_usd - middle * budget_usd)
        if _capex(problem, found) <= budget_usd:
            best, high = found, middle
        else:
            low = middle
    return replace(_spend_rest(problem, best, budget_usd), bound_usd=bound)


def _spend_rest(problem: Problem, answer: Solution, budget_usd: float) -> Solution:
    """Serve cells that are left out by what they share with nobody, best use of a dollar first."""
    left = budget_usd - _capex(problem, answer)
    own = [t not in RESOURCES and t not in (ROUTED, STATIONED) for t in problem.technologies]
    people = problem.households[:, None]
    capex = problem.fixed_capex + people * problem.unit_capex
    gain = people * (problem.quality * problem.shortfall_usd - problem.unit_npc) - problem.fixed_npc
    open_ = (answer.share.sum(axis=1, keepdims=True) == 0.0) & (gain > 0.0) & own
    worth = np.where(open_, gain / np.maximum(capex, 1.0), 0.0)
    best = worth.argmax(axis=1)
    rows = np.flatnonzero(worth.max(axis=1, initial=0.0) > 0.0)
    rows = rows[np.argsort(-worth[rows, best[rows]], kind="stable")]
    rows = rows[np.cumsum(capex[rows, best[rows]]) <= left]
    share = answer.share.copy()
    share[rows, best[rows]] = 1.0
    return replace(answer, share=share)


def _charged(problem: Problem, rate: float) -> Problem:
    """The same problem with a price on investment."""
    return replace(
        problem,
        fixed_npc=problem.fixed_npc + rate * problem.fixed_capex,
        unit_npc=problem.unit_npc + rate * problem.unit_capex,
        route_npc=problem.route_npc + rate * problem.route_capex,
        station_npc=problem.station_npc + rate * problem.station_capex,
    )


def _capex(problem: Problem, answer: Solution) -> float:
    people = answer.share * problem.households[:, None]
    own = float(((answer.share > TINY) * problem.fixed_capex + people * problem.unit_capex).sum())
    shared = float(problem.route_capex[answer.built].sum())
    return own + shared + float(answer.stations.sum()) * problem.station_capex


@dataclass(frozen=True)
class _Menu:
    """Cost of serving each whole cell one way, shape (cell, technology + 1): the last is to leave it out."""

    problem: Problem
    forest: Forest
    cost: Array
    mbps: Array

    def choose(self, toll: Array, closed: NDArray[np.bool_]) -> tuple[Index, NDArray[np.bool_], float]:
        """Cheapest column of each cell with tolls on it, the segments built, and the value of all."""
        cost = np.where(closed, np.inf, self.cost + toll)
        routed = self.problem.column_of(ROUTED)
        fibre = cost[:, routed].copy() if routed >= 0 else np.full(self.mbps.size, np.inf)
        cost[:, routed if routed >= 0 else slice(0)] = np.inf
        pick = cost.argmin(axis=1)
        other = cost[np.arange(pick.size), pick]
        gain = np.where(np.isfinite(fibre), other - fibre, 0.0)
        built, saved = self.forest.best(gain, self.problem.route_npc)
        return np.where(built & (gain > 0.0), routed, pick), built, float(other.sum()) - saved


def _menu(problem: Problem, forest: Forest) -> _Menu:
    people = problem.households[:, None]
    lost = problem.shortfall_usd
    cost = problem.fixed_npc + people * (problem.unit_npc + (1.0 - problem.quality) * lost)
    cost = np.where((problem.quality > 0.0) & (people > 0.0), cost, np.inf)
    return _Menu(problem, forest, np.hstack([cost, people * lost]), problem.households * problem.load_mbps)


def _replan(problem: Problem, forest: Forest) -> Solution:
    menu = _menu(problem, forest)
    toll = np.zeros_like(menu.cost)
    stationed = problem.column_of(STATIONED)
    if stationed >= 0:
        with np.errstate(divide="ignore"):
            each = np.divide(problem.station_npc, problem.station_mbps)
        toll[:, stationed] = np.nan_to_num(menu.mbps * each, posinf=np.inf)
    best, bound, prices = None, 0.0, 0.0
    for _ in range(ROUNDS):
        pick, built, value = menu.choose(toll, np.zeros(toll.shape, dtype=bool))
        bound = max(bound, value - prices)
        made, cuts = _whole(menu, (pick, built, value), toll)
        if best is None or made.bound_usd < best.bound_usd:
            best = made
        if not cuts:
            break
        prices = _take_tolls(menu, cuts, toll)
    assert best is not None
    return replace(best, bound_usd=min(bound, best.bound_usd))


def _whole(
    menu: _Menu, chosen: tuple[Index, NDArray[np.bool_], float], toll: Array
) -> tuple[Solution, dict[str, Array]]:
    """A plan that holds every limit, its cost in ``bound_usd``, and what the last Mbit/s was worth."""
    problem, (pick, built, value) = menu.problem, chosen
    closed = np.zeros(toll.shape, dtype=bool)
    stationed = problem.column_of(STATIONED)
    aloft = bool((pick == stationed).any())
    if stationed >= 0:
        closed[:, stationed] = ~_on_stations(menu, pick, built) if aloft else True
    if aloft:
        pick, built, _ = menu.choose(np.where(_column(toll, stationed), 0.0, toll), closed)
    cuts: dict[str, Array] = {}
    for resource in problem.limits:
        kept, cut = _fit(menu, resource, pick, built)
        if kept is not None:
            cuts[resource] = cut
            closed[:, _users(problem, resource)] |= ~kept[:, None]
    if aloft or cuts or any(toll[:, _users(problem, name)].any() for name in problem.limits):
        shut = _others(problem, pick, closed)
        pick, built, value = menu.choose(np.zeros_like(toll), shut)
    share = np.zeros(menu.cost.shape)
    share[np.arange(pick.size), pick] = problem.households > 0
    stations = _stations_for(menu, pick == stationed)
    return Solution(share[:, :-1], built, stations, value + float(stations.sum()) * problem.station_npc), cuts


def _stations_for(menu: _Menu, on: NDArray[np.bool_]) -> Index:
    problem = menu.problem
    if not on.any():
        return np.zeros(problem.zones, dtype=np.int64)
    load = np.bincount(problem.zone, menu.mbps * on, minlength=problem.zones)
    return np.ceil(load / problem.station_mbps - TINY).astype(np.int64)


def _users(problem: Problem, resource: str) -> list[int]:
    return [i for i, name in enumerate(problem.technologies) if RESOURCES.get(name) == resource]


def _column(like: Array, column: int) -> NDArray[np.bool_]:
    return np.broadcast_to(np.arange(like.shape[1]) == column, like.shape)


def _others(problem: Problem, pick: Index, closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close shared capacity to the cells that did not choose it, so that nobody takes another's place."""
    shut = closed.copy()
    for resource in problem.limits:
        uses = _users(problem, resource)
        shut[:, uses] |= ~np.isin(pick, uses)[:, None]
    return shut


def _alternative(menu: _Menu, built: NDArray[np.bool_], without: list[int]) -> Array:
    """Cheapest way that needs none of the columns; a cable only where it is built."""
    cost = menu.cost.copy()
    cost[:, without] = np.inf
    shared = [i for i, name in enumerate(menu.problem.technologies) if name == STATIONED]
    cost[:, shared] = np.inf
    routed = menu.problem.column_of(ROUTED)
    if routed >= 0:
        cost[~built, routed] = np.inf
    return np.asarray(cost.min(axis=1))


def _on_stations(menu: _Menu, pick: Index, built: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells that stations serve: in a zone those that gain most for a Mbit/s, if they pay the stations."""
    problem, column = menu.problem, menu.problem.column_of(STATIONED)
    gain = _alternative(menu, built, [column]) - menu.cost[:, column]
    mine = np.zeros(gain.size, dtype=bool)
    zones = np.unique(problem.zone[pick == column])
    wanted = np.isin(problem.zone, zones) & (gain > 0.0) & (menu.mbps > 0.0)
    rows = np.flatnonzero(wanted)
    for zone in zones:
        here = rows[problem.zone[rows] == zone]
        here = here[np.argsort(-gain[here] / menu.mbps[here], kind="stable")]
        stations = np.ceil(np.cumsum(menu.mbps[here]) / problem.station_mbps - TINY)
        worth = np.cumsum(gain[here]) - stations * problem.station_npc
        if here.size and worth.max() > 0.0:
            mine[here[: int(worth.argmax()) + 1]] = True
    return mine


def _fit(
    menu: _Menu, resource: str, pick: Index, built: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_] | None, Array]:
    """Cells that keep a resource, where not all that want it can; None where all can.

    Returns
    -------
    kept : ndarray of bool, shape (cell,), or None
    cut : ndarray, shape (zone,)
        Gain for a Mbit/s below which a cell of the zone is turned away.
    """
    problem = menu.problem
    uses = _users(problem, resource)
    want = np.flatnonzero(np.isin(pick, uses) & (menu.mbps > 0.0))
    tiers: list[tuple[Index, Array]] = [(np.arange(problem.zones), problem.limits[resource])]
    tiers += [(pool.row, pool.limit) for pool in problem.pools.values() if pool.resource == resource]
    cut = np.zeros(problem.zones)
    taken = np.bincount(problem.zone[want], menu.mbps[want], minlength=problem.zones)
    if all((np.bincount(row, taken, minlength=limit.size) <= limit).all() for row, limit in tiers):
        return None, cut
    gain = _alternative(menu, built, uses)[want] - menu.cost[want, pick[want]]
    rate = np.maximum(gain, 0.0) / menu.mbps[want]
    order = np.argsort(-rate, kind="stable")
    full = False
    for row, limit in tiers:
        group = row[problem.zone[want[order]]]
        used = _running(group, menu.mbps[want[order]], limit.size)
        over = used > limit[group] * (1.0 + TINY) + TINY
        if over.any():
            full = True
            last = np.zeros(limit.size)
            np.maximum.at(last, group[over], rate[order][over])
            cut = np.maximum(cut, last[row])
        order = order[~over]
    kept = np.zeros(menu.mbps.size, dtype=bool)
    kept[want[order]] = True
    return (kept if full else None), cut


def _running(group: Index, load: Array, groups: int) -> Array:
    """Running sum of the load inside each group, in the given order."""
    order = np.argsort(group, kind="stable")
    total = np.cumsum(load[order])
    start = np.searchsorted(group[order], np.arange(groups))
    before = np.concatenate([[0.0], total])[start]
    running = np.empty_like(total)
    running[order] = total - before[group[order]]
    return running


def _take_tolls(menu: _Menu, cuts: Mapping[str, Array], toll: Array) -> float:
    """Put the cuts on the technologies as tolls; returns what the limits are worth at these prices.

    A zone's cut is the largest of its tiers': the nation takes the smallest over its zones, a region what its
    smallest is above that, the zone the rest.
    """
    problem, worth = menu.problem, 0.0
    for resource, cut in cuts.items():
        uses = _users(problem, resource)
        toll[:, uses] = (menu.mbps * cut[problem.zone])[:, None]
        left = cut.copy()
        pools = [pool for pool in problem.pools.values() if pool.resource == resource]
        for pool in sorted(pools, key=lambda p: p.limit.size):
            lowest = np.full(pool.limit.size, np.inf)
            np.minimum.at(lowest, pool.row, left)
            lowest = np.where(np.isfinite(lowest), lowest, 0.0)
            worth += float(lowest @ pool.limit)
            left = left - lowest[pool.row]
        worth += float(left @ problem.limits[resource])
    return worth
