"""Fading of satellite links to vehicles: ITU-R P.681-11.

Trees and buildings beside the road, multipath, diversity of two satellites, and the two-state statistics of
section 6 with Loo's distribution. Percentages are of the distance travelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chndtr, erf

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.681-11"
RANGES = {
    "frequency_ghz": (0.8, 20.0),
    "elevation_deg": (7.0, 60.0),
    "percent": (1.0, 80.0),
}
HIGH_FREQUENCIES_GHZ = (1.6, 2.6)
# Table 1: fades at 80 degrees of elevation, by frequency, for each percentage
HIGH_PERCENT = (1.0, 5.0, 10.0, 15.0, 20.0, 30.0)
HIGH_FADES_DB = {1.6: (4.1, 2.0, 1.5, 1.4, 1.3, 1.2), 2.6: (9.0, 5.2, 3.8, 3.2, 2.8, 2.5)}
SHADOWED = {"moderate": (20.54, 0.58), "extreme": (11.71, 0.8371)}  # section 4.1.3
# Tables 3 and 4: coefficients and the range of fades in dB, by frequency (and elevation)
MOUNTAINS = {
    (0.87, 30.0): (34.52, 1.855, 2.0, 7.0),
    (1.5, 30.0): (33.19, 1.710, 2.0, 8.0),
    (0.87, 45.0): (31.64, 2.464, 2.0, 4.0),
    (1.5, 45.0): (39.95, 2.321, 2.0, 5.0),
}
LINED_ROADS = {0.87: (125.6, 1.116, 1.0, 4.5), 1.5: (127.7, 0.8573, 1.0, 6.0)}
STREETS = ("canyon", "wall", "crossing", "junction")
NODES = 96


def roadside_fade_db(frequency_ghz: ArrayLike, elevation_deg: ArrayLike, percent: ArrayLike) -> Array:
    """Fade behind trees beside the road, exceeded for a percentage of the distance.

    Section 4.1.1: 0.8 to 20 GHz, 7 to 60 degrees (below 20 degrees as at 20), 1 to 80 %.

    Examples
    --------
    >>> round(float(roadside_fade_db(1.5, 20.0, 1.0)), 2)
    25.9
    """
    for name, value in (
        ("frequency_ghz", frequency_ghz),
        ("elevation_deg", elevation_deg),
        ("percent", percent),
    ):
        check_range(name, value, *RANGES[name], f"{RECOMMENDATION}, section 4.1.1")
    f, p = np.asarray(frequency_ghz, dtype=np.float64), np.asarray(percent, dtype=np.float64)
    theta = np.maximum(np.asarray(elevation_deg, dtype=np.float64), 20.0)
    slope = 3.44 + 0.0975 * theta - 0.002 * theta**2
    at_l_band = -slope * np.log(np.minimum(p, 20.0)) - 0.443 * theta + 34.76
    fade = at_l_band * np.exp(1.5 * (1.0 / np.sqrt(1.5) - 1.0 / np.sqrt(f)))
    return np.asarray(fade * np.where(p > 20.0, np.log(80.0 / np.maximum(p, 20.0)) / np.log(4.0), 1.0))


def roadside_percent(frequency_ghz: ArrayLike, elevation_deg: ArrayLike, fade_db: ArrayLike) -> Array:
    """Percentage of the distance for which a fade behind trees is exceeded: `roadside_fade_db` inverted.

    Fades beyond that of 1 % give 1, and those under 0 dB give 80: the ends of the model's range.
    """
    at_20 = roadside_fade_db(frequency_ghz, elevation_deg, 20.0)
    at_1 = roadside_fade_db(frequency_ghz, elevation_deg, 1.0)
    fade = np.clip(np.asarray(fade_db, dtype=np.float64), 0.0, at_1)
    check_range("fade_db", fade, 0.0, 1e3, RECOMMENDATION)
    seldom = np.exp((at_1 - fade) / (at_1 - at_20) * np.log(20.0))
    often = 80.0 * np.exp(-fade / at_20 * np.log(4.0))
    return np.asarray(np.where(fade > at_20, seldom, often))


def roadside_fade_high_db(frequency_ghz: float, elevation_deg: ArrayLike, percent: float) -> Array:
    """Fade behind trees at 60 to 90 degrees, for 1.6 or 2.6 GHz and the percentages of table 1.

    Section 4.1.1.1: linear between 60 and 80 degrees, and to 0 at 90.
    """
    if frequency_ghz not in HIGH_FREQUENCIES_GHZ:
        raise RabtaError(
            "no fades above 60 degrees", key="frequency_ghz", value=frequency_ghz, expected="1.6 or 2.6"
        )
    if percent not in HIGH_PERCENT:
        raise RabtaError(
            "no fades above 60 degrees", key="percent", value=percent, expected="1, 5, 10, 15, 20 or 30"
        )
    check_range("elevation_deg", elevation_deg, 60.0, 90.0, f"{RECOMMENDATION}, section 4.1.1.1")
    theta = np.asarray(elevation_deg, dtype=np.float64)
    low = float(roadside_fade_db(frequency_ghz, 60.0, percent))
    high = HIGH_FADES_DB[frequency_ghz][HIGH_PERCENT.index(percent)]
    return np.asarray(np.interp(theta, [60.0, 80.0, 90.0], [low, high, 0.0]))


def pass_unavailability_percent(
    frequency_ghz: float,
    elevation_deg: ArrayLike,
    time_percent: ArrayLike,
    gain_dbi: ArrayLike,
    margin_db: float,
) -> float:
    """Unavailability behind trees of a satellite that moves through elevations.

    Parameters
    ----------
    time_percent, gain_dbi : array_like
        Share of the time at each elevation, and the terminal's gain there; the margin is without it.

    Notes
    -----
    Section 4.1.1.2.
    """
    check_range("time_percent", time_percent, 0.0, 100.0, RECOMMENDATION)
    lost = roadside_percent(frequency_ghz, elevation_deg, margin_db + np.asarray(gain_dbi, dtype=np.float64))
    return float((lost * np.asarray(time_percent, dtype=np.float64)).sum() / 100.0)


def fade_length_percent(length_m: ArrayLike) -> Array:
    """Share of fades of 5 dB behind trees that are longer than a distance, 2 cm or more. Section 4.1.2."""
    check_range("length_m", length_m, 0.02, 1e4, f"{RECOMMENDATION}, section 4.1.2")
    x = (np.log(np.asarray(length_m, dtype=np.float64)) - np.log(0.22)) / (np.sqrt(2.0) * 1.215)
    return np.asarray(50.0 * (1.0 - erf(x)))


def clear_length_percent(length_m: ArrayLike, shadowing: str) -> Array:
    """Share of stretches without a fade of 5 dB that are longer than a distance; ``shadowing`` by trees.

    Section 4.1.3: ``moderate`` (55 to 75 % of the sky's line shadowed) or ``extreme`` (75 to 90 %).
    """
    if shadowing not in SHADOWED:
        expected = nearest(shadowing, SHADOWED)
        raise RabtaError("no such shadowing", key="shadowing", value=shadowing, expected=expected)
    check_range("length_m", length_m, 1e-3, 1e4, f"{RECOMMENDATION}, section 4.1.3")
    beta, gamma = SHADOWED[shadowing]
    return np.asarray(np.minimum(beta * np.asarray(length_m, dtype=np.float64) ** -gamma, 100.0))


def building_percent(
    frequency_ghz: ArrayLike,
    elevation_deg: ArrayLike,
    azimuth_deg: ArrayLike,
    *,
    mobile_m: ArrayLike = 1.5,
    front_m: ArrayLike = 17.5,
    roof_m: ArrayLike = 15.0,
    clearance: ArrayLike = 0.7,
) -> Array:
    """Probability that buildings beside the road block a satellite, in percent.

    Parameters
    ----------
    azimuth_deg : array_like
        Of the ray, from the direction of the street.
    mobile_m, front_m, roof_m : array_like
        Height of the mobile, its distance from the fronts, and the commonest height of roofs.
    clearance : array_like
        Wanted clearance as a share of the first Fresnel zone.

    Notes
    -----
    Section 4.2, 0.8 to 20 GHz. Where the ray passes lower than the clearance, the way is blocked: 100 %.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], f"{RECOMMENDATION}, section 4.2")
    check_range("elevation_deg", elevation_deg, 0.0, 89.999, f"{RECOMMENDATION}, section 4.2")
    check_range("azimuth_deg", azimuth_deg, 0.001, 179.999, f"{RECOMMENDATION}, section 4.2")
    theta, across = np.radians(elevation_deg), np.sin(np.radians(azimuth_deg))
    wavelength = 0.2998 / np.asarray(frequency_ghz, dtype=np.float64)
    slant = np.asarray(front_m) / across * np.cos(theta)
    low = np.asarray(mobile_m) + np.asarray(front_m) * np.tan(theta) / across
    fresnel = np.asarray(clearance) * np.sqrt(wavelength * slant)
    percent = 100.0 * np.exp(-((low - fresnel) ** 2) / (2.0 * np.square(roof_m)))
    return np.asarray(np.where(low < fresnel, 100.0, percent))


