"""When inter-satellite links carry: exact instants under the limits of their terminals.

A link is up while its ends see each other past the Earth and no limit of the rule of geometry nor of
`rabta.space.network.topology.Laser` is broken. It carries once it has been up for its acquisition time.

Places come from SGP4 at instants of a fixed grid of ten seconds that does not depend on what is asked for;
between them stands the polynomial through six (error below a micrometre in low orbit). What is found is
therefore the same to the last bit however a span is cut. Instants are roots, to a hundredth of a millisecond;
a break shorter than a grid step is found where the margin of its limit leads up to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.space import orbits
from rabta.space.network.geometry import Rule, correct
from rabta.space.network.topology import F8, Laser, Network, features
from rabta.times import julian_date

I8 = NDArray[np.int64]
B1 = NDArray[np.bool_]

GRID_S, NODES = 10, np.arange(-2, 4)
PIECE = 60  # grid instants that are looked at together
HALVINGS = 20  # of ten seconds: a hundredth of a millisecond
GAP_S = 100.0  # instants further apart are looked at one by one
LONGEST_S = 40 * 86_400.0
OTHER_PLANE_RAD = np.radians(1.0)
EARTH_M = 6_378_137.0
STEEPEST = 2.0  # of the fall that the last two grid steps show, for dips between them
SEARCH = 40  # thirds that a dip is narrowed by


@dataclass(frozen=True)
class LinkEvents:
    """Spans in which links carry, by link, then time.

    Attributes
    ----------
    link : ndarray, shape (span,)
        Row of the network's links.
    up_s, down_s : ndarray, shape (span,)
        Seconds from the start; 0 or the whole span where the link carries at the edge.
    """

    link: I8
    up_s: F8
    down_s: F8

    def __len__(self) -> int:
        return len(self.link)


def link_events(
    network: Network, start: np.datetime64, span_s: float, rule: Rule | None = None
) -> LinkEvents:
    """Every span in which each inter-satellite link carries.

    Parameters
    ----------
    start : datetime64
        UTC.
    rule : Rule, optional
        Of geometry; `correct` without it.
    """
    if not 0.0 < span_s <= LONGEST_S:
        expected = f"above 0, at most {LONGEST_S:g}"
        raise RabtaError("span out of range", key="span_s", value=span_s, expected=expected)
    rule = rule or correct()
    zero = float(start.astype("datetime64[ns]").astype(np.int64)) / 1e9
    links, rise, end = _up(network, rule, zero, zero + span_s)
    low, high = np.maximum(rise - zero, 0.0), np.minimum(end - zero, span_s)
    keep = high > low
    order = np.lexsort((low[keep], links[keep]))
    return LinkEvents(links[keep][order], low[keep][order], high[keep][order])


def carrying(network: Network, times: NDArray[np.datetime64], rule: Rule) -> B1:
    """Whether each link carries at some instants, shape (time, link)."""
    seconds = times.astype("datetime64[ns]").astype(np.int64) / 1e9
    out = np.zeros((len(seconds), len(network.edges)), dtype=bool)
    order = np.argsort(seconds, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(seconds[order]) > GAP_S) + 1):
        links, rise, end = _up(network, rule, seconds[rows[0]], seconds[rows[-1]] + 1e-6)
        count = np.zeros((len(rows) + 1, len(network.edges)), dtype=np.int32)
        for edge, step in ((rise, 1), (end, -1)):
            np.add.at(count, (np.searchsorted(seconds[rows], edge), links), step)
        out[rows] = count[:-1].cumsum(axis=0) > 0
    return out


def limited(network: Network) -> bool:
    """True where any system's terminals limit its links."""
    return any(laser != Laser() for laser in network.lasers)


def _up(network: Network, rule: Rule, first: float, last: float) -> tuple[I8, F8, F8]:
    """Links and the spans (seconds since 1970) in which they carry, from before the first instant on."""
    bounds = _Bounds.of(network, rule)
    begin = int(np.floor((first - float(bounds.wait_s.max(initial=0.0))) / GRID_S)) - 1
    end = int(np.ceil(last / GRID_S)) + 1
    count = len(network.edges)
    if not count:
        return np.empty(0, np.int64), np.empty(0), np.empty(0)
    up, links, when = np.zeros(count, dtype=bool), [], []
    for at in range(begin, end, PIECE):
        piece = _Piece.of(network, bounds, at, min(at + PIECE, end))
        if at == begin:
            up = piece.value[:, 1] > 0.0
        link, time = piece.changes()
        links.append(link)
        when.append(time)
    return _spans(up, np.concatenate(links), np.concatenate(when), begin * GRID_S, bounds.wait_s)


