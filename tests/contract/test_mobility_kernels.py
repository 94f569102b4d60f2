"""The compiled handover machine does what the plain one does, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.mobile.mobility import _kernels as k
from rabta.mobile.mobility import reference
from rabta.mobile.mobility.procedures import Link, Machine, Procedure
from rabta.radio.ntn.field import keys

PROCEDURES = [
    Procedure(),
    Procedure(event="a5", least_dbm=-90.0, own_dbm=-80.0, hysteresis_db=1.0),
    Procedure("conditional", offset_db=1.0, ttt_s=0.1),
    Procedure("conditional", most=2, prepare_ttt_s=0.1, rach=False),
    Procedure("timed", lead_s=0.5),
    Procedure("located", close_m=700.0, leave_m=400.0, enter_m=600.0, hysteresis_m=10.0),
]


def wander(users: int, steps: int, cells: int, seed: int) -> np.ndarray:
    """Powers that wander by several dB a second."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0.0, 2.0, (users, steps, cells)), axis=1)
    power = -85.0 + rng.normal(0.0, 5.0, (users, 1, cells)) + walk
    power[:, steps // 2 : steps // 2 + 8, 0] = -np.inf
    return power.astype(np.float32)


@pytest.mark.parametrize("number", range(len(PROCEDURES)))
def test_machine(number: int) -> None:
    users, steps, cells = 12, 600, 7
    power = wander(users, steps, cells, number)
    away = np.abs(np.cumsum(np.random.default_rng(9).normal(0, 40, (users, steps, cells)), axis=1)) + 100.0
    window = np.stack(
        [np.tile(np.arange(cells) * 1.5, (users, 1)), np.tile(np.arange(cells) * 1.5 + 9, (users, 1))], -1
    )
    link = Link(period_s=0.04, t310_s=0.06, n310=2, n311=2, load=1.0, round_trip_s=0.026)
    machine = Machine(PROCEDURES[number], link, users, cells, 0.02, np.arange(cells) % 2, window, seed=3)
    parts = [machine.advance(power[:, a:b], away[:, a:b]) for a, b in ((0, 100), (100, 333), (333, steps))]
    serving = np.concatenate([part[0] for part in parts], axis=1)
    sinr = np.concatenate([part[1] for part in parts], axis=1)
    clipped = np.maximum(power, np.float32(k.GONE))
    for u in range(users):
        cells_u, ratios, user = reference.compare(machine, clipped[u], away[u].astype(np.float32), u)
        assert serving[u].tolist() == cells_u
        np.testing.assert_allclose(sinr[u], np.maximum(ratios, k.GONE), atol=1e-4)
        assert machine.tally[u].tolist() == [user.tally[i] for i in range(k.TALLIES)]
    assert machine.tally[:, k.DONE].sum() > users
    total = machine.tally.sum(axis=0)
    assert (total[[k.OUTAGE, k.BROKEN, k.SHORT]] > 0).all()
    assert number >= 3 or total[k.RLF] + total[k.NO_COMMAND] + total[k.RECOVERED] > 0


def test_normal_numbers_are_the_inverse_of_the_distribution() -> None:
    for name in keys(4, np.arange(50)):
        for number in (0, 1, 7, 10**6):
            theirs = reference.deviate(name, number)
            assert k.deviate(name, np.uint64(number)) == pytest.approx(theirs, rel=2e-9, abs=2e-9)


def test_powers_by_the_table_are_powers() -> None:
    for dbm in (-299.9, -173.21, -95.0, -0.01, 0.0, 46.3):
        assert k.milliwatts(dbm) == pytest.approx(10.0 ** (dbm / 10.0), rel=1e-10)
