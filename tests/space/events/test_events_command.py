"""``rabta events``: what it prints, its JSON against the windows themselves, and what it refuses."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rabta.cli.events import events
from rabta.errors import RabtaError

app = typer.Typer()
app.command()(events)


def call(*arguments: str) -> str:
    found = CliRunner().invoke(app, list(arguments), catch_exceptions=False, standalone_mode=False)
    if found.exception:
        raise found.exception
    return found.stdout


def record(*arguments: str) -> dict:
    return json.loads(call(*arguments, "--scenario", "tiny", "--json"))


@pytest.fixture(scope="module")
def lahore() -> dict:
    return record("--from", "lahore", "--hours", "0.5")


def test_events_follow_each_other(lahore: dict) -> None:
    assert lahore["from"] == "Lahore"
    seconds = [event["seconds"] for event in lahore["events"]]
    assert seconds == sorted(seconds)
    assert lahore["events"][0]["event"] == "up"
    changes = sum(event["event"] == "handover" for event in lahore["events"])
    assert changes == lahore["summary"]["handovers"] > 0
    assert lahore["windows"] > changes
    assert all(event["time"].startswith("2026-01-13T16:") for event in lahore["events"])
    elevations = [event["elevation_deg"] for event in lahore["events"] if event["event"] != "down"]
    assert min(elevations) >= 25.0


def test_two_places_share_a_satellite(lahore: dict) -> None:
    pair = record("--from", "Lahore", "--to", "Karachi", "--hours", "0.5", "--policy", "highest")
    times = [event["rtt_ms"] for event in pair["events"] if event["event"] != "down"]
    # 2 x 1,026 km of ground (space.md 3.3) at the speed of light is 6.84 ms; over 1,100 km up, twice, 15 ms.
    assert 6.84 < min(times) <= max(times) < 15.0
    assert {event["event"] for event in pair["events"]} <= {"up", "down", "path change"}
    assert pair["windows"] < lahore["windows"]


def test_text_says_how_often_and_how_long() -> None:
    text = call("--from", "Gwadar", "--scenario", "tiny", "--hours", "0.2", "--rows", "1")
    assert "handovers" in text
    assert "more; --rows or --json shows them" in text


def test_no_visibility_is_said(tmp_path: Path) -> None:
    lines = (  # 06251 of AIAA 2006-6753, which is far from any shell of the catalog and serves nobody
        "1 06251U 62025E   06176.82412014  .00008885  00000-0  12808-3 0  3985",
        "2 06251  58.0579  54.0425 0030035 139.1568 221.1854 15.56387291  6774",
    )
    (tmp_path / "one.tle").write_text("\n".join(lines))
    asked = ("--from", "Lahore", "--start", "2006-06-26T00:00:00Z", "--catalogue", str(tmp_path / "one.tle"))
    text = call(*asked, "--scenario", "tiny", "--constellation", "starlink")
    assert "no satellite is in view" in text
    assert "nan" not in text.casefold()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "Lahor"), "Lahore"),
        (("--from", "Lahore", "--to", "lahore"), "same place"),
        (("--from", "Lahore", "--policy", "higest"), "highest"),
        (("--from", "Lahore", "--hours", "0"), "--hours"),
        (("--from", "Lahore", "--hours", "nan"), "--hours"),
        (("--from", "Lahore", "--rows", "-1"), "--rows"),
        (("--from", "Lahore", "--to", "Karachi", "--policy", "least-loaded"), "least-loaded"),
        (("--from", "Lahore", "--constellation", "paksat-mm1"), "moves"),
        (("--from", "Lahore", "--start", "yesterday"), "start"),
    ],
)
def test_wrong_questions_are_refused(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(RabtaError, match=message):
        call(*arguments, "--scenario", "tiny")
