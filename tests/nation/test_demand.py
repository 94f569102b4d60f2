"""Demand against published national figures, and its own arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import catalog, scenario, schema
from rabta.errors import RabtaError
from rabta.nation import demand, growth, stages
from rabta.scenario import Demand
from rabta.twin import Twin, wrap

SECONDS_A_YEAR = 365 * 86_400
SHIPPED = demand.services(Demand().services)
PROFILES = np.stack([s.profile for s in SHIPPED])
# Census 2023 and the catalog's own derivations; a nation whose cells count no institutions
NATION = {
    "household": [38_340_566.0],
    "person": [241_499_431.0],
    "child": [71_270_068.0],
    "pupil": [0.0],
    "school": [0.0],
    "health_unit": [0.0],
    "office": [0.0],
}


def derivation(name: str) -> dict[str, float]:
    return dict(catalog.entry("services", name).data["derivation"])


def service(name: str) -> demand.Service:
    return demand.services([name])[0]


def test_household_load_is_the_published_traffic() -> None:
    # PTA Annual Report 2024-25: 27,727 PB in FY2025, which is 7.03 Tbit/s on average.
    d = derivation("household")
    mean_mbps = d["traffic_pb_year"] * 8e9 / SECONDS_A_YEAR
    assert mean_mbps == pytest.approx(7.03e6, rel=1e-3)
    household = service("household")
    connected = d["households_million"] * 1e6 * d["connected_share"]
    assert household.load_mbps * household.profile.mean() * connected == pytest.approx(mean_mbps, rel=2e-3)


def test_traffic_a_subscription() -> None:
    # PTA: about 15.4 GB a subscription and month.
    d = derivation("household")
    gb = d["traffic_pb_year"] * 1e6 / 12 / (d["subscriptions_million"] * 1e6)
    assert gb == pytest.approx(15.4, abs=0.05)


def test_contention_is_near_the_planners_rule() -> None:
    # Osoro and Oughton, IEEE Access 2021: overbooking factor 20. Ours follows from traffic alone.
    assert 15 < 1 / service("household").concurrency < 30


def test_schooling_is_the_target_of_the_fcc() -> None:
    # FCC E-rate Modernization Order 2014: 100 Mbit/s per 1,000 pupils.
    school = service("schooling")
    assert school.rate_mbps * school.concurrency == pytest.approx(0.1)
    d = derivation("schooling")
    assert dict(school.units)["child"] == pytest.approx(
        1 - d["out_of_school_million"] / d["aged_5_to_16_million"], abs=1e-3
    )


def test_payments_follow_the_central_bank() -> None:
    d = derivation("payments")
    payments = service("payments")
    daily = d["transactions_billion_year"] * d["digital_share"] * 1e3 / 365 / d["people_million"]
    busy = daily / payments.profile.sum() * d["seconds_per_transaction"] / 3600
    assert payments.concurrency == pytest.approx(busy, rel=0.01)


@pytest.mark.parametrize(("name", "key"), [("telemedicine", "facilities"), ("government", "offices")])
def test_sites_a_person(name: str, key: str) -> None:
    d = derivation(name)
    assert dict(service(name).units)["person"] == pytest.approx(
        d[key] / (d["people_million"] * 1e6), rel=1e-3
    )


def test_institutions_are_counted_where_the_nation_counts_them() -> None:
    counted = {**NATION, "pupil": [54_870_964.0], "health_unit": [7130.0]}
    assert demand.connections(service("schooling"), counted)[0] == 54_870_964
    assert demand.connections(service("schooling"), NATION)[0] == pytest.approx(45.9e6, rel=1e-3)
    # Both ways lead to the published facilities.
    assert demand.connections(service("telemedicine"), NATION)[0] == pytest.approx(7130, rel=1e-3)
    assert demand.connections(service("telemedicine"), counted)[0] == 7130


def test_national_busy_hour_is_in_the_evening_and_below_the_sum_of_peaks() -> None:
    peaks = demand.peak_loads(SHIPPED, NATION, demand.Adoption(0.6, 0.6))
    load, profile = demand.busy_hour(demand.hourly(peaks, PROFILES), np.zeros(1))
    assert int(np.argmax(profile)) == 22
    assert peaks[0, 0] < load[0] < peaks.sum()
    assert profile.max() == 1.0
    # Lessons lift the morning: the curve at 10 h is above the household's own.
    assert profile[10] > SHIPPED[0].profile[10]


def test_a_cell_with_a_university_is_busiest_in_the_morning() -> None:
    units = {unit: np.zeros(2) for unit in demand.UNITS}
    units["household"], units["pupil"] = np.array([1000.0, 10.0]), np.array([500.0, 20_000.0])
    load = demand.hourly(demand.peak_loads(SHIPPED, units, demand.Adoption(0.6, 0.6)), PROFILES)
    assert load.shape == (2, 24)
    assert load.argmax(axis=1).tolist() == [22, 11]
    # 20,000 pupils x 0.1 Mbit/s and 10 households x 0.404 Mbit/s x 0.644, six in ten of both
    assert load[1, 11] == pytest.approx(0.6 * (2000.0 + 10 * 0.404 * 0.644), rel=1e-6)
    busy, profile = demand.busy_hour(load, np.zeros(2))
    np.testing.assert_allclose(load.sum(axis=0), profile * busy.sum(), rtol=1e-12)
    # The nation is busiest at 11 h, but those whom the plan serves in the evening.
    assert int(profile.argmax()) == 11
    evening, profile = demand.busy_hour(load, np.array([1.0, 0.0]))
    assert int(profile.argmax()) == 22
    np.testing.assert_array_equal(evening, load[:, 22])


@given(
    st.lists(st.floats(0, 1e5), min_size=3, max_size=3).filter(lambda x: sum(x) > 1e-3),
    st.floats(0.01, 1.0),
)
def test_loads_are_linear_in_units_and_adoption(people: list[float], adoption: float) -> None:
    units = dict.fromkeys(demand.UNITS, np.array(people))
    one = demand.hourly(demand.peak_loads(SHIPPED, units, demand.Adoption(1.0, 1.0)), PROFILES)
    part = demand.hourly(demand.peak_loads(SHIPPED, units, demand.Adoption(adoption, adoption)), PROFILES)
    np.testing.assert_allclose(part, adoption * one, rtol=1e-12, atol=1e-12)


def test_households_buy_and_institutions_do_not() -> None:
    units = dict.fromkeys(demand.UNITS, np.array([100.0]))
    peaks = demand.peak_loads(SHIPPED, units, demand.Adoption(np.array([0.0]), 1.0))[:, 0]
    bought = {s.name: peak for s, peak in zip(SHIPPED, peaks, strict=True)}
    assert {name for name, peak in bought.items() if peak == 0} == {"household", "payments"}


def test_growth_multiplies_users_and_only_the_traffic_of_users() -> None:
    units = dict.fromkeys(demand.UNITS, np.array([100.0]))
    full = demand.Adoption(1.0, 1.0)
    grown = growth.Factors(people=1.2, households=1.3, traffic=2.0, years=9)
    ratio = demand.peak_loads(SHIPPED, units, full, grown) / demand.peak_loads(SHIPPED, units, full)
    found = {s.name: float(r) for s, r in zip(SHIPPED, ratio[:, 0], strict=True)}
    assert found == pytest.approx(
        {"household": 2.6, "schooling": 1.2, "payments": 2.4, "telemedicine": 1.2, "government": 1.2}
    )


def test_nobody_is_refused() -> None:
    with pytest.raises(RabtaError, match="zero"):
        demand.busy_hour(np.zeros((2, 24)), np.ones(2))


def test_no_service_is_refused() -> None:
    with pytest.raises(RabtaError, match="household"):
        demand.services(())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("profile", "[1.0, 0.5]"),
        ("unit", '"cow"'),
        ("rate_mbps", "-1.0"),
        ("concurrency", '"high"'),
        ("loss_percent", "101"),
    ],
)
def test_wrong_entry_names_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    good = catalog.entry("services", "household").path.read_text(encoding="utf-8").split("[derivation]")[0]
    lines, skip = [], False
    for line in good.splitlines():
        skip = line.startswith(f"{key} =") or (skip and not line.split("=")[0].strip().isidentifier())
        lines += [] if skip else [line]
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "broken.toml").write_text("\n".join([*lines, f"{key} = {value}"]), encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError) as caught:
        demand.services(["broken"])
    assert caught.value.key == key
    assert "broken.toml" in str(caught.value)


def twin(**wanted: object) -> Twin:
    """Three cells of two provinces; no institution is counted."""
    cells = pd.DataFrame(
        {
            "province": ["Punjab", "Punjab", "Sindh"],
            "urban_share": [0.0, 1.0, 0.5],
            "households": [100.0, 2000.0, 50.0],
            "school_age": [200.0, 4000.0, 90.0],
            "people": [650, 13000, 300],
            "unserved_today_share": [1.0, 0.0, 0.9],
            **dict.fromkeys(("pupils", "schools", "health_units", "offices"), 0.0),
        }
    )
    given_scenario = scenario.validate({"demand": wanted})
    share = {"unserved_share": wrap("unserved_share", cells["unserved_today_share"])}
    return Twin(given_scenario, np.array([], dtype="datetime64[ns]"), {"cells": cells}, share)


def test_stage_splits_off_the_unserved() -> None:
    out = stages.demand(twin())
    np.testing.assert_allclose(
        out["unserved_demand_mbps"], out["busy_demand_mbps"] * [1.0, 0.0, 0.9], rtol=1e-12
    )
    # 100 households x 60 % x 10 Mbit/s x 0.0404, and a little of the offices in the evening
    assert out["busy_demand_mbps"][0] == pytest.approx(24.24, rel=0.01)
    assert out["demand_profile"].shape == (24,)
    np.testing.assert_allclose(out["demand_mbps"].max(axis=0)[22], out["busy_demand_mbps"].max())
    assert out["adoption_share"].tolist() == [0.6] * 3
    np.testing.assert_allclose(out["joining_households"], [60.0, 0.0, 27.0])
    check_schema(out)


def test_stage_lets_those_join_who_can_pay() -> None:
    flat, able = stages.demand(twin()), stages.demand(twin(adoption="affordable"))
    np.testing.assert_allclose(able["adoption_share"], flat["affordable_share"])
    assert able["adoption_share"][1] > able["adoption_share"][0]
    dear = stages.demand(twin(adoption="affordable", tariff="leo"))
    assert dear["joining_households"].sum() < 0.01 * able["joining_households"].sum()


def test_stage_grows() -> None:
    now, later = stages.demand(twin()), stages.demand(twin(year=2035, growth="low"))
    case = growth.factors("pakistan", "low", 2035)
    more = case.households * case.adoption(0.6) / 0.6
    np.testing.assert_allclose(later["joining_households"], now["joining_households"] * more, rtol=1e-12)
    same = stages.demand(twin(year=2026, growth="high"))
    np.testing.assert_array_equal(same["demand_mbps"], now["demand_mbps"])


def test_a_nation_without_incomes_still_has_demand() -> None:
    given_twin = twin()
    given_twin.scenario = scenario.validate({"nation": {"name": "elsewhere"}})
    out = stages.demand(given_twin)
    assert np.isnan(out["affordable_share"]).all()
    assert np.isfinite(out["demand_mbps"]).all()
    check_schema(out)
    given_twin.scenario = scenario.validate(
        {"nation": {"name": "elsewhere"}, "demand": {"adoption": "affordable"}}
    )
    with pytest.raises(RabtaError, match="pakistan"):
        stages.demand(given_twin)


def check_schema(outputs: dict[str, object]) -> None:
    for name, value in outputs.items():
        assert np.asarray(value).ndim == len(schema.arrays()[name].dims), name


def test_coarser_cells_lose_no_unserved_household() -> None:
    from rabta.nation import aggregate, layers
    from rabta.scenario import Nation

    fine = layers.load(Nation())
    for resolution in (4, 5):
        coarse = aggregate.aggregate(fine, resolution).cells
        unserved = (coarse["households"] * coarse["unserved_today_share"]).sum()
        expected = (fine.cells["households"] * fine.cells["unserved_today_share"]).sum()
        assert unserved == pytest.approx(expected, rel=1e-9)
