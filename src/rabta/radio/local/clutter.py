"""Clutter around a terminal: ITU-R P.2108-1, its three models.

- `terminal_correction_db`, section 3.1: a terminal below the roofs of a path computed to their height.
- `terrestrial_db`, section 3.2: one end of a terrestrial path among buildings, by share of places.
- `slant_db`, section 3.3: a terminal among buildings seen from a satellite or an aircraft.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.2108-1"
RANGES = {
    "terminal_correction_db": {"frequency_ghz": (0.03, 3.0), "height_m": (1e-3, 1e4)},
    "terrestrial_db": {"frequency_ghz": (0.5, 67.0), "distance_km": (0.25, 1e4), "percent": (1e-9, 100.0)},
    "slant_db": {"frequency_ghz": (10.0, 100.0), "elevation_deg": (0.0, 90.0), "percent": (1e-9, 100.0)},
}
STREET_M = 27.0
# Table 3: representative height in m; True where the terminal is behind an edge, False where height gains
CLUTTER = {
    "water": (10.0, False),
    "open": (10.0, False),
    "suburban": (10.0, True),
    "urban": (15.0, True),
    "forest": (15.0, True),
    "dense urban": (20.0, True),
}


def check(model: str, **values: ArrayLike) -> None:
    """Refuse what is outside the ranges of a model of this Recommendation.

    Raises
    ------
    RabtaError
        With the first wrong value and the valid range; also where a share of places is 100 %.
    """
    for name, value in values.items():
        low, high = RANGES[model][name]
        check_range(name, value, low, high, RECOMMENDATION)
        if name == "percent" and (np.asarray(value) >= 100.0).any():
            raise RabtaError(
                f"percent is outside the range of {RECOMMENDATION}",
                key=name,
                value=100.0,
                expected="above 0 and below 100",
            )


def clutter_class(name: str) -> tuple[float, bool]:
    """Representative height in m of a class of clutter, and whether it stands as an edge (table 3).

    Raises
    ------
    RabtaError
        A class that table 3 does not have, with the nearest that it has.
    """
    if name not in CLUTTER:
        raise RabtaError("no such clutter", key="clutter", value=name, expected=nearest(name, CLUTTER))
    return CLUTTER[name]


def terminal_correction_db(
    frequency_ghz: ArrayLike,
    height_m: ArrayLike,
    clutter: str,
    clutter_height_m: ArrayLike | None = None,
    street_m: ArrayLike = STREET_M,
) -> Array:
    """Loss from the height of the clutter down to a terminal in it (section 3.1), in dB.

    Parameters
    ----------
    frequency_ghz, height_m : array_like
        0.03 to 3 GHz; the terminal's height above ground.
    clutter : str
        ``water, open, suburban, urban, forest, dense urban``.
    clutter_height_m, street_m : array_like, optional
        Height of the clutter (table 3 where it is not given) and width of the street.

    Notes
    -----
    Equations (1) to (2g); 0 where the terminal stands above the clutter.

    Examples
    --------
    >>> terminal_correction_db(1.5, 2.0, "urban").round(1).tolist()
    24.5
    """
    check("terminal_correction_db", frequency_ghz=frequency_ghz, height_m=height_m)
    default, edge = clutter_class(clutter)
    f, h = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(height_m, dtype=np.float64)
    top = np.asarray(default if clutter_height_m is None else clutter_height_m, dtype=np.float64)
    check_range("clutter_height_m", top, 1e-3, 1e4, RECOMMENDATION)
    check_range("street_m", street_m, 1e-3, 1e4, RECOMMENDATION)
    if not edge:
        return np.asarray(np.where(h >= top, 0.0, -(21.8 + 6.2 * np.log10(f)) * np.log10(h / top)))
    above = np.maximum(top - h, 0.0)
    angle = np.degrees(np.arctan(above / np.asarray(street_m)))
    nu = 0.342 * np.sqrt(f) * np.sqrt(above * angle)
    knife = 6.9 + 20.0 * np.log10(np.sqrt((nu - 0.1) ** 2 + 1.0) + nu - 0.1)
    return np.asarray(np.where(h >= top, 0.0, knife - 6.03))


def terrestrial_db(frequency_ghz: ArrayLike, distance_km: ArrayLike, percent: ArrayLike = 50.0) -> Array:
    """Loss not exceeded at a share of places, one end of a terrestrial path in clutter (section 3.2), in dB.

    Parameters
    ----------
    frequency_ghz, distance_km : array_like
        0.5 to 67 GHz, 0.25 km or more (1 km or more where both ends are in clutter).
    percent : array_like
        Share of places, above 0 and below 100.

    Notes
    -----
    Equations (3) to (6); at most the loss at 2 km.

    Examples
    --------
    >>> terrestrial_db(26.6, 15.8, 45.0).round(2).tolist()
    32.48
    """
    check("terrestrial_db", frequency_ghz=frequency_ghz, distance_km=distance_km, percent=percent)
    log_f = np.log10(np.asarray(frequency_ghz, dtype=np.float64))
    long_ = -2.0 * np.log10(10.0 ** (-5.0 * log_f - 12.5) + 10.0**-16.5)
    q_inverse = -ndtri(np.asarray(percent, dtype=np.float64) / 100.0)

    def loss(distance: Array) -> Array:
        short = 32.98 + 23.9 * np.log10(distance) + 3.0 * log_f
        a, b = 10.0 ** (-0.2 * long_), 10.0 ** (-0.2 * short)
        spread = np.sqrt((16.0 * a + 36.0 * b) / (a + b))
        return np.asarray(-5.0 * np.log10(a + b) - spread * q_inverse)

    distance = np.asarray(distance_km, dtype=np.float64)
    return np.asarray(np.minimum(loss(distance), loss(np.full_like(distance, 2.0))))


def slant_db(frequency_ghz: ArrayLike, elevation_deg: ArrayLike, percent: ArrayLike = 50.0) -> Array:
    """Loss not exceeded at a share of places towards a satellite or an aircraft (section 3.3), in dB.

    Parameters
    ----------
    frequency_ghz, elevation_deg : array_like
        10 to 100 GHz; 0 to 90 degrees.
    percent : array_like
        Share of places, above 0 and below 100. Small shares at high elevations give small gains.

    Notes
    -----
    Equation (7).

    Examples
    --------
    >>> slant_db(30.0, 30.0, 50.0).round(4).tolist()
    4.7259
    """
    check("slant_db", frequency_ghz=frequency_ghz, elevation_deg=elevation_deg, percent=percent)
    share = np.asarray(percent, dtype=np.float64) / 100.0
    theta = np.asarray(elevation_deg, dtype=np.float64)
    scale = -93.0 * np.asarray(frequency_ghz, dtype=np.float64) ** 0.175 * np.log1p(-share)
    # at the zenith the exponent is 0, so the cotangent, which would cross 0 by rounding, does not count
    cotangent = np.maximum(1.0 / np.tan(0.05 * (1.0 - theta / 90.0) + np.radians(theta)), 1e-300)
    power = (scale * cotangent) ** (0.5 * (90.0 - theta) / 90.0)
    return np.asarray(power - 1.0 + 0.6 * ndtri(share))
