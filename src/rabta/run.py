"""Runs: from a scenario to a run folder that holds everything anyone reads afterwards."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import platform
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rabta
from rabta import catalog, schema
from rabta import scenario as scenarios
from rabta import stage as stages_
from rabta.engine.cache import Cache, default_folder, read_table
from rabta.engine.pools import Pool, chosen
from rabta.engine.progress import Progress, Silent
from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.scenario import Nation, Scenario

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from rabta.engine.evaluate import Engine

LABELS = {
    "cell": ("cells", "cell"),
    "nav_place": ("nav_places", "cell"),
    "air_place": ("air_places", "cell"),
    "technology": ("technologies", "technology"),
    "system": ("systems", "system"),
    "nav_case": ("nav_cases", "case"),
    "jam_case": ("posture_jamming", "case"),
}
DOMAINS = ("nation", "space", "radio", "mobile", "transport", "pnt", "security", "airspace", "plan")


@dataclass(frozen=True)
class Run:
    """A finished run, read from its folder."""

    folder: Path

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What made the run: versions, stages, catalog entries, data layers."""
        found: dict[str, Any] = json.loads((self.folder / "provenance.json").read_text(encoding="utf-8"))
        return found

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        return {p.stem: read_table(p) for p in sorted((self.folder / "tables").glob("*.parquet"))}

    @cached_property
    def arrays(self) -> xr.Dataset:
        """All stored arrays, read when asked for; units are in ``attrs["units"]``."""
        import xarray as xr

        found: xr.Dataset = xr.open_zarr(self.folder / "arrays.zarr", chunks=None, consolidated=False)
        known = {dim: place for dim, place in LABELS.items() if dim in found.dims and place[0] in self.tables}
        labels = {dim: self.tables[t][column].to_numpy(object) for dim, (t, column) in known.items()}
        return found.assign_coords({dim: (dim, label) for dim, label in labels.items()})

    @property
    def report(self) -> Path:
        """The report's page."""
        return self.folder / "report" / "index.html"

    def headline(self) -> dict[str, Any]:
        """Headline figures: label, value, unit and words of each."""
        from rabta import report

        return report.headline(self.folder)

    def summary(self) -> dict[str, Any]:
        """Headline figures in words."""
        from rabta import report

        return dict(report.summary(self.folder))


@dataclass(frozen=True)
class Job:
    """A scenario ready to run."""

    scenario: Scenario

    def run(
        self,
        folder: Path = Path("runs"),
        *,
        cache: Path | None = None,
        progress: Progress | None = None,
        workers: int = 1,
        dask: str = "",
    ) -> Run:
        """Run every stage, write the run folder whole or not at all, build the report.

        Parameters
        ----------
        workers : int
            Local processes that compute time chunks and parts; 1 means this process.
        dask : str
            ``local:N`` or the address of a Dask scheduler, instead of `workers`. Results are the same bits.
        """
        kept, told = Cache(cache or default_folder()), progress or Silent()
        with _clear_errors(folder):
            return _run(self.scenario, folder, kept, told, lambda: chosen(workers, dask))


def load(name: str, /, **overrides: Any) -> Job:
    """Scenario by name or path; keywords override sections, as in ``load("pakistan", time={"hours": 1})``."""
    return Job(scenarios.load(scenarios.find(name), overrides))


def all_stages() -> list[stages_.Stage]:
    """Stages of every domain and of installed plug-ins (entry point ``rabta.stages``)."""
    from importlib.metadata import entry_points

    for module in _stage_modules():
        import_module(module)
    for point in entry_points(group="rabta.stages"):
        point.load()
    return stages_.registered()


def _stage_modules() -> list[str]:
    """Every ``stages.py`` of the domains and of the packages inside them."""
    root = Path(rabta.__file__).parent
    found = (path for domain in DOMAINS for path in sorted((root / domain).rglob("stages.py")))
    return [".".join(("rabta", *path.relative_to(root).with_suffix("").parts)) for path in found]


def check_references(scenario: Scenario) -> None:
    """Refuse a scenario that names something which does not exist, before any work is done."""
    from rabta.plan.costs import prices
    from rabta.transport.latency import exchange

    named = {
        "nations": [scenario.nation.name],
        "constellations": scenario.space.constellations,
        "services": scenario.demand.services,
        "gateways": [scenario.transport.gateways],
    }
    for kind, names in named.items():
        for name in names:
            catalog.entry(kind, name)
    prices(scenario.nation.name, scenario.plan.costs)
    exchange(scenario.nation.name)
    source = scenario.space.catalogue
    if source and "://" not in source and not Path(source).exists():
        raise RabtaError(
            "no such file or folder",
            key="space.catalogue",
            value=source,
            expected="a TLE or OMM file, folder or URL",
        )


def not_landed(scenario: Scenario) -> list[str]:
    """Constellations that no gateway of the scenario lists."""
    sites = catalog.entry("gateways", scenario.transport.gateways).data.get("gateways", [])
    listed = {name for site in sites for name in str(site.get("systems", "*")).split()}
    return [] if "*" in listed else [name for name in scenario.space.constellations if name not in listed]


