"""``rabta data``: the nation's layers, where they come from, a check of one's own, imports, other nations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from rabta.cli.data import another, own


class _ListUnlessNamed(TyperGroup):
    """Without the name of a command, list the layers: ``rabta data`` and ``rabta data pakistan``."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Arguments, with ``list`` before them where no command is named."""
        if not args or args[0] not in {*self.commands, "--help"}:
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ListUnlessNamed, help="The nation's layers: list, check, import, new.")
app.command("import")(own.import_)
app.command("new")(another.new)


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
        layer, licence, source, date = (str(item[k]) for k in ("layer", "licence", "source", "retrieved"))
        print(f"{layer:<26} {kind:<9} {licence:<28} {source} ({date})")


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of your own layers")],
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Read a folder of your own as a run would, and name the first thing that is wrong."""
    from rabta.nation import layers
    from rabta.scenario import Nation

    found = layers.summary(Nation(data=str(folder)))
    if json_:
        print(json.dumps(found, ensure_ascii=False))
        return
    level, cells, people = found["resolution"], found["cells"], found["people"]
    print(f"{folder}: {cells:,} cells of resolution {level}, {people:,} people: good")
    print(f"  tables: {', '.join(found['tables'])}")
    for text in found["warnings"]:
        print(f"  warning: {text}")
