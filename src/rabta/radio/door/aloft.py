"""Links to aircraft, and from handsets among houses and trees to satellites."""

from __future__ import annotations

import numpy as np

from rabta.radio.air import p528
from rabta.radio.door.ends import Links
from rabta.radio.door.models import Parts
from rabta.radio.door.places import quantile_db
from rabta.radio.door.world import World
from rabta.radio.ntn import largescale


def heights_m(links: Links) -> tuple[np.ndarray, np.ndarray]:
    """Heights of both ends over the ground of the lower one: the smooth Earth of P.528 lies there."""
    ground = links.at_lower(links.ground_m)
    return links.height_m.min(axis=0) - ground, links.height_m.max(axis=0) - ground


def aeronautical(links: Links, _: World) -> Parts:
    """P.528-5 over a smooth Earth at the height of the ground below the lower end; terrain does not block."""
    low, high = heights_m(links)
    total, free, gases = np.empty((3, len(links)))
    for upright, name in ((True, "vertical"), (False, "horizontal")):
        mine = links.vertical == upright
        if mine.any():
            found = p528.transmission_loss(
                links.along_km[mine],
                low[mine],
                high[mine],
                links.frequency_ghz[mine],
                links.percent[mine],
                name,
            )
            total[mine], free[mine], gases[mine] = found.total_db, found.free_space_db, found.gases_db
    return {"free space": free, "gas": gases, "Earth, fading and ducts": total - free - gases}


def among_clutter(links: Links, world: World) -> Parts:
    """TR 38.811 in one of its surroundings: not exceeded in the link's share of places."""
    shape = (2, len(links))
    los = np.broadcast_to(np.array([[True], [False]]), shape)
    e, f = links.elevation_deg, links.frequency_ghz
    seen = largescale.los_probability(e, world.environment)
    median = largescale.path_loss_db(e, links.range_km, f, world.environment, los, interpolate=True)
    sigma = largescale.shadowing_sigma_db(e, f, world.environment, los, interpolate=True)
    total = quantile_db(links.places_percent / 100.0, np.stack([seen, 1.0 - seen]), median, sigma)
    free = largescale.free_space_db(links.range_km, f)
    gas = largescale.zenith_gas_db(f) / np.sin(np.radians(e))
    return {"free space": free, "gas": gas, "clutter, shadowing and scintillation": total - free - gas}