def _run(scenario: Scenario, folder: Path, cache: Cache, progress: Progress, pool: Callable[[], Pool]) -> Run:
    from rabta import report
    from rabta.engine.evaluate import Engine

    began = time.perf_counter()
    check_references(scenario)
    for name in not_landed(scenario):
        progress.note(f"no gateway of {scenario.transport.gateways!r} lists {name!r}: it will carry nothing")
    folder.mkdir(parents=True, exist_ok=True)
    with _partial(folder, scenario.name) as partial, closing(pool()) as place_of_work:
        engine = Engine(scenario, all_stages(), cache, partial / "arrays.zarr", progress, place_of_work)
        place = folder / f"{scenario.name}-{_run_hash(engine)}"
        with _warnings_as_notes(progress):
            engine.run()
        if not engine.pool.record().get("alike", True):
            progress.note("a worker has another processor or other libraries: last digits may differ")
        _write_times(engine)
        _write_tables(engine, partial / "tables")
        (partial / "scenario.toml").write_text(to_toml(scenario), encoding="utf-8")
        _write_provenance(engine, partial, time.perf_counter() - began)
        progress.start("report", "Report", 1)
        drawing = time.perf_counter()
        report.build(partial)
        progress.advance("report", time.perf_counter() - drawing, cached=False)
        _write_provenance(engine, partial, time.perf_counter() - began)
        _replace(partial, place)
    cache.trim()
    return Run(place)


@contextmanager
def _warnings_as_notes(progress: Progress) -> Iterator[None]:
    """Show what stages warn of (old elements, decayed satellites) in the progress, once each."""
    import warnings

    said: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            progress.note(str(message))

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield


@contextmanager
def _partial(folder: Path, name: str) -> Iterator[Path]:
    import tempfile

    _sweep(folder)
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=f".partial-{os.getpid()}-{name}-"))
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what killed runs left behind."""
    for left in folder.glob(".partial-*"):
        pid = left.name.split("-")[1]
        if not (pid.isdigit() and _alive(int(pid))):
            shutil.rmtree(left, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _replace(partial: Path, place: Path) -> None:
    old = place.with_name(f".old-{place.name}")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    partial.chmod(0o755)
    partial.replace(place)
    shutil.rmtree(old, ignore_errors=True)


def _run_hash(engine: Engine) -> str:
    parts = [*sorted(engine.keys.values()), engine.scenario.model_dump_json()]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:10]


def _write_tables(engine: Engine, folder: Path) -> None:
    folder.mkdir()
    for name, table in engine.twin.tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


def _write_times(engine: Engine) -> None:
    """Time coordinate in the form that xarray decodes (CF conventions 1.11, section 4.4)."""
    import numpy as np
    import zarr

    seconds = engine.twin.times.astype("datetime64[s]").astype(np.int64)
    group = zarr.open_group(engine.store, mode="a")
    group.create_array(
        "time",
        data=seconds,
        dimension_names=("time",),
        attributes={"units": "seconds since 1970-01-01T00:00:00", "calendar": "proleptic_gregorian"},
    )


def _write_provenance(engine: Engine, folder: Path, wall_s: float) -> None:
    kinds = sorted({kind for item in engine.stages for kind in item.catalog})
    record = {
        "name": engine.scenario.name,
        "title": engine.scenario.title or engine.scenario.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "rabta_version": rabta.__version__,
        "scenario": engine.scenario.model_dump(mode="json"),
        "stages": [
            {"name": name, "title": t.title, "seconds": round(t.seconds, 3), "cached": t.cached}
            for name, t in engine.timings.items()
        ],
        "catalog": [
            {"kind": e.kind, "name": e.name, **e.provenance} for kind in kinds for e in catalog.entries(kind)
        ],
        "execution": engine.pool.record(),
        "data_layers": data_layers(engine.scenario.nation),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "wall_s": round(wall_s, 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    (folder / "provenance.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def data_layers(nation: Nation) -> list[dict[str, Any]]:
    """Records of a nation's layers (``layers.json`` beside them): source, licence, date, hash."""
    from rabta.nation.layers import folder, records

    path = folder(nation) / "layers.json"
    found = records(path)
    if found:
        stated = {"layer": "", "source": "", "licence": "not stated", "retrieved": "not stated"}
        return [{**stated, **record} for record in found]
    unknown = {"source": f"files in {path.parent}", "licence": "not stated", "retrieved": "not stated"}
    return [{"layer": "the user's own layers", **unknown, "modelled": False, "transformation": ""}]


def to_toml(scenario: Scenario) -> str:
    """Scenario as TOML with every key written out."""
    whole = scenario.model_dump(mode="json")
    text = [f"{key} = {toml_value(value)}" for key, value in whole.items() if not isinstance(value, dict)]
    for name, section in ((k, v) for k, v in whole.items() if isinstance(v, dict)):
        plain = {k: v for k, v in section.items() if v is not None and not isinstance(v, dict)}
        text += ["", f"[{name}]", *(f"{k} = {toml_value(v)}" for k, v in plain.items())]
        for k, v in section.items():
            if isinstance(v, dict):
                text += ["", f"[{name}.{k}]", *(f"{kk} = {toml_value(vv)}" for kk, vv in v.items())]
    return "\n".join(text) + "\n"


def toml_value(value: Any) -> str:
    """One value as TOML (strings, numbers and booleans read as JSON does; tables are inline).

    Examples
    --------
    >>> print(toml_value([{"name": "A", "height_m": 2e4, "owner": None}]))
    [{ name = "A", height_m = 20000.0 }]
    """
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml_value(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


@contextmanager
def _clear_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise RabtaError(
                "no space left on the disk; nothing was left half-written",
                file=error.filename or folder,
                expected="free space, or another folder (--runs, RABTA_CACHE)",
                exit_code=EXIT_SYSTEM,
            ) from error
        if error.errno in (errno.EACCES, errno.EROFS):
            raise RabtaError(
                "cannot write",
                file=error.filename or folder,
                expected="a folder that you may write",
                exit_code=EXIT_SYSTEM,
            ) from error
        raise


def table_names() -> list[str]:
    """Names of tables that a run folder holds."""
    return sorted(schema.tables())
