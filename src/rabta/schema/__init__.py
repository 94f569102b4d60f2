"""The schema is data: ``arrays.csv`` and ``tables/*.csv`` say what a twin may hold."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rabta.errors import RabtaError, nearest

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class ArraySpec:
    """One row of ``arrays.csv``."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    unit: str
    stored: bool
    producer: str
    description: str

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes of the array in files, named as in the CF conventions 1.11, section 3."""
        return {"units": self.unit, "long_name": self.description, "producer": self.producer}

    @property
    def over_time(self) -> bool:
        """True where the first dimension is time."""
        return self.dims[:1] == ("time",)


@dataclass(frozen=True)
class ColumnSpec:
    """One row of a table's schema."""

    attribute: str
    type: str
    unit: str
    default: str
    description: str
    status: str


@cache
def arrays() -> dict[str, ArraySpec]:
    """All arrays by name."""
    with (FOLDER / "arrays.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {
        row["name"]: ArraySpec(
            row["name"],
            tuple(row["dims"].split()),
            row["dtype"],
            row["unit"],
            row["stored"] == "yes",
            row["producer"],
            row["description"],
        )
        for row in rows
    }


@cache
def tables() -> dict[str, dict[str, ColumnSpec]]:
    """All tables by name, each a mapping of column name to its row."""
    out: dict[str, dict[str, ColumnSpec]] = {}
    for path in sorted((FOLDER / "tables").glob("*.csv")):
        with path.open(encoding="utf-8") as stream:
            out[path.stem] = {row["attribute"]: ColumnSpec(**row) for row in csv.DictReader(stream)}
    return out


def check_name(name: str) -> None:
    """Refuse a name that the schema does not declare."""
    if name not in arrays() and name not in tables():
        raise RabtaError(
            "name is not declared in the schema", key=name, expected=nearest(name, [*arrays(), *tables()])
        )
