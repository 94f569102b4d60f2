"""Adaptation over fades: closed forms, the law of the fades, passes, refusals."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta import catalog, verify
from rabta.errors import RabtaError
from rabta.radio import downlinks, modcods
from rabta.radio.adaptation import Policy, fades, follow, loop_delay_s, passes, power
from rabta.radio.slantpath import Climate
from rabta.space import constellations, orbits, visibility

START = np.datetime64("2026-01-13T00:00:00")


def test_every_row_of_the_suite_passes() -> None:
    rows = verify.run("adaptation")
    assert len(rows) > 15
    assert [row.name for row in rows if row.gate and not row.passed] == []
    assert all(np.isfinite(row.ours) for row in rows)


def test_hysteresis_stops_the_swinging() -> None:
    """C/N swings 0.3 dB around the place where a modcod begins: 0.7 dB of hysteresis hold the lower one."""
    wave = modcods.load("dvb-s2")
    edge = wave.threshold_db[8] + 1.0
    cn = edge + 0.3 * np.sin(np.arange(3600) / 5.0)[:, None]
    nervous = follow(cn, wave, 1.0, Policy(1.0, 0.0, 0.0, 1.0))
    calm = follow(cn, wave, 1.0, Policy(1.0, 0.7, 0.0, 1.0))
    assert nervous.switches_per_hour[0] > 200.0
    assert calm.switches_per_hour[0] <= 1.0
    assert calm.delivered[0] < nervous.delivered[0]
    assert calm.lag[0] == 0.0


def test_a_link_begins_robust_and_a_gap_starts_it_anew() -> None:
    wave = modcods.load("dvb-s2")
    cn = np.full((30, 1), 30.0)
    cn[10:12] = np.nan
    used = follow(cn, wave, 1.0, Policy(delay_s=3.0)).used[:, 0]
    top = len(wave.bits) - 1
    assert used[:4].tolist() == [0, 0, 0, top]
    assert used[10:16].tolist() == [-1, -1, 0, 0, 0, top]


def test_reports_come_seldom_and_late() -> None:
    """Reports at 0, 5, 10 ... arrive 2 s later: a step of C/N at 6 s is answered at 12 s."""
    wave = modcods.load("dvb-s2")
    cn = np.where(np.arange(20) < 6, 5.0, 20.0)[:, None]
    used = follow(cn, wave, 1.0, Policy(delay_s=2.0, report_s=5.0)).used[:, 0]
    assert used[2] == used[11]
    assert used[12] == len(wave.bits) - 1


def test_fixed_modcod_is_the_fastest_that_holds() -> None:
    wave = modcods.load("dvb-s2")
    cn = np.full((1000, 1), 20.0)
    cn[:20] = wave.threshold_db[5] + 0.01
    cn[:5] = -10.0
    found = follow(cn, wave, 1.0)
    assert found.fixed(98.0)[0][0] == len(wave.bits) - 1
    assert found.fixed(99.0)[0][0] == 5
    assert found.fixed(99.9)[0][0] == -1
    assert np.isnan(found.gain(99.9)[0])
    assert found.fixed(99.0)[1][0] == pytest.approx(wave.bits[5] * 0.995)
    assert found.outage[0] == pytest.approx(0.005)


@given(margin=st.floats(0.0, 3.0), delay=st.floats(0.0, 30.0))
def test_nothing_delivers_more_than_perfect_knowledge(margin: float, delay: float) -> None:
    cn = 8.0 + 3.0 * fades.process(400, 5, 30.0, seed=2)
    found = follow(cn, modcods.load("dvb-s2x"), 30.0, Policy(margin, 0.5, delay, 30.0))
    assert (found.delivered <= found.sent + 1e-12).all()
    assert (found.delivered <= found.ideal + 1e-12).all()
    assert (found.outage + found.lag <= 1.0).all()


def test_delay_of_a_geostationary_loop() -> None:
    """119 to 139 ms for each hop (35,786 to 41,679 km): half a second through a bent pipe and back."""
    low, high = loop_delay_s([35786.0, 41679.0], 0.0, 4)
    assert low == pytest.approx(0.4775, abs=1e-3)
    assert high == pytest.approx(0.5561, abs=1e-3)


def test_lognormal_fades_are_recovered() -> None:
    """P.1853-2, step A: a lognormal table gives back its own mean and deviation, and is followed exactly."""
    from scipy.special import ndtri

    percent = np.array([0.01, 0.1, 0.3, 1.0])
    table = np.exp(0.4 - 1.1 * ndtri(percent / 100.0))
    assert fades.lognormal(percent, table) == pytest.approx((0.4, 1.1))
    x = -ndtri(np.array([0.01, 0.05, 0.1, 1.0, 3.0, 7.0]) / 100.0)
    found = fades.attenuation_db(x, percent, table, 5.0)
    assert found[[0, 2, 3]] == pytest.approx(table[[0, 1, 3]])
    assert found[1] == pytest.approx(np.exp(0.4 + 1.1 * x[1]))
    assert 0.0 < found[4] < found[3]
    assert found[5] == 0.0
    assert fades.lognormal_db(np.array([-9.0]), 0.4, 1.1, 5.0).tolist() == [0.0]
    assert fades.attenuation_db(np.array([9.0]), percent, table, 5.0)[0] == pytest.approx(table[0])


def lahore() -> tuple[Climate, np.ndarray]:
    row = (31.55, 0.2142, 62.9972, 4.9682, 297.547, 23.3166, 58.4852, 0.3066, 74.595)
    return Climate(*(np.array([value]) for value in row)), np.array([1.1252])


def test_track_follows_real_passes() -> None:
    """Elevation and range of whoever serves are those of an independent look at the same moment."""
    entry = catalog.entry("constellations", "oneweb")
    fleet = constellations.satellites([entry], datetime(2026, 1, 13, tzinfo=UTC))
    prepared = orbits.prepare(fleet)
    place = visibility.ground([31.55, 24.86], [74.34, 67.01])
    track = passes.along(prepared, place, START, 900.0, 10.0, 30.0)
    served = track.satellite >= 0
    assert (np.isnan(track.range_km) == ~served).all()
    assert np.nanmin(track.elevation_deg) >= 30.0 - 0.05
    step = int(np.flatnonzero(served.all(axis=1))[7])
    when = START + np.timedelta64(10 * step, "s")
    where, _ = orbits.states(prepared[track.satellite[step]], np.array([when], dtype="datetime64[ns]"))
    elevation, _, length = visibility.look(place, where[:, :, 0])
    assert track.elevation_deg[step] == pytest.approx(np.diag(elevation), abs=1e-6)
    assert track.range_km[step] == pytest.approx(np.diag(length) / 1e3, rel=1e-9)


def test_geostationary_geometry() -> None:
    """Under the satellite: 90 degrees and 35,786 km; below the horizon it is refused."""
    track = passes.geostationary(38.0, visibility.ground([0.0], [38.0]), 3)
    assert track.elevation_deg[:, 0] == pytest.approx([90.0] * 3, abs=1e-3)
    assert track.range_km[0, 0] == pytest.approx(35786.0, abs=1.0)
    with pytest.raises(RabtaError, match="horizon"):
        passes.geostationary(-120.0, visibility.ground([31.5], [74.3]), 3)


def test_rain_takes_carrier_and_adds_noise() -> None:
    """C/N falls by more than the attenuation, since rain shines (P.618-14, section 3)."""
    entry = catalog.entry("constellations", "paksat-mm1")
    link = downlinks.of_systems(constellations.systems([entry]))[0]
    air, rain = lahore()
    track = passes.geostationary(38.0, visibility.ground([31.55], [74.34]), 3)
    x = np.array([[-1.0], [2.6], [3.5]])
    total, clear = passes.attenuation_db(link, air, track, x, rain)
    cn = passes.carrier_db(link, air, track, x, rain)
    assert (np.diff(total[:, 0]) > 1.0).all()
    assert (clear < total).all()
    assert ((cn[0, 0] - cn[1:, 0]) > (total[1:, 0] - total[0, 0])).all()


REFUSED = (
    lambda w: follow(np.zeros(3), w, 1.0),
    lambda w: follow(np.zeros((0, 3)), w, 1.0),
    lambda w: follow(np.zeros((3, 1)), w, 0.0),
    lambda w: follow(np.zeros((3, 1)), w, 1.0, Policy(margin_db=-1.0)),
    lambda w: follow(np.zeros((3, 1)), w, 1.0, Policy(hysteresis_db=-1.0)),
    lambda w: follow(np.zeros((3, 1)), w, 1.0, Policy(delay_s=-0.1)),
    lambda w: follow(np.zeros((3, 1)), w, 1.0, Policy(report_s=0.0)),
    lambda w: follow(np.zeros((3, 1)), w, 1.0).fixed(101.0),
    lambda w: fades.process(0, 1, 1.0, 1),
    lambda w: fades.process(1, 1, 0.0, 1),
    lambda w: fades.lognormal([0.1], [3.0]),
    lambda w: fades.attenuation_db([0.0], [0.1, 0.01], [1.0, 2.0], 5.0),
    lambda w: loop_delay_s(-1.0),
)


@pytest.mark.parametrize("call", REFUSED)
def test_what_cannot_be_is_refused(call: object) -> None:
    with pytest.raises(RabtaError) as caught:
        call(modcods.load("dvb-s2"))  # type: ignore[operator]
    assert caught.value.expected


def test_frequency_scaling_is_near_the_direct_prediction() -> None:
    """ITU-R CG-3M3J-13-ValEx Rev 8.3.0, A0.01 at 14.25 and 29 GHz: London and New Delhi."""
    london, delhi = power.scaled_fade_db([6.798072, 14.872137], 14.25, 29.0)
    assert london == pytest.approx(23.444445, rel=0.05)
    assert delhi == pytest.approx(52.833721, rel=0.16)
    assert power.scaled_fade_db([0.0, 5.0], 20.0, 20.0).tolist() == [0.0, 5.0]


def test_power_follows_the_fade_late_and_up_to_its_reserve() -> None:
    fade = np.array([0.0, 2.0, 4.0, 20.0, np.nan, 1.0])[:, None]
    size = {"down_ghz": 20.0, "up_ghz": 20.0, "most_db": 6.0}
    assert power.control_db(fade, 1.0, delay_s=0.0, **size)[:, 0].tolist() == [0.0, 2.0, 4.0, 6.0, 0.0, 1.0]
    assert power.control_db(fade, 1.0, delay_s=1.5, **size)[:, 0].tolist() == [0.0, 0.0, 0.0, 2.0, 4.0, 6.0]
    assert power.control_db(fade, 1.0, delay_s=60.0, **size).sum() == 0.0
    with pytest.raises(RabtaError, match="table"):
        power.control_db([1.0, 2.0], 1.0, **size)
    with pytest.raises(RabtaError, match="ghz"):
        power.scaled_fade_db(1.0, 4.0, 20.0)
