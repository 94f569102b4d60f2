"""Time steps and how many of them: S.1503-4, part D4."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rabta.radio.interference.epfd.geometry import ARC_M, EARTH_M, EARTH_RAD_S
from rabta.radio.interference.epfd.orbits import Orbits, secular_rates

HITS = 16  # D4.5: samples while a satellite crosses a main lobe, and tracks across it
COARSE_DEG = 1.5  # D4.7
TOO_MANY = 1e8  # D4.1
SAMPLES = 10  # table 13
EARTH_DEG_MIN = 0.250684  # D4.6.2, step 4


@dataclass(frozen=True)
class Plan:
    """Steps of a run.

    Attributes
    ----------
    step_s : float
        Fine step, in whole milliseconds.
    steps : int
        Number of fine steps that the Recommendation asks.
    coarse : int
        Fine steps in a coarse one.
    artificial_deg_s : float
        Precession that makes tracks close.
    hits : float
        Samples in a main lobe; below 16 where there would be too many steps.
    """

    step_s: float
    steps: int
    coarse: int
    artificial_deg_s: float
    hits: float


def crossing_deg(beamwidth_deg: float, altitude_km: float) -> float:
    """Half the geocentric angle of a main lobe at the orbit's height, D4.2."""
    half = math.radians(beamwidth_deg / 2.0)
    share = EARTH_M / (EARTH_M + altitude_km * 1e3)
    return beamwidth_deg / 2.0 - math.degrees(math.asin(share * math.sin(half)))


def crossing_between_deg(beamwidth_deg: float, altitude_km: float) -> float:
    """The same for the beam of a geostationary satellite at the Earth's limb, D4.4, equation (4).

    The Recommendation's equation gives the whole angle; half of it is returned, as for the ground.
    """
    radius = EARTH_M + altitude_km * 1e3
    one = math.asin(EARTH_M / ARC_M)
    two = math.pi - math.asin(math.sin(one) * ARC_M / radius)
    far = radius * math.sin(math.pi - one - two) / math.sin(one)
    wide = 2.0 * far * math.sin(math.radians(beamwidth_deg) / 2.0)
    tall = wide * math.cos(math.pi - two)
    return math.degrees(math.atan(tall / 2.0 / (radius - wide / 2.0 * math.sin(math.pi - two))))


def fine_step_s(crossing: float, altitude_km: float, inclination_deg: float, hits: float = HITS) -> float:
    """Fine step: so many samples while a satellite crosses a main lobe; D4.2, equations (1) to (3)."""
    rate = 0.071 / (1.0 + altitude_km * 1e3 / EARTH_M) ** 1.5
    tilt = math.radians(inclination_deg)
    seen = math.hypot(rate * math.cos(tilt) - math.degrees(EARTH_RAD_S), rate * math.sin(tilt))
    return max(1, round(2.0 * crossing / seen / hits * 1000.0)) / 1000.0


def coarse_ratio(beamwidth_deg: float, hits: float = HITS) -> int:
    """Fine steps in a coarse one, D4.7."""
    return max(1, math.floor(hits * COARSE_DEG / beamwidth_deg))


def least_steps(least_percent: float | None) -> int:
    """Steps for ten samples of the rarest event that a limit names (percent of time); table 13.

    Examples
    --------
    >>> least_steps(0.001)
    1000000
    """
    return SAMPLES * 100 if least_percent is None else math.ceil(SAMPLES * 100.0 / least_percent - 1e-6)


def plan(
    orbits: Orbits, beamwidth_deg: float, least_percent: float | None = None, between: bool = False
) -> Plan:
    """Steps of a run over a constellation without a repeating track; the shortest and the longest count.

    Parameters
    ----------
    beamwidth_deg : float
        Of the geostationary earth station (down), of the system's own (up), or of the geostationary
        satellite (between).
    least_percent : float, optional
        Smallest share of the time above zero that the limits name.
    """
    shells = sorted(
        {(float(h), float(i)) for h, i in zip(orbits.altitude_km, orbits.inclination_deg, strict=True)}
    )
    made = [_shell(h, i, beamwidth_deg, HITS, between) for h, i in shells]
    coarse, hits = coarse_ratio(beamwidth_deg), float(HITS)
    if max(p.steps for p in made) > TOO_MANY:
        hits = HITS / min(coarse, math.sqrt(orbits.satellites))
        coarse = max(1, math.floor(hits / HITS * coarse))
        made = [_shell(h, i, beamwidth_deg, hits, between) for h, i in shells]
    finest = min(made, key=lambda p: p.step_s)
    longest = max(p.steps * p.step_s for p in made)
    steps = max(math.floor(longest / finest.step_s), least_steps(least_percent))
    return Plan(finest.step_s, steps, coarse, finest.artificial_deg_s, hits)


def _shell(
    altitude_km: float, inclination_deg: float, beamwidth_deg: float, hits: float, between: bool
) -> Plan:
    crossing = (crossing_between_deg if between else crossing_deg)(beamwidth_deg, altitude_km)
    step = fine_step_s(crossing, altitude_km, inclination_deg, hits)
    _, node, along = secular_rates(EARTH_M + altitude_km * 1e3, inclination_deg)
    period = 360.0 / (math.degrees(float(along)) * 60.0)
    apart = (EARTH_DEG_MIN - math.degrees(float(node)) * 60.0) * period
    if inclination_deg == 0.0:
        lap = 2.0 * math.pi / abs(float(along) + float(node) - EARTH_RAD_S)
        return Plan(step, math.floor(lap / step), 1, 0.0, hits)
    passes = math.ceil(180.0 / (2.0 * crossing / HITS))
    closed = 360.0 * math.floor(passes * apart / 360.0) / passes
    artificial = (closed - apart) / (period * 60.0)
    return Plan(step, math.floor(passes * period * 60.0 / step), 1, artificial, hits)


def starts(plan: Plan, steps: int, block: int) -> np.ndarray:
    """Begins (s) of blocks of steps: one after the other, or spread evenly where fewer than asked are run."""
    blocks = -(-steps // block)
    span = plan.step_s * max(plan.steps, blocks * block)
    return np.asarray(np.arange(blocks) * (span / blocks if steps < plan.steps else plan.step_s * block))
