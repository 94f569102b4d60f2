"""What a household gets from each technology in each cell: rate, latency, availability, quality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.units import SPEED_OF_LIGHT_M_S

if TYPE_CHECKING:
    import xarray as xr

Array = NDArray[np.float64]
LOW_PERCENTILE = 5.0
GEO_RADIUS_KM = 42_164.17  # radius of an orbit with the period of one sidereal day
EARTH_RADIUS_KM = 6_378.137
BLOCK = 1024
SPAN_BYTES = 1 << 28  # read at once of an array over time: all of resolution 6, a fourth of resolution 7
READ_STEPS = 240  # of an array on disk at once: four chunks
SATELLITE = ("satellite_cell", "leo_terminal", "geo_terminal", "direct_to_device")
ROUNDING = 1e-6  # capacities are kept in single precision


@dataclass(frozen=True)
class Service:
    """Rate, round-trip time and availability of each technology, shape (cell, technology)."""

    rate_mbps: Array
    latency_ms: Array
    availability: Array

    def quality(self, floor_mbps: float, floor_latency_ms: float, floor_availability: float) -> Array:
        """Share of the floor that is met, between 0 and 1.

        Product of three ratios, each cut at 1: rate over its floor, the latency floor over the
        latency, availability over its floor. One means that the floor is met in full.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.clip(self.rate_mbps / floor_mbps, 0.0, 1.0)
            latency = np.clip(floor_latency_ms / self.latency_ms, 0.0, 1.0)
            up = np.clip(self.availability / floor_availability, 0.0, 1.0) if floor_availability > 0 else 1.0
        product = rate * latency * up
        return np.where(self.works, np.nan_to_num(product), 0.0)

    @property
    def works(self) -> NDArray[np.bool_]:
        """Where there is a service at all."""
        return (self.rate_mbps > 0) & np.isfinite(self.latency_ms) & (self.availability > 0)


@dataclass(frozen=True)
class Orbiting:
    """What the moving satellites give each cell over the run.

    Attributes
    ----------
    rate_mbps : ndarray, shape (cell,)
        5th percentile over time of one terminal's rate.
    latency_ms : ndarray, shape (cell,)
        95th percentile over time of the round-trip time, over the steps with a path.
    availability : ndarray, shape (cell,)
        Share of the steps in which one terminal alone has a path and a rate at or above the floor.
    in_view : ndarray, shape (cell,)
        Share of the steps with a satellite that serves phones in view.
    for_homes : bool
        Whether households buy these satellites' terminals; enterprise terminals feed village sites alone.
    """

    rate_mbps: Array
    latency_ms: Array
    availability: Array
    in_view: Array
    for_homes: bool = True


def orbiting(
    link_rate_mbps: NDArray[np.floating] | xr.DataArray,
    latency_ms: NDArray[np.floating] | xr.DataArray,
    device_count: NDArray[np.integer] | xr.DataArray,
    rows: NDArray[np.int64],
    floor_mbps: float,
) -> Orbiting:
    """Robust figures over time for the chosen cells.

    Parameters
    ----------
    link_rate_mbps, latency_ms, device_count : array, shape (time, cell)
        In memory, or on disk and then read a span of cells at a time.
    rows : ndarray of int
        Cells to evaluate.
    """
    out = np.empty((4, rows.size))
    for start, stop in _spans(link_rate_mbps):
        inside = np.flatnonzero((rows >= start) & (rows < stop))
        if inside.size == 0:
            continue
        out[:, inside] = _orbiting(
            _span(link_rate_mbps, start, stop),
            _span(latency_ms, start, stop),
            _span(device_count, start, stop),
            rows[inside] - start,
            floor_mbps,
        )
    return Orbiting(*out)


def _orbiting(
    rates: NDArray[Any], delays: NDArray[Any], devices: NDArray[Any], rows: NDArray[np.int64], floor: float
) -> Array:
    """The four figures of cells of one span; shape (figure, cell)."""
    out = np.empty((4, rows.size))
    for first in range(0, rows.size, BLOCK):
        block = rows[first : first + BLOCK]
        rate = np.ascontiguousarray(rates[:, block].T)
        delay = np.ascontiguousarray(delays[:, block].T)
        up = ((rate >= floor) & np.isfinite(delay)).mean(axis=1)
        view = (devices[:, block] > 0).mean(axis=0)
        out[:, first : first + BLOCK] = _low(rate), _high(delay), up, view
    return out


