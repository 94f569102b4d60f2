"""Round-trip times: cell, satellite, bent pipe or mesh of satellites, gateway, fibre, national exchange.

Propagation only: light in vacuum on radio and laser links, light at 1/1.468 of that in fibre (the group index
of G.652 fibre at 1550 nm: Corning SMF-28 product information, PI1463). Scheduling, framing and queues come on
top of it and differ between systems: `ALLOWANCE_MS`, added once to a round trip, is zero, because no
operator publishes its scheduling and a measured minimum cannot be told from cable and router delay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog, geo
from rabta.errors import RabtaError
from rabta.transport import _landing
from rabta.transport.gateways import Fleet, Landing, Sites
from rabta.units import SPEED_OF_LIGHT_M_S

F8 = NDArray[np.float64]
FIBRE_INDEX = 1.468
ALLOWANCE_MS = 0.0


def fibre_s(length_km: ArrayLike) -> F8:
    """One-way delay of a fibre route.

    Examples
    --------
    >>> round(2e3 * float(fibre_s(1026.0)), 1)  # Lahore to Karachi and back, ms
    10.0
    """
    return np.asarray(length_km, dtype=np.float64) * 1e3 * FIBRE_INDEX / SPEED_OF_LIGHT_M_S


@dataclass(frozen=True)
class Exchange:
    """The national exchange, to which all round trips are measured, and how far cables go round."""

    name: str
    lat_deg: float
    lon_deg: float
    route_factor: float

    def route_ms(self, lat_deg: ArrayLike, lon_deg: ArrayLike) -> F8:
        """Round trip over the fibre network: great circle times `route_factor`.

        Microwave hops on the way count as fibre: a radio link is faster by a third, its equipment slower.

        Examples
        --------
        >>> round(float(Exchange("Karachi", 24.86, 67.01, 1.2).route_ms(31.55, 74.34)), 1)  # Lahore
        12.1
        """
        straight_m = geo.great_circle_m(lat_deg, lon_deg, self.lat_deg, self.lon_deg)
        return np.asarray(2e3 * fibre_s(self.route_factor * straight_m / 1e3))


EXCHANGE = {"lat_deg": (-90.0, 90.0), "lon_deg": (-180.0, 180.0), "route_factor": (1.0, 10.0)}


def exchange(nation: str) -> Exchange:
    """Exchange of a nation's catalog entry (table ``exchange``)."""
    entry = catalog.entry("nations", nation)
    given = entry.data.get("exchange", {})
    for key, (low, high) in EXCHANGE.items():
        value = given.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise RabtaError(
                "nation without its national exchange",
                file=entry.path,
                key=f"exchange.{key}",
                value=value,
                expected=f"a number from {low:g} to {high:g}",
            )
    return Exchange(str(given.get("name", nation)), *(float(given[key]) for key in EXCHANGE))


def slant_range_m(elevation_deg: ArrayLike, altitude_m: ArrayLike, radius_m: float = 6_371_008.8) -> F8:
    """Distance to a satellite at an elevation, on a sphere (law of cosines).

    Examples
    --------
    >>> round(float(slant_range_m(25.0, 550e3)) / 1e3)
    1123
    """
    sine = np.sin(np.radians(np.asarray(elevation_deg, dtype=np.float64)))
    ratio = 1.0 + np.asarray(altitude_m, dtype=np.float64) / radius_m
    return np.asarray(radius_m * (np.sqrt(ratio**2 - 1.0 + sine**2) - sine))


def bent_pipe_ms(user_m: ArrayLike, gateway_m: ArrayLike) -> F8:
    """Round trip from a user over one satellite to a gateway, given the two slant ranges.

    Examples
    --------
    >>> round(float(bent_pipe_ms(550e3, 550e3)), 2)
    7.34
    """
    return np.asarray(2e3 * (np.asarray(user_m) + np.asarray(gateway_m)) / SPEED_OF_LIGHT_M_S)


def onward_s(
    fleet: Fleet, landed: Landing, place: Sites, neighbours: NDArray[np.int32], wanted: NDArray[np.uint8]
) -> F8:
    """One-way delay from each wanted satellite to the national exchange; infinity where there is no path.

    Parameters
    ----------
    neighbours : int32 (satellite, degree)
        Ends of the inter-satellite links, -1 where there is none.
    wanted : uint8 (time, satellite)
        Satellites that cells use.

    Returns
    -------
    ndarray of float64, shape (time, satellite)
    """
    delay = np.full(landed.link.shape, np.inf)
    if place.feeder_mbps.size:
        _landing.reach(
            np.ascontiguousarray(fleet.position_m),
            landed.link,
            neighbours,
            place.position_m,
            fibre_s(place.exchange_km),
            wanted,
            delay,
        )
    return delay


def used_satellites(slot: NDArray[np.int16], usable: NDArray[np.bool_], satellites: int) -> NDArray[np.uint8]:
    """Mark the satellites of usable slots, shape (time, satellite)."""
    wanted = np.zeros((slot.shape[0], satellites), np.uint8)
    for t in range(slot.shape[0]):
        wanted[t, slot[t][usable[t]]] = 1
    return wanted


def round_trip_ms(
    slot: NDArray[np.int16], usable: NDArray[np.bool_], range_m: NDArray[np.float32], onward: F8
) -> NDArray[np.float32]:
    """Round trip of every cell over its first slot that is usable and has a path; NaN where none has.

    Parameters
    ----------
    slot : int16 (time, cell, slot), usable : bool (time, cell, slot), range_m : float32 (time, cell, slot)
    onward : float64 (time, satellite)
        One-way delay from the satellite to the exchange (s).

    Returns
    -------
    ndarray of float32, shape (time, cell)
    """
    out = np.full(slot.shape[:2], np.nan, np.float32)
    for t in range(slot.shape[0]):
        for k in reversed(range(slot.shape[2])):  # the first slot writes last
            if onward.shape[1] == 0:
                continue
            rest = onward[t][np.maximum(slot[t, :, k], 0)]
            there = usable[t, :, k] & np.isfinite(rest)
            total = 2e3 * (range_m[t, :, k] / SPEED_OF_LIGHT_M_S + rest) + ALLOWANCE_MS
            out[t] = np.where(there, total, out[t])
    return out
