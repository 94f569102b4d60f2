"""Stages of the plan: the national plan, and the districts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError, nearest
from rabta.nation import aggregate
from rabta.plan import candidates, pricing, service, tables
from rabta.plan.costs import prices as read_prices
from rabta.plan.optimise import optimise
from rabta.plan.pricing import Asked, Ground, Sky, ask, opex_year
from rabta.plan.problem import (
    Pool,
    Problem,
    price,
    used_mbps,
)
from rabta.space import constellations
from rabta.stage import stage
from rabta.transport import gateways, latency
from rabta.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Index = NDArray[np.int64]
NATION = "nation"
SITES = ("fibre_fwa", "microwave_macro", "satellite_cell")
Offer = Callable[[Array], service.Service]
BUSY_SHARE = 0.999  # steps with at least this share of the busiest step's load are the busy hour


@stage(
    "National plan",
    params=("nation", "plan", "demand", "radio", "weather.rain"),
    reads=(
        "cells",
        "zones",
        "pools",
        "technologies",
        "gateways",
        "systems",
        "satellites",
        "busy_demand_mbps",
        "unserved_demand_mbps",
        "joining_households",
        "income_usd_month",
        "access_rate_mbps",
        "sites_per_cell",
        "link_rate_mbps",
        "latency_ms",
        "device_count",
        "geo_efficiency_bps_hz",
        "geo_elevation_deg",
        "zone_capacity_mbps",
        "pool_capacity_mbps",
    ),
    writes=("plan", "plan_mix", "plan_summary", "plan_prices", "sensitivity"),
    catalog=("costs", "nations", "terminals"),
)
def plan(twin: Twin) -> dict[str, Any]:
    """Cheapest mix of technologies that gives every unserved household the floor."""
    cells, zones = twin.table("cells"), twin.table("zones")
    asked = national_problem(twin)
    problem = asked.problem
    solution = optimise(problem, twin.scenario.plan.time_limit_s)
    used = used_mbps(problem, solution.share)
    answer = tables.Answer(
        problem,
        solution,
        price(problem, solution),
        asked.rows,
        asked.ground.unserved,
        opex_year(problem, solution, asked.money),
        asked.offer(_carried(twin, problem, used["satellite"])),
        asked.money.annuity,
        twin.values("income_usd_month").astype(np.float64)[asked.rows],
    )
    size = (cells["people"] / cells["households"].where(cells["households"] > 0)).fillna(0.0).to_numpy()
    summary = tables.summary_table(answer, asked.prices, asked.ground.places.load_mbps)
    return {
        "plan": tables.plan_table(list(cells["cell"]), answer),
        "plan_mix": tables.mix_table(answer, size[asked.rows]),
        "plan_summary": pricing.with_coverage(
            pricing.with_range(summary, pricing.spread(asked)),
            float(asked.ground.unserved @ size),
            twin.scenario.nation.name,
        ),
        "plan_prices": tables.price_table(answer, list(zones["zone"]), used),
        "sensitivity": pricing.tornado(asked),
    }


@stage(
    "Districts",
    reads=(
        "cells",
        "tehsils",
        "apportionment",
        "plan",
        "visible_count",
        "link_rate_mbps",
        "latency_ms",
        "served_mbps",
        "unserved_demand_mbps",
        "offered_mbps",
    ),
    writes=("districts",),
)
def districts(twin: Twin) -> dict[str, Any]:
    """Sums and medians of cells, plan and sky by district."""
    need = twin.values("unserved_demand_mbps").astype(np.float64)
    offered = twin.values("offered_mbps").astype(np.float64)
    busy = np.flatnonzero(offered >= BUSY_SHARE * offered.max())
    load = offered[busy].mean() / need.sum() if need.sum() > 0 else 0.0  # of the run's busiest steps
    visible = twin.values("visible_count")
    sky = {
        "visible_mean": visible.mean(axis=0, dtype=np.float64),
        "visible_min": visible.min(axis=0).astype(np.float64),
        "link_rate_mbps": service.middle(twin.array("link_rate_mbps")),
        "latency_ms": service.middle(twin.array("latency_ms")),
        "carried_mbps": np.asarray(twin.array("served_mbps")[busy]).mean(axis=0, dtype=np.float64),
        "asked_mbps": need * load,
    }
    cells = twin.table("cells")
    parts = aggregate.pieces(cells, twin.table("tehsils"), twin.table("apportionment"))
    return {"districts": tables.district_table(parts, cells, twin.table("plan"), sky)}


def national_problem(twin: Twin) -> Asked:
    """Read the tables and arrays that the plan needs, and state the problem."""
    wanted = twin.scenario.plan
    if not wanted.technologies:
        raise RabtaError("no technology to plan with", key="plan.technologies", expected="at least one")
    prices = read_prices(twin.scenario.nation.name, wanted.costs, _terminals(twin), wanted.costs_case)
    return ask(ground(twin, prices), prices)


def ground(twin: Twin, prices: candidates.Prices) -> Ground:
    """Read what the plan needs from the twin, apart from prices (but for the tree of cables)."""
    cells, zones = twin.table("cells"), twin.table("zones")
    unserved = unserved_households(twin)
    rows = np.flatnonzero((unserved > 0) & (twin.values("joining_households") > 0))
    zone = _rows_of(cells["zone"].iloc[rows], zones["zone"], "zones")
    places = _places(twin, rows)
    return Ground(
        wanted=twin.scenario.plan,
        book=twin.scenario.nation.name,
        rows=rows,
        unserved=unserved,
        people=cells["people"].to_numpy(dtype=np.float64)[rows],
        covered=(cells["mobile_today"] != "none").to_numpy(dtype=bool)[rows],
        places=places,
        zone=zone,
        sky=_sky(twin, rows),
        carried=service.carried_share(*_filled(twin))[zone],
        limits={
            name: np.nan_to_num(zones[f"{name}_capacity_mbps"].to_numpy(dtype=np.float64))
            for name in ("satellite", "geo")
        },
        pools=_pools(zones, twin.table("pools")),
        detour=prices["fibre_detour"],
        path=candidates.plan_routes(
            cells["lat_deg"].to_numpy()[rows],
            cells["lon_deg"].to_numpy()[rows],
            places.backbone_km,
            prices["fibre_detour"],
        ),
    )


def _terminals(twin: Twin) -> dict[str, list[str]]:
    """Terminals of the scenario's systems, under the cost item that stands for them."""
    systems = twin.table("systems")
    over_sites, over_homes = constellations.serving(systems), _fixed_service(systems)
    item = "leo_terminal_usd" if _for_homes(systems) else "backhaul_terminal_usd"
    found = {item: systems["terminal"][over_sites], "geo_terminal_usd": systems["terminal"][over_homes]}
    return {key: sorted({str(name) for name in names}) for key, names in found.items()}


