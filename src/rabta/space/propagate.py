"""SGP4/SDP4 propagation of a satellites table to Earth-fixed positions.

States come from our own kernel (`rabta.space.orbits`); the ``sgp4`` package is its reference
(`positions_reference`) and checks elements as they are read.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sgp4.api import SGP4_ERRORS as _MESSAGES
from sgp4.api import WGS72, Satrec, SatrecArray

from rabta.space import orbits
from rabta.space.frames import earth_fixed
from rabta.space.orbits import REV_DAY, SGP4_EPOCH_JD
from rabta.space.orbits._layout import AT
from rabta.times import julian_date

if TYPE_CHECKING:
    import pandas as pd

SGP4_ERRORS: dict[int, str] = dict(_MESSAGES)
ELEMENTS = (
    "epoch_jd",
    "bstar",
    "eccentricity",
    "mean_motion_rev_day",
    "argp_deg",
    "inclination_deg",
    "mean_anomaly_deg",
    "raan_deg",
)
STALE_DAYS, MONTH_DAYS = 3.0, 30.0
DENSITY_ERROR = 0.2
HALF_ORBIT_KM = 20_000.0


def satrecs(columns: Mapping[str, NDArray[Any]] | pd.DataFrame) -> list[Satrec]:
    """SGP4 satellite records (WGS-72, improved mode) of element columns.

    Parameters
    ----------
    columns : mapping or DataFrame
        Element columns of the ``satellites`` table.

    Notes
    -----
    The epoch is one double of days, so it is rounded to 20 us: 0.15 m along track in low orbit, well under
    the 0.86 ms step of a TLE epoch.
    """
    radians = [
        np.radians(np.asarray(columns[f"{name}_deg"], dtype=np.float64))
        for name in ("argp", "inclination", "mean_anomaly", "raan")
    ]
    argp, inclination, anomaly, node = (values.tolist() for values in radians)
    epoch, bstar, ecc, motion = (
        values.tolist()
        for values in (
            np.asarray(columns["epoch_jd"], dtype=np.float64) - SGP4_EPOCH_JD,
            np.asarray(columns["bstar"], dtype=np.float64),
            np.asarray(columns["eccentricity"], dtype=np.float64),
            np.asarray(columns["mean_motion_rev_day"], dtype=np.float64) * REV_DAY,
        )
    )
    out = []
    for row in range(len(epoch)):
        record = Satrec()
        record.sgp4init(
            WGS72, "i", 0, epoch[row], bstar[row], 0.0, 0.0, ecc[row], argp[row],
            inclination[row], anomaly[row], motion[row], node[row],
        )  # fmt: skip
        out.append(record)
    return out


def moving(satellites: pd.DataFrame) -> pd.DataFrame:
    """Rows of the ``satellite`` axis: all but the geostationary ones, which the table holds last."""
    return satellites[satellites["orbit"] != "geo"]


def geostationary_rows(satellites: pd.DataFrame) -> pd.DataFrame:
    """Rows of the ``geo`` axis."""
    return satellites[satellites["orbit"] == "geo"]


def positions(satellites: pd.DataFrame, times: NDArray[np.datetime64]) -> NDArray[np.float32]:
    """Earth-fixed positions of the moving satellites.

    Parameters
    ----------
    satellites : DataFrame
        The ``satellites`` table.
    times : ndarray of datetime64[ns], shape (time,)
        UTC.

    Returns
    -------
    ndarray of float32, shape (time, satellite, 3)
        Metres. NaN where SGP4 reports an error (a decayed satellite), which is warned of by name.

    Notes
    -----
    SGP4/SDP4 after Vallado et al., AIAA 2006-6753, WGS-72 constants, improved mode; frame and its errors in
    `rabta.space.frames.earth_fixed`. The elements' own error is the largest: about 1 km at epoch, more later.
    """
    chosen = moving(satellites)
    if chosen.empty:
        return np.empty((len(times), 0, 3), dtype=np.float32)
    out, errors = orbits.positions(constants(chosen), times)
    for text in (stale(chosen, times), decayed(chosen, errors)):
        if text:
            warnings.warn(text, stacklevel=2)
    return out


def positions_reference(satellites: pd.DataFrame, times: NDArray[np.datetime64]) -> NDArray[np.float32]:
    """Same as `positions` by the ``sgp4`` package, without warnings."""
    errors, states, _ = SatrecArray(satrecs(moving(satellites))).sgp4(*julian_date(times))
    return earth_fixed(states, errors, times)


def constants(satellites: pd.DataFrame) -> orbits.Orbits:
    """Constants of a table's orbits, in its order: made once, used by every time chunk."""
    return _prepared(np.stack([satellites[name].to_numpy(dtype=np.float64) for name in ELEMENTS]).tobytes())


