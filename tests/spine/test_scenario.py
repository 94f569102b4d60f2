"""Scenarios: defaults, inheritance, overrides, and errors that name the key and the nearest valid one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta import run, scenario
from rabta.errors import RabtaError


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_scenarios_load() -> None:
    assert scenario.load(scenario.find("pakistan")).time.steps == 1440
    tiny = scenario.load(scenario.find("tiny"))
    assert (tiny.name, tiny.nation.resolution, tiny.time.steps) == ("tiny", 5, 60)
    assert tiny.plan.floor_mbps == scenario.load(scenario.find("pakistan")).plan.floor_mbps


def test_overrides_win(tmp_path: Path) -> None:
    path = write(tmp_path, "a.toml", "[time]\nhours = 2\n")
    loaded = scenario.load(path, {"time.hours": 3, "plan.costs.tower_usd": 5})
    assert loaded.time.hours == 3
    assert loaded.plan.costs == {"tower_usd": 5}
    assert loaded.name == "a"


def test_written_scenario_reads_back(tmp_path: Path) -> None:
    first = scenario.load(
        scenario.find("pakistan"), {"plan.costs.tower_usd": 5, "title": 'quote " and \\ back'}
    )
    assert scenario.load(write(tmp_path, "b.toml", run.to_toml(first))) == first


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[space]\nmin_elevaton_deg = 25\n", ["space.min_elevaton_deg", "min_elevation_deg"]),
        ("[spce]\n", ["spce", "space"]),
        ("[time]\nhours = 0\n", ["time.hours", "0", "greater than 0"]),
        ('[time]\nhours = "a day"\n', ["time.hours", "a day", "float"]),
        ('[time]\nstart = "soon"\n', ["time.start", "soon"]),
        ("[plan.costs]\ntower_usd = -1\n", ["plan.costs", "tower_usd", "zero or more"]),
        ('[plan]\ntechnologies = ["fiber_fwa"]\n', ["fiber_fwa", "fibre_fwa"]),
        ("[plan]\nfloor_availability = 95\n", ["floor_availability", "95"]),
        ('[nation]\nclimate = "itr"\n', ["nation.climate", "itr", "shipped or itur"]),
        ("[nation]\nresolution = 9\n", ["nation.resolution", "9"]),
        ("[time]\nhours = inf\n", ["time.hours", "finite"]),
        ("[time]\nstep_s = 0.0001\n", ["time", "steps"]),
        ("[time]\nhours = 1e9\n", ["time", "steps"]),
        ('name = "a/b"\n', ["name", "a/b", "dashes"]),
        ("[plan.costs]\ntower_usd = inf\n", ["tower_usd", "finite"]),
        ('[mobile]\nrollout = "pakistan-5g-203"\n', ["a.toml", "mobile.rollout", "pakistan-5g-2030"]),
        ('[space]\nconstellations = ["starlnk"]\n', ["space.constellations", "starlink"]),
        ('[transport]\ngateways = "pakistn"\n', ["transport.gateways", "pakistan"]),
        ('[pnt]\nephemerides = "2026-03-0"\n', ["pnt.ephemerides", "2026-03-09"]),
        ('[pnt]\ncases = "standrd"\n', ["pnt.cases", "standard"]),
        ('[pnt]\nerrors = "standrd"\n', ["pnt.errors", "standard"]),
        ("[space]\nconstellations = []\n", ["space.constellations", "at least 1"]),
        ('[space]\nconstellations = ["oneweb", "oneweb"]\n', ["named twice", "oneweb"]),
        ("[time\nhours = 1\n", ["a.toml", "line 1"]),
        ('extends = "missing.toml"\n', ["missing.toml", "no such scenario"]),
        ('extends = "a.toml"\n', ["extends itself"]),
        ("extends = 3\n", ["extends", "3"]),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: list[str]) -> None:
    path = write(tmp_path, "a.toml", text)
    with pytest.raises(RabtaError) as caught:
        scenario.load(path)
    for word in words:
        assert word in str(caught.value)


def test_time_in_either_form(tmp_path: Path) -> None:
    bare = scenario.load(write(tmp_path, "a.toml", "[time]\nstart = 2026-01-13T06:00:00Z\n"))
    text = scenario.load(write(tmp_path, "b.toml", '[time]\nstart = "2026-01-13T06:00:00Z"\n'))
    assert bare.time.start_utc == text.time.start_utc


def test_wrong_setting_is_not_blamed_on_the_file() -> None:
    with pytest.raises(RabtaError, match=r"settings beside tiny\.toml"):
        scenario.load(scenario.find("tiny"), {"plan.flor_mbps": 1})


def test_shipped_scenario_is_extended_by_name(tmp_path: Path) -> None:
    mine = scenario.load(write(tmp_path, "mine.toml", 'extends = "tiny"\n[plan]\nyears = 3\n'))
    assert (mine.name, mine.nation.resolution, mine.plan.years) == ("mine", 5, 3)


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RabtaError, match="not valid TOML"):
        scenario.load(path)


def test_unknown_scenario_names_the_nearest() -> None:
    with pytest.raises(RabtaError, match="did you mean 'pakistan'"):
        scenario.find("pakstan")
