"""Schedulers against theory and linear programmes; guarantees that fit are always kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from rabta.errors import RabtaError
from rabta.mobile.system import scheduler, slices

rates = st.lists(st.floats(50.0, 5000.0), min_size=1, max_size=10)


@settings(max_examples=60, deadline=None)
@given(
    alone=rates,
    load=st.floats(0.05, 0.99),
    seed=st.integers(0, 1000),
    policy=st.sampled_from(scheduler.POLICIES),
)
def test_guarantees_that_fit_are_kept(alone: list[float], load: float, seed: int, policy: str) -> None:
    """The debt in time grows by the load and falls by a slot where anybody is owed: at most one slot each."""
    rate = np.array(alone)
    want = load * rate * np.random.default_rng(seed).dirichlet(np.ones(len(rate)))
    slots = 400
    done = scheduler.run(rate[None, None, :], slots, policy, demand=scheduler.Demand(guaranteed=want))
    owed = want * np.arange(1, slots + 1)[:, None] - np.cumsum(done.served, axis=0, dtype=np.float64)
    behind = np.maximum(owed, 0.0) / rate
    assert behind.sum(axis=1).max() <= len(rate) + 1.0 + 1e-3


@settings(max_examples=40, deadline=None)
@given(alone=rates, seed=st.integers(0, 1000))
def test_bounds_are_those_of_linear_programmes(alone: list[float], seed: int) -> None:
    rate = np.array(alone)
    want = 0.8 * rate * np.random.default_rng(seed).dirichlet(np.ones(len(rate)))
    low = [(g / r, None) for g, r in zip(want, rate, strict=True)]
    most = linprog(-rate, A_ub=[np.ones(len(rate))], b_ub=[1.0], bounds=low)
    assert slices.greatest_sum(rate, want) == pytest.approx(-most.fun, rel=1e-6)
    # max t with x r >= t, sum x <= 1
    matrix = np.vstack(
        [np.column_stack([-np.diag(rate), np.ones(len(rate))]), np.append(np.ones(len(rate)), 0.0)]
    )
    least = linprog(
        np.append(np.zeros(len(rate)), -1.0), A_ub=matrix, b_ub=np.append(np.zeros(len(rate)), 1.0)
    )
    assert slices.greatest_least(rate) == pytest.approx(-least.fun, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(alone=rates, seed=st.integers(0, 1000), policy=st.sampled_from(scheduler.POLICIES))
def test_no_scheduler_beats_the_bound(alone: list[float], seed: int, policy: str) -> None:
    rate = np.array(alone)
    want = 0.5 * rate * np.random.default_rng(seed).dirichlet(np.ones(len(rate)))
    done = scheduler.run(rate[None, None, :], 500, policy, demand=scheduler.Demand(guaranteed=want))
    assert done.mean_bits().sum() <= slices.greatest_sum(rate) * (1.0 + 1e-6)
    assert done.share.sum() == pytest.approx(1.0)


def test_priority_wins_where_guarantees_do_not_fit() -> None:
    rate = np.array([100.0, 100.0, 100.0])
    demand = scheduler.Demand(guaranteed=60.0, priority=[1, 0, 2])
    done = scheduler.run(rate[None, None, :], 5000, demand=demand).mean_bits()
    np.testing.assert_allclose(done, [40.0, 60.0, 0.0], atol=0.5)


def test_packets_with_a_budget_overtake() -> None:
    rng = np.random.default_rng(1)
    slots = 4000
    coming = np.zeros((slots, 3), np.float32)
    coming[:, 0] = (rng.random(slots) < 0.05) * 100.0
    coming[:, 1:] = (rng.random((slots, 2)) < 0.3) * 300.0
    bits = np.array([[[100.0, 200.0, 200.0]]])
    plain = scheduler.delays(coming, scheduler.run(bits, slots, "max-rate", arrivals=coming).served)[0]
    soon = scheduler.Demand(budget=[5.0, 0.0, 0.0])
    quick = scheduler.delays(
        coming, scheduler.run(bits, slots, "max-rate", arrivals=coming, demand=soon).served
    )[0]
    assert quick.max() <= 2.0
    assert plain.mean() > 1.5 * quick.mean()


def test_failures_cost_what_they_should() -> None:
    # first attempts fail by 0.1, second never: 11 of 10 transmissions; goodput 1 / 1.1
    slots = 40_000
    failure = np.array([[0.1], [0.0]])
    done = scheduler.run(np.full((1, 1, 1), 100.0), slots, failure=failure, seed=2)
    assert done.mean_bits()[0] == pytest.approx(100.0 / 1.1, rel=0.01)
    assert done.failed[0] / slots == pytest.approx(0.1 / 1.1, rel=0.05)


def test_files_queue_as_theory_has_it() -> None:
    # left behind by a slot's service, Poisson arrivals of one-slot files: load^2 / (2 (1 - load)), the mean
    # queue of M/D/1 (Pollaczek and Khinchine)
    slots, load = 400_000, 0.6
    coming = scheduler.files(1, slots, load, 100.0, seed=5)
    done = scheduler.run(np.full((1, 1, 1), 100.0), slots, arrivals=coming)
    left = np.cumsum(coming[:, 0], dtype=np.float64) - np.cumsum(done.served[:, 0], dtype=np.float64)
    assert left.mean() / 100.0 == pytest.approx(load**2 / (2.0 * (1.0 - load)), rel=0.06)


def test_cells_do_not_touch() -> None:
    bits = np.random.default_rng(3).exponential(100.0, (50, 2, 6))
    both = scheduler.run(bits, 300, cell=[0, 0, 0, 1, 1, 1])
    one = scheduler.run(bits[:, :, :3], 300)
    np.testing.assert_array_equal(both.served[:, :3], one.served)


def test_admission() -> None:
    found = slices.admit([50.0, 60.0, 0.0, 30.0], 100.0, [1, 0, 1, 1])
    assert found.tolist() == [False, True, True, True]
    assert slices.admit([1.0], [0.0]).tolist() == [False]


@settings(max_examples=60, deadline=None)
@given(alone=rates, share=st.floats(0.05, 1.0), limit=st.floats(0.0, 1.0))
def test_admitted_guarantees_fit(alone: list[float], share: float, limit: float) -> None:
    want = share * np.array(alone)
    let_in = slices.admit(want, alone, limit=limit)
    assert slices.load(want[let_in], np.array(alone)[let_in]).sum() <= limit + 1e-9


def test_slices_of_a_text() -> None:
    found = slices.parse(" a:share=0.25,guaranteed_mbps=2,latency_ms=10 ; b:share=0.75,priority=3 ")
    assert [item.name for item in found] == ["a", "b"]
    assert found[1].priority == 3
    member = slices.members(found, 20_000)
    assert (member == 0).mean() == pytest.approx(0.25, abs=0.02)
    ask = slices.demand(found, [0, 1], [True, True], 0.5)
    assert np.asarray(ask.guaranteed).tolist() == [1000.0, 0.0]
    assert np.asarray(ask.budget).tolist() == [20.0, 0.0]


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="abz:=,;.0123456789shareguaranteed_mbps-", max_size=60))
def test_any_text_is_slices_or_refused(text: str) -> None:
    try:
        found = slices.parse(text)
    except RabtaError:
        return
    assert sum(item.share for item in found) == pytest.approx(1.0)


ONE = np.ones((1, 1, 2))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scheduler.run(np.ones(3), 10), "no rates"),
        (lambda: scheduler.run(ONE, 10, "proportional"), "did you mean 'proportional-fair'"),
        (lambda: scheduler.run(ONE, 0), "slots"),
        (lambda: scheduler.run(-ONE, 10), "bits"),
        (lambda: scheduler.run(ONE, 10, cell=[1, 0]), "rising order"),
        (lambda: scheduler.run(ONE, 10, arrivals=np.ones((9, 2))), "arrivals"),
        (lambda: scheduler.run(ONE, 10, failure=[[0.5, 2.0]]), "failure"),
        (lambda: scheduler.run(ONE, 10, demand=scheduler.Demand(budget=[3.0, 0.0])), "budget"),
        (lambda: scheduler.run(ONE, 10, demand=scheduler.Demand(guaranteed=[1.0, 1.0, 1.0])), "guaranteed"),
        (lambda: slices.parse("a:share=0.5"), "add up"),
        (lambda: slices.parse("a:share=x"), "not a number"),
        (lambda: slices.parse("a:share=1,prority=0"), "did you mean 'priority'"),
        (lambda: slices.parse("a:share=0.5;a:share=0.5"), "each its own"),
    ],
)
def test_refused(call: object, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        call()  # type: ignore[operator]
