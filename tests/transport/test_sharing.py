"""Sharing at national size, and when there is nothing to share."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import h3
import numpy as np
import pytest

from rabta.transport import sharing


def test_places_are_h3_parents() -> None:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(34.0, 71.5, 6), 20))
    places = sharing.places(cells)
    parents = np.array([h3.cell_to_parent(cell, 5) for cell in cells])
    for p in range(places.start.size - 1):
        members = places.order[places.start[p] : places.start[p + 1]]
        assert len(set(parents[members])) == 1
    assert places.start.size - 1 == len(set(parents))
    assert sorted(places.order) == list(range(len(cells)))


def test_coarse_cells_are_their_own_places() -> None:
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(34.0, 71.5, 5), 3))
    assert sharing.places(cells).start.tolist() == list(range(len(cells) + 1))


@pytest.mark.parametrize(
    ("total", "limits"),
    [
        (5e5, {}),  # less than the satellites could carry
        (3e6, {"capacity_mbps": 68e3, "band_mhz": 16_800.0, "spectrum_mhz": 2000.0}),  # feeders bind
        (2e6, {"capacity_mbps": 68e3, "band_mhz": 6000.0, "spectrum_mhz": 300.0, "feeder_mbps": 1e6}),
    ],
)
def test_national_steps_are_nearly_optimal(
    instances: ModuleType, total: float, limits: dict[str, float]
) -> None:
    steps = [instances.step(minute=7.0 * k, seed=k, total_mbps=total) for k in range(2)]
    problem = instances.problem(steps, instances.Limits(**limits))
    found = sharing.share(problem)
    carried = found.carried.sum(axis=1)
    assert (carried <= found.bound * (1 + 1e-9)).all()
    assert (1.0 - carried / found.bound < 0.03).all()


@pytest.mark.slow
def test_national_step_encloses_the_exact_optimum(instances: ModuleType) -> None:
    limits = instances.Limits(capacity_mbps=68e3, band_mhz=16_800.0, spectrum_mhz=2000.0)
    problem = instances.problem([instances.step()], limits)
    found = sharing.share(problem)
    optimum = sharing.exact(problem, 0)
    carried = found.carried[0].sum()
    assert 0.98 * optimum <= carried <= optimum * (1 + 1e-6)
    assert optimum * (1 - 1e-6) <= found.bound[0] <= 1.03 * optimum
    assert found.bound[0] == pytest.approx(sharing.dual_value(problem, 0, found), rel=1e-9)


@pytest.fixture
def problem(instances: ModuleType) -> sharing.Problem:
    made: sharing.Problem = instances.problem([instances.step(rings=6)], instances.Limits())
    return made


def served(problem: sharing.Problem) -> float:
    found = sharing.share(problem)
    assert np.isfinite(found.served).all()
    assert found.bound[0] >= found.carried.sum()
    assert sharing.fill(problem).sum() >= 0.0
    return float(found.served.sum())


def test_something_is_served(problem: sharing.Problem) -> None:
    assert served(problem) > 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"feeder": 0.0},
        {"limit": 0.0},
        {"spectrum": 0.0},
        {"need": 0.0},
        {"efficiency": 0.0},
        {"landing": -1},
        {"slot": -1},
    ],
    ids=str,
)
def test_nothing_is_served_without(problem: sharing.Problem, change: dict[str, float]) -> None:
    name, value = next(iter(change.items()))
    empty = np.full_like(getattr(problem, name), value)
    assert served(replace(problem, **{name: empty})) == 0.0


def test_no_gateway_at_all(problem: sharing.Problem) -> None:
    none = replace(
        problem,
        feeder=np.zeros(0),
        split=np.zeros((1, 0, 0)),
        landing=np.full_like(problem.landing, -1),
    )
    assert served(none) == 0.0


def test_filling_obeys_the_rows_and_reaches_every_zone_that_asks(problem: sharing.Problem) -> None:
    scarce = replace(problem, limit=problem.limit / 100.0)
    granted = sharing.fill(scarce)[0]
    asks = problem.need[0] > 0.0
    assert granted.sum() <= scarce.limit[0][np.unique(problem.slot)].sum() * (1 + 1e-9)
    assert (granted[~asks] == 0.0).all()
    share = granted[asks] / problem.need[0][asks]
    ample = sharing.share(scarce).carried.sum()
    assert granted.sum() >= 0.95 * ample
    assert np.percentile(share, 5) > 0.3 * np.median(share)  # by need: no cell is left far behind


def groups_of(problem: sharing.Problem, resolution: int) -> list[np.ndarray]:
    parents = sharing.places(hexagons(problem), resolution).of_cell
    return [np.flatnonzero(parents == k) for k in range(parents.max() + 1)]


def hexagons(problem: sharing.Problem) -> list[str]:
    centre = h3.latlng_to_cell(30.4, 69.3, 6)
    cells = sorted(h3.grid_disk(centre, 20))
    assert len(cells) == problem.slot.shape[1]
    return cells


@pytest.fixture
def scarce(instances: ModuleType) -> sharing.Problem:
    """Two steps over 1,261 cells; satellites hold a hundredth, so that zones compete for them."""
    steps = [instances.step(rings=20, minute=5.0 * k, seed=k) for k in range(2)]
    whole: sharing.Problem = instances.problem(steps, instances.Limits())
    return replace(whole, limit=whole.limit / 100.0, need=whole.need[:1])


def test_a_part_of_the_programme_is_the_programme_of_the_part(scarce: sharing.Problem) -> None:
    """Cells alone: the same exact optimum as with all cells where the others need nothing."""
    members = groups_of(scarce, 4)[1]
    part = scarce.only(members)
    cells = hexagons(scarce)
    grouped = sharing.places([cells[i] for i in members])
    assert part.places.order.tolist() == grouped.order.tolist()
    assert part.places.start.tolist() == grouped.start.tolist()
    silent = np.zeros_like(scarce.need)
    silent[:, members] = scarce.need[:, members]
    assert sharing.exact(part, 0) == pytest.approx(sharing.exact(replace(scarce, need=silent), 0), rel=1e-9)


@pytest.mark.parametrize("resolution", [3, 4])
def test_alone_is_at_least_the_share_and_parts_at_least_the_whole(
    scarce: sharing.Problem, resolution: int
) -> None:
    groups = groups_of(scarce, resolution)
    everybody = np.arange(scarce.slot.shape[1])
    alone = sharing.fill_alone(scarce, [*groups, everybody])
    together = sharing.fill(scarce)
    assert len(groups) > 1
    assert alone[:, -1] == pytest.approx(together.sum(axis=1), rel=1e-9)
    for k, members in enumerate(groups):
        assert (alone[:, k] >= together[:, members].sum(axis=1) * (1 - 1e-3)).all()
    assert (alone[:, :-1].sum(axis=1) > 1.05 * alone[:, -1]).all()  # neighbours claim the same satellites
    assert (alone[:, :-1] <= alone[:, -1:] * 1.02).all()


def test_alone_is_close_to_the_most_that_can_be_carried(scarce: sharing.Problem) -> None:
    """HiGHS on the same rows, cells asking for more than the satellites hold."""
    members = groups_of(scarce, 4)[0]
    alone = sharing.fill_alone(scarce, [members])[0, 0]
    part = scarce.only(members)
    most = sharing.exact(replace(part, need=part.need * 1e6), 0)
    assert 0.95 * most <= alone <= most * (1 + 1e-6)
