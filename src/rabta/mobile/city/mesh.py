"""Buildings as triangles, and the scene file that the ray tracer reads."""

from __future__ import annotations

import struct
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.city.blocks import Blocks

Array = NDArray[np.float64]
Triangles = NDArray[np.int32]
MARGIN_M = 50.0
THICK_M = 0.2


def extrude(outline: Array, height_m: float) -> tuple[Array, Triangles]:
    """Walls and roof of one building: corners, shape (n, 3), and triangles, shape (m, 3), facing out.

    Parameters
    ----------
    outline : ndarray, shape (corner, 2)
        Counter-clockwise.
    """
    count = len(outline)
    low, high = (np.column_stack([outline, np.full(count, z)]) for z in (0.0, height_m))
    here = np.arange(count)
    after = (here + 1) % count
    walls = np.concatenate(
        [
            np.column_stack([here, after, after + count]),
            np.column_stack([here, after + count, here + count]),
        ]
    )
    roof = _roof(outline) + count
    return np.concatenate([low, high]), np.concatenate([walls, roof]).astype(np.int32)


def _roof(outline: Array) -> NDArray[np.int64]:
    """Triangles of a polygon's own corners, counter-clockwise."""
    import shapely
    from scipy.spatial import cKDTree

    parts = shapely.get_parts(shapely.constrained_delaunay_triangles(shapely.Polygon(outline)))
    corners = np.stack([np.asarray(part.exterior.coords)[:3, :2] for part in parts])
    rows = cKDTree(outline).query(corners)[1]
    a, b, c = (outline[rows[:, i]] for i in range(3))
    turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]) < 0.0
    rows[turned] = rows[turned][:, ::-1]
    return np.asarray(rows, dtype=np.int64)


def ply(points: Array, triangles: Triangles) -> bytes:
    """Binary PLY of a mesh."""
    head = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(points)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(triangles)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    faces = b"".join(struct.pack("<B3i", 3, *row) for row in triangles.tolist())
    return head.encode() + points.astype("<f4").tobytes() + faces


def write(blocks: Blocks, folder: Path, wall: str, ground: str) -> Path:
    """Scene of buildings of one material on level ground; the file that the tracer loads."""
    meshes = [
        extrude(ring, height) for ring, height in zip(blocks.outline, blocks.height_m.tolist(), strict=True)
    ]
    first = np.cumsum([0, *(len(points) for points, _ in meshes)])[:-1]
    points = np.concatenate([p for p, _ in meshes])
    triangles = np.concatenate([t + at for (_, t), at in zip(meshes, first, strict=True)]).astype(np.int32)
    (folder / "buildings.ply").write_bytes(ply(points, triangles))
    west, south, east, north = blocks.bounds
    low, high = (west - MARGIN_M, south - MARGIN_M), (east + MARGIN_M, north + MARGIN_M)
    floor = np.array(
        [[low[0], low[1], 0.0], [high[0], low[1], 0.0], [high[0], high[1], 0.0], [low[0], high[1], 0.0]]
    )
    (folder / "ground.ply").write_bytes(ply(floor, np.array([[0, 1, 2], [0, 2, 3]], dtype=np.int32)))
    path = folder / "scene.xml"
    path.write_text(_xml(wall, ground), encoding="utf-8")
    return path


def _xml(wall: str, ground: str) -> str:
    """Two meshes with materials of ITU-R P.2040."""
    kinds = "".join(
        f'<bsdf type="itu-radio-material" id="{name}"><string name="type" value="{escape(kind)}"/>'
        f'<float name="thickness" value="{THICK_M}"/></bsdf>'
        for name, kind in (("walls", wall), ("floor", ground))
    )
    shapes = "".join(
        f'<shape type="ply" id="mesh-{file}"><string name="filename" value="{file}.ply"/>'
        f'<boolean name="face_normals" value="true"/><ref id="{name}" name="bsdf"/></shape>'
        for file, name in (("buildings", "walls"), ("ground", "floor"))
    )
    return f'<scene version="2.1.0">{kinds}{shapes}</scene>\n'
