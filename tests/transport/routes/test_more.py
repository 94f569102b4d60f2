"""Disjoint ways, ways under load, exact changes, places and the table of routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from rabta import schema
from rabta.errors import RabtaError
from rabta.space import orbits
from rabta.space.network.disjoint import disjoint_paths
from rabta.space.network.geometry import Scene
from rabta.space.propagate import constants, moving
from rabta.transport.routes import changes, disjoint, ends, joined, load, search, summary
from rabta.transport.routes.graph import Graph, without
from rabta.transport.routes.held import lasers
from rabta.transport.routes.joined import Parties, Tables
from rabta.transport.routes.search import ALL, SPACE

START = np.datetime64("2026-01-13T00:00", "ns")
Fly = Callable[..., np.ndarray]
Make = Callable[..., Tables]


def test_disjoint_ways_are_those_of_the_space_engine(
    make: Make, walk: Callable[..., pd.DataFrame], fly: Fly
) -> None:
    """Suurballe's sets over lasers alone, as `rabta.space.network.disjoint` finds them."""
    given = make(walk(36, 22, "laser", 0), (True,))
    graph = without(joined.joined(given, START), relays=False)
    for position in fly(given, 4, 400.0):
        views = search.look(graph, position[None])
        length = disjoint._lasers(graph, position)[2]
        scene = Scene(length[None], views.count, views.seen, views.range_m)
        for a, b in ((0, 1), (0, 2), (1, 2)):
            ours = disjoint.disjoint_ways(graph, position, a, b, 4, mode=SPACE, views=views)
            known = disjoint_paths(graph.network, scene, 0, a, b, 4)
            assert [metres for metres, _ in ours] == pytest.approx([metres for metres, _ in known])
            assert [way[1:-1] for _, way in ours] == [way for _, way in known]


def test_disjoint_ways_over_everything(small: Tables, fly: Fly) -> None:
    """They share no node; the first of one is the shortest way; cables are among them."""
    graph, position = joined.joined(small, START), fly(small, 1)
    best = search.ways(graph, position).metres[0, ALL]
    for a, b in ((0, 1), (1, 2)):
        ways = disjoint.disjoint_ways(graph, position[0], a, b, 4)
        inner = [node for _, way in ways for node in way[1:-1]]
        assert len(inner) == len(set(inner))
        assert len(ways) > 1
        alone = disjoint.disjoint_ways(graph, position[0], a, b, 1)
        assert alone[0][0] == pytest.approx(best[a, b], rel=1e-12)
    count, metres = disjoint.backups(graph, position[0], search.look(graph, position), 2)
    assert count[0, 1] == 2
    assert metres[0, 1] >= best[0, 1]
    with pytest.raises(RabtaError, match="no ways"):
        disjoint.disjoint_ways(graph, position[0], 1, 1, 2)


def limits(graph: Graph, wire: float, space: float) -> load.Capacity:
    return load.Capacity(
        np.full(graph.network.size, space),
        np.full(len(graph.sites), np.inf),
        np.full(len(graph.network.arcs[1]), space),
        np.full(len(graph.ground.target), wire),
    )


def test_load_is_spread(small: Tables, fly: Fly) -> None:
    """Two pairs share the cable from Karachi to Marseille; one of them has to go over satellites."""
    still = small.ends.assign(lat_deg=[31.55, 24.86, 43.3], lon_deg=[74.34, 67.01, 5.37])
    fast = small.spans.assign(delay_ms=[3.5, 19.8, 0.2])  # the cable is the shortest way for both
    graph = joined.joined(replace(small, ends=still, spans=fast), START)
    position = fly(small, 1)[0]
    demand = np.zeros((3, 3))
    demand[0, 2] = demand[1, 2] = 600.0
    made = load.least_load(graph, position, demand, limits(graph, 1000.0, 1000.0))
    assert made.used_at_first.max() == pytest.approx(1.2)
    assert made.used.max() == pytest.approx(0.6)
    best = search.ways(graph, position[None]).metres[0, ALL]
    assert (made.metres >= [best[0, 2] - 1e-6, best[1, 2] - 1e-6]).all()
    assert made.metres.sum() > best[0, 2] + best[1, 2]


