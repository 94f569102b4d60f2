"""Clocks without satellites: how long an oscillator keeps the time that a service needs.

Error after lock, x(t) = x0 + y0 t + D t^2 / 2 and noise (the oscillator equation, ITU-T G.810 annex I). The
noise of the time error follows from the Allan deviation: white frequency noise s1^2 t, flicker f^2 t^2 / ln 2
over the time since lock, random walk of frequency r^2 t^3 / 3 (NIST SP 1065, optimum prediction).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError

Array = NDArray[np.float64]
DAY_S, HOUR_S = 86_400.0, 3_600.0
LONGEST_H = 24.0 * 3650.0


@dataclass(frozen=True)
class Oscillator:
    """An oscillator after it was locked long enough.

    Attributes
    ----------
    frequency_offset : float
        Relative frequency error that the lock leaves.
    aging_per_day : float
        Change of the relative frequency in a day.
    white_fm_1s : float
        Allan deviation of the white frequency noise at 1 s.
    flicker_floor : float
        Allan deviation where it no longer falls.
    random_walk_1s : float
        Relative frequency per square root of a second.
    """

    frequency_offset: float
    aging_per_day: float
    white_fm_1s: float
    flicker_floor: float
    random_walk_1s: float


def load(name: str) -> Oscillator:
    """Oscillator of the catalog: ``tcxo``, ``ocxo``, ``ocxo-high``, ``rubidium``, ``cesium``."""
    data = catalog.entry("oscillators", name).data
    return Oscillator(**{item.name: float(data[item.name]) for item in fields(Oscillator)})


def limits() -> dict[str, tuple[float, float]]:
    """Time limits of the catalog and what is used of them before holdover begins, in nanoseconds."""
    found = {item.name: item.data for item in catalog.entries("timelimits")}
    return {name: (data["limit_us"] * 1e3, data["reserve_us"] * 1e3) for name, data in found.items()}


def noise_ns(oscillator: Oscillator, hours: ArrayLike) -> Array:
    """Noise of the time error after hours of holdover, one sigma.

    Examples
    --------
    >>> noise_ns(Oscillator(0.0, 0.0, 1e-11, 0.0, 0.0), 1.0).round(2).item()
    0.6
    """
    t = np.asarray(hours, dtype=np.float64) * HOUR_S
    variance = oscillator.white_fm_1s**2 * t + (oscillator.flicker_floor * t) ** 2 / math.log(2.0)
    return np.asarray(np.sqrt(variance + oscillator.random_walk_1s**2 * t**3 / 3.0) * 1e9)


def error_ns(oscillator: Oscillator, hours: ArrayLike, initial_ns: float = 0.0, sigmas: float = 1.0) -> Array:
    """Time error after hours of holdover.

    Parameters
    ----------
    initial_ns : float
        Error when the satellites are lost.
    sigmas : float
        Of the noise, added to the error that offset and aging make.

    Examples
    --------
    >>> error_ns(load("rubidium"), [4.0, 24.0]).round(-1).tolist()
    [160.0, 1010.0]
    """
    t = np.asarray(hours, dtype=np.float64) * HOUR_S
    if (t < 0.0).any():
        raise RabtaError("no time", key="hours", value=float(t.min()) / HOUR_S, expected="0 or more")
    drift = oscillator.frequency_offset * t + 0.5 * oscillator.aging_per_day / DAY_S * t**2
    return np.asarray(initial_ns + drift * 1e9 + sigmas * noise_ns(oscillator, hours))


def hours_until(
    oscillator: Oscillator, limit_ns: float, initial_ns: float = 0.0, sigmas: float = 1.0
) -> float:
    """Hours until the error reaches a limit: 0 where it is there at once, at most ten years.

    Examples
    --------
    >>> round(hours_until(load("ocxo-high"), 10_000.0))
    24
    """
    for key, value in (("limit_ns", limit_ns), ("initial_ns", initial_ns), ("sigmas", sigmas)):
        if not 0.0 <= value < float("inf"):
            raise RabtaError("no such holdover", key=key, value=value, expected="zero or a positive number")
    if initial_ns >= limit_ns:
        return 0.0
    low, high = 0.0, LONGEST_H
    if float(error_ns(oscillator, high, initial_ns, sigmas)) <= limit_ns:
        return high
    while high - low > 1e-6 * high:
        middle = 0.5 * (low + high)
        inside = float(error_ns(oscillator, middle, initial_ns, sigmas)) <= limit_ns
        low, high = (middle, high) if inside else (low, middle)
    return high


def table(sigmas: float = 1.0) -> list[dict[str, object]]:
    """Hours of each oscillator until each limit, a row for each pair."""
    rows: list[dict[str, object]] = []
    for need, (limit, used) in limits().items():
        for name in catalog.names("oscillators"):
            hours = hours_until(load(name), limit, used, sigmas)
            rows.append({"need": need, "limit_us": limit / 1e3, "oscillator": name, "hours": hours})
    return rows
