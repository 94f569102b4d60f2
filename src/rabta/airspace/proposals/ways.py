"""Other ways between two places: doglegs, and a search over a lattice with the fields and exact conflicts."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.feasibility.assess import Assessor
from rabta.airspace.proposals.route import METRES_A_DEGREE, Place, Plan, metres, strip
from rabta.airspace.volumes import Index, Volume

Array = NDArray[np.float64]
Node = tuple[int, int]
ASIDE = (0.04, 0.08, 0.12, 0.2)
"""Doglegs' middle corners, aside by parts of the length: 0.3, 1.3, 2.8 and 7.7 % longer."""
ALONG, ACROSS, BEYOND = 14, 8, 2
MOST_EXPANDED = 700
BUCKET_S = 20.0
MOVES = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 1), (-1, -1), (-1, 0))


def doglegs(way: tuple[Place, ...]) -> Iterator[tuple[Place, ...]]:
    """Ways with one corner aside the middle of the straight way, shortest first."""
    a, b = way[0], way[-1]
    frame = _Frame(a, b)
    for part in ASIDE:
        for sign in (1.0, -1.0):
            yield a, frame.place(0.5 * frame.length, sign * part * frame.length), b


class _Frame:
    """Metres along and left of the straight way."""

    def __init__(self, a: Place, b: Place) -> None:
        self.a, self.scale = a, math.cos(math.radians(0.5 * (a[0] + b[0])))
        self.length = max(metres(a, b), 1.0)
        self.north = (b[0] - a[0]) * METRES_A_DEGREE / self.length
        self.east = (b[1] - a[1]) * METRES_A_DEGREE * self.scale / self.length

    def place(self, along: float, left: float) -> Place:
        """Latitude and longitude."""
        north = along * self.north + left * self.east
        east = along * self.east - left * self.north
        return self.a[0] + north / METRES_A_DEGREE, self.a[1] + east / (METRES_A_DEGREE * self.scale)


class Lattice:
    """Places around a straight way, with the fields there at the plan's height and hour.

    An edge costs its length, more where the command link is weaker; a place that the fields forbid is left out.
    """  # noqa: E501

    def __init__(self, plan: Plan, assessor: Assessor) -> None:
        self.plan, self.frame = plan, _Frame(plan.way[0], plan.way[-1])
        self.step = max(self.frame.length / ALONG, 100.0)
        self.last = round(self.frame.length / self.step)
        nodes = [(i, j) for i in range(-BEYOND, self.last + BEYOND + 1) for j in range(-ACROSS, ACROSS + 1)]
        self.places = {
            n: self.frame.place(n[0] * self.frame.length / self.last, n[1] * self.step) for n in nodes
        }
        where = np.array(list(self.places.values()))
        at = assessor.fields.at(where[:, 0], where[:, 1], plan.height_m, plan.start_s)
        lost, limits = at.lost(satellites=assessor.satellites), assessor.limits
        bad = (lost > limits.outage_worst) | (at.hpl_m > limits.hpl_m)
        weight = 1.0 + np.nan_to_num(lost) / max(limits.outage, 1e-6)
        self.weight = {n: w for n, w, b in zip(nodes, weight.tolist(), bad.tolist(), strict=True) if not b}
        for end in ((0, 0), (self.last, 0)):
            self.weight.setdefault(end, 1.0)

    def search(self, index: Index[str]) -> tuple[Place, ...] | None:
        """Cheapest way found whose legs meet no one at the time they are flown, by A* in space and time."""
        goal = (self.last, 0)
        queue: list[tuple[float, float, float, tuple[Node, ...]]] = [(0.0, 0.0, 0.0, ((0, 0),))]
        seen: set[tuple[Node, int]] = set()
        while queue and len(seen) < MOST_EXPANDED:
            _, cost, flown, trail = heapq.heappop(queue)
            node, key = trail[-1], self._key(trail[-1], flown)
            if key in seen or (len(trail) > 1 and self._met(index, trail[-2], node, flown)):
                continue  # legs are looked at only here: most that are thought of are never flown
            if node == goal:
                return tuple(self.places[n] for n in _corners(trail))
            seen.add(key)
            for nxt, long in self._next(node):
                if self._key(nxt, flown + long) not in seen:
                    paid = cost + long * 0.5 * (self.weight[node] + self.weight[nxt])
                    ahead = metres(self.places[nxt], self.places[goal])
                    heapq.heappush(queue, (paid + ahead, paid, flown + long, (*trail, nxt)))
        return None

    def _key(self, node: Node, flown: float) -> tuple[Node, int]:
        return node, int(flown / self.plan.speed_m_s / BUCKET_S)

    def _met(self, index: Index[str], a: Node, b: Node, flown: float) -> bool:
        """Whether the leg that ends after so many metres meets anyone."""
        long = metres(self.places[a], self.places[b])
        after = self.plan.height_m / self.plan.climb_m_s + (flown - long) / self.plan.speed_m_s
        return bool(index.meeting([self._leg(a, b, after, long)]))

    def _next(self, node: tuple[int, int]) -> Iterator[tuple[tuple[int, int], float]]:
        for move in MOVES:
            nxt = node[0] + move[0], node[1] + move[1]
            if nxt in self.weight:
                yield nxt, metres(self.places[node], self.places[nxt])

    def _leg(self, a: tuple[int, int], b: tuple[int, int], after_s: float, long: float) -> Volume:
        plan = self.plan
        level, at = plan.ground_m + plan.height_m, plan.start_s + after_s
        shape = strip(self.places[a], self.places[b], plan.half_width_m)
        return Volume(shape, level - plan.half_height_m, level + plan.half_height_m, at - plan.spare_s,
                      at + long / plan.speed_m_s + plan.spare_s)  # fmt: skip


def _corners(trail: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Nodes at which the direction changes, and both ends."""
    kept = [trail[0]]
    for a, b, c in zip(trail, trail[1:], trail[2:], strict=False):
        if (b[0] - a[0], b[1] - a[1]) != (c[0] - b[0], c[1] - b[1]):
            kept.append(b)
    return [*kept, trail[-1]]
