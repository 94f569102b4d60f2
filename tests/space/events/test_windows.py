"""Windows against dense grids of SGP4 itself: nothing missed, edges right, grazes, terrain, threads."""

from pathlib import Path

import numpy as np
import pytest

from rabta import jit
from rabta.errors import RabtaError
from rabta.space import orbits, tle, visibility
from rabta.space.events import windows as search
from rabta.space.walker import walker

START = np.datetime64("2026-01-13", "ns")
CITIES = [(31.55, 74.34), (24.86, 67.0), (0.0, 10.0), (-33.9, 18.4), (53.0, -6.0), (64.1, -21.9)]


def clearance(
    own: orbits.Orbits, place: visibility.Ground, seconds: np.ndarray, least_deg: float
) -> np.ndarray:
    """Degrees above the least elevation and the terrain by SGP4 itself, shape (place, satellite, time)."""
    times = START + (seconds * 1e9).round().astype("timedelta64[ns]")
    found, _ = orbits.states(own, times)
    out = np.empty((len(place.cell_m), len(own), len(seconds)))
    for site in range(len(place.cell_m)):
        offset = found - place.cell_m[site][None, :, None]
        east, north, up = np.einsum("ij,sjt->ist", place.axes[site], offset)
        elevation = np.degrees(np.arctan2(up, np.hypot(east, north)))
        azimuth = np.degrees(np.arctan2(east, north))
        horizon = visibility.horizon_at(np.broadcast_to(place.horizon_deg[site], (len(own), 36)), azimuth)
        out[site] = elevation - np.maximum(horizon, least_deg)
    return out


def inside(found: search.Windows, site: int, satellite: int, seconds: np.ndarray) -> np.ndarray:
    chosen = (found.site == site) & (found.satellite == satellite)
    depth = np.zeros(len(seconds), dtype=int)
    for rise, end in zip(found.rise_s[chosen], found.set_s[chosen], strict=True):
        depth += (seconds >= rise) & (seconds <= end)
    assert depth.max(initial=0) <= 1
    return depth > 0


def check(own: orbits.Orbits, place: visibility.Ground, span: float, least: float, grid: float) -> int:
    """Compare windows with a grid; one may differ only where SGP4 is within 1e-4 deg of the edge."""
    found = search.windows(own, place, START, span, least)
    seconds = np.arange(0.0, span, grid)
    above = clearance(own, place, seconds, least)
    for site in range(len(place.cell_m)):
        for satellite in range(len(own)):
            ours = inside(found, site, satellite, seconds)
            wrong = ours != (above[site, satellite] >= 0.0)
            assert np.abs(above[site, satellite][wrong]).max(initial=0.0) < 1e-4
    return len(found)


@pytest.fixture(scope="module")
def shell() -> orbits.Orbits:
    return orbits.prepare(walker(550.0, 53.0, 3, 4, epoch_jd=2_461_053.5))


@pytest.fixture(scope="module")
def place() -> visibility.Ground:
    lat, lon = np.transpose(CITIES)
    return visibility.ground(lat, lon, 200.0)


@pytest.mark.parametrize("least", [0.0, 10.0, 25.0, 70.0])
def test_none_is_missed_on_a_grid_of_a_tenth_of_a_second(
    shell: orbits.Orbits, place: visibility.Ground, least: float
) -> None:
    assert check(shell, place, 21_600.0, least, 0.1) > (0 if least > 50.0 else 20)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["mixed_2023-04", "beidou_2022-02", "starlink_2026-01-13"])
def test_real_orbits_low_high_and_eccentric(shared: Path, place: visibility.Ground, name: str) -> None:
    columns = tle.parse((shared / "data" / "catalogues" / f"{name}.tle").read_bytes())
    columns["epoch_jd"] = np.full_like(columns["epoch_jd"], 2_461_053.5)
    chosen = np.linspace(0, len(columns["norad"]) - 1, 25).astype(int)
    own = orbits.prepare({key: values[chosen] for key, values in columns.items()})
    assert check(own, place, 43_200.0, 25.0, 5.0) > 20


def test_orbit_of_molniya_and_its_perigee() -> None:
    columns = {
        name: np.asarray(values)[:2].copy()
        for name, values in walker(550.0, 63.4, 1, 2, epoch_jd=2_461_053.5).items()
    }
    columns["eccentricity"], columns["mean_motion_rev_day"] = np.array([0.74, 0.2]), np.array([2.006, 12.0])
    columns["argp_deg"] = np.array([270.0, 90.0])
    lat, lon = np.transpose(CITIES)
    assert check(orbits.prepare(columns), visibility.ground(lat, lon), 86_400.0, 5.0, 2.0) > 10


def test_edges_are_within_a_millisecond_of_sgp4(shell: orbits.Orbits, place: visibility.Ground) -> None:
    found = search.windows(shell, place, START, 43_200.0, 25.0)
    for edge, sign in ((found.rise_s, 1.0), (found.set_s, -1.0)):
        for row in np.flatnonzero((edge > 1.0) & (edge < 43_199.0)):
            near = edge[row] + np.array([-0.05, 0.05])
            one = visibility.Ground(
                *(
                    a[found.site[row] : found.site[row] + 1]
                    for a in (place.cell_m, place.axes, place.horizon_deg)
                )
            )
            above = clearance(shell[found.satellite[row] : found.satellite[row] + 1], one, near, 25.0)[0, 0]
            rate = (above[1] - above[0]) / 0.1
            off = (above.mean()) / rate
            longest = found.set_s[row] - found.rise_s[row]
            assert sign * rate > 0.0
            assert abs(off) < (1e-3 if longest > 20.0 else 1e-2)


