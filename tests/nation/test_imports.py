"""A user's own files in place of layers: every format, every layer, and hostile files."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from rabta import run
from rabta.errors import RabtaError
from rabta.geo import great_circle_m
from rabta.mobile.reach import reach_m
from rabta.nation import layers
from rabta.nation.imports import readers
from rabta.nation.imports.ground import Ground
from rabta.nation.imports.people import rounded
from rabta.nation.imports.replace import Wish, replace
from rabta.nation.imports.report import Report
from rabta.scenario import Nation

LAT, LON = 31.55, 74.34
CENTRE = h3.latlng_to_cell(LAT, LON, 7)
NAMES = sorted(h3.grid_disk(CENTRE, 6))
AIR = {"rain_rate_001_mmh": 60.0, "rain_height_km": 5.0, "temperature_k": 297.0, "n_wet": 90.0}
AIR |= {"vapour_g_m3": 20.0, "vapour_kg_m2": 50.0, "cloud_kg_m2": 0.5}
UTM = Transformer.from_crs("OGC:CRS84", "EPSG:32643", always_xy=True)
Write = Callable[[Path, pd.DataFrame, np.ndarray], Path]


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """127 cells by tehsil: west and east of the middle, 100 people a cell."""
    folder = tmp_path_factory.mktemp("nation")
    lat, lon = np.array([h3.cell_to_latlng(c) for c in NAMES]).T
    unit = (lon > LON).astype(int)
    cells = pd.DataFrame({"cell": [h3.str_to_int(c) for c in NAMES], "tehsil_row": unit, "lat_deg": lat})
    cells = cells.assign(lon_deg=lon, area_km2=5.2, people=100, people_sigma=20.0, backbone_km=9.0, **AIR)
    cells["cell"] = cells["cell"].astype(np.uint64)
    cells.to_parquet(folder / "cells.parquet")
    counts = np.bincount(unit) * 100
    tehsils = pd.DataFrame({"province": "P", "district": "D", "tehsil": ["West", "East"], "people": counts})
    tehsils.assign(households=counts / 5, school_age=counts / 4, grid_share=0.8).to_parquet(
        folder / "tehsils.parquet"
    )
    parts = pd.DataFrame({"cell_row": range(len(cells)), "tehsil_row": unit, "people": 100})
    parts.to_parquet(folder / "apportionment.parquet")
    record = {"layer": "cells", "file": "cells.parquet", "source": "made up", "licence": "CC0"}
    (folder / "layers.json").write_text(json.dumps([{**record, "retrieved": "2026-01-01", "sha256": "0"}]))
    return folder


def load(report: Report) -> layers.Layers:
    return layers.load(Nation(data=report.out))


@pytest.fixture
def bring(nation: Path, tmp_path: Path) -> Callable[..., Report]:
    """Import a file of text or a path into a new folder."""

    def bring(file: Path | str, layer: str, **options: Any) -> Report:
        if isinstance(file, str):
            path = tmp_path / "file.csv"
            path.write_text(file)
        else:
            path = file
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        base = options.pop("base", nation)
        return replace(Wish(path, layer, Nation(data=str(base)), out, **options), reach_m)

    return bring


def csv(path: Path, table: pd.DataFrame, shapes: np.ndarray) -> Path:
    lon, lat = shapely.get_coordinates(shapely.centroid(shapes)).T
    table.assign(latitude=lat, longitude=lon).to_csv(path.with_suffix(".csv"), index=False)
    return path.with_suffix(".csv")


def wkt(path: Path, table: pd.DataFrame, shapes: np.ndarray) -> Path:
    table.assign(wkt=shapely.to_wkt(shapes, rounding_precision=-1)).to_csv(
        path.with_suffix(".csv"), index=False
    )
    return path.with_suffix(".csv")


def geojson(path: Path, table: pd.DataFrame, shapes: np.ndarray) -> Path:
    features = [
        {"type": "Feature", "properties": row, "geometry": shapely.geometry.mapping(shape)}
        for row, shape in zip(table.to_dict("records"), shapes, strict=True)
    ]
    path.with_suffix(".geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path.with_suffix(".geojson")


def frame(table: pd.DataFrame, shapes: np.ndarray, crs: str) -> Any:
    import geopandas as gpd

    return gpd.GeoDataFrame(table, geometry=shapes, crs="OGC:CRS84").to_crs(crs)


def geoparquet(path: Path, table: pd.DataFrame, shapes: np.ndarray) -> Path:
    frame(table, shapes, "EPSG:32643").to_parquet(path.with_suffix(".parquet"))
    return path.with_suffix(".parquet")


def gpkg(path: Path, table: pd.DataFrame, shapes: np.ndarray) -> Path:
    """Written by GDAL, read by our own few lines."""
    frame(table, shapes, "EPSG:32643").to_file(path.with_suffix(".gpkg"), driver="GPKG")
    return path.with_suffix(".gpkg")


FORMATS: dict[str, Write] = {
    "csv": csv, "wkt": wkt, "geojson": geojson, "geoparquet": geoparquet, "gpkg": gpkg
}  # fmt: skip


def spots(count: int = 40) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(3)
    chosen = rng.integers(0, len(NAMES), count)
    lat, lon = np.array([h3.cell_to_latlng(NAMES[k]) for k in chosen]).T
    return pd.DataFrame({"count": rng.integers(1, 5, count)}), shapely.points(lon, lat)


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_counts(kind: str, tmp_path: Path, bring: Callable[..., Report]) -> None:
    table, points = spots()
    report = bring(FORMATS[kind](tmp_path / "schools", table, points), "schools", licence="CC0")
    found = load(report).cells
    lon, lat = shapely.get_coordinates(points).T
    wanted = pd.Series(table["count"].to_numpy()).groupby(
        [h3.latlng_to_cell(b, a, 7) for a, b in zip(lon, lat, strict=True)]
    )
    repeated = report.rows.get("repeated", 0)
    assert report.rows["read"] == 40
    assert report.rows["used"] == 40 - repeated
    if not repeated:
        assert found.set_index("cell")["schools"].loc[lambda s: s > 0].to_dict() == wanted.sum().to_dict()
    assert report.after["schools"] == found["schools"].sum()
    assert report.warnings == []


def test_record_and_provenance_say_what_was_replaced(nation: Path, bring: Callable[..., Report]) -> None:
    report = bring(f"lat,lon\n{LAT},{LON}\n", "offices", licence="CC0", source="me")
    records = run.data_layers(Nation(data=report.out))
    assert [r["layer"] for r in records] == ["cells", "offices (imported)"]
    mine = records[1]
    assert (mine["licence"], mine["source"], mine["imported"]) == ("CC0", "me", "offices")
    assert mine["inputs_sha256"] == {"file.csv": report.sha256}
    assert records[0]["replaced_in_part_by"] == ["offices"]
    assert layers.summary(Nation(data=report.out))["imported"] == ["offices"]
    again = bring(f"lat,lon\n{LAT},{LON}\n", "health_units", base=Path(report.out))
    assert layers.summary(Nation(data=again.out))["imported"] == ["offices", "health_units"]
    assert "licence not stated" in " ".join(again.warnings)


def test_report_counts_every_row(bring: Callable[..., Report]) -> None:
    text = f"lat,lon,name\n{LAT},{LON},a\n{LAT},{LON},a\n{LAT},{LON},b\n,,c\n51.5,0.1,d\nx,y,e\n"
    report = bring(text, "schools")
    assert report.rows == {
        "read": 6, "without geometry": 2, "repeated": 1, "moved to the next cell": 0,
        "outside the nation": 1, "used": 2,
    }  # fmt: skip
    assert report.cells_changed == 1
    assert report.cells_changed_examples == [CENTRE]
    assert "rows read" in report.text()


def test_point_just_outside_goes_to_the_next_cell(bring: Callable[..., Report]) -> None:
    edge = next(iter(h3.grid_ring(CENTRE, 7)))
    lat, lon = h3.cell_to_latlng(edge)
    report = bring(f"lat,lon\n{lat},{lon}\n", "schools")
    assert report.rows["moved to the next cell"] == 1
    found = load(report).cells
    at = found.loc[found["schools"] == 1, "cell"].iloc[0]
    assert h3.grid_distance(at, edge) == 1


# Population


def test_points_of_people_replace_the_sums(bring: Callable[..., Report]) -> None:
    found = load(
        report := bring(f"lat,lon,population\n{LAT},{LON},900.6\n{LAT},{LON + 0.02},99.4\n", "population")
    )
    assert found.cells["people"].sum() == 1000
    assert found.units.tehsils["people"].sum() == 1000
    assert found.cells["households"].sum() == pytest.approx(200.0)
    assert set(found.cells["people_sigma"]) == {0.0}
    assert report.before["people"] == 12_700
    assert report.after["people"] == 1000


def test_totals_can_be_kept(nation: Path, bring: Callable[..., Report]) -> None:
    text = "h3,people\n" + "".join(f"{cell},{k + 1}\n" for k, cell in enumerate(NAMES))
    found = load(bring(text, "population", keep_totals=True))
    old = pd.read_parquet(nation / "tehsils.parquet")
    assert found.units.tehsils["people"].tolist() == old["people"].tolist()
    for unit in (0, 1):
        rows = np.flatnonzero(found.units.tehsil_row == unit)
        share = (rows + 1) / (rows + 1).sum() * old["people"][unit]
        assert np.abs(found.cells["people"].to_numpy()[rows] - share).max() < 1


def test_a_tehsil_that_the_file_lacks_stays(bring: Callable[..., Report]) -> None:
    west = next(c for c in NAMES if h3.cell_to_latlng(c)[1] < LON - 0.02)
    report = bring(f"cell,people\n{west},5\n", "population", keep_totals=True)
    found = load(report).cells
    assert found.groupby("tehsil")["people"].sum().to_dict() == {
        "East": 100 * (found["tehsil"] == "East").sum(), "West": 100 * (found["tehsil"] == "West").sum(),
    }  # fmt: skip
    assert set(found.loc[found["tehsil"] == "East", "people"]) == {100}
    assert any("East" in text for text in report.warnings)


def test_cells_of_other_resolutions(bring: Callable[..., Report]) -> None:
    coarse = h3.cell_to_parent(CENTRE, 6)
    fine = h3.cell_to_children(NAMES[0], 9)[:2]
    found = load(bring(f"cell,people\n{coarse},700\n{fine[0]},3\n{fine[1]},4\n", "population")).cells
    by_cell = found.set_index("cell")["people"]
    assert by_cell[NAMES[0]] == 7 + 100 * (NAMES[0] in h3.cell_to_children(coarse, 7))
    assert {by_cell[c] for c in h3.cell_to_children(coarse, 7) if c != NAMES[0]} == {100}


def test_areas_of_people(tmp_path: Path, bring: Callable[..., Report]) -> None:
    lat, lon = h3.cell_to_latlng(NAMES[5])
    shapes = np.array([shapely.box(70, 30, LON, 33), shapely.Point(lon, lat).buffer(1e-4)])
    file = geojson(tmp_path / "areas", pd.DataFrame({"people": [640, 11]}), shapes)
    found = load(bring(file, "population")).cells
    west = found["lon_deg"] < LON
    assert found["people"].sum() == 651
    assert found.loc[~west & (found["cell"] != NAMES[5]), "people"].sum() == 0
    even = 640 / west.sum()
    assert (found.loc[west & (found["cell"] != NAMES[5]), "people"] - even).abs().max() < 1


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 3)), min_size=1, max_size=60),
    st.lists(st.integers(0, 10**9), min_size=4, max_size=4),
)
def test_rounding_is_exact(pairs: list[tuple[float, int]], totals: list[int]) -> None:
    weight, group = (np.array(values) for values in zip(*pairs, strict=True))
    found = rounded(weight, group, np.array(totals))
    for unit in range(4):
        mine = group == unit
        if weight[mine].sum() > 1e-6:
            assert found[mine].sum() == totals[unit]
            assert np.abs(found[mine] - weight[mine] / weight[mine].sum() * totals[unit]).max() < 1 + 1e-6
    assert (found >= 0).all()


# Networks


def test_sites_and_their_coverage(bring: Callable[..., Report]) -> None:
    text = "lat,lon,radio,operator\n" + "".join(
        f"{LAT},{LON},{radio},{op}\n" for radio, op in (("GSM", 1), ("LTE", 1), ("GSM", 2))
    )
    report = bring(text, "sites")
    found = load(report).cells
    assert (found["sites"].sum(), found["sites_4g"].sum()) == (2, 1)
    assert report.rows["of a site counted before"] == 1
    away = great_circle_m(found["lat_deg"], found["lon_deg"], LAT, LON)
    for service, name in (("4g", "4g"), ("2g", "2g")):
        assert away[(found["mobile_today"] == service).to_numpy()].max() <= reach_m(name, 0.0)
    assert away[(found["mobile_today"] == "none").to_numpy()].min() > reach_m("2g", 0.0)
    assert set(found["unserved_today_share"]) == {0.0, 1.0}


def test_a_row_may_name_several_technologies(bring: Callable[..., Report]) -> None:
    apart = bring(f"lat,lon,radio,operator\n{LAT},{LON},2G,a\n{LAT},{LON},4G,a\n", "sites")
    together = bring(f"lat,lon,radio,operator\n{LAT},{LON},2G / 4G,a\n", "sites")
    assert together.rows["used"] == 1
    assert together.after == apart.after
    pd.testing.assert_frame_equal(load(together).cells, load(apart).cells)


def test_unknown_technology_is_refused_with_the_nearest(bring: Callable[..., Report]) -> None:
    with pytest.raises(RabtaError, match="did you mean 'lte'"):
        bring(f"lat,lon,radio\n{LAT},{LON},LTEE\n", "sites")


def test_areas_of_coverage(tmp_path: Path, bring: Callable[..., Report]) -> None:
    shapes = np.array([shapely.box(70, 30, 76, 33), shapely.box(70, 30, LON, 33), shapely.Point(LON, LAT)])
    file = gpkg(tmp_path / "areas", pd.DataFrame({"technology": ["2G", "5G", "4G"]}), shapes)
    report = bring(file, "coverage")
    found = load(report).cells
    assert (found["mobile_today"] == np.where(found["lon_deg"] < LON, "4g", "2g")).all()
    assert report.rows["not an area"] == 1
    assert report.after["people covered, %"] == pytest.approx(100.0)


def test_places(bring: Callable[..., Report]) -> None:
    found = load(bring(f"town,pop,lat,lon\nMine,5,{LAT},{LON}\n,6,{LAT},{LON + 0.01}\n", "places"))
    assert found.places[["name", "people", "province"]].to_numpy().tolist() == [["Mine", 5, "P"]]
    assert found.cells["cell"].iloc[found.places["cell_row"].iloc[0]] == CENTRE


def test_fibre_lines_keep_their_length(tmp_path: Path, bring: Callable[..., Report]) -> None:
    lat, lon = np.array([h3.cell_to_latlng(c) for c in h3.grid_path_cells(*h3.grid_ring(CENTRE, 5)[:10:9])]).T
    line = shapely.LineString(np.stack([lon, lat], axis=1))
    report = bring(geojson(tmp_path / "fibre", pd.DataFrame({"name": ["a"]}), np.array([line])), "backbone")
    found = load(report)
    km = great_circle_m(lat[1:], lon[1:], lat[:-1], lon[:-1]).sum() / 1e3
    assert found.backbone["route_km"].sum() == pytest.approx(km, rel=0.01)
    assert len(found.backbone) == len(set(found.backbone[["from_row", "to_row"]].to_numpy().ravel())) - 1
    nodes = np.unique(found.backbone[["from_row", "to_row"]])
    assert set(found.cells["backbone_km"].to_numpy()[nodes]) == {0.0}
    far = found.cells.drop(index=nodes)["backbone_km"]
    assert far.min() > 1.0


def ofds() -> dict[str, Any]:
    """A network in the form of the standard's schema 0.3."""
    ends = {"A": (LON - 0.1, LAT), "B": (LON + 0.1, LAT), "C": (LON, LAT + 0.1), "D": (LON, LAT - 0.1)}
    nodes = [
        {"id": name, "status": "operational", "location": {"type": "Point", "coordinates": list(at)}}
        for name, at in ends.items()
    ]
    route = {"type": "LineString", "coordinates": [list(ends["A"]), [LON, LAT], list(ends["B"])]}
    spans = [
        {"id": "1", "start": "A", "end": "B", "route": route, "status": "operational", "fibreLength": 21.0},
        {
            "id": "2",
            "start": "A",
            "end": "C",
            "status": "operational",
            "phase": {"id": "2", "name": "Second"},
        },
        {"id": "3", "start": "A", "end": "D", "status": "planned"},
        {"id": "4", "start": "A", "end": "nowhere", "status": "operational"},
    ]
    return {
        "networks": [{"id": "x", "nodes": nodes, "spans": spans, "phases": [{"id": "2", "name": "Second"}]}]
    }


