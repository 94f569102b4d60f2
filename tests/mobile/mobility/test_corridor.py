"""The corridor's powers against the formulas they are tables of, and its chunks."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.mobile.mobility import _kernels as k
from rabta.mobile.mobility import corridor
from rabta.mobile.mobility.procedures import Procedure
from rabta.mobile.system import received
from rabta.radio.air import uav


def bare(height_m: float = 120.0) -> tuple[corridor.Corridor, np.ndarray]:
    """Powers of one aircraft without shadowing, straight from the kernel."""
    network = corridor.Network(corridor.along(30e3, 7))
    made = corridor.Corridor(network, corridor.line(10e3, 1, height_m=height_m, speed_m_s=0.0), Procedure())
    power = np.zeros(network.layout.sectors, np.float32)
    quiet = made.draws[0].copy()
    quiet[:2] = 0.0
    x, y, z = made.flights.begin_m[0]
    k.receive(
        x, y, z, network.layout.position_m, made.first, made.azimuth, made.power, corridor._pattern(6.0),
        made.laws[0], made.grid, quiet, np.uint64(5), 0, 0.0, made.field[0], power,
    )  # fmt: skip
    return made, power


def test_powers_are_tr_36777_and_the_panel() -> None:
    made, power = bare()
    layout, place = made.network.layout, made.flights.begin_m[0]
    step = place - layout.position_m[layout.site]
    flat = np.hypot(step[:, 0], step[:, 1])
    near = flat <= uav.REACH_M["RMa-AV"]
    loss = uav.path_loss_db("RMa-AV", flat[near], 120.0, 1.8, True)
    turn = np.degrees(np.arctan2(step[:, 1], step[:, 0])) - layout.azimuth_deg
    gain = received.panel(6.0).gain_dbi((turn + 180) % 360 - 180, np.degrees(np.arctan2(step[:, 2], flat)))
    wanted = 46.0 + gain[near] - loss
    main = gain[near] > -10.0  # by half a degree, nulls are deeper
    np.testing.assert_allclose(power[near][main], wanted[main], atol=0.2)
    assert main.sum() >= 3


def test_shadowing_goes_on_along_the_track() -> None:
    network = corridor.Network(corridor.along(30e3, 40))
    made = corridor.Corridor(network, corridor.line(10e3, 300, height_m=30.0, speed_m_s=20.0), Procedure())
    made.step(1)
    before = made.field[:, :-1, 0].copy()
    made.step(25)  # 25 steps of 2 m: exp(-50 / 50)
    after = made.field[:, :-1, 0]
    assert after.std() == pytest.approx(1.0, abs=0.03)
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] == pytest.approx(np.exp(-1.0), abs=0.03)


def test_chunks_do_not_matter() -> None:
    network = corridor.Network(corridor.along(20e3, 6))
    flights = corridor.line(15e3, 8)
    whole, parts = (corridor.Corridor(network, flights, Procedure(), seed=2) for _ in range(2))
    one = whole.step(90)
    two = [parts.step(n) for n in (10, 47, 33)]
    np.testing.assert_array_equal(one[1], np.concatenate([p[1] for p in two], axis=1))
    np.testing.assert_array_equal(one[0], np.concatenate([p[0] for p in two], axis=1))
    found = corridor.Corridor(network, flights, Procedure(), seed=2).run(9.0)
    assert found.outcome.handovers == int(whole.machine.tally[:, k.DONE].sum())
    assert found.command_share == pytest.approx(((one[0] >= 0) & (one[1] >= corridor.COMMAND_SINR_DB)).mean())


def test_bearings() -> None:
    ends = corridor.bearings([31.558, 33.72], [74.35, 73.06], (31.558, 74.35), (33.72, 73.06))
    assert ends[1, 0] - ends[0, 0] == pytest.approx(269.5e3, rel=0.01)
    np.testing.assert_allclose(ends[:, 1], 0.0, atol=1e-6)


def test_refusals() -> None:
    network = corridor.Network(corridor.along(20e3, 6))
    with pytest.raises(RabtaError, match="height_m"):
        corridor.line(1e4, 5, height_m=400.0)
    with pytest.raises(RabtaError, match="baseline or conditional"):
        corridor.Corridor(network, corridor.line(1e4, 5), Procedure("located"))


def test_aircraft_turn_back_at_the_ends() -> None:
    flights = corridor.line(4e3, 12, speed_m_s=40.0)
    at = np.arange(0.0, 600.0, 0.1)
    place = flights.along_m(at)
    assert np.abs(place).max() <= 2e3
    np.testing.assert_allclose(np.abs(np.diff(place, axis=1)).max(axis=1), 4.0)  # at their speed, no jump
    np.testing.assert_allclose(
        flights.along_m([200.0]), flights.along_m([0.0]), atol=1e-6
    )  # 8 km: back again
    plain = [[k.fold(x0 + v * t, 2e3) for t in at[::97]]
             for x0, v in zip(flights.begin_m[:, 0], flights.velocity_m_s[:, 0], strict=True)]  # fmt: skip
    np.testing.assert_allclose(place[:, ::97], plain, atol=1e-6)
    assert k.fold(7e9, np.inf) == 7e9


def test_long_flights_stay_over_their_network() -> None:
    """After a quarter of an hour a straight flight would be 36 km away."""
    network = corridor.Network(corridor.along(6e3, 6))
    made = corridor.Corridor(network, corridor.line(6e3, 10, speed_m_s=40.0), Procedure(), seed=3)
    early = made.run(60.0)
    made.step(int(900.0 / corridor.STEP_S))
    _, late = made.step(600)
    assert np.abs(early.along_m).max() < 3e3
    assert np.median(late) == pytest.approx(early.sinr_share.searchsorted(0.5) / 2.0 - 20.0, abs=3.0)


def test_a_flight_begins_on_its_corridor() -> None:
    with pytest.raises(RabtaError, match="beyond the end"):
        corridor.Flights(np.array([[900.0, 0.0, 50.0]]), np.zeros((1, 3)), 500.0)
