"""The compiled law of gates and paths against a plain one, and against what queues and chains must give."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import virtual
from rabta.emulate.engine.course import Course

MASK = (1 << 64) - 1


def course(rng: np.random.Generator, hosts: int = 4, pieces: int = 6, **changes: Any) -> Course:
    """A small network of random pieces, gates and losses."""
    ends = np.array([(i, j) for i in range(hosts) for j in range(hosts) if i != j])
    paths = len(ends)
    rows = np.zeros((paths, pieces, 7))
    rows[:, :, 0] = np.arange(pieces) * 3e8 + np.where(
        np.arange(pieces), rng.integers(0, 10**8, (paths, pieces)), 0
    )
    rows[:, :, 1] = rng.uniform(1e6, 4e7, (paths, pieces))
    rows[:, :, 2] = rng.normal(0.0, 2e-5, (paths, pieces))
    rows[:, :, 3:7] = 0.02, 0.4, 0.01, 0.2
    rows[rng.random((paths, pieces)) < 0.1, 1] = -1.0
    gates = tuple(f"{host} {way}" for host in range(hosts) for way in ("up", "down"))
    rates = np.zeros((len(gates), 2, 2))
    rates[:, 1, 0], rates[:, :, 1] = 7e8, rng.choice([0.0, 2e6, 4e6], (len(gates), 2))
    values: dict[str, Any] = {
        "hosts": tuple(map(str, range(hosts))),
        "ends": ends,
        "first": np.arange(paths + 1) * pieces,
        "pieces": rows.reshape(-1, 7),
        "jitter": np.where(np.arange(paths) % 2, 2e6, 0.0),
        "frame": np.where(np.arange(paths) % 3, 0.0, 1_333_333.0),
        "gates": gates,
        "gate_first": np.arange(len(gates) + 1) * 2,
        "gate_pieces": rates.reshape(-1, 2),
        "queue": np.full(len(gates), 1.8e7),
        "overhead": np.full(len(gates), 24.0),
        "up": 2 * ends[:, 0],
        "down": 2 * ends[:, 1] + 1,
        "length_ns": 2_000_000_000,
    }  # fmt: skip
    return Course(**(values | changes))


def packets(rng: np.random.Generator, paths: int, count: int, span_ns: float = 2e9) -> np.ndarray:
    """Random packets in the order of time."""
    when = np.sort(rng.integers(0, int(span_ns), count))
    return np.stack([when, rng.integers(0, paths, count), rng.integers(40, 1500, count)], axis=1)


def uniform(seed: int, path: int, count: int, use: int) -> float:
    """SplitMix64 (Steele, Lea and Flood 2014, figure 16) on a mix of the arguments."""
    x = seed + path * 0x9E3779B97F4A7C15 + count * 0xD1B54A32D192ED03 + use * 0x8CB92BA72F3D8DD7 & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return ((x ^ x >> 31) >> 11) / 2**53


class Plain:
    """The same law, one object a step, whole pieces instead of pages."""

    def __init__(self, net: Course, seed: int) -> None:
        self.net, self.seed = net, seed
        self.free = [0] * len(net.gates)
        self.count, self.bad, self.last = ([0] * len(net.ends) for _ in range(3))

    def piece(self, first: np.ndarray, rows: np.ndarray, index: int, now: int) -> Any:
        own = rows[first[index] : first[index + 1]]
        return own[max(int(np.searchsorted(own[:, 0], now, side="right")) - 1, 0)]

    def gate(self, now: int, size: int, index: int) -> int | None:
        rows = self.net.gate_pieces[self.net.gate_first[index] : self.net.gate_first[index + 1]]
        rate = float(rows[max(int(np.searchsorted(rows[:, 0], now, side="right")) - 1, 0), 1])
        if rate <= 0.0:
            return now
        at = max(now, self.free[index])
        spans = [(begin, end, speed) for begin, end, speed in
                 zip(rows[:, 0], [*rows[1:, 0], np.inf], rows[:, 1], strict=True)]  # fmt: skip
        waiting = sum(max(min(at, end) - max(now, begin), 0.0) * speed / 8e9 for begin, end, speed in spans)
        if waiting + size > max(self.net.queue[index] * rate / 8e9, 3_000):
            return None
        bits = (size + self.net.overhead[index]) * 8.0
        for begin, end, speed in spans:
            if at >= end:
                continue
            if speed <= 0.0:  # all that waits leaves when there is no limit any more
                at = int(max(at + (at >= begin), begin))
                break
            if (end - at) * speed / 1e9 >= bits:
                at += max(int(bits * 1e9 / speed), 1)
                break
            bits -= (end - at) * speed / 1e9
            at = int(end)
        self.free[index] = at
        return at

    def path(self, now: int, index: int) -> int:
        start, delay, slope, *loss = self.piece(self.net.first, self.net.pieces, index, now)
        number = self.count[index]
        self.count[index] += 1
        if uniform(self.seed, index, number, 0) < loss[2 + self.bad[index]]:
            self.bad[index] = 1 - self.bad[index]
        if delay < 0.0:
            return -3
        if uniform(self.seed, index, number, 1) < loss[self.bad[index]]:
            return -2
        late = delay + slope * (now - start)
        if self.net.jitter[index] > 0.0:
            late += self.net.jitter[index] * uniform(self.seed, index, number, 2)
        arrival = now + int(late)
        if self.net.frame[index]:
            frame = int(self.net.frame[index])
            arrival = -(-arrival // frame) * frame
        self.last[index] = max(arrival, self.last[index] + 1)
        return self.last[index]

    def step(self, due: int, task: str, number: int, path: int, size: int) -> tuple[str, int, int]:
        """What comes next for a packet, when, and its number on the path; or its fate."""
        if task in {"send", "arrive"}:
            gate, full = (self.net.up, "1") if task == "send" else (self.net.down, "5")
            left = self.gate(due, size, int(gate[path]))
            after = "leave" if task == "send" else "0"
            return (full, due, number) if left is None else (after, left, number)
        number = self.count[path]
        out = self.path(due, path)
        return ("arrive", out, number) if out >= 0 else (str(-out), due, number)

    def carry(self, sent: np.ndarray) -> list[tuple[int, ...]]:
        heap = [(int(row[0]), 1, k, "send", -1) for k, row in enumerate(sent)]
        heapq.heapify(heap)
        fates = []
        while heap:
            due, _, row, task, number = heapq.heappop(heap)
            came, path, size = map(int, sent[row])
            when = due
            while when == due and not task.isdigit():
                task, when, number = self.step(due, task, number, path, size)
            if when > due:
                heapq.heappush(heap, (when, 0, row, task, number))
            else:
                fates.append((came, due, path, size, int(task), number))
        return fates


@pytest.mark.parametrize(
    ("rates", "lost"),
    [((1e6, 100e6), (0.94, 0.96)), ((40e6, 10e6), (0.0, 0.55)), ((10e6, 40e6), (0.0, 0.55))],
)
def test_a_queue_empties_at_the_rate_in_force(rates: tuple[float, float], lost: tuple[float, float]) -> None:
    """A link of two rates and a queue of 100 ms, offered 20 Mbit/s: what comes is what a fluid would give."""
    still = np.array([[0.0, 1e6, 0.0, 0.0, 0.0, 0.0, 0.0]])
    turn = 2e9
    net = Course(
        ("a", "b"), np.array([[0, 1]]), np.array([0, 1]), still, np.zeros(1), np.zeros(1), ("up", "down"),
        np.array([0, 1, 3]), np.array([[0.0, 0.0], [0.0, rates[0]], [turn, rates[1]]]), np.full(2, 1e8),
        np.zeros(2), np.array([0]), np.array([1]), 4 * 10**9,
    )  # fmt: skip
    when = np.arange(0, int(3.9e9), 600_000)  # 1,500 bytes each
    sent = np.stack([when, np.zeros_like(when), np.full_like(when, 1_500)], axis=1)
    rows = virtual.carry(net, sent, 1)
    late, dropped = rows[rows[:, 0] > turn + 2e8], rows[rows[:, 4] == 5]
    came = rows[rows[:, 4] == 0]
    for begin, end, rate in ((0.5e9, turn, rates[0]), (turn + 5e8, 3.8e9, rates[1])):
        served = 1_500 * 8e9 * ((came[:, 1] > begin) & (came[:, 1] <= end)).sum() / (end - begin)
        assert served == pytest.approx(min(rate, 20e6), rel=0.01)
    waits = came[:, 1] - came[:, 0] - 1_000_000
    assert waits[came[:, 0] < turn - 1e8].max() <= 1e8 + 2.4e7  # two packets find room at any rate
    assert waits.max() <= 1e8 * max(rates[0] / rates[1], 1.0) + 2.4e7
    share = (dropped[:, 0] < turn).sum() / (when < turn).sum()
    assert lost[0] <= share <= lost[1]
    if rates[1] > 20e6:
        assert (late[:, 4] == 0).all(), "a link that has become fast loses nothing"


@pytest.mark.parametrize("seed", range(6))
def test_fates_are_those_of_the_plain_law(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = course(rng)
    sent = packets(rng, len(net.ends), 4000)
    got = virtual.carry(net, sent, seed)
    key = (got[:, 0], got[:, 2], got[:, 3])
    plain = np.array(Plain(net, seed).carry(sent))
    ours, theirs = got[np.lexsort(key)], plain[np.lexsort((plain[:, 0], plain[:, 2], plain[:, 3]))]
    assert (ours[:, [0, 2, 3, 4, 5]] == theirs[:, [0, 2, 3, 4, 5]]).all()
    assert np.abs(ours[:, 1] - theirs[:, 1]).max() <= 20, "whole numbers of ns on either side of a change"
    assert set(np.unique(got[:, 4])) >= {0, 1, 2, 3, 5}, "every fate must be there, or the test says little"


@pytest.mark.parametrize(("begin", "end"), [(0.9995, 2.0), (1.0005, 1.9995), (1.0, 2.0005), (0.0005, 0.5)])
def test_an_outage_near_other_changes_stays_a_course(begin: float, end: float) -> None:
    way = np.array([[0.0, 5e6, 0, 0, 0, 0, 0], [1e9, 6e6, 0, 0, 0, 0, 0], [2e9, 7e6, 0, 0, 0, 0, 0]])
    rows = ways.cut(way, [(begin, end)])
    net = ways.course(
        dict.fromkeys(("a", "b"), ways.Access()), {("a", "b"): rows}, 3.0
    )  # refuses what is too close
    out = rows[rows[:, 1] < 0.0]
    assert out[:, 0].tolist() == [begin * 1e9]
    after = rows[rows[:, 0] == end * 1e9]
    assert after[:, 1].tolist() == [5e6 if end < 0.9 else 7e6]
    assert net.pieces.shape[0] == 2 * len(rows)
