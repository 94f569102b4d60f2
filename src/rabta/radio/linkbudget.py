"""Link budgets: one link, line by line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range
from rabta.units import BOLTZMANN_J_K, SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

BOLTZMANN_DBW_K_HZ = float(10.0 * np.log10(BOLTZMANN_J_K))
EARTH_KM = 6371.0  # 3GPP TR 38.821, clause 6.1.3


def free_space_db(range_km: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Free-space loss. ITU-R P.525-4, equation (3): 20 log10(4 pi d / lambda).

    Examples
    --------
    >>> round(float(free_space_db(1075.1, 20.0)), 1)  # TR 38.821, study case 6
    179.1
    """
    ratio = 4e12 * np.pi * np.asarray(range_km) * np.asarray(frequency_ghz) / SPEED_OF_LIGHT_M_S
    return np.asarray(20.0 * np.log10(ratio))


def slant_range_km(elevation_deg: ArrayLike, altitude_km: ArrayLike) -> Array:
    """Distance to a satellite over a spherical Earth. 3GPP TR 38.811, equation (6.6-3)."""
    sine, h = np.sin(np.radians(elevation_deg)), np.asarray(altitude_km, dtype=np.float64)
    return np.asarray(np.sqrt((EARTH_KM * sine) ** 2 + h**2 + 2.0 * h * EARTH_KM) - EARTH_KM * sine)


def budget(
    *,
    eirp_dbw: float,
    g_over_t_db_k: float,
    frequency_ghz: float,
    range_km: float,
    bandwidth_mhz: float,
    losses_db: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """One link, line by line, in dB; the last line is the sum.

    Parameters
    ----------
    eirp_dbw : float
        EIRP over the whole bandwidth.
    losses_db : mapping, optional
        Further losses by name, for instance ``{"gas": 0.5, "rain": 3.1, "scan": 1.2}``.

    Returns
    -------
    dict
        ``eirp_dbw, g_over_t_db_k, boltzmann_db, free_space_db, <name>_db ..., bandwidth_db, cn_db``;
        losses are negative. 3GPP TR 38.821, equation (6.1.3.1-1).
    """
    check_range("bandwidth_mhz", bandwidth_mhz, 1e-6, 1e6, "a link budget")
    check_range("range_km", range_km, 1e-3, 1e6, "a link budget")
    lines = {"eirp_dbw": eirp_dbw, "g_over_t_db_k": g_over_t_db_k, "boltzmann_db": -BOLTZMANN_DBW_K_HZ}
    lines["free_space_db"] = -float(free_space_db(range_km, frequency_ghz))
    lines |= {f"{name}_db": -float(value) for name, value in (losses_db or {}).items()}
    lines["bandwidth_db"] = -10.0 * float(np.log10(bandwidth_mhz * 1e6))
    return {**lines, "cn_db": float(sum(lines.values()))}
