"""Runs over time: EPFD down at an earth station, its distribution, and a name for the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import jit
from rabta.errors import RabtaError, nearest
from rabta.radio.interference.epfd import geometry, steps
from rabta.radio.interference.epfd.dishes import Dish, gain_dbi
from rabta.radio.interference.epfd.masks import KINDS, EirpMask, PfdMask
from rabta.radio.interference.epfd.orbits import Orbits
from rabta.radio.interference.epfd.steps import Plan
from rabta.radio.itu import check_range

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
Told = Callable[[int], None]

BLOCK, ROUND = 1000, 16  # fine steps a block, blocks a round
STRATEGIES = {"epfd": 0.0, "elevation": 1.0, "alpha": 2.0, "pfd": 3.0}
MOST_LATITUDE = 81.2


@dataclass(frozen=True)
class System:
    """A system and how it uses its satellites.

    Attributes
    ----------
    mask : PfdMask
        What they lay on the ground.
    avoidance_deg : float or pairs of (latitude, deg)
        Least angle at a place between a serving satellite and the arc; of pairs the nearest latitude's.
    together : int
        Satellites that serve a place at the same frequency, at most.
    apart_deg : float
        Least angle at the place between them.
    strategy : str
        Who serves: those of the highest ``epfd`` (as S.1503-4 takes it), ``elevation``, ``alpha`` or ``pfd``.
    """

    orbits: Orbits
    mask: PfdMask
    avoidance_deg: float | tuple[tuple[float, float], ...] = 0.0
    together: int = 1
    apart_deg: float = 0.0
    strategy: str = "epfd"

    def avoidance_at(self, lat_deg: float) -> float:
        """Angle at a latitude."""
        if isinstance(self.avoidance_deg, tuple):
            return float(min(self.avoidance_deg, key=lambda pair: abs(pair[0] - lat_deg))[1])
        return float(self.avoidance_deg)

    def planes(self, dish: Dish, lat_deg: float, artificial_deg_s: float = 0.0) -> F8:
        """Rows of planes that the kernels read."""
        node_rate, along = self.orbits.rates()
        edge = self.avoidance_at(lat_deg)
        columns = (
            np.radians(self.orbits.node_deg),
            node_rate + np.radians(artificial_deg_s) - geometry.EARTH_RAD_S,
            np.cos(np.radians(self.orbits.inclination_deg)),
            np.sin(np.radians(self.orbits.inclination_deg)),
            self.orbits.radius_m,
            along,
            self.orbits.first.astype(np.float64),
            self.orbits.count.astype(np.float64),
            np.full(len(along), edge),
            np.sin(np.radians(self.orbits.min_elevation_deg)),
            np.full(len(along), float(gain_dbi(dish, edge))),
        )
        return np.ascontiguousarray(np.stack(columns, axis=1))

    def rules(self) -> F8:
        """Row of rules that the kernels read."""
        if self.strategy not in STRATEGIES:
            raise RabtaError(
                "no such strategy",
                key="strategy",
                value=self.strategy,
                expected=nearest(self.strategy, STRATEGIES),
            )
        if self.together < 1:
            raise RabtaError("nobody serves", key="together", value=self.together, expected="1 or more")
        apart = float(np.cos(np.radians(self.apart_deg))) if self.apart_deg > 0.0 else 2.0
        return np.array([float(self.together), apart, STRATEGIES[self.strategy], KINDS[self.mask.kind]])


@dataclass(frozen=True)
class Victim:
    """An earth station of a geostationary system.

    Attributes
    ----------
    gso_lon_deg : float
        Longitude of its satellite.
    bandwidth_khz : float
        Reference bandwidth.
    """

    lat_deg: float
    lon_deg: float
    gso_lon_deg: float
    dish: Dish
    bandwidth_khz: float = 40.0

    def __post_init__(self) -> None:
        check_range("latitude_deg", self.lat_deg, -MOST_LATITUDE, MOST_LATITUDE, "ITU-R S.1503-4")
        here = geometry.elevation_deg(self.station, self.target[None])[0]
        if not here > 0.0:
            raise RabtaError(
                "the satellite is below the horizon", key="gso_lon_deg", value=self.gso_lon_deg,
                expected="a longitude within "
                f"{np.degrees(geometry.visible_half_rad(self.station)):.1f} degrees of {self.lon_deg:g}",
            )  # fmt: skip

    @property
    def station(self) -> F8:
        """Position."""
        return geometry.place(self.lat_deg, self.lon_deg)

    @property
    def target(self) -> F8:
        """Position of its satellite."""
        return geometry.place(0.0, self.gso_lon_deg, geometry.ARC_M)

    def row(self) -> F8:
        """What the kernels read of it."""
        across, above = geometry.antenna_frame(self.station, self.target)
        axis = geometry.unit(self.target - self.station)
        half = geometry.visible_half_rad(self.station)
        return np.concatenate([self.station, geometry.unit(self.station), axis, across, above, [half]])


@dataclass(frozen=True)
class Distribution:
    """What a run found.

    Attributes
    ----------
    levels_db, percent : ndarray
        Levels a tenth of a dB apart, and the share of the time for which each is exceeded.
    highest_db : float
        Highest EPFD of any step.
    steps, plan : int, Plan
        Fine steps that the run stands for, and what the Recommendation asks.
    digest : str
        SHA-256 of all inputs and counts.
    """

    levels_db: F8
    percent: F8
    highest_db: float
    steps: int
    plan: Plan
    digest: str

    def exceeded_for(self, percent: ArrayLike) -> F8:
        """Level that is exceeded for at most so much of the time."""
        rising = self.percent[::-1]
        row = np.searchsorted(rising, np.asarray(percent, dtype=np.float64), side="right") - 1
        return np.asarray(self.levels_db[::-1][np.maximum(row, 0)])


def distribution(counts: I8, highest: float, plan: Plan, inputs: dict[str, Any]) -> Distribution:
    """Distribution of counts by bins, D7.1.2: a level is exceeded by all that lies in higher bins."""
    from rabta.radio.interference.epfd import _kernels as k

    total = int(counts.sum())
    above = total - np.cumsum(counts)
    filled = np.flatnonzero(counts[1:])
    low, high = (int(filled[0]) + 1, int(filled[-1]) + 1) if len(filled) else (1, 1)
    rows = np.arange(max(low - 1, 0), high + 1)
    told = json.dumps(inputs, sort_keys=True, default=_plain)
    digest = hashlib.sha256(told.encode() + counts.astype("<i8").tobytes()).hexdigest()
    top = 10.0 * np.log10(highest) if highest > 0.0 else -np.inf
    levels = np.round(k.LOWEST + k.WIDTH * (rows - 1), 1)
    return Distribution(levels, 100.0 * above[rows] / total, float(top), total, plan, digest)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    return repr(value)


def down(
    system: System, victim: Victim, count: int | None = None, *, plan: Plan | None = None,
    least_percent: float | None = None, dual: bool = True, told: Told | None = None,
) -> Distribution:  # fmt: skip
    """EPFD down over time at an earth station: S.1503-4, D5.1.4.1.

    Parameters
    ----------
    count : int, optional
        Fine steps to run, rounded up to whole blocks of 1,000; as many as the Recommendation asks if left
        out. Fewer are spread over the whole run in blocks.
    plan : Plan, optional
        Steps; made from the orbits, the antenna and ``least_percent`` if left out.
    dual : bool
        Coarse steps while no satellite is near the antenna's axis.
    told : callable, optional
        Told the number of steps done.

    Notes
    -----
    Blocks begin with a fine step each, and do not depend on the number of threads: neither does the result.
    """
    from rabta.radio.interference.epfd import _kernels

    made = plan or steps.plan(system.orbits, victim.dish.beamwidth_deg, least_percent)
    wanted = count or made.steps
    if wanted < 1:
        raise RabtaError("no steps", key="steps", value=count, expected="1 or more")
    begins = steps.starts(made, wanted, BLOCK)
    mask = system.mask
    planes = system.planes(victim.dish, victim.lat_deg, made.artificial_deg_s)
    fixed = (
        planes, system.orbits.phase_rad, victim.row(), victim.dish.array, system.rules(),
        mask.latitudes, mask.first, mask.second, mask.scaled(victim.bandwidth_khz),
    )  # fmt: skip
    counts, highest = np.zeros(_kernels.BINS, dtype=np.int64), 0.0
    coarse = made.coarse if dual else 1
    for low in range(0, len(begins), ROUND):
        part = begins[low : low + ROUND]
        rows, tops = np.zeros((len(part), _kernels.BINS), dtype=np.int64), np.zeros(len(part))
        jit.each_part(_kernels.down, len(part), part, made.step_s, BLOCK, coarse, *fixed, rows, tops)
        counts += rows.sum(axis=0)
        highest = max(highest, float(tops.max()))
        if told:
            told(len(part) * BLOCK)
    inputs = {"fixed": fixed, "plan": made, "steps": wanted, "dual": dual}
    return distribution(counts, highest, made, inputs)


def down_at(system: System, victim: Victim, times: ArrayLike, artificial_deg_s: float = 0.0) -> F8:
    """EPFD down, dB(W/m2) in the reference bandwidth, at seconds from the start; -inf where there is none."""
    from rabta.radio.interference.epfd import _kernels

    at = np.ascontiguousarray(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    out, mask = np.zeros(len(at)), system.mask
    jit.each_part(
        _kernels.down_at, len(at), at, system.planes(victim.dish, victim.lat_deg, artificial_deg_s),
        system.orbits.phase_rad, victim.row(), victim.dish.array, system.rules(), mask.latitudes, mask.first,
        mask.second, mask.scaled(victim.bandwidth_khz), out,
    )  # fmt: skip
    with np.errstate(divide="ignore"):
        return 10.0 * np.log10(out)


def with_avoidance(system: System, avoidance_deg: float) -> System:
    """The same system with another angle to the arc."""
    check_range("avoidance_deg", avoidance_deg, 0.0, 90.0, "ITU-R S.1503-4")
    return replace(system, avoidance_deg=avoidance_deg)


@dataclass(frozen=True)
class Beam:
    """A geostationary satellite that receives.

    Attributes
    ----------
    gso_lon_deg : float
        Its longitude.
    lat_deg, lon_deg : float
        Where its beam points on the ground.
    """

    gso_lon_deg: float
    lat_deg: float
    lon_deg: float
    dish: Dish
    bandwidth_khz: float = 40.0

    def __post_init__(self) -> None:
        aim = geometry.place(self.lat_deg, self.lon_deg)
        if not geometry.elevation_deg(aim, self.position[None])[0] >= 0.0:
            raise RabtaError(
                "the beam points beyond the horizon", key="gso_lon_deg", value=self.gso_lon_deg,
                expected=f"a longitude that {self.lat_deg:g}, {self.lon_deg:g} sees",
            )  # fmt: skip

    @property
    def position(self) -> F8:
        """Position of the satellite."""
        return geometry.place(0.0, self.gso_lon_deg, geometry.ARC_M)

    @property
    def axis(self) -> F8:
        """Unit vector of the beam."""
        return geometry.unit(geometry.place(self.lat_deg, self.lon_deg) - self.position)


@dataclass(frozen=True)
class Stations:
    """The system's own earth stations under a beam: S.1503-4, D5.2.5.

    Attributes
    ----------
    apart_km : float
        Distance between those that send at the same frequency.
    per_km2 : float, optional
        Their density; one a cell if left out.
    beamwidth_deg : float
        Of their antennas, for the time step.
    """

    mask: EirpMask
    apart_km: float
    per_km2: float | None = None
    beamwidth_deg: float = 3.0
    latitudes: tuple[float, float] = (-MOST_LATITUDE, MOST_LATITUDE)

    def places(self, beam: Beam) -> F8:
        """Positions on a grid around the beam's point, as far as it receives within 15 dB of its peak."""
        if not self.apart_km > 0.0:
            raise RabtaError(
                "stations without a distance", key="apart_km", value=self.apart_km, expected="above 0"
            )
        lat, step = beam.lat_deg, np.degrees(self.apart_km * 1e3 / geometry.EARTH_M)
        rows = np.arange(-int(170.0 / step), int(170.0 / step) + 1) * step + lat
        rows = rows[(rows >= self.latitudes[0]) & (rows <= self.latitudes[1])]
        found = []
        for row in rows:
            wide = step / np.cos(np.radians(row))
            around = np.arange(-int(90.0 / wide), int(90.0 / wide) + 1) * wide + beam.lon_deg
            found.append(geometry.place(row, around))
        every = np.concatenate(found)
        seen = (geometry.unit(beam.position - every) * geometry.unit(every)).sum(axis=1) >= 0.0
        off = geometry.off_axis_deg(beam.position, geometry.place(beam.lat_deg, beam.lon_deg), every)
        return np.asarray(every[seen & (gain_dbi(beam.dish, off) >= beam.dish.peak_dbi - 15.0)])

    def rows(self, system: System, beam: Beam) -> F8:
        """What the kernels read of them."""
        each = 1.0 if self.per_km2 is None else self.apart_km**2 * self.per_km2
        aim, found = geometry.place(beam.lat_deg, beam.lon_deg), []
        for place in self.places(beam):
            way = beam.position - place
            far = float(np.linalg.norm(way))
            across, above = geometry.antenna_frame(place, beam.position)
            lat = float(np.degrees(np.arcsin(place[2] / geometry.EARTH_M)))
            level = float(gain_dbi(beam.dish, geometry.off_axis_deg(beam.position, aim, place[None])[0]))
            level += 10.0 * np.log10(each) - beam.dish.peak_dbi - 10.0 * np.log10(4.0 * np.pi * far**2)
            tail = [geometry.visible_half_rad(place), system.avoidance_at(lat), level, lat]
            found.append(np.concatenate([place, geometry.unit(place), way / far, across, above, tail]))
        return np.ascontiguousarray(np.stack(found)) if found else np.empty((0, 19))


