"""Demand: what the services of the catalog ask for in each cell and hour of the day.

A service has a unit (household, pupil, health unit ...), a rate while it is in use, the share of units that
use it at once in the service's own busiest hour, and a profile over the local day. Loads add up to a curve of
each cell. The busy hour is that in which those without broadband today, whom the plan serves, ask for most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.nation import growth

Array = NDArray[np.float64]

UNITS = {  # and the column of the cells that counts them
    "household": "households",
    "person": "people",
    "child": "school_age",
    "pupil": "pupils",
    "school": "schools",
    "health_unit": "health_units",
    "office": "offices",
}
PRIVATE = ("household", "person")  # these buy a service, the others are institutions
HOURS = 24


@dataclass(frozen=True)
class Service:
    """One entry of the services catalog.

    Attributes
    ----------
    units : tuple of (str, float)
        Unit (one of `UNITS`), and connections for each of them; a second pair serves a nation whose cells
        count none of the first.
    rate_mbps : float
        Rate of a unit while it is in use.
    concurrency : float
        Share of units in use at once in the service's busiest hour.
    latency_ms : float
        Round-trip time above which the service suffers.
    loss_percent : float
        Share of packets lost above which it suffers.
    follows_traffic : bool
        True where its load grows with the traffic of a user, False where a target sets it.
    profile : ndarray, shape (24,)
        Load of each local hour over the busiest one.
    """

    name: str
    units: tuple[tuple[str, float], ...]
    rate_mbps: float
    concurrency: float
    latency_ms: float
    loss_percent: float
    follows_traffic: bool
    profile: Array

    @property
    def load_mbps(self) -> float:
        """Load of one connection in the service's busiest hour."""
        return self.rate_mbps * self.concurrency

    @property
    def private(self) -> bool:
        """True where people buy the service, False where it serves institutions."""
        return self.units[0][0] in PRIVATE


def services(names: Sequence[str]) -> list[Service]:
    """Services by name, checked."""
    if not names:
        known = ", ".join(catalog.names("services"))
        raise RabtaError("no service to plan for", key="demand.services", expected=f"some of: {known}")
    return [_service(catalog.entry("services", name)) for name in names]


def _service(entry: catalog.Entry) -> Service:
    tables = [entry.data, *([growth.section(entry, "fallback")] if "fallback" in entry.data else [])]
    numbers = {key: _number(entry, entry.data, key) for key in ("rate_mbps", "concurrency", "latency_ms")}
    loss = entry.data.get("loss_percent", 100.0)
    if not isinstance(loss, int | float) or not 0 <= loss <= 100:
        raise RabtaError(
            "wrong loss of a service", file=entry.path, key="loss_percent", value=loss, expected="0 to 100"
        )
    return Service(
        name=entry.name,
        units=tuple((_unit(entry, table), _number(entry, table, "units_per")) for table in tables),
        loss_percent=float(loss),
        follows_traffic=bool(entry.data.get("follows_traffic", True)),
        profile=_profile(entry),
        **numbers,
    )


def _unit(entry: catalog.Entry, table: Mapping[str, object]) -> str:
    unit = str(table.get("unit"))
    if unit not in UNITS:
        raise RabtaError(
            "unknown unit of a service", file=entry.path, key="unit", value=unit, expected=", ".join(UNITS)
        )
    return unit


def _number(entry: catalog.Entry, table: Mapping[str, object], key: str) -> float:
    value = table.get(key)
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


def connections(service: Service, units: Mapping[str, ArrayLike]) -> Array:
    """Connections that a service could have in each cell, by the first unit that the nation counts."""
    counts = [np.asarray(units[unit], dtype=np.float64) * each for unit, each in service.units]
    return next((count for count in counts if count.any()), counts[0])


@dataclass(frozen=True)
class Adoption:
    """Share of units that take a service: households and people (one number or one a cell), institutions."""

    private: ArrayLike
    institutions: float

    def of(self, service: Service) -> ArrayLike:
        """Share of the service's units."""
        return self.private if service.private else self.institutions


def peak_loads(
    chosen: Sequence[Service],
    units: Mapping[str, ArrayLike],
    adoption: Adoption,
    year: growth.Factors | None = None,
) -> Array:
    """Load of each service and cell in the service's own busiest hour.

    Parameters
    ----------
    units : mapping of str to array_like, shape (cell,)
        Households, pupils, people ... of each cell in the base year, by the names in `UNITS`.
    adoption : Adoption
        Of the year that is asked for.
    year : growth.Factors, optional
        That year over the base year.

    Returns
    -------
    ndarray, shape (service, cell)
        Mbit/s.
    """
    now = year or growth.Factors()
    out = []
    for service in chosen:
        more = now.households if service.units[0][0] == "household" else now.people
        more *= now.traffic if service.follows_traffic else 1.0
        load = connections(service, units) * np.asarray(adoption.of(service), dtype=np.float64)
        out.append(load * (service.load_mbps * more))
    return np.stack(out)


def hourly(peak_mbps: Array, profiles: Array) -> Array:
    """Load of each cell and hour of the local day.

    Parameters
    ----------
    peak_mbps : ndarray, shape (service, cell)
    profiles : ndarray, shape (service, hour)

    Returns
    -------
    ndarray, shape (cell, hour)
        Mbit/s.
    """
    return np.asarray(peak_mbps.T @ profiles)


def busy_hour(load_mbps: Array, unserved: Array) -> tuple[Array, Array]:
    """Take every cell's load in the hour in which those without broadband today ask for most.

    Lessons of all the nation's pupils can make noon the busiest hour of the whole, while what a plan must
    carry is busiest in the evening.

    Parameters
    ----------
    load_mbps : ndarray, shape (cell, hour)
    unserved : ndarray, shape (cell,)
        Share of the load that is of those without broadband today; all load counts where there are none.

    Returns
    -------
    busy_mbps : ndarray, shape (cell,)
    profile : ndarray, shape (hour,)
        Their national load in each local hour over the busy hour.
    """
    national = unserved @ load_mbps if unserved.any() else load_mbps.sum(axis=0)
    hour = int(np.argmax(national))
    if national[hour] <= 0:
        raise RabtaError("nobody asks for anything: the national load is zero", key="demand")
    return load_mbps[:, hour], national / national[hour]
