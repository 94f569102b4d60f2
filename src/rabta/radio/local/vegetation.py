"""Loss in woods: ITU-R P.833-9, a terminal in woodland."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.833-9"
RANGES = {"frequency_ghz": (0.1059, 2.1175), "depth_m": (0.0, 1e4)}
# Table 1, mixed forest near St. Petersburg: MHz, dB/m, dB.
FOREST = (
    (105.9, 0.04, 9.4),
    (466.475, 0.12, 18.0),
    (949.0, 0.17, 26.5),
    (1852.2, 0.30, 29.0),
    (2117.5, 0.34, 34.1),
)


def woodland_db(
    depth_m: ArrayLike,
    frequency_ghz: ArrayLike,
    gamma_db_m: ArrayLike | None = None,
    limit_db: ArrayLike | None = None,
) -> Array:
    """Loss of a terminal at a depth of woodland beyond that of the path without it, in dB.

    Parameters
    ----------
    depth_m : array_like
        Length of the path in the wood.
    frequency_ghz : array_like
        0.1059 to 2.1175 GHz, the frequencies of table 1.
    gamma_db_m, limit_db : array_like, optional
        Specific attenuation of short paths and the largest loss, where they were measured; else those of
        table 1's forest, between its frequencies on a logarithmic scale.

    Notes
    -----
    Section 2.1, equation (1).

    Examples
    --------
    >>> woodland_db([10.0, 1000.0], 0.949).round(2).tolist()
    [1.65, 26.46]
    """
    check_range("depth_m", depth_m, *RANGES["depth_m"], RECOMMENDATION)
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    mhz, gamma, limit = np.log10(np.array(FOREST)).T
    log_f = np.log10(np.asarray(frequency_ghz, dtype=np.float64) * 1e3)
    steep = 10.0 ** np.interp(log_f, mhz, gamma) if gamma_db_m is None else np.asarray(gamma_db_m)
    most = 10.0 ** np.interp(log_f, mhz, limit) if limit_db is None else np.asarray(limit_db)
    return np.asarray(most * -np.expm1(-np.asarray(depth_m, dtype=np.float64) * steep / most))
