"""The plan at other prices: the problem they make, how far the figures move, and what moves them most.

The ranges of the cost book are drawn together, a Latin hypercube (McKay, Beckman and Conover 1979,
Technometrics 21(2)) with the same draws in every run, and the nation is planned anew for each draw
(`optimise.replan`). ``low`` and ``high`` of a figure are its 10th and 90th percentile over the draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.plan import candidates, finance, service
from rabta.plan.costs import Range, assumptions, ranges, read_book
from rabta.plan.optimise import replan
from rabta.plan.problem import (
    ROUTED,
    STATIONED,
    TINY,
    Forest,
    Pool,
    Problem,
    Solution,
    spread_routes,
    spread_stations,
)
from rabta.scenario import Plan

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Offer = Callable[[Array], service.Service]
Figures = dict[str, float]
DRAWS = 256
SEED = 20260113
PERCENTILES = (0.1, 0.9)
FIGURE = "npc_per_household_usd"
TOP = 15
MONTHS = 12.0


@dataclass(frozen=True)
class Money:
    """Costs by cell, of cable segments, and of a station; present value of a dollar a year."""

    cost: candidates.Costs
    path: candidates.Routes
    cable: candidates.SharedCost
    station: candidates.SharedCost
    annuity: float


@dataclass(frozen=True)
class Sky:
    """What reaches the cells whatever the prices are: access rates, delays, satellites.

    ``weather`` and ``weather_moving`` are the shares of the year that the link rates of geostationary and
    of moving satellites hold; drawn rain is in the steps of the latter already.
    """

    access_mbps: Array
    added_ms: Array
    orbiting: service.Orbiting
    geo: tuple[Array, Array]
    weather: float
    weather_moving: float


@dataclass(frozen=True)
class Ground:
    """The plan's view of the twin, apart from prices; cells are those with unserved households.

    Attributes
    ----------
    people, covered : ndarray, shape (cell,)
        People of the cell, and whether any mobile service reaches it today.
    places : Places
        Its load is what the services ask for; the floor and today's sites follow from prices.
    carried : ndarray, shape (cell,)
        Share of the sampled steps in which satellites carry what fills all limits.
    path : Routes
        Tree of cables, laid out once; ``detour`` is the factor that it was laid out with.
    """

    wanted: Plan
    book: str
    rows: Index
    unserved: Array
    people: Array
    covered: NDArray[np.bool_]
    places: candidates.Places
    zone: Index
    sky: Sky
    carried: Array
    limits: dict[str, Array]
    pools: dict[str, Pool]
    detour: float
    path: candidates.Routes


@dataclass(frozen=True)
class Asked:
    """The planning problem of a twin, with what it was made from.

    Attributes
    ----------
    service : Service
        What the plan may count on: satellites as available as when all limits are filled.
    offer : callable
        The same for another share of the steps in which satellites carry each cell's load.
    """

    problem: Problem
    ground: Ground
    service: service.Service
    offer: Offer
    money: Money
    prices: candidates.Prices

    @property
    def rows(self) -> Index:
        """Rows of the cells table that the problem's cells stand for."""
        return self.ground.rows

    @property
    def book(self) -> str:
        """Entry of the cost book."""
        return self.ground.book


def ask(ground: Ground, prices: candidates.Prices) -> Asked:
    """State the problem at the given prices."""
    problem, money, given, offer = stated(ground, prices)
    return Asked(problem, ground, given, offer, money, prices)


def stated(ground: Ground, prices: candidates.Prices) -> tuple[Problem, Money, service.Service, Offer]:
    """The problem at the given prices, its costs, and what the technologies give."""
    load = np.maximum(ground.places.load_mbps, ground.wanted.floor_mbps / prices["contention"])
    today = sites_today(ground.people, ground.covered, prices)
    places = replace(ground.places, load_mbps=load, sites_today=today)
    offer = partial(_offered, ground, places, prices)
    given, money = offer(ground.carried), _money(ground, places, prices)
    return _problem(ground, places, given, money, prices), money, given, offer


def sites_today(people: Array, covered: NDArray[np.bool_], prices: candidates.Prices) -> Array:
    """Mobile sites that a cell plausibly has: by its people, at least one where there is service today."""
    found = np.maximum(np.floor(people / prices["people_per_site_today"]), 1.0)
    return np.asarray(np.where(covered, found, 0.0))


