"""Samples to bytes: offsets, drifting clocks, Doppler, fades, gaps, mixed modcods, phase noise, no pilots."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import _kernels, constellations, frames, physical, shaping
from rabta.mobile.modem.dvb.modcods import modcod
from rabta.mobile.modem.dvb.receiver import carrier, locate, timing

RNG = np.random.default_rng(9)


def payload(name: str, count: int) -> bytes:
    return RNG.bytes(modcod(name).payload // 8 * count)


def channel(
    samples: np.ndarray, rate: int, esn0_db: float, frequency: float = 0.01, change: float = 0.0
) -> np.ndarray:
    """Frequency (cycles a sample), its change, a phase, and noise: Es is ``rate`` times the mean power."""
    n = np.arange(len(samples))
    noise = RNG.normal(size=(2, len(samples))) * np.sqrt(rate / 2 * 10 ** (-esn0_db / 10))
    turned = samples * np.exp(2j * np.pi * (frequency * n + 0.5 * change * n**2) + 0.7j)
    return (turned + noise[0] + 1j * noise[1]).astype(np.complex64)


@pytest.mark.parametrize(
    ("name", "count", "esn0_db", "rate", "roll_off"),
    [
        ("QPSK 1/4", 10, -2.0, 4, 0.20), ("QPSK 1/2", 8, 1.5, 4, 0.35), ("QPSK 1/2 short", 20, 1.5, 2, 0.20),
        ("8PSK 3/4", 5, 8.4, 2, 0.10), ("16APSK 3/4", 5, 10.7, 2, 0.05), ("32APSK 9/10", 5, 16.6, 3, 0.15),
        ("256APSK 3/4", 5, 20.2, 2, 0.25),
    ],
)  # fmt: skip
def test_payload_arrives_half_a_decibel_above_the_published_threshold(
    name: str, count: int, esn0_db: float, rate: int, roll_off: float
) -> None:
    """EN 302 307-1, table 13, and 302 307-2, table 20a, plus about 0.5 dB; pilots on, nothing else known."""
    sent = payload(name, count)
    samples = frames.transmit(sent, name, samples_per_symbol=rate, roll_off=roll_off)
    assert np.mean(np.abs(samples) ** 2) == pytest.approx(1.0, abs=0.02)
    found = frames.receive(channel(samples, rate, esn0_db), samples_per_symbol=rate, roll_off=roll_off)
    assert found.payload() == sent
    assert all(f.modcod == name and f.pilots and f.ok for f in found.frames)
    assert np.mean([f.esn0_db for f in found.frames]) == pytest.approx(esn0_db, abs=0.3)
    assert np.mean([f.frequency for f in found.frames]) == pytest.approx(0.01 * rate, abs=2e-5)


def test_variable_modcods_with_dummies_and_another_scrambling() -> None:
    named = ["QPSK 1/2", "dummy", "8PSK 3/5 short", "32APSK 9/10", "QPSK 1/4 short", "dummy", "16APSK 26/45"]
    sent = RNG.bytes(30_000)
    samples = frames.transmit(sent, named, samples_per_symbol=2, scrambling=77)
    found = frames.receive(channel(samples, 2, 18.0), samples_per_symbol=2, scrambling=77)
    assert found.payload() == sent
    assert [f.modcod for f in found.frames][:7] == named
    assert not any(f.ok for f in found.frames if f.modcod == "dummy")
    assert not frames.receive(channel(samples, 2, 18.0), samples_per_symbol=2, scrambling=78).payload()


@pytest.mark.parametrize("parts", [-80.0, 30.0])
def test_clocks_that_drift(parts: float) -> None:
    """The receiver's clock is so many parts in a million fast or slow."""
    sent = payload("8PSK 3/5", 8)
    samples = frames.transmit(sent, "8PSK 3/5", samples_per_symbol=4)
    n = np.arange(len(samples))
    at = n * (1.0 + parts * 1e-6)
    slow = CubicSpline(n, samples)(at[at < n[-1]])
    found = frames.receive(channel(slow, 4, 8.0), samples_per_symbol=4)
    assert found.payload() == sent
    assert found.drift == pytest.approx(-parts * 1e-6, abs=1e-6)


@pytest.mark.parametrize(("frequency", "change"), [(0.2, 0.0), (-0.31, 0.0), (-0.02, 1.2e-9), (0.05, -6e-9)])
def test_doppler_and_its_rate(frequency: float, change: float) -> None:
    """1.2e-9 a sample is 5 kHz/s at 1 Msymbol/s: a low orbit overhead at 20 GHz."""
    sent = payload("QPSK 1/2", 24)
    samples = frames.transmit(sent, "QPSK 1/2", samples_per_symbol=2)
    received = frames.receive(channel(samples, 2, 2.0, frequency, change), samples_per_symbol=2)
    assert received.payload() == sent
    middle = received.frames[12]
    wanted = 2.0 * (frequency + change * (middle.start + modcod("QPSK 1/2").length(True)))
    assert (middle.frequency - wanted + 1.0) % 2.0 - 1.0 == pytest.approx(0.0, abs=2e-5)


