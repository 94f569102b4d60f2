"""Zones that rules make, what they answer, and what flights they meet."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.airspace.geozones import conflicts, ed269, ed318
from rabta.airspace.geozones import rules as r
from rabta.airspace.geozones.heights import Ground, Height, Reference, converted
from rabta.airspace.geozones.model import Area, Kind, Layer, Zone
from rabta.airspace.geozones.picture import COLOURS, GROUND, pixels
from rabta.airspace.geozones.schedule import Period
from rabta.airspace.volumes import Circle, Polygon, Volume
from rabta.cli.main import _commands, app
from rabta.radio.terrain import raster
from rabta.scenario import Nation

AIRPORT = (33.5607, 72.8516)  # Islamabad International, OPIS


def zone(area, lower=None, upper=None, kind=Kind.PROHIBITED, periods=()):
    return Zone("Z1", "PAK", kind, "COMMON", (Layer((area,), lower, upper),), periods)


def flight(lat, lon, low=600.0, high=700.0, radius=50.0, start=0.0, end=600.0):
    return [Volume(Circle(lat, lon, radius), low, high, start, end)]


@pytest.fixture(scope="module")
def made():
    return r.zones(r.rules("pakistan"), Nation())


@pytest.fixture(scope="module")
def ground():
    return Ground(raster.load())


def answer(made, place, mass=1.2, height=None):
    height = height or Height(50.0, Reference.AGL)
    return r.answer(r.rules("pakistan"), made.zones, place, height, 0.0, mass, Ground(raster.load()))


def test_six_kilometres_around_every_aerodrome(made):
    """The press's 6 km, on the ellipsoid: by pyproj's geodesics, a metre inside and a metre outside."""
    import pyproj

    circles = [one for one in made.zones if one.identifier.startswith("AD")]
    assert len(circles) == 102
    held = {one.identifier: one.layers[0].areas[0].outline for one in circles}
    geod = pyproj.Geod(ellps="WGS84")
    for name, circle in list(held.items())[::20]:
        only = [one for one in circles if one.identifier == name]
        for far, met in ((5_999.0, True), (6_001.0, False)):
            lon, lat, _ = geod.fwd(circle.lon_deg, circle.lat_deg, 77.0, far)
            assert bool(conflicts(flight(lat, lon, radius=0.01), only)) is met


def test_the_border_is_on_land_and_two_kilometres_wide(made):
    """Wagah, Torkham and Taftan lie at the border; the coast at Karachi, and Lahore's middle, do not."""
    border = [one for one in made.zones if one.identifier.startswith("BD")]
    for lat, lon in ((31.6047, 74.5725), (34.1225, 71.0958), (28.9760, 61.5500)):
        assert conflicts(flight(lat, lon, radius=3_000.0), border)
    for lat, lon in (
        (24.77, 66.95),
        (25.20, 63.50),
        (24.10, 67.45),
        (25.11, 62.32),
        (31.5497, 74.3436),
        (30.2, 67.0),
    ):
        assert not conflicts(flight(lat, lon, radius=500.0), border)


def test_zones_come_back_from_both_standards(made):
    assert ed318.read(ed318.write(made)) == made
    back = ed269.read(ed269.write(made))
    assert [one.layers for one in back.zones if one.identifier[:2] == "AD"] == [
        one.layers for one in made.zones if one.identifier[:2] == "AD"
    ]


def test_verdicts_and_their_sources(made):
    near = answer(made, (AIRPORT[0] + 0.01, AIRPORT[1]))
    assert (near.verdict, near.category) == ("prohibited", "II")
    assert "tribune.com.pk" in near.reasons[0]["source"]
    assert near.reasons[0]["status"] == "draft"
    free = answer(made, (30.05, 72.80), mass=0.2)
    assert (free.verdict, free.category) == ("allowed", "I")
    assert answer(made, (30.05, 72.80), mass=150.0).verdict == "authorisation required"


def test_categories_by_mass():
    """Dawn, 24 June 2024: up to 250 g, to 10 kg, to 25 kg, to 100 kg; beyond, as manned aircraft."""
    held = r.rules("pakistan")
    for mass, name in ((0.25, "I"), (0.251, "II"), (10.0, "II"), (10.1, "III"), (25.0, "III"), (100.0, "IV"),
                       (101.0, "manned rules")):  # fmt: skip
        assert held.category(mass)["name"] == name
    with pytest.raises(r.RabtaError):
        held.category(0.0)
    with pytest.raises(r.RabtaError):
        held.category(float("nan"))