def test_grazing_passes_are_found_down_to_tens_of_milliseconds(
    shell: orbits.Orbits, place: visibility.Ground
) -> None:
    one = visibility.Ground(place.cell_m[:1], place.axes[:1], place.horizon_deg[:1])
    passes = search.windows(shell, one, START, 43_200.0, 25.0)
    tried = 0
    for row in range(len(passes)):
        seconds = np.arange(passes.rise_s[row], passes.set_s[row], 0.01)
        satellite = shell[passes.satellite[row] : passes.satellite[row] + 1]
        above = clearance(satellite, one, seconds, 25.0)[0, 0]
        peak = int(above.argmax())
        if not 100 < peak < len(seconds) - 100:
            continue
        tried += 1
        for lower_deg in (1e-4, 1e-3, 1e-2):  # path error of a metre is 1e-4 deg at 550 km
            least = 25.0 + above[peak] - lower_deg
            graze = search.windows(satellite, one, START, 43_200.0, least)
            held = (graze.rise_s <= seconds[peak]) & (graze.set_s >= seconds[peak])
            assert held.any() or lower_deg == 1e-4
            if held.any() and lower_deg == 1e-2:
                want = (above >= above[peak] - lower_deg).sum() * 0.01
                assert (graze.set_s - graze.rise_s)[held][0] == pytest.approx(want, rel=0.05)
    assert tried > 5


def test_terrain_by_azimuth(shell: orbits.Orbits) -> None:
    lat, lon = np.transpose(CITIES)
    horizon = np.random.default_rng(4).uniform(0.0, 45.0, (len(lat), 36)).astype(np.float32)
    horizon[0] = 0.0
    horizon[1, 9:12] = 60.0
    rough = visibility.ground(lat, lon, 0.0, horizon)
    many = check(shell, rough, 43_200.0, 10.0, 0.25)
    assert many > len(search.windows(shell, visibility.ground(lat, lon), START, 43_200.0, 10.0)) / 2


def test_satellite_that_is_always_or_never_in_view() -> None:
    columns = {
        name: np.asarray(values)[:1].copy()
        for name, values in walker(550.0, 0.0, 1, 1, epoch_jd=2_461_053.5).items()
    }
    columns["mean_motion_rev_day"] = np.array([1.00273])
    own = orbits.prepare(columns)
    at, _ = orbits.states(own, np.array([START]))
    under = np.degrees(np.arctan2(at[0, 1, 0], at[0, 0, 0]))
    found = search.windows(own, visibility.ground([0.0, 0.0], [under, under + 180.0]), START, 7200.0, 25.0)
    assert (found.site.tolist(), found.rise_s.tolist(), found.set_s.tolist()) == ([0], [0.0], [7200.0])


def test_satellite_that_decays_is_not_in_view_afterwards(place: visibility.Ground) -> None:
    columns = {
        name: np.asarray(values) for name, values in walker(200.0, 53.0, 1, 4, epoch_jd=2_461_053.5).items()
    }
    columns["bstar"] = np.full(4, 0.1)
    own = orbits.prepare(columns)
    times = START + np.arange(0, 86_400, 60) * np.timedelta64(1, "s")
    _, codes = orbits.states(own, times)
    assert codes.any()
    found = search.windows(own, place, START, 86_400.0, 5.0)
    assert np.isfinite(found.rise_s).all()
    for satellite in range(4):
        died = 60.0 * np.argmax(codes[satellite] != 0)
        assert (found.set_s[found.satellite == satellite] <= died + 60.0).all()


def test_same_bits_for_one_and_two_threads(shell: orbits.Orbits, place: visibility.Ground) -> None:
    every = jit.threads()
    try:
        jit.set_threads(1)
        one = search.windows(shell, place, START, 43_200.0, 25.0)
    finally:
        jit.set_threads(every)
    two = search.windows(shell, place, START, 43_200.0, 25.0)
    for name in ("site", "satellite", "rise_s", "set_s"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("span", [0.0, -5.0, np.nan, 1e12])
def test_span_out_of_range_is_refused(shell: orbits.Orbits, place: visibility.Ground, span: float) -> None:
    with pytest.raises(RabtaError, match="span"):
        search.windows(shell, place, START, span, 25.0)


def test_no_visibility_is_an_empty_result(shell: orbits.Orbits) -> None:
    found = search.windows(shell, visibility.ground(89.0, 0.0), START, 86_400.0, 25.0)
    assert len(found) == 0


def test_old_elements_are_warned_of_with_their_error() -> None:
    """As in the run: 1 to 3 km a day along track, and past a month a fifth of the drag's way."""
    columns = walker(550.0, 53.0, 1, 2, epoch_jd=2_459_000.5)
    place = visibility.ground([31.55], [74.34])
    columns["bstar"][:] = 1e-4
    with pytest.warns(UserWarning, match="2053 days from the time of the run: expect errors of"):
        search.windows(orbits.prepare(columns), place, START, 600.0, 25.0)


def test_a_span_without_visibility_is_an_empty_result() -> None:
    """An orbit of 10 degrees never rises over Oslo."""
    place = visibility.ground([59.9], [10.7])
    found = search.windows(orbits.prepare(walker(550.0, 10.0, 1, 4)), place, START, 86_400.0, 25.0)
    assert len(found) == 0
    assert found.rise_s.shape == found.set_s.shape == (0,)
