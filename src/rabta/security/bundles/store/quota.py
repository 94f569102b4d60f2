"""Room in the store: what goes first when there is none, and that it is told."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from rabta.security.bundles.codec import decode, records
from rabta.security.bundles.store import replay
from rabta.security.core import Rejected

BULK, NORMAL, EXPEDITED = 0, 1, 2
MOST_NOTED = 100_000


@dataclass(frozen=True)
class Quota:
    """Most that a store holds.

    Attributes
    ----------
    bytes : int
        Sum of the bundles' lengths.
    bundles : int
        How many.
    reserved : float
        Share of the bytes that only bundles for this node and expedited ones may use.
    parts_bytes, parts : int
        Bytes and number of fragments for this node, beside all others: nothing authenticates them.
    """

    bytes: int = 1 << 30
    bundles: int = 1_000_000
    reserved: float = 0.1
    parts_bytes: int = 1 << 27
    parts: int = 65_536


@dataclass(frozen=True)
class Dropped:
    """A bundle that had to go: its identifier as text, the reason of RFC 9171's registry, its priority."""

    identifier: str
    reason: int
    priority: int
    raw: bytes = b""


def make_room(base: sqlite3.Connection, quota: Quota, size: int, priority: int, ours: bool) -> list[Dropped]:
    """Drop bundles of lower priority, those that expire first, until one more fits; within a transaction.

    Raises
    ------
    Rejected
        With ``"limit"`` where what may be dropped is not enough; the caller's transaction then drops nothing.
    """
    most = quota.bytes if ours or priority >= EXPEDITED else int(quota.bytes * (1 - quota.reserved))
    used, count = base.execute("SELECT coalesce(sum(size), 0), count(*) FROM bundles").fetchone()
    gone: list[Dropped] = []
    rows = base.execute(
        "SELECT id, size, priority, raw FROM bundles WHERE priority < ? AND here = 0"
        " ORDER BY priority, expires",
        (priority,),
    )
    while used + size > most or count + 1 > quota.bundles:
        row = rows.fetchone()
        if row is None:
            raise Rejected("limit", f"no room for {size} bytes of priority {priority} in the store")
        gone.append(drop(base, row[0], row[3], records.STORAGE, row[2]))
        used, count = used - row[1], count - 1
    return gone


def drop(base: sqlite3.Connection, number: int, raw: bytes, reason: int, priority: int) -> Dropped:
    """Delete a bundle and write down that it was."""
    base.execute("DELETE FROM bundles WHERE id = ?", (number,))
    replay.unhear(base, decode(raw))
    return noted(base, raw, reason, priority)


def noted(base: sqlite3.Connection, raw: bytes, reason: int, priority: int) -> Dropped:
    """Write down what was dropped; the newest `MOST_NOTED` are kept."""
    identifier = " ".join(map(str, decode(raw).primary.identifier))
    number = base.execute(
        "INSERT INTO dropped (identifier, reason, priority) VALUES (?, ?, ?)", (identifier, reason, priority)
    ).lastrowid
    base.execute("DELETE FROM dropped WHERE id <= ?", ((number or 0) - MOST_NOTED,))
    return Dropped(identifier, reason, priority, raw)
