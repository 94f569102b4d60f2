"""The handover machine of one user in plain Python: what the compiled one must do, step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.mobile.mobility import _kernels as k
from rabta.mobile.mobility.procedures import Machine
from rabta.radio.ntn.field import uniform

Array = NDArray[np.float64]


def deviate(key: np.uint64, number: int) -> float:
    """Standard normal number of a stream, by the inverse of its distribution."""
    from scipy.special import ndtri

    return float(ndtri(uniform(key, number)))


@dataclass
class User:
    """A user's memory; ``tally`` counts by the names of `_kernels`."""

    cell: int = -1
    mode: int = k.CONNECTED
    target: int = -1
    clock: int = 0
    outs: int = 0
    ins: int = 0
    t310: int | None = None
    before: int = -1
    since: int = 0
    missed: bool = False
    visits: int = 0
    ratios: deque[float] = field(default_factory=lambda: deque(maxlen=4096))
    filtered: dict[int, float] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    near: dict[int, int] = field(default_factory=dict)
    coming: dict[int, int] = field(default_factory=dict)
    prepared: set[int] = field(default_factory=set)
    tally: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(k.TALLIES), 0))

    def arrive(self, goal: int) -> None:
        """Forget the old cell."""
        self.before, self.cell, self.mode = self.cell, goal, k.CONNECTED
        self.outs = self.ins = self.since = 0
        self.t310, self.missed = None, False
        self.visits += 1
        for memory in (self.ratios, self.held, self.near, self.coming, self.prepared):
            memory.clear()


