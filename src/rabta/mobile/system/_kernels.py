"""Sums over transmitters at many users, and the slots of a scheduler, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np

from rabta.jit import inline, kernel, prange

LN10_10 = float(np.log(10.0) / 10.0)


@kernel("void(f4[:,::1], i8[::1], f8[::1], i8[::1], f8[:,::1], f8, f4[::1])", parallel=True)
def sinr(received: Any, serving: Any, load: Any, channel: Any, overlap: Any, noise: Any, out: Any) -> None:
    """Wanted power over that of all other transmitters and noise, in dB.

    Parameters
    ----------
    received : (row, transmitter)
        dBm; -inf for nothing.
    serving : (row,)
        Transmitter of each row, -1 for none.
    load : (transmitter,)
        Part of the time or band in which each sends.
    channel : (transmitter,)
        Share of the spectrum that each has.
    overlap : (channel, channel)
        Part of a transmitter's power that a receiver on another channel hears.
    noise : mW
    out : (row,)
        Written; -inf without a serving transmitter.
    """
    for i in prange(received.shape[0]):
        mine = serving[i]
        if mine < 0:
            out[i] = -np.inf
            continue
        total, wanted = noise, 0.0
        for j in range(received.shape[1]):
            if j == mine:
                wanted = np.exp(received[i, j] * LN10_10)
                continue
            share = load[j] * overlap[channel[mine], channel[j]]
            if share > 0.0:
                total += share * np.exp(received[i, j] * LN10_10)
        out[i] = 10.0 * np.log10(wanted / total) if wanted > 0.0 else -np.inf


@inline
def _need(can: Any, usual: Any, age: Any, budget: Any, guaranteed: Any, owed: Any) -> Any:
    """How much a user needs a subband: age over budget, or subbands owed, the more the better it is now."""
    need = 0.0
    if budget > 0.0:
        need = age / budget
    if guaranteed > 0.0 and owed > 0.0:
        need = owed / usual
    return need * can / usual


@inline
def _worth(policy: Any, turn: Any, can: Any, mean: Any) -> Any:
    """What a subband that nobody needs is worth with a user."""
    if policy == 0:
        return -float(turn)
    return can / mean if policy == 1 else can


@inline
def _before(urgent: Any, rank: Any, value: Any, need: Any, priority: Any) -> Any:
    """True where a user that needs a subband goes before the best so far."""
    return not urgent or priority < rank or (priority == rank and need > value)


@kernel(
    "void(i8[::1], f4[:,:,::1], i8, i8, f8, f4[:,::1], f8[::1], i8[::1], f8[::1], f4[:,::1], f4[:,::1],"
    " f4[:,::1], f8[::1], i8[::1])",
    parallel=True,
)
def schedule(  # noqa: C901, PLR0912, PLR0915 (one loop over slots, called for each cell)
    start: Any, bits: Any, slots: Any, policy: Any, window: Any, arrivals: Any, guaranteed: Any,
    priority: Any, budget: Any, failure: Any, luck: Any, served: Any, taken: Any, failed: Any,
) -> None:  # fmt: skip
    """Give the subbands of every slot to users, cell by cell; see `scheduler.run`.

    Parameters
    ----------
    start : (cell + 1,)
        First user of each cell, and their number.
    bits : (period, subband, user)
        That a subband of a slot carries; slot t has row t modulo the period.
    policy
        0 in turn, 1 proportional fair, 2 greatest rate.
    arrivals : (slots, user), or (0, user) for queues that never end.
    guaranteed : (user,), bits a slot; priority : (user,), 0 first; budget : (user,), slots, or 0 for none.
    failure : (attempt, user), and luck : (slots, user), or (0, user) if nothing fails.
    served : (slots, user), taken : (user,), failed : (user,)
        Written: bits delivered, part of all subbands, transmissions lost.
    """
    period, bands = bits.shape[0], bits.shape[1]
    endless, faults = arrivals.shape[0] == 0, luck.shape[0] > 0
    for c in prange(start.shape[0] - 1):
        first, last = start[c], start[c + 1]
        n = last - first
        queue = np.full(n, np.inf) if endless else np.zeros(n)
        mean, owed, delivered, seen = np.full(n, 1e-9), np.zeros(n), np.zeros(n), np.zeros(n)
        oldest, attempt = np.zeros(n, np.int64), np.zeros(n, np.int64)
        turn, plan, widest = np.arange(n) - n, np.zeros(n), np.zeros(n)
        usual = np.full(n, 1e-9)
        for row in range(period):
            for b in range(bands):
                for k in range(n):
                    usual[k] += bits[row, b, first + k] / (period * bands)
        count = 0
        for t in range(slots):
            row = t % period
            for k in range(n):
                u = first + k
                plan[k] = 0.0
                if not endless:
                    queue[k] += arrivals[t, u]
                    while oldest[k] <= t and seen[k] + arrivals[oldest[k], u] <= delivered[k]:
                        seen[k] += arrivals[oldest[k], u]
                        oldest[k] += 1
                owed[k] = min(owed[k] + guaranteed[u], queue[k])
                widest[k] = 0.0
                for b in range(bands):
                    widest[k] = max(widest[k], bits[row, b, u])
            for b in range(bands):
                best, urgent, rank, value = -1, False, 0, -np.inf
                for k in range(n):
                    u = first + k
                    can = bits[row, b, u]
                    if can <= 0.0 or queue[k] - plan[k] <= 0.0:
                        continue
                    age = 1.0 + t - oldest[k]
                    need = _need(can, usual[k], age, budget[u], guaranteed[u], owed[k] - plan[k])
                    worth = need if need > 0.0 else _worth(policy, turn[k], can, mean[k])
                    if need > 0.0:
                        ahead = _before(urgent, rank, value, need, priority[u])
                    else:
                        ahead = not urgent and worth > value
                    if ahead:
                        best, urgent, rank, value = k, need > 0.0, priority[u], worth
                if best >= 0:
                    plan[best] += bits[row, b, first + best]
                    taken[first + best] += 1.0
                    count += 1
                    turn[best] = count
            for k in range(n):
                u = first + k
                got = min(plan[k], queue[k])
                if plan[k] > 0.0 and faults:
                    if luck[t, u] < failure[attempt[k], u]:
                        got = 0.0
                        failed[u] += 1
                        attempt[k] = (attempt[k] + 1) % failure.shape[0]
                    else:
                        attempt[k] = 0
                served[t, u] = got
                delivered[k] += got
                queue[k] -= got
                owed[k] = max(owed[k] - got, -widest[k])  # what spare subbands gave is not held against it
                mean[k] += (got - mean[k]) / window
