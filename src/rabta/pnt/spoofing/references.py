"""What a quantity should be now, from its own past only: constants, and clocks of a class found from it.

Errors of codes last (multipath, air, orbits), so the mean of many epochs is not as good as their number says:
each reference counts one independent value for every `LASTING_S`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]

LASTING_S = 1800.0
CLIP = 3.0
"""Innovations beyond so many sigmas count as that much, so that an attack hardly moves its reference."""

MILLISECOND_M = 1e-3 * LIGHT_M_S
# h0 and h-2 of oscillators: Brown and Hwang, Introduction to Random Signals, 3rd ed., table 11.2; the two
# between oven and compensated crystals are equal steps of the logarithm, for receivers between the classes.
CLOCKS = {
    "rubidium": (2e-20, 4e-29),
    "oven": (8e-20, 4e-23),
    "good compensated": (1e-19, 3.2e-22),
    "fair compensated": (1.5e-19, 2.5e-21),
    "compensated": (2e-19, 2e-20),
}
DOPPLER_M_S = 0.1
"""Standard deviation of the clock's rate by Doppler, metres a second, for a time dilution of one."""
COMMON_M2_S = 0.002
"""Random walk of errors that all ranges share (2 m, an hour)."""
LEARNING_S = 120.0
LEARNING = 8
"""Least time and number of epochs before a class of clock is believed."""
AHEAD_S = (0.0, 20.0, 60.0)
"""How long before an epoch the state is that predicts it; 0: the epoch before."""


def constant(values: Array, sigma: Array, seconds: Array, lasting_s: float = LASTING_S) -> Array:
    """Normalised differences from a constant that each column's past tells, shape (epoch, column).

    Parameters
    ----------
    values, sigma : ndarray, shape (epoch, column)
        NaN where absent.
    seconds : ndarray, shape (epoch,)

    Examples
    --------
    >>> z = constant(np.array([[0.0], [0.0], [10.0]]), np.ones((3, 1)), np.array([0.0, 1800.0, 3600.0]))
    >>> z[:, 0].round(2).tolist()  # 10 / sqrt(1 + 1/2)
    [0.0, 0.0, 8.16]
    """
    size = values.shape[1]
    mean, variance = np.zeros(size), np.full(size, np.inf)
    out = np.zeros(values.shape)
    before = seconds[:1].repeat(size) if seconds.size else np.zeros(size)
    for k in range(values.shape[0]):
        here = np.isfinite(values[k]) & np.isfinite(sigma[k])
        fresh = here & ~np.isfinite(variance)
        old = here & ~fresh
        noise = np.where(here, sigma[k], 1.0) ** 2
        total = np.sqrt(np.where(old, variance, 0.0) + noise)
        z = np.where(old, (np.nan_to_num(values[k]) - mean) / total, 0.0)
        out[k] = z
        spaced = np.maximum(lasting_s / np.clip(seconds[k] - before, 1e-3, lasting_s), 1.0)
        with np.errstate(invalid="ignore"):
            gain = np.where(old, variance / (variance + noise * spaced), 0.0)
        mean = np.where(fresh, np.nan_to_num(values[k]), mean + gain * np.clip(z, -CLIP, CLIP) * total)
        variance = np.where(fresh, noise, np.where(old, variance * (1.0 - gain), variance))
        before = np.where(here, seconds[k], before)
    return out


@dataclass(frozen=True)
class Clock:
    """A receiver's clock against its past.

    Attributes
    ----------
    z : ndarray, shape (epoch,)
        Largest normalised difference from predictions; zero while learning.
    oscillator : ndarray of str, shape (epoch,)
        Class believed at the epoch; empty while learning.
    steps : int
        Whole-millisecond steps taken out.
    """

    z: Array
    oscillator: NDArray[np.str_]
    steps: int


def whole_steps(clock_m: Array, seconds: Array, near_m: float = 1500.0) -> tuple[Array, int]:
    """Clock without whole-millisecond steps, and their number.

    A step is taken out where the clock's change, less the drift before, is near a multiple of a millisecond.

    Examples
    --------
    >>> out, steps = whole_steps(np.array([0.0, 1.0, 299_794.5, 299_795.5]), np.arange(4.0))
    >>> out.round(1).tolist(), steps
    ([0.0, 1.0, 2.0, 3.0], 1)
    """
    out, steps, drift, last = clock_m.copy(), 0, 0.0, -1
    taken = 0.0
    for k in np.flatnonzero(np.isfinite(clock_m)).tolist():
        out[k] -= taken
        if last >= 0:
            step = seconds[k] - seconds[last]
            jump = out[k] - out[last] - drift * step
            whole = round(jump / MILLISECOND_M) * MILLISECOND_M
            if whole and abs(jump - whole) < near_m:
                out[k] -= whole
                taken, steps = taken + whole, steps + 1
            if abs(jump - whole) < near_m:
                drift = (out[k] - out[last]) / max(step, 1e-3)
        last = k
    return out, steps