def test_without_load_nothing_is_changed(small: Tables, fly: Fly) -> None:
    graph, position = joined.joined(small, START), fly(small, 1)
    made = load.least_load(graph, position[0], np.ones((3, 3)), limits(graph, 1e6, 1e6))
    best = search.ways(graph, position).metres[0, ALL]
    assert made.pairs == [(0, 1), (0, 2), (1, 2)]
    assert made.metres == pytest.approx([best[0, 1], best[0, 2], best[1, 2]])
    assert made.used.max() < load.HEAVY


ARC = {"gso_avoidance_deg": [25.0, 10.0]}
LIMITS = {"isl_acquisition_s": [20.0, 0.0], "isl_polar_cutoff_deg": [45.0, 90.0], "isl_max_km": np.inf}


@pytest.mark.parametrize(
    ("mode", "pair", "seconds", "limits"),
    [
        (ALL, (0, 1), 400.0, {}),
        (SPACE, (1, 2), 240.0, {}),
        (SPACE, (1, 2), 280.0, LIMITS),
        (SPACE, (0, 1), 280.0, ARC),
    ],
)
def test_no_change_is_missed(
    small: Tables, mode: int, pair: tuple[int, int], seconds: float, limits: dict[str, list[float]]
) -> None:
    """At every tenth of a second the best way is that of its stretch; changes are within a millisecond."""
    given = replace(
        small,
        ends=small.ends.iloc[list(pair)].reset_index(drop=True),
        systems=small.systems.assign(**limits),
    )
    found = changes.Watch(given, START, seconds, mode).stretches()
    assert len(found) > 3
    assert [a.end_s for a in found[:-1]] == [b.start_s for b in found[1:]]
    assert (found[0].start_s, found[-1].end_s) == (0.0, seconds)
    graph, edges = joined.joined(given, START), np.array([s.start_s for s in found])
    orbit = constants(moving(given.satellites))

    def at(times: np.ndarray) -> list[tuple[int, ...]]:
        instants = START + np.round(times * 1e9).astype("timedelta64[ns]")
        place = joined.places(given, np.moveaxis(orbits.states(orbit, instants)[0], -1, 0))
        made = search.ways(graph, place, paths=True, lit=lasers.lit(graph.network, instants, place))
        return [tuple(made.way(i, mode, 0, 1)) for i in range(len(times))]

    for first in np.arange(0.0, seconds, 40.0):
        times = np.arange(first, first + 40.0, 0.1)
        for time, way in zip(times, at(times), strict=True):
            if np.abs(edges - time).min() > 2e-3:
                assert way == found[int(np.searchsorted(edges, time, side="right")) - 1].nodes, time
    inner = edges[1:]
    assert all(a != b for a, b in zip(at(inner - 2e-3), at(inner + 1e-3), strict=True))


def test_changes_say_why(small: Tables) -> None:
    given = replace(small, ends=small.ends.iloc[[1, 2]].reset_index(drop=True))
    found = changes.Watch(given, START, 300.0, SPACE).stretches()
    assert found[0].cause == "start"
    for before, after in pairwise(found):
        if after.cause == "shorter":  # the two are as long as each other when they change places
            assert after.first_ms == pytest.approx(before.last_ms, abs=2e-3)
    assert {s.cause for s in found} <= {"start", "shorter", "link up", "link down"}
    assert any(s.cause == "link down" for s in found)


