"""Positions that an aircraft reports against positions at which others see it.

A flight is disputed where one sighting in a sequence is too far off to be chance. Sighting k is tested at
``a_k = 6 a / (pi k)**2``, which sum to `a` over all k: the chance that an honest flight is ever disputed is
at most `a`, however the errors of its sightings depend on each other (Boole's inequality).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincc

from rabta.airspace.conformance.monitor import CLOCKS_S, EXCURSION_S, METRES_A_DEGREE, Position
from rabta.airspace.volumes import messages as written
from rabta.errors import RabtaError

Array = npt.NDArray[np.float64]
FALSE_ALARM = 1e-3  # a flight, at most
BOUND_2D = math.sqrt(-2.0 * math.log(0.05))  # circular Gaussian: 95 % lie within 2.448 sigma
BOUND_1D = 1.959964  # Gaussian: 95 % lie within 1.960 sigma
TURN_M_S2 = 9.80665  # assumed: no aircraft here accelerates more
FASTEST_M_S = 150.0  # assumed: a track that jumps buys no more tolerance than this
MOST_HELD = 1_000
CALLED = 60  # characters of who saw it


@dataclass(frozen=True)
class Sighting:
    """A position from somebody else: seconds since 1970, degrees, metres; sigma of each axis.

    Attributes
    ----------
    up_sigma_m : float, optional
        None where heights are not seen; then only the two others are compared.
    clock_s : float
        By how much its clock may differ from the aircraft's.
    """

    at_s: float
    lat_deg: float
    lon_deg: float
    height_m: float
    sigma_m: float
    up_sigma_m: float | None = None
    clock_s: float = CLOCKS_S
    by: str = ""

    def __post_init__(self) -> None:
        Position(self.at_s, self.lat_deg, self.lon_deg, self.height_m)
        ups = () if self.up_sigma_m is None else (self.up_sigma_m,)
        for one in (self.sigma_m, *ups):
            if not (math.isfinite(one) and one > 0.0):
                raise RabtaError("a sighting without its error", key="sigma_m", value=one, expected="above 0")
        if not (math.isfinite(self.clock_s) and self.clock_s >= 0.0):
            raise RabtaError(
                "no difference of clocks", key="clock_s", value=self.clock_s, expected="0 or more"
            )


def sighting(row: Mapping[str, Any]) -> Sighting:
    """Sighting of a row: ``time``, ``lat``, ``lon``, ``height_m``, ``sigma_m``, and what else it tells.

    Raises
    ------
    RabtaError
    """
    lat, lon, height, sigma = (
        written.number(row.get(key), key) for key in ("lat", "lon", "height_m", "sigma_m")
    )
    up = written.number(row["up_sigma_m"], "up_sigma_m") if "up_sigma_m" in row else None
    late = written.number(row["clock_s"], "clock_s") if "clock_s" in row else CLOCKS_S
    at_s = written.seconds(row.get("time"), "time")
    return Sighting(at_s, lat, lon, height, sigma, up, late, str(row.get("by", ""))[:CALLED])


@dataclass
class Doubt:
    """What speaks for and against a flight's reports.

    Attributes
    ----------
    looks : int
        Sightings that were compared.
    unjudged : int
        Those without reports around them, or where these do not say how good they are.
    disputes : list
        Sightings that did not agree, the first ones.
    """

    false_alarm: float = FALSE_ALARM
    looks: int = 0
    unjudged: int = 0
    against: int = 0
    disputes: list[dict[str, Any]] = field(default_factory=list)
    track: deque[Position] = field(default_factory=lambda: deque(maxlen=MOST_HELD))
    waiting: list[Sighting] = field(default_factory=list)

    def hear(self, position: Position) -> None:
        """Take a report, later than all before, and compare what waited for it."""
        self.track.append(position)
        ready = [one for one in self.waiting if one.at_s <= position.at_s]
        if ready:
            self.waiting = [one for one in self.waiting if one.at_s > position.at_s]
            self._compare(ready)

    def see(self, rows: Sequence[Sighting]) -> None:
        """Take sightings; those later than the last report wait for the next one."""
        newest = self.track[-1].at_s if self.track else -math.inf
        self.waiting += [one for one in rows if one.at_s > newest]
        self.unjudged += max(len(self.waiting) - MOST_HELD, 0)
        self.waiting = self.waiting[-MOST_HELD:]
        self._compare([one for one in rows if one.at_s <= newest])

    def _compare(self, rows: Sequence[Sighting]) -> None:
        if not rows:
            return
        chance, apart = chances(list(self.track), rows)
        for one, p, far in zip(rows, chance, apart, strict=True):
            if math.isnan(p):
                self.unjudged += 1
                continue
            self.looks += 1
            if p < allowed(self.false_alarm, self.looks):
                self._dispute(one, float(p), float(far))

    def _dispute(self, one: Sighting, p: float, far: float) -> None:
        self.against += 1
        if len(self.disputes) < MOST_HELD:
            self.disputes.append({"at_s": one.at_s, "by": one.by, "apart_m": round(far, 1), "chance": p,
                                  "look": self.looks})  # fmt: skip

    def summary(self) -> dict[str, Any]:
        """Figures, and the sightings that did not agree."""
        return {"looks": self.looks, "unjudged": self.unjudged, "against": self.against,
                "waiting": len(self.waiting), "false_alarm": self.false_alarm,
                "disputes": self.disputes}  # fmt: skip


def allowed(false_alarm: float, look: int) -> float:
    """Chance at which look 1, 2, ... of a sequence is a dispute; all of them sum to `false_alarm`."""
    return false_alarm * 6.0 / (math.pi * look) ** 2


def chances(track: Sequence[Position], rows: Sequence[Sighting]) -> tuple[Array, Array]:
    """Chance that an honest track and a true sighting are as far apart, and how far they are.

    Between two reports the track is a line. What the aircraft may have turned away from it, and moved in the
    time by which clocks may differ, is taken off the distance first; the rest is Gaussian: chi-square of two
    degrees of freedom, or three where both heights have a known error.

    Parameters
    ----------
    track : sequence of Position
        In order of time.
    rows : sequence of Sighting, (N,)

    Returns
    -------
    chance, apart_m : array (N,)
        nan without reports at most `EXCURSION_S` apart around the sighting, or where these tell no error.
    """
    nothing = np.full(len(rows), np.nan)
    if len(track) < 2 or not rows:
        return nothing, nothing.copy()
    had = np.array([(p.at_s, p.lat_deg, p.lon_deg, p.height_m, p.across_m, p.up_m) for p in track])
    seen = np.array([(r.at_s, r.lat_deg, r.lon_deg, r.height_m, r.sigma_m, r.up_sigma_m or np.nan, r.clock_s)
                     for r in rows])  # fmt: skip
    after = np.clip(np.searchsorted(had[:, 0], seen[:, 0]), 1, len(had) - 1)
    return _weighed(had[after - 1], had[after], seen)


def _weighed(before: Array, after: Array, seen: Array) -> tuple[Array, Array]:
    gap = after[:, 0] - before[:, 0]
    part = (seen[:, 0] - before[:, 0]) / gap
    path, off = _metres(before, after), _metres(before, seen)
    miss = off - part[:, None] * path
    speed = np.minimum(np.hypot(np.hypot(path[:, 0], path[:, 1]), path[:, 2]) / gap, FASTEST_M_S)
    slack = TURN_M_S2 * gap * gap / 8.0 + speed * seen[:, 6]
    worst = np.maximum(before[:, 4:], after[:, 4:])  # errors of neighbours may be one and the same
    told = (before[:, 4] > 0.0) & (after[:, 4] > 0.0)
    flat = np.hypot(miss[:, 0], miss[:, 1])
    square = _square(flat, slack, np.hypot(worst[:, 0] / BOUND_2D, seen[:, 4]))
    high = (before[:, 5] > 0.0) & (after[:, 5] > 0.0) & np.isfinite(seen[:, 5])
    up = _square(np.abs(miss[:, 2]), slack, np.hypot(worst[:, 1] / BOUND_1D, seen[:, 5]))
    chance = np.where(high, gammaincc(1.5, (square + np.where(high, up, 0.0)) / 2.0), np.exp(-square / 2.0))
    good = told & (part >= 0.0) & (part <= 1.0) & (gap <= EXCURSION_S)
    return np.where(good, chance, np.nan), np.where(good, flat, np.nan)


def _square(far: Array, slack: Array, sigma: Array) -> Array:
    found: Array = (np.maximum(far - slack, 0.0) / sigma) ** 2
    return found


def _metres(a: Array, b: Array) -> Array:
    """East, north and up from rows of one array to those of another."""
    east = (b[:, 2] - a[:, 2] + 180.0) % 360.0 - 180.0
    scale = METRES_A_DEGREE * np.cos(np.radians(a[:, 1]))
    return np.stack([east * scale, (b[:, 1] - a[:, 1]) * METRES_A_DEGREE, b[:, 3] - a[:, 3]], axis=1)