def _offered(
    ground: Ground, places: candidates.Places, prices: candidates.Prices, carried: Array
) -> service.Service:
    """Rate, latency and availability of the technologies, by how often satellites carry each cell's load."""
    sky = ground.sky
    return service.combine(
        ground.wanted.technologies,
        sky.access_mbps,
        sky.added_ms,
        sky.orbiting,
        sky.geo,
        places.load_mbps * prices["contention"],
        {**prices, "availability_weather": sky.weather, "availability_moving": sky.weather_moving},
        carried,
    )


def _money(ground: Ground, places: candidates.Places, prices: candidates.Prices) -> Money:
    """Costs at the given prices; another detour stretches the cables between cells, and moves none."""
    wanted, path = ground.wanted, ground.path
    rate = wanted.discount_percent / 100.0
    stretch = np.where(path.parent >= 0, prices["fibre_detour"] / ground.detour, 1.0)
    path = replace(path, length_km=path.length_km * stretch)
    return Money(
        candidates.costs(wanted.technologies, places, prices, rate, wanted.years),
        path,
        candidates.route_costs(path, places.rough_m, prices, rate, wanted.years),
        candidates.station_cost(prices, rate, wanted.years),
        finance.annuity(rate, wanted.years),
    )


def _problem(
    ground: Ground,
    places: candidates.Places,
    given: service.Service,
    money: Money,
    prices: candidates.Prices,
) -> Problem:
    wanted = ground.wanted
    return Problem(
        technologies=wanted.technologies,
        households=places.households,
        load_mbps=places.load_mbps,
        fixed_npc=money.cost.fixed_npc,
        unit_npc=money.cost.unit_npc,
        fixed_capex=money.cost.fixed_capex,
        unit_capex=money.cost.unit_capex,
        quality=given.quality(wanted.floor_mbps, wanted.floor_latency_ms, wanted.floor_availability),
        zone=ground.zone,
        limits=ground.limits,
        route_parent=money.path.parent,
        route_npc=money.cable.npc,
        route_capex=money.cable.capex,
        station_npc=float(money.station.npc),
        station_capex=float(money.station.capex),
        station_mbps=prices["haps_capacity_mbps"],
        shortfall_usd=prices["shortfall_usd_household"],
        budget_usd=wanted.budget_usd,
        pools=ground.pools,
    )


def opex_year(problem: Problem, solution: Solution, money: Money) -> Array:
    """Yearly cost of each cell and technology, shared cables and stations divided by head."""
    people = solution.share * problem.households[:, None]
    opex = (people > 0) * money.cost.fixed_opex_year + people * money.cost.unit_opex_year
    routed, stationed = problem.column_of(ROUTED), problem.column_of(STATIONED)
    if routed >= 0:
        opex[:, routed] += spread_routes(problem, solution.built, people[:, routed], money.cable.opex_year)
    if stationed >= 0:
        each = spread_stations(problem, solution.stations, people[:, stationed])
        opex[:, stationed] += each * float(money.station.opex_year)
    return np.asarray(opex)


def figures(problem: Problem, solution: Solution, money: Money) -> Figures:
    """Headline figures of a plan in which each cell is served one way or not at all.

    Shares of technologies are of the served households; ``npc_usd`` counts what `problem.price` counts.
    """
    used = (solution.share > TINY).astype(np.float64)
    people = solution.share * problem.households[:, None]
    stations, built = float(solution.stations.sum()), solution.built
    total = {
        name: float(_dot(used, fixed) + _dot(people, unit) + route[built].sum() + stations * station)
        for name, fixed, unit, route, station in (
            ("npc_usd", problem.fixed_npc, problem.unit_npc, problem.route_npc, problem.station_npc),
            (
                "capex_usd",
                problem.fixed_capex,
                problem.unit_capex,
                problem.route_capex,
                problem.station_capex,
            ),
            (
                "opex_usd_year",
                money.cost.fixed_opex_year,
                money.cost.unit_opex_year,
                money.cable.opex_year,
                float(money.station.opex_year),
            ),
        )
    }
    served, target = float(people.sum()), float(problem.households.sum())
    good = float(_dot(people, problem.quality))
    lost = _positive(target - good, target) * problem.shortfall_usd
    share = people.sum(axis=0) / served if served else np.full(people.shape[1], np.nan)
    return total | {
        "objective_usd": total["npc_usd"] + lost,
        "shortfall_usd": lost,
        "households_served": served,
        "households_left": _positive(target - served, target),
        "households_at_floor": float(people[problem.quality > 1.0 - 1e-9].sum()),
        "score": good / target if target else np.nan,
        "npc_per_household_usd": total["npc_usd"] / served if served else np.nan,
        "tariff_usd_month": total["npc_usd"] / served / money.annuity / MONTHS if served else np.nan,
        "fibre_segments": float(built.sum()),
        "stations": stations,
        **{f"share_{name}": float(part) for name, part in zip(problem.technologies, share, strict=True)},
    }


