"""``rabta catalog``: the entries, their values and where these come from."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from rabta.errors import RabtaError, nearest


def catalog(
    kind: Annotated[str | None, typer.Argument(help="Kind of entries, as in constellations")] = None,
    name: Annotated[str | None, typer.Argument(help="Entry to print whole")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """List kinds, the entries of a kind, or one entry."""
    from rabta import catalog as catalog_

    if kind is not None and kind not in catalog_.kinds():
        raise RabtaError(
            "no such kind in the catalog", key="kind", value=kind, expected=nearest(kind, catalog_.kinds())
        )
    if kind is not None and name is not None:
        _print_entry(catalog_.entry(kind, name), json_=json_)
        return
    wanted = [kind] if kind else catalog_.kinds()
    found = [{"kind": k, "name": e.name, **e.provenance} for k in wanted for e in catalog_.entries(k)]
    if json_:
        print(json.dumps(found, ensure_ascii=False))
        return
    for item in found:
        print(f"{item['kind']:<15} {item['name']:<26} {item['title']}")


def _print_entry(entry: Any, *, json_: bool) -> None:
    if json_:
        print(
            json.dumps(
                {"kind": entry.kind, "name": entry.name, **entry.data}, ensure_ascii=False, default=str
            )
        )
    else:
        print(f"# {entry.path}\n{entry.path.read_text(encoding='utf-8').rstrip()}")
