"""Two runs side by side, on run folders made by hand so that every difference is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import typer
import zarr
from typer.testing import CliRunner

from rabta.cli.compare import compare as command
from rabta.cli.compare.differences import Comparison, Section, comparison, matched
from rabta.cli.compare.shown import page
from rabta.errors import RabtaError
from rabta.run import Run
from rabta.scenario import validate


@pytest.fixture(autouse=True)
def headline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headlines need whole runs; those of the folders made here are one figure of the plan."""

    def one(run: Run) -> dict[str, Any]:
        value = float(run.tables["plan_summary"]["value"][0])
        return {
            "npc": {"label": "Net present cost", "value": value, "unit": "USD", "words": f"US$ {value:g}"}
        }

    monkeypatch.setattr(Run, "headline", one)


MIX = {"fibre_fwa": 3.0e6, "leo_terminal": 5.0e5}
DISTRICTS = {"Kech": 100.0, "Swat": 40.0, "Lahore": 10.0}


def folder(
    place: Path,
    summary: dict[str, float],
    mix: dict[str, float] | None = None,
    districts: dict[str, float] | None = None,
    rtt: np.ndarray | None = None,
    more: dict[str, pd.DataFrame] | None = None,
    **sections: Any,
) -> Run:
    tables = {
        "plan_summary": pd.DataFrame(
            {"key": list(summary), "value": list(summary.values()), "unit": "USD", "description": ""}
        ),
        "plan": pd.DataFrame(
            {
                "cell": ["a", "b", "c"],
                "technology": ["none", *(mix or MIX)],
                "households_served": [0.0, 2.0, 3.0],
            }
        ),
        "cells": pd.DataFrame({"cell": ["a", "b", "c"]}),
        "plan_mix": pd.DataFrame({"technology": list(mix or MIX), "households": (mix or MIX).values()}),
        "districts": pd.DataFrame(
            {
                "district": list(districts or DISTRICTS),
                "province": "X",
                "npc_usd": (districts or DISTRICTS).values(),
            }
        ),
        **(more or {}),
    }
    (place / "tables").mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(place / "tables" / f"{name}.parquet")
    record = {
        "name": place.name,
        "title": "made by hand",
        "scenario": validate(sections).model_dump(mode="json"),
    }
    (place / "provenance.json").write_text(json.dumps(record))
    group = zarr.open_group(place / "arrays.zarr", mode="w")
    units = {"units": "Mbit/s"}
    group.create_array(
        "carried_mbps", data=np.array([1.0, 3.0, 2.0]), dimension_names=("time",), attributes=units
    )
    if rtt is not None:
        names = ("time", "end", "other")
        group.create_array("route_rtt_ms", data=rtt, dimension_names=names, attributes={"units": "ms"})
    return Run(place)


def section(found: Comparison, title: str) -> Section:
    return next(s for s in found.sections if s.title.startswith(title))


def test_figures_with_difference_and_percent(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 200.0, "capex_usd": 7.0, "shortfall_usd": 0.0})
    b = folder(tmp_path / "b", {"npc_usd": 150.0, "capex_usd": 7.0, "shortfall_usd": 5.0})
    rows = section(comparison(a, b), "Figures").rows
    assert rows == [
        {"key": "npc_usd", "unit": "USD", "A": 200.0, "B": 150.0, "difference": -50.0, "percent": -25.0},
        {"key": "shortfall_usd", "unit": "USD", "A": 0.0, "B": 5.0, "difference": 5.0, "percent": None},
    ]


def test_scenario_keys_that_differ(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0})
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, plan={"years": 5}, space={"constellations": ["oneweb"]})
    assert section(comparison(a, b), "Scenario").rows == [
        {"key": "space.constellations", "A": '["starlink", "paksat-mm1"]', "B": '["oneweb"]'},
        {"key": "plan.years", "A": "10", "B": "5"},
    ]


