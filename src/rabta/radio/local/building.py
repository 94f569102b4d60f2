"""Loss into buildings: ITU-R P.2109-2."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.2109-2"
RANGES = {"frequency_ghz": (0.08, 100.0), "percent": (1e-9, 100.0), "elevation_deg": (-90.0, 90.0)}
# Table 1: r, s, t of the median; u, v and y, z of the two spreads; w, x of the second mean
BUILDINGS = {
    "traditional": (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
    "efficient": (28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
}


def building_coefficients(building: str) -> tuple[float, ...]:
    """The nine coefficients of a kind of building.

    Raises
    ------
    RabtaError
        A kind that table 1 does not have, with the nearest that it has.
    """
    if building not in BUILDINGS:
        raise RabtaError(
            "no such building", key="building", value=building, expected=nearest(building, BUILDINGS)
        )
    return BUILDINGS[building]


def entry_loss_db(
    frequency_ghz: ArrayLike,
    percent: ArrayLike = 50.0,
    building: str = "traditional",
    elevation_deg: ArrayLike = 0.0,
) -> Array:
    """Loss into a building that is not exceeded at a share of places in it, in dB.

    Parameters
    ----------
    frequency_ghz : array_like
        0.08 to 100 GHz.
    percent : array_like
        Share of places, above 0 and below 100.
    building : str
        ``traditional``, or ``efficient``: metallised glass, foil-backed panels.
    elevation_deg : array_like
        Elevation of the path at the facade.

    Notes
    -----
    Annex 1, equations (1) to (10).

    Examples
    --------
    >>> entry_loss_db([1.0, 30.0], 50.0, "efficient").round(1).tolist()
    [31.0, 42.3]
    """
    r, s, t, u, v, w, x, y, z = building_coefficients(building)
    for name, value in (
        ("frequency_ghz", frequency_ghz),
        ("percent", percent),
        ("elevation_deg", elevation_deg),
    ):
        check_range(name, value, *RANGES[name], RECOMMENDATION)
    if (np.asarray(percent) >= 100.0).any():
        raise RabtaError(
            f"percent is outside the range of {RECOMMENDATION}",
            key="percent",
            value=100.0,
            expected="above 0 and below 100",
        )
    log_f = np.log10(np.asarray(frequency_ghz, dtype=np.float64))
    deviate = ndtri(np.asarray(percent, dtype=np.float64) / 100.0)
    median = r + s * log_f + t * log_f**2 + 0.212 * np.abs(np.asarray(elevation_deg, dtype=np.float64))
    first = deviate * (u + v * log_f) + median
    second = deviate * (y + z * log_f) + w + x * log_f
    return np.asarray(10.0 * np.log10(10.0 ** (0.1 * first) + 10.0 ** (0.1 * second) + 10.0**-0.3))
