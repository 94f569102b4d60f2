"""Aircraft along a corridor: what every cell gives each of them, ten times a second, and how they hand over.

Losses of TR 36.777, panels of TR 38.901 with tilt, shadowing that goes on along the track, the handover machine
of `procedures`, and losses of the command link. Memory is that of a chunk of time.
"""  # noqa: E501

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.mobility import _kernels as k
from rabta.mobile.mobility.procedures import Link, Machine, Outcome, Procedure
from rabta.mobile.system import received
from rabta.mobile.system.layouts import Layout
from rabta.radio.air import uav
from rabta.radio.itu import check_range
from rabta.radio.ntn.field import keys, uniform

Array = NDArray[np.float64]
F4 = NDArray[np.float32]

STEP_S = 0.1
CHUNK = 300
POINTS_A_DECADE, NEAREST_LOG = 200, 0.0
EARTH_43_M = 4.0 / 3.0 * 6_371_000.0
ALIKE_M = 50.0  # TR 38.901, table 7.5-6, UMa; TR 36.777 draws anew every 25 m of flight
COMMON = 0.5  # TR 38.901, 7.4.4 and its predecessors: between sites
COMMAND_SINR_DB = -4.0
"""Least SINR for commands of 60 to 100 kbit/s (TR 36.777, clause 5) in 10 MHz: about 0.2 bit/s/Hz, modelled."""  # noqa: E501
COMMAND_LOSS_S = 1.0
"""A gap of the command link this long is an event."""
MOST_HEIGHTS = 32


@dataclass(frozen=True)
class Flights:
    """Flights: places (aircraft, 3) in metres on the layout's plane, velocities in m/s.

    Attributes
    ----------
    half_m : float
        They turn back along the corridor where x is this or its negative; infinite: straight on. Shadowing
        goes on with the way flown: the way back is another track, beside the first.
    """

    begin_m: Array
    velocity_m_s: Array
    half_m: float = float("inf")

    def __post_init__(self) -> None:
        if len(self) and not float(np.abs(self.begin_m[:, 0]).max()) <= self.half_m:
            raise RabtaError(
                "a flight begins beyond the end of its corridor", key="half_m", value=self.half_m,
                expected=f"{float(np.abs(self.begin_m[:, 0]).max()):g} m or more",
            )  # fmt: skip

    def __len__(self) -> int:
        return len(self.begin_m)

    def along_m(self, seconds: ArrayLike) -> Array:
        """Place along the corridor after some time, (aircraft, time)."""
        x = self.begin_m[:, :1] + self.velocity_m_s[:, :1] * np.asarray(seconds, np.float64)
        if not np.isfinite(self.half_m):
            return np.asarray(x)
        turn = np.mod(x + self.half_m, 4.0 * self.half_m)
        return np.asarray(np.minimum(turn, 4.0 * self.half_m - turn) - self.half_m)


@dataclass(frozen=True)
class Network:
    """Cells and their radio.

    Attributes
    ----------
    scenario : str
        RMa-AV, UMa-AV or UMi-AV; its heights of masts are those of the layout.
    power_dbm, bandwidth_mhz : of each cell.
    tilt_deg : of the panels, downwards.
    """

    layout: Layout
    scenario: str = "RMa-AV"
    frequency_ghz: float = 1.8
    power_dbm: float = 46.0
    bandwidth_mhz: float = 10.0
    tilt_deg: float = 6.0
    load: float = 0.5
    noise_figure_db: float = 9.0

    def link(self, **other: float) -> Link:
        """What radio link monitoring needs."""
        noise = received.noise_dbm(self.bandwidth_mhz, self.noise_figure_db)
        return Link(noise_dbm=noise, load=self.load, period_s=0.2, **other)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Result:
    """What a flight of all met.

    Attributes
    ----------
    outcome : Outcome
    sinr_share : (edge,) array
        Share of connected time below each of ``EDGES_DB``.
    along_m, along_db : (bin,) arrays
        Way along the corridor and median SINR there; 10th percentile in ``low_db``.
    losses : int
        Gaps of the command link of a second or more; ``gap_s`` their mean length.
    command_share : float
        Of the time in which commands arrive.
    """

    outcome: Outcome
    sinr_share: Array
    along_m: Array
    along_db: Array
    low_db: Array
    losses: int
    gap_s: float
    command_share: float


EDGES_DB = np.arange(-20.0, 40.5, 0.5)


