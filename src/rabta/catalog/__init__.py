"""The catalog: data entries with source, licence and date, found by kind and name.

An entry is a TOML file ``<kind>/<name>.toml`` with at least ``title``, ``source``, ``licence`` and
``retrieved``. Folders are searched in this order: ``./catalog``, ``$RABTA_CATALOG``, folders that
installed packages announce under the entry point ``rabta.catalog``, and the shipped one.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from rabta import io
from rabta.errors import RabtaError, nearest

SHIPPED = Path(__file__).parent
REQUIRED = ("title", "source", "licence", "retrieved")


@dataclass(frozen=True)
class Entry:
    """One catalog entry.

    Attributes
    ----------
    data : dict
        Every key of the file, the four provenance keys included.
    """

    kind: str
    name: str
    path: Path
    data: dict[str, Any]

    @property
    def title(self) -> str:
        """Name shown to people."""
        return str(self.data["title"])

    @property
    def provenance(self) -> dict[str, str]:
        """Source, licence and date of retrieval."""
        return {key: str(self.data[key]) for key in REQUIRED}


def folders() -> list[Path]:
    """Catalog folders, first match wins."""
    found = [Path("catalog")]
    found += [Path(p) for p in os.environ.get("RABTA_CATALOG", "").split(os.pathsep) if p]
    found += _announced(tuple(sys.path))
    return [*[folder for folder in found if folder.is_dir()], SHIPPED]


@cache
def _announced(path: tuple[str, ...]) -> list[Path]:  # noqa: ARG001 (what is installed depends on it)
    """Folders that installed packages announce; looking through all of them takes milliseconds."""
    return [Path(str(point.load())) for point in entry_points(group="rabta.catalog")]


def kinds() -> list[str]:
    """Kinds of entries, for instance ``constellations``."""
    return sorted({p.name for f in folders() for p in f.iterdir() if p.is_dir() and any(p.glob("*.toml"))})


def names(kind: str) -> list[str]:
    """Names of the entries of a kind."""
    return sorted({p.stem for f in folders() for p in (f / kind).glob("*.toml")})


def entry(kind: str, name: str) -> Entry:
    """Load one entry; an unknown name is refused with the nearest known one."""
    for folder in folders():
        path = folder / kind / f"{name}.toml"
        if name == Path(name).name and path.is_file():
            return _load(kind, name, path.resolve(), path.stat().st_mtime_ns)
    raise RabtaError(
        f"no {kind} entry of that name in the catalog",
        key=kind,
        value=name,
        expected=nearest(name, names(kind)),
    )


def entries(kind: str) -> list[Entry]:
    """All entries of a kind."""
    return [entry(kind, name) for name in names(kind)]


@cache
def _load(kind: str, name: str, path: Path, modified_ns: int) -> Entry:  # noqa: ARG001 (part of the key)
    data = io.read_toml(path)
    for key in REQUIRED:
        if not data.get(key):
            raise RabtaError(
                "catalog entry without provenance", file=path, key=key, expected="a non-empty text"
            )
    return Entry(kind, name, path, data)
