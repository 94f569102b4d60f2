"""Neutral air against published tables."""

from __future__ import annotations

import pytest

from rabta.errors import RabtaError
from rabta.pnt import gnsstime
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


# Latitude, height, elevation, GPS week, seconds; hydrostatic and wet mapping (tropmapf), slant delay of the
# seasonal air with the simple mapping (sbstropcorr): RTKLIB-EX 2.5.1 through pyrtklib5.
RTKLIB = (
    (-70.439642, 947.242, 73.108330, 2334, 56929.003, 1.044977807, 1.045030903, 2.170106164),
    (-11.368420, 1916.205, 18.577808, 2191, 444272.261, 3.105932685, 3.122993609, 6.127251699),
    (-65.675757, 1564.913, 48.922916, 2110, 354895.776, 1.325420775, 1.325959491, 2.516304083),
    (40.432424, 3825.069, 29.157099, 2115, 392241.351, 2.044886664, 2.048749965, 3.052585494),
    (33.356719, 1170.883, 5.126657, 1938, 180473.060, 9.948550680, 10.527687931, 21.000550874),
    (-31.622380, 3566.844, 54.738850, 2386, 285048.086, 1.223985916, 1.224348860, 1.875036746),
    (46.457092, 121.384, 65.092033, 2159, 54947.721, 1.102258103, 1.102415486, 2.672659057),
    (27.285011, 3725.855, 22.611249, 2087, 381078.553, 2.583913958, 2.592509578, 3.882182415),
)


@pytest.mark.parametrize("case", RTKLIB)
def test_niell_and_seasonal_air_as_rtklib(case: tuple[float, ...]) -> None:
    lat, height, elevation, week, seconds, dry, wet, slant = case
    time = gnsstime.from_week(week, seconds)
    ours = troposphere.niell(lat, height, elevation, time)
    assert float(ours[0]) == pytest.approx(dry, abs=5e-7)
    assert float(ours[1]) == pytest.approx(wet, abs=5e-7)
    zenith = sum(float(item) for item in troposphere.seasonal_zenith_m(lat, height, time))
    assert zenith * float(troposphere.simple_mapping(elevation)) == pytest.approx(slant, abs=2e-6)
    mapped = troposphere.seasonal_m(lat, height, elevation, time)
    assert float(mapped) == pytest.approx(slant, rel=6e-3)  # two mappings


def test_niell_beside_the_global_mapping_function() -> None:
    """IERS Conventions 2010, test case of GMF.F (Green Bank, 2009-08-12): two models within 3e-4."""
    time = gnsstime.from_utc("2009-08-12")
    dry, wet = troposphere.niell(38.43782, 844.715, 90.0 - 73.2563287, time)
    assert float(dry) == pytest.approx(3.425245519, rel=3e-4)
    assert float(wet) == pytest.approx(3.449589116, rel=3e-4)