def test_a_fade_and_a_gap() -> None:
    """The level falls by 12 dB and comes back; then 60,000 symbols are gone. Frames beside the gap arrive."""
    sent = payload("QPSK 1/2", 24)
    samples = frames.transmit(sent, "QPSK 1/2", samples_per_symbol=2)
    level = np.interp(np.arange(len(samples)), [0, len(samples) / 2, len(samples)], [1.0, 0.25, 1.0])
    found = frames.receive(channel(samples * level, 2, 14.0), samples_per_symbol=2)
    assert found.payload() == sent
    assert min(f.esn0_db for f in found.frames) == pytest.approx(2.2, abs=0.6)
    holed = samples.copy()
    holed[300_000:420_000] = 0.0
    found = frames.receive(channel(holed, 2, 5.0), samples_per_symbol=2)
    missing = {int((at / 2 - 24) // 33_282) for at in (300_000, 360_000, 419_999)}
    assert sum(f.ok for f in found.frames) >= 24 - len(missing) - 1


def test_phase_noise_of_the_standards_mask() -> None:
    """A Wiener phase whose line is 3e-6 of the symbol rate wide.

    -50 dBc/Hz at 1 kHz is a line of 63 Hz: the mask of EN 302 307-1, annex H.8, at 20 Msymbol/s.
    """
    sent = payload("8PSK 3/5", 8)
    samples = frames.transmit(sent, "8PSK 3/5", samples_per_symbol=2)
    phase = np.cumsum(RNG.normal(0.0, np.sqrt(2 * np.pi * 3e-6 / 2), len(samples)))
    found = frames.receive(channel(samples * np.exp(1j * phase), 2, 7.5), samples_per_symbol=2)
    assert found.payload() == sent


@pytest.mark.parametrize(("name", "esn0_db"), [("QPSK 1/2", 2.0), ("8PSK 3/4", 8.8), ("32APSK 4/5", 15.0)])
def test_frames_without_pilots(name: str, esn0_db: float) -> None:
    sent = payload(name, 8)
    samples = frames.transmit(sent, name, samples_per_symbol=2, pilots=False)
    found = frames.receive(channel(samples, 2, esn0_db), samples_per_symbol=2)
    assert found.payload() == sent
    assert not any(f.pilots for f in found.frames)


def test_noise_alone_holds_no_frames() -> None:
    noise = RNG.normal(size=(2, 150_000))
    assert not frames.receive(noise[0] + 1j * noise[1], samples_per_symbol=2).frames
    assert not frames.receive(np.zeros(5000, complex), samples_per_symbol=2).frames


def test_cut_frames_are_left_out() -> None:
    sent = payload("QPSK 1/2", 4)
    samples = frames.transmit(sent, "QPSK 1/2", samples_per_symbol=2)
    found = frames.receive(channel(samples[20_000:-20_000], 2, 5.0), samples_per_symbol=2)
    assert [f.ok for f in found.frames] == [True, True]
    assert found.payload() == sent[modcod("QPSK 1/2").payload // 8 :][: 2 * modcod("QPSK 1/2").payload // 8]


@pytest.mark.parametrize("roll_off", [0.35, 0.25, 0.20, 0.15, 0.10, 0.05])
def test_pulse_and_its_match_are_nyquist(roll_off: float) -> None:
    """Sent and matched, a symbol leaves less than -45 dB on its neighbours; the pulse has unit energy."""
    sent = np.exp(0.5j * np.pi * RNG.integers(0, 4, 3000))
    samples = shaping.shape(sent, roll_off, 4)
    at = 4.0 * (shaping.half_width(roll_off) + np.arange(3000))
    got = shaping.matched(samples, at, roll_off, 4.0)
    gain = np.vdot(sent, got) / 3000
    assert abs(gain) == pytest.approx(2.0, rel=2e-3)
    assert np.mean(np.abs(got / gain - sent) ** 2) < 10**-4.5
    fine = np.arange(-4000, 4001) / 50.0
    assert np.sum(shaping.root_raised_cosine(fine, roll_off) ** 2) / 50.0 == pytest.approx(1.0, abs=1e-3)


def test_kernels_are_their_references() -> None:
    of = modcod("32APSK 32/45")
    symbols = (RNG.normal(size=of.symbols) + 1j * RNG.normal(size=of.symbols)).astype(np.complex64)
    for name in ("QPSK 1/2", "8PSK 3/4", "32APSK 32/45", "256APSK 3/4"):
        one = modcod(name)
        row = np.resize(symbols, one.symbols)
        wanted = constellations.demodulate_reference(row, 0.2, one)
        if one.order == 2:
            ordered = wanted.T.ravel()
        else:
            ordered = np.empty_like(wanted)
            ordered[list(one.columns)] = wanted
            ordered = ordered.ravel()
        made = constellations.demodulate(row, 0.2, one)
        near = np.abs(ordered) < 50.0  # float32 keeps four digits there; the kernel ends at 80
        np.testing.assert_allclose(made[near], ordered[near], rtol=2e-3, atol=2e-3)
        assert (np.abs(made[~near]) > 45.0).all()
    edges, cycles = np.array([0, 10, 10, 5000]), np.array([0.1, 3.3, 3.3, -20.0])
    flat = np.empty(5000, dtype=np.complex64)
    _kernels.unwind(symbols[:5000].view(np.float32), edges, cycles, flat.view(np.float32))
    phase = np.interp(np.arange(5000), edges[[0, 1, 3]], cycles[[0, 1, 3]])
    np.testing.assert_allclose(flat, symbols[:5000] * np.exp(-2j * np.pi * phase), atol=2e-5)
    bank, reach = shaping._windowed(0.2, 2.0, 8)
    times = np.sort(RNG.uniform(100, 4000, 50))
    got = shaping.matched(symbols, times, 0.2, 2.0, 8)
    for time, value in zip(times, got, strict=True):
        row = bank[round((time - np.floor(time)) * shaping.PHASES)]
        first = int(np.floor(time)) - reach
        assert abs(np.dot(row, symbols[first : first + len(row)]) - value) < 1e-4


def test_correlation_peaks_at_headers_of_both_standards() -> None:
    """57 without noise (25 products of the start, 32 pairs of the signalling), at any frequency."""
    for pls in (16, 17, 132, 215):
        row = np.zeros(200, dtype=np.complex64)
        row[60:150] = physical.header(pls) * np.exp(0.9j * np.arange(90))
        levels = locate.correlation(row, 110)
        assert int(np.argmax(levels)) == 60
        assert levels[60] == pytest.approx(57.0, rel=1e-4)
        found = locate.read_header(np.roll(physical.header(pls).astype(np.complex64), 0), 0)
        assert found.pls == pls


def test_estimates_alone() -> None:
    """Frequency of a bare tone; the phase of a frame that turns by a known amount."""
    tone = np.exp(2j * np.pi * 0.0123 * np.arange(90))
    assert locate.slope(tone) == pytest.approx(0.0123, abs=1e-9)
    coded = RNG.integers(0, 2, (1, 16_200), dtype=np.uint8)
    of = modcod("QPSK 1/2 short")
    sent = physical.frame(constellations.modulate(coded, of)[0], of, True)
    turned = (3.0 * sent * np.exp(2j * np.pi * (0.00012 * np.arange(len(sent)) + 0.2))).astype(np.complex64)
    row = carrier.Row(turned, np.zeros(len(sent)), 0)
    found = carrier.recover(row, locate.Found(0, of.pls | 1, 0.0, 1.0), 0.0001, 0.0)
    assert found is not None
    assert found.amplitude == pytest.approx(3.0, rel=1e-3)
    assert found.frequency == pytest.approx(0.00012, abs=5e-6)
    assert np.max(np.abs(found.data - constellations.modulate(coded, of)[0])) < 0.02


def test_timing_of_a_known_delay() -> None:
    symbols = np.exp(0.5j * np.pi * RNG.integers(0, 4, 20_000) + 0.25j * np.pi)
    samples = shaping.shape(symbols, 0.35, 4)
    for late in (0, 1, 3):
        found = timing.timing(np.concatenate([np.zeros(late, np.complex64), samples]), 0.35, 4.0)
        middle = found.times[len(found.times) // 2]
        assert (middle - late + 2.0) % 4.0 - 2.0 == pytest.approx(0.0, abs=0.02)


def test_bad_input_is_refused_by_name() -> None:
    samples = frames.transmit(b"x", "QPSK 1/2 short", samples_per_symbol=2)
    with pytest.raises(RabtaError, match="samples"):
        frames.receive(samples.real, samples_per_symbol=2)
    with pytest.raises(RabtaError, match="finite"):
        frames.receive(samples * np.nan, samples_per_symbol=2)
    with pytest.raises(RabtaError, match="samples"):
        frames.receive(samples[:100], samples_per_symbol=2)
    with pytest.raises(RabtaError, match=r"1\.35"):
        frames.receive(samples, samples_per_symbol=1.2, roll_off=0.35)
    with pytest.raises(RabtaError, match="samples_per_symbol"):
        frames.transmit(b"x", "QPSK 1/2 short", samples_per_symbol=1)
    with pytest.raises(RabtaError, match="QPSK 1/2"):
        frames.transmit(b"x", "QPSK 1-2", samples_per_symbol=2)
    with pytest.raises(RabtaError, match="modcods"):
        frames.transmit(b"x", ["dummy"], samples_per_symbol=2)
    with pytest.raises(RabtaError, match="roll-off"):
        frames.transmit(b"x", "QPSK 1/2 short", samples_per_symbol=2, roll_off=0.22)
    with pytest.raises(RabtaError, match="bits"):
        frames.transmit(np.array([0, 1, 2]), "QPSK 1/2 short", samples_per_symbol=2)
