"""The fibre backbone: lines, or networks of the Open Fibre Data Standard, as edges between cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import nearest
from rabta.nation.aggregate import shortest
from rabta.nation.imports.ground import EARTH_KM, Array, Ground, Rows
from rabta.nation.imports.job import Job
from rabta.nation.imports.ofds import SPAN_STATUS
from rabta.nation.imports.points import put

IN_USE = "operational"
BELIEVED = (0.9, 3.0)  # length of the cable over that of its route
DETOUR = 1.2  # where the nation's entry has no route_factor (Giga's open cost model)


def backbone(job: Job, status: tuple[str, ...], phase: tuple[str, ...]) -> None:
    """Edges between the cells that a cable passes, and each cell's distance to the nearest of them."""
    import shapely

    job.clean()
    _in_use(job, status or (IN_USE,))
    _of_phase(job, phase)
    shapes, table = job.geometry(), job.features.table
    if not len(table):
        raise job.error(
            "no line is left", "status", expected="lines or nodes that are in use (--status, --phase)"
        )
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(shapes)).T
    job.suspect(lon, lat)
    clipped = shapely.clip_by_rect(shapes, *job.ground.box)
    whole = np.asarray(
        [a is not None and a.equals_exact(b, 0.0) for a, b in zip(clipped, shapes, strict=True)]
    )
    ends: list[Rows] = []
    lengths: list[Array] = []
    nodes: set[int] = set()
    factors = _factors(job, shapes)
    for shape, factor, complete in zip(clipped, factors.tolist(), whole.tolist(), strict=True):
        passed = _passed(job.ground, shape)
        if not passed:
            job.report.count("outside the nation", 1)
            continue
        job.report.count("used", 1)
        job.report.count("cut at the border", int(not complete))
        for rows, at_km in passed:
            nodes |= {*rows.tolist()}
            ends.append(np.stack([rows[:-1], rows[1:]]))
            lengths.append(np.diff(at_km) * factor)
    if not nodes:
        raise job.error("no line crosses the nation", "geometry", expected="lines over its cells")
    pairs = np.concatenate(ends, axis=1) if ends else np.zeros((2, 0), dtype=np.int64)
    edges = shortest(pairs[0], pairs[1], np.concatenate(lengths) if lengths else np.zeros(0))
    _write(job, edges, np.asarray(sorted(nodes), dtype=np.int64))


def _in_use(job: Job, status: tuple[str, ...]) -> None:
    """Leave out what is not in use; rows that say nothing are taken to be."""
    for name in status:
        if name not in SPAN_STATUS:
            raise job.error("unknown status", "--status", name, nearest(name, SPAN_STATUS))
    if "status" not in job.features.table:
        if job.features.kind == "Open Fibre Data Standard":
            job.report.warn("no status: every span is taken to be in use")
        return
    values = job.features.table["status"]
    silent = values.isna().to_numpy()
    if silent.any():
        job.report.warn(f"{int(silent.sum())} rows have no status and are taken to be in use")
    wrong = sorted({str(v) for v in values[~silent]} - {*SPAN_STATUS})
    if wrong:
        raise job.error("unknown status", "status", wrong[0], nearest(wrong[0], SPAN_STATUS))
    for name in SPAN_STATUS:
        if name not in status:
            job.keep(job.features.table["status"].ne(name).to_numpy(), f"{name}, left out")


def _of_phase(job: Job, phase: tuple[str, ...]) -> None:
    if not phase:
        return
    values = job.need("phase").astype(str)
    known = sorted({value for value in values if value})
    for name in phase:
        if name not in known:
            raise job.error("unknown phase", "--phase", name, nearest(name, known))
    job.keep(values.isin(phase).to_numpy(), "of another phase")


