"""The compiled filter against the one in NumPy."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rabta.pnt.tracks import MOTIONS, follow, reference

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "pnt" / "tracks"))
from drives import drive


@pytest.mark.parametrize("motion", ["vehicle", "aircraft"])
@pytest.mark.parametrize("held_up", [0.0, 0.35])
def test_forward(motion: str, held_up: float) -> None:
    made = drive(40, 12, held_up=held_up)
    rng = np.random.default_rng(4)
    gaps = replace(
        made.rows,
        code_m=np.where(rng.random(480) < 0.1, np.nan, made.rows.code_m),
        rate_m_s=np.where(rng.random(480) < 0.2, np.nan, made.rows.rate_m_s),
        before=np.where(rng.random(480) < 0.3, -1, made.rows.before),
    )
    states, covariances = reference.forward(gaps, made.position_m[0], MOTIONS[motion])
    ours = follow(gaps, made.position_m[0], motion)
    np.testing.assert_allclose(ours.position_m, states[:, :3], rtol=0.0, atol=1e-5)
    np.testing.assert_allclose(ours.velocity_m_s, states[:, 3:6], rtol=0.0, atol=1e-6)
    assert np.isfinite(ours.covariance_m2).all()
    # what is reported is never less than what the filter itself believes
    own = np.trace(covariances[:, :3, :3], axis1=1, axis2=2)
    assert (np.trace(ours.covariance_m2, axis1=1, axis2=2) >= own * (1.0 - 1e-6)).all()
