"""P.1812 and P.452: validation files, what must hold between losses, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta import verify
from rabta.errors import RabtaError
from rabta.radio.terrain import p452, p1812, profile
from rabta.radio.terrain.profile import COAST, INLAND, SEA, Profiles

AIR = {"latitude_deg": 30.0, "delta_n": 45.0, "n0": 330.0}
DISTANCE = np.linspace(0.0, 40.0, 81)


def hills(seed: int = 1, count: int = 1) -> Profiles:
    rng = np.random.default_rng(seed)
    ground = 300.0 + np.abs(np.cumsum(rng.normal(0.0, 12.0, (count, len(DISTANCE))), axis=1))
    return profile.profiles(DISTANCE, ground, **AIR)


@pytest.mark.shared
@pytest.mark.parametrize(("suite", "least"), [("p1812", 40), ("p452", 400)])
def test_every_validation_file(shared: Path, suite: str, least: int) -> None:
    """Losses of the MATLAB code of study group 3, to 1e-5 dB."""
    rows = verify.run(suite, shared / "validation" / "terrain" / suite)
    assert len(rows) >= least
    assert [row.name for row in rows if not row.passed] == []
    assert max(abs(row.difference) for row in rows if row.tolerance == 1e-5) < 1e-6


@pytest.mark.parametrize("suite", ["p1812", "p452"])
def test_quoted_values(suite: str) -> None:
    assert all(row.passed for row in verify.run(suite))


def test_more_time_or_more_places_mean_more_loss() -> None:
    path = hills()
    by_time = p1812.loss_db(path, 0.6, 50.0, 10.0, time_percent=[1.0, 5.0, 20.0, 50.0])
    by_places = p1812.loss_db(path, 0.6, 50.0, 1.5, location_percent=[1.0, 50.0, 99.0])
    assert np.all(np.diff(by_time) > 0.0)
    assert np.all(np.diff(by_places) > 0.0)
    assert np.all(np.diff(p452.loss_db(path, 6.0, 50.0, 10.0, time_percent=[0.001, 0.1, 10.0, 50.0])) > 0.0)


def test_location_variability_is_the_published_one() -> None:
    """Section 4.7: (0.024 f + 0.52) w^0.28, in full below the clutter, none from 10 m over it on."""
    path = hills()
    low, middle, high = (
        np.diff(p1812.loss_db(path, 0.6, 50.0, height, location_percent=[50.0, 90.0]))[0]
        for height in (1e-9 + 1.0, 6.0, 10.0)
    )
    sigma = (0.024 * 0.6 + 0.52) * 100.0**0.28
    assert low == pytest.approx(0.9 * 1.2816 * sigma, rel=1e-3)
    assert middle == pytest.approx(0.4 * 1.2816 * sigma, rel=1e-3)
    assert high == pytest.approx(0.0, abs=1e-9)


def test_entry_into_buildings_adds_its_median_and_widens_the_spread() -> None:
    path = hills()
    outside = p1812.loss_db(path, 0.6, 50.0, 10.0)
    inside = p1812.loss_db(
        path, 0.6, 50.0, 10.0, entry_db=15.0, entry_sigma_db=4.0, location_percent=[50, 90]
    )
    assert inside[0] - outside == pytest.approx(15.0, abs=1e-6)
    assert inside[1] - inside[0] == pytest.approx(1.2816 * 4.0, rel=1e-3)


def test_field_strength_of_free_space() -> None:
    """1 kW from a dipole gives 106.9 dB(uV/m) in free space at 1 km (ITU-R P.1546, equation (1))."""
    free = 92.4 + 20.0 * np.log10(0.1)
    assert p1812.field_strength_dbuv_m(free, 0.1) == pytest.approx(106.9, abs=0.1)


def test_closed_form_agrees_on_level_ground() -> None:
    """Attachment 4 is the limit of dense points."""
    dense = profile.profiles(np.linspace(0.0, 80.0, 4001), np.zeros(4001), **AIR)
    by = [p1812.loss_db(dense, 0.6, 30.0, 10.0, smooth=name) for name in p1812.SMOOTH]
    assert by[0] == pytest.approx(by[1], abs=0.01)


def test_a_batch_is_its_paths_one_by_one_and_broadcasts() -> None:
    paths = hills(3, 7)
    whole = p1812.loss_db(paths, [[0.1], [0.9], [5.9]], 40.0, 10.0)
    assert whole.shape == (3, 7)
    for k in range(7):
        single = profile.profiles(DISTANCE, paths.ground_m.reshape(7, -1)[k], **AIR)
        assert np.array_equal(p1812.loss_db(single, [0.1, 0.9, 5.9], 40.0, 10.0), whole[:, k])


def test_worst_month_is_no_more_than_the_year() -> None:
    path = hills()
    for percent in (0.01, 1.0, 50.0):
        year = p452.loss_db(path, 6.0, 30.0, 30.0, time_percent=percent)
        month = p452.loss_db(path, 6.0, 30.0, 30.0, time_percent=percent, worst_month=True)
        assert month <= year


def test_the_sea_ducts_better() -> None:
    ground = np.zeros(len(DISTANCE))
    zone = np.full(len(DISTANCE), SEA)
    land = profile.profiles(DISTANCE * 8.0, ground, **AIR)
    sea = profile.profiles(DISTANCE * 8.0, ground, zone=zone, **AIR)
    loss = [p452.loss_db(path, 2.0, 30.0, 30.0, time_percent=0.1) for path in (land, sea)]
    assert loss[1] < loss[0] - 10.0


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (p1812, "frequency_ghz", 0.029), (p1812, "frequency_ghz", 6.01), (p1812, "time_percent", 0.5),
        (p1812, "time_percent", 51.0), (p1812, "location_percent", 0.1), (p1812, "tx_height_m", 0.5),
        (p1812, "rx_height_m", 3001.0), (p452, "frequency_ghz", 0.09), (p452, "frequency_ghz", 50.1),
        (p452, "time_percent", 0.0005), (p452, "tx_height_m", 0.0), (p452, "frequency_ghz", np.nan),
    ],
)  # fmt: skip
def test_out_of_range_is_refused_by_name(model: object, name: str, value: float) -> None:
    given = {"frequency_ghz": 1.0, "tx_height_m": 30.0, "rx_height_m": 10.0, name: value}
    with pytest.raises(RabtaError, match=f"{name}(.|\n)*P\\.(1812|452)") as error:
        model.loss_db(hills(), **given)  # type: ignore[attr-defined]
    assert error.value.key == name


def test_short_paths_are_refused() -> None:
    near = profile.profiles(np.linspace(0.0, 0.2, 9), np.zeros(9), **AIR)
    with pytest.raises(RabtaError, match="distance_km"):
        p1812.loss_db(near, 1.0, 30.0, 10.0)
    few = profile.profiles([0.0, 1.0, 2.0, 3.0], [0.0] * 4, **AIR)
    with pytest.raises(RabtaError, match="too few points"):
        p1812.loss_db(few, 1.0, 30.0, 10.0)
    assert np.isfinite(p452.loss_db(few, 1.0, 30.0, 10.0))


@pytest.mark.parametrize(
    ("distance", "ground", "zone", "words"),
    [
        ([0.0, 2.0, 1.0, 3.0, 4.0], [0.0] * 5, None, "not sorted"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5, None, "starts at its transmitter"),
        ([0.0, 0.0, 1.0, 2.0, 3.0], [0.0] * 5, None, "lies on an antenna"),
        ([0.0, np.nan, 1.0, 2.0, 3.0], [0.0] * 5, None, "no number"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, -12.0, 0.0, 0.0, 0.0], [4, 1, 1, 1, 4], "under the sea"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, -900.0, 0.0, 0.0, 0.0], None, "ground_m"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, np.nan, 0.0, 0.0, 0.0], None, "ground_m"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0] * 5, [4, 2, 4, 4, 4], "radio-climatic zone"),
        ([0.0, 1.0, 2.0, 3.0], [0.0] * 5, None, "another number of points"),
        ([0.0, 1.0], [0.0, 0.0], None, "too few points"),
    ],
)
def test_bad_profiles_are_refused(distance: list, ground: list, zone: list | None, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        profile.profiles(distance, ground, zone=zone, **AIR)


def test_land_below_the_sea_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="under the level of the sea"):
        path = profile.profiles([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, -12.0, 0.0, 0.0, 0.0], **AIR)
    assert np.isfinite(p1812.loss_db(path, 1.0, 30.0, 10.0))


def test_unknown_words_name_the_nearest() -> None:
    with pytest.raises(RabtaError, match="vertical"):
        p1812.loss_db(hills(), 1.0, 30.0, 10.0, polarisation="vertcal")
    with pytest.raises(RabtaError, match="closed form"):
        p1812.loss_db(hills(), 1.0, 30.0, 10.0, smooth="close form")


def test_zones_of_a_mixed_path() -> None:
    """Sections count half way to their neighbours: 1.5 km inland, 1 coast, 2 sea, 0.5 coast."""
    zone = [INLAND, INLAND, COAST, SEA, SEA, COAST]
    path = profile.profiles(np.arange(6.0), np.zeros(6), zone=zone, **AIR)
    found = p1812.parts(path, {"frequency_ghz": 1.0, "time_percent": 50.0, "tx_height_m": 30.0,
                               "rx_height_m": 10.0})  # fmt: skip
    assert found["sea_share"] == pytest.approx(0.4)
    assert found["longest_land_km"] == pytest.approx(2.5)
    assert found["longest_inland_km"] == pytest.approx(1.5)
