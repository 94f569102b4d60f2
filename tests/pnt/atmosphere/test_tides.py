"""Tides against the test case that the IERS publishes with its routine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta import geo, times
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.atmosphere import bodies, tides

# DEHANTTIDEINEL.F of the IERS Conventions 2010, test case: 2009-04-13 0 h UTC.
UTC = np.datetime64("2009-04-13T00:00:00", "ns")
TIME = gnsstime.from_utc(UTC)
STATION = np.array([4075578.385, 931852.890, 4801570.154])
SUN = np.array([137859926952.015, 54228127881.4350, 23509422341.6960])
MOON = np.array([-179996231.920342, -312468450.131567, -169288918.592160])
TIDE = np.array([0.07700420357108125891, 0.06304056321824967613, 0.05516568152597246810])


def test_published_case() -> None:
    np.testing.assert_allclose(tides.solid_from_bodies_m(STATION, SUN, MOON, TIME), TIDE, atol=1e-14)


def test_many_stations_at_once() -> None:
    many = np.stack([STATION, -STATION, STATION[[1, 0, 2]]])
    together = tides.solid_m(many[:, None, :], np.array([int(TIME), int(TIME) + 3_600 * 10**9]))
    assert together.shape == (3, 2, 3)
    one = tides.solid_m(many[2], int(TIME) + 3_600 * 10**9)
    np.testing.assert_allclose(together[2, 1], one, atol=1e-15)


@pytest.mark.parametrize(
    ("ours", "theirs", "arcmin", "share"), [(bodies.sun_m, SUN, 2, 1e-4), (bodies.moon_m, MOON, 5, 1.3e-3)]
)
def test_sun_and_moon(ours: object, theirs: np.ndarray, arcmin: float, share: float) -> None:
    """The bodies of that case are in the frame of the equinox, not turned with the Earth."""
    angle = float(times.gmst_rad(*times.julian_date(UTC)))
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    found = turn @ ours(TIME)  # type: ignore[operator]
    size, whole = np.linalg.norm(found), np.linalg.norm(theirs)
    assert size == pytest.approx(whole, rel=share)
    assert np.degrees(np.arccos(found @ theirs / (size * whole))) < arcmin / 60.0


def test_pole_tide() -> None:
    """IERS Conventions 2010, equations 7.26: -33 mm sin 2theta per arc second toward the pole's meridian."""
    years = (float(bodies.centuries(TIME))) * 100.0
    secular = (55.0 + 1.677 * years) / 1e3, (320.5 + 3.460 * years) / 1e3
    place = 6.378e6 * np.array([np.sqrt(0.5), 0.0, np.sqrt(0.5)])  # 45 N, Greenwich
    moved = tides.pole_m(place, TIME, secular[0] + 0.2, secular[1])
    assert moved @ (place / 6.378e6) == pytest.approx(-33.0e-3 * 0.2, abs=1e-9)  # radial
    assert abs(moved[1]) < 1e-12
    sideways = tides.pole_m(place, TIME, secular[0], secular[1] + 0.2)
    # m2 = -0.2; 9 cos(theta) (m1 sin - m2 cos) = 9 cos 45 x 0.2 east
    assert sideways[1] == pytest.approx(9e-3 * np.sqrt(0.5) * 0.2, abs=1e-9)


def test_ocean_loading_of_one_tide() -> None:
    """M2 alone comes back after 12 h 25 min 14 s, at most its amplitudes, in its own directions."""
    coefficients = np.zeros((6, 11))
    coefficients[:3, 0] = 0.02, 0.004, 0.003
    times_ns = int(TIME) + np.arange(0, 44_714, 60) * 10**9
    moved = tides.ocean_m(STATION, coefficients, times_ns)
    assert np.abs(np.linalg.norm(moved, axis=1).max() - np.linalg.norm((0.02, 0.004, 0.003))) < 1e-6
    again = tides.ocean_m(STATION, coefficients, times_ns[:10] + 44_714_164_000_000)
    np.testing.assert_allclose(again, moved[:10], atol=1e-6)
    with pytest.raises(RabtaError, match="shape"):
        tides.ocean_m(STATION, np.zeros((11, 6)), times_ns)


# sidereon 3.0.4, solid_earth_pole_tide: place, UTC, pole in arc seconds, metres
POLE = (
    (24.86, 67.0, "2024-01-10T06:00:00", 0.08, 0.41, (0.000134161, 0.000204538, 0.000187098)),
    (-54.2, -36.5, "2012-08-03T18:00:00", -0.05, 0.22, (-0.002934695, 0.002541093, 0.004443637)),
)


