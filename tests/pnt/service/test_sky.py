"""The shipped day of ephemerides, and skies from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.service import cases, sky
from rabta.scenario import Pnt
from rabta.verify.pnt import coverage


def test_satellites_of_9_march_2026() -> None:
    """Constellations as they were: orbits by BDS-OS-PS-3.0 and the messages, not by lists in the code."""
    day = sky.load("2026-03-09", 60.0)
    of = day.satellites
    names = of.names.tolist()
    assert {s: int((of.system == s).sum()) for s in "GREC"} == {"G": 32, "R": 24, "E": 26, "C": 44}
    for geo in ("C01", "C02", "C03", "C04", "C05", "C59", "C60"):
        assert of.orbit[names.index(geo)] == "geo"
    for igso in ("C06", "C07", "C08", "C09", "C10", "C13", "C16", "C38", "C39", "C40"):
        assert of.orbit[names.index(igso)] == "igso"
    assert of.bands[names.index("C46")] == "57"  # B-CNAV2 and 3 alone in this file
    assert "C47" not in names  # unhealthy
    radius = np.linalg.norm(day.sky.position_m, axis=-1)
    middle = (of.orbit == "meo") & (of.system == "C")
    assert np.nanmax(np.abs(radius[:, middle] / 27_906_100.0 - 1.0)) < 2e-3  # 21,528 km: BDS-OS-PS-3.0, 4.1
    # L5 of GPS: blocks IIF and III (gps.gov, space segment): not on G02, G05, G07, G12, G13, G15, G17, G19
    old = ("G02", "G05", "G07", "G12", "G13", "G15", "G17", "G19")
    assert not any("5" in of.bands[names.index(name)] for name in old)
    assert "5" in of.bands[names.index("G01")]


def test_the_table_of_pakistan() -> None:
    assert [row.name for row in coverage.rows(None) if not row.passed] == []


def test_a_file_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RabtaError, match="2026-03-09"):
        sky.load("2026-03-9", 60.0)
    monkeypatch.chdir(tmp_path)
    Path("empty.rnx").write_text(
        "     4.00           N                   M                   RINEX VERSION / TYPE\n"
    )
    with pytest.raises(RabtaError):
        sky.load("empty.rnx", 60.0)


@pytest.mark.shared
def test_a_rinex_file_gives_the_same_sky(shared: Path) -> None:
    path = shared / "data/gnss/nav4/BRD400DLR_S_20260680000_01D_MN.rnx.gz"
    ours, theirs = sky.load("2026-03-09", 60.0), sky.load(str(path), 60.0)
    at = [theirs.satellites.names.tolist().index(name) for name in ours.satellites.names]
    both = ours.sky.heard & theirs.sky.heard[:, at]
    assert both.mean() > 0.97
    apart = np.linalg.norm(ours.sky.position_m - theirs.sky.position_m[:, at], axis=-1)[both]
    assert np.nanmax(apart) < 30.0  # other records of the same satellite


def test_ranges_are_worth_less_where_the_lower_band_is_jammed() -> None:
    judge = sky.judge(Pnt())
    names = judge.book.names
    healthy, jammed = (judge.weights.mode[names.index(name)] for name in ("all", "l1-jammed"))
    ranged = [s in "GEC" for s in judge.satellites.system]
    less, more = (judge.weights.table[row][ranged][:, 45] for row in (jammed, healthy))
    untouched = judge.satellites.names[ranged][less == more]
    assert (less <= more).all()
    assert untouched.tolist() == ["C46"]  # sends nothing that is jammed, by its messages
    assert judge.keep[names.index("beidou")].sum() == (judge.satellites.system == "C").sum()
    assert isinstance(judge.book, cases.Book)


def test_hours_are_those_of_the_day() -> None:
    rows = sky.messages("2026-03-09")
    noon = gnsstime.from_calendar("2026-03-09T12:00:00")
    assert sky.over(rows, np.array([noon])).sky.hours.tolist() == [12.0]
