"""Where every number comes from: scenario, catalog, data layers, what is not known, how the run was made."""

from __future__ import annotations

from typing import Any

from rabta.report import text
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
    "Mobile and fixed service today is modelled for each cell and calibrated to national and provincial totals; "
    "it is not a drive test, and a single village can differ.",
    "Rain, cloud and gas losses are long-term statistics, not a weather forecast.",
    "Satellites follow the elements or shells named below; operators move, add and retire satellites without notice.",
    "Costs are published averages of tenders and price lists; land, security and taxes of a single site are not known.",
    "Licences, spectrum and landing rights are taken as granted.",
)


def assumptions(c: Context) -> str:
    """Scenario values, catalog entries, data layers and what the twin does not know."""
    run = c.run
    return (
        f"<h3>What this twin does not know</h3>{_unknown(run)}"
        f"<h3>Scenario</h3>{_scenario(run)}"
        f"<h3>Catalog entries used</h3>{_entries(run.provenance.get('catalog', []), CATALOG_HEADS, 'catalog entries')}"
        f"<h3>Data layers</h3>{_entries(run.provenance.get('data_layers', []), LAYER_HEADS, 'data layers')}"
    )


def _unknown(run: RunFolder) -> str:
    items = [*_uncounted(run), *UNKNOWN]
    return "<ul class=plain>" + "".join(f"<li>{esc(item)}</li>" for item in items) + "</ul>"


def _uncounted(run: RunFolder) -> list[str]:
    cells = run.table("cells")
    if "census_year" not in cells:
        return []
    latest = int(cells["census_year"].max())
    old = cells[cells["census_year"] < latest]
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
            rows = "".join(
                f"<div><dt>{esc(_words(k))}</dt><dd>{_value(v)}</dd></div>" for k, v in values.items()
            )
            parts.append(f"<div><h4>{esc(title)}</h4><dl>{rows}</dl></div>")
    return f'<div class="scenario">{"".join(parts)}</div>'


UNITS = {"mbps": "Mbit/s", "ms": "ms", "usd": "US$", "s": "s", "deg": "deg", "db": "dB", "percent": "%"}


def _words(key: str) -> str:
    """Key of a scenario in words, its unit in brackets."""
    stem, _, unit = key.rpartition("_")
    return f"{stem.replace('_', ' ')} ({UNITS[unit]})" if stem and unit in UNITS else key.replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return esc(", ".join(str(v) for v in value) or "none")
    if isinstance(value, dict):
        return esc(", ".join(f"{k} = {v}" for k, v in value.items()) or "none")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return esc(f"{value:g}")
    return esc("not set" if value is None or value == "" else value)


CATALOG_HEADS = {
    "kind": "Kind",
    "title": "Entry",
    "source": "Source",
    "licence": "Licence",
    "retrieved": "Retrieved",
}
LAYER_HEADS = {
    "layer": "Layer",
    "source": "Source",
    "licence": "Licence",
    "retrieved": "Retrieved",
    "modelled": "Modelled",
    "transformation": "What was done",
}


def _entries(rows: Any, heads: dict[str, str], what: str) -> str:
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not known:
        return f"<p>The run names no {esc(what)}.</p>"
    head = "".join(f'<th scope="col">{title}</th>' for title in heads.values())
    body = "".join(
        "<tr>" + "".join(f'<td class="word">{_field(key, row)}</td>' for key in heads) + "</tr>"
        for row in known
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(what)}"><table class="sources">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _field(key: str, row: dict[str, Any]) -> str:
    value = row.get(key)
    if key == "title" and not value:
        value = row.get("name")
    if key == "modelled":
        return _modelled(value)
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    return esc(value or text.MISSING)


def _modelled(value: Any) -> str:
    if not value:
        return "no"
    words = ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else value
    return f'<span class="modelled">{esc("yes" if words is True else words)}</span>'


def making(c: Context) -> str:
    """Stages with their times, versions, machine."""
    run = c.run
    p = run.provenance
    stages = [row for row in p.get("stages", []) if isinstance(row, dict)]
    rows = "".join(
        f'<tr><th scope="row">{esc(row.get("title") or row.get("name", ""))}</th>'
        f'<td class="word"><code>{esc(row.get("name", ""))}</code></td>'
        f"<td>{'from cache' if row.get('cached') else _seconds(row.get('seconds'))}</td></tr>"
        for row in stages
    )
    facts = [
        ("Run", p.get("name")),
        ("Made", p.get("created")),
        ("Rabta", p.get("rabta_version")),
        ("Python", p.get("python")),
        ("Machine", p.get("platform")),
        ("Whole run", _seconds(p.get("wall_s"))),
        ("Most memory", f"{text.number(float(p['peak_memory_mb']))} MB" if p.get("peak_memory_mb") else None),
    ]
    listed = "".join(f"<div><dt>{name}</dt><dd>{esc(value)}</dd></div>" for name, value in facts if value)
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Stages"><table class="sums"><thead><tr>'
        '<th scope="col">Stage</th><th scope="col">Name</th><th scope="col">Time</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    return f'<dl class="facts">{listed}</dl>{table if stages else ""}'


def _seconds(value: Any) -> str:
    return f"{text.number(float(value))} s" if isinstance(value, int | float) else text.MISSING


def footer(run: RunFolder) -> str:
    """Closing line of the page."""
    version = run.provenance.get("rabta_version", "")
    return esc(
        f"Made by Rabta {version}. This file is complete: it needs no network and asks for none. "
        "Every figure is in the run folder beside it (tables/*.parquet, arrays.zarr)."
    )
