"""Runs: kernels against brute force, closed cases, steps and the worst geometry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.radio.interference.epfd import (
    dishes,
    geometry,
    limits,
    masks,
    orbits,
    reference,
    runs,
    steps,
    worst,
)
from rabta.space.constellations import node_rate_deg_day

BR_STEP_S, BR_STEPS = 4.256, 23_811_330  # the ITU's run of MCSAT LEO Ka (see verify suite epfd)


def shells() -> orbits.Orbits:
    """Two shells of different height, 312 satellites."""
    one = orbits.make(
        np.repeat(np.arange(12) * 30.0, 20), np.tile(np.arange(20) * 18.0, 12), 550.0, 53.0, 25.0
    )
    node, phase = np.repeat(np.arange(6) * 31.0, 12), np.tile(np.arange(12) * 30.0, 6) + 7.0
    two = orbits.make(node, phase, 1200.0, 88.0, 20.0)
    parts = [
        (np.repeat(o.node_deg, o.count), np.degrees(o.phase_rad), np.repeat(o.altitude_km, o.count),
         np.repeat(o.inclination_deg, o.count), np.repeat(o.min_elevation_deg, o.count))
        for o in (one, two)
    ]  # fmt: skip
    return orbits.make(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def table(kind: str) -> masks.PfdMask:
    """A mask without symmetry."""
    rng = np.random.default_rng(4)
    return masks.PfdMask(
        kind, np.array([-40.0, 0.0, 30.0]), np.array([-60.0, -12.0, 0.0, 9.0, 50.0]),
        np.array([-30.0, 0.0, 20.0]), rng.uniform(-190.0, -150.0, (3, 5, 3)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "changes", "lat", "gso", "size", "pattern"),
    [
        ("alpha", {}, 31.5, 38.0, 0.6, "S.1428-1"),
        ("alpha", {"together": 4, "apart_deg": 15.0}, -20.0, 60.0, 1.2, "S.1428-1"),
        ("x", {"together": 2, "strategy": "elevation"}, 45.0, 90.0, 3.0, "S.1428-1"),
        ("azimuth", {"together": 3, "strategy": "alpha"}, 0.0, 75.0, 10.0, "S.1428-1"),
        (
            "azimuth",
            {"strategy": "pfd", "avoidance_deg": ((0.0, 4.0), (60.0, 15.0))},
            58.0,
            70.0,
            0.6,
            "BO.1443-3",
        ),
        ("alpha", {"avoidance_deg": 0.0, "together": 50}, 12.0, 40.0, 0.3, "BO.1443-3"),
    ],
)
def test_kernel_is_the_brute_force(
    kind: str, changes: dict[str, object], lat: float, gso: float, size: float, pattern: str
) -> None:
    dish = dishes.earth_station(size, 12.0, pattern)
    system = replace(runs.System(shells(), table(kind), 10.0), **changes)  # type: ignore[arg-type]
    victim = runs.Victim(lat, 70.0, gso, dish)
    times = np.random.default_rng(2).uniform(0.0, 5e6, 60)
    ours, theirs = runs.down_at(system, victim, times, 1e-5), reference.down_at(system, victim, times, 1e-5)
    assert np.isfinite(theirs).any()
    assert ours == pytest.approx(theirs, abs=1e-5)  # the bar is 0.05 dB


def test_distribution_is_that_of_the_brute_force() -> None:
    """Every step of a block by both, counted by the lower tenth of a dB."""
    dish = dishes.earth_station(0.6, 12.0)
    few = orbits.make(np.repeat(np.arange(8) * 45.0, 6), np.tile(np.arange(6) * 60.0, 8), 1400.0, 52.0, 10.0)
    system, victim = runs.System(few, table("alpha"), 6.0), runs.Victim(31.5, 74.3, 38.0, dish)
    plan = steps.Plan(20.0, runs.BLOCK, 1, 0.0, 16)
    found = runs.down(system, victim, plan=plan)
    theirs = reference.down_at(system, victim, plan.step_s * np.arange(runs.BLOCK))
    assert found.steps == runs.BLOCK
    assert found.highest_db == pytest.approx(theirs.max(), abs=1e-5)
    for level, percent in zip(found.levels_db, found.percent, strict=True):
        assert percent == pytest.approx(100.0 * (theirs >= level + 0.1 - 1e-7).mean(), abs=0.2)
    worse = np.sort(theirs)[::-1]
    for share in (0.5, 1.0, 5.0, 20.0, 50.0):
        there = worse[int(share / 100.0 * runs.BLOCK)]
        assert float(found.exceeded_for(share)) == pytest.approx(there, abs=0.05 + 0.1)  # a bin wide


def test_coarse_steps_weigh_what_they_stand_for() -> None:
    dish = dishes.earth_station(3.0, 12.0)
    system = runs.System(shells(), masks.held(-150.0, 4.0, 30.0), 4.0)
    victim = runs.Victim(31.5, 74.3, 38.0, dish)
    plan = steps.Plan(0.5, 20_000, 10, 0.0, 16)
    fine, dual = runs.down(system, victim, plan=plan, dual=False), runs.down(system, victim, plan=plan)
    assert fine.steps == dual.steps == 20_000
    assert float(dual.exceeded_for(50.0)) == pytest.approx(float(fine.exceeded_for(50.0)), abs=0.2)
    assert dual.highest_db <= fine.highest_db + 1e-9


def test_result_has_one_name_however_it_is_made() -> None:
    from rabta import jit

    dish = dishes.earth_station(0.6, 12.0)
    system, victim = runs.System(shells(), table("alpha"), 6.0), runs.Victim(31.5, 74.3, 38.0, dish)
    plan, before = steps.plan(system.orbits, 2.9), jit.threads()
    told: list[int] = []
    one = runs.down(system, victim, 5000, plan=plan, told=told.append)
    jit.set_threads(1)
    try:
        two = runs.down(system, victim, 5000, plan=plan)
    finally:
        jit.set_threads(before)
    assert one.digest == two.digest
    assert sum(told) == 5000
    assert runs.down(system, replace(victim, lat_deg=31.6), 5000, plan=plan).digest != one.digest


def test_one_satellite_in_line_is_its_mask() -> None:
    """Closed case: a satellite on the line to the arc is received at the peak, so EPFD is the mask's pfd."""
    dish = dishes.earth_station(0.6, 12.0)
    victim = runs.Victim(30.0, 70.0, 38.0, dish)
    toward = geometry.unit(victim.target - victim.station)
    height = 1.2e6
    b = victim.station @ toward
    far = -b + np.sqrt(b * b + (geometry.EARTH_M + height) ** 2 - geometry.EARTH_M**2)
    where = victim.station + far * toward
    lat, lon = (
        np.degrees(np.arcsin(where[2] / np.linalg.norm(where))),
        np.degrees(np.arctan2(where[1], where[0])),
    )
    one = orbits.make(lon - 90.0, 90.0, height / 1e3, lat)
    level = masks.PfdMask("alpha", np.zeros(1), np.zeros(1), np.zeros(1), np.full((1, 1, 1), -161.0))
    system = runs.System(one, level, 10.0)
    assert runs.down_at(system, victim, 0.0) == pytest.approx([-161.0], abs=1e-6)
    # 5 degrees off at the same place: G = 29 - 25 log 5 below the peak
    axis = geometry.unit(np.cross(toward, victim.station))
    turned = toward * np.cos(np.radians(5.0)) + axis * np.sin(np.radians(5.0))
    b = victim.station @ turned
    far = -b + np.sqrt(b * b + (geometry.EARTH_M + height) ** 2 - geometry.EARTH_M**2)
    where = victim.station + far * turned
    lat, lon = (
        np.degrees(np.arcsin(where[2] / np.linalg.norm(where))),
        np.degrees(np.arctan2(where[1], where[0])),
    )
    side = runs.System(orbits.make(lon - 90.0, 90.0, height / 1e3, lat), level, 0.0)
    expected = -161.0 + 29.0 - 25.0 * np.log10(5.0) - dish.peak_dbi
    assert runs.down_at(side, victim, 0.0) == pytest.approx([expected], abs=1e-6)


