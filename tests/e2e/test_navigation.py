"""Navigation in a whole run: cases, integrity, aids, the report's chapter."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from rabta.run import Run


def test_no_loss_makes_the_service_better(tiny: Run) -> None:
    """Whoever loses systems, signals or satellites has no better geometry."""
    table = tiny.tables["nav_cases"].set_index("case")
    street = tiny.arrays["nav_street_available"].values
    cases = table.index.tolist()
    whole = street[:, cases.index("all")]
    for case in cases:
        assert (street[:, cases.index(case)] <= whole + 1e-6).all(), case
        assert table.loc[case, "pdop95"] >= table.loc["all", "pdop95"] - 1e-6
    chain = ("all", "gps-beidou", "beidou", "beidou-3", "beidou-meo")
    for more, less in pairwise(chain):
        assert table.loc[more, "in_view"] > table.loc[less, "in_view"]
    assert table.loc["beidou-single", "vertical_m"] > table.loc["beidou", "vertical_m"]


def test_beidou_stands_over_streets_where_gps_does_not(tiny: Run) -> None:
    """Above 30 degrees around Pakistan: 99.4 % with BeiDou, 68 % with GPS (suite coverage)."""
    table = tiny.tables["nav_cases"].set_index("case")
    assert table.loc["beidou", "street_available"] > 0.98
    assert 0.6 < table.loc["gps", "street_available"] < 0.8


def test_terrain_hides_satellites(tiny: Run) -> None:
    """Gilgit-Baltistan's valleys see fewer satellites than Punjab's plain."""
    cells = tiny.tables["cells"]
    seen = tiny.arrays["nav_satellites_seen"].values[:, 0]
    people = cells["people"].to_numpy(float)
    mean = {
        name: np.average(seen[mask], weights=people[mask])
        for name in ("Gilgit-Baltistan", "Punjab")
        for mask in [cells["province"].to_numpy(str) == name]
    }
    assert mean["Gilgit-Baltistan"] < mean["Punjab"] - 5.0


def test_integrity_of_aerodromes_and_ports(tiny: Run) -> None:
    table = tiny.tables["nav_sites"]
    assert set(table["kind"]) == {"aerodrome", "port"}
    best = table[table["case"] == "all"]
    assert (best["approach"] > 0.99).all()
    assert (best["vpl_m"] < 35.0).all()
    assert (table["terminal"] >= table["approach"] - 1e-9).all()


def test_protection_over_the_day(tiny: Run) -> None:
    """More systems protect better: with all, median levels below 15 m level and 25 m up."""
    level, up = tiny.arrays["nav_hpl_m"].values, tiny.arrays["nav_vpl_m"].values
    assert level.shape == (len(tiny.tables["nav_places"]), 3, 24)
    everything, alone, denied = np.median(level, axis=(0, 2))
    assert everything < 15.0
    assert np.median(up[:, 0]) < 25.0
    assert everything < min(alone, denied)


def test_flights_and_roads(tiny: Run) -> None:
    table = tiny.tables["nav_corridors"]
    flights, roads = (table[table["kind"] == kind] for kind in ("flight", "road"))
    assert flights["name"].nunique() == 28  # pairs of eight towns
    assert (flights.loc[flights["case"] == "beidou", "least"] == 1.0).all()
    assert (roads["least"] <= roads["available"] + 1e-6).all()
    assert roads.loc[roads["case"] == "gps", "available"].max() < 0.9


def test_what_helps(tiny: Run) -> None:
    aids = tiny.tables["nav_aids"]["share"].tolist()
    assert aids[0] < 0.05  # 75 degrees east lies beyond nearly all of Pakistan's people
    assert aids[1] > 0.9  # though C60 stands 45 degrees high
    stations = tiny.tables["nav_stations"]
    cors = stations[stations["kind"] == "cors"]
    assert (cors["covered"] <= cors["bound"] + 1e-9).all()
    assert cors["covered"].is_monotonic_increasing
    hold = tiny.tables["nav_holdover"].pivot_table(index="need", columns="oscillator", values="hours")
    assert (hold["tcxo"] < hold["ocxo"]).all()
    assert (hold["ocxo"] < hold["rubidium"]).all()
    error = tiny.arrays["nav_leo_horizontal_m"].values
    assert 5.0 < np.nanmedian(error) < 500.0


def test_the_chapter_of_the_report(tiny: Run) -> None:
    page = tiny.report.read_text(encoding="utf-8")
    for words in (
        "Navigation in each case",
        "Satellites that matter most",
        "Integrity at aerodromes",
        "Along flights",
    ):
        assert words in page
    assert "nan" not in page[page.index('id="navigation"') :][:200_000].split("</section>")[0].lower().split()


@pytest.mark.parametrize("name", ["nav_available", "nav_pdop95", "nav_horizontal_m"])
def test_arrays_carry_the_cases(tiny: Run, name: str) -> None:
    array = tiny.arrays[name]
    assert array.dims == ("cell", "nav_case")
    assert "beidou" in array["nav_case"].values.tolist()
