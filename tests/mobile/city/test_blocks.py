"""Footprints, meshes, materials and pictures of a city block; no tracer needed."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from rabta.cli.mobile import app
from rabta.errors import RabtaError
from rabta.mobile.city import blocks, materials, mesh, picture, trace

SQUARE = [[74.30, 31.50], [74.301, 31.50], [74.301, 31.501], [74.30, 31.501], [74.30, 31.50]]


def footprints(path: Path, rings: list[Any], **properties: Any) -> Path:
    features = [
        {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for ring in rings
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_footprints_become_metres_about_their_middle(tmp_path: Path) -> None:
    """A thousandth of a degree is 111.19 m of latitude, and cos(31.5) of that of longitude."""
    found = blocks.read(footprints(tmp_path / "a.geojson", [SQUARE], height=12))
    west, south, east, north = found.bounds
    assert north - south == pytest.approx(111.19, abs=0.01)
    assert east - west == pytest.approx(111.19 * np.cos(np.radians(31.5005)), abs=0.01)
    assert (west + east, south + north) == pytest.approx((0.0, 0.0), abs=1e-6)
    assert found.height_m.tolist() == [12.0]
    assert not found.modelled


def test_levels_count_three_metres() -> None:
    assert blocks._height({"building:levels": "4"}, 0, Path("x")) == 12.0
    assert blocks._height({"height": "7.5 m"}, 0, Path("x")) == 7.5


@pytest.mark.parametrize(
    ("rings", "properties", "message"),
    [
        ([SQUARE], {}, "height"),
        ([SQUARE], {"height": -3}, "1 to 1000 m"),
        ([SQUARE], {"height": "tall"}, "1 to 1000 m"),
        ([[[0, 0], [1, 1]]], {"height": 5}, "simple polygon|wrong corners"),
        ([[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]], {"height": 5}, "simple polygon"),
        ([[[0, 0], [0, 95], [1, 95], [0, 0]]], {"height": 5}, "simple polygon"),
        ([SQUARE, [[75, 31], [75.001, 31], [75, 31.001], [75, 31]]], {"height": 5}, "too far apart"),
        ([], {}, "no footprints"),
    ],
)
def test_wrong_footprints_are_refused_by_name(
    tmp_path: Path, rings: list[Any], properties: dict[str, Any], message: str
) -> None:
    with pytest.raises(RabtaError, match=message):
        blocks.read(footprints(tmp_path / "a.geojson", rings, **properties))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "features", "geometry", "coordinates", "properties", "height"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON | st.builds(lambda x: {"features": [{"geometry": {"type": "Polygon", "coordinates": x}}]}, JSON))
def test_any_json_is_read_or_refused(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "any.geojson"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(RabtaError):
        blocks.read(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.geojson"
    path.write_bytes(data)
    with pytest.raises(RabtaError):
        blocks.read(path)


@pytest.mark.parametrize(
    "outline",
    [
        np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]]),
        np.array([[0.0, 0.0], [6.0, 0.0], [6.0, 2.0], [2.0, 2.0], [2.0, 6.0], [0.0, 6.0]]),
    ],
)
def test_a_mesh_is_closed_but_for_its_floor_and_faces_out(outline: np.ndarray[Any, Any]) -> None:
    """Two triangles share each edge, but the floor's; the divergence theorem's volume is area x height."""
    points, triangles = mesh.extrude(outline, 10.0)
    edges = np.sort(
        np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1
    )
    _, count = np.unique(edges, axis=0, return_counts=True)
    assert (count == 1).sum() == len(outline)
    assert (count <= 2).all()
    a, b, c = (points[triangles[:, i]] for i in range(3))
    x, y = outline.T
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    assert np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6.0 == pytest.approx(area * 10.0)


def test_a_ply_file_holds_what_it_says() -> None:
    points, triangles = mesh.extrude(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), 2.0)
    head, _, body = mesh.ply(points, triangles).partition(b"end_header\n")
    assert f"element vertex {len(points)}".encode() in head
    assert len(body) == 12 * len(points) + 13 * len(triangles)


def test_a_grid_has_streets_of_twenty_metres() -> None:
    found = blocks.load("grid:2x3@30")
    assert found.modelled
    assert found.bounds == (-70.0, -110.0, 70.0, 110.0)
    assert set(found.height_m.tolist()) == {30.0}


def test_concrete_is_that_of_the_recommendation() -> None:
    """ITU-R P.2040-3, table 3: 5.24 and 0.0462 f^0.7822; at 1 GHz the conductivity is c itself."""
    assert materials.properties("concrete", 1.0) == pytest.approx((5.24, 0.0462))
    assert materials.properties("medium_dry_ground", 10.0)[0] == pytest.approx(15.0 * 10.0**-0.1)


def test_an_image_is_a_png_of_its_pixels() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    data = picture.png(pixels)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (4, 2)
    start = data.index(b"IDAT") + 4
    length = struct.unpack(">I", data[start - 8 : start - 4])[0]
    assert zlib.decompress(data[start : start + length]) == b"".join(b"\0" + row.tobytes() for row in pixels)


def test_nothing_received_is_grey() -> None:
    assert picture.colours(np.array([-np.inf, 0.0]), 0.0, 1.0)[0].tolist() == [235, 235, 235]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["grid:4x4", "--ghz", "60", "--walls", "brick"], "1 to 40 GHz"),
        (["grid:4x4", "--walls", "concret"], "concrete"),
        (["grid:4x4", "--ghz", "400"], "0.1 to 100"),
        (["grid:4x4", "--site", "1,2"], "X,Y,Z or X,Y,Z,DBM"),
        (["grid:4x4", "--site", "1,2,-3"], "above the ground"),
        (["grid:99x1"], "1 to 30 blocks"),
        (["nowhere.geojson"], "a GeoJSON file of footprints"),
        (["grid:1x1", "--show", "powr"], "power"),
    ],
)
def test_wrong_questions_are_refused(args: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["city", *args])
    assert isinstance(done.exception, RabtaError)
    assert message in str(done.exception)


def test_an_old_compiler_is_refused_before_it_aborts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "libLLVM-14.so.1"
    library.write_bytes(b"")
    monkeypatch.setenv(trace.LIBRARY, str(library))
    with pytest.raises(RabtaError, match="libllvm19"):
        trace.compiler()
    newer = tmp_path / "libLLVM.so.19.1"
    newer.write_bytes(b"")
    monkeypatch.setenv(trace.LIBRARY, str(newer))
    assert trace.compiler() == str(newer)


def test_an_interpreter_without_the_tracer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(trace.INTERPRETER, "/nowhere/python")
    with pytest.raises(RabtaError, match="sionna-rt"):
        trace.interpreter()
