"""Simulated receivers: what they observe obeys the physics that estimators assume, and a seed repeats it."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime, position
from rabta.pnt.records import Navigation
from rabta.pnt.service import sky
from rabta.pnt.signals import LIGHT_M_S, signal
from rabta.pnt.simulate.receiver import Receiver, observe

PLACE = geo.ecef_from_geodetic(30.2, 67.0, 1680.0)  # Quetta
QUIET = Receiver(signals={"C": ("2I", "6I"), "G": ("1C", "2W")}, code_m=0.0, phase_m=0.0, multipath_m=0.0)


@pytest.fixture(scope="module")
def nav() -> Navigation:
    return Navigation(sky.messages("2026-03-09"))


@pytest.fixture(scope="module")
def times() -> np.ndarray:
    return gnsstime.from_calendar("2026-03-09T09:00:00") + np.arange(20) * gnsstime.NS


def test_a_seed_repeats_itself(nav: Navigation, times: np.ndarray) -> None:
    one, two, other = (observe(nav, times, PLACE, seed).systems["C"].values for seed in (3, 3, 4))
    assert np.array_equal(one, two, equal_nan=True)
    assert not np.array_equal(one, other, equal_nan=True)


def test_positions_come_back(nav: Navigation, times: np.ndarray) -> None:
    """Ionosphere-free ranges without noise: what is left is the wet air that the estimator's model lacks."""
    found = position.solve(
        observe(nav, times, PLACE, 1, QUIET), nav, position.Options(systems="C", mode="iono-free")
    )
    assert found.fixed.all()
    assert np.linalg.norm(found.position_m - PLACE, axis=1).max() < 1.5


def test_codes_are_late_and_phases_early_by_the_ionosphere(nav: Navigation, times: np.ndarray) -> None:
    """Between two frequencies the phases differ by the opposite of the codes, but for whole cycles."""
    obs = observe(nav, times, PLACE, 1, QUIET).systems["G"]
    f1, f2 = signal("G", "1C").frequency_hz, signal("G", "2W").frequency_hz
    code = obs.column("C2W") - obs.column("C1C")
    phase = obs.column("L2W") * LIGHT_M_S / f2 - obs.column("L1C") * LIGHT_M_S / f1
    prn = obs.prn[0]
    mine = obs.prn == prn
    assert np.ptp(code[mine] + phase[mine]) < 1e-3  # constant along a satellite
    assert (f1 / f2) ** 2 > 1.0
    assert code[mine].mean() > 0.5  # the lower frequency is later


def test_doppler_is_the_change_of_the_phase(nav: Navigation, times: np.ndarray) -> None:
    obs = observe(nav, times, PLACE, 1, QUIET).systems["C"]
    mine = obs.prn == obs.prn[0]
    change = np.gradient(obs.column("L2I")[mine])
    assert change[2:-2] == pytest.approx(-obs.column("D2I")[mine][2:-2], abs=0.5)


def test_noise_is_as_asked(nav: Navigation, times: np.ndarray) -> None:
    loud = Receiver(signals={"C": ("2I",)}, mask_deg=40.0, code_m=0.5, phase_m=0.0, multipath_m=0.0)
    noisy = observe(nav, times, PLACE, 1, loud).systems["C"]
    clean = observe(nav, times, PLACE, 1, Receiver(**{**vars(loud), "code_m": 0.0})).systems["C"]
    rest = (noisy.column("C2I") - clean.column("C2I")).std()
    assert 0.45 < rest < 0.9  # 0.5 m over the sine of 40 to 90 degrees


def test_no_sky_is_refused(nav: Navigation, times: np.ndarray) -> None:
    with pytest.raises(RabtaError, match="above the mask"):
        observe(nav, times, PLACE, 1, Receiver(signals={"C": ("2I",)}, mask_deg=89.9))
