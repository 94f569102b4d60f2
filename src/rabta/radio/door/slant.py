"""Links to and between satellites and platforms above 20 km."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.radio import gas, itu, slantpath
from rabta.radio.door.ends import SPACE_M, Links
from rabta.radio.door.models import Parts
from rabta.radio.door.world import World
from rabta.radio.linkbudget import free_space_db
from rabta.radio.local import clutter as clutter_model
from rabta.radio.ntn.itu import p619

Array = NDArray[np.float64]

CIRCULAR_DEG = 45.0
CLEAR_M = SPACE_M
EFFICIENCY = 0.65


def free_space(links: Links, _: World) -> Parts:
    """Free-space loss alone: ITU-R P.525-4. Between satellites there is nothing else."""
    return {"free space": free_space_db(links.range_km, links.frequency_ghz)}


def past_the_earth(links: Links, _: World) -> NDArray[np.bool_]:
    """Where the straight line between two satellites stays above 20 km: below, air bends and absorbs."""
    one, two = (geo.ecef_from_geodetic(links.lat_deg[i], links.lon_deg[i], links.height_m[i]) for i in (0, 1))
    along = two - one
    length2 = np.maximum((along**2).sum(axis=-1), 1e-9)
    part = np.clip(-(one * along).sum(axis=-1) / length2, 0.0, 1.0)
    nearest = np.linalg.norm(one + part[:, None] * along, axis=-1)
    return np.asarray(nearest > geo.MEAN_RADIUS_M + CLEAR_M)


def earth_space(links: Links, world: World) -> Parts:
    """Free space and the attenuation of P.618-14 that is exceeded for 100 % less the link's percentage.

    Wet parts (rain, cloud, scintillation) are added as P.618 adds them, so `weather` is what they make
    together.
    """
    lat, lon, height = (links.at_lower(v) for v in (links.lat_deg, links.lon_deg, links.height_m))
    exceeded = np.clip(100.0 - links.percent, 0.001, 5.0)
    parts = {name: np.zeros(len(links)) for name in ("free space", "gas", "weather")}
    for frequency in np.unique(links.frequency_ghz):
        mine = links.frequency_ghz == frequency
        for diameter in np.unique(links.diameter_m[mine]):
            some = mine & (links.diameter_m == diameter)
            climate = world.climate(lat[some], lon[some], height[some])
            found = slantpath.attenuation(
                climate, float(frequency), links.elevation_deg[some], exceeded[some],
                diameter_m=float(diameter), efficiency=EFFICIENCY, tilt_deg=CIRCULAR_DEG,
            )  # fmt: skip
            parts["free space"][some] = free_space_db(links.range_km[some], frequency)
            parts["gas"][some] = found.gas
            parts["weather"][some] = found.total - found.gas
    return parts


def clear_air(links: Links, world: World) -> Parts:
    """Free space and gas of P.676 on a slant path: below 1 GHz or above 55 GHz, where P.618 has no rain."""
    lat, lon, height = (links.at_lower(v) for v in (links.lat_deg, links.lon_deg, links.height_m))
    climate = world.climate(lat, lon, height)
    pressure = itu.standard_pressure_hpa(climate.height_km)
    dry = gas.zenith_oxygen_db(links.frequency_ghz, pressure, climate.vapour_g_m3, climate.temperature_k)
    wet = gas.zenith_water_db(links.frequency_ghz, climate.vapour_kg_m2, climate.height_km)
    sine = np.sin(np.radians(links.elevation_deg))
    return {"free space": free_space_db(links.range_km, links.frequency_ghz), "gas": (dry + wet) / sine}


def unwanted(links: Links, world: World) -> Parts:
    """P.619-5: loss of interference that is not exceeded for the link's percentage; rain helps nobody.

    In surroundings other than open, clutter of P.2108 for the link's share of places from 10 GHz on, where
    that model begins.
    """
    lat, lon, height = (links.at_lower(v) for v in (links.lat_deg, links.lon_deg, links.height_m))
    air = world.climate(lat, lon, height)
    top = links.height_m.max(axis=0) / 1e3
    names = ("free_space", "gas", "beam_spreading", "scintillation", "clutter")
    parts = {name.replace("_", " "): np.zeros(len(links)) for name in names}
    for i in range(len(links)):
        f, elevation = float(links.frequency_ghz[i]), float(links.elevation_deg[i])
        clutter = 0.0
        if world.environment != "open" and f >= clutter_model.RANGES["slant_db"]["frequency_ghz"][0]:
            share = float(links.places_percent[i])
            clutter = float(clutter_model.slant_db(f, elevation, share))
        found = p619.single_entry(
            f, elevation, float(links.range_km[i]), float(links.percent[i]),
            station_km=float(height[i]) / 1e3, space_km=float(top[i]), clutter_db=clutter,
            vapour_g_m3=float(air.vapour_g_m3[i]), n_wet=float(air.n_wet[i]),
        )  # fmt: skip
        for name in names:
            parts[name.replace("_", " ")][i] = float(getattr(found, name))
    return parts
