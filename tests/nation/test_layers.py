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
from rabta.nation.aggregate import aggregate
from rabta.scenario import Nation

Frame = pd.DataFrame
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def small() -> Frame:
    """Seven cells around Lahore, with every column."""
    names = sorted(h3.grid_disk(h3.latlng_to_cell(31.55, 74.34, 6), 1))
    whole = aggregate(layers.load(Nation()), 6).cells
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
    """In the cell of their coordinates, or in one beside it: a town is put where its tehsil's people are."""
    found = layers.load(Nation())
    cell = found.cells["cell"].to_numpy()[found.places["cell_row"]]
    points = zip(found.places["lat_deg"], found.places["lon_deg"], strict=True)
    away = [h3.grid_distance(a, h3.latlng_to_cell(*b, 7)) for a, b in zip(cell, points, strict=True)]
    assert max(away) <= 1
    assert np.mean(np.array(away) == 0) > 0.8


def test_shipped_layers_are_small_and_recorded() -> None:
    folder = layers.folder(Nation())
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 12_000_000
    records = json.loads((folder / "layers.json").read_text(encoding="utf-8"))
    recorded = {record["file"] for record in records}
    shipped = {path.name for kind in ("parquet", "npz") for path in folder.glob(f"*.{kind}")}
    assert shipped == recorded
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
        file = (folder if "/" not in record["file"] else ROOT / "src" / "rabta") / record["file"]
        assert hashlib.sha256(file.read_bytes()).hexdigest() == record["sha256"], record
    files = {record["file"] for record in records}
    assert {"nation/world/cover.npz", "verify/radio/itm_profiles.csv"} <= files


def test_unknown_nation_is_refused() -> None:
    with pytest.raises(RabtaError, match="pakistan"):
        layers.load(Nation(name="pakistn"))


def test_entry_marks_what_is_modelled() -> None:
    assert "cells.mobile_today" in catalog.entry("nations", "pakistan").data["modelled"]


@pytest.fixture
def by_tehsil(tmp_path: Path, small: Frame) -> Path:
    """Seven cells of resolution 6 by tehsil: two units that share one cell, and a cell where nobody lives."""
    names = ["province", "district", "tehsil", "census_year"]
    climate = [c for c in small if c.endswith(("_mmh", "_km", "_k", "_g_m3", "_kg_m2", "n_wet"))]
    climate.remove("backbone_km")
    people = np.array([100, 200, 300, 400, 500, 600, 0], dtype=np.int32)
    keep = [c for c in small if c not in {*names, *climate, *layers.BY_PERSON, *layers.BY_HOUSEHOLD}]
    cells = small[keep].drop(columns=["literate_share", "unserved_today_share"])
    cells["cell"] = np.array([h3.str_to_int(c) for c in small["cell"]], np.uint64)
    cells.assign(people=people, tehsil_row=np.array([0, 0, 0, 1, 1, 1, 1], np.uint16)).to_parquet(
        tmp_path / "cells.parquet"
    )
    parts = [(0, 0, 100), (1, 0, 200), (2, 0, 180), (2, 1, 120), (3, 1, 400), (4, 1, 500), (5, 1, 600)]
    pd.DataFrame(parts, columns=["cell_row", "tehsil_row", "people"]).to_parquet(
        tmp_path / "apportionment.parquet"
    )
    tehsils = pd.DataFrame(
        {
            "province": ["Punjab", "Punjab"],
            "district": ["Lahore", "Kasur"],
            "tehsil": ["A", "B"],
            "census_year": [2023, 2017],
            "people": [480, 1620],
            "households": [96.0, 270.0],
            "school_age": [120.0, 648.0],
            "pupils": [60.0, 162.0],
            "grid_share": [0.5, 0.9],
            "literate_share": [0.25, 0.75],
        }
    )
    tehsils.to_parquet(tmp_path / "tehsils.parquet")
    air = small.loc[[0, 1], climate].assign(n_wet=[80.0, 90.0])
    pd.concat([tehsils[["province", "district", "tehsil"]], air], axis=1).to_parquet(
        tmp_path / "climate.parquet"
    )
    return tmp_path


