"""``rabta locate --motion``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rabta.cli.locate import checked_motion
from rabta.cli.locate import locate as command
from rabta.errors import RabtaError


def test_wrong_motions_are_refused_before_files_are_read() -> None:
    with pytest.raises(RabtaError, match="did you mean 'vehicle'"):
        checked_motion("vehicel", "spp", smooth=False)
    with pytest.raises(RabtaError, match="only a motion can be smoothed"):
        checked_motion(None, "spp", smooth=True)
    with pytest.raises(RabtaError, match="mode spp only"):
        checked_motion("vehicle", "rtk", smooth=False)
    assert checked_motion(None, "rtk", smooth=False) is None
    assert checked_motion("aircraft", "spp", smooth=True) == "aircraft"


@pytest.mark.shared
def test_a_drive(shared: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = shared / "data/gnss/hk_tst"
    truth = str(folder / "groundTruth_TST.csv")
    out = tmp_path / "drive.csv"
    command(
        folder / "COM3_190428_124409.obs.gz",
        [folder / "hksc1180.19b", folder / "hksc1180.19n"],
        systems="G,C",
        motion="vehicle",
        truth=truth,
        out=out,
        json_=True,
    )
    told = json.loads(capsys.readouterr().out)
    assert told["accuracy"]["epochs"] == 485
    assert told["accuracy"]["h95_m"] < 35.0
    assert told["status"]["forward"] == told["fixed"] > 1_700
    assert any("forward" in note for note in told["notes"])
    assert out.read_text().splitlines()[1].endswith("forward")
