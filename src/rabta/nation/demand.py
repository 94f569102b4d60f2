"""Demand: what the services of the catalog ask for in each cell, in the national busy hour.

A service has a unit (household, pupil or person), a rate while it is in use, the share of units that use it
at once in the service's own busiest hour, and a profile over the local day. Loads add up to a national curve;
its peak is the national busy hour, and every cell's load is taken in that hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError

Array = NDArray[np.float64]

UNITS = ("household", "pupil", "person")
HOURS = 24


@dataclass(frozen=True)
class Service:
    """One entry of the services catalog.

    Attributes
    ----------
    unit : str
        ``household``, ``pupil`` (people aged 5 to 16) or ``person``.
    units_per : float
        Units of the service for each of those.
    rate_mbps : float
        Rate of a unit while it is in use.
    concurrency : float
        Share of units in use at once in the service's busiest hour.
    latency_ms : float
        Round-trip time above which the service suffers.
    profile : ndarray, shape (24,)
        Load of each local hour over the busiest one.
    """

    name: str
    unit: str
    units_per: float
    rate_mbps: float
    concurrency: float
    latency_ms: float
    profile: Array

    @property
    def load_mbps(self) -> float:
        """Load of one household, pupil or person in the service's busiest hour."""
        return self.units_per * self.rate_mbps * self.concurrency


def services(names: Sequence[str]) -> list[Service]:
    """Services by name, checked."""
    if not names:
        known = ", ".join(catalog.names("services"))
        raise RabtaError("no service to plan for", key="demand.services", expected=f"some of: {known}")
    return [_service(catalog.entry("services", name)) for name in names]


def _service(entry: catalog.Entry) -> Service:
    numbers = {key: _number(entry, key) for key in ("units_per", "rate_mbps", "concurrency", "latency_ms")}
    unit = str(entry.data.get("unit"))
    if unit not in UNITS:
        raise RabtaError(
            "unknown unit of a service", file=entry.path, key="unit", value=unit, expected=", ".join(UNITS)
        )
    return Service(name=entry.name, unit=unit, profile=_profile(entry), **numbers)


def _number(entry: catalog.Entry, key: str) -> float:
    value = entry.data.get(key)
    if not isinstance(value, int | float) or not value > 0:
        raise RabtaError(
            "service without a usable number", file=entry.path, key=key, value=value, expected="more than 0"
        )
    return float(value)


def _profile(entry: catalog.Entry) -> Array:
    profile = np.asarray(entry.data.get("profile", []), dtype=np.float64)
    if profile.shape != (HOURS,) or not 0 <= profile.min() <= profile.max() == 1:
        raise RabtaError(
            "wrong profile of a service",
            file=entry.path,
            key="profile",
            expected="24 numbers from 0 to 1, the largest 1",
        )
    return profile


def peak_loads(
    chosen: Sequence[Service], units: Mapping[str, ArrayLike], adoption: float, growth: float = 0.0
) -> Array:
    """Load of each service and cell in the service's own busiest hour.

    Parameters
    ----------
    units : mapping of str to array_like, shape (cell,)
        Households, pupils and people of each cell.
    adoption : float
        Share of units that take the service.
    growth : float
        Growth over today, 0.1 for ten per cent.

    Returns
    -------
    ndarray, shape (service, cell)
        Mbit/s.
    """
    scale = adoption * (1.0 + growth)
    return np.stack([np.asarray(units[s.unit], np.float64) * s.load_mbps * scale for s in chosen])


def busy_hour(peak_mbps: Array, profiles: Array) -> tuple[Array, Array]:
    """Take every cell's load in the hour in which the nation's load is largest.

    Parameters
    ----------
    peak_mbps : ndarray, shape (service, cell)
    profiles : ndarray, shape (service, hour)

    Returns
    -------
    load_mbps : ndarray, shape (cell,)
    profile : ndarray, shape (hour,)
        National load of each local hour over the busy hour.
    """
    national = peak_mbps.sum(axis=1) @ profiles
    hour = int(np.argmax(national))
    if national[hour] <= 0:
        raise RabtaError("nobody asks for anything: the national load is zero", key="demand")
    return profiles[:, hour] @ peak_mbps, national / national[hour]
