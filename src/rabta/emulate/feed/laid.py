"""Ways over a whole constellation laid out before packets flow: for users of one server, and some minutes.

The same routes and delays as those that a program beside the engine computes (`rabta.emulate.feed.live`). As
they are known beforehand, packets are recorded and what was felt is compared with what was computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.emulate.feed.sky import F8, Index, Sky, Ways
from rabta.emulate.ways import NONE, OUTAGE_NS
from rabta.errors import RabtaError
from rabta.space import constellations
from rabta.space.network.fleet import network_of
from rabta.space.network.topology import Network

BLOCK = 64  # steps of which places and trees are in memory at once
MOST_PIECES = 2_000_000


@dataclass(frozen=True)
class Laid:
    """Ways of all users to the server, the first site.

    Attributes
    ----------
    pieces : list of ndarray, shape (piece, 7)
        Of each user's path, as of a course.
    changes : ndarray of int, shape (user,)
        Times at which the route became another one.
    rtt_ms : ndarray, shape (user, 3)
        Least, mean and largest round trip at the begin of steps; NaN without any way.
    out_s : ndarray, shape (user,)
        Time without a way.
    """

    pieces: list[F8]
    changes: NDArray[np.int64]
    rtt_ms: F8
    out_s: F8


def network(name: str, start: np.datetime64) -> Network:
    """Satellites and lasers of a constellation of the catalog.

    Raises
    ------
    RabtaError
        Of one that no two users can meet over, as it has no lasers.
    """
    entry = catalog.entry("constellations", name)
    table = constellations.systems([entry])
    if not constellations.load(entry).isl:
        with_lasers = [one for one in catalog.names("constellations")
                       if catalog.entry("constellations", one).data["isl"]]  # fmt: skip
        raise RabtaError("a constellation without lasers", key="--over", value=name,
                         expected=", ".join(with_lasers))  # fmt: skip
    epoch = start.astype("datetime64[us]").item().replace(tzinfo=UTC)
    return network_of(constellations.satellites([entry], epoch), table, start)


def laid(sky: Sky, seconds: float) -> Laid:
    """Lay out the ways of all sites to the first.

    Raises
    ------
    RabtaError
        Where they would be more than `MOST_PIECES`.
    """
    steps, users = int(np.ceil(seconds / sky.step_s)), len(sky.sites.names) - 1
    if steps * users > MOST_PIECES:
        raise RabtaError("too long for so many users", key="--seconds", value=seconds,
                         expected=f"at most {MOST_PIECES // users * sky.step_s:.0f} s")  # fmt: skip
    ways = Ways(sky, goals=1)
    delay, marks = np.empty((2, steps, users)), np.empty((steps, users), dtype=np.uint64)
    for first, count in _blocks(steps):
        part = slice(first, first + count)
        delay[:, part], marks[part] = ways.marked_ns(first, count)
    begin: F8 = np.arange(steps, dtype=np.float64) * (sky.step_s * 1e9)
    up = delay[0] >= 0.0
    both = up[1:] & up[:-1]
    rtt = np.where(up, delay[0] / 5e5, np.nan)
    return Laid(
        [_pieces(begin, delay[:, :, user], sky.step_s * 1e9) for user in range(users)],
        np.asarray(((marks[1:] != marks[:-1]) & both).sum(axis=0)),
        np.stack([_over(rtt, how) for how in (np.nanmin, np.nanmean, np.nanmax)], axis=1),
        np.asarray((~up).sum(axis=0) * sky.step_s),
    )


def _blocks(steps: int) -> Iterator[tuple[int, int]]:
    for first in range(0, steps, BLOCK):
        yield first, min(BLOCK, steps - first)


def _over(rtt: F8, how: object) -> F8:
    """A figure of each user over time; NaN for those who never had a way."""
    assert callable(how)
    return np.array([how(one[np.isfinite(one)]) if np.isfinite(one).any() else np.nan for one in rtt.T])


def _pieces(begin: F8, delay: F8, step_ns: float) -> F8:
    """Pieces of one path from its delays at the begin and end of each step; outages as one piece."""
    rows = np.zeros((begin.size, 7))
    rows[:, 0], rows[:, 3:] = begin, NONE
    out = np.asarray((delay < 0.0).any(axis=0))
    rows[:, 1] = np.where(out, OUTAGE_NS, delay[0])
    rows[:, 2] = np.where(out, 0.0, (delay[1] - delay[0]) / step_ns)
    again: Index = np.flatnonzero(out[1:] & out[:-1]) + 1
    return np.delete(rows, again, axis=0)
