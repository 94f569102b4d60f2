"""BDGIM against the reference code of the Chinese Academy of Sciences, run once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import bdgim

Floats = tuple[float, ...]

B1C, B2A = 1_575.42e6, 1_176.45e6
# The example that comes with the reference code (bdgim_c, 2021): 2020-11-05, a station and a satellite.
BROADCAST = (
    *(13.82642069, -1.78004616, 5.172),
    *(3.1303094, -4.58961329, 0.32483867),
    *(-0.07802383, 1.2431259, 0.37763627),
)
STATION = (-2159945.3149, 4383237.1901, 4085412.3177)
SATELLITE = (-34342443.2642, 24456393.0586, 12949.4754)
DAY = np.datetime64("2020-11-05", "s")


def at(hours: object) -> gnsstime.Instants:
    return gnsstime.from_utc(DAY + np.round(np.asarray(hours) * 3600.0).astype("timedelta64[s]"))


# What the reference code gave, a process for each: coefficients, Modified Julian Day, receiver, satellite,
# delay at B1C.
HIGH = (44.0, 1.25, 12.5, -3.0, -9.0, 0.5, -0.625, 0.75, -1.25)
LOW = (6.0, -0.5, 2.0, 0.5, -2.0, 0.25, 0.125, 0.375, -0.5)
CASES = (
    (
        BROADCAST,
        57269.6535,
        (-1671627.1, 4387048.5, 4303237.6),
        (-7418009.7, 24612189.9, -2171539.8),
        1.6560721,
    ),
    (HIGH, 61995.8806, (5137852.6, -3330144.6, -1781683.8), (16911997.5, -3758112.6, 16797507.6), 17.6431758),
    (LOW, 61488.388, (-577587.8, -5915862.9, 2305713.2), (-1582216.8, -27152706.6, 7961435.1), 0.5046732),
    (
        BROADCAST,
        57304.0136,
        (3322985.4, -2665483.0, 4731309.6),
        (19911078.9, -15355356.6, 11645227.5),
        0.4206713,
    ),
    (HIGH, 60395.9077, (849255.4, -6262641.3, 858085.1), (-13356583.8, -10984791.9, 16979357.6), 22.2610579),
    (LOW, 57092.5861, (-561233.3, -3911453.3, 4990082.0), (-5336732.7, -12965211.5, 24463758.3), 1.0631382),
    (
        BROADCAST,
        58016.2642,
        (-5580199.1, -42063.4, 3078784.0),
        (-26340605.0, 149030.2, -4199198.5),
        3.9732915,
    ),
    (HIGH, 60492.56, (-2008719.9, 5448528.3, -2629669.8), (-20899500.1, 1878877.9, -13325277.3), 6.9700477),
    (LOW, 60999.3976, (-1915411.7, 6031488.4, -794527.7), (-23127761.9, 11862663.8, -611250.3), 4.7843926),
)


def test_reference_code_in_a_fresh_process() -> None:
    """Metres at B1C, one process for each hour (even hours are the edges of slots); 17 h is its example."""
    theirs = {1: 3.2873544, 3: 4.4752819, 5: 4.8443338, 7: 4.3237540, 9: 3.1870247, 11: 2.1418851,
              13: 1.6880576, 15: 1.6449433, 17: 1.4413701, 19: 1.1234040, 21: 1.1520122,
              23: 1.9107317}  # fmt: skip
    ours = bdgim.delay_m(BROADCAST, STATION, SATELLITE, at(list(theirs)), B1C)
    np.testing.assert_allclose(ours, list(theirs.values()), atol=1e-6)


@pytest.mark.parametrize(("coefficients", "day", "receiver", "satellite", "theirs"), CASES)
def test_reference_code_elsewhere(
    coefficients: Floats, day: float, receiver: Floats, satellite: Floats, theirs: float
) -> None:
    utc = np.datetime64("1858-11-17", "ms") + np.timedelta64(round(day * 86_400_000), "ms")
    ours = bdgim.delay_m(coefficients, receiver, satellite, gnsstime.from_utc(utc), B1C)
    assert float(ours) == pytest.approx(theirs, abs=2e-6)


@pytest.mark.shared
def test_shared_reference_values(shared: Path) -> None:
    """The file's first hour is the model; the others, of later calls in one process, lack its forecast part.

    The reference code computes the forecast coefficients once a day into a struct that each call clears.
    """
    lines = (shared / "data/gnss/bdgim_reference.txt").read_text().splitlines()
    theirs = np.array([float(line.split()[-2]) for line in lines])
    karachi = geo.ecef_from_geodetic(24.86, 67.0)
    whole = bdgim.delay_m(BROADCAST, STATION, SATELLITE, at(0), B1C)
    assert float(whole) == pytest.approx(theirs[0], abs=1e-4)
    later = bdgim.delay_m(BROADCAST, STATION, SATELLITE, at(range(1, 24)), B1C, forecasts=False)
    np.testing.assert_allclose(later, theirs[1:24], atol=1e-4)
    above = bdgim.delay_m(BROADCAST, karachi, 4.0 * karachi, at(range(0, 24, 3)), B1C, forecasts=False)
    np.testing.assert_allclose(above, theirs[24:], atol=1e-4)


def test_frequency_and_shapes() -> None:
    receivers = geo.ecef_from_geodetic([24.86, 33.7], [67.0, 73.1])
    satellites = receivers[:, None, :] * np.array([4.0, 4.1, 4.2])[:, None]
    delays = bdgim.delay_m(BROADCAST, receivers[:, None, :], satellites, at([3.0, 9.0, 15.0]), B2A)
    assert delays.shape == (2, 3)
    one = bdgim.delay_m(BROADCAST, receivers[1], satellites[1, 2], at(15.0), B1C)
    assert float(delays[1, 2] / one) == pytest.approx((B1C / B2A) ** 2)
    nothing = np.empty((0, 3))
    assert bdgim.delay_m(BROADCAST, nothing, nothing, np.empty(0, np.int64), B1C).shape == (0,)


def test_what_is_not_nine_coefficients_on_the_ground_is_refused() -> None:
    with pytest.raises(RabtaError, match="nine coefficients"):
        bdgim.delay_m(BROADCAST[:8], STATION, SATELLITE, 0, B1C)
    with pytest.raises(RabtaError, match="nine coefficients"):
        bdgim.delay_m((np.nan, *BROADCAST[1:]), STATION, SATELLITE, 0, B1C)
    with pytest.raises(RabtaError, match=r"6.25e\+06 to 6.48e\+06"):
        bdgim.delay_m(BROADCAST, np.array(STATION) * 1.1, SATELLITE, 0, B1C)