def _spans(up: B1, link: I8, when: F8, begin: float, wait_s: F8) -> tuple[I8, F8, F8]:
    """Spans from the instants at which links come and go."""
    first, endless = np.flatnonzero(up), np.arange(len(up))
    order = np.lexsort((when, link))
    link, when = link[order], when[order]
    number = np.arange(len(link)) - np.searchsorted(link, link)
    rises = (number % 2 == 0) != up[link]
    start_link = np.concatenate([first, link[rises]])
    start = np.concatenate([np.full(len(first), -np.inf), when[rises]])
    falls = np.bincount(link, minlength=len(up)) % 2 == 0
    stays = endless[falls == up]
    end_link = np.concatenate([link[~rises], stays])
    end = np.concatenate([when[~rises], np.full(len(stays), np.inf)])
    one, two = np.lexsort((start, start_link)), np.lexsort((end, end_link))
    start_link, start, end = start_link[one], start[one], end[two]
    # a link that is up at the first grid instant has been so for its wait when the first asked-for comes
    start = np.where(np.isinf(start), begin, start) + wait_s[start_link]
    keep = end > start
    return start_link[keep], start[keep], end[keep]


@dataclass(frozen=True)
class _Bounds:
    """Limits by link; ``cross`` where it joins two planes."""

    edges: I8
    wait_s: F8
    longest_m: F8
    latitude: F8
    slew: F8
    sun: F8
    grazing_m: float

    @classmethod
    def of(cls, network: Network, rule: Rule) -> _Bounds:
        """Limits of a network's links; of two systems the stricter."""
        lasers = network.lasers if rule.lasers and network.lasers else (Laser(),) * len(network.systems)
        system = network.system[network.edges]
        columns = [
            np.array([getattr(laser, name) for laser in lasers], dtype=np.float64)[system]
            for name in ("acquisition_s", "max_km", "polar_cutoff_deg", "slew_deg_s", "sun_deg")
        ]
        wait, longest, latitude, slew, sun = columns
        normal = features(network.elements)[:, 3:]
        turn = np.einsum("ei,ei->e", *(normal[network.edges[:, i]] for i in (0, 1)))
        cross = turn < np.cos(OTHER_PLANE_RAD)
        return cls(
            network.edges,
            wait.max(axis=1),
            np.minimum(longest.min(axis=1) * 1e3, rule.laser_m),
            np.where(cross, np.radians(latitude.min(axis=1)), np.pi),
            np.radians(slew.min(axis=1)),
            np.radians(sun.max(axis=1)),
            rule.grazing_m,
        )

    def margin(self, rows: I8, here: F8, there: F8, speeds: tuple[F8, F8], sun: F8) -> F8:
        """By how much links hold, in units of each limit's own; below zero where one is broken.

        Parameters
        ----------
        rows : ndarray, shape (link,)
        here, there : ndarray, shape (link, ..., 3)
            Places of the ends (m).
        speeds : tuple of ndarray, shape (link, ..., 3)
            Their velocities (m/s).
        sun : ndarray, shape (..., 3)
            Direction of the Sun.
        """
        extra = (1,) * (here.ndim - 2)
        longest, latitude, slew, keep = (
            a[rows].reshape(-1, *extra) for a in (self.longest_m, self.latitude, self.slew, self.sun)
        )
        way = there - here
        length = np.linalg.norm(way, axis=-1)
        out = np.where(np.isfinite(longest), (longest - length) / 1e6, 1.0)
        if self.grazing_m > 0.0:
            out = np.minimum(out, (_clearance_m(here, way, length) - self.grazing_m) / 1e6)
        if (latitude < np.pi / 2).any():
            top = np.maximum(_latitude(here), _latitude(there))
            out = np.minimum(out, latitude - top)
        if np.isfinite(slew).any():
            turn = np.maximum(
                *(_turn(*ends) for ends in ((here, there, *speeds), (there, here, *speeds[::-1])))
            )
            out = np.minimum(out, np.where(np.isfinite(slew), (slew - turn) * 1e2, 1.0))
        if (keep > 0.0).any():
            glare = np.minimum(_glare(here, way, length, sun, keep), _glare(there, -way, length, sun, keep))
            out = np.minimum(out, np.where(keep > 0.0, glare, 1.0))
        return np.where(np.isfinite(out), out, -1.0)


