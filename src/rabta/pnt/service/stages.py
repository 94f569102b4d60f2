"""Stages of navigation: satellites of a day, their service over the nation, and which matter most."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.service import cases, corridors, geometry, outages, sites, sky, summary
from rabta.scenario import Scenario
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
BLOCK = 1024  # users at once: their instants fit the cache of the second level
PATCH = 3  # H3 resolution of the places that judge satellites one by one
CRITICAL = (
    ("beidou", 30.0),
    ("beidou-3", 15.0),
    ("gps", 15.0),
    ("gps-beidou", 30.0),
)  # cases in which satellites are taken away


def _files(scenario: Scenario) -> list[Path]:
    return sky.files(scenario.pnt.ephemerides)


@stage(
    "Navigation: the satellites of a day",
    params=("pnt.ephemerides", "pnt.step_min"),
    writes=("nav_satellites",),
    catalog=("ephemerides",),
    files=_files,
)
def satellites(twin: Twin) -> dict[str, Any]:
    """Satellites with a message on the day, what they send, and how long they are healthy."""
    import pandas as pd

    day = sky.load(twin.scenario.pnt.ephemerides, twin.scenario.pnt.step_min)
    return {
        "nav_satellites": pd.DataFrame(
            {
                "satellite": day.satellites.names,
                "system": day.satellites.system,
                "orbit": day.satellites.orbit,
                "generation": day.satellites.generation,
                "bands": day.satellites.bands,
                "healthy": day.sky.heard.mean(axis=0),
            }
        )
    }


def _book(scenario: Scenario) -> cases.Book:
    return cases.load(scenario.pnt.cases)


def users_of(twin: Twin, rows: NDArray[np.int64] | slice = slice(None)) -> geometry.Users:
    """People of cells, with the terrain around them."""
    cells = twin.table("cells")
    lat, lon, height = (
        cells[name].to_numpy(np.float64)[rows] for name in ("lat_deg", "lon_deg", "elevation_m")
    )
    return geometry.users(lat, lon, height, twin.values("horizon_deg")[rows])


def blocks(who: geometry.Users) -> Iterator[geometry.Users]:
    """Users in portions whose instants fit in memory."""
    for first in range(0, who.position_m.shape[0], BLOCK):
        part = slice(first, first + BLOCK)
        yield geometry.Users(who.position_m[part], who.angles[part], who.axes[part], who.ridge_deg[part])


FIELDS = tuple(summary.Day.__dataclass_fields__)


def _days(who: geometry.Users, judge: sky.Judge, mask_deg: float) -> dict[str, Array]:
    """A day's figures of all users, each of shape (user, case)."""
    found = [judge.day(part, mask_deg) for part in blocks(who)]
    return {name: np.concatenate([getattr(day, name) for day in found]) for name in FIELDS}


@stage(
    "Navigation: the service of each place",
    params=("pnt",),
    reads=("cells", "horizon_deg"),
    writes=(
        "nav_available", "nav_street_available", "nav_satellites_seen", "nav_pdop95", "nav_horizontal_m",
        "nav_vertical_m", "nav_time_ns", "nav_outage_min", "nav_continuity", "nav_cases", "nav_provinces",
    ),
    catalog=("ephemerides", "skycases", "rangeerrors"),
    files=_files,
)  # fmt: skip
def coverage(twin: Twin) -> dict[str, Any]:
    """What each place has in each case, in the open and in streets; national figures by people."""
    rules = twin.scenario.pnt
    judge = sky.judge(rules)
    who, people = users_of(twin), twin.table("cells")["people"].to_numpy(np.float64)
    open_, street = _days(who, judge, rules.mask_deg), _days(who, judge, rules.street_mask_deg)
    found = {
        "nav_available": open_["available"],
        "nav_street_available": street["available"],
        "nav_satellites_seen": open_["satellites"],
        "nav_pdop95": open_["pdop95"],
        "nav_horizontal_m": open_["horizontal_m"],
        "nav_vertical_m": open_["vertical_m"],
        "nav_time_ns": open_["time_ns"],
        "nav_outage_min": open_["outage_min"],
        "nav_continuity": open_["continuity"],
    }
    provinces = twin.table("cells")["province"].to_numpy(str)
    return found | {
        "nav_cases": _national(found, judge, people),
        "nav_provinces": _by_province(found, judge, people, provinces),
    }


