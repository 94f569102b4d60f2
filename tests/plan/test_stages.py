"""The stages on a small nation: tables follow the schema, add up, and answer to the scenario."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from rabta import schema
from rabta.errors import RabtaError
from rabta.plan import pricing, stages
from rabta.twin import Twin

Make = Callable[..., Twin]


def figure(tables: dict[str, Any], key: str) -> float:
    summary = tables["plan_summary"].set_index("key")["value"]
    return float(summary[key])


def household_mix(tables: dict[str, Any]) -> pd.Series[float]:
    return tables["plan_mix"].set_index("technology")["households"]


@pytest.fixture(scope="module")
def base(make_twin: Make) -> dict[str, Any]:
    return stages.plan(make_twin())


def test_tables_have_the_columns_of_the_schema(base: dict[str, Any], make_twin: Make) -> None:
    twin = make_twin()
    twin.tables["plan"] = base["plan"]
    found = base | stages.districts(twin)
    for name in ("plan", "plan_mix", "plan_summary", "plan_prices", "sensitivity", "districts"):
        assert list(found[name].columns) == list(schema.tables()[name]), name


def test_everybody_with_a_need_is_served_to_the_floor(base: dict[str, Any], make_twin: Make) -> None:
    plan = base["plan"]
    need = plan["households_unserved_today"] > 0
    assert plan.loc[need, "households_served"].to_numpy() == pytest.approx(
        0.6 * plan.loc[need, "households_unserved_today"].to_numpy()
    )
    assert (plan.loc[~need, "technology"] == "none").all()
    assert (plan.loc[need, "rate_mbps"] >= 10.0 - 1e-6).all()
    assert (plan.loc[need, "latency_ms"] <= 100.0).all()
    assert (plan.loc[need, "score"] > 1 - 1e-9).all()
    assert plan.loc[~need, ["capex_usd", "npc_usd", "households_served"]].to_numpy().sum() == 0.0
    assert len(plan) == len(make_twin().table("cells"))


def test_tables_add_up(base: dict[str, Any]) -> None:
    plan, mix = base["plan"], base["plan_mix"]
    for column in ("capex_usd", "opex_usd_year", "npc_usd"):
        assert plan[column].sum() == pytest.approx(mix[column].sum())
        assert figure(base, column) == pytest.approx(mix[column].sum())
    assert plan["households_served"].sum() == pytest.approx(mix["households"].sum())
    assert figure(base, "bound_usd") <= figure(base, "objective_usd")
    gap = 1 - figure(base, "bound_usd") / figure(base, "objective_usd")
    assert figure(base, "optimality_gap") == pytest.approx(gap, abs=1e-9)
    assert figure(base, "optimality_gap") < 0.02


def test_capacity_of_zones_holds(base: dict[str, Any]) -> None:
    prices = base["plan_prices"]
    assert (prices["used"] <= prices["limit"] * (1 + 1e-6)).all()
    assert (prices["price_usd"] >= 0).all()


def test_what_zones_share_holds_and_has_a_price(base: dict[str, Any], make_twin: Make) -> None:
    """Terminals at no cost: zones could take 8,000 Mbit/s, regions 6,500, the nation 5,000, then 500."""
    free = {"costs": {"leo_terminal_usd": 0.0, "leo_service_usd_month": 1.0}}
    loose, tight = make_twin(**free), make_twin(**free)
    pools = tight.tables["pools"]
    pools["satellite_capacity_mbps"] = pools["satellite_capacity_mbps"].where(
        pools["pool"] != "nation", 500.0
    )
    wide, found = stages.plan(loose), stages.plan(tight)
    prices = found["plan_prices"].set_index("constraint")
    nation, zones = prices.loc["satellite_capacity_nation"], prices.loc["satellite_capacity"]
    assert nation["zone"] == "nation"
    assert nation["limit"] == 500.0
    assert nation["used"] == pytest.approx(zones["used"].sum())
    assert 400.0 < nation["used"] <= 500.0 * (1 + 1e-6)
    assert nation["price_usd"] > 0.0
    assert prices.loc["satellite_capacity_region", "zone"].tolist() == ["north", "south"]
    assert prices.loc["satellite_capacity_region", "used"].sum() == pytest.approx(nation["used"])
    assert household_mix(found)["leo_terminal"] < household_mix(wide)["leo_terminal"]
    assert figure(found, "bound_usd") > figure(wide, "bound_usd")
    assert figure(found, "optimality_gap") < 0.02


def test_pools_without_the_nation_are_refused(make_twin: Make) -> None:
    twin = make_twin()
    twin.tables["pools"] = twin.tables["pools"][:2]
    with pytest.raises(RabtaError, match="nation"):
        stages.plan(twin)
    twin.tables["pools"] = make_twin().tables["pools"][1:]
    with pytest.raises(RabtaError, match="region"):
        stages.plan(twin)


def test_cheap_terminals_win_households(base: dict[str, Any], make_twin: Make) -> None:
    cheap = stages.plan(make_twin(costs={"leo_terminal_usd": 0.0, "leo_service_usd_month": 1.0}))
    assert household_mix(cheap)["leo_terminal"] > household_mix(base)["leo_terminal"]
    assert figure(cheap, "npc_usd") < figure(base, "npc_usd")


def test_zero_budget_builds_nothing(make_twin: Make) -> None:
    tables = stages.plan(make_twin(budget_usd=0.0, technologies=("fibre_fwa", "leo_terminal")))
    assert figure(tables, "capex_usd") == 0.0
    assert figure(tables, "households_left") == figure(tables, "households_target") > 0
    need = tables["plan"]["households_unserved_today"] > 0
    assert (tables["plan"].loc[need, "score"] == 0.0).all()
    assert tables["plan_prices"]["constraint"].iloc[-1] == "budget"


def test_small_budget_is_an_honest_partial_plan(base: dict[str, Any], make_twin: Make) -> None:
    money = 0.3 * figure(base, "capex_usd")
    tables = stages.plan(make_twin(budget_usd=money, time_limit_s=10.0))
    assert figure(tables, "capex_usd") <= money * (1 + 1e-6)
    assert 0 < figure(tables, "households_at_floor") < figure(tables, "households_target")
    assert tables["plan_prices"]["price_usd"].iloc[-1] > 0


def test_floor_out_of_reach_serves_nobody_to_the_floor(make_twin: Make) -> None:
    tables = stages.plan(make_twin(floor_mbps=5000.0))
    assert figure(tables, "households_at_floor") == 0.0
    assert figure(tables, "score") < 0.1


def test_slow_geostationary_service_only_where_alone(make_twin: Make) -> None:
    cheap = {"geo_wholesale_usd_mbps_month": 20.0}
    tables = stages.plan(make_twin(technologies=("geo_terminal",), costs=cheap))
    assert 0 < figure(tables, "score") < 0.3
    assert figure(tables, "households_at_floor") == 0.0


def test_serving_half_costs_less(base: dict[str, Any], make_twin: Make) -> None:
    half = stages.plan(make_twin(serve_percent=50.0))
    assert figure(half, "households_target") == pytest.approx(0.5 * figure(base, "households_target"))
    assert figure(half, "npc_usd") < figure(base, "npc_usd")


def test_nation_without_need_has_an_empty_plan(make_twin: Make) -> None:
    twin = make_twin()
    twin.arrays["unserved_demand_mbps"] = twin.arrays["unserved_demand_mbps"] * 0.0
    tables = stages.plan(twin)
    assert (tables["plan"]["technology"] == "none").all()
    assert figure(tables, "npc_usd") == figure(tables, "optimality_gap") == 0.0


def test_errors_name_the_key(make_twin: Make) -> None:
    with pytest.raises(RabtaError, match="site_civil_usd"):
        stages.plan(make_twin(costs={"site_civil_us": 1.0}))
    with pytest.raises(RabtaError, match="cost"):
        make_twin(costs={"site_civil_usd": -1.0})
    with pytest.raises(RabtaError, match=r"plan\.technologies"):
        stages.plan(make_twin(technologies=()))


def test_districts_sum_to_the_nation(base: dict[str, Any], make_twin: Make) -> None:
    twin = make_twin()
    twin.tables["plan"] = base["plan"]
    districts = stages.districts(twin)["districts"]
    cells = twin.table("cells")
    assert districts["people"].sum() == cells["people"].sum()
    assert districts["npc_usd"].sum() == pytest.approx(base["plan"]["npc_usd"].sum())
    assert districts["served_by_plan"].sum() == pytest.approx(base["plan"]["households_served"].sum())
    assert (districts["visible_min"] <= districts["visible_mean"]).all()
    asked = districts["carried_share"].notna()
    assert (districts.loc[asked, "unserved_today"] > 0).all()
    assert districts.loc[asked, "carried_share"].to_numpy() == pytest.approx(0.5, rel=1e-4)


def test_homes_pay_for_the_terminal_of_their_system(make_twin: Make) -> None:
    twin = make_twin()
    twin.tables["systems"].loc[0, "terminal"] = "kuiper-standard"
    dear = stages.national_problem(twin).prices
    assert dear["leo_terminal_usd"] == 400.0
    assert (
        dear["backhaul_terminal_usd"] == stages.national_problem(make_twin()).prices["backhaul_terminal_usd"]
    )


def test_a_system_for_firms_serves_villages_at_its_own_terminal_s_price(make_twin: Make) -> None:
    twin = make_twin(technologies=("leo_terminal", "satellite_cell"))
    twin.tables["systems"].loc[0, ["terminal", "terminal_class"]] = ["o3b-terminal", "enterprise"]
    asked = stages.national_problem(twin)
    assert asked.prices["backhaul_terminal_usd"] == 90_000.0
    assert not asked.service.works[:, 0].any()
    assert asked.service.works[:, 1].any()
    assert stages.national_problem(make_twin()).service.works.any()


def test_phones_need_a_system_for_phones(make_twin: Make) -> None:
    only = {"technologies": ("direct_to_device",)}
    assert not stages.national_problem(make_twin(**only)).service.works.any()
    twin = make_twin(**only)
    twin.arrays["device_count"] = twin.arrays["device_count"] + 1
    asked = stages.national_problem(twin)
    assert asked.service.works.all()
    assert (asked.service.availability == 1.0).all()


def test_towers_of_today_lower_the_investment(base: dict[str, Any], make_twin: Make) -> None:
    """Cells with 2G have a site, one more for each 4,200 people; without service there is none."""
    twin = make_twin()
    cells = twin.tables["cells"]
    cells.loc[:1, ["people", "mobile_today"]] = [[100, "2g"], [9000, "2g"]]
    covered = (cells["mobile_today"] != "none").to_numpy()
    asked = pricing.sites_today(
        cells["people"].to_numpy(dtype=float), covered, {"people_per_site_today": 4200.0}
    )
    assert asked[:3].tolist() == [1.0, 2.0, 0.0]
    cells["mobile_today"] = "2g"
    assert figure(stages.plan(twin), "npc_usd") < figure(base, "npc_usd")


def test_a_handset_in_a_fixed_orbit_gives_no_dish_a_channel(make_twin: Make) -> None:
    twin = make_twin()
    assert stages.geo_channels(twin).tolist() == [72.0]
    twin.tables["systems"].loc[1, "terminal_class"] = "handset"
    assert stages.geo_channels(twin).tolist() == [0.0]