def test_up_in_closed_form() -> None:
    """S.1503-4, D5.2.6, steps 19 to 23: one station sends 4 dBW to the arc, spread over 4 pi D^2."""
    beam = runs.Beam(70.0, 20.0, 70.0, dishes.satellite(4.0, -20.0))
    mask = masks.EirpMask(np.zeros(1), np.array([0.0, 180.0]), np.array([[4.0, 4.0]]))
    one = runs.Stations(mask, 8000.0)  # so far apart that only the beam's own place lies within 15 dB
    above = orbits.make(-20.0, 90.0, 1200.0, 30.0)
    system = runs.System(above, masks.held(-160.0, 0.0, 0.0), 10.0)
    assert len(one.places(beam)) == 1
    far = np.linalg.norm(beam.position - geometry.place(20.0, 70.0))
    assert runs.up_at(system, one, beam, 0.0) == pytest.approx([4.0 - 10.0 * np.log10(4.0 * np.pi * far**2)])
    avoided = replace(system, avoidance_deg=89.0)
    assert runs.up_at(avoided, one, beam, 0.0) == pytest.approx([-np.inf])


def test_up_is_the_sum_over_stations() -> None:
    """The kernel against every equation in NumPy, over stations and satellites."""
    beam = runs.Beam(38.0, 30.0, 70.0, dishes.satellite(4.0, -20.0))
    mask = masks.EirpMask(
        np.zeros(1), np.array([0.0, 5.0, 20.0, 180.0]), np.array([[10.0, -10.0, -20.0, -30.0]])
    )
    group = runs.Stations(mask, 700.0, per_km2=1e-5)
    system = runs.System(shells(), masks.held(-160.0, 0.0, 0.0), 8.0, together=2)
    for t in (0.0, 123456.0):
        where, total = system.orbits.positions(t), 0.0
        lowest = np.repeat(system.orbits.min_elevation_deg, system.orbits.count)
        for place in group.places(beam):
            high = geometry.elevation_deg(place, where)
            ok = (high >= lowest) & (np.abs(geometry.alpha_deg(place, where)[0]) >= 8.0)
            if not ok.any():
                continue
            lat = np.degrees(np.arcsin(place[2] / geometry.EARTH_M))
            eirp = mask.at(lat, geometry.off_axis_deg(place, beam.position, where[ok])) + 10 * np.log10(
                700.0**2 * 1e-5
            )
            far = np.linalg.norm(beam.position - place)
            off = geometry.off_axis_deg(beam.position, geometry.place(30.0, 70.0), place[None])
            seen = (
                eirp
                + dishes.gain_dbi(beam.dish, off)[0]
                - beam.dish.peak_dbi
                - 10 * np.log10(4 * np.pi * far**2)
            )
            total += (10.0 ** (np.sort(seen)[::-1][:2] / 10.0)).sum()
        assert runs.up_at(system, group, beam, t)[0] == pytest.approx(10.0 * np.log10(total), abs=1e-6)


