"""Stages of the country: whom the ground's networks cover, their rates, and phones under satellites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile import pathloss
from rabta.mobile.country import above, airspace, coverage, drop, ground, rollouts, service
from rabta.mobile.country.rollouts import GENERATIONS, Rollout
from rabta.nation import demand as demands
from rabta.nation import hexes
from rabta.radio.air.coverage import HEIGHTS_M
from rabta.radio.terrain import raster, relief
from rabta.scenario import Scenario
from rabta.space import constellations, visibility
from rabta.space import propagate as orbits
from rabta.stage import stage
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
NEAR_M = 30.0  # nearer than this to a mast there are no hills
UNIT = "household"


def _terrain_files(scenario: Scenario) -> list[Path]:
    path = raster.path_of(scenario.nation)
    return [] if path is None else [path]


def rollout_of(scenario: Scenario) -> Rollout | None:
    """Roll-out that the scenario names, or the nation's of today; None for a nation that has none."""
    name = scenario.mobile.rollout or f"{scenario.nation.name}-today"
    if not scenario.mobile.rollout and name not in catalog.names("rollouts"):
        return None
    return rollouts.load(name)


@dataclass(frozen=True)
class _Nation:
    """The networks of a nation and what its users receive."""

    rollout: Rollout
    users: drop.Users
    nets: list[ground.Network]
    covered: coverage.Coverage


def _nation(twin: Twin) -> _Nation | None:
    """Signals of every site at every user; None for a nation without a roll-out, or without sites."""
    rollout, table = rollout_of(twin.scenario), twin.table("settlements")
    if rollout is None or not table["sites"].to_numpy().any():
        if twin.scenario.mobile.rollout:
            raise RabtaError(
                "cells with no site: the nation's layer counts none", key="mobile.rollout",
                value=twin.scenario.mobile.rollout, expected="a nation whose cells have sites",
            )  # fmt: skip
        return None
    seed = twin.scenario.mobile.seed
    placed, users = drop.sites(table, rollout.shares), drop.users(table, rollout, seed)
    density: Array = (table["people"] / np.maximum(table["area_km2"], 0.05)).to_numpy(np.float64)
    relief_, count = _relief(twin), len(rollout.operators)
    nets = [ground.network(o, rollout, placed, users, density, relief_, seed) for o in range(count)]
    return _Nation(rollout, users, nets, coverage.calibrate(nets, users, rollout.covered))


@stage(
    "Mobile networks: who is covered",
    params=("mobile", "nation.name"),
    reads=("cells", "settlements", "terrain_loss_db"),
    writes=("carriers", "mobile_coverage", "mobile_cover_share"),
    catalog=("rollouts", "spectrum", "bands", "radios"),
)
def covering(twin: Twin) -> dict[str, Any]:
    """Levels that count as coverage, and the share of each cell's people under each generation."""
    found, cells = _nation(twin), len(twin.table("cells"))
    if found is None:
        empty = {
            "carriers": ("operator", "band", "generation", "frequency_ghz", "mhz", "sites"),
            "mobile_coverage": ("generation", "share", "published", "threshold_dbm"),
        }
        return _empty(empty) | {"mobile_cover_share": np.full((cells, len(GENERATIONS)), np.nan)}
    return {
        "carriers": _carriers(found.rollout, found.nets),
        "mobile_coverage": _coverage(found.rollout, found.covered, found.users),
        "mobile_cover_share": coverage.by_cell(found.covered.any, found.users, cells),
    }


@stage(
    "Who has no broadband today, by the networks' coverage",
    reads=("cells", "mobile_cover_share"),
    writes=("unserved_share",),
    provider="radio",
)
def unserved(twin: Twin) -> dict[str, Any]:
    """Share of households outside 4G and newer, and without a fixed line: the two are independent."""
    cover = np.nan_to_num(twin.values("mobile_cover_share").astype(np.float64)[:, 1:].max(axis=1))
    fixed = twin.table("cells")["fixed_today_share"].to_numpy(np.float64)
    return {"unserved_share": (1.0 - cover) * (1.0 - fixed)}


