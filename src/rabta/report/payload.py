"""The data that the page's script reads: columns as typed arrays in base64, names as lists."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.report.figures import Headline
from rabta.report.folder import RunFolder
from rabta.report.pictures import maps
from rabta.report.series import CellSeries

Floats = NDArray[np.float64]
Packed = dict[str, Any]

FLOORS = ("mbps", "latency_ms", "availability")
MOBILE = ("none", "2g", "3g", "4g")
MOBILE_TITLES = ("No mobile service", "2G (voice, text)", "3G", "4G")
NOT_A_NUMBER = 65_535


@dataclass(frozen=True)
class Context:
    """What the sections of a page share."""

    run: RunFolder
    head: Headline
    atlas: maps.Atlas
    series: CellSeries


def pack(values: NDArray[Any]) -> Packed:
    """Little-endian bytes of an integer or float32 array in base64."""
    flat = np.ascontiguousarray(values)
    kind = {"uint8": "u1", "uint16": "u2", "uint32": "u4", "float32": "f4"}[flat.dtype.name]
    raw = flat.astype(flat.dtype.newbyteorder("<"), copy=False).tobytes()
    return {"t": kind, "d": base64.b64encode(raw).decode("ascii")}


def quantised(values: Floats) -> Packed:
    """Column in 16 bits: value = offset + step x code; the last code stands for no value."""
    good = np.isfinite(values)
    if not good.any():
        return {**pack(np.full(values.size, NOT_A_NUMBER, dtype=np.uint16)), "s": 1.0, "o": 0.0}
    low, high = float(values[good].min()), float(values[good].max())
    step = (high - low) / (NOT_A_NUMBER - 1) or 1.0
    codes = np.where(good, np.rint((np.where(good, values, low) - low) / step), NOT_A_NUMBER)
    return {**pack(codes.astype(np.uint16)), "s": step, "o": low}


def coded(words: Sequence[str], known: Sequence[str] = ()) -> tuple[Packed, list[str]]:
    """Names as codes into a list that starts with the known ones."""
    names = [*known, *sorted(set(words) - set(known))]
    code = {name: index for index, name in enumerate(names)}
    return pack(np.array([code[word] for word in words], dtype=np.uint16)), names


def build(c: Context) -> dict[str, Any]:
    """Everything the script needs."""
    run, a, series, head = c.run, c.atlas, c.series, c.head
    technologies = run.technologies
    return {
        "mesh": _mesh(a),
        "cells": _cells(run, a, series, head),
        "districts": _districts(run, a),
        "places": _places(run),
        "cities": [str(name) for name in run.depiction.get("cities", [])],
        "gateways": _gateways(run, a),
        "technologies": [{"name": name, "title": title} for name, title in technologies.items()],
        "mobile": list(MOBILE_TITLES),
        "layers": layers(run, series, head),
        "per_usd": head.per_dollar or 0,
        "currency": str(run.depiction.get("currency", "")),
        "floors": {key: run.setting("plan", f"floor_{key}", None) for key in FLOORS},
        "hours": float(run.setting("time", "hours", 24.0)),
    }


def _mesh(a: maps.Atlas) -> dict[str, Any]:
    small = len(a.mesh.points) <= NOT_A_NUMBER + 1
    return {
        "points": pack(a.mesh.points.astype(np.uint16)),
        "rings": pack(a.mesh.rings.astype(np.uint16 if small else np.uint32)),
        "corners": int(a.mesh.rings.shape[1]),
        "width": a.mesh.width,
        "height": a.mesh.height,
        "unit_m": a.mesh.unit_m,
        "scale": a.scale,
    }


def _cells(run: RunFolder, a: maps.Atlas, series: CellSeries, head: Headline) -> dict[str, Any]:
    frame, plan = run.table("cells"), run.table("plan")
    tehsil, tehsils = coded(frame["tehsil"].astype(str).tolist())
    known = ["none", *run.technologies]
    technology, _ = coded(plan["technology"].astype(str).tolist(), known)
    nothing = ["none"] * len(plan)
    other, _ = coded(list(plan.get("next_technology", nothing)), known)
    second, technologies = coded(plan["second_technology"].astype(str).tolist(), known)
    mobile, _ = coded(frame["mobile_today"].astype(str).tolist(), MOBILE)
    out: dict[str, Any] = {
        "count": len(frame),
        "district": pack(a.district_of.astype(np.uint16)),
        "tehsil": tehsil,
        "tehsils": tehsils,
        "technology": technology,
        "second": second,
        "next": other,
        "technologies": technologies,
        "mobile": mobile,
        "people": pack(head.people.astype(np.float32)),
        "households": pack(head.households.astype(np.float32)),
        "unserved": pack(np.nan_to_num(head.unserved_cells).astype(np.float32)),
        "served": pack(np.nan_to_num(head.served_cells).astype(np.float32)),
        "old": pack(_flags(len(frame), a.old_census)),
        "bins": pack(series.visible_bins),
    }
    for name, values in columns(run, series).items():
        if np.isfinite(values).any():
            out[name] = quantised(values)
    return out


def _flags(size: int, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
    flags = np.zeros(size, dtype=np.uint8)
    flags[rows] = 1
    return flags


def columns(run: RunFolder, series: CellSeries) -> dict[str, Floats]:
    """Continuous figures of each cell."""
    served = run.column("plan", "households_served") > 0
    planned = {
        "rate": "rate_mbps",
        "latency": "latency_ms",
        "availability": "availability",
        "cost": "npc_per_household_usd",
        "capex": "capex_usd",
        "next_cost": "next_npc_per_household_usd",
    }
    out = {key: np.where(served, run.column("plan", name), np.nan) for key, name in planned.items()}
    return out | {
        "share": run.column("plan", "technology_share"),
        "fixed": run.column("cells", "fixed_today_share"),
        "visible_min": series.visible_min,
        "visible_mean": series.visible_mean,
        "blind": series.blind_share,
        "link_rate": series.rate_mbps,
        "link_latency": series.latency_ms,
    }


def layers(run: RunFolder, series: CellSeries, head: Headline) -> list[dict[str, Any]]:
    """Layers of the map with title, unit, ramp and thresholds; a layer without data is left out."""
    column = columns(run, series)
    people = np.where(head.people > 0, head.people, np.nan)
    unserved = np.where(head.unserved_cells >= 0.5, head.unserved_cells, np.nan)
    found = [
        {"key": "mobile", "title": "Best mobile service today", "kind": "mobile", "modelled": True},
        _layer("unserved", "Households without broadband today", "households a cell", "warm", unserved),
        {"key": "technology", "title": "Technology of the plan", "kind": "technology"},
        _layer("cost", "Cost per household", "US$ net present cost", "violet", column["cost"]),
        _layer("rate", "Rate of a served household", "Mbit/s, busy hour", "green", column["rate"]),
        _layer("latency", "Latency of the plan", "ms round trip", "warm", column["latency"]),
        _layer("visible_mean", "Satellites in view, mean", "satellites", "blue", column["visible_mean"]),
        _layer("visible_min", "Satellites in view, fewest", "satellites", "blue", column["visible_min"]),
        _layer("link_rate", "Rate of one satellite terminal alone", "Mbit/s", "green", column["link_rate"]),
        _layer("link_latency", "Satellite latency", "ms round trip", "warm", column["link_latency"]),
        _layer("people", "People", "people a cell", "grey", people),
    ]
    found[1]["modelled"] = True
    return [item for item in found if "kind" in item or item["cuts"]]


def _layer(key: str, title: str, unit: str, ramp: str, values: Floats) -> dict[str, Any]:
    made = maps.classes(values)
    shades = {"cuts": list(made.cuts), "labels": made.labels}
    return {"key": key, "title": title, "unit": unit, "ramp": ramp, **shades}


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


def _districts(run: RunFolder, a: maps.Atlas) -> list[dict[str, Any]]:
    rows = district_rows(run, a)
    mix = _district_mix(run, a)
    out = []
    for index, (province, name) in enumerate(a.district_names):
        known = {key: clean(float(rows[key][index])) for key in DISTRICT_COLUMNS}
        out.append({"name": name, "province": province, "path": a.paths[index], "mix": mix[index], **known})
    return out


def district_rows(run: RunFolder, a: maps.Atlas) -> dict[str, Floats]:
    """Columns of the districts table in the order of the atlas."""
    frame = run.table("districts")
    keys = zip(frame["province"].astype(str), frame["district"].astype(str), strict=True)
    row = {key: index for index, key in enumerate(keys)}
    order = np.array([row.get(key, -1) for key in a.district_names], dtype=np.int64)
    out = {}
    for name in DISTRICT_COLUMNS:
        values = np.append(run.column("districts", name), np.nan)
        out[name] = values[order]
    return out


def _district_mix(run: RunFolder, a: maps.Atlas) -> list[list[tuple[str, int]]]:
    plan = run.table("plan")
    names = list(run.technologies)
    sums = np.zeros((len(a.district_names), len(names)))
    technology = plan["technology"].astype(str).to_numpy()
    served = np.nan_to_num(run.column("plan", "households_served"))
    for index, name in enumerate(names):
        rows = technology == name
        np.add.at(sums[:, index], a.district_of[rows], served[rows])
    return [
        sorted(((names[i], round(v)) for i, v in enumerate(row) if v >= 0.5), key=lambda pair: -pair[1])
        for row in sums.tolist()
    ]


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
    named = zip(frame["name"].astype(str), spots.tolist(), frame["status"].astype(str), strict=True)
    return [
        [name, round(x), round(y), status]
        for name, (x, y), status in named
        if 0 <= x <= a.mesh.width and 0 <= y <= a.mesh.height
    ]


def clean(value: float) -> float | None:
    """Number with a few digits, or nothing where it is not finite."""
    return float(f"{value:.5g}") if np.isfinite(value) else None