def _clearance_m(here: F8, way: F8, length: F8) -> F8:
    """Least distance of a link from the Earth's centre."""
    along = -np.einsum("...i,...i->...", here, way) / np.maximum(length, 1e-3) ** 2
    foot = here + np.clip(along, 0.0, 1.0)[..., None] * way
    return np.asarray(np.linalg.norm(foot, axis=-1))


def _latitude(place: F8) -> F8:
    """Geocentric latitude without sign (rad)."""
    return np.asarray(np.abs(np.arctan2(place[..., 2], np.hypot(place[..., 0], place[..., 1]))))


def _turn(here: F8, there: F8, speed: F8, other: F8) -> F8:
    """Rate (rad/s) at which the direction to another satellite turns in a body frame that looks at the nadir.

    The frame turns with the orbit, at ``r x v / r^2``.
    """
    way = there - here
    length = np.linalg.norm(way, axis=-1, keepdims=True)
    unit = way / np.maximum(length, 1e-3)
    pull = (other - speed) / np.maximum(length, 1e-3)
    rate = pull - unit * np.einsum("...i,...i->...", pull, unit)[..., None]
    spin = np.cross(here, speed) / np.einsum("...i,...i->...", here, here)[..., None]
    return np.asarray(np.linalg.norm(rate - np.cross(spin, unit), axis=-1))


def _glare(here: F8, way: F8, length: F8, sun: F8, keep: F8) -> F8:
    """Angle between a receiver's view and the Sun over the least (rad); more in the Earth's shadow."""
    angle = np.arccos(
        np.clip(np.einsum("...i,...i->...", way, np.broadcast_to(sun, way.shape)) / length, -1, 1)
    )
    toward = np.einsum("...i,...i->...", here, np.broadcast_to(sun, here.shape))
    side = np.sqrt(np.maximum(np.einsum("...i,...i->...", here, here) - toward**2, 0.0))
    shade = np.where(toward < 0.0, (EARTH_M - side) / 1e6, -np.hypot(toward, EARTH_M) / 1e6)
    return np.asarray(np.maximum(angle - keep, shade))


def sun_direction(seconds: F8) -> F8:
    """Direction of the Sun in the frame of date, shape (time, 3), to 0.01 degrees.

    Source: Astronomical Almanac, low-precision formulas for the Sun (section C).

    Parameters
    ----------
    seconds : ndarray, shape (time,)
        UTC, seconds since 1970.
    """
    days = seconds / 86_400.0 + 2_440_587.5 - 2_451_545.0
    mean = np.radians(357.528 + 0.985_600_3 * days)
    longitude = np.radians(280.460 + 0.985_647_4 * days + 1.915 * np.sin(mean) + 0.020 * np.sin(2 * mean))
    tilt = np.radians(23.439 - 4e-7 * days)
    return np.stack(
        [np.cos(longitude), np.cos(tilt) * np.sin(longitude), np.sin(tilt) * np.sin(longitude)], axis=-1
    )


def _weights(part: F8) -> tuple[F8, F8]:
    """Weights of six instants for the place at a part of a grid step, and for its rate a second."""
    gap = part[..., None] - NODES
    value, rate = np.ones(gap.shape), np.zeros(gap.shape)
    for j, node in enumerate(NODES):
        for k, other in enumerate(NODES):
            if k == j:
                continue
            rate[..., j] = (rate[..., j] * gap[..., k] + value[..., j]) / (node - other)
            value[..., j] = value[..., j] * gap[..., k] / (node - other)
    return value, rate / GRID_S


