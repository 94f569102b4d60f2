"""``rabta data``: the nation's layers, where they come from, and a check of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup


class _ListUnlessNamed(TyperGroup):
    """Without the name of a command, list the layers: ``rabta data`` and ``rabta data pakistan``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        if not args or args[0] not in {*self.commands, "--help"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ListUnlessNamed, help="The nation's layers: list, check.")


@app.command("list")
def list_(
    nation: Annotated[str, typer.Argument(help="Nation in the catalog, or a folder of layers")] = "pakistan",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """List the layers with source, licence and date."""
    from rabta.run import data_layers
    from rabta.scenario import Nation

    own = Path(nation).is_dir()
    found = data_layers(Nation(data=nation) if own else Nation(name=nation))
    if json_:
        print(json.dumps(found, ensure_ascii=False))
        return
    for item in found:
        kind = "modelled" if item.get("modelled") else "data"
        print(f"{item['layer']:<26} {kind:<9} {item['licence']:<28} {item['source']} ({item['retrieved']})")


@app.command()
def check(folder: Annotated[Path, typer.Argument(help="Folder of your own layers")]) -> None:
    """Read a folder of your own as a run would, and name the first thing that is wrong."""
    from rabta.nation import layers
    from rabta.scenario import Nation

    cells = layers.load(Nation(data=str(folder))).cells
    print(f"{folder}: {len(cells)} cells, {int(cells['people'].sum()):,} people: good")
