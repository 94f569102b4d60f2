"""``rabta pnt files``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.pnt.products.test_others import ANTEX, SINEX, ionex_text
from tests.pnt.products.test_sp3_clk import CLK, SP3
from tests.pnt.rinex.test_navigation import CNV3, LNAV, file
from tests.pnt.rinex.test_observations import BDS, EPOCH, GPS, file3
from typer.testing import CliRunner

from rabta.cli.pnt import app
from rabta.errors import RabtaError
from rabta.pnt import rinex

OBS = file3(EPOCH + GPS + BDS)
NAV = file("> EPH G02 LNAV\n" + LNAV + "> EPH C38 CNV3\n" + CNV3)
OTHERS = {"orbits": SP3, "clocks": CLK, "antennas": ANTEX, "ionosphere maps": ionex_text(), "stations": SINEX}


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["files", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def put(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def test_what_is_in_files(tmp_path: Path) -> None:
    obs, nav = put(tmp_path, "a.rnx", OBS), put(tmp_path, "b.rnx", NAV)
    told = json.loads(run(obs, nav, "--json"))
    assert [one["kind"] for one in told] == ["observations", "navigation"]
    assert told[0]["epochs"] == 1
    assert told[0]["systems"]["C"]["values"] == {"C2I": 1, "L2I": 1}
    assert told[1]["records"] == {"C CNV3": 1, "G LNAV": 1}
    text = run(obs, nav)
    assert "2024-01-10T00:00:00.000" in text
    assert "C CNV3 1, G LNAV 1" in text


@pytest.mark.parametrize("kind", OTHERS)
def test_products(tmp_path: Path, kind: str) -> None:
    path = put(tmp_path, "a", OTHERS[kind].encode())
    assert json.loads(run(path, "--json"))[0]["kind"] == kind
    assert kind in run(path)


def test_conversion(tmp_path: Path) -> None:
    obs, nav, out = put(tmp_path, "a.rnx", OBS), put(tmp_path, "b.rnx", NAV), str(tmp_path / "out.rnx")
    run(obs, "--write", out)
    assert rinex.observations(out).header["version"] == 4.02
    text = run(nav, nav, "--write", out, "--version", "3.05")
    assert "CNV3" in text.split("not written")[1]
    assert rinex.navigation(out).ephemerides["kind"].tolist() == ["LNAV"]
    told = json.loads(run(nav, "--write", out, "--json"))
    assert told["not_written"] == []
    with pytest.raises(RabtaError, match="as one RINEX file"):
        run(obs, nav, "--write", out)


def test_notes_and_files_of_no_kind(tmp_path: Path) -> None:
    broken = put(tmp_path, "a.rnx", file3(EPOCH.replace("  2\n", "  9\n") + GPS + BDS))
    assert "a.rnx:6: an epoch with fewer satellites than it says" in run(broken)
    with pytest.raises(RabtaError, match="no kind"):
        run(put(tmp_path, "b", b"hello\n"))
    with pytest.raises(RabtaError, match="empty"):
        run(put(tmp_path, "c", b""))