def _positive(value: float, whole: float) -> float:
    """The value, or zero where it is the rounding of a whole."""
    return value if value > 1e-9 * whole else 0.0


def _dot(a: Array, b: Array) -> float:
    """Sum of products without threads, which cost more than they bring at this size."""
    return float(np.einsum("ij,ij->", a, b))


@dataclass(frozen=True)
class Spread:
    """Low, middle and high of every figure, and how good the re-plans are that they come from."""

    low: Figures
    middle: Figures
    high: Figures
    gap: float


def spread(asked: Asked, draws: int = DRAWS) -> Spread:
    """Percentiles of the figures over joint draws of all open items of the cost book.

    ``gap`` is the certified gap of the re-plan that is worst of nine in ten draws.
    """
    book = read_book(asked.book)
    fixed = asked.ground.wanted.costs
    open_ = {key: r for key, r in ranges(asked.book, asked.prices, fixed).items() if not book[key].weight}
    order = sorted(key for key, item in book.items() if not item.weight)
    unit = hypercube(draws, len(order))
    again, found, gaps = Again(asked), [], []
    for line in unit:
        drawn = {key: at(open_[key], u) for key, u in zip(order, line, strict=True) if key in open_}
        values, gap = again.at({**asked.prices, **drawn})
        found.append(values)
        gaps.append(gap)
    table = {key: np.array([values[key] for values in found]) for key in found[0]}
    low, middle, high = (
        {key: float(np.quantile(column, q)) for key, column in table.items()}
        for q in (PERCENTILES[0], 0.5, PERCENTILES[1])
    )
    return Spread(low, middle, high, float(np.quantile(gaps, PERCENTILES[1])))


def with_range(summary: pd.DataFrame, spread: Spread) -> pd.DataFrame:
    """The summary with the 10th and 90th percentile of each figure over the joint draws of all prices."""
    import pandas as pd

    words = "over joint draws of every price in its range, each planned anew"
    more = pd.DataFrame(
        [
            ("npc_usd_middle", spread.middle["npc_usd"], "USD", f"Median of the net present cost {words}"),
            (
                "npc_per_household_usd_middle",
                spread.middle["npc_per_household_usd"],
                "USD",
                f"Median of the cost of a household {words}",
            ),
            ("range_gap", spread.gap, "1", "Certified gap of the plans behind low and high, 90th percentile"),
        ],
        columns=list(summary.columns),
    )
    whole = pd.concat([summary, more], ignore_index=True)
    for name, values in (("low", spread.low), ("high", spread.high)):
        keys = [str(key).removesuffix("_middle") for key in whole["key"]]
        whole[name] = [values.get(key, float("nan")) for key in keys]
    return whole


def with_coverage(summary: pd.DataFrame, people: float, nation: str) -> pd.DataFrame:
    """The summary with the people without broadband, and how many they are by other sources of coverage.

    Those without broadband are taken in proportion to those out of reach of 3G and 4G, for which a nation's
    catalog entry has a table ``coverage`` where published figures differ.
    """
    import pandas as pd

    row = {"key": "people_unserved_today", "value": people, "unit": "1"}
    text = {"description": "People without broadband today"}
    whole = pd.concat([summary, pd.DataFrame([row | text])], ignore_index=True)
    told = catalog.entry("nations", nation).data.get("coverage")
    if isinstance(told, dict):
        chosen = whole["key"].isin(["people_unserved_today", "households_unserved_today"])
        lacking = 100.0 - float(told["broadband_percent"])
        for name, key in (("low", "high_percent"), ("high", "low_percent")):
            share = (100.0 - float(told[key])) / lacking
            whole.loc[chosen, name] = whole.loc[chosen, "value"] * share
    return whole


