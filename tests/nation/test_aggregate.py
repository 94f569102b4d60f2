"""Coarser cells: sums exact, means between their parts."""

from __future__ import annotations

import h3
import numpy as np
import pytest

from rabta.nation import layers, shapes
from rabta.nation.aggregate import aggregate
from rabta.scenario import Nation


@pytest.fixture(scope="module")
def fine() -> layers.Layers:
    return layers.load(Nation())


def test_own_resolution_changes_nothing(fine: layers.Layers) -> None:
    assert aggregate(fine, 6) is fine


@pytest.mark.parametrize("resolution", [5, 4])
def test_sums_are_exact(fine: layers.Layers, resolution: int) -> None:
    coarse = aggregate(fine, resolution)
    assert coarse.cells["people"].sum() == 247_037_722
    assert {h3.get_resolution(c) for c in coarse.cells["cell"]} == {resolution}
    assert coarse.cells["people"].dtype == np.int64
    for name in ("area_km2", "households", "school_age"):
        assert coarse.cells[name].sum() == pytest.approx(fine.cells[name].sum(), rel=1e-12)


@pytest.mark.parametrize("resolution", [5, 4])
def test_each_parent_holds_its_children(fine: layers.Layers, resolution: int) -> None:
    coarse = aggregate(fine, resolution).cells.set_index("cell")
    parent = fine.cells["cell"].map(lambda c: h3.cell_to_parent(c, resolution))
    assert fine.cells.groupby(parent)["people"].sum().to_dict() == coarse["people"].to_dict()
    low, high = (getattr(fine.cells.groupby(parent)["rain_rate_001_mmh"], how)() for how in ("min", "max"))
    assert (coarse["rain_rate_001_mmh"] >= low - 1e-9).all()
    assert (coarse["rain_rate_001_mmh"] <= high + 1e-9).all()
    assert set(coarse["mobile_today"]) <= {"none", "2g", "4g"}


def test_columns_and_types_stay(fine: layers.Layers) -> None:
    coarse = aggregate(fine, 4)
    assert list(coarse.cells.columns) == list(fine.cells.columns)
    assert coarse.cells.dtypes.astype(str).to_dict() == fine.cells.dtypes.astype(str).to_dict()
    assert not coarse.cells.isna().any().any()
    assert coarse.horizon_deg.dtype == np.float32
    assert coarse.horizon_deg.shape == (len(coarse.cells), 36)
    assert coarse.horizon_deg.max() <= fine.horizon_deg.max()


def test_people_weigh_the_mean(fine: layers.Layers) -> None:
    """The national people-weighted mean does not depend on the resolution."""
    for name in ("lat_deg", "lon_deg", "elevation_m", "backbone_km", "urban_share", "n_wet"):
        means = [
            np.average(found.cells[name], weights=found.cells["people"])
            for found in (fine, aggregate(fine, 4))
        ]
        assert means[1] == pytest.approx(means[0], rel=1e-9)


def test_roughness_grows_with_the_cell(fine: layers.Layers) -> None:
    coarse = aggregate(fine, 4).cells
    north = coarse["province"] == "Gilgit-Baltistan"
    assert (
        coarse.loc[north, "rough_m"].mean()
        > fine.cells.loc[fine.cells["province"] == "Gilgit-Baltistan", "rough_m"].mean()
    )


def test_towns_follow_their_cell(fine: layers.Layers) -> None:
    coarse = aggregate(fine, 5)
    was = fine.cells["cell"].to_numpy()[fine.places["cell_row"]]
    now = coarse.cells["cell"].to_numpy()[coarse.places["cell_row"]]
    assert [h3.cell_to_parent(c, 5) for c in was] == now.tolist()


def test_districts_dissolve_without_gaps(fine: layers.Layers) -> None:
    import shapely

    found = shapes.dissolve(fine.cells, "district")
    assert len(found) == 156
    polygons = list(found.values())
    assert all(p.is_valid for p in polygons)
    assert shapely.coverage_is_valid(polygons)
    assert sum(p.area for p in polygons) == pytest.approx(shapely.union_all(polygons).area, rel=1e-9)


def test_outlines_have_fewer_corners_and_still_fit(fine: layers.Layers) -> None:
    import shapely

    exact = shapes.dissolve(fine.cells, "province")
    simple = shapes.outlines(fine.cells, "province", 0.05)
    count = [sum(shapely.get_num_coordinates(p) for p in found.values()) for found in (exact, simple)]
    assert count[1] < count[0] / 2
    assert shapely.coverage_is_valid(list(simple.values()))
