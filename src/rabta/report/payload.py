"""The data that the page's script reads: columns as typed arrays in base64, names as lists."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta.geo import MEAN_RADIUS_M
from rabta.report import areas, coarse
from rabta.report.figures import Headline
from rabta.report.folder import RunFolder
from rabta.report.origin import Origins
from rabta.report.pictures import maps
from rabta.report.series import CellSeries, reduce_cells

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Packed = dict[str, Any]

FLOORS = ("mbps", "latency_ms", "availability")
MOBILE = ("none", "2g", "3g", "4g")
MOBILE_TITLES = ("No mobile service", "2G (voice, text)", "3G", "4G")
KINDS = {"uint8": "u1", "uint16": "u2", "uint32": "u4", "float32": "f4", "int16": "i2"}


@dataclass(frozen=True)
class Context:
    """What the sections of a page share.

    Attributes
    ----------
    run, head : RunFolder, Headline
        The run and its figures, at the run's own cells.
    shown, atlas, series : RunFolder, Atlas, CellSeries
        What maps show: the run, or the run on larger cells where there are too many.
    sums : Areas
        Parts of the cells by census unit, and their sums.
    nation, provinces, districts : DataFrame
        Figures by area.
    """

    run: RunFolder
    head: Headline
    shown: RunFolder
    atlas: maps.Atlas
    series: CellSeries
    origins: Origins
    sums: areas.Areas
    nation: pd.DataFrame
    provinces: pd.DataFrame
    districts: pd.DataFrame


def context(run: RunFolder) -> Context:
    """Everything that the sections need, worked out once."""
    head, view = Headline(run), coarse.shown(run)
    weights = np.nan_to_num(view.column("plan", "households_unserved_today"))
    sums = areas.Areas(run, head)
    return Context(
        run,
        head,
        view,
        maps.atlas(view),
        reduce_cells(view, weights),
        Origins(run),
        sums,
        sums.by(()),
        sums.by(areas.PROVINCE),
        sums.by(areas.DISTRICT),
    )


class Blob:
    """Columns joined into one stream, deflated: a third of what they take in base64 one by one."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0

    def add(self, values: NDArray[Any], **more: Any) -> Packed:
        """Place of a column in the stream: type, first byte and length."""
        flat = np.ascontiguousarray(values)
        kind = KINDS[flat.dtype.name]
        raw = flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()
        raw += bytes(-len(raw) % 4)  # typed arrays start at multiples of their width
        self.parts.append(raw)
        self.size += len(raw)
        return {"t": kind, "b": self.size - len(raw), "n": int(flat.size), **more}

    def text(self) -> str:
        """Deflated stream in base64."""
        return base64.b64encode(zlib.compress(b"".join(self.parts), 9)).decode("ascii")


def rounded(values: Floats) -> NDArray[np.float32]:
    """Single precision with 13 bits of mantissa (0.006 %): the rest would only be noise to compress."""
    bits = values.astype(np.float32).view(np.uint32)
    kept = ((bits + np.uint32(0x200)) & np.uint32(0xFFFFFC00)).view(np.float32)
    return np.where(np.isfinite(values), kept, np.float32(np.nan))


def coded(words: Sequence[str], known: Sequence[str] = ()) -> tuple[NDArray[np.uint16], list[str]]:
    """Names as codes into a list that starts with the known ones."""
    names = [*known, *sorted(set(words) - set(known))]
    code = {name: index for index, name in enumerate(names)}
    return np.array([code[word] for word in words], dtype=np.uint16), names


def build(c: Context) -> tuple[dict[str, Any], str]:
    """Everything the script needs, and the stream of its columns."""
    run, a, head, blob = c.shown, c.atlas, c.head, Blob()
    data = {
        "mesh": _mesh(a, blob),
        "cells": _cells(c, blob),
        "districts": _districts(c),
        "places": _places(run),
        "cities": [str(name) for name in run.depiction.get("cities", [])],
        "gateways": _gateways(run, a),
        "systems": _systems(run),
        "technologies": [{"name": name, "title": title} for name, title in run.technologies.items()],
        "mobile": list(MOBILE_TITLES),
        "layers": layers(run, c.series),
        "per_usd": head.per_dollar or 0,
        "currency": str(run.depiction.get("currency", "")),
        "floors": {key: run.setting("plan", f"floor_{key}", None) for key in FLOORS},
        "targets": _targets(c.run),
        "compared": "next_technology" in run.table("plan"),
        "years": int(run.setting("plan", "years", 10)),
        "hours": float(run.setting("time", "hours", 24.0)),
        "start_h": _clock_start(run),
        "clock": str(run.depiction.get("clock", "UTC")),
        "coarse": len(c.run.table("cells")) if c.shown is not c.run else 0,
        **_origins(c),
    }
    return data, blob.text()