def _edge_deg(roof_m: ArrayLike, width_m: ArrayLike, azimuth_deg: Array) -> Array:
    """Elevation of the roofs' edge seen from the middle of a street. Equations (11a), (11b)."""
    across = np.sin(np.radians(azimuth_deg))
    return np.degrees(np.arctan(np.asarray(roof_m) * across / (np.asarray(width_m) / 2.0)))


def street_is_clear(
    kind: str,
    elevation_deg: ArrayLike,
    azimuth_deg: ArrayLike,
    *,
    roof_m: float,
    width_m: float,
    cross_width_m: float | None = None,
) -> NDArray[np.bool_]:
    """True where a satellite is seen over the roofs: the street masking functions of section 4.4.

    Parameters
    ----------
    kind : {"canyon", "wall", "crossing", "junction"}
        Walls on both sides; one on the side of negative azimuths; two streets that cross; one that ends
        in another, which it joins on the side of positive azimuths.
    azimuth_deg : array_like
        From the direction of the street, -180 to 180 degrees.
    """
    if kind not in STREETS:
        raise RabtaError("no such street", key="kind", value=kind, expected=nearest(kind, STREETS))
    check_range("roof_m", roof_m, 0.0, 1e3, RECOMMENDATION)
    check_range("width_m", width_m, 0.1, 1e3, RECOMMENDATION)
    theta = np.asarray(elevation_deg, dtype=np.float64)
    turned = (np.asarray(azimuth_deg, dtype=np.float64) + 180.0) % 360.0 - 180.0
    sharp = np.abs(turned)
    sharp = np.where(sharp > 90.0, 180.0 - sharp, sharp)
    along = _edge_deg(roof_m, width_m, sharp)
    other = width_m if cross_width_m is None else cross_width_m
    corner = np.degrees(np.arctan2(width_m, other))
    crossed = _edge_deg(roof_m, width_m, np.where(sharp > corner, 90.0 - sharp, sharp))
    if kind == "canyon":
        return np.asarray(theta > along)
    if kind == "wall":
        return np.asarray((turned >= 0.0) | (theta > along))
    if kind == "crossing":
        return np.asarray(theta > crossed)
    return np.asarray(theta > np.where(turned >= 0.0, crossed, along))


