"""Interference between stations on the ground, 0.1 to 50 GHz, in clear air: ITU-R P.452-18.

Scatter from rain (section 5) is not in here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range
from rabta.radio.terrain.profile import PARTS, Profiles, check, evaluate, vertical

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.452-18"
RANGES = {
    "frequency_ghz": (0.1, 50.0),
    "time_percent": (0.001, 50.0),
    "distance_km": (0.01, 10_000.0),
    "latitude_deg": (-90.0, 90.0),
    "tx_height_m": (0.1, 20_000.0),  # the Recommendation names none; antennas of the ground stand on it
    "rx_height_m": (0.1, 20_000.0),
}
LEAST_POINTS = 4


def loss_db(
    paths: Profiles,
    frequency_ghz: ArrayLike,
    tx_height_m: ArrayLike,
    rx_height_m: ArrayLike,
    *,
    time_percent: ArrayLike = 50.0,
    polarisation: str | Sequence[str] = "vertical",
    tx_gain_dbi: ArrayLike = 0.0,
    rx_gain_dbi: ArrayLike = 0.0,
    worst_month: bool = False,
    dry_hpa: ArrayLike = 1013.0,
    temperature_c: ArrayLike = 15.0,
    tx_coast_km: ArrayLike = np.nan,
    rx_coast_km: ArrayLike = np.nan,
) -> Array:
    """Basic transmission loss not exceeded for a part of the time, in dB.

    Parameters
    ----------
    paths : Profiles
        With clutter heights where there is clutter: from 50 m from an antenna on they count as ground.
    frequency_ghz, tx_height_m, rx_height_m, time_percent : array_like
        Within `RANGES`; broadcast against the paths. Heights are over the ground.
    polarisation : {"horizontal", "vertical"}
    tx_gain_dbi, rx_gain_dbi : array_like
        Gain towards the horizon on the path (couples to the scatter volume, section 4.3).
    worst_month : bool
        The time is one of the average worst month instead of the average year.
    dry_hpa, temperature_c : array_like
        Pressure of the dry air and its temperature.
    tx_coast_km, rx_coast_km : array_like
        Land between an antenna and the sea on the way to the other; from the zones if absent.

    Raises
    ------
    RabtaError
        A value outside `RANGES`, named.
    """
    query: dict[str, ArrayLike] = {
        "frequency_ghz": frequency_ghz, "tx_height_m": tx_height_m, "rx_height_m": rx_height_m,
        "time_percent": time_percent, "vertical": vertical(polarisation),
        "gains_dbi": np.asarray(tx_gain_dbi, np.float64) + np.asarray(rx_gain_dbi, np.float64),
        "worst_month": float(worst_month), "pressure_hpa": dry_hpa,
        "temperature_k": np.asarray(temperature_c, np.float64) + 273.15,
        "tx_coast_km": tx_coast_km, "rx_coast_km": rx_coast_km,
    }  # fmt: skip
    return np.asarray(_checked(paths, query, 1)[..., 0])


def parts(paths: Profiles, query: dict[str, ArrayLike]) -> dict[str, Array]:
    """The parts of the loss, by the names of `PARTS`; ``query`` as `rabta.radio.terrain.profile.QUERY`."""
    found = _checked(paths, {"pressure_hpa": 1013.0, "temperature_k": 288.15, **query}, len(PARTS))
    return {name: found[..., k] for k, name in enumerate(PARTS)}


def _checked(paths: Profiles, query: dict[str, ArrayLike], columns: int) -> Array:
    for name in ("frequency_ghz", "time_percent", "tx_height_m", "rx_height_m"):
        check(name, query[name], RANGES, RECOMMENDATION)
    check("distance_km", paths.length_km, RANGES, RECOMMENDATION)
    check("latitude_deg", paths.latitude_deg, RANGES, RECOMMENDATION)
    check_range("dry_hpa", query["pressure_hpa"], 100.0, 1100.0, RECOMMENDATION)
    check_range("temperature_k", query["temperature_k"], 180.0, 340.0, RECOMMENDATION)
    if (paths.at[:, 4] < LEAST_POINTS).any():
        raise RabtaError(
            f"too few points for {RECOMMENDATION}",
            key="ground_m",
            value=int(paths.at[:, 4].min()),
            expected=f"at least {LEAST_POINTS}",
        )
    return evaluate(paths, query, p452=True, columns=columns)
