"""Links over the ground: coverage (P.1812, Longley-Rice), interference (P.452), hops in sight (P.530)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rabta.radio import itm
from rabta.radio.door.ends import Links
from rabta.radio.door.models import Parts
from rabta.radio.door.world import World
from rabta.radio.gas import oxygen_specific, water_specific
from rabta.radio.itm.variability import Quantiles
from rabta.radio.itu import standard_pressure_hpa
from rabta.radio.linkbudget import free_space_db
from rabta.radio.local import hops
from rabta.radio.terrain import p452, p1812, raster
from rabta.radio.terrain.profile import Profiles

Array = NDArray[np.float64]

CLUTTER_M = {"open": 0.0, "rural": 0.0, "suburban": 10.0, "urban": 15.0, "dense-urban": 20.0}
"""Heights that P.1812-7, table 2, names for want of local ones (water and open, suburban, urban, dense)."""
ITM_STEP_KM = 0.25
ITM_CLIMATE = "continental subtropical"
CLEAR_SHARE = 0.6  # of the first Fresnel zone, P.530-18, section 2.2.2
EARTH_KM = 6371.0
MOST_FADE_DB = 100.0
HALVINGS = 50


def paths(links: Links, world: World, spacing_km: float = raster.SPACING_KM) -> Profiles:
    """Profiles of the terrain along the links, with the surroundings' clutter on them."""
    (lat1, lat2), (lon1, lon2) = links.lat_deg, links.lon_deg
    found = raster.profile(world.terrain, (lat1, lon1), (lat2, lon2), spacing_km)
    height = CLUTTER_M[world.environment]
    return replace(found, clutter_m=np.full(len(found.clutter_m), height))


def coverage(links: Links, world: World) -> Parts:
    """P.1812-7 over the nation's terrain; its loss is for a share of time and one of places."""
    found = p1812.loss_db(
        paths(links, world), links.frequency_ghz, *np.maximum(links.above_m, 1.0),
        time_percent=links.percent, location_percent=links.places_percent, polarisation=_polarisation(links),
    )  # fmt: skip
    return _over_free_space(links, found, "terrain, clutter and weather")


def interference(links: Links, world: World) -> Parts:
    """P.452-18 over the nation's terrain, gases included; isotropic antennas.

    A small percentage of time is the one of interest: rarely the loss is so low.
    """
    found = p452.loss_db(
        paths(links, world), links.frequency_ghz, *links.above_m,
        time_percent=links.percent, polarisation=_polarisation(links),
    )  # fmt: skip
    return _over_free_space(links, found, "terrain, gas and weather")


def longley_rice(links: Links, world: World) -> Parts:
    """The Irregular Terrain Model over the same terrain, one link after the other."""
    total = np.empty(len(links))
    (lat1, lat2), (lon1, lon2) = links.lat_deg, links.lon_deg
    found = raster.profile(world.terrain, (lat1, lon1), (lat2, lon2), ITM_STEP_KM)
    for i, (_, h, _, _, count) in enumerate(found.at):
        step = 1e3 * float(links.along_km[i]) / (count - 1)
        given = itm.Conditions(
            float(links.frequency_ghz[i]) * 1e9, refractivity=float(found.n0[i]),
            vertical=bool(links.vertical[i]), climate=ITM_CLIMATE,
        )  # fmt: skip
        wanted = Quantiles(
            time=float(links.percent[i]) / 100.0, location=float(links.places_percent[i]) / 100.0,
            mode="accidental", fixed=True,
        )  # fmt: skip
        ends = tuple(float(v) for v in np.maximum(links.above_m[:, i], 0.5))
        total[i] = float(itm.point_to_point(found.ground_m[h : h + count], step, ends, given, wanted))
    return _over_free_space(links, total, "terrain and weather")


def hop(links: Links, world: World) -> Parts:
    """P.530-18 between masts in sight of each other: free space, gas, and the deeper of rain and multipath.

    The fade is the one that leaves no margin for 100 % less the link's percentage of the average year.
    """
    lat, lon = links.lat_deg.mean(axis=0), links.lon_deg.mean(axis=0)
    air = world.climate(lat, lon, links.height_m.mean(axis=0))
    pressure = standard_pressure_hpa(air.height_km) - air.vapour_g_m3 * air.temperature_k / 216.7
    state = (links.frequency_ghz, pressure, air.vapour_g_m3, air.temperature_k)
    gas = (oxygen_specific(*state) + water_specific(*state)) * links.range_km
    fade = _fade_db(links, air.rain_rate_mmh, world.column("dn1", lat, lon), lat)
    return {
        "free space": free_space_db(links.range_km, links.frequency_ghz),
        "gas": gas,
        "rain and multipath": fade,
    }


def _fade_db(links: Links, rain_mmh: Array, dn1: Array, lat: Array) -> Array:
    """Margin with which a hop is unavailable for the wanted share of the year, by halving."""
    low, high = np.full(len(links), 1e-3), np.full(len(links), MOST_FADE_DB)
    allowed, tilt = 100.0 - links.percent, np.where(links.vertical, 90.0, 0.0)
    far = links.along_km > hops.MULTIPATH_FROM_KM
    one, two = links.height_m[:, far]
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        lost = hops.rain_percent(middle, links.along_km, links.frequency_ghz, rain_mmh, tilt)
        if far.any():
            p0 = hops.quick_occurrence_percent(
                links.along_km[far], links.frequency_ghz[far], one, two, dn1=dn1[far]
            )
            rarer = hops.annual_factor_db(links.along_km[far], one, two, lat[far])
            lost[far] += hops.multipath_percent(middle[far], p0, rarer)
        low, high = np.where(lost > allowed, middle, low), np.where(lost > allowed, high, middle)
    return high


def hop_holds(links: Links, world: World) -> NDArray[np.bool_]:
    """Where P.530 holds beside its ranges: in sight, and inside those of multipath where that matters."""
    low, high = hops.RANGES["multipath_ghz"]
    f, d = links.frequency_ghz, links.along_km
    known = (d <= hops.MULTIPATH_FROM_KM) | ((f >= np.maximum(low, 15.0 / d)) & (f <= high))
    return np.asarray(known & in_sight(links, world))


def in_sight(links: Links, world: World) -> NDArray[np.bool_]:
    """Where the middle of the first Fresnel zone clears the terrain by 0.6 of it, on an Earth of 4/3."""
    found = paths(links, world)
    out = np.empty(len(links), dtype=np.bool_)
    (first, second), at = links.height_m, found.at
    for i, (d0, h0, _, _, count) in enumerate(at):
        d = found.distance_km[d0 : d0 + count][1:-1]
        ground = found.ground_m[h0 : h0 + count][1:-1] + CLUTTER_M[world.environment]
        rest = links.along_km[i] - d
        ray = first[i] + (second[i] - first[i]) * d / links.along_km[i]
        bulge = 500.0 * d * rest / (EARTH_KM * 4.0 / 3.0)
        zone = np.sqrt(0.2998 / links.frequency_ghz[i] * 1e3 * d * rest / links.along_km[i])
        out[i] = bool((ray - bulge - ground >= CLEAR_SHARE * zone).all())
    return out


def _polarisation(links: Links) -> list[str]:
    return ["vertical" if upright else "horizontal" for upright in links.vertical]


def _over_free_space(links: Links, total: Array, name: str) -> Parts:
    free = free_space_db(links.range_km, links.frequency_ghz)
    return {"free space": free, name: np.asarray(total) - free}