def mountain_percent(frequency_ghz: float, elevation_deg: float, fade_db: ArrayLike) -> Array:
    """Share of the distance with a fade by multipath in mountains, in clear sight. Section 5.1, table 3."""
    key = float(frequency_ghz), float(elevation_deg)
    if key not in MOUNTAINS:
        known = ", ".join(f"{f:g} GHz at {e:g}" for f, e in MOUNTAINS)
        raise RabtaError(
            "no multipath measured there", key="frequency_ghz, elevation_deg", value=key, expected=known
        )
    a, b, low, high = MOUNTAINS[key]
    check_range("fade_db", fade_db, low, high, f"{RECOMMENDATION}, table 3")
    return np.asarray(a * np.asarray(fade_db, dtype=np.float64) ** -b)


def tree_multipath_percent(frequency_ghz: float, fade_db: ArrayLike) -> Array:
    """Share of the distance with a fade by multipath on tree-lined roads. Section 5.2, table 4."""
    if frequency_ghz not in LINED_ROADS:
        raise RabtaError(
            "no multipath measured there", key="frequency_ghz", value=frequency_ghz, expected="0.87 or 1.5"
        )
    u, v, low, high = LINED_ROADS[frequency_ghz]
    check_range("fade_db", fade_db, low, high, f"{RECOMMENDATION}, table 4")
    return np.asarray(u * np.exp(-v * np.asarray(fade_db, dtype=np.float64)))


def diversity_unavailability(correlation: ArrayLike, first: ArrayLike, second: ArrayLike) -> Array:
    """Probability that two satellites are shadowed at once, from the probability of each.

    Section 9.2.2: the covariance of two events with a correlation. What no two such events can have is
    refused.
    """
    check_range("correlation", correlation, -1.0, 1.0, RECOMMENDATION)
    p, q = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    for name, value in (("first", p), ("second", q)):
        check_range(name, value, 0.0, 1.0, RECOMMENDATION)
    both = np.asarray(correlation) * np.sqrt(p * (1.0 - p) * q * (1.0 - q)) + p * q
    low, high = np.maximum(p + q - 1.0, 0.0), np.minimum(p, q)
    impossible = (both < low - 1e-12) | (both > high + 1e-12)
    if np.any(impossible):
        raise RabtaError(
            "two satellites with these probabilities cannot be so correlated",
            key="correlation",
            value=float(np.broadcast_to(correlation, impossible.shape)[impossible].flat[0]),
            expected=f"{RECOMMENDATION}, section 9.2.1",
        )
    return np.asarray(both)


