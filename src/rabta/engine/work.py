"""One unit of work: the stages of a pass over one time chunk, or one part of a stage over parts.

The same function runs in the driver, in a local process or on a cluster, from the same plain data, so
results cannot depend on where it runs.
"""

from __future__ import annotations

import os
import resource
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta import stage as stages_
from rabta.errors import RabtaError
from rabta.scenario import Scenario
from rabta.stage import Stage
from rabta.twin import Twin, wrap

Values = dict[str, Any]
Tell = Callable[[str, float], None]
_ONE_AT_A_TIME = Lock()  # kernels' threads and Python's warning filters belong to the process


@dataclass(frozen=True)
class Shared:
    """What all jobs of a pass have in common.

    Attributes
    ----------
    keys, inputs : dict
        Cache key of each stage, and the keys of its inputs from which it is made.
    keep : dict
        Names of each stage's outputs that return to the driver; the others die with the job.
    """

    scenario: Scenario
    stages: tuple[Stage, ...]
    keys: dict[str, str]
    inputs: dict[str, tuple[str, ...]]
    keep: dict[str, tuple[str, ...]]
    tables: dict[str, Any]
    arrays: Values


@dataclass(frozen=True)
class Job:
    """One chunk or part.

    Attributes
    ----------
    times : ndarray of datetime64[ns], shape (time,)
        Instants that the stages see: the chunk's, and the halo's where the stage has one.
    arrays : dict
        Arrays over `times` that come from earlier passes or from the cache.
    needed : tuple of str
        Names of the stages to compute.
    own : slice
        Where the chunk lies in `times`.
    part : slice
        Items, where the stage maps over parts.
    carry : dict
        What the chunk before handed on, where the stage scans.
    """

    number: int
    times: NDArray[np.datetime64]
    arrays: Values
    needed: tuple[str, ...]
    own: slice = field(default_factory=lambda: slice(None))
    part: slice = field(default_factory=lambda: slice(0))
    carry: Values = field(default_factory=dict)


@dataclass
class Done:
    """What a job made, by stage, and how it went."""

    number: int
    outputs: dict[str, Values] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    warned: list[tuple[str, type[Warning]]] = field(default_factory=list)
    peak_mb: int = 0
    machine: str = ""


@dataclass(frozen=True)
class Failed:
    """Why a job made nothing; `error` is as the stage raised it."""

    number: int
    error: Exception


def work(shared: Shared, job: Job, tell: Tell | None = None) -> Done:
    """Compute the needed stages of one job.

    Parameters
    ----------
    tell : callable, optional
        Told the name and the seconds of each finished stage.

    Raises
    ------
    RabtaError
        As a stage raised it, with the stage's name.
    """
    arrays = {name: wrap(name, value) for name, value in (shared.arrays | job.arrays).items()}
    twin = Twin(shared.scenario, job.times, dict(shared.tables), arrays)
    done = Done(job.number)
    for item in shared.stages:
        if item.name not in job.needed:
            continue
        began = time.perf_counter()
        outputs = outputs_of(item, twin, job)
        twin.arrays.update({name: wrap(name, outputs[name]) for name in item.writes if item.chunked})
        names = (*shared.keep[item.name], *item.carry)
        done.outputs[item.name] = {name: outputs[name] for name in names}
        done.seconds[item.name] = time.perf_counter() - began
        if tell:
            tell(item.name, done.seconds[item.name])
    return done


def outputs_of(item: Stage, twin: Twin, job: Job) -> Values:
    """Call a stage as it asks to be called; check, cast and cut what it returns."""
    with named(item):
        if item.over == "parts":
            found = checked(item, item.function(twin, job.part), job.part.stop - job.part.start)
        elif item.over == "scan":
            found = checked(item, item.function(twin, dict(job.carry)), len(twin.times))
        else:
            found = checked(item, item.function(twin), len(twin.times))
    if item.over == "halo":
        return {name: np.ascontiguousarray(value[job.own]) for name, value in found.items()}
    return found


def at_once(item: Stage, twin: Twin) -> Values:
    """All outputs of a stage that does not run over time chunks, in this process."""
    if item.over != "parts":
        return outputs_of(item, twin, Job(0, twin.times, {}, ()))
    pieces = [outputs_of(item, twin, Job(i, twin.times, {}, (), part=p)) for i, p in parts_of(item, twin)]
    return joined(item, pieces)


