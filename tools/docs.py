"""Reference pages made from the schema, the scenario models and the catalog; ``--check`` refuses stale ones.

Also checks that relative links in every Markdown file lead somewhere.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rabta import catalog, schema
from rabta.run import toml_value
from rabta.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def row(*cells: object) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def head(*titles: str) -> list[str]:
    """Head of a Markdown table."""
    return [row(*titles), row(*["---"] * len(titles))]


def arrays_page() -> list[str]:
    """Page of all arrays."""
    lines = ["# Arrays", "", "Made from `src/rabta/schema/arrays.csv`.", ""]
    lines += head("name", "dims", "dtype", "unit", "stored", "made by", "what it is")
    for s in schema.arrays().values():
        stored = "yes" if s.stored else "no"
        lines.append(
            row(f"`{s.name}`", " x ".join(s.dims), s.dtype, s.unit, stored, f"`{s.producer}`", s.description)
        )
    return lines


def tables_page() -> list[str]:
    """Page of all tables."""
    lines = ["# Tables", "", "Made from `src/rabta/schema/tables/`."]
    for name, columns in schema.tables().items():
        lines += ["", f"## {name}", "", *head("column", "type", "unit", "what it is")]
        lines += [row(f"`{c.attribute}`", c.type, c.unit, c.description) for c in columns.values()]
    return lines


def scenario_page() -> list[str]:
    """Page of all scenario keys."""
    lines = [
        "# Scenario keys",
        "",
        "Made from `src/rabta/scenario`. `rabta new NAME` writes the same as a file.",
    ]
    for section, field in Scenario.model_fields.items():
        model: Any = field.annotation
        if hasattr(model, "model_fields"):
            lines += ["", f"## [{section}]", "", str(model.__doc__), "", *head("key", "default", "meaning")]
            for key, item in model.model_fields.items():
                default = item.get_default(call_default_factory=True)
                shown = "" if default in (None, {}) else f"`{toml_value(default)}`"
                lines.append(row(f"`{key}`", shown, item.description or ""))
    return lines


def catalog_page() -> list[str]:
    """Page of all catalog entries with their provenance."""
    lines = ["# Catalog", "", "Made from `src/rabta/catalog/`. `rabta catalog KIND NAME` prints an entry."]
    for kind in catalog.kinds():
        lines += ["", f"## {kind}", "", *head("name", "title", "source", "licence", "retrieved")]
        for e in catalog.entries(kind):
            lines.append(row(f"`{e.name}`", *(str(v).replace("\n", " ") for v in e.provenance.values())))
    return lines


PAGES = {
    "arrays.md": arrays_page,
    "tables.md": tables_page,
    "scenario.md": scenario_page,
    "catalog.md": catalog_page,
}


def broken_links() -> Iterator[str]:
    """Relative links that lead nowhere."""
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in LINK.findall(path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                yield f"{path.relative_to(ROOT)}: {target}"


def main() -> int:
    """Write the pages, or with ``--check`` say which are stale."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    stale = []
    for name, page in PAGES.items():
        text, path = "\n".join(page()) + "\n", REFERENCE / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(f"{path.relative_to(ROOT)}: stale; run python tools/docs.py")
    problems = [*stale, *broken_links()]
    print("\n".join(problems) or "docs: good")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
