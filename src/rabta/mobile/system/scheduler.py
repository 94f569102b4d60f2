"""Schedulers: who gets the subbands of every slot, with traffic that ends or not, errors, and guarantees.

All cells run side by side in a compiled kernel. In a subband, users whose guarantee is owed or whose packets
age come first, by priority and then by need times what the subband is worth to them; what they leave is given
in turn, proportionally fair, or to the greatest rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.itu import check_range

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
Indices = NDArray[np.int64]

POLICIES = ("round-robin", "proportional-fair", "max-rate")
ATTEMPTS = 4
FILE_BITS = 4e6  # FTP model 3, 0.5 Mbyte: TR 36.872, annex A.2.1.3.1


@dataclass(frozen=True)
class Demand:
    """What users ask for; every field (user,), or absent for none.

    Attributes
    ----------
    guaranteed : bits a slot.
    priority : 0 is served first; among users whose guarantee is owed or whose packets have a budget.
    budget : slots that a packet may wait, 0 for any number.
    """

    guaranteed: ArrayLike = 0.0
    priority: ArrayLike = 0
    budget: ArrayLike = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a scheduler did.

    Attributes
    ----------
    served : (slot, user) array
        Bits delivered.
    share : (user,) array
        Part of its cell's subbands that each user had.
    failed : (user,) int array
        Transmissions lost.
    """

    served: F4
    share: Array
    failed: Indices

    def mean_bits(self, skip: int = 0) -> Array:
        """Bits a slot of each user, after the first slots."""
        return np.asarray(self.served[skip:].mean(axis=0, dtype=np.float64))


def run(
    bits: ArrayLike,
    slots: int,
    policy: str = "proportional-fair",
    *,
    cell: ArrayLike | None = None,
    arrivals: ArrayLike | None = None,
    demand: Demand | None = None,
    failure: ArrayLike | None = None,
    window: float = 100.0,
    seed: int = 0,
) -> Outcome:
    """Schedule users over slots.

    Parameters
    ----------
    bits : (period, subband, user) array_like
        Bits that a subband of a slot carries to each user; slot t has row t modulo the period.
    policy : {"round-robin", "proportional-fair", "max-rate"}
        For subbands that no guarantee or budget claims.
    cell : (user,) array_like of int, optional
        Cell of each user, in rising order; all in one if absent.
    arrivals : (slots, user) array_like, optional
        Bits that arrive; queues never end if absent.
    failure : (attempt, user) array_like, optional
        Probability that a first, second ... transmission fails, after which the bits wait for the next one;
        none fails if absent. After the last attempt the count starts anew, as the link layer repeats it.
    window : float
        Slots over which proportional fairness averages.

    Returns
    -------
    Outcome

    Notes
    -----
    Proportional fair: Kelly, Maulloo and Tan, J. Oper. Res. Soc. 49 (1998) 237; Viswanath, Tse and Laroia,
    IEEE Trans. Inf. Theory 48 (2002) 1277, section IV. Guarantees: a debt that grows by what is guaranteed
    and falls by what is served; the greatest debt times rate goes first, in units of the user's usual rate,
    which keeps debts bounded wherever any schedule does (Tassiulas and Ephremides, IEEE Trans. Autom. Control
    37 (1992) 1936); where rates do not change, that is where `slices.load` adds up to at most 1. Budgets: age
    in place of debt (Andrews et al., IEEE Commun. Mag. 39 (2001) no. 2, p. 150).
    """
    from rabta.mobile.system import _kernels

    given = _checked(bits, slots, policy, cell, arrivals, demand, failure, window, seed)
    users = given[1].shape[2]
    served, taken = np.zeros((slots, users), np.float32), np.zeros(users)
    failed = np.zeros(users, np.int64)
    _kernels.schedule(*given, served, taken, failed)
    return Outcome(served, taken / (slots * given[1].shape[1]), failed)


