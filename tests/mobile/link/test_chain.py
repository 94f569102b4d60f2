"""The chain: coded bits as Sionna's, blocks back, redundancy versions combined."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.phy.ldpc import matching
from rabta.mobile.phy.link import chain
from rabta.mobile.phy.link.transport import Format, Plain
from rabta.mobile.phy.waveform import qam, scrambling

FORMS = (
    Format(1, 7, blocks=6),
    Format(1, 20, blocks=40, layers=2),
    Format(3, 0, blocks=20),  # repeats most of its codeword
    Format(4, 26, blocks=3),
    Plain(24, 2, 30 / 1024),
)


def blocks_of(form: Format | Plain, count: int = 3, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, (count, form.bits), dtype=np.uint8)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("version", range(4))
def test_many_blocks_are_coded_as_one_is(form: Format | Plain, version: int) -> None:
    """`matching`, which is held to Sionna bit for bit, takes one block at a time; scrambling is on top."""
    bits = blocks_of(form)
    sent = chain.send(bits, form, version=version, c_init=77)
    for word, coded in zip(bits, sent, strict=True):
        plain = matching.encode(word, form.segments, form.coded_bits, form.order, version, form.layers)
        assert (scrambling.bits(plain, 77) == coded).all()
        assert (chain.send(word, form, version=version, c_init=77) == coded).all()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("version", range(4))
def test_many_blocks_are_gathered_as_one_is(form: Format | Plain, version: int) -> None:
    ratios = np.random.default_rng(2).normal(0.0, 3.0, (3, form.coded_bits)).astype(np.float32)
    found = chain.gather(ratios, form, version, c_init=77)
    for row, words in zip(ratios, found, strict=True):
        plain = scrambling.ratios(row, 77)
        known = matching.gather(plain, form.segments, form.order, version, form.layers)
        np.testing.assert_allclose(words, known, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("form", FORMS)
def test_blocks_come_back(form: Format | Plain) -> None:
    bits = blocks_of(form)
    found = chain.receive(6.0 - 12.0 * chain.send(bits, form), form)
    assert found.good.all()
    assert (found.bits == bits).all()


def test_another_start_of_the_scrambling_hears_nothing() -> None:
    form = FORMS[0]
    sent = chain.send(blocks_of(form), form, c_init=scrambling.downlink(1, 1))
    assert not chain.receive(6.0 - 12.0 * sent, form, c_init=scrambling.downlink(2, 1)).good.any()


def test_versions_combine() -> None:
    """At a noise where neither of two transmissions is decoded, both together are."""
    form, rng = Format(1, 9, blocks=10), np.random.default_rng(5)
    bits = blocks_of(form, 20)
    heard = [
        2.0
        / 0.9**2
        * (1.0 - 2.0 * chain.send(bits, form, version=v) + rng.normal(0.0, 0.9, (20, form.coded_bits)))
        for v in (0, 2)
    ]
    alone = [chain.receive(ratios, form, version=v) for ratios, v in zip(heard, (0, 2), strict=True)]
    both = chain.receive(heard[1], form, version=2, buffer=alone[0].buffer)
    assert not alone[0].good.any()
    assert not alone[1].good.any()
    assert both.good.all()
    assert (both.bits == bits).all()


def test_the_same_bits_twice_are_worth_three_decibels() -> None:
    """Chase combining: two copies in white noise fail as often as one at twice the energy."""
    form, rng, count = Format(1, 4, blocks=4), np.random.default_rng(6), 1500
    bits = blocks_of(form, count)
    symbols = qam.modulate(chain.send(bits, form), 2)

    def heard(snr_db: float) -> np.ndarray:
        noise = 10.0 ** (-snr_db / 10.0)
        white = rng.normal(size=symbols.shape) + 1j * rng.normal(size=symbols.shape)
        return qam.demodulate(symbols + np.sqrt(noise / 2.0) * white, noise, 2)

    ratio = -1.1
    one = chain.receive(heard(ratio), form)
    first = chain.receive(heard(ratio - 10.0 * np.log10(2.0)), form)
    both = chain.receive(heard(ratio - 10.0 * np.log10(2.0)), form, buffer=first.buffer)
    shares = [(found.bits != bits).any(axis=1).mean() for found in (one, both)]
    assert 0.05 < shares[0] < 0.6
    assert shares[1] == pytest.approx(shares[0], abs=4.0 * np.sqrt(2 * shares[0] / count))


def test_parity_without_information_is_no_block_of_zeros() -> None:
    """Version 2 of a short transmission holds parity bits alone; a word of zeros would pass its check."""
    form = Format(1, 9, blocks=10)
    found = chain.receive(6.0 - 12.0 * chain.send(blocks_of(form), form, version=2), form, version=2)
    assert not found.good.any()
    zeros = chain.receive(6.0 - 12.0 * chain.send(np.zeros(form.bits), form), form)
    assert zeros.good.all()


def test_wrong_lengths_are_refused() -> None:
    form = FORMS[0]
    with pytest.raises(RabtaError, match="888"):
        chain.send(np.zeros(887), form)
    with pytest.raises(RabtaError, match="1728"):
        chain.receive(np.zeros(1727), form)
    with pytest.raises(RabtaError, match="other blocks"):
        chain.receive(np.zeros((2, 1728)), form, buffer=np.zeros((1, 1, 5), np.float32))
    with pytest.raises(RabtaError, match="0 to 3"):
        chain.send(np.zeros(888), form, version=4)
