"""Writing a new nation: its layers, and catalog entries and a scenario to start from."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from rabta import catalog, io
from rabta.errors import RabtaError
from rabta.geo import great_circle_m
from rabta.nation.world import build, sources

if TYPE_CHECKING:
    import pandas as pd

GATEWAYS = 3
MISSING = (
    "outline: Natural Earth's, as Germany draws borders; no opinion on any territory's status",
    "census: one estimated total, placed by towns, land cover and slope; no census unit holds",
    "provinces and districts: regions are numbers of GeoNames, districts the nearest large town",
    "today's networks: {cellular:g} % of people under cellular coverage, {broadband:g} % under 3G or 4G",
    "fixed broadband today, cell sites, schools, health units, literacy, incomes: not known, not counted",
    "fibre: every town of 50,000 people is taken to have it",
    "electricity: {grid:.0%} of households everywhere; {size:g} people in each; {pupils:.0%} aged 5 to 16",
    "terrain horizon: open everywhere, so satellites are seen too well in mountains",
    "prices: those of Pakistan's cost book, until catalog/costs/{slug}.toml is replaced",
    "gateways: modelled at the largest towns; catalog/gateways/{slug}.toml",
)


@dataclass(frozen=True)
class Written:
    """What was written, and what is missing."""

    scenario: Path
    cells: int
    resolution: int
    people: int
    missing: tuple[str, ...]


def write(iso: str, where: Path, known: build.Assumed, resolution: int | None = None) -> Written:
    """Build a country and write it under a folder; existing files are not overwritten."""
    import h3

    land = sources.country(iso)
    slug = re.sub(r"[^a-z0-9]+", "-", land.name.lower()).strip("-") or land.iso.lower()
    entry = where / "catalog" / "nations" / f"{slug}.toml"
    if (catalog.SHIPPED / "nations" / entry.name).exists():
        raise RabtaError(
            "this nation is shipped, with its census", key="iso", value=iso, expected="another country"
        )
    if entry.exists():
        raise RabtaError("this nation is there already", file=entry, expected="another folder: --out")
    towns = sources.towns(land.iso)
    if not len(towns):
        raise RabtaError("no town is known there", key="iso", value=iso, expected="a country with a town")
    names = build.cell_names(land, towns, resolution)
    cells = build.cells(land, towns, names, known)
    missing = _missing(slug, known)
    _layers(entry.with_suffix(""), land, cells, towns, known)
    scenario = _entries(where, entry, slug, land, towns, h3.get_resolution(names[0]), known)
    return Written(scenario, len(cells), h3.get_resolution(names[0]), int(cells["people"].sum()), missing)


def _missing(slug: str, known: build.Assumed) -> tuple[str, ...]:
    values = {
        "slug": slug,
        "cellular": known.cellular_percent,
        "broadband": known.broadband_percent,
        "grid": known.grid_share,
        "size": known.household_size,
        "pupils": known.school_age_share,
    }
    return tuple(line.format(**values) for line in MISSING)


def _layers(
    folder: Path, land: sources.Country, cells: pd.DataFrame, towns: pd.DataFrame, known: build.Assumed
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cells.to_parquet(folder / "cells.parquet", index=False)
    _places(cells, towns.head(500)).to_parquet(folder / "places.parquet", index=False)
    today = datetime.now(UTC).date().isoformat()
    people = f"{land.people} people ({land.year}), Natural Earth; places of GeoNames; MODIS land cover 2019"
    rows = [
        _record("cells", people, "public domain; CC BY 4.0 (GeoNames); open (NASA)", today, asdict(known)),
        _record("cells: climate, terrain", "ITU-R maps in itur 0.4.0", "derived values", today, {}),
        _record("places", "GeoNames, places of 500 people and more", "CC BY 4.0", today, {}),
    ]
    for row in rows:
        row["sha256"] = hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest()
    io.write_atomic(folder / "layers.json", json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def _record(layer: str, source: str, licence: str, today: str, assumed: dict[str, Any]) -> dict[str, Any]:
    return {
        "layer": layer,
        "file": "places.parquet" if layer == "places" else "cells.parquet",
        "source": source,
        "licence": licence,
        "retrieved": today,
        "transformation": "modelled: people around towns and over land by cover and slope",
        "modelled": layer != "places",
        "assumed": assumed,
    }


def _places(cells: pd.DataFrame, towns: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd
    from scipy.spatial import cKDTree

    from rabta.geo import ecef_from_geodetic

    tree = cKDTree(ecef_from_geodetic(cells["lat_deg"], cells["lon_deg"]))
    row = np.asarray(tree.query(ecef_from_geodetic(towns["lat_deg"], towns["lon_deg"]))[1], dtype=np.int64)
    kept = towns[["name", "lat_deg", "lon_deg", "people"]].reset_index(drop=True)
    return pd.DataFrame({**kept, "province": cells["province"].to_numpy()[row], "cell_row": row})


def _entries(
    where: Path,
    entry: Path,
    slug: str,
    land: sources.Country,
    towns: pd.DataFrame,
    resolution: int,
    known: build.Assumed,
) -> Path:
    """Catalog entries of the nation, its prices and gateways, and a scenario."""
    seat = _seat(land.iso, towns)
    today = datetime.now(UTC).date().isoformat()
    io.write_atomic(entry, _nation(land, seat, today))
    costs = where / "catalog" / "costs" / f"{slug}.toml"
    gates = where / "catalog" / "gateways" / f"{slug}.toml"
    scenario = where / "scenarios" / f"{slug}.toml"
    for path in (costs, gates, scenario):
        path.parent.mkdir(parents=True, exist_ok=True)
    book = catalog.entry("costs", "pakistan").path.read_text(encoding="utf-8")
    note = f"# Pakistan's prices, unchanged: replace them with those of {land.name}.\n"
    title = "title = " + _text(f"Prices of Pakistan, for {land.name}")
    io.write_atomic(costs, note + re.sub(r'(?m)^title = ".*"$', lambda _: title, book, count=1))
    io.write_atomic(gates, _gateways(land, seat, towns, today))
    io.write_atomic(scenario, _scenario(slug, land, resolution, known))
    return scenario


def _seat(iso: str, towns: pd.DataFrame) -> pd.Series[Any]:
    """The capital among the towns, or the largest."""
    named = towns[towns["name"].eq(sources.capital(iso))]
    return named.iloc[0] if len(named) else towns.iloc[0]


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # a TOML basic string is a JSON one


def _nation(land: sources.Country, seat: pd.Series[Any], today: str) -> str:
    offset = ZoneInfo(str(seat["time_zone"])).utcoffset(datetime.now(UTC).replace(tzinfo=None))
    hours = offset.total_seconds() / 3600.0 if offset else 0.0
    return f"""title = {_text(land.name)}
