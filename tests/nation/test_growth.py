"""Growth of demand: the published series behind each rate, compounding, and the curve of adoption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import catalog
from rabta.errors import RabtaError
from rabta.nation import growth

ENTRY: dict[str, Any] = catalog.entry("growth", "pakistan").data
CASES, SEEN = ENTRY["cases"], ENTRY["derivation"]


def yearly_percent(first: float, last: float, years: int) -> float:
    return float(((last / first) ** (1.0 / years) - 1.0) * 100.0)


def test_people_as_the_united_nations_and_the_census_say() -> None:
    # World Population Prospects 2024: 259.9 to 294.1 million (low), 261.4 to 303.1 (medium), 2026 to 2035.
    low = yearly_percent(SEEN["people_2026_low"], SEEN["people_2035_low"], 9)
    medium = yearly_percent(SEEN["people_2026_medium"], SEEN["people_2035_medium"], 9)
    assert CASES["low"]["people_percent"] == pytest.approx(low, abs=5e-3)
    assert CASES["base"]["people_percent"] == pytest.approx(medium, abs=5e-3)
    # Census: 2.55 % a year; six years between the counts give 2.546 %.
    assert CASES["high"]["people_percent"] == pytest.approx(
        yearly_percent(SEEN["people_2017"], SEEN["people_2023"], 6), abs=0.01
    )


def test_households_shrink_as_between_the_censuses() -> None:
    size = yearly_percent(SEEN["household_size_2017"], SEEN["household_size_2023"], 6)
    assert CASES["base"]["household_size_percent"] == pytest.approx(size, abs=6e-3)
    assert SEEN["household_size_2023"] == pytest.approx(241_499_431 / 38_340_566, abs=1e-4)


def test_traffic_as_the_regulator_counted_and_ericsson_expects() -> None:
    gb = np.array(SEEN["traffic_pb"]) / np.array(SEEN["subscriptions_million"])
    assert CASES["low"]["traffic_percent"] == pytest.approx(yearly_percent(gb[1], gb[2], 1), abs=0.05)
    assert CASES["base"]["traffic_percent"] == pytest.approx(yearly_percent(gb[0], gb[2], 2), abs=0.05)
    india = yearly_percent(SEEN["india_gb_2025"], SEEN["india_gb_2031"], 6)
    assert CASES["high"]["traffic_percent"] == pytest.approx(india, abs=0.06)


def test_the_base_year_changes_nothing() -> None:
    for case in CASES:
        assert growth.factors("pakistan", case, 2026) == growth.Factors()
    assert growth.factors("no such nation", "base", 2026).adoption(0.37) == 0.37


def test_compounding_is_exact() -> None:
    # 1.0255^9 = 1.254388..., over the household size of 0.9954^9, and 1.104^9 of traffic
    high = growth.factors("pakistan", "high", 2035)
    assert high.people == pytest.approx(1.0255**9, rel=1e-14)
    assert high.households == pytest.approx((1.0255 / 0.9954) ** 9, rel=1e-13)
    assert high.traffic == pytest.approx(1.104**9, rel=1e-14)
    half = growth.factors("pakistan", "high", 2030)
    rest = growth.factors("pakistan", "high", 2031)
    assert half.people * rest.people == pytest.approx(high.people, rel=1e-13)  # 4 and 5 years make 9


@pytest.mark.parametrize("case", ["low", "base", "high"])
def test_adoption_passes_through_both_surveys(case: str) -> None:
    # HIES: 34 % of households in 2018-19, 70 % six years later.
    six = growth.factors("pakistan", case, 2032)
    assert six.adoption(0.34) == pytest.approx(0.70, abs=1e-12)


@given(st.floats(0.0, 1.0), st.integers(2026, 2034), st.sampled_from(["low", "base", "high"]))
def test_adoption_never_falls_nor_passes_its_ceiling(share: float, year: int, case: str) -> None:
    now, next_year = (growth.factors("pakistan", case, y) for y in (year, year + 1))
    first, last = float(now.adoption(share)), float(next_year.adoption(share))
    assert share - 1e-12 <= first <= last + 1e-12
    assert last <= max(share, next_year.ceiling) + 1e-12


def test_cases_are_in_order() -> None:
    found = [growth.factors("pakistan", case, 2035) for case in ("low", "base", "high")]
    for name in ("people", "households", "traffic", "ceiling"):
        values = [getattr(f, name) for f in found]
        assert values == sorted(values), name
    shares = [float(f.adoption(0.6)) for f in found]
    assert shares == sorted(shares)


def test_an_unknown_case_or_nation_names_the_nearest() -> None:
    with pytest.raises(RabtaError, match="high"):
        growth.factors("pakistan", "hihg", 2030)
    with pytest.raises(RabtaError, match="pakistan"):
        growth.factors("pakistn", "base", 2030)


@pytest.mark.parametrize(
    ("key", "value"), [("adoption_ceiling", "0.5"), ("traffic_percent", '"much"'), ("people_percent", "-80")]
)
def test_a_wrong_entry_names_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    text = catalog.entry("growth", "pakistan").path.read_text(encoding="utf-8")
    lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in text.splitlines()]
    folder = tmp_path / "growth"
    folder.mkdir()
    (folder / "broken.toml").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError) as caught:
        growth.factors("broken", "base", 2030)
    assert "broken.toml" in str(caught.value)
    assert caught.value.key in {key, "adoption"}


@pytest.mark.parametrize("text", ["cases = 3", "[cases]\nbase = 3", "[cases.base]\npeople_percent = 1.0"])
def test_what_is_not_a_table_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    head = "".join(f'{key} = "x"\n' for key in catalog.REQUIRED)
    folder = tmp_path / "growth"
    folder.mkdir()
    (folder / "broken.toml").write_text(head + text, encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError, match=r"broken\.toml"):
        growth.factors("broken", "base", 2030)
