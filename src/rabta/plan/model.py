"""The linear model in matrix form, and HiGHS.

Shares s of (cell, technology), u left without service, z of cable segments, n of stations:

    min  sum cost s + shortfall u + route z + station n
    s.t. sum_k s + u = 1                          every cell
         sum load s <= limit                      every resource and zone, and every pool of zones
         sum load s <= station_mbps n, s <= n     every zone with stations
         sum capex <= budget
         s_routed <= z,  z <= z of the parent     the cable must reach the cell

The relaxation spreads the fixed cost over the cell's households; with ``exact`` it is paid in full
(binary y >= s).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.plan.problem import RESOURCES, ROUTED, STATIONED, TINY, Array, Index, Problem

NO_LIMIT_S = 1e9
MOST_STATIONS = 1e4  # in a zone
MOST_NODES = 200
DOLLARS = 1e3  # the model is in thousands, which keeps its numbers near one


@dataclass(frozen=True)
class Columns:
    """Ways to serve a cell that the model keeps, one row each."""

    cell: Index
    technology: Index
    cost: Array
    fixed_cost: Array
    capex: Array
    fixed_capex: Array
    mbps: Array


@dataclass(frozen=True)
class Given:
    """What is decided before the model is solved.

    Attributes
    ----------
    cells : ndarray of int
        Cells that the model decides.
    used_mbps : dict of str to ndarray, shape (zone,)
        Load that decided cells put on the resources and on stations.
    spent_usd : float
        Investment of decided cells and segments.
    built, closed : ndarray of bool, shape (cell,)
        Segments that exist already, and segments that may not be built.
    exact : bool
        Pay fixed costs in full, with binary variables.
    slack_usd : float
        The exact search may end this far above its own bound.
    """

    cells: Index
    used_mbps: dict[str, Array]
    spent_usd: float
    built: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    exact: bool = False
    slack_usd: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """Values of a solved model; ``rows`` maps the names of row groups to their duals in dollars."""

    share: Array
    left: Array
    segment: Array
    stations: Array
    objective_usd: float
    bound_usd: float
    duals: dict[str, Array]
    status: str


def columns(problem: Problem) -> Columns:
    """Ways worth keeping: those that no way without shared resources beats in cost and investment.

    The full cost of serving a whole cell includes the price of falling short of the floor.
    """
    people = problem.households[:, None]
    penalty = (1.0 - problem.quality) * problem.shortfall_usd
    cost = problem.fixed_npc + people * (problem.unit_npc + penalty)
    capex = problem.fixed_capex + people * problem.unit_capex
    usable = (problem.quality > 0.0) & (people > 0.0)
    keep = usable & (cost < people * problem.shortfall_usd)
    private = np.array([t not in RESOURCES and t not in (ROUTED, STATIONED) for t in problem.technologies])
    own = np.where(keep & private, cost, np.inf)
    best = np.argmin(own, axis=1) if own.size else np.empty(0, dtype=np.int64)
    lines = np.arange(people.size)
    worse = cost >= own[lines, best][:, None]
    if problem.budget_usd is not None:
        worse &= capex >= np.where(np.isfinite(own[lines, best]), capex[lines, best], np.inf)[:, None]
    worse[lines, best] = False
    cell, technology = np.nonzero(keep & ~worse)
    pick = (cell, technology)
    mbps = (problem.households * problem.load_mbps)[cell]
    return Columns(
        cell, technology, cost[pick], problem.fixed_npc[pick], capex[pick], problem.fixed_capex[pick], mbps
    )


class _Sheet:
    """Collects columns and rows of a sparse model."""

    def __init__(self) -> None:
        self.cost: list[Array] = []
        self.upper: list[Array] = []
        self.integer: list[NDArray[np.bool_]] = []
        self.width = 0
        self.low: list[Array] = []
        self.high: list[Array] = []
        self.height = 0
        self.names: dict[str, slice] = {}
        self.entries: list[tuple[Index, Index, Array]] = []

    def add_columns(self, cost: Array, upper: float, *, integer: bool = False) -> Index:
        """Variables from 0 to ``upper``; returns their columns."""
        made = np.arange(self.width, self.width + cost.size)
        self.width += cost.size
        self.cost.append(cost / DOLLARS)
        self.upper.append(np.full(cost.size, upper))
        self.integer.append(np.full(cost.size, integer))
        return made

    def add_rows(
        self, name: str, low: Array | float, high: Array, entries: list[tuple[Index, Index, Array]]
    ) -> None:
        """Rows low <= a x <= high; entries are (row within the group, column, coefficient)."""
        self.names[name] = slice(self.height, self.height + high.size)
        self.entries += [(row + self.height, column, value) for row, column, value in entries]
        self.height += high.size
        self.low.append(np.broadcast_to(np.asarray(low, dtype=np.float64), high.shape))
        self.high.append(high)

    def model(self) -> highspy.HighsLp:
        """The model for HiGHS."""
        rows, cols, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        matrix = sparse.csc_matrix((values, (rows, cols)), shape=(self.height, self.width))
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.width, self.height
        lp.col_cost_, lp.col_upper_ = np.concatenate(self.cost), np.concatenate(self.upper)
        lp.col_lower_ = np.zeros(self.width)
        lp.row_lower_, lp.row_upper_ = np.concatenate(self.low), np.concatenate(self.high)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        integer = np.concatenate(self.integer)
        if integer.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[flag] for flag in integer.astype(int)]
        return lp


@dataclass(frozen=True)
class _Built:
    """A model in sparse form, and which of its columns are what."""

    sheet: _Sheet
    ways: int
    left: Index
    segment: Index
    stations: Index


def solve(problem: Problem, ways: Columns, given: Given, time_limit_s: float) -> Outcome:
    """Solve the relaxation, or with ``given.exact`` the mixed-integer model, over the given cells."""
    built = _build(problem, ways, given)
    return _read(_run(built.sheet.model(), time_limit_s, given.slack_usd), built)


def relax(
    problem: Problem, ways: Columns, given: Given, slack: float, until: float
) -> tuple[Outcome, Outcome]:
    """Solve the relaxation, then the same with whole stations.

    Half a station is where the plain relaxation is weakest. Stations are few, so they are decided by
    branch and bound over the same model, each node starting from the last basis. The search may end
    ``slack`` (a share of the cost) above its own bound, and ends at the instant ``until``.

    Returns
    -------
    linear, relaxed : Outcome
        Without and with whole stations; the second's ``bound_usd`` is the better bound of every plan.
    """
    built = _build(problem, ways, given)
    solver = _run(built.sheet.model(), NO_LIMIT_S, 0.0)
    linear = _read(solver, built)
    return linear, _branch(solver, built, linear, slack * linear.objective_usd, until)


def _branch(solver: Any, built: _Built, linear: Outcome, slack_usd: float, until: float) -> Outcome:
    best: Outcome | None = None
    closed, nodes = np.inf, 0
    low = np.zeros(built.stations.size)
    waiting = [(linear.objective_usd, low, np.full(low.size, MOST_STATIONS))]
    while waiting:
        bound, low, high = waiting.pop()
        late = nodes >= MOST_NODES or perf_counter() > until
        if late or (best is not None and bound >= best.objective_usd - slack_usd):
            closed = min(closed, bound)
            continue
        found, nodes = _node(solver, built, low, high), nodes + 1
        part = np.abs(found.stations - np.round(found.stations))
        if best is not None and found.objective_usd >= best.objective_usd - slack_usd:
            closed = min(closed, found.objective_usd)
        elif part.max(initial=0.0) <= TINY:
            best = found
        else:
            waiting += _children(found, low, high, int(np.argmax(part)))
    if best is None:
        return linear
    return replace(best, bound_usd=max(min(closed, best.objective_usd), linear.bound_usd))


def _node(solver: Any, built: _Built, low: Array, high: Array) -> Outcome:
    for column, least, most in zip(built.stations, low, high, strict=True):
        solver.changeColBounds(int(column), float(least), float(most))
    solver.run()
    return _read(solver, built)


def _children(found: Outcome, low: Array, high: Array, at: int) -> list[tuple[float, Array, Array]]:
    """Both sides of a part station; the nearer one comes last, since the last is taken first."""
    fewer, more = high.copy(), low.copy()
    fewer[at], more[at] = np.floor(found.stations[at]), np.ceil(found.stations[at])
    sides = [(found.objective_usd, low, fewer), (found.objective_usd, more, high)]
    return sides if found.stations[at] % 1.0 >= 0.5 else sides[::-1]


def _build(problem: Problem, ways: Columns, given: Given) -> _Built:
    sheet = _Sheet()
    place = np.full(problem.households.size, -1, dtype=np.int64)
    place[given.cells] = np.arange(given.cells.size)
    mine = np.flatnonzero(place[ways.cell] >= 0)
    row = place[ways.cell[mine]]
    fixed = ways.fixed_cost[mine] if given.exact else np.zeros(mine.size)
    s = sheet.add_columns(ways.cost[mine] - fixed, 1.0)
    u = sheet.add_columns(problem.households[given.cells] * problem.shortfall_usd, 1.0)
    both = [(row, s, np.ones(s.size)), (np.arange(u.size), u, np.ones(u.size))]
    sheet.add_rows("cells", 1.0, np.ones(u.size), both)
    spending = [(s, ways.capex[mine] - (ways.fixed_capex[mine] if given.exact else 0.0))]
    if given.exact:
        y = sheet.add_columns(fixed, 1.0, integer=True)
        line = np.arange(s.size)
        sheet.add_rows(
            "fixed", -np.inf, np.zeros(s.size), [(line, s, np.ones(s.size)), (line, y, -np.ones(s.size))]
        )
        spending.append((y, ways.fixed_capex[mine]))
    _resource_rows(sheet, problem, ways, mine, s, given)
    n = _station_rows(sheet, problem, ways, mine, s, given)
    z = _route_rows(sheet, problem, ways, mine, s, given)
    spending += [(n, np.full(n.size, problem.station_capex)), (z[z >= 0], problem.route_capex[z >= 0])]
    _budget_row(sheet, problem, spending, given)
    return _Built(sheet, mine.size, u, z, n)


def _resource_rows(
    sheet: _Sheet, problem: Problem, ways: Columns, mine: Index, s: Index, given: Given
) -> None:
    for resource, limit in problem.limits.items():
        uses = np.array([RESOURCES.get(name) == resource for name in problem.technologies])
        hit = uses[ways.technology[mine]]
        zone = problem.zone[ways.cell[mine[hit]]]
        left = np.maximum(limit - given.used_mbps[resource], 0.0)
        sheet.add_rows(resource, -np.inf, left, [(zone, s[hit], ways.mbps[mine[hit]])])
        for name, pool in problem.pools.items():
            if pool.resource == resource:
                left = np.maximum(pool.limit - pool.used(given.used_mbps), 0.0)
                sheet.add_rows(name, -np.inf, left, [(pool.row[zone], s[hit], ways.mbps[mine[hit]])])


def _station_rows(
    sheet: _Sheet, problem: Problem, ways: Columns, mine: Index, s: Index, given: Given
) -> Index:
    hit = ways.technology[mine] == problem.column_of(STATIONED)
    if not hit.any() and not given.used_mbps[STATIONED].any():
        return np.empty(0, dtype=np.int64)
    zone = problem.zone[ways.cell[mine[hit]]]
    n = sheet.add_columns(np.full(problem.zones, problem.station_npc), MOST_STATIONS, integer=given.exact)
    carried = -np.full(problem.zones, problem.station_mbps)
    entries = [(zone, s[hit], ways.mbps[mine[hit]]), (np.arange(problem.zones), n, carried)]
    sheet.add_rows(STATIONED, -np.inf, -given.used_mbps[STATIONED], entries)
    _at_most(sheet, "station", s[hit], n[zone], np.zeros(zone.size, dtype=bool))
    return n


def _route_rows(sheet: _Sheet, problem: Problem, ways: Columns, mine: Index, s: Index, given: Given) -> Index:
    """Variables and rows of the segments that are still open; returns their columns by cell, or -1."""
    z = np.full(problem.households.size, -1, dtype=np.int64)
    hit = ways.technology[mine] == problem.column_of(ROUTED)
    open_ = needed(problem.route_parent, ways.cell[mine[hit]]) & ~given.built & ~given.closed
    cells = np.flatnonzero(open_)
    z[cells] = sheet.add_columns(problem.route_npc[cells], 1.0, integer=given.exact)
    child = cells[problem.route_parent[cells] >= 0]
    parent = problem.route_parent[child]
    _at_most(sheet, "order", z[child], z[parent], given.built[parent])
    cell = ways.cell[mine[hit]]
    _at_most(sheet, "reach", s[hit], z[cell], given.built[cell])
    return z


def _at_most(sheet: _Sheet, name: str, small: Index, large: Index, free: NDArray[np.bool_]) -> None:
    """Rows small <= large; a missing large is 0, and nothing holds where the segment exists already."""
    small, large = small[~free], large[~free]
    line = np.arange(small.size)
    there = large >= 0
    entries = [(line, small, np.ones(small.size)), (line[there], large[there], -np.ones(int(there.sum())))]
    sheet.add_rows(name, -np.inf, np.zeros(small.size), entries)


def needed(parent: Index, cells: Index) -> NDArray[np.bool_]:
    """Mark the cells and everything between them and today's fibre."""
    marked = np.zeros(parent.size, dtype=bool)
    front = np.unique(cells)
    while front.size:
        marked[front] = True
        above = parent[front]
        front = np.unique(above[(above >= 0)])
        front = front[~marked[front]]
    return marked


