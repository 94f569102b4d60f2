"""Validation files of the outside: read whole, or refused with the place of the damage."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta import verify
from rabta.errors import RabtaError
from rabta.verify.radio.terrain import p452, p1812, reading

SHEET = """made
Tx LAT:,53.18
Tx LON:,-6.33
Rx LAT:,53.19
Rx LON:,-6.32
Average annual values dN (N-units/km):,45
Average annual sea-level surface refractivity No (N-units):,326
{Begin of Profile}
Number of Points:,6
0,754.4,2,10,4
0.2,754.4,2,10,4
0.4,729.9,2,10,4
0.6,685.3,2,10,4
0.8,634.3,2,10,4
1,610.3,2,10,4
{End of Profile}
{Begin of Measurements}
95.3,60,,7,1,,,,,,,,30,,50,,91.45,87.48987104
{End of Measurements}
"""
HEADING = ",".join(["profile", *reading.RESULT])
RESULT = "test_profile_a.csv,2,50,10,10,0,51.8,0,50.9,20,5,2,500,500,1013,15,42.496465,326.521892,194.2497"
GROUND = "d (km),h(m),Ground cover height (m),zone\n" + "".join(f"{d},0,0,A2,2\n" for d in range(101))


def test_a_made_sheet_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(SHEET)
    (tmp_path / "notes.csv").write_text("not,a,profile\n")
    (row,) = verify.run("p1812", tmp_path)
    assert row.name == "a, 95.3 MHz, 50 %, dB"
    assert abs(row.difference) < 0.01  # the middle of the path is rounded in the made file


def test_a_pair_is_read_from_one_folder_or_two(tmp_path: Path) -> None:
    for folder, places in ((tmp_path / "one", ("", "")), (tmp_path / "two", ("profiles", "results"))):
        for name, place, text in (
            ("test_profile_a.csv", places[0], GROUND),
            ("test_result_a.csv", places[1], f"{HEADING}\n{RESULT}\n"),
        ):
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / name).write_text(text)
        (row,) = verify.run("p452", folder)
        assert abs(row.difference) < 0.01


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("754.4,2,10,4\n0.2", "x,2,10,4\n0.2", "not a number(.|\n)*line 10, column 2"),
        ("Number of Points:,6", "Number of Points:,7", "not whole"),
        ("{End of Profile}", "", "a part of the file is missing"),
        ("Tx LAT:,53.18\n", "", "a field is missing(.|\n)*Tx LAT"),
        ("0.8,634.3,2,10,4", "0.8,634.3,2,10,2", "radio-climatic zone(.|\n)*point 5"),
        ("0.4,729.9", "0.1,729.9", "not sorted"),
        ("95.3,60,,7,1,,,,,,,,30,,50,,91.45,87.48987104\n", "", "no loss"),
        ("95.3,60", "9500,60", "frequency_ghz"),
        ("50,,91.45,87.48987104", "50,,91.45", "column 18"),
    ],
)
def test_damaged_sheets_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SHEET
    (tmp_path / "a.csv").write_text(SHEET.replace(old, new, 1))
    with pytest.raises(RabtaError, match=words) as error:
        verify.run("p1812", tmp_path)
    assert str(tmp_path / "a.csv") in str(error.value)


def test_damaged_pairs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match=r"no P\.452 result"):
        verify.run("p452", tmp_path)
    with pytest.raises(RabtaError, match=r"no P\.1812 profile"):
        verify.run("p1812", tmp_path)
    (tmp_path / "test_result_a.csv").write_text(f"{HEADING}\n{RESULT}\n")
    with pytest.raises(RabtaError, match="no such profile"):
        verify.run("p452", tmp_path)
    (tmp_path / "test_profile_a.csv").write_text(GROUND.replace("A2", "A7", 1))
    with pytest.raises(RabtaError, match=r"no such zone(.|\n)*line 2"):
        verify.run("p452", tmp_path)
    (tmp_path / "test_profile_a.csv").write_text(GROUND)
    (tmp_path / "test_result_a.csv").write_text(f"{HEADING.replace('DN,', 'XX,')}\n{RESULT}\n")
    with pytest.raises(RabtaError, match=r"a column is missing(.|\n)*DN"):
        verify.run("p452", tmp_path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(SHEET) - 1), byte=st.integers(0, 255), cut=st.booleans())
@pytest.mark.filterwarnings("ignore:the profile goes under the level of the sea")
def test_any_damage_is_an_error_or_numbers(tmp_path: Path, at: int, byte: int, cut: bool) -> None:
    content = bytearray(SHEET.encode())
    content = content[:at] if cut else content[:at] + bytes([byte]) + content[at + 1 :]
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(content))
    with suppress(RabtaError):  # and no other exception
        found = reading.sheet(path)
        assert np.isfinite(found.losses).all()
        assert all(np.isfinite(row.ours) for row in p1812.rows(tmp_path))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(HEADING) + len(RESULT)), byte=st.integers(0, 255), cut=st.booleans())
def test_any_damage_to_results_too(tmp_path: Path, at: int, byte: int, cut: bool) -> None:
    content = bytearray(f"{HEADING}\n{RESULT}\n".encode())
    content = content[:at] if cut else content[:at] + bytes([byte]) + content[at + 1 :]
    (tmp_path / "test_profile_a.csv").write_text(GROUND)
    (tmp_path / "test_result_a.csv").write_bytes(bytes(content))
    with suppress(RabtaError):  # and no other exception
        assert all(np.isfinite(row.ours) for row in p452.rows(tmp_path))


@pytest.mark.shared
def test_a_folder_with_fewer_files_is_a_folder(shared: Path, tmp_path: Path) -> None:
    given_files = shared / "validation" / "terrain"
    shutil.copy(given_files / "p1812" / "rburg.csv", tmp_path)
    assert len(verify.run("p1812", tmp_path)) == 3
