"""Longley-Rice against closed forms, limits that the model states, and hostile inputs.

The published losses are rows of ``rabta verify itm``; these tests hold what the rows do not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from rabta import verify
from rabta.errors import RabtaError
from rabta.radio import itm
from rabta.radio.itm import attenuation, path, variability

GIVEN = itm.Conditions(900e6)
FLAT = np.full(201, 300.0)
PLAIN = itm.from_area((30.0, 1.5), 90.0, 118e-9, ("random", "random"))


def test_published_losses_are_met() -> None:
    rows = verify.run("itm")
    assert len(rows) == 23
    assert [f"{row.name}: {row.ours} for {row.theirs}" for row in rows if not row.passed] == []


def test_wrong_input_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(path.SITING, "very careful", 9.0)
    failed = [row.name for row in verify.run("itm") if not row.passed]
    assert any(name.startswith("area, 10 km") for name in failed)
    assert not any("Mursley" in name for name in failed)


def test_standard_atmosphere_gives_four_thirds_of_the_earth() -> None:
    """N_s = 301 is the effective radius of 4/3 (NTIA Report 82-100, section 2)."""
    assert itm.ground(GIVEN).curvature == pytest.approx(157e-9 * 3.0 / 4.0, rel=2e-4)


def test_deviate_is_the_normal_quantile_to_its_stated_error() -> None:
    """Abramowitz and Stegun, 26.2.23: error below 4.5e-4."""
    share = np.linspace(0.001, 0.999, 999)
    assert np.abs(variability.normal_deviate(share) - norm.isf(share)).max() < 4.5e-4


def test_line_of_a_straight_slope_is_the_slope() -> None:
    start, end = path.fit(np.linspace(100.0, 400.0, 61), 7.3, 49.9)
    assert [start, end] == pytest.approx([100.0, 400.0])


def test_tilted_plane_has_no_irregularity() -> None:
    plane = np.linspace(100.0, 900.0, 301)
    assert path.irregularity(plane, 100.0, 1000.0, 29e3) == pytest.approx(0.0, abs=1e-9)


def test_irregularity_of_noise_is_its_interdecile_range() -> None:
    """The interdecile range of a normal variable is 2.563 deviations; a long path has all of it."""
    noise = np.random.default_rng(1).normal(500.0, 40.0, 20_001)
    assert path.irregularity(noise, 50.0, 0.0, 1000e3) == pytest.approx(2.563 * 40.0, rel=0.12)


def test_horizon_is_the_hill() -> None:
    hill = FLAT.copy()
    hill[60] = 380.0
    far, angle = path.horizons(hill, 100.0, np.array([20.0, 20.0]), 0.0)
    assert far.tolist() == [6000.0, 14_000.0]
    assert angle == pytest.approx([60.0 / 6000.0, 60.0 / 14_000.0])


def test_without_a_hill_terminals_see_each_other() -> None:
    far, angle = path.horizons(FLAT, 100.0, np.array([50.0, 20.0]), 0.0)
    assert far.tolist() == [20_000.0, 20_000.0]
    assert angle == pytest.approx([-30.0 / 20_000.0, 30.0 / 20_000.0])


def test_knife_edge_at_grazing_loses_six_decibels() -> None:
    """Grazing incidence halves the field (ITU-R P.526, figure 9); the fit meets its own far branch."""
    assert attenuation.fresnel(np.array([0.0]))[0] == pytest.approx(6.02)
    near, far = attenuation.fresnel(np.array([5.76 - 1e-9, 5.76]))
    assert near == pytest.approx(far, abs=0.02)


def test_reference_attenuation_is_continuous_over_its_three_ranges() -> None:
    """Equation (4.1): the formulae meet at d_Ls and at d_x."""
    over = itm.ground(GIVEN)
    geometry = itm.from_area((30.0, 1.5), 90.0, over.curvature, ("random", "random"))
    d = np.linspace(1e3, 600e3, 60_000)
    loss = itm.reference(geometry, over, d)
    assert np.abs(np.diff(loss)).max() < 0.1
    link = attenuation.Link(geometry, over)
    _, begin = attenuation._scatter_line(link, attenuation._diffraction_line(link))
    assert link.smooth_m < begin < 600e3  # all three were crossed


def test_arrays_are_the_same_as_one_by_one() -> None:
    d = np.array([2e3, 30e3, 250e3])
    wanted = itm.Quantiles(time=np.array([[0.5], [0.99]]), situation=0.9)
    together = itm.area(d, 90.0, (30.0, 1.5), GIVEN, wanted)
    assert together.shape == (2, 3)
    for i, share in enumerate((0.5, 0.99)):
        for j, one in enumerate(d):
            alone = itm.area(one, 90.0, (30.0, 1.5), GIVEN, itm.Quantiles(time=share, situation=0.9))
            assert together[i, j] == pytest.approx(float(alone), abs=1e-12)


def test_path_is_the_same_from_both_ends() -> None:
    profile = 300.0 + np.cumsum(np.random.default_rng(3).normal(0.0, 8.0, 301))
    there = itm.point_to_point(profile, 90.0, (40.0, 10.0), GIVEN)
    back = itm.point_to_point(profile[::-1], 90.0, (10.0, 40.0), GIVEN)
    assert float(there) == pytest.approx(float(back), abs=1e-9)


def test_a_ridge_costs_more_than_a_plain() -> None:
    ridge = FLAT.copy()
    ridge[95:106] += 200.0
    plain, hidden = (float(itm.point_to_point(z, 100.0, (30.0, 10.0), GIVEN)) for z in (FLAT, ridge))
    assert hidden > plain + 15.0


@pytest.mark.parametrize("mode", variability.MODES)
def test_more_confidence_costs_more_loss(mode: str) -> None:
    wanted = itm.Quantiles(0.5, 0.5, np.array([0.1, 0.5, 0.9, 0.99]), mode)
    loss = itm.area(40e3, 90.0, (30.0, 1.5), GIVEN, wanted)
    assert (np.diff(loss) > 0.0).all()


def test_broadcast_has_less_spread_than_a_single_message() -> None:
    spread = []
    for mode in ("single message", "broadcast"):
        wanted = itm.Quantiles(0.5, 0.5, np.array([0.1, 0.9]), mode)
        spread.append(np.ptp(itm.area(40e3, 90.0, (30.0, 1.5), GIVEN, wanted)))
    assert spread[1] < spread[0]


@pytest.mark.parametrize("climate", path.CLIMATES)
def test_every_climate_gives_finite_losses(climate: str) -> None:
    given = replace(GIVEN, climate=climate)
    wanted = itm.Quantiles(time=np.array([0.001, 0.05, 0.5, 0.999]))
    loss = itm.area(np.geomspace(1e3, 2e6, 60)[:, None], 200.0, (30.0, 1.5), given, wanted)
    assert np.isfinite(loss).all()
    assert (loss > 60.0).all()


def test_any_admissible_input_gives_a_number_or_a_sentence() -> None:
    """Warnings are errors here, so no root or logarithm of a negative number passes either."""
    rng = np.random.default_rng(5)
    numbers = 0
    for _ in range(400):
        frequency, permittivity = 10.0 ** rng.uniform(7.302, 10.3), rng.uniform(1.0, 81.0)
        given = itm.Conditions(frequency, rng.uniform(250.0, 400.0), permittivity, 10.0 ** rng.uniform(-4, 1))
        profile = np.cumsum(rng.normal(0.0, 10.0 ** rng.uniform(-2, 2), rng.integers(3, 400)))
        over = 10.0 ** rng.uniform(-0.3, 3.4, 2)
        try:
            loss = itm.point_to_point(profile, 10.0 ** rng.uniform(0.0, 3.5), over.tolist(), given)
        except RabtaError:
            continue
        numbers += 1
        assert np.isfinite(loss)
    assert numbers > 380


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: itm.Conditions(1e6), "frequency_hz"),
        (lambda: itm.Conditions(float("nan")), "frequency_hz"),
        (lambda: itm.Conditions(900e6, climate="dessert"), "did you mean 'desert'"),
        (lambda: itm.Quantiles(time=1.0), "inside"),
        (lambda: itm.Quantiles(situation=float("nan")), "inside"),
        (lambda: itm.Quantiles(mode="broadcst"), "did you mean 'broadcast'"),
        (lambda: itm.area(3e6, 90.0, (30.0, 1.5), GIVEN), "2000 km"),
        (lambda: itm.area(float("nan"), 90.0, (30.0, 1.5), GIVEN), "2000 km"),
        (lambda: itm.area(1e4, -1.0, (30.0, 1.5), GIVEN), "irregularity"),
        (lambda: itm.area(1e4, 90.0, (30.0,), GIVEN), "two antenna heights"),
        (lambda: itm.area(1e4, 90.0, (30.0, 0.1), GIVEN), "antenna height"),
        (lambda: itm.area(1e4, 90.0, (30.0, 1.5), GIVEN, siting=("carful", "random")), "careful"),
        (lambda: itm.area(1e4, 90.0, (30.0, 1.5), GIVEN, siting=("random",)), "siting"),
        (lambda: itm.area(1e4, 90.0, (30.0, 1.5), replace(GIVEN, refractivity=500.0)), "refractivity"),
        (lambda: itm.ground(itm.Conditions(30e6, permittivity=1.0)), "impedance"),
        (lambda: itm.reference(PLAIN, replace(itm.ground(GIVEN), impedance=1e-3 + 0j), 50e3), "impedance"),
        (lambda: itm.point_to_point([1.0, 2.0], 100.0, (30.0, 1.5), GIVEN), "profile"),
        (lambda: itm.point_to_point([], 100.0, (30.0, 1.5), GIVEN), "profile"),
        (lambda: itm.point_to_point([1.0, float("nan"), 2.0], 100.0, (30.0, 1.5), GIVEN), "profile"),
        (lambda: itm.point_to_point([1.0, 2.0, 3.0], 0.0, (30.0, 1.5), GIVEN), "step"),
    ],
)
def test_bad_input_is_refused(call: object, word: str) -> None:
    assert callable(call)
    with pytest.raises(RabtaError, match=word):
        call()
