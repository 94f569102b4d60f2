"""`rabta airspace batch` and `traffic` as a user calls them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from rabta.airspace.batch.flights import drawn, written
from rabta.cli.airspace import app
from rabta.errors import RabtaError


def call(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_a_batch_is_planned_checked_and_written(tmp_path):
    asked, out = tmp_path / "flights.json", tmp_path / "plan.json"
    asked.write_text(json.dumps(written(drawn(30, 4, side_m=6_000.0, span_s=120.0))))
    said = call("batch", asked, "--out", out, "--json")
    assert said.exit_code == 0
    found = json.loads(said.stdout)
    assert found["approved"] + found["refused"] == 30
    assert found["checked"]["wrong"] == []
    assert found["checked"]["least_separation"] >= 1.0
    plan = json.loads(out.read_text())
    assert len(plan["flights"]) == found["approved"]
    assert plan["flights"][0]["volumes"][0]["volume"]["altitude_lower"]["reference"] == "W84"
    assert "least_separation" in call("batch", asked, "--out", out).stdout


def test_errors_name_file_and_key(tmp_path):
    asked = tmp_path / "flights.json"
    asked.write_text(json.dumps({"flights": [{"id": "a", "route": 3}]}))
    with pytest.raises(RabtaError) as told:
        call("batch", asked, "--out", tmp_path / "plan.json")
    assert (told.value.file, told.value.key) == (asked, "flights[0].speed_m_s")
    with pytest.raises(RabtaError, match="--seconds"):
        call("traffic", "--seconds", 0)
    with pytest.raises(RabtaError, match="cannot be read"):
        call("traffic", tmp_path / "none.json")


def test_traffic_with_and_without_avoidance():
    words = ("traffic", "--count", 300, "--side-km", 5, "--seconds", 60, "--json")
    flown, off = (json.loads(call(*words, *more).stdout) for more in ((), ("--no-avoid",)))
    assert off["losses_of_separation"] > 20
    assert flown["losses_of_separation"] <= 0.05 * off["losses_of_separation"]
    assert off["closest"][0]["least_of_separation"] < 0.5
    assert off["aircraft_seconds_off_plan"] == 0
