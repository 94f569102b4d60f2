"""Suite ``adaptation``: the loop against closed forms, fades against their law, a back-test at Oulu.

Climates are values that itur 0.4.0 (MIT) reads from the ITU's maps at the named places. Measurements: rain at
Oulu, arXiv 2505.04772 (a flat high-performance terminal of Starlink).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from rabta import catalog
from rabta.radio import downlinks, linkbudget, modcods, slantpath
from rabta.radio.adaptation import Policy, fades, follow, loop_delay_s, passes
from rabta.radio.adaptation.loop import follow_reference
from rabta.radio.downlinks import Downlink
from rabta.radio.slantpath import Climate
from rabta.space import constellations, orbits, visibility
from rabta.verify import Row, suite

F8 = NDArray[np.float64]

# latitude, longitude, then Climate's fields after the latitude, and the share of the year with rain
PLACES = {
    "Lahore": (31.55, 74.34, 0.2142, 62.9972, 4.9682, 297.547, 23.3166, 58.4852, 0.30660, 74.595, 1.1252),
    "Oulu": (65.01, 25.47, 0.0106, 19.9495, 2.4913, 275.822, 11.1381, 25.2442, 0.60435, 31.223, 4.1590),
}
EPOCH = datetime(2026, 1, 13, tzinfo=UTC)
START = np.datetime64("2026-01-13T00:00:00")
MODEL = "closed form"
P1853 = "ITU-R P.1853-2, Annex 1, section 2.2, and P.618-14"
OULU = "arXiv 2505.04772: medians in rain beside those without, Oulu"
NAN = float("nan")
UPLINK_MHZ = 60.0  # Starlink's user uplink has channels of 62.5 MHz, 60 MHz occupied (FCC 21-48 filings)


@suite("adaptation", "Adaptive coding and modulation over fades along real passes")
def rows(_files: Path | None) -> list[Row]:
    """Closed forms, the law of the fades, gains beside published ones, the back-test at Oulu."""
    return [*_loop_rows(), *_law_rows(), *_gain_rows(), *_back_test()]


def climate(name: str) -> tuple[Climate, F8]:
    """Climate of one place, and the share of the year with rain."""
    lat, _, *rest, rain = PLACES[name]
    return Climate(*(np.array([value]) for value in (lat, *rest))), np.array([rain])


def _ramp(policy: Policy) -> tuple[float, float]:
    """Share lost to the lag while C/N falls by 0.01 dB a second, as found and as crossings and delay say.

    A modcod stays in use after C/N fell below its threshold for the delay less the time that the margin
    buys; thresholds are 2 dB apart, so that these times do not overlap.
    """
    steps = np.arange(0.0, 20.0, 2.0)
    wave = modcods.Waveform("even", steps, 1.0 + steps, tuple(f"{db:g} dB" for db in steps))
    falling = np.linspace(20.0, 0.0, 2001)[:, None]
    found = follow(falling, wave, 1.0, policy)
    late = float(np.max(policy.delay_s)) - policy.margin_db / 0.01
    return float(found.lag[0]), max(late, 0.0) * (len(steps) - 1) / 2001.0


def _gaussian(margin_db: float) -> tuple[float, float]:
    """Mean efficiency over a Gaussian C/N of 10 dB and 2 dB, as found and by integration."""
    wave = modcods.load("dvb-s2")
    cn = 10.0 + 2.0 * fades.process(4000, 200, 3600.0, seed=5)
    found = follow(cn, wave, 1.0, Policy(margin_db, 0.0, 0.0, 1.0))
    gains = np.diff(np.concatenate([[0.0], wave.bits]))
    edges = wave.threshold_db + margin_db
    # with no delay the most robust modcod is used below its margin too, where it still arrives
    edges[0] = wave.threshold_db[0]
    return float(found.delivered.mean()), float(np.sum(gains * ndtr((10.0 - edges) / 2.0)))


def _loop_rows() -> list[Row]:
    found = []
    for delay, margin in ((10.0, 0.0), (10.0, 0.2), (30.0, 0.1)):
        ours, theirs = _ramp(Policy(margin, 0.0, delay, 1.0))
        name = f"falling C/N, delay {delay:g} s, margin {margin:g} dB: share lost to the lag"
        found.append(Row(name, ours, theirs, 9.1 / 2001.0, MODEL))  # one step a crossing
    for margin in (0.0, 1.0):
        ours, theirs = _gaussian(margin)
        found.append(Row(f"Gaussian C/N, margin {margin:g} dB: bit/s/Hz", ours, theirs, 0.01, MODEL))
    wave = modcods.load("dvb-s2x")
    cn = 8.0 + np.cumsum(np.random.default_rng(3).normal(0.0, 0.3, (800, 20)), axis=0)
    rule = Policy(1.0, 0.5, 2.0, 3.0)
    one, two = follow(cn, wave, 1.0, rule), follow_reference(cn, wave, 1.0, rule)
    differ = float((one.used != two.used).sum())
    return [*found, Row("modcods in use, kernel beside NumPy: differing", differ, 0.0, 0.0, MODEL)]


def _law_rows() -> list[Row]:
    climate_, rain = climate("Lahore")
    percent = np.array([0.001, 0.01, 0.03, 0.1, 0.3, 1.0])
    worst = slantpath.attenuation(climate_, 20.0, 45.0, percent[:, None], diameter_m=0.74).rain[:, 0]
    x = fades.process(52_560, 100, 600.0, seed=11)
    series = fades.attenuation_db(x, percent, worst, float(rain[0]))
    rows = []
    for p, level in zip(percent[3:], worst[3:], strict=True):
        share = 100.0 * float((series > level).mean())
        rows.append(
            Row(f"100 years at Lahore, 20 GHz: time above P.618's {p:g} %, %", share, p, 0.08 * p, P1853)
        )
    near = float(np.mean(x[6:] * x[:-6]))
    rows.append(Row("correlation over an hour", near, float(np.exp(-2e-4 * 3600.0)), 0.01, P1853))
    fit = fades.lognormal_db(x, *fades.lognormal(percent, worst), float(rain[0]))
    ours = float(np.quantile(fit, 1.0 - 1e-3))
    source = "P.618-14 itself: the lognormal fit of P.1853 does not return its statistics"
    return [
        *rows,
        Row("lognormal fit of P.1853: attenuation of 0.1 %, dB", ours, float(worst[3]), NAN, source, False),
    ]


def _gain_rows() -> list[Row]:
    """A year of a Ka-band carrier from Paksat-MM1's slot: gain over the fixed modcod of an availability."""
    entry = catalog.entry("constellations", "paksat-mm1")
    link = downlinks.of_systems(constellations.systems([entry]))[0]
    climate_, rain = climate("Lahore")
    place = visibility.ground([31.55], [74.34])
    steps = 365 * 1440
    track = passes.geostationary(38.0, place, steps)
    x = fades.process(steps, 1, 60.0, seed=1)
    cn = passes.carrier_db(link, climate_, track, x, rain)
    wave = modcods.load("dvb-s2x", 1.0)
    found = follow(cn, wave, 60.0, Policy(1.0, 0.5, loop_delay_s(track.range_km.max(), 0.2, 4), 60.0))
    hughes = "hughes.com, DVB-S2 with ACM: +38 % of throughput over CCM in its example; not this link"
    rows = [
        Row(
            f"adaptation at Lahore, {link.frequency_ghz:g} GHz, over a fixed modcod of {share:g} %, gain %",
            *(100.0 * (float(found.gain(share)[0]) - 1.0), 38.0, NAN, hughes, False),
        )
        for share in (98.0, 99.0, 99.7)
    ]
    kept = 100.0 * float(found.delivered[0] / found.ideal[0])
    return [*rows, Row("of what perfect knowledge brings, %", kept, 100.0, NAN, "our own bound", False)]


