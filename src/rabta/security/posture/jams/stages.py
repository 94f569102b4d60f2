"""Stage of the jammers: J/S over the map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta.nation import hexes
from rabta.radio.terrain import raster
from rabta.scenario import Scenario
from rabta.security.posture.jams import reach, victims
from rabta.stage import stage
from rabta.twin import Twin

COARSE = 6  # H3 resolution at which places and receivers are judged; finer cells take their parent's value
I8 = NDArray[np.int64]


def _files(scenario: Scenario) -> list[Path]:
    path = raster.path_of(scenario.nation)
    return [] if path is None else [path]


def chosen(scenario: Scenario) -> list[reach.Jammer]:
    """Jammers along the border and at the scenario's places."""
    along = [reach.of_catalog(name) for name in scenario.security.border_jammers]
    placed = [
        reach.of_catalog(j.kind, eirp_dbw=j.eirp_dbw, height_m=j.height_m, place=(j.lat_deg, j.lon_deg))
        for j in scenario.security.jammers
    ]
    return along + placed


def coarse(cells: list[str], people: NDArray[np.float64]) -> tuple[I8, I8]:
    """Rows of the most peopled cell of each coarse parent, and the parent of each cell."""
    index = hexes.numbers(np.array(cells, dtype=object))
    patch = hexes.parent(index, np.minimum(hexes.resolution(index), COARSE))
    order = np.lexsort((-people, patch))
    _, first, inverse = np.unique(patch[order], return_index=True, return_inverse=True)
    of = np.empty(len(cells), dtype=np.int64)
    of[order] = inverse.reshape(-1)
    return order[first].astype(np.int64), of


@stage(
    "Security: what jammers reach",
    params=("security.border_jammers", "security.jammers", "security.border_step_km", "nation"),
    reads=("cells", "systems", "geo_elevation_deg", "air_c2_margin_db"),
    writes=("posture_jamming", "jam_js_db"),
    catalog=("jammers", "terminals", "constellations", "rollouts", "airlinks", "nations"),
    files=_files,
)
def jamming(twin: Twin) -> dict[str, Any]:
    """J/S of every jammer against what it is meant for, over the nation's terrain where it has one."""
    import pandas as pd

    cells = twin.table("cells")
    people, area = (cells[name].to_numpy(np.float64) for name in ("people", "area_km2"))
    rows, of = coarse(cells["cell"].astype(str).tolist(), people)
    few = cells.iloc[rows]
    known = victims.victims(
        few,
        twin.table("systems"),
        twin.values("geo_elevation_deg")[rows].astype(np.float64),
        twin.values("air_c2_margin_db")[rows, 0].astype(np.float64),
    )
    whole = [np.bincount(of, weights=x).astype(np.float64) for x in (people, area)]
    lat, lon = (few[name].to_numpy(np.float64) for name in ("lat_deg", "lon_deg"))
    path = raster.path_of(twin.scenario.nation)
    ground = reach.Ground(lat, lon, whole[1], None if path is None else raster.read(path))
    edge = reach.border(_names(few["cell"].astype(str).tolist()))
    step = twin.scenario.security.border_step_km
    table, js = reach.study(chosen(twin.scenario), known, ground, whole[0], edge, step)
    made = pd.DataFrame(table, columns=list(schema.tables()["posture_jamming"]))
    return {"posture_jamming": made, "jam_js_db": js[of].astype(np.float32)}


def _names(cells: list[str]) -> list[str]:
    """Names of the coarse parents."""
    import h3

    return [h3.cell_to_parent(c, COARSE) if h3.get_resolution(c) > COARSE else c for c in cells]
