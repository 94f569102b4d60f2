"""``rabta atlas``: attenuation of a nation's sky on a grid, by band, orbital slot, month and availability."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabta.errors import RabtaError

if TYPE_CHECKING:
    import xarray as xr

SUFFIXES = (".zarr", ".nc")


def atlas(
    nation: Annotated[str, typer.Argument(help="Nation of the catalog")] = "pakistan",
    out: Annotated[Path, typer.Option(help="Where to: a name that ends in .zarr or .nc")] = Path(
        "atlas.zarr"
    ),
    step: Annotated[float, typer.Option(help="Degrees between points")] = 0.05,
    band: Annotated[list[float] | None, typer.Option(help="GHz; repeat for several")] = None,
    availability: Annotated[
        list[float] | None, typer.Option(help="Per cent of the year and of each month; repeat for several")
    ] = None,
    slot: Annotated[list[float] | None, typer.Option(help="Orbital slot, degrees east; repeat")] = None,
    diameter: Annotated[float, typer.Option(help="Antenna of the station, m")] = 0.6,
    maps: Annotated[
        bool,
        typer.Option("--maps", help="From the ITU's maps (itur, $RABTA_ITU_MAPS), not the shipped climate"),
    ] = False,
    picture: Annotated[Path | None, typer.Option(help="Also draw the year and the worst month, SVG")] = None,
    data: Annotated[str | None, typer.Option(help="Folder of the nation's layers, as nation.data")] = None,
) -> None:
    """Total attenuation by ITU-R P.618-14 of every point, band, slot, month and availability."""
    from rabta.radio.sky import atlas as atlas_

    if out.suffix not in SUFFIXES:
        raise RabtaError(
            "cannot write this form", key="--out", value=str(out), expected=" or ".join(SUFFIXES)
        )
    plan = atlas_.Plan(
        tuple(band or atlas_.BANDS_GHZ),
        tuple(availability or atlas_.AVAILABILITIES),
        tuple(slot or atlas_.SLOTS_DEG),
        diameter,
    )
    found = _made(nation, data, step, plan, maps=maps)
    _write(found, out)
    print(_summary(found, out))
    if picture:
        from rabta.cli.atlas.picture import draw

        picture.write_text(draw(found, nation), encoding="utf-8")
        print(f"{picture}: the year and its worst month")


def _made(nation: str, data: str | None, step: float, plan: object, *, maps: bool) -> xr.Dataset:
    import numpy as np

    from rabta.nation import layers
    from rabta.radio.sky import atlas as atlas_
    from rabta.radio.sky import maps as maps_
    from rabta.scenario import Nation

    assert isinstance(plan, atlas_.Plan)
    chosen = Nation(name=nation, data=data or "")
    loaded = layers.load(chosen)
    lat, lon, inside, row = atlas_.grid(loaded, step)
    i, j = np.unravel_index(inside, (lat.size, lon.size))
    if maps:
        height = np.maximum(loaded.cells["elevation_m"].to_numpy()[row], 0.0) / 1e3
        at = atlas_.of_maps(lat[i], lon[j], height, maps_.default())
    else:
        at = atlas_.of_nation(chosen, loaded, row, lat[i], lon[j])
    return atlas_.dataset((lat, lon), inside, atlas_.compute(at, plan), plan, at.source)


def _write(found: xr.Dataset, out: Path) -> None:
    """As Zarr, one chunk a slot and band; or as NetCDF-3, which is not compressed."""
    if out.suffix == ".nc":
        found.to_netcdf(out, engine="scipy")
        return
    chunks = (1, 1, *found["attenuation"].shape[2:])
    found.to_zarr(out, mode="w", consolidated=False, encoding={"attenuation": {"chunks": chunks}})


def _summary(found: xr.Dataset, out: Path) -> str:
    sizes = found.sizes
    values = found["attenuation"]
    points = int((values[0, 0, 0, 0] >= 0).sum())
    return (
        f"{out}: {points} points, {sizes['band']} bands, {sizes['slot']} slots, "
        f"{sizes['period'] - 1} months and the year, {sizes['availability']} availabilities"
    )
