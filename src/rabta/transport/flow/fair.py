"""Fair allocation of satellite capacity in one step, with a bound that certifies it.

Constraints are those of `rabta.transport.sharing` row by row. Among all traffic that obeys them, the one is
wanted that maximises ``sum over cells of need U(share)``, with ``share`` the served part of the need and

    U(share) = log share                                  alpha = 1, proportional fairness (Kelly 1997)
    U(share) = (share^(1 - alpha) - 1) / (1 - alpha)      other alpha; towards max-min as alpha grows

For any prices ``p >= 0`` of the rows, weak duality gives ``sum over cells of max over share of (need U(share)
- cheapest cost of the traffic) + sum of p x limits`` as an upper bound of the utility. The gap is stated as
the factor by which all shares together could still grow at most: ``gain``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.transport.sharing import Problem

F8 = NDArray[np.float64]
COARSE = np.array([0.2, 0.1, 0.05, 0.025, 0.0125])  # weight of the entropy against worths near 1
WARM = COARSE[2:]
FINE = (0.0125, 0.00625, 0.003)  # then cell by cell, while the gap is too wide
ROUNDS = 25
MAX_MIN = 16.0  # alpha that stands for max-min


@dataclass(frozen=True)
class Fair:
    """The allocation of a step.

    Attributes
    ----------
    served : float64 (cell,)
        Mbit/s.
    reached : bool (cell,)
        Cells that ask for something and have a usable slot; the others are outside the programme.
    share : float64 (cell,)
        Served part of the need; 0 where nothing is asked or reached.
    gain : float
        At most so much (as a part) could all shares rise together: the certified gap.
    least_bound : float
        No allocation gives every reached cell a larger share than this.
    satellite_price : float64 (2, satellite), feeder_price : float64 (gateway,)
    spectrum_price : float64 (place, system)
        Utility per unit of each row's limit.
    """

    served: F8
    reached: NDArray[np.bool_]
    share: F8
    gain: float
    least_bound: float
    satellite_price: F8
    feeder_price: F8
    spectrum_price: F8


def proportional(problem: Problem, t: int = 0, *, gap: float = 0.01) -> Fair:
    """Proportionally fair allocation of step t."""
    return allocate(problem, t, alpha=1.0, gap=gap)


def max_min(problem: Problem, t: int = 0, *, gap: float = 0.01) -> Fair:
    """Allocation of step t near max-min fairness: alpha-fair with a large alpha (`MAX_MIN`).

    Its limit for ever larger alpha is the max-min fair one (Mo and Walrand 2000). ``least_bound`` says how
    far the least share could be raised at most.
    """
    return allocate(problem, t, alpha=MAX_MIN, gap=gap)


def allocate(problem: Problem, t: int = 0, *, alpha: float = 1.0, gap: float = 0.01) -> Fair:
    """Alpha-fair allocation of step t.

    Parameters
    ----------
    alpha : float
        1 is proportional fairness. Larger ones are reached from it by doubling.
    gap : float
        Prices are refined until `Fair.gain` is at most this, as far as they can be.

    Raises
    ------
    RabtaError
        Where alpha is not above 0.
    """
    if not 0.0 < alpha <= 64.0:
        raise RabtaError("alpha is out of range", key="alpha", value=alpha, expected="above 0, to 64")
    step = _Step(problem, t)
    if step.half == 0:
        return step.nothing()
    now, scale = min(1.0, alpha), step.scale(min(1.0, alpha))
    found = step.solve(now, scale, COARSE)
    while True:
        middle = float(found.served.sum() / step.need[step.reached].sum())
        following, lift = min(2.0 * now, alpha), max(middle, 1e-3)
        step.carry_over(now, scale, following, lift**following)
        now, scale = following, lift**following
        found = step.solve(now, scale, WARM)
        if now == alpha:
            break
    return step.refined(found, alpha, scale, gap)


class _Step:
    """One step with the satellites that can carry something numbered anew."""

    def __init__(self, problem: Problem, t: int) -> None:
        from rabta.transport import _kernels

        self.slot = np.ascontiguousarray(problem.slot[t])
        system = np.where(self.slot >= 0, problem.system[np.maximum(self.slot, 0)], 0)
        shut = (problem.spectrum <= 1e-9)[system]
        self.efficiency = np.where(shut, 0.0, problem.efficiency[t]).astype(np.float32)
        self.need = np.ascontiguousarray(problem.need[min(t, len(problem.need) - 1)])
        feeder = problem.feeder if problem.feeder.ndim == 1 else problem.feeder[t]
        self.feeder = np.ascontiguousarray(feeder, np.float64)
        size = problem.landing.shape[1]
        self.local, listed = np.empty(size, np.int32), np.empty(size, np.int32)
        self.half = _kernels._usable(
            self.slot, self.efficiency, self.need, problem.landing[t], problem.split[t], problem.limit,
            self.feeder, self.local, listed,
        )  # fmt: skip
        self.listed = listed[: self.half]
        self.system = problem.system[self.listed].astype(np.int32)
        self.limit = np.ascontiguousarray(problem.limit[:, self.listed])
        self.route = np.ascontiguousarray(problem.split[t][problem.landing[t][self.listed]])
        self.places, self.of_cell = problem.places, problem.places.of_cell
        self.room = np.tile(problem.spectrum, (problem.places.start.size - 1, 1))
        self.usable = (self.slot >= 0) & (self.efficiency > 0.0) & (self.need > 0.0)[:, None]
        self.usable &= self.local[np.maximum(self.slot, 0)] >= 0
        self.reached: NDArray[np.bool_] = np.asarray(self.usable.any(axis=1))
        self.price = np.zeros(2 * self.half + self.feeder.size)
        self.rent = np.zeros_like(self.room)
        self.satellites = size

    def nothing(self) -> Fair:
        """The answer where no satellite can carry anything."""
        zero = np.zeros(self.need.size)
        return Fair(
            zero, self.reached, zero.copy(), 0.0, 0.0, np.zeros((2, self.satellites)),
            np.zeros(self.feeder.size), np.zeros_like(self.room),
        )  # fmt: skip

    def scale(self, alpha: float) -> float:
        """Scale of the utility by which worths come near 1: by the mean share that would fit at most."""
        asked = float(self.need[self.reached].sum())
        most = min(float(self.limit[0].sum()), float(self.feeder.sum()), asked)
        return float(max(1e-3, most / asked) ** alpha)

    def carry_over(self, alpha: float, scale: float, following: float, larger: float) -> None:
        """Start the next alpha from prices that leave the share of whoever pays a single row as it is."""
        for price in (self.price, self.rent):
            price[:] = larger * (price / scale) ** (following / alpha)

    def solve(self, alpha: float, scale: float, smoothing: F8, *, cells: bool = False) -> Fair:
        """Prices, traffic and bound."""
        from rabta.transport.flow import _cells, _fair

        limits = np.concatenate([self.limit[0], self.limit[1], self.feeder])
        find: Any = _cells.find_cells if cells else _fair.find
        find(
            *(self.entries if cells else self.pairs), self.system, self.room, self.route, limits, smoothing,
            ROUNDS, alpha, scale, self.price, self.rent,
        )  # fmt: skip
        flow, cost = np.zeros(self.slot.shape), np.zeros(self.need.size)
        given = (self.of_cell, self.slot, self.efficiency, self.need, self.local, self.system)
        _fair.ask(*given, self.route, self.price, self.rent, smoothing[-1], alpha, scale, flow, cost)
        served = np.zeros(self.need.size)
        _fair.fit(*given, self.room.copy(), self.route, self.feeder.copy(), self.limit.copy(), flow, served)
        return self._answer(served, cost / scale, alpha, scale)

    def refined(self, found: Fair, alpha: float, scale: float, gap: float) -> Fair:
        """The best of ever finer prices, cell by cell, until the gap is small enough."""
        for eps in FINE:
            if found.gain <= gap:
                break
            finer = self.solve(alpha, scale, np.array([eps]), cells=True)
            found = finer if finer.gain < found.gain else found
        return found

    @cached_property
    def entries(self) -> tuple[Any, ...]:
        """Usable slots cell by cell, cells by place, as `find_cells` takes them."""
        rows = self.places.order[self.reached[self.places.order]].astype(np.int64)
        start = np.searchsorted(self.of_cell[rows], np.arange(self.places.start.size))
        use = self.usable[rows]
        edge = np.concatenate([[0], np.cumsum(use.sum(axis=1))])
        pair = self.local[self.slot[rows][use]].astype(np.int32)
        inverse = 1.0 / self.efficiency[rows][use].astype(np.float64)
        return start.astype(np.int64), edge.astype(np.int64), pair, self.need[rows], inverse

    @cached_property
    def pairs(self) -> tuple[Any, ...]:
        """Pairs (place, satellite) with their needs and mean 1/efficiency, as `find` takes them."""
        from rabta.transport import _kernels

        size = self.slot.size
        pair, weight, inverse = np.empty(size, np.int32), np.empty(size), np.empty(size)
        begin, demand = np.empty(self.places.start.size, np.int32), np.empty(self.places.start.size - 1)
        n = _kernels._pairs(
            self.places.order, self.places.start, self.slot, self.efficiency, self.need, self.local, pair,
            weight, inverse, begin, demand,
        )  # fmt: skip
        return pair[:n], weight[:n], inverse[:n], begin, demand

    def _answer(self, served: F8, cost: F8, alpha: float, scale: float) -> Fair:
        share = np.divide(served, self.need, out=np.zeros_like(served), where=self.reached)
        spent = self.price[: 2 * self.half].reshape(2, -1)
        rows = float((spent * self.limit).sum() + self.price[2 * self.half :] @ self.feeder)
        rows += float((self.rent * self.room).sum())
        most = bound(self.need[self.reached], cost[self.reached], rows / scale, alpha)
        need = self.need[self.reached]
        worth, asked = utility(need, share[self.reached], alpha), float(need.sum())
        priced = float(need @ cost[self.reached])
        least = min(1.0, rows / scale / priced) if priced > 0.0 else 1.0
        prices = np.zeros((2, self.satellites))
        prices[:, self.listed] = spent / scale
        return Fair(
            served, self.reached, share, gain(worth, most, asked, alpha), least, prices,
            self.price[2 * self.half :] / scale, self.rent / scale,
        )  # fmt: skip


def utility(need: F8, share: F8, alpha: float) -> float:
    """``sum need U(share)``; minus infinity where a share is 0 and alpha at least 1."""
    with np.errstate(divide="ignore"):
        if alpha == 1.0:
            return float(need @ np.log(share))
        return float(need @ ((share ** (1.0 - alpha) - 1.0) / (1.0 - alpha)))


def bound(need: F8, cost: F8, rows: float, alpha: float) -> float:
    """Dual at prices: ``cost`` of a Mbit/s to each cell, ``rows`` the prices times the limits."""
    best = np.minimum(1.0, np.maximum(cost, 1e-300) ** (-1.0 / alpha))
    return utility(need, best, alpha) - float(need * best @ cost) + rows


def gain(worth: float, most: float, need: float, alpha: float) -> float:
    """Factor less 1 by which all shares together would have to grow to bring ``worth`` to ``most``."""
    if not np.isfinite(worth):
        return float("inf")
    if alpha == 1.0:
        return float(np.expm1((most - worth) / need))
    mine, limit = (1.0 + (1.0 - alpha) * value / need for value in (worth, most))
    return float((limit / mine) ** (1.0 / (1.0 - alpha)) - 1.0) if limit > 0.0 else float("inf")
