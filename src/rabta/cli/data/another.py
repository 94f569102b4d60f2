"""``rabta data new``: a coarse nation of any country from package data alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rabta.errors import RabtaError


def new(
    iso: Annotated[str, typer.Option(help="ISO 3166 code of two letters, as NP for Nepal")],
    out: Annotated[Path, typer.Option(help="Folder that gets catalog/ and scenarios/")] = Path(),
    resolution: Annotated[
        int | None, typer.Option(help="H3 resolution; left out, by the country's size")
    ] = None,
    cellular: Annotated[float, typer.Option(help="People under cellular coverage today, per cent")] = 0.0,
    broadband: Annotated[float, typer.Option(help="People under 3G or 4G today, per cent")] = 0.0,
    grid: Annotated[float, typer.Option(help="Households on the electricity grid, per cent")] = 90.0,
    household_size: Annotated[float, typer.Option(help="People in a household")] = 4.0,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Write a coarse nation, its catalog entries and a scenario; say what is missing."""
    from rabta.nation.world import build, entries

    for key, value in {"cellular": cellular, "broadband": broadband, "grid": grid}.items():
        if not 0.0 <= value <= 100.0:
            raise RabtaError("not a share", key=f"--{key}", value=value, expected="0 to 100 per cent")
    if not 1.0 <= household_size <= 20.0:
        raise RabtaError("not a household", key="--household-size", value=household_size, expected="1 to 20")
    if resolution not in {None, *build.CELL_KM2}:
        raise RabtaError("not a resolution", key="--resolution", value=resolution, expected="4, 5 or 6")
    known = build.Assumed(
        household_size=household_size,
        grid_share=grid / 100.0,
        cellular_percent=cellular,
        broadband_percent=min(broadband, cellular),
    )
    done = entries.write(iso, out, known, resolution)
    if json_:
        print(json.dumps({**vars(done), "scenario": str(done.scenario)}, ensure_ascii=False))
        return
    print(f"{done.scenario}: {done.cells:,} cells of resolution {done.resolution}, {done.people:,} people")
    print("What is missing or assumed:")
    print("\n".join(f"  - {line}" for line in done.missing))
    print(f"Run it with: rabta run {done.scenario.stem}   (in {out.resolve()})")
