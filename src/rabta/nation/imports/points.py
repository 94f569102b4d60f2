"""Points and areas of coverage: sites, institutions, towns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.nation.imports.ground import Array, Rows
from rabta.nation.imports.job import Job
from rabta.nation.layers import MOBILE

SAME_PLACE = 1e4  # steps a degree: sites of one operator within 11 m are one
NEAREST = 8  # sites that are tried for each cell


def counts(job: Job) -> None:
    """Schools, health units or offices: so many in each cell (column ``count``, else one a row)."""
    name = job.report.layer
    job.clean()
    row = job.points()
    each = np.ones(len(row))
    if "count" in job.features.table:
        each = np.nan_to_num(job.numbers("count"))
    if (each != np.floor(each)).any():
        raise job.error("wrong value", "count", float(each[each != np.floor(each)][0]), "whole numbers")
    job.report.rows["used"] = len(row)
    found = np.bincount(row, each, len(job.cells)).astype(np.int64)
    put(job, {name: found})
    job.what = f"{name} counted in each cell"
    if name == "schools" and "tehsil_row" in job.cells:
        units = job.ground.layers.units
        sums = np.bincount(units.tehsil_row, found, len(units.tehsils)).astype(np.float64)
        job.tables["tehsils"] = units.tehsils.assign(schools=sums)


def put(job: Job, columns: dict[str, NDArray[np.generic]]) -> None:
    """Columns of the cells, with totals before and after, and the cells that differ."""
    old = job.ground.layers.cells
    differs = np.zeros(len(old), dtype=bool)
    for name, values in columns.items():
        was = old[name].to_numpy()
        differs |= was != values if was.dtype == object else ~np.isclose(was, values.astype(np.float64))
        if was.dtype != object and not name.endswith("_km"):
            job.report.before[name] = float(was.sum())
            job.report.after[name] = float(np.asarray(values, dtype=np.float64).sum())
        job.cells[name] = values
    job.columns += list(columns)
    job.report.changes(differs, old["cell"].tolist())


def places(job: Job) -> None:
    """Towns for maps: name, people, cell."""
    import pandas as pd
    import shapely

    job.need("name")
    job.clean()
    named = job.features.table["name"].notna().to_numpy()
    job.report.lacking("name", int((~named).sum()))
    job.keep(named, "without a name")
    row = job.points()
    people = np.nan_to_num(job.numbers("people")) if "people" in job.features.table else np.zeros(len(row))
    if "people" not in job.features.table:
        job.report.warn("no people: towns are listed with 0")
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(job.geometry())).T
    old, cells = job.ground.layers.places, job.ground.layers.cells
    table = {"name": job.features.table["name"].astype(str), "lat_deg": lat, "lon_deg": lon}
    table |= {
        "people": np.rint(people).astype(np.int64),
        "province": cells["province"].to_numpy()[row],
        "cell_row": row,
    }
    job.tables["places"] = pd.DataFrame(table)
    job.report.rows["used"] = len(row)
    job.report.before |= {"places": float(len(old)), "people": float(old["people"].sum())}
    job.report.after |= {"places": float(len(row)), "people": float(people.sum())}
    changed = np.zeros(len(cells), dtype=bool)
    changed[np.setxor1d(row, old["cell_row"].to_numpy())] = True
    job.report.changes(changed, cells["cell"].tolist())
    job.what = "towns replaced; each lies in the cell of its point"


def sites(job: Job) -> None:
    """Cell sites, and the coverage that they give by the reach of each technology."""
    import shapely

    old = job.ground.layers.cells
    job.clean()
    row = job.points()
    origin = np.arange(len(row))
    if "technology" in job.features.table:
        origin = job.split("technology")
        row = row[origin]
    table = job.features.table
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(job.geometry())).T
    kind = job.generations() if "technology" in table else None
    known = np.ones(len(row), dtype=bool) if kind is None else np.asarray([k is not None for k in kind])
    if not known.any():
        raise job.error("no row has a technology", "technology", expected="2g, 3g, 4g, GSM, UMTS, LTE or NR")
    row, lon, lat = row[known], lon[known], lat[known]
    job.report.rows["used"] = len(np.unique(origin[known]))
    place = np.stack([np.rint(lon * SAME_PLACE), np.rint(lat * SAME_PLACE), _operators(job, known)], axis=1)
    if kind is None:
        job.report.warn("no technology: every site is taken to have 2G and 4G")
    lte = np.ones(len(row), dtype=bool) if kind is None else kind[known] == "4g"
    total, with_4g = (_distinct(place[chosen], row[chosen], len(old)) for chosen in (lte | True, lte))
    job.report.count("of a site counted before", max(0, job.report.rows["used"] - int(total.sum())))
    best = _best(job, row, lon, lat, None if kind is None else kind[known])
    put(job, {"sites": total, "sites_4g": with_4g, "mobile_today": best})
    coverage_totals(job, best)
    job.what = (
        "sites counted by place and operator; coverage by the reach of each technology over the cell's relief"
    )


def _operators(job: Job, known: NDArray[np.bool_]) -> Array:
    import pandas as pd

    table = job.features.table
    if "operator" not in table:
        job.report.warn("no operator: sites at one place count once")
        return np.zeros(int(known.sum()))
    return pd.factorize(table["operator"].astype(str))[0][known].astype(np.float64)


def _distinct(place: Array, row: Rows, cells: int) -> Array:
    """Sites of each cell, those of one place and operator once."""
    if not len(place):
        return np.zeros(cells)
    first = np.unique(place, axis=0, return_index=True)[1]
    return np.bincount(row[first], minlength=cells).astype(np.float64)


def _best(
    job: Job, row: Rows, lon: Array, lat: Array, kind: NDArray[np.object_] | None
) -> NDArray[np.object_]:
    """Best technology that reaches the people of each cell from one of the nearest sites."""
    from scipy.spatial import cKDTree

    if job.reach is None:
        raise ValueError("sites need the reach of a site")
    place, relief = job.ground.sphere(), job.ground.layers.cells["rough_m"].to_numpy()
    out = np.full(len(relief), "none", dtype=object)
    for name in ("2g", "3g", "4g"):
        chosen = np.ones(len(row), dtype=bool) if kind is None else kind == name
        if kind is None and name == "3g":
            continue
        if not chosen.any():
            continue
        far = float(job.reach(name, np.zeros(1))[0]) / 1e3
        tree = cKDTree(_sphere(lon[chosen], lat[chosen]))
        away, which = tree.query(place, k=NEAREST, distance_upper_bound=far)
        hit = np.isfinite(away)
        ends = (relief[:, None] + relief[row[chosen][np.where(hit, which, 0)]]) / 2.0
        out[(hit & (away * 1e3 <= job.reach(name, ends))).any(axis=1)] = name
    return out


def _sphere(lon: Array, lat: Array) -> Array:
    from rabta.nation.imports.ground import EARTH_KM

    east, north = np.radians(lon), np.radians(lat)
    flat = np.cos(north)
    return EARTH_KM * np.stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)], axis=1)


def coverage(job: Job) -> None:
    """Best mobile service of the cells whose people's centre lies in an area of coverage."""
    job.clean()
    kind = job.generations()
    known = np.asarray([value is not None for value in kind])
    shapes = job.geometry()[known]
    areas = np.asarray([shape.geom_type in ("Polygon", "MultiPolygon") for shape in shapes], dtype=bool)
    if not areas.all():
        job.report.count("not an area", int((~areas).sum()))
    shapes, kind = shapes[areas], kind[known][areas]
    shape, cell = job.ground.in_polygons(shapes)
    job.report.rows["used"] = len(np.unique(shape))
    job.report.count("over no cell", len(shapes) - len(np.unique(shape)))
    if not len(shape):
        import shapely

        middle = shapely.get_coordinates(shapely.point_on_surface(job.geometry()))
        job.suspect(*middle.T)
        raise job.error(
            "no area of coverage lies over a cell", "geometry", expected="polygons over the nation"
        )
    out = np.full(len(job.cells), "none", dtype=object)
    for name in MOBILE[1:]:
        out[cell[kind[shape] == name]] = name
    put(job, {"mobile_today": out})
    coverage_totals(job, out)
    job.what = "best technology of the areas that hold the cell's centre of people"


def coverage_totals(job: Job, best: NDArray[np.object_]) -> None:
    """Share of the people with any service and with 3G or 4G, before and after."""
    old = job.ground.layers.cells
    people = old["people"].to_numpy() / max(float(old["people"].sum()), 1.0)
    for totals, service in ((job.report.before, old["mobile_today"].to_numpy()), (job.report.after, best)):
        totals["people covered, %"] = 100.0 * float(people[service != "none"].sum())
        totals["people with 3G or 4G, %"] = 100.0 * float(
            people[np.isin(service.astype(str), ("3g", "4g"))].sum()
        )
    if "unserved_today_share" in job.cells:  # follows from the service
        del job.cells["unserved_today_share"]
