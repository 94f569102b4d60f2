"""Block error curves: intervals, seeds, processes, fits, and closed forms that they must meet."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rabta.errors import RabtaError
from rabta.mobile.phy.link import chain, channels, curves, lines
from rabta.mobile.phy.link.channels import Channel
from rabta.mobile.phy.link.curves import Setup
from rabta.mobile.phy.link.transport import Format, Plain
from rabta.mobile.phy.waveform import qam


@pytest.mark.parametrize(("errors", "blocks"), [(0, 50), (1, 10), (7, 7), (83, 9000)])
def test_intervals_are_those_of_scipy(errors: int, blocks: int) -> None:
    """scipy.stats.binomtest: Clopper-Pearson ("exact") and Wilson."""
    result = stats.binomtest(errors, blocks)
    for ours, method in ((curves.interval, "exact"), (curves.wilson, "wilson")):
        theirs = result.proportion_ci(0.95, method)
        assert ours(errors, blocks) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_counts_do_not_depend_on_processes() -> None:
    setup = Setup(Format(1, 7), Channel("TDL-A", 30e-9, receive=2, doppler_hz=50.0))
    alone = curves.run(setup, [0.0, 4.0], errors=60, most=600, seed=4)
    assert alone == curves.run(setup, [0.0, 4.0], errors=60, most=600, seed=4, processes=2)
    assert alone != curves.run(setup, [0.0, 4.0], errors=60, most=600, seed=5)


def test_a_line_is_found_again() -> None:
    rng = np.random.default_rng(3)
    ratio = np.linspace(0.0, 2.0, 9)
    true = lines.Line(1.1, 0.4)
    found = lines.fit(
        [(x, 20_000, int(rng.binomial(20_000, p))) for x, p in zip(ratio, true.bler(ratio), strict=True)]
    )
    assert found.middle_db == pytest.approx(1.1, abs=4.0 * found.error_db)
    assert found.width_db == pytest.approx(0.4, rel=0.02)
    assert found.residual_db < 3.0 * found.expected_db
    assert found.snr_db(0.1) == pytest.approx(1.1 + 0.4 * 1.2815516, abs=0.02)  # the normal law's quantile


def test_flat_counts_are_no_line() -> None:
    with pytest.raises(RabtaError, match="errors that fall"):
        lines.fit([(0.0, 100, 0), (1.0, 100, 0)])


def test_uncoded_symbols_meet_the_closed_form() -> None:
    """QPSK of one antenna in flat Rayleigh fading: (1 - sqrt(g / (1 + g))) / 2 a bit (Proakis, 14-3-7)."""
    form, channel = Format(1, 0, blocks=1), Channel("TDL-A", 0.0)
    rng, ratio = np.random.default_rng(7), 8.0
    bits = rng.integers(0, 2, (20_000, form.coded_bits), dtype=np.uint8)
    symbols = qam.modulate(bits, 2)
    heard = channels.through(symbols, form, channel, ratio, rng, np.arange(20_000), 3)
    wrong = (qam.demodulate(heard.symbols, heard.variance, 2) < 0) != bits
    each = 0.5 * 10.0 ** (ratio / 10.0)  # Eb/N0
    known = 0.5 * (1.0 - np.sqrt(each / (1.0 + each)))
    assert wrong.mean() == pytest.approx(known, abs=4.0 * wrong.mean(axis=1).std() / np.sqrt(20_000))


@pytest.mark.parametrize("receive", [1, 2, 4])
def test_combining_meets_the_outage_of_flat_fading(receive: int) -> None:
    """Power after combining is a sum of exponentials: the share below a tenth of one branch's mean."""
    from rabta.mobile.phy.fading import theory

    form = Format(1, 0, blocks=1)
    heard = channels.through(
        np.ones((40_000, form.elements), np.complex64), form, Channel("TDL-A", 0.0, receive=receive), 0.0,
        np.random.default_rng(1), np.arange(40_000), 9,
    )  # fmt: skip
    share = (1.0 / heard.variance[:, 0] < 0.5).mean()
    known = float(theory.outage(0.5, branches=receive))
    assert share == pytest.approx(known, abs=4.0 * np.sqrt(known / 40_000) + 1e-4)


