"""The course of a network of named hosts: the twin's ways to the millisecond, and each host's access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rabta.emulate.engine.course import CLOSEST_NS, PIECE, Course
from rabta.errors import RabtaError
from rabta.transport.routes.along import round_trips_ms
from rabta.transport.routes.changes import Stretch, Watch

Array = NDArray[np.float64]
Loss = tuple[float, float, float, float]

STEP_S = 1.0  # between chords of a delay: a satellite's path bends by at most 0.1 us meanwhile
OUTAGE_NS = -1.0
NONE: Loss = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Access:
    """How a host reaches the network.

    Attributes
    ----------
    up_bps, down_bps : ndarray, shape (change, 2)
        From when on (s), rate (bit/s; 0 for unlimited).
    queue_s : float
        How long a packet may wait in each queue at most; two packets find room at any rate.
    overhead_bytes : int
        What a packet takes beyond its own bytes.
    loss : tuple of float
        Chance of loss in the good state and in the bad, chance a packet of turning bad and of turning good;
        of what the host receives.
    gap_s : float
        Outage whenever the satellite at this host changes.
    jitter_s, frame_s : float
        Largest extra delay, and frame of what arrives here.
    """

    up_bps: Array = field(default_factory=lambda: np.zeros((1, 2)))
    down_bps: Array = field(default_factory=lambda: np.zeros((1, 2)))
    queue_s: float = 0.1
    overhead_bytes: int = 0
    loss: Loss = NONE
    gap_s: float = 0.0
    jitter_s: float = 0.0
    frame_s: float = 0.0


def pieces(
    watch: Watch,
    *,
    gaps_s: tuple[float, float] = (0.0, 0.0),
    loss: Loss = NONE,
    stretches: Sequence[Stretch] | None = None,
) -> Array:
    """One-way delay between a watch's two ends as pieces of a path, shape (piece, 7).

    Parameters
    ----------
    stretches : sequence of Stretch, optional
        Those of the watch that count; all if left out.
    gaps_s : tuple of float
        Outage after a change of the satellite at the first end, and at the second.
    """
    rows: list[Array] = []
    before: Stretch | None = None
    chosen = watch.stretches() if stretches is None else stretches
    for stretch in chosen:
        rows.append(_legs(watch, stretch, _gap(before, stretch, watch.graph.network.size, gaps_s)))
        before = stretch
    found: Array = np.concatenate(rows)
    keep = np.append(np.diff(found[:, 0]) >= CLOSEST_NS, True)
    found = found[keep]  # of changes within two milliseconds the last counts
    found[0, 0] = 1e9 * chosen[0].start_s
    found[:, 3:] = loss
    return np.asarray(found)


def cut(way: Array, outages: Sequence[tuple[float, float]]) -> Array:
    """Pieces of a way that is out from one second to another, and goes on as it would have.

    Examples
    --------
    >>> way = np.array([[0.0, 5e6, 0, 0, 0, 0, 0]])
    >>> cut(way, [(2.0, 3.0)])[:, :2].tolist()
    [[0.0, 5000000.0], [2000000000.0, -1.0], [3000000000.0, 5000000.0]]
    """
    for begin, end in outages:
        first, last = begin * 1e9, end * 1e9
        # of changes within two milliseconds the last counts
        at = max(int(np.searchsorted(way[:, 0], last + CLOSEST_NS, side="right")) - 1, 0)
        after = way[at].copy()
        if after[1] >= 0.0:
            after[1] += after[2] * (last - after[0])
        after[0] = last
        out = np.array([[first, OUTAGE_NS, 0.0, *NONE]])
        before = way[(way[:, 0] <= first - CLOSEST_NS) & (way[:, 0] < first)]
        way = np.concatenate([before, out, after[None], way[way[:, 0] > last + CLOSEST_NS]])
    return way


def _gap(before: Stretch | None, now: Stretch, satellites: int, gaps_s: tuple[float, float]) -> float:
    """Outage at the beginning of a stretch."""
    if before is None or not before.nodes or not now.nodes:
        return 0.0
    gap = 0.0
    for end, own in ((1, gaps_s[0]), (-2, gaps_s[1])):
        old, new = before.nodes[end], now.nodes[end]
        if old != new and min(old, new) < satellites:
            gap = max(gap, own)
    return gap


def _legs(watch: Watch, stretch: Stretch, gap_s: float) -> Array:
    """Chords of a stretch's delay, after an outage."""
    start, end = stretch.start_s, stretch.end_s
    if not stretch.nodes:
        return np.array([[start * 1e9, OUTAGE_NS, 0.0, *NONE]])
    begin = min(start + gap_s, end)
    times = np.linspace(begin, end, max(int(np.ceil((end - begin) / STEP_S)), 1) + 1)
    delay = 0.5e6 * round_trips_ms(watch, stretch, times)
    rows = np.zeros((len(times) - 1, PIECE))
    rows[:, 0], rows[:, 1] = times[:-1] * 1e9, delay[:-1]
    span = np.diff(times) * 1e9
    rows[:, 2] = np.divide(np.diff(delay), span, out=np.zeros_like(span), where=span > 0.0)
    if gap_s > 0.0:
        rows = np.concatenate([[[start * 1e9, OUTAGE_NS, 0.0, *NONE]], rows])
    return rows


def course(hosts: Mapping[str, Access], ways: Mapping[tuple[str, str], Array], length_s: float) -> Course:
    """Join hosts and the ways between them.

    Parameters
    ----------
    hosts : mapping of str to Access
    ways : mapping of (str, str) to ndarray
        `pieces` from one host to another; the way back is the same unless it is given.
    """
    names = tuple(hosts)
    row = {name: k for k, name in enumerate(names)}
    both = dict(ways)
    for (a, b), way in ways.items():
        both.setdefault((b, a), way)
    for name in {name for pair in both for name in pair} - set(names):
        raise RabtaError("a way to no host", key="hosts", value=name, expected=", ".join(names))
    ends = np.array([(row[a], row[b]) for a, b in both], dtype=np.int64).reshape(-1, 2)
    parts = [_received(way, hosts[b].loss) for (_, b), way in both.items()]
    gates = tuple(f"{name} {way}" for name in names for way in ("up", "down"))
    rates = [access for host in hosts.values() for access in (host.up_bps, host.down_bps)]
    return Course(
        names, ends, _first(parts), np.concatenate(parts),
        np.array([1e9 * hosts[b].jitter_s for _, b in both]),
        np.array([1e9 * hosts[b].frame_s for _, b in both]),
        gates, _first(rates), np.concatenate(rates) * (1e9, 1.0),
        np.repeat([1e9 * host.queue_s for host in hosts.values()], 2),
        np.repeat([float(host.overhead_bytes) for host in hosts.values()], 2),
        2 * ends[:, 0], 2 * ends[:, 1] + 1, round(length_s * 1e9),
    )  # fmt: skip


def _received(way: Array, loss: Loss) -> Array:
    """Way into a host whose access loses packets too: the greater of each chance."""
    out = way.copy()
    out[:, 3:] = np.maximum(out[:, 3:], loss)
    return out


def _first(parts: Sequence[Array]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