def _checked(
    bits: ArrayLike, slots: int, policy: str, cell: ArrayLike | None, arrivals: ArrayLike | None,
    demand: Demand | None, failure: ArrayLike | None, window: float, seed: int,
) -> tuple[Indices, F4, int, int, float, F4, Array, Indices, Array, F4, F4]:  # fmt: skip
    table = np.ascontiguousarray(bits, dtype=np.float32)
    if table.ndim != 3 or 0 in table.shape:
        raise RabtaError(
            "no rates to schedule",
            key="bits",
            value=table.shape,
            expected="(period, subband, user), each 1 or more",
        )
    if policy not in POLICIES:
        raise RabtaError("no such scheduler", key="policy", value=policy, expected=nearest(policy, POLICIES))
    check_range("bits", table, 0.0, 1e12, "a subband")
    check_range("slots", slots, 1, 100_000_000, "a scheduler")
    check_range("window", window, 1.0, 1e9, "a scheduler")
    users = table.shape[2]
    want = demand or Demand()
    granted = _each("guaranteed", want.guaranteed, users)
    rank = _each("priority", want.priority, users).astype(np.int64)
    budget = _each("budget", want.budget, users)
    coming = np.empty((0, users), np.float32)
    if arrivals is not None:
        coming = np.ascontiguousarray(arrivals, dtype=np.float32)
        _fits("arrivals", coming, (slots, users))
    if budget.any() and arrivals is None:
        raise RabtaError(
            "a budget of delay needs packets that arrive", key="budget", value=float(budget.max()),
            expected="arrivals, (slots, user)",
        )  # fmt: skip
    chance = (
        np.zeros((1, users), np.float32) if failure is None else np.ascontiguousarray(failure, np.float32)
    )
    _fits("failure", chance, (len(chance), users))
    check_range("failure", chance, 0.0, 1.0, "a probability")
    luck = np.empty((0, users), np.float32)
    if failure is not None:
        luck = np.random.default_rng(seed).random((slots, users), dtype=np.float32)
    start = _starts(cell, users)
    return (
        start, table, int(slots), POLICIES.index(policy), float(window), coming, granted, rank, budget,
        chance, luck,
    )  # fmt: skip


def _each(name: str, value: ArrayLike, users: int) -> Array:
    check_range(name, value, 0.0, 1e12, "a scheduler")
    try:
        return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (users,)))
    except ValueError:
        raise RabtaError(
            f"{name} does not fit", key=name, value=np.shape(value), expected=f"({users},)"
        ) from None


def _fits(name: str, value: NDArray[np.float32], shape: tuple[int, ...]) -> None:
    if value.shape != shape:
        raise RabtaError(f"{name} does not fit", key=name, value=value.shape, expected=f"{shape}")


def _starts(cell: ArrayLike | None, users: int) -> Indices:
    if cell is None:
        return np.array([0, users], dtype=np.int64)
    where = np.asarray(cell, dtype=np.int64)
    if where.shape != (users,) or (np.diff(where) < 0).any():
        raise RabtaError(
            "cells of users do not fit",
            key="cell",
            value=where.shape,
            expected=f"({users},), in rising order",
        )
    edges = np.flatnonzero(np.diff(where)) + 1
    return np.concatenate([[0], edges, [users]]).astype(np.int64)


def files(users: int, slots: int, rate: ArrayLike, bits: float = FILE_BITS, seed: int = 0) -> F4:
    """Arrivals of files at random, shape (slots, user): FTP model 3, TR 36.872, annex A.2.1.3.1.

    Parameters
    ----------
    rate : array_like
        Files of each user in a slot, on average (Poisson).
    """
    check_range("rate", rate, 0.0, 1e3, "files a slot")
    random = np.random.default_rng(seed)
    mean = np.broadcast_to(np.asarray(rate, dtype=np.float64), (users,))
    return np.asarray(random.poisson(mean, (slots, users)) * bits, dtype=np.float32)


def delays(arrivals: ArrayLike, served: ArrayLike) -> list[Array]:
    """Slots from each arrival to its last bit, a list of one array a user; inf where it has not come.

    First come, first served within a user; what arrives and is served in one slot has waited 1.
    """
    coming, gone = np.asarray(arrivals, dtype=np.float64), np.asarray(served, dtype=np.float64)
    if coming.shape != gone.shape:
        raise RabtaError(
            "arrivals and service differ", key="served", value=gone.shape, expected=f"{coming.shape}"
        )
    found = []
    for asked, given in zip(coming.T, gone.T, strict=True):
        slot = np.flatnonzero(asked)
        until, done = np.cumsum(asked)[slot], np.cumsum(given)
        last = np.searchsorted(done, until * (1.0 - 1e-6), side="left")
        found.append(np.where(last < len(done), last - slot + 1.0, np.inf))
    return found


