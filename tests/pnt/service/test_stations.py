"""Siting of stations against every set of a small country."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from rabta.pnt.service.aids import stations


@pytest.mark.parametrize("seed", range(6))
def test_bound_and_choice_against_every_set(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reach, weight = rng.random((9, 30)) < 0.25, rng.random(30)
    found = stations.site(reach, weight, share=1.0, most=9)
    for k in range(1, len(found.rows) + 1):
        best = (
            max(weight[reach[list(some)].any(axis=0)].sum() for some in combinations(range(9), k))
            / weight.sum()
        )
        assert found.covered[k - 1] == pytest.approx(
            weight[reach[found.rows[:k]].any(axis=0)].sum() / weight.sum()
        )
        assert found.covered[k - 1] <= best + 1e-12 <= found.bound[k - 1] + 2e-12
        assert (
            found.covered[k - 1] >= (1.0 - (1.0 - 1.0 / k) ** k) * best - 1e-12
        )  # Nemhauser, Wolsey, Fisher 1978


def test_reach_is_a_great_circle() -> None:
    """Lahore to Gujranwala is some 65 km, to Islamabad some 270 km."""
    lat, lon = np.array([31.55]), np.array([74.34])
    to = np.array([32.16, 33.72]), np.array([74.19, 73.06])
    assert stations.within(lat, lon, *to, 75.0).tolist() == [[True, False]]
    assert stations.within(lat, lon, *to, 300.0).tolist() == [[True, True]]


def test_it_stops_where_nothing_is_gained() -> None:
    reach = np.array([[True, False], [True, False]])
    found = stations.site(reach, np.array([1.0, 1.0]), share=1.0, most=2)
    assert found.rows.tolist() == [0]
    assert found.covered.tolist() == [0.5]