def test_what_is_missing_is_named_and_never_zero(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0, "score": 0.5})
    cases = pd.DataFrame({"case": ["TW1"], "people": [7.0]})
    b = folder(tmp_path / "b", {"npc_usd": 2.0}, rtt=np.zeros((3, 2, 2)), more={"failures": cases})
    found = comparison(a, b)
    assert "table failures: not in A" in found.missing
    assert "array route_rtt_ms: not in A" in found.missing
    assert "array satellites_used: not in A" in found.missing
    assert "array satellites_used: not in B" in found.missing
    assert "plan_summary: not in B: score" in found.missing
    assert [row["key"] for row in section(found, "Figures").rows] == ["npc_usd"]
    assert [row["figure"] for row in section(found, "Satellites").rows] == ["Carried, mean", "Carried, most"]


def test_absent_and_nan_have_no_difference() -> None:
    ours = pd.DataFrame({"k": ["x", "y", "z"], "v": [1.0, np.nan, np.nan]})
    theirs = pd.DataFrame({"k": ["y", "w", "z"], "v": [3.0, 4.0, np.nan]})
    rows = matched(ours, theirs, ["k"])
    assert [(row["k"], row["A"], row["B"]) for row in rows] == [
        ("x", 1.0, None),
        ("y", None, 3.0),
        ("w", None, 4.0),
    ]
    assert {row["difference"] for row in rows} == {None}


def test_districts_by_largest_change(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0})
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, districts={"Kech": 90.0, "Swat": 100.0, "Lahore": 10.0})
    found = section(comparison(a, b, rows=1), "Districts")
    assert [(row["district"], row["difference"]) for row in found.rows] == [("Swat", 60.0)]
    assert "of 2 that change, of 3" in found.note
    with pytest.raises(RabtaError, match="did you mean 'npc_usd'"):
        comparison(a, b, by="npc_us")


def test_cells_that_change_technology(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0})
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, mix={"fibre_fwa": 3.0e6, "haps": 5.0e5})
    found = comparison(a, b)
    assert section(found, "Cells").rows == [
        {
            "technology in A": "leo_terminal",
            "technology in B": "haps",
            "cells": 1,
            "households in A": 3.0,
            "households in B": 3.0,
        }
    ]
    assert [row["technology"] for row in section(found, "Technologies").rows] == ["leo_terminal", "haps"]


def test_other_resolution_still_compares_figures(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0})
    b = folder(tmp_path / "b", {"npc_usd": 2.0}, nation={"resolution": 5})
    found = comparison(a, b)
    assert found.missing[-1] == "cells are not compared one by one: nation.resolution is 6 and 5"
    assert section(found, "Figures").rows[0]["percent"] == 100.0
    assert [s.title for s in found.sections if s.title.startswith("Cells")] == []
    assert section(found, "Districts").note == "all equal"


def test_other_nation_compares_neither_cells_nor_districts(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0})
    b = folder(tmp_path / "b", {"npc_usd": 2.0}, nation={"name": "nepal"})
    found = comparison(a, b)
    assert "districts: the runs are of different nations" in found.missing
    assert "cells are not compared one by one: nation.name is pakistan and nepal" in found.missing
    assert section(found, "Figures").rows[0]["difference"] == 1.0


def test_delays_between_places(tmp_path: Path) -> None:
    """Median over time; a pair without a path is none, not zero."""
    places = {"ends": pd.DataFrame({"name": ["Lahore", "Karachi"]})}
    one = np.array([[[0.0, 30.0], [np.nan, 0.0]]] * 3)
    other = np.array([[[0.0, 20.0], [50.0, 0.0]], [[0.0, 24.0], [50.0, 0.0]], [[0.0, 99.0], [50.0, 0.0]]])
    a = folder(tmp_path / "a", {"npc_usd": 1.0}, rtt=one, more=places)
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, rtt=other, more=places)
    rows = section(comparison(a, b), "Delay").rows
    assert [(r["from"], r["to"], r["A"], r["B"]) for r in rows] == [
        ("Karachi", "Lahore", None, 50.0),
        ("Lahore", "Karachi", 30.0, 24.0),
    ]


