"""Coarser cells: sums exact, means between their parts."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import h3
import numpy as np
import pandas as pd
import pytest

from rabta.nation import layers, shapes
from rabta.nation.aggregate import aggregate
from rabta.scenario import Nation


@pytest.fixture(scope="module")
def fine() -> layers.Layers:
    return aggregate(layers.load(Nation()), 6)


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
    assert set(coarse["mobile_today"]) <= set(layers.MOBILE)


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


def test_names_are_of_the_tehsil_with_most_people(fine: layers.Layers) -> None:
    coarse = aggregate(fine, 5)
    parts = coarse.units.apportionment
    most = parts.sort_values("people").groupby("cell_row")["tehsil_row"].last()
    people = coarse.units.apportionment.groupby(["cell_row", "tehsil_row"])["people"].sum()
    ours = coarse.units.tehsil_row[most.index.to_numpy()]
    assert (
        people.loc[list(zip(most.index, ours, strict=True))].to_numpy()
        == people.loc[list(zip(most.index, most, strict=True))].to_numpy()
    ).all()
    names = set(map(tuple, fine.units.tehsils[["province", "district", "tehsil"]].to_numpy().tolist()))
    assert set(map(tuple, coarse.cells[["province", "district", "tehsil"]].to_numpy().tolist())) <= names


@pytest.mark.parametrize("resolution", [5, 4])
def test_apportionment_keeps_both_sums(fine: layers.Layers, resolution: int) -> None:
    coarse = aggregate(fine, resolution)
    parts, tehsils = coarse.units.apportionment, coarse.units.tehsils
    assert np.bincount(parts["cell_row"], parts["people"], len(coarse.cells)).tolist() == (
        coarse.cells["people"].tolist()
    )
    assert np.bincount(parts["tehsil_row"], parts["people"], len(tehsils)).tolist() == (
        tehsils["people"].tolist()
    )
    assert not parts.duplicated(["cell_row", "tehsil_row"]).any()


def chain(km: float) -> layers.Layers:
    """A cable through a row of resolution-6 cells, so many km between neighbours."""
    names = h3.grid_path_cells(h3.latlng_to_cell(28.0, 66.0, 6), h3.latlng_to_cell(28.0, 70.0, 6))
    whole = aggregate(layers.load(Nation()), 6)
    rows = {cell: row for row, cell in enumerate(whole.cells["cell"])}
    path = [rows[name] for name in names]
    edges = [(min(a, b), max(a, b), km) for a, b in pairwise(path)]
    table = pd.DataFrame(edges, columns=["from_row", "to_row", "route_km"])
    return dataclasses.replace(whole, backbone=table)


@pytest.mark.parametrize("resolution", [5, 4])
def test_cables_keep_their_length(resolution: int) -> None:
    """From hub to hub nothing is lost: the whole differs by less than a coarse cell at each end."""
    fine = chain(7.0)
    coarse = aggregate(fine, resolution).backbone
    total = fine.backbone["route_km"].sum()
    width = {5: 17.0, 4: 45.0}[resolution]
    assert total - 2 * width <= coarse["route_km"].sum() <= total
    assert (coarse["from_row"] < coarse["to_row"]).all()


def test_shortest_of_parallel_cables_is_kept() -> None:
    fine = chain(7.0)
    twice = fine.backbone.assign(route_km=70.0)[["to_row", "from_row", "route_km"]]
    both = pd.concat([fine.backbone, twice.set_axis(["from_row", "to_row", "route_km"], axis=1)])
    both = both.reset_index(drop=True)
    coarse = [aggregate(dataclasses.replace(fine, backbone=b), 5).backbone for b in (fine.backbone, both)]
    pd.testing.assert_frame_equal(*coarse)


def test_errors_add_between_squares_and_sums(fine: layers.Layers) -> None:
    """Independent errors add as squares, errors that are all alike as they are."""
    given = dataclasses.replace(fine, cells=fine.cells.assign(people_sigma=3.0))
    found = aggregate(given, 5)
    children = np.unique([h3.cell_to_parent(c, 5) for c in fine.cells["cell"]], return_counts=True)[1]
    sigma = found.cells["people_sigma"].to_numpy()
    assert (sigma >= 3.0 * np.sqrt(children) * (1 - 1e-9)).all()
    assert (sigma[children > 2] <= 3.0 * children[children > 2]).all()
