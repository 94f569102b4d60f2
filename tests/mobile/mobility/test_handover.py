"""Handover: laws of timers and events by hand, worlds, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.mobility import _kernels as k
from rabta.mobile.mobility import study, worlds
from rabta.mobile.mobility.procedures import Link, Machine, Procedure
from rabta.mobile.system import satellites

STEP = 0.01
QUIET = Link(error_db=0.0, period_s=STEP, window_db=200.0, noise_dbm=-100.0)


def drive(procedure: Procedure, power: np.ndarray, away: np.ndarray | None = None, **more: object) -> Machine:
    """One user over powers (step, cell)."""
    machine = Machine(procedure, QUIET, 1, power.shape[1], STEP, **more)  # type: ignore[arg-type]
    machine.serving = machine.advance(power[None], None if away is None else away[None])[0][0]  # type: ignore[attr-defined]
    return machine


def stepped(level: float, at: int = 100, steps: int = 400) -> np.ndarray:
    """Own cell at -80 dBm, a neighbour that rises from -90 dBm."""
    power = np.full((steps, 2), -80.0)
    power[:, 1] = -90.0
    power[at:, 1] = level
    return power


def test_a3_needs_more_than_offset_and_hysteresis() -> None:
    # TS 38.331, 5.5.4.4: Mn - Hys > Mp + Off
    rule = Procedure(offset_db=2.0, hysteresis_db=1.0, ttt_s=0.1, filter_k=0)
    assert drive(rule, stepped(-77.0)).tally[0, k.DONE] == 0
    found = drive(rule, stepped(-76.9))
    assert found.tally[0, k.DONE] == 1
    assert int(np.argmax(found.serving < 0)) == 100 + 10 + 5  # type: ignore[attr-defined]


def test_a3_interrupted_starts_anew() -> None:
    power = stepped(-70.0)
    power[108:110, 1] = -90.0
    found = drive(Procedure(ttt_s=0.1, filter_k=0), power)
    assert int(np.argmax(found.serving < 0)) == 110 + 10 + 5  # type: ignore[attr-defined]


def test_filter_delays_by_its_law() -> None:
    # a = 1/2 every 200 ms is half-way after 20 samples of 10 ms; a step of 17 dB has to show 14.9 dB of it
    found = drive(Procedure(offset_db=4.9, ttt_s=0.0, filter_k=4), stepped(-73.0))
    exact = 1.0 - (1.0 - 0.5) ** (STEP / 0.2)
    samples = next(n for n in range(1, 400) if 17.0 * (1.0 - (1.0 - exact) ** n) > 14.9)
    assert int(np.argmax(found.serving < 0)) == 100 + samples - 1 + 5  # type: ignore[attr-defined]


def test_ping_pong_within_a_second() -> None:
    power = np.full((500, 2), -80.0)
    power[100:150, 1], power[150:, 1] = -70.0, -90.0
    found = drive(Procedure(ttt_s=0.1, filter_k=0), power).outcome()
    assert (found.handovers, found.ping_pongs, found.short_stays) == (2, 1, 1)
    power[100:300, 1] = -70.0
    power[300:, 1] = -90.0
    assert drive(Procedure(ttt_s=0.1, filter_k=0), power).outcome().ping_pongs == 0


def test_command_lost_on_a_weak_link_is_one_failure() -> None:
    power = stepped(-70.0)
    power[105:, 0] = -115.0
    found = drive(Procedure(ttt_s=0.16, filter_k=0), power)
    assert found.outcome().failures == 1
    assert found.outcome().link_failures == 0
    assert found.tally[0, k.REJOINED] == 1


def test_conditional_handover_needs_no_command() -> None:
    power = stepped(-82.0, at=50)  # prepared while 2 dB below
    power[105:, 0] = -115.0
    found = drive(Procedure("conditional", ttt_s=0.16, filter_k=0), power).outcome()
    assert (found.handovers, found.failures, found.link_failures) == (1, 0, 0)


def test_time_and_place() -> None:
    level = stepped(-79.0)
    window = np.array([[[0.0, 0.0], [2.0, 3.0]]])
    timed = drive(Procedure("timed", lead_s=1.0, filter_k=0), level, window_s=window)
    assert int(np.argmax(timed.serving < 0)) == 201  # type: ignore[attr-defined]
    away = np.column_stack([np.linspace(0, 4000, 400), np.linspace(4000, 0, 400)])
    rule = Procedure("located", leave_m=2500.0, enter_m=2000.0, close_m=3000.0, filter_k=0)
    placed = drive(rule, level, away)
    assert int(np.argmax(placed.serving < 0)) == int(np.argmax(away[:, 0] > 2500.0))  # type: ignore[attr-defined]


def test_chunks_and_users_do_not_matter() -> None:
    world = worlds.moving(users=6, seconds=10.0)
    power = np.concatenate([p for p, _ in world.chunks], axis=1)
    whole = Machine(Procedure(), world.link, 6, world.cells, world.step_s)
    whole.advance(power)
    parts = Machine(Procedure(), world.link, 6, world.cells, world.step_s)
    for piece in np.array_split(power, 7, axis=1):
        parts.advance(piece)
    assert (whole.tally == parts.tally).all()


def test_reference_places_are_where_beams_are_strongest() -> None:
    satellite = satellites.of_case(worlds.leo_case()[0], tiers=3)
    place = worlds.centres_m(satellite)
    power = satellites.powers_dbm_mhz(
        satellite, np.column_stack([place, np.full(len(place), 1.5)]), clear=True
    )
    assert power.argmax(axis=1).tolist() == list(range(len(place)))


def test_dwell() -> None:
    assert round(worlds.dwell_s(50.0, 7.56), 2) == 6.61  # TR 38.821, table 7.3.2.1.2-1


def test_interruption_adds_round_trips() -> None:
    far = Link(round_trip_s=0.02577)
    assert Link().interruption_s() == pytest.approx(0.0495)  # TR 36.881
    assert far.interruption_s() == pytest.approx(0.0495 + 2 * 0.02577)
    assert far.interruption_s(rach=False) == pytest.approx(0.041 + 0.02577)


def test_announced_handover_at_a_change_of_satellite_fails_nobody() -> None:
    _, found = study.run("fixed", users=20, seconds=24.0)
    timed = found["conditional by time"]
    assert (timed.handovers, timed.failures, timed.link_failures) == (20, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        (lambda: Procedure("conditionl"), "conditional"),
        (lambda: Procedure(ttt_s=9.0), "TimeToTrigger"),
        (lambda: study.run("sea"), "world"),
        (lambda: Machine(Procedure("timed"), QUIET, 1, 2, STEP), "window_s"),
        (lambda: drive(Procedure("located"), stepped(-70.0)), "away_m"),
        (lambda: drive(Procedure(), np.full((4, 2), np.nan)), "NaN"),
        (lambda: Machine(Procedure(), QUIET, 2, 2, STEP).advance(np.zeros((1, 4, 2))), "power_dbm"),
    ],
)
def test_refusals(wrong: object, names: str) -> None:
    with pytest.raises(RabtaError, match=names):
        wrong()  # type: ignore[operator]