@stage(
    "Mobile networks: rates over the day",
    params=("mobile", "nation.name"),
    reads=("cells", "settlements", "demand_mbps", "terrain_loss_db"),
    writes=("mobile_hours", "mobile_rate_mbps", "mobile_load"),
    catalog=("rollouts", "spectrum", "bands", "services", "radios"),
)
def rates(twin: Twin) -> dict[str, Any]:
    """Rate of a user and load of the sites in each hour."""
    nation = _nation(twin)
    if nation is None:
        blank = np.full((len(twin.table("cells")), demands.HOURS), np.nan)
        none = _empty({"mobile_hours": ("hour", *service.NATIONAL)})
        return none | {"mobile_rate_mbps": blank, "mobile_load": blank}
    part = service.customers(nation.covered, nation.rollout.shares, roaming=twin.scenario.mobile.roaming)
    unit_mbps = demands.services([UNIT])[0].rate_mbps
    found = service.day(nation.nets, nation.users, part, _load(twin, nation.rollout), unit_mbps)
    return {
        "mobile_hours": _hours(found),
        "mobile_rate_mbps": found.rate_mbps,
        "mobile_load": found.load,
    }


def _empty(columns: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Tables without rows."""
    import pandas as pd

    return {name: pd.DataFrame({key: [] for key in keys}) for name, keys in columns.items()}


def _relief(twin: Twin) -> ground.Relief:
    """Loss of the terrain, P.1812's where it is known and Okumura's elsewhere, never below level ground."""
    rough = pathloss.hills_db(twin.table("cells")["rough_m"].to_numpy(np.float64))
    found = np.maximum.accumulate(np.maximum(twin.values("terrain_loss_db").astype(np.float64), 0.0), axis=-1)
    loss = np.where(np.isnan(found), rough[:, None, None], found)
    near = np.where(np.isnan(found[..., :1]), rough[:, None, None], 0.0)
    knots = np.concatenate([[NEAR_M], 1e3 * relief.RADII_KM])
    both = np.ascontiguousarray(np.concatenate([near, loss], axis=-1), dtype=np.float32)
    return ground.Relief(both, knots, np.array(relief.bands_ghz()))


def _load(twin: Twin, rollout: Rollout) -> Array:
    """What mobile networks are asked to carry: less where homes have fixed lines, their share in all."""
    demand = twin.values("demand_mbps").astype(np.float64)
    without = 1.0 - twin.table("cells")["fixed_today_share"].to_numpy(np.float64)
    mobile = demand * without[:, None]
    total = mobile.sum()
    return mobile * (rollout.traffic_share * demand.sum() / total) if total > 0.0 else mobile


def _carriers(rollout: Rollout, nets: list[ground.Network]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (name, c.band, c.generation, c.ghz, c.mhz[name], int((net.power[:, i] > 0.0).sum()))
        for name, net in zip(rollout.operators, nets, strict=True)
        for i, c in enumerate(net.carriers)
    ]
    return pd.DataFrame(rows, columns=["operator", "band", "generation", "frequency_ghz", "mhz", "sites"])


def _coverage(rollout: Rollout, found: coverage.Coverage, users: drop.Users) -> pd.DataFrame:
    import pandas as pd

    people = users.people.sum()
    seen = np.flatnonzero(found.level_dbm.max(axis=(0, 2)) > coverage.WEAKEST_DBM)
    return pd.DataFrame(
        {
            "generation": [GENERATIONS[g] for g in seen],
            "share": [float(users.people[found.any[g]].sum() / people) for g in seen],
            "published": [rollout.covered.get(GENERATIONS[g], np.nan) for g in seen],
            "threshold_dbm": found.threshold_dbm[seen],
        }
    )


def _hours(found: service.Service) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"hour": np.arange(len(found.hours["load"]))} | found.hours)


@stage(
    "Phones without coverage: patches under beams",
    reads=("cells", "mobile_cover_share", "demand_mbps"),
    writes=("patches",),
)
def patches(twin: Twin) -> dict[str, Any]:
    """Patches of the nation with the people whom no ground network covers, and what they ask for."""
    import pandas as pd

    cells = twin.table("cells")
    index, row = np.unique(
        hexes.parent(hexes.numbers(cells["cell"].to_numpy()), above.RESOLUTION), return_inverse=True
    )
    people = cells["people"].to_numpy(np.float64)
    bare = np.clip(1.0 - np.nan_to_num(twin.values("mobile_cover_share")[:, 1:].max(axis=1)), 0.0, 1.0)
    without, weight = people * bare, people * bare + 1e-6
    load = twin.values("demand_mbps").astype(np.float64).max(axis=1) * bare
    middle = {
        key: np.bincount(row, weight * cells[key].to_numpy(np.float64)) / np.bincount(row, weight)
        for key in ("lat_deg", "lon_deg", "elevation_m")
    }
    return {
        "patches": pd.DataFrame(
            {"patch": np.asarray(hexes.texts(index), dtype=object)}
            | middle
            | {
                "people": np.bincount(row, people).round(),
                "uncovered": np.bincount(row, without).round(),
                "load_mbps": np.bincount(row, load),
            }
        )
    }


@stage(
    "Phones without coverage: satellites overhead",
    reads=("patches", "satellites", "systems", "satellite_position_m"),
    writes=("device_satellite", "device_rate_mbps"),
    catalog=("radios", "services"),
    chunked=True,
)
def devices(twin: Twin) -> dict[str, Any]:
    """Satellite of each patch at each instant, and the rate of a phone in use."""
    table, satellites, systems = (twin.table(name) for name in ("patches", "satellites", "systems"))
    moving = orbits.moving(satellites)
    system, links = moving["system"].to_numpy(np.int64), above.phones(systems)
    if not links:
        none = np.full((len(twin.times), len(table)), -1, dtype=np.int32)
        return {"device_satellite": none, "device_rate_mbps": np.zeros(none.shape)}
    chosen = constellations.for_phones(systems)[system]
    position = np.where(chosen[None, :, None], twin.values("satellite_position_m"), np.float32(np.nan))
    place = visibility.ground(
        *(table[key].to_numpy(np.float64) for key in ("lat_deg", "lon_deg", "elevation_m"))
    )
    least = moving["min_elevation_deg"].to_numpy(np.float64)
    wanted = table["uncovered"].to_numpy(np.float64) >= 1.0
    found = above.serve(place, position, least, [links.get(int(s)) for s in system], wanted)
    unit = demands.services([UNIT])[0].rate_mbps
    rate = above.user_mbps(found.capacity_mbps, table["load_mbps"].to_numpy(np.float64), unit)
    return {"device_satellite": found.satellite, "device_rate_mbps": rate}


@stage(
    "Phones without coverage: the day of each patch",
    params=("time.step_s",),
    reads=("patches", "device_satellite", "device_rate_mbps"),
    writes=("device_service",),
)
def device_service(twin: Twin) -> dict[str, Any]:
    """Share of the day with a satellite, handovers, longest gap and mean rate of each patch."""
    import pandas as pd

    day = above.summarise(
        twin.values("device_satellite"), twin.values("device_rate_mbps"), twin.scenario.time.step_s
    )
    names = twin.table("patches")["patch"].to_numpy(object)
    return {"device_service": pd.DataFrame({"patch": names} | vars(day))}


@stage(
    "Small aircraft that the networks' sites see",
    params=("mobile", "nation"),
    reads=("cells", "settlements"),
    writes=("air_seen_probability",),
    catalog=("rollouts", "spectrum", "bands", "sensors", "nations"),
    files=_terrain_files,
)
def sensing(twin: Twin) -> dict[str, Any]:
    """Probability that sites with the sensing band find a small aircraft, mean over places in each cell."""
    cells, table = twin.table("cells"), twin.table("settlements")
    heights = np.array(HEIGHTS_M)
    empty = np.full((len(cells), len(heights)), np.nan)
    rollout = rollout_of(twin.scenario)
    carrier = next((c for c in rollout.carriers if c.band == airspace.BAND), None) if rollout else None
    if rollout is None or carrier is None or not table["sites"].to_numpy().any():
        return {"air_seen_probability": empty}
    placed = drop.sites(table, rollout.shares)
    density: Array = (table["people"] / np.maximum(table["area_km2"], 0.05)).to_numpy(np.float64)
    chosen = np.zeros(len(placed.lat), dtype=bool)
    for o, name in enumerate(rollout.operators):
        if carrier.mhz.get(name, 0.0) > 0.0:
            chosen |= drop.has(carrier, placed.operator == o, placed, density)
    terrain = None if not _terrain_files(twin.scenario) else raster.read(_terrain_files(twin.scenario)[0])
    return {"air_seen_probability": airspace.seen_share(cells, placed, chosen, terrain, heights)}
