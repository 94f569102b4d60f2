"""The aerodromes against published elevations, and the cells that hold them."""

from __future__ import annotations

from pathlib import Path

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
from tools.data import aerodromes
from tools.data.inputs import Inputs

from rabta import schema

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def table(shared: Path) -> pd.DataFrame:
    near = h3.grid_disk(h3.latlng_to_cell(35.3355, 75.536, 7), 3)
    cells = pd.DataFrame({"cell": np.asarray(sorted(near), dtype=np.uint64)})
    return aerodromes.table(Inputs(shared / "data" / "pakistan"), cells)


def test_there_are_102(table: pd.DataFrame) -> None:
    assert len(table) == 102
    assert table["icao"].is_unique


def test_columns_are_those_of_the_schema(table: pd.DataFrame) -> None:
    path = Path(schema.__file__).parent / "tables" / "aerodromes.csv"
    assert list(table.columns) == pd.read_csv(path)["attribute"].tolist()


def test_skardu_has_its_published_elevation_in_metres(table: pd.DataFrame) -> None:
    """Skardu (OPSD), 7,316 ft in the aeronautical information: 2,230 m."""
    skardu = table.set_index("icao").loc["OPSD"]
    assert skardu["elevation_m"] == pytest.approx(2_230, abs=1)
    assert skardu["iata"] == "KDU"
    assert skardu["cell_row"] >= 0


def test_aerodromes_outside_the_cells_say_so(table: pd.DataFrame) -> None:
    assert table.set_index("icao").loc["OPKC", "cell_row"] == -1
