"""Integer least squares against every integer around, and against the example of LAMBDA's authors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.pnt.precise import lambda_

# P. de Jonge and C. Tiberius, The LAMBDA method for integer ambiguity estimation: implementation aspects, LGR
# Series 12, Delft 1996, section 3: three ambiguities, their covariance, and the integer solution 5, 3, 4.
DELFT_A = np.array([5.450, 3.100, 2.970])
DELFT_Q = np.array([[6.290, 5.978, 0.544], [5.978, 6.292, 2.340], [0.544, 2.340, 6.288]])


def test_example_of_delft() -> None:
    found = lambda_.fix(DELFT_A, DELFT_Q)
    assert found.integers[0].tolist() == [5.0, 3.0, 4.0]
    assert found.integers[1].tolist() == [6.0, 4.0, 4.0]
    assert found.distance == pytest.approx([0.2183, 0.3073], abs=1e-4)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.integers(1, 4), stretch=st.floats(0.0, 1.5))
def test_nearest_of_all_integers(seed: int, size: int, stretch: float) -> None:
    rng = np.random.default_rng(seed)
    root = np.tril(rng.normal(size=(size, size))) * 10 ** rng.uniform(-stretch, 0.0, size)
    covariance = root @ root.T + 1e-3 * np.eye(size)
    a = rng.uniform(-1e3, 1e3, size)
    found = lambda_.fix(a, covariance, candidates=3)
    _, distance = lambda_.every(a, covariance, reach=9 if size < 4 else 5)
    inverse = np.linalg.inv(covariance)
    for integer, norm in zip(found.integers, found.distance, strict=True):
        rest = integer - a
        assert norm == pytest.approx(rest @ inverse @ rest, rel=1e-6, abs=1e-9)
    assert (found.distance <= distance[:3] * (1.0 + 1e-9) + 1e-12).all()  # never worse than what was tried
    assert (np.diff(found.distance) >= 0.0).all()


def test_success_rate_is_met_by_drawn_ambiguities() -> None:
    """Teunissen 1998: rounding one by one is right as often as said, integer least squares more often."""
    rng = np.random.default_rng(7)
    root = np.linalg.cholesky(0.04 * DELFT_Q)
    right = 0
    for _ in range(4_000):
        found = lambda_.fix(root @ rng.normal(size=3), 0.04 * DELFT_Q)
        right += not found.integers[0].any()
    assert right / 4_000 >= found.success - 0.02


def test_forty_ambiguities_of_a_short_baseline() -> None:
    """As many as four systems on two frequencies have: the known integers come back."""
    rng = np.random.default_rng(11)
    unit = rng.normal(size=(20, 3))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    design = np.vstack([unit, unit])
    code, phase = 0.3, 0.003
    truth = rng.integers(-500, 500, 40).astype(float)
    full = np.block([[design, np.zeros((40, 40))], [design, 0.2 * np.eye(40)]])
    weight = np.r_[np.full(40, code**-2), np.full(40, phase**-2)]
    noise = np.r_[rng.normal(0, code, 40), rng.normal(0, phase, 40)]
    measured = full @ np.r_[0.1, -0.2, 0.3, truth] + noise
    normal = full.T @ (full * weight[:, None])
    state = np.linalg.solve(normal, full.T @ (weight * measured))
    covariance = np.linalg.inv(normal)[3:, 3:]
    found = lambda_.fix(state[3:], (covariance + covariance.T) / 2)
    assert (found.integers[0] == truth).all()
    assert found.ratio > 3.0
    assert found.success > 0.99


def test_a_covariance_that_is_none_is_refused() -> None:
    with pytest.raises(RabtaError, match="positive definite"):
        lambda_.fix(np.array([0.2, 0.3]), np.array([[1.0, 2.0], [2.0, 1.0]]))
