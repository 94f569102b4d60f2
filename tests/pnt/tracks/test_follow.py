"""The filter on drives whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drives import Drive, drive

from rabta.errors import RabtaError
from rabta.pnt.tracks import MOTIONS, Track, follow, reference


def horizontal(made: Drive, track: Track, skip: int = 20) -> np.ndarray:
    up = made.start_m / np.linalg.norm(made.start_m)
    error = track.position_m - made.position_m
    return np.asarray(np.linalg.norm(error - (error @ up)[:, None] * up, axis=1)[skip:])


def test_without_noise_the_drive_comes_back() -> None:
    made = drive(noisy=0.0)
    found = follow(made.rows, made.start_m)
    assert found.method == "forward"
    assert horizontal(made, found).max() < 0.05
    assert np.abs(found.velocity_m_s - made.velocity_m_s)[20:].max() < 0.5  # it turns at 0.7 m/s^2
    assert found.clock_rate[-1] * 299_792_458.0 == pytest.approx(64.0, abs=0.05)
    assert (found.clock_s[-1, 1] - found.clock_s[-1, 0]) * 299_792_458.0 == pytest.approx(7.0, abs=0.05)
    assert found.fixed.all()


def test_signals_round_corners_lose_their_say() -> None:
    """A fifth of the satellites 60 m late on average, all the time: plain least squares falls apart."""
    robust, plain, back = [], [], []
    for seed in range(6):
        made = drive(200, 12, held_up=0.17, seed=seed)
        robust.append(np.percentile(horizontal(made, follow(made.rows, made.start_m)), 95))
        back.append(np.percentile(horizontal(made, follow(made.rows, made.start_m, smooth=True)), 95))
        states, _ = reference.forward(made.rows, made.position_m[0], MOTIONS["vehicle"], bounds=(1e9, 2e9))
        loose = replace(follow(made.rows, made.start_m), position_m=states[:, :3])
        plain.append(np.percentile(horizontal(made, loose), 95))
    assert np.median(robust) < 5.0
    assert np.median(back) < np.median(robust)
    assert np.median(plain) > 2.0 * np.median(robust)


def test_a_wrong_start_is_not_carried_on() -> None:
    """A third of the satellites late at first, so that the first fix is wrong and looks right; later none."""
    made = drive(240, 12, held_up=0.34, seed=1)
    clean = drive(240, 12, held_up=0.0, seed=1)
    epoch = np.repeat(np.arange(240), 12)
    mixed = replace(made.rows, code_m=np.where(epoch < 20, made.rows.code_m, clean.rows.code_m))
    found = follow(mixed, made.start_m)
    assert horizontal(made, found, 0)[:20].max() > 15.0
    assert horizontal(made, found, 120).max() < 6.0


def test_reported_covariance_holds_errors_that_last() -> None:
    inside = []
    for seed in range(8):
        made = drive(150, 12, held_up=0.17, seed=seed)
        found = follow(made.rows, made.start_m)
        error = found.position_m - made.position_m
        square = np.einsum("ei,eij,ej->e", error, np.linalg.inv(found.covariance_m2), error)
        inside.append(np.mean(square[20:] < 7.81))  # chi-square, three degrees, 95 %
    assert np.mean(inside) > 0.95


def test_clock_jumps_do_not_move_the_receiver() -> None:
    """A receiver sets its clock back by a millisecond: codes jump by 300 km, position by nothing."""
    made = drive(90, held_up=0.0)
    epoch = np.repeat(np.arange(90), 12)
    code = made.rows.code_m - 299_792.458 * (epoch >= 40) + 1_000.0 * (epoch >= 60)
    found = follow(replace(made.rows, code_m=code), made.start_m)
    assert horizontal(made, found).max() < 4.0
    steps = np.diff(found.clock_s[:, 0]) * 299_792_458.0
    assert steps[39] == pytest.approx(-299_792.458 + 64.0, abs=10.0)


def test_tunnel_is_bridged_by_the_motion() -> None:
    made = drive(90)
    epoch = np.repeat(np.arange(90), 12)
    dark = (epoch >= 50) & (epoch < 56)
    starts = np.searchsorted(epoch[~dark], np.arange(91))
    place = np.cumsum(~dark) - 1
    before = np.where(dark[made.rows.before] | (made.rows.before < 0), -1, place[made.rows.before])
    kept = {
        name: getattr(made.rows, name)[~dark]
        for name in ("system", "prn", "satellite_m", "velocity_m_s", "code_m", "rate_m_s", "phase_m",
                     "variance", "elevation_deg", "azimuth_deg")
    }  # fmt: skip
    found = follow(replace(made.rows, starts=starts, before=before[~dark], **kept), made.start_m)
    assert (~found.fixed).sum() == 6
    assert np.isfinite(found.position_m).all()
    sigma = np.sqrt(np.trace(found.covariance_m2, axis1=1, axis2=2))
    assert sigma[55] > 1.2 * sigma[49]
    assert horizontal(made, found, 70).max() < 5.0


def test_a_receiver_that_stands_still_narrows_down() -> None:
    made = drive(400, speed=0.0, seed=5)
    moving = follow(made.rows, made.start_m, "vehicle")
    still = follow(made.rows, made.start_m, "static")
    assert horizontal(made, still, 300).max() < 1.0
    assert np.median(horizontal(made, still, 300)) < np.median(horizontal(made, moving, 300))
    back = follow(made.rows, made.start_m, "static", smooth=True)
    np.testing.assert_allclose(back.position_m[10], still.position_m[-1], atol=0.05)


def test_an_aircraft_turns_and_climbs() -> None:
    """A standard turn (3 degrees a second at 120 m/s) climbing at 10 m/s; by codes alone a car lags."""
    made = drive(150, 14, speed=120.0, radius=120.0 / np.radians(3.0), climb=10.0, seed=3)
    no_phase = replace(made.rows, before=np.full(made.rows.before.size, -1))
    flown = follow(no_phase, made.start_m, "aircraft")
    assert horizontal(made, flown, 30).max() < 6.0
    assert np.abs(flown.velocity_m_s - made.velocity_m_s)[30:].max() < 1.5
    codes = replace(no_phase, rate_m_s=np.full(made.rows.rate_m_s.size, np.nan))
    flown, driven = (follow(codes, made.start_m, kind) for kind in ("aircraft", "vehicle"))
    assert np.median(horizontal(made, flown, 30)) < 0.5 * np.median(horizontal(made, driven, 30))


@pytest.mark.parametrize("far_m", [2e3, 2e4])
def test_start_from_far_away(far_m: float) -> None:
    made = drive(60)
    found = follow(made.rows, made.start_m + np.array([far_m, 0.0, 0.0]))
    assert horizontal(made, found, 20).max() < 6.0


def test_too_few_satellites_and_unknown_motions_are_refused() -> None:
    made = drive(5, 3)
    with pytest.raises(RabtaError, match="four satellites"):
        follow(made.rows, made.start_m)
    with pytest.raises(RabtaError, match="did you mean 'aircraft'"):
        follow(drive(5).rows, made.start_m, "aircraf")
    assert set(MOTIONS) == {"vehicle", "aircraft", "static"}


def test_missing_numbers_are_left_out() -> None:
    """NaN and infinities in any column of some rows do not reach the state."""
    made = drive(60)
    rng = np.random.default_rng(9)
    broken = {}
    for name in ("code_m", "rate_m_s", "phase_m", "satellite_m", "velocity_m_s", "variance"):
        values = getattr(made.rows, name).copy()
        hit = rng.random(len(values)) < 0.04
        values[hit] = rng.choice([np.nan, np.inf, -np.inf], size=hit.sum()).reshape(
            -1, *[1] * (values.ndim - 1)
        )
        broken[name] = values
    found = follow(replace(made.rows, **broken), made.start_m)
    assert np.isfinite(found.position_m).all()
    assert horizontal(made, found).max() < 8.0


def test_epochs_out_of_order_are_refused() -> None:
    made = drive(10)
    times = made.rows.times.copy()
    times[5] = times[4]
    with pytest.raises(RabtaError, match="order of time"):
        follow(replace(made.rows, times=times), made.start_m)
