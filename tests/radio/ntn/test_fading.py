"""Fast fading of links to satellites against the tables of TR 38.811 and the steps of TR 38.901."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.ntn import fading, largescale, tables

# TR 38.811 V15.4.0: mean and standard deviation of log10 of delay spread (s), ASA and ZSA (degrees), K (dB),
# at 30 degrees; tables 6.7.2-1a, -4a, -6a and -8b, as quoted from three sources (see the catalog entries).
PUBLISHED = {
    ("dense-urban", 2.0, True): ((-7.45, 0.68), (0.92, 0.68), (0.82, 0.05), (9.3, 6.1)),
    ("urban", 2.0, False): ((-7.75, 0.84), (0.52, 2.71), (1.03, 1.29), None),
    ("suburban", 2.0, False): ((-8.69, 1.46), (0.38, 1.52), (-1.75, 1.54), None),
    ("rural", 28.0, False): ((-8.10, 0.92), (0.06, 2.95), (0.72, 1.93), None),
}
COUNT = 40_000


@pytest.mark.parametrize("case", PUBLISHED, ids=str)
def test_large_scale_parameters_have_the_published_moments(case: tuple[str, float, bool]) -> None:
    scenario, ghz, los = case
    drawn = fading.large_scale(np.full(COUNT, 30.0), ghz, scenario, los, seed=4)
    found = (np.log10(drawn.delay_spread_s), np.log10(drawn.asa_deg), np.log10(drawn.zsa_deg), drawn.k_db)
    caps = (np.inf, np.log10(fading.WIDEST_AZIMUTH_DEG), np.log10(fading.WIDEST_ZENITH_DEG), np.inf)
    for values, published, cap in zip(found, PUBLISHED[case], caps, strict=True):
        if published is None:
            assert np.all(values == -np.inf)
            continue
        mean, sigma = published
        free = values < cap - 1e-9  # wider spreads than 38.901 allows are cut
        assert np.median(values) == pytest.approx(mean, abs=0.02 * sigma + 1e-9)
        low = np.quantile(values, 0.1587)
        assert low == pytest.approx(mean - sigma, abs=0.04 * sigma)
        assert free.mean() > 0.5


def test_cross_correlations_are_the_tables() -> None:
    # TR 38.811, table 6.7.2-5a: DS with SF and with K -0.4, ASA with DS 0.8, with SF -0.5, ZSA with SF -0.8
    drawn = fading.large_scale(np.full(COUNT, 60.0), 2.0, "suburban", True, seed=8)
    rows = (drawn.shadowing, drawn.k_db, np.log10(drawn.delay_spread_s), np.log10(drawn.asa_deg),
            np.log10(drawn.zsa_deg))  # fmt: skip
    found = np.corrcoef(np.array(rows))
    published = np.array(
        [
            [1.0, 0.0, -0.4, -0.5, -0.8],
            [0.0, 1.0, -0.4, -0.2, 0.0],
            [-0.4, -0.4, 1.0, 0.8, 0.0],
            [-0.5, -0.2, 0.8, 1.0, 0.4],
            [-0.8, 0.0, 0.0, 0.4, 1.0],
        ]
    )
    np.testing.assert_allclose(found, published, atol=0.02)


def test_shadowing_is_that_of_the_large_scale_links() -> None:
    links = largescale.draw(np.full((3, 50), 40.0), 900.0, 2.0, "urban", seed=6, satellite=[4, 5, 9])
    satellite, place = np.repeat([4, 5, 9], 50), np.tile(np.arange(50), 3)
    los = links.los.ravel()
    drawn = fading.large_scale(
        np.full(150, 40.0), 2.0, "urban", los, seed=6, satellite=satellite, place=place
    )
    sigma = largescale.shadowing_sigma_db(40.0, 2.0, "urban", los)
    np.testing.assert_allclose(drawn.shadowing * sigma, links.shadowing_db.ravel(), atol=1e-5)


@pytest.mark.parametrize("los", [True, False])
@pytest.mark.parametrize("scenario", tables.SCENARIOS)
def test_mean_power_is_one(scenario: str, los: bool) -> None:
    drawn = fading.draw(np.full(20_000, 50.0), 2.0, scenario, los, seed=1)
    power = (np.abs(drawn.coefficient[:, :, 0]) ** 2).sum(axis=1)
    # clusters that are 25 dB down are dropped and their power is not given to the others (38.901, step 6)
    assert power.mean() == pytest.approx(1.0, abs=0.03)
    direct = np.abs(drawn.coefficient[:, 0, 0]) ** 2
    share = 1.0 / (1.0 + 10.0 ** (-drawn.large_scale.k_db / 10.0)) if los else np.zeros(20_000)
    np.testing.assert_allclose(direct, share, atol=1e-6)
    assert drawn.delay_s.min() == 0.0


def test_delays_have_the_drawn_spread() -> None:
    # 38.901, steps 5 and 6 make clusters whose spread is the drawn one only on average and for many of them;
    # with four it scatters, but its median is within a factor and it grows in proportion.
    drawn = fading.draw(np.full(20_000, 50.0), 2.0, "dense-urban", False, seed=2)
    power = np.abs(drawn.coefficient[:, :, 0]) ** 2
    power /= power.sum(axis=1, keepdims=True)
    mean = (power * drawn.delay_s).sum(axis=1)
    rms = np.sqrt(np.maximum((power * drawn.delay_s**2).sum(axis=1) - mean**2, 0.0))
    ratio = rms / drawn.large_scale.delay_spread_s
    assert 0.3 < np.median(ratio) < 1.2
    wide = drawn.large_scale.delay_spread_s > np.median(drawn.large_scale.delay_spread_s)
    assert np.median(ratio[wide]) == pytest.approx(np.median(ratio[~wide]), rel=0.15)


def test_rays_without_line_of_sight_fade_like_rayleigh() -> None:
    drawn = fading.draw(np.full(30_000, 50.0), 2.0, "dense-urban", False, seed=3)
    strong = drawn.coefficient[:, 1:4, 0].sum(axis=1)  # 20 rays
    power = np.abs(strong) ** 2
    relative = power / power.mean()
    assert np.abs(strong.mean()) < 0.02
    assert np.var(relative) > 0.9  # 1 for Rayleigh, more because the clusters' powers differ


def test_satellite_doppler_turns_all_rays_alike() -> None:
    times = np.array([0.0, 1e-3, 2e-3])
    still = fading.draw(np.full(40, 30.0), 28.0, "rural", np.arange(40) % 2 == 0, times, seed=1)
    moving = fading.draw(
        np.full(40, 30.0), 28.0, "rural", np.arange(40) % 2 == 0, times, seed=1, doppler_hz=123.0
    )
    np.testing.assert_allclose(still.coefficient[..., 0], still.coefficient[..., 2], atol=1e-6)
    turned = still.coefficient * np.exp(2j * np.pi * 123.0 * times)
    np.testing.assert_allclose(moving.coefficient, turned, rtol=1e-4, atol=1e-5)


def test_terminal_motion_shifts_the_direct_ray() -> None:
    # straight towards a satellite at 60 degrees: v cos 60 / wavelength
    times, speed = np.linspace(0.0, 1e-3, 5), 30.0
    drawn = fading.draw([60.0], 2.0, "urban", True, times, velocity_m_s=[0.0, speed, 0.0], azimuth_deg=90.0)
    turns = np.unwrap(np.angle(drawn.coefficient[0, 0])) / (2.0 * np.pi)
    hertz = np.polyfit(times, turns, 1)[0]
    assert hertz == pytest.approx(speed * 0.5 * 2e9 / 299_792_458.0, rel=1e-4)


def test_faraday_rotation_crosses_a_linear_polarisation() -> None:
    # TR 38.811, clause 6.8.2: 108 / f^2 degrees, 27 at 2 GHz
    plain = fading.draw([60.0], 2.0, "urban", True)
    turned = fading.draw([60.0], 2.0, "urban", True, faraday=True)
    share = np.abs(turned.coefficient[0, 0, 0]) / np.abs(plain.coefficient[0, 0, 0])
    assert share == pytest.approx(np.cos(np.radians(27.0)), rel=1e-6)


def test_draws_depend_on_no_order() -> None:
    el, satellite = np.linspace(20.0, 80.0, 30), np.arange(30) % 7
    whole = fading.draw(el, 2.0, "urban", False, satellite=satellite, seed=5)
    part = fading.draw(
        el[10:20], 2.0, "urban", False, satellite=satellite[10:20], place=np.arange(10, 20), seed=5
    )
    np.testing.assert_array_equal(part.coefficient, whole.coefficient[10:20])


def test_parameters_are_correlated_over_the_ground() -> None:
    # delay spread without line of sight in urban areas: exp(-d / 40 m), TR 38.811, table 6.7.2-4a
    place = np.array([[0.0, 0.0, 0.0], [0.0, 20.0, 0.0], [0.0, 80.0, 0.0]])
    satellite = np.repeat(np.arange(4000), 3)
    drawn = fading.large_scale(
        np.full(12_000, 50.0), 2.0, "dense-urban", False, satellite=satellite,
        place=np.tile(np.arange(3), 4000), position_m=place,
    )  # fmt: skip
    spread = np.log10(drawn.delay_spread_s).reshape(4000, 3)
    # the cross-correlation with shadowing (50 m) enters with 0.16, the own field with 0.84
    expected = [0.16 * np.exp(-d / 50.0) + 0.84 * np.exp(-d / 40.0) for d in (0.0, 20.0, 80.0)]
    np.testing.assert_allclose(np.corrcoef(spread.T)[0], expected, atol=0.04)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"receive": "circular"}, "polarisation"),
        ({"elevation_deg": [5.0]}, "10 to 90"),
        ({"frequency_ghz": 200.0}, "frequency_ghz"),
        ({"scenario": "forest"}, "surrounding"),
        ({"position_m": np.zeros((0, 3))}, "position_m"),
    ],
)
def test_wrong_input_is_refused_by_name(change: dict[str, object], match: str) -> None:
    given: dict[str, object] = {
        "elevation_deg": [45.0],
        "frequency_ghz": 2.0,
        "scenario": "urban",
        "los": False,
    }
    with pytest.raises(RabtaError, match=match):
        fading.draw(**{**given, **change})  # type: ignore[arg-type]