@pytest.mark.parametrize("case", POLE)
def test_pole_tide_as_another_program(
    case: tuple[float, float, str, float, float, tuple[float, ...]],
) -> None:
    place = geo.ecef_from_geodetic(case[0], case[1], 100.0)
    ours = tides.pole_m(place, gnsstime.from_utc(case[2]), case[3], case[4])
    np.testing.assert_allclose(ours, case[5], atol=2e-9)


def test_ocean_loading_as_another_program() -> None:
    """sidereon 3.0.4, ocean_tide_loading; both with main tides only, rates from different tables: 0.1 mm."""
    coefficients = [
        (0.00352, 0.00123, 0.00080, 0.00032, 0.00187, 0.00112, 0.00063, 0.00003, 0.00082, 0.00044, 0.00037),
        (0.00144, 0.00035, 0.00035, 0.00008, 0.00053, 0.00049, 0.00018, 0.00009, 0.00012, 0.00005, 0.00006),
        (0.00086, 0.00023, 0.00023, 0.00006, 0.00029, 0.00028, 0.00010, 0.00007, 0.00004, 0.00002, 0.00001),
        (-64.7, -52.0, -96.2, -55.2, -58.8, -151.4, -65.6, -138.1, 8.4, 5.2, 2.1),
        (85.5, 114.5, 56.5, 113.6, 99.4, 19.1, 94.1, -10.4, -167.4, -170.0, -177.7),
        (109.5, 147.0, 92.7, 148.8, 50.5, -55.1, 36.4, -170.4, -15.0, 2.3, 5.2),
    ]
    onsala = geo.ecef_from_geodetic(57.395, 11.925, 45.0)
    times_ns = gnsstime.from_utc(["2009-06-25T01:00:00", "2026-03-09T17:00:00"])
    theirs = [(0.000088, 0.0009209, 0.0031337), (0.000066, -0.0004847, -0.0001229)]
    np.testing.assert_allclose(tides.ocean_m(onsala, coefficients, times_ns), theirs, atol=2e-5)


BLQ = """$$ Ocean loading displacement
$$ COLUMN ORDER:  M2  S2  N2  K2  K1  O1  P1  Q1  MF  MM SSA
  ONSALA
$$ ONSALA, RADI TANG lon/lat:   11.9264   57.3958    0.000
  .00352 .00123 .00080 .00032 .00187 .00112 .00063 .00003 .00082 .00044 .00037
  .00144 .00035 .00035 .00008 .00053 .00049 .00018 .00009 .00012 .00005 .00006
  .00086 .00023 .00023 .00006 .00029 .00028 .00010 .00007 .00004 .00002 .00001
   -64.7  -52.0  -96.2  -55.2  -58.8 -151.4  -65.6 -138.1    8.4    5.2    2.1
    85.5  114.5   56.5  113.6   99.4   19.1   94.1  -10.4 -167.4 -170.0 -177.7
   109.5  147.0   92.7  148.8   50.5  -55.1   36.4 -170.4  -15.0    2.3    5.2
$$ END TABLE
"""


def test_reads_a_blq_file() -> None:
    found = tides.read_blq(BLQ.encode())
    assert list(found) == ["ONSALA"]
    assert tides.station(found, "onsala").shape == (6, 11)
    assert found["ONSALA"][0, 0] == 0.00352
    assert found["ONSALA"][5, 10] == 5.2
    with pytest.raises(RabtaError, match="did you mean 'ONSALA'"):
        tides.station(found, "ONSLA")
    with pytest.raises(RabtaError, match="cut short"):
        tides.read_blq(BLQ[:400].rsplit("\n", 1)[0].encode())
    with pytest.raises(RabtaError, match="eleven numbers"):
        tides.read_blq(BLQ.replace(" .00123", "").encode())
    with pytest.raises(RabtaError, match="no station"):
        tides.read_blq(b"$$ nothing\n")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cut=st.integers(0, len(BLQ)), junk=st.binary(max_size=40), at=st.integers(0, len(BLQ)))
def test_damaged_blq_files_are_read_or_refused(cut: int, junk: bytes, at: int) -> None:
    raw = BLQ.encode()[:cut]
    raw = raw[:at] + junk + raw[at:]
    try:
        found = tides.read_blq(raw)
    except RabtaError:
        return
    assert all(table.shape == (6, 11) and np.isfinite(table).all() for table in found.values())
