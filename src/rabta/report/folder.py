"""A run folder, read: tables, arrays over time in blocks, scenario and provenance."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog, schema
from rabta.errors import RabtaError, nearest
from rabta.times import parse_utc

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 60  # steps read at once: keeps a national day under 100 MB


@dataclass
class RunFolder:
    """What one run wrote.

    Attributes
    ----------
    path : Path
        ``runs/<name>-<hash>``.
    """

    path: Path
    _tables: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    def has(self, name: str) -> bool:
        """True where the run holds the table or array."""
        if name in schema.tables():
            return (self.path / "tables" / f"{name}.parquet").is_file()
        return name in self._group

    def table(self, name: str) -> pd.DataFrame:
        """One table, or an error that says which file is missing."""
        import pandas as pd

        if name not in self._tables:
            file = self.path / "tables" / f"{name}.parquet"
            if not file.is_file():
                raise RabtaError("the run has no such table", file=file, expected="a finished run folder")
            self._tables[name] = pd.read_parquet(file)
        return self._tables[name]

    def column(self, table: str, name: str) -> NDArray[np.float64]:
        """One numeric column as floats; NaN throughout where an older run lacks it."""
        frame = self.table(table)
        if name not in frame:
            return np.full(len(frame), np.nan)
        return frame[name].to_numpy(dtype=np.float64, na_value=np.nan)

    @cached_property
    def _group(self) -> dict[str, Any]:
        import zarr

        store = self.path / "arrays.zarr"
        if not store.exists():
            return {}
        return dict(zarr.open_group(str(store), mode="r").arrays())

    def array(self, name: str) -> Any:
        """One stored array, not yet read."""
        if name not in self._group:
            raise RabtaError(
                "the run has no such array",
                file=self.path / "arrays.zarr",
                key=name,
                expected=nearest(name, self._group),
            )
        return self._group[name]

    def values(self, name: str) -> NDArray[Any]:
        """One whole array; meant for those without both a time and a cell axis."""
        return np.asarray(self.array(name)[:])

    def blocks(self, name: str) -> Iterator[tuple[int, NDArray[Any]]]:
        """First step and values of successive blocks of an array over time."""
        source = self.array(name)
        for first in range(0, source.shape[0], BLOCK):
            yield first, np.asarray(source[first : first + BLOCK])

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """What was run, by which version, from which inputs; empty where the file is absent."""
        file = self.path / "provenance.json"
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise RabtaError(f"not valid JSON: {error}", file=file, expected="provenance of a run") from error
        return found if isinstance(found, dict) else {}

    @cached_property
    def scenario(self) -> dict[str, Any]:
        """Scenario as it was run, defaults included where the provenance has them."""
        from rabta.scenario import validate

        known = self.provenance.get("scenario")
        if isinstance(known, dict) and known:
            return known
        file = self.path / "scenario.toml"
        raw = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        raw.pop("extends", None)
        return validate(raw, file).model_dump(mode="json")

    def setting(self, section: str, name: str, default: Any) -> Any:
        """One scenario value."""
        return self.scenario.get(section, {}).get(name, default)

    @property
    def title(self) -> str:
        """Title of the run for people."""
        found = self.provenance.get("title") or self.scenario.get("title")
        return str(found or self.provenance.get("name") or self.scenario.get("name") or self.path.name)

    @property
    def start(self) -> datetime:
        """First instant, UTC."""
        return parse_utc(str(self.setting("time", "start", "2026-01-13T00:00:00Z")))

    @property
    def step_s(self) -> float:
        """Seconds between steps."""
        return float(self.setting("time", "step_s", 60.0))

    @property
    def end(self) -> datetime:
        """End of the simulated span, UTC."""
        return self.start + timedelta(hours=float(self.setting("time", "hours", 24.0)))

    @cached_property
    def depiction(self) -> dict[str, Any]:
        """How the nation wants to be drawn: names, clock, currency, lines and notes."""
        name = str(self.setting("nation", "name", "pakistan"))
        return catalog.entry("depictions", name).data if name in catalog.names("depictions") else {}

    @cached_property
    def technologies(self) -> dict[str, str]:
        """Titles of the technologies by short name, in the run's order."""
        if self.has("technologies"):
            frame = self.table("technologies")
            return dict(zip(frame["technology"].astype(str), frame["title"].astype(str), strict=True))
        return {name: name.replace("_", " ") for name in self.table("plan_mix")["technology"].astype(str)}