def _mean(values: Array, people: Array) -> Array:
    """Mean over people of those who have a value, by case; NaN where nobody has."""
    weight = np.isfinite(values) * people[:, None]
    total = (np.where(np.isfinite(values), values, 0.0) * people[:, None]).sum(axis=0)
    whole = weight.sum(axis=0)
    return np.asarray(np.divide(total, whole, out=np.full(total.shape, np.nan), where=whole > 0.0))


def _median(values: Array, people: Array) -> Array:
    """Value that half of the people do not exceed, by case."""
    order = np.argsort(values, axis=0)
    part = np.cumsum(people[order], axis=0) / people.sum()
    row = np.argmax(part >= 0.5, axis=0)
    return np.asarray(np.take_along_axis(values, order, axis=0)[row, np.arange(values.shape[1])])


def _national(found: dict[str, Array], judge: sky.Judge, people: Array) -> pd.DataFrame:
    import pandas as pd

    lived = people > 0.0
    return pd.DataFrame(
        {
            "case": judge.book.names,
            "title": [case.title for case in judge.book.cases],
            "satellites": judge.keep.sum(axis=1),
            "in_view": _mean(found["nav_satellites_seen"], people),
            "available": _mean(found["nav_available"], people),
            "street_available": _mean(found["nav_street_available"], people),
            "pdop95": _median(found["nav_pdop95"], people),
            "horizontal_m": _mean(found["nav_horizontal_m"], people),
            "vertical_m": _mean(found["nav_vertical_m"], people),
            "time_ns": _mean(found["nav_time_ns"], people),
            "outage_min": found["nav_outage_min"][lived].max(axis=0, initial=0.0),
        }
    )


def _by_province(
    found: dict[str, Array], judge: sky.Judge, people: Array, provinces: NDArray[np.str_]
) -> pd.DataFrame:
    import pandas as pd

    names = ("nav_available", "nav_street_available", "nav_horizontal_m", "nav_vertical_m")
    parts = []
    for province in np.unique(provinces):
        inside = provinces == province
        means = {name.removeprefix("nav_"): _mean(found[name][inside], people[inside]) for name in names}
        parts.append(pd.DataFrame({"province": province, "case": judge.book.names} | means))
    return pd.concat(parts, ignore_index=True)


@stage(
    "Navigation: the satellites that matter most",
    params=("pnt",),
    reads=("cells", "horizon_deg"),
    writes=("nav_critical",),
    catalog=("ephemerides", "skycases", "rangeerrors"),
    files=_files,
)
def critical(twin: Twin) -> dict[str, Any]:
    """Take away each satellite, and each two, at the most peopled cell of each patch."""
    import pandas as pd

    judge, limit = sky.judge(twin.scenario.pnt), twin.scenario.pnt.pdop_limit
    rows, people = patches(twin)
    who = users_of(twin, rows)
    lines: list[tuple[object, ...]] = []
    for name, mask in CRITICAL:
        if name not in judge.book.names:
            continue
        keep = judge.keep[judge.book.names.index(name)]
        number = judge.satellites.number
        found = outages.count(who, judge.sky, number, keep, people, mask_deg=mask, limit=limit)
        lines += _worst(name, mask, found, judge.satellites.names)
    heads = ["case", "mask_deg", "lost", "number", "unavailable", "base"]
    return {"nav_critical": pd.DataFrame(lines, columns=heads)}


MOST = 5  # losses of one satellite, and of two, that are listed of each case


def _worst(
    name: str, mask: float, found: outages.Losses, names: NDArray[np.str_]
) -> list[tuple[object, ...]]:
    """The worst single losses and the worst pairs, worst first; only such as lose anything."""
    order = np.argsort(-found.single, kind="stable")[:MOST]
    upper = np.triu(found.pair, 1)
    pairs = [
        np.unravel_index(int(k), upper.shape) for k in np.argsort(-upper, axis=None, kind="stable")[:MOST]
    ]
    one = [(str(names[s]), 1, float(found.single[s])) for s in order]
    two = [(f"{names[a]}+{names[b]}", 2, float(upper[a, b])) for a, b in pairs]
    return [(name, mask, *what, found.base + loss, found.base) for *what, loss in one + two if loss > 0.0]


def patches(twin: Twin) -> tuple[NDArray[np.int64], Array]:
    """Most peopled cell of each patch, and the patch's people."""
    from rabta.nation import hexes

    cells = twin.table("cells")
    people = cells["people"].to_numpy(np.float64)
    patch = hexes.parent(hexes.numbers(cells["cell"].to_numpy(str)), PATCH)
    order = np.lexsort((-people, patch))
    _, first, inverse = np.unique(patch[order], return_index=True, return_inverse=True)
    rows = order[first]
    total: Array = np.bincount(inverse.reshape(-1), weights=people[order]).astype(np.float64)
    lived = total > 0.0
    return rows[lived].astype(np.int64), total[lived]