source = "Natural Earth 5.1, GeoNames, MODIS land cover, ITU-R maps, as packaged for Python; see layers.json"
licence = "public domain; CC BY 4.0 (GeoNames); open (NASA)"
retrieved = "{today}"
iso = {_text(land.iso)}
time_zone = {_text(seat["time_zone"])}
utc_offset_hours = {hours}
modelled = ["cells", "exchange"]
modelled_note = "A coarse nation: every layer but the places is modelled from one national total."

# Round trips of every technology are measured to here
[exchange]
name = {_text(f"{seat['name']}, taken as the national exchange")}
lat_deg = {float(seat["lat_deg"])}
lon_deg = {float(seat["lon_deg"])}
route_factor = {build.ROUTE_FACTOR}
"""


def _gateways(land: sources.Country, seat: pd.Series[Any], towns: pd.DataFrame, today: str) -> str:
    head = f"""title = {_text(f"Modelled gateways of {land.name}")}
source = "Modelled at the largest towns"
licence = "CC0-1.0"
retrieved = "{today}"
modelled = ["gateways"]
"""
    far = great_circle_m(towns["lat_deg"], towns["lon_deg"], float(seat["lat_deg"]), float(seat["lon_deg"]))
    blocks = [
        f"""
[[gateways]]
name = {_text(f"{town.name_}, modelled")}
lat_deg = {town.lat_deg}
lon_deg = {town.lon_deg}
height_m = 0.0
country = {_text(land.iso)}
antennas = 8
capacity_gbps = 160.0
systems = "*"
exchange_km = {max(10.0, build.ROUTE_FACTOR * float(far[i]) / 1e3):.0f}
status = "modelled"
"""
        for i, town in enumerate(towns.rename(columns={"name": "name_"}).head(GATEWAYS).itertuples())
    ]
    return head + "".join(blocks)


def _scenario(slug: str, land: sources.Country, resolution: int, known: build.Assumed) -> str:
    told = known.broadband_percent > 0
    title = f"{land.name}: a first look" if told else f"{land.name}: a plan as if nobody had broadband today"
    return f"""# A coarse nation from package data alone; `rabta data new` printed what is missing.
name = "{slug}"
title = {_text(title)}

[nation]
name = "{slug}"
resolution = {resolution}

[space]
constellations = ["starlink"]

[transport]
gateways = "{slug}"
"""
