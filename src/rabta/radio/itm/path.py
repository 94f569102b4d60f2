"""What the model knows of a link: the ground, the air, and the shape of the terrain between two terminals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]

CURVATURE = 157e-9  # of the Earth, 1/m
SCALE_HEIGHT_M = 9460.0  # of refractivity
LOWEST_M = 5.0  # effective height below which horizons shorten no more
# metres that care in the choice of a site adds at most (equation 3.2)
SITING = {"random": 0.0, "careful": 5.0, "very careful": 10.0}
CLIMATES = (
    "equatorial",
    "continental subtropical",
    "maritime subtropical",
    "desert",
    "continental temperate",
    "maritime temperate over land",
    "maritime temperate over sea",
)


@dataclass(frozen=True)
class Conditions:
    """Radio, ground and air.

    Attributes
    ----------
    frequency_hz : float
        20 MHz to 20 GHz.
    refractivity : float
        Surface refractivity reduced to sea level, N-units.
    permittivity, conductivity_s_m : float
        Of the ground: relative, and in S/m.
    vertical : bool
        Vertical polarisation; horizontal otherwise.
    climate : str
        One of `CLIMATES`.
    elevation_m : float or None
        Of the region above the sea. None: of the profile in point-to-point mode, 0 in area mode.
    """

    frequency_hz: float
    refractivity: float = 301.0
    permittivity: float = 15.0
    conductivity_s_m: float = 0.005
    vertical: bool = False
    climate: str = "continental temperate"
    elevation_m: float | None = None

    def __post_init__(self) -> None:
        _within("frequency_hz", self.frequency_hz, 20e6, 20e9)
        _within("permittivity", self.permittivity, 1.0, 1e3)
        _within("conductivity_s_m", self.conductivity_s_m, 0.0, 1e3)
        if self.climate not in CLIMATES:
            raise RabtaError(
                "no such climate", key="climate", value=self.climate, expected=nearest(self.climate, CLIMATES)
            )


@dataclass(frozen=True)
class Ground:
    """Wave number in 1/m, surface refractivity in N-units, effective curvature in 1/m, surface impedance."""

    wave_number: float
    refractivity: float
    curvature: float
    impedance: complex


@dataclass(frozen=True)
class Path:
    """Geometry of a link; arrays hold the two terminals, shape (2,).

    Attributes
    ----------
    structural_m, effective_m : ndarray
        Antenna heights over the ground, and over the plane that reflects.
    horizon_m, take_off_rad : ndarray
        Distance and elevation of each terminal's horizon.
    irregularity_m : float
        Interdecile range of elevations.
    known : bool
        The terrain is a profile (point-to-point mode), not a statistic (area mode).
    """

    structural_m: Array
    effective_m: Array
    horizon_m: Array
    take_off_rad: Array
    irregularity_m: float
    known: bool


def _within(key: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise RabtaError("out of the model's range", key=key, value=value, expected=f"{least:g} to {most:g}")


def ground(given: Conditions, elevation_m: float = 0.0) -> Ground:
    """Equations (1.1) to (1.5)."""
    k = given.frequency_hz / 47.7e6
    refractivity = given.refractivity * float(np.exp(-elevation_m / SCALE_HEIGHT_M))
    _within("surface refractivity", refractivity, 150.0, 400.0)
    curvature = CURVATURE * (1.0 - 0.04665 * float(np.exp(refractivity / 179.3)))
    relative = complex(given.permittivity, 376.62 * given.conductivity_s_m / k)
    impedance = complex(np.sqrt(relative - 1.0))
    impedance = impedance / relative if given.vertical else impedance
    if impedance.real <= abs(impedance.imag):
        raise RabtaError("the ground's impedance is out of the model's range", value=impedance)
    return Ground(k, refractivity, curvature, impedance)


def heights(values: Sequence[float]) -> Array:
    """Two antenna heights, each 0.5 to 3,000 m."""
    if len(values) != 2:
        raise RabtaError("two antenna heights are needed", value=list(values))
    for value in values:
        _within("antenna height, m", value, 0.5, 3000.0)
    return np.array(values, dtype=np.float64)


def profile(elevations_m: ArrayLike, step_m: float) -> Array:
    """A profile with three finite elevations or more and a positive step."""
    z = np.asarray(elevations_m, dtype=np.float64)
    if z.ndim != 1 or z.size < 3 or not np.isfinite(z).all() or not 0.0 < step_m < np.inf:
        raise RabtaError(
            "a profile needs three finite elevations or more, and a positive step", value=z.shape
        )
    return z


def _smooth_m(effective_m: Array, curvature: float) -> Array:
    """Horizon over a smooth Earth (3.5)."""
    return np.asarray(np.sqrt(2.0 * effective_m / curvature))


def _horizon_m(effective_m: Array, curvature: float, irregularity_m: float) -> Array:
    """Median horizon over irregular terrain (3.3)."""
    rough = np.exp(-0.07 * np.sqrt(irregularity_m / np.maximum(effective_m, LOWEST_M)))
    return np.asarray(_smooth_m(effective_m, curvature) * rough)


def _take_off(effective_m: Array, horizon_m: Array, curvature: float, irregularity_m: float) -> Array:
    """Median elevation of the horizon (3.4)."""
    smooth = _smooth_m(effective_m, curvature)
    return np.asarray((0.65 * irregularity_m * (smooth / horizon_m - 1.0) - 2.0 * effective_m) / smooth)


def from_area(
    heights_m: Sequence[float], irregularity_m: float, curvature: float, siting: Sequence[str]
) -> Path:
    """Geometry of the area mode (3.1 to 3.4): medians over terrain of one irregularity."""
    over = heights(heights_m)
    _within("irregularity, m", irregularity_m, 0.0, 5000.0)
    if len(siting) != 2:
        raise RabtaError("two terminals need two sitings", key="siting", value=list(siting))
    effective = over.copy()
    for i, care in enumerate(siting):
        if care not in SITING:
            raise RabtaError("no such siting", key="siting", value=care, expected=nearest(care, SITING))
        if care != "random":
            most = (SITING[care] - 1.0) * np.sin(np.pi / 2.0 * min(over[i] / 5.0, 1.0)) + 1.0
            effective[i] += most * np.exp(-min(20.0, 2.0 * over[i] / max(1e-3, irregularity_m)))
    horizon = _horizon_m(effective, curvature, irregularity_m)
    take_off = _take_off(effective, horizon, curvature, irregularity_m)
    return Path(over, effective, horizon, take_off, irregularity_m, known=False)


def fit(profile_m: Array, first: float, last: float) -> tuple[float, float]:
    """Least-squares line through a stretch of a profile.

    Parameters
    ----------
    first, last : float
        Bounds in steps of the profile.

    Returns
    -------
    tuple of float
        Heights of the line at the two ends of the whole profile. Source: NTIA Report 82-100, appendix A.
    """
    n = profile_m.size - 1
    a, b = int(max(first, 0.0)), n - int(max(n - last, 0.0))
    if b <= a:
        a, b = max(a - 1, 0), n - max(n - (b + 1), 0)
    length = float(b - a)
    x = np.arange(length + 1.0) - length / 2.0
    z = profile_m[a : b + 1].copy()
    z[[0, -1]] *= 0.5
    mean, slope = z.sum() / length, (z @ x) * 12.0 / ((length**2 + 2.0) * length)
    middle = a + length / 2.0
    return float(mean - slope * middle), float(mean + slope * (n - middle))


def irregularity(profile_m: Array, step_m: float, first_m: float, last_m: float) -> float:
    """Interdecile range of elevations over their line, as of an endless path (NTIA 82-100, appendix A)."""
    first, last = first_m / step_m, last_m / step_m
    if last - first < 2.0:
        return 0.0
    tenth = min(max(4, int(0.1 * (last - first + 8.0))), 25)
    n = 10 * tenth - 5
    z = np.interp(np.linspace(first, last, n), np.arange(profile_m.size), profile_m)
    start, end = fit(z, 0.0, n - 1.0)
    over = np.sort(z - np.linspace(start, end, n))[::-1]
    span = float(over[tenth - 1] - over[n - tenth])
    return span / (1.0 - 0.8 * float(np.exp(-(last_m - first_m) / 50e3)))


def horizons(profile_m: Array, step_m: float, heights_m: Array, curvature: float) -> tuple[Array, Array]:
    """Distance in m and elevation in rad of each terminal's horizon, or of the other terminal in sight."""
    n = profile_m.size - 1
    length = n * step_m
    tops = profile_m[[0, -1]] + heights_m
    take_off, far = np.empty(2), np.empty(2)
    for i, z in enumerate((profile_m, profile_m[::-1])):
        away = np.arange(1, n + 1) * step_m
        seen = np.append(z[1:-1], tops[1 - i])
        angle = (seen - tops[i]) / away - curvature * away / 2.0
        # the nearest of equal angles hides the rest, yet ground that only touches the line of sight does not
        at = int(np.argmax(angle)) if angle[:-1].max(initial=-np.inf) > angle[-1] else n - 1
        take_off[i], far[i] = angle[at], away[at]
    return np.minimum(far, length), take_off