def test_an_estimate_costs_and_lmmse_costs_less() -> None:
    """At the same draws: perfect knowledge fails least, straight lines between pilots most."""
    found = {}
    for knowledge in channels.KNOWLEDGE:
        setup = Setup(Format(1, 7), Channel("TDL-A", 30e-9, receive=2, knowledge=knowledge))
        found[knowledge] = curves.point(setup, 2.0, errors=10**6, most=900).bler
    assert found["perfect"] < found["lmmse"] < found["ls"]
    assert found["ls"] < 4.0 * found["perfect"]


def test_symbols_and_samples_agree() -> None:
    """The grid's channel against OFDM samples through the same taps: the prefix makes them the same."""
    from rabta.mobile.phy.fading import channel as fading
    from rabta.mobile.phy.waveform import ofdm
    from rabta.mobile.phy.waveform.numerology import Carrier

    form, given = Format(1, 7, blocks=6, pilots=0), Channel("TDL-C", 300e-9)
    carrier = Carrier(given.spacing_khz, form.blocks)
    sent = qam.modulate(chain.send(np.ones(form.bits), form), 2).reshape(14, carrier.subcarriers)
    known = channels.response(form, given, np.array([5]), 8)[0, :, :, 0, 0] * sent
    delays, taps = fading.response("TDL-C", 0.0, delay_spread_s=300e-9, links=[5], seed=8)
    samples = fading.apply(ofdm.modulate(sent, carrier), carrier.sample_rate, delays, taps[0])
    heard = ofdm.demodulate(samples, carrier)
    error = np.abs(heard - known) ** 2
    assert error.mean() < 1e-3 * np.abs(known).mean() ** 2


def test_retransmissions_help_and_are_counted() -> None:
    setup = Setup(Format(1, 7), Channel("TDL-A", 30e-9, doppler_hz=20.0), transmissions=3)
    point = curves.point(setup, 6.0, errors=10**6, most=400)
    assert point.errors[0] > 3 * point.errors[1] > 0
    assert point.errors[1] > point.errors[2]
    assert point.mean_transmissions == pytest.approx(1 + (point.errors[0] + point.errors[1]) / point.blocks)
    assert point.missed == 0


def test_two_layers_need_two_antennas() -> None:
    with pytest.raises(RabtaError, match="2 or more"):
        Setup(Format(1, 7, layers=2), Channel("TDL-A", 30e-9))
    with pytest.raises(RabtaError, match="one layer"):
        Setup(Format(1, 7, layers=2))
    with pytest.raises(RabtaError, match="24, 14"):
        Setup(Format(1, 7, pilots=12), Channel("TDL-A", 30e-9, knowledge="ls"))
    with pytest.raises(RabtaError, match="TDL-A"):
        Channel("TDLA")
    with pytest.raises(RabtaError, match="lmmse"):
        Channel("TDL-A", 30e-9, knowledge="mmse")
    with pytest.raises(RabtaError, match="1 to 4"):
        Channel("TDL-A", 30e-9, receive=5)
    with pytest.raises(RabtaError, match="one antenna"):
        Channel(receive=2)
    with pytest.raises(RabtaError, match="a Format"):
        Setup(Plain(100, 2, 0.5), Channel("TDL-A", 30e-9))
    with pytest.raises(RabtaError, match="1 to 4"):
        Setup(Format(1, 7), transmissions=5)
    with pytest.raises(RabtaError, match="1 or more"):
        curves.run(Setup(Format(1, 7)), [0.0], errors=0)


def test_layers_are_told_apart() -> None:
    """Two layers at a high ratio: the linear equaliser leaves no error."""
    setup = Setup(Format(1, 2, layers=2), Channel("TDL-A", 100e-9, receive=4))
    assert curves.point(setup, 20.0, errors=10**6, most=200).errors == (0,)
