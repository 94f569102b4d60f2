"""Store of a node: a bundle that it said it has is on disk, and is taken once.

What is accepted, what is remembered against replays and the counters go through one transaction of SQLite,
with a write-ahead log and full synchronisation: after a crash at any point, either the bundle is there and
known, or it was never acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rabta.security.bundles.codec import Bundle, decode, records
from rabta.security.bundles.codec.bundle import MOST_BYTES
from rabta.security.bundles.store import files, parts, quota, replay
from rabta.security.bundles.store.quota import Dropped, Quota
from rabta.security.bundles.store.times import Times, elapsed
from rabta.security.core import Rejected

CLOCK_MARGIN = 86_400_000


@dataclass(frozen=True)
class Stored:
    """A bundle in the store.

    Attributes
    ----------
    arrived, expires : float
        Seconds on the node's own elapsed time.
    """

    number: int
    bundle: Bundle
    here: bool
    priority: int
    arrived: float
    expires: float


class Store:
    """One file a node.

    Parameters
    ----------
    path : Path
        SQLite file; made with mode 0600.
    clock : callable
        The node's elapsed seconds.
    """

    def __init__(self, path: Path, room: Quota | None = None, clock: Callable[[], float] = elapsed) -> None:
        self.path, self.quota, self.clock = Path(path), room or Quota(), clock
        self.base = files.connect(self.path)
        self.times = Times(self._number("lower", 0))
        # after a restart of the machine its clock is behind what was written: go on from there
        self._ahead = max(0.0, self._number("last", 0) / 1000 - clock())

    def now(self) -> float:
        """Elapsed seconds that never go back, restarts included, without time while the machine was off."""
        return self.clock() + self._ahead

    def close(self) -> None:
        """Close the file."""
        self.base.close()

    def _number(self, name: str, default: int) -> int:
        row = self.base.execute("SELECT value FROM numbers WHERE name = ?", (name,)).fetchone()
        return default if row is None else int(row[0])

    def _set(self, name: str, value: int) -> None:
        self.base.execute("INSERT OR REPLACE INTO numbers VALUES (?, ?)", (name, value))

    def advance(self, lower: int) -> int:
        """Raise the lower bound of time (DTN, ms) to a witnessed checkpoint's; how many entries went."""
        if lower <= self.times.lower:
            return 0
        with files.transaction(self.base, self.path):
            self._set("lower", lower)
            gone = replay.forget(self.base, lower, CLOCK_MARGIN)
        self.times = Times(lower)
        return gone

    def next_sequence(self) -> int:
        """A sequence number, and counter, that this node never gave out before; on disk when it returns."""
        with files.transaction(self.base, self.path):
            value = self._number("sequence", 0) + 1
            self._set("sequence", value)
        return value

    def accept(
        self,
        bundle: Bundle,
        *,
        here: bool,
        priority: int = quota.NORMAL,
        authentic: bool = False,
        known_by: Sequence[replay.Seen] = (),
        own: bool = False,
        instead_of: Bundle | None = None,
    ) -> list[Dropped]:
        """Keep a bundle; on disk when it returns.

        Parameters
        ----------
        here : bool
            It is for this node.
        authentic : bool
            Its source is authenticated, or it is this node.
        known_by : sequence of Seen
            More that it is known by, as its signer's counter.
        own : bool
            Made by this node, just now.
        instead_of : Bundle, optional
            One of its fragments: they all go in the same transaction.

        Returns
        -------
        list of Dropped
            Bundles of lower priority that had to go for it.

        Raises
        ------
        Rejected
            With ``"replay"``, ``"stale"``, ``"expired"`` or ``"limit"``; nothing is changed then.
        RabtaError
            Where the disk is full.
        """
        left = self.times.remaining(bundle)
        if left < 0:
            raise Rejected("expired", "a bundle past its lifetime")
        raw, now = bundle.raw, self.now()
        if len(raw) > MOST_BYTES:
            raise Rejected("limit", f"a bundle of {len(raw)} bytes where at most {MOST_BYTES} are taken")
        with files.transaction(self.base, self.path):
            self._remember(bundle, authentic or own, known_by)
            if own or not authentic:
                replay.hear(self.base, bundle, here=here)
            if instead_of is not None:
                self._let_go(instead_of)
            gone = quota.make_room(self.base, self.quota, len(raw), priority, here or own)
            self.base.execute(
                "INSERT INTO bundles (raw, destination, here, priority, size, arrived, expires)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (raw, str(bundle.primary.destination), here, priority, len(raw), now, now + left),
            )
            self._set("last", int(now * 1000))
        return gone

    def keep_part(self, bundle: Bundle) -> list[Dropped]:
        """Keep a fragment for this node, on disk when it returns; older ones that had to go.

        Raises
        ------
        Rejected
            With ``"replay"``, ``"expired"`` or ``"limit"``; nothing is changed then.
        RabtaError
            Where the disk is full.
        """
        left, now = self.times.remaining(bundle), self.now()
        if left < 0:
            raise Rejected("expired", "a fragment past its lifetime")
        with files.transaction(self.base, self.path):
            gone = parts.keep(self.base, self.quota, bundle, now, left)
            self._set("last", int(now * 1000))
        return gone

    def wholes(self, part: Bundle) -> Iterator[list[Bundle]]:
        """Sets of fragments that may make the whole bundle that one of them is of; none while some miss."""
        for numbers in parts.ways(parts.spans(self.base, part), part.primary.total):
            marks = ", ".join("?" * len(numbers))
            rows = self.base.execute(f"SELECT raw FROM parts WHERE id IN ({marks})", numbers)  # noqa: S608
            yield [decode(raw) for (raw,) in rows]

    def drop_parts(self, part: Bundle) -> None:
        """Let go of all fragments of a bundle."""
        with files.transaction(self.base, self.path):
            self._let_go(part)

    def _let_go(self, part: Bundle) -> None:
        self.base.execute("DELETE FROM parts WHERE whole = ?", (parts.whole_of(part),))

    def _remember(self, bundle: Bundle, authentic: bool, known_by: Sequence[replay.Seen]) -> None:
        if authentic:
            for entry in (replay.of_primary(bundle.primary), *known_by):
                replay.record(self.base, entry)

    def waiting(self, *, here: bool) -> Iterator[Stored]:
        """Bundles for this node, or those to be forwarded: highest priority and oldest first."""
        rows = self.base.execute(
            "SELECT id, raw, here, priority, arrived, expires FROM bundles WHERE here = ?"
            " ORDER BY priority DESC, id",
            (here,),
        ).fetchall()
        for number, raw, mine, priority, arrived, expires in rows:
            yield Stored(number, decode(raw), bool(mine), priority, arrived, expires)

    def done(self, number: int) -> None:
        """Let go of a bundle that was forwarded and acknowledged, or delivered."""
        with files.transaction(self.base, self.path):
            self.base.execute("DELETE FROM bundles WHERE id = ?", (number,))

    def refuse(self, number: int, reason: int) -> Dropped:
        """Drop a bundle that cannot go on, and write down why."""
        with files.transaction(self.base, self.path):
            raw, priority = self.base.execute(
                "SELECT raw, priority FROM bundles WHERE id = ?", (number,)
            ).fetchone()
            return quota.drop(self.base, number, raw, reason, priority)

    def expire(self) -> list[Dropped]:
        """Drop what has outlived its lifetime on the node's own elapsed time."""
        now = self.now()
        with files.transaction(self.base, self.path):
            rows = self.base.execute(
                "SELECT id, raw, priority FROM bundles WHERE expires < ?", (now,)
            ).fetchall()
            gone = [quota.drop(self.base, number, raw, records.EXPIRED, rank) for number, raw, rank in rows]
            return gone + parts.expire(self.base, now)

    def dropped(self) -> list[tuple[str, int, int]]:
        """All that was dropped: identifier, reason, priority."""
        return list(self.base.execute("SELECT identifier, reason, priority FROM dropped ORDER BY id"))

    def __len__(self) -> int:
        count: int = self.base.execute("SELECT count(*) FROM bundles").fetchone()[0]
        return count
