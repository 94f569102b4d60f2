"""Where every number comes from: scenario, catalog, data layers, what is not known, how the run was made."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from rabta.report import origin, text
from rabta.report.folder import RunFolder
from rabta.report.payload import Context
from rabta.report.text import esc

SECTION_TITLES = {
    "nation": "Nation",
    "time": "Time",
    "space": "Satellites",
    "radio": "Radio",
    "demand": "Demand",
    "transport": "Transport",
    "plan": "Plan",
    "providers": "Chosen providers",
}
UNKNOWN = (
    "Terrain is known at about 1 km: a ridge, a wall or a tree near one house is not.",
    "Mobile and fixed service today is modelled and calibrated to national totals: a village can differ.",
    "Rain, cloud and gas losses are long-term statistics, not a weather forecast.",
    "Satellites follow the elements or shells named below; operators move, add and retire them unannounced.",
    "Costs are of published tenders and price lists, else estimates marked below as modelled.",
    "Land, security and taxes of one site are not known.",
    "Licences, spectrum and landing rights are taken as granted.",
)


def assumptions(c: Context) -> str:
    """Scenario values, catalog entries, data layers and what the twin does not know."""
    run = c.run
    entries = _table(origin.used_entries(run), CATALOG_HEADS, "catalog entries")
    layers = _table(run.provenance.get("data_layers"), LAYER_HEADS, "data layers")
    return (
        f"<h3>What this twin does not know</h3>{_unknown(c)}<h3>Scenario</h3>{_scenario(run)}"
        f"<h3>From which the numbers come</h3>{_behind(c)}"
        f"<h3>Data layers</h3>{layers}<h3>Catalog entries</h3>{entries}"
    )


def _behind(c: Context) -> str:
    """Each table and array that the page shows: the stage that makes it, what that reads, its sources."""
    rows = []
    for name, title, reads, behind in c.origins.table_rows():
        said = "; ".join(str(c.origins.sources[i]["title"]) for i in behind)
        rows.append(
            f'<tr id="from-{esc(name)}"><th scope="row"><code>{esc(name)}</code></th>'
            f"<td>{esc(title or text.MISSING)}</td><td>{esc(', '.join(reads) or 'the data layers')}</td>"
            f"<td>{esc(said or text.MISSING)}</td></tr>"
        )
    heads = ("Table or array", "Made by", "From", "Sources behind it")
    return text.table("From which the numbers come", "sources", heads, rows)


def _unknown(c: Context) -> str:
    items = [*_uncounted(c), *UNKNOWN]
    return "<ul class=plain>" + "".join(f"<li>{esc(item)}</li>" for item in items) + "</ul>"


def _uncounted(c: Context) -> list[str]:
    parts = c.sums.pieces
    latest = int(parts["census_year"].max())
    old = parts[parts["census_year"] < latest]
    if old.empty:
        return []
    where = text.listing(sorted(old["province"].astype(str).unique().tolist()))
    year = int(old["census_year"].min())
    people = text.number(float(old["people"].sum()))
    return [f"{where} were not counted in {latest}: their {people} people are those of {year}, unchanged."]


def _scenario(run: RunFolder) -> str:
    parts = []
    for key, title in SECTION_TITLES.items():
        values = run.scenario.get(key)
        if isinstance(values, dict) and values:
            rows = text.pairs([(_words(k), _value(v)) for k, v in values.items()])
            parts.append(f"<div><h4>{esc(title)}</h4><dl>{rows}</dl></div>")
    return f'<div class="scenario">{"".join(parts)}</div>'


UNITS = {"mbps": "Mbit/s", "ms": "ms", "usd": "US$", "s": "s", "deg": "deg", "db": "dB", "percent": "%"}


def _words(key: str) -> str:
    """Key of a scenario in words, its unit in brackets."""
    stem, _, unit = key.rpartition("_")
    return f"{stem.replace('_', ' ')} ({UNITS[unit]})" if stem and unit in UNITS else key.replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(v) for v in value) or "not set"
    if isinstance(value, dict):
        return ", ".join(f"{k} = {v}" for k, v in value.items()) or "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name  # where a file lay on one machine says nothing
    return "not set" if value is None or value == "" else str(value)


CATALOG_HEADS = {
    "kind": "Kind",
    "title": "Entry",
    "source": "Source",
    "licence": "Licence",
    "retrieved": "Retrieved",
    "modelled": "Modelled",
}
LAYER_HEADS = {
    "layer": "Layer",
    "source": "Source",
    "licence": "Licence",
    "retrieved": "Retrieved",
    "modelled": "Modelled",
    "transformation": "What was done",
}


def _table(rows: Any, heads: dict[str, str], what: str) -> str:
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not known:
        return f"<p>The run names no {esc(what)}.</p>"
    style = {key: "word date" if key == "retrieved" else "word" for key in heads}
    body = [
        "<tr>" + "".join(f'<td class="{style[key]}">{_field(key, row)}</td>' for key in heads) + "</tr>"
        for row in known
    ]
    return text.table(what, "sources", tuple(heads.values()), body)


def _field(key: str, row: dict[str, Any]) -> str:
    value = row.get(key)
    if key == "title":
        value = value or row.get("name")
    if key == "source" and row.get("publisher"):
        value = f"{row['publisher']}: {value}"
    if key == "modelled":
        return _modelled(row.get("modelled_columns") or value)
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    return esc(value or text.MISSING)


def _modelled(value: Any) -> str:
    if not value:
        return "no"
    words = "; ".join(str(v) for v in value) if isinstance(value, list | tuple) else value
    return f'<span class="modelled">{esc("yes" if words is True else words)}</span>'


def making(c: Context) -> str:
    """Stages with their times, versions, machine."""
    p = c.run.provenance
    memory = p.get("peak_memory_mb")
    facts = [
        ("Run", p.get("name")),
        ("Made", p.get("created")),
        ("Rabta", p.get("rabta_version")),
        ("Python", p.get("python")),
        ("Machine", p.get("platform")),
        ("Whole run", _seconds(p["wall_s"]) if p.get("wall_s") else None),
        ("Most memory", f"{text.number(float(memory))} MB" if memory else None),
    ]
    listed = text.pairs([(name, str(value)) for name, value in facts if value])
    stages = [row for row in p.get("stages", []) if isinstance(row, dict)]
    rows = [
        f'<tr><th scope="row">{esc(row.get("title") or row.get("name", ""))}</th>'
        f'<td class="word"><code>{esc(row.get("name", ""))}</code></td>'
        f"<td>{'from cache' if row.get('cached') else _seconds(row.get('seconds'))}</td></tr>"
        for row in stages
    ]
    table = text.table("Stages", "sums second", ("Stage", "Name", "Time"), rows) if rows else ""
    return f'<dl class="facts">{listed}</dl>{table}'


def _seconds(value: Any) -> str:
    return f"{text.number(float(value))} s" if isinstance(value, int | float) else text.MISSING


def footer(run: RunFolder) -> str:
    """Closing line of the page."""
    version = run.provenance.get("rabta_version", "")
    return esc(
        f"Made by Rabta {version}. This file is complete: it needs no network. "
        "Every figure is in the run folder beside it (tables/*.parquet, arrays.zarr)."
    )