def test_nothing_in_view_is_one_outage(small: Tables, without: Callable[..., Tables]) -> None:
    given = replace(without(small, "trunk"), ends=small.ends.iloc[:2].reset_index(drop=True))
    kind = given.systems.assign(kind="navigation")  # no terminal is for these
    given = replace(given, systems=kind)
    found = changes.Watch(given, START, 60.0).stretches()
    assert [(s.start_s, s.end_s, s.nodes) for s in found] == [(0.0, 60.0, ())]
    assert np.isnan(found[0].first_ms)


def towns() -> pd.DataFrame:
    rows = [("A", 31.5, 74.3, 900, "P", 0), ("B", 31.0, 73.0, 800, "P", 0), ("C", 25.0, 67.0, 700, "S", 1)]
    return pd.DataFrame(rows, columns=["name", "lat_deg", "lon_deg", "people", "province", "cell_row"])


def test_places_are_the_largest_of_every_province_unless_named(small: Tables) -> None:
    given = {"country": "PK", "detour": 1.2}
    table = ends.ends(towns(), small.nodes, np.array([0, 1]), (), (), **given)
    assert table["name"].tolist() == ["A", "B", "C", "Marseille"]
    assert table["node"].tolist() == [0, 0, 1, 2]
    assert table["access_km"].iloc[0] == pytest.approx(1.2 * 6.7, rel=0.02)
    assert list(table.columns) == list(schema.tables()["ends"])
    few = ends.ends(towns(), small.nodes, None, ("c", "A"), ("marseille",), **given)
    assert few["name"].tolist() == ["C", "A", "Marseille"]
    assert few["node"].tolist() == [1, 0, 2]
    with pytest.raises(RabtaError, match=r"(?s)no such place.*did you mean .Marseille"):
        ends.ends(towns(), small.nodes, None, (), ("Marseile",), **given)
    with pytest.raises(RabtaError, match="named twice"):
        ends.ends(towns(), small.nodes, None, ("A", "a"), (), **given)


def test_the_table_of_routes() -> None:
    """One pair over four steps: an outage, a change, and two of three steps over space."""
    places = pd.DataFrame(
        {"name": ["X", "Y"], "kind": "home", "lat_deg": [24.86, 31.55], "lon_deg": [67.01, 74.34]}
    )

    def pair(values: list[float], kind: type = float) -> np.ndarray:
        out = np.zeros((len(values), 2, 2), dtype=kind)
        out[:, 0, 1] = out[:, 1, 0] = values
        return out

    who = Parties(("L", "M"), ("IR", "PK"))
    parties = np.zeros((4, 2, 2, 1), dtype=np.uint8)
    parties[0, 0, 1] = who.bits("L", "PK")
    parties[1, 0, 1] = who.bits("M", "IR")
    nan = np.nan
    series = summary.Series(
        pair([10.0, 12.0, nan, 11.0]), pair([10.0, nan, nan, 14.0]), np.full((2, 2), 15.0),
        pair([5, 6, 0, 6], np.uint64), pair([5, 0, 0, 7], np.uint64), pair([1, 0, 0, 1], int),
        pair([1, 0, 0, 3], int), parties, pair([2, -1, -1, 1], int), pair([16.0, nan, nan, nan]),
    )  # fmt: skip
    row = summary.routes(places, series, who, "PK").iloc[0]
    assert row["great_circle_km"] == pytest.approx(1026, rel=0.01)
    assert row["fibre_rtt_ms"] == pytest.approx(10.0, abs=0.15)
    assert (row["space_min_ms"], row["space_median_ms"], row["space_max_ms"]) == (10.0, 12.0, 14.0)
    assert (row["space_share"], row["connected_share"], row["satellites"]) == (0.5, 0.75, 2.0)
    assert (row["path_changes"], row["space_path_changes"]) == (3, 2)
    assert row["uses_space_share"] == pytest.approx(2 / 3)
    assert (row["disjoint_paths"], np.isnan(row["backup_rtt_ms"])) == (1, True)
    assert (row["owners"], row["countries"], row["leaves_country"]) == ("L, M", "IR PK", True)
