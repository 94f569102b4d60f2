"""Uplink power control: a terminal sends more while its downlink fades."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.618-14"
RANGES = {"frequency_ghz": (7.0, 55.0), "fade_db": (0.0, 200.0)}


def scaled_fade_db(fade_db: ArrayLike, from_ghz: ArrayLike, to_ghz: ArrayLike) -> Array:
    """Rain fade at one frequency from that at another, in dB.

    Notes
    -----
    P.618-14, section 2.2.1.3: A2 = A1 (phi2 / phi1)^(1 - H), phi = f^2 / (1 + 1e-4 f^2),
    H = 1.12e-3 (phi2 / phi1)^0.5 (phi1 A1)^0.55. It differs from the same Recommendation's prediction for the
    second frequency: from 14.25 to 29 GHz by -4 % in London and by -15 % at New Delhi, both at 0.01 %.

    Examples
    --------
    >>> scaled_fade_db(10.0, 20.0, 30.0).round(2).tolist()
    19.09
    """
    check_range("from_ghz", from_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("to_ghz", to_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    fade = np.asarray(fade_db, dtype=np.float64)
    check_range("fade_db", np.nan_to_num(fade), *RANGES["fade_db"], RECOMMENDATION)
    first, second = (np.asarray(f, dtype=np.float64) ** 2 for f in (from_ghz, to_ghz))
    first, second = first / (1.0 + 1e-4 * first), second / (1.0 + 1e-4 * second)
    power = 1.12e-3 * np.sqrt(second / first) * (first * fade) ** 0.55
    return np.asarray(fade * (second / first) ** (1.0 - power))


def control_db(
    fade_down_db: ArrayLike,
    step_s: float,
    *,
    down_ghz: float,
    up_ghz: float,
    most_db: float,
    delay_s: float = 0.5,
) -> Array:
    """Power that a terminal adds over time, in dB.

    Parameters
    ----------
    fade_down_db : array_like, shape (time, link)
        Rain fade of the downlink as the terminal measures it; NaN where there is no link.
    most_db : float
        What its amplifier has in reserve.
    delay_s : float
        From a measurement to the power; rounded up to steps. Nothing is added before the first one.

    Notes
    -----
    Open loop: the uplink's fade is the downlink's, scaled in frequency. What is left of the uplink's fade is
    its fade less this.
    """
    fade = np.asarray(fade_down_db, dtype=np.float64)
    if fade.ndim != 2:
        raise RabtaError(
            "fades are not a table", key="fade_down_db", value=fade.shape, expected="(time, link)"
        )
    check_range("step_s", step_s, 1e-6, 1e5, "a series")
    check_range("most_db", most_db, 0.0, 40.0, "an amplifier")
    check_range("delay_s", delay_s, 0.0, 1e5, "a series")
    lag = int(np.ceil(delay_s / step_s - 1e-9))
    wanted = np.nan_to_num(scaled_fade_db(np.maximum(fade, 0.0), down_ghz, up_ghz))
    late = np.zeros_like(fade)
    late[lag:] = wanted[: len(fade) - lag] if lag else wanted
    return np.minimum(late, most_db)
