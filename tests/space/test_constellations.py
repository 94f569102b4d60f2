"""Constellation entries become satellites that agree with published orbits and with what flies."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rabta import catalog, schema
from rabta.catalog import Entry
from rabta.errors import RabtaError
from rabta.geo import east_north_up, ecef_from_geodetic
from rabta.scenario import Scenario
from rabta.space import constellations, elements, propagate, stages
from rabta.space.walker import kozai_mean_motion
from rabta.twin import Twin

JANUARY = datetime(2026, 1, 13, tzinfo=UTC)
NAMES = catalog.names("constellations")
LEAST = (
    "starlink starlink-gen1-filed starlink-gen2-filed oneweb kuiper telesat-lightspeed qianfan guowang "
    "o3b-mpower iridium-next beidou-3 paksat-1r paksat-mm1 tiantong-1"
)


def named(name: str) -> Entry:
    return catalog.entry("constellations", name)


def changed(name: str, **keys: Any) -> Entry:
    """An entry with some keys of its first shell replaced."""
    entry = named(name)
    shells = [{**entry.data["shells"][0], **keys}, *entry.data["shells"][1:]]
    total = sum(shell["satellites"] for shell in shells)
    return Entry(entry.kind, name, entry.path, {**entry.data, "shells": shells, "satellites": total})


def test_at_least_fourteen_systems_are_there() -> None:
    assert set(LEAST.split()) <= set(NAMES)


@pytest.mark.parametrize(
    ("name", "total", "source"),
    [
        ("starlink-gen1-filed", 4408, "FCC 21-48"),
        ("starlink-gen2-filed", 7500, "FCC 22-91"),
        ("oneweb", 588, "operator: 12 planes of 49 active satellites"),
        ("kuiper", 3236, "FCC 20-102"),
        ("guowang", 12992, "ITU GW-A59 and GW-2"),
        ("qianfan", 1296, "SpaceNews, 26 July 2023"),
        ("iridium-next", 66, "FCC SAT-MOD-20131227-00148"),
        ("beidou-3", 30, "BDS-OS-PS-3.0"),
    ],
)
def test_tables_hold_the_published_number_of_satellites(name: str, total: int, source: str) -> None:
    assert len(constellations.satellites([named(name)], JANUARY)) == total, source


@pytest.mark.parametrize("name", NAMES)
def test_every_shell_propagates_at_its_altitude(name: str) -> None:
    """SGP4's radius, averaged over a revolution, is the stated altitude."""
    table = constellations.satellites([named(name)], JANUARY)
    assert list(table.columns) == list(schema.tables()["satellites"])
    first = propagate.moving(table).groupby("shell", sort=False).head(1).reset_index(drop=True)
    for shell in constellations.load(named(name)).shells:
        if shell.orbit == "geo":
            continue
        period = float(constellations.period_s(shell.altitude_km, shell.inclination_deg))
        steps = (np.arange(90) / 90.0 * period * 1e9).astype("timedelta64[ns]")
        times = np.datetime64("2026-01-13", "ns") + steps
        one = first[first["shell"] == shell.name].reset_index(drop=True)
        radius = np.linalg.norm(propagate.positions(one, times).astype(np.float64), axis=-1).mean()
        limit = 1.0 if shell.orbit == "leo" else 60.0  # SDP4's resonance and luni-solar terms
        assert radius / 1e3 - 6378.137 == pytest.approx(shell.altitude_km, abs=limit)


@pytest.mark.parametrize(
    ("altitude", "inclination", "minutes", "source"),
    [
        (21_528.0, 55.0, 773.2, "BeiDou MEO, 13 revolutions in 7 days: BDS-OS-PS-3.0"),
        (35_786.0, 0.0, 1436.07, "one sidereal day"),
        (8_062.0, 0.0, 287.9, "O3b: five revolutions of a day in the rotating frame"),
    ],
)
def test_period_agrees_with_published_ones(
    altitude: float, inclination: float, minutes: float, source: str
) -> None:
    assert constellations.period_s(altitude, inclination) / 60.0 == pytest.approx(minutes, rel=1e-3), source


@pytest.mark.parametrize("name", NAMES)
def test_two_formulas_for_the_period_agree(name: str) -> None:
    """Vallado 9-41 here against the inverted SGP4 initialisation of the walker module."""
    for shell in constellations.load(named(name)).shells:
        ours = float(constellations.period_s(shell.altitude_km, shell.inclination_deg))
        sgp4 = 86_400.0 / kozai_mean_motion(shell.altitude_km, shell.inclination_deg)
        assert ours == pytest.approx(sgp4, rel=1.5e-3)


