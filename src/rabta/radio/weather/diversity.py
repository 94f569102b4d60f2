"""Two sites in rain: the joint exceedance of ITU-R P.618-14, and what a set of gateways holds together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from rabta.errors import RabtaError
from rabta.radio import slantpath
from rabta.radio.slantpath import Climate
from rabta.radio.weather.field import depth_correlation, rain_correlation

F8 = NDArray[np.float64]

PERCENTS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def joint_upper(first: ArrayLike, second: ArrayLike, correlation: ArrayLike) -> F8:
    """Probability that both of two correlated normal variables are above their levels.

    Plackett's integral over the angle of correlation (Drezner and Wesolowsky, J. Statist. Comput. Simul. 35,
    1990, equation (3)), 64 Gauss-Legendre nodes; correlation from 0 to 0.99.

    Examples
    --------
    >>> round(float(joint_upper(0.0, 0.0, 0.5)), 9)  # 1/4 + asin(rho) / (2 pi) = 1/3
    0.333333333
    """
    h, k, rho = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (first, second, correlation)))
    end = np.arcsin(np.clip(rho, -1.0, 1.0))
    angle = end[..., None] * (_NODES + 1.0) / 2.0
    sine, square = np.sin(angle), np.cos(angle) ** 2
    h_, k_ = h[..., None], k[..., None]
    density = np.exp(-(h_**2 + k_**2 - 2.0 * h_ * k_ * sine) / (2.0 * square))
    shared = (density @ _WEIGHTS) * end / (4.0 * np.pi)
    return np.asarray(ndtr(-h) * ndtr(-k) + shared)


def lognormal(percent: F8, attenuation_db: F8, rain_percent: float) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of attenuation while it rains.

    ITU-R P.1057-6, Annex 2, as P.618-14, section 2.2.4.1 asks for: least squares of ln A over the normal
    quantile of P / P_rain, over the percentages below that of rain.
    """
    use = (percent < rain_percent) & (attenuation_db > 0.0)
    if use.sum() < 2:
        raise RabtaError(
            "too little rain for a fit of its attenuation",
            key="rain_percent",
            value=rain_percent,
            expected="rain in more than 0.02 % of the year, below the rain height",
        )
    quantile = -ndtri(percent[use] / rain_percent)
    slope, mean = np.polyfit(quantile, np.log(attenuation_db[use]), 1)
    return float(mean), float(slope)


@dataclass(frozen=True)
class Path:
    """Earth-space path of one site and the share of the year in which it rains there."""

    climate: Climate
    rain_percent: float
    frequency_ghz: float
    elevation_deg: float
    tilt_deg: float = 45.0

    def attenuation_db(self, percent: F8) -> F8:
        """Rain attenuation exceeded for percentages of the year. P.618-14, section 2.2.1.1."""
        c = self.climate
        worst = slantpath.rain_001_db(
            c.lat_deg, c.height_km, c.rain_height_km, c.rain_rate_mmh,
            self.frequency_ghz, self.elevation_deg, self.tilt_deg,
        )  # fmt: skip
        return slantpath.rain_at_percent(worst[0], percent, c.lat_deg[0], self.elevation_deg)

    def fit(self, rain_percent: float | None = None) -> tuple[float, float]:
        """Mean and standard deviation of ln A while it rains, or while another share of the year lasts."""
        percent = np.array(PERCENTS)
        return lognormal(percent, self.attenuation_db(percent), rain_percent or self.rain_percent)

    def percent_above(self, attenuation_db: float) -> float:
        """Share of the year with more attenuation, by P.618's own distribution and not by its fit."""
        grid = np.geomspace(0.001, min(self.rain_percent, 5.0), 400)
        found = self.attenuation_db(grid)
        if attenuation_db < found[-1]:
            return self.rain_percent
        return float(np.exp(np.interp(-attenuation_db, -found, np.log(grid))))


def joint_percent(
    first: Path, second: Path, distance_km: float, levels_db: tuple[float, float], *, fitted: bool = True
) -> float:
    """Share of the year in which both sites have more than their levels of rain attenuation.

    ITU-R P.618-14, section 2.2.4.1: P_r, both have rain, times P_a, both exceed given rain.

    Parameters
    ----------
    fitted : bool
        With the lognormal fit, as the Recommendation says; or with each path's own distribution, as the
        drawn field has it.
    """
    paths = (first, second)
    rain = [-ndtri(path.rain_percent / 100.0) for path in paths]
    depth = []
    for path, level in zip(paths, levels_db, strict=True):
        if fitted:
            mean, sigma = path.fit()
            depth.append((np.log(level) - mean) / sigma)
        else:
            depth.append(-ndtri(min(path.percent_above(level) / path.rain_percent, 1.0 - 1e-12)))
    both_rain = joint_upper(rain[0], rain[1], rain_correlation(distance_km))
    both_deep = joint_upper(depth[0], depth[1], depth_correlation(distance_km))
    return float(100.0 * both_rain * both_deep)


def root(correlation: F8) -> F8:
    """Factor of a correlation matrix that turns independent normal numbers into correlated ones."""
    value, vector = np.linalg.eigh(correlation)
    return np.asarray(vector * np.sqrt(np.maximum(value, 0.0)))


def moments(distance_km: F8, rain_percent: F8, count: int, seed: int = 1) -> NDArray[np.float32]:
    """Percentage of the year of sites at independent moments, (moment, site); 100 where it does not rain.

    The field's model at a few sites, without its grid and without time.
    """
    draw = np.random.Generator(np.random.Philox(seed))
    sites = rain_percent.size
    out = np.full((count, sites), 100.0, np.float32)
    level = -ndtri(rain_percent / 100.0)
    wet = draw.standard_normal((count, sites)) @ root(rain_correlation(distance_km)).T > level
    some = np.flatnonzero(wet.any(axis=1))
    depth = draw.standard_normal((some.size, sites)) @ root(depth_correlation(distance_km)).T
    out[some] = np.where(wet[some], rain_percent * ndtr(-depth), 100.0)
    return out


def nested_sets(share: NDArray[np.float32], weight: F8, goal: float) -> list[int]:
    """Order in which to take sites so that each set holds most in its worst moments.

    Parameters
    ----------
    share : ndarray, shape (moment, site)
        Part of a site's capacity that it has.
    weight : ndarray, shape (site,)
        Capacity of each.
    goal : float
        Share of the moments, 0.999 for instance, that a set's capacity is judged at; the mean breaks ties.
    """
    chosen: list[int] = []
    total = np.zeros(len(share))
    while len(chosen) < weight.size:
        left = [i for i in range(weight.size) if i not in chosen]
        sums = [total + share[:, i] * weight[i] for i in left]
        score = [(float(np.quantile(s, 1.0 - goal, method="lower")), float(s.mean())) for s in sums]
        best = max(range(len(left)), key=lambda n: score[n])
        chosen.append(left[best])
        total = sums[best]
    return chosen
