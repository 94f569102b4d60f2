"""Short paths in towns: ITU-R P.1411-12, the models that need no map of the buildings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.1411-12"


@dataclass(frozen=True)
class Row:
    """A row of table 4 or 8: coefficients, spread and ranges of one kind of place.

    Attributes
    ----------
    alpha, beta, gamma : float
        Loss = 10 alpha log10(d in m) + beta + 10 gamma log10(f in GHz).
    sigma_db : float
        Standard deviation over places.
    """

    alpha: float
    beta: float
    gamma: float
    sigma_db: float
    frequency_ghz: tuple[float, float]
    distance_m: tuple[float, float]


_CANYON_SIGHT = Row(2.12, 29.2, 2.11, 5.06, (0.8, 82.0), (5.0, 660.0))
_ROOF_SIGHT = Row(2.29, 28.6, 1.96, 3.48, (2.2, 73.0), (55.0, 1200.0))
# Table 4: both ends below the roofs.
BELOW_ROOFS = {
    ("high-rise", True): _CANYON_SIGHT,
    ("low-rise", True): _CANYON_SIGHT,
    ("high-rise", False): Row(4.0, 10.2, 2.36, 7.60, (0.8, 82.0), (30.0, 715.0)),
    ("low-rise", False): Row(5.06, -4.68, 2.02, 9.33, (10.0, 73.0), (30.0, 250.0)),
    ("residential", False): Row(3.01, 18.8, 2.07, 3.07, (0.8, 73.0), (30.0, 170.0)),
}
# Table 8: one end above the roofs.
OVER_ROOFS = {
    ("high-rise", True): _ROOF_SIGHT,
    ("low-rise", True): _ROOF_SIGHT,
    ("high-rise", False): Row(4.39, -6.27, 2.30, 6.89, (2.2, 66.5), (260.0, 1200.0)),
}
# Section 4.3.1, step 4: what a town adds to the median out of sight, in dB.
STREET_LEVEL = {"suburban": 0.0, "urban": 6.8, "dense urban": 2.3}
STREET_LEVEL_RANGES = {"frequency_ghz": (0.3, 3.0), "distance_m": (1e-3, 3000.0), "percent": (1e-9, 99.999)}
CANYON_RANGES = {"frequency_ghz": (0.3, 15.0), "distance_m": (1e-3, 1000.0), "height_m": (0.1, 100.0)}
RANGES = {
    "below_roofs_db": {"frequency_ghz": (0.8, 82.0), "distance_m": (5.0, 715.0)},
    "over_roofs_db": {"frequency_ghz": (2.2, 73.0), "distance_m": (55.0, 1200.0)},
    "street_level_db": STREET_LEVEL_RANGES,
    "canyon_db": CANYON_RANGES,
}


def row(table: dict[tuple[str, bool], Row], environment: str, sight: bool) -> Row:
    """Row of a table by kind of place and line of sight.

    Raises
    ------
    RabtaError
        A kind of place that the Recommendation does not give, with the nearest that it gives.
    """
    names = sorted({name for name, seen in table if seen == sight})
    if environment not in names:
        raise RabtaError(
            f"{RECOMMENDATION} gives no such place {'in' if sight else 'out of'} sight",
            key="environment",
            value=environment,
            expected=nearest(environment, names),
        )
    return table[environment, sight]


def _loss(found: Row, frequency_ghz: ArrayLike, distance_m: ArrayLike) -> Array:
    check_range("frequency_ghz", frequency_ghz, *found.frequency_ghz, RECOMMENDATION)
    check_range("distance_m", distance_m, *found.distance_m, RECOMMENDATION)
    d, f = np.asarray(distance_m, dtype=np.float64), np.asarray(frequency_ghz, dtype=np.float64)
    return np.asarray(10.0 * found.alpha * np.log10(d) + found.beta + 10.0 * found.gamma * np.log10(f))


def below_roofs_db(
    frequency_ghz: ArrayLike, distance_m: ArrayLike, environment: str = "high-rise", *, sight: bool
) -> Array:
    """Median basic transmission loss between two ends below the roofs, in dB.

    Parameters
    ----------
    frequency_ghz, distance_m : array_like
        Each row of table 4 has its own ranges, see `BELOW_ROOFS`; the distance is straight, in space.
    environment : str
        ``high-rise``, ``low-rise`` (also suburban), ``residential`` (out of sight only).
    sight : bool
        Whether the two see each other.

    Notes
    -----
    Section 4.1.1, equation (1) and table 4.

    Examples
    --------
    >>> below_roofs_db(3.5, 100.0, sight=True).round(2).tolist()
    83.08
    """
    return _loss(row(BELOW_ROOFS, environment, sight), frequency_ghz, distance_m)


def over_roofs_db(
    frequency_ghz: ArrayLike, distance_m: ArrayLike, environment: str = "high-rise", *, sight: bool
) -> Array:
    """Median basic transmission loss from above the roofs to below them, in dB: section 4.2.1, table 8."""
    return _loss(row(OVER_ROOFS, environment, sight), frequency_ghz, distance_m)


def street_level_db(
    frequency_ghz: ArrayLike,
    distance_m: ArrayLike,
    percent: ArrayLike = 50.0,
    environment: str = "urban",
    transition_m: float = 20.0,
) -> Array:
    """Loss not exceeded at a share of places between two low terminals, in dB.

    Parameters
    ----------
    frequency_ghz, distance_m : array_like
        0.3 to 3 GHz, up to 3 km.
    percent : array_like
        Share of places. The higher the share, the nearer sight ends.
    environment : str
        ``suburban, urban, dense urban``.
    transition_m : float
        Width of the zone in which sight ends.

    Notes
    -----
    Section 4.3.1, steps 1 to 8.
    """
    if environment not in STREET_LEVEL:
        raise RabtaError(
            "no such town", key="environment", value=environment, expected=nearest(environment, STREET_LEVEL)
        )
    for name, value in (("frequency_ghz", frequency_ghz), ("distance_m", distance_m), ("percent", percent)):
        check_range(name, value, *STREET_LEVEL_RANGES[name], RECOMMENDATION)
    share = np.asarray(percent, dtype=np.float64) / 100.0
    d, log_f = np.asarray(distance_m, dtype=np.float64), np.log10(np.asarray(frequency_ghz) * 1e3)
    rayleigh = 1.5624 * 7.0 * (np.sqrt(-2.0 * np.log1p(-share)) - 1.1774)

    def seen(distance: Array) -> Array:
        return np.asarray(32.45 + 20.0 * log_f + 20.0 * np.log10(distance / 1e3) + rayleigh)

    def hidden(distance: Array) -> Array:
        median = 9.5 + 45.0 * log_f + 40.0 * np.log10(distance / 1e3) + STREET_LEVEL[environment]
        return np.asarray(median + 7.0 * ndtri(share))

    log_p = np.log10(share)
    end = np.where(share < 0.45, 212.0 * log_p**2 - 64.0 * log_p, 79.2 - 70.0 * share)
    part = (d - end) / transition_m
    between = seen(end) + (hidden(end + transition_m) - seen(end)) * part
    return np.asarray(np.where(d < end, seen(d), np.where(part > 1.0, hidden(d), between)))


def canyon_db(
    frequency_ghz: ArrayLike,
    distance_m: ArrayLike,
    height_a_m: ArrayLike,
    height_b_m: ArrayLike,
    road_m: ArrayLike = 0.0,
) -> tuple[Array, Array, Array]:
    """Median, lower and upper bound of the loss in sight along a street, in dB.

    Parameters
    ----------
    frequency_ghz, distance_m : array_like
        0.3 to 15 GHz, up to 1 km.
    height_a_m, height_b_m : array_like
        Heights of the two antennas above the road, both above `road_m`.
    road_m : array_like
        Effective height of the road above 3 GHz: traffic lifts it by 0.23 to 1.6 m (tables 5 and 6).

    Notes
    -----
    Section 4.1.2: the loss grows by 20 dB a decade up to the breakpoint 4 h1 h2 / lambda, then by 40.
    """
    check_range("frequency_ghz", frequency_ghz, *CANYON_RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("distance_m", distance_m, *CANYON_RANGES["distance_m"], RECOMMENDATION)
    f, road = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(road_m, dtype=np.float64)
    lift = np.where(f > 3.0, road, 0.0)
    one, two = np.asarray(height_a_m) - lift, np.asarray(height_b_m) - lift
    check_range("height_m", one, *CANYON_RANGES["height_m"], RECOMMENDATION)
    check_range("height_m", two, *CANYON_RANGES["height_m"], RECOMMENDATION)
    wave = SPEED_OF_LIGHT_M_S / (f * 1e9)
    log_d = np.log10(np.asarray(distance_m, dtype=np.float64) * wave / (4.0 * one * two))
    basic = np.abs(20.0 * np.log10(wave**2 / (8.0 * np.pi * one * two)))
    slope = np.where(log_d <= 0.0, 20.0, 40.0) * log_d
    upper = 20.0 + np.where(log_d <= 0.0, 25.0, 40.0) * log_d
    return np.asarray(basic + 6.0 + slope), np.asarray(basic + slope), np.asarray(basic + upper)
