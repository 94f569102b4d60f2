"""One aircraft against its plan: time inside and outside, excursions, and the state that follows.

ASTM F3548-21 gives the numbers (`uas_standards`): at least 95 per cent of the flight inside, at most 18
excursions a flight hour of at most 10 s each, at most 60 s off the plan before the flight is contingent. It
leaves to the service what silence means: here it counts as an excursion where it lasts longer than one may.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rabta.airspace.volumes import Circle, Volume, meet
from rabta.errors import RabtaError

INSIDE_SHARE = 0.95  # OiMinConformancePercent
MOST_AN_HOUR = 18  # OiMaxExcursionsPerFlightHour
EXCURSION_S = 10.0  # OiMaxDurationPerExcursionSeconds
RECOVER_S = 60.0  # MaxRecoverableTimeInNonconformingStateSeconds
CLOCKS_S = 5.0  # TimeSyncMaxDifferentialSeconds
POINT_M = 0.01  # IntersectionMinimumPrecisionCm
HOUR_S = 3600.0
LEAST_M_S = 10.0  # assumed of an aircraft of which only one position is known
METRES_A_DEGREE = 111_195.0
NOMINAL, NONCONFORMING, CONTINGENT = "Activated", "Nonconforming", "Contingent"


@dataclass(frozen=True)
class Position:
    """Where an aircraft was: degrees, metres above the ellipsoid, seconds since 1970, bounds of 95 %."""

    at_s: float
    lat_deg: float
    lon_deg: float
    height_m: float
    across_m: float = 0.0
    up_m: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(one) for one in (self.at_s, self.height_m, self.across_m, self.up_m)):
            raise RabtaError("a position without numbers", key="position", value=repr(self))
        Circle(self.lat_deg, self.lon_deg, POINT_M)


@dataclass
class Watch:
    """What is known of one flight's conformance.

    Attributes
    ----------
    inside_s, outside_s, unheard_s : float
        Time between reports by what the earlier one said; between reports farther apart than an excursion may
        last, nothing is known.
    excursions : list of (float, float)
        Begin and end of each that has ended.
    out_since_s, off_since_s : float, optional
        Since when it is outside, and since when its state is not nominal.
    late : int
        Reports that came after a newer one, and were left out.
    """

    last: Position | None = None
    speed_m_s: float = LEAST_M_S
    inside: bool = True
    inside_s: float = 0.0
    outside_s: float = 0.0
    unheard_s: float = 0.0
    excursions: list[tuple[float, float]] = field(default_factory=list)
    out_since_s: float | None = None
    off_since_s: float | None = None
    late: int = 0

    def take(self, position: Position, volumes: Sequence[Volume], now_s: float) -> bool:
        """Take a report; whether it counts.

        Raises
        ------
        RabtaError
            Of one from the future, beyond what clocks may differ.
        """
        if position.at_s > now_s + CLOCKS_S:
            ahead = round(position.at_s - now_s, 3)
            raise RabtaError("a position from the future", key="time_measured", value=f"{ahead} s ahead",
                             expected=f"at most {CLOCKS_S:g} s")  # fmt: skip
        if self.last is not None and position.at_s <= self.last.at_s:
            self.late += 1
            return False
        inside = within(position, volumes)
        if self.last is not None:
            self._elapse(self.last, position)
        if inside and self.out_since_s is not None:
            self.excursions.append((self.out_since_s, position.at_s))
            self.out_since_s = None
        elif not inside and self.out_since_s is None:
            self.out_since_s = position.at_s
        self.last, self.inside = position, inside
        return True

    def _elapse(self, before: Position, now: Position) -> None:
        span = now.at_s - before.at_s
        if span > EXCURSION_S:
            self.unheard_s += span
        elif self.inside:
            self.inside_s += span
        else:
            self.outside_s += span
        self.speed_m_s = max(self.speed_m_s, min(apart_m(before, now) / max(span, 0.1), 150.0))

    def state(self, now_s: float, state: str) -> tuple[str, str]:
        """State that the flight should be in, and why; the state that it is in where nothing has changed."""
        if state == CONTINGENT or self.last is None:
            return state, ""
        why = self._off(now_s)
        if state == NOMINAL and not why:
            self.off_since_s = None
            return NOMINAL, ""
        if self.off_since_s is None:
            self.off_since_s = now_s
        if state == NOMINAL:
            return NONCONFORMING, why
        silent = now_s - self.last.at_s > EXCURSION_S
        if self.inside and not silent:
            return NOMINAL, "inside its plan again"
        if now_s - self.off_since_s > RECOVER_S:
            return CONTINGENT, f"off its plan for more than {RECOVER_S:g} s"
        return NONCONFORMING, ""

    def _off(self, now_s: float) -> str:
        """Why a nominal flight is not any more."""
        assert self.last is not None
        if now_s - self.last.at_s > EXCURSION_S:
            return f"nothing heard for {now_s - self.last.at_s:.0f} s"
        if self.inside:
            return ""
        if self.out_since_s is not None and now_s - self.out_since_s > EXCURSION_S:
            return f"outside for {now_s - self.out_since_s:.0f} s"
        recent = sum(end > now_s - HOUR_S for _, end in self.excursions) + 1
        return f"{recent} excursions in an hour" if recent > MOST_AN_HOUR else ""

    def summary(self) -> dict[str, float | int | bool | None]:
        """Figures of the flight, and whether they are within the standard's; unknown time is not counted."""
        known = self.inside_s + self.outside_s
        longest = max((end - begin for begin, end in self.excursions), default=0.0)
        count = len(self.excursions) + (self.out_since_s is not None)
        share = self.inside_s / known if known else None
        most = MOST_AN_HOUR * max(known / HOUR_S, 1.0)
        good = share is not None and share >= INSIDE_SHARE and count <= most and longest <= EXCURSION_S
        return {
            "inside_s": round(self.inside_s, 3), "outside_s": round(self.outside_s, 3),
            "unheard_s": round(self.unheard_s, 3), "inside_share": None if share is None else round(share, 5),
            "excursions": count, "longest_s": round(longest, 3), "late": self.late, "conforms": good,
        }  # fmt: skip


