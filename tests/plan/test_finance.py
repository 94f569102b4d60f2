"""Discounting against closed forms and published factors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.plan import finance

SITES_KM2 = 4.6188  # pysim5g: sites per km2 at a cell radius of 250 m
RATE, YEARS = 0.035, 10


def test_annuity_is_the_present_value_table() -> None:
    # Brealey, Myers and Allen, appendix table 3: 8 % for 10 years 6.710, 15 % for 5 years 3.352
    assert finance.annuity(0.08, 10) == pytest.approx(6.710, abs=5e-4)
    assert finance.annuity(0.15, 5) == pytest.approx(3.352, abs=5e-4)
    assert finance.annuity(0.0, 7) == 7.0


@given(rate=st.floats(0.001, 0.5), years=st.integers(1, 40), first=st.integers(0, 3))
def test_annuity_is_the_sum_of_its_terms(rate: float, years: int, first: int) -> None:
    terms = sum((1.0 + rate) ** -t for t in range(first, first + years))
    assert finance.annuity(rate, years, first_year=first) == pytest.approx(terms, rel=1e-10)


@pytest.mark.parametrize(
    ("unit_usd", "published"),
    [(3 * 1500, 38_675), (3 * 4000, 103_134), (10_000, 85_945), (2_000, 17_189)],
    ids=["antenna", "remote radio", "baseband", "router"],
)
def test_pysim5g_active_equipment(unit_usd: float, published: float) -> None:
    """IEEE Access 2019, baseline US$/km2: capital and 10 % of it a year for ten years from year 0."""
    factor = 1.0 + 0.1 * finance.annuity(RATE, YEARS, first_year=0)
    assert factor == pytest.approx(1.8608, abs=5e-5)
    assert unit_usd * SITES_KM2 * factor == pytest.approx(published, rel=1e-4)


def test_pysim5g_rent_and_civil_works() -> None:
    """Rent is yearly only, the tower is paid once: US$/km2 381,669 and 46,188."""
    rent = 9600 * SITES_KM2 * finance.annuity(RATE, YEARS, first_year=0)
    assert rent == pytest.approx(381_669, rel=1e-4)
    tower = 10_000 * SITES_KM2
    assert tower == pytest.approx(46_188, rel=1e-4)


def test_capital_recovery_is_the_inverse() -> None:
    assert finance.capital_recovery(0.08, 10) * finance.annuity(0.08, 10) == pytest.approx(1.0)
    with pytest.raises(RabtaError):
        finance.capital_recovery(0.08, 0)


def test_npv_by_hand() -> None:
    assert finance.npv([-100.0, 60.0, 60.0], 0.1) == pytest.approx(-100 + 60 / 1.1 + 60 / 1.21)


@given(years=st.integers(1, 40), life=st.floats(1.0, 50.0))
def test_capital_factor_without_discount_is_years_over_life(years: int, life: float) -> None:
    assert finance.capital_factor(0.0, years, life) == pytest.approx(years / life, rel=1e-9)


def test_capital_factor_by_hand() -> None:
    # bought in years 0, 4 and 8; half of the last life is left after ten years
    r = 1.08
    assert finance.capital_factor(0.08, 10, 4.0) == pytest.approx(1 + r**-4 + r**-8 - 0.5 * r**-10)
    assert finance.capital_factor(0.08, 10, 10.0) == pytest.approx(1.0)


def test_net_present_cost_adds_capital_and_running_cost() -> None:
    found = finance.net_present_cost([1000.0, 0.0], [0.0, 100.0], 0.08, 10, 10.0)
    assert np.allclose(found, [1000.0, 671.008], atol=1e-3)


@pytest.mark.parametrize(("rate", "years"), [(-0.1, 5), (0.1, -1)])
def test_wrong_annuity_is_refused(rate: float, years: int) -> None:
    with pytest.raises(RabtaError, match="negative"):
        finance.annuity(rate, years)


def test_life_of_zero_is_refused() -> None:
    with pytest.raises(RabtaError, match="life"):
        finance.capital_factor(0.05, 10, 0.0)
