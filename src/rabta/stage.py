"""Stages: plain functions whose order follows from the names they read and write."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from rabta import catalog, schema
from rabta.errors import RabtaError, nearest
from rabta.scenario import Scenario
from rabta.twin import Twin

Outputs = dict[str, Any]
StageFunction = Callable[..., Outputs]
FilesFunction = Callable[[Scenario], Sequence[Path]]
ItemsFunction = Callable[[Twin], int]
Over = Literal["whole", "map", "halo", "scan", "parts"]
F = TypeVar("F", bound=StageFunction)

PART_SIZE = 100

_DOTTED = re.compile(r"^\s*(?:from|import) rabta\.(\w+)", re.MULTILINE)
_PLAIN = re.compile(r"^\s*from rabta import ([\w ,]+)", re.MULTILINE)


@dataclass(frozen=True)
class Stage:
    """A registered stage; see `stage` for the fields."""

    name: str
    function: StageFunction
    title: str
    params: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    catalog: tuple[str, ...]
    files: FilesFunction | None = None
    over: Over = "whole"
    halo_s: tuple[float, float] = (0.0, 0.0)
    carry: tuple[str, ...] = ()
    items: ItemsFunction | None = None
    part_size: int = PART_SIZE
    provider: str = "default"

    @property
    def chunked(self) -> bool:
        """True where the stage is called once per time chunk."""
        return self.over in {"map", "halo", "scan"}


_REGISTRY: dict[str, Stage] = {}


def stage(
    title: str,
    *,
    writes: Sequence[str],
    reads: Sequence[str] = (),
    params: Sequence[str] = (),
    catalog: Sequence[str] = (),
    files: FilesFunction | None = None,
    chunked: bool = False,
    over: Over = "whole",
    halo_s: tuple[float, float] = (0.0, 0.0),
    carry: Sequence[str] = (),
    items: ItemsFunction | None = None,
    part_size: int = PART_SIZE,
    provider: str = "default",
) -> Callable[[F], F]:
    """Register a function as a stage.

    Parameters
    ----------
    title : str
        Shown in the progress line.
    writes, reads : sequence of str
        Names of tables and arrays, declared in the schema.
    params : sequence of str
        Scenario sections or keys (``plan.floor_mbps``) that the function reads.
    catalog : sequence of str
        Catalog kinds that the function reads.
    files : callable, optional
        Input files outside the catalog, from the scenario; their content enters the cache key.
    chunked : bool
        Short for ``over="map"``.
    over : {"whole", "map", "halo", "scan", "parts"}
        What the function is called over. ``whole``: once, ``function(twin)`` sees everything.
        ``map``: once per time chunk; it sees only the chunk's times and the chunk's part of arrays over
        time, and returns arrays of the chunk. ``halo``: as ``map``, but it sees `halo_s` more on both
        sides where the run has them, and returns arrays over all that it sees; the engine keeps the
        chunk's. ``scan``: ``function(twin, carry)`` is called chunk after chunk; `carry` is empty in
        the first and afterwards holds what the chunk before returned under the names of `carry`.
        ``parts``: ``function(twin, part)`` makes the items of a slice, and returns arrays whose first
        dimension is the part's, or tables of its rows; the engine joins them in order.
    halo_s : tuple of float
        Seconds before and after the chunk that a ``halo`` stage sees.
    carry : sequence of str
        Names of the arrays that a ``scan`` stage hands on, returned beside what it writes.
    items : callable, optional
        Number of items of a ``parts`` stage, from a twin that holds what the stage reads; it may
        depend on nothing that is not in `reads` and `params`.
    part_size : int
        Items of one part; it does not depend on the machine, so results do not either.
    provider : str
        Name of this way to make the outputs, where there are several.

    Raises
    ------
    RabtaError
        Where a name is not declared, or the declaration contradicts itself.
    """

    def register(function: F) -> F:
        name = f"{function.__module__.removeprefix('rabta.').removesuffix('.stages')}.{function.__name__}"
        made = Stage(
            name,
            function,
            title,
            tuple(params),
            tuple(reads),
            tuple(writes),
            tuple(catalog),
            files,
            "map" if chunked else over,
            halo_s,
            tuple(carry),
            items,
            part_size,
            provider,
        )
        check(made)
        _REGISTRY[name] = made
        return function

    return register


def check(item: Stage) -> None:
    """Refuse names that are not declared, and a declaration that contradicts itself."""
    for name in (*item.reads, *item.writes):
        schema.check_name(name)
    if item.over not in get_args(Over):
        raise RabtaError(
            "no such way to run a stage",
            key=item.name,
            value=item.over,
            expected=nearest(item.over, get_args(Over)),
        )
    arrays = schema.arrays()
    for name in item.writes:
        if item.chunked and not (name in arrays and arrays[name].over_time):
            raise RabtaError(
                "a stage over time chunks writes arrays over time only", key=item.name, value=name
            )
        if item.over == "parts" and name in arrays and (arrays[name].over_time or not arrays[name].dims):
            raise RabtaError(
                "a stage over parts writes tables, and arrays whose first dimension is the items",
                key=item.name,
                value=name,
            )
    wrong = {
        "halo_s": (item.over == "halo") != any(item.halo_s) or min(item.halo_s) < 0,
        "carry": bool(item.carry) and (item.over != "scan" or any(name in arrays for name in item.carry)),
        "items": (item.over == "parts") != (item.items is not None) or item.part_size < 1,
    }
    for name in (name for name, bad in wrong.items() if bad):
        raise RabtaError(f"{name} does not fit over={item.over!r}", key=item.name)


def registered() -> list[Stage]:
    """All stages known so far."""
    return list(_REGISTRY.values())


def select(stages: Sequence[Stage], providers: dict[str, str]) -> list[Stage]:
    """Keep one provider for each output name."""
    by_output: dict[str, list[Stage]] = {}
    for item in stages:
        for name in item.writes:
            by_output.setdefault(name, []).append(item)
    for name in providers:
        if name not in by_output:
            raise RabtaError(
                "provider chosen for a name that no stage writes",
                key=f"providers.{name}",
                expected=nearest(name, by_output),
            )
    chosen = {_choose(name, writers, providers).name for name, writers in by_output.items()}
    kept = [item for item in stages if item.name in chosen]
    _one_writer_each(kept)
    return kept


def _choose(name: str, writers: list[Stage], providers: dict[str, str]) -> Stage:
    wanted = providers.get(name, "default")
    found = [item for item in writers if item.provider == wanted] or (
        writers if len(writers) == 1 and name not in providers else []
    )
    if len(found) == 1:
        return found[0]
    problem = "no such provider" if not found else "two providers write the same name"
    known = nearest(wanted, {item.provider for item in writers})
    raise RabtaError(problem, key=f"providers.{name}", value=wanted, expected=known)


def _one_writer_each(stages: Sequence[Stage]) -> None:
    writer: dict[str, str] = {}
    for item in stages:
        for name in item.writes:
            if name in writer:
                raise RabtaError(
                    "two selected stages write the same name", key=name, value=f"{writer[name]}, {item.name}"
                )
            writer[name] = item.name


def order(stages: Sequence[Stage]) -> list[Stage]:
    """Sort stages so that each name is written before it is read."""
    writer = {name: item for item in stages for name in item.writes}
    done: dict[str, Stage] = {}
    for item in stages:
        _visit(item, writer, done, ())
    return list(done.values())


def _visit(item: Stage, writer: dict[str, Stage], done: dict[str, Stage], path: tuple[str, ...]) -> None:
    if item.name in done:
        return
    if item.name in path:
        raise RabtaError("stages form a cycle", value=" -> ".join((*path, item.name)))
    for name in item.reads:
        if name not in writer:
            raise RabtaError("no stage writes this name", key=name, value=f"read by {item.name}")
        _visit(writer[name], writer, done, (*path, item.name))
    done[item.name] = item


@cache
def _code_hash(folder: Path) -> str:
    """Hash of a stage's package and of every part of Rabta that it imports, directly or not."""
    root = Path(__file__).parent
    files: set[Path] = set()
    queue = sorted(folder.rglob("*.py"))
    while queue:
        path = queue.pop()
        if path in files:
            continue
        files.add(path)
        for name in _imports(path.read_text(encoding="utf-8")):
            queue += [root / f"{name}.py"] if (root / f"{name}.py").is_file() else (root / name).rglob("*.py")
    digest = hashlib.sha256((schema.FOLDER / "arrays.csv").read_bytes())
    for path in sorted(files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _param(scenario: dict[str, Any], name: str) -> Any:
    """Section, or one key of a section, as in ``plan.floor_mbps``."""
    value: Any = scenario
    for part in name.split("."):
        value = value[part]
    return value


def _imports(source: str) -> set[str]:
    plain = [
        re.split(r"\s+as\s+", part.strip())[0] for line in _PLAIN.findall(source) for part in line.split(",")
    ]
    return {*_DOTTED.findall(source), *plain} - {""}


def key(item: Stage, scenario: Scenario, inputs: Sequence[str]) -> str:
    """Content hash of a stage's outputs: code, parameters, catalog entries, files and input keys."""
    whole = scenario.model_dump(mode="json")
    parts = [item.name, item.provider, _code_hash(Path(inspect.getfile(item.function)).parent)]
    parts += [json.dumps(_param(whole, name), sort_keys=True) for name in item.params]
    parts += [e.path.read_text(encoding="utf-8") for kind in item.catalog for e in catalog.entries(kind)]
    parts += [_file_hash(path) for path in (item.files(scenario) if item.files else ())]
    return hashlib.sha256("\0".join([*parts, *inputs]).encode()).hexdigest()[:32]


def _file_hash(path: Path) -> str:
    return f"{path.name}:{hashlib.sha256(path.read_bytes()).hexdigest()}"
