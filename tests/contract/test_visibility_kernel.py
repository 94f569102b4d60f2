"""The compiled kernels give what their NumPy references give, to the last bit, on any number of threads."""

from pathlib import Path

import numpy as np
import pytest

from rabta import jit
from rabta.space import elements, frames, propagate, visibility
from rabta.space.visibility import Ground, Slots
from rabta.space.walker import walker

EXACT = ("visible_count", "slot_satellite")
NUMBERS = ("slot_elevation_deg", "slot_range_m", "best_elevation_deg")


def same(got: Slots, want: Slots) -> None:
    for name in EXACT:
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name), err_msg=name)
    for name in NUMBERS:  # arcsin of the C library and of NumPy may differ by the last bit of a double
        np.testing.assert_allclose(getattr(got, name), getattr(want, name), rtol=1e-6, err_msg=name)


def rugged(cells: int, seed: int = 1) -> Ground:
    """Cells of Pakistan's size and place; mountains hide up to 60 deg."""
    rng = np.random.default_rng(seed)
    horizon = np.minimum(rng.gamma(0.7, 8.0, (cells, 36)), 60.0)
    return visibility.ground(
        rng.uniform(23.7, 37.1, cells),
        rng.uniform(60.9, 77.8, cells),
        rng.uniform(0.0, 7000.0, cells),
        horizon,
    )


def sky(steps: int) -> np.ndarray:
    """A shell and a half over the ground, some of it failed."""
    times = np.datetime64("2026-01-13T00:00:00", "ns") + np.arange(steps) * np.timedelta64(97, "s")
    shell = elements.table(walker(550.0, 53.0, 72, 22, phasing=39, epoch_jd=2_461_053.5))
    positions = propagate.positions(shell, times)
    positions[:, ::50] = np.nan
    return positions


@pytest.mark.parametrize("slots", [1, 4, 16])
@pytest.mark.parametrize("least", [0.0, 25.0, 89.0])
def test_small_case(slots: int, least: float) -> None:
    place, positions = rugged(300), sky(3)
    same(
        visibility.visible(place, positions, least, slots),
        visibility.visible_reference(place, positions, least, slots),
    )


def test_least_elevation_of_each_satellite() -> None:
    place, positions = rugged(200), sky(2)
    least = np.random.default_rng(2).uniform(0.0, 60.0, positions.shape[1])
    same(
        visibility.visible(place, positions, least, 4),
        visibility.visible_reference(place, positions, least, 4),
    )


def test_cells_all_over_the_globe() -> None:
    rng = np.random.default_rng(3)
    place = visibility.ground(np.degrees(np.arcsin(rng.uniform(-1, 1, 400))), rng.uniform(-180, 180, 400))
    positions = sky(2)
    same(
        visibility.visible(place, positions, 10.0, 4), visibility.visible_reference(place, positions, 10.0, 4)
    )


def test_one_cell_and_no_satellites() -> None:
    place = visibility.ground([90.0], [0.0])
    same(visibility.visible(place, sky(1), 0.0, 4), visibility.visible_reference(place, sky(1), 0.0, 4))
    nothing = visibility.visible(place, np.empty((2, 0, 3), dtype=np.float32), 25.0, 4)
    assert nothing.visible_count.tolist() == [[0], [0]]
    assert (nothing.slot_satellite == -1).all()


def test_equal_elevations_go_to_the_lower_row() -> None:
    place, positions = rugged(50), sky(1)
    twins = np.concatenate([positions, positions], axis=1)
    got = visibility.visible(place, twins, 25.0, 4)
    same(got, visibility.visible_reference(place, twins, 25.0, 4))
    first, second = got.slot_satellite[..., 0], got.slot_satellite[..., 1]
    seen = first >= 0
    assert seen.any()
    np.testing.assert_array_equal(second[seen], first[seen] + positions.shape[1])


def test_count_stops_at_255() -> None:
    place = visibility.ground([30.0], [70.0])
    many = np.repeat(place.cell_m[None] + 1e6 * place.axes[None, :, 2], 300, axis=1).astype(np.float32)
    assert visibility.visible(place, many, 25.0, 1).visible_count.tolist() == [[255]]
    same(visibility.visible(place, many, 25.0, 1), visibility.visible_reference(place, many, 25.0, 1))


def test_result_does_not_depend_on_threads_or_chunks() -> None:
    place, positions = rugged(500), sky(6)
    before = jit.threads()
    try:
        jit.set_threads(1)
        one = visibility.visible(place, positions, 25.0, 4)
    finally:
        jit.set_threads(before)
    many = visibility.visible(place, positions, 25.0, 4)
    parts = [visibility.visible(place, positions[at : at + 2], 25.0, 4) for at in (0, 2, 4)]
    for name in (*EXACT, *NUMBERS):
        np.testing.assert_array_equal(getattr(one, name), getattr(many, name))
        np.testing.assert_array_equal(getattr(one, name), np.concatenate([getattr(p, name) for p in parts]))


@pytest.mark.shared
def test_one_national_step(shared: Path) -> None:
    satellites = elements.read(str(shared / "data" / "catalogues" / "starlink_2026-01-13.tle"))
    positions = propagate.positions(satellites, np.array(["2026-01-13T06:00:00"], dtype="datetime64[ns]"))
    place = rugged(22_976)
    got = visibility.visible(place, positions, 25.0, 4)
    assert got.visible_count.mean() > 20
    same(got, visibility.visible_reference(place, positions, 25.0, 4))


def test_earth_rotation() -> None:
    rng = np.random.default_rng(4)
    states, errors = rng.normal(0.0, 7000.0, (40, 5, 3)), (rng.uniform(size=(40, 5)) < 0.1).astype(np.uint8)
    times = np.datetime64("2026-01-13T00:00:00", "ns") + np.arange(5) * np.timedelta64(7, "h")
    got = frames.earth_fixed(states, errors, times)
    want = frames.earth_fixed_reference(states, errors, times)
    assert np.isnan(got).any()
    np.testing.assert_allclose(got, want, rtol=2e-7, atol=1.0, equal_nan=True)
