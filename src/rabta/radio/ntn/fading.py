"""Fast fading of links to satellites: TR 38.811, clause 6.7.2, on the steps of TR 38.901, clause 7.5.

Seven large-scale parameters per link are five here, since the departure angles at a satellite have no spread
(note 8 of tables 6.7.2-1a to -8b); then clusters, rays and their sum at given times. Antennas are
isotropic with a polarisation; powers are relative to the path loss of `rabta.radio.ntn.largescale`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range
from rabta.radio.ntn import field, tables
from rabta.radio.ntn.tables import CORRELATED, RANGES, RECOMMENDATION
from rabta.units import SPEED_OF_LIGHT_M_S

Array = NDArray[np.float64]

TAPS = 9  # the direct ray, two strongest clusters in three parts each, two more clusters
LSP_STREAMS = (2, 3, 4, 5, 6)  # SF (the same stream as in `largescale`), K, DS, ASA, ZSA
RAY_STREAM = 7
OFFSETS = np.repeat(
    [0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551], 2
) * np.tile([1.0, -1.0], 10)  # TR 38.901, table 7.5-3
PARTS = ((0, 1, 2, 3, 4, 5, 6, 7, 18, 19), (8, 9, 10, 11, 16, 17), (12, 13, 14, 15))  # table 7.5-5
SCALE_AZIMUTH = {2: 0.501, 3: 0.680, 4: 0.779}  # TR 38.811, table 6.7.2-1aa
SCALE_ZENITH = {2: 0.430, 3: 0.594, 4: 0.697}  # table 6.7.2-1ab
WIDEST_AZIMUTH_DEG, WIDEST_ZENITH_DEG = 104.0, 52.0  # TR 38.901, clause 7.5, step 4
NO_CLUSTER_DS_NS = 3.91  # step 11, where a table has none
POLARISATIONS = {
    "vertical": (1.0, 0.0),
    "horizontal": (0.0, 1.0),
    "right": (2.0**-0.5, -1j * 2.0**-0.5),
    "left": (2.0**-0.5, 1j * 2.0**-0.5),
}
_TABLE = ("delay_scaling", "clusters", "xpr_mu_db", "xpr_sigma_db", "cluster_shadowing_db", "cluster_ds_ns",
          "cluster_asa_deg", "cluster_zsa_deg")  # fmt: skip


@dataclass(frozen=True)
class LargeScale:
    """Large-scale parameters of links, each of shape (link,).

    Attributes
    ----------
    shadowing : ndarray
        Shadow fading in standard deviations; positive is less power, as in the report's path loss.
    k_db : ndarray
        Ratio of the direct ray to all others; -inf without line of sight.
    """

    shadowing: Array
    k_db: Array
    delay_spread_s: Array
    asa_deg: Array
    zsa_deg: Array


@dataclass(frozen=True)
class Fading:
    """Taps of links.

    Attributes
    ----------
    delay_s : ndarray, shape (link, tap)
        Behind the first; tap 0 is the direct ray, taps 1 to 6 are the parts of the two strongest clusters.
        Taps are not sorted, and unused ones are 0 with coefficients 0.
    coefficient : ndarray of complex64, shape (link, tap, time)
        Mean power over draws and all taps is 1 between vertical antennas.
    """

    delay_s: NDArray[np.float32]
    coefficient: NDArray[np.complex64]
    large_scale: LargeScale


@dataclass(frozen=True)
class _Rows:
    """Where each link looks in the tables."""

    scenario: NDArray[np.int64]
    band: NDArray[np.int64]
    state: NDArray[np.int64]
    elevation: NDArray[np.int64]

    def of(self, table: Array) -> Array:
        """Rows of a table of shape (surrounding, band, state, elevation, ...)."""
        return np.asarray(table[self.scenario, self.band, self.state, self.elevation])


def _rows(elevation_deg: ArrayLike, frequency_ghz: float, scenario: ArrayLike, los: ArrayLike) -> _Rows:
    share = int(np.round(tables.band_share(frequency_ghz)))
    found = np.broadcast_arrays(
        tables.scenario_index(scenario),
        share,
        np.asarray(los, dtype=bool).astype(np.int64),
        tables.elevation_index(elevation_deg),
    )
    return _Rows(*(np.atleast_1d(np.asarray(part, dtype=np.int64)) for part in found))


def _normals(
    rows: _Rows, seed: int, satellite: NDArray[np.int64], place: NDArray[np.int64], position_m: Array | None
) -> Array:
    """Uncorrelated standard normal numbers of each link, shape (link, parameter)."""
    from rabta.radio.ntn import _kernels

    streams = np.array(LSP_STREAMS)
    if position_m is None:
        return field.normal(field.keys(seed, satellite[:, None], streams), place[:, None])
    names, which = np.unique(satellite, return_inverse=True)
    wave = field.waves(field.keys(seed, names[:, None], streams).ravel())
    wave = np.ascontiguousarray(wave.reshape(names.size, streams.size, field.WAVES, 4))
    distance = tables.correlation_m()[rows.scenario, rows.band, rows.state]
    out = np.empty((satellite.size, streams.size))
    there = np.ascontiguousarray(position_m[place], dtype=np.float64)
    which = np.ascontiguousarray(which, dtype=np.int64)
    jit.each_part(_kernels.fields_at, out.shape[0], there, which, np.ascontiguousarray(distance), wave, out)
    return out


def _large_scale(rows: _Rows, normal: Array) -> LargeScale:
    """TR 38.901, clause 7.5, step 4, with the tables of TR 38.811."""
    mixed = np.einsum("lij,lj->li", rows.of(tables.mixing()), normal)
    column = {name: i for i, name in enumerate(CORRELATED)}
    table = rows.of(tables.fading())

    def value(name: str, stem: str) -> Array:
        mean, sigma = (table[:, tables.COLUMNS.index(f"{stem}_{part}")] for part in _parts(stem))
        return np.asarray(mean + sigma * mixed[:, column[name]])

    k_db = np.where(rows.state == 1, value("k", "k"), -np.inf)
    return LargeScale(
        shadowing=mixed[:, 0],
        k_db=k_db,
        delay_spread_s=10.0 ** value("ds", "ds"),
        asa_deg=np.minimum(10.0 ** value("asa", "asa"), WIDEST_AZIMUTH_DEG),
        zsa_deg=np.minimum(10.0 ** value("zsa", "zsa"), WIDEST_ZENITH_DEG),
    )


def _parts(stem: str) -> tuple[str, str]:
    return ("mu_db", "sigma_db") if stem == "k" else ("mu", "sigma")


def large_scale(
    elevation_deg: ArrayLike,
    frequency_ghz: float,
    scenario: ArrayLike,
    los: ArrayLike,
    *,
    seed: int = 0,
    satellite: ArrayLike = 0,
    place: ArrayLike | None = None,
    position_m: ArrayLike | None = None,
) -> LargeScale:
    """Draw the large-scale parameters of links; parameters as in `draw`."""
    rows = _rows(elevation_deg, frequency_ghz, scenario, los)
    where = _where(rows.state.size, satellite, place, position_m)
    return _large_scale(rows, _normals(rows, seed, *where))


def _where(
    count: int, satellite: ArrayLike, place: ArrayLike | None, position_m: ArrayLike | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array | None]:
    names = np.array(np.broadcast_to(np.asarray(satellite, dtype=np.int64), (count,)))
    numbers = np.arange(count) if place is None else np.asarray(place, dtype=np.int64)
    positions = None if position_m is None else np.asarray(position_m, dtype=np.float64)
    if positions is not None and (positions.ndim != 2 or numbers.max(initial=0) >= positions.shape[0]):
        raise RabtaError(
            "positions do not fit", key="position_m", value=positions.shape, expected="(place, 3)"
        )
    return names, np.array(np.broadcast_to(numbers, (count,))), positions


@dataclass(frozen=True)
class _Inputs:
    """What both the kernel and its reference draw from; see `_kernels.fade`."""

    key: NDArray[np.uint64]
    los: NDArray[np.bool_]
    table: Array
    spread: Array
    angle: Array
    velocity: Array
    doppler: Array
    times: Array
    receive: NDArray[np.complex128]
    transmit: NDArray[np.complex128]


def polarisation(name: str) -> NDArray[np.complex128]:
    """Field (theta, phi) of an isotropic antenna of a polarisation; an unknown name is refused."""
    if name not in POLARISATIONS:
        expected = nearest(name, POLARISATIONS)
        raise RabtaError("no such polarisation", key="polarisation", value=name, expected=expected)
    return np.array(POLARISATIONS[name], dtype=np.complex128)


def faraday_deg(frequency_ghz: ArrayLike) -> Array:
    """Rotation of a linear polarisation by the ionosphere. TR 38.811, equation (6.8-3): 108 / f^2.

    Examples
    --------
    >>> float(faraday_deg(2.0))
    27.0
    """
    return np.asarray(108.0 / np.asarray(frequency_ghz, dtype=np.float64) ** 2)


def _phase_turns(distance_km: ArrayLike | None, frequency_ghz: float, count: int) -> Array:
    """Phase of the direct ray, in turns. TR 38.811, equation (6.8-1b)."""
    if distance_km is None:
        return np.zeros(count)
    wavelengths = np.asarray(distance_km, dtype=np.float64) * (frequency_ghz * 1e12 / SPEED_OF_LIGHT_M_S)
    return np.array(np.broadcast_to(-np.mod(wavelengths, 1.0), (count,)))


def _inputs(
    rows: _Rows,
    drawn: LargeScale,
    key: NDArray[np.uint64],
    elevation_deg: ArrayLike,
    azimuth_deg: ArrayLike,
    frequency_ghz: float,
    times_s: ArrayLike,
    velocity_m_s: ArrayLike,
    doppler_hz: ArrayLike,
    phase: Array,
    receive: str,
    transmit: str,
    faraday: bool,
) -> _Inputs:
    count = rows.state.size
    table = rows.of(tables.fading())[:, [tables.COLUMNS.index(name) for name in _TABLE]]
    table[:, 5] = np.where(table[:, 5] > 0.0, table[:, 5], NO_CLUSTER_DS_NS)
    clusters = table[:, 1].astype(int)
    scales = ([scale[n] for n in clusters.tolist()] for scale in (SCALE_AZIMUTH, SCALE_ZENITH))
    turned = np.radians(faraday_deg(frequency_ghz)) if faraday else 0.0
    rotation = np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    angles = (azimuth_deg, 90.0 - np.asarray(elevation_deg, dtype=np.float64), phase, *scales)
    wavelength = SPEED_OF_LIGHT_M_S / (frequency_ghz * 1e9)
    finite = np.where(rows.state == 1, drawn.k_db, 0.0)
    return _Inputs(
        key=np.array(key),
        los=rows.state == 1,
        table=np.ascontiguousarray(table),
        spread=np.stack([finite, drawn.delay_spread_s, drawn.asa_deg, drawn.zsa_deg], axis=1),
        angle=np.stack([np.broadcast_to(np.asarray(a, dtype=np.float64), (count,)) for a in angles], axis=1),
        velocity=np.array(np.broadcast_to(np.asarray(velocity_m_s) / wavelength, (count, 3)), order="C"),
        doppler=np.array(np.broadcast_to(np.asarray(doppler_hz, dtype=np.float64), (count,))),
        times=np.array(np.atleast_1d(times_s), dtype=np.float64),
        receive=polarisation(receive),
        transmit=rotation @ polarisation(transmit),
    )


def draw(
    elevation_deg: ArrayLike,
    frequency_ghz: float,
    scenario: ArrayLike,
    los: ArrayLike,
    times_s: ArrayLike = 0.0,
    *,
    seed: int = 0,
    satellite: ArrayLike = 0,
    place: ArrayLike | None = None,
    position_m: ArrayLike | None = None,
    azimuth_deg: ArrayLike = 0.0,
    velocity_m_s: ArrayLike = 0.0,
    doppler_hz: ArrayLike = 0.0,
    distance_km: ArrayLike | None = None,
    receive: str = "vertical",
    transmit: str = "vertical",
    faraday: bool = False,
) -> Fading:
    """Draw the taps of links at given times.

    Parameters
    ----------
    elevation_deg, scenario, los, satellite, place, azimuth_deg : array_like, shape (link,)
        Links between satellites and places that numbers name. Seed, satellite and place decide a link's
        draws, so that shadowing is that of `largescale.draw` with the same ones.
    times_s : array_like, shape (time,)
    position_m : array_like, shape (place, 3), optional
        Earth-fixed positions of the places: parameters are then correlated over the ground.
    azimuth_deg : array_like
        Of the satellite, from the axis that the first component of the velocity points along.
    velocity_m_s : array_like, shape (3,) or (link, 3)
        Of the terminal, third component up.
    doppler_hz : array_like
        By the satellite's motion, common to all rays (TR 38.811, equation 6.8-1); see `motion.doppler_hz`.
    distance_km : array_like, optional
        Gives the phase of the direct ray; 0 without.
    faraday : bool
        Turn the satellite's polarisation, TR 38.811, clause 6.8.2.
    """
    check_range("frequency_ghz", frequency_ghz, *RANGES["frequency_ghz"], RECOMMENDATION)
    rows = _rows(elevation_deg, float(frequency_ghz), scenario, los)
    names, numbers, positions = _where(rows.state.size, satellite, place, position_m)
    drawn = _large_scale(rows, _normals(rows, seed, names, numbers, positions))
    given = _inputs(
        rows, drawn, field.keys(seed, names, RAY_STREAM, numbers), elevation_deg, azimuth_deg,
        float(frequency_ghz), times_s, velocity_m_s, doppler_hz,
        _phase_turns(distance_km, float(frequency_ghz), rows.state.size), receive, transmit, faraday,
    )  # fmt: skip
    delay, coefficient = _run(given)
    return Fading(delay, coefficient, drawn)


def _groups() -> NDArray[np.int64]:
    """Part of each ray, where the parts begin, and the rays in the order of their parts."""
    rows = np.zeros((3, OFFSETS.size), dtype=np.int64)
    rows[0, :4] = np.cumsum([0, *map(len, PARTS)])
    for part, rays in enumerate(PARTS):
        rows[1, list(rays)] = part
    rows[2] = np.concatenate([list(rays) for rays in PARTS])
    return rows


def _run(given: _Inputs) -> tuple[NDArray[np.float32], NDArray[np.complex64]]:
    from rabta.radio.ntn import _kernels

    count = given.los.size
    delay = np.empty((count, TAPS), np.float32)
    out = np.empty((count, TAPS, given.times.size), np.complex64)
    jit.each_part(
        _kernels.fade, count, given.key, given.los, given.table, given.spread, given.angle, given.velocity,
        given.doppler, given.times, OFFSETS, _groups(), given.receive, given.transmit, delay, out,
    )  # fmt: skip
    return delay, out
