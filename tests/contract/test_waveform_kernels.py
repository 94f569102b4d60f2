"""Kernels of the waveform are their NumPy references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.mobile.phy.waveform import mimo, qam, reference

ORDERS = st.sampled_from([2, 4, 6, 8, 10])


def wave(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64)


@given(order=st.sampled_from([1, 2, 4, 6, 8, 10]), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_modulate(order: int, seed: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, (50, order)).astype(np.uint8)
    np.testing.assert_allclose(
        qam.modulate(bits, order)[:, 0], reference.modulate(bits, qam.points(order)), atol=1e-6
    )


@given(order=ORDERS, seed=st.integers(0, 2**32 - 1), level=st.floats(1e-3, 10.0), each=st.booleans())
@settings(max_examples=40, deadline=None)
def test_ratios(order: int, seed: int, level: float, each: bool) -> None:
    rng = np.random.default_rng(seed)
    heard = wave(rng, 100)
    noise = rng.uniform(level, 2.0 * level, 100 if each else 1).astype(np.float32)
    known = np.broadcast_to(noise.astype(float), 100)
    for exact, function in ((False, reference.max_log), (True, reference.exact)):
        found = qam.demodulate(heard, noise, order, exact=exact).reshape(100, order)
        right = function(heard.astype(complex), known, qam.points(order))
        # single precision; beyond 600 the exact ratio leaves out how many points are as near: ln 16 at most
        np.testing.assert_allclose(
            found, right, rtol=1e-5, atol=1e-4 / level + 3.0 * (np.abs(right) > 500).max()
        )


@pytest.mark.parametrize(("antennas", "layers"), [(1, 1), (2, 2), (4, 2), (4, 4), (8, 8), (2, 3)])
def test_equalisers(antennas: int, layers: int) -> None:
    rng = np.random.default_rng(antennas * 10 + layers)
    h, y = wave(rng, 300, antennas, layers), wave(rng, 300, antennas)
    noise = rng.uniform(0.05, 1.0, 300).astype(np.float32)
    for load, function in ((0.0, mimo.zf), (1.0, mimo.lmmse)):
        if load == 0.0 and layers > antennas:
            continue
        symbols, variance = function(y, h, noise)
        known = reference.equalise(y.astype(complex), h.astype(complex), noise.astype(float), load)
        np.testing.assert_allclose(symbols, known[0], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(variance, known[1], rtol=1e-4)


@pytest.mark.parametrize(
    ("antennas", "layers", "order"),
    [(1, 1, 6), (2, 2, 2), (2, 2, 4), (3, 2, 6), (2, 3, 2), (4, 3, 4), (4, 4, 2)],
)
def test_most_likely(antennas: int, layers: int, order: int) -> None:
    rng = np.random.default_rng(order)
    h, y = wave(rng, 10, antennas, layers), wave(rng, 10, antennas)
    noise = rng.uniform(0.05, 1.0, 10).astype(np.float32)
    known = reference.most_likely(
        y.astype(complex), h.astype(complex), noise.astype(float), qam.points(order)
    )
    np.testing.assert_allclose(mimo.ml(y, h, noise, order), known, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("antennas", "layers", "order"), [(1, 1, 4), (2, 2, 4), (3, 2, 6), (4, 3, 2)])
def test_best_words(antennas: int, layers: int, order: int) -> None:
    """With all words kept the ratios are those over all words."""
    rng = np.random.default_rng(order)
    h, y = wave(rng, 10, antennas, layers), wave(rng, 10, antennas)
    noise = rng.uniform(0.05, 1.0, 10).astype(np.float32)
    known = reference.most_likely(
        y.astype(complex), h.astype(complex), noise.astype(float), qam.points(order)
    )
    found = mimo.k_best(y, h, noise, order, words=1 << (order * (layers - 1)), limit=1e4)
    np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-3)