def _origins(c: Context) -> dict[str, Any]:
    """Origins of the figures of a place, with those that the sections have linked."""
    for key, names in PLACE_ORIGINS.items():
        how = "series" if names[0] in schema.arrays() else "value"
        known = [name for name in names if _held(c.run, name)]
        if known:
            c.origins.add(f"cell-{key}", key.replace("_", " "), how, *known)
    return c.origins.data()


def _held(run: RunFolder, name: str) -> bool:
    table, _, column = name.partition(".")
    return run.has(table) and (not column or column in run.table(table))


def _clock_start(run: RunFolder) -> float:
    return run.start.hour + run.start.minute / 60.0 + float(run.depiction.get("utc_offset_hours", 0.0))


def _targets(run: RunFolder) -> dict[str, list[float]]:
    found = {name: areas.target(run, name) for name in ("schooling", "payments")}
    return {name: [t.rate_mbps, t.latency_ms] for name, t in found.items() if t is not None}


def _systems(run: RunFolder) -> list[list[str]]:
    if not run.has("systems"):
        return []
    frame = run.table("systems")
    kinds = frame["kind"].astype(str) if "kind" in frame else ["broadband"] * len(frame)
    return [
        list(row) for row in zip(frame["system"].astype(str), frame["orbit"].astype(str), kinds, strict=True)
    ]


def _mesh(a: maps.Atlas, blob: Blob) -> dict[str, Any]:
    """Centres and corners of the cells, each corner from its centre: neighbours differ little."""
    corners = a.mesh.points[a.mesh.rings]
    middle = np.rint(corners.mean(axis=1)).astype(np.int64)
    offset = corners - middle[:, None, :]
    parallels = a.mesh.projection
    return {
        "x": blob.add(middle[:, 0].astype(np.uint16)),
        "y": blob.add(middle[:, 1].astype(np.uint16)),
        "offset": blob.add(np.moveaxis(offset, 0, -1).astype(np.int16)),
        "corners": int(a.mesh.rings.shape[1]),
        "width": a.mesh.width,
        "height": a.mesh.height,
        "unit_m": a.mesh.unit_m,
        "scale": a.scale,
        "origin": list(a.mesh.origin),
        "projection": [parallels.lat1_deg, parallels.lat2_deg, parallels.lat0_deg, parallels.lon0_deg],
        "radius_m": MEAN_RADIUS_M,
    }


def _cells(c: Context, blob: Blob) -> dict[str, Any]:
    run, a, series = c.shown, c.atlas, c.series
    frame, plan = run.table("cells"), run.table("plan")
    known = ["none", *run.technologies]
    words = ["technology", "next_technology", "second_technology"]
    nothing = ["none"] * len(plan)
    codes = {name: coded([str(w) for w in plan.get(name, nothing)], known) for name in words}
    mobile, _ = coded(frame["mobile_today"].astype(str).tolist(), MOBILE)
    out: dict[str, Any] = {
        "count": len(frame),
        "key": blob.add(h3_keys(frame["cell"].tolist())),
        "level": _level(frame["cell"].tolist()),
        "district": blob.add(a.district_of.astype(np.uint16)),
        **_tehsils(c, blob),
        "technology": blob.add(codes["technology"][0]),
        "second": blob.add(codes["second_technology"][0]),
        "next": blob.add(codes["next_technology"][0]),
        "technologies": max((names for _, names in codes.values()), key=len),
        "mobile": blob.add(mobile),
        "people": blob.add(np.nan_to_num(run.column("cells", "people")).astype(np.uint32)),
        "old": blob.add(_flags(len(frame), a.old_census)),
        "year": blob.add(_years(frame)),
        "bins": blob.add(series.visible_bins),
    }
    for name, column in COUNTS.items():
        out[name] = blob.add(rounded(np.nan_to_num(run.column(*column))))
    for name, values in columns(run, series).items():
        if np.isfinite(values).any():
            exact = name == "availability"  # 0.995 and 0.9949 are not the same promise
            out[name] = blob.add(values.astype(np.float32) if exact else rounded(values))
    return out


