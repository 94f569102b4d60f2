"""EPFD against the print of ITU-R S.1503-4, a run of the ITU's software, transcriptions and brute force."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.radio.interference.epfd import dishes, geometry, limits, masks, orbits, reference, runs, steps
from rabta.verify import Row, suite

Array = NDArray[np.float64]

S1503 = "ITU-R S.1503-4"
BR = (
    "the ITU's BR_Space 10 on filing MCSAT LEO Ka, as quoted in tests of "
    "github.com/SIMULATOR-WG/SHARC-Orbit_colab_ITU (EPFDRESULTS_MCSAT_LEO_Ka)"
)
SHARC = "SHARC's transcription for 1 MHz (plot_epfd.py in github.com/SIMULATOR-WG/SHARC)"
BRUTE = "brute force in NumPy: rabta.radio.interference.epfd.reference"

# S.1503-4, table 9: beamwidth, least elevation (deg); edge and axis at the satellite, axis at the centre
_TABLE_9 = (
    (1.5, 10.0, 8.567, 7.817, 56.230),
    (4.0, 10.0, 8.567, 6.567, 42.552),
    (1.55, 20.0, 8.172, 7.397, 50.934),
)
# Table 10: beamwidth, Ls of Article 22, centre angles from and to (deg), a, b ... h
_TABLE_10 = (
    (4.0, -20.0, 0, 42, (-133.536851, 0.001384021, 0.000637798, 6.9531e-07, -1.94494e-07, 1.41944e-09,
                         -0.033027982, 0.000434998)),
    (1.55, -10.0, 0, 30, (-133.323814, 0.017909858, -0.011981864, 0.002350044, -4.61428e-05, -3.30e-07,
                          -0.408584467, 0.054553642)),
    (1.55, -10.0, 36, 50, (-133.323814, 0.02314611, -0.001336397, 2.26511e-05, -6.95017e-08, -7.75011e-10,
                           -0.036720978, 0.000370144)),
    (1.5, -20.0, 0, 54, (-142.1952459, -0.001235207, 0.00121213, -4.77102e-05, 6.5926e-07, -2.83069e-09,
                         -0.033787173, 0.000306156)),
)  # fmt: skip
# Levels that may be exceeded for so many percent of the time, 1 MHz: table, dish, then points
_ONE_MHZ = (
    (18.0, 1.0, ((-161.4, 10.0), (-158.5, 1.0), (-153.0, 0.286), (-150.0, 0.029))),
    (
        20.0,
        0.9,
        ((-167.4, 9.0), (-156.4, 0.2), (-154.6, 0.2), (-151.0, 0.057), (-146.0, 0.057), (-140.0, 0.003)),
    ),
)


@suite("epfd", "EPFD of S.1503-4 and the limits of Article 22")
def run(files: Path | None) -> list[Row]:  # noqa: ARG001 (no reference files: all numbers are quoted)
    """Steps, geometry, gains summed over a beam, limits, and kernels against brute force."""
    return [*_steps(), *_views(), *_beams(), *_limits(), *_single(), *_brute()]


def _steps() -> list[Row]:
    planes = orbits.make(
        np.repeat(np.arange(18) * 20.0, 43), np.tile(np.arange(43) * 360 / 43, 18), 1200.0, 87.9
    )
    plan = steps.plan(planes, dishes.earth_station(1.0, 17.80002).beamwidth_deg, 0.029)
    slope = int(np.ceil(np.sqrt(240.0)))
    return [
        Row("time step of 774 satellites, s", plan.step_s, 4.256, 5e-4, BR),
        Row("number of steps, millions", plan.steps / 1e6, 23.811330, 0.024, BR),
        Row(
            "samples in a main lobe",
            steps.HITS,
            float(slope),
            0.0,
            f"{S1503}, D4.5: the root of 240, rounded up",
        ),
        Row("steps for 99.999 %", steps.least_steps(0.001), 1e6, 0.0, f"{S1503}, D4.6"),
    ]


def _views() -> list[Row]:
    rows = []
    for width, lowest, edge, axis, centre in _TABLE_9:
        ours = np.degrees(np.arcsin(geometry.EARTH_M / geometry.ARC_M * np.cos(np.radians(lowest))))
        aim = ours - width / 2.0
        psi = np.degrees(np.arcsin(geometry.ARC_M / geometry.EARTH_M * np.sin(np.radians(aim))))
        name, source = f"beam of {width:g} deg, edge at {lowest:g} deg", f"{S1503}, table 9"
        rows += [
            Row(f"{name}: edge of coverage", float(ours), edge, 5e-4, source),
            Row(f"{name}: axis", float(aim), axis, 5e-4, source),
            Row(f"{name}: angle at the Earth's centre", float(psi - aim), centre, 0.02, source),
        ]
    return rows


def _beams() -> list[Row]:
    """Sum over stations 100 km apart of relative gain and spreading; the Recommendation fits a curve."""
    nothing = masks.EirpMask(np.zeros(1), np.zeros(1), np.zeros((1, 1)))
    system = runs.System(orbits.make([0.0], [0.0], 550.0, 53.0), masks.held(-160.0, 0.0, 0.0))
    rows = []
    for width, near, low, high, fit in _TABLE_10:
        beam_of = dishes.satellite(width, near)
        for centre in np.linspace(low, high, 3):
            beam = runs.Beam(0.0, 0.0, float(centre), beam_of)
            found = runs.Stations(nothing, 100.0).rows(system, beam)[:, 17]
            ours = 10.0 * np.log10((10.0 ** (found / 10.0)).sum())
            name = f"stations in a beam of {width:g} deg, {centre:g} deg from the centre, dB"
            rows.append(Row(name, float(ours), _fit(float(centre), fit), 0.05, f"{S1503}, table 10 (a fit)"))
    return rows


def _fit(x: float, fit: tuple[float, ...]) -> float:
    a, b, c, d, e, f, g, h = fit
    return a + (b * x + c * x**2 + d * x**3 + e * x**4 + f * x**5) / (1.0 + g * x + h * x**2)


def _limits() -> list[Row]:
    rows = []
    for ghz, size, points in _ONE_MHZ:
        limit = next(row for row in limits.find(ghz, bandwidth_khz=1000.0) if row.diameter_m == size)
        for level, percent in points:
            there = limit.levels_db[np.isclose(limit.percent, percent)]
            ours = float(there[np.abs(there - level).argmin()])  # two levels where the limit is a step
            rows.append(Row(f"Table {limit.table}, {size:g} m, {percent:g} %", ours, level, 1e-9, SHARC))
    return rows


def _single() -> list[Row]:
    """Closed cases of one satellite."""
    dish = dishes.earth_station(0.6, 12.0)
    victim = runs.Victim(31.5, 74.3, 38.0, dish)
    level = masks.PfdMask("alpha", np.zeros(1), np.zeros(1), np.zeros(1), np.full((1, 1, 1), -161.0))
    rows = [Row("peak of 0.6 m at 12 GHz, dBi", dish.peak_dbi, 35.31, 5e-3, "S.1428-1: 20 log(24.02) + 7.7")]
    for off, theirs in ((0.0, 0.0), (2.0, -0.0025 * (2.0 * dish.ratio) ** 2), (10.0, 4.0 - dish.peak_dbi)):
        one = runs.System(_toward(victim, off), level, 0.0)
        name = f"one satellite {off:g} deg off the axis, dB over its mask"
        found = float(runs.down_at(one, victim, 0.0)[0]) + 161.0
        rows.append(Row(name, found, theirs, 1e-6, f"{S1503}, D5.1.4.1 step 17, and S.1428-1 in closed form"))
    return rows


def _toward(victim: runs.Victim, off_deg: float) -> orbits.Orbits:
    """One satellite at 1,200 km so far off the line to the arc."""
    axis = geometry.unit(victim.target - victim.station)
    side = geometry.unit(np.cross(axis, victim.station))
    way = axis * np.cos(np.radians(off_deg)) + side * np.sin(np.radians(off_deg))
    along = victim.station @ way
    far = -along + np.sqrt(along**2 + (geometry.EARTH_M + 1.2e6) ** 2 - geometry.EARTH_M**2)
    x, y, z = geometry.unit(victim.station + far * way)
    lat = float(np.degrees(np.arcsin(z)))
    return orbits.make(float(np.degrees(np.arctan2(y, x))) - 90.0, 90.0, 1200.0, lat)


def _brute() -> list[Row]:
    """Starlink Gen1 as filed, 4,408 satellites, over Lahore and toward 38 E."""
    system = runs.System(
        orbits.of_catalog("starlink-gen1-filed"), masks.of_constellation("starlink-gen1-filed"), 18.0
    )
    rows = []
    for size in (0.6, 3.0):
        victim = runs.Victim(31.56, 74.35, 38.0, dishes.earth_station(size, 11.2))
        times = np.random.default_rng(7).uniform(0.0, 1e7, 8)
        off = np.abs(runs.down_at(system, victim, times) - reference.down_at(system, victim, times)).max()
        rows.append(
            Row(
                f"4,408 satellites, {size:g} m, 8 steps: largest difference, dB", float(off), 0.0, 0.05, BRUTE
            )
        )
    return rows