@dataclass(frozen=True)
class _Piece:
    """Some steps of the grid: places at its instants, and how links hold at them.

    ``value`` has an instant more at either side, ``nodes_m`` three more.
    """

    bounds: _Bounds
    first: int
    nodes_m: F8
    value: F8

    @classmethod
    def of(cls, network: Network, bounds: _Bounds, first: int, last: int) -> _Piece:
        """Steps from one grid instant to another."""
        steps = np.arange(first - 3, last + 5)
        day, part = julian_date((steps * GRID_S).astype("datetime64[s]").astype("datetime64[ns]"))
        nodes, codes = orbits.states_at(network.orbits, day, part, np.zeros(len(steps)))
        nodes = np.moveaxis(np.where(codes[:, None] == 0, nodes, np.nan), 1, 2)
        count = last - first + 3
        _, rate = _weights(np.zeros(1))
        speed = sum(rate[0, j] * nodes[:, j : j + count] for j in range(len(NODES)))
        place, sun = (
            nodes[:, 2 : 2 + count],
            sun_direction(np.arange(first - 1, last + 2, dtype=np.float64) * GRID_S),
        )
        a, b = bounds.edges.T
        rows = np.arange(len(bounds.edges))
        return cls(bounds, first, nodes, bounds.margin(rows, place[a], place[b], (speed[a], speed[b]), sun))

    def at(self, rows: I8, step: I8, part: F8) -> F8:
        """Margins of links at parts (0 to 1) of the steps after grid instants."""
        value, rate = (weight[:, :, None] for weight in _weights(part))
        take = (step - self.first)[:, None] + 1 + np.arange(len(NODES))
        ends = [self.nodes_m[end[:, None], take] for end in self.bounds.edges[rows].T]
        here, there = ((value * nodes).sum(axis=1) for nodes in ends)
        speeds = [(rate * nodes).sum(axis=1) for nodes in ends]
        sun = sun_direction((step.astype(np.float64) + part) * GRID_S)
        return self.bounds.margin(rows, here, there, (speeds[0], speeds[1]), sun)

    def changes(self) -> tuple[I8, F8]:
        """Links, and the instants (s) at which they come or go."""
        found = list(self._brackets())
        rows, step, low, high = (np.concatenate(part) for part in zip(*found, strict=True))
        inside = self.at(rows, step, low) > 0.0
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            same = (self.at(rows, step, middle) > 0.0) == inside
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return rows, (step + high) * float(GRID_S)

    def _brackets(self) -> Iterator[tuple[I8, I8, F8, F8]]:
        """Steps and parts of them between which a link comes or goes: signs that differ, then short dips."""
        up = self.value[:, 1:-1] > 0.0
        rows, at = np.nonzero(up[:, 1:] != up[:, :-1])
        yield rows, at + self.first, np.zeros(len(rows)), np.ones(len(rows))
        for sign in (1.0, -1.0):
            rows, at, part = self._dips(sign)
            yield rows, at + self.first, np.zeros(len(rows)), part
            yield rows, at + self.first, part, np.ones(len(rows))

    def _dips(self, sign: float) -> tuple[I8, I8, F8]:
        """Where a margin of one sign at both ends of a step has the other in between."""
        value = sign * self.value
        near = np.minimum(value[:, 2:-1], value[:, 1:-2])
        fall = np.abs(np.diff(value, axis=1))
        fall = np.maximum(fall[:, 1:-1], np.maximum(fall[:, 2:], fall[:, :-2]))
        rows, at = np.nonzero((near > 0.0) & (near < STEEPEST * fall))
        low, high = np.zeros(len(rows)), np.ones(len(rows))
        for _ in range(SEARCH if len(rows) else 0):
            first, second = low + (high - low) / 3.0, high - (high - low) / 3.0
            left = self._signed(sign, rows, at, first) < self._signed(sign, rows, at, second)
            low, high = np.where(left, low, first), np.where(left, second, high)
        part = 0.5 * (low + high)
        keep = self._signed(sign, rows, at, part) <= 0.0
        return rows[keep], at[keep], part[keep]

    def _signed(self, sign: float, rows: I8, at: I8, part: F8) -> F8:
        return np.asarray(sign * self.at(rows, at + self.first, part))
