"""Suite ``modem``: the channel of a pass against SGP4's geometry, frames over two real passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.mobile.modem import budget, framing, passes, simulate
from rabta.mobile.modem.channel import Channel, Receiver
from rabta.mobile.modem.nr import frames, slots
from rabta.mobile.phy.link import tables
from rabta.radio.slantpath import Climate
from rabta.times import gmst_rad, julian_date
from rabta.units import SPEED_OF_LIGHT_M_S
from rabta.verify import Row, suite

Array = NDArray[np.float64]

START = np.datetime64("2026-01-13T08:00:00", "ns")
GILGIT = (35.92, 74.31, 1440.0)
SKY = Climate(*(np.array([v]) for v in (35.92, 1.44, 30.0, 3.5, 283.0, 8.0, 18.0, 0.4, 50.0)))
RATE, CARRIER_HZ = 1e6, 11.7e9
SGP4 = "light times by the sgp4 package 2.x in the frame that does not turn, element set of 13 January 2026"
TARGET = "target: no frame lost above its threshold and 1 dB, none wrong"


@suite("modem", "Software modem: the channel of a real pass, and frames over it")
def rows(_files: Path | None) -> list[Row]:
    """Recompute."""
    seen = {name: _seen(name) for name in ("starlink-11506", "starlink-2505")}
    return [
        *_geometry(seen["starlink-2505"]),
        *_samples(seen["starlink-2505"]),
        *_passes(seen),
        *_threshold(),
    ]


def _seen(name: str) -> passes.Pass:
    return passes.find(passes.satellite(name), *GILGIT, START)


def _light_s(over: passes.Pass, name: str, times: Array) -> Array:
    from sgp4.api import Satrec

    satrec = Satrec.twoline2rv(*catalog.entry("satellites", name).data["elements"])
    here, out = over.place.cell_m[0], []
    for t in times:
        turn = float(gmst_rad(*julian_date(over.start + np.timedelta64(round(t * 1e9), "ns"))))
        c, s = np.cos(turn), np.sin(turn)
        fixed = np.array([c * here[0] - s * here[1], s * here[0] + c * here[1], here[2]])
        tau = 0.0
        for _ in range(6):
            when = over.start + np.timedelta64(round((t - tau) * 1e9), "ns")
            _, place, _ = satrec.sgp4(*(float(v) for v in julian_date(when)))
            tau = float(np.linalg.norm(1e3 * np.array(place) - fixed)) / SPEED_OF_LIGHT_M_S
        out.append(tau)
    return np.array(out)


def _geometry(over: passes.Pass) -> list[Row]:
    """Doppler shift and way of the light of the track that samples go through."""
    times = np.linspace(5.0, over.span_s - 5.0, 11)
    h, track = 0.25, over.track(CARRIER_HZ)
    now, later, sooner = (_light_s(over, "starlink-2505", times + d) for d in (0.0, h, -h))
    shift = -CARRIER_HZ * (later - sooner) / (2.0 * h)
    off = np.abs(track.shift_hz(times) - shift).max()
    way = np.abs(track.delay_s(times) - now).max() * SPEED_OF_LIGHT_M_S
    return [
        Row("Doppler at 11.7 GHz over a pass: largest difference, Hz", float(off), 0.0, 1.0, SGP4),
        Row("way of the light: largest difference, m", float(way), 0.0, 0.16, SGP4),
    ]


def _tone(over: passes.Pass, at_s: float) -> tuple[float, float]:
    """Frequency error of a tone heard for 0.2 s, Hz, and the largest error of its phase, turns."""
    channel = Channel(over, CARRIER_HZ, RATE, RATE, np.full(over.times_s.shape, 50.0))
    heard, when = channel.record(np.ones(200_000, dtype=np.complex64), sent_s=at_s)
    part = heard[100:-100].astype(np.complex128)
    t = when + (100 + np.arange(len(part))) / RATE
    left = part * np.exp(2j * np.pi * CARRIER_HZ * channel.track.delay_s(t))
    angle = np.unwrap(np.angle(left / left.mean())) / (2.0 * np.pi)
    slope = float(np.polyfit(t - t.mean(), angle, 1)[0])
    return slope, float(np.abs(angle.reshape(-1, 100).mean(axis=1)).max())


def _samples(over: passes.Pass) -> list[Row]:
    """What samples show of the track, and the noise on them."""
    heard = [_tone(over, at) for at in (5.0, over.span_s / 2.0, over.span_s - 5.0)]
    hertz, turns = max(abs(v[0]) for v in heard), max(v[1] for v in heard)
    silent = Channel(over, CARRIER_HZ, RATE, RATE, np.zeros(over.times_s.shape))
    noise, _ = silent.record(np.zeros(1_000_000, dtype=np.complex64), sent_s=100.0)
    power = 10.0 * float(np.log10(np.mean(np.abs(noise.astype(np.complex128)) ** 2)))
    source = "the phase -2 pi f tau(t) of the same light times"
    four = 4.0 * 4.343 / np.sqrt(len(noise))
    return [
        Row("tone of 11.7 GHz on samples: frequency off the geometry, Hz", hertz, 0.0, 1.0, source),
        Row("tone of 11.7 GHz on samples: phase off the geometry, turns", turns, 0.0, 0.005, source),
        Row("noise of a sample, dB", power, 0.0, four, "unit variance; four standard errors"),
    ]


def _passes(seen: dict[str, passes.Pass]) -> list[Row]:
    """Both framings over real passes: clear, in rain, and too weak at low elevation."""
    found = []
    ways = (
        ("NR 5 MHz at 2 GHz", framing.make("nr", 5.0), "starlink-11506", 19, 30.0, budget.Rain()),
        ("DVB-S2X 6 MHz at 11.7 GHz in rain", framing.make("dvb-s2x", 6.0), "starlink-2505", 4, 60.0,
         budget.Rain(rate_mmh=5.0)),
    )  # fmt: skip
    for name, way, satellite, count, every, rain in ways:
        over = seen[satellite]
        link = budget.budget(str(over.satellite.system), SKY, 3.0)
        setup = simulate.Setup(way, over, link, rain, Receiver(0.1, 1.0, seed=1), every_s=every, frames=count)
        told = simulate.run(setup).summary()
        lost = float(told["frames_above"] - told["decoded_above"])
        text = f"{name}: frames lost of {told['frames_above']} above threshold"
        found.append(Row(text, lost, 0.0, 0.0, TARGET))
        found.append(Row(f"{name}: frames with wrong bytes", float(told["wrong"]), 0.0, 0.0, TARGET))
        if way.name == "nr":
            found += _outage(name, setup)
    return found


def _outage(name: str, setup: simulate.Setup) -> list[Row]:
    """16 dB weaker: an outage at both ends of the pass, service in its middle."""
    down = setup.budget.link
    weak = replace(down, eirp_density_dbw_mhz=down.eirp_density_dbw_mhz - 16.0)
    told = simulate.run(replace(setup, budget=replace(setup.budget, link=weak))).summary()
    lost = float(told["frames_above"] - told["decoded_above"])
    share = told["decoded_below"] / max(told["frames_below"], 1)
    return [
        Row(f"{name}, 16 dB weaker: frames lost of {told['frames_above']} above", lost, 0.0, 0.0, TARGET),
        Row(f"{name}, 16 dB weaker: share decoded below", share, 0.0, float("nan"), "no target", gate=False),
        Row(f"{name}, 16 dB weaker: frames with wrong bytes", float(told["wrong"]), 0.0, 0.0, TARGET),
    ]


def _threshold() -> list[Row]:
    """Es/N0 of 10 % lost slots of MCS 7 by the whole receiver, beside the link's own curve."""
    layout = slots.layout(5.0)
    theirs = tables.threshold_db(1, 7, 0.1, layout.format(7).bits)
    rng = np.random.default_rng(3)
    fields = [(7, rng.bytes(frames.capacity(layout, 7))) for _ in range(95)]
    sent = np.concatenate(list(frames.transmit(fields, layout)))
    levels, lost = theirs + np.arange(-0.75, 1.3, 0.25), []
    for level in levels:
        noise = rng.standard_normal((len(sent), 2)).view(np.complex128)[:, 0] * np.sqrt(0.5)
        heard = (sent * 10.0 ** (level / 20.0) + noise).astype(np.complex64)
        good = sum(f.ok for f in frames.receive(heard, layout))
        lost.append(1.0 - good / len(fields))
    ours = float(np.interp(-0.1, -np.array(lost), levels))
    source = "rabta.mobile.phy.link.tables in white noise; the receiver estimates channel and noise"
    return [Row("NR 5 MHz, MCS 7: Es/N0 of 10 % lost, dB", ours, theirs, 0.6, source)]