def write_ofds(tmp_path: Path, whole: object) -> Path:
    path = tmp_path / "network.json"
    path.write_text(json.dumps(whole))
    return path


def test_open_fibre_data(tmp_path: Path, bring: Callable[..., Report]) -> None:
    report = bring(write_ofds(tmp_path, ofds()), "backbone")
    assert report.format == "Open Fibre Data Standard"
    assert report.rows["planned, left out"] == 1
    assert report.rows["without geometry"] == 1
    drawn = float(great_circle_m(LAT, LON, LAT + 0.1, LON - 0.1)) / 1e3
    edges = load(report).backbone
    # Span 1 as stated, span 2 the straight line times 1.2; one counts where they lie side by side.
    assert edges["route_km"].sum() == pytest.approx(21.0 + 1.2 * drawn, abs=3.5)
    assert any("no route" in text for text in report.warnings)
    planned = bring(write_ofds(tmp_path, ofds()), "backbone", status=("planned", "operational"))
    assert planned.after["cable, km"] > report.after["cable, km"]
    second = bring(write_ofds(tmp_path, ofds()), "backbone", phase=("Second",))
    assert second.after["cable, km"] == pytest.approx(1.2 * drawn, rel=0.03)


def test_length_in_metres_is_not_believed(tmp_path: Path, bring: Callable[..., Report]) -> None:
    whole = ofds()
    whole["networks"][0]["spans"][0]["fibreLength"] = 21_000
    report = bring(write_ofds(tmp_path, whole), "backbone")
    assert any("metres?" in text for text in report.warnings)
    assert report.after["cable, km"] < 60


