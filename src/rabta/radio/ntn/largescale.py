"""Large-scale loss to satellites after 3GPP TR 38.811, clause 6.6: many satellites and places in one call.

Path loss is free space, shadowing, clutter without line of sight, gases, scintillation and, on demand, entry
into a building (equations 6.6-1 and 6.6-4). Rain and clouds are `rabta.radio.slantpath`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from rabta import catalog, jit
from rabta.errors import RabtaError, nearest
from rabta.radio import gas
from rabta.radio.itu import check_range
from rabta.radio.local.building import entry_loss_db
from rabta.radio.ntn import field, tables
from rabta.radio.ntn.tables import RANGES, RECOMMENDATION, SCENARIOS

Array = NDArray[np.float64]
F4 = NDArray[np.float32]

__all__ = ["RANGES", "RECOMMENDATION", "SCENARIOS", "Links", "draw", "path_loss_db"]

# Mean annual global reference atmosphere, TR 38.811, clause 6.6.4: dry pressure, vapour, temperature
AIR = (1013.25, 7.5, 288.15)
GAS_METHODS = ("P.676", "figure", "none")
BELOW = ("refuse", "skip")
LOS_STREAM, SHADOW_STREAM = 1, 2


@dataclass(frozen=True)
class Links:
    """Drawn large-scale links, each of shape (satellite, place).

    Attributes
    ----------
    los : ndarray of bool
    shadowing_db, loss_db : ndarray of float32
        Shadow fading, and the whole loss with it; NaN below 10 degrees.
    """

    los: NDArray[np.bool_]
    shadowing_db: F4
    loss_db: F4


def los_probability(elevation_deg: ArrayLike, scenario: ArrayLike) -> Array:
    """Probability of line of sight. TR 38.811, table 6.6.1-1, nearest reference elevation.

    Examples
    --------
    >>> float(los_probability(30.0, "rural"))
    0.919
    """
    rows = tables.scenario_index(scenario), tables.elevation_index(elevation_deg)
    return np.asarray(tables.los_share()[rows])


def _of_band(quantity: str, share: ArrayLike) -> Array:
    """A quantity's tables at a frequency, shape (..., surrounding, state, elevation)."""
    both = tables.table(quantity)
    part = np.asarray(share, dtype=np.float64)[..., None, None, None]
    return np.asarray(both[:, 0] * (1.0 - part) + both[:, 1] * part)


def _look_up(
    quantity: str,
    elevation_deg: ArrayLike,
    frequency_ghz: ArrayLike,
    scenario: ArrayLike,
    los: ArrayLike,
    interpolate: bool,
) -> Array:
    share = tables.band_share(frequency_ghz, interpolate=interpolate)
    rows = np.broadcast_arrays(
        tables.scenario_index(scenario),
        np.asarray(los, dtype=bool).astype(np.int64),
        tables.elevation_index(elevation_deg),
        share,
    )
    both = tables.table(quantity)
    s, state, e, part = rows
    return np.asarray(both[s, 0, state, e] * (1.0 - part) + both[s, 1, state, e] * part)


def shadowing_sigma_db(
    elevation_deg: ArrayLike,
    frequency_ghz: ArrayLike,
    scenario: ArrayLike,
    los: ArrayLike,
    *,
    interpolate: bool = False,
) -> Array:
    """Standard deviation of the shadow fading. TR 38.811, tables 6.6.2-1 to -3; see `tables.band_share`."""
    return _look_up("shadowing_db", elevation_deg, frequency_ghz, scenario, los, interpolate)


def clutter_db(
    elevation_deg: ArrayLike,
    frequency_ghz: ArrayLike,
    scenario: ArrayLike,
    los: ArrayLike = False,
    *,
    interpolate: bool = False,
) -> Array:
    """Clutter loss, 0 with line of sight. TR 38.811, tables 6.6.2-1 to -3; see `tables.band_share`."""
    return _look_up("clutter_db", elevation_deg, frequency_ghz, scenario, los, interpolate)


