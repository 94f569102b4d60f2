"""Rain of the year, links behind it, two sites and fades: against the Recommendations' numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from rabta.errors import RabtaError
from rabta.radio import downlinks, slantpath
from rabta.radio.antennas import Terminal
from rabta.radio.downlinks import ELEVATION_BINS_DEG, Downlink
from rabta.radio.slantpath import Climate
from rabta.radio.weather import diversity, fading, feeders, links
from rabta.verify.radio.sky.sheets import Folder
from rabta.verify.weather import measured, suite


def lahore(height_km: float = 0.214) -> Climate:
    values = (31.55, height_km, 63.0, 4.97, 297.5, 23.3, 58.5, 0.31, 74.6)
    return Climate(*(np.array([v]) for v in values))


@pytest.mark.parametrize("row", suite.two_sites(), ids=lambda row: row.name)
def test_two_sites(row: object) -> None:
    """P.618-14 section 2.2.4.1 as two other implementations have it; what is shown only is finite."""
    assert row.status in {"ok", "shown"}, row


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9, 0.98])
@pytest.mark.parametrize(("h", "k"), [(0.0, 0.0), (2.3, 1.1), (3.7, 3.7), (-1.0, 2.0)])
def test_bivariate_normal(h: float, k: float, rho: float) -> None:
    wanted = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([-h, -k])
    assert float(diversity.joint_upper(h, k, rho)) == pytest.approx(wanted, rel=1e-6, abs=1e-12)


def test_moments_of_two_sites_are_joint_as_the_formula_says() -> None:
    """300,000 moments of Lahore and Islamabad: both wet, and both in their worst half per cent."""
    km, rain = 235.6, np.array([1.2188268, 3.63369578])
    percent = diversity.moments(np.array([[0.0, km], [km, 0.0]]), rain, 300_000)
    both = float((percent < 99.0).all(axis=1).mean())
    level = stats.norm.isf(rain / 100.0)
    wanted = float(diversity.joint_upper(*level, diversity.rain_correlation(km)))
    assert both == pytest.approx(wanted, abs=4 * np.sqrt(wanted / 300_000))
    for site, chance in zip(percent.T, rain, strict=True):
        for p in (0.5, 0.05):
            share = float((site <= p).mean())
            assert share == pytest.approx(p / 100.0, abs=4 * np.sqrt(p / 100.0 / 300_000)), chance


def test_nested_sets_take_the_driest_first_and_then_what_helps_the_worst_moments() -> None:
    """Of three sites the third fails together with the first: second best is the other one."""
    share = np.ones((1000, 3), np.float32)
    share[:20, [0, 2]] = 0.0
    share[20:45, 1] = 0.0
    assert diversity.nested_sets(share, np.ones(3), 0.98)[:2] == [0, 1]


def test_no_rain_has_no_fit() -> None:
    site = suite.site("Lahore")
    with pytest.raises(RabtaError, match="too little rain"):
        site.fit(0.015)


@pytest.mark.shared
def test_fades_of_the_sheet(shared: Path) -> None:
    """All 88 rows of ITURP1623-1_number_of_fades and 10 shares of time of ITURP1623-1_fade_duration."""
    folder = shared / "validation" / "itu"
    sheet = Folder(folder).read("ITURP1623-1_number_of_fades")
    assert len(sheet) > 80
    for row in sheet.astype(float).itertuples():
        number, _ = fading.fades(row.D, row.A, row.el, row.f, row.T_tot)
        assert float(number) == pytest.approx(row.N, rel=2e-6)
    for row in Folder(folder).read("ITURP1623-1_fade_duration_params").astype(float).itertuples():
        number, share = fading.fades(row.D, row.A, row.el, row.f, row.T_tot)
        assert (float(number), float(share)) == pytest.approx((row.N, row.F), rel=2e-6)


def test_drawn_rain_is_exceeded_as_often_as_in_the_recommendation() -> None:
    """Places like Karachi, whole fields: attenuation above A(p) of P.618 lasts p of the year."""
    percents = (0.2, 0.05)
    for percent, found in zip(percents, measured.exceedance(0.3422, percents, draws=64), strict=True):
        assert found.value == pytest.approx(percent, abs=4 * found.error)
        assert found.error < 0.35 * percent


def test_percent_of_given_fields() -> None:
    """It rains 2 % of the year: above the level 2.0537; the median of its depth is then 1 % of the year."""
    rain = np.array([[2.0, 2.1, 2.1]], np.float32)
    depth = np.array([[0.0, 0.0, 1.2816]], np.float32)
    found = links.exceeded_percent(rain, depth, np.array([2.0, 2.0, 2.0]))[0]
    assert found.tolist() == pytest.approx([100.0, 1.0, 0.2], rel=1e-4)
    assert (links.exceeded_percent(rain, depth, np.zeros(3)) == links.DRY).all()


@pytest.mark.shared
def test_rain_rates_beside_the_sheet(shared: Path) -> None:
    """One lognormal for the year is within 25 % of P.837-7's twelve at 0.1 to 0.35 % of the year."""
    folder = shared / "validation" / "itu"
    chance = Folder(folder).read("ITURP837-7_rainfall_rate_probability").astype(float)
    sheet = Folder(folder).read("ITURP837-7_rainfall_rate").astype(float)
    known = {(r.lat, r.lon): r.p for r in chance.itertuples()}
    at_001 = {(r.lat, r.lon): r.Rp for r in sheet.itertuples() if r.p == 0.01}
    compared = 0
    for r in sheet.itertuples():
        place = (r.lat, r.lon)
        if place in known and known[place] > 0.5 and at_001.get(place, 0.0) > 0.0:
            ours = links.rain_rate_mmh(np.array(r.p), np.array(known[place]), np.array(at_001[place]))
            assert float(ours) == pytest.approx(r.Rp, rel=0.25), place
            compared += 1
    assert compared >= 20


