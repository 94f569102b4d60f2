"""Fragments that wait for the rest of their bundle, at its destination.

Only the whole can be authenticated, so these are anybody's: they have a small room and lifetime of their own,
take none of that of bundles, and are known by their bytes alone for as long as they are here. Where room ends
the oldest go: who would crowd out honest ones must send as much as all of it between their first and last.
Rivals of one place are all kept, as nobody can say whose bytes are right before the whole is verified.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from rabta.security.bundles.codec import decode, records
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.bundles.store import replay
from rabta.security.bundles.store.quota import NORMAL, Dropped, Quota, noted
from rabta.security.core import Rejected

LIFETIME_S = 86_400.0
MOST_OF_ONE = 4096
MOST_TRIES, LEAST_TRIES, TRIED_BYTES, TRIED_PARTS = 64, 4, 1 << 28, 1 << 14
Chain = tuple[int, "Chain"] | None  # of the last fragment's number and those before


class Span(NamedTuple):
    """A fragment: its number here, where it begins in the whole payload and where it ends."""

    number: int
    start: int
    end: int


def whole_of(bundle: Bundle) -> bytes:
    """What the fragments of one bundle have in common: a digest of their primary block but for the place."""
    return hashlib.sha256(bundle.primary.change(offset=0, crc=0).raw).digest()


def keep(base: sqlite3.Connection, quota: Quota, bundle: Bundle, now: float, left: float) -> list[Dropped]:
    """Keep a fragment within a transaction; the older ones that had to go for it.

    Parameters
    ----------
    now, left : float
        Elapsed seconds of the node, and seconds that the bundle may still live.

    Raises
    ------
    Rejected
        With ``"replay"`` where it is here or the authenticated whole was, or ``"limit"``.
    """
    raw, whole, start = bundle.raw, whole_of(bundle), bundle.primary.offset
    if len(raw) > quota.parts_bytes or bundle.primary.total > quota.parts_bytes:
        raise Rejected("limit", f"a fragment of more than {quota.parts_bytes} bytes")
    if replay.seen(base, bundle.primary):
        raise Rejected("replay", "a fragment of a bundle that was here before")
    digest, expires = replay.digest(bundle), now + min(left, LIFETIME_S)
    twin = base.execute("SELECT id, raw FROM parts WHERE digest = ?", (digest,)).fetchone()
    if twin is not None:
        if (decode(twin[1]).age or 0) <= (bundle.age or 0):
            raise Rejected("replay", "a fragment that is here already")
        base.execute("DELETE FROM parts WHERE id = ?", twin[:1])  # made older than it is, to end it early
    base.execute(
        "INSERT INTO parts (whole, digest, start, stop, raw, size, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (whole, digest, start, start + len(bundle.payload), raw, len(raw), expires),
    )
    return _room(base, quota, whole)


def _room(base: sqlite3.Connection, quota: Quota, whole: bytes) -> list[Dropped]:
    """Drop the oldest until those of one bundle, and all, are no more than they may be."""
    gone = []
    (count,) = base.execute("SELECT count(*) FROM parts WHERE whole = ?", (whole,)).fetchone()
    if count > MOST_OF_ONE:
        number, raw = base.execute(
            "SELECT id, raw FROM parts WHERE whole = ? ORDER BY id", (whole,)
        ).fetchone()
        gone.append(_drop(base, number, raw, records.STORAGE))
    used, count = base.execute("SELECT coalesce(sum(size), 0), count(*) FROM parts").fetchone()
    rows = base.execute("SELECT id, raw FROM parts ORDER BY id")
    while used > quota.parts_bytes or count > quota.parts:
        number, raw = rows.fetchone()
        gone.append(_drop(base, number, raw, records.STORAGE))
        used, count = used - len(raw), count - 1
    return gone


def _drop(base: sqlite3.Connection, number: int, raw: bytes, reason: int) -> Dropped:
    base.execute("DELETE FROM parts WHERE id = ?", (number,))
    return replace(noted(base, raw, reason, NORMAL), raw=b"")  # nobody asked for a report of these


def expire(base: sqlite3.Connection, now: float) -> list[Dropped]:
    """Drop those whose time is over."""
    rows = base.execute("SELECT id, raw FROM parts WHERE expires < ?", (now,)).fetchall()
    return [_drop(base, number, raw, records.EXPIRED) for number, raw in rows]


def spans(base: sqlite3.Connection, bundle: Bundle) -> list[Span]:
    """Fragments of the same bundle, newest first."""
    rows = base.execute(
        "SELECT id, start, stop FROM parts WHERE whole = ? ORDER BY id DESC", (whole_of(bundle),)
    )
    return [Span(*row) for row in rows]


def ways(found: list[Span], total: int) -> Iterator[list[int]]:
    """Numbers of fragments that make a whole, newest first: all ways where places have rivals, to a bound.

    The newest of all is in each where others cover its place too: ways without it were tried before it came.
    """
    if not found or not _covered(found, total):
        return
    tries = min(MOST_TRIES, TRIED_BYTES // max(total, 1), TRIED_PARTS // len(found))
    tries = max(LEAST_TRIES, tries)
    after = _after(found, tries)
    stack: list[tuple[int, Chain]] = [(0, None)]
    while stack and tries:
        at, chosen = stack.pop()
        if at == total and chosen:
            tries -= 1
            yield _unlinked(chosen)
            continue
        stack += [(span.end, (span.number, chosen)) for span in reversed(after.get(at, []))]


def _unlinked(chosen: Chain) -> list[int]:
    numbers = []
    while chosen is not None:
        number, chosen = chosen
        numbers.append(number)
    return numbers


def _after(found: list[Span], most: int) -> dict[int, list[Span]]:
    """By each place where one begins or ends, the newest that cover what follows; the very newest alone.

    A place that is full is stepped over from then on, so that the work is in proportion to what is kept.
    """
    places = sorted({place for span in found for place in span[1:]})
    index = {place: at for at, place in enumerate(places)}
    kept: list[list[Span]] = [[] for _ in places]
    onward = list(range(len(places) + 1))  # the next place that is not full

    def open_from(at: int) -> int:
        while onward[at] != at:
            onward[at] = onward[onward[at]]
            at = onward[at]
        return at

    for span in found:
        at = open_from(index[span.start])
        while at < index[span.end]:
            kept[at].append(span)
            if len(kept[at]) == most or span is found[0]:
                onward[at] = at + 1
            at = open_from(at + 1)
    return dict(zip(places, kept, strict=True))


def _covered(found: list[Span], total: int) -> bool:
    at = 0
    for span in sorted(found, key=lambda span: span.start):
        if span.start > at:
            return False
        at = max(at, span.end)
    return at == total
