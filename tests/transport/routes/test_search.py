"""Shortest ways over satellites and ground: against plain Dijkstra, the space engine, closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rabta import geo, jit
from rabta.errors import RabtaError
from rabta.space.network.forwarding import forward
from rabta.space.network.geometry import Sites, correct
from rabta.transport.routes import graph as graphs
from rabta.transport.routes import joined, search
from rabta.transport.routes.joined import Tables
from rabta.transport.routes.search import ALL, SPACE

START = np.datetime64("2026-01-13T00:00", "ns")
Fly = Callable[..., np.ndarray]
Make = Callable[..., Tables]


def test_kernel_finds_what_plain_dijkstra_finds(small: Tables, fly: Fly) -> None:
    """Contract of the kernels: views to the bit, lengths to rounding, in both modes, at every step."""
    graph, position = joined.joined(small, START), fly(small, 12, 300.0)
    views, known = search.look(graph, position), search.look_reference(graph, position)
    assert np.array_equal(views.count, known.count)
    for s, count in np.ndenumerate(known.count):
        assert views.seen[s][:count].tolist() == known.seen[s][:count].tolist()
    found = search.ways(graph, position, views)
    assert graph.transparent.any()
    assert not graph.transparent.all()
    for step in range(len(position)):
        for mode in (SPACE, ALL):
            wanted = search.ways_reference(graph, position, views, step, mode)
            assert found.metres[step, mode] == pytest.approx(wanted, rel=1e-12)
    assert np.isfinite(found.metres).all()


def test_terrain_hides_satellites(small: Tables, fly: Fly) -> None:
    ridge = np.where(np.arange(36) < 18, 60.0, 0.0)[None]  # to the east
    cells = small.ends.assign(cell=[0, -1, -1])
    given = replace(small, ends=cells, horizon_deg=ridge)
    position = fly(small, 6, 120.0)
    views = search.look(joined.joined(given, START), position)
    known = search.look_reference(joined.joined(given, START), position)
    free = search.look(joined.joined(small, START), position)
    assert np.array_equal(views.count, known.count)
    assert views.count[:, 0].sum() < 0.7 * free.count[:, 0].sum()
    assert np.array_equal(views.count[:, 1:], free.count[:, 1:])


def test_neither_spans_of_steps_nor_threads_show(small: Tables, fly: Fly) -> None:
    graph, position = joined.joined(small, START), fly(small, 14)
    whole = search.ways(graph, position)
    parts = [search.ways(graph, position[a:b]) for a, b in ((0, 3), (3, 4), (4, 14))]
    for name in ("metres", "mark", "satellites", "nodes", "parties"):
        joint = np.concatenate([getattr(part, name) for part in parts])
        assert np.array_equal(joint, getattr(whole, name)), name
    try:
        jit.set_threads(1)
        alone = search.ways(graph, position)
    finally:
        jit.set_threads(min(2, jit.threads() + 1))
    assert np.array_equal(alone.metres, whole.metres)
    assert np.array_equal(alone.mark, whole.mark)


def test_a_way_is_as_long_as_its_links(small: Tables, fly: Fly) -> None:
    graph, position = joined.joined(small, START), fly(small, 8, 200.0)
    found = search.ways(graph, position, paths=True)
    place = np.concatenate([position, np.repeat(graph.ground.position_m, 8, axis=0)], axis=1)
    for step in range(8):
        for a, b in ((0, 1), (0, 2), (1, 2)):
            nodes, links = found.way(step, ALL, a, b), found.links(step, ALL, a, b)
            metres = 0.0
            for u, v, link in zip(nodes, nodes[1:], links, strict=False):
                wire = link >= 0 and min(u, v) >= graph.network.size
                straight = float(np.linalg.norm(place[step, u] - place[step, v]))
                metres += float(graph.ground.metres[0, link]) if wire else straight
            assert metres == pytest.approx(found.metres[step, ALL, a, b], rel=1e-12)
            described = search.described(graph, nodes, links)
            assert described[0] == found.mark[step, ALL, a, b]
            assert described[1] == found.satellites[step, ALL, a, b]


def test_over_lasers_alone_it_is_the_space_engine(
    walk: Callable[..., pd.DataFrame], make: Make, fly: Fly
) -> None:
    """Same round trips as `forward`, which is held to Hypatia's reference files."""
    given = make(walk(36, 22, "laser", 0), (True,))
    graph = graphs.without(joined.joined(given, START), relays=False)
    times = START + np.arange(10) * np.timedelta64(60, "s")
    ends = Sites.of(zip(given.ends["name"], given.ends["lat_deg"], given.ends["lon_deg"], strict=True))
    known = forward(graph.network, ends, times, correct()).rtt_ms
    ours = search.ways(graph, fly(given, 10)).rtt_ms[:, SPACE]
    assert np.isfinite(known).any()
    assert np.array_equal(np.isfinite(ours), np.isfinite(known))
    good = np.isfinite(known)
    assert ours[good] == pytest.approx(known[good], abs=1e-4)


