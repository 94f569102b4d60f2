"""Planned sites around a place, as commands need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def around(
    rollout: str, band: str, operator: str | None, lat_deg: float, lon_deg: float, radius_km: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of a roll-out's sites that have a band, degrees."""
    import numpy as np

    from rabta.errors import RabtaError, nearest
    from rabta.mobile.country import drop, rollouts
    from rabta.nation import aggregate, layers
    from rabta.scenario import Nation

    plan = rollouts.load(rollout)
    carriers = {carrier.band: carrier for carrier in plan.carriers}
    if band not in carriers:
        raise RabtaError(
            "the roll-out has no such band", key="--band", value=band, expected=nearest(band, carriers)
        )
    if operator is not None and operator not in plan.operators:
        known = nearest(operator, plan.operators)
        raise RabtaError("no such operator", key="--operator", value=operator, expected=known)
    table = aggregate.settlements(layers.load(Nation()), 6)
    placed = drop.sites(table, plan.shares)
    density: NDArray[np.float64] = (table["people"] / np.maximum(table["area_km2"], 0.05)).to_numpy(
        np.float64
    )
    chosen = np.zeros(len(placed.lat), dtype=bool)
    for o, name in enumerate(plan.operators):
        if operator in {None, name} and carriers[band].mhz.get(name, 0.0) > 0.0:
            chosen |= drop.has(carriers[band], placed.operator == o, placed, density)
    lat, lon = np.degrees(placed.lat[chosen]), np.degrees(placed.lon[chosen])
    here = drop.directions(np.radians([lat_deg]), np.radians([lon_deg]))
    arc = np.linalg.norm(drop.directions(np.radians(lat), np.radians(lon)) - here, axis=1) * drop.EARTH_M
    near = arc <= radius_km * 1e3
    return lat[near], lon[near]