@lru_cache(maxsize=4)
def _prepared(packed: bytes) -> orbits.Orbits:
    columns = dict(zip(ELEMENTS, np.frombuffer(packed).reshape(len(ELEMENTS), -1), strict=True))
    return orbits.prepare(columns)


def decayed(satellites: pd.DataFrame, errors: NDArray[np.uint8]) -> str:
    """Say which satellites SGP4 could not propagate, and why; empty where there is none."""
    rows = np.flatnonzero(errors.any(axis=1))
    if not rows.size:
        return ""
    names = [
        f"{satellites['name'].iloc[row]} ({SGP4_ERRORS.get(int(errors[row].max()), 'unknown error')})"
        for row in rows[:10]
    ]
    more = f" and {rows.size - 10} more" if rows.size > 10 else ""
    return f"left out, SGP4 cannot propagate them to the time of the run: {', '.join(names)}{more}"


def stale(satellites: pd.DataFrame, times: NDArray[np.datetime64]) -> str:
    """Say how far the run is from the epochs of catalogued elements; empty where that is under three days.

    SGP4 is good to about 1 km within a few days of the epoch in low orbit (Kelso, AAS 07-127); past that,
    1 to 3 km more for each day is our working assumption, and manoeuvres add to it. Past a month drag rules:
    its share of the way along the orbit grows with the square of the time, and the density of the upper
    atmosphere is known to 10 to 20 % (Vallado and Finkleman, Acta Astronautica 95, 2014). Beyond half an
    orbit's length the place along the orbit is not known at all.
    """
    real = satellites[satellites["norad"] > 0]
    return stale_elements({name: real[name].to_numpy(dtype=np.float64) for name in ELEMENTS}, times)


def stale_elements(real: Mapping[str, NDArray[np.float64]], times: NDArray[np.datetime64]) -> str:
    """Same as `stale` of element columns of real satellites."""
    return _aged(real["epoch_jd"], times, lambda: orbits.prepare(real))


def stale_orbits(known: orbits.Orbits, times: NDArray[np.datetime64]) -> str:
    """Same as `stale` of prepared orbits; those without drag count as synthetic, which no epoch binds."""
    real = known[known.table[:, AT["t2cof"]] != 0.0]
    epoch = real.table[:, AT["epoch_day"]] + real.table[:, AT["epoch_part"]]
    return _aged(epoch, times, lambda: real)


def _aged(
    epoch_jd: NDArray[np.float64], times: NDArray[np.datetime64], real: Callable[[], orbits.Orbits]
) -> str:
    if not len(epoch_jd) or not len(times):
        return ""
    whole, part = julian_date(times)
    middle = float(np.median(whole + part))
    age = abs(float(np.median(middle - epoch_jd)))
    if age <= STALE_DAYS:
        return ""
    days = round(age)
    low, high = 1 + days, 1.0 + 3 * days
    if age > MONTH_DAYS:
        high += DENSITY_ERROR * float(np.median(orbits.drag_km(real(), age)))
    text = f"elements are {days} days from the time of the run: expect errors of "
    if high >= HALF_ORBIT_KM:
        return f"{text}thousands of km: where satellites in low orbit are along their orbits is not known"
    return f"{text}{low} to {high:.0f} km along track in low orbit"
