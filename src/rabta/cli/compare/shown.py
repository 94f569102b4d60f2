"""A comparison as tables on a terminal and as one page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from rabta.cli.compare.differences import Comparison, Section

NONE = "\N{EN DASH}"


def show(found: Comparison) -> None:
    """Print the comparison as tables."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for letter, run in (("A", found.a), ("B", found.b)):
        console.print(f"{letter}: {run['folder']}  {run['title']}", highlight=False, markup=False)
    for section in found.sections:
        if not section.rows:
            console.print(f"\n{section.title}: {section.note or 'no difference'}", markup=False)
            continue
        table = Table(title=section.title, caption=section.note, title_justify="left", caption_justify="left")
        for name in section.rows[0]:
            number = _numeric(section.rows, name)
            table.add_column(name, justify="right" if number else "left", no_wrap=number, overflow="fold")
        for row in section.rows:
            table.add_row(*(_shown(name, value) for name, value in row.items()))
        console.print(table)
    for note in found.missing:
        console.print(f"not compared: {note}", highlight=False, markup=False)


def _numeric(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    return all(isinstance(row[name], int | float | None) for row in rows)


def _shown(name: str, value: Any) -> str:
    """A cell of a printed table."""
    if value is None:
        return NONE
    if not isinstance(value, float):
        return str(value)
    sign = "+" if name in {"difference", "percent"} else ""
    if name == "percent":
        return f"{value:{sign},.1f} %"
    if abs(value) >= 1e7:
        return f"{value / 1e6:{sign},.1f} M"
    return f"{value:{sign},.0f}" if abs(value) >= 1e4 or value == round(value) else f"{value:{sign},.4g}"


_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; } caption { text-align: left; color: #555; }
th, td { border-bottom: 1px solid #ccc; padding: .2rem .7rem; text-align: left; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
@media (prefers-color-scheme: dark) { body { background: #151515; color: #ddd; } caption { color: #aaa; } }
"""


def page(found: Comparison) -> str:
    """The comparison as one page that needs no network."""
    runs = "".join(
        f"<p><b>{letter}</b>: {_text(run['folder'])}, {_text(run['title'])}</p>"
        for letter, run in (("A", found.a), ("B", found.b))
    )
    title = f"{found.a['name']} and {found.b['name']} compared"
    sections = "".join(_section(section) for section in found.sections)
    missing = "".join(f"<li>{_text(note)}</li>" for note in found.missing)
    rest = f"<h2>Not compared</h2><ul>{missing}</ul>" if missing else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{_text(title)}</h1>{runs}{sections}{rest}</body></html>\n"
    )


def _section(section: Section) -> str:
    head = f"<h2>{_text(section.title)}</h2>"
    if not section.rows:
        return f"{head}<p>{_text(section.note or 'no difference')}</p>"
    right = {name: ' class="n"' if _numeric(section.rows, name) else "" for name in section.rows[0]}
    names = "".join(f'<th scope="col"{right[name]}>{_text(name)}</th>' for name in section.rows[0])
    lines = "".join(
        "<tr>" + "".join(f"<td{right[n]}>{_text(_shown(n, v))}</td>" for n, v in row.items()) + "</tr>"
        for row in section.rows
    )
    caption = f"<caption>{_text(section.note)}</caption>" if section.note else ""
    return f"{head}<table>{caption}<thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"


def _text(value: Any) -> str:
    return html.escape(str(value))