PROTECTED = ("all", "beidou", "gps", "gps-beidou", "gps-lost", "beidou-lost")
HOURLY_MIN = 60.0


@stage(
    "Navigation: protection levels at aerodromes and ports",
    params=("pnt", "nation.name"),
    reads=("aerodromes",),
    writes=("nav_sites",),
    catalog=("ephemerides", "skycases", "rangeerrors", "ism", "ports"),
    files=_files,
)
def protection(twin: Twin) -> dict[str, Any]:
    """Availability of approaches and terminal operations by ARAIM, in the cases that aviation asks for."""
    import pandas as pd

    judge, places = sky.judge(twin.scenario.pnt), _places(twin)
    lat, lon, height = (places[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg", "elevation_m"))
    who = geometry.users(lat, lon, height)
    every = max(round(HOURLY_MIN / twin.scenario.pnt.step_min), 1)
    parts = []
    for name in PROTECTED:
        if name in judge.book.names and len(places):
            found = sites.levels(who, judge, judge.book.names.index(name), every=every)
            parts.append(places.assign(case=name, **vars(found)))
    heads = [*places.columns, "case", "approach", "terminal", "hpl_m", "vpl_m"]
    empty = pd.DataFrame({head: [] for head in heads})
    return {"nav_sites": pd.concat(parts, ignore_index=True) if parts else empty}


def _places(twin: Twin) -> pd.DataFrame:
    """Aerodromes with an IATA code, and the nation's ports."""
    import pandas as pd

    from rabta import catalog

    heads = ["name", "kind", "code", "lat_deg", "lon_deg", "elevation_m"]
    fields = twin.table("aerodromes")
    fields = fields[fields["iata"].astype(str) != ""]
    air = fields.assign(kind="aerodrome", code=fields["icao"])[heads]
    name = twin.scenario.nation.name
    known = catalog.entry("ports", name).data["port"] if name in catalog.names("ports") else []
    sea = [(p["name"], "port", "", p["lat_deg"], p["lon_deg"], 0.0) for p in known]
    return pd.concat([air, pd.DataFrame(sea, columns=heads)], ignore_index=True) if sea else air


HUBS = 8  # largest towns, between which flights are judged
ROAD_KM = 2.0  # cells nearer than this to the fibre backbone, which follows the highways, count as road


@stage(
    "Navigation: flights and roads",
    params=("pnt",),
    reads=("cells", "places", "nav_available", "nav_street_available", "nav_pdop95", "nav_cases"),
    writes=("nav_corridors",),
    catalog=("ephemerides", "skycases", "rangeerrors"),
    files=_files,
)
def along(twin: Twin) -> dict[str, Any]:
    """Service along flights between the largest towns, and along the main roads of each province."""
    import pandas as pd

    judge, towns = sky.judge(twin.scenario.pnt), twin.table("places")
    towns = towns.sort_values("people", ascending=False).head(HUBS)
    lat, lon = (towns[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    rows = _roads(twin)
    for name, way_lat, way_lon in corridors.flights(towns["name"].astype(str).tolist(), lat, lon):
        who = geometry.users(way_lat, way_lon, corridors.FLIGHT_M)
        day = judge.day(who, twin.scenario.pnt.mask_deg)
        for k, case in enumerate(judge.book.names):
            on = day.available[:, k]
            rows.append(("flight", name, case, on.mean(), on.min(), np.median(day.pdop95[:, k])))
    heads = ["kind", "name", "case", "available", "least", "pdop95"]
    return {"nav_corridors": pd.DataFrame(rows, columns=heads)}


def _roads(twin: Twin) -> list[tuple[str, str, str, float, float, float]]:
    """Cells along the backbone, by province: in streets and cuttings, as `nav_street_available` has it."""
    cells, rows = twin.table("cells"), []
    near = cells["backbone_km"].to_numpy(np.float64) < ROAD_KM
    provinces = cells["province"].to_numpy(str)
    street, pdop = twin.values("nav_street_available"), twin.values("nav_pdop95")
    for province in np.unique(provinces[near]):
        here = near & (provinces == province)
        for k, case in enumerate(twin.table("nav_cases")["case"].tolist()):
            on = street[here, k].astype(np.float64)
            rows.append(
                ("road", str(province), str(case), on.mean(), on.min(), float(np.median(pdop[here, k])))
            )
    return rows