def _for_homes(systems: pd.DataFrame) -> bool:
    """Whether households buy the terminals of the moving satellites that serve the cells."""
    return bool((systems["terminal_class"] == "consumer")[constellations.serving(systems)].all())


def _fixed_service(systems: pd.DataFrame) -> NDArray[np.bool_]:
    """Geostationary systems with dishes: no handsets, no receivers."""
    dish = systems["terminal_class"].isin(("consumer", "enterprise"))
    return np.asarray((dish & (systems["orbit"] == "geo")).to_numpy(dtype=bool))


def unserved_households(twin: Twin) -> Array:
    """Households without broadband today: the cell's households by the unserved share of its load."""
    whole = twin.values("busy_demand_mbps").astype(np.float64)
    part = twin.values("unserved_demand_mbps").astype(np.float64)
    share = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.asarray(twin.table("cells")["households"].to_numpy(dtype=np.float64) * np.clip(share, 0.0, 1.0))


def _places(twin: Twin, rows: Index) -> candidates.Places:
    wanted, cells = twin.scenario.plan, twin.table("cells").iloc[rows]
    joining = twin.values("joining_households")[rows].astype(np.float64)
    urban, grid, rough, backbone = (
        cells[name].fillna(0.0).to_numpy(dtype=np.float64)
        for name in ("urban_share", "grid_share", "rough_m", "backbone_km")
    )
    return candidates.Places(
        joining * wanted.serve_percent / 100.0,
        _asked_mbps(twin, rows, joining),
        urban,
        grid,
        rough,
        backbone,
        {name: twin.values("sites_per_cell")[rows, _column(twin, name)] for name in SITES},
        np.zeros(rows.size),
    )


def _asked_mbps(twin: Twin, rows: Index, joining: Array) -> Array:
    """Busy-hour load of a household that joins, as the services make it (what sharing offers)."""
    return np.asarray(twin.values("unserved_demand_mbps")[rows].astype(np.float64) / joining)


def _column(twin: Twin, technology: str) -> int:
    known = list(twin.table("technologies")["technology"])
    if technology not in known:
        raise RabtaError(
            "technology is not in the technologies table",
            value=technology,
            expected=nearest(technology, known),
        )
    return known.index(technology)


def _sky(twin: Twin, rows: Index) -> Sky:
    wanted = twin.scenario.plan
    columns = [_column(twin, name) for name in wanted.technologies]
    sky = service.orbiting(
        twin.array("link_rate_mbps"),
        twin.array("latency_ms"),
        twin.array("device_count"),
        rows,
        wanted.floor_mbps,
    )
    return Sky(
        np.nan_to_num(twin.values("access_rate_mbps")[rows][:, columns].astype(np.float64)),
        _added_ms(twin, rows, columns),
        replace(sky, for_homes=_for_homes(twin.table("systems"))),
        service.geo_best(
            twin.values("geo_efficiency_bps_hz")[rows],
            twin.values("geo_elevation_deg")[rows],
            geo_channels(twin),
            _geo_routes_ms(twin),
        ),
        *_weather(twin),
    )


