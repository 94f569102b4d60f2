"""Time at a known place, its watch, and clocks without satellites."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.pnt.integrity import holdover, timing


@pytest.mark.parametrize("name", ["tcxo", "ocxo", "ocxo-high", "rubidium"])
def test_typical_holdover_errors(name: str) -> None:
    """SecureSync user reference guide rev. 18: typical error after 4 and 24 hours of holdover."""
    data = catalog.entry("oscillators", name).data
    found = holdover.error_ns(holdover.load(name), [4.0, 24.0]) / 1e3
    assert found[0] == pytest.approx(data["published_4h_us"], rel=0.25)
    assert found[1] == pytest.approx(data["published_24h_us"], rel=0.05)


def test_quadratic_drift_of_an_aging_oscillator() -> None:
    """x = D t^2 / 2: an aging of 1e-10 a day makes 4.32 us in a day."""
    aging = holdover.Oscillator(0.0, 1e-10, 0.0, 0.0, 0.0)
    assert float(holdover.error_ns(aging, 24.0)) == pytest.approx(4320.0)
    assert holdover.hours_until(aging, 4320.0) == pytest.approx(24.0, rel=1e-5)


def test_noise_of_the_time_error_is_that_of_simulated_clocks() -> None:
    """White frequency noise walks at random; a random walk of frequency integrates to t^3 / 3."""
    rng = np.random.default_rng(1)
    steps, clocks = 900, 4000
    white = 1e-11 * rng.normal(size=(clocks, steps))
    walk = 1e-13 * rng.normal(size=(clocks, steps)).cumsum(axis=1)
    for frequency, oscillator in (
        (white, holdover.Oscillator(0.0, 0.0, 1e-11, 0.0, 0.0)),
        (walk, holdover.Oscillator(0.0, 0.0, 0.0, 0.0, 1e-13)),
    ):
        found = frequency.sum(axis=1).std() * 1e9
        assert found == pytest.approx(float(holdover.noise_ns(oscillator, steps / 3600.0)), rel=0.05)


def test_limits_order_the_services() -> None:
    """Cells lose their time before trading does; better oscillators hold longer."""
    hours = {(row["need"], row["oscillator"]): row["hours"] for row in holdover.table()}
    for need in holdover.limits():
        line = [hours[need, name] for name in ("tcxo", "ocxo", "ocxo-high", "rubidium", "cesium")]
        assert all(a < b for a, b in pairwise(line)), need
    assert hours["cells", "rubidium"] > 24.0  # G.8271: a day of holdover asks for rubidium
    assert hours["cells", "ocxo"] < 24.0


def test_no_holdover_where_the_limit_is_used_up() -> None:
    clock = holdover.load("cesium")
    assert holdover.hours_until(clock, 100.0, initial_ns=100.0) == 0.0
    perfect = holdover.Oscillator(0.0, 0.0, 0.0, 0.0, 0.0)
    assert holdover.hours_until(perfect, 1.0) == holdover.LONGEST_H
    with pytest.raises(RabtaError, match="no time"):
        holdover.error_ns(clock, -1.0)


@pytest.mark.parametrize("limit", [math.nan, -1.0, math.inf])
def test_limits_that_are_none_are_refused(limit: float) -> None:
    with pytest.raises(RabtaError, match="no such holdover"):
        holdover.hours_until(holdover.load("ocxo"), limit)


def test_clock_from_many_satellites_is_the_weighted_mean() -> None:
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.5, 3.0, 9)
    value = rng.normal(size=(2000, 9)) * sigma + 30.0
    found = timing.watch(value, sigma)
    assert found.offset_ns.mean() == pytest.approx(30.0 * timing.NS_PER_M, abs=0.1)
    assert found.offset_ns.std() == pytest.approx(float(timing.sigma_ns(sigma)), rel=0.05)
    assert np.mean(found.alarm > 1.0) <= 1e-3


def test_watch_equals_leaving_out() -> None:
    rng = np.random.default_rng(4)
    sigma, value = rng.uniform(0.5, 3.0, 7), rng.normal(size=7)
    value[3] += 40.0
    found = timing.watch(value[None], sigma, order=2)
    weight = sigma**-2
    whole = (weight * value).sum() / weight.sum()
    for left in ([3], [3, 5]):
        keep = np.setdiff1d(np.arange(7), left)
        without = (weight * value)[keep].sum() / weight[keep].sum()
        spread = math.sqrt(1 / weight[keep].sum() - 1 / weight.sum())
        assert abs(without - whole) > 4.0 * spread
    assert found.alarm[0] > 1.0
    assert 3 in found.worst[0]


@pytest.mark.parametrize("order", [1, 2])
def test_faults_above_the_level_are_never_missed(order: int) -> None:
    rng = np.random.default_rng(order)
    sigma = rng.uniform(0.5, 3.0, 8)
    value = rng.normal(size=(20_000, 8)) * sigma
    value[:, :order] += rng.uniform(-40.0, 40.0, (20_000, order))
    found = timing.watch(value, sigma, order=order)
    missed = (found.alarm <= 1.0) & (np.abs(found.offset_ns) > found.level_ns)
    assert missed.mean() < 1e-3
    assert (found.alarm > 1.0).mean() > 0.3


def test_place_error_leans_on_the_clock() -> None:
    """With one satellite at the zenith an error of 1 m in height is 3.3 ns of the clock."""
    up = np.array([[0.0, 0.0, 1.0]])
    found = timing.sigma_ns([1e-6], up, position_m=1.0)
    assert float(found) == pytest.approx(3.3356, abs=1e-3)
    assert np.isinf(timing.sigma_ns([np.nan]))
    assert np.isinf(timing.watch(np.array([[1.0, np.nan]]), 1.0).level_ns[0])
    with pytest.raises(RabtaError, match="order"):
        timing.watch(np.zeros((1, 3)), 1.0, order=3)
