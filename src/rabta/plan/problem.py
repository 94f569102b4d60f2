"""The planning problem and the price of an answer, apart from how it is solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]
TINY = 1e-6

RESOURCES = {"leo_terminal": "satellite", "satellite_cell": "satellite", "geo_terminal": "geo"}
ROUTED = "fibre_fwa"
STATIONED = "haps"


@dataclass(frozen=True)
class Pool:
    """Limits on what zones take together of a resource, besides each zone's own.

    Attributes
    ----------
    resource : str
        Key of `Problem.limits`.
    names : tuple of str
        The groups of zones.
    row : ndarray of int, shape (zone,)
        Group of each zone.
    limit : ndarray, shape (group,)
        Mbit/s.
    """

    resource: str
    names: tuple[str, ...]
    row: Index
    limit: Array

    def used(self, by_zone: Mapping[str, Array]) -> Array:
        """Load of each group, from the load of the zones on every resource."""
        total = np.bincount(self.row, weights=by_zone[self.resource], minlength=self.limit.size)
        return total.astype(np.float64)


@dataclass(frozen=True)
class Problem:
    """Cells to serve, ways to serve them, and what they share.

    Attributes
    ----------
    households, load_mbps : ndarray, shape (cell,)
        Households to connect and the busy-hour load that each of them puts on shared capacity.
    fixed_npc, unit_npc, fixed_capex, unit_capex, quality : ndarray, shape (cell, technology)
        Costs of being in the cell and of each household; quality in [0, 1], 0 where there is no service.
    zone : ndarray of int, shape (cell,)
        Row of the zone of each cell.
    limits : dict of str to ndarray, shape (zone,)
        Capacity in Mbit/s of the resources ``satellite`` and ``geo`` in each zone alone.
    route_parent, route_npc, route_capex : ndarray, shape (cell,)
        Forest of cable segments (`candidates.plan_routes`) that the routed technology needs.
    station_npc, station_capex, station_mbps : float
        One stratospheric station, which serves one zone.
    shortfall_usd : float
        Price of leaving one household without service; a household served at quality q pays 1 - q of it.
    pools : dict of str to Pool
        What zones share, by the name of the constraint.
    """

    technologies: tuple[str, ...]
    households: Array
    load_mbps: Array
    fixed_npc: Array
    unit_npc: Array
    fixed_capex: Array
    unit_capex: Array
    quality: Array
    zone: Index
    limits: Mapping[str, Array]
    route_parent: Index
    route_npc: Array
    route_capex: Array
    station_npc: float
    station_capex: float
    station_mbps: float
    shortfall_usd: float
    budget_usd: float | None = None
    pools: Mapping[str, Pool] = field(default_factory=dict)

    @property
    def zones(self) -> int:
        """Number of zones."""
        return (
            int(next(iter(self.limits.values())).size) if self.limits else int(self.zone.max(initial=-1)) + 1
        )

    def column_of(self, technology: str) -> int:
        """Column of a technology, or -1."""
        return self.technologies.index(technology) if technology in self.technologies else -1


@dataclass(frozen=True)
class Solution:
    """An answer to a `Problem`.

    Attributes
    ----------
    share : ndarray, shape (cell, technology)
        Share of the cell's households on each technology; what is missing to 1 is not served.
    built : ndarray of bool, shape (cell,)
        Cable segments that are built.
    stations : ndarray of int, shape (zone,)
        Stratospheric stations.
    bound_usd : float
        No answer costs less than this (value of the linear relaxation).
    prices : dict of str to ndarray
        Dual prices in dollars per unit: resources per Mbit/s and zone, pools per Mbit/s and group,
        ``budget`` per dollar.
    status : str
        What the solver said.
    """

    share: Array
    built: NDArray[np.bool_]
    stations: Index
    bound_usd: float
    prices: Mapping[str, Array] = field(default_factory=dict)
    status: str = ""


@dataclass(frozen=True)
class Price:
    """What an answer costs.

    Attributes
    ----------
    npc, capex : ndarray, shape (cell, technology)
        Shared cables and stations are divided among the households that use them.
    penalty_usd : float
        Shortfall price of households without service or below the floor.
    """

    npc: Array
    capex: Array
    penalty_usd: float

    @property
    def npc_usd(self) -> float:
        """Net present cost of everything that is built."""
        return float(self.npc.sum())

    @property
    def objective_usd(self) -> float:
        """What the optimisation minimises."""
        return self.npc_usd + self.penalty_usd


@dataclass(frozen=True)
class Forest:
    """Cable segments by distance from today's fibre, for work on whole levels at once.

    Attributes
    ----------
    levels : tuple of (ndarray of int, ndarray of int)
        Cells of a level and their parents, outermost first; cells fed from today's fibre are in none.
    """

    levels: tuple[tuple[Index, Index], ...]

    @classmethod
    def of(cls, parent: Index) -> Forest:
        """Levels of a forest that is given by each cell's parent, -1 for none."""
        levels = []
        front = np.flatnonzero(parent < 0)
        while front.size:
            mark = np.zeros(parent.size + 1, dtype=bool)  # the last entry takes the roots' parent, -1
            mark[front] = True
            mark[-1] = False
            front = np.flatnonzero(mark[parent])
            levels.append((front, parent[front]))
        return cls(tuple(levels[-2::-1]))

    def best(self, gain: Array, cost: Array) -> tuple[NDArray[np.bool_], float]:
        """Segments that bring the most, and what they bring.

        Parameters
        ----------
        gain : ndarray, shape (cell,)
            What a cable to the cell saves; used only where positive.
        cost : ndarray, shape (cell,)
            Price of the segment to the cell.

        A segment needs those between it and today's fibre, so a branch is worth its own gain less its
        price plus what its branches are worth: exact, in one pass inward and one outward.
        """
        worth = np.maximum(gain, 0.0) - cost
        for cell, parent in self.levels:
            np.add.at(worth, parent, np.maximum(worth[cell], 0.0))
        built = worth > 0.0
        inner = np.ones(built.size, dtype=bool)
        for cell, parent in reversed(self.levels):
            built[cell] &= built[parent]
            inner[cell] = False
        return built, float(np.maximum(worth[inner], 0.0).sum())

    def sum_inward(self, values: Array) -> Array:
        """Each cell's value plus those of all cells behind it."""
        out = values.copy()
        for cell, parent in self.levels:
            np.add.at(out, parent, out[cell])
        return out

    def sum_outward(self, values: Array) -> Array:
        """Each cell's value plus those of all cells between it and today's fibre."""
        out = values.copy()
        for cell, parent in reversed(self.levels):
            out[cell] += out[parent]
        return out


