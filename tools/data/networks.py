"""Today's networks, modelled: the fibre backbone, mobile sites and coverage, and fixed broadband.

No public layer of towers or fibre exists for the country. The models put published national totals on the
ground by rules that are written out in `backbone`, `coverage` and here; every column is marked modelled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from tools.data import backbone, coverage
from tools.data.inputs import Array

# PTA, National Broadband Network Forum, December 2024: fixed broadband penetration "less than 2 percent".
FIXED_LINES_PER_PERSON = 0.02
FIXED_LARGEST_SHARE = 0.7  # of the households of a cell

Say = Callable[[str], None]


def of(
    cells: pd.DataFrame, tehsils: pd.DataFrame, points: pd.DataFrame, say: Say
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add today's networks to the cells; the backbone's edges by the rows of their cells.

    Parameters
    ----------
    cells : DataFrame
        cell (H3, integer or text), lat_deg, lon_deg, area_km2, people, households, urban_share, elevation_m,
        rough_m, province, district, tehsil.
    tehsils : DataFrame
        province, district, tehsil, urban_people.
    points : DataFrame
        Terrain points: row (of their cell), height_m.

    Returns
    -------
    cells : DataFrame
        With backbone_km, mobile_today, fixed_today_share, sites, sites_4g.
    edges : DataFrame
        from_row, to_row, route_km.
    """
    cells, edges = _fibre(cells, tehsils, points, say)
    found = coverage.today(coverage.land(cells, points))
    say(
        f"{found.coverage_sites} coverage sites, the last 100 for {found.people_at_last:.0f} people each; "
        f"margin {found.margin_db:.2f} dB"
    )
    cells = cells.assign(
        mobile_today=found.best,
        fixed_today_share=fixed_share(cells).round(4),
        sites=found.sites["2g"],
        sites_4g=found.sites["4g"],
    )
    return cells, edges


def _fibre(
    cells: pd.DataFrame, tehsils: pd.DataFrame, points: pd.DataFrame, say: Say
) -> tuple[pd.DataFrame, pd.DataFrame]:
    floor = backbone.floor_m(points, len(cells))
    land, rms = backbone.fitted(backbone.ground(cells["cell"], floor, cells["rough_m"].to_numpy()))
    say(f"cable detour {land.detour:.3f}, winding {land.winding:.3f} a km of relief, rms error {rms:.1%}")
    ground, lying = backbone.laid(land)
    say(f"Rawalpindi - Khunjerab on its published route {backbone.edge_km(land, lying).sum():.0f} km")
    edges = backbone.network(ground, backbone.seats(cells, tehsils, land), lying)
    km = backbone.edge_km(land, edges)
    say(f"backbone of {km.sum():.0f} km")
    cells = cells.assign(backbone_km=backbone.backbone_km(land, edges).round(3))
    table = pd.DataFrame({"from_row": edges[:, 0], "to_row": edges[:, 1], "route_km": km.round(3)})
    return cells, table.astype({"from_row": np.int32, "to_row": np.int32})


def fixed_share(cells: pd.DataFrame) -> Array:
    """Share of households with a fixed line: in towns, more where they are dense, to the national total."""
    density = cells["people"].to_numpy() / cells["area_km2"].to_numpy().clip(1.0)
    weight = cells["urban_share"].to_numpy() * np.sqrt(np.minimum(density / 5_000.0, 1.0))
    homes = cells["households"].to_numpy()
    wanted = FIXED_LINES_PER_PERSON * cells["people"].sum()
    low, high = 0.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        lines = (homes * np.minimum(middle * weight, FIXED_LARGEST_SHARE)).sum()
        low, high = (middle, high) if lines < wanted else (low, middle)
    return np.asarray(np.minimum(low * weight, FIXED_LARGEST_SHARE))
