"""Reference attenuation over distance: line of sight, diffraction and scatter (section 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.itm.path import Ground, Path

Array = NDArray[np.float64]

UNDEFINED_DB = 1001.0
STEP_M = 200e3


@dataclass(frozen=True)
class Line:
    """Attenuation in dB that is linear in the distance in m."""

    slope: float
    intercept: float

    def at(self, distance_m: ArrayLike) -> Array:
        """Attenuation at distances."""
        return np.asarray(self.intercept + self.slope * np.asarray(distance_m, np.float64))


@dataclass(frozen=True)
class Link:
    """A path, its ground, and the lengths that follow (3.6 to 3.8)."""

    path: Path
    ground: Ground

    @property
    def smooth_m(self) -> float:
        """d_Ls: sum of the horizons over a smooth Earth."""
        return float(np.sqrt(2.0 * self.path.effective_m / self.ground.curvature).sum())

    @property
    def horizon_m(self) -> float:
        """d_L: sum of the horizons."""
        return float(self.path.horizon_m.sum())

    @property
    def bend_rad(self) -> float:
        """theta_e: sum of the elevations, not below that of a smooth Earth."""
        return max(float(self.path.take_off_rad.sum()), -self.horizon_m * self.ground.curvature)

    @property
    def scale_m(self) -> float:
        """X_ae (4.2)."""
        return float((self.ground.wave_number * self.ground.curvature**2) ** (-1.0 / 3.0))


def roughness_m(distance_m: ArrayLike, irregularity_m: float) -> Array:
    """Irregularity of a path of finite length (3.9)."""
    return np.asarray(irregularity_m * (1.0 - 0.8 * np.exp(-np.asarray(distance_m, np.float64) / 50e3)))


def spread_m(distance_m: float, irregularity_m: float) -> float:
    """Deviation of the terrain within the first Fresnel zone (3.10)."""
    rough = roughness_m(distance_m, irregularity_m)
    return float(0.78 * rough * np.exp(-((rough / 16.0) ** 0.25)))


def reference(path: Path, over: Ground, distance_m: ArrayLike) -> Array:
    """Reference attenuation (4.1) in dB below free space, never negative; any shape of distances."""
    d = np.asarray(distance_m, dtype=np.float64)
    link = Link(path, over)
    near = d < link.smooth_m
    diffracted = _diffraction_line(link)
    found = diffracted.at(d)
    if near.any():
        found = np.where(near, _line_of_sight(link, diffracted, d), found)
    if not near.all():
        scattered, from_m = _scatter_line(link, diffracted)
        found = np.where(~near & (d > from_m), scattered.at(d), found)
    return np.maximum(found, 0.0)


def _diffraction_line(link: Link) -> Line:
    """Through two distances far beyond the horizon (4.3 to 4.8)."""
    d3 = max(link.smooth_m, link.horizon_m + 1.3787 * link.scale_m)
    d4 = d3 + 2.7574 * link.scale_m
    a3, a4 = diffraction(link, d3), diffraction(link, d4)
    slope = (a4 - a3) / (d4 - d3)
    return Line(slope, a3 - slope * d3)


def diffraction(link: Link, s: float) -> float:
    """A_diff(s) (4.9 to 4.11): knife edges and rounded Earth, weighted by roughness, with clutter."""
    path, k = link.path, link.ground.wave_number
    product = float(path.structural_m.prod())
    clutter = 4.77e-4 * k * product * spread_m(link.smooth_m, path.irregularity_m)
    spare = 10.0 if path.known else 0.0
    ratio = np.sqrt((path.effective_m.prod() + spare) / (product + spare))
    bend = (link.horizon_m + link.bend_rad / link.ground.curvature) / s
    q = (ratio + bend) * min(k * float(roughness_m(s, path.irregularity_m)), 1000.0 * 2.0 * np.pi)
    # Q of (4.9) is over 2 pi, so that 1 / (1 + 0.1 sqrt Q) is 25.1 / (25.1 + sqrt q)
    w = 25.1 / (25.1 + np.sqrt(q))
    mixed = (1.0 - w) * knife_edges(link, s) + w * rounded_earth(link, s)
    return float(mixed + min(15.0, 5.0 * np.log10(1.0 + clutter)))


def knife_edges(link: Link, s: float) -> float:
    """A_k (4.12 to 4.14): two knife edges at the horizons."""
    angle = link.bend_rad + link.ground.curvature * s
    beyond = s - link.horizon_m
    far = link.path.horizon_m
    v2 = link.ground.wave_number / (4.0 * np.pi) * angle**2 * far * beyond / (beyond + far)
    return float(fresnel(v2).sum())


def fresnel(v2: Array) -> Array:
    """Loss of one knife edge in dB over the square of v (fit to 4.21, section 6.1)."""
    near = 6.02 + 9.11 * np.sqrt(v2) - 1.27 * v2
    return np.where(v2 < 5.76, near, 12.953 + 10.0 * np.log10(np.maximum(v2, 1.0)))


def rounded_earth(link: Link, s: float) -> float:
    """A_r (4.15 to 4.20): Vogler's formulation with three radii."""
    path, k = link.path, link.ground.wave_number
    angle = link.bend_rad + link.ground.curvature * s
    curvatures = np.append(2.0 * path.effective_m / path.horizon_m**2, angle / (s - link.horizon_m))
    alpha = np.cbrt(k / curvatures)
    transfer = 1.0 / (alpha * abs(link.ground.impedance))
    lengths = np.append(path.horizon_m, angle / curvatures[2])
    x = 151.0 * (1.607 - transfer) * alpha * curvatures * lengths
    total = float(x.sum())
    if total <= 0.0:  # the line for B(K) falls below 0 where the ground hardly conducts
        raise RabtaError("the ground's impedance is out of the model's range", value=link.ground.impedance)
    gain = sum(_height_gain(float(x[j]), float(transfer[j])) for j in range(2))
    return 0.05751 * total - 10.0 * float(np.log10(total)) - gain - 20.0


