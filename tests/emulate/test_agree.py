"""What was felt, taken apart: path, queues by the record, and the rest."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.emulate import agree, ways
from rabta.emulate.engine import virtual
from rabta.emulate.engine.course import Course

BEGUN_S = 1.7e9


def course() -> Course:
    """Two hosts, 20 ms apart, then 30; the way is out for a second in between."""
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0], [4e9, -1.0, 0, 0, 0, 0, 0], [5e9, 30e6, 0, 0, 0, 0, 0]])
    return ways.course(dict.fromkeys(("a", "b"), ways.Access()), {("a", "b"): way}, 10.0)


def recorded(queue_ms: float, rest_ms: float) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Fates of pings and of other packets between them, and what ping says."""
    rows, rtts = [], []
    for k in range(90):
        at = 0.1 * k
        delay = 20.0 if at < 4.0 else 30.0
        if 4.0 <= at < 5.0:
            continue
        came = int(at * 1e9)
        out = came + int((delay + queue_ms) * 1e6)
        rows += [(came, out, 0, 84, 0, k), (out + 1000, out + 1000 + int(delay * 1e6), 1, 84, 0, k)]
        rows += [(came + 500, came + 900, 0, 1500, 1, k), (came + 700, came + int(1e7), 1, 40, 0, k)]
        rtt = 2.0 * delay + queue_ms + rest_ms
        rtts.append((BEGUN_S + at + rtt / 1e3, rtt))
    record = np.array(sorted(rows, key=lambda row: row[1]), dtype=np.int64)
    return record, rtts


def test_queues_are_told_from_lateness() -> None:
    record, rtts = recorded(12.0, 0.2)
    found = agree.parts(course(), record, "a", "b", rtts, BEGUN_S)
    assert found["matched"] == len(rtts) == 80
    assert found["queues_ms"] == pytest.approx(12.0, abs=0.01)
    assert found["rest_ms"] == pytest.approx(0.2, abs=0.01)
    assert found["share_within"] == 1.0
    whole = agree.pings(course(), "a", "b", rtts, BEGUN_S)
    assert whole["share_within"] == 0.0, "twelve milliseconds of queue are no fault of the path"
    assert whole["median_ms"] == pytest.approx(12.2, abs=0.01)


def test_jitter_is_told_from_queues() -> None:
    """Nobody waits: what the law of the engine adds by chance alone is no queue."""
    still = np.array([[0.0, 2e7, 0.0, 0.0, 0.0, 0.0, 0.0]])
    net = Course(
        ("a", "b"), np.array([[0, 1], [1, 0]]), np.array([0, 1, 2]), np.concatenate([still, still]),
        np.array([2e7, 5e6]), np.zeros(2), (), np.zeros(1, np.int64), np.zeros((0, 2)), np.zeros(0),
        np.zeros(0), np.full(2, -1), np.full(2, -1), 10**10,
    )  # fmt: skip
    came = np.arange(1, 91) * 10**8
    there = virtual.carry(net, np.stack([came, np.zeros(90, int), np.full(90, 84)], 1), 7)
    out = np.sort(there[:, 1])
    both = virtual.carry(net, np.concatenate([
        np.stack([came, np.zeros(90, int), np.full(90, 84)], 1),
        np.stack([out + 1000, np.ones(90, int), np.full(90, 84)], 1),
    ])[np.argsort(np.concatenate([came, out + 1000]), kind="stable")], 7)  # fmt: skip
    back = both[both[:, 2] == 1]
    rtt = (np.sort(back[:, 1]) - came) / 1e6
    rtts = [
        (BEGUN_S + at / 1e9 + span / 1e3, span) for at, span in zip(came.tolist(), rtt.tolist(), strict=True)
    ]
    found = agree.parts(net, both, "a", "b", rtts, BEGUN_S, seed=7)
    assert found["matched"] == 90
    assert found["queues_ms"] == pytest.approx(0.0, abs=1e-3)
    assert found["jitter_ms"] == pytest.approx(12.5, abs=2.5)


def test_lateness_is_not_hidden() -> None:
    record, rtts = recorded(0.0, 2.0)
    found = agree.parts(course(), record, "a", "b", rtts, BEGUN_S)
    assert found["share_within"] == 0.0
    assert found["rest_ms"] == pytest.approx(2.0, abs=0.01)


def test_a_record_without_pings_says_nothing() -> None:
    record, rtts = recorded(0.0, 0.0)
    for rows in (record[record[:, 3] != 84], record[:0], record[record[:, 2] == 1]):
        assert agree.parts(course(), rows, "a", "b", rtts, BEGUN_S)["matched"] == 0
    shifted = [(at + 50.0, rtt) for at, rtt in rtts]
    assert agree.parts(course(), record, "a", "b", shifted, BEGUN_S)["matched"] == 0


def test_goodput_stands_beside_the_gate() -> None:
    rates = np.array([[0.0, 10e6], [5.0, 30e6]])
    hosts = {"user": ways.Access(np.array([[0.0, 1e6]]), rates), "server": ways.Access()}
    net = ways.course(hosts, {("user", "server"): np.array([[0.0, 20e6, 0, 0, 0, 0, 0]])}, 10.0)
    assert agree.gate_bps(net, "server", "user") == pytest.approx(20e6), "half the time 10, half 30 Mbit/s"
    assert agree.gate_bps(net, "user", "server") == pytest.approx(1e6)
    found = agree.goodput(net, "server", "user", [(1.0, 1e6), (2.0, 1e6), (3.0, 19e6), (4.0, 19e6)])
    assert found["expected_mbps"] == pytest.approx(20.0 * 1448 / 1500, abs=1e-3)
    assert found["share"] == pytest.approx(19.0 * 1500 / 1448 / 20.0, abs=1e-3), "the start is left out"
    free = ways.course(
        dict.fromkeys(("user", "server"), ways.Access()), {("user", "server"): net.pieces[:1]}, 9.0
    )
    assert agree.goodput(free, "server", "user", [(3.0, 1e9)]) == {"expected_mbps": None, "share": None}
