"""Flights of a batch, one after the other: each leaves early, at the layer and line that cost least.

For every line and layer the delays at which a flight would meet another are intervals, one for each volume
met: [its start - our end, its end - our start], with our times undelayed. The least delay outside of all is
exact in continuous time (safe intervals: M. Phillips and M. Likhachev, "SIPP: safe interval path planning for
dynamic environments", ICRA 2011). Meeting is that of `rabta.airspace.volumes`: exact, what touches meets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rabta.airspace.batch import corridors
from rabta.airspace.batch.flights import Batch, Flight, Rules
from rabta.airspace.volumes import Index, Volume
from rabta.airspace.volumes.messages import instant, message

AFTER_S = 0.001  # what touches meets: leave so much later
Span = tuple[float, float]


@dataclass(frozen=True)
class Approved:
    """What a flight may do.

    Attributes
    ----------
    delay_s, height_m : float
    aside : int
        Which line: 0 the one asked for.
    longer_s : float
        Seconds of flight more than on the line asked for.
    volumes : list of Volume
    path : list of (instant, latitude, longitude, height)
    """

    flight: Flight
    delay_s: float
    height_m: float
    aside: int
    longer_s: float
    volumes: list[Volume]
    path: list[tuple[float, float, float, float]]


@dataclass(frozen=True)
class Plan:
    """All that was approved, in the order of the batch, and the flights that were refused."""

    approved: list[Approved]
    refused: list[Flight]
    rules: Rules


def solve(batch: Batch, *, held: Iterable[Volume] = (), each: Callable[[int], None] = lambda _: None) -> Plan:
    """Approve flights by priority, then by departure.

    Parameters
    ----------
    held : iterable of Volume
        What nobody of the batch may meet: flights approved before, constraints.
    each : callable
        Told how many flights are done.
    """
    index: Index[int] = Index()
    spans: list[Volume] = []
    _take(index, spans, held)
    order = sorted(range(len(batch.flights)), key=lambda k: _turn(batch.flights[k]))
    found: dict[int, Approved] = {}
    for done, k in enumerate(order):
        one = _approved(batch.flights[k], batch.rules, index, spans)
        if one is not None:
            found[k] = one
            _take(index, spans, one.volumes)
        each(done + 1)
    refused = [flight for k, flight in enumerate(batch.flights) if k not in found]
    return Plan([found[k] for k in sorted(found)], refused, batch.rules)


def _turn(flight: Flight) -> tuple[int, float, str]:
    return -flight.priority, flight.depart_s, flight.name


def _take(index: Index[int], spans: list[Volume], volumes: Iterable[Volume]) -> None:
    for one in volumes:
        index.add(len(spans), [one])
        spans.append(one)


def _approved(flight: Flight, rules: Rules, index: Index[int], spans: list[Volume]) -> Approved | None:
    """The cheapest of all lines and layers: delay, longer flight, more climb, all in seconds."""
    best: tuple[float, Any] = (math.inf, None)
    layers = sorted(rules.layers_m, key=lambda h: (h != flight.height_m, h))
    shortest = None
    for aside, way in enumerate(corridors.ways(flight, rules)):
        shortest = float(way.after_s[-1]) if shortest is None else shortest
        longer = float(way.after_s[-1]) - shortest
        if longer >= best[0]:
            continue
        near = _near(way, rules, flight.depart_s, index, spans)
        for height in layers:
            extra = longer + 2.0 * abs(height - layers[0]) / rules.climb_m_s
            if extra >= best[0]:
                continue
            delay = _delay(
                corridors.volumes(way, rules, height, flight.depart_s), near, rules.longest_delay_s
            )
            if delay + extra < best[0]:
                best = delay + extra, (way, aside, height, delay, longer)
        if best[0] == 0.0:
            break
    return None if best[1] is None else _made(flight, rules, *best[1])


def _made(
    flight: Flight, rules: Rules, way: Any, aside: int, height: float, delay: float, longer: float
) -> Approved:
    depart = flight.depart_s + delay
    volumes = corridors.volumes(way, rules, height, depart)
    return Approved(flight, delay, height, aside, longer, volumes, corridors.path(way, rules, height, depart))


def _near(
    way: Any, rules: Rules, depart_s: float, index: Index[int], spans: list[Volume]
) -> list[list[Volume]]:
    """For each volume of a way, at any layer and delay, those that it may meet."""
    lowest, highest = min(rules.layers_m), max(rules.layers_m)
    late = rules.longest_delay_s + (highest - rules.ground_m) / rules.climb_m_s
    near = []
    for low in corridors.volumes(way, rules, lowest, depart_s):
        wide = Volume(low.outline, low.lower_m, highest + rules.half_height_m, low.start_s, low.end_s + late)
        near.append([spans[k] for k in index.meeting([wide])])
    return near


def _delay(volumes: list[Volume], near: list[list[Volume]], longest_s: float) -> float:
    """Least delay with which no volume meets what is near it; infinite beyond the longest."""
    barred: list[Span] = []
    for own, others in zip(volumes, near, strict=True):
        barred += [
            (one.start_s - own.end_s, one.end_s - own.start_s)
            for one in others
            if one.lower_m <= own.upper_m and own.lower_m <= one.upper_m
        ]
    return least(barred, longest_s)


def least(barred: list[Span], longest_s: float) -> float:
    """Least number from 0 outside of closed intervals; infinite where it is beyond the longest.

    Examples
    --------
    >>> least([(-1.0, 3.0), (2.0, 5.0), (9.0, 12.0)], 100.0)
    5.001
    """
    delay = 0.0
    for begin, end in sorted(barred):
        if begin > delay:
            break
        if end >= delay:
            delay = end + AFTER_S
    return delay if delay <= longest_s else math.inf


def told(plan: Plan) -> dict[str, Any]:
    """The plan as JSON: volumes in the form of ASTM F3548-21, and paths in time."""
    return {
        "rules": {key: getattr(plan.rules, key) for key in Rules.__dataclass_fields__},
        "flights": [_row(one) for one in plan.approved],
        "refused": [flight.name for flight in plan.refused],
    }


def summary(plan: Plan) -> dict[str, Any]:
    """Counts and delays of a plan."""
    delays = sorted(one.delay_s for one in plan.approved)
    count = len(delays)
    flown = sum(one.path[-1][0] - one.path[0][0] for one in plan.approved)
    longer = sum(one.longer_s for one in plan.approved)
    spread = (sum(delays) / count, delays[count // 2], delays[-1]) if count else (0.0, 0.0, 0.0)
    return {
        "approved": count,
        "refused": len(plan.refused),
        "as_asked": sum(one.delay_s == 0.0 and one.aside == 0 for one in plan.approved),
        "led_aside": sum(one.aside > 0 for one in plan.approved),
        "delay_s": {
            key: round(value, 2) for key, value in zip(("mean", "median", "longest"), spread, strict=True)
        },
        "longer_percent": round(100.0 * longer / flown, 3) if flown else 0.0,
        "volumes": sum(len(one.volumes) for one in plan.approved),
    }


def _row(one: Approved) -> dict[str, Any]:
    return {
        "id": one.flight.name, "priority": one.flight.priority, "depart": instant(one.path[0][0]),
        "delay_s": round(one.delay_s, 3), "height_m": one.height_m, "aside": one.aside,
        "longer_s": round(one.longer_s, 3), "path": [list(at) for at in one.path],
        "volumes": [message(volume) for volume in one.volumes],
    }  # fmt: skip
