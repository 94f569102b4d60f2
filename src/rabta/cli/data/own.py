"""``rabta data import``: one's own file in place of a layer of the nation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rabta.errors import EXIT_USAGE, RabtaError


def import_(
    file: Annotated[Path, typer.Argument(help="GeoPackage, GeoParquet, GeoJSON, CSV or OFDS JSON")],
    layer: Annotated[
        str,
        typer.Option(help="population, sites, coverage, backbone, schools, health_units, offices or places"),
    ],
    nation: Annotated[str, typer.Option(help="Nation in the catalog, or a folder of layers")] = "pakistan",
    out: Annotated[Path | None, typer.Option(help="New folder; left out, NATION-LAYER")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Name in the file and ours, as Einwohner=people")
    ] = None,
    crs: Annotated[str, typer.Option(help="Reference system where the file states none, as EPSG:32642")] = "",
    table: Annotated[str, typer.Option(help="Table of a GeoPackage that has several")] = "",
    status: Annotated[
        list[str] | None, typer.Option(help="backbone: status to take (left out: operational)")
    ] = None,
    phase: Annotated[list[str] | None, typer.Option(help="backbone: phases to take (left out: all)")] = None,
    keep_totals: Annotated[
        bool, typer.Option("--keep-totals", help="population: each tehsil keeps its people")
    ] = False,
    licence: Annotated[str, typer.Option(help="Licence of the file, for the records")] = "",
    source: Annotated[str, typer.Option(help="Who made the file, for the records")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Replace a layer by your own file: writes a folder for nation.data and prints a check report."""
    from rabta.mobile.reach import reach_m
    from rabta.nation.imports.replace import Wish, replace
    from rabta.scenario import Nation

    own = Path(nation).is_dir()
    place = out or Path(f"{Path(nation).name}-{layer}")
    wish = Wish(
        path=file,
        layer=layer,
        nation=Nation(data=nation) if own else Nation(name=nation),
        out=place,
        columns=dict(_pair(text) for text in column or []),
        crs=crs,
        table=table,
        status=tuple(status or ()),
        phase=tuple(phase or ()),
        keep_totals=keep_totals,
        licence=licence,
        source=source,
    )
    report = replace(wish, reach_m)
    print(json.dumps(report.record(), ensure_ascii=False) if json_ else report.text())


def _pair(text: str) -> tuple[str, str]:
    theirs, separator, ours = text.partition("=")
    if not separator or not theirs or not ours:
        raise RabtaError(
            "not a pair of names", key="--column", value=text, expected="theirs=ours", exit_code=EXIT_USAGE
        )
    return theirs, ours
