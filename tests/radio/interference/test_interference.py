"""Interference beyond the rows of the suite: sums, borders, events, coexistence, jammers, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.geo import ecef_from_geodetic
from rabta.radio import linkbudget
from rabta.radio.interference import aggregate, borders, coexistence, criteria, inline, jammers
from rabta.radio.patterns import earth, sectors, shapes

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def test_operators_add_up() -> None:
    received = np.array([[-120.0, -120.0, -110.0], [-130.0, -np.inf, -140.0]])
    found = aggregate.by_operator([-100.0, -100.0], received, ["a", "a", "b"], -115.0)
    assert found["c_i_db a"][0] == pytest.approx(20.0 - 10.0 * np.log10(2.0))
    total = 10.0 * np.log10(2e-12 + 1e-11)
    assert found["c_i_db"][0] == pytest.approx(-100.0 - total)
    assert found["sinr_db"][0] == pytest.approx(-100.0 - 10.0 * np.log10(10**-11.5 + 10 ** (total / 10)))
    assert found["i_n_db"][1] == pytest.approx(10.0 * np.log10(1e-13 + 1e-14) + 115.0)


def passing(angle_deg: Array, height_m: float) -> Array:
    """One satellite that passes over longitude 70 along the equator."""
    return ecef_from_geodetic(0.0, 70.0 + angle_deg, height_m)[:, None, :]


def test_two_satellites_pass_inline() -> None:
    """The nearer the other satellite lies to the axis, the worse; in line both gains are the peak."""
    times = np.arange(-60.0, 61.0)
    wanted = passing(np.zeros(121), 600e3)
    other = passing(0.05 * times, 1200e3)
    dish = earth.S1428(0.6, 12.0)
    found = inline.series(
        0.0, 70.0, wanted, other, dish,
        frequency_ghz=12.0, wanted_eirp_dbw_mhz=10.0, other_eirp_dbw_mhz=10.0, noise_k=200.0,
    )  # fmt: skip
    middle = 60
    assert found.c_i_db[middle] == pytest.approx(20.0 * np.log10(2.0), abs=1e-6)
    density = 10.0 + dish.peak_dbi - float(linkbudget.free_space_db(600.0, 12.0))
    assert found.carrier_dbw_mhz[middle] == pytest.approx(density, abs=1e-6)
    assert found.c_i_db[0] > 20.0
    events = inline.events(times, found.separation_deg, 5.0)
    assert len(events) == 1
    assert events["at_s"][0] == 0.0
    assert events["start_s"][0] == pytest.approx(-events["end_s"][0])
    inside = np.abs(times) < events["end_s"][0]
    assert (found.separation_deg[inside] < 5.0).all()


def test_nothing_in_view_is_nothing() -> None:
    far = passing(np.full(3, 90.0), 600e3)
    found = inline.series(
        0.0, 70.0, far, far, shapes.Isotropic(),
        frequency_ghz=12.0, wanted_eirp_dbw_mhz=0.0, other_eirp_dbw_mhz=0.0, noise_k=200.0,
    )  # fmt: skip
    assert (found.serving == -1).all()
    assert np.isnan(found.c_i_db).all()
    assert np.isneginf(found.i_n_db).all()
    assert inline.events([0.0, 1.0, 2.0], found.separation_deg, 5.0).empty


def free_space(*ends: Array) -> Array:
    _, _, far = borders.directions(*ends[:5])
    return linkbudget.free_space_db(far, 3.5)


def test_levels_along_a_border() -> None:
    """A site that looks away from the border is weaker by its pattern's difference, in free space."""
    rule = borders.rule("rr-3400-3600", 3500.0)
    sector = sectors.Sector(17.0, 3.5)

    def levels(azimuth: float) -> borders.AtBorder:
        return borders.along(
            rule, [31.6], [74.4], [30.0], [azimuth], [16.0], sector, [31.6, 31.62], [74.55, 74.56],
            free_space, frequency_mhz=3500.0, bandwidth_mhz=100.0,
        )  # fmt: skip

    towards, away = levels(90.0), levels(270.0)
    bearing, elevation, far = borders.directions(31.6, 74.4, 30.0, 31.6, 74.55)
    drop = sector.gain_dbi(bearing - 90.0, elevation) - sector.gain_dbi(bearing - 270.0, elevation)
    assert (towards.strongest - away.strongest)[0] == pytest.approx(float(drop))
    eirp = 16.0 + float(sector.gain_dbi(bearing - 90.0, elevation))
    flux = eirp - 10.0 * np.log10(4.0 * np.pi * (float(far) * 1e3) ** 2) - 10.0 * np.log10(100.0 / 0.004)
    assert towards.strongest[0] == pytest.approx(flux, abs=1e-6)
    assert towards.excess_db[0] == pytest.approx(flux + 154.5, abs=1e-6)


