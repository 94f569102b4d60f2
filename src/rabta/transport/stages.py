"""Stages of transport: gateways, sharing of satellite capacity, latency, zone limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.stage import stage
from rabta.transport import gateways as ground
from rabta.transport import latency as delays
from rabta.transport import mesh
from rabta.transport import sharing as programme
from rabta.transport import zones as areas
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]


@stage("Placing gateways", params=("transport",), writes=("gateways",), catalog=("gateways",))
def gateways(twin: Twin) -> dict[str, Any]:
    """Gateways of the scenario's catalog entry; denied ones keep their place and have no capacity."""
    sites = ground.table(catalog.entry("gateways", twin.scenario.transport.gateways))
    gone = sites["name"].isin(twin.scenario.transport.denied)
    return {"gateways": sites.assign(capacity_gbps=sites["capacity_gbps"].where(~gone, 0.0))}


@stage(
    "Sharing satellite capacity",
    params=("transport", "time", "space.handoffs"),
    reads=(
        "cells",
        "satellites",
        "systems",
        "gateways",
        "gateway_factor",
        "satellite_position_m",
        "slot_satellite",
        "slot_efficiency_bps_hz",
        "unserved_demand_mbps",
        "unserved_share",
        "demand_mbps",
    ),
    writes=(
        "served_mbps",
        "offered_mbps",
        "carried_mbps",
        "carried_bound_mbps",
        "satellites_used",
        "zone_capacity_mbps",
        "pool_capacity_mbps",
    ),
    chunked=True,
)
def sharing(twin: Twin) -> dict[str, Any]:
    """Traffic of every cell and step, the bound of the national traffic, and what areas could get."""
    cells = twin.table("cells")
    hours = programme.local_hours(twin.times, cells["lon_deg"].to_numpy(np.float64))
    busy = twin.values("unserved_demand_mbps").astype(np.float64)
    share = twin.values("unserved_share").astype(np.float64)
    need = np.ascontiguousarray(twin.values("demand_mbps").T, np.float64)[hours] * share
    fleet, _ = _fleet(twin)
    landed = _landing(twin, fleet)
    found = programme.share(_problem(twin, landed, need))
    return {
        "served_mbps": found.served,
        "offered_mbps": need.sum(axis=1),
        "carried_mbps": found.carried.sum(axis=1),
        "carried_bound_mbps": found.bound,
        "satellites_used": (found.carried > 1e-6).sum(axis=1),
        **_filled(twin, landed, busy),
    }


@stage(
    "Measuring delays",
    params=("transport", "space.handoffs"),
    reads=(
        "satellites",
        "systems",
        "gateways",
        "gateway_factor",
        "satellite_position_m",
        "slot_satellite",
        "slot_range_m",
        "slot_efficiency_bps_hz",
        "unserved_demand_mbps",
    ),
    writes=("latency_ms",),
    chunked=True,
)
def latency(twin: Twin) -> dict[str, Any]:
    """Round-trip time of every cell and step to the national exchange."""
    fleet, links = _fleet(twin)
    landed = _landing(twin, fleet)
    slot = twin.values("slot_satellite")
    usable = (slot >= 0) & (twin.values("slot_efficiency_bps_hz") > 0.0)
    wanted = delays.used_satellites(slot, usable, fleet.system.size)
    onward = delays.onward_s(fleet, landed, _sites(twin), links, wanted)
    return {"latency_ms": delays.round_trip_ms(slot, usable, twin.values("slot_range_m"), onward)}


@stage(
    "Rating zones",
    params=("transport", "plan.floor_availability", "radio.availability_percent", "weather.rain"),
    reads=(
        "cells",
        "satellites",
        "systems",
        "gateways",
        "unserved_demand_mbps",
        "geo_efficiency_bps_hz",
        "geo_clear",
        "zone_capacity_mbps",
        "pool_capacity_mbps",
    ),
    writes=("zones", "pools"),
)
def zones(twin: Twin) -> dict[str, Any]:
    """Limits of satellite traffic for each zone, for each region, and for the nation."""
    import pandas as pd

    tiers = _tiers(twin)
    need = twin.values("unserved_demand_mbps").astype(np.float64)
    fixed = areas.geostationary(
        need,
        twin.values("geo_efficiency_bps_hz").astype(np.float64),
        twin.values("geo_clear").astype(bool),
        _fixed_limits(twin),
    )
    zone, pool = (twin.values(f"{area}_capacity_mbps").astype(np.float64) for area in ("zone", "pool"))
    steps = areas.reliable(pool[:, -1], twin.scenario.plan.floor_availability / _link_share(twin))
    each = {
        "zone": tiers.zones,
        "region": tiers.regions[tiers.region],
        "satellite_capacity_mbps": areas.lasting(zone, steps),
        "geo_capacity_mbps": np.bincount(tiers.zone, weights=fixed, minlength=tiers.zones.size),
        "offered_mbps": np.bincount(tiers.zone, weights=need, minlength=tiers.zones.size),
    }
    pooled = {
        "pool": tiers.pools,
        "satellite_capacity_mbps": areas.lasting(pool, steps),
        "offered_mbps": np.append(np.bincount(tiers.region, weights=each["offered_mbps"]), need.sum()),
    }
    return {"zones": pd.DataFrame(each), "pools": pd.DataFrame(pooled)}


