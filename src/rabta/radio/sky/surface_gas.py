"""Gas on slant paths from the state of the air at the surface: ITU-R P.676-13, Annex 2.

Its coefficients over frequency are data files of the Recommendation and not shipped: a folder of maps may
hold them (``R11010000020001TXTM.txt`` for oxygen, ``R11010000020002TXTM.txt`` for water vapour, or
``676/v13_h0_coefficients.txt``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio import gas
from rabta.radio.itu import check_range
from rabta.radio.sky import places
from rabta.radio.sky.maps import Maps, default

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.676-13, Annex 2"
RANGES = {"frequency_ghz": (1.0, 350.0), "elevation_deg": (5.0, 90.0), "percent": (0.01, 99.0)}
OXYGEN_FILES = ("R11010000020001TXTM.txt", "v13_h0_coefficients.txt")
WATER_FILES = ("R11010000020002TXTM.txt", "v13_kv_coefficients.txt")


@dataclass(frozen=True)
class Air:
    """State of the air at the surface, one value for each place.

    Attributes
    ----------
    pressure_hpa, temperature_k, vapour_g_m3 : ndarray
        Total pressure, temperature and water vapour density.
    """

    pressure_hpa: ArrayLike
    temperature_k: ArrayLike
    vapour_g_m3: ArrayLike

    @property
    def dry_hpa(self) -> Array:
        """Pressure of the dry air: what the specific attenuation is a function of."""
        vapour = np.asarray(self.vapour_g_m3) * np.asarray(self.temperature_k) / 216.7
        return np.asarray(np.asarray(self.pressure_hpa, dtype=np.float64) - vapour)


@cache
def coefficients(maps: Maps, kind: str) -> Array | None:
    """Rows (GHz, a, b, c, d) of the file for ``oxygen`` or ``water``; None where the folder has none.

    Raises
    ------
    RabtaError
        Where the file is not five columns in rising order of frequency.
    """
    for name in OXYGEN_FILES if kind == "oxygen" else WATER_FILES:
        table = maps.text(name)
        if table is not None:
            good = (
                table.shape[1] == 5 and bool((np.diff(table[:, 0]) > 0.0).all()) and np.isfinite(table).all()
            )
            if not good:
                raise RabtaError(
                    "damaged coefficients of ITU-R P.676-13", file=name, value=str(table.shape),
                    expected="rows of GHz, a, b, c, d in rising order",
                )  # fmt: skip
            return table
    return None


def _at(table: Array, frequency_ghz: ArrayLike) -> Array:
    """Coefficients at frequencies, linear between the rows, shape (4, ...)."""
    check_range("frequency_ghz", frequency_ghz, table[0, 0], table[-1, 0], RECOMMENDATION)
    return np.stack([np.interp(np.asarray(frequency_ghz), table[:, 0], column) for column in table[:, 1:].T])


def oxygen_height_km(table: Array, frequency_ghz: ArrayLike, air: Air) -> Array:
    """Equivalent height of dry air. P.676-13, Annex 2, equation (31).

    Parameters
    ----------
    table : ndarray
        From `coefficients`.
    """
    a, b, c, d = _at(table, frequency_ghz)
    t, p, rho = (
        np.asarray(v, dtype=np.float64) for v in (air.temperature_k, air.pressure_hpa, air.vapour_g_m3)
    )
    return np.asarray(a + b * t + c * p + d * rho)


def vapour_factor(table: Array, frequency_ghz: ArrayLike, air: Air) -> Array:
    """Zenith attenuation in dB for each kg/m2 of columnar water vapour. P.676-13, Annex 2, section 2.2."""
    a, b, c, d = _at(table, frequency_ghz)
    t, p, rho = (
        np.asarray(v, dtype=np.float64) for v in (air.temperature_k, air.pressure_hpa, air.vapour_g_m3)
    )
    return np.asarray(a + b * rho + c * t + d * p)


def zenith_oxygen_db(table: Array, frequency_ghz: ArrayLike, mean: Air, at: Air | None = None) -> Array:
    """Zenith attenuation of dry air. P.676-13, Annex 2, sections 1.1 and 1.2.

    Parameters
    ----------
    mean : Air
        The instant's air; or the mean, of which the specific attenuation is taken.
    at : Air, optional
        The air exceeded for the percentage asked for, of which the equivalent height is taken.
    """
    gamma = gas.oxygen_specific(frequency_ghz, mean.dry_hpa, mean.vapour_g_m3, mean.temperature_k)
    return np.asarray(gamma * oxygen_height_km(table, frequency_ghz, at or mean))


def zenith_water_db(frequency_ghz: ArrayLike, air: Air) -> Array:
    """Zenith attenuation of water vapour from the air of an instant. P.676-13, Annex 2, section 2.1."""
    gamma = gas.water_specific(frequency_ghz, air.dry_hpa, air.vapour_g_m3, air.temperature_k)
    return np.asarray(gamma * gas.water_height_km(frequency_ghz))


def ready(maps: Maps | None = None) -> bool:
    """True where the folder has all that `zenith_db` needs: both files of coefficients and P.2145."""
    maps = maps or default()
    both = coefficients(maps, "oxygen") is not None and coefficients(maps, "water") is not None
    return both and places.has_surface(maps)


def zenith_db(
    lat_deg: ArrayLike,
    lon_deg: ArrayLike,
    frequency_ghz: float,
    percent: float,
    height_km: ArrayLike,
    maps: Maps | None = None,
    month: int | None = None,
) -> Array:
    """Zenith attenuation by gas exceeded for a percentage of the year, or of a month.

    P.676-13, Annex 2, sections 1.2 and 2.3, with the statistics of P.2145.

    Raises
    ------
    RabtaError
        Where the folder lacks a file: it is named.
    """
    maps = maps or default()
    oxygen, water = (_needed(maps, kind) for kind in ("oxygen", "water"))
    mean, at = (
        Air(*(places.surface(v, lat_deg, lon_deg, p, height_km, maps, month) for v in ("P", "T", "RHO")))
        for p in (None, percent)
    )
    column = places.surface("V", lat_deg, lon_deg, percent, height_km, maps, month)
    wet = vapour_factor(water, frequency_ghz, mean) * column
    return np.asarray(zenith_oxygen_db(oxygen, frequency_ghz, mean, at) + wet)


def _needed(maps: Maps, kind: str) -> Array:
    table = coefficients(maps, kind)
    if table is None:
        names = OXYGEN_FILES if kind == "oxygen" else WATER_FILES
        raise RabtaError(
            "no coefficients of ITU-R P.676-13, Annex 2", file=maps.folder, value=names[0],
            expected=f"{names[0]} in the folder of maps",
        )  # fmt: skip
    return table
