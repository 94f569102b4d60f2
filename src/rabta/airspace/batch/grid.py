"""Many agents on one grid, none in another's way: maps and scenarios of movingai.com's form, and plans.

R. Stern et al., "Multi-agent pathfinding: definitions, variants, and benchmarks", SoCS 2019: an agent waits
or steps to one of four neighbours in each step; no two may be in one cell, nor change places. The cost of an
agent is the first instant after which it stays at its goal.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.batch import _kernels as k
from rabta.errors import RabtaError

Ints = NDArray[np.int32]
MOST_NODES, MOST_LOWS = 40_000, 4_000_000
ROUNDS = 200
Told = Callable[[float, int], None]


@dataclass(frozen=True)
class Grid:
    """Free cells and their neighbours.

    Attributes
    ----------
    free : ndarray of bool, shape (rows, columns)
    number : ndarray of int, shape (rows, columns)
        Number of each free cell, -1 elsewhere.
    near : ndarray of int32, shape (cells, 5)
        Neighbours of each cell, -1 where there is none, and the cell itself.
    """

    free: NDArray[np.bool_]
    number: Ints
    near: Ints

    @property
    def cells(self) -> NDArray[np.int64]:
        """Row and column of each cell."""
        return np.argwhere(self.free)


@dataclass(frozen=True)
class Solution:
    """Paths without conflicts.

    Attributes
    ----------
    paths : ndarray of int32, shape (agents, steps)
        Cell of each agent at each instant.
    cost : int
        Sum of costs.
    bound : int
        Sum of the shortest paths alone: no plan costs less.
    first : int
        Sum of costs of the first plan.
    first_s : float
        Seconds to the first plan.
    """

    paths: Ints
    cost: int
    bound: int
    first: int
    first_s: float


def grid(text: str) -> Grid:
    r"""Grid of a map's text.

    Examples
    --------
    >>> grid("type octile\nheight 2\nwidth 3\nmap\n..@\n...\n").near.shape
    (5, 5)
    """
    lines = text.split("\n")
    try:
        height, width = int(lines[1].split()[1]), int(lines[2].split()[1])
        rows = [line.rstrip("\r") for line in lines[4 : 4 + height]]
    except (IndexError, ValueError):
        raise RabtaError(
            "not a map", key="map", expected="lines type, height, width, map, then rows"
        ) from None
    if len(rows) != height or any(len(row) != width for row in rows):
        raise RabtaError("a map whose rows are not of its size", key="map", value=f"{width} x {height}")
    return of(np.array([[mark in ".GS" for mark in row] for row in rows], bool).reshape(height, width))


def of(free: NDArray[np.bool_]) -> Grid:
    """Grid of an array of free cells."""
    number = np.full(free.shape, -1, np.int32)
    number[free] = np.arange(free.sum())
    padded = np.pad(number, 1, constant_values=-1)
    sides = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:], number]
    near = np.stack([side[free] for side in sides], axis=1)
    return Grid(free, number, np.ascontiguousarray(near, np.int32))


def scenario(text: str, where: Grid, agents: int) -> tuple[Ints, Ints]:
    """Starts and goals of a scenario's first agents, as numbers of cells."""
    rows = [line.split("\t") for line in text.splitlines()[1:] if line.strip()]
    if len(rows) < agents:
        raise RabtaError(
            "a scenario with fewer agents", key="agents", value=agents, expected=f"at most {len(rows)}"
        )
    try:
        places = np.array([[int(part) for part in row[4:8]] for row in rows[:agents]], np.int64).reshape(
            -1, 4
        )
        return where.number[places[:, 1], places[:, 0]], where.number[places[:, 3], places[:, 2]]
    except (IndexError, ValueError):
        raise RabtaError(
            "not a scenario of this map", key="scenario", expected="columns of movingai.com"
        ) from None


