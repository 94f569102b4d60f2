"""A new folder of layers: a copy of the nation's with one layer replaced by the user's file."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rabta.errors import RabtaError, nearest
from rabta.nation import layers
from rabta.nation.imports import fibre, people, points, readers
from rabta.nation.imports.ground import Ground
from rabta.nation.imports.job import Job, Reach
from rabta.nation.imports.report import Report
from rabta.scenario import Nation

KINDS: dict[str, Callable[[Job], None]] = {
    "population": people.population,
    "sites": points.sites,
    "coverage": points.coverage,
    "schools": points.counts,
    "health_units": points.counts,
    "offices": points.counts,
    "places": points.places,
}
LAYERS = (*KINDS, "backbone")
TARGETS = (
    "lat_deg", "lon_deg", "cell", "geometry", "people", "technology", "operator", "count", "name", "status",
    "phase", "fibre_km",
)  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What the user asks for.

    Attributes
    ----------
    nation : Nation
        Whose layers are copied.
    out : Path
        New folder; it must not be there yet.
    columns : dict of str
        Names in the file and ours.
    """

    path: Path
    layer: str
    nation: Nation
    out: Path
    columns: dict[str, str] = field(default_factory=dict)
    crs: str = ""
    table: str = ""
    status: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    keep_totals: bool = False
    licence: str = ""
    source: str = ""


def replace(wish: Wish, reach: Reach) -> Report:
    """Read, check, put on the cells, write a folder that loads; the report says what happened."""
    _check(wish)
    features = readers.read(wish.path, table=wish.table, columns=wish.columns, crs=wish.crs)
    report = Report(wish.layer, str(wish.path), features.kind, _hash(wish.path), wish.licence or "not stated")
    report.out = str(wish.out)
    report.count("read", len(features.table))
    for note in features.notes:
        report.warn(note)
    if not wish.licence:
        report.warn("licence not stated: say under which one you may use the file (--licence)")
    where = layers.folder(wish.nation)
    raw = layers.read(layers.find(where, "cells") or where)
    ground = Ground(layers.load(wish.nation))
    job = Job(wish.path, features, ground, raw, report, reach, wish.keep_totals, wish.nation.name)
    if wish.layer == "backbone":
        fibre.backbone(job, wish.status, wish.phase)
    else:
        KINDS[wish.layer](job)
    _write(wish, where, job)
    return report


def _check(wish: Wish) -> None:
    if wish.layer not in LAYERS:
        raise RabtaError(
            "no such layer", key="--layer", value=wish.layer, expected=nearest(wish.layer, LAYERS)
        )
    for ours in wish.columns.values():
        if ours not in TARGETS:
            raise RabtaError("no such column", key="--column", value=ours, expected=nearest(ours, TARGETS))
    if wish.out.exists():
        raise RabtaError("folder is there already", key="--out", value=wish.out, expected="a new folder")


def _write(wish: Wish, where: Path, job: Job) -> None:
    """Everything beside the folder under another name, loaded once, then renamed."""
    wish.out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=wish.out.parent, prefix=".partial-"))
    try:
        for path in sorted(where.iterdir()):
            if path.suffix in (".parquet", ".csv", ".json") and path.is_file():
                shutil.copyfile(path, partial / path.name)
        changed = [_table(partial, "cells", job.cells)] if job.columns else []
        changed += [_table(partial, name, frame) for name, frame in job.tables.items()]
        _record(partial, wish, job, changed)
        layers.load(Nation(name=wish.nation.name, data=str(partial)))
        partial.chmod(0o755)
        partial.rename(wish.out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _table(folder: Path, name: str, frame: Any) -> str:
    """Write a table in place of the one that is there."""
    for suffix in (".parquet", ".csv"):
        (folder / f"{name}{suffix}").unlink(missing_ok=True)
    frame.to_parquet(folder / f"{name}.parquet", index=False)
    return f"{name}.parquet"


def _record(folder: Path, wish: Wish, job: Job, changed: list[str]) -> None:
    """Records of the layers with new hashes, and one of what was replaced."""
    path = folder / "layers.json"
    records = layers.records(path)
    for record in records:
        if record.get("file") in changed:
            record["sha256"] = _hash(folder / str(record["file"]))
            record["replaced_in_part_by"] = sorted({*record.get("replaced_in_part_by", []), wish.layer})
    mine = {
        "layer": f"{wish.layer} (imported)",
        "file": changed[-1] if changed else "cells.parquet",
        "source": wish.source or f"the user's file {wish.path.name}",
        "publisher": "the user",
        "licence": job.report.licence,
        "retrieved": datetime.now(UTC).date().isoformat(),
        "transformation": job.what,
        "modelled": False,
        "imported": wish.layer,
        "columns": job.columns,
        "sha256": _hash(folder / changed[-1]),
        "inputs_sha256": {wish.path.name: job.report.sha256},
        "report": {key: value for key, value in job.report.record().items() if key not in ("file", "out")},
    }
    kept = [record for record in records if record.get("imported") != wish.layer]
    lines = [json.dumps(record, ensure_ascii=False, allow_nan=False) for record in (*kept, mine)]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
