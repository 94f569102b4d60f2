r"""Sharing of satellite capacity over the cells of a nation, one time step at a time.

The programme. ``f[i,k]`` is the traffic (Mbit/s) of cell ``i`` on the satellite ``s`` in its slot ``k``,
``e`` the spectral efficiency there (bit/s/Hz, so ``f / e`` is MHz of the satellite's channels)::

    maximise    sum f
    subject to  sum_k f[i,k]                            <= need[i]          each cell
                sum over s of f                         <= capacity[s]      each satellite, Mbit/s
                sum over s of f / e                     <= band[s]          each satellite, MHz
                sum over place p and system y of f / e  <= spectrum[y]      each place and system, MHz
                sum_s split[s,g] * (sum over s of f)    <= feeder[g]        each gateway, Mbit/s
                f >= 0, and f = 0 where the satellite cannot land its traffic

- ``band`` is the satellite's beams times the bandwidth of a channel; ``capacity`` and ``band`` are multiplied
  by the nation's share.
- A *place* is the footprint of a beam: the H3 resolution-5 parent of a cell (253 km2, as wide as the 24 km
  cells of the largest system). Its cells share the system's spectrum, times polarisations, times the beams
  allowed at one frequency.
- ``split`` says where a satellite lands: at the one gateway that tracks it, or over inter-satellite links at
  all gateways linked to its mesh, divided so that feeders would fill evenly if each mesh landed the need
  of the cells below it (a policy fixed before the programme).

Among equal optima the traffic of largest entropy is sought: cells that compete for the same satellites get
the same share of their need. The method and the bound are in `rabta.transport._prices` and `._kernels`; the
references below build the programme row by row, solve it exactly and evaluate its dual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.jit import each, each_part
from rabta.transport import _kernels

F8 = NDArray[np.float64]
BEAM_RESOLUTION = 5


@dataclass(frozen=True)
class Places:
    """Cells grouped by beam footprint: ``order[start[p]:start[p + 1]]`` are the cells of place ``p``."""

    order: NDArray[np.int32]
    start: NDArray[np.int32]

    @property
    def of_cell(self) -> NDArray[np.int64]:
        """Place of each cell."""
        out = np.empty(self.order.size, dtype=np.int64)
        out[self.order] = np.repeat(np.arange(self.start.size - 1), np.diff(self.start))
        return out

    def only(self, cells: NDArray[np.int64]) -> Places:
        """The same footprints over some of the cells, which are numbered anew."""
        return _grouped(np.unique(self.of_cell[cells], return_inverse=True)[1])


def _grouped(of_cell: NDArray[np.int64]) -> Places:
    order = np.argsort(of_cell, kind="stable").astype(np.int32)
    start = np.searchsorted(of_cell[order], np.arange(int(of_cell.max(initial=-1)) + 2)).astype(np.int32)
    return Places(order, start)


def places(cells: Sequence[str], resolution: int = BEAM_RESOLUTION) -> Places:
    """Group cells by their H3 parent (the cell itself where it is as coarse).

    An H3 index holds the resolution in bits 52 to 55 and three bits a level below them (h3geo.org, H3 index
    bit layout), so that cells with the same leading bits have the same parent.

    Examples
    --------
    >>> places(["86428e587ffffff", "86428e58fffffff", "86428e507ffffff"]).start.tolist()
    [0, 1, 3]
    """
    index = np.array([int(cell, 16) for cell in cells], dtype=np.uint64)
    level = np.uint64(3 * (15 - resolution))
    key = (index & ~(np.uint64(0xF) << np.uint64(52))) >> level
    return _grouped(np.unique(key, return_inverse=True)[1])


@dataclass(frozen=True)
class Problem:
    """The programme's input over the steps of a chunk.

    Attributes
    ----------
    places : Places
        Beam footprints of the cells.
    slot : int16 (time, cell, slot), efficiency : float32 (time, cell, slot)
        Satellite of each slot (-1 none) and its spectral efficiency (0 where the link does not close).
    need : float64 (time, cell)
        Mbit/s.
    landing : int32 (time, satellite), split : float64 (time, landing, gateway)
        Row of ``split`` of each satellite (-1 where it cannot land), shares of the gateways.
    system : int32 (satellite,)
    limit : float64 (2, satellite)
        Capacity (Mbit/s) and band (MHz).
    spectrum : float64 (system,)
        MHz at one place.
    feeder : float64 (time, gateway)
        Mbit/s; (gateway,) stands for the same in all steps.
    """

    places: Places
    slot: NDArray[np.int16]
    efficiency: NDArray[np.float32]
    need: F8
    landing: NDArray[np.int32]
    split: F8
    system: NDArray[np.int32]
    limit: F8
    spectrum: F8
    feeder: F8

    def __post_init__(self) -> None:
        shape = (self.slot.shape[0], self.feeder.shape[-1])
        object.__setattr__(self, "feeder", np.array(np.broadcast_to(self.feeder, shape), order="C"))

    def at(self, steps: NDArray[np.int64]) -> Problem:
        """The same programme in some steps; ``need`` is taken as it is."""
        return replace(
            self,
            slot=self.slot[steps],
            efficiency=self.efficiency[steps],
            landing=self.landing[steps],
            split=self.split[steps],
            feeder=self.feeder[steps],
        )

    def only(self, cells: NDArray[np.int64]) -> Problem:
        """The programme when nobody but these cells asks; satellites land where they do for all."""
        return replace(
            self,
            places=self.places.only(cells),
            slot=self.slot[:, cells],
            efficiency=self.efficiency[:, cells],
            need=self.need[:, cells],
        )


@dataclass(frozen=True)
class Shared:
    """The programme's answer.

    Attributes
    ----------
    served : float32 (time, cell), carried : float64 (time, satellite)
        Mbit/s.
    bound : float64 (time,)
        Upper bound of the traffic of all cells.
    satellite_price : float64 (time, 2, satellite), feeder_price : float64 (time, gateway)
    spectrum_price : float64 (time, place, system)
        Dual prices, in Mbit/s of national traffic per unit of each row's limit.
    """

    served: NDArray[np.float32]
    carried: F8
    bound: F8
    satellite_price: F8
    feeder_price: F8
    spectrum_price: F8


def share(problem: Problem) -> Shared:
    """Near-optimal traffic of every step, with the dual bound that says how near."""
    steps, cells, _ = problem.slot.shape
    satellites, gateways = problem.landing.shape[1], problem.feeder.shape[1]
    found = Shared(
        np.zeros((steps, cells), np.float32),
        np.zeros((steps, satellites)),
        np.zeros(steps),
        np.zeros((steps, 2, satellites)),
        np.zeros((steps, gateways)),
        np.zeros((steps, problem.places.start.size - 1, problem.spectrum.size)),
    )
    each_part(_kernels.share, steps, *_arguments(problem, problem.need), *vars(found).values())
    return found


def fill(problem: Problem) -> F8:
    """Traffic of the cells (time, cell) when all ask by need, ever more, until nothing more fits.

    Need rises in levels; what a level got stays, so no cell gains from another's loss: an approach to the
    max-min fair filling (Bertsekas and Gallager, Data Networks, 1992, section 6.5.2). Every row of the
    programme holds, cells' need aside. Uses the need of the first step for all.
    """
    granted = np.zeros(problem.slot.shape[:2])
    arguments = (*_arguments(problem, problem.need[0]), granted)
    each_part(_kernels.fill, len(granted), *arguments)
    return granted


def fill_alone(problem: Problem, groups: Sequence[NDArray[np.int64]]) -> F8:
    """Traffic (time, group) of groups of cells, each filled as by `fill` while no other asks."""
    total = np.zeros((len(problem.slot), len(groups)))

    def one(k: int) -> None:
        part = problem.only(groups[k])
        granted = np.zeros(part.slot.shape[:2])
        arguments = (0, len(granted), *_arguments(part, part.need[0]), granted)
        _kernels.fill(*arguments)
        total[:, k] = granted.sum(axis=1)

    each(one, sorted(range(len(groups)), key=lambda k: -groups[k].size))
    return total


def _arguments(problem: Problem, need: F8) -> tuple[Any, ...]:
    contiguous = np.ascontiguousarray
    return (
        problem.places.order,
        problem.places.start,
        contiguous(problem.slot),
        contiguous(problem.efficiency),
        contiguous(need),
        problem.landing,
        problem.split,
        problem.system,
        problem.limit,
        problem.spectrum,
        problem.feeder,
    )


@dataclass(frozen=True)
class Rows:
    """The programme of one step as a sparse matrix; ``cell`` and ``slot`` name its columns."""

    matrix: Any
    limit: F8
    cell: NDArray[np.int64]
    slot: NDArray[np.int64]


def rows(problem: Problem, t: int) -> Rows:
    """Every row of the programme of one step, as written in the module's head (the reference)."""
    from scipy import sparse

    cell, slot = np.nonzero((problem.slot[t] >= 0) & (problem.efficiency[t] > 0.0))
    satellite = problem.slot[t][cell, slot].astype(np.int64)
    lands = problem.landing[t][satellite] >= 0
    cell, slot, satellite = cell[lands], slot[lands], satellite[lands]
    inverse = 1.0 / problem.efficiency[t][cell, slot].astype(np.float64)
    n, one, column = cell.size, np.ones(cell.size), np.arange(cell.size)
    kinds, footprints = problem.spectrum.size, problem.places.start.size - 1
    footprint = problem.places.of_cell[cell] * kinds + problem.system[satellite]
    shares = problem.split[t][problem.landing[t][satellite]]

    def block(value: F8, row: NDArray[np.int64], height: int) -> Any:
        return sparse.csr_matrix((value, (row, column)), shape=(height, n))

    satellites = problem.landing.shape[1]
    matrix = sparse.vstack(
        [
            block(one, cell, problem.need.shape[1]),
            block(one, satellite, satellites),
            block(inverse, satellite, satellites),
            block(inverse, footprint, footprints * kinds),
            sparse.csr_matrix(shares.T),
        ]
    )
    parts = (problem.need[t], *problem.limit, np.tile(problem.spectrum, footprints), problem.feeder[t])
    return Rows(matrix, np.concatenate(parts), cell, slot)