def line(
    length_m: float, count: int, *, height_m: float = 120.0, speed_m_s: float = 20.0, width_m: float = 500.0,
    seed: int = 0,
) -> Flights:  # fmt: skip
    """Aircraft spread over a corridor along x, centred on the layout, half of them each way; they fly to and fro."""  # noqa: E501
    check_range("count", count, 1, 1_000_000, "a corridor")
    check_range("height_m", height_m, *uav.RANGES["height_m"], uav.RECOMMENDATION)
    check_range("speed_m_s", speed_m_s, 0.0, 160.0 / 3.6, "TR 36.777, table A.1-1: up to 160 km/h")
    draw = keys(seed, 11, np.arange(count))
    x = length_m * (uniform(draw, 0) - 0.5)
    y = width_m * (uniform(draw, 1) - 0.5)
    way = np.where(np.arange(count) % 2 == 0, speed_m_s, -speed_m_s)
    nothing = np.zeros(count)
    return Flights(
        np.column_stack([x, y, np.full(count, height_m)]), np.column_stack([way, nothing, nothing]),
        0.5 * length_m,
    )  # fmt: skip


def along(length_m: float, sites: int, *, height_m: float = 35.0, aside_m: float = 1000.0) -> Layout:
    """Sites in turn on both sides of a corridor along x, three sectors each."""
    check_range("sites", sites, 1, 30_000, "a corridor")
    x = length_m * ((np.arange(sites) + 0.5) / sites - 0.5)
    y = np.where(np.arange(sites) % 2 == 0, aside_m, -aside_m)
    place = np.column_stack([x, y, np.full(sites, height_m)])
    site = np.repeat(np.arange(sites), 3)
    return Layout(place, site, np.tile([30.0, 150.0, 270.0], sites), np.zeros((1, 2)))


@cache
def _pattern(tilt_deg: float) -> F4:
    elevation, azimuth = np.meshgrid(np.arange(-90.0, 90.5, 0.5), np.arange(-180.0, 181.0), indexing="ij")
    return np.ascontiguousarray(received.panel(tilt_deg).gain_dbi(azimuth, elevation), dtype=np.float32)


def laws(network: Network, height_m: float) -> tuple[Array, Array, Array]:
    """Tables of one height: laws (4, point), grid (4,) and draws (4,) for the kernel.

    Beyond the study's reach the loss grows as in free space from there, as far as the horizon of a sphere of
    4/3 of the Earth's radius: far cells still disturb, and this is the most they can.
    """
    from scipy.special import ndtri

    base = float(network.layout.position_m[0, 2])
    reach = uav.REACH_M[network.scenario]
    nearest = 10.0 if height_m <= uav.AERIAL_M[network.scenario] else 1.0
    decades = np.log10(reach) - NEAREST_LOG
    points = int(np.ceil(decades * POINTS_A_DECADE)) + 1
    way = np.clip(10.0 ** (NEAREST_LOG + decades * np.arange(points) / (points - 1)), nearest, reach)
    chance = uav.los_probability(network.scenario, way, height_m)
    always = chance >= 1.0
    shut = np.where(always, np.nan, 0.0)
    rows = [uav.path_loss_db(network.scenario, way, height_m, network.frequency_ghz, True, base)]
    hidden = rows[0].copy()
    sigma = [
        uav.shadowing_db(network.scenario, way, height_m, network.frequency_ghz, True, base),
        rows[0] * 0.0,
    ]
    if not always.all():
        some = ~always
        hidden[some] = uav.path_loss_db(
            network.scenario, way[some], height_m, network.frequency_ghz, False, base
        )
        sigma[1][some] = uav.shadowing_db(
            network.scenario, way[some], height_m, network.frequency_ghz, False, base
        )
    deviate = np.where(np.isnan(shut), 9.0, ndtri(np.clip(chance, 1e-12, 1.0 - 1e-12)))
    horizon = np.sqrt(2.0 * EARTH_43_M) * (np.sqrt(height_m) + np.sqrt(base))
    grid = np.array([NEAREST_LOG, (points - 1) / decades, reach, horizon])
    spread = np.array([float(sigma[0].max()), float(sigma[1].max()), ALIKE_M, COMMON])
    return np.stack([rows[0], hidden, deviate, deviate * 0.0]), grid, spread