def clock(clock_m: Array, sigma_m: Array, seconds: Array, rate_m_s: Array, rate_sigma_m_s: Array) -> Clock:
    """Compare a clock with what its own past predicts.

    The class of oscillator is the best of `CLOCKS` whose predictions have held so far: the mean of the
    squares of the normalised differences, of epochs more than the longest of `AHEAD_S` ago, is below 1.5.

    Parameters
    ----------
    clock_m, sigma_m : ndarray, shape (epoch,)
        NaN where absent.
    rate_m_s, rate_sigma_m_s : ndarray, shape (epoch,)
        Rates by Doppler; NaN where absent.
    """
    straight, steps = whole_steps(clock_m, seconds)
    rates = rate_m_s, rate_sigma_m_s
    tried = [_filtered(straight, sigma_m, seconds, rates, *noise) for noise in CLOCKS.values()]
    z, kind = np.zeros(seconds.size), np.full(seconds.size, "", dtype="U16")
    held = [np.cumsum(np.minimum(look**2, 100.0), axis=0) for look in tried]
    seen = np.cumsum(np.isfinite(straight))
    for k in range(seconds.size):
        past = int(np.searchsorted(seconds, seconds[k] - AHEAD_S[-1], side="right")) - 1
        if past < 0 or seen[past] < LEARNING or seconds[past] - seconds[0] < LEARNING_S:
            continue
        for name, look, total in zip(CLOCKS, tried, held, strict=True):
            if name == "compensated" or (total[past] / seen[past] < 1.5).all():
                z[k], kind[k] = float(np.abs(look[k]).max()), name
                break
    return Clock(z, kind, steps)


def _filtered(
    clock_m: Array, sigma_m: Array, seconds: Array, rates: tuple[Array, Array], h0: float, h2: float
) -> Array:
    """Normalised differences from predictions from each of `AHEAD_S` before, shape (epoch, 6): each."""
    white = 0.5 * h0 * LIGHT_M_S**2 + COMMON_M2_S
    walk = 2.0 * np.pi**2 * h2 * LIGHT_M_S**2
    out = np.zeros((seconds.size, 2 * len(AHEAD_S)))
    states: list[tuple[float, Array, Array]] = []
    for k in np.flatnonzero(np.isfinite(clock_m) & np.isfinite(sigma_m)).tolist():
        noise = float(sigma_m[k]) ** 2, float(rates[1][k]) ** 2
        seen = float(clock_m[k]), float(rates[0][k])
        if not states:
            cov = np.diag([noise[0], 1000.0**2])  # 3 microseconds a second: any receiver's
            states.append((float(seconds[k]), np.array([seen[0], 0.0]), cov))
            continue
        for j, ahead in enumerate(AHEAD_S):
            place = len(states) - 1
            while place > 0 and seconds[k] - states[place][0] < ahead:
                place -= 1
            x, cov = _ahead(states[place], float(seconds[k]), white, walk)
            out[k, j] = (seen[0] - x[0]) / np.sqrt(cov[0, 0] + noise[0])
            if np.isfinite(seen[1] + noise[1]):
                out[k, len(AHEAD_S) + j] = (seen[1] - x[1]) / np.sqrt(cov[1, 1] + noise[1])
        x, cov = _ahead(states[-1], float(seconds[k]), white, walk)
        for part in (0, 1):
            if np.isfinite(seen[part] + noise[part]):
                x, cov = _updated(x, cov, part, seen[part], noise[part])
        states.append((float(seconds[k]), x, cov))
        del states[: max(0, len(states) - 200)]
    return out


def _updated(x: Array, cov: Array, part: int, value: float, noise: float) -> tuple[Array, Array]:
    """State after a measurement of one of its parts, clipped."""
    total = cov[part, part] + noise
    gain = cov[:, part] / total
    z = float(np.clip((value - x[part]) / np.sqrt(total), -CLIP, CLIP))
    return x + gain * z * np.sqrt(total), cov - np.outer(gain, cov[part])


def _ahead(state: tuple[float, Array, Array], when: float, white: float, walk: float) -> tuple[Array, Array]:
    """State of offset and drift later."""
    before, x, cov = state
    step = when - before
    turn = np.array([[1.0, step], [0.0, 1.0]])
    more = np.array(
        [[white * step + walk * step**3 / 3, walk * step**2 / 2], [walk * step**2 / 2, walk * step]]
    )
    return turn @ x, turn @ cov @ turn.T + more