class Run:
    """One user over given powers, by the settings of a machine."""

    def __init__(self, machine: Machine, user: int = 0) -> None:
        self.m, self.u, self.user = machine, user, User()
        self.rule, self.count = machine.rule, machine.count

    def over(self, power: Array, away: Array | None = None) -> Iterator[tuple[int, float]]:
        """Serving cell and ratio (dB) of each step; ``power`` is (step, cell)."""
        for n, row in enumerate(power):
            yield self.step(n, row, np.zeros(len(row)) if away is None else away[n])

    def ratio(self, row: Array, cell: int) -> float:
        """Signal to interference and noise."""
        mine = 10.0 ** (float(row[cell]) / 10.0) if row[cell] > k.GONE else 0.0
        others = sum(
            10.0 ** (float(p) / 10.0)
            for c, p in enumerate(row)
            if c != cell and p > k.GONE and self.m.channels[c] == self.m.channels[cell]
        )
        return float(mine / (self.rule[k.LOAD] * others + self.rule[k.NOISE]))

    def measure(self, n: int, row: Array) -> None:
        """Layer 1 and layer 3."""
        found: dict[int, float] = {}
        for c, p in enumerate(row):
            if p < max(row) - self.count[k.WIDE] or p <= k.GONE:
                continue
            sample = float(p)
            if self.rule[k.ERROR_DB] > 0.0:
                sample += self.rule[k.ERROR_DB] * deviate(self.m.key[self.u] + np.uint64(c), n)
            old = self.user.filtered.get(c, sample)
            share = self.rule[k.SHARE]
            found[c] = float(np.float32((1.0 - share) * old + share * sample))
        self.user.filtered = found

    def holds(self, event: int, c: int, offset: float, n: int, away: Array) -> bool:
        """Entering condition for a neighbour."""
        u, rule = self.user, self.rule
        if c not in u.filtered:
            return False
        own, theirs = u.filtered.get(u.cell, k.GONE), u.filtered[c] - rule[k.HYST_DB]
        enough = theirs > rule[k.LEAST_DBM]
        start, end = self.m.window[self.u, c]
        return bool(
            {
                k.A3: theirs > own + offset,
                k.A4: enough,
                k.A5: enough and own + rule[k.HYST_DB] < rule[k.OWN_DBM],
                k.T1: enough and start < n * self.m.step_s <= end,
                k.D1: enough
                and away[u.cell] - rule[k.HYST_M] > rule[k.LEAVE_M]
                and away[c] + rule[k.HYST_M] < rule[k.ENTER_M],
            }[event]
        )

    def planned(self, c: int, n: int, away: Array, *, stay: bool) -> bool:
        """Whether a neighbour is to be prepared, or to stay so."""
        u, rule = self.user, self.rule
        if self.count[k.EVENT] == k.T1:
            start, end = self.m.window[self.u, c]
            return bool(start - rule[k.LEAD_S] < n * self.m.step_s <= end)
        if self.count[k.EVENT] == k.D1:
            return bool(away[c] < (1.2 if stay else 1.0) * rule[k.CLOSE_M])
        if stay:
            own, theirs = u.filtered.get(u.cell, k.GONE), u.filtered.get(c, k.GONE)
            return bool(theirs + rule[k.RELEASE_DB] >= own + rule[k.PREP_DB])
        return self.holds(k.A3, c, rule[k.PREP_DB], n, away)

    def step(self, n: int, row: Array, away: Array) -> tuple[int, float]:
        """One step."""
        u = self.user
        if n % self.count[k.EVERY] == 0:
            self.measure(n, row)
        if u.cell < 0:
            u.cell = int(np.argmax(row))
        now = self.ratio(row, u.cell)
        u.since += 1
        if u.mode == k.EXECUTING:
            self.execute(row)
        elif u.mode == k.LOST:
            self.search(row)
        else:
            u.ratios.append(now)
            weak = self.monitor()
            if weak is not None:
                self.decide(n, away, weak)
        return (u.cell if u.mode < k.EXECUTING else -1), 10.0 * float(np.log10(max(now, 1e-30)))

    def execute(self, row: Array) -> None:
        """Access to the target at the end of the interruption."""
        u = self.user
        u.tally[k.BROKEN] += 1
        u.clock -= 1
        if u.clock > 0:
            return
        if self.ratio(row, u.target) < self.rule[k.Q_OUT]:
            u.tally[k.NO_ACCESS] += 1
            u.mode, u.clock = k.LOST, int(self.count[k.REJOIN])
            return
        u.tally[k.DONE] += 1
        u.tally[k.STAYED] += u.since
        if u.visits > 0 and u.since < self.count[k.PONG]:
            u.tally[k.SHORT] += 1
            u.tally[k.PING_PONG] += u.target == u.before
        u.arrive(u.target)

    def search(self, row: Array) -> None:
        """After a failure: the strongest cell, once it is good enough."""
        u = self.user
        u.tally[k.DOWN] += 1
        u.clock -= 1
        goal = int(np.argmax(row))
        if u.clock <= 0 and self.ratio(row, goal) >= self.rule[k.Q_OUT]:
            u.tally[k.REJOINED] += 1
            u.arrive(goal)
            u.visits = 0

    def monitor(self) -> bool | None:
        """Radio link monitoring: True where the link is weak, None after a failure."""
        u, count = self.user, self.count
        past = list(u.ratios)
        wide = float(np.mean(past[-count[k.WIN_OUT] :]))
        fast = float(np.mean(past[-count[k.WIN_IN] :]))
        bad = wide < self.rule[k.Q_OUT]
        u.tally[k.OUTAGE] += bad
        if u.t310 is None:
            u.outs = u.outs + 1 if bad else 0
            if u.outs >= count[k.N310]:
                u.t310, u.ins = int(count[k.T310_STEPS]), 0
            return bad or u.t310 is not None
        u.t310 -= 1
        u.ins = u.ins + 1 if fast > self.rule[k.Q_IN] else 0
        if u.ins >= count[k.N311]:
            u.t310, u.outs, u.missed = None, 0, False
        elif u.t310 <= 0:
            self.fail()
            return None
        return bad or u.t310 is not None

    def fail(self) -> None:
        """T310 has run out."""
        u = self.user
        if u.mode == k.PREPARING:
            u.tally[k.NO_COMMAND] += not u.missed
        elif not u.missed:
            u.tally[k.RLF] += 1
        u.missed = False
        best = max(u.filtered, key=lambda c: u.filtered[c], default=u.cell)
        if best in u.prepared:
            u.tally[k.RECOVERED] += 1
            u.mode, u.target, u.clock, u.visits = k.EXECUTING, best, int(self.count[k.SWITCH]), 0
        else:
            u.mode, u.clock = k.LOST, int(self.count[k.REJOIN])

    def decide(self, n: int, away: Array, weak: bool) -> None:
        """Reports, commands, preparation and execution."""
        u, count = self.user, self.count
        if u.mode == k.PREPARING:
            u.clock -= 1
            if u.clock <= 0:
                self.command(weak)
            return
        conditional = bool(count[k.CONDITIONAL])
        if conditional:
            self.prepare(n, away, weak)
        ripe: dict[int, float] = {}
        for c in range(self.m.cells):
            allowed = c != u.cell and (c in u.prepared or not conditional)
            if allowed and self.holds(int(count[k.EVENT]), c, self.rule[k.EXEC_DB], n, away):
                u.held[c] = u.held.get(c, -1) + 1
                if u.held[c] >= count[k.TTT]:
                    ripe[c] = u.filtered[c]
            else:
                u.held.pop(c, None)
        if ripe:
            u.target = max(ripe, key=lambda c: ripe[c])
            u.tally[k.TRIED if conditional else k.REPORTS] += 1
            u.mode, u.clock = (
                (k.EXECUTING, int(count[k.SWITCH])) if conditional else (k.PREPARING, int(count[k.WAIT]))
            )

    def command(self, weak: bool) -> None:
        """The command arrives, or is lost on a weak link."""
        u = self.user
        if not weak:
            u.tally[k.TRIED] += 1
            u.mode, u.clock = k.EXECUTING, int(self.count[k.SWITCH])
            return
        u.tally[k.NO_COMMAND] += not u.missed
        u.missed, u.mode = True, k.CONNECTED
        u.held.clear()

    def prepare(self, n: int, away: Array, weak: bool) -> None:
        """Cells asked for, made ready, released."""
        u, count = self.user, self.count
        busy = len(u.coming) + len(u.prepared)
        for c in range(self.m.cells):
            if c == u.cell:
                continue
            if c in u.coming:
                u.coming[c] -= 1
                if u.coming[c] == 0:
                    del u.coming[c]
                    if not weak:
                        u.prepared.add(c)
                        u.tally[k.PREPARED] += 1
            elif c in u.prepared:
                if not self.planned(c, n, away, stay=True):
                    u.prepared.discard(c)
                    u.tally[k.RELEASED] += 1
            else:
                u.near[c] = u.near.get(c, -1) + 1 if self.planned(c, n, away, stay=False) else -1
                if u.near[c] >= count[k.TTT_PREP] and busy < count[k.MOST]:
                    u.coming[c], u.near[c] = max(int(count[k.WAIT]), 1), -1
                    busy += 1
                    u.tally[k.REPORTS] += 1


def compare(
    machine: Machine, power: Array, away: Any = None, user: int = 0
) -> tuple[list[int], list[float], User]:
    """Serving cells, ratios and memory of one user of a fresh machine, by the reference."""
    run = Run(machine, user)
    rows = list(run.over(power, away))
    return [row[0] for row in rows], [row[1] for row in rows], run.user
