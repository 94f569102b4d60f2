"""Positions in the Earth-fixed frame against Skyfield, and satellites that cannot be propagated."""

import numpy as np
import pytest

from rabta.space import elements, propagate, tle, visibility
from rabta.space.frames import earth_fixed_reference
from rabta.space.walker import walker

from .samples import IGSO, LEO, MEO, put

# Skyfield 1.55, EarthSatellite(...).at(t).frame_xyz(itrs).m and altaz() from wgs84.latlon(33.68, 73.05, 500):
# element set, UTC, position in metres, elevation, azimuth, range in metres, UT1-UTC in seconds.
SKYFIELD = [
    (
        LEO,
        "2006-06-26T05:10",
        (1140814.41, 5938102.29, 3066190.76),
        18.425071,
        140.018975,
        1049744.1,
        0.19631,
    ),
    (LEO, "2006-06-27T14:00", (1256548.10, 5528333.53, 3667611.22), 41.522790, 98.879194, 553927.4, 0.19624),
    (
        MEO,
        "2006-06-26T01:20",
        (23688825.13, 11618659.32, -2969594.66),
        16.914800,
        237.149068,
        23978486.8,
        0.19631,
    ),
    (
        MEO,
        "2006-06-26T01:30",
        (23744555.18, 11856222.66, -1081328.01),
        20.348366,
        240.245006,
        23657309.9,
        0.19631,
    ),
]


def position(lines: tuple[str, str], instant: str) -> np.ndarray:
    frame = elements.table(tle.parse("\n".join(lines).encode()))
    return propagate.positions(frame, np.array([instant], dtype="datetime64[ns]"))[0, 0].astype(np.float64)


@pytest.mark.parametrize(("lines", "instant", "place", "elevation", "azimuth", "far", "ut1"), SKYFIELD)
def test_positions_and_angles_of_skyfield(
    lines: tuple[str, str],
    instant: str,
    place: tuple[float, float, float],
    elevation: float,
    azimuth: float,
    far: float,
    ut1: float,
) -> None:
    ours = position(lines, instant)
    # Skyfield turns the Earth by UT1; we by UTC. The rest is the rounding of float32.
    turn = 7.292115e-5 * ut1
    c, s = np.cos(turn), np.sin(turn)
    turned = np.array([c * ours[0] + s * ours[1], c * ours[1] - s * ours[0], ours[2]])
    np.testing.assert_allclose(turned, place, atol=2.5)
    assert np.linalg.norm(ours - place) < 1.05 * turn * np.linalg.norm(ours) + 3.0
    up, clockwise, length = visibility.look(visibility.ground(33.68, 73.05, 500.0), turned[None])
    assert up[0, 0] == pytest.approx(elevation, abs=1e-3)
    assert clockwise[0, 0] == pytest.approx(azimuth, abs=1e-3)
    assert length[0, 0] == pytest.approx(far, abs=3.0)


def test_geosynchronous_satellites_move_unless_they_are_fixed() -> None:
    frame = elements.table(tle.parse("\n".join(IGSO).encode()))
    assert len(propagate.moving(frame)) == 1
    assert propagate.geostationary_rows(frame).empty


def test_decayed_satellites_become_nan_and_are_named_once() -> None:
    falling = put(put(LEO[1], 53, "16.35000000"), 27, "0030035")
    frame = elements.table(tle.parse("\n".join(("FALLING", LEO[0], falling, *MEO)).encode()))
    frame["norad"] = 0  # no age, so that only the decay is warned of
    later = np.array(["2006-06-26T00:00", "2009-06-25T20:00"], dtype="datetime64[ns]")
    with pytest.warns(UserWarning, match="FALLING") as caught:
        positions = propagate.positions(frame, later)
    assert sum("FALLING" in str(w.message) for w in caught) == 1
    assert np.isnan(positions[1, 0]).all()
    assert np.isfinite(positions[:, 1]).all()


def test_old_elements_are_warned_of_with_the_error_to_expect() -> None:
    frame = elements.table(tle.parse("\n".join(LEO).encode()))
    fresh = np.array(["2006-06-26T00:00"], dtype="datetime64[ns]")
    assert propagate.stale(frame, fresh) == ""
    assert "10 days" in propagate.stale(frame, fresh + np.timedelta64(10, "D"))
    assert "11 to 31 km" in propagate.stale(frame, fresh + np.timedelta64(10, "D"))


def test_synthetic_shells_do_not_age() -> None:
    frame = elements.table(walker(550.0, 53.0, 2, 2))
    assert propagate.stale(frame, np.array(["2026-01-13"], dtype="datetime64[ns]")) == ""


def test_positions_do_not_depend_on_the_chunk() -> None:
    frame = elements.table(walker(550.0, 53.0, 4, 5, epoch_jd=2_461_053.5))
    times = np.datetime64("2026-01-13", "ns") + np.arange(6) * np.timedelta64(60, "s")
    whole = propagate.positions(frame, times)
    np.testing.assert_array_equal(whole[4:], propagate.positions(frame, times[4:]))
    assert whole.dtype == np.float32


def test_greenwich_turns_once_a_sidereal_day() -> None:
    state = np.array([[[7000.0, 0.0, 0.0], [7000.0, 0.0, 0.0]]])
    day_ns = 86_164_090_530_833  # mean sidereal day, Explanatory Supplement to the Astronomical Almanac
    times = np.datetime64("2026-01-13", "ns") + np.array([0, day_ns]).astype("timedelta64[ns]")
    first, second = earth_fixed_reference(state, np.zeros((1, 2), np.uint8), times)[:, 0].astype(np.float64)
    np.testing.assert_allclose(first, second, atol=2.0)