def exact(problem: Problem, t: int) -> float:
    """Optimum of one step by HiGHS (the reference; seconds to minutes at national size)."""
    from scipy.optimize import linprog

    programme = rows(problem, t)
    if programme.cell.size == 0:
        return 0.0
    found = linprog(-np.ones(programme.cell.size), programme.matrix, programme.limit, method="highs-ipm")
    return float(-found.fun)


def dual_value(problem: Problem, t: int, prices: Shared) -> float:
    """Dual of one step at given prices, the prices of cells chosen best (reference of the kernel's bound).

    Weak duality: for any prices >= 0 this is at least the programme's optimum.
    """
    programme = rows(problem, t)
    coupling = np.concatenate(
        [*prices.satellite_price[t], prices.spectrum_price[t].ravel(), prices.feeder_price[t]]
    )
    cells = problem.need.shape[1]
    worth = 1.0 - coupling @ programme.matrix[cells:]
    best = np.zeros(cells)
    np.maximum.at(best, programme.cell, worth)
    reachable = problem.need[t][np.unique(programme.cell)].sum()
    return float(min(best @ problem.need[t] + coupling @ programme.limit[cells:], reachable))


def local_hours(times: NDArray[np.datetime64], lon_deg: F8) -> NDArray[np.int64]:
    """Hour of the local day by the zone that holds the median longitude (Pakistan: UTC+5).

    Examples
    --------
    >>> local_hours(np.array(["2026-01-13T20:30"], "datetime64[ns]"), np.array([61.0, 71.5, 77.0])).tolist()
    [1]
    """
    offset = round(float(np.median(lon_deg)) / 15.0)
    hours = times.astype("datetime64[h]").astype(np.int64)
    return np.asarray((hours + offset) % 24)
