"""Point-to-area prediction over terrain, 30 MHz to 6 GHz: ITU-R P.1812-7.

Troposcatter is that of edition 6: the ITU asks users of edition 7 to go back to it, and its validation
examples do. Entry into buildings (section 4.8) takes the median and the deviation of P.2109.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.terrain.profile import PARTS, Profiles, check, evaluate, vertical

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.1812-7"
RANGES = {
    "frequency_ghz": (0.03, 6.0),
    "time_percent": (1.0, 50.0),
    "location_percent": (1.0, 99.0),
    "tx_height_m": (1.0, 3000.0),
    "rx_height_m": (1.0, 3000.0),
    "distance_km": (0.25, 3000.0),
    "latitude_deg": (-80.0, 80.0),
}
LEAST_POINTS = 5
SMOOTH = ("profile", "closed form")


def loss_db(
    paths: Profiles,
    frequency_ghz: ArrayLike,
    tx_height_m: ArrayLike,
    rx_height_m: ArrayLike,
    *,
    time_percent: ArrayLike = 50.0,
    location_percent: ArrayLike = 50.0,
    polarisation: str | Sequence[str] = "vertical",
    tx_coast_km: ArrayLike = np.nan,
    rx_coast_km: ArrayLike = np.nan,
    resolution_m: ArrayLike = 100.0,
    entry_db: ArrayLike = 0.0,
    entry_sigma_db: ArrayLike = 0.0,
    smooth: str = "profile",
) -> Array:
    """Basic transmission loss not exceeded for a part of the time and of the places, in dB.

    Parameters
    ----------
    paths : Profiles
        From `rabta.radio.terrain.profile.profiles`, or of a nation from `rabta.radio.terrain.raster`.
    frequency_ghz, tx_height_m, rx_height_m, time_percent, location_percent : array_like
        Within `RANGES`; broadcast against the paths. Heights are over the ground.
    polarisation : {"horizontal", "vertical"}
    tx_coast_km, rx_coast_km : array_like
        Land between an antenna and the sea on the way to the other; from the zones if absent.
    resolution_m : array_like
        Side of the square inside which places vary (section 4.7).
    entry_db, entry_sigma_db : array_like
        Median and deviation of the entry into a building; 0 outdoors.
    smooth : {"profile", "closed form"}
        The closed form is attachment 4 to annex 1.

    Raises
    ------
    RabtaError
        A value outside `RANGES`, named.
    """
    query: dict[str, ArrayLike] = {
        "frequency_ghz": frequency_ghz, "tx_height_m": tx_height_m, "rx_height_m": rx_height_m,
        "time_percent": time_percent, "location_percent": location_percent,
        "vertical": vertical(polarisation), "tx_coast_km": tx_coast_km, "rx_coast_km": rx_coast_km,
        "resolution_m": resolution_m, "entry_db": entry_db, "entry_sigma_db": entry_sigma_db,
        "closed": _closed(smooth),
    }  # fmt: skip
    return np.asarray(_checked(paths, query, 1)[..., 0])


def parts(paths: Profiles, query: dict[str, ArrayLike]) -> dict[str, Array]:
    """The parts of the loss, by the names of `PARTS`; ``query`` as `rabta.radio.terrain.profile.QUERY`."""
    found = _checked(paths, {"location_percent": 50.0, "resolution_m": 100.0, **query}, len(PARTS))
    return {name: found[..., k] for k, name in enumerate(PARTS)}


def field_strength_dbuv_m(loss: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Field strength of 1 kW effective radiated power. ITU-R P.1812-7, section 4.10."""
    return np.asarray(199.36 + 20.0 * np.log10(frequency_ghz) - np.asarray(loss, np.float64))


def _closed(smooth: str) -> float:
    if smooth not in SMOOTH:
        raise RabtaError(
            "no such way to the smooth Earth", key="smooth", value=smooth, expected=nearest(smooth, SMOOTH)
        )
    return float(smooth == "closed form")


def _checked(paths: Profiles, query: dict[str, ArrayLike], columns: int) -> Array:
    for name in ("frequency_ghz", "time_percent", "location_percent", "tx_height_m", "rx_height_m"):
        check(name, query[name], RANGES, RECOMMENDATION)
    check("distance_km", paths.length_km, RANGES, RECOMMENDATION)
    check("latitude_deg", paths.latitude_deg, RANGES, RECOMMENDATION)
    if (paths.at[:, 4] < LEAST_POINTS).any():
        raise RabtaError(
            f"too few points for {RECOMMENDATION}",
            key="ground_m",
            value=int(paths.at[:, 4].min()),
            expected=f"at least {LEAST_POINTS}",
        )
    return evaluate(paths, query, p452=False, columns=columns)
