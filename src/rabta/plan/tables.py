"""Result tables of the plan: by cell, by technology, in sum, dual prices, and by district."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from rabta.plan.problem import (
    RESOURCES,
    ROUTED,
    STATIONED,
    TINY,
    Array,
    Index,
    Price,
    Problem,
    Solution,
    missing_route_npc,
)
from rabta.plan.service import SATELLITE, Service

if TYPE_CHECKING:
    import pandas as pd

BLANK = (
    "rate_mbps",
    "latency_ms",
    "availability",
    "npc_per_household_usd",
    "tariff_usd_month",
    "tariff_income_share",
    "score",
)
MONTHS = 12.0
NONE = "none"
ROUNDING = 1e-9


@dataclass(frozen=True)
class Answer:
    """Everything that the result tables are made from.

    Attributes
    ----------
    rows : ndarray of int
        Rows of the cells table that the problem's cells stand for.
    unserved : ndarray, shape (all cells,)
        Households without broadband today.
    opex_year : ndarray, shape (cell, technology)
        Yearly cost, shared cables and stations included.
    service : Service
        What a household gets under the plan's own load, shape (cell, technology).
    annuity : float
        Present value of one dollar a year over the plan's years.
    income_usd_month : ndarray, shape (cell,)
        Mean income of a household; NaN where it is not known.
    """

    problem: Problem
    solution: Solution
    price: Price
    rows: Index
    unserved: Array
    opex_year: Array
    service: Service
    annuity: float
    income_usd_month: Array

    def tariff(self, npc: Array, households: Array) -> Array:
        """Break-even tariff: the monthly payment of each household whose present value is the cost."""
        return _over(npc, households) / (self.annuity * MONTHS)

    @property
    def households(self) -> Array:
        """Households on each technology, shape (cell, technology)."""
        return np.asarray(self.solution.share * self.problem.households[:, None])


def plan_table(cell: Sequence[str], answer: Answer) -> pd.DataFrame:
    """One row for each cell of the cells table.

    ``score`` is the quality of the answer: the share of the cell's target households that the plan
    connects, each weighted by the part of the floor that it gets (`service.Service.quality`: rate,
    latency and availability, each over its floor and cut at 1, multiplied). 1 is everybody with the
    whole floor, 0 is nobody connected; NaN where nobody is to be connected.
    """
    import pandas as pd

    first, second = _leaders(answer)
    households = answer.households
    served = households.sum(axis=1)
    scored = (households * answer.problem.quality).sum(axis=1)
    npc = answer.price.npc.sum(axis=1)
    columns: dict[str, Array] = {
        "technology_share": answer.solution.share.max(axis=1, initial=0.0),
        "households_served": served,
        "rate_mbps": _mean(answer.service.rate_mbps, households),
        "latency_ms": _mean(answer.service.latency_ms, households),
        "availability": _mean(answer.service.availability, households),
        "capex_usd": answer.price.capex.sum(axis=1),
        "opex_usd_year": answer.opex_year.sum(axis=1),
        "npc_usd": npc,
        "npc_per_household_usd": _over(npc, served),
        "tariff_usd_month": answer.tariff(npc, served),
        "tariff_income_share": answer.tariff(npc, served) / answer.income_usd_month,
        "score": _over(scored, answer.problem.households),
    }
    blank = dict.fromkeys(BLANK, np.nan)
    count = len(cell)
    made: dict[str, object] = {"cell": np.asarray(cell)}
    made["technology"] = _scatter_text(first, answer.rows, count)
    made["technology_share"] = _scatter(columns["technology_share"], answer.rows, count, 0.0)
    made["second_technology"] = _scatter_text(second, answer.rows, count)
    made["households_served"] = _scatter(served, answer.rows, count, 0.0)
    made["households_unserved_today"] = answer.unserved
    for name in list(columns)[2:]:
        made[name] = _scatter(columns[name], answer.rows, count, blank.get(name, 0.0))
    other, cost = alternatives(answer)
    made["next_technology"] = _scatter_text(other, answer.rows, count)
    made["next_npc_per_household_usd"] = _scatter(cost, answer.rows, count, np.nan)
    return pd.DataFrame(made)


def alternatives(answer: Answer) -> tuple[NDArray[np.str_], Array]:
    """Cheapest other technology that gives the whole floor in each cell, and its cost a household.

    The cost is what it would take to move the cell's households alone, the rest of the plan unchanged:
    the cell's own cost, the cable segments or the station still missing, and shared capacity at its dual
    price. NaN and ``none`` where nothing else gives the floor.
    """
    problem, solution = answer.problem, answer.solution
    names = np.array([*problem.technologies, NONE])
    if not problem.technologies:
        return np.full(problem.households.size, NONE), np.full(problem.households.size, np.nan)
    extra = problem.fixed_npc.copy()
    routed, stationed = problem.column_of(ROUTED), problem.column_of(STATIONED)
    if routed >= 0:
        extra[:, routed] += missing_route_npc(problem, solution.built)
    if stationed >= 0:
        extra[:, stationed] += np.where(solution.stations > 0, 0.0, problem.station_npc)[problem.zone]
    each = problem.unit_npc + problem.load_mbps[:, None] * _capacity_price(problem, solution.prices)
    each = each + _over(extra, np.broadcast_to(problem.households[:, None], extra.shape))
    chosen = solution.share == solution.share.max(axis=1, keepdims=True)
    each = np.where((problem.quality > 1.0 - 1e-9) & ~(chosen & (solution.share > TINY)), each, np.inf)
    each = np.where(np.isnan(each), np.inf, each)
    best = each.argmin(axis=1)
    cost = each[np.arange(best.size), best]
    known = np.isfinite(cost)
    return names[np.where(known, best, names.size - 1)], np.where(known, cost, np.nan)


def _capacity_price(problem: Problem, prices: Mapping[str, Array]) -> Array:
    """Dual price of one Mbit/s of what each technology shares, shape (cell, technology)."""
    out = np.zeros(problem.quality.shape)
    for column, technology in enumerate(problem.technologies):
        resource = RESOURCES.get(technology)
        if resource in problem.limits:
            out[:, column] += prices.get(str(resource), np.zeros(problem.zones))[problem.zone]
        for name, pool in problem.pools.items():
            if pool.resource == resource:
                out[:, column] += prices.get(name, np.zeros(pool.limit.size))[pool.row[problem.zone]]
    return out


def _leaders(answer: Answer) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    share = answer.solution.share
    names = np.array([*answer.problem.technologies, NONE])
    if share.shape[1] == 0:
        nothing = np.full(share.shape[0], NONE)
        return nothing, nothing
    order = np.argsort(-share, axis=1, kind="stable")
    ranked = np.take_along_axis(share, order, axis=1)
    index = np.where(ranked > TINY, order, names.size - 1)
    second = index[:, 1] if share.shape[1] > 1 else np.full(share.shape[0], names.size - 1)
    return names[index[:, 0]], names[second]


def _mean(values: Array, weight: Array) -> Array:
    finite = np.where(weight > 0, values, 0.0)
    return _over((finite * weight).sum(axis=1), weight.sum(axis=1))


def _over(top: Array, bottom: Array) -> Array:
    return np.asarray(np.divide(top, bottom, out=np.full(np.shape(top), np.nan), where=bottom > 0))


def _scatter(values: Array, rows: Index, count: int, blank: float) -> Array:
    whole = np.full(count, blank)
    whole[rows] = values
    return whole


def _scatter_text(values: NDArray[np.str_], rows: Index, count: int) -> NDArray[np.object_]:
    whole = np.full(count, NONE, dtype=object)
    whole[rows] = values
    return whole


def mix_table(answer: Answer, household_size: Array) -> pd.DataFrame:
    """One row for each technology that the scenario allows.

    Parameters
    ----------
    household_size : ndarray, shape (cell,)
        People in a household of each of the problem's cells.
    """
    import pandas as pd

    households = answer.households
    return pd.DataFrame(
        {
            "technology": list(answer.problem.technologies),
            "households": households.sum(axis=0),
            "people": (households * household_size[:, None]).sum(axis=0),
            "cells": (households > 0).sum(axis=0),
            "capex_usd": answer.price.capex.sum(axis=0),
            "opex_usd_year": answer.opex_year.sum(axis=0),
            "npc_usd": answer.price.npc.sum(axis=0),
        }
    )


def summary_table(answer: Answer, prices: Mapping[str, float], asked_mbps: Array) -> pd.DataFrame:
    """Figures of the whole plan, the certified gap among them.

    Parameters
    ----------
    asked_mbps : ndarray, shape (cell,)
        Busy-hour load that the services ask for, a household.
    """
    import pandas as pd

    problem, price = answer.problem, answer.price
    households = answer.households
    served, target = float(households.sum()), float(problem.households.sum())
    at_floor = float(households[problem.quality > 1.0 - 1e-9].sum())
    objective = price.objective_usd
    bound = _bound(answer)
    gap = max(objective - bound, 0.0) / objective if objective > 0 else 0.0
    space = [i for i, t in enumerate(problem.technologies) if t in SATELLITE]
    licence = prices["licence_satellite_usd"] if households[:, space].sum() > 0 else 0.0
    rows = [
        ("optimality_gap", gap, "1", "Plan's cost over the bound, as a share of the plan's cost"),
        ("objective_usd", objective, "USD", "Net present cost plus shortfall price"),
        ("bound_usd", bound, "USD", "No plan costs less (linear relaxation)"),
        ("npc_usd", price.npc_usd, "USD", "Net present cost of everything the plan builds and runs"),
        ("shortfall_usd", price.penalty_usd, "USD", "Price of households unserved or below the floor"),
        ("shortfall_usd_household", problem.shortfall_usd, "USD", "Price of one unserved household"),
        ("capex_usd", float(price.capex.sum()), "USD", "First investment"),
        ("opex_usd_year", float(answer.opex_year.sum()), "USD/year", "Yearly cost"),
        (
            "licence_usd",
            licence,
            "USD",
            "Satellite operator's licence, paid once, not in the net present cost",
        ),
        (
            "households_unserved_today",
            float(answer.unserved.sum()),
            "1",
            "Households without broadband today",
        ),
        ("households_target", target, "1", "Households to connect: adoption and serve_percent of those"),
        ("households_served", served, "1", "Households that the plan connects"),
        ("households_at_floor", at_floor, "1", "Households that get the whole floor"),
        ("households_left", target - served, "1", "Households to connect that stay without service"),
        (
            "npc_per_household_usd",
            price.npc_usd / served if served else np.nan,
            "USD",
            "Mean net present cost",
        ),
        *_tariffs(answer),
        ("score", _score(answer, target), "1", "Share of the target served, weighted by quality"),
        ("fibre_segments", float(answer.solution.built.sum()), "1", "Cable segments that the plan builds"),
        ("stations", float(answer.solution.stations.sum()), "1", "Stratospheric stations"),
        ("solved", float(answer.solution.status == "Optimal"), "1", "1 where the repair ended in time"),
        *_shares(answer),
        *_loads(problem, asked_mbps),
        *_medians(answer),
    ]
    return pd.DataFrame(rows, columns=["key", "value", "unit", "description"])


def _tariffs(answer: Answer) -> list[tuple[str, float, str, str]]:
    """Break-even tariff of all served households, and of those on each technology."""
    npc, people = answer.price.npc.sum(axis=0), answer.households.sum(axis=0)
    words = "Break-even tariff: monthly payment that covers the net present cost"
    whole = answer.tariff(npc.sum(keepdims=True), people.sum(keepdims=True))[0]
    rows = [("tariff_usd_month", float(whole), "USD", f"{words}, mean")]
    for technology, value in zip(answer.problem.technologies, answer.tariff(npc, people), strict=True):
        if np.isfinite(value):
            rows.append((f"tariff_usd_month_{technology}", float(value), "USD", f"{words}, {technology}"))
    served = answer.households.sum(axis=1)
    share = answer.tariff(answer.price.npc.sum(axis=1), served) / answer.income_usd_month
    middle = weighted_quantile(share[served > 0], served[served > 0], 0.5)
    words = "Break-even tariff over the household's income (modelled), median over served households"
    return [*rows, ("tariff_income_share", middle, "1", words)]


def _shares(answer: Answer) -> list[tuple[str, float, str, str]]:
    people = answer.households.sum(axis=0)
    share = _over(people, np.broadcast_to(people.sum(), people.shape))
    return [
        (f"share_{name}", float(part), "1", f"Share of the served households on {name}")
        for name, part in zip(answer.problem.technologies, share, strict=True)
    ]


def _bound(answer: Answer) -> float:
    """The bound; rounding may put it a hair above a plan that is proven to be the cheapest."""
    bound, objective = answer.solution.bound_usd, answer.price.objective_usd
    return objective if objective < bound <= objective * (1.0 + ROUNDING) else bound


def _loads(problem: Problem, asked_mbps: Array) -> list[tuple[str, float, str, str]]:
    """Busy-hour load of a household as the services ask for it, and as the plan provisions it."""
    target = float(problem.households.sum())
    each = {
        "load_mbps_household": (asked_mbps, "Mean busy-hour load that a household's services ask for"),
        "provisioned_mbps_household": (
            problem.load_mbps,
            "Mean busy-hour capacity reserved for a household: the load, at least the floor over contention",
        ),
    }
    return [
        (key, float(load @ problem.households) / target if target else np.nan, "Mbit/s", text)
        for key, (load, text) in each.items()
    ]


MEDIANS = {
    "rate_mbps": ("Mbit/s", "Busy-hour rate"),
    "latency_ms": ("ms", "Round-trip time"),
    "availability": ("1", "Availability"),
}


def _medians(answer: Answer) -> list[tuple[str, float, str, str]]:
    """Medians over the served households, of all and of each technology, from the values of their cells."""
    people = answer.households
    rows = []
    for name, (unit, title) in MEDIANS.items():
        values = getattr(answer.service, name)
        value = weighted_quantile(values[people > 0], people[people > 0], 0.5)
        rows.append((f"{name}_median", value, unit, f"{title}, median over served households"))
        for k, technology in enumerate(answer.problem.technologies):
            on = people[:, k] > 0
            if on.any():
                value = weighted_quantile(values[on, k], people[on, k], 0.5)
                rows.append((f"{name}_median_{technology}", value, unit, f"{title}, median on {technology}"))
    return rows


def _score(answer: Answer, target: float) -> float:
    reached = float((answer.households * answer.problem.quality).sum())
    return reached / target if target else np.nan


def price_table(answer: Answer, zones: Sequence[str], used: Mapping[str, Array]) -> pd.DataFrame:
    """Coupling constraints with their dual prices: what one more unit would save.

    Parameters
    ----------
    used : mapping of str to ndarray, shape (zone,)
        Load of the plan on each resource.
    """
    import pandas as pd

    found, problem = answer.solution.prices, answer.problem
    rows: list[tuple[str, str, Sequence[str], Array, Array]] = [
        (name, f"{name}_capacity", zones, limit, used[name]) for name, limit in problem.limits.items()
    ]
    rows += [(name, name, pool.names, pool.limit, pool.used(used)) for name, pool in problem.pools.items()]
    parts = [
        pd.DataFrame(
            {
                "constraint": constraint,
                "zone": list(names),
                "limit": limit,
                "used": load,
                "unit": "Mbit/s",
                "price_usd": found.get(name, np.zeros(limit.size)),
            }
        )
        for name, constraint, names, limit, load in rows
    ]
    if answer.problem.budget_usd is not None:
        budget = {"constraint": "budget", "zone": "nation", "limit": answer.problem.budget_usd}
        budget |= {"used": float(answer.price.capex.sum()), "unit": "USD"}
        budget["price_usd"] = float(np.sum(found.get("budget", np.zeros(1))))
        parts.append(pd.DataFrame([budget]))
    return pd.concat(parts, ignore_index=True)


BY_HOUSEHOLD = ("households_served", "households_unserved_today", "npc_usd")
TARIFF_SHARE = "tariff_income_share"


def district_table(
    parts: pd.DataFrame, cells: pd.DataFrame, plan: pd.DataFrame, sky: Mapping[str, Array]
) -> pd.DataFrame:
    """Sums and medians by district; a cell on a border counts in each of its districts with its part.

    Parameters
    ----------
    parts : DataFrame
        Pieces of the cells, see `rabta.nation.aggregate.pieces`.
    sky : mapping of str to ndarray, shape (cell,)
        ``visible_mean``, ``visible_min``, ``link_rate_mbps``, ``latency_ms`` over time, and
        ``carried_mbps`` and ``asked_mbps`` in the busy hour.
    """
    import pandas as pd

    row, share = parts["cell_row"].to_numpy(), parts["household_share"].to_numpy(dtype=np.float64)
    homes = {"households": cells["households"], **{name: plan[name] for name in BY_HOUSEHOLD}}
    homes |= {name: pd.Series(sky[name]) for name in ("carried_mbps", "asked_mbps")}
    frame = parts[["province", "district", "people"]].assign(
        **{name: column.to_numpy(dtype=np.float64)[row] * share for name, column in homes.items()},
        **{name: plan[name].to_numpy(dtype=np.float64)[row] for name in ("tariff_usd_month", TARIFF_SHARE)},
        **{name: sky[name][row] for name in ("visible_mean", "visible_min", "link_rate_mbps", "latency_ms")},
    )
    groups = frame.groupby(["province", "district"], sort=True)
    return pd.DataFrame([_district(*cast("tuple[str, str]", key), part) for key, part in groups])


def _district(province: str, district: str, part: pd.DataFrame) -> dict[str, object]:
    column = {name: part[name].to_numpy(dtype=np.float64) for name in part.columns[2:]}
    people, connected = column["people"], column["households_served"]
    on, served, npc = connected > 0, float(connected.sum()), float(column["npc_usd"].sum())
    asked, tariff = float(column["asked_mbps"].sum()), column["tariff_usd_month"]
    return {
        "district": district,
        "province": province,
        "people": int(part["people"].sum()),
        "households": float(column["households"].sum()),
        "unserved_today": float(column["households_unserved_today"].sum()),
        "served_by_plan": served,
        "visible_mean": weighted_mean(column["visible_mean"], people),
        "visible_min": weighted_quantile(column["visible_min"], people, 0.05),
        "link_rate_mbps": weighted_quantile(column["link_rate_mbps"], people, 0.5),
        "latency_ms": weighted_quantile(column["latency_ms"], people, 0.5),
        "carried_share": float(column["carried_mbps"].sum()) / asked if asked > 0 else np.nan,
        "npc_usd": npc,
        "npc_per_household_usd": npc / served if served > 0 else np.nan,
        "tariff_usd_month": weighted_mean(tariff[on], connected[on]) if on.any() else np.nan,
        TARIFF_SHARE: weighted_quantile(column[TARIFF_SHARE][on], connected[on], 0.5),
    }


def weighted_mean(values: Array, weight: Array) -> float:
    """Mean by weight; plain where all weights are zero."""
    return float(np.average(values, weights=weight if weight.sum() > 0 else None))


def weighted_quantile(values: Array, weight: Array, share: float) -> float:
    """Smallest value with at least the share of the weight at or below it; NaN values are left out.

    Examples
    --------
    >>> weighted_quantile(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 8.0]), 0.5)
    2.0
    """
    seen = np.isfinite(values)
    if not seen.any():
        return float("nan")
    order = np.argsort(values[seen], kind="stable")
    mass = weight[seen][order]
    total = np.cumsum(mass if mass.sum() > 0 else np.ones(mass.size))
    index = int(np.searchsorted(total, share * total[-1], side="left"))
    return float(values[seen][order][index])