def price(problem: Problem, answer: Solution) -> Price:
    """Cost of an answer, from the cost tables alone."""
    used = answer.share > TINY
    people = answer.share * problem.households[:, None]
    npc = used * problem.fixed_npc + people * problem.unit_npc
    capex = used * problem.fixed_capex + people * problem.unit_capex
    routed, stationed = problem.column_of(ROUTED), problem.column_of(STATIONED)
    if routed >= 0:
        npc[:, routed] += spread_routes(problem, answer.built, people[:, routed], problem.route_npc)
        capex[:, routed] += spread_routes(problem, answer.built, people[:, routed], problem.route_capex)
    if stationed >= 0:
        shared = spread_stations(problem, answer.stations, people[:, stationed])
        npc[:, stationed] += shared * problem.station_npc
        capex[:, stationed] += shared * problem.station_capex
    missing = problem.households - (people * problem.quality).sum(axis=1)
    return Price(npc, capex, float(np.maximum(missing, 0.0).sum()) * problem.shortfall_usd)


def used_mbps(problem: Problem, share: Array) -> dict[str, Array]:
    """Load of an answer on each shared resource and on stations, shape (zone,)."""
    load = share * (problem.households * problem.load_mbps)[:, None]
    used = {}
    for name in (*problem.limits, STATIONED):
        mine = [t == name or RESOURCES.get(t) == name for t in problem.technologies]
        total = np.bincount(problem.zone, weights=load[:, mine].sum(axis=1), minlength=problem.zones)
        used[name] = total.astype(np.float64)
    return used


def spread_routes(problem: Problem, built: NDArray[np.bool_], people: Array, cost: Array) -> Array:
    """Divide each built segment among the routed households behind it, by head.

    Returns
    -------
    ndarray, shape (cell,)
        Sums to the cost of all built segments that lead to a household.
    """
    forest = Forest.of(problem.route_parent)
    behind = forest.sum_inward(np.where(built, people, 0.0))
    each = np.divide(np.where(built, cost, 0.0), behind, out=np.zeros_like(behind), where=behind > 0)
    return np.asarray(forest.sum_outward(each) * people)


def missing_route_npc(problem: Problem, built: NDArray[np.bool_]) -> Array:
    """Cost of the segments that are still to be built from each cell to the backbone, shape (cell,)."""
    return Forest.of(problem.route_parent).sum_outward(np.where(built, 0.0, problem.route_npc))


def spread_stations(problem: Problem, stations: Index, people: Array) -> Array:
    """Stations of each zone divided among its households on them, by head."""
    total = np.bincount(problem.zone, weights=people, minlength=problem.zones)
    return np.divide(
        people * stations[problem.zone], total[problem.zone], out=np.zeros_like(people), where=people > 0
    )
