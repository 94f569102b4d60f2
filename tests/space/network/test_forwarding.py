"""Geometry and forwarding kernels against their references, against scipy, and across steps and threads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from sgp4.api import SatrecArray

from rabta import jit
from rabta.errors import RabtaError
from rabta.geo import east_north_up, ecef_from_geodetic
from rabta.space.frames import earth_fixed_reference
from rabta.space.network import forwarding, geometry
from rabta.space.network.forwarding import State, Trees, forward, routes, routes_reference, states
from rabta.space.network.geometry import Rule, Sites, compat_hypatia, correct, scene, scene_reference
from rabta.space.network.topology import Network, Shell, join, shell_network
from rabta.space.propagate import satrecs

START = np.datetime64("2000-01-01T00:00", "ns")
FIELDS = ("metres", "entry", "table", "hops", "mark")
RULES = (correct(), compat_hypatia(1089.7e3, 5016e3), correct(laser_m=2000e3))


def steps(count: int, milliseconds: int = 100) -> np.ndarray:
    return START + np.arange(count) * np.timedelta64(milliseconds, "ms")


def shell(phasing: int = 7) -> Network:
    return shell_network(Shell("S", 550.0, 53.0, 24, 16, phasing=phasing))


def sites() -> Sites:
    rng = np.random.default_rng(4)
    lat, lon = rng.uniform(-60, 60, 12), rng.uniform(-180, 180, 12)
    return replace(
        Sites.of([(str(i), a, b) for i, (a, b) in enumerate(zip(lat, lon, strict=True))]),
        height_m=rng.uniform(0, 3000, 12),
        min_elevation_deg=rng.uniform(0, 30, 12),
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.name} {r.laser_m:g}")
def test_scene_kernel_equals_its_reference(rule: Rule) -> None:
    net, place = shell(), sites()
    made, known = (
        scene(net, place, steps(4, 60_000), rule),
        scene_reference(net, place, steps(4, 60_000), rule),
    )
    np.testing.assert_array_equal(made.count, known.count)
    assert made.count.sum() > 50
    np.testing.assert_allclose(made.length_m, known.length_m, rtol=1e-14)
    assert np.isfinite(made.length_m).any()
    assert np.isfinite(made.length_m).all() == (rule.laser_m > 5e6)
    for t, g in np.ndindex(*made.count.shape):
        own = slice(made.count[t, g])
        np.testing.assert_array_equal(made.seen[t, g, own], known.seen[t, g, own])
        np.testing.assert_allclose(made.range_m[t, g, own], known.range_m[t, g, own], rtol=1e-13)


def test_scene_widens_its_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    full = scene(shell(), sites(), steps(2), correct())
    monkeypatch.setattr(geometry, "WIDTH", 1)
    np.testing.assert_array_equal(scene(shell(), sites(), steps(2), correct()).count, full.count)


def test_elevation_is_that_of_the_earth_fixed_frame() -> None:
    """Turning the sites instead of the satellites changes nothing: the same views from Earth-fixed states."""
    net, place, times = shell(), sites(), steps(3, 200_000)
    day = np.full(3, 2_451_544.5)
    errors, teme, _ = SatrecArray(satrecs(net.elements)).sgp4(day, np.arange(3) * 200.0 / 86_400.0)
    fixed = earth_fixed_reference(teme, errors, times).astype(np.float64)
    up = east_north_up(place.lat_deg, place.lon_deg)[:, 2]
    here = ecef_from_geodetic(place.lat_deg, place.lon_deg, place.height_m)
    way = fixed[:, None] - here[None, :, None]
    sine = np.einsum("tgki,gi->tgk", way, up) / np.linalg.norm(way, axis=-1)
    least = np.maximum(place.min_elevation_deg, 25.0)
    count = (np.degrees(np.arcsin(sine)) >= least[None, :, None]).sum(axis=-1)
    np.testing.assert_array_equal(scene(net, place, times, correct()).count, count)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: f"{r.name} {r.laser_m:g}")
@pytest.mark.parametrize("milliseconds", [100, 15_000, 600_000])
def test_routes_kernel_equals_plain_dijkstra_at_every_step(rule: Rule, milliseconds: int) -> None:
    """Kept trees give what a search from scratch gives, to the last bit, whatever has changed."""
    net, place, times = shell(), sites(), steps(12, milliseconds)
    made = forward(net, place, times, rule, tables=True, paths=True)
    known = routes_reference(net, scene(net, place, times, rule), np.arange(12, dtype=np.int32))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(made, name), getattr(known, name), err_msg=name)


def test_distances_equal_those_of_scipy() -> None:
    net, place, times = shell(), sites(), steps(1)
    view = scene(net, place, times, correct())
    ends, length = net.edges, view.length_m[0, net.arcs[2][:, 0]]
    rows, cols, data = list(ends[:, 0]), list(ends[:, 1]), list(length)
    for g in range(12):
        own = slice(view.count[0, g])
        rows += [net.size + g] * view.count[0, g]
        cols += view.seen[0, g, own].tolist()
        data += view.range_m[0, g, own].tolist()
    keep = np.isfinite(data)
    graph = sparse.csr_matrix(
        (np.array(data)[keep], (np.array(rows)[keep], np.array(cols)[keep])), shape=(net.size + 12,) * 2
    )
    made = forward(net, place, times, correct()).metres[0]
    for g in range(12):  # a way over another site is none: leave the other sites' links out
        others = np.setdiff1d(np.arange(12), g) + net.size
        for s in range(12):
            lone = graph.copy().tolil()
            lone[np.setdiff1d(others, s + net.size)] = 0
            if (g, s) in {(0, 5), (3, 9), (7, 1), (11, 2)}:
                far = dijkstra(lone.tocsr(), directed=False, indices=net.size + g)[net.size + s]
                np.testing.assert_allclose(made[g, s], far, rtol=1e-13)


def same(a: State, b: State) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


def test_threads_and_chunks_change_nothing() -> None:
    net, place, times = shell(), sites(), steps(30, 3000)
    before = jit.threads()
    try:
        jit.set_threads(1)
        one = forward(net, place, times, correct(), tables=True, paths=True)
        jit.set_threads(min(2, before))
        two = forward(net, place, times, correct(), tables=True, paths=True)
    finally:
        jit.set_threads(before)
    assert same(one, two)
    pieces = list(states(net, place, times, correct(), tables=True, paths=True, chunk=7))
    np.testing.assert_array_equal(np.concatenate([p.table for p in pieces]), one.table)
    np.testing.assert_array_equal(np.concatenate([p.mark for p in pieces]), one.mark)


def test_ties_go_to_the_lowest_row() -> None:
    """A square of equal links: of two equal ways the one over the lower row, at satellites and at sites."""
    base = shell_network(Shell("T", 550.0, 53.0, 1, 4, links="none"))
    net = replace(base, edges=np.array([[0, 1], [0, 2], [1, 3], [2, 3]]))
    begin, target, arc = net.arcs
    view = geometry.Scene(
        np.full((1, 8), 1000.0),
        np.array([[1, 2]], dtype=np.int32),
        np.array([[[0, 0], [1, 2]]], dtype=np.int32),
        np.full((1, 2, 2), 500.0),
    )
    assert begin.tolist() == [0, 2, 4, 6, 8]
    assert target[arc].tolist() == [[1, 0], [2, 0], [3, 1], [3, 2]]
    goals = np.arange(2, dtype=np.int32)
    made = routes(net, view, Trees.to(goals, 4), fresh=True, tables=True, paths=True)
    assert made.table[0, 0].tolist() == [4, 0, 0, 1]  # satellite 3 by 1, not 2
    assert made.entry[0, 0, 1] == 1
    assert made.table[0, 1].tolist() == [1, 5, 5, 1]
    assert made.path(0, 1, 0) == [1, 0]
    assert same(made, routes_reference(net, view, goals))


def test_systems_without_handoff_do_not_reach_each_other() -> None:
    a = shell_network(Shell("A", 550.0, 53.0, 24, 16, phasing=7))
    b = shell_network(Shell("B", 600.0, 53.0, 24, 16, phasing=7))
    ends = replace(
        Sites.of([("Karachi", 24.86, 67.01), ("London", 51.5, 0.0), ("Paris", 48.9, 2.3)]),
        systems=(("A",), ("B",), ("A", "B")),
    )
    apart = forward(join([a, b]), ends, steps(1), correct(), tables=True)
    assert np.isinf(apart.metres[0, 0, 1])
    assert apart.path(0, 0, 1) is None
    assert np.isfinite(apart.metres[0, 2, :2]).all()
    linked = forward(join([a, b], [("A 05-05", "B 05-05")]), ends, steps(1), correct(), tables=True)
    way = linked.path(0, 0, 1)
    assert way is not None
    assert a.names.index("A 05-05") in way
    assert len(a.names) + b.names.index("B 05-05") in way


def test_links_keep_clear_of_the_earth() -> None:
    """Four satellites a plane, 90 degrees apart: their chord runs deep in the Earth, so nothing is linked."""
    net = shell_network(Shell("S", 550.0, 53.0, 1, 4, links="ring"))
    assert np.isinf(scene(net, sites(), steps(1), correct()).length_m).all()
    wide = scene(net, sites(), steps(1), correct(clearance_m=-6.3e6)).length_m
    np.testing.assert_allclose(wide, np.sqrt(2.0) * (6378.137e3 + 550e3), rtol=2e-3)
    far = shell_network(Shell("S", 550.0, 53.0, 1, 9, links="ring"))  # 40 degrees: 4,739 of at most 5,016 km
    assert np.isfinite(scene(far, sites(), steps(1), correct()).length_m).all()


def test_decayed_satellites_are_left_out() -> None:
    net = shell()
    elements = {name: values.copy() for name, values in net.elements.items()}
    elements["mean_motion_rev_day"][:5] = 17.9  # below the ground: SGP4 reports an error
    broken = replace(net, elements=elements)
    view = scene(broken, sites(), steps(2), correct())
    assert np.isinf(view.length_m[:, : net.arcs[0][5]]).all()
    assert not np.isin(view.seen[0, 0, : view.count[0, 0]], np.arange(5)).any()
    assert not np.isnan(forward(broken, sites(), steps(2), correct()).metres).any()


def test_nothing_in_view_is_an_empty_result_without_nan() -> None:
    pole = Sites.of([("North Pole", 90.0, 0.0), ("Karachi", 24.86, 67.01)])
    made = forward(shell(), pole, steps(2), correct(), tables=True, paths=True)
    assert np.isinf(made.metres[:, 0, 1]).all()
    assert (made.entry[:, 0] == forwarding.NOWHERE).all()
    assert (made.table[:, 0] == forwarding.NOWHERE).all()
    assert made.hops[0, 0, 1] == 0


def test_hostile_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="nothing to route"):
        forward(shell(), sites(), steps(0), correct())
    with pytest.raises(RabtaError, match="goal that is no site"):
        forward(shell(), sites(), steps(1), correct(), goals=np.array([12]))
    with pytest.raises(RabtaError, match="lat_deg"):
        Sites.of([("nowhere", 91.0, 0.0)])
    with pytest.raises(RabtaError, match="lon_deg"):
        Sites.of([("nowhere", 1.0, float("nan"))])
    with pytest.raises(RabtaError, match="unknown system"):
        forward(shell(), replace(sites(), systems=(("T",),) * 12), steps(1), correct())


def test_disconnected_constellations_route_by_themselves_or_not_at_all() -> None:
    """Two shells without a hand-off, a site with terminals of each: no path, no NaN."""
    low = shell_network(Shell("A", 550.0, 53.0, 24, 20, phasing=7))
    high = shell_network(Shell("B", 1_200.0, 60.0, 18, 16, phasing=5))
    both = join([low, high])
    ends = replace(sites(), systems=(("A",), ("B",), *((),) * 10))
    made = forward(both, ends, steps(2), correct(), tables=True, paths=True)
    assert np.isinf(made.metres[:, 0, 1]).all()
    assert (made.entry[:, 0, 1] == forwarding.NOWHERE).all()
    assert np.isfinite(made.metres[:, 0, 2:]).any()
    assert not np.isnan(made.metres).any()
    handed = join([low, high], [(low.names[10], high.names[7])])
    assert np.isfinite(forward(handed, ends, steps(1), correct(-6e6)).metres[0, 0, 1])
