"""Errors of ranges and what they make of a position, against integrals and published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.pnt.service import accuracy


@settings(max_examples=25, deadline=None)
@given(minor=st.floats(0.02, 1.0), turn=st.floats(0.0, 3.1), scale=st.floats(0.1, 50.0))
def test_the_circle_holds_95_percent(minor: float, turn: float, scale: float) -> None:
    """Share inside, integrated over the direction: the radial integral of a normal error is exact."""
    c, s = np.cos(turn), np.sin(turn)
    covariance = (
        scale**2 * np.array([[c, -s], [s, c]]) @ np.diag([1.0, minor**2]) @ np.array([[c, s], [-s, c]])
    )
    radius = accuracy.radius95(covariance[0, 0], covariance[0, 1], covariance[1, 1])
    angle = np.linspace(0.0, np.pi, 40_001)[:-1]
    way = np.stack([np.cos(angle), np.sin(angle)])
    inverse = np.linalg.inv(covariance)
    form = np.einsum("ia,ij,ja->a", way, inverse, way)
    inside = np.mean((1.0 - np.exp(-(radius**2) * form / 2.0)) / form) / np.sqrt(np.linalg.det(covariance))
    assert inside == pytest.approx(0.95, abs=6e-4)


def test_two_frequencies_raise_the_noise() -> None:
    """2.59 for L1 and L5, 2.98 for L1 and L2: Navipedia (ESA), ionosphere-free combination."""
    assert accuracy.combined(1575.42e6, 1176.45e6) == pytest.approx(2.59, abs=0.005)
    assert accuracy.combined(1575.42e6, 1227.60e6) == pytest.approx(2.98, abs=0.005)


def test_airborne_errors_of_do_229() -> None:
    """RTCA DO-229D, A.4.4.10.4 and J.2.4: obliquity 3.04 at 5 degrees, multipath 0.13 + 0.53 exp(-el/10)."""
    errors = accuracy.load("standard")
    still = accuracy.Errors({}, 0.0, 0.0, 0.0, 0.13, 0.53, 10.0)
    found = np.sqrt(accuracy.variance(still, 0.0, (1575.42e6,), "single", [5.0, 90.0]))
    assert found == pytest.approx([0.13 + 0.53 * np.exp(-0.5), 0.13 + 0.53 * np.exp(-9.0)])
    assert errors.noise_m == 0.36


def test_a_second_frequency_is_used_only_where_it_helps() -> None:
    errors = accuracy.load("standard")
    elevation = np.arange(5.0, 91.0)
    near = (1268.52e6, 1176.45e6)
    single = accuracy.variance(errors, 0.5, near, "single", elevation)
    dual = accuracy.variance(errors, 0.5, near, "dual", elevation)
    assert (dual <= single).all()
    wide = accuracy.variance(errors, 0.5, (1575.42e6, 1176.45e6), "dual", elevation)
    assert (wide < accuracy.variance(errors, 0.5, (1575.42e6,), "single", elevation)).all()
