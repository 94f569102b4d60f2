"""Stages of the mobile package: what terrestrial and aerial access gives a household in each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.mobile import access as access_
from rabta.mobile import equipment, haps, ntn, pathloss
from rabta.mobile.access import Access
from rabta.mobile.cells import Hills
from rabta.nation import demand, hexes
from rabta.radio.terrain import relief
from rabta.scenario import TECHNOLOGIES
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
SITES = ("fibre_fwa", "microwave_macro", "satellite_cell")
NEAR_M = 30.0  # nearer than this to a mast there are no hills
BEAM_RESOLUTION = 4  # H3 cells of 1,770 km2 on average, near the area of a beam of 50 km


@dataclass(frozen=True)
class _Ground:
    """Columns of the cells that access depends on."""

    cells: pd.DataFrame
    load_mbps: Array
    horizon_deg: Array
    household_mbps: float
    hills_db: Array
    """Okumura's correction, shape (cell,)."""
    terrain_db: Array
    """P.1812's, shape (cell, carrier); NaN where the terrain is not known."""

    def column(self, name: str) -> Array:
        """A column of the cells as numbers."""
        return self.cells[name].to_numpy(np.float64)


@stage(
    "Terrestrial and aerial access",
    params=("plan.floor_mbps",),
    reads=("cells", "unserved_demand_mbps", "horizon_deg", "terrain_loss_db"),
    writes=("technologies", "access_rate_mbps", "sites_per_cell", "hills_loss_db"),
    catalog=("technologies", "radios", "services"),
)
def access(twin: Twin) -> dict[str, Any]:
    """Rate of one household, and sites, for every cell and technology.

    Where the plan's floor is above the rate of the household service, networks are sized for the floor.
    """
    service_mbps = demand.services(["household"])[0].rate_mbps
    household_mbps = max(service_mbps, twin.scenario.plan.floor_mbps)
    cells = twin.table("cells")
    ground = _Ground(
        cells,
        twin.values("unserved_demand_mbps").astype(np.float64) * household_mbps / service_mbps,
        twin.values("horizon_deg").astype(np.float64),
        household_mbps,
        pathloss.hills_db(cells["rough_m"].to_numpy(np.float64)),
        twin.values("terrain_loss_db").astype(np.float64),
    )
    table = technologies()
    found = [
        _access(name, radio, ground) for name, radio in zip(table["technology"], table["radio"], strict=True)
    ]
    return {
        "technologies": table.drop(columns="radio"),
        "access_rate_mbps": np.stack([item.rate_mbps for item in found], axis=1),
        "sites_per_cell": np.stack([item.sites for item in found], axis=1),
        "hills_loss_db": ground.hills_db,
    }


def technologies() -> pd.DataFrame:
    """All access technologies in the scenario's order, with the entry of their radio equipment."""
    import pandas as pd

    entries = [catalog.entry("technologies", name) for name in TECHNOLOGIES]
    return pd.DataFrame(
        {
            "technology": [entry.name for entry in entries],
            "title": [entry.title for entry in entries],
            "kind": [str(entry.data["kind"]) for entry in entries],
            "latency_ms": [float(entry.data["latency_ms"]) for entry in entries],
            "radio": [str(entry.data["radio"]) for entry in entries],
        }
    )


def _access(technology: str, radio: str, ground: _Ground) -> Access:
    if technology in SITES:
        site, area = equipment.site(radio), ground.column("area_km2")
        return access_.terrestrial(site, area, ground.load_mbps, _hills(site, ground), ground.household_mbps)
    if technology == "haps":
        return _haps(radio, ground)
    if technology == "direct_to_device":
        return _direct_to_device(radio, ground)
    size = ground.load_mbps.size  # satellite terminals: their rates are in the link arrays
    return Access(np.full(size, np.nan), np.zeros(size))


def _hills(site: equipment.Site, ground: _Ground) -> Hills:
    """Loss of the terrain on each carrier of a site.

    P.1812's where the terrain is known, else Okumura's at every distance. Where a mast stands over its
    surroundings the terrain helps; that is not counted, since level ground is what the path loss was fitted
    to. Beyond a distance the loss counts as no less than nearer: a reach ends where it first fails.
    """
    carriers = relief.bands_ghz()
    columns = [carriers.index(band.frequency_ghz) for band in site.bands]
    found = np.maximum.accumulate(np.maximum(ground.terrain_db[:, columns], 0.0), axis=-1)
    old = ground.hills_db[:, None, None]
    near = np.where(np.isnan(found[..., :1]), old, 0.0)
    loss = np.concatenate([near, np.where(np.isnan(found), old, found)], axis=-1)
    return Hills(np.concatenate([[NEAR_M], 1e3 * relief.RADII_KM]), loss)


def _haps(radio: str, ground: _Ground) -> Access:
    zone = _numbers(ground.cells["zone"].astype(str))
    place = haps.Place(*(ground.column(name) for name in ("lat_deg", "lon_deg", "elevation_m")))
    return haps.access(
        equipment.platform(radio),
        place,
        zone,
        ground.load_mbps,
        ground.horizon_deg,
        ground.household_mbps,
    )


def _direct_to_device(radio: str, ground: _Ground) -> Access:
    patch = hexes.parent(hexes.numbers(ground.cells["cell"].to_numpy()), BEAM_RESOLUTION)
    link = equipment.device_link(radio)
    area = ground.column("area_km2")
    return ntn.direct_to_device(link, _numbers(patch), area, ground.load_mbps, ground.household_mbps)


def _numbers(labels: Any) -> NDArray[np.intp]:
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.intp)
