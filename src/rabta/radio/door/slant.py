"""Links to and between satellites and platforms above 20 km."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.radio import gas, itu, slantpath
from rabta.radio.door.ends import Links
from rabta.radio.door.models import Parts
from rabta.radio.door.world import World
from rabta.radio.linkbudget import free_space_db

Array = NDArray[np.float64]

CIRCULAR_DEG = 45.0
EFFICIENCY = 0.65


def free_space(links: Links, _: World) -> Parts:
    """Free-space loss alone: ITU-R P.525-4. Between satellites there is nothing else."""
    return {"free space": free_space_db(links.range_km, links.frequency_ghz)}


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
