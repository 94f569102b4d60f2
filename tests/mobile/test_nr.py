"""NR modulation and coding against TS 38.214 and against the mapping of another planner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.mobile import nr

# TS 38.214, table 5.1.3.1-2, column "spectral efficiency"
TABLE_2 = """0.2344 0.3770 0.6016 0.8770 1.1758 1.4766 1.6953 1.9141 2.1602 2.4063 2.5703 2.7305 3.0293 3.3223
3.6094 3.9023 4.2129 4.5234 4.8164 5.1152 5.3320 5.5547 5.8906 6.2266 6.5703 6.9141 7.1602 7.4063"""
# pysim5g (Oughton et al., IEEE Access 2019), 4G 1x1: SINR in dB and bit/s/Hz of CQI 1 to 15
PYSIM5G_SINR = [-6.7, -4.7, -2.3, 0.2, 2.4, 4.3, 5.9, 8.1, 10.3, 11.7, 14.1, 16.3, 18.7, 21.0, 22.7]
PYSIM5G_BITS = """0.1523 0.2344 0.3770 0.6016 0.8770 1.1758 1.4766 1.9141 2.4063 2.7305 3.3223 3.9023 4.5234
5.1152 5.5547"""


def test_efficiencies_are_those_of_the_standard() -> None:
    np.testing.assert_allclose(nr.MCS_EFFICIENCY, [float(x) for x in TABLE_2.split()], atol=5.1e-5)


def test_mapping_is_on_the_careful_side_of_another_planner() -> None:
    bits = nr.efficiency(PYSIM5G_SINR)
    theirs = np.array([float(x) for x in PYSIM5G_BITS.split()])
    assert np.all(bits <= theirs + 1e-4)
    assert np.all(bits[3:] >= 0.65 * theirs[3:])


@given(st.floats(-20, 60), st.integers(1, 8))
def test_below_the_attenuated_bound(sinr_db: float, layers: int) -> None:
    sinr = 10 ** (sinr_db / 10)
    bits = nr.efficiency(sinr_db, layers)
    bound = max(n * 0.6 * np.log2(1 + sinr / n) for n in range(1, layers + 1))
    assert 0 <= bits <= bound + 1e-9
    assert bits <= layers * 948 / 1024 * 8
    assert nr.efficiency(sinr_db + 1.0, layers) >= bits


def test_each_mcs_works_at_its_own_threshold() -> None:
    at = 10 * np.log10(nr.MCS_SINR)
    np.testing.assert_allclose(nr.efficiency(at + 1e-6), nr.MCS_EFFICIENCY)
    np.testing.assert_allclose(nr.efficiency(at[1:] - 1e-6), nr.MCS_EFFICIENCY[:-1])
    assert nr.efficiency(at[0] - 1e-6) == 0.0


def test_peak_rate() -> None:
    # TS 38.306, 4.1.2, 100 MHz at 30 kHz, four layers of 256QAM at 948/1024: 2.34 Gbit/s
    assert nr.rate_mbps(4 * 8 * 948 / 1024, 273, 30.0) == pytest.approx(2337, abs=1)
    # ... and 20 MHz at 15 kHz, two layers of 64QAM: 106 x 12 x 14,000 x 2 x 6 x 948/1024 x 0.86 = 170.14
    assert nr.rate_mbps(2 * 6 * 948 / 1024, 106, 15.0) == pytest.approx(170.14, abs=0.01)