@dataclass
class Corridor:
    """Flights over a network, chunk by chunk; ``step`` gives one chunk, ``run`` all and their sums."""

    network: Network
    flights: Flights
    procedure: Procedure
    step_s: float = STEP_S
    seed: int = 0

    def __post_init__(self) -> None:
        layout = self.network.layout
        if len(set(layout.position_m[:, 2].tolist())) != 1:
            raise RabtaError(
                "masts of several heights",
                key="position_m",
                value="heights",
                expected="one height: laws hold for it",
            )
        if self.procedure.kind not in {"baseline", "conditional"}:
            raise RabtaError(
                "the corridor has no times and places of cells", key="kind", value=self.procedure.kind,
                expected="baseline or conditional",
            )  # fmt: skip
        heights = np.unique(self.flights.begin_m[:, 2])
        check_range("different heights", len(heights), 1, MOST_HEIGHTS, "a corridor")
        tables = [laws(self.network, float(h)) for h in heights]
        self.level = np.searchsorted(heights, self.flights.begin_m[:, 2])
        self.laws = np.ascontiguousarray([t[0] for t in tables])
        self.grid, self.draws = tables[0][1].copy(), np.array([t[2] for t in tables])
        self.grid[3] = max(t[1][3] for t in tables)
        order = np.argsort(layout.site, kind="stable")
        self.azimuth = np.ascontiguousarray(layout.azimuth_deg[order])
        self.first = np.searchsorted(layout.site[order], np.arange(len(layout.position_m) + 1)).astype(
            np.int64
        )
        self.power = np.full(layout.sectors, self.network.power_dbm)
        self.machine = Machine(
            self.procedure,
            self.network.link(),
            len(self.flights),
            layout.sectors,
            self.step_s,
            seed=self.seed,
        )
        self.field = np.zeros((len(self.flights), len(layout.position_m) + 1, 2))
        names = np.arange(len(self.flights))
        self.key = np.ascontiguousarray(
            np.stack([keys(self.seed, 2, names), keys(self.seed, 1, names)], axis=1)
        )

    def step(self, steps: int = CHUNK) -> tuple[NDArray[np.int32], F4]:
        """Serving cells and SINR of the next steps, each of shape (aircraft, step)."""
        m = self.machine
        serving = np.empty((len(self.flights), steps), np.int32)
        sinr = np.empty((len(self.flights), steps), np.float32)
        k.fly(
            self.flights.begin_m, self.flights.velocity_m_s, self.flights.half_m, self.step_s,
            self.network.layout.position_m, self.first, self.azimuth, self.power, _pattern(self.network.tilt_deg), self.laws, self.level, self.grid,  # noqa: E501
            self.draws, m.rule, m.count, self.key, m.at, m.state, m.tally, m.filtered, m.memory, m.ring, self.field,  # noqa: E501
            serving, sinr,
        )  # fmt: skip
        m.at += steps
        return serving, sinr

    def run(self, seconds: float, bins: int = 60) -> Result:
        """Fly and sum up."""
        check_range("seconds", seconds, self.step_s, 86_400.0, "a flight")
        half = self.flights.half_m  # as they turn, the last place is not the farthest
        if not np.isfinite(half):
            half = float(np.abs(self.flights.along_m([0.0, seconds])).max())
        half = max(half, 1.0)
        sums = np.zeros((bins, len(EDGES_DB) + 1), np.int64)
        gap = np.zeros(len(self.flights), np.int64)
        losses, lost, heard, left = 0, 0, 0, max(round(seconds / self.step_s), 1)
        total = left * len(self.flights)
        long = round(COMMAND_LOSS_S / self.step_s)
        while left:
            steps = min(left, CHUNK)
            at = self.machine.at + np.arange(steps)
            serving, sinr = self.step(steps)
            place = np.clip((self.flights.along_m(at * self.step_s) / half + 1.0) / 2.0, 0.0, 0.999999)
            level = np.searchsorted(EDGES_DB, sinr)
            up = serving >= 0
            np.add.at(sums, ((place * bins).astype(np.int64)[up], level[up]), 1)
            good = up & (sinr >= COMMAND_SINR_DB)
            heard += int(good.sum())
            for t in range(steps):
                gap = np.where(good[:, t], 0, gap + 1)
                losses += int((gap == long).sum())
                lost += int((gap >= long).sum()) + (long - 1) * int((gap == long).sum())
            left -= steps
        shares = np.cumsum(sums.sum(axis=0))[:-1] / max(int(sums.sum()), 1)
        middle = half * (2.0 * (np.arange(bins) + 0.5) / bins - 1.0)
        return Result(
            self.machine.outcome(), shares, middle, _quantile(sums, 0.5), _quantile(sums, 0.1), losses,
            lost * self.step_s / max(losses, 1), heard / total,
        )  # fmt: skip


def _quantile(sums: NDArray[np.int64], part: float) -> Array:
    """Quantile of each row of counts between ``EDGES_DB``; NaN where nobody was."""
    run = np.cumsum(sums, axis=1)
    total = run[:, -1]
    found = (run < part * total[:, None]).sum(axis=1)
    return np.where(total > 0, EDGES_DB[np.minimum(found, len(EDGES_DB) - 1)], np.nan)


def bearings(
    lat_deg: ArrayLike, lon_deg: ArrayLike, start: tuple[float, float], end: tuple[float, float]
) -> Array:
    """Places as metres along and left of the way from one place to another, from its middle, shape (n, 2)."""
    from rabta.mobile.system.layouts import plane_m

    middle = (0.5 * (start[0] + end[0]), 0.5 * (start[1] + end[1]))
    ends = plane_m([start[0], end[0]], [start[1], end[1]], *middle)
    ahead = ends[1] - ends[0]
    length = float(np.hypot(*ahead))
    check_range("length of the corridor, m", length, 1e3, 400e3, "a plane that touches the Earth")
    ahead = ahead / length
    place = plane_m(lat_deg, lon_deg, *middle)
    return np.column_stack([place @ ahead, place @ np.array([-ahead[1], ahead[0]])])