def _spans(values: NDArray[Any] | xr.DataArray) -> Iterator[tuple[int, int]]:
    """First and last cell of the spans in which an array over time is read."""
    steps, cells = values.shape
    width = max(SPAN_BYTES // max(steps * values.dtype.itemsize, 1) // BLOCK, 1) * BLOCK
    for start in range(0, cells, width):
        yield start, min(start + width, cells)


def _low(values: NDArray[np.floating]) -> Array:
    index = int(LOW_PERCENTILE / 100.0 * (values.shape[1] - 1))
    return np.asarray(np.partition(np.nan_to_num(values), index, axis=1)[:, index], dtype=np.float64)


def _high(values: NDArray[np.floating]) -> Array:
    whole = np.where(np.isfinite(values), values, np.inf)
    index = int(np.ceil((1.0 - LOW_PERCENTILE / 100.0) * (whole.shape[1] - 1)))
    found = np.partition(whole, index, axis=1)[:, index].astype(np.float64)
    gaps = np.flatnonzero(~np.isfinite(found))
    for row in gaps:  # more than 5 % of the steps have no path: use the steps that have one
        seen = values[row][np.isfinite(values[row])]
        found[row] = np.percentile(seen, 100.0 - LOW_PERCENTILE) if seen.size else np.inf
    return found


def geo_latency_ms(elevation_deg: ArrayLike) -> Array:
    """Round-trip time over a geostationary satellite and a gateway at a like distance.

    Slant range from the law of cosines on a spherical Earth; a round trip passes four times.

    Examples
    --------
    >>> round(float(geo_latency_ms(90.0)))  # straight below
    477
    """
    up = np.radians(np.asarray(elevation_deg, dtype=np.float64))
    horizontal = EARTH_RADIUS_KM * np.cos(up)
    slant_km = np.sqrt(GEO_RADIUS_KM**2 - horizontal**2) - EARTH_RADIUS_KM * np.sin(up)
    return np.asarray(4.0 * slant_km * 1e6 / SPEED_OF_LIGHT_M_S)


def geo_best(
    efficiency_bps_hz: NDArray[np.floating],
    elevation_deg: NDArray[np.floating],
    channel_mhz: ArrayLike,
    route_ms: ArrayLike = 0.0,
) -> tuple[Array, Array]:
    """Rate and round-trip time of each cell's best geostationary satellite.

    Parameters
    ----------
    efficiency_bps_hz, elevation_deg : ndarray, shape (cell, geo)
    channel_mhz : array_like, shape (geo,)
    route_ms : array_like, shape (geo,)
        Round trip from the satellite's teleport to the national exchange; infinity where it has none.

    Returns
    -------
    rate_mbps, latency_ms : ndarray, shape (cell,)
        Zero and infinity where no satellite reaches the cell.
    """
    cells, satellites = efficiency_bps_hz.shape
    if satellites == 0:
        return np.zeros(cells), np.full(cells, np.inf)
    rate = np.nan_to_num(efficiency_bps_hz.astype(np.float64)) * np.asarray(channel_mhz, dtype=np.float64)
    best = np.argmax(rate, axis=1)
    lines = np.arange(cells)
    chosen = rate[lines, best]
    delay = geo_latency_ms(elevation_deg[lines, best])
    delay = delay + np.broadcast_to(np.asarray(route_ms, dtype=np.float64), satellites)[best]
    return chosen, np.where(chosen > 0, delay, np.inf)


def carried_share(room_mbps: Array, load_mbps: Array) -> Array:
    """Share of the sampled steps in which the moving satellites carry a load in every tier at once.

    Parameters
    ----------
    room_mbps : ndarray, shape (time, tier, zone)
        What the zone, its region and the nation can be given in each sampled step.
    load_mbps : ndarray, shape (tier, zone)
        What is to be carried in the same areas.

    Returns
    -------
    ndarray, shape (zone,)
        Zero where there is no sampled step.
    """
    if room_mbps.shape[0] == 0:
        return np.zeros(room_mbps.shape[2])
    enough = (room_mbps > 0.0) & (room_mbps >= load_mbps * (1.0 - ROUNDING))
    return np.asarray(enough.all(axis=1).mean(axis=0))


def _span(values: NDArray[Any] | xr.DataArray, start: int, stop: int) -> NDArray[Any]:
    """A span of cells; read a few chunks at a time, since a reader holds each chunk whole."""
    if isinstance(values, np.ndarray):
        return values[:, start:stop]
    out = np.empty((values.shape[0], stop - start), dtype=values.dtype)
    for first in range(0, len(out), READ_STEPS):
        out[first : first + READ_STEPS] = values[first : first + READ_STEPS, start:stop]
    return out


def middle(values: NDArray[np.floating] | xr.DataArray) -> Array:
    """Median over time of each cell, NaN left out; NaN where there is nothing.

    Parameters
    ----------
    values : array, shape (time, cell)
        In memory, or on disk and then read a span of cells at a time.
    """
    parts = []
    for start, stop in _spans(values):
        span = _span(values, start, stop)
        parts += [_middle(span[:, first : first + BLOCK]) for first in range(0, stop - start, BLOCK)]
        del span  # before the next one is read
    return np.concatenate(parts) if parts else np.empty(0)


def _middle(values: NDArray[np.floating]) -> Array:
    block = np.sort(np.ascontiguousarray(values.T), axis=1)  # NaN goes last
    seen = np.isfinite(block).sum(axis=1)
    line = np.arange(block.shape[0])
    low = block[line, np.maximum(seen - 1, 0) // 2]
    high = block[line, np.minimum(seen // 2, block.shape[1] - 1)]
    return np.where(seen > 0, 0.5 * (low.astype(np.float64) + high), np.nan)


def combine(
    technologies: Sequence[str],
    access_mbps: Array,
    added_ms: Array,
    sky: Orbiting,
    geo: tuple[Array, Array],
    shared_mbps: Array,
    prices: Mapping[str, float],
    carried: ArrayLike = 1.0,
) -> Service:
    """Put the technologies side by side.

    Moving satellites are up while the terminal's link reaches the floor, the zone's capacity carries its
    load (`carried_share`) and the weather is not worse than the links are computed for. The three shares
    are multiplied. Where a gap in the sky stops link and capacity in the same step, that counts it twice.

    Parameters
    ----------
    access_mbps : ndarray, shape (cell, technology)
        Busy-hour rate of terrestrial and aerial access.
    added_ms : ndarray, shape (cell, technology)
        Round-trip time of the radio access, and of the cable from the cell to the national exchange for
        what lands at home.
    geo : tuple of ndarray, shape (cell,)
        Rate and round-trip time of the best geostationary satellite.
    shared_mbps : ndarray, shape (cell,)
        Rate that the provisioned satellite capacity leaves to an active household: its share of the
        load times the contention. A terminal gets the smaller of this and its link's rate.
    prices : mapping
        Cost-book values; ``availability_weather`` and ``availability_moving``: the share of the year that
        the link rates of geostationary and of moving satellites hold (1 where rain is in the rates).
    carried : array_like, shape (cell,)
        Share of the steps in which satellite capacity carries the load of the cell's zone.
    """
    sky = replace(sky, availability=sky.availability * np.asarray(carried, dtype=np.float64))
    parts = [
        _one(name, access_mbps[:, k], sky, geo, shared_mbps, prices) for k, name in enumerate(technologies)
    ]
    rate, latency, up = (np.stack(column, axis=1) for column in zip(*parts, strict=True))
    return Service(rate, latency + added_ms, up)


def _one(
    name: str,
    access: Array,
    sky: Orbiting,
    geo: tuple[Array, Array],
    shared: Array,
    prices: Mapping[str, float],
) -> tuple[Array, Array, Array]:
    ground, weather = np.zeros_like(access), prices["availability_weather"]
    up = sky.availability * prices["availability_moving"]
    if name == "leo_terminal":
        return np.minimum(sky.rate_mbps, shared) * sky.for_homes, sky.latency_ms, up * sky.for_homes
    if name == "geo_terminal":
        return np.minimum(geo[0], shared), geo[1], np.where(geo[0] > 0, weather, 0.0)
    if name == "satellite_cell":
        rate = np.minimum(access, np.minimum(sky.rate_mbps, shared))
        return rate, sky.latency_ms, up * prices["availability_village"]
    if name == "direct_to_device":
        return np.where(sky.in_view > 0, access, 0.0), ground, sky.in_view
    kind = "haps" if name == "haps" else "cellular"
    return access, ground, np.full_like(access, prices[f"availability_{kind}"])
