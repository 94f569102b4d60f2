"""The section on the links: years that differ, and the risk of a promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

from rabta import report

from .reading import rows_of


@pytest.fixture
def wet_run(small_run: Path, tmp_path: Path) -> Path:
    import shutil

    made = Path(shutil.copytree(small_run, tmp_path / "run"))
    cells = len(pd.read_parquet(made / "tables" / "cells.parquet"))
    risks = {"promised_percent": [99.5, 99.0], "risk_percent": [50.0, 2.5]}
    risks |= {"lowest_percent": [50.0, 0.01], "highest_percent": [50.0, 11.8]}
    pd.DataFrame(risks).to_parquet(made / "tables" / "year_risk.parquet")
    worst = np.full(cells, 0.993, np.float32)
    group = zarr.open_group(str(made / "arrays.zarr"))
    group.create_array("worst_year_availability", data=worst)
    loss = np.float32([10.0, 20.0, 30.0])[:, None] + np.arange(5, dtype=np.float32)
    group.create_array("terrain_loss_db", data=np.tile(loss, (cells, 1, 1)))
    group.create_array("hills_loss_db", data=np.full(cells, 7.0, np.float32))
    margin = np.full((cells, 5), 3.0, np.float32)
    margin[:, 0] = -1.0
    group.create_array("air_voice_margin_db", data=margin)
    group.create_array("nvis_frequency_mhz", data=np.full((cells, 24), 5.5, np.float32))
    group.create_array("nvis_reliability", data=np.full((cells, 24), 0.8, np.float32))
    report.build(made)
    return made


def test_risk_of_each_promise_is_shown(wet_run: Path) -> None:
    page = (wet_run / "report" / "index.html").read_text(encoding="utf-8")
    rows = rows_of(page, "Risk of missing a promise in a given year")
    assert rows == [["99.50 %", "50 %", "50 to 50 %"], ["99.00 %", "2.5 %", "0.01 to 11.8 %"]]


def test_terrain_is_shown_beside_the_first_version(wet_run: Path) -> None:
    page = (wet_run / "report" / "index.html").read_text(encoding="utf-8")
    assert rows_of(page, "Terrain around masts")[0] == ["Nation", "7", "10", "14", "20", "24", "30", "34"]


def test_coverage_of_the_air_is_a_share_of_the_land(wet_run: Path) -> None:
    page = (wet_run / "report" / "index.html").read_text(encoding="utf-8")
    assert rows_of(page, "Coverage of the air") == [["VHF voice", "0 %", *["100 %"] * 4]]


def test_the_emergency_net_is_told_by_the_hour(wet_run: Path) -> None:
    page = (wet_run / "report" / "index.html").read_text(encoding="utf-8")
    rows = rows_of(page, "An emergency net by short wave")
    assert [row[1] for row in rows] == ["5.5", "80 %", "100 %"]
    assert len(rows[0]) == 9


def test_without_climatic_ratios_nothing_is_said(small_run: Path) -> None:
    assert "How years differ" not in (small_run / "report" / "index.html").read_text(encoding="utf-8")
