"""Low and high, the tornado and the tariff: against plans that are solved in full, and by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rabta.cli import sensitivity
from rabta.errors import RabtaError
from rabta.plan import pricing, stages
from rabta.plan.costs import Range, assumptions, prices, ranges, read_book
from rabta.plan.finance import annuity
from rabta.plan.optimise import optimise
from rabta.plan.problem import price
from rabta.twin import Twin

Make = Callable[..., Twin]
RANGE = Range(1.0, 2.0, 6.0, "", "", "")


@pytest.fixture(scope="module")
def asked(make_twin: Make) -> pricing.Asked:
    return stages.national_problem(make_twin())


def test_draws_cover_every_stratum_once_and_do_not_depend_on_the_others() -> None:
    """Definition of a Latin hypercube (McKay, Beckman and Conover 1979)."""
    unit = pricing.hypercube(64, 5)
    assert (np.sort(np.floor(64 * unit), axis=0) == np.arange(64)[:, None]).all()
    assert (pricing.hypercube(64, 3) == unit[:, :3]).all()
    assert abs(np.corrcoef(unit.T) - np.eye(5)).max() < 0.35


def test_base_is_the_median_of_a_range() -> None:
    drawn = [pricing.at(RANGE, u) for u in (np.arange(10_000) + 0.5) / 10_000]
    assert np.median(drawn) == pytest.approx(2.0, abs=1e-3)
    assert np.mean(drawn) == pytest.approx(0.5 * (2.0 - 1.0 / 3.0) + 0.5 * (2.0 + 4.0 / 3.0), abs=1e-3)


def test_replans_of_the_draws_are_within_a_hundredth_of_plans_solved_in_full(
    asked: pricing.Asked,
) -> None:
    """Tolerance 1 % of the cost of a household; the bound of each re-plan is under the plan in full."""
    book = ranges(asked.book, asked.prices, {})
    again = pricing.Again(asked)
    for line in pricing.hypercube(6, len(book)):
        drawn = {key: pricing.at(r, u) for (key, r), u in zip(book.items(), line, strict=True)}
        problem = pricing.stated(asked.ground, {**asked.prices, **drawn})[0]
        solved = price(problem, optimise(problem, 20.0))
        figures, gap = again.at({**asked.prices, **drawn})
        assert figures["objective_usd"] * (1.0 - gap) <= solved.objective_usd * (1.0 + 1e-6)
        assert figures["objective_usd"] == pytest.approx(solved.objective_usd, rel=0.01)
        assert figures["npc_usd"] == pytest.approx(solved.npc_usd, rel=0.03)


def test_summary_has_low_and_high_around_every_middle(make_twin: Make) -> None:
    summary = stages.plan(make_twin())["plan_summary"].set_index("key")
    for key in ("npc_usd", "capex_usd", "opex_usd_year", "npc_per_household_usd", "tariff_usd_month"):
        assert summary.loc[key, "low"] < summary.loc[key, "high"], key
    middle = summary.loc["npc_usd_middle"]
    assert middle["low"] < middle["value"] < middle["high"]
    assert np.isnan(summary.loc["households_target", "low"])
    shares = summary.filter(like="share_", axis=0)
    assert shares["value"].sum() == pytest.approx(1.0)
    assert (shares["low"] <= shares["high"]).all()
    assert 0.0 <= summary.loc["range_gap", "value"] < 0.05


def test_tornado_is_sorted_and_its_ends_are_what_plans_in_full_give(make_twin: Make) -> None:
    table = stages.plan(make_twin())["sensitivity"]
    assert len(table) == pricing.TOP
    ends = table[["figure_low", "figure_base", "figure_high"]].to_numpy()
    swing = ends.max(axis=1) - ends.min(axis=1)
    assert (np.diff(swing) <= 0).all()
    top = table.iloc[0]
    for end in ("low", "high"):
        item = {str(top["parameter"]).removeprefix("plan.costs."): float(top[end])}
        full = stages.plan(make_twin(costs=item))["plan_summary"].set_index("key")["value"]
        assert full[top["figure"]] == pytest.approx(top[f"figure_{end}"], rel=0.01)


def test_what_the_user_states_is_not_open(make_twin: Make) -> None:
    found = stages.national_problem(make_twin(costs={"site_civil_usd": 30_000.0}))
    open_ = ranges(found.book, found.prices, found.ground.wanted.costs)
    assert "site_civil_usd" not in open_
    assert "radio_4g_usd_site" in open_


def test_cases_take_the_cheap_and_the_dear_end(make_twin: Make) -> None:
    book = read_book("pakistan")
    low, high = prices("pakistan", case="low"), prices("pakistan", case="high")
    assert low["site_civil_usd"] == book["site_civil_usd"].low
    assert low["contention"] == book["contention"].high  # more households share: cheaper
    assert high["life_active_years"] == book["life_active_years"].low
    assert low["shortfall_usd_household"] == high["shortfall_usd_household"]
    cost = [
        stages.plan(make_twin(costs_case=case))["plan_summary"].set_index("key")["value"]["npc_usd"]
        for case in ("low", "base", "high")
    ]
    assert cost == sorted(cost)
    assert cost[0] < 0.8 * cost[1]


def test_tariff_pays_back_the_net_present_cost(make_twin: Make) -> None:
    tables = stages.plan(make_twin())
    plan = tables["plan"]
    paid = plan["tariff_usd_month"] * 12.0 * annuity(0.08, 10) * plan["households_served"]
    assert paid.sum() == pytest.approx(plan["npc_usd"].sum())
    whole = tables["plan_summary"].set_index("key")["value"]
    assert whole["tariff_usd_month"] == pytest.approx(
        whole["npc_per_household_usd"] / (12.0 * annuity(0.08, 10))
    )


def test_tariff_over_income(make_twin: Make) -> None:
    """Every tenth cell of the twin has no known income, the others US$ 150 a month."""
    twin = make_twin()
    tables = stages.plan(twin)
    plan = tables["plan"]
    known = plan["tariff_income_share"].notna()
    assert plan.loc[known, "tariff_income_share"].to_numpy() == pytest.approx(
        plan.loc[known, "tariff_usd_month"].to_numpy() / 150.0
    )
    assert not known[::10].any()
    assert known.sum() > 100
    twin.tables["plan"] = plan
    district = stages.districts(twin)["districts"]
    served = district["served_by_plan"] > 0
    assert (district["tariff_income_share"].notna() == served).all()
    assert 0 < tables["plan_summary"].set_index("key")["value"]["tariff_income_share"] < 1


def test_assumptions_lie_around_the_scenario_s_own_value(asked: pricing.Asked) -> None:
    known = assumptions("pakistan")
    assert "plan.discount_percent" in known
    assert pricing.around(RANGE, 9.0) == replace(RANGE, base=9.0, high=9.0)
    rows: dict[Any, Any] = {row["parameter"]: row for row in pricing.assumed(asked)}
    discount = rows["plan.discount_percent"]
    assert discount["base"] == 8.0
    assert discount["figure_low"] > discount["figure_base"] > discount["figure_high"]


def test_less_of_the_satellites_costs_no_less(make_twin: Make) -> None:
    """A fifth of the capacity: what was shared out before has to be bought elsewhere."""
    twin = make_twin()
    less = sensitivity.elsewhere(twin, sensitivity.SHARE, 20.0)
    assert less.table("pools")["satellite_capacity_mbps"].sum() == pytest.approx(
        0.2 * twin.table("pools")["satellite_capacity_mbps"].sum()
    )
    own, scaled = (stages.national_problem(t) for t in (twin, less))
    costs = [pricing.Again(a).at(a.prices)[0]["npc_usd"] for a in (own, scaled)]
    assert costs[1] > costs[0]


def test_an_unknown_figure_names_the_nearest(make_twin: Make) -> None:
    with pytest.raises(RabtaError, match="npc_usd"):
        sensitivity.quick(make_twin(), "npc_us")


def test_people_without_broadband_follow_the_published_coverages() -> None:
    """GSMA's 84 % under 4G leaves 16 of 100 out of reach, the regulator's 81 % leaves 19."""
    rows = [("households_unserved_today", 190.0, "1", "x"), ("npc_usd", 5.0, "USD", "x")]
    bare = pd.DataFrame(rows, columns=["key", "value", "unit", "description"]).assign(low=np.nan, high=np.nan)
    found = pricing.with_coverage(bare, 1900.0, "pakistan").set_index("key")
    assert found.loc["households_unserved_today", ["low", "high"]].tolist() == pytest.approx([160.0, 190.0])
    assert found.loc["people_unserved_today", ["low", "value", "high"]].tolist() == pytest.approx(
        [1600, 1900, 1900]
    )
    assert np.isnan(found.loc["npc_usd", "low"])
