"""Where a number comes from: its table or array, its formula in words, the stages and sources behind it.

All of it is read from the schema, from what the stages declare to read and write, and from the run's record.
"""

from __future__ import annotations

import re
from importlib import import_module, util
from typing import Any

from rabta import catalog, schema
from rabta import stage as stages
from rabta.report.folder import RunFolder
from rabta.report.text import esc

HOW = {
    "value": "As it stands in the run",
    "sum": "Sum over the cells",
    "sum_people": "Sum over the cells, each household counted with its cell's people a household",
    "share": "Share of the households, summed over the cells",
    "median": "Median over the connected households",
    "ratio": "Sum of the first over the sum of the second",
    "meeting": "Share of the connected households whose figures meet the floors of the scenario",
    "target": "Share of the pupils or payments with broadband of any kind today; the plan adds the share it "
    "connects where its rate and delay meet the service's entry in the catalog",
    "mix": "Connected households by technology: the main one with its share, the second with the rest",
    "heldout": "Each group of towns left out in turn and placed from the rest; file of the nation's layers",
    "series": "Over the steps of the run",
    "nearest": "Distance on the map to the nearest gateway that lands the constellation",
}
INPUT_FILES = re.compile(r"^(\w+)\.parquet$")


class Origins:
    """Origins that a page has linked, in the order of their first use."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.used: dict[str, dict[str, Any]] = {}
        self.stages = _stages(run)
        self.writer = {name: item for item in self.stages for name in item.writes}
        self.sources = _sources(run)

    def link(self, key: str, title: str, how: str, *names: str) -> str:
        """Small link that opens the origin; ``names`` are ``table.column``, ``table`` or arrays."""
        self.add(key, title, how, *names)
        anchor = names[0].partition(".")[0] if names else "sources"
        return (
            f'<a class="info" href="#from-{esc(anchor)}" data-o="{esc(key)}" '
            f'aria-label="Where {esc(title)} comes from">i</a>'
        )

    def add(self, key: str, title: str, how: str, *names: str) -> str:
        """Make an origin known to the page's script."""
        roots = list(dict.fromkeys(name.partition(".")[0] for name in names))
        self.used[key] = {
            "title": title,
            "how": HOW[how],
            "of": [self._words(name) for name in names],
            "by": [self.writer[root].title for root in roots if root in self.writer],
            "kind": self.kind(names),
            "sources": sorted({index for name in names for index in self.behind(name)}),
        }
        return key

    def _words(self, name: str) -> list[str]:
        table, _, column = name.partition(".")
        spec = schema.tables().get(table, {}).get(column) or schema.arrays().get(table)
        where = f"tables/{table}.parquet" if table in schema.tables() else "arrays.zarr"
        where = where if spec or table in schema.tables() else "the nation's folder"
        words = spec.description if spec else ""
        unit = spec.unit if spec and spec.unit != "1" else ""
        return [name, where, words, unit]

    def kind(self, names: tuple[str, ...]) -> str:
        """Whether the numbers are published, modelled inputs or results."""
        found = {self._kind(name) for name in names}
        order = ("computed by the model", "modelled input", "published or measured input")
        return next((kind for kind in order if kind in found), order[0])

    def _kind(self, name: str) -> str:
        table, _, column = name.partition(".")
        spec = schema.tables().get(table, {}).get(column)
        if table not in self.writer and any(_marks(self.sources[i], column) for i in self.behind(name)):
            return "modelled input"
        if spec is None or spec.status != "input":
            return "computed by the model"
        said = "modelled" in spec.description
        marked = any(_marks(self.sources[i], column) for i in self.behind(name))
        return "modelled input" if said or marked else "published or measured input"

    def behind(self, name: str) -> list[int]:
        """Rows of the sources that a table, column or array rests on."""
        table, _, column = name.partition(".")
        item = self.writer.get(table)
        if item is None:
            return self._layers(table, column)
        if not item.reads:
            return self._layers(table, column) or self._entries(item.catalog)
        found = self._entries(item.catalog)
        for read in self._upstream(table):
            made = self.writer.get(read)
            if made is not None:
                found += self._entries(made.catalog)
                found += self._layers(read, "") if not made.reads else []
        return sorted(set(found))

    def _upstream(self, name: str) -> list[str]:
        """Every table and array behind one, itself left out."""
        seen: dict[str, None] = {}
        queue = list(self.writer[name].reads) if name in self.writer else []
        while queue:
            here = queue.pop()
            if here not in seen:
                seen[here] = None
                queue += self.writer[here].reads if here in self.writer else ()
        return list(seen)

    def _entries(self, kinds: tuple[str, ...]) -> list[int]:
        return [i for i, row in enumerate(self.sources) if row["group"] == "entry" and row["kind"] in kinds]

    def _layers(self, table: str, column: str) -> list[int]:
        """Data layers of a table; those of one column where the layers tell columns apart."""
        table = {"horizon_deg": "horizon"}.get(table, table)
        known = schema.tables().get(table, {})
        rows = [(i, row) for i, row in enumerate(self.sources) if row["group"] == "layer"]
        files = {"cells": {"cells", "tehsils", "apportionment", "climate"}}.get(table, {table})
        mine = [(i, row) for i, row in rows if _stem(row) in files or _part(row)[0] in files]
        if not column:
            return [i for i, _ in mine]
        exact = [i for i, row in mine if _part(row)[1] == column or column in row["columns"]]
        wide = [i for i, row in mine if _part(row)[1] not in known and not row["columns"]]
        return exact or wide

    def table_rows(self) -> list[tuple[str, str, list[str], list[int]]]:
        """Name, stage title, what it reads and sources of each linked table or array."""
        roots = dict.fromkeys(word[0].partition(".")[0] for item in self.used.values() for word in item["of"])
        out = []
        for root in roots:
            item = self.writer.get(root)
            out.append(
                (root, item.title if item else "", list(item.reads) if item else [], self.behind(root))
            )
        return out

    def data(self) -> dict[str, Any]:
        """What the page's script needs."""
        keys = ("title", "publisher", "source", "licence", "retrieved")
        rows = [[str(row.get(key) or "") for key in keys] for row in self.sources]
        return {"origins": self.used, "sources": rows}


