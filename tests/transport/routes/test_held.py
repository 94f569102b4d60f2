"""What else keeps links from carrying: limits of laser terminals, the geostationary arc, rain at gateways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rabta import geo
from rabta.space import orbits
from rabta.space.events.lasers import carrying
from rabta.space.network.geometry import correct
from rabta.space.network.gso import separation_deg
from rabta.space.network.topology import Laser, Network, Shell, shell_network
from rabta.space.propagate import constants, moving
from rabta.times import julian_date
from rabta.transport.routes import changes, joined, search, stages
from rabta.transport.routes.held import arc, lasers
from rabta.transport.routes.joined import Tables
from rabta.transport.routes.search import ALL, SPACE

START = np.datetime64("2026-01-13T00:00", "ns")
IRIDIUM = Shell(
    "I", 780.0, 86.4, planes=6, per_plane=11, phasing=2, spread_deg=180.0, epoch_jd=2_461_053.5
)  # as published: 66 satellites, 780 km, 86.4 degrees
Fly = Callable[..., np.ndarray]


def flown(network: Network, times: np.ndarray) -> np.ndarray:
    """Places in the frame of date; lengths and latitudes are those over the turning Earth."""
    day, part = julian_date(times)
    return np.moveaxis(orbits.states_at(network.orbits, day, part, np.zeros(len(times)))[0], -1, 0).copy()


def limited(**limits: float) -> Network:
    return replace(shell_network(IRIDIUM), lasers=(Laser(**limits),))


@pytest.mark.parametrize(
    "limits",
    [
        {"polar_cutoff_deg": 60.0},
        {"acquisition_s": 30.0, "polar_cutoff_deg": 68.0},
        {"acquisition_s": 100.0, "max_km": 4_000.0},
        {"slew_deg_s": 0.1, "acquisition_s": 5.0},
        {"sun_deg": 20.0},
    ],
    ids=str,
)
def test_lit_is_what_carries(limits: dict[str, float]) -> None:
    """The same links as the exact instants of `rabta.space.events.lasers` say, step by step."""
    network = limited(**limits)
    times = START + np.arange(100) * np.timedelta64(60, "s")
    known = carrying(network, times, correct())
    assert known.any()
    assert not known.all()
    place = flown(network, times)
    found = lasers.lit(network, times, place)
    for way in network.arcs[2].T:
        assert np.array_equal(found[:, way] != 0, known)
    parts = [lasers.lit(network, times[a : a + 7], place[a : a + 7]) for a in range(0, 100, 7)]
    assert np.array_equal(np.concatenate(parts), found)


def test_near_is_its_reference() -> None:
    network = limited(acquisition_s=12.0, polar_cutoff_deg=60.0, max_km=4_200.0)
    times = START + np.arange(50) * np.timedelta64(60, "s")
    place = flown(network, times)
    place[3, 5] = np.nan
    for gap in (0.0, 60.0):
        found = lasers.near(network, place, gap)
        assert np.array_equal(found, lasers.near_reference(network, place, gap))
        assert 0.0 < found.mean() < 1.0


def test_without_limits_all_are_lit() -> None:
    network = shell_network(IRIDIUM)
    times = START + np.arange(3) * np.timedelta64(60, "s")
    assert lasers.lit(network, times, flown(network, times)) is search.ALL_LIT


def test_polar_cut_off_cuts_links_to_other_planes_only() -> None:
    """At 60 degrees: none of the plane's own, and of the others those with an end above that latitude."""
    network = limited(polar_cutoff_deg=60.0)
    times = START + np.arange(60) * np.timedelta64(60, "s")
    place = flown(network, times)
    top = np.degrees(np.arcsin(np.abs(place[..., 2]) / np.linalg.norm(place, axis=-1)))
    off = lasers.lit(network, times, place)[:, network.arcs[2][:, 0]] == 0
    across = network.edges[:, 0] // 11 != network.edges[:, 1] // 11
    assert np.array_equal(off[:, across], (top[:, network.edges].max(axis=-1) > 60.0)[:, across])
    assert not off[:, ~across].any()


def small_lasers(small: Tables, **limits: float) -> Tables:
    """The small network with limits of its lasers."""
    named = {f"isl_{name}": [value, np.inf if name == "max_km" else 0.0] for name, value in limits.items()}
    if "isl_polar_cutoff_deg" in named:
        named["isl_polar_cutoff_deg"][1] = 90.0
    return replace(small, systems=small.systems.assign(**named))


def test_ways_obey_the_lasers(small: Tables, fly: Fly) -> None:
    """A cut-off at 40 degrees: to plain Dijkstra without those links, and it makes ways longer."""
    graph = joined.joined(small_lasers(small, polar_cutoff_deg=40.0), START)
    position = fly(small, 6, 300.0)
    times = START + np.arange(6) * np.timedelta64(300, "s")
    lit = lasers.lit(graph.network, times, position)
    views = search.look(graph, position)
    free, found = (search.ways(graph, position, views, **more) for more in ({}, {"lit": lit}))
    for step in range(6):
        for mode in (SPACE, ALL):
            wanted = search.ways_reference(graph, position, views, step, mode, lit)
            assert found.metres[step, mode] == pytest.approx(wanted, rel=1e-12)
    assert (found.metres >= free.metres).all()
    assert (found.metres[:, SPACE, 1, 2] > free.metres[:, SPACE, 1, 2]).any()


