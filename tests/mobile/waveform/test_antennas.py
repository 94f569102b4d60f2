"""Channel estimates, equalisers and precoders against Sionna and closed forms."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import estimate, mimo, pilots, precoding, qam
from rabta.mobile.phy.waveform.numerology import Carrier

from .test_symbols import SIONNA, plain, waves

CARRIER = Carrier(30, 12)
KNOWN = estimate.Statistics((0.0, 1e-7, 4e-7), (1.0, 0.5, 0.2), doppler_hz=150.0)


def noise_of(rng: np.random.Generator, variance: float, *shape: int) -> np.ndarray:
    return np.sqrt(variance / 2.0) * (rng.normal(size=shape) + 1j * rng.normal(size=shape))


@pytest.mark.parametrize("layers", [2, 3])
@pytest.mark.parametrize("name", ["lmmse", "zf"])
def test_equalisers_are_those_of_sionna(name: str, layers: int) -> None:
    """Sionna 2.2.0 (Apache-2.0), lmmse_equalizer and zf_equalizer; tools/phy/oracle_waveform.py."""
    known = SIONNA["antennas"][f"{name} {layers}"]
    function = mimo.lmmse if name == "lmmse" else mimo.zf
    symbols, noise = function(waves(f"y {layers}", 5, 4), waves(f"h {layers}", 5, 4, layers), 0.3)
    np.testing.assert_allclose(symbols, plain(known["symbols"]), rtol=1e-4, atol=2e-5)
    np.testing.assert_allclose(noise, known["noise"], rtol=1e-4, atol=2e-6)


def test_maximum_likelihood_is_that_of_sionna() -> None:
    """Sionna 2.2.0 (Apache-2.0), MaximumLikelihoodDetector, max-log; two layers of 16QAM."""
    found = mimo.ml(waves("y 2", 5, 4), waves("h 2", 5, 4, 2), 0.3, 4)
    np.testing.assert_allclose(found, SIONNA["antennas"]["ml"], rtol=1e-4, atol=1e-3)


def test_one_layer_is_combined_at_the_sum_of_ratios() -> None:
    """Maximal ratio combining; the LMMSE of one layer is the same: D. Tse and P. Viswanath, 2005, 8.3."""
    rng = np.random.default_rng(1)
    h, y = noise_of(rng, 1.0, 50, 4), noise_of(rng, 1.0, 50, 4)
    for function in (mimo.zf, mimo.lmmse):
        symbols, variance = function(y, h[..., None], 0.2)
        gain = (np.abs(h) ** 2).sum(axis=1)
        np.testing.assert_allclose(variance[:, 0], 0.2 / gain, rtol=1e-5)
        np.testing.assert_allclose(symbols[:, 0], (h.conj() * y).sum(axis=1) / gain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("antennas", "layers"), [(2, 2), (4, 2), (4, 3)])
def test_zero_forcing_keeps_the_diversity_of_the_spare_antennas(antennas: int, layers: int) -> None:
    """J. Winters et al., IEEE Trans. Commun. 42 (1994) 1740: antennas - layers + 1 branches a layer."""
    rng, count, ratio = np.random.default_rng(2), 150_000, 4.0  # a bit and antenna
    noise, branches = 1.0 / (2.0 * ratio), antennas - layers + 1
    bits = rng.integers(0, 2, (count, layers, 2)).astype(np.uint8)
    sent = qam.modulate(bits, 2)[..., 0]
    h = noise_of(rng, 1.0, count, antennas, layers)
    y = np.einsum("nal,nl->na", h, sent) + noise_of(rng, noise, count, antennas)
    symbols, variance = mimo.zf(y, h, noise)
    errors = np.mean((qam.demodulate(symbols[..., None], variance[..., None], 2) < 0) != bits)
    mu = np.sqrt(ratio / (1.0 + ratio))
    known = ((1 - mu) / 2) ** branches * sum(
        comb(branches - 1 + k, k) * ((1 + mu) / 2) ** k for k in range(branches)
    )
    assert errors == pytest.approx(known, abs=5.0 * np.sqrt(known * layers / bits.size))
    better, _ = mimo.lmmse(y, h, noise)
    assert np.mean((qam.demodulate(better[..., None], 1.0, 2) < 0) != bits) < errors


def test_unbiased_noise_is_what_is_stated() -> None:
    rng, count = np.random.default_rng(3), 200_000
    h = noise_of(rng, 1.0, 4, 2)
    sent = qam.modulate(rng.integers(0, 2, (count, 2, 4)).astype(np.uint8), 4)[..., 0]
    y = sent @ h.T + noise_of(rng, 0.3, count, 4)
    for function in (mimo.zf, mimo.lmmse):
        symbols, variance = function(y, h, 0.3)
        np.testing.assert_allclose(np.mean(np.abs(symbols - sent) ** 2, axis=0), variance[0], rtol=0.02)
        slope = np.mean(symbols * sent.conj(), axis=0)
        np.testing.assert_allclose(slope, 1.0, atol=0.01)


def test_layers_that_cannot_be_told_apart_say_nothing() -> None:
    h = np.ones((2, 2), dtype=complex)
    symbols, variance = mimo.zf(np.ones(2), h, 0.1)
    assert (symbols == 0).all()
    assert (variance > 1e20).all()
    symbols, variance = mimo.lmmse(np.ones(2), np.zeros((2, 1)), 0.1)
    assert (qam.demodulate(symbols, variance, 2) == 0).all()


def test_maximum_likelihood_errs_least() -> None:
    rng, count, noise = np.random.default_rng(4), 20_000, 0.02
    bits = rng.integers(0, 2, (count, 2, 4)).astype(np.uint8)
    h = noise_of(rng, 1.0, count, 2, 2)
    y = np.einsum("nal,nl->na", h, qam.modulate(bits, 4)[..., 0]) + noise_of(rng, noise, count, 2)
    symbols, variance = mimo.lmmse(y, h, noise)
    linear = np.mean((qam.demodulate(symbols[..., None], variance[..., None], 4) < 0) != bits)
    assert np.mean((mimo.ml(y, h, noise, 4) < 0) != bits) < 0.6 * linear


def test_best_words_err_little_more_than_all() -> None:
    rng, count, noise = np.random.default_rng(14), 4000, 0.03
    bits = rng.integers(0, 2, (count, 4, 4)).astype(np.uint8)
    h = noise_of(rng, 1.0, count, 4, 4)
    y = np.einsum("nal,nl->na", h, qam.modulate(bits, 4)[..., 0]) + noise_of(rng, noise, count, 4)
    symbols, variance = mimo.lmmse(y, h, noise)
    linear = np.mean((qam.demodulate(symbols[..., None], variance[..., None], 4) < 0) != bits)
    few, many = (np.mean((mimo.k_best(y, h, noise, 4, words=k) < 0) != bits) for k in (4, 64))
    assert many < few < 0.5 * linear
    assert np.abs(mimo.k_best(y, h, noise, 4, limit=7.0)).max() == 7.0
    assert (mimo.k_best(np.ones(2), np.ones((2, 2)), 0.1, 2) == 0).all()


def channel_of(rng: np.random.Generator, draws: int, antennas: int, layers: int) -> np.ndarray:
    """Gaussian channels with the known statistics, (draw, symbol, subcarrier, antenna, layer)."""
    times, frequencies = CARRIER.symbol_times(), CARRIER.frequencies_hz()
    values, vectors = np.linalg.eigh(KNOWN.over_time(times[:, None] - times))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    out = np.zeros((draws, 14, len(frequencies), antennas, layers), dtype=complex)
    for delay, power in zip(KNOWN.delays_s, np.array(KNOWN.powers) / sum(KNOWN.powers), strict=True):
        tap = np.einsum("ts,dsal->dtal", root, noise_of(rng, power, draws, 14, antennas, layers))
        out += tap[:, :, None] * np.exp(-2j * np.pi * frequencies * delay)[:, None, None]
    return out


@pytest.mark.parametrize(("dmrs", "layers"), [(pilots.Dmrs(), 1), (pilots.Dmrs(kind=2, groups=3), 4)])
def test_lmmse_has_the_error_that_it_states(dmrs: pilots.Dmrs, layers: int) -> None:
    """The error of a Wiener filter, R - R_p (R_pp + s I)^-1 R_p^H, against 300 drawn channels."""
    rng, noise = np.random.default_rng(5), 0.05
    h = channel_of(rng, 150, 2, layers)
    sent = dmrs.grid(CARRIER, 1, range(layers))
    y = np.einsum("dtfal,ltf->datf", h, sent) + noise_of(rng, noise, 150, 2, *sent.shape[1:])
    found, stated = estimate.lmmse(y, sent, noise, CARRIER, KNOWN)
    error = np.mean(np.abs(found - h) ** 2, axis=(0, 3))
    np.testing.assert_allclose(error.mean(axis=(0, 1)), stated.mean(axis=(0, 1)), rtol=0.06)
    # each place on its own: 300 exponential draws
    assert np.quantile(np.abs(error / stated - 1.0), 0.99) < 0.25
    plain_error = np.mean(np.abs(estimate.ls(y, sent, noise)[0] - h) ** 2)
    assert error.mean() < 0.3 * plain_error


def test_lmmse_is_the_direct_wiener_filter() -> None:
    """The filter of both axes written out as one matrix over all pilots."""
    rng, noise, small = np.random.default_rng(6), 0.1, Carrier(15, 2)
    sent = pilots.Dmrs(additional=1).grid(small)
    y = noise_of(rng, 1.0, 1, *sent.shape[1:])
    found, stated = estimate.lmmse(y, sent, noise, small, KNOWN)
    rows, columns = np.nonzero(sent[0])
    times, frequencies = small.symbol_times(), small.frequencies_hz()

    def correlation(t1: np.ndarray, f1: np.ndarray, t2: np.ndarray, f2: np.ndarray) -> np.ndarray:
        return KNOWN.over_time(t1[:, None] - t2) * KNOWN.over_frequency(f1[:, None] - f2)

    tp, fp = times[rows], frequencies[columns]
    tg, fg = (part.ravel() for part in np.meshgrid(times, frequencies, indexing="ij"))
    power = np.abs(sent[0][rows, columns]) ** 2
    raw = y[0][rows, columns] * sent[0][rows, columns].conj() / power
    inverse = np.linalg.inv(correlation(tp, fp, tp, fp) + np.diag(noise / power))
    across = correlation(tg, fg, tp, fp)
    np.testing.assert_allclose(found[..., 0, 0].ravel(), across @ inverse @ raw, atol=1e-5)
    error = 1.0 - np.einsum("gp,pq,gq->g", across, inverse, across.conj()).real
    np.testing.assert_allclose(stated[..., 0].ravel(), error, atol=1e-6)


def test_lmmse_of_a_constant_channel_is_the_mean_of_all_pilots() -> None:
    """A. Papoulis: of n looks at one Gaussian number, error 1 / (1 + n / s)."""
    sent = pilots.Dmrs(additional=1, groups=1).grid(CARRIER)
    count = int((sent != 0).sum())
    known = estimate.Statistics((0.0,), (1.0,))
    found, stated = estimate.lmmse(sent * (0.3 - 0.4j), sent, 50.0, CARRIER, known)
    share = count / (count + 50.0)
    np.testing.assert_allclose(found, share * (0.3 - 0.4j), rtol=1e-5)
    np.testing.assert_allclose(stated, 1.0 - share, rtol=1e-6)


@pytest.mark.parametrize(
    ("dmrs", "layers"),
    [
        (pilots.Dmrs(), 1),
        (pilots.Dmrs(additional=0), 2),
        (pilots.Dmrs(additional=3), 4),
        (pilots.Dmrs(length=2), 8),
        (pilots.Dmrs(kind=2, groups=3), 6),
        (pilots.Dmrs(kind=2, groups=3, length=2), 12),
    ],
)
def test_least_squares_is_exact_where_lines_are(dmrs: pilots.Dmrs, layers: int) -> None:
    """A common delay and a slow turn, no noise: every port comes back."""
    rng = np.random.default_rng(7)
    gains = noise_of(rng, 1.0, 3, layers)
    slope = np.exp(-2j * np.pi * CARRIER.frequencies_hz() * 3e-7)
    sent = dmrs.grid(CARRIER, 0, dmrs.ports[:layers])
    y = np.einsum("f,al,ltf->atf", slope, gains, sent)
    found, stated = estimate.ls(y, sent, 0.1)
    assert np.abs(found - slope[:, None, None] * gains).max() < 1e-5
    assert stated.shape == (14, CARRIER.subcarriers, layers)


def test_least_squares_noise_and_noise_estimate() -> None:
    rng, noise = np.random.default_rng(8), 0.4
    sent = pilots.Dmrs(additional=2).grid(CARRIER, 0, [0, 1])
    y = noise_of(rng, noise, 200, 2, *sent.shape[1:])
    found, stated = estimate.ls(y, sent, noise)
    error = np.mean(np.abs(found) ** 2, axis=(0, 3))
    np.testing.assert_allclose(error.mean(axis=(0, 1)), stated.mean(axis=(0, 1)), rtol=0.05)
    h = channel_of(rng, 50, 2, 2)
    heard = np.einsum("dtfal,ltf->datf", h, sent) + noise_of(rng, noise, 50, 2, *sent.shape[1:])
    assert estimate.noise(heard, sent) == pytest.approx(noise, rel=0.05)


def test_statistics_are_the_textbook_correlations() -> None:
    """W. Jakes, 1974: J0(2.4048) = 0; exponential profile 1 / (1 + j 2 pi f s)."""
    known = estimate.Statistics(delay_spread_s=1e-7, doppler_hz=100.0)
    assert abs(known.over_time(2.404825557695773 / (2 * np.pi * 100.0))) < 1e-12
    assert known.over_frequency(1.0 / (2 * np.pi * 1e-7)) == pytest.approx(0.5 - 0.5j)
    turned = estimate.Statistics(doppler_hz=0.0, shift_hz=50.0)
    assert turned.over_time(0.005) == pytest.approx(1j)


@pytest.mark.parametrize("ports", [2, *precoding.PANELS])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_codebooks_are_orthogonal_and_of_power_one(ports: int, layers: int) -> None:
    """TS 38.214, 5.2.2.2.1: columns of norm 1 / sqrt(layers), orthogonal to each other."""
    if (ports == 2 or ports >= 16) and layers > 2:
        with pytest.raises(RabtaError, match="no such codebook"):
            precoding.type_one(ports, layers)
        return
    for panel in dict(precoding.PANELS[ports]) if ports > 2 else [None]:
        book = precoding.type_one(ports, layers, panel)
        gram = book.conj().swapaxes(1, 2) @ book
        np.testing.assert_allclose(gram, np.broadcast_to(np.eye(layers) / layers, gram.shape), atol=1e-12)
        if layers == 1:
            assert len(np.unique(np.round(book, 9), axis=0)) == len(book)


def test_codebook_entries_of_the_standard() -> None:
    """TS 38.214, tables 5.2.2.2.1-1 and -5, by hand: i_1,1 = 1, i_2 = 3 on four ports."""
    two = precoding.type_one(2, 2)
    np.testing.assert_allclose(two, 0.5 * np.array([[[1, 1], [1, -1]], [[1, 1], [1j, -1j]]]))
    turn = np.exp(2j * np.pi / 8)
    four = precoding.type_one(4, 1)
    np.testing.assert_allclose(four[4 + 3, :, 0], 0.5 * np.array([1, turn, -1j, -1j * turn]))
    assert len(four) == 32


def test_singular_vectors_and_water() -> None:
    """Tse and Viswanath, 5.3.3 and 7.1.1: of gains 4 and 1 the second is dry up to power 3/4."""
    h = waves("h 3", 5, 4, 3)
    w, gains = precoding.svd(h, 2)
    gram = (h @ w).conj().swapaxes(-1, -2) @ (h @ w) * 2.0
    np.testing.assert_allclose(gram, gains[..., None] * np.eye(2), atol=1e-9)
    np.testing.assert_allclose(precoding.water_filling([4.0, 1.0], 0.75), [0.75, 0.0])
    np.testing.assert_allclose(precoding.water_filling([4.0, 1.0], 1.75), [1.25, 0.5])
    assert precoding.water_filling([1e-9, 5.0, 2.0], 3.0).sum() == pytest.approx(3.0)


def test_the_best_precoder_is_chosen() -> None:
    book = precoding.type_one(4, 1)
    channel = book[:, :, 0].conj()[:, None, :]  # one antenna, each precoder's own channel
    assert (precoding.choose(channel, book, 0.1) == np.arange(len(book))).all()


@pytest.mark.parametrize(
    ("call", "key"),
    [
        (lambda: mimo.zf(np.ones(3), np.ones((2, 2)), 0.1), "channel"),
        (lambda: mimo.zf(np.ones(2), np.ones((2, 3)), 0.1), "channel"),
        (lambda: mimo.lmmse(np.ones((5, 2)), np.ones((4, 2, 2)), 0.1), "noise"),
        (lambda: mimo.lmmse(np.ones((5, 2)), np.ones((5, 2, 2)), np.ones(4)), "noise"),
        (lambda: mimo.lmmse(np.ones(2), np.ones((2, 2)), 0.0), "noise"),
        (lambda: mimo.ml(np.ones(4), np.ones((4, 4)), 0.1, 6), "order, layers"),
        (lambda: mimo.ml(np.ones(4), np.ones((4, 4)), 0.1, 5), "order"),
        (lambda: mimo.k_best(np.ones(2), np.ones((2, 3)), 0.1, 2), "channel"),
        (lambda: mimo.k_best(np.ones(2), np.ones((2, 2)), 0.1, 2, words=0), "order, words, limit"),
        (lambda: precoding.type_one(6, 1), "ports"),
        (lambda: precoding.type_one(8, 1, (3, 1)), "panel"),
        (lambda: precoding.svd(np.ones((2, 4)), 3), "layers"),
        (lambda: precoding.choose(np.ones((2, 4)), precoding.type_one(2, 1), 0.1), "codebook"),
        (lambda: estimate.ls(np.ones((1, 14, 12)), np.ones((1, 14, 24)), 0.1), "pilots"),
        (lambda: estimate.ls(np.ones((1, 14, 12)), np.zeros((1, 14, 12)), 0.1), "pilots"),
        (lambda: estimate.ls(np.ones((1, 14, 12)), np.ones((2, 14, 12)), 0.1), "pilots"),
        (lambda: estimate.lmmse(np.ones((1, 14, 12)), np.ones((1, 14, 12)), 0.1, CARRIER, KNOWN), "pilots"),
        (lambda: estimate.Statistics((0.0,), ()), "delays_s, powers"),
        (lambda: estimate.Statistics(doppler_hz=-1.0), "delay_spread_s, doppler_hz, gain"),
    ],
)
def test_what_is_wrong_is_named(call, key: str) -> None:
    with pytest.raises(RabtaError) as found:
        call()
    assert found.value.key == key
    assert found.value.expected