def within(position: Position, volumes: Sequence[Volume]) -> bool:
    """Whether a position is in any of some volumes, at its instant, to the centimetre."""
    circle = Circle(position.lat_deg, position.lon_deg, POINT_M)
    point = Volume(circle, position.height_m, position.height_m, position.at_s, position.at_s)
    return any(meet(one, point) for one in volumes)


def apart_m(a: Position, b: Position) -> float:
    """Distance of two near positions, metres."""
    north = (b.lat_deg - a.lat_deg) * METRES_A_DEGREE
    east = (b.lon_deg - a.lon_deg) * METRES_A_DEGREE * math.cos(math.radians(a.lat_deg))
    return math.sqrt(north * north + east * east + (b.height_m - a.height_m) ** 2)


def reach(watch: Watch, now_s: float, until_s: float) -> Volume:
    """Where an aircraft off its plan may be: what it reaches in the time that it may take to recover.

    At the largest speed that it has shown, around the last position, wider by the bounds of that position and
    by the time that has gone since.
    """
    last = watch.last
    assert last is not None
    far = watch.speed_m_s * (RECOVER_S + max(now_s - last.at_s, 0.0))
    circle = Circle(last.lat_deg, last.lon_deg, min(far + last.across_m, 100_000.0))
    high = far + last.up_m
    return Volume(circle, last.height_m - high, last.height_m + high, now_s, max(until_s, now_s + RECOVER_S))


def fleet(watches: Sequence[Watch]) -> dict[str, float | int | bool | None]:
    """Figures over many flights together, as the standard asks for in aggregate."""
    whole = Watch(
        inside_s=sum(one.inside_s for one in watches), outside_s=sum(one.outside_s for one in watches),
        unheard_s=sum(one.unheard_s for one in watches), late=sum(one.late for one in watches),
        excursions=[pair for one in watches for pair in one.excursions],
    )  # fmt: skip
    return {"flights": len(watches), **whole.summary()}