def test_adjacent_channel_costs_less_with_more_ratio() -> None:
    rng = np.random.default_rng(2)
    sinr, carrier = rng.normal(10.0, 6.0, 500), rng.normal(-110.0, 8.0, 500)
    others = rng.normal(-95.0, 10.0, (500, 3))
    loss = coexistence.throughput_loss_percent(sinr, carrier, others, [10.0, 20.0, 30.0, 40.0])
    assert (np.diff(loss) < 0.0).all()
    needed = coexistence.needed_acir_db(sinr, carrier, others)
    at = float(coexistence.throughput_loss_percent(sinr, carrier, others, needed))
    assert at == pytest.approx(coexistence.LIMIT_PERCENT, abs=0.02)


def test_jammer_aloft_reaches_the_horizon() -> None:
    reach = jammers.gnss_jammer_range_km(30.0, 30.0, jammer_height_m=[100.0, 10_000.0])
    np.testing.assert_allclose(reach, jammers.radio_horizon_km([100.0, 10_000.0], 2.0))
    low = jammers.gnss_jammer_range_km(-20.0, 40.0)
    assert float(jammers.gnss_jammer_range_km(-14.0, 40.0)) == pytest.approx(float(low) * 10**0.3)


def test_wideband_jammer_spills() -> None:
    narrow = float(jammers.j_s_db(20.0, 10.0, 120.0, 110.0))
    assert float(jammers.j_s_db(20.0, 10.0, 120.0, 110.0, bandwidth_ratio=10.0)) == pytest.approx(
        narrow - 10.0
    )


def test_criterion_at_its_percentage() -> None:
    levels = np.concatenate([np.full(81, -30.0), np.full(19, 0.0)])  # exceeded for 19 %: allowed for 20
    assert float(criteria.excess_db(levels, "fixed")) == pytest.approx(-20.0)
    assert float(criteria.excess_db(np.concatenate([levels, np.zeros(5)]), "fixed")) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: aggregate.sum_db([np.nan]), "levels_db"),
        (lambda: aggregate.by_operator([0.0], [[0.0, 1.0]], ["a"], 0.0), "received_dbw"),
        (lambda: borders.rule("rr-3400"), "did you mean 'rr-3400-3600'"),
        (lambda: borders.rule("rr-3400-3600", 2600.0), "3400 to 3600"),
        (lambda: criteria.criterion("fixd"), "did you mean 'fixed'"),
        (lambda: coexistence.acir_between("san-meo", "tn-ue"), "san-"),
        (lambda: coexistence.throughput_bps_hz(3.0, "sideways"), "down"),
        (lambda: jammers.effective_cn0_dbhz(44.0, 20.0, signal="l2"), "valid"),
        (lambda: jammers.tolerable_j_s_db(20.0, 28.0), "threshold"),
        (lambda: jammers.processing_gain_db(1.0, 10.0), "spread_hz"),
        (lambda: inline.events([0.0, 0.0], [1.0, 1.0], 5.0), "times_s"),
        (lambda: inline.exceeded([np.nan], 1.0), "levels_db"),
    ],
)
def test_wrong_input_is_refused_by_name(wrong: object, word: str) -> None:
    with pytest.raises(RabtaError, match=word):
        wrong()  # type: ignore[operator]


def test_share_below_is_the_distribution() -> None:
    levels = np.random.default_rng(4).normal(20.0, 5.0, 1000)
    threshold = float(inline.exceeded(levels, 90.0))
    assert float(inline.share_below(levels, threshold)) == pytest.approx(0.1, abs=2e-3)
    with pytest.raises(RabtaError, match="levels_db"):
        inline.share_below([np.nan], 3.0)
