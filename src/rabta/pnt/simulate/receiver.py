"""What a receiver would observe: codes, phases, Doppler, strength; true satellites, air, noise, multipath."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import orbits
from rabta.pnt.atmosphere import troposphere
from rabta.pnt.gnsstime import NS, Instants
from rabta.pnt.position.choice import carriers
from rabta.pnt.records import Navigation, Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S

Array = NDArray[np.float64]
Index = NDArray[np.int64]
States = Callable[[NDArray[np.str_], Index, Instants, Array], "orbits.States"]

EARTH_RAD_S = 7.292115e-5
L1_HZ = 1_575.42e6
SIGNALS = {"G": ("1C", "2W", "5Q"), "C": ("2I", "6I", "1P", "5P"), "E": ("1C", "5Q"), "J": ("1C", "2L", "5Q")}


@dataclass(frozen=True)
class Receiver:
    """A receiver and the air above it.

    Attributes
    ----------
    signals : mapping from system letter to codes
        As in ``{"C": ("2I", "6I")}``.
    mask_deg : float
        Least elevation.
    code_m, phase_m : float
        Noise at the zenith, one sigma; over the sine of the elevation below it.
    multipath_m, multipath_s : float
        Of codes at the zenith, one sigma, and how long it lasts (first-order Gauss-Markov).
    ionosphere_m : float
        Vertical delay at 1575.42 MHz at 14 h local time; a tenth of it at night.
    wet_m, wet_m_sqrt_h : float
        Zenith wet delay on top of the seasonal air's, and its random walk.
    clock_s, drift : float
        Of the receiver at the first epoch, and its rate.
    cn0 : float
        dB-Hz at the zenith.
    """

    signals: Mapping[str, Sequence[str]] = field(default_factory=lambda: dict(SIGNALS))
    mask_deg: float = 5.0
    code_m: float = 0.25
    phase_m: float = 0.002
    multipath_m: float = 0.2
    multipath_s: float = 30.0
    ionosphere_m: float = 5.0
    wet_m: float = 0.03
    wet_m_sqrt_h: float = 0.005
    clock_s: float = 2e-7
    drift: float = 1e-10
    cn0: float = 50.0


def observe(
    nav: Navigation, times: Instants, place_m: ArrayLike, seed: int, receiver: Receiver | None = None,
    *, states: States | None = None,
) -> Observations:  # fmt: skip
    """Observations of a receiver on a known way.

    Parameters
    ----------
    nav : Navigation
        Which satellites there are; their group delays, and their orbits and clocks unless ``states`` says.
    times : ndarray of int64, shape (epoch,)
        The receiver's time tags.
    place_m : array_like, shape (3,) or (epoch, 3)
    states : callable, optional
        True orbits and clocks: ``states(system, prn, times, fractions)``.

    Raises
    ------
    RabtaError
        Where no satellite of the receiver's systems is above the mask.
    """
    own = receiver or Receiver()
    place = np.array(np.broadcast_to(np.asarray(place_m, dtype=np.float64), (times.size, 3)))
    rng = np.random.default_rng(seed)
    table = orbits.complete(nav.ephemerides)
    true = states or _broadcast(table)
    wet = own.wet_m + np.cumsum(
        rng.normal(size=times.size) * own.wet_m_sqrt_h * np.sqrt(_steps_s(times) / 3600.0)
    )
    clock = own.clock_s + own.drift * (times - times[:1]) / NS
    systems = {}
    for letter in own.signals:
        rows = _rows(table, letter, times, place, clock, true, own.mask_deg)
        if rows is not None:
            systems[letter] = _observed(letter, rows, table, own, times, wet, clock, rng)
    if not systems:
        raise RabtaError(
            "no satellite above the mask", key="signals", value=", ".join(own.signals),
            expected="systems whose ephemerides hold at the times",
        )  # fmt: skip
    header = {"version": 4.02, "marker": "SIMULATED", "receiver": "simulated", "approx_position_m": place[0]}
    return Observations(times, np.zeros(times.size, np.uint8), systems, header)


def _steps_s(times: Instants) -> Array:
    return np.asarray(np.diff(times, prepend=times[:1]) / NS, dtype=np.float64)


def _broadcast(table: NDArray[np.void]) -> States:
    """States by the broadcast ephemerides themselves."""

    def states(system: NDArray[np.str_], prn: Index, when: Instants, ahead: Array) -> orbits.States:
        return orbits.states(table, orbits.select(table, system, prn, when), when, ahead)

    return states


@dataclass(frozen=True)
class _Rows:
    epoch: Index
    prn: Index
    ephemeris: Index
    far_m: Array
    rate_m_s: Array
    clock_s: Array
    elevation_deg: Array
    lat_deg: Array
    lon_deg: Array
    height_m: Array


def _rows(
    table: NDArray[np.void],
    letter: str,
    times: Instants,
    place: Array,
    clock: Array,
    true: States,
    mask_deg: float,
) -> _Rows | None:
    """Satellites of a system above the mask, at transmission."""
    names = np.unique(table["prn"][table["system"] == letter]).astype(np.int64)
    epoch, prn = np.repeat(np.arange(times.size), names.size), np.tile(names, times.size)
    ephemeris = orbits.select(table, np.full(prn.size, letter), prn, times[epoch])
    epoch, prn, ephemeris = epoch[ephemeris >= 0], prn[ephemeris >= 0], ephemeris[ephemeris >= 0]
    if not prn.size:
        return None
    system, here = np.full(prn.size, letter), place[epoch]
    far = np.full(prn.size, 2.2e7)
    for _ in range(4):
        state = true(system, prn, times[epoch], -clock[epoch] - far / LIGHT_M_S)
        far, unit = _range(state.position_m, here)
    lat, lon, height = geo.geodetic_from_ecef(here)
    elevation = np.degrees(np.arcsin(np.einsum("rk,rk->r", unit, geo.east_north_up(lat, lon)[:, 2])))
    seen = np.flatnonzero(elevation > mask_deg)
    if not seen.size:
        return None
    rate = np.einsum("rk,rk->r", state.velocity_m_s, unit)
    columns = (epoch, prn, ephemeris, far, rate, state.clock_s, elevation, lat, lon, height)
    return _Rows(*(np.asarray(column)[seen] for column in columns))


def _range(satellite_m: Array, here: Array) -> tuple[Array, Array]:
    """Range with the Earth's turn while the signal travels; unit vector to the satellite."""
    turn = EARTH_RAD_S * np.linalg.norm(satellite_m - here, axis=-1) / LIGHT_M_S
    c, s = np.cos(turn), np.sin(turn)
    x, y = satellite_m[:, 0] * c + satellite_m[:, 1] * s, satellite_m[:, 1] * c - satellite_m[:, 0] * s
    line = np.stack([x, y, satellite_m[:, 2]], axis=-1) - here
    far = np.linalg.norm(line, axis=-1)
    return far, line / far[:, None]