def hypercube(draws: int, dimensions: int) -> Array:
    """Latin hypercube: each dimension has one draw in each of equally likely strata; shape (draw, dimension).

    A dimension's draws depend on its place alone, so runs share them.
    """
    columns = []
    for dimension in range(dimensions):
        random = np.random.default_rng([SEED, dimension])
        columns.append((random.permutation(draws) + random.random(draws)) / draws)
    return np.stack(columns, axis=1)


def at(r: Range, u: float) -> float:
    """Value of a range at probability ``u``: two triangles that meet at the base, the base as the median.

    What is in use is taken to be as likely too low as too high; each side's density falls to 0 at its end.

    Examples
    --------
    >>> [at(Range(1.0, 2.0, 6.0, "", "", ""), u) for u in (0.0, 0.5, 1.0)]
    [1.0, 2.0, 6.0]
    """
    if u < 0.5:
        return r.low + (r.base - r.low) * float(np.sqrt(2.0 * u))
    return r.high - (r.high - r.base) * float(np.sqrt(2.0 * (1.0 - u)))


class Again:
    """Plans of one nation at other prices; what does not depend on them is worked out once."""

    def __init__(self, asked: Asked) -> None:
        self.ground = asked.ground
        self.forest = Forest.of(asked.problem.route_parent)

    def at(self, prices: candidates.Prices, ground: Ground | None = None) -> tuple[Figures, float]:
        """Figures and the certified gap."""
        problem, money = stated(ground or self.ground, prices)[:2]
        solution = replan(problem, self.forest)
        found = figures(problem, solution, money)
        objective = found["objective_usd"]
        return found, 1.0 - solution.bound_usd / objective if objective > 0 else 0.0


def tornado(asked: Asked, figure: str = FIGURE, top: int | None = TOP) -> pd.DataFrame:
    """One item of the cost book at a time at both ends of its range: table ``sensitivity``."""
    again = Again(asked)
    base = again.at(asked.prices)[0][figure]
    rows = []
    for key, r in ranges(asked.book, asked.prices, asked.ground.wanted.costs).items():
        ends = [again.at({**asked.prices, key: value})[0][figure] for value in (r.low, r.high)]
        rows.append(row(f"plan.costs.{key}", r, figure, (ends[0], base, ends[1])))
    return sorted_table(rows, top)


def row(key: str, r: Range, figure: str, found: tuple[float, float, float]) -> dict[str, object]:
    """One row of table ``sensitivity``."""
    moved = {"parameter": key, "title": r.title, "unit": r.unit, "low": r.low, "base": r.base, "high": r.high}
    names = ("figure_low", "figure_base", "figure_high")
    return {**moved, "figure": figure, **dict(zip(names, found, strict=True)), "source": r.source}


def sorted_table(rows: Sequence[Mapping[str, object]], top: int | None) -> pd.DataFrame:
    """Widest swing first."""
    import pandas as pd

    from rabta import schema

    frame = pd.DataFrame(rows, columns=list(schema.tables()["sensitivity"]))
    ends = frame[["figure_low", "figure_base", "figure_high"]].to_numpy(dtype=np.float64)
    wide = ends.max(axis=1) - ends.min(axis=1) if len(frame) else np.empty(0)
    return frame.iloc[np.argsort(-wide, kind="stable")][:top].reset_index(drop=True)


PLAN_KEYS = ("discount_percent", "floor_availability")


def assumed(asked: Asked, figure: str = FIGURE) -> list[dict[str, object]]:
    """Rows of the scenario's assumptions that only the plan reads."""
    again, rows = Again(asked), []
    base = again.at(asked.prices)[0][figure]
    for key, r in assumptions(asked.book).items():
        name = key.removeprefix("plan.")
        if name not in PLAN_KEYS:
            continue
        known = around(r, float(getattr(asked.ground.wanted, name)))
        ends = []
        for value in (known.low, known.high):
            wanted = asked.ground.wanted.model_copy(update={name: value})
            ends.append(again.at(asked.prices, replace(asked.ground, wanted=wanted))[0][figure])
        rows.append(row(key, known, figure, (ends[0], base, ends[1])))
    return rows


def around(r: Range, value: float) -> Range:
    """The range with the scenario's own value as its base, widened where that lies outside."""
    return replace(r, low=min(r.low, value), base=value, high=max(r.high, value))
