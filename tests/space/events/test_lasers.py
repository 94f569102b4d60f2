"""Limits of laser links: angular rates by hand, polar cut-off, acquisition, the Sun, cuts of the span."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.space import orbits
from rabta.space.events import lasers
from rabta.space.events.lasers import carrying, link_events, sun_direction
from rabta.space.network.geometry import Sites, compat_hypatia, correct, scene
from rabta.space.network.topology import Laser, Network, Shell, shell_network
from rabta.times import julian_date

START = np.datetime64("2026-01-13T00:00:00", "ns")
HERE = Sites.of([("Karachi", 24.86, 67.01)])
STAR = Shell(
    "I", 780.0, 86.4, 6, 11, phasing=3.0, spread_deg=189.6, epoch_jd=2_461_053.5, min_elevation_deg=8.2
)


def iridium(**limits: float) -> Network:
    return replace(shell_network(STAR), lasers=(Laser(**limits),))


def seconds(values: np.ndarray) -> np.ndarray:
    return START + np.round(np.asarray(values) * 1e9).astype("timedelta64[ns]")


def places(net: Network, values: np.ndarray) -> np.ndarray:
    """Places (m) in the frame of TEME, shape (satellite, 3, time)."""
    day, part = julian_date(seconds(values))
    return orbits.states_at(net.orbits, day, part, np.zeros(len(values)))[0]


def latitude(net: Network, values: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(places(net, values), 1, 0)
    return np.degrees(np.arctan2(z, np.hypot(x, y)))


def test_body_frame_sees_the_next_in_plane_at_rest() -> None:
    """Two on one circular orbit: the direction stands still in a frame that looks at the nadir."""
    radius, rate = 7.158e6, 1.0424e-3
    u = np.array([[0.3], [0.3 + 2 * np.pi / 11]])
    place = radius * np.concatenate([np.cos(u), np.sin(u), 0 * u], axis=1)
    speed = radius * rate * np.concatenate([-np.sin(u), np.cos(u), 0 * u], axis=1)
    assert lasers._turn(place[0], place[1], speed[0], speed[1]) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("u", [0.0, 0.4, 1.2, 1.5])
@pytest.mark.parametrize("half", [2.5, 15.8])
def test_neighbour_of_equal_phase_turns_at_the_hand_computed_rate(u: float, half: float) -> None:
    """Polar circular orbits, nodes 2 a apart, equal phase u: the link keeps its inertial direction, square to
    the mean plane; in the body frame (radial, along, across) it is (-sin a cos u, sin a sin u, cos a), which
    turns at n sin a, wherever on the orbit."""
    radius, rate, a = 7.158e6, 1.0424e-3, np.radians(half)
    place, speed = (
        np.array([[r * np.cos(a), -r * np.sin(a), z], [r * np.cos(a), r * np.sin(a), z]])
        for r, z in (
            (radius * np.cos(u), radius * np.sin(u)),
            (-radius * rate * np.sin(u), radius * rate * np.cos(u)),
        )
    )
    found = lasers._turn(place[0], place[1], speed[0], speed[1])
    assert found == pytest.approx(rate * np.sin(a), rel=1e-12)


def test_slew_of_the_model_is_that_of_finite_differences() -> None:
    """SGP4 of Iridium's shell, the turn from places 0.1 s apart in axes built from radius and momentum."""
    net, at = iridium(), np.array([1000.0 + 0.1 * i for i in range(3)])
    where = places(net, at)
    for a, b in ((0, 11), (0, 1), (14, 25)):
        units = []
        for k in range(3):
            r, way = where[a, :, k], where[b, :, k] - where[a, :, k]
            along = where[a, :, min(k + 1, 2)] - where[a, :, max(k - 1, 0)]
            up, across = r / np.linalg.norm(r), np.cross(r, along)
            across /= np.linalg.norm(across)
            units.append(np.stack([up, np.cross(across, up), across]) @ way / np.linalg.norm(way))
        by_hand = np.degrees(np.linalg.norm(units[2] - units[0]) / 0.2)
        speed = (where[:, :, 2] - where[:, :, 0]) / 0.2
        found = np.degrees(lasers._turn(where[a, :, 1], where[b, :, 1], speed[a], speed[b]))
        assert found == pytest.approx(by_hand, rel=2e-3, abs=2e-6)


