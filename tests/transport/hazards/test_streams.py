"""Random numbers by hash: known values, distributions within their sampling error, independence of order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rabta import jit
from rabta.transport.hazards import fields, streams

N = 40_000
DRAWS = np.arange(N)
LAT, LON = np.array([26.7, 27.6, 30.2, 35.2]), np.array([67.8, 68.2, 71.5, 72.4])


def test_mixing_follows_the_published_sequence() -> None:
    """SplitMix64 with seed 1234567: first five numbers (Rosetta Code, Pseudo-random numbers/Splitmix64)."""
    counters = np.uint64(1234567) + np.arange(1, 6, dtype=np.uint64) * streams.INCREMENT
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert streams.mixed(counters).tolist() == expected


def test_numbers_are_uniform_and_unrelated() -> None:
    keys = streams.keys(1, "flood", ["a", "b", "c"])
    found = streams.uniforms(keys, DRAWS)
    assert found.min() > 0.0
    assert found.max() < 1.0
    for column in found.T:  # Kolmogorov-Smirnov at one in ten thousand
        assert stats.kstest(column, "uniform").pvalue > 1e-4
    related = np.corrcoef(found.T)[np.triu_indices(3, 1)]
    lagged = np.corrcoef(found[:-1, 0], found[1:, 0])[0, 1]
    assert np.abs([*related, lagged]).max() < 4.0 / np.sqrt(N)


def test_numbers_do_not_depend_on_the_company() -> None:
    alone = streams.uniforms(streams.keys(1, "flood", ["b"]), DRAWS[100:200])
    together = streams.uniforms(streams.keys(1, "flood", ["a", "b", "c"]), DRAWS)[100:200, 1:2]
    assert np.array_equal(alone, together)
    for other in (streams.keys(2, "flood", ["b"]), streams.keys(1, "heat", ["b"])):
        assert not np.any(streams.uniforms(other, DRAWS[100:200]) == alone)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.5, 2.0, 30.0, 800.0])
def test_counts_are_poisson(rate: float) -> None:
    chance = streams.one(3, "any", "count", DRAWS)
    assert np.array_equal(streams.counts(rate, chance), stats.poisson.ppf(chance, rate).astype(np.int64))


def test_a_higher_rate_keeps_every_event() -> None:
    chance = streams.one(3, "any", "count", DRAWS)
    assert np.all(streams.counts(0.6, chance) >= streams.counts(0.5, chance))


def test_field_has_the_variance_and_correlation_of_its_weights() -> None:
    grid = fields.lattice(1, "flood", LAT, LON, 125.0)
    found = fields.field(grid, DRAWS)
    assert np.abs(found.mean(axis=0)).max() < 4.0 / np.sqrt(N)
    assert np.abs(found.var(axis=0) - 1.0).max() < 4.0 * np.sqrt(2.0 / N)
    exact = grid.correlation
    assert np.diag(exact) == pytest.approx(1.0)
    error = 4.0 * (1.0 - exact**2) / np.sqrt(N)  # of a sample correlation
    assert np.all(np.abs(np.corrcoef(found.T) - exact) <= error + 1e-12)


def test_correlation_falls_with_distance_as_stated() -> None:
    """Dadu and Larkana, 107.6 km apart: exp(-(107.6 / 125)^2 / 2) = 0.69."""
    for reach in (125.0, 150.0):
        found = fields.lattice(1, "flood", LAT[:2], LON[:2], reach).correlation[0, 1]
        assert found == pytest.approx(np.exp(-((107.6 / reach) ** 2) / 2.0), abs=0.02)


def test_field_does_not_depend_on_other_places_chunks_or_threads() -> None:
    every = fields.field(fields.lattice(1, "flood", LAT, LON, 125.0), DRAWS[:500])
    fewer = fields.field(fields.lattice(1, "flood", LAT[[3, 1]], LON[[3, 1]], 125.0), DRAWS[200:300])
    assert np.array_equal(fewer, every[200:300][:, [3, 1]])
    before = jit.threads()
    try:
        jit.set_threads(1)
        assert np.array_equal(fields.field(fields.lattice(1, "flood", LAT, LON, 125.0), DRAWS[:500]), every)
    finally:
        jit.set_threads(before)