def jain(rates: ArrayLike) -> float:
    """Jain's fairness: (sum x)^2 / (n sum x^2); 1 where all are alike, 1/n where one has all.

    Examples
    --------
    >>> jain([1.0, 1.0, 1.0]), jain([3.0, 0.0, 0.0])
    (1.0, 0.3333333333333333)
    """
    x = np.asarray(rates, dtype=np.float64)
    return float(x.sum() ** 2 / (x.size * (x**2).sum()))


def fading_gain(users: int) -> float:
    """What the best of equal users in Rayleigh fading has over any one: 1 + 1/2 + ... + 1/n.

    The mean of the greatest of n exponential variables; the gain of proportional fairness over turns where
    rates are in proportion to the ratio. Viswanath, Tse and Laroia (2002), section IV.
    """
    check_range("users", users, 1, 10_000_000, "a cell")
    return float((1.0 / np.arange(1, users + 1)).sum())


def run_reference(
    bits: ArrayLike,
    slots: int,
    policy: str = "proportional-fair",
    *,
    cell: ArrayLike | None = None,
    arrivals: ArrayLike | None = None,
    demand: Demand | None = None,
    failure: ArrayLike | None = None,
    window: float = 100.0,
    seed: int = 0,
) -> Outcome:
    """`run` in NumPy, user after user of the choice at once."""
    given = _checked(bits, slots, policy, cell, arrivals, demand, failure, window, seed)
    start, table = given[0], given[1].astype(np.float64)
    users = table.shape[2]
    served, taken, failed = np.zeros((slots, users)), np.zeros(users), np.zeros(users, np.int64)
    for first, last in pairwise(start):
        part = slice(int(first), int(last))
        _cell(given, table[:, :, part], part, served, taken, failed)
    return Outcome(served.astype(np.float32), taken / (slots * table.shape[1]), failed)


def _cell(
    given: tuple[Indices, F4, int, int, float, F4, Array, Indices, Array, F4, F4], table: Array, part: slice,
    served: Array, taken: Array, failed: Indices,
) -> None:  # fmt: skip
    _, _, slots, policy, window, coming, granted, rank, budget, chance, luck = given
    n = table.shape[2]
    queue = np.zeros(n) if len(coming) else np.full(n, np.inf)
    come = np.cumsum(coming[:, part], axis=0, dtype=np.float64) if len(coming) else np.zeros((0, n))
    mean, owed, done = np.full(n, 1e-9), np.zeros(n), np.zeros(n)
    turn, attempt, count = np.arange(n) - n, np.zeros(n, np.int64), 0
    usual = 1e-9 + table.mean(axis=(0, 1))
    for t in range(slots):
        can, plan = table[t % len(table)], np.zeros(n)
        age = np.ones(n)
        if len(coming):
            queue = queue + coming[t, part]
            age = 1.0 + t - (come[: t + 1] <= done).sum(axis=0)
        owed = np.minimum(owed + granted[part], queue)
        for rate in can:
            worth = [-turn.astype(np.float64), rate / mean, rate][policy]
            claims = age, granted[part], rank[part], budget[part]
            best = _choose(rate, usual, queue - plan, owed - plan, *claims, worth)
            if best < 0:
                continue
            plan[best] += rate[best]
            taken[part.start + best] += 1.0
            count += 1
            turn[best] = count
        got = np.minimum(plan, queue)
        if len(luck):
            lost = (plan > 0.0) & (luck[t, part] < chance[:, part][attempt, np.arange(n)])
            got = np.where(lost, 0.0, got)
            failed[part] += lost
            attempt = np.where(lost, (attempt + 1) % len(chance), np.where(plan > 0.0, 0, attempt))
        served[t, part] = got
        done, queue = done + got, queue - got
        owed = np.maximum(owed - got, -can.max(axis=0))
        mean = mean + (got - mean) / window


def _choose(
    rate: Array, usual: Array, queue: Array, owed: Array, age: Array, granted: Array, rank: Indices,
    budget: Array, worth: Array,
) -> int:  # fmt: skip
    able = (rate > 0.0) & (queue > 0.0)
    if not able.any():
        return -1
    need = np.where(budget > 0.0, age / np.where(budget > 0.0, budget, 1.0), 0.0)
    need = np.where((granted > 0.0) & (owed > 0.0), owed / usual, need) * rate / usual
    urgent = able & (need > 0.0)
    if urgent.any():
        first = urgent & (rank == rank[urgent].min())
        return int(np.argmax(np.where(first, need, -np.inf)))
    return int(np.argmax(np.where(able, worth, -np.inf)))