def test_a_limit_above_the_sea_is_not_one_above_the_ellipsoid():
    """550 m above the sea over Islamabad is 504 m above the ellipsoid (EGM96: -46 m)."""
    held = [zone(Area(Circle(33.68, 73.05, 1_000.0)), upper=Height(550.0, Reference.AMSL))]
    (sure,) = conflicts(flight(33.68, 73.05, 400.0, 500.0), held)
    assert sure.sure
    assert conflicts(flight(33.68, 73.05, 520.0, 540.0), held) == []
    level = [zone(Area(Circle(33.68, 73.05, 1_000.0)), upper=Height(550.0, Reference.WGS84))]
    assert conflicts(flight(33.68, 73.05, 520.0, 540.0), level)


def test_limits_above_the_ground_follow_the_terrain(ground):
    """No place of the zone that the flight touches is left out, and what may not meet is marked."""
    lat, lon = 33.76, 73.07  # Margalla hills
    held = [zone(Area(Circle(lat, lon, 2_000.0)), Height(0.0, Reference.AGL), Height(100.0, Reference.AGL))]
    low, high = (
        converted(Height(v, Reference.AGL), Reference.WGS84, lat, lon, ground).value for v in (40, 60)
    )
    assert conflicts(flight(lat, lon, low, high), held, ground)
    assert conflicts(flight(lat, lon, 9_000.0, 9_100.0), held, ground) == []
    (doubt,) = conflicts(flight(lat, lon, 9_000.0, 9_100.0), held)  # without ground: never left out
    assert not doubt.sure


def test_holes_and_edges():
    ring = tuple((33.0 + a, 73.0 + b) for a, b in ((0, 0), (0, 0.2), (0.2, 0.2), (0.2, 0)))
    hole = tuple((33.0 + a, 73.0 + b) for a, b in ((0.05, 0.05), (0.05, 0.15), (0.15, 0.15), (0.15, 0.05)))
    held = [zone(Area(Polygon(ring), (Polygon(hole),)))]
    assert conflicts(flight(33.1, 73.1), held) == []
    assert conflicts(flight(33.1, 73.1, radius=8_000.0), held)
    assert conflicts(flight(33.02, 73.02), held)
    square = Polygon(
        tuple((33.1 + a, 73.1 + b) for a, b in ((-0.02, -0.02), (-0.02, 0.02), (0.02, 0.02), (0.02, -0.02)))
    )
    assert conflicts([Volume(square, 0.0, 9.0, 0.0, 9.0)], held) == []


def test_overlapping_zones_are_all_told():
    area = Area(Circle(33.0, 73.0, 500.0))
    assert len(conflicts(flight(33.0, 73.0), [zone(area), zone(area, kind=Kind.CONDITIONAL)])) == 2


def test_times_count():
    held = [zone(Area(Circle(33.0, 73.0, 500.0)), periods=(Period("2026-01-01T00:00:00Z"),))]
    assert conflicts(flight(33.0, 73.0), held) == []
    assert conflicts(flight(33.0, 73.0, start=0.0, end=math.inf), held)


def test_a_map_of_zones():
    """The share of red pixels is that of the circle in the box."""
    box = (32.95, 72.95, 33.05, 73.05)
    shown = pixels([zone(Area(Circle(33.0, 73.0, 3_000.0)))], box, wide=400)
    red = (shown == np.array(COLOURS[Kind.PROHIBITED])).all(-1).mean()
    land = 0.1 * 111_195.0 * 0.1 * 111_195.0 * math.cos(math.radians(33.0))
    assert red == pytest.approx(math.pi * 3_000.0**2 / land, rel=0.01)
    assert (shown[0, 0] == np.array(GROUND)).all()


def test_commands(tmp_path, made):
    if not app.registered_commands:
        _commands()
    run = CliRunner()
    file = tmp_path / "zones.json"
    file.write_text(ed318.write(made))
    place = [str(AIRPORT[0]), str(AIRPORT[1]), "50"]
    told = run.invoke(app, ["airspace", "check", *place, "--mass", "1.2", "--zones", str(file), "--json",
                            "--at", "2026-11-23T12:00:00Z"])  # fmt: skip
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["verdict"] == "prohibited"
    assert found["reasons"][0]["zone"].startswith("AD")
    out, plot = tmp_path / "out.json", tmp_path / "map.png"
    wrote = run.invoke(
        app, ["airspace", "zones", "tiny", "--out", str(out), "--format", "ed269", "--plot", str(plot)]
    )
    assert wrote.exit_code == 0, wrote.output
    assert len(ed269.read(out).zones) >= 102
    assert plot.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
