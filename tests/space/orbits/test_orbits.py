"""Our SGP4 and SDP4 against the ``sgp4`` package: states, velocities, codes, threads and frames."""

from pathlib import Path

import numpy as np
import pytest
from sgp4.api import SatrecArray

from rabta import jit
from rabta.space import elements, orbits, propagate, tle
from rabta.space.walker import walker
from rabta.times import gmst_rad, julian_date
from rabta.verify import sgp4 as suite

SPIN = 7.292115855e-5  # rad/s, rate of Greenwich mean sidereal time

FALLING = 29141  # its elements shrink to less than the Earth's core before they end in an error


def instants(columns: dict, days: float, count: int) -> np.ndarray:
    start = np.datetime64(int((np.median(columns["epoch_jd"]) - 2_440_587.5) * 86_400e9), "ns")
    return start + (np.linspace(0.0, days, count) * 86_400e9).astype("timedelta64[ns]")


def compare(columns: dict, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Errors of position (mm) and velocity (um/s) of good states, after checking that all codes are equal."""
    day, part = julian_date(times)
    codes, places, speeds = SatrecArray(propagate.satrecs(columns)).sgp4(day, part)
    ours, found = orbits.states_at(orbits.prepare(columns), day, part, np.zeros_like(part), velocity=True)
    np.testing.assert_array_equal(found, codes)
    assert np.isnan(ours[:, :3].swapaxes(1, 2)[codes != 0]).all()
    inertial = ours[:, 3:].copy()
    inertial[:, 0] -= SPIN * ours[:, 1]
    inertial[:, 1] += SPIN * ours[:, 0]
    near = (codes == 0) & (np.linalg.norm(places, axis=2) < 60_000.0)
    return (
        np.abs(places.swapaxes(1, 2) * 1e3 - ours[:, :3]).max(axis=1)[near] * 1e3,
        np.abs(speeds.swapaxes(1, 2) * 1e3 - inertial).max(axis=1)[near] * 1e6,
    )


@pytest.fixture(scope="module")
def published() -> dict:
    folder = suite._installed()
    return tle.parse(suite._element_lines(folder / "SGP4-VER.TLE"), checksums=False)


def test_states_of_the_published_set_and_its_error_codes(published: dict) -> None:
    # Every orbit of the set at ten-minute steps around its own epoch, before and after.
    for row in range(len(published["norad"])):
        one = {name: values[row : row + 1] for name, values in published.items()}
        for days in (2.0, -2.0):
            place, speed = compare(one, instants(one, days, 289))
            assert not place.size or place.max() < 1.0, one["norad"]
            worst = 2000.0 if one["norad"] == FALLING else 5.0
            assert not speed.size or speed.max() < worst, one["norad"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["starlink_2026-01-13", "mixed_2023-04", "beidou_2022-02", "gps_2022-02"])
@pytest.mark.parametrize("days", [3.0, -3.0, 14.0])
def test_states_of_real_catalogues(shared: Path, name: str, days: float) -> None:
    columns = tle.parse((shared / "data" / "catalogues" / f"{name}.tle").read_bytes())
    columns = {key: values[::5] for key, values in columns.items()}
    place, _ = compare(columns, instants(columns, days, 70))
    assert place.size
    assert place.max() < 1.0  # a millimetre


def test_positions_are_turned_by_sidereal_time(published: dict) -> None:
    some = {name: values[:5] for name, values in published.items()}
    times = instants(some, 0.3, 100)
    day, part = julian_date(times)
    inertial, _ = orbits.states_at(orbits.prepare(some), day, part, np.zeros_like(part))
    fixed, _ = orbits.states(orbits.prepare(some), times)
    angle = gmst_rad(day, part)
    x = np.cos(angle) * inertial[:, 0] + np.sin(angle) * inertial[:, 1]
    np.testing.assert_allclose(fixed[:, 0], x, atol=1e-4)
    np.testing.assert_allclose(fixed[:, 2], inertial[:, 2], atol=1e-6)


def test_velocity_is_the_rate_of_the_earth_fixed_position(published: dict) -> None:
    one = {name: values[:1] for name, values in published.items()}
    times = instants(one, 0.0, 1)[0] + np.arange(-1, 2) * np.timedelta64(500, "ms")
    found, _ = orbits.states(orbits.prepare(one), times, velocity=True)
    # SGP4's own velocity leaves out part of the rate of its short-period terms: about a metre a second.
    np.testing.assert_allclose(found[0, :3, 2] - found[0, :3, 0], found[0, 3:, 1], atol=2.0)


def test_same_bits_for_one_and_two_threads_and_for_any_chunk() -> None:
    columns = walker(550.0, 53.0, 12, 11, epoch_jd=2_461_053.5)
    own = orbits.prepare(columns)
    times = np.datetime64("2026-01-13", "ns") + np.arange(150) * np.timedelta64(60, "s")
    every = jit.threads()
    try:
        jit.set_threads(1)
        one, _ = orbits.states(own, times, velocity=True)
    finally:
        jit.set_threads(every)
    two, _ = orbits.states(own, times, velocity=True)
    part, _ = orbits.states(own[5:9], times[70:101], velocity=True)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(part, two[5:9, :, 70:101])


def test_positions_equal_the_reference_in_single_precision() -> None:
    frame = elements.table(walker(550.0, 53.0, 7, 9, epoch_jd=2_461_053.5))
    times = np.datetime64("2026-01-13", "ns") + np.arange(130) * np.timedelta64(60, "s")
    ours, want = propagate.positions(frame, times), propagate.positions_reference(frame, times)
    np.testing.assert_allclose(ours, want, atol=0.51)  # float32 steps by half a metre there
    assert (ours == want).mean() > 0.999


def test_elements_that_cannot_start_give_codes_not_numbers() -> None:
    columns = {name: np.asarray(values, dtype=float) for name, values in walker(550.0, 53.0, 1, 3).items()}
    columns["eccentricity"] = np.array([1.0, 0.0, 0.0])
    columns["mean_motion_rev_day"] = np.array([15.0, 0.0, 15.0])
    found, codes = orbits.states(orbits.prepare(columns), np.array(["2026-01-13"], dtype="datetime64[ns]"))
    assert (codes[:2] != 0).all()
    assert codes[2, 0] == 0
    assert np.isnan(found[:2]).all()


@pytest.mark.parametrize(("years", "text"), [(0.1, " km along track"), (6.0, "not known")])
def test_elements_years_away_say_that_the_place_is_lost(published: dict, years: float, text: str) -> None:
    one = {name: values[2:3] for name, values in published.items()}  # 06251, at 400 km
    frame, times = elements.table(one), instants(one, 365.25 * years, 2)[1:]
    assert text in propagate.stale(frame, times)
