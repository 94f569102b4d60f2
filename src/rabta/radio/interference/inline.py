"""Two constellations over one place: separation, inline events, C/I and I/N over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.geo import east_north_up, ecef_from_geodetic
from rabta.radio import linkbudget
from rabta.radio.itu import check_range
from rabta.radio.patterns.shapes import Pattern

Array = NDArray[np.float64]

RECOMMENDATION = "free space, ITU-R P.525-4"
RANGES = {"frequency_ghz": (0.1, 100.0), "activity": (0.0, 1.0)}
CHORDS = 200_001  # of the receiving pattern's table: 0.0006 degrees on the axis
LONGEST_DB = 200.0


@dataclass(frozen=True)
class Series:
    """One value each step.

    Attributes
    ----------
    serving : (t,) int array
        Wanted satellite in use, the highest; -1 where none is high enough.
    separation_deg : (t,) array
        From it to the nearest satellite of the other system, seen from the place; NaN where there is none.
    carrier_dbw_mhz, interference_dbw_mhz : (t,) arrays
        Densities at the receiver; -inf where there is nothing.
    c_i_db, i_n_db : (t,) arrays
        NaN and -inf where there is no carrier or no interference.
    """

    serving: NDArray[np.int64]
    separation_deg: Array
    carrier_dbw_mhz: Array
    interference_dbw_mhz: Array
    c_i_db: Array
    i_n_db: Array


def series(
    lat_deg: float,
    lon_deg: float,
    wanted_m: ArrayLike,
    other_m: ArrayLike,
    receiver: Pattern,
    *,
    frequency_ghz: float,
    wanted_eirp_dbw_mhz: float,
    other_eirp_dbw_mhz: float,
    noise_k: float,
    height_m: float = 0.0,
    least_elevation_deg: float = 25.0,
    other_least_elevation_deg: float = 10.0,
    activity: float = 1.0,
) -> Series:
    """Downlinks of two systems in one channel, at one place.

    Parameters
    ----------
    wanted_m, other_m : (t, n, 3) and (t, m, 3) array_like
        Positions fixed to the Earth.
    receiver : Pattern
        Round pattern of the terminal, which follows the highest wanted satellite.
    wanted_eirp_dbw_mhz, other_eirp_dbw_mhz : float
        Densities towards the place, per satellite.
    activity : float
        Mean part of the other satellites in view that light the place in this channel. 1 is the worst case.

    Notes
    -----
    Free space (ITU-R P.525-4); both systems' atmospheric losses are left out alike.
    """
    from rabta.radio.interference import _kernels

    check_range("activity", activity, *RANGES["activity"], "a share")
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], "two constellations")
    wanted, other = _positions(wanted_m, "wanted_m"), _positions(other_m, "other_m")
    if len(wanted) != len(other):
        raise RabtaError(
            "series of different length", key="other_m", value=len(other), expected=str(len(wanted))
        )
    steps = len(wanted)
    found = np.empty(steps, dtype=np.int64), np.empty(steps), np.empty(steps), np.empty(steps)
    table, step = _table(receiver)
    place = np.ascontiguousarray(ecef_from_geodetic(lat_deg, lon_deg, height_m))
    up = np.ascontiguousarray(east_north_up(lat_deg, lon_deg)[2])
    low, other_low = (float(np.sin(np.radians(a))) for a in (least_elevation_deg, other_least_elevation_deg))
    serving, chord, carrier, interference = found
    _kernels.over_place(
        place, up, wanted, other, low, other_low, table, step, serving, chord, carrier, interference
    )
    constant = receiver.peak_dbi - float(linkbudget.free_space_db(1e-3, frequency_ghz))  # at one metre
    with np.errstate(divide="ignore", invalid="ignore"):
        c = wanted_eirp_dbw_mhz + constant + 10.0 * np.log10(carrier)
        i = other_eirp_dbw_mhz + constant + 10.0 * np.log10(interference * activity)
        ratio = np.where(serving >= 0, c - i, np.nan)
    noise = linkbudget.BOLTZMANN_DBW_K_HZ + 10.0 * float(np.log10(noise_k)) + 60.0
    apart = np.degrees(2.0 * np.arcsin(np.minimum(np.where(np.isinf(chord), np.nan, chord) / 2.0, 1.0)))
    return Series(serving, apart, c, i, ratio, i - noise)


def _positions(values: ArrayLike, key: str) -> Array:
    found = np.ascontiguousarray(values, dtype=np.float64)
    if found.ndim != 3 or found.shape[2] != 3 or not np.isfinite(found).all():
        raise RabtaError(
            "not positions over time", key=key, value=found.shape, expected="finite (steps, satellites, 3)"
        )
    return found


def _table(receiver: Pattern) -> tuple[Array, float]:
    chord = np.linspace(0.0, 2.0, CHORDS)
    gain = receiver.gain_dbi(np.degrees(2.0 * np.arcsin(chord / 2.0))) - receiver.peak_dbi
    return np.asarray(10.0 ** (np.maximum(gain, -LONGEST_DB) / 10.0)), float(chord[1])


def events(times_s: ArrayLike, separation_deg: ArrayLike, within_deg: float) -> pd.DataFrame:
    """Inline events: spells in which the separation is below a limit.

    Returns
    -------
    DataFrame
        ``start_s, end_s, least_deg, at_s``. Starts and ends are interpolated between steps; a spell at an
        end of the series starts or ends there.
    """
    times, apart = np.asarray(times_s, dtype=np.float64), np.asarray(separation_deg, dtype=np.float64)
    if times.shape != apart.shape or times.ndim != 1 or (np.diff(times) <= 0.0).any():
        raise RabtaError(
            "times do not grow with the separations", key="times_s", expected="one time a step, growing"
        )
    close = np.where(np.isnan(apart), np.inf, apart) < within_deg
    edges = np.flatnonzero(np.diff(np.concatenate([[False], close, [False]]).astype(np.int8)))
    rows = []
    for first, past in edges.reshape(-1, 2):
        at = first + int(np.argmin(apart[first:past]))
        begin = _crossing(times, apart, first - 1, within_deg) if first else times[0]
        end = _crossing(times, apart, past - 1, within_deg) if past < len(times) else times[-1]
        rows.append((begin, end, apart[at], times[at]))
    return pd.DataFrame(rows, columns=["start_s", "end_s", "least_deg", "at_s"], dtype=np.float64)


def _crossing(times: Array, apart: Array, before: int, limit: float) -> float:
    """When the separation passes the limit between two steps; the inner step where the outer has none."""
    a, b = apart[before], apart[before + 1]
    if not np.isfinite(a):
        return float(times[before + 1])
    if not np.isfinite(b):
        return float(times[before])
    return float(times[before] + (limit - a) / (b - a) * (times[before + 1] - times[before]))


def exceeded(levels_db: ArrayLike, percent: ArrayLike) -> Array:
    """Levels exceeded for percentages of the time; steps without a level (NaN) are left out."""
    levels = np.asarray(levels_db, dtype=np.float64)
    finite = levels[~np.isnan(levels)]
    if finite.size == 0:
        raise RabtaError("no levels to rank", key="levels_db", expected="at least one number")
    return np.asarray(np.quantile(finite, 1.0 - np.asarray(percent) / 100.0, method="inverted_cdf"))


def share_below(levels_db: ArrayLike, threshold_db: ArrayLike) -> Array:
    """Share of the time below thresholds, 0 to 1; steps without a level (NaN) are left out.

    Examples
    --------
    >>> share_below([3.0, 8.0, np.nan, 12.0, 20.0], [5.0, 15.0]).tolist()
    [0.25, 0.75]
    """
    levels = np.asarray(levels_db, dtype=np.float64)
    ranked = np.sort(levels[~np.isnan(levels)])
    if ranked.size == 0:
        raise RabtaError("no levels to rank", key="levels_db", expected="at least one number")
    return np.asarray(np.searchsorted(ranked, np.asarray(threshold_db), side="left") / ranked.size)