def free_space_db(distance_km: ArrayLike, frequency_ghz: ArrayLike) -> Array:
    """Free-space loss with the report's rounded constant. TR 38.811, equation (6.6-2)."""
    d, f = np.asarray(distance_km, dtype=np.float64), np.asarray(frequency_ghz, dtype=np.float64)
    return np.asarray(32.45 + 20.0 * np.log10(f) + 20.0 * np.log10(d * 1e3))


def zenith_gas_db(frequency_ghz: ArrayLike, method: str = "P.676") -> Array:
    """Attenuation of gases straight up in the reference atmosphere.

    Parameters
    ----------
    method : {"P.676", "figure", "none"}
        Rabta's own P.676-13 (Annex 1 specific attenuations, Annex 2 heights); the report's figure as ns-3
        reads it, by the nearest GHz, and 0 below 10 GHz; or nothing.

    Notes
    -----
    TR 38.811, clause 6.6.4.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    f = np.asarray(frequency_ghz, dtype=np.float64)
    if method == "none":
        return np.zeros_like(f)
    if method == "figure":
        values = np.array(catalog.entry("channels", "ntn-atmosphere").data["zenith_db"])
        return np.asarray(np.where(f < 10.0, 0.0, values[np.floor(f + 0.5).astype(int)]))
    if method != "P.676":
        raise RabtaError(
            "no such way to gases", key="gas", value=method, expected=nearest(method, GAS_METHODS)
        )
    dry, vapour, kelvin = AIR
    safe = np.maximum(f, 1.0)  # gases are negligible below P.676's 1 GHz: the value there bounds them
    total = dry + vapour * kelvin / 216.7
    oxygen = gas.zenith_oxygen_db(safe, total, vapour, kelvin)
    water = gas.water_specific(safe, dry, vapour, kelvin) * gas.water_height_km(safe)
    return np.asarray(oxygen + water)


def scintillation_db(
    elevation_deg: ArrayLike, frequency_ghz: ArrayLike, magnetic_latitude_deg: ArrayLike = 0.0
) -> Array:
    """Loss by scintillation: ionospheric below 6 GHz, tropospheric from there on.

    TR 38.811, clause 6.6.6: 1.1 dB at 4 GHz over sqrt 2, falling as the frequency to the 1.5, within
    20 degrees of the magnetic equator and 0 elsewhere; and table 6.6.6.2.1-1 (20 GHz, 99 % of the time).
    """
    f, latitude = np.asarray(frequency_ghz, dtype=np.float64), np.abs(magnetic_latitude_deg)
    ionosphere = np.where(latitude <= 20.0, 1.1 / np.sqrt(2.0) * (f / 4.0) ** -1.5, 0.0)
    air = np.array(catalog.entry("channels", "ntn-atmosphere").data["scintillation_db"])
    return np.asarray(
        np.where(f < tables.BAND_EDGE_GHZ, ionosphere, air[tables.elevation_index(elevation_deg)])
    )


def path_loss_db(
    elevation_deg: ArrayLike,
    distance_km: ArrayLike,
    frequency_ghz: ArrayLike,
    scenario: ArrayLike,
    los: ArrayLike,
    *,
    magnetic_latitude_deg: ArrayLike = 0.0,
    gases: str = "P.676",
    interpolate: bool = False,
    building: str | None = None,
    building_percent: ArrayLike = 50.0,
) -> Array:
    """Median path loss: free space, clutter, gases and scintillation, all arguments broadcast.

    Parameters
    ----------
    building, building_percent : str and array_like
        ``traditional`` or ``efficient``: adds the entry loss not exceeded at that share of places inside
        (ITU-R P.2109, TR 38.811, clause 6.6.3); outdoors if absent.

    Notes
    -----
    TR 38.811, equations (6.6-1) and (6.6-4), without shadow fading.
    """
    check_range("distance_km", distance_km, 1.0, 1e6, RECOMMENDATION)
    air = zenith_gas_db(frequency_ghz, gases) / np.sin(np.radians(elevation_deg))
    total = free_space_db(distance_km, frequency_ghz) + air
    total = total + scintillation_db(elevation_deg, frequency_ghz, magnetic_latitude_deg)
    if building is not None:
        total = total + entry_loss_db(frequency_ghz, building_percent, building, elevation_deg)
    return np.asarray(
        total + clutter_db(elevation_deg, frequency_ghz, scenario, los, interpolate=interpolate)
    )


@dataclass(frozen=True)
class _Inputs:
    """What both the kernel and its reference draw from."""

    elevation: F4
    distance: F4
    scenario: NDArray[np.int64]
    number: NDArray[np.int64]
    place: Array
    limit: Array
    clutter: Array
    sigma: Array
    correlation: Array
    key: NDArray[np.uint64]
    wave: Array
    constant: float
    zenith_gas: float
    flicker: Array
    ionosphere: Array


def _inputs(
    elevation_deg: ArrayLike,
    distance_km: ArrayLike,
    frequency_ghz: float,
    scenario: ArrayLike,
    seed: int,
    satellite: ArrayLike | None,
    number: ArrayLike | None,
    position_m: ArrayLike | None,
    magnetic_latitude_deg: ArrayLike,
    gases: str,
    interpolate: bool,
) -> _Inputs:
    elevation, distance = np.broadcast_arrays(
        np.atleast_2d(np.asarray(elevation_deg, dtype=np.float32)), np.asarray(distance_km, dtype=np.float32)
    )
    satellites, places = elevation.shape
    share = float(tables.band_share(frequency_ghz, interpolate=interpolate))
    names = np.arange(satellites) if satellite is None else np.asarray(satellite)
    key = np.stack([field.keys(seed, names, stream) for stream in (LOS_STREAM, SHADOW_STREAM)], axis=1)
    wave = np.empty((satellites, 2, 0, 4))
    if position_m is not None:
        wave = field.waves(key.ravel()).reshape(satellites, 2, field.WAVES, 4)
    below = frequency_ghz < tables.BAND_EDGE_GHZ
    mid = np.array([scintillation_db(e, frequency_ghz) for e in tables.ELEVATIONS_DEG])
    near = scintillation_db(90.0, frequency_ghz, magnetic_latitude_deg)
    place = np.zeros((places, 3)) if position_m is None else np.asarray(position_m, dtype=np.float64)
    if place.shape != (places, 3):
        raise RabtaError(
            "positions do not fit", key="position_m", value=place.shape, expected=f"({places}, 3)"
        )
    return _Inputs(
        elevation=np.array(elevation, order="C"),
        distance=np.array(distance, order="C"),
        scenario=np.array(np.broadcast_to(tables.scenario_index(scenario), (places,))),
        number=np.array(
            np.broadcast_to(np.arange(places) if number is None else number, (places,)), dtype=np.int64
        ),
        place=np.array(place, order="C"),
        limit=np.asarray(ndtri(tables.los_share())),
        clutter=np.ascontiguousarray(_of_band("clutter_db", share)[:, 0]),
        sigma=np.ascontiguousarray(_of_band("shadowing_db", share)),
        correlation=np.ascontiguousarray(tables.correlation_m()[:, round(share), :, 0]),
        key=np.ascontiguousarray(key),
        wave=np.ascontiguousarray(wave),
        constant=32.45 + 20.0 * float(np.log10(frequency_ghz)),
        zenith_gas=float(zenith_gas_db(frequency_ghz, gases)),
        flicker=np.zeros(9) if below else mid,
        ionosphere=np.array(np.broadcast_to(near if below else 0.0, (places,)), dtype=np.float64),
    )


def draw(
    elevation_deg: ArrayLike,
    distance_km: ArrayLike,
    frequency_ghz: float,
    scenario: ArrayLike,
    *,
    seed: int = 0,
    satellite: ArrayLike | None = None,
    place: ArrayLike | None = None,
    position_m: ArrayLike | None = None,
    magnetic_latitude_deg: ArrayLike = 0.0,
    gases: str = "P.676",
    interpolate: bool = False,
    below: str = "refuse",
) -> Links:
    """Draw line of sight and shadowing of every link, and add up its loss.

    Parameters
    ----------
    elevation_deg, distance_km : array_like, shape (satellite, place)
        Elevation 10 to 90 degrees.
    scenario : str or array_like, shape (place,)
        Names of `SCENARIOS`.
    seed : int
        The same seed gives the same links, in any order and number.
    satellite : array_like of int, shape (satellite,), optional
        Numbers that name the satellites' streams; 0, 1, 2 ... if absent. Satellites are independent.
    place : array_like of int, shape (place,), optional
        Numbers that name the places where there are no positions; 0, 1, 2 ... if absent.
    position_m : array_like, shape (place, 3), optional
        Earth-fixed positions. With them, line of sight and shadowing are correlated over the ground
        as exp(-distance / D) with the report's D; without, all links are independent.
    below : {"refuse", "skip"}
        What to do about an elevation under 10 degrees: an error, or NaN and no line of sight.

    Notes
    -----
    TR 38.811, clause 6.6; TR 38.901, clauses 7.4.4 and 7.6.3.
    """
    check_range("distance_km", distance_km, 1.0, 1e6, RECOMMENDATION)
    if below not in BELOW:
        raise RabtaError("no such choice", key="below", value=below, expected=nearest(below, BELOW))
    seen = np.asarray(elevation_deg, dtype=np.float64)
    judged = seen[seen >= 10.0] if below == "skip" else seen
    check_range("elevation_deg", judged, *RANGES["elevation_deg"], RECOMMENDATION)
    given = _inputs(
        elevation_deg, distance_km, float(frequency_ghz), scenario, seed, satellite, place, position_m,
        magnetic_latitude_deg, gases, interpolate,
    )  # fmt: skip
    return _run(given)


def _run(given: _Inputs) -> Links:
    from rabta.radio.ntn import _kernels

    shape = given.elevation.shape
    los, shadow, loss = np.empty(shape, dtype=bool), np.empty(shape, np.float32), np.empty(shape, np.float32)
    blocks = shape[0] * -(-shape[1] // _kernels.BLOCK)
    jit.each_part(
        _kernels.large_scale, blocks, given.elevation, given.distance, given.scenario, given.number,
        given.place, given.limit, given.clutter, given.sigma, given.correlation, tables.los_correlation_m(),
        given.key, given.wave, given.constant, given.zenith_gas, given.flicker, given.ionosphere,
        los, shadow, loss,
    )  # fmt: skip
    return Links(los, shadow, loss)


def draw_reference(given: _Inputs) -> Links:
    """The same as the kernel, in NumPy."""
    seen = given.elevation.astype(np.float64)
    up = seen >= 10.0
    row = np.where(up, np.floor(np.where(up, seen, 10.0) / 10.0 + 0.5).astype(int) - 1, 0)
    los = up & (
        _field(given, 0, tables.los_correlation_m()[given.scenario]) < given.limit[given.scenario, row]
    )
    state = los.astype(int)
    fade = _field(given, 1, given.correlation[given.scenario, state])
    shadow = given.sigma[given.scenario, state, row] * fade
    loss = given.constant + 20.0 * np.log10(given.distance.astype(np.float64) * 1e3)
    loss = loss + given.zenith_gas / np.sin(np.radians(seen)) + given.flicker[row] + given.ionosphere
    loss = loss + np.where(los, 0.0, given.clutter[given.scenario, row]) + shadow
    blank = np.where(up, 1.0, np.nan)
    return Links(los, (shadow * blank).astype(np.float32), (loss * blank).astype(np.float32))


def _field(given: _Inputs, stream: int, distance_m: Array) -> Array:
    satellites, places = given.elevation.shape
    if given.wave.shape[2] == 0:
        return field.normal(given.key[:, stream, None], given.number)
    scale = np.broadcast_to(distance_m, (satellites, places))
    rows = [
        field.evaluate(
            given.place / scale[s][:, None], np.broadcast_to(given.wave[s, stream], (places, field.WAVES, 4))
        )
        for s in range(satellites)
    ]
    return np.array(rows)
