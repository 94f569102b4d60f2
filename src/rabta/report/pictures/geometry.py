"""The cells as a drawn mesh: projection, shared vertices, outlines of groups of cells.

At each vertex of a hexagonal mesh exactly three cells meet, so the border of any group of cells has one
way to go on at every vertex: outlines are chained without a geometry library and without gaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.geo import MEAN_RADIUS_M

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WORLD = 65_535  # drawing units along the longer side: about 25 m for Pakistan


@dataclass(frozen=True)
class Projection:
    """Lambert conformal conic on the sphere; Snyder, Map Projections (USGS PP 1395), eq. 15-1 to 15-4.

    Attributes
    ----------
    lat1_deg, lat2_deg : float
        Standard parallels.
    lat0_deg, lon0_deg : float
        Origin.
    """

    lat1_deg: float
    lat2_deg: float
    lat0_deg: float
    lon0_deg: float

    def __call__(self, lat_deg: Floats, lon_deg: Floats) -> tuple[Floats, Floats]:
        """Easting and northing in metres."""
        p1, p2, p0 = np.radians([self.lat1_deg, self.lat2_deg, self.lat0_deg])
        t1, t2, t0 = (np.tan(np.pi / 4 + p / 2) for p in (p1, p2, p0))
        same = abs(self.lat1_deg - self.lat2_deg) < 1e-6
        n = np.sin(p1) if same else np.log(np.cos(p1) / np.cos(p2)) / np.log(t2 / t1)
        scale = MEAN_RADIUS_M * np.cos(p1) * t1**n / n
        rho = scale / np.tan(np.pi / 4 + np.radians(lat_deg) / 2) ** n
        theta = n * np.radians((np.asarray(lon_deg) - self.lon0_deg + 180.0) % 360.0 - 180.0)
        return np.asarray(rho * np.sin(theta)), np.asarray(scale / t0**n - rho * np.cos(theta))

    @classmethod
    def around(cls, lat_deg: Floats, lon_deg: Floats) -> Projection:
        """Projection that suits an area: standard parallels a sixth from its edges."""
        south, north = float(np.min(lat_deg)), float(np.max(lat_deg))
        sixth = (north - south) / 6.0
        middle = (south + north) / 2.0
        if abs(middle) < 2 * sixth + 1e-6:  # astride the equator the cone has no apex: use one parallel
            middle = np.copysign(2 * sixth + 1.0, middle)
            return cls(middle, middle, middle, float(np.median(lon_deg)))
        return cls(south + sixth, north - sixth, middle, float(np.median(lon_deg)))


@dataclass(frozen=True)
class Mesh:
    """Cells in drawing units, y downwards.

    Attributes
    ----------
    points : ndarray, shape (vertex, 2)
        Integer positions of the vertices.
    rings : ndarray, shape (cell, corner)
        Vertices of each cell; a cell with fewer corners repeats its last.
    width, height : int
        Extent of the drawing.
    unit_m : float
        Metres in a drawing unit.
    """

    points: Ints
    rings: Ints
    width: int
    height: int
    unit_m: float
    projection: Projection
    origin: tuple[float, float]

    def place(self, lat_deg: Floats, lon_deg: Floats) -> Floats:
        """Drawing positions (..., 2) of geographic ones."""
        x, y = self.projection(lat_deg, lon_deg)
        return np.stack([(x - self.origin[0]) / self.unit_m, (self.origin[1] - y) / self.unit_m], axis=-1)


def mesh(cells: Sequence[str]) -> Mesh:
    """Drawn mesh of H3 cells."""
    lat, lon, lengths = _boundaries(cells)
    projection = Projection.around(lat, lon)
    x, y = projection(lat, lon)
    unit = max(np.ptp(x), np.ptp(y)) / WORLD
    origin = (float(x.min()), float(y.max()))
    quantised = np.stack([np.rint((x - origin[0]) / unit), np.rint((origin[1] - y) / unit)], axis=1)
    points, index = np.unique(quantised.astype(np.int64), axis=0, return_inverse=True)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    corner = np.minimum(np.arange(lengths.max())[None, :], lengths[:, None] - 1)
    rings = index.reshape(-1)[starts[:, None] + corner]
    width, height = points.max(axis=0)
    return Mesh(points, rings, int(width), int(height), float(unit), projection, origin)


def _boundaries(cells: Sequence[str]) -> tuple[Floats, Floats, Ints]:
    import h3

    rings = [h3.cell_to_boundary(cell) for cell in cells]
    flat = np.array([corner for ring in rings for corner in ring], dtype=np.float64)
    return flat[:, 0], flat[:, 1], np.array([len(ring) for ring in rings], dtype=np.int64)


@dataclass(frozen=True)
class Edges:
    """Directed cell edges that separate groups.

    Attributes
    ----------
    group, other : ndarray, shape (edge,)
        Group on the left and group on the right; the latter is -1 where nobody is.
    start, end, cell : ndarray, shape (edge,)
        Vertices, and the cell on the left.
    outer : ndarray of bool, shape (edge,)
        True where no cell lies on the right.
    """

    group: Ints
    other: Ints
    start: Ints
    end: Ints
    cell: Ints
    outer: NDArray[np.bool_]


def borders(m: Mesh, group: Ints) -> Edges:
    """Edges of cells whose other side belongs to another group or to nobody; groups below 0 are left out."""
    start = m.rings
    end = np.roll(m.rings, -1, axis=1)
    real = start != end
    cell = np.broadcast_to(np.arange(len(m.rings))[:, None], start.shape)[real]
    a, b = start[real], end[real]
    size = len(m.points)
    forward, backward = a * size + b, b * size + a
    order = np.argsort(forward)
    spot = np.minimum(np.searchsorted(forward[order], backward), len(order) - 1)
    twin = order[spot]
    outer = forward[twin] != backward
    other = np.where(outer, -1, group[cell[twin]])
    keep = (other != group[cell]) & (group[cell] >= 0)
    return Edges(group[cell][keep], other[keep], a[keep], b[keep], cell[keep], outer[keep])


def outlines(edges: Edges, groups: int) -> list[list[Ints]]:
    """Closed rings of vertices of each group."""
    rings: list[list[Ints]] = [[] for _ in range(groups)]
    order = np.argsort(edges.group, kind="stable")
    cuts = np.searchsorted(edges.group[order], np.arange(groups + 1))
    for group in range(groups):
        part = order[cuts[group] : cuts[group + 1]]
        following = dict(zip(edges.start[part].tolist(), edges.end[part].tolist(), strict=True))
        while following:
            rings[group].append(_ring(following))
    return rings


def _ring(following: dict[int, int]) -> Ints:
    first, here = following.popitem()
    ring = [first]
    while here != first:
        ring.append(here)
        here = following.pop(here)
    return np.array(ring, dtype=np.int64)


def chains(start: Ints, end: Ints) -> list[Ints]:
    """Open or closed runs of vertices along directed edges, for lines that need not close."""
    following: dict[int, list[int]] = {}
    for a, b in zip(start.tolist(), end.tolist(), strict=True):
        following.setdefault(a, []).append(b)
    heads = list(following.keys() - set(end.tolist()))
    out = []
    while following:
        here = heads[-1] if heads else next(iter(following))
        run = [here]
        while here in following:
            here = _step(following, here)
            run.append(here)
        out.append(np.array(run, dtype=np.int64))
        heads = [head for head in heads if head in following]
    return out


def _step(following: dict[int, list[int]], here: int) -> int:
    after = following[here].pop()
    if not following[here]:
        del following[here]
    return after


def smoothed(m: Mesh, edges: Edges, rounds: int = 1) -> Floats:
    """Vertex positions with the zigzag of hexagonal borders ironed out.

    A border vertex with two border neighbours moves to the mean of itself and their middle; vertices where
    three groups meet stay. Both sides of a border share the vertices, so no gap opens.
    """
    low, high = np.minimum(edges.start, edges.end), np.maximum(edges.start, edges.end)
    pair = np.unique(np.stack([low, high], axis=1), axis=0)
    degree = np.bincount(pair.ravel(), minlength=len(m.points))
    moving = degree == 2
    points = m.points.astype(np.float64)
    for _ in range(rounds):
        total = np.zeros_like(points)
        np.add.at(total, pair[:, 0], points[pair[:, 1]])
        np.add.at(total, pair[:, 1], points[pair[:, 0]])
        points[moving] = points[moving] / 2.0 + total[moving] / 4.0
    return points


def path(points: Floats, rings: Sequence[Ints], scale: float, *, closed: bool = True) -> str:
    """SVG path of rings of vertices, relative integer steps."""
    parts = []
    for ring in rings:
        xy = np.rint(points[ring] * scale).astype(np.int64)
        steps = np.diff(xy, axis=0)
        steps = steps[np.any(steps != 0, axis=1)]
        moves = " ".join(f"{dx} {dy}" for dx, dy in steps.tolist())
        parts.append(f"M{xy[0, 0]} {xy[0, 1]}l{moves}{'z' if closed else ''}" if moves else "")
    return "".join(parts).replace(" -", "-")
