"""TR 36.777 against values worked out from its tables by hand, and against its own distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile import pathloss
from rabta.radio.air import links, p528, uav
from rabta.verify.radio import uav as suite


def test_quoted_values() -> None:
    rows = suite.rows(None)
    assert len(rows) > 40
    assert [row.name for row in rows if not row.passed] == []


@pytest.mark.parametrize("scenario", uav.SCENARIOS)
def test_draws_follow_the_distributions(scenario: str) -> None:
    count = 40_000
    height, d = 35.0, 1500.0
    drawn = uav.draw(scenario, np.full(count, d), height, 2.0, seed=3)
    chance = float(uav.los_probability(scenario, d, height))
    assert drawn.los.mean() == pytest.approx(chance, abs=4.0 * math.sqrt(0.25 / count))
    for percent in (10.0, 50.0, 95.0):
        wanted = float(uav.loss_not_exceeded_db(scenario, d, height, 2.0, percent))
        assert (drawn.loss_db <= wanted).mean() == pytest.approx(percent / 100.0, abs=0.011)


def test_seed_repeats() -> None:
    one, two = (uav.draw("UMa-AV", np.full(9, 900.0), 60.0, 2.0, seed=5).loss_db for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("RMa-AV", 100.0, 301.0, 2.0, True), "height_m"),
        (("RMa-AV", 10_001.0, 100.0, 2.0, True), "distance_m"),
        (("UMa-AV", 4_001.0, 100.0, 2.0, True), "distance_m"),
        (("UMa-AV", 5.0, 20.0, 2.0, True), "distance_m"),
        (("UMi-AV", 100.0, 100.0, 0.1, True), "frequency_ghz"),
        (("UMa-AV", 100.0, 150.0, 2.0, False), "los"),
        (("RMa-AV", 100.0, 50.0, 2.0, False), "los"),
        (("Rma-AV", 100.0, 50.0, 2.0, True), "scenario"),
        (("RMa-AV", 100.0, math.nan, 2.0, True), "height_m"),
    ],
)
def test_refuses_what_is_outside(arguments: tuple[str, float, float, float, bool], key: str) -> None:
    with pytest.raises(RabtaError) as caught:
        uav.path_loss_db(*arguments)
    assert caught.value.key == key


def test_fast_fading_is_only_where_tabulated() -> None:
    with pytest.raises(RabtaError):
        uav.desired("UMi-AV", True)
    with pytest.raises(RabtaError):
        uav.modified("UMa-AV", "K", 100.0, False)
    with pytest.raises(RabtaError):
        uav.modified("UMa-AV", "DS", 20.0, True)


def test_links_choose_and_agree_with_both() -> None:
    d, h = np.array([2.0, 2.0, 12.0, 100.0]), np.array([120.0, 600.0, 120.0, 9000.0])
    loss, by = links.link_loss_db(d, 35.0, h, 2.0, 95.0)
    assert by.tolist() == [0, 1, 1, 1]
    assert float(loss[0]) == float(uav.loss_not_exceeded_db("RMa-AV", 2000.0, 120.0, 2.0, 95.0, 35.0))
    np.testing.assert_array_equal(loss[1:], p528.loss_db(d[1:], 35.0, h[1:], 2.0, 95.0, "vertical"))
    assert (links.link_loss_db(d, 35.0, h, 2.0, scenario=None)[1] == 1).all()


@pytest.mark.parametrize("height", [1.5, 5.0, 10.0])
def test_low_rural_users_as_the_mobile_package(height: float) -> None:
    d = np.array([20.0, 400.0, 1500.0, 4900.0])
    seen, hidden = (theirs(d, 0.8, 35.0, height) for theirs in (pathloss.rma_los_db, pathloss.rma_nlos_db))
    np.testing.assert_allclose(uav.path_loss_db("RMa-AV", d, height, 0.8, True), seen, atol=1e-9)
    wanted = np.maximum(hidden, seen)
    np.testing.assert_allclose(uav.path_loss_db("RMa-AV", d, height, 0.8, False), wanted, atol=1e-9)


def test_rural_users_beyond_the_breakpoint_scatter_more() -> None:
    # TR 38.901: 2 pi 35 m 1.5 m 0.8 GHz / c = 880 m
    spread = uav.shadowing_db("RMa-AV", [879.0, 881.0], 1.5, 0.8, True)
    assert spread.tolist() == [4.0, 6.0]
