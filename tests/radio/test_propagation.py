"""Behaviour and limits of the propagation formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.radio import gas, itu, slantpath
from rabta.radio.slantpath import Climate

# New Delhi, from the ITU's validation sheet and maps: the nearest sheet site to Pakistan.
DELHI = Climate(*(np.array([v]) for v in (28.717, 0.2094, 63.6189, 5.2582, 298.0, 24.0, 63.7, 0.21, 75.66)))


@pytest.mark.parametrize(
    ("ghz", "k", "alpha"),
    [(12.0, 0.02386, 1.1825), (20.0, 0.09164, 1.0568), (30.0, 0.24031, 0.9485), (50.0, 0.65996, 0.8084)],
)
def test_rain_coefficients_are_the_tables(ghz: float, k: float, alpha: float) -> None:
    """ITU-R P.838-3, table 5, horizontal polarisation."""
    ours_k, ours_alpha = itu.rain_coefficients(ghz, 0.0, 0.0)
    assert float(ours_k) == pytest.approx(k, abs=5e-6)
    assert float(ours_alpha) == pytest.approx(alpha, abs=5e-5)


def test_circular_is_between_horizontal_and_vertical() -> None:
    horizontal, circular, vertical = (
        float(itu.rain_specific_attenuation(50.0, 20.0, 0.0, tilt)) for tilt in (0.0, 45.0, 90.0)
    )
    assert vertical < circular < horizontal


def test_wet_refractivity_of_the_published_example() -> None:
    """ITU-R P.453-14: at 288.15 K, 1013.25 hPa and saturation the vapour pressure is 17.04 hPa times EF."""
    e = itu.vapour_pressure_hpa(288.15, 100.0, 1013.25)
    assert float(e) == pytest.approx(17.04 * 1.0041, rel=1e-3)
    assert float(itu.wet_refractivity(e, 288.15)) == pytest.approx(72.0 * e / 288.15 + 3.75e5 * e / 288.15**2)


def test_pressure_of_the_standard_atmosphere() -> None:
    """US Standard Atmosphere 1976: 898.76 hPa at 1 km, 540.48 hPa at 5 km."""
    assert np.abs(itu.standard_pressure_hpa([0.0, 1.0, 5.0]) - [1013.25, 898.76, 540.48]).max() < 0.02


def test_nothing_above_the_rain() -> None:
    assert float(slantpath.rain_001_db(35.0, 6.2, 4.9, 40.0, 20.0, 40.0)) == 0.0
    assert float(slantpath.rain_at_percent(0.0, 0.1, 35.0, 40.0)) == 0.0


def test_no_rain_no_attenuation() -> None:
    assert float(slantpath.rain_001_db(28.0, 0.1, 5.0, 0.0, 20.0, 40.0)) == 0.0


def test_parts_add_up_to_the_total() -> None:
    found = slantpath.attenuation(DELHI, 20.0, 48.24, 0.1, diameter_m=1.0, efficiency=0.65, tilt_deg=90.0)
    root = np.sqrt((found.rain + found.cloud) ** 2 + found.scintillation**2)
    assert np.allclose(found.total, found.gas + root, rtol=0, atol=1e-12)


def test_zenith_path_is_finite() -> None:
    found = slantpath.attenuation(DELHI, 20.0, 90.0, 0.01, diameter_m=0.6)
    assert np.isfinite(found.total).all()


@given(
    st.floats(25.0, 89.0),
    st.floats(0.01, 4.0),
    st.floats(0.0, 60.0),
    st.floats(4.0, 55.0),
    st.floats(1.0, 100.0),
)
def test_rarer_is_deeper(el: float, percent: float, lat: float, ghz: float, rate: float) -> None:
    """Deeper fades are rarer; below 0.01 % and 25 degrees equation (8) itself bends back."""
    worst = slantpath.rain_001_db(lat, 0.2, 4.8, rate, ghz, el)
    rare, often = slantpath.rain_at_percent(worst, [percent, min(percent * 10.0, 5.0)], lat, el)
    assert rare >= often >= 0.0


def test_noise_of_an_opaque_and_of_a_clear_sky() -> None:
    assert float(slantpath.sky_noise_k(100.0)) == pytest.approx(275.0)
    assert float(slantpath.sky_noise_k(0.0)) == pytest.approx(2.7)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: itu.rain_coefficients(0.5), "1 to 1000"),
        (lambda: itu.rain_coefficients(float("nan")), "1 to 1000"),
        (lambda: gas.oxygen_specific(1200.0, 1013.25, 7.5, 288.15), "1 to 1000"),
        (lambda: gas.oxygen_height_km(400.0, 1013.25, 288.15), "1 to 350"),
        (lambda: gas.zenith_water_db(20.0, 0.0, 0.0), "0.1 to 200"),
        (lambda: itu.reduced_liquid_absorption(300.0), "1 to 200"),
        (lambda: itu.standard_pressure_hpa(12.0), "-0.5 to 11"),
        (lambda: slantpath.rain_001_db(30.0, 0.0, 5.0, 50.0, 60.0, 40.0), "1 to 55"),
        (lambda: slantpath.rain_001_db(30.0, 0.0, 5.0, 50.0, 20.0, 4.9), "5 to 90"),
        (lambda: slantpath.rain_at_percent(20.0, 6.0, 30.0, 40.0), "0.001 to 5"),
        (lambda: slantpath.rain_at_percent(20.0, 0.0, 30.0, 40.0), "0.001 to 5"),
        (lambda: slantpath.scintillation_db(20.0, 40.0, 60.0, 75.0, 0.6), "0.001 to 50"),
        (lambda: slantpath.scintillation_db(20.0, 3.0, 0.1, 75.0, 0.6), "5 to 90"),
    ],
)
def test_outside_the_recommendation_is_refused_with_its_range(call: object, words: str) -> None:
    with pytest.raises(RabtaError, match=f"expected: {words}"):
        call()  # type: ignore[operator]


def test_cloud_of_the_newest_map_is_taken_where_it_is_known() -> None:
    """ITU-R P.840-9 where its columnar liquid is known (Lahore's), P.840-8 elsewhere."""
    from dataclasses import replace

    from rabta.radio import downlinks, itu, slantpath

    two = slantpath.Climate(*(np.repeat(v, 2) for v in vars(DELHI).values()))
    mixed = replace(two, liquid_kg_m2=np.array([0.1357, np.nan]))
    cloud = mixed.zenith_cloud_db(20.0)
    assert cloud[0] == pytest.approx(float(itu.liquid_absorption(20.0)) * 0.1357)
    assert cloud[1] == pytest.approx(float(itu.reduced_liquid_absorption(20.0)) * 0.21)
    total = slantpath.attenuation(mixed, 20.0, 40.0, 1.0, diameter_m=1.0).total
    table, _ = downlinks.attenuation_table(mixed, 20.0, [40.0], [1.0], diameter_m=1.0, efficiency=0.5)
    assert table[:, 0, 0] == pytest.approx(total)
    assert total[0] < total[1]
