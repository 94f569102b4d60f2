"""Suite ``fading``: taps, correlation, level crossings, fades and antennas of drawn channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import j0, j1, jn_zeros

from rabta.mobile.phy.fading import channel, correlation, profiles, theory
from rabta.mobile.phy.fading.motion import Track
from rabta.verify import Row, suite
from rabta.verify.mobile.anchors.fading import TAPS

Array = NDArray[np.float64]

DRAWS = 20_000
TR38901 = "3GPP TR 38.901, tables 7.7.2-1 to -5, as NeoRadium has them"
TR38811 = "3GPP TR 38.811, tables 6.9.2-1 to -4, as LLSim5G has them"
CONFORMANCE = (
    "3GPP TS 38.101-4, annex B.2.1, as NeoRadium has it; TS 38.181, table G.2.1.1-2, as LLSim5G has it"
)
K_DB = {"TDL-D": 13.3, "TDL-E": 22.0, "NTN-TDL-C": 10.224, "NTN-TDL-D": 11.707}
CLARKE = "J0(2 pi f t): Clarke 1968; 20,000 draws, four standard errors"
JAKES = "Jakes 1974, equations 1.3-35 and 1.3-45; 400 s of draws at 20 Hz"
MATRICES = "TS 38.101-4, tables B.2.3.1.2-2 and B.2.3.2.2-2"


@suite("fading", "Fading channels: TR 38.901, TR 38.811, TS 38.101-4, theory")
def rows(_files: Path | None) -> list[Row]:
    """Recompute the published numbers."""
    return [*_tables(), *_in_time(), *_crossings(), *_satellites(), *_antennas(), *_samples()]


def _source(name: str) -> str:
    if profiles.profile(name).fixed_spread_s is not None:
        return CONFORMANCE
    return TR38811 if name.startswith("NTN") else TR38901


def _tables() -> list[Row]:
    """Drawn taps against the tables: a power of so many draws has an error of 0.031 dB; four are allowed."""
    found = []
    for name, (delays, powers) in TAPS.items():
        taps, source = profiles.profile(name), _source(name)
        fixed = taps.fixed_spread_s is not None
        printed = np.array([float(value) for value in delays.split()])
        power = 10.0 ** (np.array([float(value) for value in powers.split()]) / 10.0)
        delay, h = channel.response(taps, 0.0, links=DRAWS, seed=1)
        drawn = (np.abs(h[:, 0, :, 0, 0].astype(np.complex128)) ** 2).mean(axis=0)
        late = delay * 1e9 - printed * (1.0 if fixed else 100.0)
        off = 10.0 * np.log10(drawn / (power / power.sum()))
        found.append(Row(f"{name}: largest difference of a delay, ns", _worst(late), 0.0, 1e-6, source))
        found.append(Row(f"{name}: largest difference of a drawn tap, dB", _worst(off), 0.0, 0.13, source))
        spread = taps.spread() * (1e9 if fixed else 1.0)
        theirs = 1.0 if taps.fixed_spread_s is None else taps.fixed_spread_s * 1e9
        found.append(Row(f"{name}: delay spread", spread, theirs, 0.01 * theirs, source))
        if name in K_DB:
            found.append(Row(f"{name}: K-factor of the first tap, dB", taps.k_db, K_DB[name], 1e-6, source))
    return found


def _worst(values: Array) -> float:
    return float(values[np.abs(values).argmax()])


def _in_time() -> list[Row]:
    """Correlation over time, and where it is zero, with a Doppler of 100 Hz."""
    doppler, links = 100.0, np.arange(DRAWS)
    zeros = jn_zeros(0, 3) / (2.0 * np.pi * doppler)
    lags = np.array([0.0, 1e-3, 2e-3, 5e-3, 1e-2])

    def drawn(lag: Array) -> Array:
        _, h = channel.response("NTN-TDL-A", np.append(0.0, lag), doppler_hz=doppler, links=links, seed=2)
        first = h[:, :, 0, 0, 0].astype(np.complex128)
        return np.asarray(
            (first[:, :1].conj() * first[:, 1:]).mean(axis=0).real / (np.abs(first) ** 2).mean()
        )

    error = 4.0 / np.sqrt(DRAWS)
    found = [
        Row(f"Correlation after {1e3 * lag:g} ms at 100 Hz", float(ours), float(theirs), error, CLARKE)
        for lag, ours, theirs in zip(lags, drawn(lags), j0(2.0 * np.pi * doppler * lags), strict=True)
    ]
    for number, zero in enumerate(zeros, 1):
        ours = brentq(lambda lag: float(drawn(np.array([lag]))[0]), 0.85 * zero, 1.15 * zero, xtol=1e-7)
        slope = 2.0 * np.pi * doppler * abs(float(j1(2.0 * np.pi * doppler * zero)))
        allowed = 1e3 * error / slope
        found.append(
            Row(f"Zero {number} of the correlation, ms", 1e3 * ours, 1e3 * float(zero), allowed, CLARKE)
        )
    return found


def _crossings() -> list[Row]:
    """How often a tap falls through a level, and for how long it stays below, over long draws."""
    doppler, rate, count, links = 20.0, 4000.0, 80_000, 20
    _, h = channel.response("NTN-TDL-A", np.arange(count) / rate, doppler_hz=doppler, links=links, seed=3)
    envelope = np.abs(h[:, :, 0, 0, 0]) / np.sqrt(profiles.profile("NTN-TDL-A").power[0])
    seconds, found = links * count / rate, []
    for level_db in (-20.0, -10.0, 0.0, 3.0):
        level = 10.0 ** (level_db / 20.0)
        falls = int(((envelope[:, :-1] >= level) & (envelope[:, 1:] < level)).sum())
        hertz, length = (
            float(theory.crossing_rate_hz(level, doppler)),
            float(theory.fade_duration_s(level, doppler)),
        )
        allowed = 4.0 / np.sqrt(hertz * seconds) + 0.02
        name = f"at {level_db:g} dB and a Doppler of 20 Hz"
        found.append(Row(f"Level crossings a second {name}", falls / seconds, hertz, allowed * hertz, JAKES))
        below = 1e3 * float((envelope < level).sum()) / rate / falls
        found.append(Row(f"Mean fade {name}, ms", below, 1e3 * length, allowed * 1e3 * length, JAKES))
    return found


def _satellites() -> list[Row]:
    """Depth of fades at one frequency of the satellite profiles: Rice with the K of all scattered taps."""
    found, source = [], "Rice's distribution: 1 - Q1(sqrt(2K), sqrt(2(1+K)x)), K over all taps of TR 38.811"
    for name in ("NTN-TDL-A", "NTN-TDL-B", "NTN-TDL-C", "NTN-TDL-D"):
        delays, h = channel.response(name, 0.0, links=2 * DRAWS, seed=4)
        power = np.abs(channel.on_grid(delays, h, [1e6])[:, 0, 0, 0, 0]) ** 2
        for depth_db in (3.0, 6.0):
            level = 10.0 ** (-depth_db / 10.0)
            theirs = float(theory.outage(level, k_db=profiles.profile(name).total_k_db))
            error = 4.0 * np.sqrt(theirs / power.size) + 0.02 * theirs
            ours = float((power < level).mean())
            found.append(Row(f"{name}: share below -{depth_db:g} dB", ours, theirs, error, source))
    return found


def _antennas() -> list[Row]:
    """Correlation between antennas, as printed to four digits and as drawn."""
    high, crossed = correlation.matrix("high", 2, 4), correlation.matrix("cross-high", 2, 4)
    printed = {"4 x 2 high, 1 and 3": (high[0, 2], 0.9883), "4 x 2 high, 1 and 8": (high[0, 7], 0.8099),
               "4 x 2 crossed high, 1 and 5": (crossed[0, 4], -0.3),
               "4 x 2 crossed high, 2 and 8": (crossed[1, 7], 0.27)}  # fmt: skip
    found = [
        Row(f"Correlation {name}", float(ours), theirs, 2e-4, MATRICES)
        for name, (ours, theirs) in printed.items()
    ]
    _, h = channel.response("TDLA30", 0.0, receive=2, transmit=2, correlation="high", links=5000, seed=5)
    power = profiles.profile("TDLA30").power
    flat = h[:, 0].transpose(0, 1, 3, 2).reshape(5000 * power.size, 4)
    weight = np.tile(1.0 / power, 5000) / (5000 * power.size)
    drawn = (flat.T * weight) @ flat.conj()
    for pair, theirs in ((1, 0.9), (2, 0.9), (3, 0.81)):
        name = f"Drawn correlation 2 x 2 high, 1 and {pair + 1}"
        found.append(Row(name, float(drawn[0, pair].real), theirs, 4.0 / np.sqrt(60_000), MATRICES))
    return found


def _samples() -> list[Row]:
    """Tones through delays that stay and that drift, beside their closed form."""
    rate, count, source = 7.68e6, 20_000, "Closed form: exp(2 pi i f (t - tau)), and the carrier's turn"
    number, found = np.arange(count), []
    for share in (0.1, 0.4):
        late = channel.apply(np.exp(2j * np.pi * share * number), rate, [7.4137 / rate], np.ones((1, 1, 1)))
        off = np.abs(late - np.exp(2j * np.pi * share * (number - 7.4137)))[100:-100].max()
        name = f"Error of a tone at {share:g} of the sample rate, 7.4137 samples late"
        found.append(Row(name, float(off), 0.0, 3e-5, source))
    track = Track.steady(2e9, shift_hz=40e3, rate_hz_s=-500.0, duration_s=1.0)
    sent = np.exp(2j * np.pi * 0.1 * number)
    for begin in (0.1, 0.9):
        got = channel.apply(sent, rate, [0.0], np.ones((1, 1, 1)), track=track, sent_s=begin)[500:-500]
        hertz = np.diff(np.unwrap(np.angle(got / sent[500:-500]))).mean() * rate / (2.0 * np.pi)
        middle = 40e3 - 500.0 * (begin + count / 2.0 / rate)
        theirs = middle * (1.0 + 0.1 * rate / 2e9)  # the tone is squeezed as the carrier is
        name = f"Shift of a tone 768 kHz above 2 GHz after {begin:g} s, Hz"
        found.append(Row(name, float(hertz), theirs, 0.05, source))
    return found
