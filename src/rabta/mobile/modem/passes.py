"""Passes of real satellites: how far, how fast, and when light arrives.

Delays are light times in the frame that does not turn: the satellite when it sent, the place when it hears.
The Doppler shift follows from the same delays (`rabta.mobile.phy.fading.motion.Track`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError, nearest
from rabta.mobile.phy.fading.motion import Track
from rabta.radio.itu import check_range
from rabta.space import elements, tle
from rabta.space.events.windows import windows
from rabta.space.orbits import Orbits, prepare, states
from rabta.space.visibility import Ground, ground, look
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

KNOT_S = 0.5
"""Distance of the times at which delays are exact: a cubic between them is met to 3e-14 s from 600 km up."""
EDGE_S = 2.0
"""Track beyond both ends of a pass, so that what is sent at its end still arrives on it."""
EARTH_RATE = 7.292115146706979e-5  # rad/s, as SGP4's frame turns (Vallado, equation 3-40)
LEAST_ELEVATION_DEG = 5.0
SEARCH_HOURS = 24.0


@dataclass(frozen=True)
class Satellite:
    """One satellite by its element set.

    Attributes
    ----------
    name : str
    norad : int
    orbit : Orbits
        Of one row.
    system : str, optional
        Entry of the constellations catalog whose downlink it has.
    """

    name: str
    norad: int
    orbit: Orbits
    system: str | None = None


def satellite(name: str, catalogue: str | None = None) -> Satellite:
    """Satellite by name or catalogue number.

    Parameters
    ----------
    name : str
        Entry of the satellites catalog, name in an element set, or NORAD number.
    catalogue : str, optional
        File, folder or address of TLE or OMM data; the catalog's satellites if left out.

    Raises
    ------
    RabtaError
        With the nearest name where there is none such.

    Examples
    --------
    >>> satellite("62466").name
    'STARLINK-11506 [DTC]'
    """
    if catalogue is None:
        return _shipped(name)
    table = elements.read(catalogue)
    table = table[table["orbit"] != "geo"].reset_index(drop=True)
    wanted = name.strip().casefold()
    rows = np.flatnonzero(
        (table["name"].str.strip().str.casefold() == wanted) | (table["norad"].astype(str) == wanted)
    )
    if not len(rows):
        known = nearest(name, [str(n).strip() for n in table["name"]])
        raise RabtaError(
            "no such moving satellite", file=catalogue, key="satellite", value=name, expected=known
        )
    row = table.iloc[[int(rows[0])]]
    return Satellite(str(row["name"].iloc[0]).strip(), int(row["norad"].iloc[0]), prepare(row))


def _shipped(name: str) -> Satellite:
    entries = [catalog.entry("satellites", known) for known in catalog.names("satellites")]
    wanted = name.strip().casefold()
    for entry in entries:
        data = entry.data
        if wanted in {entry.name.casefold(), str(data["name"]).casefold(), str(data["norad"])}:
            columns = tle.parse("\n".join(data["elements"]).encode(), entry.path)
            system = data.get("system")
            return Satellite(str(data["name"]), int(data["norad"]), prepare(columns), system)
    raise RabtaError(
        "no such satellite in the catalog", key="satellite", value=name,
        expected=f"{nearest(name, [e.name for e in entries])}; others from a file of elements",
    )  # fmt: skip


@dataclass(frozen=True)
class Pass:
    """One pass over a place.

    Attributes
    ----------
    satellite : Satellite
    place : Ground
    start : datetime64
        Time 0 of the track.
    span_s : float
        From the first to the last moment above the least elevation.
    times_s : ndarray, shape (time,)
        Times of reception that are known exactly, `EDGE_S` beyond both ends too.
    elevation_deg, azimuth_deg, range_m : ndarray, shape (time,)
        Where the satellite was when it sent what arrives; the range is the way of the light.
    """

    satellite: Satellite
    place: Ground
    start: np.datetime64
    span_s: float
    times_s: Array
    elevation_deg: Array
    azimuth_deg: Array
    range_m: Array

    @property
    def delay_s(self) -> Array:
        """Light time at each time of reception."""
        return self.range_m / SPEED_OF_LIGHT_M_S

    def track(self, carrier_hz: float) -> Track:
        """Delay over time, with the carrier whose phase it turns."""
        return Track.through(self.times_s, self.delay_s, carrier_hz)

    def at(self, times_s: ArrayLike) -> tuple[Array, Array, Array]:
        """Elevation (deg), azimuth (deg) and range (m) at times of reception within the pass."""
        check_range("times_s", times_s, float(self.times_s[0]), float(self.times_s[-1]), "this pass")
        when = np.asarray(times_s, dtype=np.float64)
        azimuth = np.degrees(np.unwrap(np.radians(self.azimuth_deg)))
        rows = (np.interp(when, self.times_s, row) for row in (self.elevation_deg, azimuth, self.range_m))
        elevation, around, length = rows
        return elevation, np.mod(around, 360.0), length


def find(
    of: Satellite,
    lat_deg: float,
    lon_deg: float,
    height_m: float,
    start: np.datetime64,
    *,
    min_elevation_deg: float = 10.0,
    hours: float = SEARCH_HOURS,
    number: int = 0,
) -> Pass:
    """A pass of a satellite over a place.

    Parameters
    ----------
    start : datetime64
        UTC; from here passes are counted.
    min_elevation_deg : float
        5 to 89: the sky's attenuation is known from 5 degrees up.
    number : int
        0 for the first pass.

    Raises
    ------
    RabtaError
        Where the satellite does not pass so often in the hours searched, with the passes that there are.
    """
    recommendation = "a pass (P.618-14 holds from 5 degrees)"
    check_range("min_elevation_deg", min_elevation_deg, LEAST_ELEVATION_DEG, 89.0, recommendation)
    check_range("hours", hours, 0.01, 24.0 * 31, "a search for passes")
    place = ground([lat_deg], [lon_deg], height_m)
    found = windows(of.orbit, place, start.astype("datetime64[ns]"), hours * 3600.0, min_elevation_deg)
    order = np.argsort(found.rise_s)
    if not 0 <= number < len(order):
        rises = [str((start + _ns(float(found.rise_s[i]))).astype("datetime64[s]")) for i in order[:5]]
        raise RabtaError(
            f"{of.name} does not pass so often in {hours:g} h", key="number", value=number,
            expected=f"passes begin at {', '.join(rises)}" if rises else "a lower elevation or more hours",
        )  # fmt: skip
    rise, fall = float(found.rise_s[order[number]]), float(found.set_s[order[number]])
    return between(of, place, start + _ns(rise), fall - rise)


def between(of: Satellite, place: Ground, start: np.datetime64, span_s: float) -> Pass:
    """What a place sees of a satellite over a span, above the horizon or not."""
    check_range("span_s", span_s, 1e-3, 86_400.0, "a pass")
    knots = int(np.ceil((span_s + 2.0 * EDGE_S) / KNOT_S)) + 1
    times = np.linspace(-EDGE_S, -EDGE_S + (knots - 1) * KNOT_S, knots)
    begin = start.astype("datetime64[ns]")
    offset = _sent_from(of.orbit, begin, times, place.cell_m[0]) - place.cell_m[0]
    length = np.linalg.norm(offset, axis=1)
    elevation, azimuth, _ = look(place, place.cell_m[0] + offset)
    return Pass(of, place, begin, float(span_s), times, elevation[0], azimuth[0], length)


def _ns(seconds: float) -> np.timedelta64:
    return np.timedelta64(round(seconds * 1e9), "ns")


def _later(begin: np.datetime64, seconds: Array) -> NDArray[np.datetime64]:
    return begin + np.round(seconds * 1e9).astype("timedelta64[ns]")


def _sent_from(orbit: Orbits, begin: np.datetime64, times: Array, here: Array) -> Array:
    """Where the satellite was when it sent what arrives at times, in the Earth's frame of the arrival.

    Three rounds of tau = |r(t - tau) - place| / c: each gains five digits, as the satellite's speed is 2.5e-5
    of light's. The frame turns by its rate times tau meanwhile (the Sagnac effect).
    """
    tau, out = np.zeros_like(times), np.zeros((len(times), 3))
    for _ in range(4):
        found, codes = states(orbit, _later(begin, times - tau))
        if codes.any():
            raise RabtaError(
                "SGP4 cannot propagate these elements so far", key="start", value=str(begin),
                expected="a time within weeks of the elements' epoch",
            )  # fmt: skip
        turn = EARTH_RATE * tau
        x, y, z = found[0]
        out = np.stack([np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x, z], axis=1)
        tau = np.linalg.norm(out - here, axis=1) / SPEED_OF_LIGHT_M_S
    return out
