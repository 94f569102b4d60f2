"""Total attenuation of Earth-space paths anywhere, from the best maps at hand: ITU-R P.618-14.

Which edition each input came from is said with the result, and where an input is older than what P.618-14
asks for, how far the answer was from the ITU's own 48 published totals with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio import itu, slantpath
from rabta.radio.sky import places, surface_gas
from rabta.radio.sky.maps import Maps, default
from rabta.radio.slantpath import Attenuation, Climate

Array = NDArray[np.float64]

RECOMMENDATION = slantpath.RECOMMENDATION
RANGES = {"frequency_ghz": (1.0, 55.0), "elevation_deg": (5.0, 90.0), "percent": (0.001, 5.0)}
FROZEN_PERCENT = 5.0
"""Gas and cloud of every smaller percentage are those of this one (P.618-14, section 2.5)."""

OLD_CLOUD_DB, OLD_GAS_DB = 0.88, 0.12
"""Largest error over the ITU's 48 totals (to 20 GHz, 0.01 to 1 %) with the maps of P.840-8; of P.836-6."""


@dataclass(frozen=True)
class Inputs:
    """What the maps say of places, once for all frequencies.

    Attributes
    ----------
    climate : Climate
        Its cloud is of P.840-8 and its vapour of P.836-6, exceeded 5 % of the year.
    liquid_kg_m2 : ndarray or None
        Columnar cloud liquid of P.840-9 exceeded 5 % of the year, where its maps are at hand.
    lat_deg, lon_deg : ndarray
    maps : Maps
    percent : float
        Of the year in which vapour and cloud are exceeded.
    """

    climate: Climate
    liquid_kg_m2: Array | None
    lat_deg: Array
    lon_deg: Array
    maps: Maps
    percent: float = FROZEN_PERCENT

    @property
    def editions(self) -> dict[str, str]:
        """Recommendation that each part comes from."""
        new = surface_gas.ready(self.maps)
        return {
            "rain": "ITU-R P.837-7, P.838-3, P.839-4",
            "scintillation": "ITU-R P.453-14",
            "cloud": "ITU-R P.840-8" if self.liquid_kg_m2 is None else "ITU-R P.840-9",
            "gas": "ITU-R P.676-13, P.2145-0" if new else "ITU-R P.676-12, P.836-6",
        }

    @property
    def bound_db(self) -> float:
        """Largest error found on the ITU's own totals with such inputs; 0.001 where none is older."""
        if self.liquid_kg_m2 is None:
            return OLD_CLOUD_DB
        return 0.001 if surface_gas.ready(self.maps) else OLD_GAS_DB


def inputs(
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    height_km: ArrayLike | None = None,
    maps: Maps | None = None,
    percent: float = FROZEN_PERCENT,
) -> Inputs:
    """Read all maps at places; without heights the ground of P.1511-2 is taken.

    Another ``percent`` than P.618-14's own 5 % for gas and cloud is there to show what older rules give.
    """
    maps = maps or default()
    lat, lon = places.points(lat_deg, lon_deg)
    found = places.height_km(lat, lon, maps) if height_km is None else np.broadcast_to(height_km, lat.shape)
    height = np.maximum(np.asarray(found, dtype=np.float64), 0.0)
    climate = Climate(
        lat, height,
        places.rain_rate_mmh(lat, lon, 0.01, maps), places.rain_height_km(lat, lon, maps),
        places.temperature_k(lat, lon, maps=maps),
        places.vapour_g_m3(lat, lon, percent, height, maps),
        places.vapour_kg_m2(lat, lon, percent, height, maps),
        places.reduced_liquid_kg_m2(lat, lon, percent, maps), places.n_wet(lat, lon, maps=maps),
    )  # fmt: skip
    new = maps.has("liquid", "5")
    return Inputs(climate, places.liquid_kg_m2(lat, lon, percent, maps) if new else None, lat, lon, maps)


def zenith_gas_db(given: Inputs, frequency_ghz: float) -> Array:
    """Gas exceeded 5 % of the year: by P.676-13 and P.2145 where they are at hand, else by P.836-6."""
    if surface_gas.ready(given.maps):
        height = given.climate.height_km
        return surface_gas.zenith_db(
            given.lat_deg, given.lon_deg, frequency_ghz, given.percent, height, given.maps
        )
    return slantpath.zenith_gas_db(given.climate, frequency_ghz)


def zenith_cloud_db(given: Inputs, frequency_ghz: float) -> Array:
    """Cloud exceeded 5 % of the year: by P.840-9 where its maps are at hand, by P.840-8 otherwise."""
    if given.liquid_kg_m2 is not None:
        return np.asarray(itu.liquid_absorption(frequency_ghz) * given.liquid_kg_m2)
    return np.asarray(itu.reduced_liquid_absorption(frequency_ghz) * given.climate.cloud_kg_m2)


def attenuation(
    given: Inputs,
    frequency_ghz: float,
    elevation_deg: ArrayLike,
    percent: ArrayLike,
    *,
    diameter_m: float,
    efficiency: float = 0.5,
    tilt_deg: ArrayLike = 45.0,
) -> Attenuation:
    """Attenuation exceeded for a percentage of the average year, with its parts.

    Parameters
    ----------
    given : Inputs
        Of P places, from `inputs`.
    elevation_deg, percent : array_like
        Broadcast against the places' shape (P,). Elevation 5 to 90 degrees, percentage 0.001 to 5.

    Notes
    -----
    P.618-14, section 2.5, equations (64) to (66).
    """
    c = given.climate
    sine = np.sin(np.radians(np.asarray(elevation_deg, dtype=np.float64)))
    worst = slantpath.rain_001_db(
        c.lat_deg, c.height_km, c.rain_height_km, c.rain_rate_mmh, frequency_ghz, elevation_deg, tilt_deg
    )
    rain = slantpath.rain_at_percent(worst, percent, c.lat_deg, elevation_deg)
    air = zenith_gas_db(given, frequency_ghz) / sine
    cloud = zenith_cloud_db(given, frequency_ghz) / sine
    twinkle = slantpath.scintillation_db(
        frequency_ghz, elevation_deg, percent, c.n_wet, diameter_m, efficiency
    )
    total = slantpath.combine_db(air, cloud, rain, twinkle)
    return Attenuation(*np.broadcast_arrays(air, cloud, rain, twinkle, total))
