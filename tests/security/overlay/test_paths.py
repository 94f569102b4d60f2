"""The link simulator: every fate by its seed, delays as the events say, no overtaking when a delay falls."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from rabta import events
from rabta.errors import RabtaError
from rabta.security.overlay.paths import (
    OVERHEAD,
    Clock,
    Delay,
    Loss,
    Path,
    constant,
    from_events,
    handovers,
    independent,
    lost,
)


def test_delay_is_straight_between_points_and_jumps_where_two_share_a_time() -> None:
    delay = Delay((0.0, 10.0, 10.0, 20.0), (0.010, 0.020, 0.005, 0.007))
    assert delay.at(0.0) == 0.010
    assert delay.at(2.5) == pytest.approx(0.0125, abs=1e-15)
    assert delay.at(10.0) == 0.005
    assert delay.at(15.0) == pytest.approx(0.006, abs=1e-15)
    assert delay.at(20.0) == 0.007
    assert math.isnan(delay.at(-1.0))
    assert math.isnan(delay.at(20.1))


def test_outage_lasts_to_the_next_point() -> None:
    delay = Delay((0.0, 5.0, 5.0, 8.0, 8.0, 9.0), (0.1, 0.1, math.nan, math.nan, 0.2, 0.2))
    assert [math.isnan(delay.at(t)) for t in (4.9, 5.0, 7.99, 8.0)] == [False, True, True, False]
    path = Path(delay)
    assert path.send(b"x", 6.0) == []
    assert path.log[0].verdict == "outage"


@pytest.mark.parametrize(("times", "delays"), [((), ()), ((0.0,), ()), ((1.0, 0.0), (0.1, 0.1))])
def test_points_are_checked(times: tuple[float, ...], delays: tuple[float, ...]) -> None:
    with pytest.raises(RabtaError):
        Delay(times, delays)


def test_no_overtaking_when_the_delay_falls() -> None:
    """A real link keeps the order when its delay is lowered (netem does not)."""
    path = Path(Delay((0.0, 1.0, 1.0, 2.0), (0.3, 0.3, 0.01, 0.01)))
    arrivals = [path.send(b"x", t)[0] for t in np.linspace(0.0, 1.99, 200)]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] == pytest.approx(1.99 + 0.01)


def test_the_rate_of_a_link_queues() -> None:
    path = Path(constant(0.1), bytes_s=1000.0)
    assert [path.send(bytes(500), 0.0)[0] for _ in range(3)] == pytest.approx([0.6, 1.1, 1.6])


def test_long_datagrams_are_dropped_whole() -> None:
    path = Path(constant(0.1))
    assert path.send(bytes(1280 - OVERHEAD), 0.0)
    assert path.send(bytes(1280 - OVERHEAD + 1), 0.0) == []
    assert path.log[1].verdict == "too long"


def test_independent_loss_is_its_share() -> None:
    """Within four standard deviations of the binomial distribution."""
    path = Path(constant(0.1), independent(0.1), seed=3)
    for number in range(20_000):
        path.send(b"x", number * 0.001)
    sigma = math.sqrt(20_000 * 0.1 * 0.9)
    assert abs(path.count("lost") - 2000) < 4 * sigma
    assert lost([path]) == path.count("lost")


def test_gilbert_elliott_has_its_share_and_its_bursts() -> None:
    """Loss only in the bad state: bursts are geometric with the mean 1 / to_good (Gilbert 1960)."""
    loss = Loss(good=0.0, bad=1.0, to_bad=0.02, to_good=0.25)
    path = Path(constant(0.1), loss, seed=5)
    for number in range(100_000):
        path.send(b"x", number * 0.001)
    gone = np.array([fate.verdict == "lost" for fate in path.log])
    assert gone.mean() == pytest.approx(loss.share, rel=0.08)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], gone.astype(int), [0]])))
    assert (edges[1::2] - edges[::2]).mean() == pytest.approx(4.0, rel=0.08)


def test_chances_are_checked() -> None:
    with pytest.raises(RabtaError, match="not a chance"):
        Loss(good=1.5)


def test_the_same_seed_gives_the_same_log() -> None:
    def log(seed: int) -> str:
        path = Path(constant(0.1), Loss(0.01, 0.5, 0.05, 0.3), 0.2, 0.1, seed=seed)
        for number in range(2000):
            path.send(bytes(number % 1300), number * 0.01)
        return repr(path.log)

    assert log(1) == log(1)
    assert log(1) != log(2)


def test_reordering_and_duplicates() -> None:
    path = Path(constant(0.1), reorder=0.3, duplicate=0.2, seed=1)
    arrivals = [path.send(b"x", number * 0.01) for number in range(1000)]
    first = [times[0] for times in arrivals]
    assert first != sorted(first)
    assert 100 < sum(len(times) == 2 for times in arrivals) < 300
    assert path.count("duplicate") == sum(len(times) == 2 for times in arrivals)


def test_the_clock_keeps_order() -> None:
    clock = Clock()
    for when, what in ((2.0, "b"), (1.0, "a"), (2.0, "c")):
        clock.at(when, what)
    assert [clock.next(10.0) for _ in range(3)] == ["a", "b", "c"]
    assert clock.next(10.0) is None
    assert clock.now == 10.0


def table() -> pd.DataFrame:
    subject = {"subject": "A > B"}
    second = 10**9
    return events.frame(
        [
            {"time_ns": 5 * second, "kind": "path_start", "to": "A > s1 > B", "delay_ms": 10.0} | subject,
            {"time_ns": 15 * second, "kind": "path_change", "from": "A > s1 > B", "to": "A > s2 > B",
             "delay_before_ms": 12.0, "delay_ms": 8.0} | subject,
            {"time_ns": 20 * second, "kind": "outage_start", "delay_before_ms": 9.0} | subject,
            {"time_ns": 22 * second, "kind": "outage_end", "to": "A > s3 > B", "delay_ms": 11.0} | subject,
            {"time_ns": 30 * second, "kind": "path_end", "delay_before_ms": 11.0} | subject,
            {"time_ns": 7 * second, "kind": "handover", "subject": "A", "delay_ms": 3.0},
        ]
    )  # fmt: skip


def test_delay_and_changes_come_from_events() -> None:
    delay, changes = from_events(table(), "A > B")
    assert delay.at(5.0) == pytest.approx(0.011)
    assert delay.at(10.0) == pytest.approx(0.008)
    assert math.isnan(delay.at(16.0))
    assert delay.at(17.0) == pytest.approx(0.011)
    assert [change.at_s for change in changes] == [10.0, 17.0]
    assert len({change.words for change in changes}) == 2


def test_a_pair_that_the_run_does_not_follow_is_named() -> None:
    with pytest.raises(RabtaError, match="A > B"):
        from_events(table(), "A > C")


def test_made_handovers() -> None:
    delay, changes = handovers(100, 15.0, 0.003, 0.030, seed=1)
    assert len(changes) == 100
    assert all(0.003 <= delay.at(t) <= 0.030 for t in np.linspace(0.0, 1500.0, 999))
