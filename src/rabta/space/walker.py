"""Walker constellations: mean elements of a shell from its altitude, inclination and pattern.

SGP4 takes the Kozai mean motion and adds the J2 terms itself, so a naive ``sqrt(GM/a**3)`` puts a shell
up to 3 km off. Here the mean motion is solved so that the radius that SGP4 gives, averaged over
one revolution, is the equatorial radius plus the altitude. The mean eccentricity is zero; the long-period
J3 terms of SGP4 then make the orbit the frozen one (its altitude swings by up to 15 km in a revolution).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.geo import WGS84_A_M

# WGS-72 as SGP4 uses it: Hoots and Roehrich, Spacetrack Report 3 (1980); Vallado et al., AIAA 2006-6753.
WGS72_RADIUS_M = 6_378_135.0
WGS72_J2 = 1.082616e-3
WGS72_KE = 60.0 / np.sqrt(6378.135**3 / 398_600.8)  # sqrt(GM) in Earth radii^1.5 per minute
MINUTES_PER_DAY = 1440.0

Columns = dict[str, NDArray[np.float64]]


def kozai_mean_motion(altitude_km: float, inclination_deg: float) -> float:
    """Mean motion (rev/day, Kozai) of a circular orbit whose SGP4 radius averages to the altitude.

    Parameters
    ----------
    altitude_km : float
        Mean altitude over the equatorial radius of WGS84 (6378.137 km).
    inclination_deg : float
        Inclination.

    Notes
    -----
    AIAA 2006-6753, appendix: with zero eccentricity the mean radius is
    ``a (1 - 3/4 J2 (3 cos^2 i - 1) / a^2)`` (short-period terms) and ``n_Brouwer = n_Kozai / (1 + d0)``
    (initialisation), both inverted here by iteration.

    Examples
    --------
    >>> round(kozai_mean_motion(550.0, 53.0), 4)
    15.0545
    """
    radius = (altitude_km * 1e3 + WGS84_A_M) / WGS72_RADIUS_M
    oblate = 0.75 * WGS72_J2 * (3.0 * np.cos(np.radians(inclination_deg)) ** 2 - 1.0)
    axis = radius
    for _ in range(20):
        axis = radius / (1.0 - oblate / axis**2)
    brouwer = WGS72_KE / axis**1.5
    kozai = brouwer
    for _ in range(20):
        kozai = brouwer * (1.0 + _kozai_ratio(kozai, oblate))
    return float(kozai * MINUTES_PER_DAY / (2.0 * np.pi))


def _kozai_ratio(kozai: float, oblate: float) -> float:
    """Relative excess of the Kozai over the Brouwer mean motion (AIAA 2006-6753, initialisation)."""
    start = (WGS72_KE / kozai) ** (2.0 / 3.0)
    d1 = oblate / start**2
    first = start * (1.0 - d1 * (1.0 / 3.0 + d1 * (1.0 + 134.0 / 81.0 * d1)))
    return float(oblate / first**2)


def walker(
    altitude_km: float,
    inclination_deg: float,
    planes: int,
    per_plane: int,
    *,
    phasing: float = 0.0,
    spread_deg: float = 360.0,
    raan0_deg: float = 0.0,
    anomaly0_deg: float = 0.0,
    epoch_jd: float = 2_451_544.5,
) -> Columns:
    """Mean elements of a Walker shell ``inclination: planes * per_plane / planes / phasing``.

    Parameters
    ----------
    altitude_km, inclination_deg : float
        Mean altitude over the equatorial radius, and inclination.
    planes, per_plane : int
        Number of planes, and satellites in each.
    phasing : float
        Walker's F: neighbouring planes are shifted in anomaly by ``360 F / (planes * per_plane)`` degrees.
    spread_deg : float
        Span of the ascending nodes: 360 for a delta pattern, 180 for a star.
    raan0_deg, anomaly0_deg : float
        Node of the first plane and anomaly of its first satellite.
    epoch_jd : float
        Epoch (Julian date, UTC).

    Returns
    -------
    dict of ndarray, shape (planes * per_plane,)
        Element columns of the ``satellites`` table, plane after plane.
        Source of the pattern: Walker, J. British Interplanetary Society 37 (1984) 559-571.

    Examples
    --------
    >>> shell = walker(550.0, 53.0, planes=72, per_plane=22, phasing=17)
    >>> shell["raan_deg"].shape, float(shell["raan_deg"][22])
    ((1584,), 5.0)
    """
    _check(altitude_km, inclination_deg, planes, per_plane, spread_deg)
    plane, slot = (a.ravel().astype(np.float64) for a in np.indices((planes, per_plane)))
    total = planes * per_plane
    anomaly = anomaly0_deg + 360.0 * slot / per_plane + 360.0 * phasing * plane / total
    constant = {
        "epoch_jd": epoch_jd,
        "inclination_deg": inclination_deg,
        "eccentricity": 0.0,
        "argp_deg": 0.0,
        "mean_motion_rev_day": kozai_mean_motion(altitude_km, inclination_deg),
        "bstar": 0.0,
    }
    columns = {name: np.full(total, value, dtype=np.float64) for name, value in constant.items()}
    columns["raan_deg"] = np.mod(raan0_deg + spread_deg * plane / planes, 360.0)
    columns["mean_anomaly_deg"] = np.mod(anomaly, 360.0)
    return columns


def labels(planes: int, per_plane: int, prefix: str = "") -> list[str]:
    """Names in the order of `walker`: plane and slot, counted from one.

    Examples
    --------
    >>> labels(2, 2, "S1-")
    ['S1-01-01', 'S1-01-02', 'S1-02-01', 'S1-02-02']
    """
    return [f"{prefix}{p + 1:02d}-{s + 1:02d}" for p in range(planes) for s in range(per_plane)]


def _check(
    altitude_km: float, inclination_deg: float, planes: int, per_plane: int, spread_deg: float
) -> None:
    limits = (
        ("altitude_km", altitude_km, 120.0, 400_000.0),
        ("inclination_deg", inclination_deg, 0.0, 180.0),
        ("planes", planes, 1, 32_767),
        ("per_plane", per_plane, 1, 32_767),
        ("spread_deg", spread_deg, 0.0, 360.0),
    )
    for key, value, low, high in limits:
        if not low <= value <= high:
            raise RabtaError("value outside its range", key=key, value=value, expected=f"{low} to {high}")
