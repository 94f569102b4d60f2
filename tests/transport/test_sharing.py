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