def _moving(twin: Twin) -> pd.DataFrame:
    satellites = twin.table("satellites")
    return satellites[satellites["orbit"] != "geo"]


def _sites(twin: Twin) -> ground.Sites:
    names = [str(name) for name in twin.table("systems")["system"]]
    return ground.sites(twin.table("gateways"), names)


def _fleet(twin: Twin) -> tuple[ground.Fleet, NDArray[np.int32]]:
    """Moving satellites of the chunk, and their links as companions stand at its first step."""
    lowest = twin.table("systems")["gateway_min_elevation_deg"].to_numpy(np.float64)
    links = mesh.neighbours(
        mesh.network(
            twin.table("satellites"),
            twin.table("systems"),
            twin.times[0],
            relays=twin.scenario.transport.use_isl,
            handoffs=twin.scenario.space.handoffs,
        )
    )
    fleet = ground.Fleet(
        twin.values("satellite_position_m"),
        _moving(twin)["system"].to_numpy(np.int32),
        mesh.meshes(links),
        np.sin(np.radians(lowest)),
    )
    return fleet, links


def _landing(twin: Twin, fleet: ground.Fleet) -> ground.Landing:
    return ground.land(
        _sites(twin),
        fleet,
        twin.values("slot_satellite"),
        twin.values("slot_efficiency_bps_hz"),
        twin.values("unserved_demand_mbps").astype(np.float64),
        _feeders(twin),
    )


def _feeders(twin: Twin) -> F8:
    """What the weather leaves of every gateway's feeder in every step (Mbit/s)."""
    return np.asarray(_sites(twin).feeder_mbps * twin.values("gateway_factor").astype(np.float64))


def _system_limits(twin: Twin) -> tuple[F8, F8, F8]:
    """Mbit/s and MHz of one satellite of each system, and MHz at one place."""
    systems = twin.table("systems")
    names = ("capacity_gbps", "beams", "channel_mhz", "spectrum_mhz", "polarisations", "cofrequency_beams")
    gbps, beams, channel, spectrum, polarisations, together = (systems[n].to_numpy(np.float64) for n in names)
    part = twin.scenario.transport.national_share_percent / 100.0
    return gbps * 1e3 * part, beams * channel * part, spectrum * polarisations * together


def _problem(twin: Twin, landed: ground.Landing, need: F8) -> programme.Problem:
    system = _moving(twin)["system"].to_numpy(np.int32)
    capacity, band, spectrum = _system_limits(twin)
    return programme.Problem(
        programme.places([str(cell) for cell in twin.table("cells")["cell"]]),
        twin.values("slot_satellite"),
        twin.values("slot_efficiency_bps_hz"),
        need,
        landed.landing,
        landed.split,
        system,
        np.stack([capacity[system], band[system]]),
        spectrum,
        _feeders(twin),
    )


def _link_share(twin: Twin) -> float:
    """Share of the time that average weather takes from every link before it is judged.

    Capacity may then only lose the rest of the floor. Drawn rain is inside the steps themselves.
    """
    radio, weather = twin.scenario.radio, twin.scenario.weather
    return radio.availability_percent / 100.0 if weather.rain == "average" else 1.0


def _tiers(twin: Twin) -> areas.Areas:
    return areas.tiers(twin.table("cells")["zone"].to_numpy(str))


def _filled(twin: Twin, landed: ground.Landing, busy: F8) -> dict[str, F8]:
    """Traffic of every zone and pool in the sampled steps, each alone, until nothing more fits."""
    time = twin.scenario.time
    start = np.datetime64(time.start_utc.replace(tzinfo=None), "ns")
    picked = areas.sampled(twin.times, start, time.step_s, time.steps)
    tiers = _tiers(twin)
    out = np.full((len(twin.times), tiers.zones.size + tiers.regions.size + 1), np.nan)
    if picked.size:
        whole = _problem(twin, landed, busy[None, :]).at(picked)
        out[picked] = programme.fill_alone(whole, tiers.groups)
    zone, pool = np.split(out, [tiers.zones.size], axis=1)
    return {"zone_capacity_mbps": zone, "pool_capacity_mbps": pool}


def _fixed_limits(twin: Twin) -> areas.Fixed:
    satellites = twin.table("satellites")
    system = satellites.loc[satellites["orbit"] == "geo", "system"].to_numpy(np.int64)
    capacity, band, _ = _system_limits(twin)
    place = _sites(twin)
    feeder = (place.allowed * place.feeder_mbps[:, None]).sum(axis=0)
    return areas.Fixed(capacity[system], band[system], feeder[system])