def _factors(job: Job, shapes: NDArray[np.object_]) -> Array:
    """Length of the cable over its drawn route: as stated, or a detour where nodes are joined straight."""
    table = job.features.table
    out = np.ones(len(shapes))
    if "straight" in table:
        straight = table["straight"].fillna(value=False).to_numpy(dtype=bool)
        out[straight] = _detour(job)
        if straight.any():
            job.report.warn(
                f"{int(straight.sum())} spans have no route: straight lines times {_detour(job):g}"
            )
    if "fibre_km" not in table:
        return out
    stated = job.numbers("fibre_km")
    job.report.missing.pop("fibre_km", None)  # need not be there
    drawn = np.asarray([_km(shape) for shape in shapes])
    ratio = np.divide(stated, drawn, out=np.full(len(drawn), np.nan), where=drawn > 0)
    good = (ratio >= BELIEVED[0]) & (ratio <= BELIEVED[1])
    odd = np.isfinite(ratio) & ~good
    if odd.any():
        row = int(np.argmax(odd))
        job.report.warn(
            f"fibreLength of {int(odd.sum())} spans is not their route's in km (first: {stated[row]:g} for "
            f"{drawn[row]:.0f} km; metres?): the route's length is used"
        )
    return np.where(good, ratio, out)


def _km(shape: Any) -> float:
    import shapely

    from rabta.geo import great_circle_m

    total = 0.0
    for part in _parts(shape):
        lon, lat = shapely.get_coordinates(part).T
        total += float(great_circle_m(lat[1:], lon[1:], lat[:-1], lon[:-1]).sum()) / 1e3
    return total


def _parts(shape: Any) -> list[Any]:
    """Simple lines of a line or of many."""
    import shapely

    return [
        part
        for part in shapely.get_parts(shape).tolist()
        if part.geom_type == "LineString" and not part.is_empty
    ]


def _passed(ground: Ground, shape: Any) -> list[tuple[Rows, Array]]:
    """Rows of the cells that each part of a feature passes, and how far along; a point is a node."""
    import shapely

    if shape is None or shape.is_empty:
        return []
    out = []
    for part in _parts(shape):
        route = ground.along(part)
        if len(route.rows):
            out.append((route.rows, route.at_km))
    points = [p for p in shapely.get_parts(shape).tolist() if p.geom_type == "Point"]
    if points:
        lon, lat = shapely.get_coordinates(points).T
        row, _ = ground.of_points(lon, lat)
        out += [(row[k : k + 1], np.zeros(1)) for k in np.flatnonzero(row >= 0).tolist()]
    return out


def _detour(job: Job) -> float:
    entry = catalog.entry("nations", job.nation).data.get("exchange", {}) if job.nation else {}
    return float(entry.get("route_factor", DETOUR))


def _write(job: Job, edges: Any, nodes: Rows) -> None:
    """The table of edges, and the distance of each cell to the nearest cell with fibre."""
    from scipy.spatial import cKDTree

    cells, old = job.ground.layers.cells, job.ground.layers.backbone
    place = job.ground.sphere()
    chord, _ = cKDTree(place[nodes]).query(place)
    km = 2.0 * EARTH_KM * np.arcsin(np.minimum(1.0, chord / (2.0 * EARTH_KM))) * _detour(job)
    people = cells["people"].to_numpy() / max(float(cells["people"].sum()), 1.0)
    put(job, {"backbone_km": km.round(3)})
    job.tables["backbone"] = edges
    before = np.unique(old[["from_row", "to_row"]].to_numpy())
    for totals, frame, count, far in (
        (job.report.before, old, len(before), cells["backbone_km"].to_numpy()),
        (job.report.after, edges, len(nodes), km),
    ):
        totals["cable, km"] = round(float(frame["route_km"].sum()), 1)
        totals["cells with fibre"] = float(count)
        totals["mean km to fibre, by people"] = round(float((people * far).sum()), 3)
    job.what = (
        f"cables cut into edges between cells; distance to fibre is the straight line times {_detour(job):g}"
    )