def _stages(run: RunFolder) -> list[stages.Stage]:
    """Stages of the run that are installed here, with what they declare to read and write."""
    wanted = [str(row.get("name")) for row in run.provenance.get("stages", []) if isinstance(row, dict)]
    for place in dict.fromkeys(name.rpartition(".")[0] for name in wanted):
        if _known_place(place):
            import_module(f"rabta.{place}.stages")
    return [item for item in stages.registered() if item.name in wanted]


def _known_place(place: str) -> bool:
    """Whether a package of stages is installed; a record may name any."""
    parts = place.split(".")
    if not all(part.isidentifier() for part in parts):
        return False
    packages = [".".join(("rabta", *parts[: k + 1])) for k in range(len(parts))]
    return all(util.find_spec(name) for name in [*packages, f"rabta.{place}.stages"])


def _sources(run: RunFolder) -> list[dict[str, Any]]:
    """Data layers, then catalog entries, each as one row."""
    rows = []
    for row in _known(run.provenance.get("data_layers")):
        columns = row.get("columns")
        named = {"title": row.get("layer"), "group": "layer", "kind": "layer"}
        rows.append({**row, **named, "columns": columns if isinstance(columns, list) else []})
    entries = used_entries(run)
    return rows + [
        {**row, "group": "entry", "title": row.get("title") or row.get("name"), "columns": []}
        for row in entries
    ]


def _known(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def used_entries(run: RunFolder) -> list[dict[str, Any]]:
    """Catalog entries of the run, without the constellations that the scenario did not ask for."""
    wanted = {str(name) for name in run.setting("space", "constellations", [])}
    known = _known(run.provenance.get("catalog"))
    if run.depiction:
        known = [*known, {"kind": "depictions", **run.depiction}]
    used = [row for row in known if row.get("kind") != "constellations" or row.get("name") in wanted]
    return [{**row, "modelled": row.get("modelled") or _marked(row)} for row in used]


def _marked(row: dict[str, Any]) -> Any:
    """Values that the catalog's own entry marks as modelled, where it is still at hand."""
    kind, name = str(row.get("kind")), str(row.get("name"))
    if kind not in catalog.kinds() or name not in catalog.names(kind):
        return None
    return catalog.entry(kind, name).data.get("modelled")


def _stem(row: dict[str, Any]) -> str:
    found = INPUT_FILES.match(str(row.get("file", "")))
    return found[1] if found else ""


def _part(row: dict[str, Any]) -> tuple[str, str]:
    """Table and column that a layer's name tells, as in ``cells: mobile_today``."""
    table, _, column = str(row.get("layer", "")).partition(": ")
    return table, column


def _marks(row: dict[str, Any], column: str) -> bool:
    """True where a layer marks the column as modelled."""
    if row["group"] != "layer":
        return False
    named = row.get("modelled_columns") or row.get("modelled")
    if isinstance(named, list):
        return any(str(word).split(" ")[0].removeprefix("cells.") == column for word in named)
    return bool(named)
