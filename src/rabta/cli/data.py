"""``rabta data``: the nation's layers, where they come from, and a check of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def data(
    nation: Annotated[str, typer.Argument(help="Nation in the catalog")] = "pakistan",
    check: Annotated[Path | None, typer.Option(help="Folder of your own layers to check")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """List the layers with source, licence and date, or check a folder of your own."""
    from rabta.run import data_layers
    from rabta.scenario import Nation

    if check is not None:
        _check(check)
        return
    found = data_layers(Nation(name=nation))
    if json_:
        print(json.dumps(found, ensure_ascii=False))
        return
    for item in found:
        kind = "modelled" if item.get("modelled") else "data"
        print(f"{item['layer']:<26} {kind:<9} {item['licence']:<28} {item['source']} ({item['retrieved']})")


def _check(folder: Path) -> None:
    from rabta.nation import layers
    from rabta.scenario import Nation

    cells = layers.load(Nation(data=str(folder))).cells
    print(f"{folder}: {len(cells)} cells, {int(cells['people'].sum()):,} people: good")
