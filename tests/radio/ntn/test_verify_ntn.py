"""The suite `ntn`: quoted tables, and parameter files of outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import verify
from rabta.errors import RabtaError
from rabta.radio.ntn import tables
from rabta.verify.radio import ntn


def parameter_file(folder: Path, name: str = "Rural_LOS_S_band_DL.json") -> dict[str, Any]:
    """A file of our own numbers, in the form of OpenNTN's."""
    scenario, band, state = tables.SCENARIOS.index("rural"), 0, 1
    values: dict[str, float] = {}
    for row, degrees in enumerate(range(10, 100, 10)):
        for column, stem in ntn._COLUMNS.items():
            number = tables.fading()[scenario, band, state, row, tables.COLUMNS.index(column)]
            values[f"{stem}_{degrees}"] = float(number)
        mixed = tables.correlations("rural", "S", "los")[row]
        for (i, j), pair in ntn._PAIRS.items():
            values[f"corr{pair}_{degrees}"] = float(mixed[i, j])
        values[f"sigmaSF_{degrees}"] = float(tables.table("shadowing_db")[scenario, band, state, row])
        values[f"LoS_p_{degrees}"] = float(tables.los_share()[scenario, row])
    (folder / name).write_text(json.dumps(values), encoding="utf-8")
    return values


def test_all_gates_pass() -> None:
    rows = verify.run("ntn")
    assert len(rows) > 90
    assert [row.name for row in rows if row.status == "FAIL"] == []
    missed = [row.name for row in rows if row.status == "miss"]
    assert len(missed) == len(
        [name for name in missed if "printed" in name or "defect" in name or "SC1" in name]
    )


def test_a_file_is_compared_and_a_wrong_number_fails(tmp_path: Path) -> None:
    values = parameter_file(tmp_path)
    row = verify.run("ntn", tmp_path)[-1]
    assert row.status == "ok"
    assert "Rural_LOS_S_band_DL.json" in row.name
    values["muDS_40"] += 0.01
    (tmp_path / "Rural_LOS_S_band_DL.json").write_text(json.dumps(values), encoding="utf-8")
    row = verify.run("ntn", tmp_path)[-1]
    assert row.status == "FAIL"
    assert row.ours == pytest.approx(0.01)
    assert "muDS" in row.name


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no parameter files"):
        verify.run("ntn", tmp_path)
    path = tmp_path / "Urban_LOS_S_band_DL.json"
    for text, match in (
        ("{", "cannot read"),
        ("[1]", "not a parameter file"),
        ('{"muDS_10": "x"}', "not a number"),
        ('{"muDS_10": 1e999}', "not a number"),
        ('{"muDS_10": -7.9}', "elevation is missing"),
        ("{}", "parameters are missing"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(RabtaError, match=match):
            verify.run("ntn", tmp_path)


KEYS = st.sampled_from(["muDS_10", "muDS_20", "_10", "x"])
TREES = st.recursive(
    st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(KEYS, x), max_leaves=6
).map(lambda tree: json.dumps(tree).encode())


@given(st.binary(max_size=200) | TREES)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "Urban_LOS_S_band_DL.json"
    path.write_bytes(raw)
    try:
        found = ntn.read_parameters(path)
    except RabtaError:
        return
    assert all(values.shape == (9,) for values in found.values())
