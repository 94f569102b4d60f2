"""Unit conversions and physical constants (SI inside, units in the names outside)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

SPEED_OF_LIGHT_M_S = 299_792_458.0  # exact, SI Brochure 9th edition
BOLTZMANN_J_K = 1.380649e-23  # exact, SI Brochure 9th edition
GM_EARTH_M3_S2 = 3.986004418e14  # WGS84, NIMA TR8350.2
MBPS = 1e6


def from_db(value_db: ArrayLike) -> NDArray[np.float64]:
    """Power ratio of a value in decibels.

    Examples
    --------
    >>> float(from_db(3.0))
    1.9952623149688795
    """
    return np.asarray(10.0 ** (np.asarray(value_db, dtype=np.float64) / 10.0))


def to_db(ratio: ArrayLike) -> NDArray[np.float64]:
    """Decibels of a power ratio.

    Examples
    --------
    >>> float(to_db(100.0))
    20.0
    """
    return np.asarray(10.0 * np.log10(np.asarray(ratio, dtype=np.float64)))
