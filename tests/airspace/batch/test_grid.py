"""Agents on grids: optimal sums of small cases, hard swaps, movingai's benchmark, wrong input."""

from __future__ import annotations

import itertools
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.airspace.batch import checks, grid
from rabta.errors import RabtaError

ROOT = Path(__file__).resolve().parents[3]
SHARED = Path(os.environ.get("RABTA_SHARED", ROOT.parent / "shared"))
BENCHMARK = SHARED / "validation" / "mapf" / "mapf_random-32-32-10.zip"
# lacam3 (MIT, C++), 10 s, random-32-32-10-random-1: agents, its lower bound, its sum of costs
LACAM3 = {100: (2_324, 2_359), 200: (4_388, 4_879), 300: (6_371, 7_999), 400: (8_500, 13_989)}


def solved(where, starts, goals, **given_):
    found = grid.solve(where, np.array(starts, np.int32), np.array(goals, np.int32), **given_)
    cells = where.cells
    ways = [cells[way] for way in found.paths]
    assert checks.conflicts(where.free, cells[starts], cells[goals], ways) == []
    assert found.cost == checks.cost(cells[goals], ways)
    assert found.bound <= found.cost <= found.first
    return found


def optimum(where, starts, goals):
    """Least makespan-free sum of costs by search over all joint configurations (two agents)."""
    import heapq

    # an agent's cost counts until it stays; staying is decided once, and for good
    begin = (tuple(starts), (False, False))
    best, queue = {begin: 0}, [(0, begin)]
    while queue:
        cost, (places, done) = heapq.heappop(queue)
        if all(done):
            return cost
        if best[places, done] < cost:
            continue
        for ends in itertools.product((False, True), repeat=2):
            now = tuple(
                a or (b and places[i] == goals[i]) for i, (a, b) in enumerate(zip(done, ends, strict=True))
            )
            steps = [
                (places[i],) if now[i] else [v for v in where.near[places[i]] if v >= 0] for i in range(2)
            ]
            for a, b in itertools.product(*steps):
                if a == b or (a == places[1] and b == places[0]):
                    continue
                state = ((int(a), int(b)), now)
                new = cost + (2 - sum(now))
                if new < best.get(state, 1 << 30):
                    best[state] = new
                    heapq.heappush(queue, (new, state))
    return None


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_two_agents_are_planned_at_the_optimum(seed):
    rng = np.random.default_rng(seed)
    where = grid.of(rng.random((5, 5)) > 0.25)
    cells = len(where.near)
    starts, goals = rng.choice(cells, 2, replace=False), rng.choice(cells, 2, replace=False)
    best = optimum(where, [int(one) for one in starts], [int(one) for one in goals])
    try:
        found = solved(where, starts, goals, rounds=200)
    except RabtaError:
        assert best is None
        return
    assert best is not None
    # refinement plans both anew, one after the other: near the optimum, never below it
    assert best <= found.cost <= best + 4


def test_a_swap_needs_the_niche():
    """Two in a corridor change ends: one must step into the only niche (row 1)."""
    where = grid.grid("type octile\nheight 2\nwidth 5\nmap\n.....\n@@.@@\n")
    starts, goals = where.number[0, [0, 4]], where.number[0, [4, 0]]
    assert solved(where, starts, goals, rounds=50).cost >= 10


def test_what_cannot_be_is_said():
    where = grid.grid("type octile\nheight 1\nwidth 5\nmap\n.....\n")
    with pytest.raises(RabtaError, match="cannot all reach"):
        grid.solve(where, np.array([0, 4], np.int32), np.array([4, 0], np.int32), rounds=1)
    split = grid.grid("type octile\nheight 1\nwidth 5\nmap\n..@..\n")
    with pytest.raises(RabtaError, match="cannot be reached"):
        grid.solve(split, np.array([0], np.int32), np.array([3], np.int32), rounds=1)
    with pytest.raises(RabtaError, match="two agents in one cell"):
        grid.solve(where, np.array([0, 0], np.int32), np.array([1, 2], np.int32), rounds=1)
    with pytest.raises(RabtaError, match="outside"):
        grid.solve(where, np.array([-1], np.int32), np.array([1], np.int32), rounds=1)
    for text in ("", "type octile\nheight 2\nwidth 2\nmap\n..\n", "a\nb\nc\nd\n"):
        with pytest.raises(RabtaError):
            grid.grid(text)
    with pytest.raises(RabtaError, match="fewer agents"):
        grid.scenario("version 1\n", where, 3)


def test_rounds_do_not_depend_on_the_machine():
    rng = np.random.default_rng(3)
    where = grid.of(rng.random((16, 16)) > 0.1)
    starts, goals = (rng.choice(len(where.near), 60, replace=False) for _ in range(2))
    a, b = (solved(where, starts, goals, rounds=400) for _ in range(2))
    np.testing.assert_array_equal(a.paths, b.paths)
    assert a.cost < a.first


def test_the_verifier_sees_what_is_wrong():
    free = np.ones((3, 3), bool)
    free[1, 1] = False
    two = np.array([[0, 0], [0, 2]]), np.array([[0, 2], [0, 0]])
    line = [(0, 0), (0, 1), (0, 2)]
    found = checks.conflicts(free, *two, [line, line[::-1]])
    assert found == ["agents 0 and 1 are both in (0, 1) at 1"]
    near = np.array([[0, 0], [0, 1]]), np.array([[0, 1], [0, 0]])
    assert checks.conflicts(free, *near, [line[:2], line[1::-1]]) == ["agents 0 and 1 change places at 1"]
    one = np.array([[0, 1]]), np.array([[2, 1]])
    told = checks.conflicts(free, *one, [[(0, 1), (1, 1), (2, 1)]])
    assert told == ["agent 0 is in a wall at 1"]
    assert checks.conflicts(free, *one, [[(0, 1), (2, 1)]]) == ["agent 0 leaps at 0"]
    assert "start to its goal" in checks.conflicts(free, *one, [[(0, 1), (0, 1)]])[0]
    assert checks.cost([[0, 1]], [[(0, 0), (0, 1), (0, 0), (0, 1), (0, 1)]]) == 3


@pytest.mark.parametrize("agents", LACAM3)
def test_the_benchmark(agents):
    """The bound is lacam3's own, exactly; the cost after 3,000 neighbourhoods within 15 % of its 10 s."""
    if not BENCHMARK.is_file():
        pytest.skip(f"needs {BENCHMARK.name} of movingai.com's benchmarks in {BENCHMARK.parent}")
    with zipfile.ZipFile(BENCHMARK) as held:
        names = {Path(name).name: name for name in held.namelist()}
        where = grid.grid(held.read(names["random-32-32-10.map"]).decode())
        text = held.read(names["random-32-32-10-random-1.scen"]).decode()
    starts, goals = grid.scenario(text, where, agents)
    found = solved(where, starts, goals, rounds=3_000, seconds=60.0)
    bound, theirs = LACAM3[agents]
    assert found.bound == bound
    assert found.cost <= 1.15 * theirs