@pytest.mark.parametrize(
    ("options", "words"),
    [({"status": ("planed",)}, "planned"), ({"phase": ("Secnd",)}, "did you mean 'Second'")],
)
def test_wrong_filter_names_the_nearest(
    options: dict[str, Any], words: str, tmp_path: Path, bring: Callable[..., Report]
) -> None:
    with pytest.raises(RabtaError, match=words):
        bring(write_ofds(tmp_path, ofds()), "backbone", **options)


# What users get wrong

X, Y = UTM.transform(LON, LAT)
WRONG: dict[str, tuple[str, str, dict[str, Any], list[str]]] = {
    "swapped": (f"lat,lon\n{LON},{LAT}\n", "schools", {}, ["swapped", "--column"]),
    "metres": (f"x,y\n{X},{Y}\n", "schools", {}, ["not degrees", "--crs"]),
    "elsewhere": ("lat,lon\n51.5,-0.1\n", "schools", {}, ["outside the nation", "74."]),
    "no place": ("name\nx\n", "schools", {}, ["no geometry", "lat_deg", "name"]),
    "no people": (f"lat,lon,poeple\n{LAT},{LON},5\n", "population", {}, ["people", "did you mean 'poeple'"]),
    "minus": (f"lat,lon,people\n{LAT},{LON},-5\n", "population", {}, ["people", "-5 in row 0"]),
    "too many": (f"lat,lon,people\n{LAT},{LON},1e300\n", "population", {}, ["people", "1e300 in row 0"]),
    "nobody": (f"lat,lon,people\n{LAT},{LON},0\n", "population", {}, ["nobody"]),
    "no cell": ("cell,people\nlahore,5\n", "population", {}, ["cell", "lahore in row 0"]),
    "half": (f"lat,lon,count\n{LAT},{LON},0.5\n", "schools", {}, ["count", "0.5", "whole"]),
    "layer": (f"lat,lon\n{LAT},{LON}\n", "school", {}, ["no such layer", "did you mean 'schools'"]),
    "column": (f"a,lon\n{LAT},{LON}\n", "schools", {"columns": {"b": "lat_deg"}}, ["no such column", "b"]),
    "target": (f"a,lon\n{LAT},{LON}\n", "schools", {"columns": {"a": "lat"}}, ["did you mean 'lat_deg'"]),
    "crs": (f"lat,lon\n{LAT},{LON}\n", "schools", {"crs": "EPSG:nope"}, ["cannot read", "nope"]),
    "empty": ("", "schools", {}, ["cannot read"]),
    "no service": (f"lat,lon,radio\n{LAT},{LON},\n", "sites", {}, ["no row has a technology"]),
    "overflow": ("wkt\n1e400\n", "schools", {}, ["nothing to import"]),
    "only a head": ("lat,lon\n", "schools", {}, ["nothing to import"]),
    "status": (f"wkt,status\nPOINT({LON} {LAT}),live\n", "backbone", {}, ["unknown status", "live"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(case: str, bring: Callable[..., Report], tmp_path: Path) -> None:
    text, layer, options, words = WRONG[case]
    with pytest.raises(RabtaError) as caught:
        bring(text, layer, **options)
    for word in words:
        assert word in str(caught.value), str(caught.value)
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]  # nothing half-written


def test_stated_reference_system_is_used(bring: Callable[..., Report]) -> None:
    assert bring(f"x,y\n{X},{Y}\n", "schools", crs="EPSG:32643").cells_changed_examples == [CENTRE]


def test_mapped_columns(bring: Callable[..., Report]) -> None:
    text = f"breite;x,laenge\n{LAT},{LON}\n"
    report = bring(text, "schools", columns={"breite;x": "lat_deg", "laenge": "lon_deg"})
    assert report.cells_changed_examples == [CENTRE]


def test_folder_that_is_there_is_not_overwritten(nation: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"lat,lon\n{LAT},{LON}\n")
    with pytest.raises(RabtaError, match="there already"):
        replace(Wish(tmp_path / "a.csv", "schools", Nation(data=str(nation)), nation), reach_m)


def test_explicit_nation(nation: Path, tmp_path: Path, bring: Callable[..., Report]) -> None:
    """A folder whose cells have every column keeps that form."""
    own = tmp_path / "explicit"
    own.mkdir()
    layers.load(Nation(data=str(nation))).cells.to_csv(own / "cells.csv", index=False)
    report = bring(f"lat,lon,people\n{LAT},{LON},500\n", "population", base=own)
    found = load(report).cells
    assert found["people"].sum() == 500
    assert found["households"].sum() == pytest.approx(100.0)
    assert not (Path(report.out) / "cells.csv").exists()


def test_geopackage_of_several_tables(tmp_path: Path, bring: Callable[..., Report]) -> None:
    path = tmp_path / "two.gpkg"
    table, points = spots(3)
    for name in ("alpha", 'be"ta'):
        frame(table, points, "EPSG:4326").to_file(path, driver="GPKG", layer=name)
    with pytest.raises(RabtaError, match="--table") as caught:
        bring(path, "schools")
    assert "alpha" in str(caught.value)
    assert bring(path, "schools", table='be"ta').rows["used"] == 3


def test_other_files_are_refused(tmp_path: Path, bring: Callable[..., Report]) -> None:
    vrt = tmp_path / "x.gpkg"
    vrt.write_text("<OGRVRTDataSource/>")
    with pytest.raises(RabtaError, match="not a GeoPackage"):
        bring(vrt, "schools")
    shape = tmp_path / "x.shp"
    shape.write_text("")
    with pytest.raises(RabtaError, match="unknown format"):
        bring(shape, "schools")
    with pytest.raises(RabtaError, match="no such file"):
        bring(tmp_path / "nothing.csv", "schools")


# Hostile files: nothing but RabtaError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SHAPE = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["Point", "LineString", "Polygon", "MultiPoint", "GeometryCollection", "X", None]
        ),
        "coordinates": JSON | st.lists(st.floats(73, 75) | st.floats() | JSON, max_size=4),
    }
)
FEATURE = st.fixed_dictionaries({"type": st.just("Feature"), "geometry": SHAPE | JSON, "properties": JSON})
COLLECTION = st.fixed_dictionaries({"features": st.lists(FEATURE | JSON, max_size=4)}, optional={"crs": JSON})
KEYS = ("id", "route", "location", "status", "phase", "fibreLength", "start")
ITEM = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, JSON | SHAPE))
NETWORK = st.fixed_dictionaries({}, optional={"nodes": st.lists(ITEM) | JSON, "spans": st.lists(ITEM) | JSON})
PACKAGE = st.fixed_dictionaries({"networks": st.lists(NETWORK | JSON, max_size=3) | JSON})
LAYERS = st.sampled_from(["schools", "backbone", "population", "sites", "coverage", "places"])
FUZZ = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(nation: Path, name: str, content: bytes, layer: str) -> None:
    """Either it works, or a RabtaError names the file; the folder is whole or not there."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / name, Path(folder) / "out"
        path.write_bytes(content)
        try:
            replace(Wish(path, layer, Nation(data=str(nation)), out), reach_m)
        except RabtaError:
            assert not out.exists()
        else:
            layers.load(Nation(data=str(out)))
        assert not list(Path(folder).glob(".partial*"))


@FUZZ
@given(whole=COLLECTION | PACKAGE | JSON, layer=LAYERS)
def test_hostile_json(nation: Path, whole: object, layer: str) -> None:
    attempt(nation, "x.json", json.dumps(whole).encode(), layer)


@FUZZ
@given(
    head=st.lists(
        st.sampled_from(["lat", "lon", "people", "radio", "name", "cell", "wkt", "count", "x"]), max_size=6
    ),
    rows=st.lists(
        st.lists(
            st.sampled_from(["31.55", "74.34", "", "nan", "1e400", "1e300", "-1", "lte", CENTRE])
            | st.text(max_size=9),
            max_size=6,
        ),
        max_size=5,
    ),
    layer=LAYERS,
)
def test_hostile_csv(nation: Path, head: list[str], rows: list[list[str]], layer: str) -> None:
    text = "\n".join(",".join(row) for row in [head, *rows])
    attempt(nation, "x.csv", text.encode("utf-8", "surrogatepass"), layer)


@pytest.fixture(scope="module")
def good_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("good")
    table, points = spots(5)
    files = [FORMATS[kind](folder / f"a{kind}", table, points) for kind in ("geoparquet", "gpkg")]
    return {f"x{path.suffix}": path.read_bytes() for path in files}


@FUZZ
@given(data=st.data(), kind=st.sampled_from(["x.parquet", "x.gpkg"]))
def test_damaged_binaries(nation: Path, good_files: dict[str, bytes], data: st.DataObject, kind: str) -> None:
    content = bytearray(good_files[kind])
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    attempt(nation, kind, bytes(content[: cut or None]), "schools")


@FUZZ
@given(blob=st.binary(max_size=60) | st.binary(max_size=60).map(lambda b: b"GP\x00\x01\0\0\0\0" + b))
def test_hostile_geometry_of_a_geopackage(blob: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gpkg"
        base = sqlite3.connect(path)
        base.executescript(
            "CREATE TABLE gpkg_geometry_columns(table_name, column_name, srs_id);"
            "CREATE TABLE gpkg_spatial_ref_sys(srs_id, organization, organization_coordsys_id, definition);"
            "INSERT INTO gpkg_geometry_columns VALUES('t', 'g', 4326);"
            "CREATE TABLE t(g);"
        )
        base.execute("INSERT INTO t VALUES(?)", (blob,))
        base.commit()
        base.close()
        found = readers.read(path)
        assert len(found.table) == 1


def test_bottomless_json(nation: Path) -> None:
    attempt(nation, "x.json", b"[" * 100_000, "schools")
    attempt(nation, "x.json", b'{"features":' * 50_000, "schools")


def test_points_find_their_cells(nation: Path) -> None:
    ground = Ground(layers.load(Nation(data=str(nation))))
    rng = np.random.default_rng(5)
    lat, lon = LAT + rng.uniform(-0.1, 0.1, 500), LON + rng.uniform(-0.1, 0.1, 500)
    row, moved = ground.of_points(lon, lat)
    for k in range(500):
        cell = h3.latlng_to_cell(lat[k], lon[k], 7)
        if cell in NAMES:
            assert NAMES[row[k]] == cell
            assert not moved[k]
        elif row[k] >= 0:
            assert h3.grid_distance(NAMES[row[k]], cell) == 1
            assert moved[k]


def test_command_line(nation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from rabta.cli.data import app

    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text(f"breite,lon\n{LAT},{LON}\n")
    call = ["import", "a.csv", "--layer", "schools", "--nation", str(nation), "--column", "breite=lat_deg"]
    runner = CliRunner()
    done = runner.invoke(app, [*call, "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)["after"] == {"schools": 1.0}
    folder = f"{nation.name}-schools"
    found = json.loads(runner.invoke(app, ["check", folder, "--json"], catch_exceptions=False).stdout)
    assert (found["cells"], found["imported"]) == (127, ["schools"])
    assert "schools (imported)" in runner.invoke(app, [folder], catch_exceptions=False).stdout
    assert "pakistan" not in runner.invoke(app, ["--help"], catch_exceptions=False).stdout
    with pytest.raises(RabtaError, match="theirs=ours"):
        runner.invoke(app, [*call[:-1], "breite", "--out", "b"], catch_exceptions=False)
