"""Traffic through time: alerts and avoiding velocities every second, and what was lost of separation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.tactical import _kernels as k
from rabta.airspace.tactical.encounters import CREWED, DRONES, Volumes
from rabta.airspace.tactical.traffic import Traffic
from rabta.errors import RabtaError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How aircraft keep apart.

    Attributes
    ----------
    radius_m, half_m : float
        Separation that must not be lost.
    margin : float
        Factor on it that avoidance aims at, for what turns and climbs take.
    horizon_s : float
        How far ahead avoidance looks.
    late_s : float
        Seconds before a loss at which who has priority gives way too.
    """

    radius_m: float = DRONES.clear_m
    half_m: float = DRONES.clear_half_m
    margin: float = 1.2
    horizon_s: float = 30.0
    late_s: float = 10.0

    def __post_init__(self) -> None:
        for key in ("radius_m", "half_m", "margin", "horizon_s"):
            if not 0.0 < getattr(self, key) < 1e5:
                raise RabtaError("a rule of separation that cannot be", key=key, value=getattr(self, key),
                                 expected="more than 0")  # fmt: skip


@dataclass
class Told:
    """What happened: losses of separation by pair, alerts by level, changes of plan.

    Attributes
    ----------
    losses : dict
        Seconds that each pair was too close, by the numbers of the two.
    least : dict
        Of each such pair the least of distance over radius and height over half, the larger of both.
    highest : ndarray of int8
        Highest alert level of each aircraft.
    """

    seconds: int = 0
    losses: dict[tuple[int, int], int] = field(default_factory=dict)
    least: dict[tuple[int, int], float] = field(default_factory=dict)
    highest: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    alerted: NDArray[np.int64] = field(default_factory=lambda: np.zeros(4, np.int64))
    changed: int = 0

    def summary(self) -> dict[str, Any]:
        """Counts for people and programs."""
        return {
            "seconds": self.seconds, "losses_of_separation": len(self.losses),
            "seconds_too_close": sum(self.losses.values()),
            "aircraft_by_highest_alert": np.bincount(self.highest, minlength=4).tolist(),
            "aircraft_seconds_by_alert": self.alerted.tolist(), "aircraft_seconds_off_plan": self.changed,
        }  # fmt: skip


class Airspace:
    """Traffic at an instant, with the kernels' arrays beside it.

    Parameters
    ----------
    traffic : Traffic
        Changed by `step`.
    avoiding : bool
        Without it all fly their plans.
    volumes : pair of Volumes
        For alerts among drones and with crewed aircraft.
    """

    def __init__(
        self, traffic: Traffic, rule: Rule | None = None, *, avoiding: bool = True,
        volumes: tuple[Volumes, Volumes] = (DRONES, CREWED),
    ) -> None:  # fmt: skip
        self.traffic, self.rule, self.avoiding = traffic, rule or Rule(), avoiding
        self._volumes = np.array([one.row() for one in volumes])
        count = len(traffic)
        size = 1 << max(int(np.ceil(np.log2(max(count, 1)))) + 1, 4)
        self._cells = np.zeros((count, 3), np.int64), np.zeros(count, np.int64), np.zeros(size + 1, np.int64)
        self.command = np.zeros((count, 3))
        self.level, self.other, self.entry_s = (
            np.zeros(count, np.int8),
            np.zeros(count, np.int64),
            np.zeros(count),
        )
        self._out = np.zeros((256, 2), np.int64)
        fast = 2.0 * float(traffic.limits[:, k.FASTEST].max())
        wide = self.rule.radius_m * self.rule.margin
        self._rule = np.array([wide + fast * self.rule.horizon_s, wide, self.rule.half_m * self.rule.margin,
                               self.rule.horizon_s, self.rule.late_s])  # fmt: skip
        self._used = self._volumes if traffic.role[:, k.CREWED].any() else self._volumes[:1]

    def alerts(self) -> NDArray[np.int8]:
        """Alert level of each aircraft now; `other` and `entry_s` say against whom and when."""
        role, state = self.traffic.role, self.traffic.state
        fast = 2.0 * float(np.hypot(state[:, k.VX], state[:, k.VY]).max())
        far = float(np.max(self._used[:, 0] + fast * self._used[:, 4]))
        self._sorted(far)
        k.alert(state, role, far, self._volumes, *self._cells, self.level, self.other, self.entry_s)
        return self.level

    def avoid(self) -> int:
        """Choose velocities for all; how many leave their plan."""
        self._sorted(float(self._rule[k.REACH]))
        t = self.traffic
        return int(k.avoid(t.state, t.plan, t.limits, t.role, self._rule, *self._cells, self.command))

    def step(self, step_s: float = 1.0) -> int:
        """Choose velocities and fly a step; how many left their plan."""
        if self.avoiding:
            changed = self.avoid()
        else:
            changed, t = 0, self.traffic
            self.command[:, :2] = t.plan[:, :2]
            climb = (t.plan[:, 2] - t.state[:, 2]) / k.SETTLE_S
            self.command[:, 2] = np.clip(climb, -t.limits[:, k.SINK], t.limits[:, k.CLIMB])
        k.move(self.traffic.state, self.command, self.traffic.limits, step_s)
        return changed

    def within(self, radius_m: float, half_m: float) -> NDArray[np.int64]:
        """Pairs that are within a cylinder of each other, shape (m, 2)."""
        self._sorted(radius_m)
        count = k.within(self.traffic.state, radius_m, half_m, *self._cells, self._out)
        if count > len(self._out):
            self._out = np.zeros((2 * count, 2), np.int64)
            k.within(self.traffic.state, radius_m, half_m, *self._cells, self._out)
        return self._out[:count].copy()

    def run(self, seconds: int, each: Callable[[int], None] = lambda _: None) -> Told:
        """Fly so many seconds, a step each; ``each`` is told the seconds flown."""
        told = Told(highest=np.zeros(len(self.traffic), np.int8))
        for second in range(seconds):
            np.maximum(told.highest, self.alerts(), out=told.highest)
            told.alerted += np.bincount(self.level, minlength=4)
            told.changed += self.step()
            self._note(told)
            told.seconds = second + 1
            each(second + 1)
        return told

    def _note(self, told: Told) -> None:
        state, rule = self.traffic.state, self.rule
        for i, j in self.within(rule.radius_m, rule.half_m).tolist():
            apart = state[i, :3] - state[j, :3]
            share = max(float(np.hypot(*apart[:2])) / rule.radius_m, abs(float(apart[2])) / rule.half_m)
            told.losses[i, j] = told.losses.get((i, j), 0) + 1
            told.least[i, j] = min(told.least.get((i, j), 1.0), share)

    def _sorted(self, side_m: float) -> None:
        k.sort(self.traffic.state, side_m, *self._cells)
