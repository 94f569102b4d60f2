"""Candidates: what each technology costs in each cell, fixed and per household, and the cable between."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.plan import finance

Array = NDArray[np.float64]
Prices = Mapping[str, float]
GRID_ENOUGH = 0.5  # a site takes grid power where at least half of the households have it
MONTHS = 12.0
ROUGH_FULL_M = 500.0  # terrain spread inside a cell at which the mountain factor applies in full


@dataclass(frozen=True)
class Places:
    """The cells to be served, one value each.

    Attributes
    ----------
    households : ndarray
        Households to connect.
    load_mbps : ndarray
        Busy-hour load that the network must carry for each connected household.
    sites : dict of str to ndarray
        Sites that the access design gives each terrestrial technology.
    sites_today : ndarray
        Mobile sites that the cell has already (modelled: no public list of towers exists).
    """

    households: Array
    load_mbps: Array
    urban_share: Array
    grid_share: Array
    rough_m: Array
    backbone_km: Array
    sites: Mapping[str, Array]
    sites_today: Array

    @property
    def total_mbps(self) -> Array:
        """Busy-hour load of all households of the cell."""
        return self.households * self.load_mbps


@dataclass(frozen=True)
class Bill:
    """Cost of one technology: per cell once it is built there, and per household."""

    civil: Array
    active: Array
    opex_year: Array
    unit_capex: Array
    unit_opex_year: Array


@dataclass(frozen=True)
class Costs:
    """Costs in dollars, shape (cell, technology).

    Attributes
    ----------
    fixed_npc, unit_npc : ndarray
        Net present cost of being in the cell, and of each household.
    """

    fixed_capex: Array
    unit_capex: Array
    fixed_opex_year: Array
    unit_opex_year: Array
    fixed_npc: Array
    unit_npc: Array


@dataclass(frozen=True)
class Routes:
    """One cable segment to each cell.

    Attributes
    ----------
    parent : ndarray of int, shape (cell,)
        Row of the cell that the segment starts from; -1 where it starts at a fibre node of today.
    length_km : ndarray, shape (cell,)
        Length of the segment.
    """

    parent: NDArray[np.int64]
    length_km: Array


@dataclass(frozen=True)
class SharedCost:
    """Cost of things that cells share: a cable segment, or a stratospheric station."""

    capex: Array
    opex_year: Array
    npc: Array


def costs(
    technologies: tuple[str, ...], places: Places, prices: Prices, discount: float, years: int
) -> Costs:
    """Cost of every technology in every cell, see `Costs`.

    Capital is renewed at the end of its life and credited with its rest value (`finance.capital_factor`);
    civil works, active equipment and household terminals have lives of their own.
    """
    bills = [_taxed(BILLS[name](places, prices), prices["investment_tax_share"]) for name in technologies]
    year = finance.annuity(discount, years)
    civil, active, terminal = (
        finance.capital_factor(discount, years, prices[f"life_{kind}_years"])
        for kind in ("civil", "active", "terminal")
    )
    return Costs(
        fixed_capex=_columns([b.civil + b.active for b in bills]),
        unit_capex=_columns([b.unit_capex for b in bills]),
        fixed_opex_year=_columns([b.opex_year for b in bills]),
        unit_opex_year=_columns([b.unit_opex_year for b in bills]),
        fixed_npc=_columns([b.civil * civil + b.active * active + b.opex_year * year for b in bills]),
        unit_npc=_columns([b.unit_capex * terminal + b.unit_opex_year * year for b in bills]),
    )


def route_costs(routes: Routes, rough_m: Array, prices: Prices, discount: float, years: int) -> SharedCost:
    """Cost of each cable segment; dearer in rough terrain."""
    km = routes.length_km
    usd_km = prices["fibre_usd_km"] * (1.0 + prices["investment_tax_share"])
    capex = km * usd_km * terrain_factor(rough_m, prices["fibre_mountain_factor"])
    opex = km * prices["fibre_upkeep_usd_km_year"]
    npc = finance.net_present_cost(capex, opex, discount, years, prices["life_civil_years"])
    return SharedCost(capex, opex, npc)


def station_cost(prices: Prices, discount: float, years: int) -> SharedCost:
    """Cost of one stratospheric station kept over its zone."""
    capex = np.array(prices["haps_platform_usd"] * (1.0 + prices["investment_tax_share"]))
    opex = np.array(prices["haps_opex_usd_year"])
    npc = finance.net_present_cost(capex, opex, discount, years, prices["life_haps_years"])
    return SharedCost(capex, opex, npc)


def plan_routes(
    lat_deg: ArrayLike, lon_deg: ArrayLike, backbone_km: ArrayLike, detour: float, neighbours: int = 16
) -> Routes:
    """Shortest single extension that reaches each cell.

    A cell is fed either straight from today's fibre (``backbone_km``) or from the nearest other cell
    that is itself nearer to today's fibre. Parents are strictly nearer, so the result is a forest.

    Parameters
    ----------
    lat_deg, lon_deg, backbone_km : array_like, shape (cell,)
    detour : float
        Cable length over straight distance between neighbouring cells.
    neighbours : int
        Nearest cells that are looked at.
    """
    from scipy.spatial import cKDTree

    back = np.asarray(backbone_km, dtype=np.float64)
    if back.size < 2:
        return Routes(np.full(back.size, -1, dtype=np.int64), back.copy())
    points = geo.ecef_from_geodetic(lat_deg, lon_deg) / 1e3
    count = min(neighbours + 1, back.size)
    distance, row = cKDTree(points).query(points, k=count)
    nearer = back[row] < back[:, None]
    reach = np.where(nearer, distance * detour, np.inf)
    best = np.argmin(reach, axis=1)
    lines = np.arange(back.size)
    shared = reach[lines, best] < back
    parent = np.where(shared, row[lines, best], -1).astype(np.int64)
    return Routes(parent, np.where(shared, reach[lines, best], back))


def terrain_factor(rough_m: ArrayLike, mountain_factor: float) -> Array:
    """Price of a kilometre of cable over the plains' price, linear in the terrain spread."""
    share = np.clip(np.asarray(rough_m, dtype=np.float64) / ROUGH_FULL_M, 0.0, 1.0)
    return np.asarray(1.0 + (mountain_factor - 1.0) * share)


