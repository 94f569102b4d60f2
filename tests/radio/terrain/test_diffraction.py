"""P.526: published points of its curves, limits, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import fresnel

from rabta.errors import RabtaError
from rabta.radio.terrain import diffraction


def test_knife_edge_is_the_fresnel_integral() -> None:
    """P.526-15, equation (30): 20 log of the Fresnel integrals; the approximation (31) is within 0.3 dB."""
    v = np.linspace(-0.7, 3.0, 60)
    s, c = fresnel(v)
    exact = -20.0 * np.log10(np.hypot(1.0 - c - s, c - s) / 2.0)
    assert np.abs(diffraction.knife_edge_db(v) - exact).max() < 0.3
    assert diffraction.knife_edge_db(0.0) == pytest.approx(6.02, abs=0.05)


def test_bullington_of_one_edge() -> None:
    """One dominant edge: its own loss, and the correction of equation (21) for what lies around it."""
    d, h = np.array([0.0, 10.0, 20.0]), np.array([0.0, 100.0, 0.0])
    v = float(diffraction.edge_parameter(100.0 + 500.0 / 8500.0 * 100.0 - 20.0, 10.0, 10.0, 0.6))
    edge = float(diffraction.knife_edge_db(v))
    expected = edge + (1.0 - np.exp(-edge / 6.0)) * 10.4
    assert diffraction.bullington_db(d, h, 20.0, 20.0, 8500.0, 0.6) == pytest.approx(expected, abs=1e-9)


def test_sphere_against_its_first_term_and_free_space() -> None:
    """Beyond the horizon the first term; far inside it no loss (P.526-15, section 3.2)."""
    far = diffraction.spherical_earth_db(100.0, 30.0, 10.0, 8500.0, 0.6)
    assert far == pytest.approx(float(diffraction.first_term_db(100.0, 30.0, 10.0, 8500.0, 0.6)))
    assert diffraction.spherical_earth_db(5.0, 100.0, 100.0, 8500.0, 3.0) == 0.0


def test_slope_of_the_residue_series() -> None:
    """Deep in the shadow: 17.6 dB for each normalised distance (P.526-15, equation (17a))."""
    loss = diffraction.first_term_db([400.0, 500.0], 30.0, 30.0, 8500.0, 1.0)
    k = 0.036 * (8500.0 * 1.0) ** (-1 / 3) * (21.0**2 + 0.054**2) ** -0.25 * np.hypot(22.0, 0.054)
    beta = (1 + 1.6 * k**2 + 0.67 * k**4) / (1 + 4.5 * k**2 + 1.53 * k**4)
    x = 21.88 * beta * (1.0 / 8500.0**2) ** (1 / 3) * np.array([400.0, 500.0])
    assert np.diff(loss)[0] == pytest.approx(17.6 * np.diff(x)[0] - 10.0 * np.log10(1.25), abs=1e-9)


def test_delta_bullington_on_level_ground_is_the_sphere() -> None:
    """Without terrain the correction leaves the spherical loss where it is larger than Bullington's."""
    d = np.linspace(0.0, 100.0, 201)
    whole = diffraction.delta_bullington_db(d, np.zeros(201), 20.0, 20.0, 8500.0, 1.0)
    assert whole == pytest.approx(
        float(diffraction.spherical_earth_db(100.0, 20.0, 20.0, 8500.0, 1.0)), abs=1e-9
    )


def test_smooth_surface_of_a_slope_is_the_slope() -> None:
    d = np.sort(np.random.default_rng(1).uniform(0.0, 50.0, 40))
    d[0] = 0.0
    assert diffraction.smooth_surface(d, 100.0 + 3.0 * d) == pytest.approx((100.0, 100.0 + 3.0 * d[-1]))


def test_refusals() -> None:
    with pytest.raises(RabtaError, match="frequency_ghz"):
        diffraction.edge_parameter(10.0, 1.0, 1.0, 0.001)
    with pytest.raises(RabtaError, match="radius_km"):
        diffraction.spherical_earth_db(10.0, 10.0, 10.0, -8500.0, 1.0)
    with pytest.raises(RabtaError, match="tx_height_m"):
        diffraction.spherical_earth_db(10.0, -1.0, 10.0, 8500.0, 1.0)
    with pytest.raises(RabtaError, match="not sorted"):
        diffraction.bullington_db([0.0, 2.0, 1.0], [0.0, 0.0, 0.0], 10.0, 10.0, 8500.0, 1.0)
    with pytest.raises(RabtaError, match="not a profile"):
        diffraction.bullington_db([0.0, 2.0], [0.0, 0.0], 10.0, 10.0, 8500.0, 1.0)
