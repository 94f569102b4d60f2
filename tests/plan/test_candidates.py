"""Bills by technology, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.plan import candidates
from rabta.plan.candidates import Places, Routes
from rabta.plan.costs import prices
from rabta.plan.finance import annuity, capital_factor
from rabta.scenario import TECHNOLOGIES

BOOK = prices("pakistan")
SITES = ("fibre_fwa", "microwave_macro", "satellite_cell")
RATE, YEARS = 0.08, 10


def place(**changes: object) -> Places:
    values: dict[str, object] = {
        "households": 100.0,
        "load_mbps": 1.0,
        "urban_share": 0.0,
        "grid_share": 1.0,
        "rough_m": 0.0,
        "backbone_km": 30.0,
        "sites_today": 0.0,
    } | changes
    sites = dict.fromkeys(SITES, np.array([values.pop("sites", 1.0)]))
    return Places(**{k: np.array([v], dtype=float) for k, v in values.items()}, sites=sites)  # type: ignore[arg-type]


def bill(technology: str, **changes: object) -> candidates.Bill:
    return candidates.BILLS[technology](place(**changes), BOOK)


def test_every_technology_has_a_bill() -> None:
    assert set(candidates.BILLS) == set(TECHNOLOGIES)


def test_microwave_pays_hops_relays_and_parallel_links() -> None:
    near, far = bill("microwave_macro"), bill("microwave_macro", backbone_km=100.0)  # 1 and 3 hops of 40 km
    assert far.civil - near.civil == pytest.approx(2 * BOOK["site_civil_usd"])
    assert far.active - near.active == pytest.approx(
        2 * (BOOK["microwave_usd_hop"] + BOOK["power_solar_usd_site"])
    )
    one, two = (bill("microwave_macro", households=count) for count in (900.0, 1100.0))
    assert two.active - one.active == pytest.approx(BOOK["microwave_usd_hop"])


def test_sites_of_the_design_are_built_whole() -> None:
    for name, first in (("fibre_fwa", 0.0), ("microwave_macro", 1.0)):
        one, three = bill(name, sites=first), bill(name, sites=2.2)
        assert three.civil - one.civil == pytest.approx(2 * BOOK["site_civil_usd"])
    assert bill("satellite_cell", sites=4.0).active == pytest.approx(4 * bill("satellite_cell").active)


def test_off_grid_sites_and_terminals_pay_for_sun() -> None:
    on, off = bill("fibre_fwa"), bill("fibre_fwa", grid_share=0.2)
    assert off.active - on.active == pytest.approx(BOOK["power_solar_usd_site"] - BOOK["power_grid_usd_site"])
    terminal = bill("leo_terminal", grid_share=0.2).unit_capex - bill("leo_terminal").unit_capex
    assert terminal == pytest.approx(0.8 * BOOK["terminal_solar_usd"])


def test_leo_terminal_by_hand() -> None:
    cost = candidates.costs(("leo_terminal",), place(), BOOK, RATE, YEARS)
    capex = BOOK["leo_terminal_usd"] + BOOK["install_usd"]
    opex = 12 * BOOK["leo_service_usd_month"] * 1.025
    assert cost.unit_capex[0, 0] == pytest.approx(capex)
    assert cost.unit_opex_year[0, 0] == pytest.approx(opex)
    hand = capex * capital_factor(RATE, YEARS, 5.0) + opex * annuity(RATE, YEARS)
    assert cost.unit_npc[0, 0] == pytest.approx(hand)
    assert cost.fixed_npc[0, 0] == 0.0


def test_cost_of_a_rural_macro_site_is_in_the_range_of_the_fund_s_tenders() -> None:
    """USF December 2025: about 7.5 mauzas a site, so US$ 120-520 k a site with five years of operation."""
    cost = candidates.costs(("microwave_macro",), place(), BOOK, RATE, 5)
    assert 100e3 < cost.fixed_npc[0, 0] + 100 * cost.unit_npc[0, 0] < 520e3


def test_bandwidth_is_paid_by_the_load() -> None:
    for name in ("satellite_cell", "geo_terminal", "fibre_fwa", "haps"):
        assert bill(name, load_mbps=3.0).unit_opex_year == pytest.approx(3 * bill(name).unit_opex_year)


def test_route_and_station_by_hand() -> None:
    routes = Routes(np.array([-1]), np.array([10.0]))
    cable = candidates.route_costs(routes, np.array([500.0]), BOOK, RATE, YEARS)
    assert cable.capex[0] == pytest.approx(10 * 12_000 * 4.5)
    factor = 1 - 0.5 * 1.08**-10  # half of the cable's twenty years are left
    assert cable.npc[0] == pytest.approx(cable.capex[0] * factor + 3600 * annuity(RATE, YEARS))
    station = candidates.station_cost(BOOK, RATE, YEARS)
    assert station.npc == pytest.approx(13e6 * (1 + 1.08**-5) + 1.5e6 * annuity(RATE, YEARS))


def test_a_site_of_today_saves_its_tower_and_power_but_no_radio() -> None:
    """Worked example: 3 sites wanted, 2 stand, 7 in 10 can be reused: 1.4 towers and power."""
    new, upgraded = (bill("fibre_fwa", sites=3.0, sites_today=today) for today in (0.0, 2.0))
    assert new.civil[0] == pytest.approx(120_000.0)
    assert new.civil - upgraded.civil == pytest.approx(1.4 * 40_000.0)
    assert new.active - upgraded.active == pytest.approx(1.4 * 5_000.0)
    assert upgraded.opex_year == pytest.approx(new.opex_year)
    far = {"backbone_km": 100.0, "grid_share": 0.0}
    new, upgraded = (bill("microwave_macro", sites=3.0, sites_today=today, **far) for today in (0.0, 2.0))
    assert new.civil - upgraded.civil == pytest.approx(1.4 * 40_000.0)  # the towers of relays are new
    assert new.active - upgraded.active == pytest.approx(1.4 * 25_000.0)


def test_no_more_sites_are_reused_than_the_design_has() -> None:
    assert bill("fibre_fwa", sites=2.0, sites_today=10.0).civil[0] == 0.0
    village = [bill("satellite_cell", sites_today=today).active[0] for today in (0.0, 5.0)]
    assert village[0] == village[1]  # a pole of ten metres has its own power in the price
