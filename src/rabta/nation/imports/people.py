"""People: points, areas or H3 cells with people, put on the nation's cells and shared among its tehsils."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.nation import hexes
from rabta.nation.imports.ground import Array, Objects, Rows
from rabta.nation.imports.job import Job
from rabta.nation.imports.points import put
from rabta.nation.layers import BY_PERSON

CARRIED = (*BY_PERSON, "urban_people")


def population(job: Job) -> None:
    """People of the file in place of those of the nation's file.

    With `keep_totals` the file only says where the people of each tehsil live, and the tehsil's people stay;
    without, tehsils take the sums of the file, and what they hold by person (households, children, pupils)
    keeps its ratio to people.
    """
    job.need("people")
    job.clean()
    people = job.numbers("people")
    job.keep(np.isfinite(people), "without people")
    wanted = _on_cells(job, people[np.isfinite(people)])
    if not wanted.sum() > 0.0:
        raise job.error(
            "nobody in the file lives in the nation", "people", float(wanted.sum()), "more than 0"
        )
    cell, unit, weight = _pairs(job, wanted)
    units = job.ground.layers.units
    counted = units.tehsils["people"].to_numpy().astype(np.int64)
    if job.keep_totals:
        cell, unit, weight = _with_lost_units(job, cell, unit, weight, counted)
        found = rounded(weight, unit, counted)
    else:
        whole = np.asarray([round(float(weight.sum()))], dtype=np.int64)
        found = rounded(weight, np.zeros(len(weight), dtype=np.int64), whole)
    _write(job, cell, unit, found)
    job.what = "people on the cells; " + (
        "tehsils keep their people" if job.keep_totals else "tehsils take the sums"
    )


def _on_cells(job: Job, people: Array) -> Array:
    """People of each cell, not yet whole: areas over the cells inside, the rest at a point."""
    import shapely

    if job.features.geometry is None and "cell" in job.features.table:
        return _from_cells(job, people)
    shapes = job.geometry()
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(shapes)).T
    job.suspect(lon, lat)
    out, met = _from_areas(job, people, shapes)
    row, moved = job.ground.of_points(lon[~met], lat[~met])
    inside = row >= 0
    job.report.rows["used"] = int(met.sum()) + int(inside.sum())
    job.report.count("moved to the next cell", int(moved.sum()))
    job.report.count("outside the nation", int((~inside).sum()))
    return out + np.bincount(row[inside], people[~met][inside], len(out))


def _from_areas(job: Job, people: Array, shapes: Objects) -> tuple[Array, NDArray[np.bool_]]:
    """People of areas over the cells inside, as people live there now, or by land where nobody does.

    Also which rows are areas that hold a cell's centre; smaller ones go to the cell of a point in them.
    """
    old = job.ground.layers.cells
    areas = shapes.copy()
    areas[[shape.geom_type not in ("Polygon", "MultiPolygon") for shape in shapes]] = None
    shape, cell = job.ground.in_polygons(areas)
    held = np.bincount(shape, old["people"].to_numpy()[cell], len(shapes))
    raw = np.where(held[shape] > 0, old["people"].to_numpy()[cell], old["area_km2"].to_numpy()[cell] + 1e-9)
    share = raw / np.bincount(shape, raw, len(shapes))[shape]
    met = np.zeros(len(shapes), dtype=bool)
    met[shape] = True
    return np.bincount(cell, people[shape] * share, len(old)).astype(np.float64), met


def _from_cells(job: Job, people: Array) -> Array:
    """People of H3 cells: finer ones add up, coarser ones spread over their parts by land."""
    ground = job.ground
    index = hexes.numbers(job.features.table["cell"].to_numpy(dtype=object))
    wrong = np.flatnonzero(~hexes.valid(index))
    if len(wrong):
        row = int(wrong[0])
        raise job.error(
            "wrong value", "cell", f"{job.features.table['cell'].iloc[row]} in row {row}", "H3 index"
        )
    out, used = np.zeros(len(job.cells)), np.zeros(len(index), dtype=bool)
    level = hexes.resolution(index)
    for own in ground.levels:
        rows = ground.find(hexes.parent(index, own))
        hit = (rows >= 0) & (level >= own) & ~used
        out += np.bincount(rows[hit], people[hit], len(out))
        used |= hit
    area = ground.layers.cells["area_km2"].to_numpy() + 1e-9
    for coarse in sorted({*level[~used].tolist()}):
        names, at = np.unique(hexes.parent(ground.layers.index, coarse), return_inverse=True)
        chosen = np.flatnonzero((level == coarse) & ~used)
        place = np.minimum(np.searchsorted(names, index[chosen]), len(names) - 1)
        hit = names[place] == index[chosen]
        total = np.bincount(place[hit], people[chosen[hit]], len(names))
        out += (total / np.bincount(at, area))[at] * area
        used[chosen[hit]] = True
    job.report.rows["used"] = int(used.sum())
    job.report.count("outside the nation", int((~used).sum()))
    return out


def _pairs(job: Job, wanted: Array) -> tuple[Rows, Rows, Array]:
    """Part of each tehsil in each cell's new people: as now, or its main tehsil where nobody lived."""
    units, cells = job.ground.layers.units, job.ground.layers.cells
    cell, unit, people = (units.apportionment[k].to_numpy() for k in ("cell_row", "tehsil_row", "people"))
    now = cells["people"].to_numpy().astype(np.float64)
    empty = np.flatnonzero((now == 0) & (wanted > 0))
    weight = wanted[cell] * people / np.maximum(now[cell], 1.0)
    return (
        np.concatenate([cell, empty]).astype(np.int64),
        np.concatenate([unit, units.tehsil_row[empty]]).astype(np.int64),
        np.concatenate([weight, wanted[empty]]),
    )