def _budget_row(sheet: _Sheet, problem: Problem, spending: list[tuple[Index, Array]], given: Given) -> None:
    if problem.budget_usd is None:
        return
    left = max(problem.budget_usd - given.spent_usd, 0.0)
    entries = [(np.zeros(col.size, dtype=np.int64), col, cost / DOLLARS) for col, cost in spending]
    sheet.add_rows("budget", -np.inf, np.array([left / DOLLARS]), entries)


def _run(model: highspy.HighsLp, time_limit_s: float, slack_usd: float) -> Any:
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    solver.setOptionValue("mip_rel_gap", 1e-6)
    solver.setOptionValue("mip_abs_gap", max(slack_usd / DOLLARS, 1e-6))
    solver.setOptionValue("time_limit", float(time_limit_s))
    solver.passModel(model)
    solver.run()
    return solver


def _read(solver: Any, built: _Built) -> Outcome:
    status = solver.modelStatusToString(solver.getModelStatus())
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise RabtaError(
            f"the solver found no plan: {status}",
            key="plan.time_limit_s",
            expected="a longer time limit",
            exit_code=EXIT_SYSTEM,
        )
    solution, sheet, z = solver.getSolution(), built.sheet, built.segment
    value = np.asarray(solution.col_value)
    dual = np.asarray(solution.row_dual) if solution.dual_valid else np.zeros(sheet.height)
    segment = np.where(z >= 0, value[np.maximum(z, 0)], 0.0)
    duals = {name: dual[rows] * DOLLARS for name, rows in sheet.names.items()}
    exact = any(flags.any() for flags in sheet.integer)
    bound = info.mip_dual_bound if exact else info.objective_function_value
    return Outcome(
        value[: built.ways],
        value[built.left],
        segment,
        value[built.stations],
        info.objective_function_value * DOLLARS,
        bound * DOLLARS,
        duals,
        status,
    )
