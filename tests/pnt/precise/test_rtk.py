"""Integer phases between receivers: simulated ones, and real ones whose places are published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import rinex
from rabta.pnt.precise import pairs, rtk
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.simulate.receiver import Receiver, observe


@pytest.fixture(scope="module")
def two(
    nav: Navigation, hour: np.ndarray, place: np.ndarray
) -> tuple[Observations, Observations, np.ndarray]:
    rover = place + np.array([300.0, -200.0, 400.0])
    return observe(nav, hour, rover, 1), observe(nav, hour, place, 2), rover


@pytest.mark.parametrize("systems", ["C", "G", "GEC"])
def test_simulated_baseline_of_half_a_kilometre(
    two: tuple[Observations, Observations, np.ndarray], nav: Navigation, place: np.ndarray, systems: str
) -> None:
    rover, base, truth = two
    found = rtk.solve(rover, base, place, nav, systems=systems)
    error = np.linalg.norm(found.position_m - truth, axis=1)
    assert found.fixed.mean() > 0.95
    assert error[found.fixed].max() < 0.05
    inside = error[found.fixed] < 5.0 * np.sqrt(np.trace(found.covariance_m2[found.fixed], axis1=1, axis2=2))
    assert inside.all()


def test_receivers_that_differ_by_half_a_cycle_between_orbits(
    two: tuple[Observations, Observations, np.ndarray], nav: Navigation, place: np.ndarray
) -> None:
    """Nadarajah et al. 2013: geostationary phases of some makers' receivers are half a cycle off."""
    rover, base, truth = two
    mine = rover.systems["C"]
    values = mine.values.copy()
    geo_ = (mine.prn <= 5) | (mine.prn >= 59)
    for k, code in enumerate(mine.codes):
        if code[0] == "L":
            values[geo_, k] += 0.5
    header = {**rover.header, "receiver": "ANOTHER MAKER'S"}
    shifted = replace(rover, header=header, systems={**rover.systems, "C": replace(mine, values=values)})
    found = rtk.solve(shifted, base, place, nav, systems="C")
    error = np.linalg.norm(found.position_m - truth, axis=1)
    assert found.fixed.mean() > 0.8
    assert error[found.fixed].max() < 0.05


def test_wrong_integers_are_as_rare_as_the_table_says(
    nav: Navigation, hour: np.ndarray, place: np.ndarray
) -> None:
    """`rtk.thresholds` promises one in a thousand epochs; noisy codes and few satellites make it work."""
    wrong = total = fixed = 0
    for seed in range(12):
        loud = Receiver(signals={"G": ("1C", "2W")}, mask_deg=12.0, code_m=0.35, multipath_m=0.0)
        one, two = observe(nav, hour, place, seed, loud), observe(nav, hour, place, 100 + seed, loud)
        found = rtk.instantaneous(pairs.pair(one, two, place, nav, systems="G", place_m=place))
        error = np.linalg.norm(found.position_m - place, axis=1)
        wrong += int((found.fixed & (error > 0.1)).sum())
        fixed += int(found.fixed.sum())
        total += found.fixed.size
    assert fixed > 0.3 * total
    assert wrong <= 4  # 1,440 epochs: 1.4 expected at the most; five or more in one of 70 seeds


def test_thresholds_fall_with_strength_and_number() -> None:
    table = rtk.thresholds()
    assert (np.diff(table[1:, 1:], axis=1) <= 0.0).all()
    assert table[1:, 1:].min() == 1.0


def test_receivers_without_a_common_epoch(
    two: tuple[Observations, Observations, np.ndarray], nav: Navigation, place: np.ndarray
) -> None:
    rover, base, _ = two
    late = replace(base, times=base.times + 7_200_000_000_000)
    with pytest.raises(RabtaError):
        rtk.solve(rover, late, place, nav)


@pytest.mark.shared
def test_nagoya(shared: Path) -> None:
    """0.99 m apart, mosaic-X5 at 1 Hz: RTKLIB 2.4.3 fixes every epoch within 3 to 4 mm (3D RMS)."""
    folder = shared / "data/gnss/nagoya"
    base_m, rover_m = (
        geo.ecef_from_geodetic(*map(float, (folder / f"{name}_position.txt").read_text().split()))
        for name in ("base", "rover")
    )
    one, two = (rinex.observations(folder / f"{name}.obs.gz") for name in ("rover", "base"))
    found = rtk.solve(one, two, base_m, rinex.navigation(folder / "base.nav"), systems="C")
    error = np.linalg.norm(found.position_m - rover_m, axis=1)
    assert found.fixed.all()
    assert np.sqrt((error**2).mean()) <= 0.004


# Antennas on 25 June 2020 in the frame of the IGS: weekly solution, moved to the day.
WTZR = np.array([4075580.3890, 931854.0911, 4801568.4050])
WTZZ = np.array([4075579.4068, 931853.4377, 4801569.4754])


@pytest.mark.shared
@pytest.mark.parametrize("systems", ["C", "GEC"])
def test_wettzell(shared: Path, systems: str) -> None:
    """1.6 m apart, receivers of two makers: RTKLIB 2.4.3 fixes 7.5 % of the epochs with BeiDou alone."""
    folder = shared / "data/gnss/wettzell"
    one, two = (rinex.observations(next(folder.glob(f"{name}*"))) for name in ("WTZZ", "WTZR"))
    nav = rinex.navigation(next(folder.glob("ESBC*")))
    found = rtk.solve(one, two, WTZR, nav, systems=systems)
    error = np.linalg.norm(found.position_m - WTZZ, axis=1)
    assert (found.fixed & (error < 0.03)).mean() >= 0.9
    assert not (found.fixed & (error > 0.05)).any()
