"""TR 38.901 rural macro path loss against an independent implementation, and building entry and hills."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.mobile import pathloss

# ns-3, src/propagation/test/three-gpp-propagation-loss-model-test-suite.cc: RMa at 5 GHz, base 35 m, user
# 1.5 m, no shadowing; received power for 0 dBm, with the sign turned.
NS3_LOS = {10.0: 77.3784, 100.0: 87.2965, 1000.0: 108.5577, 10_000.0: 140.3896}
NS3_NLOS = {10.0: 77.3784, 100.0: 95.7718, 1000.0: 133.5223, 5000.0: 160.5169}


def test_line_of_sight_is_that_of_ns3() -> None:
    got = pathloss.rma_los_db(list(NS3_LOS), 5.0)
    np.testing.assert_allclose(got, list(NS3_LOS.values()), atol=6e-5)


def test_without_line_of_sight_is_that_of_ns3() -> None:
    got = pathloss.rma_nlos_db(list(NS3_NLOS), 5.0)
    np.testing.assert_allclose(got, list(NS3_NLOS.values()), atol=6e-5)


def test_probability_of_line_of_sight() -> None:
    # TR 38.901, table 7.4.2-1: certain within 10 m, then exp(-(d - 10) / 1000)
    got = pathloss.rma_los_probability([5.0, 10.0, 1010.0, 5010.0])
    np.testing.assert_allclose(got, [1.0, 1.0, np.exp(-1.0), np.exp(-5.0)])


def test_breakpoint() -> None:
    # TR 38.901, note 5: 2 pi h_BS h_UT f / c with c = 3e8 m/s; 35 m, 1.5 m and 700 MHz by hand
    assert pathloss.breakpoint_m(0.7, 35.0, 1.5) == pytest.approx(769.69, abs=0.01)


@given(st.floats(10.0, 9000.0), st.floats(1.01, 1.1), st.floats(0.5, 6.0))
def test_loss_grows_with_distance_and_frequency(distance: float, factor: float, frequency: float) -> None:
    for loss in (pathloss.rma_los_db, pathloss.rma_nlos_db):
        here = loss(distance, frequency)
        assert loss(distance * factor, frequency) > here
        # Above the breakpoint the two-ray slope takes frequency out of the line-of-sight loss.
        assert loss(distance, frequency * factor) >= here - 0.1
    assert pathloss.rma_nlos_db(distance, frequency) >= pathloss.rma_los_db(distance, frequency)


def test_entry_loss() -> None:
    # TR 38.901, table 7.4.3-2 low-loss model by hand at 3.5 GHz: glass 2.7 dB, concrete 19 dB:
    # 5 - 10 log10(0.3 x 0.53703 + 0.7 x 0.012589) = 12.697 dB
    assert pathloss.entry_loss_db(3.5) == pytest.approx(12.697, abs=1e-3)
    assert pathloss.entry_loss_db(3.5, depth_m=10.0) == pytest.approx(17.697, abs=1e-3)


def test_hills() -> None:
    # NTIA/ehata: a + log10(dh) (b + c log10(dh)) with dh = 100 m: -1.5072 + 2 (8.4587 - 12.2051) = -9.0000
    assert pathloss.hills_db(100.0 / pathloss.INTERDECILE) == pytest.approx(9.0, abs=1e-3)
    assert pathloss.hills_db([0.0, 5.0]).tolist() == pytest.approx([0.0, 0.0], abs=1e-3)
    steps = pathloss.hills_db(np.linspace(0, 1500, 200))
    assert np.all(np.diff(steps) >= 0)
