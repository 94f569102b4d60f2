"""Coefficients of the world in both forms, and reference files of the suite: whole, foreign, damaged."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.radio.hf import groundwave, noise
from rabta.radio.hf.groundwave import Ground
from rabta.radio.hf.ionosphere import coefficients
from rabta.verify.radio import hf

HEAD = (
    "h_tx__meter,h_rx__meter,f__mhz,P_tx__watt,N_s,d__km,epsilon,sigma,pol,A_btl__db,E_dBuVm,P_rx__dbm,method"
)


def fortran(values: np.ndarray) -> str:
    return "\n".join(
        " ".join(f"{v:.8E}" for v in row) for row in np.array_split(values, -(-len(values) // 5))
    )


def write_world(folder: Path, level: float, iri: bool) -> None:
    """Files whose foF2 is `level` MHz everywhere and always, and 10 more at R12 = 100."""
    f2, m3 = np.zeros((2, 76, 13)), np.zeros((2, 49, 9))
    f2[0, 0, 0], f2[1, 0, 0], m3[:, 0, 0] = level, level + 10.0, 3.0
    for month in range(1, 13):
        if iri:
            text = fortran(np.concatenate([f2.ravel(), m3.ravel()]))
            (folder / f"ccir{month + 10}.asc").write_text(text)
            continue
        series = np.zeros((6, 16, 29))
        parts = {
            "xf2(13,76,2)": f2, "xfm3(9,49,2)": m3, "fakp(29,16,6)": series,
            "fakabp(2,6)": np.tile([60.0, 0.0], (6, 1)), "dud(5,12,5)": np.zeros((5, 12, 5)),
            "fam(14,12)": np.zeros((12, 14)),
        }  # fmt: skip
        text = "\n".join(f"{name}\n{fortran(values.ravel())}" for name, values in parts.items())
        (folder / f"COEFF{month:02d}W.txt").write_text(text)


@pytest.mark.parametrize("iri", [True, False])
def test_both_forms(tmp_path: Path, iri: bool) -> None:
    write_world(tmp_path, 5.0, iri)
    found = coefficients.read_world(tmp_path)
    f2, m3 = found.courses(np.array([12.0]), np.array([-60.0]), 4)
    assert coefficients.daily(f2, 3.0)[0] == pytest.approx([5.0, 15.0])
    assert coefficients.daily(m3, 3.0)[0] == pytest.approx([3.0, 3.0])
    if not iri:
        level = noise.WorldNoise.read(tmp_path).at_1_mhz(np.array([10.0]), np.array([70.0]), 2, 3)
        assert level == pytest.approx([60.0])


def test_missing_or_short(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no ionospheric coefficients"):
        coefficients.read_world(tmp_path)
    write_world(tmp_path, 5.0, True)
    path = tmp_path / "ccir14.asc"
    path.write_text(path.read_text()[:900])
    with pytest.raises(RabtaError, match="damaged"):
        coefficients.read_world(tmp_path)
    path.unlink()
    with pytest.raises(RabtaError, match="all twelve months"):
        coefficients.read_world(tmp_path)


def test_lfmf_files(tmp_path: Path) -> None:
    ours = float(groundwave.field_dbuvm(2.0, 60.0, Ground(22.0, 0.003)))
    line = f"0,0,2,1000,315,60,22,0.003,1,0,{ours},0,0"
    (tmp_path / "mine.csv").write_text(f"{HEAD}\n{line}\n")
    assert [row.passed for row in hf.rows(tmp_path)] == [True]
    (tmp_path / "mine.csv").write_text(f"{HEAD}\n{line.replace(str(ours), str(ours + 1))}\n")
    assert [row.passed for row in hf.rows(tmp_path)] == [False]
    (tmp_path / "mine.csv").write_text(f"{HEAD}\n{line.replace('315', 'x')}\n")
    with pytest.raises(RabtaError, match="line 2"):
        hf.rows(tmp_path)
    (tmp_path / "mine.csv").unlink()
    with pytest.raises(RabtaError, match="no reference file"):
        hf.rows(tmp_path)


def test_measured_files(tmp_path: Path) -> None:
    write_world(tmp_path, 6.0, False)
    (tmp_path / "D1_Table1.csv").write_text(
        "TABLE 1\nID ,TX,...\n7,A,B,6.1,49.40N,6.19E,51.07N,7.16E,175,40,84,8\n"
        "8,A,C,6.1,0.0N,0.0E,0.0N,90.0W,10000,4,84,8\n"
    )
    (tmp_path / "D1_Table2.csv").write_text("ID,Y,M\n7,84,8," + ",".join(["99"] * 12 + ["20"] * 12) + "\n")
    rows = hf.rows(tmp_path)
    assert rows[0].name.startswith("mean error of 12 hours on 1 circuits")
    assert rows[-1].name == "mean error, 7: A to B, 6.1 MHz, dB"
    (tmp_path / "D1_Table2.csv").write_text("7,84,8,1,2\n")
    with pytest.raises(RabtaError, match="D1_Table2"):
        hf.rows(tmp_path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet="0123456789.,-eEnaN\n xf2()", max_size=300))
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    for name in ("ccir11.asc", "mine.csv"):
        (tmp_path / name).write_text((HEAD + "\n" if name == "mine.csv" else "") + text)
    for read in (coefficients.read_world, hf.rows):
        with contextlib.suppress(RabtaError):
            read(tmp_path)
