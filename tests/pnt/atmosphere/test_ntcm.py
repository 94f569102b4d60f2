"""NTCM-G against test vectors of its description."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import ntcm

LEVELS = {
    "high": (236.831641, -0.39362878, 0.00402826613),
    "medium": (121.129893, 0.351254133, 0.0134635348),
    "low": (2.580271, 0.127628236, 0.0252748384),
}
# NTCM-G Ionospheric Model Description 1.0, annex: UTC hour of day 105, receiver and satellite (longitude,
# latitude, height), TECu.
VECTORS = (
    ("high", 0, -62.34, 82.49, 78.11, 8.23, 54.29, 20281546.18, 33.7567),
    ("high", 4, -62.34, 82.49, 78.11, 140.68, 35.85, 19953735.00, 54.6962),
    ("high", 8, -52.81, 5.25, -25.76, -48.38, -31.04, 20069586.93, 39.9556),
    ("high", 12, -52.81, 5.25, -25.76, -102.83, -40.74, 20153844.84, 194.4159),
    ("high", 20, -52.81, 5.25, -25.76, 10.94, 44.72, 20450566.19, 252.0204),
    ("medium", 0, 40.19, -3.00, -23.32, 76.65, -41.43, 20157673.93, 28.3208),
    ("medium", 4, 40.19, -3.00, -23.32, 107.19, -10.65, 19943686.06, 108.8940),
    ("medium", 8, 40.19, -3.00, -23.32, 89.22, -40.56, 20055109.63, 149.9891),
    ("medium", 12, 40.19, -3.00, -23.32, 90.78, -28.26, 20081398.25, 153.7801),
    ("low", 0, 141.13, 39.14, 117.00, 165.14, -13.93, 20181976.50, 51.5270),
    ("low", 4, 141.13, 39.14, 117.00, -130.77, 54.40, 20121312.41, 38.0286),
    ("low", 20, -155.46, 19.80, 3754.69, -82.52, 20.64, 19937791.48, 67.4750),
)


@pytest.mark.parametrize("vector", VECTORS)
def test_published_vectors(
    vector: tuple[str, float, float, float, float, float, float, float, float],
) -> None:
    level, hour, numbers = vector[0], vector[1], vector[2:]
    receiver = geo.ecef_from_geodetic(numbers[1], numbers[0], numbers[2])
    satellite = geo.ecef_from_geodetic(numbers[4], numbers[3], numbers[5])
    time = gnsstime.from_utc(np.datetime64("2019-04-15") + np.timedelta64(int(hour), "h"))
    ours = ntcm.slant_tecu(LEVELS[level], receiver, satellite, time)
    assert float(ours) == pytest.approx(numbers[6], abs=1e-4)
    metres = ntcm.delay_m(LEVELS[level], receiver, satellite, time, 1_575.42e6)
    assert float(metres) == pytest.approx(0.1623726 * numbers[6], rel=1e-5)


def test_wrong_number_of_coefficients() -> None:
    with pytest.raises(RabtaError, match="three coefficients"):
        ntcm.ionisation((1.0, 2.0))
