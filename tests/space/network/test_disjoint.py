"""Ways that share no satellite: the shortest first, a trap for greedy search, and the least total length."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space.network.disjoint import disjoint_paths
from rabta.space.network.forwarding import forward
from rabta.space.network.geometry import Scene, Sites, correct, scene
from rabta.space.network.topology import Shell, shell_network

TIMES = np.array(["2000-01-01T00:00"], dtype="datetime64[ns]")
ENDS = Sites.of([("Karachi", 24.86, 67.01), ("London", 51.5, -0.1), ("North Pole", 90.0, 0.0)])


def test_ways_of_a_shell_share_no_satellite() -> None:
    net = shell_network(Shell("S1", 550.0, 53.0, 72, 22, phasing=39))
    view, state = scene(net, ENDS, TIMES, correct()), forward(net, ENDS, TIMES, correct(), tables=True)
    (alone,) = disjoint_paths(net, view, 0, 0, 1, 1)
    assert alone[1] == state.path(0, 0, 1)
    assert alone[0] == pytest.approx(state.metres[0, 1, 0], rel=1e-12)
    ways = disjoint_paths(net, view, 0, 0, 1, 4)
    rows = [row for _, way in ways for row in way]
    assert len(ways) == 4
    assert len(rows) == len(set(rows))
    assert [far for far, _ in ways] == sorted(far for far, _ in ways)
    linked = {tuple(pair) for pair in net.edges.tolist()}
    for _, way in ways:
        assert all((min(a, b), max(a, b)) in linked for a, b in pairwise(way))
    greedy = _greedy(net, view, 4)
    assert sum(far for far, _ in ways) <= sum(greedy) + 1e-6
    assert len(disjoint_paths(net, view, 0, 0, 1, 99)) <= min(view.count[0, :2])
    assert disjoint_paths(net, view, 0, 0, 2, 2) == []


def _greedy(net: object, view: Scene, count: int) -> list[float]:
    """Shortest way after shortest way, each without the satellites of those before."""
    out, length = [], view.length_m.copy()
    for _ in range(count):
        found = disjoint_paths(net, replace(view, length_m=length), 0, 0, 1, 1)  # type: ignore[arg-type]
        if not found:
            return [*out, np.inf]
        out.append(found[0][0])
        _close(net, view, length, found[0][1])
    return out


def _close(net: object, view: Scene, length: np.ndarray, way: list[int]) -> None:
    begin, target, _ = net.arcs  # type: ignore[attr-defined]
    for row in way:
        length[0, begin[row] : begin[row + 1]] = np.inf
        length[0, target == row] = np.inf
        for g in range(2):
            view.range_m[0, g][view.seen[0, g] == row] = 1e12


def test_the_shortest_way_may_block_the_others() -> None:
    """The site sees 0 and 1, the goal 2 and 3. The shortest way, 0 to 3, leaves 1 and 2 without a link."""
    base = shell_network(Shell("T", 550.0, 53.0, 1, 4, links="none"))
    net = replace(base, edges=np.array([[0, 3], [0, 2], [1, 3]]))
    view = Scene(
        np.full((1, 6), 5.0),
        np.full((1, 2), 2, dtype=np.int32),
        np.array([[[0, 1], [2, 3]]], dtype=np.int32),
        np.ones((1, 2, 2)),
    )
    view.length_m[0, net.arcs[2][0]] = 1.0
    assert disjoint_paths(net, view, 0, 0, 1, 1) == [(3.0, [0, 3])]
    ways = disjoint_paths(net, view, 0, 0, 1, 2)
    assert sorted(way for _, way in ways) == [[0, 2], [1, 3]]
    assert sum(far for far, _ in ways) == pytest.approx(14.0)


def test_nothing_to_look_for_is_refused() -> None:
    net = shell_network(Shell("S", 550.0, 53.0, 6, 8))
    view = scene(net, ENDS, TIMES, correct())
    with pytest.raises(RabtaError, match="no ways"):
        disjoint_paths(net, view, 0, 0, 0, 2)
    with pytest.raises(RabtaError, match="no ways"):
        disjoint_paths(net, view, 0, 0, 1, 0)
