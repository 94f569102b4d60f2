"""Cells on the ground and aerial users up to 300 m: 3GPP TR 36.777 V15.0.0, Annex B.

All functions are vectorised: arrays broadcast against each other, one scenario a call. Distances are
along the ground and in metres, heights above the ground in metres, frequencies in GHz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.air.uav import low
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TR 36.777 V15.0.0"
SCENARIOS = ("RMa-AV", "UMa-AV", "UMi-AV")
BASE_M = {"RMa-AV": 35.0, "UMa-AV": 25.0, "UMi-AV": 10.0}  # note 1 of table B-1
RANGES = {
    "frequency_ghz": (0.5, 30.0),  # that of TR 38.901's RMa; the study itself looked at LTE's bands
    "height_m": (1.5, 300.0),
    "base_m": (10.0, 150.0),
}
REACH_M = {"RMa-AV": 10_000.0, "UMa-AV": 4_000.0, "UMi-AV": 4_000.0}
AERIAL_M = {"RMa-AV": 10.0, "UMa-AV": 22.5, "UMi-AV": 22.5}  # TR 38.901 at and below
ALWAYS_SEEN_M = {"RMa-AV": 40.0, "UMa-AV": 100.0, "UMi-AV": np.inf}  # table B-1: 100 % above


@dataclass(frozen=True)
class Links:
    """Drawn links.

    Attributes
    ----------
    loss_db : ndarray
        Path loss with shadowing.
    los : ndarray
        True in line of sight.
    """

    loss_db: Array
    los: NDArray[np.bool_]


def los_probability(scenario: str, distance_m: ArrayLike, height_m: ArrayLike) -> Array:
    """Probability of line of sight: table B-1, below the aerial heights table 7.4.2-1 of TR 38.901.

    Examples
    --------
    >>> los_probability("UMa-AV", [100.0, 1000.0, 3000.0], 50.0).round(3).tolist()
    [0.995, 0.772, 0.441]
    """
    d, h = _checked(scenario, distance_m, height_m)
    return _probability(scenario, d, h)


def _probability(scenario: str, d: Array, h: Array) -> Array:
    log = np.log10(np.maximum(h, AERIAL_M[scenario]))
    if scenario == "RMa-AV":
        p, near = np.maximum(15021.0 * log - 16053.0, 1000.0), np.maximum(1350.8 * log - 1602.0, 18.0)
    elif scenario == "UMa-AV":
        p, near = 4300.0 * log - 3800.0, np.maximum(460.0 * log - 700.0, 18.0)
    else:
        p, near = 233.98 * log - 0.95, np.maximum(294.05 * log - 432.94, 18.0)
    share = near / np.maximum(d, near)
    aerial = share + np.exp(-d / p) * (1.0 - share)
    aerial = np.where((d <= near) | (h > ALWAYS_SEEN_M[scenario]), 1.0, aerial)
    return _by_height(scenario, h, aerial, lambda: low.los_probability(scenario, d, h))


def path_loss_db(
    scenario: str,
    distance_m: ArrayLike,
    height_m: ArrayLike,
    frequency_ghz: ArrayLike,
    los: ArrayLike,
    base_m: float | None = None,
) -> Array:
    """Path loss: table B-2, below the aerial heights table 7.4.1-1 of TR 38.901.

    Raises
    ------
    RabtaError
        Outside the ranges; without line of sight where table B-1 says that there always is one.

    Examples
    --------
    >>> path_loss_db("UMa-AV", 1000.0, 100.0, 2.0, [True, False]).round(1).tolist()
    [100.0, 117.0]
    """
    d, h, f, seen, base = _all_checked(scenario, distance_m, height_m, frequency_ghz, los, base_m)
    return _loss(scenario, d, h, f, seen, base)


def _loss(scenario: str, d: Array, h: Array, f: Array, seen: NDArray[np.bool_], base: float) -> Array:
    log_d, log_h = np.log10(np.hypot(d, h - base)), np.log10(h)
    free, tone = 20.0 * np.log10(40.0 * np.pi * f / 3.0), 20.0 * np.log10(f)
    if scenario == "RMa-AV":
        clear = np.maximum(23.9 - 1.8 * log_h, 20.0) * log_d + free
        hidden = np.maximum(clear, -12.0 + (35.0 - 5.3 * log_h) * log_d + free)
    elif scenario == "UMa-AV":
        clear = 28.0 + 22.0 * log_d + tone
        hidden = -17.5 + (46.0 - 7.0 * log_h) * log_d + free
    else:
        clear = np.maximum(20.0 * log_d + free, 30.9 + (22.25 - 0.5 * log_h) * log_d + tone)
        hidden = np.maximum(clear, 32.4 + (43.2 - 7.6 * log_h) * log_d + tone)
    aerial = np.where(seen, clear, hidden)

    def ground() -> Array:
        there = np.maximum(d, low.NEAREST_M), np.minimum(h, AERIAL_M[scenario])
        clear = low.los_db(scenario, *there, f, base)
        return np.where(seen, clear, low.nlos_db(scenario, *there, f, base))

    return _by_height(scenario, h, aerial, ground)


def shadowing_db(
    scenario: str,
    distance_m: ArrayLike,
    height_m: ArrayLike,
    frequency_ghz: ArrayLike,
    los: ArrayLike,
    base_m: float | None = None,
) -> Array:
    """Standard deviation of shadow fading: table B-3; TR 38.901 below. Drawn anew every 25 m of flight."""
    d, h, f, seen, base = _all_checked(scenario, distance_m, height_m, frequency_ghz, los, base_m)
    return _sigma(scenario, d, h, f, seen, base)


def _sigma(scenario: str, d: Array, h: Array, f: Array, seen: NDArray[np.bool_], base: float) -> Array:
    if scenario == "RMa-AV":
        clear, hidden = 4.2 * np.exp(-0.0046 * h), 6.0
    elif scenario == "UMa-AV":
        clear, hidden = 4.64 * np.exp(-0.0066 * h), 6.0
    else:
        clear, hidden = np.maximum(5.0 * np.exp(-0.01 * h), 2.0), 8.0
    aerial = np.where(seen, clear, hidden)
    return _by_height(scenario, h, aerial, lambda: low.shadowing_db(scenario, d, h, f, base, seen))


def draw(
    scenario: str,
    distance_m: ArrayLike,
    height_m: ArrayLike,
    frequency_ghz: ArrayLike,
    base_m: float | None = None,
    seed: int = 0,
) -> Links:
    """Draw line of sight and shadowing of links, each independent of the others.

    Examples
    --------
    >>> links = draw("RMa-AV", np.full(1000, 3000.0), 20.0, 0.8, seed=1)
    >>> abs(links.los.mean() - los_probability("RMa-AV", 3000.0, 20.0)) < 0.05
    np.True_
    """
    d, h, f, _, base = _all_checked(scenario, distance_m, height_m, frequency_ghz, True, base_m)
    random = np.random.default_rng(seed)
    seen = random.random(d.shape) < _probability(scenario, d, h)
    spread = random.standard_normal(d.shape) * _sigma(scenario, d, h, f, seen, base)
    return Links(_loss(scenario, d, h, f, seen, base) + spread, seen)


def loss_not_exceeded_db(
    scenario: str,
    distance_m: ArrayLike,
    height_m: ArrayLike,
    frequency_ghz: ArrayLike,
    percent: ArrayLike = 50.0,
    base_m: float | None = None,
) -> Array:
    """Loss that a share of such links does not exceed: over line of sight and shadowing, not over time.

    Parameters
    ----------
    percent : array_like
        Of the links, 0.1 to 99.9 %.

    Notes
    -----
    Quantile of the two lognormal distributions weighted by the probability of line of sight, by bisection.

    Examples
    --------
    >>> loss_not_exceeded_db("RMa-AV", 5000.0, 120.0, 0.8, [50.0, 95.0]).round(1).tolist()
    [105.1, 109.0]
    """
    check_range("percent", percent, 0.1, 99.9, "the share of links")
    d, h, f, _, base = _all_checked(scenario, distance_m, height_m, frequency_ghz, True, base_m)
    d, h, f, q = np.broadcast_arrays(d, h, f, np.asarray(percent, dtype=np.float64) / 100.0)
    chance, yes = _probability(scenario, d, h), np.ones(d.shape, dtype=bool)
    clear, hidden = (_loss(scenario, d, h, f, seen, base) for seen in (yes, ~yes))
    narrow, wide = (_sigma(scenario, d, h, f, seen, base) for seen in (yes, ~yes))
    return _mixed(q, chance, clear, narrow, np.where(chance < 1.0, hidden, clear), wide)


def _mixed(q: Array, chance: Array, clear: Array, narrow: Array, hidden: Array, wide: Array) -> Array:
    from scipy.special import ndtr

    bottom = np.minimum(clear - 5.0 * narrow, hidden - 5.0 * wide)
    top = np.maximum(clear + 5.0 * narrow, hidden + 5.0 * wide)
    for _ in range(40):
        middle = 0.5 * (bottom + top)
        below = chance * ndtr((middle - clear) / narrow) + (1.0 - chance) * ndtr((middle - hidden) / wide)
        bottom, top = np.where(below < q, middle, bottom), np.where(below < q, top, middle)
    return np.asarray(0.5 * (bottom + top))


def _by_height(scenario: str, h: Array, aerial: Array, ground: Callable[[], Array]) -> Array:
    lower = h <= AERIAL_M[scenario]
    if not lower.any():
        return np.asarray(aerial)
    return np.asarray(np.where(lower, ground(), aerial))


def check_scenario(scenario: str) -> None:
    """Refuse an unknown scenario with the nearest known one."""
    if scenario not in SCENARIOS:
        raise RabtaError(
            "no such aerial scenario", key="scenario", value=scenario, expected=nearest(scenario, SCENARIOS)
        )


def _checked(scenario: str, distance_m: ArrayLike, height_m: ArrayLike) -> tuple[Array, Array]:
    check_scenario(scenario)
    check_range("height_m", height_m, *RANGES["height_m"], RECOMMENDATION)
    check_range("distance_m", distance_m, 0.0, REACH_M[scenario], f"{RECOMMENDATION}, {scenario}")
    d, h = np.broadcast_arrays(
        np.asarray(distance_m, dtype=np.float64), np.asarray(height_m, dtype=np.float64)
    )
    near = np.broadcast_to(np.where(h <= AERIAL_M[scenario], low.NEAREST_M, 0.0), d.shape)
    if (d < near).any():
        check_range("distance_m", d[d < near], low.NEAREST_M, REACH_M[scenario], "TR 38.901, table 7.4.1-1")
    return d, h


def _all_checked(
    scenario: str,
    distance_m: ArrayLike,
    height_m: ArrayLike,
    frequency_ghz: ArrayLike,
    los: ArrayLike,
    base_m: float | None,
) -> tuple[Array, Array, Array, NDArray[np.bool_], float]:
    d, h = _checked(scenario, distance_m, height_m)
    base = BASE_M[scenario] if base_m is None else float(base_m)
    check_range("base_m", base, *RANGES["base_m"], RECOMMENDATION)
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], "TR 38.901, RMa")
    d, h, f, seen = np.broadcast_arrays(
        d, h, np.asarray(frequency_ghz, dtype=np.float64), np.asarray(los, dtype=bool)
    )
    if (~seen & (h > ALWAYS_SEEN_M[scenario])).any():
        raise RabtaError(
            f"{scenario} has no links without line of sight at this height",
            key="los",
            value=False,
            expected=f"True above {ALWAYS_SEEN_M[scenario]:g} m",
        )
    return d, h, f, seen, base
