"""Effective SINR: information of Gray-mapped symbols, and what an average of it must obey."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.mobile.phy.link import effective
from rabta.mobile.phy.waveform import qam

ratios = st.lists(st.floats(-40.0, 60.0), min_size=1, max_size=30)


@pytest.mark.parametrize("order", [1, 2, 4, 6, 8, 10])
@pytest.mark.parametrize("ratio", [-5.0, 8.0, 20.0])
def test_information_is_what_our_own_ratios_carry(order: int, ratio: float) -> None:
    """Mean of 1 - log2(1 + exp(-L)) of the bit sent over noise and bits (ten Brink 2001), by simulation."""
    rng = np.random.default_rng(order)
    count, noise = 60_000, 10.0 ** (-ratio / 10.0)
    bits = rng.integers(0, 2, count * order, dtype=np.uint8)
    symbols = qam.modulate(bits, order)
    heard = symbols + np.sqrt(noise / 2.0) * (rng.normal(size=count) + 1j * rng.normal(size=count))
    llr = qam.demodulate(heard, noise, order, exact=True).astype(np.float64)
    lost = np.logaddexp(0.0, -llr * (1.0 - 2.0 * bits)) / np.log(2.0)
    carried = order * (1.0 - lost.mean())
    assert effective.information(ratio, order) == pytest.approx(
        carried, abs=5.0 * order * lost.std() / np.sqrt(lost.size)
    )


@given(ratios, st.sampled_from([1, 2, 4, 6, 8, 10]))
def test_it_lies_between_the_elements(values: list[float], order: int) -> None:
    found = float(effective.sinr_db(values, order=order))
    assert min(values) - 1e-9 <= found <= max(values) + 1e-9


@given(st.floats(-25.0, 15.0), st.sampled_from([1, 2, 4, 6, 8, 10]))
def test_equal_elements_stay(value: float, order: int) -> None:
    assert float(effective.sinr_db([value] * 4, order=order)) == pytest.approx(value, abs=1e-9)


@given(ratios, st.floats(0.0, 20.0), st.sampled_from([2, 6, 10]))
def test_better_elements_never_make_it_worse(values: list[float], gain: float, order: int) -> None:
    before = float(effective.sinr_db(values, order=order))
    values[0] += gain
    assert float(effective.sinr_db(values, order=order)) >= before - 1e-9


def test_it_is_below_the_mean_of_powers() -> None:
    """Information is concave in the ratio: unequal elements carry less than equal ones of the same mean."""
    values = np.random.default_rng(1).exponential(size=(100, 64)) * 10.0
    mean = 10.0 * np.log10(values.mean(axis=1))
    assert (effective.sinr_db(10.0 * np.log10(values), order=4) < mean).all()


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(RabtaError, match="table and mcs"):
        effective.sinr_db([1.0])
    with pytest.raises(RabtaError, match="modulation order"):
        effective.sinr_db([1.0], order=3)
    with pytest.raises(RabtaError, match="numbers"):
        effective.sinr_db([np.nan], order=2)
    with pytest.raises(RabtaError, match="numbers"):
        effective.sinr_db([], order=2)
