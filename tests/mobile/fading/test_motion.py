"""Samples through delays that drift: against tones in closed form, the grid, and parts of the same signal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.fading import channel
from rabta.mobile.phy.fading.motion import LENGTH, Track

RATE = 7.68e6
ONE = np.ones((1, 1, 1))
INSIDE = slice(60, -60)


def tone(share: float, count: int = 4000) -> NDArray[np.complex128]:
    return np.asarray(np.exp(2j * np.pi * share * np.arange(count)))


@pytest.mark.parametrize("share", [-0.4, -0.11, 0.0, 0.25, 0.4])
@pytest.mark.parametrize("late", [0.0, 3.0, 7.4137, 20.999])
def test_a_tone_is_delayed_exactly(share: float, late: float) -> None:
    # within 0.8 of the sample rate: 90 dB down
    found = channel.apply(tone(share), RATE, [late / RATE], ONE)
    theirs = np.exp(2j * np.pi * share * (np.arange(4000) - late))
    assert np.abs(found - theirs)[INSIDE].max() < 3e-5


def test_whole_delays_copy_samples() -> None:
    rng = np.random.default_rng(1)
    sent = rng.normal(size=300) + 1j * rng.normal(size=300)
    found = channel.apply(sent, RATE, [5.0 / RATE], 0.5j * ONE, count=310)
    np.testing.assert_allclose(found, 0.5j * np.pad(sent, 5), atol=1e-6)


def test_taps_are_those_of_the_grid() -> None:
    # tones of an OFDM symbol arrive as the channel at their frequencies says
    delays, h = channel.response("TDL-C", 0.0, delay_spread_s=300e-9, receive=2, transmit=2, seed=6)
    share = np.array([-0.3, 0.02, 0.35])
    grid = channel.on_grid(delays, h, share * RATE)[0, 0]
    for number, at in enumerate(share):
        for transmit in range(2):
            sent = np.zeros((2, 600), dtype=np.complex128)
            sent[transmit] = tone(at, 600)
            found = channel.apply(sent, RATE, delays, h[0])
            settled = found[:, 100:-100] / tone(at, 600)[100:-100]
            theirs = np.repeat(grid[number, :, transmit, None], 400, axis=1)
            np.testing.assert_allclose(settled, theirs, atol=1e-4)


def test_coefficients_change_between_their_times() -> None:
    # at 64 times a period: cubics meet them to -113 dB
    doppler, sent = 300.0, np.ones(60_000)
    times = np.arange(160) / (64.0 * doppler)
    delays, h = channel.response("NTN-TDL-A", times, doppler_hz=doppler, seed=3)
    found = channel.apply(sent, RATE, delays, h[0], times_s=times)[INSIDE]
    _, exact = channel.response("NTN-TDL-A", np.arange(60_000) / RATE, doppler_hz=doppler, seed=3)
    assert np.abs(found - exact[0, :, :, 0, 0].sum(axis=1)[INSIDE]).max() < 1e-5


def test_a_satellite_shifts_and_drifts() -> None:
    # 600 km high, at 2 GHz: 40 kHz falling by 500 Hz a second; the delay falls by 20 us a second
    track = Track.steady(2e9, shift_hz=40e3, rate_hz_s=-500.0, delay_s=4e-3, duration_s=2.0)
    np.testing.assert_allclose(track.shift_hz([0.0, 1.0]), [40e3, 39.5e3])
    np.testing.assert_allclose(track.rate_hz_s([0.5]), [-500.0])
    np.testing.assert_allclose(track.delay_s(1.0), 4e-3 - 39750.0 / 2e9)
    begin, count = 0.7, 30_000
    time = begin + np.arange(count) / RATE
    sent_s = float(track.delay_s(begin)) * -1.0 + begin - 1e-5
    share = 0.2
    found = channel.apply(
        tone(share, count + 400), RATE, [0.0], ONE, track=track, sent_s=sent_s, received_s=begin, count=count
    )
    turns = share * RATE * (time - sent_s - track.delay_s(time))
    turns -= 2e9 * (track.delay_s(time) - track.delay_s(0.0))
    theirs = np.exp(2j * np.pi * turns)
    assert np.abs(found - theirs)[INSIDE].max() < 3e-5
    hertz = np.diff(np.unwrap(np.angle(found[INSIDE] * tone(-share, count)[INSIDE]))) * RATE / (2.0 * np.pi)
    stretch = 40e3 - 500.0 * 0.7 + share * RATE * 39650.0 / 2e9
    assert np.median(hertz) == pytest.approx(stretch, abs=5.0)


def test_no_clicks_while_the_delay_drifts() -> None:
    # a delay that moves by five samples: neighbouring values of a tone differ by its turn alone
    track = Track.through(np.linspace(0.0, 0.01, 9), 1e-5 + np.linspace(0.0, 5.0 / RATE, 9), 0.0)
    count = 70_000
    found = channel.apply(tone(0.3, count), RATE, [0.0], ONE, track=track)[200:-200]
    jump = np.abs(found[1:] / found[:-1] - np.exp(2j * np.pi * 0.3 * (1.0 - 5.0 / RATE / 0.01)))
    assert jump.max() < 5e-5


def test_splines_through_an_orbit() -> None:
    # a circular pass straight overhead, 600 km high, knots 0.5 s apart: within 3e-14 s, 1e-3 turns at 30 GHz
    radius, rate = 6_971e3, 2.0 * np.pi / 5801.0

    def delay(time: NDArray[np.float64]) -> NDArray[np.float64]:
        angle = rate * (time - 300.0)
        square = radius**2 + 6_371e3**2 - 2.0 * radius * 6_371e3 * np.cos(angle)
        return np.asarray(np.sqrt(square) / 299_792_458.0)

    knots = np.arange(0.0, 600.1, 0.5)
    track = Track.through(knots, delay(knots), 30e9)
    between = np.arange(10.0, 590.0, 0.37)
    assert np.abs(track.delay_s(between) - delay(between)).max() < 3e-14
    slope = (delay(between + 0.01) - delay(between - 0.01)) / 0.02
    np.testing.assert_allclose(track.shift_hz(between), -30e9 * slope, atol=0.1)


def test_parts_give_the_same_as_the_whole() -> None:
    rng = np.random.default_rng(2)
    count, part = 12_000, 3000
    sent = rng.normal(size=count) + 1j * rng.normal(size=count)
    times = np.arange(-2.0, 300.0) * 1e-5
    delays, h = channel.response("TDLA30", times, doppler_hz=400.0, seed=2)
    track = Track.steady(2e9, shift_hz=30e3, delay_s=2e-6, duration_s=0.01)
    asked: dict[str, Any] = {"times_s": times, "track": track}
    whole = channel.apply(sent, RATE, delays, h[0], **asked)
    for begin in range(0, count, part):
        early = max(0, begin - 40 - LENGTH)
        got = channel.apply(
            sent[early : begin + part + LENGTH], RATE, delays, h[0], sent_s=early / RATE,
            received_s=begin / RATE, count=part, **asked,
        )  # fmt: skip
        np.testing.assert_allclose(got, whole[begin : begin + part], atol=1e-8)


def test_a_profile_at_once() -> None:
    # parts of a signal over a Doppler, two antennas and a satellite's track
    rng = np.random.default_rng(5)
    sent = rng.normal(size=9000) + 1j * rng.normal(size=9000)
    track = Track.steady(2e9, shift_hz=30e3, duration_s=0.01)
    asked: dict[str, Any] = {"doppler_hz": 500.0, "receive": 2, "link": 3, "seed": 8, "track": track}
    whole = channel.fade(sent, RATE, "NTN-TDL-D", **asked)
    late = channel.fade(sent[4000:], RATE, "NTN-TDL-D", sent_s=4000 / RATE, **asked)
    assert whole.shape == (2, 9000)
    np.testing.assert_allclose(late[:, 50:], whole[:, 4050:], atol=2e-6)
    still = channel.fade(sent, RATE, "NTN-TDL-D", delay_spread_s=0.0, link=3, seed=8)
    ratio = still[100:-100] / sent[100:-100]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)


def test_types_and_shapes() -> None:
    sent = np.ones(100, dtype=np.complex64)
    assert channel.apply(sent, RATE, [0.0], ONE).dtype == np.complex64
    assert channel.apply(sent, RATE, [0.0], np.ones((1, 2, 1))).shape == (2, 100)
    assert channel.apply(sent[None], RATE, [0.0], ONE, count=7).shape == (1, 7)


def test_wrong_input_is_refused() -> None:
    sent, two = np.ones(50), np.ones((2, 50))
    for samples, delays, taps in (
        (two, [0.0], ONE),
        (sent, [0.0, 1e-6], ONE),
        (sent, [0.0], np.ones((1, 1))),
    ):
        with pytest.raises(RabtaError, match="do not fit"):
            channel.apply(samples, RATE, delays, taps)
    with pytest.raises(RabtaError, match="times and coefficients"):
        channel.apply(sent, RATE, [0.0], np.ones((5, 1, 1, 1)), times_s=[0.0, 1.0])
    with pytest.raises(RabtaError, match="uneven"):
        channel.apply(sent, RATE, [0.0], np.ones((4, 1, 1, 1)), times_s=[0.0, 1.0, 2.0, 5.0])
    with pytest.raises(RabtaError, match="time of samples"):
        channel.apply(sent, RATE, [0.0], np.ones((4, 1, 1, 1)), times_s=[0.0, 1e-7, 2e-7, 3e-7])
    with pytest.raises(RabtaError, match="delays_s"):
        channel.apply(sent, RATE, [np.nan], ONE)
    with pytest.raises(RabtaError, match="received_s"):
        channel.apply(sent, RATE, [0.0], ONE, received_s=np.inf)
    with pytest.raises(RabtaError, match="count"):
        channel.apply(sent[:0], RATE, [0.0], ONE)
    with pytest.raises(RabtaError, match="sample_rate_hz"):
        channel.apply(sent, 0.0, [0.0], ONE)
    track = Track.steady(1e9, duration_s=1e-6)
    with pytest.raises(RabtaError, match="track"):
        channel.apply(sent, RATE, [0.0], ONE, track=track)
    with pytest.raises(RabtaError, match="track"):
        track.delay_s(2e-6)
    for times in ([0.0, 1.0, 2.0], [0.0, 2.0, 1.0, 3.0], [0.0, 1.0, np.nan, 3.0]):
        with pytest.raises(RabtaError, match="no track"):
            Track.through(times, [0.0] * len(times), 1e9)
    with pytest.raises(RabtaError, match="change of the delay"):
        Track.through([0.0, 1.0, 2.0, 3.0], [0.0, 2.0, 0.0, 0.0], 1e9)
    with pytest.raises(RabtaError, match="carrier_hz"):
        Track.through([0.0, 1.0, 2.0, 3.0], [0.0] * 4, np.nan)


def test_far_from_the_signal_there_is_nothing() -> None:
    sent = np.ones(50, dtype=np.complex128)
    for received in (-1e-3, 1e-3, -1e8, 1e8):
        for track in (None, Track.through(received + np.arange(4.0), np.full(4, 1e-6), 1e9)):
            found = channel.apply(
                sent, RATE, [0.0, 3e-6], np.ones((2, 1, 1)), received_s=received, track=track
            )
            np.testing.assert_array_equal(found, 0.0)


def test_edges_fade_in_and_out() -> None:
    # samples around the ends see the filter's tails, as those of a signal with nothing before and after
    sent = np.ones(64, dtype=np.complex128)
    late, whole = 7.5 / RATE, np.pad(sent, 200)
    found = channel.apply(sent, RATE, [late], ONE, received_s=-100 / RATE, count=300)
    theirs = channel.apply(whole, RATE, [late], ONE, sent_s=-200 / RATE, received_s=-100 / RATE, count=300)
    np.testing.assert_allclose(found, theirs, atol=1e-9)
    moving = Track.through(np.linspace(-1.0, 1.0, 5), np.full(5, late), 0.0)
    same = channel.apply(sent, RATE, [0.0], ONE, received_s=-100 / RATE, count=300, track=moving)
    np.testing.assert_allclose(same, theirs, atol=1e-7)
