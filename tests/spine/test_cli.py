"""The command line as a user meets it: exit codes, one clear message, machine-readable twins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent / "rabta"


def rabta(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN), *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )


def test_help_lists_the_commands(tmp_path: Path) -> None:
    out = rabta(tmp_path, "--help")
    assert out.returncode == 0
    for command in ("run", "new", "show", "catalog", "verify", "data"):
        assert command in out.stdout


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, rabta.cli.main as m; m._commands(); print([n for n in sys.modules if n in HEAVY])"
    heavy = {"numpy", "pandas", "xarray", "numba", "geopandas", "scipy", "highspy", "pydantic", "rich"}
    out = subprocess.run(
        [sys.executable, "-c", code.replace("HEAVY", repr(heavy))], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "pakstan"), 3, ["no such scenario", "pakistan"]),
        (("run", "tiny", "--set", "plan.flor_mbps=3"), 3, ["plan.flor_mbps", "floor_mbps"]),
        (("run", "tiny", "--set", "plan"), 2, ["--set", "key=value"]),
        (("run", "tiny", "--hours", "0"), 3, ["time.hours", "greater than 0"]),
        (("run", "tiny", "--constellation", "starlnk"), 3, ["starlnk", "starlink"]),
        (("run", "tiny", "--set", "plan.costs.nothing_usd=1"), 3, ["nothing_usd"]),
        (("run", "tiny", "--set", "plan.costs.tower_usd=-1"), 3, ["tower_usd", "zero or more"]),
        (("run", "tiny", "--catalogue", "missing.tle"), 3, ["missing.tle"]),
        (("show",), 2, ["no such run"]),
        (("catalog", "constelations"), 3, ["constellations"]),
        (("verify", "sgp"), 3, ["sgp4"]),
        (("nonsense",), 2, ["nonsense"]),
    ],
)
def test_mistakes_end_with_one_message(
    tmp_path: Path, arguments: tuple[str, ...], code: int, words: list[str]
) -> None:
    out = rabta(tmp_path, *arguments)
    assert out.returncode == code, out.stderr
    assert "Traceback" not in out.stderr
    for word in words:
        assert word in out.stderr
    assert [p for p in tmp_path.rglob("*") if p.name not in {"runs"}] == []


def test_new_scenario_runs_through_validation(tmp_path: Path) -> None:
    assert rabta(tmp_path, "new", "mine", "--extends", "tiny").returncode == 0
    again = rabta(tmp_path, "new", "mine")
    assert again.returncode == 2
    assert "exists already" in again.stderr
    code = "from rabta import scenario as s; print(s.load(s.find('mine')).time.hours)"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "1.0"


def test_catalog_as_json(tmp_path: Path) -> None:
    found = json.loads(rabta(tmp_path, "catalog", "--json").stdout)
    assert len([item for item in found if item["kind"] == "constellations"]) >= 12
    assert all(item["source"] and item["licence"] and item["retrieved"] for item in found)


def test_a_prediction_that_misses_is_counted_apart_and_fails_nothing(tmp_path: Path) -> None:
    out = rabta(tmp_path, "verify", "usf", "--json")
    assert out.returncode == 0, out.stderr
    found = json.loads(out.stdout)["suites"]["usf"]
    assert found["failed"] == found["shown"] == 0
    assert found["passed"] + found["missed"] == len(found["rows"])
    outside = {row["name"] for row in found["rows"] if abs(row["difference"]) > row["tolerance"]}
    assert {row["name"] for row in found["rows"] if row["status"] == "miss"} == outside
    assert not any(row["gate"] for row in found["rows"] if row["name"] in outside)