@cache
def _starlink(name: str) -> tuple[Downlink, passes.Track, float]:
    """Downlink, an hour's track over a place, uplink C/N at 1 km without attenuation."""
    entry = catalog.entry("constellations", "starlink")
    made = constellations.load(entry)
    fleet = constellations.satellites([entry], EPOCH)
    link = downlinks.of_systems(constellations.systems([entry]))[0]
    place = visibility.ground([PLACES[name][0]], [PLACES[name][1]])
    least = fleet["min_elevation_deg"].to_numpy(dtype=np.float64)
    track = passes.along(orbits.prepare(fleet), place, START, 3600.0, 15.0, least, "highest")
    eirp = float(catalog.entry("terminals", "leo-flat-panel").data["eirp_dbw"])
    assert made.uplink is not None
    up = linkbudget.budget(
        eirp_dbw=eirp, g_over_t_db_k=made.uplink.g_over_t_db_k, frequency_ghz=made.uplink.frequency_ghz,
        range_km=1.0, bandwidth_mhz=UPLINK_MHZ,
    )  # fmt: skip
    return link, track, up["cn_db"]


def predicted(name: str, rarity: float) -> tuple[float, float, float]:
    """Changes of the median down and up (%), and the downlink's rain fade (dB), at a rarity of the rain.

    Parameters
    ----------
    rarity : float
        Share of the rainy time with more rain than this: 0.5 is the median rain.
    """
    link, track, up_1_km = _starlink(name)
    air, rain = climate(name)
    wave = modcods.load("dvb-s2x", 1.0)
    x = np.full(track.range_km.shape, -float(ndtri(rarity * rain[0] / 100.0)))
    still = np.full_like(x, -5.0)
    efficiency = [wave.efficiency(passes.carrier_db(link, air, track, g, rain)) for g in (x, still)]
    wet, dry = (passes.attenuation_db(link, air, track, g, rain)[0] for g in (x, still))
    send = replace(link, frequency_ghz=14.25)
    near = up_1_km - 20.0 * np.log10(track.range_km)
    upward = [wave.efficiency(near - passes.attenuation_db(send, air, track, g, rain)[0]) for g in (x, still)]
    down, up = (100.0 * (float(np.median(a) / np.median(b)) - 1.0) for a, b in (efficiency, upward))
    return down, up, float(np.median(wet - dry))


