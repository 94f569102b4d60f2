"""Bundles seen before: what RFC 9171 to 9173 leave open.

A bundle whose source is authenticated is known by source, creation time, sequence number and fragment. An
entry may go only when the bundle it stands for would be refused anyway, whatever any clock says:

* with a creation time, when the lower bound of time (that of the newest witnessed checkpoint, never a clock)
  has passed creation and lifetime: `Times.expired` refuses by the very same bound;
* without one (creation time 0), and for the counters of signers, when the source's floor has passed it: the
  newest `WINDOW` numbers of a source are kept one by one, and whatever is below them is refused as stale.

So a clock that is ten years off neither admits a replay nor blocks an honest bundle. What is not
authenticated, as on relays without keys, must change none of this: such bundles are known by a digest of what
no relay changes, the newest `HEARD` of them, which stops loops and repetitions but proves nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass

from rabta.security.bundles.codec import blocks, scan
from rabta.security.bundles.codec.blocks import Primary
from rabta.security.bundles.codec.bundle import Bundle
from rabta.security.core import Rejected

WINDOW, HEARD = 65_536, 200_000
_SQLITE_MOST = (1 << 63) - 1


@dataclass(frozen=True)
class Seen:
    """What a bundle, or a signer's counter, is known by."""

    source: str
    created: int
    sequence: int
    start: int = 0
    total: int = 0
    until: int = 0


def of_primary(primary: Primary) -> Seen:
    """Entry of a bundle."""
    source, created, sequence, start, total = primary.identifier
    until = created + primary.lifetime if created else 0
    return Seen(source, created, sequence, start, total, until)


def of_signer(identifier: bytes, counter: int) -> Seen:
    """Entry of a signer's counter."""
    return Seen(f"signer:{identifier.hex()}", 0, counter)


def record(base: sqlite3.Connection, entry: Seen) -> None:
    """Keep an entry of an authenticated bundle, within the transaction that accepts it.

    Raises
    ------
    Rejected
        With ``"replay"`` where it is there already, or ``"stale"`` below the source's floor.
    """
    if max(entry.created, entry.sequence, entry.start, entry.total, entry.until) > _SQLITE_MOST:
        raise Rejected("malformed", "a creation time, sequence number or length beyond 63 bits")
    if not entry.created:
        _above_floor(base, entry)
    try:
        base.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?, ?, ?)",
            (entry.source, entry.created, entry.sequence, entry.start, entry.total, entry.until),
        )
    except sqlite3.IntegrityError:
        raise Rejected("replay", "a bundle that was here before") from None
    if not entry.created:
        _raise_floor(base, entry)


def _above_floor(base: sqlite3.Connection, entry: Seen) -> None:
    row = base.execute("SELECT sequence FROM floors WHERE source = ?", (entry.source,)).fetchone()
    if row is not None and entry.sequence < row[0]:
        raise Rejected("stale", "a bundle older than the newest 65,536 of its source")


def _raise_floor(base: sqlite3.Connection, entry: Seen) -> None:
    floor = entry.sequence - WINDOW
    if floor <= 0:
        return
    base.execute(
        "INSERT INTO floors VALUES (?, ?)"
        " ON CONFLICT (source) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
        (entry.source, floor),
    )
    base.execute("DELETE FROM seen WHERE source = ? AND created = 0 AND sequence < ?", (entry.source, floor))


def seen(base: sqlite3.Connection, primary: Primary) -> bool:
    """True of a fragment whose authenticated whole was here."""
    source, created, sequence, start, total = primary.identifier
    if max(created, sequence, start, total) > _SQLITE_MOST:
        raise Rejected("malformed", "a creation time, sequence number or length beyond 63 bits")
    row = base.execute(
        "SELECT 1 FROM seen WHERE source = ? AND created = ? AND sequence = ? AND total = 0",
        (source, created, sequence),
    ).fetchone()
    return row is not None


def digest(bundle: Bundle) -> bytes:
    """Of all that no relay changes: primary block, all other blocks, of the hop count the limit."""
    total = hashlib.sha256(bundle.primary.change(crc=0).raw)
    for block in bundle.blocks:
        data = block.data
        if block.kind in {blocks.AGE, blocks.PREVIOUS_NODE}:
            data = b""
        elif block.kind == blocks.HOPS:
            data = scan.uint((bundle.hops or (0, 0))[0])
        total.update(block.header + scan.bstr(data))
    return total.digest()


def hear(base: sqlite3.Connection, bundle: Bundle) -> None:
    """Keep the digest of a bundle that is not authenticated; one that is there is refused."""
    try:
        number = base.execute("INSERT INTO heard (digest) VALUES (?)", (digest(bundle),)).lastrowid or 0
    except sqlite3.IntegrityError:
        raise Rejected("replay", "a bundle that was here before") from None
    base.execute("DELETE FROM heard WHERE id <= ?", (number - HEARD,))


def forget(base: sqlite3.Connection, lower: int, margin: int) -> int:
    """Let go of entries whose bundles the lower bound of time refuses, past a margin (ms); how many."""
    return base.execute("DELETE FROM seen WHERE until > 0 AND until < ?", (lower - margin,)).rowcount
