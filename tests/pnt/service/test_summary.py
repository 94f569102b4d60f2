"""What a day comes to, against instants counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.pnt.service import geometry, summary


def figures(pdop: list[float], variance: list[float]) -> geometry.Figures:
    values = np.full((1, 1, len(pdop), len(geometry.NAMES)), np.inf, np.float32)
    values[0, 0, :, geometry.NAMES.index("pdop")] = pdop
    for name in ("east", "north", "up", "time"):
        values[0, 0, :, geometry.NAMES.index(name)] = variance
    values[0, 0, np.isfinite(variance), geometry.NAMES.index("cross")] = 0.0
    return geometry.Figures(np.full((1, 1, len(pdop)), 8, np.uint8), values)


def test_a_day_with_an_outage() -> None:
    pdop = [2.0, 2.0, 7.0, np.inf, 3.0, 2.0, 2.0, 2.0]
    variance = [1.0, 1.0, 1.0, np.inf, 1.0, 1.0, 1.0, 1.0]
    found = summary.day(figures(pdop, variance), limit=6.0, step_min=30.0)
    assert found.available[0, 0] == 6 / 8
    assert found.outage_min[0, 0] == 60.0
    assert found.pdop95[0, 0] == np.inf
    assert found.horizontal_m[0, 0] == pytest.approx(
        2.4477, rel=2e-3
    )  # 95 % of a circular error: sqrt(-2 ln 0.05)
    assert found.vertical_m[0, 0] == pytest.approx(1.96, abs=1e-3)
    assert found.time_ns[0, 0] == pytest.approx(1.96 / 0.299792458, rel=1e-3)
    # windows of an hour that begin available: 0 no (7.0 follows within it), 1 no, 4, 5, 6 (wraps), 7 (wraps)
    assert found.continuity[0, 0] == pytest.approx(4 / 6)


def test_a_day_without_a_position() -> None:
    found = summary.day(figures([np.inf] * 4, [np.inf] * 4), limit=6.0, step_min=360.0)
    assert found.available[0, 0] == 0.0
    assert np.isnan(found.horizontal_m[0, 0])
    assert np.isnan(found.continuity[0, 0])
    assert found.outage_min[0, 0] == 1440.0
