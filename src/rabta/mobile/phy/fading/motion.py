"""Delay that changes with time, as of a satellite, and values between samples.

A carrier that is delayed by tau(t) turns by -2 pi f tau(t): Doppler shift and its rate follow from the same
delay that moves the samples, so the two never drift apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

LENGTH = 32  # samples that make one value between samples
PHASES = 512
STOPBAND_DB = 97.0  # of images, where the signal fills at most 0.8 of the sample rate


@dataclass(frozen=True)
class Track:
    """A delay over time of reception, as a cubic spline.

    Attributes
    ----------
    knots_s : ndarray, shape (knot,)
    pieces : ndarray, shape (4, knot - 1)
        Coefficients of (t - knot)^3, ^2, ^1 and 1, in seconds.
    carrier_hz : float
    """

    knots_s: Array
    pieces: Array
    carrier_hz: float

    @classmethod
    def through(cls, times_s: ArrayLike, delay_s: ArrayLike, carrier_hz: float) -> Track:
        """Through delays at given times; 0.5 s apart, a pass 600 km high is met to 3e-14 s.

        Raises
        ------
        RabtaError
            For fewer than four times, times that do not rise, values that are not finite, delays beyond 10 s
            or that change faster than light allows, or a carrier outside 0 to 1 THz.
        """
        from scipy.interpolate import CubicSpline

        times, delay = np.asarray(times_s, dtype=np.float64), np.asarray(delay_s, dtype=np.float64)
        check_range("carrier_hz", carrier_hz, 0.0, 1e12, "this model")
        wrong = times.ndim != 1 or times.size < 4 or times.shape != delay.shape
        if wrong or not (
            np.isfinite(times).all() and np.isfinite(delay).all() and (np.diff(times) > 0).all()
        ):
            raise RabtaError("no track", key="times_s, delay_s", value=f"{times.shape}, {delay.shape}",
                             expected="four or more rising times, with a delay each")  # fmt: skip
        check_range("delay_s", delay, -10.0, 10.0, "this model")
        check_range("change of the delay", np.diff(delay) / np.diff(times), -0.5, 0.5, "this model")
        return cls(times, np.ascontiguousarray(CubicSpline(times, delay).c), carrier_hz)

    @classmethod
    def steady(cls, carrier_hz: float, *, shift_hz: float = 0.0, rate_hz_s: float = 0.0, delay_s: float = 0.0,
               duration_s: float = 1.0) -> Track:  # fmt: skip
        """A Doppler shift that changes at a constant rate, from time 0 on.

        Examples
        --------
        >>> track = Track.steady(2e9, shift_hz=40e3, rate_hz_s=-500.0, delay_s=5e-3, duration_s=10.0)
        >>> track.shift_hz([0.0, 10.0]).round(6).tolist()
        [40000.0, 35000.0]
        """
        check_range("carrier_hz", carrier_hz, 1.0, 1e12, "this model")
        times = np.linspace(0.0, duration_s, 5)
        turns = shift_hz * times + rate_hz_s * times**2 / 2.0
        return cls.through(times, delay_s - turns / carrier_hz, carrier_hz)

    def _value(self, times_s: ArrayLike, derivative: int) -> Array:
        from scipy.interpolate import PPoly

        times = np.asarray(times_s, dtype=np.float64)
        check_range("times_s", times, float(self.knots_s[0]), float(self.knots_s[-1]), "this track")
        return np.asarray(PPoly(self.pieces, self.knots_s)(times, derivative))

    def delay_s(self, times_s: ArrayLike) -> Array:
        """Delay at times of reception."""
        return self._value(times_s, 0)

    def shift_hz(self, times_s: ArrayLike) -> Array:
        """Doppler shift of the carrier."""
        return -self.carrier_hz * self._value(times_s, 1)

    def rate_hz_s(self, times_s: ArrayLike) -> Array:
        """Change of the Doppler shift."""
        return -self.carrier_hz * self._value(times_s, 2)


@cache
def between() -> Array:
    """Weights of samples around a place between two, shape (PHASES + 1, LENGTH).

    Row r has those of the place r / PHASES after sample LENGTH / 2 - 1: a sinc under Kaiser's window. Signals
    within 0.8 of the sample rate keep their amplitude, and images lie 97 dB below.
    """
    beta = 0.1102 * (STOPBAND_DB - 8.7)  # Kaiser's formula for more than 50 dB
    place = np.arange(PHASES + 1)[:, None] / PHASES + (LENGTH // 2 - 1) - np.arange(LENGTH)
    inside = np.sqrt(np.maximum(1.0 - (2.0 * place / LENGTH) ** 2, 0.0))
    weight = np.sinc(place) * np.i0(beta * inside) / np.i0(beta)
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))
