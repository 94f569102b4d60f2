"""Compiled kernels of links to satellites against their references in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.radio.ntn import _kernels, fading, field, largescale, reference, tables


@pytest.mark.parametrize("position", [False, True])
@pytest.mark.parametrize("ghz", [2.0, 12.0])
def test_large_scale(ghz: float, position: bool) -> None:
    rng = np.random.default_rng(7)
    elevation, distance = rng.uniform(5.0, 90.0, (5, 1300)), rng.uniform(500.0, 40_000.0, (5, 1300))
    scenario = np.array(tables.SCENARIOS)[rng.integers(0, 4, 1300)]
    place = rng.uniform(-6.4e6, 6.4e6, (1300, 3)) if position else None
    latitude = rng.uniform(0.0, 40.0, 1300)
    given = largescale._inputs(
        elevation, distance, ghz, scenario, 9, None, None, place, latitude, "P.676", True
    )
    fast, slow = largescale._run(given), largescale.draw_reference(given)
    np.testing.assert_array_equal(fast.los, slow.los)
    np.testing.assert_allclose(fast.shadowing_db, slow.shadowing_db, atol=2e-5)
    np.testing.assert_allclose(fast.loss_db, slow.loss_db, atol=1e-4)


@pytest.mark.parametrize("receive", ["vertical", "right"])
def test_fade(receive: str) -> None:
    rng = np.random.default_rng(3)
    count = 120
    elevation, los = rng.uniform(10.0, 90.0, count), rng.random(count) < 0.5
    scenario = np.array(tables.SCENARIOS)[rng.integers(0, 4, count)]
    rows = fading._rows(elevation, 28.0, scenario, los)
    names, numbers, _ = fading._where(count, rng.integers(0, 9, count), None, None)
    drawn = fading._large_scale(rows, fading._normals(rows, 5, names, numbers, None))
    given = fading._inputs(
        rows, drawn, field.keys(5, names, fading.RAY_STREAM, numbers), elevation,
        rng.uniform(0.0, 360.0, count), 28.0, np.linspace(0.0, 1e-3, 4), rng.normal(0.0, 20.0, (count, 3)),
        rng.normal(0.0, 4e5, count), rng.random(count), receive, "left", True,
    )  # fmt: skip
    delay, coefficient = fading._run(given)
    slow_delay, slow = reference.fade_reference(given)
    np.testing.assert_allclose(delay, slow_delay, rtol=1e-6, atol=1e-15)
    np.testing.assert_allclose(coefficient, slow, rtol=1e-5, atol=3e-6)


def test_fields_at() -> None:
    rng = np.random.default_rng(4)
    wave = field.waves(field.keys(1, np.arange(6))).reshape(2, 3, field.WAVES, 4)
    place, stream = rng.uniform(-5e6, 5e6, (50, 3)), rng.integers(0, 2, 50)
    distance, out = rng.uniform(10.0, 100.0, (50, 3)), np.empty((50, 3))
    _kernels.fields_at(0, 50, place, stream, distance, wave, out)
    for p in range(3):
        slow = field.evaluate(place / distance[:, p, None], wave[stream, p])
        np.testing.assert_allclose(out[:, p], slow, atol=1e-7)
