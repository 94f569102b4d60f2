"""``rabta pnt samples`` from file to answer, and the published samples."""

from __future__ import annotations

import csv
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rabta.cli.pnt import app
from rabta.errors import RabtaError
from rabta.pnt.baseband import acquire, generate, samples, track
from rabta.pnt.baseband.generate import Emission

FILE = "data/gnss/if/L1_20211202_084700_4MHz_IQ.bin.xz"
SENT = [
    Emission("B1C", 30, 47.0, 0.004, 2900.0),
    Emission("B1C", 36, 46.0, 0.002, -2500.0),
    Emission("B1C", 36, 47.0, 0.002 + 3.0 / 1.023e6, -2495.0, phase_cycles=0.3),
    Emission("L1CA", 7, 46.0, 0.0004, 1500.0),
]


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["samples", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("if") / "made.bin"
    path.write_bytes(generate.digitise(np.conj(generate.samples(SENT, 4e6, 0.4, seed=3)), "iq8"))
    return path


def test_satellites_peaks_tracks_and_picture(record: Path, tmp_path: Path) -> None:
    picture = tmp_path / "a.svg"
    text = run(
        *(str(record), "--rate", "4e6", "--signals", "B1C,L1CA", "--prns", "7,30-36", "--peaks", "--track"),
        *("--picture", str(picture), "--json"),
    )
    found = json.loads(text)
    assert found["mirrored"]
    rows = {row["satellite"]: row for signal in found["signals"] for row in signal["satellites"]}
    assert set(rows) == {"C30", "C36", "G07"}
    assert rows["C30"]["doppler_hz"] == pytest.approx(2900.0, abs=10.0)
    assert rows["C30"]["track"]["locked"]
    assert rows["C30"]["track"]["code_std_m"] < 5.0
    assert len(rows["C30"]["peaks"]) == 1
    assert abs(rows["C36"]["peaks"][1]["apart_m"]) == pytest.approx(879.0, abs=40.0)
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert drawn.count("<polyline") == 3


def test_nothing_found_says_what_may_be_wrong(record: Path) -> None:
    text = run(str(record), "--rate", "4e6", "--signals", "L1CA", "--prns", "20-22")
    assert "0 of 3 satellites" in text
    assert "are rate, format, --if and signals those of the file?" in text


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--signals", "B1Q"], "did you mean"),
        (["--prns", "x"], "no satellite numbers"),
        (["--mirrored", "perhaps"], "auto, no, yes"),
        (["--signals", "B1C,B3I"], "outside of the band"),
        (["--format", "iq12"], "no such sample format"),
        (["--nav", "none.rnx"], "--position and --at"),
    ],
)
def test_wrong_choices_are_refused(record: Path, more: list[str], what: str) -> None:
    with pytest.raises(RabtaError, match=what):
        run(str(record), "--rate", "4e6", "--prns", "30", *more)


@pytest.mark.shared
def test_the_published_samples_hold_what_pocketsdr_finds(shared: Path) -> None:
    """Ten BeiDou-3 and six GPS satellites; C/N0 in the cell within 1.5 dB, code phase within a sample."""
    text = files("rabta.verify.pnt").joinpath("baseband_peer.csv").read_text(encoding="utf-8")
    peer = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    read = samples.read(shared / FILE, 4e6, "iq8", mirrored=True)
    for signal, prns in (("B1CP", range(19, 47)), ("L1CA", range(1, 33))):
        theirs = {int(row["prn"]): row for row in peer if row["signal"] == signal}
        seen = acquire.search(read.values, 4e6, signal, prns)
        assert set(seen["prn"][seen["found"]].tolist()) == set(theirs)
        for row in seen[seen["found"]]:
            other = theirs[int(row["prn"])]
            assert row["cell_cn0_dbhz"] == pytest.approx(float(other["cn0_dbhz"]), abs=1.5)
            assert row["delay_s"] * 1e3 == pytest.approx(float(other["delay_ms"]), abs=2.5e-4)
            if signal == "B1CP":
                place = {"doppler_hz": float(row["doppler_hz"]), "delay_s": float(row["delay_s"])}
                followed = track.run(read.values, 4e6, "B1C", int(row["prn"]), **place)
                assert followed.locked
                assert followed.code_minus_carrier_m()[10:].std() < 5.0
