"""``rabta fail`` and the tables of failures on a real run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.cli.fail import together
from rabta.cli.main import _commands, app
from rabta.errors import RabtaError
from rabta.run import Run


@pytest.fixture(scope="module")
def runner() -> CliRunner:
    if not app.registered_commands:
        _commands()
    return CliRunner()


def test_tables_of_a_run(tiny: Run) -> None:
    found = tiny.tables["failures"]
    assert found["case"].iloc[0] == "whole"
    assert {"cable", "landing", "border", "gateway", "exchange", "span", "power"} <= set(found["kind"])
    assert {"all-cables", "foreign-space", "foreign-operators"} <= set(found["name"])
    shown = found.select_dtypes("number").drop(columns=["rtt_home_ms", "rtt_abroad_ms"])
    assert np.isfinite(shown.to_numpy()).all()
    assert (found["carried_share"] <= 1.0).all()
    singles = found[found["case"] == "single"]
    ground = singles[~singles["kind"].isin(["system", "plane"])]
    whole = (ground["carried_mbps"] + ground["demand_lost_mbps"]).to_numpy()
    assert whole == pytest.approx(found["carried_mbps"].iloc[0])
    summary = tiny.tables["failure_summary"].set_index("key")["value"]
    assert summary["pairs"] == summary["elements"] * (summary["elements"] - 1) / 2
    assert len(tiny.tables["failure_pairs"]) <= 500


def test_all_people_are_in_a_district_and_a_province(tiny: Run) -> None:
    people = tiny.tables["cells"]["people"].sum()
    assert tiny.tables["failure_districts"]["people"].sum() == people
    denials = tiny.tables["denials"]
    nation = denials[denials["province"] == "nation"]
    assert (nation["people"] == people).all()
    parts = denials[denials["province"] != "nation"].groupby("denial")["people"].sum()
    assert (parts == people).all()


def test_island_mode_keeps_home_and_loses_abroad(tiny: Run) -> None:
    island = tiny.tables["denials"].query("denial == 'all-cables' and province == 'nation'").iloc[0]
    assert island["people_abroad"] == 0.0
    assert island["people_home"] == island["people"]
    assert np.isnan(island["rtt_abroad_ms"])
    assert 0.0 < island["carried_share"] < 1.0
    row = tiny.tables["failures"].set_index("name").loc["all-cables"]
    again = together(tiny.folder, ["all-cables"], 24.0)["after"]
    assert again["carried_mbps"] == pytest.approx(row["carried_mbps"])
    assert again["person_hours"] == pytest.approx(row["person_hours"])


def test_command(tiny: Run, runner: CliRunner) -> None:
    done = runner.invoke(app, ["fail", "all-cables", "SpaceX", "--run", str(tiny.folder), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert found["after"]["rtt_abroad_ms"] is None
    assert found["satellites_gone"] == ["starlink"]
    assert found["after"]["satellite_mbps"] < found["before"]["satellite_mbps"]
    text = runner.invoke(app, ["fail", "Lahore exchange", "--run", str(tiny.folder)]).output
    assert "Lahore exchange fails" in text
    assert "nan" not in text.casefold()


def test_hubs_behind_the_red_sea(tiny: Run) -> None:
    """Karachi to Marseille is some 9,000 km of cable; without the Red Sea it is longer or not known."""
    found = together(tiny.folder, ["westward-cables"])["hubs_ms"]
    before, after = found["Marseille"]
    assert 80.0 < before < 130.0
    assert not after <= before + 50.0
    assert found["Singapore"][0] == found["Singapore"][1]


def test_wrong_names(tiny: Run, runner: CliRunner) -> None:
    with pytest.raises(RabtaError, match="did you mean 'smw4'"):
        together(tiny.folder, ["smw44"])
    done = runner.invoke(app, ["fail", "smw4", "--hours", "-1", "--run", str(tiny.folder)])
    assert isinstance(done.exception, RabtaError)
