"""Links below 30 MHz: the ground wave of P.368 and the sky wave of P.533, whichever loses less."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.nation import layers
from rabta.radio.door.ends import Links
from rabta.radio.door.models import Parts
from rabta.radio.door.world import World
from rabta.radio.hf import groundwave, muf, skywave
from rabta.radio.hf.ionosphere import coefficients
from rabta.radio.linkbudget import free_space_db

Array = NDArray[np.float64]

GROUND = "medium-dry-ground"
HIGHEST_M = groundwave.RANGES["height_m"][1]


def ground_wave(links: Links, _: World) -> Parts:
    """P.368-10 over land of medium dryness, antennas on or near it; isotropic ends as for every loss here."""
    return _over_free_space(links, _ground_db(links), "ground wave")


def sky_wave(links: Links, world: World) -> Parts:
    """P.533-14: monthly median over the hour of the world's moment; infinite above every mode's reach."""
    return _over_free_space(links, _sky_db(links, world), "ionosphere and absorption")


def sky_carries(links: Links, world: World) -> NDArray[np.bool_]:
    """Where a sky wave loses less than the ground wave, or reaches where that does not."""
    return np.asarray(_sky_db(links, world) < _ground_db(links))


def _ground_db(links: Links) -> Array:
    kind = catalog.entry("grounds", "p368").data["kinds"][GROUND]
    ground = groundwave.Ground(float(kind["permittivity"]), float(kind["conductivity_s_m"]))
    out = np.empty(len(links))
    for i, frequency in enumerate(links.frequency_ghz * 1e3):
        heights = tuple(float(min(h, HIGHEST_M)) for h in links.above_m[:, i])
        field = groundwave.field_dbuvm(
            float(frequency), links.along_km[i], ground, heights_m=(heights[0], heights[1])
        )
        out[i] = float(np.ravel(groundwave.basic_loss_db(field, float(frequency)))[0])
    return out


def _sky_db(links: Links, world: World) -> Array:
    low, high = muf.RANGES["frequency_mhz"]
    mhz = links.frequency_ghz * 1e3
    inside = (mhz >= low) & (mhz <= high) & (links.along_km <= muf.RANGES["distance_km"][1])
    out = np.full(len(links), np.inf)
    if inside.any():
        maps = coefficients.of_nation(layers.folder(world.nation))
        (lat1, lat2), (lon1, lon2) = links.lat_deg[:, inside], links.lon_deg[:, inside]
        hour = world.at.hour + world.at.minute / 60.0
        out[inside] = skywave.basic_loss_db(
            maps, (lat1, lon1, lat2, lon2), mhz[inside], world.at.month, hour, world.sunspots
        )
    return out


def _over_free_space(links: Links, total: Array, name: str) -> Parts:
    free = free_space_db(links.range_km, links.frequency_ghz)
    return {"free space": free, name: total - free}