def test_sun_synchronous_shell_drifts_with_the_sun() -> None:
    """Starlink's 97.6 degree shell is near sun-synchronous: 360 degrees in 365.2422 days."""
    assert constellations.node_rate_deg_day(560.0, 97.6) == pytest.approx(360.0 / 365.2422, rel=0.02)


@pytest.mark.parametrize(
    ("altitude", "inclination", "wrong_s", "right_s"),
    [(1015.0, 98.98, 6557.0, 6326.0), (1325.0, 50.88, 6298.0, 6728.0)],
)
def test_the_period_check_catches_published_faults(
    altitude: float, inclination: float, wrong_s: float, right_s: float
) -> None:
    """StarPerf 2.0 ships Telesat shells with these periods (Telesat.xml); both are off by over 3 %."""
    keys = {"altitude_km": altitude, "inclination_deg": inclination}
    constellations.load(changed("telesat-lightspeed", **keys, period_min=right_s / 60.0))
    with pytest.raises(RabtaError, match="shell contradicts itself") as caught:
        constellations.load(changed("telesat-lightspeed", **keys, period_min=wrong_s / 60.0))
    given = float(str(caught.value).split("give ")[1].split(" min")[0])
    assert given == pytest.approx(right_s / 60.0, rel=1e-3)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"planes": 5}, "the pattern has"),
        ({"altitute_km": 550.0}, "did you mean 'altitude_km'"),
        ({"altitude_km": "high"}, "shells.0.altitude_km"),
        ({"raan_deg": [0.0, 10.0]}, "2 nodes, 6 planes"),
        ({"min_elevation_deg": 95.0}, "min_elevation_deg"),
    ],
)
def test_wrong_entries_are_refused_with_file_and_key(keys: dict[str, Any], words: str) -> None:
    with pytest.raises(RabtaError) as caught:
        constellations.load(changed("iridium-next", **keys))
    assert words in str(caught.value)
    assert "iridium-next.toml" in str(caught.value)


def test_a_wrong_total_is_refused() -> None:
    entry = changed("kuiper")
    wrong = Entry(entry.kind, entry.name, entry.path, {**entry.data, "satellites": 3237})
    with pytest.raises(RabtaError, match="do not add up"):
        constellations.load(wrong)


def test_moving_satellites_come_first_and_keep_their_system() -> None:
    entries = [named("paksat-mm1"), named("iridium-next"), named("beidou-3")]
    table = constellations.satellites(entries, JANUARY)
    still = (table["orbit"] == "geo").to_numpy()
    assert not still[: 66 + 27].any()
    assert still[66 + 27 :].all()
    assert table["system"].tolist() == [1] * 66 + [2] * 27 + [0] + [2] * 3
    assert table["longitude_deg"].tolist()[-4:] == [38.2, 80.0, 110.5, 140.0]
    assert table["longitude_deg"][~still].isna().all()
    rows = constellations.systems(entries)
    assert list(rows.columns) == list(schema.tables()["systems"])
    assert rows["orbit"].tolist() == ["geo", "leo", "meo"]
    assert rows["terminal"].tolist() == ["geo-ka-0.74m", "mss-handset", "gnss-receiver"]


def test_inclined_beidou_satellites_cross_the_equator_at_118_east() -> None:
    table = constellations.satellites([named("beidou-3")], JANUARY)
    tilted = table[table["orbit"] == "igso"].reset_index(drop=True)
    times = np.datetime64("2026-01-13", "ns") + np.arange(0, 86_164, 300) * np.timedelta64(10**9, "ns")
    place = propagate.positions(tilted, times).astype(np.float64)
    longitude = np.degrees(np.arctan2(place[..., 1], place[..., 0]))
    crossing = np.abs(place[..., 2]) < 1_200e3
    for k in range(3):
        assert crossing[:, k].sum() >= 4
        assert longitude[crossing[:, k], k].mean() == pytest.approx(118.0, abs=0.7)


def test_stated_nodes_drift_to_the_scenario() -> None:
    """Ten days at the rate of the shell; nodes without a stated instant stay."""
    later = JANUARY + timedelta(days=10)
    now = constellations.satellites([named("starlink")], JANUARY)
    then = constellations.satellites([named("starlink")], later)
    shift = np.mod(then["raan_deg"] - now["raan_deg"] + 180.0, 360.0) - 180.0
    rate = constellations.node_rate_deg_day(539.6, 53.22)
    assert shift[now["shell"] == "53-540"].to_numpy() == pytest.approx(10.0 * float(rate), abs=1e-6)
    filed = [constellations.satellites([named("kuiper")], at)["raan_deg"] for at in (JANUARY, later)]
    pd.testing.assert_series_equal(*filed)


