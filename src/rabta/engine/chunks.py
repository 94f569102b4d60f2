"""Time chunks: where they lie, in which pass each stage sees them, and the cache key of each."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta.errors import RabtaError
from rabta.scenario import Scenario
from rabta.stage import Stage

CHUNK_STEPS = 60


class Chunks:
    """The chunks of one run.

    Parameters
    ----------
    stages : sequence of Stage
        In the order of their names.
    keys : dict
        Key of each stage by its name.

    Raises
    ------
    RabtaError
        Where a stage needs the whole of an array over time that is not stored.
    """

    steps = CHUNK_STEPS

    def __init__(self, scenario: Scenario, stages: Sequence[Stage], keys: dict[str, str]) -> None:
        self.times = all_times(scenario)
        self.spans = chunk_spans(len(self.times))
        self._step_s = scenario.time.step_s
        self._keys = keys
        self._known: dict[tuple[str, int], str] = {}
        self._writer = {name: item for item in stages for name in item.writes}
        self.levels = _levels(stages, self._writer)
        self._crossing = self._crossings(stages)

    def __len__(self) -> int:
        return len(self.spans)

    def kept(self, item: Stage) -> tuple[str, ...]:
        """Outputs that outlive the job: stored ones, and those that a later pass reads."""
        if not item.chunked:
            return item.writes
        arrays = schema.arrays()
        return tuple(name for name in item.writes if arrays[name].stored or name in self._crossing)

    def seen(self, item: Stage, number: int) -> slice:
        """Steps that a stage sees of a chunk: its own, and the halo as far as the run goes."""
        own = self.spans[number]
        before, after = (math.ceil(s / self._step_s) for s in item.halo_s)
        return slice(max(0, own.start - before), min(len(self.times), own.stop + after))

    def cut(self, wide: slice) -> list[tuple[int, slice]]:
        """Chunks that hold these steps, each with the part of it that is meant."""
        found = []
        for number in range(wide.start // self.steps, (wide.stop - 1) // self.steps + 1):
            own = self.spans[number]
            part = slice(max(wide.start, own.start) - own.start, min(wide.stop, own.stop) - own.start)
            found.append((number, part))
        return found

    def key(self, item: Stage, number: int) -> str:
        """Cache key of a stage's chunk: its instants, the chunks that it reads, in a scan all before it."""
        place = (item.name, number)
        if place not in self._known:
            first = max((n for n in range(number) if (item.name, n) in self._known), default=-1) + 1
            for n in range(first if item.over == "scan" else number, number + 1):
                self._known[item.name, n] = self._hash(item, n)
        return self._known[place]

    def part_key(self, item: Stage, part: slice) -> str:
        """Cache key of a part of a stage over parts."""
        return _digest([self._keys[item.name], f"{part.start}:{part.stop}"])

    def _hash(self, item: Stage, number: int) -> str:
        seen = self.seen(item, number)
        parts = [self._keys[item.name], self.times[seen].tobytes().hex()]
        for name in item.reads:
            writer = self._writer[name]
            if writer.chunked:
                parts += [self.key(writer, n) for n, _ in self.cut(seen)]
        if item.over == "scan" and number:
            parts.append(self._known[item.name, number - 1])
        return _digest(parts)

    def _crossings(self, stages: Sequence[Stage]) -> set[str]:
        """Arrays over time that are not stored and yet read in a later pass."""
        crossing: set[str] = set()
        for item in stages:
            for name in item.reads:
                writer = self._writer[name]
                stored = not writer.chunked or schema.arrays()[name].stored
                if stored or self.levels[writer.name] == self.levels[item.name]:
                    continue
                if not item.chunked:
                    raise RabtaError(
                        "a stage needs the whole of an array over time that is not stored",
                        key=f"{item.name}: {name}",
                        expected="an array that schema/arrays.csv marks as stored, or a stage over chunks",
                    )
                crossing.add(name)
        return crossing


def _levels(stages: Sequence[Stage], writer: dict[str, Stage]) -> dict[str, int]:
    """Pass of each stage: only maps read in the same pass what maps write."""
    levels: dict[str, int] = {}
    for item in stages:
        writers = [writer[name] for name in item.reads]
        levels[item.name] = max(
            (levels[w.name] + (w.chunked and not (w.over == item.over == "map")) for w in writers), default=0
        )
    return levels


def all_times(scenario: Scenario) -> NDArray[np.datetime64]:
    """Instants of the run (UTC), shape (time,)."""
    start = np.datetime64(scenario.time.start_utc.replace(tzinfo=None), "ns")
    step = np.timedelta64(round(scenario.time.step_s * 1e9), "ns")
    return start + step * np.arange(scenario.time.steps)


def chunk_spans(steps: int) -> list[slice]:
    """Slices of the time axis; their size does not depend on the machine."""
    return [slice(i, min(i + CHUNK_STEPS, steps)) for i in range(0, steps, CHUNK_STEPS)]


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
