"""State of sessions that a crash must not turn back: one SQLite file, for its owner only."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from rabta.errors import EXIT_SYSTEM, RabtaError

_TABLE = "CREATE TABLE IF NOT EXISTS session (name BLOB PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID"

Stamp = tuple[bytes, float]
"""Which start of the machine, and seconds since then, sleep included."""


def since_start() -> Stamp:
    """Now by a clock that no setting of the time moves, and that a process's end does not turn back."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
        return boot, time.clock_gettime(time.CLOCK_BOOTTIME)
    except (OSError, AttributeError):
        return b"", math.nan  # nothing is known: what is stamped so is of no age


class Ledger:
    """States by the name of their session; one process at a time.

    Two processes with one ledger would use a counter twice, so the file stays locked while it is open. For
    the same reason a copy of a ledger that is older than the last packet must never be put back. What is
    written over is zeroed in the file: old chain keys stay neither in its pages nor in a journal.

    Parameters
    ----------
    path : Path
        Made for its owner only where it is missing; refused where others may read it.
    clock : callable
        By which the age of what is kept counts on over a crash.
    """

    def __init__(self, path: Path, clock: Callable[[], Stamp] = since_start) -> None:
        self.path, self.clock = path, clock
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            if path.stat().st_mode & 0o077:
                raise RabtaError("a ledger of keys that others may read", file=path, expected="mode 0600")
            self._base = sqlite3.connect(path, isolation_level=None, timeout=0.0)
            for pragma in (
                "locking_mode=EXCLUSIVE",
                "journal_mode=TRUNCATE",
                "secure_delete=ON",
                "synchronous=FULL",
            ):
                self._base.execute(f"PRAGMA {pragma}")
            self._base.execute(_TABLE)
            self._base.execute("BEGIN EXCLUSIVE")  # takes the lock, which this connection then keeps
            self._base.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise self._failed(error) from None
            raise RabtaError("another process uses this ledger of sessions", file=path,
                             expected="one node a ledger; stop the other, or name another file",
                             exit_code=EXIT_SYSTEM) from None  # fmt: skip
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from None
        self._synchronous = True

    def __repr__(self) -> str:
        return f"Ledger({str(self.path)!r})"

    def _failed(self, error: Exception) -> RabtaError:
        return RabtaError(
            f"the ledger of sessions cannot be written: {error}", file=self.path,
            expected="a sound file on a disk with room; nothing was sent", exit_code=EXIT_SYSTEM,
        )  # fmt: skip

    def save(self, name: bytes, state: bytes, *, sync: bool = True) -> None:
        """Keep a state; with `sync` it is on the disk before this returns.

        Raises
        ------
        RabtaError
            Where it cannot be written; the state before stays.
        """
        try:
            if sync != self._synchronous:
                self._base.execute(f"PRAGMA synchronous={'FULL' if sync else 'NORMAL'}")
                self._synchronous = sync
            self._base.execute("INSERT OR REPLACE INTO session VALUES (?, ?)", (name, state))
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def load(self, name: bytes) -> bytes | None:
        """State of a session, or None."""
        row = self._base.execute("SELECT state FROM session WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def names(self) -> list[bytes]:
        """Sessions that are kept."""
        return [bytes(row[0]) for row in self._base.execute("SELECT name FROM session ORDER BY name")]

    def forget(self, name: bytes) -> None:
        """Drop a session that is over."""
        self._base.execute("DELETE FROM session WHERE name = ?", (name,))

    def stamp(self) -> list[object]:
        """Now, in plain types: the machine's start, and whole milliseconds since; none where nobody knows."""
        boot, now = self.clock()
        return [boot, int(now * 1e3)] if boot and math.isfinite(now) else []

    def age(self, stamp: object) -> float:
        """Seconds since a stamp; infinity for one of another start of the machine, or of the future."""
        now = self.stamp()
        if not now or not isinstance(stamp, list) or len(stamp) != 2 or stamp[0] != now[0]:
            return math.inf
        if type(stamp[1]) is not int or not isinstance(now[1], int) or stamp[1] > now[1]:
            return math.inf
        return (now[1] - stamp[1]) / 1e3

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()