def test_a_catalogue_takes_the_nearest_shells_and_marks_the_rest() -> None:
    flown = constellations.satellites([named("starlink")], JANUARY).head(4000)
    stray = flown.head(2).assign(mean_motion_rev_day=[15.9, kozai_mean_motion(515.0, 53.16)])
    listed = pd.concat([flown, stray], ignore_index=True).drop(columns=["shell"])
    table = constellations.satellites([named("starlink"), named("paksat-1r")], JANUARY, listed)
    assert table["shell"].tolist()[:4000] == flown["shell"].tolist()
    assert table["shell"].tolist()[4000:] == ["outside", "outside", "38e"]
    assert table["min_elevation_deg"].tolist()[4000:] == [90.0, 90.0, 10.0]
    assert set(table["constellation"][:4002]) == {"starlink"}


def test_the_stage_places_what_the_scenario_names() -> None:
    twin = Twin(Scenario(), np.array([], dtype="datetime64[ns]"))
    made = stages.constellation(twin)
    assert made["systems"]["system"].tolist() == ["starlink", "paksat-mm1"]
    assert len(made["satellites"]) == 8325 + 1
    wrong = Scenario.model_validate({"space": {"constellations": ["starlnk"]}})
    with pytest.raises(RabtaError, match="starlink"):
        stages.constellation(Twin(wrong, twin.times))


def in_view(table: pd.DataFrame, lat: float, lon: float) -> float:
    """Mean number of satellites over their own minimum elevation, at 24 instants of a day."""
    times = np.datetime64("2026-01-13", "ns") + np.arange(24) * np.timedelta64(3600 * 10**9, "ns")
    place = ecef_from_geodetic(lat, lon)
    line = propagate.positions(table, times).astype(np.float64) - place
    sine = line @ east_north_up(lat, lon)[2] / np.linalg.norm(line, axis=-1)
    return float((np.degrees(np.arcsin(sine)) >= table["min_elevation_deg"].to_numpy()).sum(1).mean())


@pytest.mark.shared
@pytest.mark.parametrize(("lat", "lon"), [(33.69, 73.06), (24.86, 67.01)])
def test_shells_as_flown_stand_in_for_the_catalogue(shared: Path, lat: float, lon: float) -> None:
    """The shipped shells show as many satellites as the in-shell part of the catalogue they came from."""
    listed = elements.read(str(shared / "data/catalogues/starlink_2026-01-13.tle"))
    entry = [named("starlink")]
    real = constellations.satellites(entry, JANUARY, listed)
    assert len(real) == 9341
    assert (real["shell"] == "outside").mean() == pytest.approx(0.1, abs=0.01)
    ours = in_view(constellations.satellites(entry, JANUARY), lat, lon)
    assert ours == pytest.approx(in_view(real, lat, lon), rel=0.04)


@pytest.mark.shared
def test_planes_of_the_flown_shells_come_from_the_catalogue(shared: Path) -> None:
    path = Path(__file__).parents[2] / "tools/space/planes.py"
    spec = importlib.util.spec_from_file_location("planes", path)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    listed = elements.read(str(shared / "data/catalogues/starlink_2026-01-13.tle"))
    shells = {shell.name: shell for shell in constellations.load(named("starlink")).shells}
    for name, tilt, height, reach in (("53-540", 53.22, 539.7, 4.0), ("43-355", 43.0, 356.3, 6.0)):
        members = tool.shell_members(listed, tilt, height, reach, 0.1)
        found = tool.planes(members, 2_461_053.5, 0.6)
        assert [count for _, count in found] == list(shells[name].fill)
        assert [node for node, _ in found] == pytest.approx(shells[name].raan_deg, abs=0.06)


@pytest.mark.shared
def test_geostationary_longitudes_are_where_the_satellites_fly(shared: Path) -> None:
    """Element sets of April 2023; inclined satellites wander by some tenths of a degree in longitude."""
    listed = elements.read(str(shared / "data/catalogues/mixed_2023-04.tle")).set_index("name")
    stated = {
        "PAKSAT-1R": 38.0,
        "TIANTONG-1 1": 101.4,
        "TIANTONG-1 2": 125.0,
        "TIANTONG-1 3": 81.6,
        "BEIDOU-3 G1": 140.0,
        "BEIDOU-3 G2": 80.0,
        "BEIDOU-3 G3": 110.5,
    }
    entries = [named(name) for name in ("paksat-1r", "tiantong-1", "beidou-3")]
    ours = constellations.satellites(entries, JANUARY)["longitude_deg"].dropna()
    assert sorted(ours) == sorted(stated.values())
    rows = listed.loc[list(stated)]
    keys = ("raan_deg", "argp_deg", "mean_anomaly_deg", "epoch_jd")
    flown = elements.longitude({key: rows[key].to_numpy(np.float64) for key in keys})
    assert flown == pytest.approx(list(stated.values()), abs=0.25)
