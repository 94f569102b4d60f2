"""Ground waves: limits that are known in closed form, reciprocity, mixed paths, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.hf import groundwave
from rabta.radio.hf.groundwave import Ground, basic_loss_db, field_dbuvm, mixed_field_dbuvm

SEA, LAND = Ground(70.0, 5.0), Ground(22.0, 3e-3)


def test_perfect_flat_ground_is_300_mv_at_a_kilometre() -> None:
    # ITU-R P.368: a cymomotive force of 300 V, 109.5 dB(uV/m) less 20 log d near a good ground
    near = field_dbuvm(0.5, [0.1, 1.0, 5.0], SEA)
    assert near == pytest.approx(109.54 - 20 * np.log10([0.1, 1.0, 5.0]), abs=0.05)


def test_both_methods_meet() -> None:
    # at 80 / f^(1/3) km the flat Earth hands over to the residue series
    for f in (0.1, 1.0, 5.0, 20.0):
        edge = 80.0 / np.cbrt(f)
        below, above = field_dbuvm(f, [edge * 0.999999, edge], LAND)
        assert below == pytest.approx(above, abs=0.35)


def test_far_out_it_falls_exponentially() -> None:
    # one residue is left: the same loss for every 100 km, but for 10 log d
    d = np.array([1500.0, 1600.0, 1700.0])
    field = field_dbuvm(2.0, d, SEA) + 10.0 * np.log10(d)
    assert np.diff(field)[0] == pytest.approx(np.diff(field)[1], abs=1e-3)


def test_heights_are_reciprocal_and_help_over_land() -> None:
    one, other = (field_dbuvm(10.0, 60.0, LAND, heights_m=h) for h in ((5.0, 40.0), (40.0, 5.0)))
    assert one == pytest.approx(other, abs=1e-9)
    assert one > field_dbuvm(10.0, 60.0, LAND)


def test_roots_solve_their_equation() -> None:
    from scipy.special import airye

    for q in (0.02 + 0.01j, 1.0 + 2.0j, 30.0 + 10.0j):
        _, z = groundwave._roots(q)
        ai, slope, _, _ = airye(z)
        assert np.abs(groundwave._TURN * slope / ai - q).max() < 1e-6 * max(1.0, abs(q))
        assert len(np.unique(np.round(z, 6))) == len(z)  # no root twice


def test_millington() -> None:
    parts = [(40.0, LAND), (60.0, SEA)]
    whole = mixed_field_dbuvm(1.0, parts)
    assert whole == pytest.approx(mixed_field_dbuvm(1.0, parts[::-1]))
    land, sea = (float(field_dbuvm(1.0, 100.0, ground)) for ground in (LAND, SEA))
    assert land < whole < sea
    assert mixed_field_dbuvm(1.0, [(30.0, LAND), (70.0, LAND)]) == pytest.approx(land)
    with pytest.raises(RabtaError, match="positive length"):
        mixed_field_dbuvm(1.0, [])


def test_basic_loss() -> None:
    # NTIA LFMF, ValidationPolarizationVertical.csv: 30 MHz, 50 km, 80 / 1 S/m
    assert basic_loss_db(38.97876, 30.0) == pytest.approx(132.54966, abs=2e-3)


@pytest.mark.parametrize(
    ("f", "d", "name"),
    [(31.0, 10.0, "frequency_mhz"), (1.0, 2e4, "distance_km"), (1.0, np.nan, "distance_km")],
)
def test_refusals(f: float, d: float, name: str) -> None:
    with pytest.raises(RabtaError, match=name):
        field_dbuvm(f, d, SEA)


def test_ground_is_checked() -> None:
    with pytest.raises(RabtaError, match="conductivity"):
        Ground(15.0, 0.0)