def _height_gain(x: float, transfer: float) -> float:
    """F(x, K) as fitted in section 6.4."""
    if x < 200.0:
        w = -np.log(transfer)
        if transfer < 1e-5 or x * w**3 > 5495.0:
            return float(17.372 * np.log(x) - 117.0) if x > 1.0 else -117.0
        return float(2.5e-5 * x * x / transfer - 8.686 * w - 15.0)
    gain = 0.05751 * x - 10.0 * np.log10(x)
    if x < 2000.0:
        w = 0.0134 * x * np.exp(-0.005 * x)
        gain = (1.0 - w) * gain + w * (17.372 * np.log(x) - 117.0)
    return float(gain)


def _line_of_sight(link: Link, diffracted: Line, d: Array) -> Array:
    """Curve through three distances within the horizon (4.26 to 4.42)."""
    d2 = link.smooth_m
    a2 = float(diffracted.at(d2))
    d0 = 1.908 * link.ground.wave_number * float(link.path.effective_m.prod())
    if diffracted.intercept >= 0.0:
        d0 = min(d0, 0.5 * link.horizon_m)
        d1 = d0 + 0.25 * (link.horizon_m - d0)
    else:
        d1 = max(-diffracted.intercept / diffracted.slope, 0.25 * link.horizon_m)
    a1 = two_rays(link, diffracted, d1)
    slopes = None
    if d0 < d1:
        a0 = two_rays(link, diffracted, d0)
        slopes = _bent(diffracted, (d0, d1, d2), (a0, a1, a2))
    k1, k2 = slopes or (max(a2 - a1, 0.0) / (d2 - d1) or diffracted.slope, 0.0)
    return np.asarray(a2 + k1 * (d - d2) + k2 * np.log(d / d2))


def _bent(
    diffracted: Line, d: tuple[float, float, float], a: tuple[float, float, float]
) -> tuple[float, float] | None:
    """K_1 and K_2 through three points, both at least 0 (4.32 to 4.37); None where a line has to do."""
    wide, narrow, log2 = d[2] - d[0], d[1] - d[0], float(np.log(d[2] / d[0]))
    bend = wide * (a[1] - a[0]) - narrow * (a[2] - a[0])
    k2 = max(0.0, bend / (wide * float(np.log(d[1] / d[0])) - narrow * log2))
    if diffracted.intercept < 0.0 and k2 == 0.0:
        return None
    k1 = (a[2] - a[0] - k2 * log2) / wide
    if k1 >= 0.0:
        return k1, k2
    k2 = max(a[2] - a[0], 0.0) / log2
    return (0.0, k2) if k2 > 0.0 else (diffracted.slope, 0.0)


def two_rays(link: Link, diffracted: Line, s: float) -> float:
    """A_los(s) (4.43 to 4.51): direct and reflected ray, weighted with the extended diffraction."""
    path, k, z = link.path, link.ground.wave_number, link.ground.impedance
    w = 1.0 / (1.0 + 47.7 * k * path.irregularity_m / max(10e3, link.smooth_m))
    total = float(path.effective_m.sum())
    sine = total / float(np.hypot(s, total))
    rough = np.exp(-min(10.0, k * spread_m(s, path.irregularity_m) * sine))
    bounce = (sine - z) / (sine + z) * rough
    power = abs(bounce) ** 2
    if power < 0.25 or power < sine:
        bounce *= np.sqrt(sine / power)
    phase = 2.0 * k * float(path.effective_m.prod()) / s
    if phase > np.pi / 2.0:
        phase = np.pi - (np.pi / 2.0) ** 2 / phase
    rays = -20.0 * np.log10(abs(np.exp(-1j * phase) + bounce))
    return float((1.0 - w) * diffracted.at(s) + w * rays)