def up_at(
    system: System, stations: Stations, beam: Beam, times: ArrayLike, artificial_deg_s: float = 0.0
) -> F8:
    """EPFD up at seconds from the start, dB(W/m2) in the reference bandwidth. S.1503-4, D5.2.6.

    Links a satellite are not limited, which can only raise the result.
    """
    from rabta.radio.interference.epfd import _kernels

    at = np.ascontiguousarray(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    out, mask = np.zeros(len(at)), stations.mask
    jit.each_part(
        _kernels.up_at, len(at), at, system.planes(beam.dish, 0.0, artificial_deg_s),
        system.orbits.phase_rad,
        stations.rows(system, beam), system.rules(), mask.latitudes, mask.angles, np.zeros(1),
        np.ascontiguousarray(mask.scaled(beam.bandwidth_khz)[:, :, None]), out,
    )  # fmt: skip
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(out))


def between_at(
    system: System, mask: EirpMask, beam: Beam, times: ArrayLike, artificial_deg_s: float = 0.0
) -> F8:
    """EPFD between satellites at seconds from the start, dB in the reference bandwidth. S.1503-4, D5.3.5."""
    from rabta.radio.interference.epfd import _kernels

    at = np.ascontiguousarray(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    out = np.zeros(len(at))
    jit.each_part(
        _kernels.between_at, len(at), at, system.planes(beam.dish, 0.0, artificial_deg_s),
        system.orbits.phase_rad,
        np.concatenate([beam.position, beam.axis]), beam.dish.array, mask.latitudes, mask.angles, np.zeros(1),
        np.ascontiguousarray(mask.scaled(beam.bandwidth_khz)[:, :, None]), out,
    )  # fmt: skip
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(out))


def over_time(
    at: Callable[[F8], F8], plan: Plan, count: int | None, inputs: object, told: Told | None = None
) -> Distribution:
    """Distribution of what a function of the instants gives (dB), with fine steps throughout.

    For EPFD up and between satellites, whose limits hold for all of the time.
    """
    from rabta.radio.interference.epfd import _kernels

    wanted = count or plan.steps
    begins = steps.starts(plan, wanted, BLOCK)
    counts, highest = np.zeros(_kernels.BINS, dtype=np.int64), -np.inf
    for begin in begins:
        found = at(begin + plan.step_s * np.arange(BLOCK))
        rows = (
            np.floor((found[np.isfinite(found)] - _kernels.LOWEST) / _kernels.WIDTH + 1e-9).astype(np.int64)
            + 1
        )
        counts += np.bincount(np.clip(rows, 1, _kernels.BINS - 1), minlength=_kernels.BINS)
        counts[_kernels.NONE] += int((~np.isfinite(found)).sum())
        highest = max(highest, float(found.max()))
        if told:
            told(BLOCK)
    return distribution(
        counts, 10.0 ** (highest / 10.0), plan, {"inputs": inputs, "plan": plan, "steps": wanted}
    )
