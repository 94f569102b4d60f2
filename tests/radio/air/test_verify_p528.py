"""Files of the tables' form: what is damaged is refused by name, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.radio.air import p528
from rabta.verify.radio import p528 as suite

GOOD = """1200MHz / Lb(0.50) dB
,h2(m),1000,10000
,h1(m),15,1000
D (km),FSL
0,94,{0},{1}
100,134,{2},{3}
"""


def good() -> str:
    """A small table of our own values."""
    losses = p528.loss_db([[0.0], [100.0]], [15.0, 1000.0], [1000.0, 10000.0], 1.2)
    return GOOD.format(*(f"{x:.1f}" for x in losses.ravel()))


def put(folder: Path, text: str, name: str = "1,200 MHz - Lb(0.50)_P528.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="latin-1")
    return path


def test_reads_any_number_of_columns(tmp_path: Path) -> None:
    put(tmp_path, good(), "a table.csv")
    rows = suite.rows(tmp_path)
    assert all(row.status in ("ok", "shown") for row in rows)
    assert any("of 4 values in 1 files" in row.name for row in rows)


def test_a_wrong_value_fails(tmp_path: Path) -> None:
    put(tmp_path, GOOD.format(*"0000"))
    assert sum(row.status == "FAIL" for row in suite.rows(tmp_path)) == 3


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("1200MHz", "1300MHz", "not clear"),
        ("1200MHz / Lb(0.50) dB", "something", "too short"),
        (",h2(m)", ",height", "no row of heights"),
        ("15,1000", "15", "heights differ"),
        ("100,134,", "100,", "wrong number of columns"),
        ("100,134,", "far,134,", "not a number"),
        ("100,134,", "nan,134,", "not a number"),
        ("100,134,", "5000,134,", "outside the range"),
        ("15,1000", "0,1000", "outside the range"),
    ],
)
def test_damage_is_named(tmp_path: Path, old: str, new: str, problem: str) -> None:
    text = good().replace(old, new)
    path = put(tmp_path, text if problem != "too short" else "")
    with pytest.raises(RabtaError, match=problem) as caught:
        suite.rows(tmp_path)
    assert caught.value.file in (path, tmp_path)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no tables"):
        suite.rows(tmp_path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_fuzzed_files_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    text = good()
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 20)))
    text = text[:start] + data.draw(st.text(st.characters(max_codepoint=255), max_size=12)) + text[stop:]
    path = put(tmp_path, text)
    try:
        table = suite.read(path)
    except RabtaError:
        return
    assert table.loss_db.shape == (len(table.distance_km), len(table.low_m))