def test_failures_are_ranked(tmp_path: Path) -> None:
    """By change over the largest value of the same figure: 40 and 10 of 100 people before 0.05 of 0.55 ms."""
    names = ["TW1", "SMW4", "Gilgit"]
    cases = pd.DataFrame({"case": "single", "kind": "cable", "name": names, "people_cut": [100.0, 10.0, 5.0]})
    cases["rtt_ms"] = [1.0, 1.0, 0.5]
    other = cases.assign(people_cut=[90.0, 50.0, 5.0], rtt_ms=[1.0, 1.0, 0.55])
    a = folder(tmp_path / "a", {"npc_usd": 1.0}, more={"failures": cases})
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, more={"failures": other})
    found = section(comparison(a, b, rows=2), "Failures")
    assert [(row["name"], row["figure"], row["difference"]) for row in found.rows] == [
        ("SMW4", "people_cut", 40.0),
        ("TW1", "people_cut", -10.0),
    ]
    assert found.note.startswith("the 2 largest of 3 changes")


def test_a_figure_of_zero_beside_none_is_listed(tmp_path: Path) -> None:
    """Satellites of a way: 0 in one run, no way in the other; 0 is no size to divide by."""
    ways = pd.DataFrame({"from": ["Lahore", "Lahore"], "to": ["Karachi", "Quetta"], "satellites": [0.0, 0.0]})
    a = folder(tmp_path / "a", {"npc_usd": 1.0}, more={"routes": ways})
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, more={"routes": ways.assign(satellites=[np.nan, np.nan])})
    rows = section(comparison(a, b, rows=1), "Routes").rows
    assert [(row["to"], row["A"], row["B"], row["difference"]) for row in rows] == [
        ("Karachi", 0.0, None, None)
    ]


def test_rows_that_cannot_be_told_apart_are_named(tmp_path: Path) -> None:
    twice = pd.DataFrame({"hazard": ["flood", "flood"], "events_year": [1.0, 2.0]})
    a = folder(tmp_path / "a", {"npc_usd": 1.0}, more={"hazard_summary": twice})
    b = folder(tmp_path / "b", {"npc_usd": 1.0}, more={"hazard_summary": twice})
    assert "table hazard_summary: its rows cannot be told apart by hazard" in comparison(a, b).missing


def test_equal_runs_say_so(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", {"npc_usd": 1.0})
    found = comparison(a, folder(tmp_path / "b", {"npc_usd": 1.0}))
    assert section(found, "Scenario").rows == []
    assert {section(found, title).note for title in ("Figures", "Technologies", "Districts")} == {"all equal"}


def test_command_prints_json_and_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    folder(runs / "one-1", {"npc_usd": 2.0e9})
    folder(runs / "two-2", {"npc_usd": 1.0e9}, plan={"years": 5})
    monkeypatch.chdir(tmp_path)
    compare = typer.Typer()
    compare.command()(command)
    run = CliRunner().invoke
    out = run(compare, ["one", str(runs / "two-2"), "--html", "c<d>.html"])
    assert out.exit_code == 0
    assert "2,000.0 M" in out.stdout
    assert "-50.0 %" in out.stdout
    assert "┃" in out.stdout
    assert "not compared: array offered_mbps: not in A" in out.stdout
    text = (tmp_path / "c<d>.html").read_text()
    assert "<td>plan.years</td>" in text
    assert "http" not in text
    told = json.loads(run(compare, ["one", "two", "--json"]).stdout)
    assert told["sections"][0]["rows"] == [{"key": "plan.years", "A": "10", "B": "5"}]
    assert told["sections"][1]["rows"][0]["percent"] == -50.0
    wrong = run(compare, ["one", "three"]).exception
    assert isinstance(wrong, RabtaError)
    assert "one-1" in str(wrong)


def test_page_escapes() -> None:
    found = Comparison(
        {"folder": "<a>", "title": "&", "name": "<a>"}, {"folder": "b", "title": "", "name": "b"}
    )
    found.sections.append(Section("T", [{"key": "<script>", "A": 1.0}]))
    assert "<script>" not in page(found)
    assert "&lt;script&gt;" in page(found)