def parts_of(item: Stage, twin: Twin) -> list[tuple[int, slice]]:
    """Numbered slices of a stage's items; an empty one where it has none, so that outputs have their form."""
    assert item.items is not None
    with named(item):
        count = item.items(twin)
    edges = range(0, max(count, 1), item.part_size)
    return [(i, slice(a, min(a + item.part_size, count))) for i, a in enumerate(edges)]


def joined(item: Stage, pieces: list[Values]) -> Values:
    """Outputs of all parts, in order."""
    import pandas as pd

    tables = schema.tables()
    return {
        name: pd.concat([piece[name] for piece in pieces], ignore_index=True)
        if name in tables
        else np.concatenate([piece[name] for piece in pieces])
        for name in item.writes
    }


def attempt(shared: Shared, job: Job) -> Done | Failed:
    """Work in a process of its own: errors and warnings are returned, kernels use one thread."""
    from rabta import jit

    with _ONE_AT_A_TIME, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", UserWarning)
        jit.set_threads(1)
        try:
            _check_same(shared, job)
            done = work(shared, job)
        except Exception as error:  # noqa: BLE001 - whatever it is, the driver raises it again
            return Failed(job.number, sendable(error))
        done.warned = [(str(w.message), w.category) for w in warned]
    done.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    done.machine = machine()
    return done


def result(answer: Done | Failed) -> Done:
    """Raise in the driver what a stage raised elsewhere, and repeat its warnings."""
    if isinstance(answer, Failed):
        raise answer.error
    for text, category in answer.warned:
        warnings.warn(text, category, stacklevel=2)
    return answer


def _check_same(shared: Shared, job: Job) -> None:
    """Refuse to compute with other code, catalog or files than the driver's: the cache would lie."""
    for item in shared.stages:
        if item.name in job.needed:
            key = stages_.key(item, shared.scenario, shared.inputs[item.name])
            if key != shared.keys[item.name]:
                raise RabtaError(
                    "a worker has other code, catalog entries or input files than the driver",
                    key=item.name,
                    expected="the same Rabta, catalog and files on every worker, unchanged since the start",
                )


def sendable(error: Exception) -> Exception:
    """The error itself where it survives the way, else a RabtaError that tells it; with its traceback."""
    import pickle

    told = "".join(traceback.format_exception(error))
    try:
        error.add_note(f"on a worker:\n{told}")
        pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    except Exception:  # noqa: BLE001 - a class may refuse in any way
        return RabtaError("a stage failed on a worker", value=told)
    return error


@cache
def machine() -> str:
    """What may change the last bit: versions of the numerical libraries, and what the processor can do."""
    import platform
    from importlib.metadata import version

    # NumPy picks its loops for exp, sin and others by what the processor can do
    found: Any = np.show_config(mode="dicts")
    able = ",".join(found.get("SIMD Extensions", {}).get("found", []))
    versions = [f"{name} {version(name)}" for name in ("numpy", "scipy", "numba", "highspy")]
    return f"{', '.join(versions)}, {platform.machine()}: {able}"


@contextmanager
def named(item: Stage) -> Iterator[None]:
    """Add the stage's name to what it raises."""
    try:
        yield
    except RabtaError as error:
        error.stage = error.stage or item.name
        raise
    except Exception as error:
        error.add_note(f"in the stage {item.name}, process {os.getpid()}")
        raise


def checked(item: Stage, outputs: Values, steps: int) -> Values:
    """Refuse missing or surplus outputs, wrong dims and missing columns; cast to the schema's dtype.

    Parameters
    ----------
    steps : int
        Length of the first dimension over time, or of a part's items.
    """
    wanted = {*item.writes, *item.carry}
    if set(outputs) != wanted:
        odd = sorted(set(outputs) ^ wanted)
        raise RabtaError("stage outputs differ from what it declares", key=item.name, value=", ".join(odd))
    found = {name: _checked_value(item, name, outputs[name], steps) for name in item.writes}
    return found | {name: np.asarray(outputs[name]) for name in item.carry}


def _checked_value(item: Stage, name: str, value: Any, steps: int) -> Any:
    if name in schema.tables():
        missing = [column for column in schema.tables()[name] if column not in value.columns]
        if missing:
            raise RabtaError("table lacks a column", key=f"{item.name}: {name}", value=", ".join(missing))
        return value
    spec = schema.arrays()[name]
    array = np.ascontiguousarray(value, dtype=spec.dtype)
    cut = item.over == "parts" or (spec.over_time and item.chunked)
    if array.ndim != len(spec.dims) or (cut and array.shape[0] != steps):
        raise RabtaError(
            "array has the wrong shape",
            key=f"{item.name}: {name}",
            value=array.shape,
            expected=" x ".join(spec.dims),
        )
    return array