def test_views_keep_from_the_geostationary_arc(small: Tables, fly: Fly) -> None:
    """As `separation_deg` says, which is exact; users and gateways alike."""
    given = replace(small, systems=small.systems.assign(gso_avoidance_deg=[22.0, 0.0]))
    position = fly(small, 12, 300.0)
    graph, free = joined.joined(given, START), joined.joined(small, START)
    found, known = search.look(graph, position), search.look_reference(graph, position)
    assert np.array_equal(found.count, known.count)
    for where in np.ndindex(*found.count.shape):
        many = found.count[where]
        assert np.array_equal(found.seen[where][:many], known.seen[where][:many])
    fewer = search.look(free, position).count - found.count
    assert (fewer.sum(axis=0) > 0).all()
    off = joined.joined(replace(given, gso_avoidance=False), START)
    assert np.array_equal(search.look(off, position).count, search.look(free, position).count)


def test_gateways_in_rain_land_nothing(small: Tables, fly: Fly) -> None:
    graph, position = joined.joined(small, START), fly(small, 2)
    views = search.look(graph, position)
    dry = stages.dry(graph, views, np.array([[1.0, 1.0], [0.0, 0.2]]))
    assert views.count[1, graph.ends] > 0
    assert dry.count[1, graph.ends] == 0
    rest = np.ones(views.count.shape, dtype=bool)
    rest[1, graph.ends] = False
    assert np.array_equal(dry.count[rest], views.count[rest])


def test_windows_apart_from_the_arc(small: Tables) -> None:
    """Against angles every tenth of a second: spans are those at which it is kept."""
    given = constants(moving(small.satellites))
    here, up = geo.ecef_from_geodetic(31.5, 74.3, 0.0), geo.east_north_up(31.5, 74.3)[2]
    times = np.arange(0.0, 1200.0, 0.1)
    chosen = np.arange(0, 120, 3)
    states, _ = orbits.states(given[chosen], START + np.round(times * 1e9).astype("timedelta64[ns]"))
    keep = np.full(len(given), 18.0)
    keep[chosen[1]] = 0.0
    windows = (chosen, np.zeros(len(chosen)), np.full(len(chosen), 1199.95))
    satellite, rise, sets = arc.apart(given, (here, up), START, windows, keep)
    inner = 0
    for k, row in enumerate(chosen):
        angle = separation_deg(here[None], up[None], states[k].T)[0]
        mine = satellite == row
        held = ((rise[mine] <= times[:, None]) & (times[:, None] <= sets[mine])).any(axis=1)
        wrong = held[:-1] != (angle >= keep[row])[:-1]
        edges = np.concatenate([rise[mine], sets[mine]])
        assert all(np.abs(edges - t).min() < 1e-3 for t in times[:-1][wrong])
        inner += int((~held).any() and held.any())
    assert inner > 3


def test_a_gateway_in_rain_is_no_way(make: Callable[..., Tables]) -> None:
    """Transparent satellites alone: with the gateway beside Karachi out for a minute, that is an outage."""
    given = make(isl=(True, False))
    pipes = given.satellites[given.satellites["system"] == 1].reset_index(drop=True)
    wires = given.spans.assign(status=["operating", "planned", "operating"])
    two = given.ends.iloc[[0, 1]].reset_index(drop=True).assign(node=[-1, 1])
    given = replace(given, satellites=pipes, spans=wires, ends=two)
    dry = changes.Watch(given, START, 600.0).stretches()
    wet = changes.Watch(given, START, 600.0, shut=[(0, 120.0, 180.0), (1, 120.0, 180.0)]).stretches()
    served = [sum(overlap(s, 120.0, 180.0) for s in found if s.nodes) for found in (dry, wet)]
    assert served[0] > 10.0
    assert served[1] < 0.01
    rest = [sum(overlap(s, 180.0, 600.0) for s in found if s.nodes) for found in (dry, wet)]
    assert rest[0] == pytest.approx(rest[1], abs=0.01)


def overlap(s: changes.Stretch, begin: float, end: float) -> float:
    return max(0.0, min(s.end_s, end) - max(s.start_s, begin))


def test_ways_of_one_length_on_the_ground_need_no_closer_look(
    make: Callable[..., Tables], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lahore over the gateway to Marseille, by either of two cables of one length through other places."""
    given = make(isl=(True, False))
    east, west = given.nodes.iloc[[2, 2]].assign(name=["East", "West"]).to_dict("records")
    nodes = pd.concat([given.nodes, pd.DataFrame([east, west])], ignore_index=True)
    halves = [given.spans.iloc[1].to_dict() | {"from_node": a, "to_node": b, "delay_ms": 93.0 / 4}
              for a, b in ((1, 4), (4, 2), (1, 5), (5, 2))]  # fmt: skip
    spans = pd.concat([given.spans.iloc[[2]], pd.DataFrame(halves)], ignore_index=True)
    ends = given.ends.iloc[[0, 2]].reset_index(drop=True).assign(node=[-1, 2], dish=[True, False])
    given = replace(given, nodes=nodes, spans=spans, ends=ends)
    looked = list[float]()
    real = changes.Watch._evaluate
    monkeypatch.setattr(
        changes.Watch,
        "_evaluate",
        lambda self, times, begin: looked.extend(times) or real(self, times, begin),
    )
    watch = changes.Watch(given, START, 240.0)
    found = watch.stretches()
    named = [[watch.graph.names[n] for n in s.nodes] for s in found]
    over = [set(names) & {"East", "West"} for names in named]
    assert len([one for one in over if one]) > 3
    assert len({frozenset(one) for one in over if one}) == 1, "the first found is kept"
    assert len(looked) < 60 + 40 * len(found), "down to a millisecond at changes alone"
