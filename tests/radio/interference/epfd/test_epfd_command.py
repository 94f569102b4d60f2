"""The command: places, slots, masks, refusals by name, picture and JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer
from typer.testing import CliRunner

from rabta.cli.epfd import epfd, picture
from rabta.cli.epfd.question import Question, place, study
from rabta.errors import RabtaError

ASKED = Question(
    "oneweb", 11.2, "Lahore", "paksat-1r", 0.6, 6.0, None, 30.0, 1, 0.0, "epfd", "down", 3, None, 2000
)  # fmt: skip


def test_study_of_a_town_and_a_slot() -> None:
    found = study(ASKED, quiet=True)
    run = found["runs"][0]
    assert run["place"]["gso_lon_deg"] == 38.0
    assert run["place"]["lat_deg"] == pytest.approx(31.55, abs=0.1)
    assert run["steps"] == 2000
    assert len(run["digest"]) == 64
    assert found["passed"] == all(point[3] for point in run["points"])
    assert study(ASKED, quiet=True)["runs"][0]["digest"] == run["digest"]
    for element in ET.fromstring(picture.draw(found)).iter():
        assert "nan" not in str(element.attrib)


def test_command_prints_json_and_text(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(epfd)
    words = [
        "oneweb",
        "--at",
        "31.5,74.3",
        "--dish",
        "0.6",
        "--steps",
        "1000",
        "--svg",
        str(tmp_path / "e.svg"),
    ]
    text = CliRunner().invoke(app, words)
    assert text.exit_code == 0, text.output
    assert "Table 22-1A, 0.6 m" in text.output
    assert "verdict" in text.output
    assert (tmp_path / "e.svg").read_text().startswith("<svg")
    found = json.loads(CliRunner().invoke(app, [*words, "--json"]).output)
    assert found["runs"][0]["table"] == "22-1A"


def test_gateways_and_slots_are_places() -> None:
    assert place("Karachi, SUPARCO satellite ground station", "paksat-mm1").lat_deg == pytest.approx(24.95)
    assert place("31.5,74.3", "above").gso_lon_deg == 74.3
    assert place("worst", "38.2").lat_deg is None


@pytest.mark.parametrize("direction", ["up", "between"])
def test_other_directions_take_masks_of_the_catalog(direction: str) -> None:
    ghz, region = (14.2, 3) if direction == "up" else (11.2, 1)
    asked = replace(ASKED, direction=direction, ghz=ghz, region=region, mask="starlink-gen1-ku", steps=1)
    run = study(asked, quiet=True)["runs"][0]
    assert run["points"][0][:2] == [-160.0, 0.0]
    assert -300.0 < run["highest_db"] < -100.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"constellation": "onweb"}, "oneweb"),
        ({"constellation": "paksat-1r"}, "geostationary system"),
        ({"at": "Lahor"}, "Lahore"),
        ({"at": "89,10"}, "latitude_deg"),
        ({"gso": "oneweb"}, "no geostationary system"),
        ({"gso": "400"}, "--gso"),
        ({"gso": "250"}, "below the horizon"),
        ({"ghz": 15.0}, "10.7 to 12.75"),
        ({"ghz": 15.0, "mask": "starlink-gen1-ku"}, "10.7-11.7"),
        ({"ghz": 19.9, "dish": 0.7}, "no user downlink"),
        ({"dish": 0.7}, "0.6, 1.2"),
        ({"avoid": -1.0}, "--avoid"),
        ({"avoid": float("nan")}, "--avoid"),
        ({"strategy": "best"}, "strategy"),
        ({"direction": "side"}, "--direction"),
        ({"direction": "up"}, "--mask"),
        ({"direction": "up", "mask": "starlink-gen1-ku", "at": "worst"}, "beam points"),
        ({"mask": "starlink"}, "starlink-gen1-ku"),
        ({"mask": "no.xml"}, "no.xml"),
        ({"region": 4}, "--region"),
        ({"service": "mobile"}, "--service"),
        ({"steps": -1}, "--steps"),
        ({"drop": -3.0}, "--drop"),
        ({"together": 0}, "nobody serves"),
    ],
)
def test_wrong_options_are_refused_by_name(change: dict[str, object], words: str) -> None:
    with pytest.raises(RabtaError) as error:
        study(replace(ASKED, **change), quiet=True)  # type: ignore[arg-type]
    assert words in str(error.value)
