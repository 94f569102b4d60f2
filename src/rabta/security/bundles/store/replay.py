"""Bundles seen before: what RFC 9171 to 9173 leave open.

A bundle whose source is authenticated is known by source, creation time, sequence number and fragment. An
entry may go only when the bundle it stands for would be refused anyway, whatever any clock says:

* with a creation time, when the lower bound of time (that of the newest witnessed checkpoint, never a clock)
  has passed creation and lifetime: `Times.expired` refuses by the very same bound;
* without one (creation time 0), and for the counters of signers, when the source's floor has passed it: the
  newest `WINDOW` numbers of a source are kept one by one, and whatever is below them is refused as stale.

So a clock that is ten years off neither admits a replay nor blocks an honest bundle. What is not
authenticated, as on relays without keys, must change none of this: such bundles are known by a digest of what
no relay changes, security included, with hop count and age, the newest `HEARD` of them. This stops loops and
repetitions and proves nothing; nor does it keep out a bundle by a copy that is any worse.
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


def _known(bundle: Bundle, here: bool) -> bytes:
    if here:  # it is delivered once, by whatever way it came
        return hashlib.sha256(bundle.primary.change(crc=0).raw + bundle.payload).digest()
    previous = bundle.first(blocks.PREVIOUS_NODE)  # decides where it does not go
    return hashlib.sha256(digest(bundle) + (previous.data if previous else b"")).digest()


def hear(base: sqlite3.Connection, bundle: Bundle, *, here: bool) -> None:
    """Keep the digest of a bundle that is not authenticated, and what relays make of it.

    On its way, a bundle is refused only if all but age and hop count is that of one which was here, and these
    are no less, as in a loop: who sends a copy that is soon too old, or without its security, gains nothing.

    Raises
    ------
    Rejected
        With ``"replay"``; the one that was here served as well.
    """
    known = _known(bundle, here)
    hops = 0 if here else (bundle.hops or (0, 0))[1]
    age = 0 if here else min(bundle.age or 0, _SQLITE_MOST)
    row = base.execute("SELECT hops, age FROM heard WHERE digest = ?", (known,)).fetchone()
    if row is not None and row[0] <= hops and row[1] <= age:
        raise Rejected("replay", "a bundle that was here before")
    number = base.execute(
        "INSERT OR REPLACE INTO heard (digest, hops, age) VALUES (?, ?, ?)", (known, min(hops, 256), age)
    ).lastrowid
    base.execute("DELETE FROM heard WHERE id <= ?", ((number or 0) - HEARD,))


def unhear(base: sqlite3.Connection, bundle: Bundle) -> None:
    """Forget a bundle that had to go before it went on: it may come again."""
    both = [(_known(bundle, here),) for here in (False, True)]
    base.executemany("DELETE FROM heard WHERE digest = ?", both)


def forget(base: sqlite3.Connection, lower: int, margin: int) -> int:
    """Let go of entries whose bundles the lower bound of time refuses, past a margin (ms); how many."""
    return base.execute("DELETE FROM seen WHERE until > 0 AND until < ?", (lower - margin,)).rowcount
