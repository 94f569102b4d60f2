"""The section on the mobile networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

from rabta import report

from .reading import rows_of


@pytest.fixture
def phone_run(small_run: Path, tmp_path: Path) -> Path:
    made = Path(shutil.copytree(small_run, tmp_path / "run"))
    tables = made / "tables"
    cells = len(pd.read_parquet(tables / "cells.parquet"))
    covered = {
        "generation": ["2g", "4g", "5g"],
        "share": [0.915, 0.81, 0.1],
        "published": [0.915, 0.81, np.nan],
    }
    pd.DataFrame(covered | {"threshold_dbm": [-111.0, -98.1, -98.1]}).to_parquet(
        tables / "mobile_coverage.parquet"
    )
    hours = {
        "hour": range(24),
        "median_mbps": np.arange(24.0),
        "slow_mbps": 1.0,
        "load": 0.25,
        "full_sites": 7.0,
    }
    pd.DataFrame(hours).to_parquet(tables / "mobile_hours.parquet")
    patches = {"patch": ["a", "b"], "uncovered": [1000.0, 3000.0]}
    pd.DataFrame(patches).to_parquet(tables / "patches.parquet")
    day = {"patch": ["a", "b"], "available": [0.4, 0.8], "longest_gap_s": [600.0, 300.0]}
    day |= {"handovers_per_hour": [8.0, 12.0], "mean_mbps": [0.1, 0.2]}
    pd.DataFrame(day).to_parquet(tables / "device_service.parquet")
    group = zarr.open_group(str(made / "arrays.zarr"))
    group.create_array("mobile_cover_share", data=np.full((cells, 4), 0.5, np.float32))
    report.build(made)
    return made


def test_coverage_rates_and_phones_are_told(phone_run: Path) -> None:
    page = (phone_run / "report" / "index.html").read_text(encoding="utf-8")
    rows = rows_of(page, "Who has a mobile signal")
    assert [row[-3:] for row in rows] == [
        ["91.5 %", "91.5 %", "-111 dBm"], ["81 %", "81 %", "-98 dBm"], ["10 %", "not published", "-98 dBm"],
    ]  # fmt: skip
    assert rows_of(page, "How fast phones are over the day")[0][-8:] == [f"{h}" for h in range(0, 24, 3)]
    phones = [row[-1] for row in rows_of(page, "Satellites for phones where no site reaches")]
    assert phones == ["4,000", "70 %", "10", "11", "175"]


def test_a_run_without_networks_has_no_such_section(small_run: Path, tmp_path: Path) -> None:
    made = Path(shutil.copytree(small_run, tmp_path / "run"))
    report.build(made)
    assert "Who has a mobile signal" not in (made / "report" / "index.html").read_text(encoding="utf-8")
