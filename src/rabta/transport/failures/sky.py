"""What satellites can still give when systems, planes or gateways are gone.

The tables ``zones`` and ``pools`` say what the whole fleet can give each zone, region and the nation. Here
they shrink: the moving part by the share of the satellites' capacity that is left, all alike everywhere and
at all times (modelled: a missing plane is a gap that moves over the land, its mean is counted); the fixed
part by that of the geostationary systems; both by the feeders of the gateways that are left and may land
them. The nation's limit is not scaled where the feeders bind, as it would be too low by what satellites had
in reserve. Systems without inter-satellite links are taken to reach the gateways that are left: too high
where they do not.

What they carry is of the demand of those without broadband today, for whom the plan would use them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog

if TYPE_CHECKING:
    import pandas as pd

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

NATION = "nation"
MOVING, FIXED = "moving", "fixed"


@dataclass(frozen=True)
class System:
    """A satellite system of the run: its operator, whether foreign, its part of its kind's capacity."""

    name: str
    operator: str
    foreign: bool
    kind: str
    part: float


@dataclass(frozen=True)
class Sky:
    """Limits of the satellites' traffic.

    Attributes
    ----------
    systems : tuple of System
    planes : dict of str to (str, float)
        Largest plane of each shell: its system, and its share of that system's capacity.
    gateways : tuple of str
    feeder_mbps : float64 (gateway,), lands : bool (gateway, system)
    region : int64 (zone,)
    moving_mbps, fixed_mbps, offered_mbps : float64 (zone,)
    region_mbps : float64 (region,)
    nation_mbps : float
        Of the moving satellites.
    """

    systems: tuple[System, ...]
    planes: dict[str, tuple[str, float]]
    gateways: tuple[str, ...]
    feeder_mbps: F8
    lands: B1
    region: I8
    moving_mbps: F8
    fixed_mbps: F8
    offered_mbps: F8
    region_mbps: F8
    nation_mbps: float


@dataclass(frozen=True)
class Given:
    """What satellites can give and carry: nationally (Mbit/s), and each zone the most it could get alone."""

    capacity_mbps: float
    carried_mbps: float
    zone_mbps: F8


def left(sky: Sky, systems: Collection[str] = (), gateways: Collection[str] = (), plane: str = "") -> Given:
    """What is left without these systems, gateways and that plane."""
    here = np.array([name not in gateways for name in sky.gateways], bool)
    share = {MOVING: 0.0, FIXED: 0.0}
    feeder = {MOVING: 0.0, FIXED: 0.0}
    for kind in share:
        rows = [k for k, s in enumerate(sky.systems) if s.kind == kind and s.name not in systems]
        landed = [k for k in rows if (here & sky.lands[:, k]).any()]
        lost = {s: part for name, (s, part) in sky.planes.items() if name == plane}
        share[kind] = sum(sky.systems[k].part * (1.0 - lost.get(sky.systems[k].name, 0.0)) for k in landed)
        open_ = here & sky.lands[:, landed].any(axis=1)
        feeder[kind] = float(sky.feeder_mbps[open_].sum())
    moving, fixed = sky.moving_mbps * share[MOVING], sky.fixed_mbps * share[FIXED]
    regions = sky.region_mbps * share[MOVING]
    nation = min(sky.nation_mbps, feeder[MOVING], float(regions.sum()))
    still = min(float(fixed.sum()), feeder[FIXED])
    by_region = np.bincount(sky.region, np.minimum(moving, sky.offered_mbps), minlength=sky.region_mbps.size)
    carried = min(float(np.minimum(by_region, regions).sum()), nation)
    total = min(carried + min(still, float(sky.offered_mbps.sum())), float(sky.offered_mbps.sum()))
    return Given(nation + still, total, np.minimum(moving, nation) + fixed)


def sky(tables: dict[str, pd.DataFrame]) -> Sky:
    """Limits of a run's tables ``zones``, ``pools``, ``systems``, ``satellites`` and ``gateways``."""
    zones, pools, gateways = tables["zones"], tables["pools"], tables["gateways"]
    systems = _systems(tables["systems"], tables["satellites"])
    names = [item.name for item in systems]
    lists = [str(text).split() for text in gateways["systems"]]
    lands = np.array([[name in some or "*" in some for name in names] for some in lists], bool)
    pool = pools["pool"].to_numpy(str)
    regional = pool != NATION
    order = {name: k for k, name in enumerate(pool[regional].tolist())}
    return Sky(
        systems,
        _planes(tables["satellites"]),
        tuple(str(name) for name in gateways["name"]),
        gateways["capacity_gbps"].to_numpy(np.float64) * 1e3,
        lands.reshape(len(gateways), len(systems)),
        np.array([order[str(name)] for name in zones["region"]], np.int64),
        zones["satellite_capacity_mbps"].to_numpy(np.float64),
        zones["geo_capacity_mbps"].to_numpy(np.float64),
        zones["offered_mbps"].to_numpy(np.float64),
        pools.loc[regional, "satellite_capacity_mbps"].to_numpy(np.float64),
        float(pools.loc[~regional, "satellite_capacity_mbps"].sum()),
    )


def _systems(systems: pd.DataFrame, satellites: pd.DataFrame) -> tuple[System, ...]:
    count = np.bincount(satellites["system"].to_numpy(np.int64), minlength=len(systems))
    capacity = systems["capacity_gbps"].to_numpy(np.float64) * count
    fixed = systems["orbit"].to_numpy(str) == "geo"
    whole = {True: max(capacity[fixed].sum(), 1e-9), False: max(capacity[~fixed].sum(), 1e-9)}
    known = catalog.names("constellations")
    out = []
    for k, (name, operator) in enumerate(zip(systems["system"], systems["operator"], strict=True)):
        entry = catalog.entry("constellations", str(name)).data if name in known else {}
        kind = FIXED if fixed[k] else MOVING
        part = float(capacity[k] / whole[bool(fixed[k])])
        out.append(System(str(name), str(operator), bool(entry.get("foreign", True)), kind, part))
    return tuple(out)


def _planes(satellites: pd.DataFrame) -> dict[str, tuple[str, float]]:
    """Largest plane of every shell of moving satellites, by ascending nodes to the degree."""
    moving = satellites[satellites["orbit"] != "geo"]
    out = {}
    for (name, shell), part in moving.groupby(["constellation", "shell"], sort=True):
        of_system = int((moving["constellation"] == name).sum())
        plane = part.groupby(part["raan_deg"].round().astype(int)).size()
        out[f"{name} {shell}, plane at {plane.idxmax()} deg"] = (str(name), float(plane.max()) / of_system)
    return out
