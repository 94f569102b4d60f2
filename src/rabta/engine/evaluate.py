"""The engine: runs stages in order, chunk by chunk where they allow it, through the cache.

Arrays over time are never held whole: a chunk's arrays live until the next chunk, and those that the
schema marks as stored are streamed to Zarr. Stages are grouped in passes: those of one pass that map
over time run together over each chunk, so that what one writes the next reads from memory. A stage with
a halo, a scan, and whoever reads what they write or needs whole arrays over time wait for the next pass;
what passes from one pass to another without being stored waits in the cache.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rabta import schema
from rabta import stage as stages_
from rabta.engine.cache import Cache
from rabta.engine.chunks import Chunks, all_times
from rabta.engine.pools import Pool, Serial
from rabta.engine.progress import Progress
from rabta.engine.work import Job, Shared, Values, joined, named, outputs_of, parts_of
from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.scenario import Scenario
from rabta.stage import Stage
from rabta.twin import Twin, wrap


@dataclass
class Timing:
    """Seconds that a stage took, and whether all of it came from the cache."""

    title: str
    seconds: float = 0.0
    cached: bool = True


@dataclass
class Engine:
    """One evaluation of selected stages for a scenario.

    Attributes
    ----------
    store : Path
        Zarr folder that receives the stored arrays; only this process writes it.
    pool : Pool
        Where chunks and parts are computed; results do not depend on it.
    """

    scenario: Scenario
    stages: list[Stage]
    cache: Cache
    store: Path
    progress: Progress
    pool: Pool = field(default_factory=Serial)
    timings: dict[str, Timing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stages = stages_.order(stages_.select(self.stages, self.scenario.providers))
        self.writer = {name: item for item in self.stages for name in item.writes}
        self.inputs: dict[str, tuple[str, ...]] = {}
        self.keys = self._keys()
        self.twin = Twin(self.scenario, all_times(self.scenario))
        self.timings = {item.name: Timing(item.title) for item in self.stages}
        self.chunks = Chunks(self.scenario, self.stages, self.keys)
        self._sinks: dict[str, Any] = {}

    def run(self) -> Twin:
        """Evaluate every stage and return the twin; the pool's workers are stopped in any case."""
        levels = self.chunks.levels
        try:
            for level in range(max(levels.values(), default=0) + 1):
                self._run_level([item for item in self.stages if levels[item.name] == level])
        finally:
            self.pool.close()
        return self.twin

    def _run_level(self, group: list[Stage]) -> None:
        for item in group:
            if item.over == "parts":
                self._run_parts(item)
            elif not item.chunked:
                self._run_once(item)
        maps = [item for item in group if item.over == "map"]
        if maps:
            self._run_chunks(maps, self.pool)
        for item in group:
            if item.over in {"halo", "scan"}:
                self._run_chunks([item], self.pool if item.over == "halo" else Serial())

    def _keys(self) -> dict[str, str]:
        keys: dict[str, str] = {}
        for item in self.stages:
            writers = [self.writer[name] for name in item.reads]
            inputs = [f"{name}={keys[w.name]}" for name, w in zip(item.reads, writers, strict=True)]
            if not item.chunked and any(w.chunked for w in writers):
                inputs.append(self.scenario.time.model_dump_json())
            self.inputs[item.name] = tuple(inputs)
            keys[item.name] = stages_.key(item, self.scenario, inputs)
        return keys

    def _run_once(self, item: Stage) -> None:
        self.progress.start(item.name, item.title, 1)
        key = self.keys[item.name]
        began = time.perf_counter()
        outputs = self.cache.get(key, item.writes)
        cached = outputs is not None
        if outputs is None:
            outputs = self._stored(key, outputs_of(item, self.twin, Job(0, self.twin.times, {}, ())))
        self._keep(outputs)
        self._tell(item.name, time.perf_counter() - began, cached=cached)

    def _run_parts(self, item: Stage) -> None:
        """Evaluate a stage over parts; every part is cached, the whole is joined from them."""
        twin = self._declared(item)
        parts = parts_of(item, twin)
        self.progress.start(item.name, item.title, len(parts))
        keys = [self.chunks.part_key(item, part) for _, part in parts]
        pieces = [self.cache.get(key, item.writes) for key in keys]
        for piece in pieces:
            if piece is not None:
                self._tell(item.name, 0.0, cached=True)
        jobs = (
            Job(number, self.twin.times, {}, (item.name,), part=part)
            for number, part in parts
            if pieces[number] is None
        )
        for done in self.pool.run(self._shared([item]), jobs, self._computed):
            pieces[done.number] = self._stored(keys[done.number], done.outputs.pop(item.name))
        with named(item):
            self._keep(joined(item, [piece for piece in pieces if piece is not None]))

    def _stored(self, key: str, outputs: Values) -> Values:
        """Outputs as a later run finds them: a file may say of a column's type less than memory does."""
        self.cache.store(key, outputs)
        return self.cache.get(key, outputs) or outputs

    def _declared(self, item: Stage) -> Twin:
        """The twin with nothing but what the stage says it reads."""
        tables = {name: table for name, table in self.twin.tables.items() if name in item.reads}
        arrays = {name: array for name, array in self.twin.arrays.items() if name in item.reads}
        return Twin(self.scenario, self.twin.times, tables, arrays)

    def _keep(self, outputs: Values) -> None:
        for name, value in outputs.items():
            if name in schema.tables():
                self.twin.tables[name] = value
            else:
                self.twin.arrays[name] = wrap(name, value)
                if schema.arrays()[name].stored:
                    self._zarr(name, value.shape, value.shape)[...] = value

    def _zarr(self, name: str, shape: tuple[int, ...], chunks: tuple[int, ...]) -> Any:
        """Create an array in the run's Zarr store."""
        import zarr

        spec = schema.arrays()[name]
        return zarr.open_group(self.store, mode="a").create_array(
            name,
            shape=shape,
            chunks=tuple(max(1, n) for n in chunks),
            dtype=spec.dtype,
            dimension_names=spec.dims,
            attributes={**spec.attributes},
        )

    def _run_chunks(self, group: list[Stage], pool: Pool) -> None:
        """Evaluate stages over all chunks; finished chunks go to the cache and the store as they come."""
        for item in group:
            self.progress.start(item.name, item.title, len(self.chunks))
        shared = self._shared(group)
        for done in pool.run(shared, self._jobs(group, shared), self._computed):
            for name, outputs in done.outputs.items():
                self.cache.store(self.chunks.key(self._stage(name), done.number), outputs)
                self._stream(done.number, outputs)
            done.outputs.clear()  # while the next one is under way
        for name in (name for item in group for name in stored_names(item)):
            self._sinks.pop(name)
            self.twin.arrays[name] = lazy(self.store, name)

    def _shared(self, group: list[Stage]) -> Shared:
        """What the group reads that is not over time, with what workers need to know."""
        reads = {name for item in group for name in item.reads}
        over_parts = any(item.over == "parts" for item in group)
        arrays = {
            name: np.asarray(array.values)
            for name, array in self.twin.arrays.items()
            if name in reads and (over_parts or not schema.arrays()[name].over_time)
        }
        return Shared(
            self.scenario,
            tuple(group),
            {item.name: self.keys[item.name] for item in group},
            {item.name: self.inputs[item.name] for item in group},
            {item.name: self.chunks.kept(item) for item in group},
            {name: table for name, table in self.twin.tables.items() if name in reads},
            arrays,
        )

    def _jobs(self, group: list[Stage], shared: Shared) -> Iterator[Job]:
        """What the cache lacks, one chunk after another; what it has goes to the store at once."""
        for number in range(len(self.chunks)):
            found, needed = self._cached(group, shared, number)
            for item in group:
                if item.name not in needed:
                    began = time.perf_counter()
                    self._stream(number, found[item.name])
                    self._tell(item.name, time.perf_counter() - began, cached=True)
            if needed:
                yield self._job([item for item in group if item.name in needed], found, number)

    def _cached(
        self, group: list[Stage], shared: Shared, number: int
    ) -> tuple[dict[str, Values], tuple[str, ...]]:
        """Cached outputs of a chunk by stage, and the stages to compute.

        A stage is computed if it is not cached, or if a computed stage reads what it passes on.
        """
        found: dict[str, Values] = {}
        needed: list[str] = []
        wanted: set[str] = set()
        for item in reversed(group):
            names = shared.keep[item.name]
            passing = set(item.writes) - set(names)
            values = self.cache.get(self.chunks.key(item, number), (*names, *item.carry)) if names else {}
            if values is None or passing & wanted:
                needed.append(item.name)
                wanted |= set(item.reads)
            else:
                found[item.name] = values
        return found, tuple(reversed(needed))

    def _job(self, needed: list[Stage], found: dict[str, Values], number: int) -> Job:
        """Job for the stages to compute, with what they read of cached stages and of earlier passes."""
        item = needed[0]
        wide = self.chunks.seen(item, number)
        made = {name for other in needed for name in other.writes}
        here = {name: value for values in found.values() for name, value in values.items()}
        arrays: Values = {}
        for name in {name for other in needed for name in other.reads} - made:
            if name in here:
                arrays[name] = np.asarray(here[name])
            elif name in schema.arrays() and schema.arrays()[name].over_time:
                arrays[name] = self._earlier(name, wide)
        carry = self._carry(item, number) if item.over == "scan" else {}
        own = self.chunks.spans[number]
        return Job(
            number,
            self.twin.times[wide],
            arrays,
            tuple(other.name for other in needed),
            own=slice(own.start - wide.start, own.stop - wide.start),
            carry=carry,
        )

    def _earlier(self, name: str, wide: slice) -> Any:
        """Part of an array over time of an earlier pass: from the store, else from the cache."""
        if name in self.twin.arrays:
            return np.asarray(self.twin.arrays[name][wide].values)
        pieces = []
        for number, part in self.chunks.cut(wide):
            found = self._kept(self.writer[name], number, (name,))
            pieces.append(np.asarray(found[name])[part])
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    def _carry(self, item: Stage, number: int) -> Values:
        """What the chunk before handed on."""
        if number == 0:
            return {}
        found = self._kept(item, number - 1, item.carry)
        return {name: np.asarray(value) for name, value in found.items()}

    def _kept(self, item: Stage, number: int, names: tuple[str, ...]) -> Values:
        """What this run put into the cache a moment ago."""
        found = self.cache.get(self.chunks.key(item, number), names)
        if found is None:
            raise RabtaError(
                "the cache was emptied while the run went on; the same command resumes",
                file=self.cache.folder,
                key=item.name,
                exit_code=EXIT_SYSTEM,
            )
        return found

    def _stream(self, number: int, outputs: Values) -> None:
        """Write a chunk's arrays to the store."""
        span = self.chunks.spans[number]
        for name, value in outputs.items():
            if name not in schema.arrays() or not schema.arrays()[name].stored:
                continue
            if name not in self._sinks:
                whole = (len(self.twin.times), *value.shape[1:])
                self._sinks[name] = self._zarr(name, whole, (self.chunks.steps, *value.shape[1:]))
            self._sinks[name][span] = value

    def _stage(self, name: str) -> Stage:
        return next(item for item in self.stages if item.name == name)

    def _computed(self, name: str, seconds: float) -> None:
        self._tell(name, seconds, cached=False)

    def _tell(self, name: str, seconds: float, *, cached: bool) -> None:
        timing = self.timings[name]
        timing.seconds += seconds
        timing.cached = timing.cached and cached
        self.progress.advance(name, seconds, cached=cached)


def stored_names(item: Stage) -> list[str]:
    """Outputs of a stage over chunks that the run folder keeps."""
    return [name for name in item.writes if schema.arrays()[name].stored]


def lazy(store: Path, name: str) -> Any:
    """Array of a run's Zarr store, read when its values are asked for."""
    import xarray as xr

    return xr.open_zarr(store, chunks=None, consolidated=False, drop_variables=_others(store, name))[name]


def _others(store: Path, name: str) -> Sequence[str]:
    return [p.name for p in store.iterdir() if p.is_dir() and p.name != name]