def _years(frame: pd.DataFrame) -> NDArray[np.uint16]:
    years = frame["census_year"] if "census_year" in frame else np.zeros(len(frame))
    return np.asarray(years, dtype=np.uint16)


def _level(cells: Sequence[str]) -> int:
    import h3

    return int(h3.get_resolution(cells[0]))


def h3_keys(cells: Sequence[str]) -> NDArray[np.uint32]:
    """Base cell and digits of H3 indexes down to resolution 8, without the bits that all share.

    Bit layout of the index: H3 documentation, "H3 cell indexes" (mode 4, resolution 4, base cell 7, 15 x 3).
    """
    index = np.array([int(cell, 16) for cell in cells], dtype=np.uint64)
    unused = np.uint64(3 * (15 - _level(cells)))
    return ((index & np.uint64((1 << 52) - 1)) >> unused).astype(np.uint32)


def _flags(size: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    flags = np.zeros(size, dtype=np.uint8)
    flags[rows] = 1
    return flags


COUNTS = {
    "households": ("cells", "households"),
    "unserved": ("plan", "households_unserved_today"),
    "served": ("plan", "households_served"),
}
PLANNED = {
    "rate": "rate_mbps",
    "latency": "latency_ms",
    "availability": "availability",
    "cost": "npc_per_household_usd",
    "capex": "capex_usd",
    "opex": "opex_usd_year",
    "next_cost": "next_npc_per_household_usd",
    "tariff": "tariff_usd_month",
}
PLACED = {
    "sigma": "people_sigma",
    "fixed": "fixed_today_share",
    "grid": "grid_share",
    "solar": "solar_share",
    "literate": "literate_share",
    "flooded": "flooded_2022_share",
    "backbone": "backbone_km",
    "school_age": "school_age",
    "out_of_school": "out_of_school",
    "pupils": "pupils",
    "schools": "schools",
    "health": "health_units",
    "offices": "offices",
    "sites": "sites",
    "sites_4g": "sites_4g",
}
ARRAYS = {"income": "income_usd_month", "adoption": "adoption_share", "affordable": "affordable_share"}


def columns(run: RunFolder, series: CellSeries) -> dict[str, Floats]:
    """Continuous figures of each cell; all NaN where the run does not hold them."""
    served = run.column("plan", "households_served") > 0
    homes, lack = run.column("cells", "households"), run.column("plan", "households_unserved_today")
    out = {key: np.where(served, run.column("plan", name), np.nan) for key, name in PLANNED.items()}
    out |= {key: _said(run.column("cells", name)) for key, name in PLACED.items()}
    for key, name in ARRAYS.items():
        if run.has(name):
            out[key] = run.values(name).astype(np.float64)
    return out | {
        "share": run.column("plan", "technology_share"),
        "unserved_share": np.divide(lack, homes, out=np.full(homes.size, np.nan), where=homes > 0),
        "visible_min": series.visible_min,
        "visible_mean": series.visible_mean,
        "blind": series.blind_share,
        "link_rate": series.rate_mbps,
        "link_latency": series.latency_ms,
    }


def _said(values: Floats) -> Floats:
    """Column, or nothing where it is zero throughout: a layer that the nation lacks."""
    return values if np.nan_to_num(values).any() else np.full(values.size, np.nan)


LAYERS = (  # key, title, unit, ramp, modelled, factor
    ("unserved", "Households unserved today", "households a cell", "warm", True, 1.0),
    ("unserved_share", "Share of households unserved today", "% of households", "warm", True, 100.0),
    ("cost", "Cost per household", "US$ net present cost", "violet", False, 1.0),
    ("rate", "Rate of a served household", "Mbit/s, busy hour", "green", False, 1.0),
    ("latency", "Round trip in the plan", "ms", "warm", False, 1.0),
    ("availability", "Availability in the plan", "% of the time", "green", False, 100.0),
    ("visible_mean", "Satellites in view, mean", "satellites", "blue", False, 1.0),
    ("visible_min", "Satellites in view, fewest", "satellites", "blue", False, 1.0),
    ("link_rate", "Rate of one satellite terminal alone", "Mbit/s", "green", False, 1.0),
    ("link_latency", "Satellite round trip", "ms", "warm", False, 1.0),
    ("people", "People", "people a cell", "grey", False, 1.0),
    ("grid", "Households on the grid", "% of households", "violet", False, 100.0),
    ("flooded", "Under water in August 2022", "% of the land", "blue", False, 100.0),
    ("backbone", "Distance to fibre", "km of route", "grey", True, 1.0),
    ("income", "Household income", "US$ a month", "green", True, 1.0),
    ("adoption", "Households that take the service", "% of households", "violet", True, 100.0),
    ("affordable", "Households that can afford it", "% of households", "green", True, 100.0),
    ("tariff", "Tariff that pays for the plan", "US$ a month", "warm", False, 1.0),
)


def layers(run: RunFolder, series: CellSeries) -> list[dict[str, Any]]:
    """Layers of the map with title, unit, ramp and thresholds; a layer without data is left out."""
    known = columns(run, series)
    known["people"] = _positive(run.column("cells", "people"), 1e-9)
    known["unserved"] = _positive(run.column("plan", "households_unserved_today"), 0.5)
    found: list[dict[str, Any]] = [
        {"key": "mobile", "title": "Best mobile service today", "kind": "mobile", "modelled": True},
        {"key": "technology", "title": "Technology of the plan", "kind": "technology"},
    ]
    for key, title, unit, ramp, modelled, factor in LAYERS:
        made = _shades(known.get(key, np.zeros(0)) * factor, percent=factor == 100.0)
        if made.cuts:
            shades = {"cuts": list(made.cuts), "labels": made.labels, "ramp": ramp, "factor": factor}
            found.append({"key": key, "title": title, "unit": unit, "modelled": modelled, **shades})
    return found


PERCENT_CUTS = (5.0, 20.0, 40.0, 60.0, 80.0)  # where the quantiles of a share fall on its ends


def _shades(values: Floats, *, percent: bool) -> maps.Classes:
    made = maps.classes(values)
    return maps.Classes(PERCENT_CUTS) if percent and 0 < len(made.cuts) < 4 else made


def _positive(values: Floats, least: float) -> Floats:
    return np.where(values >= least, values, np.nan)


PLACE_ORIGINS = {
    **{key: (f"plan.{name}",) for key, name in PLANNED.items()},
    **{key: (f"cells.{name}",) for key, name in PLACED.items()},
    **{key: (name,) for key, name in ARRAYS.items()},
    **{key: (f"{table}.{name}",) for key, (table, name) in COUNTS.items()},
    "unserved_share": ("plan.households_unserved_today", "cells.households"),
    "people": ("cells.people",),
    "census": ("cells.census_year",),
    "carried": ("districts.carried_share",),
    "mobile": ("cells.mobile_today",),
    "technology": ("plan.technology", "plan.technology_share", "plan.second_technology"),
    "next": ("plan.next_technology", "plan.next_npc_per_household_usd"),
    "gateway": ("gateways.name", "gateways.lat_deg", "gateways.lon_deg", "gateways.systems"),
    "visible_mean": ("visible_count",),
    "visible_min": ("visible_count",),
    "link_rate": ("link_rate_mbps",),
    "link_latency": ("latency_ms",),
}


DISTRICT_COLUMNS = (
    "people",
    "households",
    "unserved_today",
    "served_by_plan",
    "visible_mean",
    "visible_min",
    "link_rate_mbps",
    "latency_ms",
    "carried_share",
    "npc_usd",
    "npc_per_household_usd",
)


AREA_COLUMNS = (
    *("people", "households", "unserved", "connected", "npc_usd", "npc_per_household_usd"),
    *("today_share", "after_share", "rate_mbps", "availability", "pupils", "school_age"),
    *("schooling_today", "schooling_after", "payments_today", "payments_after"),
)


def _districts(c: Context) -> list[dict[str, Any]]:
    a = c.atlas
    rows = district_rows(c.run, a.district_names)
    by = {(r["province"], r["district"]): r for r in c.districts.to_dict("records")}
    out = []
    for index, (province, name) in enumerate(a.district_names):
        known = {key: clean(float(rows[key][index])) for key in DISTRICT_COLUMNS}
        more = _area(c.run, by[province, name])
        out.append({"name": name, "province": province, "path": a.paths[index], **known, **more})
    return out


def _area(run: RunFolder, row: dict[Any, Any]) -> dict[str, Any]:
    """Figures of one district or tehsil, people to the person, and its mix, largest share first."""
    found: dict[str, Any] = {key: clean(float(row[key])) for key in AREA_COLUMNS}
    mix = [(tech, clean(float(row[f"mix_{tech}"]))) for tech in run.technologies]
    kept = sorted((pair for pair in mix if pair[1]), key=lambda pair: -(pair[1] or 0.0))
    return found | {"people": round(float(row["people"])), "trip_ms": clean(row["latency_ms"]), "mix": kept}


def _tehsils(c: Context, blob: Blob) -> dict[str, Any]:
    """Tehsil of each cell, and of each tehsil name, district, cell of most of its people, and figures.

    A tehsil smaller than a cell may be that of no cell: it has its people all the same.
    """
    a, frame, parts = c.atlas, c.shown.table("cells"), c.sums.pieces
    most = parts.sort_values("people").drop_duplicates(list(areas.TEHSIL), keep="last")
    rows = dict(
        zip(most[list(areas.TEHSIL)].itertuples(index=False, name=None), most["cell_row"], strict=True)
    )
    district = {name: index for index, name in enumerate(a.district_names)}
    code: dict[tuple[str, ...], int] = {}
    out: list[list[Any]] = []
    columns: list[str] = []
    for row in c.sums.by(areas.TEHSIL).to_dict("records"):
        key = (str(row["province"]), str(row["district"]), str(row["tehsil"]))
        if key[:2] in district:
            code[key] = len(out)
            figures = _area(c.run, row)
            cell = coarse.row_shown(c.shown, int(rows[key]))
            out.append([key[2], district[key[:2]], cell, *figures.values()])
            columns = list(figures)
    keys = frame[list(areas.TEHSIL)].astype(str).itertuples(index=False, name=None)
    held = np.array([code[key] for key in keys], dtype=np.uint16)
    return {"tehsil": blob.add(held), "tehsils": out, "tehsil_columns": columns}


def district_rows(run: RunFolder, names: Sequence[tuple[str, str]]) -> dict[str, Floats]:
    """Columns of the districts table in the order of the (province, district) names."""
    frame = run.table("districts")
    keys = zip(frame["province"].astype(str), frame["district"].astype(str), strict=True)
    row = {key: index for index, key in enumerate(keys)}
    order = np.array([row.get(key, -1) for key in names], dtype=np.int64)
    return {name: np.append(run.column("districts", name), np.nan)[order] for name in DISTRICT_COLUMNS}


def _places(run: RunFolder) -> list[list[Any]]:
    if not run.has("places"):
        return []
    frame = run.table("places").sort_values("people", ascending=False)
    names, rows, people = frame["name"].astype(str), frame["cell_row"], frame["people"]
    return [[n, int(r), int(p)] for n, r, p in zip(names, rows, people, strict=True) if r >= 0]


def _gateways(run: RunFolder, a: maps.Atlas) -> list[list[Any]]:
    if not run.has("gateways"):
        return []
    frame = run.table("gateways")
    spots = a.mesh.place(run.column("gateways", "lat_deg"), run.column("gateways", "lon_deg"))
    words = (
        frame[name].astype(str) if name in frame else ["*"] * len(frame) for name in ("status", "systems")
    )
    named = zip(frame["name"].astype(str), spots.tolist(), *words, strict=True)
    return [[name, round(x), round(y), status, systems] for name, (x, y), status, systems in named]


def clean(value: float) -> float | None:
    """Number with a few digits, or nothing where it is not finite."""
    return float(f"{value:.5g}") if np.isfinite(value) else None
