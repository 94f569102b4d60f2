"""Links from above to phones and small units: 3GPP TR 38.811 statistics and TR 38.821 link budgets."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile import nr
from rabta.mobile.access import Access, shared_rate
from rabta.mobile.equipment import DeviceLink
from rabta.units import BOLTZMANN_J_K, SPEED_OF_LIGHT_M_S, from_db, to_db

Array = NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0  # TR 38.821, clause 6.1.3
ELEVATIONS_DEG = np.arange(10.0, 100.0, 10.0)
# TR 38.811, table 6.6.1-1, suburban and rural, as shares
LOS_SHARE = np.array([0.782, 0.869, 0.919, 0.929, 0.935, 0.940, 0.949, 0.952, 0.998])
# TR 38.811, table 6.6.2-3, suburban and rural, S band: clutter loss without line of sight, dB
CLUTTER_DB = np.array([19.52, 18.17, 18.42, 18.28, 18.63, 17.68, 16.50, 16.30, 16.30])


def slant_range_km(altitude_km: ArrayLike, elevation_deg: ArrayLike) -> Array:
    """Distance to a platform seen at an elevation (TR 38.811, equation 6.6-3).

    Examples
    --------
    >>> round(float(slant_range_km(600.0, 30.0)))
    1075
    """
    h = np.asarray(altitude_km, np.float64)
    rise = EARTH_RADIUS_KM * np.sin(np.radians(elevation_deg))
    return np.asarray(np.sqrt(rise**2 + h**2 + 2.0 * h * EARTH_RADIUS_KM) - rise)


def free_space_db(distance_km: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Free-space loss (TR 38.811, equation 6.6-2).

    Examples
    --------
    >>> round(float(free_space_db(1075.0, 2.0)), 1)
    159.1
    """
    d, f = np.asarray(distance_km, np.float64), np.asarray(frequency_ghz, np.float64)
    return np.asarray(32.45 + 20.0 * np.log10(f) + 20.0 * np.log10(d * 1e3))


def los_share(elevation_deg: ArrayLike) -> Array:
    """Probability of line of sight in suburban and rural areas, linear between the table's elevations."""
    return np.asarray(np.interp(np.asarray(elevation_deg, np.float64), ELEVATIONS_DEG, LOS_SHARE))


def clutter_db(elevation_deg: ArrayLike) -> Array:
    """Clutter loss without line of sight in suburban and rural areas, S band."""
    return np.asarray(np.interp(np.asarray(elevation_deg, np.float64), ELEVATIONS_DEG, CLUTTER_DB))


def round_trip_ms(
    altitude_km: float, user_elevation_deg: float = 10.0, gateway_elevation_deg: float = 10.0
) -> float:
    """Round trip over a transparent satellite, propagation only (TR 38.821, table 4.2-2)."""
    hops = slant_range_km(altitude_km, [user_elevation_deg, gateway_elevation_deg])
    return float(2.0 * hops.sum() * 1e6 / SPEED_OF_LIGHT_M_S)


def carrier_to_noise_db(link: DeviceLink) -> float:
    """Downlink carrier to noise in the beam (TR 38.821, clause 6.1.3.1): the bandwidth cancels."""
    path = free_space_db(slant_range_km(link.altitude_km, link.elevation_deg), link.frequency_ghz)
    noise_dbw_mhz_k = to_db(BOLTZMANN_J_K * 1e6)
    return float(link.eirp_dbw_mhz + link.user_g_over_t_db_k - noise_dbw_mhz_k - path - link.losses_db)


def beam_mbps(link: DeviceLink) -> float:
    """Rate of one beam's carrier, interference of the other beams of its colour included."""
    inverse = from_db(-carrier_to_noise_db(link)) + from_db(-link.carrier_to_interference_db)
    return float(nr.rate_mbps(nr.efficiency(-to_db(inverse)), link.blocks, link.spacing_khz))


def direct_to_device(
    link: DeviceLink, beam: NDArray[np.integer], area_km2: Array, load_mbps: Array, household_mbps: float
) -> Access:
    """Rate of a household on direct-to-device beams that everybody under them shares.

    Parameters
    ----------
    beam : ndarray of int, shape (cell,)
        Number of the patch that a cell belongs to; patches have about the size of a beam.
    area_km2, load_mbps : ndarray, shape (cell,)
    """
    beam_km2 = np.pi * (link.beam_km / 2.0) ** 2
    load, area = (np.bincount(beam, weights=w) for w in (load_mbps, area_km2))
    full = beam_mbps(link)
    use = load * beam_km2 / np.maximum(area, beam_km2) / full
    alone = min(full, link.user_max_mbps)
    return Access(shared_rate(alone, use, household_mbps)[beam], np.zeros_like(load_mbps))
