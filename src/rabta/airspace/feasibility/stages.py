"""Stage of the low airspace: 4-D fields over the areas that a scenario asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.feasibility import channel
from rabta.mobile.country.stages import rollout_of
from rabta.nation import hexes
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

LAYERS_M = (30.0, 60.0, 90.0, 120.0)
"""Heights above ground, the coordinate ``air_layer``."""
RESOLUTION = 9  # H3: 0.105 km2 on average
SETTLED = 7  # H3 resolution of the finest cells of a nation's layer
PATCH = 4  # of the table `patches`
NEAREST_M = 150_000.0
"""A protection level counts so far from where it was computed: it changes with the sky, which changes slowly."""  # noqa: E501
WIND_EXPONENT = 1.0 / 7.0  # power law over open ground (IEC 61400-1: 0.2; here the classical seventh)
WIND_AT_M = 10.0
HOURS = 24


@stage(
    "Low airspace: command links, protection, wind and people",
    params=("airspace", "mobile", "nation.name"),
    reads=(
        "cells", "settlements", "mobile_load", "nav_places", "nav_hpl_m", "patches", "device_service",
    ),
    writes=("air_places", "air_c2_outage", "air_hpl_m", "air_wind_m_s"),
    catalog=("rollouts", "spectrum", "bands", "radios"),
)  # fmt: skip
def fields(twin: Twin) -> dict[str, Any]:
    """Fields of the areas of the scenario; empty where it names none."""
    rules = twin.scenario.airspace
    places = _places(twin, rules.areas)
    lat, lon = (places[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    hpl, away = _protection(twin, lat, lon)
    places = places.assign(nav_km=away / 1e3, satellite_available=_satellites(twin, places))
    return {
        "air_places": places,
        "air_c2_outage": _outage(twin, places),
        "air_hpl_m": hpl,
        "air_wind_m_s": wind(rules.wind_m_s, len(places)),
    }


def wind(at_10_m: float | None, places: int) -> Array:
    """Wind at the layers by a power law from that at 10 m (modelled), shape (place, layer); NaN without one."""  # noqa: E501
    base = np.nan if at_10_m is None else at_10_m
    law = (np.array(LAYERS_M) / WIND_AT_M) ** WIND_EXPONENT
    return np.tile(base * law, (places, 1))


def _places(twin: Twin, areas: tuple[tuple[float, float, float], ...]) -> pd.DataFrame:
    """Cells of all areas, once each, with the people around each and the area it was asked in."""
    import h3
    import pandas as pd

    rows: dict[str, int] = {}
    for number, (lat, lon, km) in enumerate(areas):
        edge = h3.average_hexagon_edge_length(RESOLUTION, unit="km")
        disk = h3.grid_disk(h3.latlng_to_cell(lat, lon, RESOLUTION), int(np.ceil(km / (1.5 * edge))) + 1)
        inside = (c for c in disk if h3.great_circle_distance(h3.cell_to_latlng(c), (lat, lon)) <= km)
        for one in sorted(inside):
            rows.setdefault(one, number)
    names = list(rows)
    where = np.array([h3.cell_to_latlng(one) for one in names]).reshape(-1, 2)
    return pd.DataFrame({
        "cell": np.array(names, dtype=object), "lat_deg": where[:, 0], "lon_deg": where[:, 1],
        "area": np.array(list(rows.values()), dtype=np.int64), "people_km2": density(twin, names),
    })  # fmt: skip


def density(twin: Twin, names: list[str]) -> Array:
    """People per km2 of the finest cell of the nation's layer that holds each cell; 0 in those without people.

    Not a number where the nation has no cell.
    """  # noqa: E501
    import h3

    table, cells = twin.table("settlements"), twin.table("cells")
    lat, lon = (table[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg"))
    people: dict[str, float] = {}
    land: dict[str, float] = {}
    for a, b, n, km2 in zip(lat, lon, table["people"], table["area_km2"], strict=True):
        key = h3.latlng_to_cell(a, b, SETTLED)
        people[key] = people.get(key, 0.0) + float(n)
        land[key] = land.get(key, 0.0) + float(km2)
    coarse = int(hexes.resolution(hexes.numbers(cells["cell"].to_numpy()[:1]))[0]) if len(cells) else 0
    known = set(cells["cell"].astype(str))
    keys = [h3.cell_to_parent(one, SETTLED) for one in names]
    inside = [h3.cell_to_parent(one, coarse) in known for one in names]
    found = [people.get(k, 0.0) / max(land.get(k, 1.0), 0.05) if i else np.nan
             for k, i in zip(keys, inside, strict=True)]  # fmt: skip
    return np.asarray(found, dtype=np.float64)


def _outage(twin: Twin, places: pd.DataFrame) -> Array:
    """Outage of the command link, all operators' together, (place, layer, hour of UTC)."""
    out = np.full((len(places), len(LAYERS_M), HOURS), np.nan)
    rollout = rollout_of(twin.scenario)
    if rollout is None or not len(places):
        return out
    rules, table = twin.scenario.airspace, twin.table("settlements")
    load = twin.values("mobile_load").astype(np.float64)
    names = rules.operators or (rollout.operators[0],)
    ways = [channel.sites(table, rollout, name, rules.band, load) for name in names]
    for rows in places.groupby("area").indices.values():
        lat, lon = (places[n].to_numpy(np.float64)[rows] for n in ("lat_deg", "lon_deg"))
        for k, height in enumerate(LAYERS_M):
            out[rows, k] = together(ways, lat, lon, height, rules.need_db)
    return out


def together(
    ways: list[channel.Sites], lat: Array, lon: Array, height_m: Array | float, need: float
) -> Array:
    """Probability that no operator's link holds, (place, hour of UTC): sites are apart, so links independent.

    Loads are of the hour of the local day, taken from the longitude.
    """
    found = np.ones((len(lat), HOURS))
    middle = (float(np.mean(lat)), float(np.mean(lon)))
    for one in ways:
        found *= channel.Channel(one, middle, need).outage(lat, lon, height_m)
    return np.roll(found, -round(middle[1] / 15.0), axis=1)


def _protection(twin: Twin, lat: Array, lon: Array) -> tuple[Array, Array]:
    """Protection level of the nearest place that has one (place, hour of UTC), and its distance."""
    from rabta import geo

    table = twin.table("nav_places")
    if not len(table) or not len(lat):
        return np.full((len(lat), HOURS), np.nan), np.full(len(lat), np.nan)
    levels = twin.values("nav_hpl_m")[:, 0].astype(np.float64)
    a, b = (table[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg"))
    away = geo.great_circle_m(lat[:, None], lon[:, None], a, b)
    near = away.argmin(axis=1)
    least = away[np.arange(len(lat)), near]
    return np.where((least <= NEAREST_M)[:, None], levels[near], np.nan), least


def _satellites(twin: Twin, places: pd.DataFrame) -> Array:
    """Share of the run's time with a satellite of the direct-to-device systems; NaN where nobody asked."""
    table, known = twin.table("patches"), twin.table("device_service")
    by_patch = dict(zip(known["patch"].astype(str), known["available"], strict=True))
    asked = set(table["patch"][table["uncovered"] >= 1.0].astype(str))
    patch = hexes.texts(hexes.parent(hexes.numbers(places["cell"].to_numpy()), PATCH)) if len(places) else []
    return np.array([by_patch.get(p, np.nan) if p in asked else np.nan for p in patch], dtype=np.float64)
