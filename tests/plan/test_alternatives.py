"""The next technology of a cell: its cost is the difference that moving the cell alone makes to the price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from rabta.plan import stages, tables
from rabta.plan.optimise import optimise
from rabta.plan.problem import ROUTED, TINY, Solution, price
from rabta.twin import Twin

Make = Callable[..., Twin]


@pytest.fixture(scope="module")
def answer(make_twin: Make) -> tables.Answer:
    asked = stages.national_problem(make_twin())
    found = optimise(asked.problem, 20.0)
    paid = price(asked.problem, found)
    return tables.Answer(
        asked.problem,
        found,
        paid,
        asked.rows,
        asked.ground.unserved,
        paid.npc,
        asked.service,
        asked.money.annuity,
        np.full(asked.rows.size, 150.0),
    )


def moved(answer: tables.Answer, cell: int, column: int) -> Solution:
    """The plan with one cell on another technology, and the cable that it needs."""
    share, built = answer.solution.share.copy(), answer.solution.built.copy()
    share[cell] = 0.0
    share[cell, column] = 1.0
    here = cell if answer.problem.technologies[column] == ROUTED else -1
    while here >= 0:
        built[here] = True
        here = int(answer.problem.route_parent[here])
    return replace(answer.solution, share=share, built=built)


def test_the_cost_of_the_next_technology_is_what_moving_there_costs(answer: tables.Answer) -> None:
    problem, shares = answer.problem, answer.solution.share
    names, cost = tables.alternatives(answer)
    checked = set()
    for cell in range(problem.households.size):
        now = int(shares[cell].argmax())
        if problem.technologies[now] in {ROUTED, "haps"} or shares[cell, now] < 1 - TINY:
            continue
        if names[cell] not in {ROUTED, "microwave_macro"}:
            continue
        after = moved(answer, cell, problem.technologies.index(str(names[cell])))
        own = problem.fixed_npc[cell, now] + problem.households[cell] * problem.unit_npc[cell, now]
        added = price(problem, after).npc_usd - answer.price.npc_usd + own
        assert cost[cell] * problem.households[cell] == pytest.approx(added, rel=1e-6)
        checked.add(str(names[cell]))
    assert checked == {ROUTED, "microwave_macro"}


def test_the_next_technology_is_another_one_that_gives_the_floor(answer: tables.Answer) -> None:
    problem = answer.problem
    names, cost = tables.alternatives(answer)
    leader = np.array(problem.technologies)[answer.solution.share.argmax(axis=1)]
    assert np.all(names != leader)
    for cell in np.flatnonzero(names != "none"):
        assert problem.quality[cell, problem.technologies.index(str(names[cell]))] > 1 - 1e-9
    assert np.all(np.isfinite(cost) == (names != "none"))