def _weather(twin: Twin) -> tuple[float, float]:
    """Share of the year that links of geostationary, and of moving satellites hold.

    Drawn rain is in the steps of the moving ones, which then lose nothing twice.
    """
    share = twin.scenario.radio.availability_percent / 100.0
    return share, share if twin.scenario.weather.rain == "average" else 1.0


def _added_ms(twin: Twin, rows: Index, columns: list[int]) -> Array:
    """Radio access of each technology, and the cell's cable to the exchange for what is not in orbit."""
    wanted, cells = twin.scenario.plan, twin.table("cells").iloc[rows]
    radio = twin.table("technologies")["latency_ms"].fillna(0.0).to_numpy(dtype=np.float64)[columns]
    exchange = latency.exchange(twin.scenario.nation.name)
    route = exchange.route_ms(cells["lat_deg"].to_numpy(), cells["lon_deg"].to_numpy())
    at_home = [name not in service.SATELLITE for name in wanted.technologies]
    return np.asarray(radio + route[:, None] * np.array(at_home, dtype=np.float64))


def _geo_systems(twin: Twin) -> Index:
    satellites = twin.table("satellites")
    return satellites.loc[satellites["orbit"] == "geo", "system"].to_numpy(dtype=np.int64)


def _geo_routes_ms(twin: Twin) -> Array:
    """Round trip from the exchange to each geostationary satellite's next teleport; infinity without one."""
    place = gateways.sites(twin.table("gateways"), [str(name) for name in twin.table("systems")["system"]])
    lands = place.allowed[:, _geo_systems(twin)].astype(bool) & (place.feeder_mbps > 0.0)[:, None]
    nearest_km = np.where(lands, place.exchange_km[:, None], np.inf).min(axis=0, initial=np.inf)
    return 2e3 * latency.fibre_s(nearest_km)


def _filled(twin: Twin) -> tuple[Array, Array]:
    """Satellite capacity of each zone's tiers in the sampled steps, and their limits.

    Shapes (time, tier, zone) and (tier, zone); the tiers are the zone, its region and the nation.
    """
    zones, pools = twin.table("zones"), twin.table("pools")
    region = _rows_of(zones["region"], pools["pool"], "pools")
    nation = np.full(len(zones), int(np.flatnonzero(_nation(pools))[0]))
    alone, pooled = (twin.values(f"{area}_capacity_mbps").astype(np.float64) for area in ("zone", "pool"))
    seen = ~np.isnan(pooled).any(axis=1)
    room = np.stack([alone[seen], pooled[seen][:, region], pooled[seen][:, nation]], axis=1)
    most = pools["satellite_capacity_mbps"].to_numpy(dtype=np.float64)
    own = zones["satellite_capacity_mbps"].to_numpy(dtype=np.float64)
    return room, np.stack([own, most[region], most[nation]])


def _carried(twin: Twin, problem: Problem, used: Array) -> Array:
    """Share of the sampled steps in which satellites carry the plan's own load, shape (cell,)."""
    tiers = [pool.used({"satellite": used})[pool.row] for pool in problem.pools.values()]
    return service.carried_share(_filled(twin)[0], np.stack([used, *tiers]))[problem.zone]


def geo_channels(twin: Twin) -> Array:
    """Channel bandwidth in MHz of each geostationary satellite; 0 where no dish is served."""
    satellites, systems = twin.table("satellites"), twin.table("systems")
    system = satellites.loc[satellites["orbit"] == "geo", "system"].to_numpy(dtype=np.int64)
    channel = systems["channel_mhz"].to_numpy(dtype=np.float64) * _fixed_service(systems)
    return np.asarray(channel[system])


def _nation(pools: pd.DataFrame) -> NDArray[np.bool_]:
    """Mark the row of the nation."""
    found = np.asarray((pools["pool"] == NATION).to_numpy(dtype=bool))
    if found.sum() != 1:
        raise RabtaError("pools table without one row for the nation", key="pool", expected=NATION)
    return found


def _pools(zones: pd.DataFrame, pools: pd.DataFrame) -> dict[str, Pool]:
    """Satellite capacity of all zones of a region together, and of the nation."""
    limit = np.nan_to_num(pools["satellite_capacity_mbps"].to_numpy(dtype=np.float64))
    nation = _nation(pools)
    names = pools["pool"][~nation]
    regions = Pool("satellite", tuple(names), _rows_of(zones["region"], names, "pools"), limit[~nation])
    whole = Pool("satellite", (NATION,), np.zeros(len(zones), dtype=np.int64), limit[nation])
    return {"satellite_capacity_region": regions, "satellite_capacity_nation": whole}


def _rows_of(area: pd.Series[str], known: pd.Series[str], table: str) -> Index:
    row = {name: i for i, name in enumerate(known)}
    unknown = [name for name in area.unique() if name not in row]
    if unknown:
        raise RabtaError(f"area that the {table} table lacks", key=str(area.name), value=unknown[0])
    return np.asarray([row[name] for name in area], dtype=np.int64)