def from_profile(profile_m: ArrayLike, step_m: float, heights_m: Sequence[float], curvature: float) -> Path:
    """Geometry of a link over a known profile.

    Parameters
    ----------
    profile_m : array, shape (points,)
        Elevations from terminal 1 to terminal 2, evenly spaced, three at least.

    Notes
    -----
    Effective heights over lines fitted to the foreground; within sight, horizons by the medians of the area
    mode, with heights raised by a common factor where these fall short of the path (section 1.3).
    """
    z = profile(profile_m, step_m)
    over = heights(heights_m)
    length = (z.size - 1) * step_m
    horizon, take_off = horizons(z, step_m, over, curvature)
    first, back = np.minimum(15.0 * over, 0.1 * horizon)
    last = length - back
    rough = irregularity(z, step_m, first, last)
    if horizon.sum() > 1.5 * length:
        left, right = fit(z, first / step_m, last / step_m)
        effective = over + np.maximum([z[0] - left, z[-1] - right], 0.0)
        horizon = _horizon_m(effective, curvature, rough)
        if horizon.sum() <= length:
            effective = effective * (length / horizon.sum()) ** 2
            horizon = _horizon_m(effective, curvature, rough)
        take_off = _take_off(effective, horizon, curvature, rough)
    else:
        left, _ = fit(z, first / step_m, 0.9 * horizon[0] / step_m)
        _, right = fit(z, (length - 0.9 * horizon[1]) / step_m, last / step_m)
        effective = over + np.maximum([z[0] - left, z[-1] - right], 0.0)
    return Path(over, effective, horizon, take_off, rough, known=True)