def test_between_is_the_sum_over_satellites() -> None:
    """S.1503-4, D5.3.5, in NumPy: visible satellites, mask off the nadir, S.672 off the beam, 4 pi D^2."""
    beam = runs.Beam(38.0, 30.0, 70.0, dishes.satellite(4.0, -20.0))
    mask = masks.EirpMask(
        np.array([-30.0, 30.0]), np.array([0.0, 90.0, 180.0]), np.array([[5.0, -20, -40], [2, -9, -60]])
    )
    system = runs.System(shells(), masks.held(-160.0, 0.0, 0.0))
    for t in (0.0, 4321.0):
        where = system.orbits.positions(t)
        way = where - beam.position
        far = np.linalg.norm(way, axis=1)
        radius = np.linalg.norm(where, axis=1)
        limb = np.sqrt(geometry.ARC_M**2 - geometry.EARTH_M**2) + np.sqrt(radius**2 - geometry.EARTH_M**2)
        angle = np.degrees(np.arccos((way * where).sum(axis=1) / far / radius))
        off = np.degrees(np.arccos(np.clip(way @ beam.axis / far, -1, 1)))
        lat = np.degrees(np.arcsin(where[:, 2] / radius))
        level = mask.at(lat, angle) + dishes.gain_dbi(beam.dish, off) - beam.dish.peak_dbi
        total = (10.0 ** (level / 10.0) / (4.0 * np.pi * far**2))[far < limb].sum()
        assert runs.between_at(system, mask, beam, t)[0] == pytest.approx(10.0 * np.log10(total), abs=1e-6)


def test_steps_of_the_itus_run() -> None:
    """MCSAT LEO Ka, 774 satellites, 1 m at 17.8 GHz: the ITU's run took 4.256 s and 23,811,330 steps."""
    planes = orbits.make(
        np.repeat(np.arange(18) * 20.0, 43), np.tile(np.arange(43) * 360 / 43, 18), 1200.0, 87.9
    )
    found = steps.plan(planes, dishes.earth_station(1.0, 17.80002).beamwidth_deg, 0.029)
    assert found.step_s == BR_STEP_S
    assert found.hits == pytest.approx(0.8)
    assert found.steps == pytest.approx(BR_STEPS, rel=1e-3)
    assert steps.coarse_ratio(1.5) == 16
    assert steps.least_steps(0.001) == 1_000_000  # table 13's example


