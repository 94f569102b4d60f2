"""Stage of the terrain: what it adds to the loss around each cell's mast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rabta.radio.terrain import raster, relief
from rabta.scenario import Scenario
from rabta.stage import stage
from rabta.twin import Twin


def _files(scenario: Scenario) -> list[Path]:
    path = raster.path_of(scenario.nation)
    return [] if path is None else [path]


@stage(
    "Loss of the terrain around masts",
    params=("nation", "radio.terrain"),
    reads=("cells",),
    writes=("terrain_loss_db",),
    catalog=("nations", "radios"),
    files=_files,
)
def around_masts(twin: Twin) -> dict[str, Any]:
    """ITU-R P.1812-7 on rays over the nation's terrain; NaN where it has none, or does not reach."""
    cells, bands = twin.table("cells"), relief.bands_ghz()
    path = raster.path_of(twin.scenario.nation)
    if path is None or twin.scenario.radio.terrain != "p1812":
        return {"terrain_loss_db": np.full((len(cells), len(bands), len(relief.RADII_KM)), np.nan)}
    lat, lon, people, land = (
        cells[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg", "people", "area_km2")
    )
    dense = people / np.maximum(land, 1e-6)
    return {"terrain_loss_db": relief.added_db(raster.read(path), lat, lon, bands, dense)}
