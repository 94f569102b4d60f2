"""``rabta overlay run`` over the twin's path, from a scenario and from a run's folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rabta import events
from rabta.cli import main
from rabta.cli.events.joint import evaluated
from rabta.errors import RabtaError
from rabta.scenario import find, load
from rabta.security.overlay.paths import Change, Delay
from rabta.security.overlay.picture import draw, outages

WORDS = ["overlay", "run"]
PLACES = ["--from", "Gilgit", "--to", "Islamabad"]


@pytest.fixture(scope="module")
def app() -> Any:
    if not main.app.registered_groups:
        main._commands()
    return main.app


def told(app: Any, *words: str) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*WORDS, *words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "coarse.toml"
    path.write_text('extends = "tiny"\n[nation]\nresolution = 4\n')
    return path


def check(found: dict[str, Any]) -> None:
    assert found["path"] == "Gilgit > Islamabad"
    assert found["handovers"] == found["key_changes"] > 3
    assert found["sent"] > 1000
    assert found["lost_by_overlay"] == found["wrong"] == found["replays_accepted"] == 0
    assert found["delivered"] + found["lost_by_network"] == found["sent"]
    assert found["added_rtt_ms"] == 0.0
    assert found["replayed"] > 50
    low, high = found["rtt_ms"]
    assert (
        2.0 * 220e3 / 299_792.458 * 1e3 / 1e3 < low < high < 30.0
    )  # Gilgit is 220 km from Islamabad or more
    assert low <= found["handshake_ms"] <= high


def test_a_scenario(app: Any, scenario: Path, tmp_path: Path) -> None:
    picture = tmp_path / "path.svg"
    found = told(app, str(scenario), *PLACES, "--minutes", "4", "--picture", str(picture))
    check(found)
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    assert drawn.count('class="change"') == found["handovers"]
    assert drawn.count("<circle") == sum(e["kind"] in {"session", "key_epoch"} for e in found["events"])


def test_a_run_folder(app: Any, scenario: Path, tmp_path: Path) -> None:
    changes = {"events.pairs": [("Gilgit", "Islamabad")], "time.hours": 4 / 60}
    table = evaluated(load(find(str(scenario)), changes), ("events",)).table("events")
    (tmp_path / "tables").mkdir()
    (tmp_path / "provenance.json").write_text("{}")
    table.to_parquet(tmp_path / "tables" / "events.parquet", index=False)
    found = told(app, str(tmp_path), "--from", "gilgit", "--to", "islamabad")
    check(found)
    before = len(events.read(tmp_path))
    again = told(app, str(tmp_path), "--from", "Gilgit", "--to", "Islamabad", "--record")
    kept = events.read(tmp_path, kinds=["session", "key_epoch"])
    assert len(events.read(tmp_path)) == before + len(again["events"])
    assert (kept["kind"] == "key_epoch").sum() == 2 * found["handovers"]  # of two nodes
    assert set(kept["subject"]) == {"Gilgit > Islamabad"}
    changed = set(table.loc[table["kind"] == "path_change", "time_ns"])
    assert abs(min(kept.loc[kept["kind"] == "key_epoch", "time_ns"]) - min(changed)) < 2000
    with pytest.raises(RabtaError, match="Gilgit > Islamabad"):
        told(app, str(tmp_path), "--from", "Gilgit", "--to", "Karachi")


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["--minutes", "0"], "--minutes"),
        (["--size", "2000"], "--size"),
        (["--size", "1"], "--size"),
        (["--loss", "101"], "--loss"),
        (["--suite", "ns"], "suite"),
        (["--to", "Nowhere"], "no such place"),
        (["--record"], "nowhere to record"),
    ],
)
def test_options_are_refused_by_name(app: Any, scenario: Path, words: list[str], match: str) -> None:
    with pytest.raises(RabtaError, match=match):
        told(app, str(scenario), *PLACES, "--minutes", "1", *words)


def test_picture_of_an_outage() -> None:
    nan = float("nan")
    delay = Delay((0.0, 10.0, 10.0, 20.0, 20.0, 60.0), (0.01, 0.02, nan, nan, 0.03, 0.01))
    assert outages(delay) == [(10.0, 20.0)]
    drawn = draw(delay, [Change(20.0, "x")], [0.0, 20.0], "A > B & C")
    assert drawn.count("<polyline") == 2
    assert drawn.count('class="gap"') == 1
    assert "A &gt; B &amp; C" in drawn
    xs = [float(x) for x in re.findall(r'cx="([0-9.]+)"', drawn)]
    assert xs == sorted(xs)
