"""Affordability: published incomes are met, the lognormal is that of the books, and surveys bear it out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from rabta import catalog
from rabta.errors import RabtaError
from rabta.nation import affordability as money
from rabta.nation import layers
from rabta.scenario import Nation

ENTRY: dict[str, Any] = catalog.entry("incomes", "pakistan").data
TARIFFS: dict[str, Any] = catalog.entry("tariffs", "pakistan").data
BOOK = money.incomes("pakistan")
RATE = 281.0


@pytest.fixture(scope="module")
def cells() -> pd.DataFrame:
    return layers.load(Nation()).cells


def income(cells: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    return money.household_income(
        BOOK,
        cells["province"].to_numpy(object),
        cells["households"].to_numpy(float),
        cells["urban_share"].to_numpy(float),
    )


@pytest.mark.parametrize("gini", [0.292, 0.327, 0.344, 0.6])
def test_spread_gives_back_the_gini(gini: float) -> None:
    # Gini of any distribution of positive incomes: 1 - integral of (1 - F)^2 / mean.
    spread = float(money.sigma_of_gini(gini))
    income = stats.lognorm(s=spread)
    area, _ = integrate.quad(lambda x: income.sf(x) ** 2, 0, np.inf, limit=200)
    assert 1 - area / income.mean() == pytest.approx(gini, abs=1e-6)


def test_share_is_that_of_the_lognormal() -> None:
    spread, mean = 0.6, 300.0
    there = stats.lognorm(s=spread, scale=mean * np.exp(-(spread**2) / 2))
    assert there.mean() == pytest.approx(mean)
    found = money.affordable_share(mean, spread, [2.0, 6.0, 20.0], 0.02)
    np.testing.assert_allclose(found, there.sf([100.0, 300.0, 1000.0]), rtol=1e-12)


def test_national_income_is_the_survey_s(cells: pd.DataFrame) -> None:
    # HIES 2024-25: Rs 82,179 a household and month, in the provinces that it covers.
    mean, _ = income(cells)
    covered = cells["province"].isin([*ENTRY["province_month"], "Islamabad"]).to_numpy()
    ours = np.average(mean[covered], weights=cells["households"][covered]) * RATE
    assert ours == pytest.approx(82_179.0, rel=1e-9)


def test_provinces_stand_as_surveyed(cells: pd.DataFrame) -> None:
    # HIES 2018-19: Punjab with Islamabad 42,861, Sindh 39,078, KP 42,736, Balochistan 36,387.
    mean, _ = income(cells)
    area = cells["province"].replace("Islamabad", "Punjab")
    by_area = {
        name: np.average(mean[area == name], weights=cells["households"][area == name])
        for name in ENTRY["province_month"]
    }
    for name, month in ENTRY["province_month"].items():
        assert by_area[name] / by_area["Punjab"] == pytest.approx(month / 42_861.0, rel=1e-9)


def test_towns_stand_to_the_country_as_consumption_does() -> None:
    # HIES 2018-19: Rs 47,362 a month in towns, Rs 30,908 in the country.
    d = ENTRY["derivation"]
    ratio = d["urban_consumption_month"] / d["rural_consumption_month"]
    assert BOOK.urban_over_rural == pytest.approx(ratio, rel=1e-4)
    mean, _ = money.household_income(
        BOOK, np.array(["Sindh"] * 2, object), np.array([10.0, 30.0]), np.array([0.0, 1.0])
    )
    assert mean[1] / mean[0] == pytest.approx(BOOK.urban_over_rural)


def test_without_survey_the_nation_s_incomes_hold() -> None:
    provinces = np.array(["Punjab", "Punjab", "Elsewhere"], object)
    mean, _ = money.household_income(BOOK, provinces, np.array([5.0, 5.0, 7.0]), np.array([0.2, 0.8, 0.2]))
    assert mean[2] == pytest.approx(mean[0])
    alone, _ = money.household_income(BOOK, provinces[2:], np.array([7.0]), np.array([0.2]))
    assert alone[0] == pytest.approx(BOOK.mean_usd)
    nobody, _ = money.household_income(BOOK, provinces[:1], np.array([0.0]), np.array([0.0]))
    assert np.isfinite(nobody).all()


def test_one_lognormal_stands_for_town_and_country() -> None:
    """Matched moments against the mixture itself: never off by more than 2 points."""
    for urban in np.linspace(0, 1, 11):
        mean, spread = money.household_income(
            BOOK, np.array(["X"], object), np.array([1.0]), np.array([urban])
        )
        rural = mean / (1 + (BOOK.urban_over_rural - 1) * urban)
        for tariff in (1.0, 2.0, 4.0, 8.0, 16.0):
            town = money.affordable_share(rural * BOOK.urban_over_rural, BOOK.sigma_urban, tariff, 0.02)
            country = money.affordable_share(rural, BOOK.sigma_rural, tariff, 0.02)
            whole = urban * town + (1 - urban) * country
            assert money.affordable_share(mean, spread, tariff, 0.02) == pytest.approx(whole, abs=0.02)


def test_surveyed_fifths_lie_inside_ours() -> None:
    """HIES 2024-25 ranks households by consumption a head: its fifths lie closer than fifths of income."""
    d = ENTRY["derivation"]
    spread = float(money.sigma_of_gini(d["gini_national"]))
    edge = stats.norm.ppf(0.2)
    poorest = 5 * 82_179 * stats.norm.cdf(edge - spread)
    richest = 5 * 82_179 * stats.norm.cdf(edge + spread)
    assert poorest < d["poorest_fifth_month"] < 82_179 < d["richest_fifth_month"] < richest


def test_the_rule_is_near_what_households_pay() -> None:
    # Rs 313 a subscriber and month, 195.1 million subscribers, 38.3 million households, Rs 82,179 income.
    d = TARIFFS["derivation"]
    paid = d["mobile_revenue_month_a_subscriber"] * d["mobile_subscribers_million"] / d["households_million"]
    assert paid / d["household_income_month"] * 100 == pytest.approx(TARIFFS["income_percent"], abs=0.1)


def test_households_online_as_the_survey_found(cells: pd.DataFrame) -> None:
    """HIES 2024-25, not used in any number here: 70 % of households online, 81 % in towns, 62 % outside."""
    mean, spread = income(cells)
    weight, urban = cells["households"].to_numpy(float), cells["urban_share"].to_numpy(float)
    price, part = money.tariff_usd("pakistan", "mobile_data")
    whole = np.average(money.affordable_share(mean, spread, price, part), weights=weight)
    assert whole == pytest.approx(0.70, abs=0.03)
    rural = mean / (1 + (BOOK.urban_over_rural - 1) * urban)
    town = money.affordable_share(rural * BOOK.urban_over_rural, BOOK.sigma_urban, price, part)
    country = money.affordable_share(rural, BOOK.sigma_rural, price, part)
    assert np.average(town, weights=weight * urban) == pytest.approx(0.81, abs=0.03)
    assert np.average(country, weights=weight * (1 - urban)) == pytest.approx(0.62, abs=0.03)


@given(st.floats(0.05, 0.95))
def test_tariff_and_share_are_inverse(share: float) -> None:
    mean, spread = np.array([100.0, 400.0, 250.0]), np.array([0.5, 0.7, 0.6])
    weight = np.array([1.0, 2.0, 0.0])
    tariff = money.tariff_for(share, mean, spread, weight, 0.02)
    able = money.affordable_share(mean, spread, tariff, 0.02)
    assert np.average(able, weights=weight) == pytest.approx(share, abs=1e-6)


def test_impossible_shares_are_refused() -> None:
    one = np.array([1.0])
    for share, weight in ((0.0, one), (1.0, one), (0.5, 0 * one)):
        with pytest.raises(RabtaError):
            money.tariff_for(share, one, one, weight, 0.02)


def test_every_offer_has_a_source_and_an_unknown_one_is_refused() -> None:
    for name, offer in TARIFFS["offers"].items():
        assert offer["source"]
        assert money.tariff_usd("pakistan", name)[0] > 0
    with pytest.raises(RabtaError, match="fibre"):
        money.tariff_usd("pakistan", "fiber")


@pytest.mark.parametrize(
    ("key", "value"), [("household_month", "0"), ("gini_urban", "1.5"), ("urban_over_rural", '"more"')]
)
def test_a_wrong_entry_names_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    text = catalog.entry("incomes", "pakistan").path.read_text(encoding="utf-8")
    lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in text.splitlines()]
    folder = tmp_path / "incomes"
    folder.mkdir()
    (folder / "broken.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError) as caught:
        money.incomes("broken")
    assert caught.value.key == key
    assert "broken.toml" in str(caught.value)
