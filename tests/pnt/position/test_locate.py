"""``rabta locate``: from files to positions, pictures and clear messages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.cli.locate import parse_signals
from rabta.cli.main import _commands, app
from rabta.errors import RabtaError
from rabta.verify.pnt.positions import NAGOYA

RUN = CliRunner()
BASE = "35.134707705,136.977577939,104.85335"


@pytest.fixture(scope="module", autouse=True)
def commands() -> None:
    if not app.registered_commands:
        _commands()


def locate(*words: object) -> str:
    found = RUN.invoke(app, ["locate", *(str(word) for word in words)])
    if isinstance(found.exception, RabtaError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


def nagoya(shared: Path) -> tuple[Path, Path]:
    folder = shared / "data/gnss/nagoya"
    return folder / "rover.obs.gz", folder / "base.nav"


def test_signals_of_a_text() -> None:
    assert parse_signals("C2I+C6I,G:1C") == {"C": ("2I", "6I"), "G": ("1C",)}
    assert parse_signals(None) == {}
    with pytest.raises(RabtaError, match="no such signal"):
        parse_signals("C")


def test_unknown_mode_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no such mode"):
        locate("a.obs", "a.nav", "--mode", "sp")
    with pytest.raises(RabtaError, match=r"absent\.obs"):
        locate(tmp_path / "absent.obs", tmp_path / "absent.nav")


@pytest.mark.shared
def test_accuracy_picture_and_table(shared: Path, tmp_path: Path) -> None:
    picture, table = tmp_path / "n.svg", tmp_path / "n.csv"
    words = [*nagoya(shared), "--systems", "C", f"--truth={NAGOYA}", "--plot", picture, "--out", table]
    told = json.loads(locate(*words, "--json"))
    assert told["fixed"] == told["epochs"] == 301
    assert told["accuracy"]["h95_m"] <= 1.8
    assert picture.read_text().startswith("<svg")
    assert picture.read_text().count("<path") >= 8
    rows = table.read_text().splitlines()
    assert len(rows) == 302
    assert rows[1].startswith("2024-06-24T08:20:00.000,")
    text = locate(*words)
    assert "301 of 301 epochs (100.0 %)" in text
    assert "frame" in text


@pytest.mark.shared
def test_differential_and_its_base(shared: Path) -> None:
    base = shared / "data/gnss/nagoya/base.obs.gz"
    words = [*nagoya(shared), "--mode", "dgnss", f"--truth={NAGOYA}", "--json"]
    told = json.loads(locate(*words, "--base", base, f"--base-position={BASE}"))
    assert told["accuracy"]["h95_m"] <= 0.34
    with pytest.raises(RabtaError, match="needs a base"):
        locate(*words)


@pytest.mark.shared
def test_messages_about_wrong_input(shared: Path) -> None:
    x, y, z = NAGOYA.split(",")
    with pytest.raises(RabtaError, match="another order"):
        locate(*nagoya(shared), f"--truth={y},{x},{z}")
    other = shared / "data/gnss/esbc/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"
    with pytest.raises(RabtaError, match="no observation meets a valid ephemeris") as caught:
        locate(nagoya(shared)[0], other)
    assert "2020-06-2" in str(caught.value)
    with pytest.raises(RabtaError, match="no coefficients"):
        locate(*nagoya(shared), "--ionosphere", "bdgim")
    with pytest.raises(RabtaError, match="needs precise orbits"):
        locate(*nagoya(shared), "--mode", "ppp")
    base = ("--base", nagoya(shared)[0], "--base-position", "0,0,0")
    with pytest.raises(RabtaError, match=r"seen by both receivers|no epoch has a position"):
        locate(*nagoya(shared), "--mode", "rtk", *base)
    with pytest.raises(RabtaError, match="no such satellite"):
        locate(*nagoya(shared), "--exclude", "C05,foo")


@pytest.mark.shared
def test_an_empty_sky(shared: Path) -> None:
    with pytest.raises(RabtaError, match="no epoch has a position") as caught:
        locate(*nagoya(shared), "--systems", "C", "--mask", 60)
    assert "301 epochs: no fix" in str(caught.value)


@pytest.mark.shared
def test_a_truth_that_moves(shared: Path) -> None:
    folder = shared / "data/gnss/hk_tst"
    files = folder / "COM3_190428_124409.obs.gz", folder / "hksc1180.19b", folder / "hksc1180.19n"
    told = json.loads(locate(*files, "--systems", "G,C", "--truth", folder / "groundTruth_TST.csv", "--json"))
    assert told["accuracy"]["of"] == 485
    assert any("no healthy and valid navigation for G04" in note for note in told["notes"])
    assert told["accuracy"]["availability"] >= 0.98
    assert told["accuracy"]["h50_m"] <= 12.2  # RTKLIB-EX 2.5.1: 12.2 and 44.1
    assert told["accuracy"]["h95_m"] <= 44.1
    assert np.isfinite(told["accuracy"]["v95_m"])


@pytest.mark.parametrize("option", ["--out", "--plot"])
def test_a_missing_folder_is_refused_before_the_work(tmp_path: Path, option: str) -> None:
    with pytest.raises(RabtaError, match="no such folder") as error:
        locate("no.obs", "no.nav", option, tmp_path / "nowhere" / "x.svg")
    assert option in str(error.value)
