"""Forwarding warns of elements that are far from the time of the run."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from rabta.space.network.forwarding import forward
from rabta.space.network.geometry import Sites, correct
from rabta.space.network.topology import Network, Shell, shell_network

ENDS = Sites.of([("Karachi", 24.86, 67.01), ("London", 51.51, -0.13)])
EPOCH_JD = 2_451_544.5  # 2000-01-01


def real(bstar: float) -> Network:
    net = shell_network(Shell("S", 550.0, 53.0, planes=12, per_plane=12, epoch_jd=EPOCH_JD))
    return replace(net, elements={**net.elements, "bstar": np.full(net.size, bstar)})


def days(count: int) -> np.ndarray:
    return np.array(["2000-01-01"], "datetime64[ns]") + np.timedelta64(count, "D")


def test_elements_ten_days_old_are_warned_of_with_their_error() -> None:
    with pytest.warns(
        UserWarning, match="elements are 10 days from the time of the run: expect errors of 11 to 31 km"
    ):
        forward(real(1e-4), ENDS, days(10), correct())


@pytest.mark.parametrize(("bstar", "age"), [(1e-4, 2), (0.0, 10)])
def test_fresh_elements_and_patterns_are_not(bstar: float, age: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        forward(real(bstar), ENDS, days(age), correct())
