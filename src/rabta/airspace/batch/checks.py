"""Plans checked by who did not make them: nothing here is shared with the solvers, their geometry or search.

Flights are checked from what a plan's file says: paths in time by closed forms on an equidistant plane of
PROJ, volumes by GEOS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
DEEPER_M = 0.01  # what overlaps by less than the standard's centimetre is not told
TOGETHER_S = 0.0005


def conflicts(
    free: ArrayLike, starts: ArrayLike, goals: ArrayLike, paths: Sequence[Sequence[Any]]
) -> list[str]:
    """What is wrong with agents' paths over a grid; nothing where the plan holds.

    Parameters
    ----------
    free : array_like of bool, shape (rows, columns)
    starts, goals : array_like, shape (agents, 2)
        Row and column.
    paths : sequence of sequences of (row, column)
        Places at each instant, of one length for all.
    """
    held = np.asarray(free, bool)
    found = (
        [f"paths of {len(paths)} agents, not {len(np.asarray(starts))}"]
        if len(paths) != len(np.asarray(starts))
        else []
    )
    ways = [[(int(row), int(column)) for row, column in way] for way in paths]
    for i, (way, start, goal) in enumerate(zip(ways, np.asarray(starts), np.asarray(goals), strict=False)):
        if way[0] != tuple(start) or way[-1] != tuple(goal):
            found.append(f"agent {i} does not go from its start to its goal")
        for t, (row, column) in enumerate(way):
            if not (0 <= row < held.shape[0] and 0 <= column < held.shape[1] and held[row, column]):
                found.append(f"agent {i} is in a wall at {t}")
        found += [f"agent {i} leaps at {t}" for t, (a, b) in enumerate(pairwise(way))
                  if abs(a[0] - b[0]) + abs(a[1] - b[1]) > 1]  # fmt: skip
    return found + _meetings(ways)


def _meetings(ways: list[list[tuple[int, int]]]) -> list[str]:
    found = []
    for t in range(max((len(way) for way in ways), default=0)):
        here: dict[tuple[int, int], int] = {}
        moves: dict[tuple[tuple[int, int], tuple[int, int]], int] = {}
        for i, way in enumerate(ways):
            at = way[min(t, len(way) - 1)]
            if at in here:
                found.append(f"agents {here[at]} and {i} are both in {at} at {t}")
            here[at] = i
            before = way[min(max(t - 1, 0), len(way) - 1)]
            if before != at:
                if (at, before) in moves:
                    found.append(f"agents {moves[at, before]} and {i} change places at {t}")
                moves[before, at] = i
    return found


def cost(goals: ArrayLike, paths: Sequence[Sequence[Any]]) -> int:
    """Sum over agents of the first instant after which each stays at its goal."""
    total = 0
    for goal, way in zip(np.asarray(goals), paths, strict=True):
        away = [t for t, at in enumerate(way) if tuple(int(one) for one in at) != tuple(goal)]
        total += away[-1] + 1 if away else 0
    return total


def closest(plan: Mapping[str, Any]) -> tuple[float, str]:
    """Least separation of any two flights of a plan: 1 is what its rules ask, and whose it is.

    Of two flights at an instant it is the larger of their distance over twice the half width, and of their
    heights' difference over twice the half height. Columns count from the ground to the layer.
    """
    rules, least = plan["rules"], (float("inf"), "")
    wide, high = 2.0 * rules["half_width_m"], 2.0 * rules["half_height_m"]
    legs, who = _legs(plan)
    if not len(legs):
        return least
    names = [row["id"] for row in plan["flights"]]
    order = np.argsort(legs[:, 0])
    legs, who = legs[order], who[order]
    last = np.searchsorted(legs[:, 0], legs[:, 1])
    for k in range(len(legs)):
        others = np.arange(k + 1, last[k])
        others = others[who[others] != who[k]]
        if not len(others):
            continue
        share = _share(legs[k], legs[others], wide, high)
        nearest = int(np.argmin(share))
        if share[nearest] < least[0]:
            least = float(share[nearest]), f"{names[who[k]]} and {names[who[others[nearest]]]}"
    return least


def _legs(plan: Mapping[str, Any]) -> tuple[Array, NDArray[np.int64]]:
    """Straight stretches of all flights: instants, x, y at both ends, lowest and highest height."""
    project = _plane(plan)
    rows, who = [], []
    for number, flight in enumerate(plan["flights"]):
        at = np.array(flight["path"], float)
        x, y = project(at[:, 2], at[:, 1])
        low, high = np.minimum(at[:-1, 3], at[1:, 3]), np.maximum(at[:-1, 3], at[1:, 3])
        rows.append(np.column_stack([at[:-1, 0], at[1:, 0], x[:-1], y[:-1], x[1:], y[1:], low, high]))
        who += [number] * (len(at) - 1)
    return (np.concatenate(rows) if rows else np.zeros((0, 8))), np.array(who, np.int64)


def _share(leg: Array, others: Array, wide: float, high: float) -> Array:
    """Least separation of one stretch from others while both last; infinite where they do not."""
    begin, end = np.maximum(leg[0], others[:, 0]), np.minimum(leg[1], others[:, 1])
    apart = np.maximum(np.maximum(leg[6] - others[:, 7], others[:, 6] - leg[7]), 0.0) / high

    def at(rows: Array, t: Array) -> Array:
        span = np.where(rows[:, 1] > rows[:, 0], rows[:, 1] - rows[:, 0], 1.0)
        part = ((t - rows[:, 0]) / span)[:, None]
        return np.asarray(rows[:, 2:4] + part * (rows[:, 4:6] - rows[:, 2:4]))

    own = np.broadcast_to(leg, others.shape)
    p0, p1 = at(own, begin) - at(others, begin), at(own, end) - at(others, end)
    move = p1 - p0
    size = (move * move).sum(1)
    part = np.clip(
        np.where(size > 1e-12, -(p0 * move).sum(1) / np.where(size > 1e-12, size, 1.0), 0.0), 0.0, 1.0
    )
    beside = np.hypot(*(p0 + part[:, None] * move).T) / wide
    return np.where(end > begin + TOGETHER_S, np.maximum(beside, apart), np.inf)


def overlaps(plan: Mapping[str, Any]) -> list[str]:
    """Pairs of volumes of two flights that share space and time, deeper than a centimetre."""
    import shapely

    shapes, spans, who = _volumes(plan)
    if not shapes:
        return []
    slim = shapely.buffer(np.array(shapes, object), -0.5 * DEEPER_M)
    first, second = shapely.STRtree(slim).query(slim, predicate="intersects")
    some = (who[first] < who[second]) & _both(spans, first, second, 0, 0.5 * DEEPER_M)
    some &= _both(spans, first, second, 2, TOGETHER_S / 2)
    names = [row["id"] for row in plan["flights"]]
    return [f"{names[who[a]]} and {names[who[b]]}" for a, b in zip(first[some], second[some], strict=True)]


def _both(spans: Array, first: Any, second: Any, column: int, least: float) -> NDArray[np.bool_]:
    low = np.maximum(spans[first, column], spans[second, column])
    return np.asarray(np.minimum(spans[first, column + 1], spans[second, column + 1]) - low > least)


def outside(plan: Mapping[str, Any], every_s: float = 5.0) -> list[str]:
    """Flights that are at some instant in none of their own volumes."""
    import shapely

    project, found = _plane(plan), []
    shapes, spans, who = _volumes(plan)
    for number, flight in enumerate(plan["flights"]):
        at = np.array(flight["path"], float)
        times = np.union1d(np.arange(at[0, 0], at[-1, 0], every_s), at[:, 0])
        x, y = (np.interp(times, at[:, 0], side) for side in project(at[:, 2], at[:, 1]))
        height, inside = np.interp(times, at[:, 0], at[:, 3]), np.zeros(len(times), bool)
        for k in np.flatnonzero(who == number):
            here = (spans[k, 0] <= height) & (height <= spans[k, 1])
            here &= (spans[k, 2] <= times) & (times <= spans[k, 3])
            if here.any():
                inside[here] |= shapely.contains_xy(shapes[k], x[here], y[here])
        if not inside.all():
            found.append(f"{flight['id']} after {times[~inside][0] - at[0, 0]:.1f} s")
    return found


def _volumes(plan: Mapping[str, Any]) -> tuple[list[Any], Array, NDArray[np.int64]]:
    """Outlines on the plane, heights and instants, and whose they are."""
    import shapely

    project, shapes, spans, who = _plane(plan), [], [], []
    for number, flight in enumerate(plan["flights"]):
        for held in flight["volumes"]:
            space = held["volume"]
            if "outline_circle" in space:
                circle = space["outline_circle"]
                centre = project(circle["center"]["lng"], circle["center"]["lat"])
                shapes.append(shapely.Point(*centre).buffer(circle["radius"]["value"], quad_segs=64))
            else:
                corners = space["outline_polygon"]["vertices"]
                x, y = project([one["lng"] for one in corners], [one["lat"] for one in corners])
                shapes.append(shapely.Polygon(np.column_stack([x, y])))
            times = [
                datetime.fromisoformat(held[key]["value"]).timestamp() for key in ("time_start", "time_end")
            ]
            spans.append([space["altitude_lower"]["value"], space["altitude_upper"]["value"], *times])
            who.append(number)
    return shapes, np.array(spans).reshape(-1, 4), np.array(who, np.int64)


def _plane(plan: Mapping[str, Any]) -> Any:
    """Azimuthal equidistant plane about the middle of all flights."""
    from pyproj import Proj

    places = np.array([at[1:3] for flight in plan["flights"] for at in flight["path"]]).reshape(-1, 2)
    lat, lon = places.mean(axis=0) if len(places) else (0.0, 0.0)
    return Proj(proj="aeqd", lat_0=float(lat), lon_0=float(lon), ellps="WGS84")