def needed_fade_db(name: str, loss_percent: float) -> float:
    """Fade of the downlink that takes a share of its median efficiency, C/N alone, in dB."""
    link, track, _ = _starlink(name)
    air, rain = climate(name)
    wave = modcods.load("dvb-s2x", 1.0)
    cn = passes.carrier_db(link, air, track, np.full(track.range_km.shape, -5.0), rain).astype(np.float64)
    fade = np.arange(0.0, 15.0, 0.05)
    median = np.array([np.median(wave.efficiency(cn - less)) for less in fade])
    return float(fade[np.argmax(median <= median[0] * (1.0 - loss_percent / 100.0))])


def _back_test() -> list[Row]:
    rows = []
    for rarity, word in (
        (0.5, "median rain"),
        (0.1, "the heaviest tenth of rain"),
        (0.01, "the heaviest 1 %"),
    ):
        down, up, fade = predicted("Oulu", rarity)
        rows.append(Row(f"Oulu, {word}: change down, %", down, -37.84, NAN, OULU, False))
        rows.append(Row(f"Oulu, {word}: change up, %", up, -52.27, NAN, OULU, False))
        need = needed_fade_db("Oulu", 37.84)
        label = f"Oulu, {word}: fade by rain at 11.7 GHz, dB"
        rows.append(Row(label, fade, need, NAN, "the fade that the measured loss needs on our link", False))
    return rows