def _air(rows: _Rows, own: Receiver, times: Instants, wet: Array) -> tuple[Array, Array]:
    """Delays of the troposphere, and of the ionosphere at 1575.42 MHz."""
    low, when = np.maximum(rows.elevation_deg, 3.0), times[rows.epoch]
    dry_z, wet_z = troposphere.seasonal_zenith_m(rows.lat_deg, np.clip(rows.height_m, -1e3, 2e4), when)
    dry, moist = troposphere.niell(rows.lat_deg, rows.height_m, low, when)
    hour = (when / NS / 3600.0 + rows.lon_deg / 15.0) % 24.0
    day = np.where(np.abs(hour - 14.0) < 7.0, np.cos(np.pi * (hour - 14.0) / 14.0), 0.0)
    level = 6_371.0 * np.cos(np.radians(low)) / (6_371.0 + 350.0)
    slant = own.ionosphere_m * (0.1 + 0.9 * day) / np.sqrt(1.0 - level**2)
    return dry_z * dry + (wet_z + wet[rows.epoch]) * moist, slant


def _observed(
    letter: str, rows: _Rows, table: NDArray[np.void], own: Receiver, times: Instants, wet: Array,
    clock: Array, rng: np.random.Generator,
) -> SystemObservations:  # fmt: skip
    """Columns of one system."""
    air, content = _air(rows, own, times, wet)
    whole = rows.far_m + air + LIGHT_M_S * (clock[rows.epoch] - rows.clock_s)
    sine = np.sin(np.radians(np.maximum(rows.elevation_deg, 5.0)))
    strength = own.cn0 - 12.0 * (1.0 - sine)
    codes: list[str] = []
    columns: list[Array] = []
    for code in own.signals[letter]:
        delay = orbits.group_delay(table, rows.ephemeris, code)
        hz = carriers(letter, code[0], np.nan_to_num(table["slot"][rows.ephemeris]))
        bent = content * (L1_HZ / hz) ** 2
        loud = own.multipath_m * _lasting(rows, times, own.multipath_s, rng) + own.code_m * rng.normal(
            size=sine.size
        )
        cycles = np.floor(rng.uniform(-1e6, 1e6, 256))[rows.prn]
        wave = LIGHT_M_S / hz
        phase = (whole - bent + own.phase_m / sine * rng.normal(size=sine.size)) / wave + cycles
        there = np.isfinite(delay)
        for letter_, value in (
            ("C", whole + bent + LIGHT_M_S * delay + loud / sine),
            ("L", phase),
            ("D", -(rows.rate_m_s + LIGHT_M_S * own.drift) / wave),
            ("S", strength),
        ):
            codes.append(letter_ + code)
            columns.append(np.where(there, value, np.nan))
    values = np.stack(columns, axis=1)
    marks = np.zeros(values.shape, np.uint8)
    return SystemObservations(
        tuple(codes), rows.epoch.astype(np.int32), rows.prn.astype(np.int16), values, marks, marks.copy()
    )


def _lasting(rows: _Rows, times: Instants, seconds: float, rng: np.random.Generator) -> Array:
    """Unit Gauss-Markov noise along each satellite, shape (row,)."""
    out = rng.normal(size=rows.epoch.size)
    order = np.lexsort((rows.epoch, rows.prn))
    step = np.diff(times[rows.epoch[order]]) / NS
    keep = np.where(np.diff(rows.prn[order]) == 0, np.exp(-step / seconds), 0.0)
    for k in range(1, order.size):
        out[order[k]] = keep[k - 1] * out[order[k - 1]] + np.sqrt(1.0 - keep[k - 1] ** 2) * out[order[k]]
    return out