@dataclass(frozen=True)
class Loo:
    """A state: a direct signal that trees shadow slowly (log-normal), and multipath.

    Attributes
    ----------
    mean_db, sigma_db : float
        Of the direct signal, relative to the line of sight (M_A and Sigma_A).
    multipath_db : float
        Mean power of the multipath (MP).
    """

    mean_db: float
    sigma_db: float
    multipath_db: float

    def exceeded(self, fade_db: ArrayLike) -> Array:
        """Probability of a fade deeper than each value, in dB below the line of sight.

        Section 6, Loo's distribution: Rice's law averaged over the direct signal, by Gauss and Hermite.
        """
        level = 10.0 ** (-np.asarray(fade_db, dtype=np.float64) / 10.0)
        node, weight = np.polynomial.hermite_e.hermegauss(NODES)
        scattered = 10.0 ** (self.multipath_db / 10.0) / 2.0
        direct = 10.0 ** ((self.mean_db + self.sigma_db * node) / 10.0)
        given = chndtr(level[..., None] / scattered, 2.0, direct / scattered)
        return np.asarray((given * weight).sum(axis=-1) / np.sqrt(2.0 * np.pi))

    def mean_power(self) -> float:
        """Mean power, relative to the line of sight."""
        spread = self.sigma_db * np.log(10.0) / 20.0
        direct = np.exp(2.0 * self.mean_db * np.log(10.0) / 20.0 + 2.0 * spread**2)
        return float(direct + 10.0 ** (self.multipath_db / 10.0))


@dataclass(frozen=True)
class State:
    """One of two states of section 6: how long it lasts, and what its signal is like.

    Attributes
    ----------
    length_mu, length_sigma, shortest_m : float
        Logarithm of its length in m, cut off below.
    mean_mu_db, mean_sigma_db : float
        Mean direct signal M_A of each stretch, normally distributed among stretches.
    g1, g2, h1, h2 : float
        Sigma_A = g1 M_A + g2 and MP = h1 M_A + h2.
    """

    length_mu: float
    length_sigma: float
    shortest_m: float
    mean_mu_db: float
    mean_sigma_db: float
    g1: float
    g2: float
    h1: float
    h2: float

    def mean_length_m(self) -> float:
        """Mean length of a stretch. Section 6.1, equation for the truncated log-normal distribution."""
        cut = np.log(self.shortest_m)
        scale = self.length_sigma * np.sqrt(2.0)
        longer = 1.0 - erf((cut - self.length_mu - self.length_sigma**2) / scale)
        kept = 1.0 - erf((cut - self.length_mu) / scale)
        return float(np.exp(self.length_mu + self.length_sigma**2 / 2.0) * longer / kept)

    def exceeded(self, fade_db: ArrayLike) -> Array:
        """Probability of a fade within the state, over its stretches."""
        node, weight = np.polynomial.hermite_e.hermegauss(NODES // 2)
        means = self.mean_mu_db + self.mean_sigma_db * node
        parts = [
            Loo(float(m), max(float(self.g1 * m + self.g2), 0.0), float(self.h1 * m + self.h2)).exceeded(
                fade_db
            )
            for m in means
        ]
        return np.asarray(np.tensordot(weight, np.array(parts), axes=1) / np.sqrt(2.0 * np.pi))


def two_state_exceeded(fade_db: ArrayLike, good: State, bad: State) -> Array:
    """Probability of a fade deeper than each value over both states, by their shares of the distance.

    Section 6.1. The tables of Annex 2 are not shipped: give states of your own, or a catalog entry of kind
    ``landmobile`` through `states`.
    """
    lengths = np.array([good.mean_length_m(), bad.mean_length_m()])
    share = lengths / lengths.sum()
    return np.asarray(share[0] * good.exceeded(fade_db) + share[1] * bad.exceeded(fade_db))


def loo(name: str) -> Loo:
    """A state of the catalog entry ``landmobile/loo-1985``: ``light``, ``average`` or ``heavy`` shadowing."""
    rows: dict[str, Any] = catalog.entry("landmobile", "loo-1985").data["states"]
    if name not in rows:
        raise RabtaError("no such shadowing", key="name", value=name, expected=nearest(name, rows))
    mu, root_d0, b0 = (float(rows[name][key]) for key in ("mu", "root_d0", "b0"))
    decibel = 20.0 / np.log(10.0)
    return Loo(decibel * mu, decibel * root_d0, float(10.0 * np.log10(2.0 * b0)))


def states(name: str) -> tuple[State, State]:
    """Good and bad state of a catalog entry of kind ``landmobile`` with tables ``good`` and ``bad``."""
    entry = catalog.entry("landmobile", name)
    found = []
    for part in ("good", "bad"):
        values = entry.data.get(part)
        if not isinstance(values, dict) or set(values) != set(State.__dataclass_fields__):
            expected = ", ".join(State.__dataclass_fields__)
            raise RabtaError("not a state", file=entry.path, key=part, value=values, expected=expected)
        found.append(State(**{key: float(value) for key, value in values.items()}))
    return found[0], found[1]