def _scatter_line(link: Link, diffracted: Line) -> tuple[Line, float]:
    """Through two distances far in the scatter range, and the distance where it begins (4.52 to 4.59)."""
    d5, d6 = link.horizon_m + STEP_M, link.horizon_m + 2.0 * STEP_M
    a6, gain = scatter(link, d6, None)
    a5, _ = scatter(link, d5, gain)
    if a5 >= UNDEFINED_DB:
        return diffracted, np.inf
    slope = (a6 - a5) / STEP_M
    crossing = (a5 - diffracted.intercept - slope * d5) / (diffracted.slope - slope)
    # the text prints X_ae log(k H_s); NTIA's code has 0.3 X_ae ln(k H_s), which the published losses follow
    begin = link.horizon_m + 0.3 * link.scale_m * float(np.log(47.7 * link.ground.wave_number))
    from_m = max(link.smooth_m, begin, crossing)
    return Line(slope, float(diffracted.at(from_m)) - slope * from_m), from_m


def scatter(link: Link, s: float, far_gain_db: float | None) -> tuple[float, float | None]:
    """A_scat(s) (4.60 to 4.67) and its frequency gain.

    Parameters
    ----------
    far_gain_db : float or None
        Frequency gain at d_6, which replaces that at d_5 where either exceeds 15 dB.
    """
    k, over = link.ground.wave_number, link.ground.curvature
    gain = far_gain_db
    if gain is None or gain <= 15.0:
        gain = _frequency_gain(link, s)
        if gain is None:
            return UNDEFINED_DB, far_gain_db
        if gain > 15.0 and far_gain_db is not None:
            gain = far_gain_db
    angle = link.bend_rad + over * s
    air = 0.1 * (link.ground.refractivity - 301.0) * np.exp(-angle * s / 40e3)
    total = _attenuation_function(angle * s) + 10.0 * np.log10(47.7 * k * angle**4) - air + gain
    return float(total), gain


def _attenuation_function(angle_m: float) -> float:
    """F of the scatter angle times the distance (6.9)."""
    edge = int(np.searchsorted([10e3, 70e3], angle_m))
    a, b, c = ((133.4, 0.332e-3, -10.0), (104.6, 0.212e-3, -2.5), (71.8, 0.157e-3, 5.0))[edge]
    return float(a + b * angle_m + c * np.log10(angle_m))


def _frequency_gain(link: Link, s: float) -> float | None:
    """H_0 in dB (NBS TN101, section 9.3; here 4.3.1 and 6.13); None where scatter is not defined."""
    path = link.path
    angle = float(path.take_off_rad.sum()) + link.ground.curvature * s
    r = 2.0 * link.ground.wave_number * angle * path.effective_m
    if (r < 0.2).all():
        return None
    apart = abs(float(path.horizon_m[0] - path.horizon_m[1]))
    order = [0, 1] if path.horizon_m[0] >= path.horizon_m[1] else [1, 0]
    ratio = float(path.effective_m[order[1]] / path.effective_m[order[0]])
    skew = (s - apart) / (s + apart)
    q = min(max(0.1, ratio / skew), 10.0)
    crossover = (s - apart) * (s + apart) * angle * 0.25 / s
    n = link.ground.refractivity
    air = (0.031 - 2.32e-3 * n + 5.67e-6 * n * n) * np.exp(-(min(1.7, crossover / 8.0e3) ** 6))
    efficiency = float(crossover / 1.7556e3 * (1.0 + air))
    mean = float(_gain_curve(r, efficiency).mean())
    lift = 6.0 * (0.6 - np.log10(max(efficiency, 1.0))) * np.log10(max(0.1, skew)) * np.log10(q)
    gain = max(mean + min(mean, float(lift)), 0.0)
    if efficiency >= 1.0:
        return gain
    root = np.sqrt(2.0)
    none = (1.0 + root / r).prod() ** 2 * r.sum() / (r.sum() + 2.0 * root)
    return float(efficiency * gain + (1.0 - efficiency) * 10.0 * np.log10(none))


def _gain_curve(r: Array, efficiency: float) -> Array:
    """H_01 between whole efficiencies (6.13)."""
    a = np.array([25.0, 80.0, 177.0, 395.0, 705.0])[:, None]
    b = np.array([24.0, 45.0, 68.0, 80.0, 105.0])[:, None]
    curves = 10.0 * np.log10(1.0 + a * r**-4 + b * r**-2)
    eta = min(max(efficiency, 1.0), 5.0)
    low = min(int(eta), 4) - 1
    part = eta - (low + 1)
    return np.asarray((1.0 - part) * curves[low] + part * curves[low + 1])
