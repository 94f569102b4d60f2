"""What the users of each cell get from the ground's networks in each hour of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.country import ground
from rabta.mobile.country.coverage import Coverage
from rabta.mobile.country.drop import Users
from rabta.mobile.country.ground import Network

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
DATA = slice(1, None)  # of the generations: 2G has no broadband
QUANTILES = (0.05, 0.5)
FINEST = 0.05  # Mbit/s


@dataclass(frozen=True)
class Service:
    """Rates and loads of a day.

    Attributes
    ----------
    rate_mbps : ndarray, shape (cell, hour)
        Mean of the covered users of a cell; 0 where nobody is covered.
    load : ndarray, shape (cell, hour)
        Mean load of the sites that serve them.
    hours : dict of str to ndarray, shape (hour,)
        National figures.
    """

    rate_mbps: Array
    load: Array
    hours: dict[str, Array]


def customers(coverage: Coverage, shares: Array, *, roaming: bool) -> Array:
    """Share of each point's people whom each operator serves, shape (operator, point).

    People take an operator who covers them, by the operators' shares. With roaming the covering operator
    with the strongest signal serves everybody.
    """
    covered = coverage.operators[:, DATA].any(axis=1)
    if roaming:
        best = np.where(covered, coverage.level_dbm[:, DATA].max(axis=1), -np.inf).argmax(axis=0)
        return np.asarray((np.arange(len(shares))[:, None] == best) & covered, dtype=np.float64)
    weight = shares[:, None] * covered
    return np.asarray(weight / np.maximum(weight.sum(axis=0), 1e-12))


def day(nets: list[Network], users: Users, part: Array, demand_mbps: Array, unit_mbps: float) -> Service:
    """Loads and rates of every hour.

    Parameters
    ----------
    part : ndarray, shape (operator, point)
        From `customers`.
    demand_mbps : ndarray, shape (cell, hour)
        Load that the networks are asked to carry if everybody is covered.
    unit_mbps : float
        Rate of one unit in use: a load of so many Mbit/s has load / unit_mbps units in use.
    """
    cells, hours = demand_mbps.shape
    lived = np.bincount(users.cell, users.people, cells)
    each = users.people / np.maximum(lived, 1e-9)[users.cell]
    rate, load = np.zeros((cells, hours)), np.zeros((cells, hours))
    national: dict[str, list[float]] = {name: [] for name in NATIONAL}
    asked = [np.zeros(net.count, dtype=np.float32) for net in nets]
    held = np.bincount(users.cell, users.people * part.sum(axis=0), cells).astype(np.float64)
    for h in range(hours):
        wanted = part * (demand_mbps[users.cell, h] * each)
        found = [
            ground.settle(*item) for item in zip(nets, [users.indoor] * len(nets), wanted, asked, strict=True)
        ]
        asked = [hour.asked for hour in found]
        got = np.stack([user_rates(*item, unit_mbps) for item in zip(nets, found, wanted, strict=True)])
        busy = np.stack([_busy(net, hour) for net, hour in zip(nets, found, strict=True)])
        weight = part * users.people
        rate[:, h] = _mean(got, weight, users.cell, held)
        load[:, h] = _mean(busy, weight, users.cell, held)
        _note(national, got, weight, found, wanted)
    return Service(rate, load, {name: np.array(values) for name, values in national.items()})


def user_rates(net: Network, hour: ground.Hour, wanted: Array, unit_mbps: float) -> Array:
    """Rate of a user in use at each point.

    Users of a sector share its time equally: R (1 - load) below saturation (M/G/1 with processor sharing),
    and never less than the equal share among the units that want to be in use.
    """
    site = ground.serving(net)
    served = hour.whole > 0.0
    units = np.bincount(site[served], wanted[served], net.count) / (unit_mbps * ground.SECTORS)
    at = np.maximum(site, 0)
    share = np.maximum(1.0 - hour.asked[at], 1.0 / (1.0 + units[at]))
    return np.where(site < 0, 0.0, hour.alone * share)


def _busy(net: Network, hour: ground.Hour) -> Array:
    site = ground.serving(net)
    return np.where(site < 0, 0.0, np.minimum(hour.asked, ground.FULL)[np.maximum(site, 0)])


def _mean(values: Array, weight: Array, cell: NDArray[np.int64], held: Array) -> Array:
    total = np.bincount(cell, (values * weight).sum(axis=0), len(held))
    return np.where(held > 0.0, total / np.maximum(held, 1e-9), 0.0)


NATIONAL = ("mean_mbps", "slow_mbps", "median_mbps", "asked_mbps", "carried_mbps", "load", "full_sites")


def _note(
    out: dict[str, list[float]], got: Array, weight: Array, found: list[ground.Hour], wanted: Array
) -> None:
    """National figures of one hour."""
    flat, share = got.ravel(), weight.ravel()
    keep = share > 0.0
    slow, median = quantiles(flat[keep], share[keep], QUANTILES)
    asked = np.concatenate([hour.asked for hour in found])
    carried = sum(float((want * (hour.whole > 0.0)).sum()) for want, hour in zip(wanted, found, strict=True))
    lost = float(np.maximum(asked - ground.FULL, 0.0).sum()) / max(float(asked.sum()), 1e-9)
    figures = (
        float(np.average(flat[keep], weights=share[keep])) if keep.any() else 0.0,
        slow,
        median,
        float(wanted.sum()),
        carried * (1.0 - lost),
        float(np.minimum(asked, ground.FULL).mean()),
        float((asked >= ground.FULL).sum()),
    )
    for name, value in zip(NATIONAL, figures, strict=True):
        out[name].append(value)


def quantiles(values: Array, weight: Array, at: tuple[float, ...]) -> list[float]:
    """Values below which shares of the weight lie, to `FINEST`; zeros where there is none.

    Examples
    --------
    >>> quantiles(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0]), (0.2, 0.5))
    [1.0, 2.0]
    """
    if len(values) == 0:
        return [0.0] * len(at)
    below = np.cumsum(np.bincount(np.rint(values / FINEST).astype(np.int64), weight))
    return [round(int(row) * FINEST, 6) for row in np.searchsorted(below, np.array(at) * below[-1])]
