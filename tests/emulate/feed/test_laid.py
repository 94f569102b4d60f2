"""Ways over a constellation laid out beforehand, against another propagator, search and geometry."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from sgp4.api import SatrecArray

from rabta.emulate.feed.laid import Laid, laid, network
from rabta.emulate.feed.sky import Sky
from rabta.errors import RabtaError
from rabta.space.network.geometry import Sites
from rabta.space.network.topology import Network, Shell, shell_network
from rabta.space.propagate import satrecs

START = np.datetime64("2026-03-01T06:00:00", "ns")
DAY0 = 2_461_100.75  # Julian date of it
PLACES = (("Karachi", 24.86, 67.01), ("Gilgit", 35.92, 74.31), ("Quetta", 30.18, 67.0), ("Pole", -89.0, 0.0))
SECONDS, STEP_S = 240.0, 0.5
LIGHT_M_S, GRAZING_M = 299_792_458.0, 6_378_137.0 + 80e3


def sky() -> Sky:
    net = shell_network(Shell("S", 550.0, 53.0, planes=36, per_plane=20, phasing=11, epoch_jd=DAY0))
    return Sky(net, Sites.of(PLACES), START, STEP_S)


def one_way_ns(net: Network, second: float) -> np.ndarray:
    """Delays from all places to the first by python-sgp4, GMST (Vallado, eq. 3-47), WGS84 and scipy."""
    fraction = second / 86_400.0
    error, km, _ = SatrecArray(satrecs(net.elements)).sgp4(np.array([DAY0]), np.array([fraction]))
    assert not error.any()
    ut = (DAY0 - 2_451_545.0 + fraction) / 36_525.0
    sidereal = 67_310.54841 + (876_600 * 3600 + 8_640_184.812866) * ut + 0.093104 * ut**2 - 6.2e-6 * ut**3
    turn = np.radians(sidereal % 86_400.0 / 240.0)
    lat, lon = np.radians([p[1] for p in PLACES]), np.radians([p[2] for p in PLACES]) + turn
    square = (2.0 - 1.0 / 298.257223563) / 298.257223563
    across = 6_378_137.0 / np.sqrt(1.0 - square * np.sin(lat) ** 2)
    up = np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)
    site = across[:, None] * up * (1.0, 1.0, 1.0 - square)
    place = km[:, 0] * 1e3
    way = place[None] - site[:, None]
    far = np.linalg.norm(way, axis=-1)
    clear = np.degrees(np.arcsin(np.einsum("skx,sx->sk", way, up) / far)) >= 25.0
    a, b = net.edges.T
    length = np.linalg.norm(place[a] - place[b], axis=1)
    foot = np.sqrt(np.linalg.norm(place[a], axis=1) ** 2 - (length / 2.0) ** 2)
    assert (foot > GRAZING_M).all(), "every laser of this shell is clear of the Earth"
    s, k = np.nonzero(clear)
    first = s == 0  # up from the server, down to the users: nobody on the ground relays
    rows = np.concatenate([a, b, np.where(first, net.size, k)])
    cols = np.concatenate([b, a, np.where(first, k, net.size + s)])
    lengths = np.concatenate([length, length, far[s, k]])
    links = csr_array((lengths, (rows, cols)), shape=(net.size + len(PLACES),) * 2)
    metres = dijkstra(links, indices=net.size)[net.size + 1 :]
    return metres / LIGHT_M_S * 1e9


@pytest.fixture(scope="module")
def found() -> Laid:
    return laid(sky(), SECONDS)


def test_delays_are_those_of_another_propagator_and_another_search(found: Laid) -> None:
    """At the begin of steps to what SGP4 is rounded to: a millimetre is 3 ps."""
    net = sky().network
    for second in np.arange(0.0, SECONDS, 12.5):
        expected = one_way_ns(net, float(second))
        for user, pieces in enumerate(found.pieces):
            row = pieces[np.searchsorted(pieces[:, 0], second * 1e9 + 1.0) - 1]
            if np.isfinite(expected[user]):
                assert row[1] == pytest.approx(expected[user], abs=0.01), (user, second)
            else:
                assert row[1] == -1.0


def test_routes_change_and_between_changes_delays_join(found: Laid) -> None:
    """Some changes in four minutes; where none is, the line of a step ends where the next begins."""
    for user in (0, 1):
        assert 2 <= found.changes[user] < 60
        rows = found.pieces[user]
        jump = np.abs(rows[1:, 1] - rows[:-1, 1] - rows[:-1, 2] * np.diff(rows[:, 0]))
        assert (jump > 1.0).sum() <= found.changes[user], "a new route of one length does not jump"
        assert (jump > 1000.0).any()


def test_figures_of_the_ways_and_a_place_without_any(found: Laid) -> None:
    least, mean, most = found.rtt_ms[0]
    straight = 2e3 * 1.36e6 / LIGHT_M_S  # Karachi to Gilgit, round trip along the ground
    assert straight < least < mean < most < 40.0
    assert found.out_s.tolist() == [0.0, 0.0, SECONDS]
    assert np.isnan(found.rtt_ms[2]).all()
    assert found.pieces[2].tolist() == [[0.0, -1.0, 0, 0, 0, 0, 0]], "one outage"


def test_too_much_is_refused_and_so_are_constellations_without_lasers() -> None:
    with pytest.raises(RabtaError, match="too long for so many users"):
        laid(sky(), 1e6)
    with pytest.raises(RabtaError, match="without lasers"):
        network("oneweb", START)
    assert network("starlink-gen1-filed", START).size == 4408