def test_tracks_close_with_the_artificial_precession() -> None:
    """S.1503-4, D4.6.2, step 11: after the run the node has gone round whole times."""
    planes = orbits.make([0.0], [0.0], 550.0, 53.0)
    made = steps.plan(planes, 2.9)
    node, along = (float(rate[0]) for rate in planes.rates())
    period = 2.0 * np.pi / along
    passes = np.ceil(180.0 / (2.0 * steps.crossing_deg(2.9, 550.0) / 16))
    turned = (
        np.degrees(geometry.EARTH_RAD_S - node) * period * passes + made.artificial_deg_s * period * passes
    )
    assert turned / 360.0 == pytest.approx(round(turned / 360.0), abs=2e-3)


def test_orbits_drift_as_elsewhere() -> None:
    """The node's drift under J2 beside the space package's (Vallado, other constants)."""
    rate = np.degrees(orbits.secular_rates(geometry.EARTH_M + 550e3, 53.0)[1]) * 86_400.0
    assert float(rate) == pytest.approx(float(node_rate_deg_day(550.0, 53.0)), rel=2e-3)
    found = orbits.of_catalog("starlink-gen1-filed")
    assert found.satellites == 4408
    radius = np.linalg.norm(found.positions(12_345.6), axis=1)
    assert radius == pytest.approx(np.repeat(found.radius_m, found.count))
    for first, count in zip(found.first, found.count, strict=True):
        assert (np.diff(found.phase_rad[first : first + count]) >= 0.0).all()


def test_worst_geometry_is_at_the_edge_of_the_zone() -> None:
    """A mask that falls away from the zone's edge has its worst place on the edge, and nowhere is worse."""
    angles = np.linspace(-90.0, 90.0, 181)
    values = np.where(np.abs(angles) < 10.0, -400.0, -150.0 - np.abs(angles))
    mask = masks.PfdMask("alpha", np.zeros(1), angles, np.zeros(1), values[None, :, None])
    system = runs.System(orbits.make(np.arange(6) * 60.0, 0.0, 1200.0, 60.0, 20.0), mask, 10.0)
    limit, dish = limits.find(11.2)[0], dishes.earth_station(0.6, 11.2)
    found = worst.search(system, dish, limit, 11.2, grid_deg=4.0)
    assert abs(found.alpha_deg) == pytest.approx(10.0, abs=0.01)
    rng = np.random.default_rng(1)
    for sat in worst.satellites_at(system.orbits.radius_m[0], 60.0, rng.uniform(-60.0, 60.0, 40)):
        places = geometry.place(rng.uniform(-80, 80, 300), rng.uniform(-180, 180, 300))
        places = places[[geometry.elevation_deg(p, sat[None, :3])[0] >= 20.0 for p in places]]
        for place in places:
            alpha = geometry.alpha_deg(place, sat[None, :3])[0]
            if abs(alpha[0]) >= 10.0:
                level = float(
                    (mask.at(0.0, alpha, 0.0) + dishes.gain_dbi(dish, abs(alpha)) - dish.peak_dbi)[0]
                )
                assert level <= found.epfd_db + 0.1
    victim = found.victim(38.0, dish)
    assert victim.gso_lon_deg == 38.0
    again = geometry.place(found.satellite_lat_deg, 0.0, geometry.EARTH_M + 1.2e6)
    assert geometry.elevation_deg(geometry.place(found.lat_deg, found.lon_deg), again[None])[
        0
    ] == pytest.approx(found.elevation_deg, abs=1e-6)


def test_bad_input_is_refused_by_name() -> None:
    dish = dishes.earth_station(0.6, 12.0)
    with pytest.raises(RabtaError, match="below the horizon"):
        runs.Victim(31.5, 74.3, 250.0, dish)
    with pytest.raises(RabtaError, match="latitude_deg"):
        runs.Victim(85.0, 74.3, 38.0, dish)
    system = runs.System(shells(), table("alpha"))
    with pytest.raises(RabtaError, match="did you mean 'elevation'"):
        replace(system, strategy="elevatoin").rules()
    with pytest.raises(RabtaError, match="nobody serves"):
        replace(system, together=0).rules()
    with pytest.raises(RabtaError, match="geostationary system has no EPFD"):
        orbits.of_catalog("paksat-1r")
    with pytest.raises(RabtaError, match="avoidance_deg"):
        runs.with_avoidance(system, 91.0)
    with pytest.raises(RabtaError, match="beyond the horizon"):
        runs.Beam(38.0, 30.0, 170.0, dishes.satellite(4.0, -20.0))