def test_polar_cutoff_comes_when_an_end_crosses_the_latitude() -> None:
    """Cross-plane links break exactly when either end passes 68 degrees; those in the plane never do."""
    net = iridium(polar_cutoff_deg=68.0)
    found = link_events(net, START, 6_100.0)
    ring = net.edges[:, 0] // 11 == net.edges[:, 1] // 11
    for row in np.flatnonzero(ring):
        assert (found.up_s[found.link == row], found.down_s[found.link == row]) == (0.0, 6_100.0)
    edges = np.concatenate([found.up_s[found.up_s > 0], found.down_s[found.down_s < 6_100.0]])
    links = np.concatenate([found.link[found.up_s > 0], found.link[found.down_s < 6_100.0]])
    assert len(edges) > 55 * 3
    high = np.abs(latitude(net, edges))[net.edges[links], np.arange(len(edges))[:, None]].max(axis=1)
    np.testing.assert_allclose(high, 68.0, atol=6e-5)  # 0.06 deg/s: 1 ms
    share = (found.down_s - found.up_s)[~ring[found.link]].sum() / (55 * 6_100.0)
    assert 0.5 < share < 2 * 68.0 / 180.0  # both ends are below, half a slot apart


def test_link_carries_after_its_acquisition_time() -> None:
    plain = link_events(iridium(polar_cutoff_deg=68.0), START, 6_100.0)
    waits = link_events(iridium(polar_cutoff_deg=68.0, acquisition_s=30.0), START, 6_100.0)
    assert len(plain) == len(waits)
    late = plain.up_s > 30.0
    np.testing.assert_allclose(waits.up_s[late], plain.up_s[late] + 30.0, atol=1e-6)
    np.testing.assert_array_equal(waits.down_s, plain.down_s)
    assert (waits.up_s[plain.up_s == 0.0] < 30.0).all()  # up before the start: part of the wait is over


def test_results_do_not_depend_on_how_the_span_is_cut() -> None:
    net = iridium(polar_cutoff_deg=68.0, acquisition_s=45.0, slew_deg_s=0.1)
    times = seconds(np.arange(0.0, 3_000.0, 7.0))
    whole = carrying(net, times, correct())
    assert 0.1 < whole.mean() < 0.95
    for size in (1, 13, 60):
        parts = [carrying(net, times[k : k + size], correct()) for k in range(0, len(times), size)]
        np.testing.assert_array_equal(np.concatenate(parts), whole)
    events = link_events(net, START, 3_000.0)
    at = np.arange(0.0, 3_000.0, 7.0)
    by_events = np.zeros_like(whole)
    for link, up, down in zip(events.link, events.up_s, events.down_s, strict=True):
        by_events[(at >= up) & (at < down), link] = True
    np.testing.assert_array_equal(by_events, whole)


def test_events_of_parts_are_those_of_the_whole() -> None:
    net = iridium(polar_cutoff_deg=65.0, acquisition_s=12.0)
    whole = link_events(net, START, 3_000.0)
    later = link_events(net, START + np.timedelta64(1_234, "s"), 1_766.0)
    inside = whole.down_s > 1_234.0
    np.testing.assert_array_equal(later.link, whole.link[inside])
    np.testing.assert_allclose(later.up_s, np.maximum(whole.up_s[inside] - 1_234.0, 0.0), atol=1e-6)


