"""``rabta pnt watch`` on files: a clean receiver, and one whose time is pushed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rabta import geo
from rabta.pnt import gnsstime, rinex
from rabta.pnt.records import Navigation
from rabta.pnt.service import sky
from rabta.pnt.simulate.receiver import Receiver, observe
from rabta.pnt.spoofing import inject

PLACE = geo.ecef_from_geodetic(24.9, 67.1, 30.0)  # Karachi
QUIET = Receiver(signals={"G": ("1C", "2W"), "C": ("2I", "6I")}, mask_deg=10.0, drift=1e-11)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six minutes at 1 Hz, clean and attacked, and the navigation of the day."""
    out = tmp_path_factory.mktemp("watch")
    nav = Navigation(sky.messages("2026-03-09"))
    times = gnsstime.from_calendar("2026-03-09T08:00:00") + np.arange(360) * gnsstime.NS
    clean = observe(nav, times, PLACE, 1, QUIET)
    attack = inject.Attack(int(times[240]), time_m_s=3.0, seed=2)
    rinex.write_observations(clean, out / "clean.rnx")
    rinex.write_observations(inject.inject(clean, nav, attack, place_m=PLACE), out / "pushed.rnx")
    rinex.write_navigation(nav, out / "day.rnx")
    return out


def watch(folder: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rabta.cli.main", "pnt", "watch", name, "day.rnx", "--systems", "G,C", *more],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_clean_receiver(folder: Path) -> None:
    told = json.loads(watch(folder, "clean.rnx", "--json").stdout)
    assert told["alarms"] == []
    assert told["epochs"]["clean"] == 360


def test_a_pushed_clock_is_an_alarm_with_evidence(folder: Path) -> None:
    told = json.loads(watch(folder, "pushed.rnx", "--json").stdout)
    assert told["epochs"]["spoofed"] > 0
    assert told["alarms"]
    first = told["alarms"][0]
    assert any("clock" in str(value) for value in first.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("none.rnx",), "none.rnx"),
        (("clean.rnx", "--false-alarm", "2"), "false"),
        (("clean.rnx", "--samples", "none.bin"), "none.bin"),
    ],
)
def test_mistakes_are_named(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    told = watch(folder, *arguments)
    assert told.returncode != 0
    assert words in told.stderr
    assert "Traceback" not in told.stderr
