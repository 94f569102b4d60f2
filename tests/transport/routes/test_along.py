"""Round trips along a way between its changes, against the search at the same instants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rabta.space import orbits
from rabta.space.propagate import constants, moving
from rabta.transport.routes import along, changes, joined, search
from rabta.transport.routes.held import lasers
from rabta.transport.routes.joined import Tables
from rabta.transport.routes.search import ALL, SPACE

START = np.datetime64("2026-01-13T00:00", "ns")


@pytest.mark.parametrize(("mode", "pair"), [(ALL, [0, 1]), (SPACE, [1, 2]), (ALL, [0, 2])])
def test_round_trips_are_those_of_the_search(small: Tables, mode: int, pair: list[int]) -> None:
    given = replace(small, ends=small.ends.iloc[pair].reset_index(drop=True))
    watch = changes.Watch(given, START, 240.0, mode)
    orbit, graph = constants(moving(given.satellites)), joined.joined(given, START)
    found = [s for s in watch.stretches() if s.nodes and s.end_s - s.start_s > 1.0]
    assert found
    for stretch in found:
        times = np.linspace(stretch.start_s + 0.01, stretch.end_s - 0.01, 5)
        instants = START + np.round(times * 1e9).astype("timedelta64[ns]")
        place = joined.places(given, np.moveaxis(orbits.states(orbit, instants)[0], -1, 0))
        made = search.ways(graph, place, lit=lasers.lit(graph.network, instants, place))
        expected = search.round_trip_ms(np.asarray(made.metres[:, mode, 0, 1], dtype=np.float64))
        assert along.round_trips_ms(watch, stretch, times) == pytest.approx(expected, abs=1e-6)
        assert along.round_trips_ms(watch, stretch, np.array([stretch.end_s]))[0] == pytest.approx(
            stretch.last_ms, abs=2e-4
        ), "a change is known to the millisecond, in which a way may grow by 0.2 us"


def test_no_way_has_no_round_trip(small: Tables) -> None:
    given = replace(small, ends=small.ends.iloc[:2].reset_index(drop=True))
    watch = changes.Watch(given, START, 10.0)
    none = changes.Stretch(0.0, 1.0, (), (), np.nan, np.nan)
    assert np.isnan(along.round_trips_ms(watch, none, np.array([0.5]))).all()
