"""Integrity support: what a system promises of its signals, and what the receiver adds to their errors.

A provider's message says how often satellites and constellations fail and how well their signals are bounded;
receiver, multipath, troposphere and, on one frequency, the ionosphere add to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]

L1_HZ, L5_HZ = 1_575.42e6, 1_176.45e6
EARTH_RADIUS_KM, SHELL_KM = 6378.1363, 350.0  # RTCA DO-229D, A.4.4.10.4
BEIDOU_2_LAST = 16  # PRN C01 to C16: BeiDou-2
BEIDOU_GEO = (1, 2, 3, 4, 5, 59, 60, 61, 62, 63)  # geostationary: BDS-SIS-ICD-B1I-3.0, table 4-1
GROUND_M = 0.3  # sigma^2 = a^2 + a^2 / sin^2: RTKLIB manual, E.6.24, with its usual 100 x 3 mm


@dataclass(frozen=True)
class Support:
    """What is promised of one constellation's satellites.

    Attributes
    ----------
    p_sat, p_const : float
        State probability that one satellite, or the whole constellation, is faulty without notice.
    sigma_ura_m : float
        Bound of the signal-in-space error for integrity, one sigma.
    sigma_ure_m : float
        Its usual size, for accuracy and continuity, one sigma.
    b_nom_m : float
        Largest nominal bias for integrity.
    b_cont_m : float
        Nominal bias for continuity; the published algorithm has none.
    """

    p_sat: float
    p_const: float
    sigma_ura_m: float
    sigma_ure_m: float
    b_nom_m: float
    b_cont_m: float = 0.0


FIELDS = tuple(item.name for item in fields(Support))
Ism = Mapping[str, Support]


def load(name: str = "open") -> dict[str, Support]:
    """Integrity support of the catalog, by kind of satellite (``G``, ``C3``) or ``default``."""
    entry = catalog.entry("ism", name)
    table: dict[str, dict[str, Any]] = entry.data["constellations"]
    for kind, values in table.items():
        for key in ("p_sat", "p_const"):
            if not 0.0 <= values[key] < 1.0:
                raise RabtaError(
                    "no probability", file=entry.path, key=f"{kind}.{key}", value=values[key],
                    expected="a number from 0 to less than 1",
                )  # fmt: skip
    return {kind: Support(**values) for kind, values in table.items()}


def support(ism: Ism, kind: str) -> Support:
    """Support of a kind of satellite: its own, its system's, its system's best known one, or the default.

    Examples
    --------
    >>> table = load("open")
    >>> support(table, "C3").sigma_ura_m, support(table, "C").sigma_ura_m
    (1.3, 4.0)
    """
    for name in (kind, kind[:1], "default"):
        if name in ism:
            return ism[name]
    kin = [item for name, item in ism.items() if name[:1] == kind[:1]]
    if kin:  # a system without a generation: the larger bound
        return max(kin, key=lambda item: item.sigma_ura_m)
    raise RabtaError("no integrity support", key="system", value=kind, expected=nearest(kind, ism))


def columns(ism: Ism, kinds: NDArray[np.str_]) -> dict[str, Array]:
    """Each number of the support for an array of kinds of satellites, of the same shape."""
    names, where = np.unique(kinds, return_inverse=True)
    found = [support(ism, str(name)) if name else Support(0.0, 0.0, 1.0, 1.0, 0.0) for name in names]
    where = where.reshape(kinds.shape)
    return {field: np.array([getattr(item, field) for item in found])[where] for field in FIELDS}


def kinds(system: ArrayLike, prn: ArrayLike) -> NDArray[np.str_]:
    """Kind of satellites: the system's letter; BeiDou-2 ``C2``, BeiDou-3 ``C3``, geostationary ones ``CG``.

    Examples
    --------
    >>> kinds(["G", "C", "C", "C"], [3, 6, 20, 60]).tolist()
    ['G', 'C2', 'C3', 'CG']
    """
    letter, number = np.broadcast_arrays(np.asarray(system, dtype="U2"), np.asarray(prn))
    own = np.where(number <= BEIDOU_2_LAST, "C2", "C3")
    own = np.where(np.isin(number, BEIDOU_GEO), "CG", own)
    return np.where(letter == "C", own, letter).astype("U2")


def troposphere_m(elevation_deg: ArrayLike) -> Array:
    """Residual of the troposphere, one sigma: 0.12 m at the zenith, RTCA DO-229D, A.4.2.4.

    Examples
    --------
    >>> troposphere_m([90.0, 5.0]).round(2).tolist()
    [0.12, 1.23]
    """
    sine = np.sin(np.radians(np.asarray(elevation_deg, dtype=np.float64)))
    return np.asarray(0.12 * 1.001 / np.sqrt(0.002001 + sine**2))


def receiver_m(elevation_deg: ArrayLike) -> Array:
    """Noise and multipath of one range, one sigma: RTCA DO-229D J.2.4 as the airborne algorithm has it.

    Noise 0.15 + 0.43 exp(-el / 6.9), multipath 0.13 + 0.53 exp(-el / 10): Reference Airborne Algorithm
    Description 3.0, table of the GPS user error.

    Examples
    --------
    >>> receiver_m([90.0, 15.0]).round(3).tolist()
    [0.199, 0.318]
    """
    elevation = np.asarray(elevation_deg, dtype=np.float64)
    return np.asarray(
        np.hypot(0.15 + 0.43 * np.exp(-elevation / 6.9), 0.13 + 0.53 * np.exp(-elevation / 10.0))
    )


def ground_m(elevation_deg: ArrayLike) -> Array:
    """Noise and multipath of one range of a receiver on the ground, one sigma: the larger of two models.

    The airborne one (`receiver_m`) and a^2 + a^2 / sin^2, a = 0.3 m, as RTKLIB weighs codes.

    Examples
    --------
    >>> ground_m([90.0, 10.0]).round(2).tolist()
    [0.42, 1.75]
    """
    sine = np.sin(np.radians(np.maximum(elevation_deg, 2.0)))
    return np.asarray(np.maximum(GROUND_M * np.sqrt(1.0 + 1.0 / sine**2), receiver_m(elevation_deg)))


def combined(first_hz: ArrayLike, second_hz: ArrayLike) -> Array:
    """Noise of the ionosphere-free combination of two equally noisy ranges, over that of one.

    Examples
    --------
    >>> round(float(combined(L1_HZ, L5_HZ)), 3)
    2.588
    """
    first, second = np.asarray(first_hz, float) ** 2, np.asarray(second_hz, float) ** 2
    return np.asarray(np.hypot(first, second) / np.abs(first - second))


def obliquity(elevation_deg: ArrayLike) -> Array:
    """Slant over vertical ionosphere, shell at 350 km: RTCA DO-229D, A.4.4.10.4."""
    level = EARTH_RADIUS_KM * np.cos(np.radians(elevation_deg)) / (EARTH_RADIUS_KM + SHELL_KM)
    return np.asarray(1.0 / np.sqrt(1.0 - level**2))


def magnetic_latitude_deg(lat_deg: ArrayLike, lon_deg: ArrayLike) -> Array:
    """Geomagnetic latitude as in the broadcast ionosphere model: IS-GPS-200, figure 20-4."""
    lat, lon = np.asarray(lat_deg, dtype=np.float64), np.asarray(lon_deg, dtype=np.float64)
    return np.asarray(lat + 0.064 * 180.0 * np.cos(np.pi * (lon / 180.0 - 1.617)))


def ionosphere_m(
    delay_m: ArrayLike, elevation_deg: ArrayLike, magnetic_deg: ArrayLike, frequency_hz: ArrayLike = L1_HZ
) -> Array:
    """Uncertainty of the broadcast ionosphere model, one sigma: RTCA DO-229D, J.2.3.

    The larger of a fifth of the model's delay and the obliquity times 9 m (magnetic latitude up to 20
    degrees), 4.5 m (to 55) or 6 m (above), at 1575.42 MHz; it falls with the frequency squared.

    Parameters
    ----------
    delay_m : array_like
        The model's slant delay at the frequency.
    magnetic_deg : array_like
        Geomagnetic latitude of the pierce point, or of the user.

    Examples
    --------
    >>> ionosphere_m([5.0, 60.0], 90.0, [0.0, 30.0]).tolist()
    [9.0, 12.0]
    """
    latitude = np.abs(np.asarray(magnetic_deg, dtype=np.float64))
    vertical = np.where(latitude <= 20.0, 9.0, np.where(latitude <= 55.0, 4.5, 6.0))
    scale = (L1_HZ / np.asarray(frequency_hz, dtype=np.float64)) ** 2
    return np.asarray(np.maximum(np.abs(delay_m) / 5.0, vertical * obliquity(elevation_deg) * scale))


def local_m(
    elevation_deg: ArrayLike,
    frequencies_hz: tuple[float, ...] = (L1_HZ, L5_HZ),
    ionosphere: ArrayLike | None = None,
) -> Array:
    """Error that place and receiver add to a range, one sigma.

    Parameters
    ----------
    frequencies_hz : tuple of float
        Two: the ionosphere-free combination. One: `ionosphere` is needed.
    ionosphere : array_like, optional
        Of `ionosphere_m`.
    """
    quiet = np.square(troposphere_m(elevation_deg))
    noise = receiver_m(elevation_deg)
    if len(frequencies_hz) > 1:
        return np.asarray(np.sqrt(quiet + np.square(combined(*frequencies_hz[:2]) * noise)))
    if ionosphere is None:
        raise RabtaError(
            "one frequency without an ionosphere's uncertainty",
            key="ionosphere",
            expected="ionosphere_m(...)",
        )
    return np.asarray(np.sqrt(quiet + np.square(noise) + np.square(ionosphere)))


def elevation_deg(unit: Array) -> Array:
    """Elevation of unit vectors east, north, up, shape (..., 3)."""
    return np.asarray(np.degrees(np.arcsin(np.clip(unit[..., 2], -1.0, 1.0))))


def sigma95(sigma_m: float) -> float:
    """95 % of a normal error from its sigma."""
    return 1.959964 * sigma_m if math.isfinite(sigma_m) else math.inf