def solve(
    where: Grid, starts: Ints, goals: Ints, *, seconds: float = 10.0, rounds: int | None = None,
    seed: int = 1, told: Told = lambda _s, _cost: None,
) -> Solution:  # fmt: skip
    """Plan all agents, then refine the plan until time or rounds are spent.

    Parameters
    ----------
    seconds : float
        Time for all; refinement ends then.
    rounds : int, optional
        Neighbourhoods to plan anew in place of the time, for results that do not depend on the machine.

    Raises
    ------
    RabtaError
        Where starts, goals or ways between them are wrong, or no plan was found in the time.
    """
    begun = time.perf_counter()
    _check(where, starts, goals)
    far = np.empty((len(goals), len(where.near)), np.int32)
    k.distances(where.near, goals, far)
    lone = far[np.arange(len(starts)), starts]
    if lone.max(initial=0) >= k.FAR:
        raise RabtaError("a goal that cannot be reached", key="agent", value=int(np.argmax(lone)))
    state = np.array([seed * 0x9E3779B97F4A7C15 % 2**64 | 1], np.uint64)
    paths = _first(where, starts, goals, far, state, begun + seconds)
    took, first = time.perf_counter() - begun, int(_costs(paths, goals).sum())
    told(took, first)
    until = None if rounds is not None else begun + seconds
    cost = _refined(where, starts, goals, far, paths, state, until, rounds or 0, told, begun)
    return Solution(paths, cost, int(lone.sum()), first, took)


def _check(where: Grid, starts: Ints, goals: Ints) -> None:
    for key, cells in (("starts", starts), ("goals", goals)):
        if len(cells) and not (cells.min() >= 0 and cells.max() < len(where.near)):
            raise RabtaError("an agent outside of the free cells", key=key, value=int(np.argmin(cells)))
        if len(np.unique(cells)) < len(cells):
            raise RabtaError("two agents in one cell", key=key)
    if len(starts) != len(goals) or not len(starts):
        raise RabtaError("every agent needs a start and a goal", key="starts", value=len(starts),
                         expected=f"{len(goals)}")  # fmt: skip


def _first(where: Grid, starts: Ints, goals: Ints, far: Ints, seed: NDArray[np.uint64], until: float) -> Ints:
    agents = len(starts)
    most = min(MOST_NODES, max(2_000, 400_000_000 // (8 * agents)))
    configs, turns = np.empty((most, agents), np.int32), np.empty((most, agents), np.float32)
    parent, stack = np.full(most, -1, np.int32), np.empty(8 * most, np.int32)
    table, queue = (
        np.full(1 << int(np.ceil(np.log2(4 * most))), -1, np.int32),
        np.full((most, 2), -1, np.int32),
    )
    lows = np.full((MOST_LOWS, 5), -1, np.int32)
    configs[0], lone = starts, far[np.arange(agents), starts]
    turns[0] = lone / (lone.max() + 1.0)
    lows[0, 4], queue[0], stack[0] = 0, 0, 0
    state = np.array([1, 1, 1], np.int32)
    if np.array_equal(starts, goals):
        return starts[:, None].copy()
    while True:
        said = k.search(
            goals, where.near, far, configs, turns, parent, stack, table, queue, lows, state, seed, ROUNDS
        )
        if said == k.DONE:
            break
        if said == k.IMPOSSIBLE:
            raise RabtaError("these agents cannot all reach their goals", key="goals")
        if said == k.FULL or time.perf_counter() > until:
            raise RabtaError("no plan found", key="seconds", expected="more time, or fewer agents")
    node, chain = int(state[k.NODES]) - 1, []
    while node >= 0:
        chain.append(configs[node])
        node = int(parent[node])
    return np.ascontiguousarray(np.array(chain[::-1]).T)


def _costs(paths: Ints, goals: Ints) -> NDArray[np.int64]:
    """First instant after which each stays at its goal."""
    away = paths != goals[:, None]
    return np.where(away.any(axis=1), paths.shape[1] - np.argmax(away[:, ::-1], axis=1), 0)


def _refined(
    where: Grid, starts: Ints, goals: Ints, far: Ints, paths: Ints, seed: NDArray[np.uint64],
    until: float | None, rounds: int, told: Told, begun: float,
) -> int:  # fmt: skip
    span, cells = paths.shape[1], len(where.near)
    taken = np.full((span, cells), -1, np.int32)
    for i, way in enumerate(paths):
        taken[np.arange(span), way] = i
    cost, room = _costs(paths, goals).astype(np.int32), span * cells
    work = (np.full(room, -1, np.int32), np.empty(room, np.int32), np.empty(room, np.int32))
    heads, weights, mark = np.empty(span + 2, np.int32), np.ones(3), 0
    while (rounds > 0) if until is None else (time.perf_counter() < until):
        some = ROUNDS if until is not None else min(ROUNDS, rounds)
        k.refine(starts, goals, where.near, far, paths, taken, cost, *work, heads, weights, seed, mark, some)
        mark += some * 20
        rounds -= some
        told(time.perf_counter() - begun, int(cost.sum()))
    return int(cost.sum())
