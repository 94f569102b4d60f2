"""Neutral air against published tables."""

from __future__ import annotations

import pytest

from rabta.errors import RabtaError
from rabta.pnt.atmosphere import troposphere


@pytest.mark.parametrize(
    ("height", "kelvin", "hpa"),
    # ICAO Doc 7488, table of the standard atmosphere by geopotential altitude
    [
        (-1000, 294.65, 1139.29),
        (0, 288.15, 1013.25),
        (5000, 255.65, 540.199),
        (11000, 216.65, 226.32),
        (20000, 216.65, 54.7489),
    ],
)
def test_standard_air(height: float, kelvin: float, hpa: float) -> None:
    pressure, temperature, _ = troposphere.standard_air(height)
    assert float(temperature) == pytest.approx(kelvin)
    assert float(pressure) == pytest.approx(hpa, rel=2e-5)


def test_hydrostatic_zenith_delay() -> None:
    """Davis et al. 1985: 2.2768 mm/hPa over a gravity that 45 degrees and the sea level leave at one."""
    assert float(troposphere.hydrostatic_zenith_m(1000.0, 45.0, 0.0)) == pytest.approx(2.2768)
    poles, equator = (float(troposphere.hydrostatic_zenith_m(1000.0, lat, 0.0)) for lat in (90.0, 0.0))
    assert poles / equator == pytest.approx((1 - 0.00266) / (1 + 0.00266))
    # IERS Conventions 2010, section 9.2: an error of 0.5 mbar is one of 1.1 mm
    gain = troposphere.hydrostatic_zenith_m(0.5, 45.0, 0.0)
    assert float(gain) == pytest.approx(1.1e-3, abs=5e-5)


def test_out_of_the_air_is_refused() -> None:
    with pytest.raises(RabtaError, match="-1000 to 20000"):
        troposphere.standard_air(25_000.0)
    with pytest.raises(RabtaError, match="elevation_deg"):
        troposphere.simple_mapping(1.0)
    with pytest.raises(RabtaError, match="humidity"):
        troposphere.saastamoinen_m(0.0, 0.0, 90.0, humidity=50.0)
