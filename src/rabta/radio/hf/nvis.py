"""Nets by near-vertical incidence: which frequency, at which hour, and how reliably, place by place.

P.533-14 gives the circuit, P.372 the noise at both ends, P.842 the reliability, a dipole over real ground the
high angles. Where many places ask for one control station, circuits are computed on a coarse grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.hf import noise
from rabta.radio.hf.dipole import Dipole, GainTable
from rabta.radio.hf.groundwave import Ground
from rabta.radio.hf.ionosphere.coefficients import Maps
from rabta.radio.hf.muf import RANGES, RECOMMENDATION, Path, When, modes
from rabta.radio.hf.skywave import circuit

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
Ints = NDArray[np.int64]

STEP_DEG = 1.0
_PART = 4_000

__all__ = ["RANGES", "RECOMMENDATION", "Answer", "Net", "answer", "national", "sunspots"]


@dataclass(frozen=True)
class Net:
    """A net whose stations are alike.

    Attributes
    ----------
    needed_db : float
        Signal to noise in the bandwidth.
    noise_out, noise_control : str
        Categories of man-made noise in the field and at the control station.
    frequencies_mhz : array
        What the net may use.
    """

    power_w: float
    bandwidth_hz: float
    needed_db: float
    needed_share: float
    antenna: Dipole
    noise_out: str
    noise_control: str
    frequencies_mhz: Array

    @classmethod
    def of(cls, entry: dict[str, float | str], grounds: dict[str, dict[str, float]]) -> Net:
        """Net of an entry of the catalog ``hfnets`` and the kinds of ground."""
        name = str(entry["ground"])
        if name not in grounds:
            raise RabtaError("no such ground", key="ground", value=name, expected=nearest(name, grounds))
        number = {key: float(value) for key, value in entry.items() if isinstance(value, int | float)}
        count = round((number["highest_mhz"] - number["lowest_mhz"]) / number["step_mhz"])
        return cls(
            number["power_w"],
            number["bandwidth_hz"],
            number["needed_db_hz"] - 10.0 * np.log10(number["bandwidth_hz"]),
            number["needed_share"],
            Dipole(number["height_m"], Ground(**grounds[name]), number["feed_loss_db"]),
            str(entry["noise_out"]),
            str(entry["noise_control"]),
            np.asarray(number["lowest_mhz"] + number["step_mhz"] * np.arange(count + 1)),
        )


@dataclass(frozen=True)
class Answer:
    """Circuits of a net at hours and frequencies.

    Attributes
    ----------
    reliability : array, shape (place, hour, frequency)
        Share of the days of the month when both ends hear each other.
    snr_db : array, same shape
        Median at the noisier end.
    muf_mhz, fot_mhz : array, shape (place, hour)
        Basic MUF, and what 90 % of the days exceed (optimum working frequency).
    """

    frequencies_mhz: Array
    needed_db: float
    reliability: Array
    snr_db: Array
    muf_mhz: Array
    fot_mhz: Array

    @property
    def luf_mhz(self) -> Array:
        """Lowest usable frequency: the lowest with enough median S/N (P.533-14, section 9); else NaN."""
        good = self.snr_db >= self.needed_db
        return np.where(good.any(axis=-1), self.frequencies_mhz[good.argmax(axis=-1)], np.nan)

    def best(self) -> tuple[Array, Array]:
        """Frequency of the highest reliability, of the highest S/N among equals; NaN and 0 without any."""
        return pick(self.frequencies_mhz, self.reliability, self.snr_db)


def pick(
    frequencies_mhz: Array, reliability: NDArray[np.floating], snr_db: NDArray[np.floating]
) -> tuple[Array, Array]:
    """Best frequency along the last axis and its reliability."""
    top = reliability.max(axis=-1)
    score = np.where(reliability >= top[..., None] - 1e-3, snr_db, -np.inf)
    at = score.argmax(axis=-1)
    found = np.take_along_axis(reliability, at[..., None], axis=-1)[..., 0]
    return np.where(found > 0, frequencies_mhz[at], np.nan), np.asarray(found, dtype=np.float64)


def answer(
    maps: Maps,
    noises: noise.AtmosphericMaps,
    net: Net,
    place: tuple[ArrayLike, ArrayLike],
    control: tuple[ArrayLike, ArrayLike],
    when: When,
) -> Answer:
    """Circuits between places and their control stations at the hours of ``when``.

    Parameters
    ----------
    place, control : tuple of array_like, shape (place,)
        Latitude and longitude of both ends.
    when : When
        Its hours have shape (hour,).
    """
    lat, lon, lat_c, lon_c = (np.atleast_1d(np.asarray(v, np.float64)) for v in (*place, *control))
    lat, lon, lat_c, lon_c = np.broadcast_arrays(lat, lon, lat_c, lon_c)
    hours = np.asarray(when.hour_ut, dtype=np.float64)[None, :, None]
    at = When(when.month, hours, when.r12)
    ends = [v[:, None, None] for v in (lat, lon, lat_c, lon_c)]
    found = modes(maps, Path.between(*ends), at)
    gain = GainTable.of(net.antenna, net.frequencies_mhz)
    arrived = circuit(found, net.frequencies_mhz).received_dbw(net.power_w, gain, gain)
    ratio = net.frequencies_mhz / found.muf
    sides = []
    for (y, x), category in zip((ends[:2], ends[2:]), (net.noise_out, net.noise_control), strict=True):
        parts = [
            noise.atmospheric(noises, y, x, when.month, hours, net.frequencies_mhz),
            noise.man_made(net.frequencies_mhz, category),
            noise.galactic(net.frequencies_mhz),
        ]
        sides.append(noise.quality(arrived, noise.total(parts), net.bandwidth_hz, ratio))
    return Answer(
        net.frequencies_mhz,
        net.needed_db,
        np.minimum(*(side.reliability(net.needed_db) for side in sides)),
        np.minimum(*(side.median_db for side in sides)),
        found.muf[..., 0],
        found.fot[..., 0],
    )


def nearest_station(lat_deg: Array, lon_deg: Array, stations: tuple[Array, Array]) -> Ints:
    """Row of the nearest control station of each place."""
    path = Path.between(lat_deg[:, None], lon_deg[:, None], stations[0], stations[1])
    return np.asarray(path.distance_km.argmin(axis=1))


def national(
    maps: Maps,
    noises: noise.AtmosphericMaps,
    net: Net,
    places: tuple[Array, Array],
    stations: tuple[Array, Array],
    when: When,
) -> tuple[F4, F4]:
    """Best frequency in MHz and its reliability of many places towards their nearest station.

    Circuits are those of the points of a grid of one degree around the places of each station; S/N and
    reliability are bilinear between them.

    Returns
    -------
    tuple of array, shape (place, hour)
    """
    lat, lon = places
    station = nearest_station(lat, lon, stations)
    row, column = np.floor(lat / STEP_DEG), np.floor(lon / STEP_DEG)
    a, b = lat / STEP_DEG - row, lon / STEP_DEG - column
    corners = [(0, 0, (1 - a) * (1 - b)), (1, 0, a * (1 - b)), (0, 1, (1 - a) * b), (1, 1, a * b)]
    keys = np.stack([np.stack([station, row + i, column + j], axis=1) for i, j, _ in corners])
    nodes, index = np.unique(keys.reshape(-1, 3), axis=0, return_inverse=True)
    index, weights = index.reshape(4, -1), np.stack([w for _, _, w in corners])
    home = nodes[:, 0].astype(np.int64)
    grid = (nodes[:, 1] * STEP_DEG, nodes[:, 2] * STEP_DEG)
    found = answer(maps, noises, net, grid, (stations[0][home], stations[1][home]), when)
    reliability, snr = (
        found.reliability.astype(np.float32),
        np.maximum(found.snr_db, -200.0).astype(np.float32),
    )
    shape = (len(lat), np.size(when.hour_ut))
    frequency, share = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for at in range(0, len(lat), _PART):
        part = slice(at, at + _PART)
        w, k = weights[:, part, None, None].astype(np.float32), index[:, part]
        held, heard = (
            np.asarray(sum((w[c] * v[k[c]] for c in range(4)), np.float32(0.0))) for v in (reliability, snr)
        )
        frequency[part], share[part] = pick(net.frequencies_mhz, held, heard)
    return frequency, share


def sunspots(entry: dict[str, object], year: int, month: int) -> float:
    """Smoothed sunspot number R12, on the scale of the ionospheric maps, from the catalog ``sunspots``."""
    months = entry["months"]
    if not isinstance(months, dict):
        raise RabtaError("the sunspot numbers lack a table of months", key="months", value=months)
    number = months.get(f"{year}-{month:02d}", entry["elsewhere"])
    return float(number) * float(str(entry["scale"]))
