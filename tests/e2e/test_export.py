"""A run's network in the files of other tools, read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta import scenario
from rabta.cli.main import _commands as register
from rabta.cli.main import app
from rabta.errors import RabtaError
from rabta.run import Run
from rabta.space.network import hypatia

register()


def export(run: Run, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["export", str(run.folder), *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_hypatia_folder_is_whole_and_reads_back(tiny: Run, tmp_path: Path) -> None:
    out = tmp_path / "hypatia"
    export(tiny, "--to", "hypatia", "--out", str(out), "--minutes", "1", "--step-s", "30")
    network, sites, rule = hypatia.read_network(out)
    moving = int((tiny.tables["satellites"]["orbit"] != "geo").sum())
    landing = tiny.tables["gateways"]["systems"].str.contains("starlink")  # the others land PakSat alone
    stations = int(landing.sum())
    assert 0 < stations < len(landing)
    assert (network.size, len(sites.names)) == (moving, stations)
    assert np.isfinite([rule.ground_m, rule.laser_m]).all()
    info = np.loadtxt(out / "gsl_interfaces_info.txt", delimiter=",")
    assert info.shape == (moving + stations, 3)
    first = np.loadtxt(out / "gsl_if_bandwidth_0.txt", delimiter=",")
    assert first[:moving, 1].tolist() == network.degree.tolist()
    assert (out / "gsl_if_bandwidth_30000000000.txt").read_text() == ""
    files = [out / f"fstate_{s}.txt" for s in (0, 30_000_000_000, 60_000_000_000)]
    hop, _ = hypatia.read_fstate(files, moving, stations)
    assert hop.shape[0] == 3


def test_hypatia_links_are_those_of_the_run(
    tiny: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run without relays between satellites has none in the files."""
    given = scenario.load(tiny.folder / "scenario.toml", {"transport.use_isl": False})
    monkeypatch.setattr(scenario, "load", lambda path: given)
    export(tiny, "--to", "hypatia", "--out", str(tmp_path), "--minutes", "0.5")
    assert (tmp_path / "isls.txt").read_text() == ""


def test_czml_has_every_satellite_and_gateway(tiny: Run, tmp_path: Path) -> None:
    out = tmp_path / "run.czml"
    export(tiny, "--to", "czml", "--out", str(out), "--minutes", "2")
    packets = json.loads(out.read_text())
    moving = int((tiny.tables["satellites"]["orbit"] != "geo").sum())
    assert len(packets) == 1 + moving + len(tiny.tables["gateways"])
    assert len(packets[1]["position"]["cartesian"]) == 3 * 4


def test_starrynet_has_a_file_a_second(tiny: Run, tmp_path: Path) -> None:
    export(tiny, "--to", "starrynet", "--out", str(tmp_path), "--minutes", "0.05")
    assert sorted(p.name for p in (tmp_path / "position").iterdir()) == [f"{k}.txt" for k in range(4)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--to", "czlm"), "nearest is czml|czml"),
        (("--to", "czml", "--minutes", "0"), "--minutes"),
        (("--to", "czml", "--step-s", "-1"), "--step-s"),
        (("--to", "czml", "--minutes", "inf"), "--minutes"),
        (("--to", "czml", "--step-s", "inf"), "--step-s"),
        (("--to", "starrynet", "--minutes", "1e6"), "too many positions"),
    ],
)
def test_what_is_wrong_is_named(tiny: Run, tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(RabtaError, match=says):
        export(tiny, *arguments, "--out", str(tmp_path / "x"))