def test_columns_follow_from_tehsils(by_tehsil: Path) -> None:
    found = layers.load(Nation(data=str(by_tehsil)))
    cells = found.cells
    assert list(cells.columns) == list(schema.tables()["cells"])
    assert cells["cell"].map(h3.is_valid_cell).all()
    assert cells["tehsil"].tolist() == list("AAABBBB")
    assert cells["census_year"].tolist() == [2023] * 3 + [2017] * 4
    assert cells["n_wet"].tolist() == [80.0] * 3 + [90.0] * 4
    # Cell 2: 180 people of A in 36 households and 120 of B in 20.
    assert cells["households"].tolist() == pytest.approx([20, 40, 56, 400 / 6, 500 / 6, 100, 0])
    assert cells.loc[2, "grid_share"] == pytest.approx((36 * 0.5 + 20 * 0.9) / 56)
    assert cells.loc[2, "literate_share"] == pytest.approx((180 * 0.25 + 120 * 0.75) / 300)
    assert cells.loc[2, "school_age"] == pytest.approx(180 / 4 + 120 * 0.4)
    assert cells.loc[6, ["grid_share", "literate_share"]].tolist() == [0.9, 0.75]
    for name in ("households", "school_age", "pupils"):
        assert cells[name].sum() == pytest.approx(found.units.tehsils[name].sum(), rel=1e-12)


def test_a_column_of_the_file_wins(by_tehsil: Path) -> None:
    path = by_tehsil / "cells.parquet"
    pd.read_parquet(path).assign(households=7.0).to_parquet(path)
    assert set(layers.load(Nation(data=str(by_tehsil))).cells["households"]) == {7.0}


APART: dict[str, tuple[str, Callable[[Frame], Frame], str]] = {
    "lost people": ("apportionment", lambda f: f.assign(people=f["people"] - 1), "sums of the tables"),
    "nobody": ("apportionment", lambda f: f.assign(people=0), "more than zero"),
    "no such cell": ("apportionment", lambda f: f.assign(cell_row=7), "0 to 6"),
    "no such tehsil": ("cells", lambda f: f.assign(tehsil_row=2), "0 to 1"),
    "half a row": ("cells", lambda f: f.assign(tehsil_row=0.5), "0.5 in row 0"),
    "no people": ("cells", lambda f: f.drop(columns="people"), "missing column"),
}


@pytest.mark.parametrize("defect", APART)
def test_a_defect_of_the_apportionment_is_named(by_tehsil: Path, defect: str) -> None:
    name, break_, words = APART[defect]
    path = by_tehsil / f"{name}.parquet"
    break_(pd.read_parquet(path)).to_parquet(path)
    with pytest.raises(RabtaError, match=f"{name}.parquet") as caught:
        layers.load(Nation(data=str(by_tehsil)))
    assert words in str(caught.value)


def test_tehsil_rows_need_their_tables(by_tehsil: Path) -> None:
    (by_tehsil / "apportionment.parquet").unlink()
    with pytest.raises(RabtaError, match="no table of apportionment"):
        layers.load(Nation(data=str(by_tehsil)))


def test_explicit_cells_give_their_own_units(tmp_path: Path, small: Frame) -> None:
    found = load(tmp_path, small)
    units = found.units
    assert units.tehsils["people"].sum() == units.apportionment["people"].sum() == small["people"].sum()
    assert units.tehsils["tehsil"].tolist() == sorted(set(small["tehsil"]))
    assert found.cells["tehsil"].tolist() == units.tehsils["tehsil"].to_numpy()[units.tehsil_row].tolist()


def test_aerodromes_may_lack_a_code(tmp_path: Path, small: Frame) -> None:
    row = {"name": "X", "icao": "OPXX", "iata": "", "lat_deg": 31.5, "lon_deg": 74.3, "cell_row": -1}
    pd.DataFrame([row]).to_csv(tmp_path / "aerodromes.csv", index=False)
    assert load(tmp_path, small).aerodromes[["iata", "cell_row"]].to_numpy().tolist() == [["", -1]]


@pytest.mark.parametrize(("key", "value"), [("to_row", 7), ("from_row", -1), ("route_km", -2.0)])
def test_backbone_is_checked(tmp_path: Path, small: Frame, key: str, value: float) -> None:
    pd.DataFrame([{"from_row": 0, "to_row": 1, "route_km": 7.0, key: value}]).to_csv(
        tmp_path / "backbone.csv", index=False
    )
    with pytest.raises(RabtaError, match=key):
        load(tmp_path, small)


def test_columns_named_twice_are_refused(tmp_path: Path, small: Frame) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = pa.Table.from_pandas(small)
    pq.write_table(whole.append_column("people", whole["people"]), tmp_path / "cells.parquet")
    with pytest.raises(RabtaError):
        layers.load(Nation(data=str(tmp_path)))
