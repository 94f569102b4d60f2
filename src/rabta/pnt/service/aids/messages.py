"""BeiDou's short messages for a fleet that nothing else reaches: how many fit, and how late they come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError

Array = NDArray[np.float64]
TRIES = 10


@dataclass(frozen=True)
class Service:
    """One of the services; see the catalog ``shortmessages``.

    Attributes
    ----------
    up_per_hour : float
        Messages of all users; ``share`` of them is this nation's.
    success : float
        Of one try.
    delay_s : float
        From the terminal to the addressee, without waiting.
    card_s : float
        Least time between a user's tries.
    """

    name: str
    bits: int
    up_per_hour: float
    share: float
    success: float
    delay_s: float
    card_s: float


@dataclass(frozen=True)
class Report:
    """What a fleet gets.

    Attributes
    ----------
    packets : int
        Messages that one report takes.
    offered_per_hour, capacity_per_hour : float
    load : float
        Offered over capacity, tries that fail included.
    vehicles_most : int
        That could report as often.
    delivered : float
        Share of the reports that arrive before the next is due.
    mean_delay_s, delay95_s : float
        Of those that arrive; infinite where the service is asked for more than it has.
    """

    packets: int
    offered_per_hour: float
    capacity_per_hour: float
    load: float
    vehicles_most: int
    delivered: float
    mean_delay_s: float
    delay95_s: float


def load(name: str = "beidou-3") -> dict[str, Service]:
    """Services of the catalog."""
    data: dict[str, Any] = catalog.entry("shortmessages", name).data
    found = {}
    for kind in ("regional", "global"):
        part = data[kind]
        found[kind] = Service(
            kind, int(part["bits"]), float(part["up_per_hour"]), float(data["nation_share"]),
            float(part["success"]), float(part["delay_s"]), float(data["card_s"]),
        )  # fmt: skip
    return found


def inside(area: ArrayLike, lat_deg: ArrayLike, lon_deg: ArrayLike) -> NDArray[np.bool_]:
    """Whether places are in a service's area (west, east, south, north), shape of the coordinates."""
    west, east, south, north = np.asarray(area, dtype=np.float64)
    lat, lon = np.asarray(lat_deg, dtype=np.float64), np.asarray(lon_deg, dtype=np.float64)
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))


def fleet(service: Service, vehicles: int, every_s: float, bits: int, *, seen: float = 1.0) -> Report:
    """Reports of a fleet through one service.

    A try succeeds with the service's probability, and only while a satellite of it is in view; a failed one
    is repeated after the card's interval. Messages wait as in a queue with constant service (M/D/1:
    Kleinrock, Queueing Systems I, equation 5.63).

    Parameters
    ----------
    every_s : float
        Between the reports of a vehicle.
    bits : int
        Of a report.
    seen : float
        Share of the time with a satellite of the service in view.
    """
    for key, value, least in (("vehicles", vehicles, 1), ("every_s", every_s, 1e-9), ("bits", bits, 1)):
        if not value >= least or not math.isfinite(value):
            raise RabtaError("no such fleet", key=key, value=value, expected="a positive number")
    if not 0.0 <= seen <= 1.0:
        raise RabtaError("no such share", key="seen", value=seen, expected="0 to 1")
    packets = math.ceil(bits / service.bits)
    tries = 1.0 / service.success
    offered = vehicles * packets * 3600.0 / every_s
    capacity = service.up_per_hour * service.share
    load_ = offered * tries / capacity
    most = int(capacity / (packets * tries * 3600.0 / every_s))
    if load_ >= 1.0 or seen == 0.0:
        share = seen / load_ if load_ > 0.0 else 0.0
        return Report(packets, offered, capacity, load_, most, min(share, seen), math.inf, math.inf)
    wait = load_ / (2.0 * (1.0 - load_)) * 3600.0 / capacity
    delays, chance = _tries(service, packets, every_s, seen, wait)
    mean = float((delays * chance).sum() / chance.sum())
    return Report(
        packets, offered, capacity, load_, most, float(chance.sum()), mean,
        float(delays[np.searchsorted(np.cumsum(chance) / chance.sum(), 0.95 - 1e-12)]),
    )  # fmt: skip


def _tries(service: Service, packets: int, every_s: float, seen: float, wait_s: float) -> tuple[Array, Array]:
    """Delay of a report that takes so many tries, and its probability, before the next report is due."""
    whole = (service.success * seen) ** packets
    tries = np.arange(1.0, TRIES + 1.0)
    step = max(service.card_s, wait_s)
    delays = service.delay_s + wait_s + (tries - 1) * step + (packets - 1) * service.card_s
    chance = whole * (1.0 - whole) ** (tries - 1)
    in_time = (delays <= every_s) | (tries == 1)
    return delays, np.where(in_time, chance, 0.0)
