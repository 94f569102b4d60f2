"""A nation of one's own: what is accepted, and what each defect says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest

from rabta import catalog, schema
from rabta.errors import RabtaError
from rabta.nation import layers
from rabta.scenario import Nation

Frame = pd.DataFrame
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small() -> Frame:
    """Seven cells around Lahore, with every column."""
    names = sorted(h3.grid_disk(h3.latlng_to_cell(31.55, 74.34, 6), 1))
    whole = layers.load(Nation()).cells
    return whole[whole["cell"].isin(names)].drop(columns="zone").reset_index(drop=True)


def load(folder: Path, cells: Frame, kind: str = "parquet") -> layers.Layers:
    if kind == "csv":
        cells.to_csv(folder / "cells.csv", index=False)
    else:
        cells.to_parquet(folder / "cells.parquet")
    return layers.load(Nation(data=str(folder)))


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_own_folder_is_read(tmp_path: Path, small: Frame, kind: str) -> None:
    found = load(tmp_path, small, kind)
    assert list(found.cells.columns) == list(schema.tables()["cells"])
    assert found.cells["people"].tolist() == small["people"].tolist()
    assert found.horizon_deg.shape == (7, 36)
    assert not found.horizon_deg.any()
    assert found.places.empty


def test_zone_is_the_parent_of_the_cell(tmp_path: Path, small: Frame) -> None:
    found = load(tmp_path, small).cells
    assert [h3.cell_to_parent(c, 3) for c in found["cell"]] == found["zone"].tolist()


def test_columns_with_a_default_may_be_left_out(tmp_path: Path, small: Frame) -> None:
    found = load(tmp_path, small.drop(columns=["mobile_today", "urban_share"])).cells
    assert set(found["mobile_today"]) == {"none"}
    assert set(found["urban_share"]) == {0.0}


def test_climate_is_joined_by_tehsil(tmp_path: Path, small: Frame) -> None:
    keys = ["province", "district", "tehsil"]
    climate = small[[*keys, "n_wet"]].drop_duplicates(keys).assign(n_wet=77.0)
    climate.to_csv(tmp_path / "climate.csv", index=False)
    assert set(load(tmp_path, small.drop(columns="n_wet")).cells["n_wet"]) == {77.0}


DEFECTS: dict[str, tuple[Callable[[Frame], Frame], list[str]]] = {
    "missing column": (lambda f: f.drop(columns="people"), ["missing column", "people", "int64"]),
    "negative people": (lambda f: f.assign(people=-1), ["people", "-1 in row 0", "zero or more"]),
    "half a person": (lambda f: f.assign(people=0.5), ["people", "0.5 in row 0", "int64"]),
    "text for a number": (lambda f: f.assign(area_km2="wide"), ["not numbers", "area_km2", "float64"]),
    "no number": (lambda f: f.assign(elevation_m=np.nan), ["elevation_m", "nan in row 0", "float64"]),
    "share above one": (lambda f: f.assign(grid_share=1.5), ["grid_share", "between 0 and 1"]),
    "unknown service": (lambda f: f.assign(mobile_today="6g"), ["mobile_today", "6g", "none or 2g"]),
    "not a cell": (lambda f: f.assign(cell="lahore"), ["cell", "lahore in row 0", "H3"]),
    "too coarse": (lambda f: f.assign(cell="822897fffffffff"), ["cell", "resolution 3 or finer"]),
    "twice the same cell": (lambda f: f.assign(cell=f["cell"].iloc[0]), ["cell", "each cell once"]),
    "empty name": (lambda f: f.assign(district=None), ["district", "empty value"]),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_named(tmp_path: Path, small: Frame, defect: str) -> None:
    break_, words = DEFECTS[defect]
    with pytest.raises(RabtaError) as caught:
        load(tmp_path, break_(small))
    text = str(caught.value)
    assert "cells.parquet" in text
    for word in words:
        assert word in text


def test_folder_without_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no table of cells"):
        layers.load(Nation(data=str(tmp_path)))


def test_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match=r"nation\.data"):
        layers.load(Nation(data=str(tmp_path / "nowhere")))


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cells.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(RabtaError, match="cannot read the table"):
        layers.load(Nation(data=str(tmp_path)))


def test_horizon_of_another_size_is_refused(tmp_path: Path, small: Frame) -> None:
    pd.DataFrame(np.zeros((3, 36))).to_csv(tmp_path / "horizon.csv", index=False)
    with pytest.raises(RabtaError, match="horizon") as caught:
        load(tmp_path, small)
    assert "(7, 36)" in str(caught.value)


def test_horizon_is_in_quarter_degrees(tmp_path: Path, small: Frame) -> None:
    pd.DataFrame(np.full((7, 36), 5)).to_csv(tmp_path / "horizon.csv", index=False)
    assert set(load(tmp_path, small).horizon_deg.ravel()) == {np.float32(1.25)}


def test_place_outside_the_cells_is_refused(tmp_path: Path, small: Frame) -> None:
    place = {"name": "X", "lat_deg": 31.5, "lon_deg": 74.3, "people": 5, "province": "Punjab", "cell_row": 7}
    pd.DataFrame([place]).to_csv(tmp_path / "places.csv", index=False)
    with pytest.raises(RabtaError, match="cell_row"):
        load(tmp_path, small)


def test_places_lie_in_their_cells() -> None:
    found = layers.load(Nation())
    cell = found.cells["cell"].to_numpy()[found.places["cell_row"]]
    inside = [
        h3.latlng_to_cell(lat, lon, 6)
        for lat, lon in zip(found.places["lat_deg"], found.places["lon_deg"], strict=True)
    ]
    assert cell.tolist() == inside


def test_shipped_layers_are_small_and_recorded() -> None:
    folder = layers.folder(Nation())
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 6_000_000
    records = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    recorded = {record["file"] for record in records}
    assert {path.name for path in folder.glob("*.parquet")} == recorded
    for record in records:
        assert all(
            record[key] for key in ("layer", "source", "licence", "retrieved", "transformation", "sha256")
        )
        assert isinstance(record["modelled"], bool)


def test_licences_file_names_the_shipped_bytes() -> None:
    import hashlib

    folder = layers.folder(Nation())
    path = ROOT / "LICENSES-DATA"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for record in records:
        assert hashlib.sha256((folder / record["file"]).read_bytes()).hexdigest() == record["sha256"], record


def test_unknown_nation_is_refused() -> None:
    with pytest.raises(RabtaError, match="pakistan"):
        layers.load(Nation(name="pakistn"))


def test_entry_marks_what_is_modelled() -> None:
    assert "cells.mobile_today" in catalog.entry("nations", "pakistan").data["modelled"]
