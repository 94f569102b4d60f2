"""Delays against closed forms and scipy's shortest paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from rabta import catalog, geo
from rabta.errors import RabtaError
from rabta.transport import latency
from rabta.transport.gateways import Fleet, Landing, Sites
from rabta.units import SPEED_OF_LIGHT_M_S


def sites(lat: list[float], lon: list[float], exchange_km: float = 0.0) -> Sites:
    n = len(lat)
    return Sites(
        geo.ecef_from_geodetic(lat, lon).reshape(n, 3),
        geo.east_north_up(lat, lon)[:, 2].copy(),
        np.full(n, 8),
        np.full(n, 1e3),
        np.full(n, exchange_km),
        np.ones((n, 1), np.uint8),
    )


def onward(position: np.ndarray, link: list[int], links: np.ndarray, place: Sites) -> np.ndarray:
    count = position.shape[0]
    fleet = Fleet(
        position[None].astype(np.float32), np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(1)
    )
    landed = Landing(np.array([link], np.int32), np.array([link], np.int32), np.ones((1, 1, 1)))
    return latency.onward_s(fleet, landed, place, links, np.ones((1, count), np.uint8))[0]


@pytest.mark.parametrize(("altitude", "expected"), [(550e3, 7.34), (1200e3, 16.01)])
def test_bent_pipe_at_the_zenith(altitude: float, expected: float) -> None:
    """4 h / c, over a gateway beside the user."""
    above = geo.ecef_from_geodetic(30.0, 70.0, altitude)[None]
    rest = onward(above, [0], np.full((1, 8), -1, np.int32), sites([30.0], [70.0]))
    slot, usable = np.zeros((1, 1, 1), np.int16), np.ones((1, 1, 1), bool)
    found = latency.round_trip_ms(slot, usable, np.full((1, 1, 1), altitude, np.float32), rest[None])
    assert found[0, 0] == pytest.approx(expected, abs=0.01)


def test_fibre_is_added_there_and_back() -> None:
    above = geo.ecef_from_geodetic(30.0, 70.0, 550e3)[None]
    links = np.full((1, 8), -1, np.int32)
    near, far = (onward(above, [0], links, sites([30.0], [70.0], km)) for km in (0.0, 1026.0))
    assert 2e3 * (far - near)[0] == pytest.approx(10.05, abs=0.01)  # 2 * 1026 km * 1.468 / c


def test_shortest_paths_agree_with_scipy() -> None:
    """300 satellites of random places and links, two gateways; infinity where the mesh is cut."""
    rng = np.random.default_rng(5)
    lat, lon = rng.uniform(0, 50, 300), rng.uniform(45, 100, 300)
    position = geo.ecef_from_geodetic(lat, lon, 550e3).astype(np.float32).astype(np.float64)
    pairs = rng.integers(0, 280, (400, 2))  # the last twenty have no link
    links = np.full((300, 8), -1, np.int32)
    weights = np.zeros((300, 300))
    for a, b in pairs[pairs[:, 0] != pairs[:, 1]]:
        span = np.linalg.norm(position[a] - position[b])
        reach = sum(np.sqrt(p @ p - (6_371_008.8 + 80e3) ** 2) for p in (position[a], position[b]))
        here, there = (np.flatnonzero(links[s] < 0) for s in (a, b))
        if here.size and there.size:
            links[a, here[0]], links[b, there[0]] = b, a
            if span <= reach:
                weights[a, b] = weights[b, a] = span / SPEED_OF_LIGHT_M_S
    link = [-1] * 300
    link[7], link[90] = 0, 1
    place = sites([25.0, 40.0], [60.0, 80.0], exchange_km=700.0)
    start = np.full(300, np.inf)
    for s, g in ((7, 0), (90, 1)):
        start[s] = np.linalg.norm(position[s] - place.position_m[g]) / SPEED_OF_LIGHT_M_S
        start[s] += float(latency.fibre_s(700.0))
    across = dijkstra(sparse.csr_matrix(weights), directed=False)
    expected = (start[:, None] + across).min(axis=0)
    assert np.isinf(expected).sum() > 20
    assert np.isfinite(expected).sum() > 50
    np.testing.assert_allclose(
        onward(position, link, links, place), expected, rtol=1e-7
    )  # positions are float32


def test_first_slot_with_a_path_counts() -> None:
    slot = np.array([[[0, 1], [1, 0], [-1, -1], [0, -1]]], np.int16)
    usable = np.array([[[True, True], [True, True], [False, False], [False, False]]])
    range_m = np.full((1, 4, 2), SPEED_OF_LIGHT_M_S / 1e3, np.float32)  # one millisecond
    rest = np.array([[np.inf, 4e-3]])
    found = latency.round_trip_ms(slot, usable, range_m, rest)
    np.testing.assert_allclose(found, [[10.0, 10.0, np.nan, np.nan]], rtol=1e-6)


def test_no_satellites_and_no_gateways() -> None:
    slot, usable = np.full((2, 3, 1), -1, np.int16), np.zeros((2, 3, 1), bool)
    found = latency.round_trip_ms(slot, usable, np.zeros((2, 3, 1), np.float32), np.empty((2, 0)))
    assert np.isnan(found).all()
    above = geo.ecef_from_geodetic(30.0, 70.0, 550e3)[None]
    empty = sites([], [])
    assert np.isinf(onward(above, [-1], np.full((1, 8), -1, np.int32), empty)).all()


def test_cable_to_the_exchange_is_longer_than_the_geodesic() -> None:
    """Lahore-Karachi airports: 1,026.1 km on the ellipsoid (PROJ, pyproj.Geod); 1.2 of it, there and back."""
    found = latency.Exchange("Karachi", 24.9056, 67.0822, 1.2).route_ms(31.5216, 74.4036)
    assert found == pytest.approx(2 * 1.2 * 1026.1e3 * 1.468 / 299_792_458.0 * 1e3, rel=6e-3)


def test_the_exchange_of_the_nation_and_of_its_gateways_is_one() -> None:
    """exchange_km, made along the route's towns, is no shorter; that of sites in Karachi is rounded."""
    exchange = latency.exchange("pakistan")
    for gateway in catalog.entry("gateways", "pakistan").data["gateways"]:
        straight = geo.great_circle_m(
            gateway["lat_deg"], gateway["lon_deg"], exchange.lat_deg, exchange.lon_deg
        )
        far_km = exchange.route_factor * straight / 1e3
        assert gateway["exchange_km"] > 0.98 * far_km - 5.0, gateway["name"]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("", "exchange.lat_deg"),
        ("lat_deg = 1.0\nlon_deg = 2.0\nroute_factor = 0.9", "exchange.route_factor"),
        ("lat_deg = true", "exchange.lat_deg"),
    ],
)
def test_a_nation_without_an_exchange_is_refused(
    table: str, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "nations"
    folder.mkdir()
    head = 'title = "t"\nsource = "s"\nlicence = "l"\nretrieved = "2026-01-01"\n'
    (folder / "isle.toml").write_text(f"{head}[exchange]\n{table}\n", encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError, match=key):
        latency.exchange("isle")
