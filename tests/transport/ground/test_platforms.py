"""Platforms and aircraft: horizon, flight, who sees them, and how a scenario names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta import run, scenario
from rabta.errors import RabtaError
from rabta.scenario import Platform
from rabta.transport.ground.platforms import nearest_seen, platform_positions, radio_horizon_m

START = np.datetime64("2026-01-13T00:00")
PLANE = {"name": "Plane", "height_m": 11e3, "capacity_mbps": 100.0, "speed_km_h": 900.0}
STATION = {"name": "Station", "height_m": 20e3, "capacity_mbps": 1e3, "lat_deg": 30.2, "lon_deg": 67.0}
HOURS = np.timedelta64(60, "m")
DEGREE_KM = 6371.0088 * np.pi / 180.0


@pytest.mark.parametrize("height_m", [10.0, 100.0, 1000.0, 11e3, 20e3])
def test_horizon_as_in_federal_standard_1037c(height_m: float) -> None:
    """FS-1037C, radio horizon range: 2.23 times the root of the height in metres, in nautical miles.

    It drops second-order terms "of the order of 0.1 %" for masts; its factor is rounded to three digits.
    """
    theirs = 2.23 * np.sqrt(height_m) * 1.852
    assert float(radio_horizon_m(height_m)) / 1e3 == pytest.approx(theirs, rel=0.005)
    assert float(radio_horizon_m(-5.0)) == 0.0


def test_an_aircraft_flies_there_and_back() -> None:
    """Ten degrees of the equator, then ten of a meridian, at ten degrees an hour."""
    way = ((0.0, 60.0), (0.0, 70.0), (10.0, 70.0))
    plane = Platform(**{**PLANE, "waypoints": way, "speed_km_h": 10 * DEGREE_KM})
    times = START + np.array([0, 30, 60, 90, 120, 150, 240, 270]) * np.timedelta64(1, "m")
    found = platform_positions([plane, Platform(**STATION)], times, START)
    expected = [(0, 60), (0, 65), (0, 70), (5, 70), (10, 70), (5, 70), (0, 60), (0, 65)]
    assert found[:, 0, :2] == pytest.approx(np.array(expected, dtype=float), abs=1e-6)
    assert (found[:, 0, 2] == 11e3).all()
    assert (found[:, 1] == [30.2, 67.0, 20e3]).all()
    assert platform_positions([], times, START).shape == (8, 0, 3)


def test_great_circles_over_the_date_line() -> None:
    plane = Platform(**{**PLANE, "waypoints": ((0.0, 170.0), (0.0, -170.0)), "speed_km_h": 10 * DEGREE_KM})
    found = platform_positions([plane], np.array([START + HOURS]), START)
    assert abs(found[0, 0, 1]) == pytest.approx(180.0, abs=1e-6)


def test_the_nearest_site_in_sight() -> None:
    """From 20 km above the equator the ground is seen to 582 km, 5.23 degrees; behind a height less far."""
    position = np.array([[0.0, 0.0, 20e3], [0.0, 40.0, 20e3]])
    sites = np.array([[0.0, 5.2, 0.0], [0.0, 5.3, 0.0], [0.0, -4.9, 5e3]])
    site, slant = nearest_seen(position, sites[[0, 1]])
    assert site.tolist() == [0, -1]
    equator, top = 6_378_137.0, 6_398_137.0  # law of cosines
    expected = np.sqrt(equator**2 + top**2 - 2 * equator * top * np.cos(np.radians(5.2)))
    assert slant[0] == pytest.approx(expected, rel=1e-9)
    assert np.isinf(slant[1])
    assert nearest_seen(position[:1], sites[2:])[0].tolist() == [-1]  # 15 km above the site: 504 km, 4.54 deg
    lower = np.array([[0.0, -4.5, 5e3]])
    assert nearest_seen(position[:1], lower)[0].tolist() == [0]
    assert nearest_seen(position, np.empty((0, 3)))[0].tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"name": "A", "height_m": 2e4, "capacity_mbps": 1.0}, "either lat_deg"),
        ({**STATION, "speed_km_h": 100.0}, "either lat_deg"),
        ({**STATION, "waypoints": [[0, 0], [1, 1]], "speed_km_h": 1.0}, "either lat_deg"),
        ({**PLANE, "waypoints": [[0, 0]]}, "either lat_deg"),
        ({**PLANE, "waypoints": [[0, 0], [0, 0]]}, "twice in a row"),
        ({**PLANE, "waypoints": [[0, 0], [99, 0]]}, "transport.platforms.0.waypoints"),
        ({**STATION, "heigth_m": 1.0}, "height_m"),
        ({**STATION, "capacity_mbps": 0.0}, "capacity_mbps"),
    ],
)
def test_platforms_that_make_no_sense_are_refused(row: dict[str, Any], words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        scenario.validate({"transport": {"platforms": [row]}})


def test_two_platforms_of_one_name_are_refused() -> None:
    with pytest.raises(RabtaError, match="named twice: Station"):
        scenario.validate({"transport": {"platforms": [STATION, STATION]}})


def test_a_scenario_with_platforms_is_written_and_read(tmp_path: Path) -> None:
    way = {**PLANE, "waypoints": [[24.9, 67.2], [33.6, 73.1]]}
    given = scenario.validate({"transport": {"platforms": [STATION, way]}})
    path = tmp_path / "again.toml"
    path.write_text(run.to_toml(given), encoding="utf-8")
    assert scenario.load(path) == given


def test_platforms_in_the_network(network: Any) -> None:
    """Over Quetta its gateway is nearest; nobody at home sees one in the south of the Indian Ocean."""
    far = {**STATION, "name": "Nowhere", "lat_deg": -40.0}
    found = network(platforms=[STATION, {**PLANE, "waypoints": [[24.9, 67.2], [33.6, 73.1]]}, far])
    nodes, spans = found["nodes"], found["spans"]
    rows = nodes.index[nodes["kind"] == "platform"]
    assert nodes["name"][rows].tolist() == ["Station", "Plane", "Nowhere"]
    links = spans[spans["to_node"].isin(rows)].set_index("to_node")
    assert links["kind"].tolist() == ["feeder", "feeder"]
    assert nodes["name"][links["from_node"]].tolist()[0] == "Quetta LEO gateway"
    assert links["capacity_mbps"].tolist() == [1e3, 100.0]
    assert links["delay_ms"].to_numpy() == pytest.approx(links["route_km"].to_numpy() / 299.792458)
    assert nodes["cell"][rows].tolist() == [-1, -1, -1]
