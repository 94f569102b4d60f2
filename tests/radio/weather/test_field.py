"""The drawn field: its law in space and time, and that only seed, place and moment make it."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo, jit
from rabta.radio.weather import field
from rabta.radio.weather.field import SIDE, STEP_KM, Field
from rabta.verify.weather import measured

START = np.datetime64("2026-01-13T09:17", "ns")
MINUTE = np.timedelta64(60, "s")
LAT, LON = np.array([24.99, 31.72, 33.6, 35.92]), np.array([67.16, 74.27, 73.1, 74.31])
CENTRE = (30.0, 70.0)


def drawn(seed: int = 4) -> Field:
    return Field.at_places(seed, LAT, LON, CENTRE)


def test_correlations_of_the_recommendation() -> None:
    """ITU-R P.618-14, section 2.2.4.1: at no distance 1; at 60 km 0.7 / e + 0.3 exp(-(60 / 700)^2)."""
    assert field.rain_correlation(0.0) == 1.0
    assert field.depth_correlation(0.0) == 1.0
    assert float(field.rain_correlation(60.0)) == pytest.approx(0.7 / np.e + 0.3 * 0.99268, abs=1e-5)
    assert float(field.depth_correlation(30.0)) == pytest.approx(0.94 / np.e + 0.06 * 0.99641, abs=1e-5)


@pytest.mark.parametrize("kind", range(field.KINDS))
def test_covariance_of_the_waves_is_the_law(kind: int) -> None:
    """The transform of the waves' power is the covariance of the nodes: the law out to half the torus."""
    power = field.amplitudes()[kind].astype(np.float64).reshape(SIDE, SIDE) ** 2
    covariance = np.fft.fft2(power).real
    axis = STEP_KM * np.arange(SIDE // 2)
    wanted = field.CORRELATIONS[kind](np.hypot(axis[:, None], axis))
    assert np.abs(covariance[: SIDE // 2, : SIDE // 2] - wanted).max() < 1e-6


def test_variance_and_shape_of_one_place() -> None:
    """Moments of 4,000 anchors within four standard errors of the normal distribution's."""
    value = np.stack([drawn().pair(0, field.LEVELS, i) for i in range(2000)]).reshape(4000, -1)
    assert abs(value.mean(axis=0)).max() < 4 / np.sqrt(4000)
    assert abs((value**2).mean(axis=0) - 1.0).max() < 4 * np.sqrt(2 / 4000)
    assert abs((value**4).mean(axis=0) - 3.0).max() < 4 * np.sqrt(96 / 4000)


def test_quantiles_have_the_tail_of_the_normal_distribution() -> None:
    values = field.quantiles()
    assert values.std() == pytest.approx(1.0, abs=1e-6)
    assert np.mean(values > 3.0902) == pytest.approx(1e-3, rel=0.02)  # 0.1 % quantile


def test_a_cut_of_the_run_changes_nothing() -> None:
    whole = drawn().at_times(START + np.arange(90) * MINUTE)
    for first, last in ((0, 17), (17, 60), (89, 90)):
        part = drawn().at_times(START + np.arange(first, last) * MINUTE)
        assert np.array_equal(part, whole[:, first:last])


def test_threads_change_nothing() -> None:
    before = jit.threads()
    try:
        found = []
        for count in (1, min(2, before)):
            jit.set_threads(count)
            found.append(drawn().at_times(START + np.arange(60) * MINUTE))
    finally:
        jit.set_threads(before)
    assert np.array_equal(found[0], found[1])


def test_other_places_change_nothing() -> None:
    some = Field.at_places(4, LAT[1:3], LON[1:3], CENTRE).at_times(START + np.arange(5) * MINUTE)
    assert np.array_equal(some, drawn().at_times(START + np.arange(5) * MINUTE)[:, :, 1:3])


def test_the_seed_changes_all() -> None:
    a, b = (drawn(seed).at_times(START + np.arange(3) * MINUTE) for seed in (4, 5))
    assert (a != b).all()


def test_between_minutes_and_at_instants() -> None:
    """A step of ten seconds passes through the minutes; at half a minute the variance is still one."""
    fine = drawn().at_times(START + np.arange(13) * np.timedelta64(10, "s"))
    assert np.array_equal(fine[:, ::6], drawn().at_times(START + np.arange(3) * MINUTE))
    near = np.exp(-field.BETA_S * 60.0)
    middle = (fine[:, 0] + fine[:, 6]) / 2.0 / np.sqrt((1.0 + near) / 2.0)
    assert np.allclose(fine[:, 3], middle, atol=1e-6)


def test_moments_before_1970_and_at_anchors() -> None:
    ticks = np.array([-5000, -2048, -1, 0, 1, 2048], dtype=np.int64)
    value = drawn().at_ticks(ticks)
    assert np.isfinite(value).all()
    assert len(np.unique(value[0, :, 0])) == ticks.size


@pytest.mark.parametrize("kind", range(field.KINDS))
def test_memory_over_time(kind: int) -> None:
    """exp(-2e-4 t), P.1853-1, within four standard errors; neighbours near and over the tree's joints."""
    lags = (1, 16, 60, 120)
    for lag, found in zip(lags, measured.temporal(kind, lags, blocks=24), strict=True):
        assert found.value == pytest.approx(np.exp(-field.BETA_S * 60.0 * lag), abs=4 * found.error)
        assert found.error < 0.05


def test_map_keeps_distances_over_a_country() -> None:
    """Equal-area map about its centre: distances between Pakistani cities within 1.5 %."""
    east, north = field.equal_area_km(LAT, LON, CENTRE)
    for i in range(4):
        for j in range(i):
            plane = np.hypot(east[i] - east[j], north[i] - north[j])
            true = float(geo.great_circle_m(LAT[i], LON[i], LAT[j], LON[j])) / 1e3
            assert plane == pytest.approx(true, rel=0.015)


class Weights(Field):
    """A field whose fresh values are unit vectors: what comes out are the weights of the noise."""

    def fresh(self, wanted: list[tuple[int, int, int]]) -> dict[tuple[int, int, int], np.ndarray]:
        keys = sorted({(level, number) for _, level, number in wanted})
        one = np.eye(len(keys), dtype=np.float32)
        return {key: one[keys.index(key[1:])] for key in wanted}


@pytest.mark.parametrize("first", [0, 7, 2030, 29_469_437])
def test_covariance_over_time_is_exact(first: int) -> None:
    """Weights of the noise of an hour's minutes: their products are exp(-2e-4 t) to the float's precision."""
    ticks = first + np.concatenate([np.arange(60), [90, 300, 1000, 3000]])
    value = Weights(1, np.zeros(1, np.int64)).at_ticks(ticks)[0].astype(np.float64)
    law = np.exp(-field.BETA_S * 60.0 * np.abs(ticks[:, None] - ticks))
    assert np.abs(value @ value.T - law).max() < 2e-6
