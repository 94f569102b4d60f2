"""The compiled law of gates and paths against a plain one, and against what queues and chains must give."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np
import pytest

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
        "room": np.full(len(gates), 9_000.0),
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
        rate = float(self.piece(self.net.gate_first, self.net.gate_pieces, index, now)[1])
        if rate <= 0.0:
            return now
        start = max(now, self.free[index])
        if (start - now) * rate / 8e9 + size > self.net.room[index]:
            return None
        self.free[index] = start + max(int((size + self.net.overhead[index]) * 8e9 / rate), 1)
        return self.free[index]

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


@pytest.mark.parametrize("seed", range(6))
def test_fates_are_those_of_the_plain_law(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = course(rng)
    sent = packets(rng, len(net.ends), 4000)
    got = virtual.carry(net, sent, seed)
    assert [tuple(row) for row in got.tolist()] == Plain(net, seed).carry(sent)
    assert set(np.unique(got[:, 4])) >= {0, 1, 2, 3, 5}, "every fate must be there, or the test says little"