def _columns(parts: list[Array]) -> Array:
    return np.stack(parts, axis=1) if parts else np.empty((0, 0))


def _taxed(bill: Bill, share: float) -> Bill:
    """The bill with a tax on its investment."""
    more = 1.0 + share
    return replace(
        bill, civil=bill.civil * more, active=bill.active * more, unit_capex=bill.unit_capex * more
    )


def _sites(places: Places, technology: str) -> Array:
    """Sites of the access design; a technology that is built has at least one."""
    return np.maximum(np.ceil(places.sites[technology]), 1.0)


def _power(places: Places, prices: Prices) -> tuple[Array, Array]:
    grid = places.grid_share >= GRID_ENOUGH
    capex = np.where(grid, prices["power_grid_usd_site"], prices["power_solar_usd_site"])
    return capex, np.where(grid, prices["energy_grid_usd_year"], prices["energy_solar_usd_year"])


def _rent(places: Places, prices: Prices) -> Array:
    rural, urban = prices["rent_rural_usd_year"], prices["rent_urban_usd_year"]
    return rural + (urban - rural) * places.urban_share


def _reused(places: Places, prices: Prices, sites: Array) -> Array:
    """Sites of the design that take over the tower, civil works and power of one that stands today."""
    return np.minimum(sites, prices["reuse_existing_sites"] * places.sites_today)


def _macro(places: Places, prices: Prices, sites: Array, radio: float, home: float, link: Array) -> Bill:
    """Bill of macro sites; a reused one saves civil works and power, but pays rent, energy and upkeep.

    ``home`` is what a household takes: its unit and its part of the spectrum.
    """
    power, energy = _power(places, prices)
    reused = _reused(places, prices, sites)
    between = np.maximum(sites - 1.0, 0.0) * prices["local_link_usd"]
    kept = sites * (radio + prices["router_usd_site"] + power) + between + link
    return Bill(
        civil=(sites - reused) * prices["site_civil_usd"],
        active=kept - reused * power,
        opex_year=sites * (energy + _rent(places, prices)) + prices["upkeep_share_year"] * kept,
        unit_capex=np.full_like(sites, home + prices["core_usd_household"] + prices["install_usd"]),
        unit_opex_year=places.load_mbps * prices["transit_usd_mbps_year"],
    )


