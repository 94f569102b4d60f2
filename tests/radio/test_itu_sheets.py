"""Our propagation formulas against the ITU's own validation sheets (CG-3M3J-13-ValEx)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta import verify
from rabta.errors import RabtaError
from rabta.verify.radio.sky import sheets

TOTAL = "ITURP618-14_A_total"


@pytest.mark.shared
def test_every_sheet_value_is_reproduced(shared: Path) -> None:
    rows = verify.run("itu", shared / "validation" / "itu")
    assert [row for row in rows if row.status == "FAIL"] == []
    count = next(row for row in rows if row.name.startswith("values of the ITU's sheets"))
    assert count.ours == count.theirs >= 3500
    proof = next(row for row in rows if "total from implied gas" in row.name)
    assert "of 48" in proof.name
    assert abs(proof.ours) < 1e-6


@pytest.mark.shared
def test_totals_imply_the_rain_rate_of_the_maps(shared: Path) -> None:
    """The rate that is hidden in the ITU's totals is our solution of P.837-7 from the same maps."""
    pytest.importorskip("itur")
    rows = verify.run("itu", shared / "validation" / "itu")
    rate = next(row for row in rows if "beside ours of P.837-7" in row.name)
    assert rate.passed
    assert rate.ours < 1e-7


@pytest.mark.shared
def test_sheets_that_are_absent_are_said(shared: Path, tmp_path: Path) -> None:
    shutil.copy(shared / "validation" / "itu" / "ITURP676-13_gamma.csv", tmp_path)
    (tmp_path / "ITURP999-1_unknown.csv").write_text("a\n()\n1\n")
    rows = verify.run("itu", tmp_path)
    said = [row for row in rows if "not in the folder" in row.name]
    assert len(said) == len(sheets.CHECKS) - 1
    assert all(row.status == "shown" for row in said)
    assert any("ITURP999-1_unknown.csv: no check" in row.name for row in rows)
    assert next(row.ours for row in rows if row.name.startswith("values of")) == 1050


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("ITURP618-14_A_total", "5.553941588851238", "5.554941588851238"),
        ("ITURP618-14_A_xpd", "49.47769944", "49.47779944"),
        ("ITURP838-3_rain_specific_attenuation", "1.58130839", "1.58131839"),
    ],
)
def test_one_wrong_value_fails(shared: Path, tmp_path: Path, name: str, old: str, new: str) -> None:
    for needed in (name, "ITURP618-14_A_rain"):
        shutil.copyfile(shared / "validation" / "itu" / f"{needed}.csv", tmp_path / f"{needed}.csv")
    text = (tmp_path / f"{name}.csv").read_text(encoding="latin-1")
    assert old in text
    (tmp_path / f"{name}.csv").write_text(text.replace(old, new, 1), encoding="latin-1")
    wrong = [row.name for row in verify.run("itu", tmp_path) if row.status == "FAIL"]
    assert any(name in row for row in wrong)
    assert any("values of the ITU's sheets" in row for row in wrong)


def test_wrong_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="ITURP838-3"):
        verify.run("itu", tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f,P\n(),()\n1,1013\n", "lacks a column"),
        ("f,P,T,rho,gamma0,gammaw,gamma\n\n12,1013,x,7.5,1,1,1\n", "line 3"),
        ("f,P,T,rho,gamma0,gammaw,gamma\n()\n", "without values"),
        ("", "cannot read"),
        ("f\n()\n1,2,3\n1\n", "sheet"),
    ],
)
def test_damaged_sheets_are_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "ITURP676-13_gamma.csv").write_text(text)
    with pytest.raises(RabtaError, match=words):
        verify.run("itu", tmp_path)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_bytes_end_in_anything_but_an_error_by_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "ITURP676-13_gamma.csv").write_bytes(data)
    with pytest.raises(RabtaError):
        verify.run("itu", tmp_path)