def still(
    make: Make, altitudes: list[tuple[float, float, float]], isl: bool
) -> tuple[graphs.Graph, np.ndarray]:
    """Satellites that stand still at latitude, longitude and height."""
    rows = make().satellites.iloc[: len(altitudes)].assign(system=0, constellation="laser", shell="outside")
    given = make(rows.reset_index(drop=True), (isl,))
    lat, lon, height = np.array(altitudes).T
    return joined.joined(given, START), geo.ecef_from_geodetic(lat, lon, height)[None]


def test_closed_form_of_the_bent_pipe(make: Make) -> None:
    """550 km overhead of a user beside the gateway: 4 h / c = 7.34 ms (and 16.0 ms from 1200 km)."""
    for height, theirs in ((550e3, 7.34), (1200e3, 16.0)):
        graph, position = still(make, [(24.95, 67.1, height)], isl=False)
        found = search.ways(graph, position, paths=True)
        nodes = [graph.names[n] for n in found.way(0, SPACE, 0, 2)]
        assert nodes == []  # a transparent satellite joins a user to a gateway, and here it ends
        views = search.look(graph, position)
        legs = views.range_m[0, 1, 0] + views.range_m[0, graph.ends, 0]
        assert 2e3 * legs / 299_792_458.0 == pytest.approx(theirs, abs=0.05)


def test_two_users_meet_over_a_gateway_only(make: Make) -> None:
    """A transparent satellite that both see does not join them; with lasers on board it does."""
    spot = [(28.0, 70.5, 550e3)]
    for isl, nodes in ((True, 3), (False, 5)):
        graph, position = still(make, spot, isl)
        found = search.ways(graph, position, paths=True)
        way = found.way(0, SPACE, 0, 1)
        names = [graph.names[n] for n in way]
        assert len(way) == nodes, names
        assert ("Karachi LEO" in names) is not isl
        assert found.satellites[0, SPACE, 0, 1] == (1 if isl else 2)


def test_ground_relays_join_satellites(make: Make) -> None:
    """Two satellites without a laser between them: the gateway in Iran passes traffic on."""
    graph, position = still(make, [(29.0, 60.0, 1200e3), (40.0, 30.0, 2000e3)], isl=True)
    found = search.ways(graph, position, paths=True)
    names = [graph.names[n] for n in found.way(0, SPACE, 1, 2)]
    assert "Lonely" in names
    assert not np.isfinite(search.ways(graphs.without(graph, relays=False), position).metres[0, SPACE, 1, 2])


def test_the_best_way_mixes_space_and_ground(make: Make) -> None:
    """Lahore sees a satellite that only the gateway beside Karachi sees as well; the rest is cable."""
    graph, position = still(make, [(28.5, 71.0, 550e3)], isl=False)
    found = search.ways(graph, position, paths=True)
    assert not np.isfinite(found.metres[0, SPACE, 0, 2])
    names = [graph.names[n] for n in found.way(0, ALL, 0, 2)]
    assert names[:3] == ["Lahore", graph.names[0], "Karachi LEO"]
    assert found.rtt_ms[0, ALL, 0, 2] < 14.3 + 93.0


