"""The engine: runs stages in order, chunk by chunk where they allow it, through the cache.

Arrays over time are never held whole: a chunk's arrays live until the next chunk, and those that the
schema marks as stored are streamed to Zarr. Stages are grouped in passes: the chunked stages of one
pass run together over each chunk, so that what one writes the next reads from memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta import stage as stages_
from rabta.engine.cache import Cache
from rabta.engine.progress import Progress
from rabta.errors import RabtaError
from rabta.scenario import Scenario
from rabta.stage import Stage
from rabta.twin import Twin, wrap

CHUNK_STEPS = 60


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
        Zarr folder that receives the stored arrays.
    """

    scenario: Scenario
    stages: list[Stage]
    cache: Cache
    store: Path
    progress: Progress
    timings: dict[str, Timing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stages = stages_.order(stages_.select(self.stages, self.scenario.providers))
        self.writer = {name: item for item in self.stages for name in item.writes}
        self.keys = self._keys()
        self.twin = Twin(self.scenario, all_times(self.scenario))
        self.timings = {item.name: Timing(item.title) for item in self.stages}

    def run(self) -> Twin:
        """Evaluate every stage and return the twin."""
        levels = self._levels()
        for level in range(max(levels.values(), default=0) + 1):
            group = [item for item in self.stages if levels[item.name] == level]
            for item in group:
                if not item.chunked:
                    self._run_once(item)
            chunked = [item for item in group if item.chunked]
            if chunked:
                self._run_chunks(chunked)
        return self.twin

    def _keys(self) -> dict[str, str]:
        keys: dict[str, str] = {}
        for item in self.stages:
            writers = [self.writer[name] for name in item.reads]
            inputs = [f"{name}={keys[w.name]}" for name, w in zip(item.reads, writers, strict=True)]
            if not item.chunked and any(w.chunked for w in writers):
                inputs.append(self.scenario.time.model_dump_json())
            keys[item.name] = stages_.key(item, self.scenario, inputs)
        return keys

    def _levels(self) -> dict[str, int]:
        """Pass of each stage: a stage that needs whole arrays over time waits for the next pass."""
        levels: dict[str, int] = {}
        for item in self.stages:
            writers = [self.writer[name] for name in item.reads]
            levels[item.name] = max(
                (levels[w.name] + (w.chunked and not item.chunked) for w in writers), default=0
            )
        return levels

    def _run_once(self, item: Stage) -> None:
        self.progress.start(item.name, item.title, 1)
        key = self.keys[item.name]
        with self._timed(item):
            cached = self.cache.has(key, item.writes)
            if cached:
                outputs = self.cache.load(key, item.writes)
            else:
                outputs = checked(item, item.function(self.twin), 0)
                self.cache.store(key, outputs)
                self.timings[item.name].cached = False
            self._keep(outputs)
        self.progress.advance(item.name, self.timings[item.name].seconds, cached=cached)

    def _keep(self, outputs: dict[str, Any]) -> None:
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

    def _run_chunks(self, group: list[Stage]) -> None:
        spans = chunk_spans(len(self.twin.times))
        for item in group:
            self.progress.start(item.name, item.title, len(spans))
        sinks: dict[str, Any] = {}
        for span in spans:
            stored = self._run_chunk(group, span)
            for name, value in stored.items():
                if name not in sinks:
                    whole = (len(self.twin.times), *value.shape[1:])
                    sinks[name] = self._zarr(name, whole, (CHUNK_STEPS, *value.shape[1:]))
                sinks[name][span] = value
        for name in sinks:
            self.twin.arrays[name] = lazy(self.store, name)

    def _run_chunk(self, group: list[Stage], span: slice) -> dict[str, Any]:
        """Evaluate what the cache lacks of one chunk; returns the arrays that are stored."""
        chunk = self._view(span)
        keys = {item.name: self._chunk_key(item, chunk.times) for item in group}
        needed = self._needed(group, keys)
        stored: dict[str, Any] = {}
        for item in group:
            before = self.timings[item.name].seconds
            with self._timed(item):
                keep = stored_names(item)
                if item.name in needed:
                    outputs = checked(item, item.function(chunk), len(chunk.times))
                    self.cache.store(keys[item.name], {name: outputs[name] for name in keep})
                    self.timings[item.name].cached = False
                else:
                    outputs = self.cache.load(keys[item.name], keep)
                for name, value in outputs.items():
                    chunk.arrays[name] = wrap(name, value)
                stored.update({name: outputs[name] for name in keep})
            spent = self.timings[item.name].seconds - before
            self.progress.advance(item.name, spent, cached=item.name not in needed)
        return stored

    def _view(self, span: slice) -> Twin:
        arrays = {
            name: array[span] if schema.arrays()[name].over_time else array
            for name, array in self.twin.arrays.items()
        }
        return Twin(self.scenario, self.twin.times[span], self.twin.tables, arrays)

    def _chunk_key(self, item: Stage, times: NDArray[np.datetime64]) -> str:
        import hashlib

        return hashlib.sha256(self.keys[item.name].encode() + times.tobytes()).hexdigest()[:32]

    def _needed(self, group: list[Stage], keys: dict[str, str]) -> set[str]:
        """Stages to compute: not cached, or with a passing array that a computed stage reads."""
        needed: set[str] = set()
        wanted: set[str] = set()
        for item in reversed(group):
            passing = set(item.writes) - set(stored_names(item))
            unstored_only = not stored_names(item)
            cached = unstored_only or self.cache.has(keys[item.name], stored_names(item))
            if not cached or passing & wanted:
                needed.add(item.name)
                wanted |= set(item.reads)
        return needed

    @contextmanager
    def _timed(self, item: Stage) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[item.name].seconds += time.perf_counter() - began


def stored_names(item: Stage) -> list[str]:
    """Outputs of a chunked stage that are kept."""
    return [name for name in item.writes if schema.arrays()[name].stored]


def all_times(scenario: Scenario) -> NDArray[np.datetime64]:
    """Instants of the run (UTC), shape (time,)."""
    start = np.datetime64(scenario.time.start_utc.replace(tzinfo=None), "ns")
    step = np.timedelta64(round(scenario.time.step_s * 1e9), "ns")
    return start + step * np.arange(scenario.time.steps)


def chunk_spans(steps: int) -> list[slice]:
    """Slices of the time axis; their size does not depend on the machine."""
    return [slice(i, min(i + CHUNK_STEPS, steps)) for i in range(0, steps, CHUNK_STEPS)]


def checked(item: Stage, outputs: dict[str, Any], steps: int) -> dict[str, Any]:
    """Refuse missing or surplus outputs, wrong dims and missing columns; cast to the schema's dtype."""
    if set(outputs) != set(item.writes):
        odd = sorted(set(outputs) ^ set(item.writes))
        raise RabtaError("stage outputs differ from what it declares", key=item.name, value=", ".join(odd))
    return {name: _checked_value(item, name, value, steps) for name, value in outputs.items()}


def _checked_value(item: Stage, name: str, value: Any, steps: int) -> Any:
    if name in schema.tables():
        missing = [column for column in schema.tables()[name] if column not in value.columns]
        if missing:
            raise RabtaError("table lacks a column", key=f"{item.name}: {name}", value=", ".join(missing))
        return value
    spec = schema.arrays()[name]
    array = np.ascontiguousarray(value, dtype=spec.dtype)
    if array.ndim != len(spec.dims) or (spec.over_time and item.chunked and array.shape[0] != steps):
        raise RabtaError(
            "array has the wrong shape",
            key=f"{item.name}: {name}",
            value=array.shape,
            expected=" x ".join(spec.dims),
        )
    return array


def lazy(store: Path, name: str) -> Any:
    """Array of a run's Zarr store, read when its values are asked for."""
    import xarray as xr

    return xr.open_zarr(store, chunks=None, consolidated=False, drop_variables=_others(store, name))[name]


def _others(store: Path, name: str) -> Sequence[str]:
    return [p.name for p in store.iterdir() if p.is_dir() and p.name != name]