def test_scene_drops_links_that_do_not_carry_but_not_in_hypatias_rule() -> None:
    net, free = iridium(polar_cutoff_deg=60.0), iridium()
    times = seconds(np.arange(0.0, 1_200.0, 60.0))
    held, plain = (scene(n, HERE, times, correct()).length_m for n in (net, free))
    carries = carrying(net, times, correct())
    np.testing.assert_array_equal(np.isfinite(held[:, net.arcs[2][:, 0]]), carries)
    np.testing.assert_array_equal(held[np.isfinite(held)], plain[np.isfinite(held)])
    rule = compat_hypatia(3_000e3, 6_000e3)
    both = [scene(n, HERE, times, rule).length_m for n in (net, free)]
    np.testing.assert_array_equal(*both)


def test_longest_link_breaks_at_its_length() -> None:
    net = iridium(max_km=4_000.0)
    found = link_events(net, START, 3_000.0)
    edges = found.down_s[found.down_s < 3_000.0]
    links = found.link[found.down_s < 3_000.0]
    where = places(net, edges)
    ends = [where[net.edges[links, i], :, np.arange(len(links))] for i in (0, 1)]
    np.testing.assert_allclose(np.linalg.norm(ends[0] - ends[1], axis=1), 4_000e3, atol=10.0)


def test_short_break_inside_a_step_of_the_grid_is_found() -> None:
    """A limit just under the greatest length of a link: it breaks for seconds, at the top of a curve."""
    net = iridium()
    at = np.arange(0.0, 3_000.0, 0.05)
    row = int(np.flatnonzero(net.edges[:, 1] - net.edges[:, 0] == 11)[0])
    a, b = (places(net, at)[end] for end in net.edges[row])
    length = np.linalg.norm(a - b, axis=0)
    top = int(length.argmax())
    assert 0 < top < len(at) - 1
    limit = (length[top - 60] + length[top + 60]) / 2e3  # above it for about six seconds
    found = link_events(iridium(max_km=limit), START, 3_000.0)
    own = found.link == row
    gap = found.up_s[own][1:] - found.down_s[own][:-1]
    near = np.abs(found.down_s[own][:-1] - at[top]) < 10.0
    assert near.sum() == 1
    assert gap[near][0] == pytest.approx(6.0, abs=0.2)


def test_sun_stands_where_the_almanac_has_it() -> None:
    """March equinox 2026-03-20 14:46 UTC, June solstice 2026-06-21 08:24 UTC (USNO)."""
    times = np.array(["2026-03-20T14:46", "2026-06-21T08:24"], "datetime64[s]").astype(np.int64) * 1.0
    x, y, z = sun_direction(times).T
    assert np.degrees(np.arcsin(z)) == pytest.approx([0.0, 23.436], abs=0.01)
    assert np.degrees(np.arctan2(y, x)) == pytest.approx([0.0, 90.0], abs=0.02)


def test_sun_in_the_beam_breaks_a_link() -> None:
    net = iridium(sun_deg=5.0)
    found = link_events(net, START, 6_100.0)
    edges, links = found.down_s[found.down_s < 6_100.0], found.link[found.down_s < 6_100.0]
    assert len(edges)
    where = places(net, edges)
    ends = [where[net.edges[links, i], :, np.arange(len(links))] for i in (0, 1)]
    way = ends[1] - ends[0]
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    sun = sun_direction(seconds(edges).astype(np.int64) / 1e9)
    angle = np.degrees(np.arccos(np.abs((way * sun).sum(axis=1))))
    side = [np.linalg.norm(np.cross(end, sun), axis=1) for end in ends]
    rim = np.minimum(*(np.abs(value - lasers.EARTH_M) for value in side)) < 100.0
    assert ((np.abs(angle - 5.0) < 1e-3) | ((angle < 5.0) & rim)).all()  # or it rises behind the Earth


def test_wrong_span_is_refused() -> None:
    with pytest.raises(RabtaError, match="span"):
        link_events(iridium(), START, 0.0)


def test_network_without_links_has_no_events() -> None:
    net = shell_network(replace(STAR, links="none"))
    assert len(link_events(net, START, 100.0)) == 0
