"""Flux of constellations at the ground against Table 21-4, and its refusals."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.interference import article21


def test_limits_of_10_7_ghz_are_those_of_the_fcc() -> None:
    """47 CFR 25.208 (b): -150 and -140 in 4 kHz, -126 and -116 in 1 MHz, rising by half a dB a degree."""
    for name, low in (("ku-gso", -150.0), ("ku-ngso", -126.0)):
        row = article21.limit(name)
        found = article21.limit_dbw_m2(row, [0.0, 5.0, 6.0, 15.0, 24.0, 25.0, 90.0])
        np.testing.assert_allclose(found - low, [0.0, 0.0, 0.5, 5.0, 9.5, 10.0, 10.0])


def test_a_large_system_loses_only_at_low_angles() -> None:
    """No. 21.16.6: X is 10 dB at 288 satellites; from 25 degrees on it takes nothing."""
    row = article21.limit("ka-ngso")
    np.testing.assert_allclose(
        article21.limit_dbw_m2(row, [5.0, 15.0, 25.0], 288.0), [-125.0, -115.0, -105.0]
    )
    below, above = article21.size_db([288.0, 288.0 + 1e-9])
    assert below == pytest.approx(above)


def test_bandwidths_meet() -> None:
    row = article21.limit("ku-gso")
    wide = article21.excess_db(row, 40.0, -116.0, 1.0)
    narrow = article21.excess_db(row, 40.0, -116.0 - 10.0 * np.log10(250.0), 0.004)
    assert float(wide) == pytest.approx(float(narrow))


def test_distance_at_the_zenith_and_at_the_horizon() -> None:
    np.testing.assert_allclose(article21.slant_km(90.0, [550.0, 1200.0]), [550.0, 1200.0])
    tangent = np.sqrt((article21.EARTH_KM + 550.0) ** 2 - article21.EARTH_KM**2)
    assert float(article21.slant_km(0.0, 550.0)) == pytest.approx(tangent)


def test_constellations_of_the_catalog() -> None:
    """Starlink's flux is held at -122.8 dB(W/m2/MHz), 6.8 dB under -116; a D2D system has no row."""
    found = article21.article21(["starlink", "starlink-direct-to-cell", "paksat-1r", "kuiper"])
    row = found.set_index(["constellation", "limit"])
    assert row.loc[("starlink", "ku-ngso"), "excess_db"] == pytest.approx(-6.8)
    assert np.isnan(row["excess_db"].to_numpy()[row.index.get_loc(("starlink-direct-to-cell", ""))])
    assert ("paksat-1r", "ku-gso") in row.index
    assert bool(row.loc[("kuiper", "ka-ngso"), "size_capped"])
    assert not bool(row.loc[("kuiper", "ka-upper-ngso"), "size_capped"])
    assert (found["elevation_deg"] <= 90.0).all()


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: article21.limit("ku-ngo"), "did you mean"),
        (lambda: article21.holds(1.0, 2.0, "leo"), "gso or ngso"),
        (lambda: article21.size_db(1001), "1 to 1000"),
        (lambda: article21.limit_dbw_m2(article21.limit("ku-gso"), -1.0), "0 to 90"),
        (lambda: article21.excess_db(article21.limit("ku-gso"), 9.0, -120.0, 0.0), "bandwidth_mhz"),
    ],
)
def test_wrong_input_is_refused_by_name(wrong: object, word: str) -> None:
    with pytest.raises(RabtaError, match=word):
        wrong()  # type: ignore[operator]