def test_carrier_in_rain_is_that_of_the_percentage() -> None:
    """At the node of 0.5 % the C/N is that of a link judged at 99.5 %; more rain is never better."""
    panel = Terminal("panel", 0.5, 12.0, 200.0, 1.2, 300.0, "dvb-s2x")
    link = Downlink(11.7, 45.0, 9.0, 240.0, panel)
    table = links.carrier_tables(lahore(), [link])[0, 0]
    found = slantpath.attenuation(lahore(), 11.7, 45.0, 0.5, diameter_m=0.5, efficiency=0.6)
    bin_ = int(np.flatnonzero(ELEVATION_BINS_DEG == 45.0)[0])
    wanted = link.carrier_db(45.0, found.total[0], found.gas[0])
    assert table[bin_, links.NODES.index(0.5)] == pytest.approx(float(wanted), abs=1e-3)
    assert (np.diff(table[:, :-1], axis=1) > 0.0).all()
    assert (table[:, -1] > table[:, -2]).all()


def test_interpolation_between_percentages() -> None:
    """Between two nodes the C/N is within 0.15 dB of its own, 0.015 to 4 % of the year, 25 degrees and up."""
    panel = Terminal("panel", 0.5, 12.0, 200.0, 1.2, 300.0, "dvb-s2x")
    link = Downlink(19.95, 45.0, 9.0, 240.0, panel)
    table = links.carrier_tables(lahore(), [link])[0, 0].astype(np.float64)
    nodes = np.array(links.NODES) ** -0.3
    high = ELEVATION_BINS_DEG >= 25.0
    for percent in (0.015, 0.03, 0.07, 0.15, 0.3, 0.7, 1.5, 3.0, 4.0):
        loss, zenith = downlinks.attenuation_table(
            lahore(), 19.95, ELEVATION_BINS_DEG, percent, diameter_m=0.5
        )
        clear = zenith[0] / np.sin(np.radians(ELEVATION_BINS_DEG))
        own = link.carrier_db(ELEVATION_BINS_DEG, loss[0, :, 0], clear)
        low = int(np.searchsorted(links.NODES, percent)) - 1
        share = (nodes[low] - percent**-0.3) / (nodes[low] - nodes[low + 1])
        ours = table[:, low] * (1.0 - share) + table[:, low + 1] * share
        assert np.abs(ours - own)[high].max() < 0.15, percent


def test_a_gateway_s_feeder() -> None:
    """Uplink at 45 degrees and 500 km: 60.5 dBW, 679 km, 13.8 dB/K, 480 MHz give 37.3 dB in clear sky.

    Free space at 28.75 GHz over 679 km is 178.25 dB (P.525); 178.25 - 60.5 - 13.8 - 228.6 + 86.81 = -37.8,
    gas and cloud take half a dB and more. DVB-S2X needs 14 to 16 dB for 4 bit/s/Hz: 20 dB of rain are free.
    """
    link = feeders.uplink("starlink", 25.0, 1.0)
    assert link.frequency_ghz == 28.75
    elevation, weight = link.strips()
    assert weight.sum() == pytest.approx(1.0)
    assert (np.diff(weight) < 0.0).all()
    assert elevation[0] == pytest.approx(26.25)
    table = link.factors(lahore())
    assert table[0, -1] == 1.0
    assert (np.diff(table[0, :-1]) >= -1e-12).all()
    left = feeders.share_left(table, np.array([[100.0], [1.0], [0.05], [0.001]], np.float32))[:, 0]
    assert left[0] == left[1] == 1.0
    assert 0.0 < left[2] < 1.0
    assert left[3] == 0.0


def test_strips_are_the_view_of_an_even_shell() -> None:
    """Satellites thrown at random on a sphere, seen from one place, fall into the strips by their weights."""
    link = feeders.uplink("starlink", 25.0, 1.0)
    rng = np.random.default_rng(2)
    away = np.arccos(1.0 - rng.random(400_000) * 0.02)
    ratio = 6371.0 / (6371.0 + link.altitude_km)
    seen = np.degrees(np.arctan2(np.cos(away) - ratio, np.sin(away)))
    edges = np.linspace(25.0, 90.0, link.strips()[1].size + 1)
    count = np.histogram(seen, edges)[0]
    assert count.sum() > 50_000
    error = np.sqrt(count) / count.sum()
    assert (np.abs(count / count.sum() - link.strips()[1]) < 4.5 * error).all()


def test_spells() -> None:
    assert fading.spells(np.array([True, False, True, True]), 60.0).size == 0
    assert fading.spells(np.zeros(5, bool), 60.0).size == 0
    assert fading.spells(np.array([False, True, False]), 30.0).tolist() == [30.0]