def _fibre_fwa(places: Places, prices: Prices) -> Bill:
    sites = _sites(places, "fibre_fwa")
    link = np.zeros_like(sites)  # the cable is shared between cells: see route_costs
    home = prices["cpe_5g_usd"] + prices["spectrum_usd_household_5g"]
    return _macro(places, prices, sites, prices["radio_5g_usd_site"], home, link)


def _microwave_macro(places: Places, prices: Prices) -> Bill:
    sites = _sites(places, "microwave_macro")
    hops = np.maximum(np.ceil(places.backbone_km / prices["microwave_hop_km"]), 1.0)
    links = np.maximum(np.ceil(places.total_mbps / prices["microwave_capacity_mbps"]), 1.0)
    relays = hops - 1.0
    link = hops * links * prices["microwave_usd_hop"] + relays * prices["power_solar_usd_site"]
    home = prices["cpe_4g_usd"] + prices["spectrum_usd_household_4g"]
    bill = _macro(places, prices, sites, prices["radio_4g_usd_site"], home, link)
    opex = bill.opex_year + relays * (prices["energy_solar_usd_year"] + prices["rent_rural_usd_year"])
    civil = bill.civil + relays * prices["site_civil_usd"]
    return Bill(civil, bill.active, opex, bill.unit_capex, bill.unit_opex_year)


def _satellite_cell(places: Places, prices: Prices) -> Bill:
    sites = _sites(places, "satellite_cell")
    active = sites * (prices["village_radio_usd_site"] + prices["backhaul_terminal_usd"])
    service = prices["leo_wholesale_usd_mbps_month"] * MONTHS * (1.0 + prices["levy_share"])
    return Bill(
        civil=np.zeros_like(sites),
        active=active,
        opex_year=sites * prices["energy_solar_usd_year"] + prices["upkeep_share_year"] * active,
        unit_capex=np.full_like(sites, prices["cpe_4g_usd"] + prices["install_usd"]),
        unit_opex_year=places.load_mbps * service,
    )


def _terminal(places: Places, prices: Prices, capex: float, opex_year: Array) -> Bill:
    none = np.zeros_like(places.households)
    power = (1.0 - places.grid_share) * prices["terminal_solar_usd"]
    taxed = opex_year * (1.0 + prices["levy_share"])
    return Bill(none, none, none, capex + prices["install_usd"] + power, taxed)


def _leo_terminal(places: Places, prices: Prices) -> Bill:
    service = np.full_like(places.households, prices["leo_service_usd_month"] * MONTHS)
    return _terminal(places, prices, prices["leo_terminal_usd"], service)


def _geo_terminal(places: Places, prices: Prices) -> Bill:
    service = places.load_mbps * prices["geo_wholesale_usd_mbps_month"] * MONTHS
    return _terminal(places, prices, prices["geo_terminal_usd"], service)


def _haps(places: Places, prices: Prices) -> Bill:
    none = np.zeros_like(places.households)
    terminal = none + prices["cpe_4g_usd"] + prices["install_usd"]
    return Bill(none, none, none, terminal, places.load_mbps * prices["transit_usd_mbps_year"])


def _direct_to_device(places: Places, prices: Prices) -> Bill:
    none = np.zeros_like(places.households)
    service = prices["d2d_service_usd_month"] * MONTHS * (1.0 + prices["levy_share"])
    return Bill(none, none, none, none, none + service)


BILLS: dict[str, Callable[[Places, Prices], Bill]] = {
    "fibre_fwa": _fibre_fwa,
    "microwave_macro": _microwave_macro,
    "satellite_cell": _satellite_cell,
    "leo_terminal": _leo_terminal,
    "geo_terminal": _geo_terminal,
    "haps": _haps,
    "direct_to_device": _direct_to_device,
}
