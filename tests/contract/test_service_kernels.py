"""The compiled geometry of navigation users and the whole design matrix agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.pnt.service import geometry


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    count=st.integers(0, 40),
    mask=st.floats(0.0, 40.0),
    ridge=st.floats(0.0, 30.0),
)
def test_kernel_is_the_design_matrix(seed: int, count: int, mask: float, ridge: float) -> None:
    rng = np.random.default_rng(seed)
    way = rng.normal(size=(3, count, 3))
    satellites = 2.6e7 * way / np.linalg.norm(way, axis=-1, keepdims=True)
    heard = rng.random((3, count)) < 0.9
    satellites[~heard] = np.nan
    system, keep = rng.integers(0, 3, count), rng.random((4, count)) < 0.7
    weights = rng.uniform(0.05, 2.0, (2, count, 91))
    mode = rng.integers(0, 2, 4)
    lat, lon = rng.uniform(-89, 89, 5), rng.uniform(-180, 180, 5)
    who = geometry.users(lat, lon, 300.0, np.full((5, 36), ridge))
    sky = geometry.Sky(np.zeros(3), satellites, heard)
    found = geometry.figures(who, sky, geometry.groups(system, keep), geometry.Weights(mode, weights), mask)
    for user in range(5):
        line = satellites - who.position_m[user]
        unit = np.einsum("tsi,ji->tsj", line / np.linalg.norm(line, axis=-1, keepdims=True), who.axes[user])
        elevation = np.degrees(np.arcsin(unit[..., 2]))
        seen = heard & (elevation > mask) & (elevation >= np.float32(ridge)) & (elevation > 0.0)
        for case in range(4):
            for t in range(3):
                rows = np.flatnonzero(seen[t] & keep[case])
                assert found.count[user, case, t] == rows.size
                expected = geometry.reference(unit[t, rows], system[rows], np.ones(rows.size))
                pdop = np.sqrt(np.trace(expected[:3, :3])) if np.isfinite(expected).all() else np.inf
                if pdop > 1e3:
                    assert found["pdop"][user, case, t] > 500.0
                    continue
                assert found["pdop"][user, case, t] == pytest.approx(pdop, rel=1e-4)
                low = np.floor(elevation[t, rows]).astype(int)
                table = weights[mode[case], rows]
                part = elevation[t, rows] - low
                weight = (
                    table[np.arange(rows.size), low] * (1 - part)
                    + table[np.arange(rows.size), low + 1] * part
                )
                whole = geometry.reference(unit[t, rows], system[rows], 1.0 / weight)
                assert found["up"][user, case, t] == pytest.approx(whole[2, 2], rel=1e-3)
                assert found["east"][user, case, t] == pytest.approx(whole[0, 0], rel=1e-3)
                assert found["cross"][user, case, t] == pytest.approx(whole[0, 1], rel=1e-2, abs=1e-3)
                assert found["time"][user, case, t] == pytest.approx(np.diag(whole)[3:].min(), rel=1e-3)
