"""Own SGP4 and SDP4: constants of many satellites at once, and a compiled kernel for their states.

Theory and constants: Spacetrack Report No. 3 and AIAA 2006-6753, WGS-72, improved mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import jit
from rabta.space.orbits import deep, near
from rabta.space.orbits._layout import AT, EARTH_RADIUS_KM, NAMES
from rabta.times import gmst_rad, julian_date

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
SGP4_EPOCH_JD = 2_433_281.5  # 1949-12-31T00:00, from which the theory counts days
REV_DAY = 2.0 * np.pi / 1440.0


@dataclass(frozen=True)
class Orbits:
    """Constants of satellites, ready for the kernel.

    Attributes
    ----------
    table : ndarray, shape (satellite, constant)
        Columns are `rabta.space.orbits._layout.NAMES`.
    """

    table: F8

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, rows: Any) -> Orbits:
        return Orbits(np.ascontiguousarray(self.table[rows]))


def prepare(columns: Mapping[str, NDArray[Any]] | pd.DataFrame) -> Orbits:
    """Start SGP4/SDP4 of element columns of the ``satellites`` table.

    Elements with which the theory cannot start (a mean motion of nothing, an eccentricity of one) give
    constants that are not finite; their states then carry an error code, never a number.
    """
    e = {name: np.asarray(columns[name], dtype=np.float64) for name in ("bstar", "eccentricity", "epoch_jd")}
    angle = {
        name: np.radians(np.asarray(columns[f"{name}_deg"], dtype=np.float64))
        for name in ("inclination", "raan", "argp", "mean_anomaly")
    }
    day = e["epoch_jd"] - SGP4_EPOCH_JD
    part = day - np.floor(day)
    start = {
        "day": day,
        "epoch_day": np.floor(day) + SGP4_EPOCH_JD,
        # An epoch of eight decimals is meant as such, as in the ``sgp4`` package.
        "epoch_part": np.where(np.round(day * 1e8) == day * 1e8, np.round(part, 8), part),
        "gsto": gmst_rad(e["epoch_jd"]),
        "bstar": e["bstar"],
        "ecco": e["eccentricity"],
        "no_kozai": np.asarray(columns["mean_motion_rev_day"], dtype=np.float64) * REV_DAY,
        "inclo": angle["inclination"],
        "nodeo": angle["raan"],
        "argpo": angle["argp"],
        "mo": angle["mean_anomaly"],
    }
    with np.errstate(all="ignore"):
        found = near.constants(start)
        found |= deep.constants(found)
    return Orbits(np.stack([found[name] for name in NAMES], axis=1))


def states(
    orbits: Orbits, times: NDArray[np.datetime64], *, velocity: bool = False
) -> tuple[F8, NDArray[np.uint8]]:
    """Earth-fixed states.

    Parameters
    ----------
    orbits : Orbits
    times : ndarray of datetime64[ns], shape (time,)
        UTC.
    velocity : bool
        True adds the velocity in the Earth-fixed frame.

    Returns
    -------
    states : ndarray, shape (satellite, 3 or 6, time)
        x, y, z (m) and, where asked, their rates (m/s); NaN where there is an error.
    codes : ndarray of uint8, shape (satellite, time)
        Error codes of AIAA 2006-6753: 1 eccentricity, 2 mean motion, 3 perturbed eccentricity,
        4 semi-latus rectum, 6 decayed.
    """
    day, part = julian_date(times)
    return states_at(orbits, day, part, gmst_rad(day, part), velocity=velocity)


def states_at(
    orbits: Orbits, day: F8, part: F8, theta_rad: F8, *, velocity: bool = False
) -> tuple[F8, NDArray[np.uint8]]:
    """Same as `states` at Julian dates, turned by given angles; zero angles give the TEME frame."""
    from rabta.space.orbits import _kernels

    day, part, theta = (np.ascontiguousarray(a, dtype=np.float64) for a in (day, part, theta_rad))
    out = np.empty((len(orbits), 6 if velocity else 3, day.size))
    codes = np.empty((len(orbits), day.size), dtype=np.uint8)

    def some(first: int, last: int) -> None:
        _kernels.states(
            first, last, orbits.table, day, part, theta, velocity, out[first:last], codes[first:last]
        )

    jit.each_part(some, len(orbits))
    return out, codes


def positions(orbits: Orbits, times: NDArray[np.datetime64]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Earth-fixed positions in metres, float32, shape (time, satellite, 3), and codes as `states`."""
    from rabta.space.orbits import _kernels

    day, part = julian_date(times)
    theta = gmst_rad(day, part)
    out = np.empty((day.size, len(orbits), 3), dtype=np.float32)
    codes = np.empty((len(orbits), day.size), dtype=np.uint8)
    jit.each_part(_kernels.positions, len(orbits), orbits.table, day, part, theta, out, codes)
    return out, codes


def drag_km(orbits: Orbits, days: float) -> F8:
    """Way along the orbit that drag adds in some days, shape (satellite,), kilometres.

    The first drag term of the mean longitude, ``no t2cof t^2`` (Spacetrack Report 3, section 6).
    """
    ao, no, t2cof = (orbits.table[:, AT[name]] for name in ("ao", "no", "t2cof"))
    return np.asarray(np.abs(ao * EARTH_RADIUS_KM * no * t2cof * (days * 1440.0) ** 2))
