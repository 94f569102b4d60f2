"""``rabta pnt sky`` and ``rabta pnt fleet`` as people call them."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest


def rabta(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rabta.cli.main", *arguments], capture_output=True, text=True, check=False
    )


def test_a_sky_and_its_picture(tmp_path: Path) -> None:
    told = rabta("pnt", "sky", "Karachi", "--step", "60", "--json", "--plot", str(tmp_path / "sky.svg"))
    assert told.returncode == 0, told.stderr
    cases = {row["case"]: row for row in json.loads(told.stdout)["cases"]}
    assert cases["beidou"]["in_view"] > cases["gps"]["in_view"] > 8
    assert cases["all"]["pdop95"] < cases["gps"]["pdop95"]
    text = "".join(ET.parse(tmp_path / "sky.svg").getroot().itertext())
    assert "C60" in text
    assert "Karachi" in text


def test_a_fleet() -> None:
    told = json.loads(rabta("pnt", "fleet", "100", "--every", "600", "--place", "Karachi", "--json").stdout)
    assert told["inside_regional_area"] is False
    assert told["services"]["regional"]["load"] < told["services"]["global"]["load"] < 1.0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sky", "Karachhi"), "did you mean 'Karachi'"),
        (("sky", "Karachi", "--mask", "-3"), "--mask"),
        (("sky", "Karachi", "--case", "beidu"), "did you mean 'beidou'"),
        (("sky", "Karachi", "--ephemerides", "none.rnx"), "2026-03-09"),
        (("fleet", "0"), "vehicles"),
        (("fleet", "5", "--every", "nan"), "every_s"),
    ],
)
def test_mistakes_are_named(arguments: tuple[str, ...], words: str) -> None:
    told = rabta("pnt", *arguments)
    assert told.returncode != 0
    assert words in told.stderr
    assert "Traceback" not in told.stderr
