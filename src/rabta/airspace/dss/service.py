"""One instance: requests in, decisions on the newest state, changes on disk, answers out.

One thread owns the state. What has come in while it was busy makes one turn on the log, so that many requests
share one write to disk, and each is decided on all that any instance has decided before.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rabta.airspace.dss.rules import Decision, RefusedError, clock
from rabta.airspace.dss.state import State, decode, encode
from rabta.airspace.dss.turns import Turn, Turns
from rabta.airspace.store import Log, Writing
from rabta.airspace.volumes import Volume

Decide = Callable[[State, float], Decision]
COMPACT = 20_000  # lines after which a snapshot is kept
MOST = 256  # requests in a turn
KEPT_S = 3_600.0  # how long what has ended stays in snapshots


@dataclass(eq=False)
class Item:
    """A request on its way."""

    decide: Decide
    writes: bool
    future: asyncio.Future[Decision]
    turn: Turn | None = None
    outcome: Decision | BaseException | None = field(default=None)
    place: int = 0


class Service:
    """Decides what comes, in one order."""

    def __init__(self, log: Log) -> None:
        self.log, self.state, self.seq, self.turns = log, State(), 0, Turns()
        self._snapshot_at = 0
        self._places = itertools.count(1)
        self._doubtful = False  # whether the state may hold what the log does not
        self._queue: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="airspace", daemon=True)
        self._load()

    def start(self) -> None:
        """Begin to decide."""
        self._thread.start()

    def stop(self) -> None:
        """Decide what is waiting, then end."""
        self._queue.put(None)
        self._thread.join()
        self.log.close()

    async def ask(
        self, decide: Decide, *, writes: bool, planner: tuple[str, str, Sequence[Volume]] | None = None
    ) -> Decision:
        """Decision on a request.

        Parameters
        ----------
        planner : tuple of (str, str, sequence of Volume), optional
            Who plans which intent where, of requests that take turns.

        Raises
        ------
        RefusedError
        """
        item = Item(decide, writes, asyncio.get_running_loop().create_future())
        if planner is not None:
            item.turn = Turn(*planner, clock())
        self._queue.put(item)
        return await item.future

    def _load(self) -> None:
        state = State()
        kept, lines = self.log.snapshot()
        for line in lines:
            state.apply(decode(line))
        seq = kept
        for seq, line in self.log.since(kept):  # noqa: B007 (the last is kept)
            state.apply(decode(line))
        self.state, self.seq, self._snapshot_at, self._doubtful = state, seq, kept, False

    def _follow(self, lines: Sequence[tuple[int, str]]) -> None:
        """Apply what other instances have decided."""
        if lines and lines[0][0] > self.seq + 1 and self.log.snapshot()[0] > self.seq:
            self._load()  # what came between is in a snapshot by now
            return
        for seq, line in lines:
            self.state.apply(decode(line))
            self.seq = seq

    def _run(self) -> None:
        open_ = True
        while open_ or self.turns.waiting:
            open_ = self._gather(open_=open_)
            batch = [*self.turns.waiting]
            self.turns.waiting.clear()
            try:
                self._decide(batch)
            except Exception as error:  # noqa: BLE001 (whatever the store does, the service answers and goes on)
                self._fail(batch, error)
            # in the order of decisions: who is told of an intent asks its manager, who must know it by then
            batch.sort(key=lambda one: one.place)
            self._answer([one for one in batch if one.outcome is not None])
            self._compact()

    def _gather(self, *, open_: bool) -> bool:
        """Put what has come in behind what waits; False when no more will come."""
        wait = self._wait_s()
        try:
            item = self._queue.get(timeout=wait)
            while item is not None:
                self.turns.waiting.append(item)
                if len(self.turns.waiting) >= MOST:
                    return open_
                item = self._queue.get_nowait()
        except queue.Empty:
            return open_
        return False

    def _wait_s(self) -> float | None:
        """How long to wait for more: until somebody's hold ends, where one waits for that."""
        if not self.turns.waiting:
            return None
        at = self.turns.next_s()
        return 1e-3 if at is None else max(at - clock(), 0.0) + 1e-3

    def _decide(self, batch: Sequence[Item]) -> None:
        """Decide on a batch, in one turn on the log where anything is to be written."""
        if self._doubtful:
            self._load()
        reads = [one for one in batch if not one.writes]
        if reads:
            self._follow(self.log.since(self.seq))
            for item in reads:
                self._one(item, clock())
        writes = [one for one in batch if one.writes]
        if writes:
            with self.log.writing() as turn:
                self._write(writes, turn)

    def _write(self, batch: Sequence[Item], turn: Writing) -> None:
        self._follow(turn.since(self.seq))
        lines: list[str] = []
        before = -1
        while batch and self.turns.released != before:  # who waited for one that got through need not wait on
            before = self.turns.released
            batch = [item for item in batch if not self._tried(item, lines)]
        self.turns.waiting.extend(batch)
        if lines:
            self.seq = turn.append(lines)

    def _tried(self, item: Item, lines: list[str]) -> bool:
        """Decide on a request unless it must wait; what it changes goes behind the lines."""
        now = clock()
        if item.turn is not None and not self.turns.free(item.turn, now):
            return False
        self._one(item, now)
        if isinstance(item.outcome, Decision):
            lines += [encode(change) for change in item.outcome.changes]
        return True

    def _one(self, item: Item, now_s: float) -> None:
        """Decide on one request, and make its changes."""
        item.place = next(self._places)
        try:
            item.outcome = item.decide(self.state, now_s)
        except RefusedError as refused:
            item.outcome = refused
        except Exception as error:  # noqa: BLE001 (one bad request harms no other)
            item.outcome = error
        if isinstance(item.outcome, Decision):
            for change in item.outcome.changes:
                self.state.apply(change)
        if item.turn is not None:
            lacks = (
                isinstance(item.outcome, RefusedError) and "missing_operational_intents" in item.outcome.body
            )
            (self.turns.refused if lacks else self.turns.done)(item.turn, *([now_s] if lacks else []))

    def _fail(self, batch: Sequence[Item], error: Exception) -> None:
        """The store refused: what was decided did not happen, or is not known to have happened."""
        why = f"the store does not answer, come again: {str(error)[:200]}"
        for item in batch:
            item.outcome = RefusedError(503, why)
        self.turns.waiting.clear()
        self._doubtful = True

    def _answer(self, batch: Sequence[Item]) -> None:
        loops: dict[asyncio.AbstractEventLoop, list[Item]] = {}
        for item in batch:
            loops.setdefault(item.future.get_loop(), []).append(item)
        for loop, items in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens
                loop.call_soon_threadsafe(_resolve, items)

    def _compact(self) -> None:
        if self.seq - self._snapshot_at >= COMPACT:
            with contextlib.suppress(Exception):
                now = clock()
                lines = [encode(one) for one in self.state.changes(now - KEPT_S)]
                self.log.compact(self.seq, lines)
                self._snapshot_at = self.seq


def _resolve(items: Sequence[Item]) -> None:
    for item in items:
        if item.future.done():
            continue
        if isinstance(item.outcome, BaseException):
            item.future.set_exception(item.outcome)
        elif item.outcome is not None:
            item.future.set_result(item.outcome)
