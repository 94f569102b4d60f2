"""Compiled search of the smallest bound that keeps an integrity risk."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

# Coefficients of the inverse normal distribution: Wichura 1988, AS 241, PPND16.
_A = np.array([3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
               1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
               3.3430575583588128105e4, 2.5090809287301226727e3])  # fmt: skip
_B = np.array([1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
               2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
               5.2264952788528545610e3])  # fmt: skip
_C = np.array([1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
               3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
               2.27238449892691845833e-2, 7.74545014278341407640e-4])  # fmt: skip
_D = np.array([1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
               1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
               1.05075007164441684324e-9])  # fmt: skip
_E = np.array([6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
               2.71155556874348757815e-5, 2.01033439929228813265e-7])  # fmt: skip
_F = np.array([1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
               7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
               2.04426310338993978564e-15])  # fmt: skip


@inline
def _ratio(top: F8, low: F8, r: float) -> float:
    """Ratio of two polynomials of degree seven."""
    p, q = 0.0, 0.0
    for i in range(7, -1, -1):
        p = p * r + top[i]
        q = q * r + low[i]
    return float(p / q)


@kernel("float64(float64)")
def tail_point(p: float) -> float:
    """Point that a standard normal variable exceeds with a probability (`scipy.special.ndtri` of 1 - p)."""
    if p <= 0.0:
        return math.inf
    if p >= 1.0:
        return -math.inf
    q = 0.5 - p
    if abs(q) <= 0.425:
        return q * _ratio(_A, _B, 0.180625 - q * q)
    r = math.sqrt(-math.log(min(p, 1.0 - p)))
    value = _ratio(_C, _D, r - 1.6) if r <= 5.0 else _ratio(_E, _F, r - 5.0)
    return value if q > 0.0 else -value


@inline
def _tail(x: float) -> float:
    """Probability that a standard normal variable exceeds x."""
    return 0.5 * math.erfc(x * 0.7071067811865476)


@kernel("float64(float64[::1], float64[::1], float64[::1], int64[::1], int64, float64, float64)")
def level(  # noqa: C901, PLR0912
    sigma: F8, shift: F8, p: F8, live: I8, count: int, budget: float, tolerance: float
) -> float:
    """Smallest bound whose risk is within the budget: half-interval search.

    Risk of mode k at bound L: p_k times the probability that sigma_k times a normal variable exceeds
    L - shift_k, or p_k whole where L is below shift_k. The fault-free mode comes first, with p = 2.
    """
    if not budget > 0.0:
        return math.inf
    low, step = shift[0] + sigma[0] * tail_point(min(0.5, budget / p[0])), 1.0
    for k in range(count):
        live[k] = k
    base, high = 0.0, low
    n = count
    while True:
        risk = base
        keep = 0
        for i in range(n):
            k = live[i]
            x = (high - shift[k]) / sigma[k]
            part = p[k] if x <= 0.0 else p[k] * _tail(x)
            risk += part
            if part > 1e-9 * budget:  # what is nothing here is less at any larger bound
                live[keep] = k
                keep += 1
            else:
                base += part
        if risk <= budget:
            break
        n = keep
        low = high
        high += step
        step *= 2.0
        if high > 1e7:
            return math.inf
    # the last pass may have dropped modes that count below `high`: begin again from those alive at `low`
    n, base = count, 0.0
    keep = 0
    for k in range(count):
        x = (low - shift[k]) / sigma[k]
        part = p[k] if x <= 0.0 else p[k] * _tail(x)
        if part > 1e-9 * budget:
            live[keep] = k
            keep += 1
        else:
            base += part
    while high - low > tolerance:
        middle = 0.5 * (low + high)
        risk = base
        for i in range(keep):
            k = live[i]
            x = (middle - shift[k]) / sigma[k]
            risk += p[k] if x <= 0.0 else p[k] * _tail(x)
        if risk > budget:
            low = middle
        else:
            high = middle
    return float(high)
