"""A real drive between tall buildings: Hong Kong, 28 April 2019, a low-cost receiver, truth by NovAtel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta import geo
from rabta.pnt import gnsstime, rinex, tracks
from rabta.pnt.position import Options
from rabta.pnt.records import Navigation, Observations

Data = tuple[Observations, Navigation, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def urban(shared: Path) -> Data:
    """Observations, ephemerides, truth and the epochs that it belongs to."""
    folder = shared / "data/gnss/hk_tst"
    obs = rinex.observations(folder / "COM3_190428_124409.obs.gz")
    nav = rinex.merge([rinex.navigation(folder / name) for name in ("hksc1180.19b", "hksc1180.19n")])
    week, tow, lat, lon, height = np.loadtxt(folder / "groundTruth_TST.csv", delimiter=",").T
    times = gnsstime.from_week(week, tow)
    epochs = np.abs(obs.times[None, :] - times[:, None]).argmin(axis=1)
    assert np.abs(obs.times[epochs] - times).max() < 5_000_000  # tags stand up to 4 ms off whole seconds
    return obs, nav, geo.ecef_from_geodetic(lat, lon, height), epochs


def errors(found: tracks.Track, urban: Data) -> np.ndarray:
    """Horizontal errors of the epochs with truth; NaN without a fix."""
    _, _, truth, epochs = urban
    lat, lon, _ = geo.geodetic_from_ecef(truth[0])
    local = (found.position_m[epochs] - truth) @ geo.east_north_up(lat, lon).T
    return np.where(found.fixed[epochs], np.hypot(local[:, 0], local[:, 1]), np.nan)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("systems", "least", "half", "most"),
    [("GC", 485, 8.0, 35.0), ("C", 475, 12.0, 40.0), ("G", 475, 12.0, 40.0)],
)
def test_forward_in_the_canyon(urban: Data, systems: str, least: int, half: float, most: float) -> None:
    """Causal; RTKLIB-EX's snapshots: GPS+BDS 12.2 / 44.1 m, BDS 13.6 / 55.9 m, GPS 16.0 / 60.4 m."""
    found = tracks.locate(urban[0], urban[1], Options(systems=systems, mode="single"))
    error = errors(found, urban)
    assert np.isfinite(error).sum() >= least
    assert np.nanpercentile(error, 50) <= half
    assert np.nanpercentile(error, 95) <= most


@pytest.mark.shared
def test_smoothed_is_better_than_forward(urban: Data) -> None:
    rows, start = tracks.prepare(urban[0], urban[1])
    forward = errors(tracks.follow(rows, start), urban)
    smoothed = errors(tracks.follow(rows, start, smooth=True), urban)
    assert np.nanpercentile(smoothed, 95) < np.nanpercentile(forward, 95)


@pytest.mark.shared
def test_what_is_reported_holds_the_truth(urban: Data) -> None:
    found = tracks.locate(urban[0], urban[1])
    _, _, truth, epochs = urban
    error = found.position_m[epochs] - truth
    square = np.einsum("ei,eij,ej->e", error, np.linalg.inv(found.covariance_m2[epochs]), error)
    assert np.mean(square < 7.81) > 0.9  # chi-square, three degrees, 95 %
