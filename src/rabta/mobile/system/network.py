"""A network from its parameters to rates and energy: cells on the ground, beams above, one scheduler each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.mobile import nr
from rabta.mobile.phy.link import tables, transport
from rabta.mobile.system import energy, layouts, losses, received, satellites, scheduler, slices
from rabta.radio.itu import check_range
from rabta.units import from_db

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
Indices = NDArray[np.int64]

GRID = 0.96  # resource blocks' part of a channel: 20 MHz 0.9 to 100 MHz 0.98, TS 38.101-1, table 5.3.2-1
FR2_GHZ = 24.25
POWERS_DBM = (-60.0, 90.0)
SURROUNDINGS = {"UMa": "urban", "UMi": "dense-urban", "RMa": "rural", "InH": "suburban"}  # of TR 38.811
LIMIT = 0.9  # part of a cell that guarantees may take: their users fade
MCS_TABLE = 2  # 256QAM, TS 38.214, table 5.1.3.1-2
PERIOD, BANDS = 200, 4  # slots of drawn fading, and subbands that fade apart


@dataclass(frozen=True)
class Setup:
    """A layout's usual numbers.

    Attributes
    ----------
    isd_m, height_m, nearest_m, depth_m : of sites and buildings, TR 38.901, tables 7.2-1 to -3, 7.4.3-2.
    power_dbm : a sector's, up to 6 GHz and above: TR 38.901, table 7.8-1; RMa: Report ITU-R M.2412, 5.a.
    indoor : share of users.
    down_deg : tilt of the panel's beam.
    station : kind of `energy.station`.
    """

    isd_m: float
    height_m: float
    nearest_m: float
    depth_m: float
    power_dbm: tuple[float, float]
    indoor: float
    down_deg: float
    station: str


SETUPS = {
    "UMa": Setup(500.0, 25.0, 35.0, 25.0, (49.0, 35.0), 0.8, 12.0, "macro"),
    "UMi": Setup(200.0, 10.0, 10.0, 25.0, (44.0, 35.0), 0.8, 12.0, "micro"),
    "RMa": Setup(1732.0, 35.0, 35.0, 10.0, (49.0, 49.0), 0.5, 10.0, "rrh"),
    "InH": Setup(20.0, 3.0, 0.0, 0.0, (24.0, 24.0), 0.0, 20.0, "pico"),
}


@dataclass(frozen=True)
class Calibration:
    """Users of a layout, one value each, in dB: coupling gain, ratio to interference, and to both."""

    coupling_gain_db: Array
    sir_db: Array
    sinr_db: Array


def large_scale(
    scenario: str, ghz: float, *, each: int = 200, even_depth: bool = True, seed: int = 1
) -> Calibration:
    """Large-scale calibration of TR 38.901, clause 7.8.1: UMa, UMi or the open office at 6, 30 or 70 GHz.

    Parameters
    ----------
    each : int
        Users of each of 19 sites; an office has twenty times as many.
    even_depth : bool
        Users dropped as in TR 36.873, which the calibration's table names; else as TR 38.901 has it now.
    """
    setup = SETUPS[losses.known(scenario)]
    if scenario == "InH":
        plan, users = layouts.office(), layouts.drop_office(20 * each, seed=seed)
    else:
        plan = layouts.hexagonal(setup.isd_m, height_m=setup.height_m)
        users = layouts.drop(
            plan, each, nearest_m=setup.nearest_m, depth_m=setup.depth_m, even_depth=even_depth, seed=seed
        )
    low = ghz <= 6.0
    seen = layouts.paths(plan, users.position_m)
    links = losses.draw(scenario, seen, users, plan.position_m[:, 2], ghz, seed=seed)
    gain = received.powers_dbm(plan, seen, links.loss_db, 0.0, received.panel(setup.down_deg))
    power = setup.power_dbm[0 if low else 1]
    mine = received.serving(gain)
    best = gain[np.arange(len(gain)), mine].astype(np.float64)
    noise = received.noise_dbm(20.0 if low else 100.0) - power
    return Calibration(
        best,
        received.sinr_db(gain, mine, -np.inf).astype(np.float64),
        received.sinr_db(gain, mine, noise).astype(np.float64),
    )


@dataclass(frozen=True)
class Plan:
    """What to simulate; absent numbers are those of the layout's `Setup`.

    Attributes
    ----------
    scenario : UMa, UMi, RMa or InH.
    ghz, mhz : centre and bandwidth.
    isd_m, power_dbm : of sites and of a sector over the whole bandwidth.
    users : of each site.
    policy : of the scheduler.
    slices : none for one class of service.
    study : case of TR 38.821 whose satellite helps where the ground fails; None for none.
    shared : cells and beams on one spectrum.
    layout : sites of a table instead of a hexagonal lattice.
    link : ``bound``, TR 38.803's attenuated Shannon bound, or ``tables``, the error rates of our own chain.
    """

    scenario: str
    ghz: float
    mhz: float = 20.0
    isd_m: float | None = None
    power_dbm: float | None = None
    users: int = 30
    policy: str = "proportional-fair"
    slices: list[slices.Slice] = field(default_factory=list)
    study: int | None = None
    elevation_deg: float = 60.0
    shared: bool = False
    layout: layouts.Layout | None = None
    radius_m: float = 0.0
    noise_figure_db: float = 9.0
    down_share: float = 0.75
    slots: int = 2000
    link: str = "bound"
    seed: int = 0


@dataclass(frozen=True)
class State:
    """A simulated network.

    Attributes
    ----------
    serving : (user,) int array
        Cell, or a beam behind the cells; -1 for none.
    sinr_db, rate_mbps, alone_mbps : (user,) arrays
        Rate as scheduled, and with the whole cell to oneself.
    above : (user,) bool array
        Served by a beam.
    member : (user,) int array
        Slice, and `admitted`: its guarantee was taken on.
    cell_mbps : (transmitter,) array
    supply_w : float
        Of all sites.
    sectors : int
    weak : (user,) bool array
        Not served, and too weak for the lowest MCS over noise alone; the other unserved are disturbed.
    """

    users: layouts.Users
    serving: Indices
    sinr_db: F4
    rate_mbps: Array
    alone_mbps: Array
    above: NDArray[np.bool_]
    member: Indices
    admitted: NDArray[np.bool_]
    cell_mbps: Array
    supply_w: float
    sectors: int
    weak: NDArray[np.bool_]


def width_mbps(mhz: float, ghz: float, down_share: float = 0.75) -> float:
    """Rate of a carrier for one bit a resource element: TS 38.306, clause 4.1.2.

    Examples
    --------
    >>> round(width_mbps(100.0, 3.5, 1.0), 1)
    77.1
    """
    check_range("mhz", mhz, 0.1, 1e4, "a carrier")
    check_range("down_share", down_share, 0.01, 1.0, "a share of slots")
    overhead = 0.18 if ghz >= FR2_GHZ else nr.OVERHEAD_DOWN
    return mhz * GRID * nr.SUBCARRIERS * nr.SYMBOLS / 180.0 * down_share * (1.0 - overhead)


def slot_ms(ghz: float) -> float:
    """Length of a slot: 30 kHz of spacing, 120 kHz above 24 GHz (TS 38.211, table 4.3.2-1)."""
    return 0.5 if ghz < FR2_GHZ else 0.125


def simulate(plan: Plan) -> State:
    """Place users, find who serves them and how well, and share out the slots.

    Notes
    -----
    All cells and beams send all the time. The serving link fades as Rayleigh's law has it, in four subbands
    and 200 slots, interference at its mean; rates follow `LINKS`.
    """
    setup = SETUPS[losses.known(plan.scenario)]
    check_range("users", plan.users, 1, 100_000, "a cell")
    if plan.link not in LINKS:
        raise RabtaError("no such link", key="link", value=plan.link, expected=nearest(plan.link, LINKS))
    ground, users = _ground(plan, setup)
    level = _levels(plan, setup, ground, users)
    beams = None if plan.study is None else satellites.of_case(plan.study, elevation_deg=plan.elevation_deg)
    who = satellites.spectrum(ground.sectors, None if beams is None else beams.beams, shared=plan.shared)
    if beams is not None:
        if plan.shared and abs(beams.frequency_ghz - plan.ghz) > 0.5:
            raise RabtaError(
                "cells and beams are in different bands", key="shared", value=f"{plan.ghz:g} GHz",
                expected=f"a band near the beams' {beams.frequency_ghz:g} GHz, or separate spectrum",
            )  # fmt: skip
        above = satellites.powers_dbm_mhz(
            beams,
            users.position_m,
            SURROUNDINGS[plan.scenario],
            extra_db=_entry(plan, beams, users),
            seed=plan.seed,
        )
        level = np.concatenate([level, above], axis=1)
    noise = received.noise_dbm(1.0, plan.noise_figure_db)
    mine, ratio = _choose(level, ground.sectors, noise, who)
    weak = (mine < 0) & (level.max(axis=1) - noise < nr.LOWEST_SINR_DB)
    return _share(plan, setup, ground, users, mine, ratio, who, weak)


def _ground(plan: Plan, setup: Setup) -> tuple[layouts.Layout, layouts.Users]:
    if plan.scenario == "InH":
        return layouts.office(), layouts.drop_office(plan.users, seed=plan.seed)
    if plan.layout is not None:
        count = plan.users * len(plan.layout.position_m)
        return plan.layout, layouts.scatter(
            plan.layout, count, plan.radius_m, indoor=setup.indoor, depth_m=setup.depth_m,
            nearest_m=setup.nearest_m, seed=plan.seed,
        )  # fmt: skip
    ground = layouts.hexagonal(setup.isd_m if plan.isd_m is None else plan.isd_m, height_m=setup.height_m)
    floors = plan.scenario != "RMa"
    return ground, layouts.drop(
        ground, plan.users, indoor=setup.indoor, depth_m=setup.depth_m, nearest_m=setup.nearest_m,
        floors=floors, seed=plan.seed,
    )  # fmt: skip


def _levels(plan: Plan, setup: Setup, ground: layouts.Layout, users: layouts.Users) -> F4:
    power = setup.power_dbm[0 if plan.ghz <= 6.0 else 1] if plan.power_dbm is None else plan.power_dbm
    check_range("power_dbm", power, *POWERS_DBM, "a sector")
    seen = layouts.paths(ground, users.position_m)
    near = layouts.within(seen, losses.FARTHEST_M[plan.scenario])
    links = losses.draw(plan.scenario, near, users, ground.position_m[:, 2], plan.ghz, seed=plan.seed)
    far = seen.distance_m > losses.FARTHEST_M[plan.scenario]
    loss = np.where(far, np.inf, links.loss_db)
    density = power - 10.0 * np.log10(plan.mhz)
    pattern = received.panel(setup.down_deg)
    return received.powers_dbm(ground, seen, loss, density, pattern)


def _entry(plan: Plan, beams: satellites.Satellite, users: layouts.Users) -> Array:
    high = losses.HIGH_SHARE[plan.scenario]
    return losses.entry_db(users, beams.frequency_ghz, high_share=high, seed=plan.seed)


def _choose(level: F4, sectors: int, noise: float, who: satellites.Spectrum) -> tuple[Indices, F4]:
    """The best cell where it works, else the best beam where that is better."""
    up = np.arange(level.shape[1]) >= sectors

    def tried(part: NDArray[np.bool_]) -> tuple[Indices, F4]:
        mine = received.serving(np.where(part, level, -np.inf))
        return mine, received.sinr_db(level, mine, noise, channel=who.channel, overlap=who.overlap)

    mine, ratio = tried(~up)
    if up.any():
        other, better = tried(up)
        moved = (ratio < nr.LOWEST_SINR_DB) & (better > ratio)
        mine, ratio = np.where(moved, other, mine), np.where(moved, better, ratio)
    return np.where(ratio >= nr.LOWEST_SINR_DB, mine, -1), ratio


def _share(
    plan: Plan, setup: Setup, ground: layouts.Layout, users: layouts.Users, mine: Indices, ratio: F4,
    who: satellites.Spectrum, weak: NDArray[np.bool_],
) -> State:  # fmt: skip
    width = width_mbps(plan.mhz, plan.ghz, plan.down_share) * who.share
    served = np.flatnonzero(mine >= 0)
    order = served[np.argsort(mine[served], kind="stable")]
    alone = np.zeros(len(mine))
    rate, admitted = np.zeros(len(mine)), np.zeros(len(mine), dtype=bool)
    member = (
        slices.members(plan.slices, len(mine), plan.seed) if plan.slices else np.zeros(len(mine), np.int64)
    )
    if order.size:
        bits = _bits(plan, ratio[order], width[mine[order]])
        alone[order] = bits.sum(axis=1).mean(axis=0) / slot_ms(plan.ghz) / 1e3
        admitted[order] = _admit(plan, mine[order], alone[order], member[order])
        want = None
        if plan.slices:
            want = slices.demand(plan.slices, member[order], admitted[order], slot_ms(plan.ghz))
            want = scheduler.Demand(want.guaranteed, want.priority)  # queues never end: no packet has an age
        done = scheduler.run(bits, plan.slots, plan.policy, cell=mine[order], demand=want)
        rate[order] = done.mean_bits(plan.slots // 10) / slot_ms(plan.ghz) / 1e3
    cell = np.bincount(mine[served], weights=rate[served], minlength=len(width)).astype(np.float64)
    busy = np.bincount(mine[served], minlength=len(width))[: ground.sectors] > 0
    station = energy.station(setup.station)
    load = np.array([busy[ground.site == s].mean() for s in range(len(ground.position_m))])
    return State(
        users, mine, ratio, rate, alone, mine >= ground.sectors, member, admitted, cell,
        float(station.supply_w(load).sum()), ground.sectors, weak,
    )  # fmt: skip


def _bits(plan: Plan, ratio: F4, width: Array) -> F4:
    """Bits of every subband, (period, subband, user), under Rayleigh fading of the serving link."""
    fade = np.random.default_rng(plan.seed).exponential(1.0, (PERIOD, BANDS, len(ratio)))
    faded = 10.0 * np.log10(np.maximum(from_db(ratio) * fade, 1e-30))
    each = width * slot_ms(plan.ghz) * 1e3 / BANDS
    return np.asarray(LINKS[plan.link](faded) * each, dtype=np.float32)


@cache
def _goodput() -> tuple[Array, Array]:
    """Ratios in dB, and the bits a symbol that arrive with the best MCS at each."""
    grid = np.arange(-15.0, 45.05, 0.1)
    rows = [
        order * rate / 1024.0 * (1.0 - tables.bler(MCS_TABLE, mcs, grid))
        for mcs, (order, rate) in enumerate(transport.MCS[MCS_TABLE])
    ]
    return grid, np.max(rows, axis=0)


def decoded(sinr_db: ArrayLike) -> Array:
    """Bits a symbol that arrive: best MCS of the 256QAM table times what its blocks do not lose.

    Error rates are those of our own chain in white noise (`rabta.mobile.phy.link.tables`); a lost block is
    sent again without what the first try brought.
    """
    grid, bits = _goodput()
    return np.asarray(np.interp(np.asarray(sinr_db, dtype=np.float64), grid, bits, left=0.0))


LINKS: dict[str, Callable[[ArrayLike], Array]] = {"bound": nr.efficiency, "tables": decoded}


def _admit(plan: Plan, mine: Indices, alone: Array, member: Indices) -> NDArray[np.bool_]:
    found = np.ones(len(mine), dtype=bool)
    if not plan.slices:
        return found
    want = np.array([item.guaranteed_mbps for item in plan.slices])[member]
    rank = np.array([item.priority for item in plan.slices])[member]
    for cell in np.unique(mine):
        here = mine == cell
        found[here] = slices.admit(want[here], alone[here], rank[here], limit=LIMIT)
    return found


def summary(state: State, plan: Plan) -> dict[str, Any]:
    """Figures of a simulated network, as plain numbers."""
    served = state.serving >= 0
    points = (5, 25, 50, 75, 95)
    total = float(state.rate_mbps.sum())
    below = float(state.rate_mbps[~state.above].sum())
    cells = state.cell_mbps[: state.sectors]
    whole = np.where(served, state.sinr_db, np.nan)
    out: dict[str, Any] = {
        "users": len(state.users),
        "cells": state.sectors,
        "served_share": float(served.mean()),
        "above_share": float(state.above.mean()),
        "weak_share": float(state.weak.mean()),
        "disturbed_share": float((~served & ~state.weak).mean()),
        "percent": list(points),
        "sinr_db": _points(whole[served], points),
        "rate_mbps": _points(state.rate_mbps, points),
        "cell_mbps": float(cells.mean()),
        "bits_hz": float(cells.mean() / plan.mhz / plan.down_share),
        "edge_bits_hz": float(np.percentile(state.rate_mbps, 5) / plan.mhz / plan.down_share),
        "fairness": scheduler.jain(state.rate_mbps) if total > 0.0 else None,
        "supply_w": state.supply_w,
        "joules_a_bit": float(energy.joules_a_bit(state.supply_w, below)) if below > 0.0 else None,
        "above_mbps": total - below,
        "slices": [_slice_row(state, k, item) for k, item in enumerate(plan.slices)],
    }
    return out


def _points(values: Any, points: tuple[int, ...]) -> list[float]:
    return [float(v) for v in np.percentile(values, points)] if len(values) else []


def _slice_row(state: State, number: int, item: slices.Slice) -> dict[str, Any]:
    here = state.member == number
    let_in = here & state.admitted
    kept = state.rate_mbps[let_in] >= item.guaranteed_mbps * 0.98
    return {
        "name": item.name,
        "users": int(here.sum()),
        "admitted": int(let_in.sum()),
        "guaranteed_mbps": item.guaranteed_mbps,
        "kept_share": float(kept.mean()) if let_in.any() else None,
        "median_mbps": float(np.median(state.rate_mbps[here])) if here.any() else None,
    }
