"""The section on the links: years that differ, and the risk of a promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr

from rabta import report
from rabta.radio.sky import risk

from .reading import rows_of

RATIO = 0.4


@pytest.fixture
def wet_run(small_run: Path, tmp_path: Path) -> Path:
    import shutil

    made = Path(shutil.copytree(small_run, tmp_path / "run"))
    cells = pd.read_parquet(made / "tables" / "cells.parquet").assign(climatic_ratio=RATIO)
    cells.to_parquet(made / "tables" / "cells.parquet")
    worst = np.full(len(cells), 0.99, np.float32)
    zarr.open_group(str(made / "arrays.zarr")).create_array("worst_year_availability", data=worst)
    report.build(made)
    return made


def test_risk_of_each_promise_is_that_of_p678(wet_run: Path) -> None:
    page = (wet_run / "report" / "index.html").read_text(encoding="utf-8")
    rows = rows_of(page, "Risk of missing a promise in a given year")
    assert [row[0] for row in rows] == ["99.50 %", "99.40 %", "99.30 %", "99.20 %", "99.00 %"]
    for row, factor in zip(rows, (1.0, 1.2, 1.4, 1.6, 2.0), strict=True):
        expected = 100 * float(risk.risk(5e-3, factor * 5e-3, RATIO))
        assert float(row[1].split()[0]) == pytest.approx(expected, rel=0.01)


def test_without_climatic_ratios_nothing_is_said(small_run: Path) -> None:
    assert "How years differ" not in (small_run / "report" / "index.html").read_text(encoding="utf-8")
