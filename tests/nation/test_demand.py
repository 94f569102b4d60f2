"""Demand against published national figures, and its own arithmetic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import catalog
from rabta.errors import RabtaError
from rabta.nation import demand
from rabta.scenario import Demand

SECONDS_A_YEAR = 365 * 86_400
SHIPPED = demand.services(Demand().services)


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
    assert school.units_per == pytest.approx(
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
    assert service(name).units_per == pytest.approx(d[key] / (d["people_million"] * 1e6), rel=1e-3)


def test_national_busy_hour_is_in_the_evening_and_below_the_sum_of_peaks() -> None:
    units = {"household": [38.34e6], "pupil": [71.27e6], "person": [241.5e6]}
    peaks = demand.peak_loads(SHIPPED, units, adoption=0.6)
    load, profile = demand.busy_hour(peaks, np.stack([s.profile for s in SHIPPED]))
    assert int(np.argmax(profile)) == 22
    assert peaks[0, 0] < load[0] < peaks.sum()
    assert profile.max() == 1.0
    # Lessons lift the morning: the curve at 10 h is above the household's own.
    assert profile[10] > SHIPPED[0].profile[10]


@given(
    st.lists(st.floats(0, 1e5), min_size=3, max_size=3).filter(lambda x: sum(x) > 1e-3),
    st.floats(0.01, 1.0),
)
def test_loads_are_linear_in_units_and_adoption(people: list[float], adoption: float) -> None:
    units = dict.fromkeys(demand.UNITS, np.array(people))
    profiles = np.stack([s.profile for s in SHIPPED])
    one, shape = demand.busy_hour(demand.peak_loads(SHIPPED, units, 1.0), profiles)
    part, same = demand.busy_hour(demand.peak_loads(SHIPPED, units, adoption, growth=1.0), profiles)
    np.testing.assert_allclose(part, 2.0 * adoption * one, rtol=1e-12)
    np.testing.assert_allclose(shape, same, rtol=1e-12)


def test_nobody_is_refused() -> None:
    units = dict.fromkeys(demand.UNITS, np.zeros(2))
    with pytest.raises(RabtaError, match="zero"):
        demand.busy_hour(demand.peak_loads(SHIPPED, units, 1.0), np.stack([s.profile for s in SHIPPED]))


def test_no_service_is_refused() -> None:
    with pytest.raises(RabtaError, match="household"):
        demand.services(())


@pytest.mark.parametrize(
    ("key", "value"),
    [("profile", "[1.0, 0.5]"), ("unit", '"cow"'), ("rate_mbps", "-1.0"), ("concurrency", '"high"')],
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


def test_stage_splits_off_the_unserved() -> None:
    import pandas as pd

    from rabta.nation import stages
    from rabta.scenario import Scenario
    from rabta.twin import Twin

    cells = pd.DataFrame(
        {
            "households": [100.0, 2000.0, 50.0],
            "school_age": [200.0, 4000.0, 90.0],
            "people": [650, 13000, 300],
            "unserved_today_share": [1.0, 0.0, 0.9],
        }
    )
    twin = Twin(Scenario(), np.array([], dtype="datetime64[ns]"), {"cells": cells}, {})
    out = stages.demand(twin)
    np.testing.assert_allclose(
        out["unserved_demand_mbps"], out["busy_demand_mbps"] * [1.0, 0.0, 0.9], rtol=1e-12
    )
    # 100 households x 60 % x 10 Mbit/s x 0.0404, and a little of the offices in the evening
    assert out["busy_demand_mbps"][0] == pytest.approx(24.24, rel=0.01)
    assert out["demand_profile"].shape == (24,)


def test_coarser_cells_lose_no_unserved_household() -> None:
    from rabta.nation import aggregate, layers
    from rabta.scenario import Nation

    fine = layers.load(Nation())
    for resolution in (4, 5):
        coarse = aggregate.aggregate(fine, resolution).cells
        unserved = (coarse["households"] * coarse["unserved_today_share"]).sum()
        expected = (fine.cells["households"] * fine.cells["unserved_today_share"]).sum()
        assert unserved == pytest.approx(expected, rel=1e-9)