def test_denied_systems_and_cables(small: Tables, fly: Fly, without: Callable[..., Tables]) -> None:
    dark = without(small, "laser", "pipe")
    found = search.ways(joined.joined(dark, START), fly_none(2))
    assert not np.isfinite(found.metres[:, SPACE, 0, 1]).any()
    assert found.rtt_ms[:, ALL, 0, 1] == pytest.approx(14.3, abs=1e-6)
    island = without(small, "laser", "P", "all-cables")
    found = search.ways(joined.joined(island, START), fly_none(2))
    assert not np.isfinite(found.metres[:, ALL, 0, 2]).any()
    named = joined.joined(without(small, "CABLE"), START)
    assert not np.isfinite(search.over_ground(named)[0, 2])
    assert search.over_ground(joined.joined(small, START))[0, 2] == pytest.approx(
        (14.3 + 93.0) * search.METRES_PER_MS
    )
    cut = search.ways(joined.joined(without(small, "CABLE"), START), fly(small, 2), paths=True)
    whole = search.ways(joined.joined(small, START), fly(small, 2), paths=True)
    assert np.isfinite(cut.metres[:, ALL, 0, 2]).all()  # over satellites
    assert (cut.metres[:, ALL, 0, 2] >= whole.metres[:, ALL, 0, 2]).all()


def fly_none(steps: int) -> np.ndarray:
    """Places of no satellites."""
    return np.empty((steps, 0, 3))


def test_who_can_see_the_traffic(small: Tables, without: Callable[..., Tables]) -> None:
    who = joined.parties(small)
    graph = joined.joined(without(small, "laser", "pipe"), START, who)
    found = search.ways(graph, fly_none(1))
    owners, countries = who.names(found.parties[0, ALL, 0, 2])
    assert owners == ["C", "D", "N", "T"]
    assert countries == ["FR", "PK"]


def test_a_platform_relays_in_its_footprint(make: Make) -> None:
    """20 km over Lahore it joins the two users that see it, and a satellite carries on from it."""
    given = make()
    above = pd.DataFrame(
        [{"name": "HAPS", "kind": "platform", "lat_deg": 31.2, "lon_deg": 74.0, "country": "PK"}]
    )
    nodes = pd.concat(
        [given.nodes, above.assign(height_m=20e3, owner="H", demand_mbps=0.0)], ignore_index=True
    )
    near = given.ends.assign(lat_deg=[31.56, 30.9, 43.3], lon_deg=[74.35, 73.8, 5.37], node=-1)
    flown = replace(
        given, nodes=nodes, ends=near, platform_deg_m=np.array([[[31.2, 74.0, 20e3]], [[24.0, 60.0, 20e3]]])
    )
    lost = np.full((2, len(given.satellites), 3), np.nan)
    found = search.ways(joined.joined(flown, START), lost, paths=True)
    up, down = (
        np.linalg.norm(geo.ecef_from_geodetic(31.2, 74.0, 20e3) - geo.ecef_from_geodetic(*p))
        for p in ((31.56, 74.35), (30.9, 73.8))
    )
    assert found.metres[0, SPACE, 0, 1] == pytest.approx(up + down, rel=1e-9)
    assert not np.isfinite(found.metres[1, SPACE, 0, 1])  # it has flown away
    down_here = joined.joined(replace(flown, grounded=("HAPS",)), START)
    assert not np.isfinite(search.ways(down_here, lost).metres[:, SPACE, 0, 1]).any()


def test_what_has_no_answer_is_refused(small: Tables, fly: Fly) -> None:
    graph = joined.joined(small, START)
    with pytest.raises(RabtaError, match="other satellites"):
        search.ways(graph, fly(small, 1)[:, 1:])
    with pytest.raises(RabtaError, match="no ways"):
        search.ways(graph, fly(small, 1)[:0])
    broken = small.spans.assign(to_node=[1, 2, 99])
    with pytest.raises(RabtaError, match="node that does not exist"):
        joined.joined(replace(small, spans=broken), START)


def test_spans_without_capacity_carry_nothing(small: Tables) -> None:
    for change in ({"capacity_mbps": [1.0, 0.0, 1.0]}, {"status": ["operating", "planned", "operating"]}):
        graph = joined.joined(replace(small, spans=small.spans.assign(**change)), START)
        assert np.isfinite(search.over_ground(graph)).tolist() == [
            [True, True, False], [True, True, False], [False, False, True],
        ]  # fmt: skip
