"""Passes and what they do to samples, against SGP4's own states and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sgp4.api import Satrec

from rabta import catalog
from rabta.errors import RabtaError
from rabta.mobile.modem import passes
from rabta.mobile.modem.channel import Channel, Receiver
from rabta.times import gmst_rad, julian_date

C = 299_792_458.0
START = np.datetime64("2026-01-13T08:00:00", "ns")
GILGIT = (35.92, 74.31, 1500.0)
RATE = 1e6


@pytest.fixture(scope="module")
def over() -> passes.Pass:
    return passes.find(passes.satellite("starlink-11506"), *GILGIT, START)


def _inertial_range(over: passes.Pass, times: np.ndarray) -> np.ndarray:
    """Light time by the sgp4 package in the frame that does not turn, solved anew."""
    lines = catalog.entry("satellites", "starlink-11506").data["elements"]
    satrec = Satrec.twoline2rv(*lines)
    here = over.place.cell_m[0]
    out = []
    for t in times:
        tau = 0.0
        day, part = julian_date(over.start + np.timedelta64(round(t * 1e9), "ns"))
        turn = float(gmst_rad(day, part))
        c, s = np.cos(turn), np.sin(turn)
        fixed = np.array([c * here[0] - s * here[1], s * here[0] + c * here[1], here[2]])
        for _ in range(6):
            when = over.start + np.timedelta64(round((t - tau) * 1e9), "ns")
            _, r, _ = satrec.sgp4(*(float(v) for v in julian_date(when)))
            tau = float(np.linalg.norm(1e3 * np.array(r) - fixed)) / C
        out.append(tau)
    return np.array(out)


def test_light_times_are_those_of_the_reference_package(over: passes.Pass) -> None:
    times = over.times_s[::97]
    theirs = _inertial_range(over, times)
    # the satellites table keeps epochs as one Julian date, to 20 microseconds: 0.15 m along the orbit
    assert np.abs(over.delay_s[::97] - theirs).max() * C < 0.16


def test_doppler_is_the_slope_of_the_light_time(over: passes.Pass) -> None:
    times = np.linspace(10.0, over.span_s - 10.0, 9)
    h = 0.25
    later, sooner = _inertial_range(over, times + h), _inertial_range(over, times - h)
    theirs = -12e9 * (later - sooner) / (2.0 * h)
    ours = over.track(12e9).shift_hz(times)
    assert np.abs(ours - theirs).max() < 1.0
    assert np.abs(ours).max() > 200e3  # 24 parts in a million at 12 GHz


def test_first_order_doppler_of_the_speeds(over: passes.Pass) -> None:
    """-f v/c of range rates (TR 38.811, 6.7.1) is met but for (v/c)^2: 2.5e-5 squared of 2 GHz is 1.2 Hz."""
    from rabta.radio.ntn import motion
    from rabta.space.orbits import states

    times = np.linspace(0.0, over.span_s, 7)
    late = np.interp(times, over.times_s, over.delay_s)
    when = over.start + np.round((times - late) * 1e9).astype("timedelta64[ns]")
    found, _ = states(over.satellite.orbit, when, velocity=True)
    rate = motion.range_rate_m_s(found[0, :3].T, found[0, 3:].T, over.place.cell_m[0])
    theirs = motion.doppler_hz(rate, 2.0)
    assert np.abs(over.track(2e9).shift_hz(times) - theirs).max() < 2.5


def test_a_pass_begins_and_ends_at_its_elevation(over: passes.Pass) -> None:
    rise, _, _ = over.at([0.0, over.span_s])
    assert np.abs(rise - 10.0).max() < 0.01
    assert over.elevation_deg.max() > 85.0
    assert 300.0 < over.span_s < 420.0


def test_unknown_satellites_and_passes_are_refused() -> None:
    with pytest.raises(RabtaError, match="starlink-11506"):
        passes.satellite("starlink-11505")
    found = passes.satellite("STARLINK-11506 [DTC]")
    assert found.norad == passes.satellite("62466").norad == 62466
    with pytest.raises(RabtaError, match="passes begin at"):
        passes.find(found, *GILGIT, START, number=50)
    with pytest.raises(RabtaError, match="min_elevation_deg"):
        passes.find(found, *GILGIT, START, min_elevation_deg=1.0)


def _tone(
    over: passes.Pass, receiver: Receiver, at_s: float, snr_db: float, seconds: float = 0.2
) -> tuple[Channel, np.ndarray, float]:
    level = np.full(over.times_s.shape, snr_db)
    channel = Channel(over, 2e9, RATE, RATE, level, receiver)
    sent = np.ones(int(seconds * RATE), dtype=np.complex64)
    heard, when = channel.record(sent, sent_s=at_s)
    return channel, heard[100:-100].astype(np.complex128), when + 100 / RATE


def test_a_tone_is_heard_at_the_doppler_of_the_geometry(over: passes.Pass) -> None:
    for at in (5.0, over.span_s / 2.0, over.span_s - 5.0):
        _, heard, when = _tone(over, Receiver(), at, 40.0)
        t = when + np.arange(len(heard)) / RATE
        turns = np.unwrap(np.angle(heard)) / (2.0 * np.pi)
        rate, hertz, _ = np.polyfit(t - t.mean(), turns, 2)
        track = over.track(2e9)
        assert abs(hertz - float(track.shift_hz(t.mean()))) < 0.1
        assert abs(2.0 * rate - float(track.rate_hz_s(t.mean()))) < 5.0


def test_phase_is_that_of_the_delay(over: passes.Pass) -> None:
    """-2 pi f tau: over 200 ms the tone turns by thousands of turns and ends where the delay says."""
    _, heard, when = _tone(over, Receiver(), 30.0, 60.0)
    t = when + np.arange(len(heard)) / RATE
    left = heard * np.exp(2j * np.pi * 2e9 * over.track(2e9).delay_s(t))
    assert np.abs(np.angle(left / left.mean())).max() < 0.02


def test_noise_has_the_power_it_should(over: passes.Pass) -> None:
    level = np.full(over.times_s.shape, 7.0)
    channel = Channel(over, 2e9, RATE, 0.25 * RATE, level, power=3.0)
    sent = np.full(400_000, 3.0**0.5, dtype=np.complex64)
    heard, _ = channel.record(sent, sent_s=100.0)
    silent, _ = channel.record(np.zeros_like(sent), sent_s=100.0)
    n = len(sent)
    assert np.mean(np.abs(silent) ** 2) == pytest.approx(1.0, abs=4.0 / np.sqrt(n))
    carrier = (heard.astype(np.complex128) - silent)[100:-100]
    wanted = 10.0**0.7 * 0.25  # Es/N0 is a ratio of densities: over the whole band the signal's is a quarter
    assert np.mean(np.abs(carrier) ** 2) == pytest.approx(wanted, rel=1e-4)


def test_the_delay_drifts_on_the_samples(over: passes.Pass) -> None:
    """Two pulses 0.3 s apart are heard as far apart as the range rate says, to a hundredth of a sample."""
    level = np.full(over.times_s.shape, 60.0)
    channel = Channel(over, 1.0, RATE, RATE, level)  # no turn of the carrier in the way
    sent = np.zeros(310_000, dtype=np.complex64)
    t = np.arange(-200, 201) / RATE
    pulse = np.sinc(0.5 * t * RATE) * np.hanning(401) * 100.0
    sent[4800:5201] += pulse.astype(np.complex64)
    sent[304_800:305_201] += pulse.astype(np.complex64)
    heard, _ = channel.record(sent, sent_s=20.0)
    places = []
    for middle in (5000, 305_000):
        part = heard[middle - 300 : middle + 301]
        fine = np.fft.fft(part)
        hertz = np.fft.fftfreq(len(part))
        grid = np.arange(-15.0, 15.0, 0.005)
        likeness = [
            np.abs((fine * np.exp(2j * np.pi * hertz * (300 + d)))[np.abs(hertz) < 0.2].sum()) for d in grid
        ]
        places.append(middle + grid[int(np.argmax(likeness))])
    track = over.track(2e9)
    first = channel.arrives(20.0 + 5000 / RATE)
    second = channel.arrives(20.0 + 305_000 / RATE)
    assert (places[1] - places[0]) / RATE == pytest.approx(second - first, abs=0.02 / RATE)
    assert abs(second - first - 0.3) > 4e-6  # it did drift, by more than four samples
    assert float(track.delay_s(second)) == pytest.approx(second - 20.0 - 0.305, abs=1e-12)


def test_one_crystal_moves_carrier_and_clock(over: passes.Pass) -> None:
    plain, _, _ = _tone(over, Receiver(), 100.0, 40.0)
    _, heard, when = _tone(over, Receiver(clock_ppm=1.0), 100.0, 40.0)
    t = when + np.arange(len(heard)) / RATE
    hertz = np.polyfit(t - t.mean(), np.unwrap(np.angle(heard)) / (2.0 * np.pi), 2)[1]
    assert hertz - float(plain.track.shift_hz(t.mean())) == pytest.approx(-2000.0, abs=0.5)


def test_phase_noise_wanders_as_its_linewidth_says(over: passes.Pass) -> None:
    _, heard, when = _tone(over, Receiver(linewidth_hz=10.0), 100.0, 60.0)
    t = when + np.arange(len(heard)) / RATE
    angle = np.unwrap(np.angle(heard * np.exp(2j * np.pi * 2e9 * over.track(2e9).delay_s(t))))
    step = angle[1000:] - angle[:-1000]
    assert np.var(step) == pytest.approx(2.0 * np.pi * 10.0 * 1e-3, rel=0.3)


def test_parts_and_whole_are_the_same(over: passes.Pass) -> None:
    level = np.linspace(0.0, 20.0, over.times_s.size)
    channel = Channel(over, 2e9, RATE, RATE, level, Receiver(linewidth_hz=5.0, seed=3))
    rng = np.random.default_rng(1)
    sent = rng.standard_normal((200_000, 2)).astype(np.float32).view(np.complex64)[:, 0]
    whole, received = channel.record(sent, sent_s=50.0)
    asked: list[tuple[int, int]] = []

    def source(start: int, count: int) -> np.ndarray:
        asked.append((start, count))
        return sent[start : start + count]

    parts = channel.blocks(source, len(sent), sent_s=50.0, received_s=received, count=len(whole))
    assert np.array_equal(np.concatenate(list(parts)), whole)
    assert max(count for _, count in asked) < 66_000
    other = replace(channel, receiver=Receiver(linewidth_hz=5.0, seed=4))
    assert not np.array_equal(other.record(sent, sent_s=50.0)[0], whole)


def test_what_leaves_the_pass_is_refused(over: passes.Pass) -> None:
    channel = Channel(over, 2e9, RATE, RATE, np.zeros(over.times_s.shape))
    with pytest.raises(RabtaError, match="leaves the pass"):
        channel.record(np.zeros(10_000_000, dtype=np.complex64), sent_s=over.span_s - 1.0)
    with pytest.raises(RabtaError, match="bandwidth_hz"):
        replace(channel, bandwidth_hz=2.0 * RATE)
    with pytest.raises(RabtaError, match="does not fit the pass"):
        replace(channel, es_n0_db=np.zeros(3))
