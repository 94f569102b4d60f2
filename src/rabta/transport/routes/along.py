"""The round trip of a way while it holds: satellites move, what lies on the ground does not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rabta.space import orbits
from rabta.transport.latency import ALLOWANCE_MS
from rabta.transport.routes import joined
from rabta.transport.routes.changes import Stretch, Watch
from rabta.transport.routes.graph import F8
from rabta.transport.routes.search import METRES_PER_MS, round_trip_ms


def round_trips_ms(watch: Watch, stretch: Stretch, times_s: F8) -> F8:
    """Round trips of a stretch's way, ms, shape (time,).

    Parameters
    ----------
    times_s : ndarray, shape (time,)
        Seconds from the start of the watch, inside the stretch.

    Notes
    -----
    Platforms stand where they were at the stretch's begin.
    """
    if not stretch.nodes:
        return np.full(len(times_s), np.nan)
    when = np.concatenate([[stretch.start_s], times_s])
    length = _flown_m(watch, stretch, when)
    whole = (stretch.first_ms - ALLOWANCE_MS) * METRES_PER_MS
    return round_trip_ms(whole + length[1:] - length[0])


def _flown_m(watch: Watch, stretch: Stretch, times_s: F8) -> F8:
    """Length of the hops that have a satellite at an end, shape (time,)."""
    satellites, moving = watch.graph.network.size, len(watch.orbits)
    rows = np.array(sorted({n for n in stretch.nodes if n < moving}), dtype=np.int64)
    instants = watch.start + np.round(times_s * 1e9).astype("timedelta64[ns]")
    flown = orbits.states(watch.orbits[rows], instants)[0] if rows.size else np.zeros((0, 3, len(times_s)))
    place = {int(n): flown[i].T for i, n in enumerate(rows)}
    fixed = joined.places(watch.tables, np.zeros((1, moving, 3)))[0]
    place |= {n: fixed[n][None] for n in stretch.nodes if moving <= n < satellites}
    sites = {int(n) + satellites: s for s, n in enumerate(watch.graph.sites.node)}
    total = np.zeros(len(times_s))
    for u, v in pairwise(stretch.nodes):
        if min(u, v) < satellites:
            ends = [place[n] if n < satellites else watch.place[sites[n]][None] for n in (u, v)]
            total += np.linalg.norm(ends[0] - ends[1], axis=-1)
    return total
