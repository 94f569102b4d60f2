"""Windows of visibility less the times at which a satellite stands too near to the geostationary arc.

The angle to the arc comes from `rabta.space.network.gso.separation_deg`, exact at an instant. Places between
instants five seconds apart come from a cubic through SGP4's places and rates (r'''' h^4 / 384, below a
millimetre in low orbit). Edges are roots to a hundredth of a millisecond; a satellite that is too near for
less than the time between two instants is found where the angle has its least value there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.space import orbits as motion
from rabta.space.network.gso import separation_deg
from rabta.space.orbits import Orbits
from rabta.transport.routes.graph import F8

I8 = NDArray[np.int64]
STEP_S = 5.0
GROUP = 64  # windows that are looked at together
SEARCH, HALVINGS = 30, 20
NEAR = 2.0  # times the change over a step: a least value further from the limit does not reach it


def apart(
    orbits: Orbits,
    site: tuple[F8, F8],
    start: np.datetime64,
    windows: tuple[I8, F8, F8],
    keep_deg: F8,
) -> tuple[I8, F8, F8]:
    """Parts of windows in which satellites keep from the arc.

    Parameters
    ----------
    site : tuple of ndarray, shape (3,)
        Earth-fixed position and vertical.
    windows : tuple of ndarray, shape (window,)
        Rows of the satellites, rise and set in seconds from the start.
    keep_deg : ndarray, shape (satellite,)
        Least angle; 0 for none.
    """
    satellite, rise, sets = windows
    asked = (keep_deg[satellite] > 0.0) & (sets > rise)
    rows = np.flatnonzero(asked)[np.argsort(rise[asked], kind="stable")]
    parts = [(satellite[~asked], rise[~asked], sets[~asked])]
    for some in (rows[at : at + GROUP] for at in range(0, len(rows), GROUP)):
        path = _Path.of(orbits, satellite[some], site, start, (rise[some], sets[some]), keep_deg)
        for row, (window, edges) in enumerate(zip(some, path.edges(rise[some], sets[some]), strict=True)):
            middle = 0.5 * (edges[1:] + edges[:-1])
            good = path.margin(np.full(len(middle), row), middle) >= 0.0
            parts.append((np.full(good.sum(), satellite[window]), edges[:-1][good], edges[1:][good]))
    found = [np.concatenate([part[i] for part in parts]) for i in range(3)]
    return found[0].astype(np.int64), found[1], found[2]


def outside(windows: tuple[I8, F8, F8], begin_s: float, end_s: float) -> tuple[I8, F8, F8]:
    """Parts of windows before and after a time.

    Examples
    --------
    >>> rows, rise, sets = outside((np.array([7]), np.array([0.0]), np.array([10.0])), 4.0, 6.0)
    >>> rows.tolist(), rise.tolist(), sets.tolist()
    ([7, 7], [0.0, 6.0], [4.0, 10.0])
    """
    satellite, rise, sets = windows
    parts = [(rise, np.minimum(sets, begin_s)), (np.maximum(rise, end_s), sets)]
    keep = [first < last for first, last in parts]
    return (
        np.concatenate([satellite[k] for k in keep]),
        np.concatenate([first[k] for (first, _), k in zip(parts, keep, strict=True)]),
        np.concatenate([last[k] for (_, last), k in zip(parts, keep, strict=True)]),
    )


@dataclass(frozen=True)
class _Path:
    """Places (m) and rates (m/s) of satellites at instants of a grid, shape (satellite, instant, 3)."""

    first_s: float
    place: F8
    rate: F8
    site: tuple[F8, F8]
    keep: F8

    @classmethod
    def of(
        cls,
        orbits: Orbits,
        rows: I8,
        site: tuple[F8, F8],
        start: np.datetime64,
        span_s: tuple[F8, F8],
        keep_deg: F8,
    ) -> _Path:
        """From before the first rise to after the last set."""
        first = float(np.floor(span_s[0].min() / STEP_S) - 1.0) * STEP_S
        count = int(np.ceil((float(span_s[1].max()) - first) / STEP_S)) + 3
        offset = ((first + np.arange(count) * STEP_S) * 1e9).round().astype("timedelta64[ns]")
        states, codes = motion.states(orbits[rows], start + offset, velocity=True)
        states = np.moveaxis(np.where(codes[:, None] == 0, states, np.nan), 1, -1)
        return cls(first, states[..., :3], states[..., 3:], site, keep_deg[rows])

    def margin(self, row: I8, time_s: F8) -> F8:
        """Angle above the least (degrees), of a satellite at an instant each."""
        at = (time_s - self.first_s) / STEP_S
        low = np.clip(np.floor(at).astype(np.int64), 0, self.place.shape[1] - 2)
        u = (at - low)[:, None]
        one, two = self.place[row, low], self.place[row, low + 1]
        going, coming = STEP_S * self.rate[row, low], STEP_S * self.rate[row, low + 1]
        here = (
            one * (1.0 + 2.0 * u) * (1.0 - u) ** 2
            + going * u * (1.0 - u) ** 2
            + two * u**2 * (3.0 - 2.0 * u)
            + coming * u**2 * (u - 1.0)
        )
        return np.asarray(self._angle(here) - self.keep[row])

    def _angle(self, place: F8) -> F8:
        found = separation_deg(self.site[0][None], self.site[1][None], place)[0]
        return np.asarray(np.nan_to_num(found, nan=-1.0, posinf=360.0), dtype=np.float64)

    def edges(self, rise_s: F8, set_s: F8) -> list[F8]:
        """Rise, the instants at which the angle passes its least, and set, of every satellite."""
        rows, low, high = self._brackets()
        inside = self.margin(rows, low) >= 0.0
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            same = (self.margin(rows, middle) >= 0.0) == inside
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        out = []
        for row, (rise, sets) in enumerate(zip(rise_s, set_s, strict=True)):
            mine = np.sort(high[rows == row])
            out.append(np.concatenate([[rise], mine[(mine > rise) & (mine < sets)], [sets]]))
        return out

    def _brackets(self) -> tuple[I8, F8, F8]:
        """Satellites, and two instants with one root between them."""
        many, count = self.place.shape[:2]
        value = self._angle(self.place.reshape(-1, 3)).reshape(many, count) - self.keep[:, None]
        one, at = np.nonzero((value[:, 1:] >= 0.0) != (value[:, :-1] >= 0.0))
        time = self.first_s + at * STEP_S
        parts = [(one.astype(np.int64), time, time + STEP_S)]
        for sign in (1.0, -1.0):
            rows, first, least, last = self._dips(sign, sign * value)
            parts += [(rows, first, least), (rows, least, last)]
        found = [np.concatenate([part[i] for part in parts]) for i in range(3)]
        return found[0].astype(np.int64), found[1].astype(np.float64), found[2].astype(np.float64)

    def _dips(self, sign: float, value: F8) -> tuple[I8, F8, F8, F8]:
        """Where a value has one sign at three instants and the other in between: first, least, last."""
        before, here, after = value[:, :-2], value[:, 1:-1], value[:, 2:]
        change = np.maximum(np.abs(here - before), np.abs(after - here))
        low = (here > 0.0) & (before > 0.0) & (after > 0.0) & (here < NEAR * change)
        rows, at = np.nonzero(low & (here <= before) & (here < after))
        first = np.asarray(self.first_s + at * STEP_S, dtype=np.float64)
        left, right = first, first + 2.0 * STEP_S
        for _ in range(SEARCH):
            one, two = left + (right - left) / 3.0, right - (right - left) / 3.0
            less = sign * self.margin(rows, one) < sign * self.margin(rows, two)
            left, right = np.where(less, left, one), np.where(less, two, right)
        least = 0.5 * (left + right)
        keep = sign * self.margin(rows, least) < 0.0
        return rows[keep].astype(np.int64), first[keep], least[keep], (first + 2.0 * STEP_S)[keep]
