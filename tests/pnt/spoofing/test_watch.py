"""Attacks injected into observations of a simulated receiver; lies in messages and samples."""

from __future__ import annotations

import numpy as np
import pytest

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt import gnsstime
from rabta.pnt.gnsstime import NS
from rabta.pnt.records import Navigation, Observations
from rabta.pnt.service import sky
from rabta.pnt.simulate.receiver import Receiver, observe
from rabta.pnt.spoofing import detect, inject, references, waves

PLACE = geo.ecef_from_geodetic(30.2, 67.0, 1680.0)  # Quetta


@pytest.fixture(scope="module")
def spoofing_sky() -> Navigation:
    return Navigation(sky.messages("2026-03-09"))


@pytest.fixture(scope="module")
def clean(spoofing_sky: Navigation) -> Observations:
    times = gnsstime.from_calendar("2026-03-09T09:00:00") + np.arange(60, dtype=np.int64) * 30 * NS
    return observe(spoofing_sky, times, PLACE, 3, Receiver(signals={"G": ("1C", "2W"), "C": ("2I", "6I")}))


def test_no_alarm_without_attack(clean: Observations, spoofing_sky: Navigation) -> None:
    found = detect.watch(clean, spoofing_sky, detect.Options(systems="GC"))
    assert not found.alarms
    assert (found.state == 0).all()


@pytest.mark.parametrize(
    ("change", "test"),
    [
        ({"position_m_s": (0.5, 0.0, 0.0)}, "place"),
        ({"time_m_s": 1.0}, "clock"),
        ({"time_m": 200.0}, "clock"),
        ({"time_m_s": 2.0, "systems": "C"}, "systems"),
        ({"position_m_s": (0.0, 3.0, 0.0), "bands": "upper"}, "bands"),
        ({"time_m_s": 3.0, "phase": False}, "code-phase"),
        ({"jam_db": 15.0, "lost_dbhz": 10.0}, "jamming"),
    ],
)
def test_attacks_are_found(
    clean: Observations, spoofing_sky: Navigation, change: dict[str, object], test: str
) -> None:
    attack = inject.Attack(int(clean.times[45]), **change)  # type: ignore[arg-type]
    lied = inject.inject(clean, spoofing_sky, attack)
    found = detect.watch(lied, spoofing_sky, detect.Options(systems="GC"))
    assert found.alarms
    assert found.alarms[0].time <= clean.times[47]
    assert found.alarms[0].since >= clean.times[45]
    (own,) = [part for part in found.tests if part.name == test]
    assert own.value[45:].max() > own.threshold > own.value[:45].max()


def test_steps_of_a_millisecond_and_gaps_are_no_attack(clean: Observations, spoofing_sky: Navigation) -> None:
    step = inject.Attack(int(clean.times[30]), time_m=references.MILLISECOND_M, phase=False)
    found = detect.watch(inject.inject(clean, spoofing_sky, step), spoofing_sky, detect.Options(systems="GC"))
    assert not found.alarms
    assert "1 whole-millisecond steps" in found.notes[0]


def test_injection_moves_ranges_as_geometry_says(clean: Observations, spoofing_sky: Navigation) -> None:
    lied = inject.inject(clean, spoofing_sky, inject.Attack(int(clean.times[10]), time_m=100.0))
    change = lied.systems["G"].column("C1C") - clean.systems["G"].column("C1C")
    after = clean.systems["G"].epoch >= 10
    np.testing.assert_allclose(change[after], 100.0, atol=1e-6)
    np.testing.assert_array_equal(change[~after], 0.0)


def test_bad_choices_are_named() -> None:
    with pytest.raises(RabtaError, match="bands"):
        inject.Attack(0, bands="L1")
    with pytest.raises(RabtaError, match="false-alarm"):
        detect.Options(false_alarm=2.0)


def test_interference_in_noise() -> None:
    rng = np.random.default_rng(5)
    noise = (rng.normal(size=(30, 320_000)) + 1j * rng.normal(size=(30, 320_000))) * 0.5**0.5
    assert sum(waves.jammer(row, 4e6).found for row in noise) <= 1
    tone = np.exp(0.4j * np.arange(320_000))
    assert waves.jammer(noise[0] + tone, 4e6).kind == "steady"
