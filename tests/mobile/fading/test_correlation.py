"""Correlation matrices against those printed in TS 38.101-4 (annex B.2.3) and TS 38.104 (annex G.2.3)."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.phy.fading import correlation


def test_two_by_two() -> None:
    # TS 38.101-4, tables B.2.3.1.2-2 and -3
    high = [[1, 0.9, 0.9, 0.81], [0.9, 1, 0.81, 0.9], [0.9, 0.81, 1, 0.9], [0.81, 0.9, 0.9, 1]]
    np.testing.assert_allclose(correlation.matrix("high", 2, 2), high, atol=1e-12)
    medium = [[1, 0.9, 0.3, 0.27], [0.9, 1, 0.27, 0.3], [0.3, 0.27, 1, 0.9], [0.27, 0.3, 0.9, 1]]
    np.testing.assert_allclose(correlation.matrix("medium", 2, 2), medium, atol=1e-12)


def test_four_by_two() -> None:
    # table B.2.3.1.2-2, first row; printed after a share of identity that keeps it definite when rounded
    row = [1.0000, 0.8999, 0.9883, 0.8894, 0.9542, 0.8587, 0.8999, 0.8099]
    np.testing.assert_allclose(correlation.matrix("high", 2, 4)[0], row, atol=1.5e-4)


def test_crossed_four_by_two() -> None:
    # table B.2.3.2.2-2, 4 x 2: the station's slants are correlated, with a sign that the terminal's decides
    found = correlation.matrix("cross-high", 2, 4)
    row = [1.0, 0.0, 0.9, 0.0, -0.3, 0.0, -0.27, 0.0]
    np.testing.assert_allclose(found[0], row, atol=1e-12)
    np.testing.assert_allclose(found[1], [0.0, 1.0, 0.0, 0.9, 0.0, 0.3, 0.0, 0.27], atol=1e-12)


def test_uplink_has_the_station_at_the_receiver() -> None:
    # TS 38.104, table G.2.3.1.2-1: station 0.9, terminal 0.3
    found = correlation.matrix("medium", 2, 2, uplink=True)
    assert found[0, 1] == pytest.approx(0.9)
    assert found[0, 2] == pytest.approx(0.3)


@pytest.mark.parametrize("level", list(correlation.LEVELS))
@pytest.mark.parametrize(("receive", "transmit"), [(2, 2), (4, 4), (2, 8), (8, 2)])
@pytest.mark.parametrize("uplink", [False, True])
def test_every_matrix_has_a_root(level: str, receive: int, transmit: int, uplink: bool) -> None:
    given = correlation.matrix(level, receive, transmit, uplink=uplink)
    np.testing.assert_allclose(np.diag(given), 1.0)
    assert np.linalg.eigvalsh(given)[0] > -1e-9
    half = correlation.root(level, receive, transmit, uplink=uplink)
    if level == "low":
        assert half is None
        np.testing.assert_array_equal(given, np.eye(receive * transmit))
    else:
        assert half is not None
        order = np.arange(receive * transmit).reshape(transmit, receive).T.ravel()
        np.testing.assert_allclose(half @ half.conj().T, given[np.ix_(order, order)], atol=1e-6)


def test_static_channels() -> None:
    # TS 38.101-4, annex B.1: rows of receivers, columns of ports
    np.testing.assert_array_equal(correlation.static(2, 1), [[1], [1]])
    np.testing.assert_array_equal(correlation.static(2, 2), [[1, 1j], [1, -1j]])
    np.testing.assert_array_equal(correlation.static(2, 4), [[1, 1, 1j, 1j], [1, 1, -1j, -1j]])
    four = [[1, 1, 1j, 1j], [1, 1, -1j, -1j], [1, -1, 1j, -1j], [1, -1, -1j, 1j]]
    np.testing.assert_array_equal(correlation.static(4, 4), four)
    np.testing.assert_array_equal(correlation.static(4, 2), [[1, 1j], [1, -1j], [1, 1j], [1, -1j]])
    np.testing.assert_array_equal(correlation.static(4, 8)[3], [1, 1, -1, -1, -1j, -1j, 1j, 1j])
    with pytest.raises(RabtaError, match="static"):
        correlation.static(3, 2)
    with pytest.raises(RabtaError, match="did you mean 'static'"):
        correlation.ray_matrix("statik", 2, 2)
    with pytest.raises(RabtaError, match="does not fit"):
        correlation.ray_matrix(np.eye(3), 2, 2)


def test_wrong_input_is_refused() -> None:
    with pytest.raises(RabtaError, match="did you mean 'medium'"):
        correlation.root("mediun", 2, 2)
    with pytest.raises(RabtaError, match="pairs"):
        correlation.matrix("cross-high", 1, 2)
    with pytest.raises(RabtaError, match="receive"):
        correlation.matrix("high", 0, 2)
    for wrong in (np.eye(3), [[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.5], [0.0, 1.0]], [[np.nan, 0.0], [0.0, 1.0]]):
        with pytest.raises(RabtaError, match="correlation matrix"):
            correlation.root(wrong, 2, 1)