def _with_lost_units(
    job: Job, cell: Rows, unit: Rows, weight: Array, counted: Rows
) -> tuple[Rows, Rows, Array]:
    """Tehsils in which the file has nobody keep their people where they are."""
    parts = job.ground.layers.units.apportionment
    lost = (np.bincount(unit, weight, len(counted)) <= 0) & (counted > 0)
    if lost.any():
        names = job.ground.layers.units.tehsils["tehsil"].to_numpy()[lost][:3].tolist()
        job.report.warn(f"{int(lost.sum())} tehsils have nobody in the file and stay as they are: {names}")
        kept = parts[lost[parts["tehsil_row"].to_numpy()]]
        rest = ~lost[unit]
        cell = np.concatenate([cell[rest], kept["cell_row"].to_numpy()])
        unit = np.concatenate([unit[rest], kept["tehsil_row"].to_numpy()])
        weight = np.concatenate([weight[rest], kept["people"].to_numpy().astype(np.float64)])
    return cell, unit, weight


def rounded(weight: Array, group: Rows, total: Rows) -> Rows:
    """Whole numbers in proportion to weights whose sum in each group is exact, by largest remainders.

    Examples
    --------
    >>> rounded(np.array([1.0, 1.0, 1.0, 5.0]), np.array([0, 0, 0, 1]), np.array([10, 7])).tolist()
    [4, 3, 3, 7]
    """
    sums = np.bincount(group, weight, len(total))
    exact = weight / np.where(sums > 0, sums, 1.0)[group] * total[group]
    out = np.floor(exact).astype(np.int64)
    left = total - np.bincount(group, out, len(total)).astype(np.int64)
    order = np.lexsort((out - exact, group))
    start = np.searchsorted(group[order], np.arange(len(total)))
    rank = np.arange(len(order)) - start[group[order]]
    out[order] += rank < left[group[order]]
    return out


def _write(job: Job, cell: Rows, unit: Rows, people: Rows) -> None:
    """Cells, apportionment and tehsils with their new people."""
    import pandas as pd

    old, units = job.ground.layers.cells, job.ground.layers.units
    now = np.bincount(cell, people, len(old)).astype(np.int64)
    tehsils = _tehsils(units.tehsils, np.bincount(unit, people, len(units.tehsils)).astype(np.int64))
    put(job, {"people": now})
    if "people_sigma" in job.cells:
        job.cells["people_sigma"] = 0.0
        job.report.warn("people_sigma is set to 0: the file states no error")
    counted = np.maximum(units.tehsils["people"].to_numpy(), 1)
    for name in BY_PERSON:
        if name in job.cells:  # explicit: keeps its ratio to the cell's people, or to the tehsil's
            rate = (units.tehsils[name].to_numpy() / counted)[units.tehsil_row]
            own = old[name].to_numpy() / np.maximum(old["people"].to_numpy(), 1)
            job.cells[name] = now * np.where(old["people"].to_numpy() > 0, own, rate)
    if "tehsil_row" not in job.cells:
        return
    pair = cell * len(tehsils) + unit
    pairs, which = np.unique(pair[people > 0], return_inverse=True)
    sums = np.bincount(which, people[people > 0], len(pairs)).astype(np.int64)
    frame = pd.DataFrame(
        {"cell_row": pairs // len(tehsils), "tehsil_row": pairs % len(tehsils), "people": sums}
    )
    main = units.tehsil_row.copy()
    order = frame["people"].to_numpy().argsort(kind="stable")
    main[frame["cell_row"].to_numpy()[order]] = frame["tehsil_row"].to_numpy()[order]
    job.cells["tehsil_row"] = main
    job.tables |= {"apportionment": frame, "tehsils": tehsils}


def _tehsils(old: Any, people: Rows) -> Any:
    """Tehsils with new people, what they hold by person in its old ratio."""
    ratio = people / np.maximum(old["people"].to_numpy(), 1)
    out = old.assign(people=people)
    for name in CARRIED:
        values = old[name].to_numpy() * ratio
        out[name] = np.rint(values).astype(np.int64) if name == "urban_people" else values
    return out
