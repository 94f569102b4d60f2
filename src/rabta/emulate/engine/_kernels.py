"""Packets through gates and paths: one law for the wall clock and the virtual one.

A packet waits at the gate of its sender (a queue that empties at a rate), travels its path (a delay that is
linear in time between changes, losses in bursts, outages) and waits at the gate of its receiver. A queue
holds what leaves in a span of time at the rate in force, and what waits when the rate changes leaves at the
new one (of changes while a packet waits the first counts, which the book knows). Times are
whole nanoseconds of the emulation's clock. What happens to a packet depends on when it came and on what came
before it alone, so that a recording of what was sent gives the same fates again.

Tables come as two books; one counts while the other is rewritten:

- ``line[2, path, 16]``: two pieces of seven (from when on; delay, negative in an outage; slope; chance of
  loss in the good state and in the bad; chance a packet of turning bad, and good again), then jitter (largest
  extra delay) and frame (arrivals wait for its multiples; 0 for none).
- ``gate[2, gate, 6]``: two pieces of two (from when on; rate in bit/s, 0 for unlimited), longest wait in
  nanoseconds (`LEAST_BYTES` find room at any rate), overhead of a packet in bytes.
"""
# mypy: disable-error-code="no-any-return"
# ruff: noqa: C901, PLR0912, PLR0915 (kernels: each loop of the engine is one piece)

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import foreign, inline, kernel

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Whole = int | np.int64
Ports = NDArray[np.int32]
Packed = NDArray[np.uint8]

PIECE, JITTER, FRAME = 7, 14, 15
DELIVERED, FULL_UP, LOST, OUT, NO_PATH, FULL_DOWN, NO_SLOT, REFUSED = range(8)
READ, WRITTEN, ERROR_SUM, ERROR_MOST, WAKES, LOGGED, CAUGHT, HEAP, FREE, BOOK, NEXT, TURN = range(12)
LEAVE, ARRIVE, DELIVER = range(3)
NEVER = 1 << 62

_read = foreign("read", "intp", "int32", "voidptr", "intp")
_write = foreign("write", "intp", "int32", "voidptr", "intp")
_clock = foreign("clock_gettime", "int32", "int32", "voidptr")
_wait = foreign("epoll_pwait2", "int32", "int32", "voidptr", "int32", "voidptr", "intp")

MONOTONIC = 1
LEAST_BYTES = 3_000
READS = 32
EVENTS = 256


@inline
def uniform(seed: Whole, path: Whole, count: Whole, use: Whole) -> float:
    """Number in [0, 1) by SplitMix64 of what it is for: the same whatever else happens."""
    x = np.uint64(seed) + np.uint64(path) * np.uint64(0x9E3779B97F4A7C15)
    x += np.uint64(count) * np.uint64(0xD1B54A32D192ED03) + np.uint64(use) * np.uint64(0x8CB92BA72F3D8DD7)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x = x ^ (x >> np.uint64(31))
    return np.float64(x >> np.uint64(11)) / 9007199254740992.0


@inline
def through_gate(now: Whole, size: Whole, book: Array, index: Whole, free: Index) -> Whole:
    """Instant at which a packet has left gate `index` of a book; -1 where the queue has no room for it."""
    turn, after = book[index, 2], book[index, 3]
    rate = after if now >= turn else book[index, 1]
    if rate <= 0.0:
        return now
    start = max(now, free[index])
    wait = np.float64(start - now)
    if now < turn < start:  # what will leave at the next rate, as the time that it would take at this one
        wait = turn - now + max(start - turn, 0.0) * max(after, 0.0) / rate
    if wait + size * 8e9 / rate > max(book[index, 4], LEAST_BYTES * 8e9 / rate):
        return np.int64(-1)
    late = start >= turn
    cost = 0.0 if late and after <= 0.0 else 8e9 / (after if late else rate)
    leave = start + max(np.int64((size + book[index, 5]) * cost), np.int64(1))
    if not late and leave > turn:  # the rest of it leaves at the next rate
        leave = np.int64(turn) + (np.int64((leave - turn) * rate / after) if after > 0.0 else np.int64(0))
    free[index] = leave
    return free[index]


@inline
def along_path(
    now: Whole, path: Whole, book: Array, seed: Whole, count: Index, bad: Index, last: Index
) -> Whole:
    """Instant of arrival at the far end of a path; minus the verdict where the packet does not arrive.

    `count`, `bad` and `last` (of each path: packets so far, state of the channel, last arrival) are changed.
    """
    at = PIECE if now >= book[path, PIECE] else 0
    number = count[path]
    count[path] = number + 1
    turn = book[path, at + 6] if bad[path] else book[path, at + 5]
    if turn > 0.0 and uniform(seed, path, number, 0) < turn:
        bad[path] = 1 - bad[path]
    if book[path, at + 1] < 0.0:
        return np.int64(-OUT)
    chance = book[path, at + 3 + bad[path]]
    if chance > 0.0 and uniform(seed, path, number, 1) < chance:
        return np.int64(-LOST)
    delay = book[path, at + 1] + book[path, at + 2] * (now - book[path, at])
    if book[path, JITTER] > 0.0:
        delay += book[path, JITTER] * uniform(seed, path, number, 2)
    arrival = now + np.int64(delay)
    frame = np.int64(book[path, FRAME])
    if frame > 0:
        arrival = (arrival + frame - 1) // frame * frame
    last[path] = max(arrival, last[path] + 1)  # nothing overtakes on one path
    return last[path]


@inline
def push(times: Index, slots: Index, count: Whole, time: Whole, slot: Whole) -> None:
    """Put a time into a heap of `count` entries; among equal times the lower item comes first."""
    i = count
    while i > 0:
        parent = (i - 1) >> 1
        if times[parent] < time or (times[parent] == time and slots[parent] < slot):
            break
        times[i], slots[i] = times[parent], slots[parent]
        i = parent
    times[i], slots[i] = time, slot


@inline
def pop(times: Index, slots: Index, count: Whole) -> None:
    """Take the earliest out of a heap of `count` entries."""
    time, slot, left, i = times[count - 1], slots[count - 1], count - 1, 0
    while True:
        child = 2 * i + 1
        if child >= left:
            break
        if child + 1 < left and (
            times[child + 1] < times[child]
            or (times[child + 1] == times[child] and slots[child + 1] < slots[child])
        ):
            child += 1
        if times[child] > time or (times[child] == time and slots[child] > slot):
            break
        times[i], slots[i] = times[child], slots[child]
        i = child
    times[i], slots[i] = time, slot


@inline
def note(
    log: Index, at: Whole, came: Whole, left: Whole, path: Whole, size: Whole, verdict: Whole, number: Whole
) -> None:
    """Write a packet's fate into the ring."""
    row = at % log.shape[0]
    log[row, 0], log[row, 1], log[row, 2] = came, left, path
    log[row, 3], log[row, 4], log[row, 5] = size, verdict, number


@inline
def page(now: Whole, stats: Index) -> Whole:
    """Book in force at an instant: the next one from its time on."""
    if now >= stats[TURN]:
        stats[BOOK] = stats[NEXT]
        stats[TURN] = NEVER
    return stats[BOOK]


@kernel(
    "int64(int64[:,::1], int64, int64, float64[:,:,::1], float64[:,:,::1], int64[::1], int64[::1], int64, "
    "int64[:,::1], int64[::1], int64[:,::1], int64[:,::1], int64[::1], int64[:,::1])"
)
def replay(
    sent: Index,
    first: Whole,
    until: Whole,
    line: Array,
    gate: Array,
    up: Index,
    down: Index,
    seed: Whole,
    heap: Index,
    free: Index,
    state: Index,
    left: Index,
    stats: Index,
    log: Index,
) -> Whole:
    """Carry recorded packets to an instant of the virtual clock; returns the first that is later.

    Parameters
    ----------
    sent : ndarray of int64, shape (packet, 4)
        Instant, path, size, and nothing; in the order of time.
    first : int
        First packet that was not carried yet.
    up, down : ndarray of int64, shape (path,)
        Gates at the ends of each path; -1 for none.
    heap : ndarray of int64, shape (2, packets at once)
        Times, and what waits for them: the packet's row.
    state : ndarray of int64, shape (3, path)
        Packets so far, state of the channel, last arrival.
    left : ndarray of int64, shape (packet, 2)
        What a packet waits for, and its number on its path.
    stats : ndarray of int64
        Counters, as `READ` and its fellows name them.
    log : ndarray of int64, shape (ring, 6)
        Came, left, path, size, verdict, number on its path.
    """
    n, k = stats[HEAP], first
    while True:
        soonest = heap[0, 0] if n > 0 else np.int64(NEVER)
        coming = sent[k, 0] if k < sent.shape[0] else np.int64(NEVER)
        due = min(soonest, coming)
        if due >= until:
            break
        which = page(due, stats)
        if soonest <= coming:
            row = heap[1, 0]
            pop(heap[0], heap[1], n)
            n -= 1
            stage = left[row, 0]
        else:
            row, stage = k, np.int64(-1)
            stats[READ] += 1
            left[k, 1] = -1
            k += 1
        path, size, out = sent[row, 1], sent[row, 2], due
        if stage < LEAVE:
            if path < 0:
                out = np.int64(-NO_PATH)
            elif up[path] >= 0:
                out = through_gate(due, size, gate[which], up[path], free)
            stage = LEAVE if out == due else -1
        if stage == LEAVE:
            left[row, 1] = state[0, path]
            out = along_path(due, path, line[which], seed, state[0], state[1], state[2])
        elif stage == ARRIVE:
            if down[path] >= 0:
                out = through_gate(due, size, gate[which], down[path], free)
            if out < 0:
                out = np.int64(-FULL_DOWN)
            elif out == due:
                stage = DELIVER
        if out < 0 or stage == DELIVER:
            note(log, stats[LOGGED], sent[row, 0], due, path, size, -min(out, 0), left[row, 1])
            stats[LOGGED] += 1
            continue
        left[row, 0] = stage + 1
        push(heap[0], heap[1], n, out, row)
        n += 1
    stats[HEAP] = n
    return k


@kernel(
    "int64(int32, int64, int64, int64, int64, int32[::1], int64[:,::1], int64[:,::1], float64[:,:,::1], "
    "float64[:,:,::1], int64[::1], int64[::1], int64, uint8[:,::1], int64[:,::1], int64[::1], int64[:,::1], "
    "int64[::1], int64[:,::1], int64[::1], int64[:,::1], uint8[:,::1], int64[:,::1])"
)
def run(
    poller: Whole,
    origin: Whole,
    until: Whole,
    spin: Whole,
    head: Whole,
    ports: Ports,
    ends: Index,
    route: Index,
    line: Array,
    gate: Array,
    up: Index,
    down: Index,
    seed: Whole,
    pool: Packed,
    heap: Index,
    spare: Index,
    slots: Index,
    free: Index,
    state: Index,
    stats: Index,
    log: Index,
    caught: Packed,
    tagged: Index,
) -> Whole:
    """Carry packets between interfaces until an instant of the clock; releases the interpreter meanwhile.

    Parameters
    ----------
    poller : int
        File descriptor of the epoll set; what it tells of a port is the port's row.
    origin : int
        Monotonic clock at the emulation's instant 0, ns.
    spin : int
        Nanoseconds before a packet is due at which waiting turns to looking.
    head : int
        Bytes before the IP header (10 with offloads).
    ports : ndarray of int32, shape (port,)
        File descriptors of the interfaces.
    ends : ndarray of int64, shape (port, 2)
        Peer's port and path where a port is the end of a link; -1 where it is a host.
    route : ndarray of int64, shape (host, host)
        Path from port to port; -1 for none.
    pool : ndarray of uint8, shape (slot, bytes)
    heap : ndarray of int64, shape (2, slot)
    spare : ndarray of int64, shape (slot,)
        Free slots.
    slots : ndarray of int64, shape (slot, 6)
        Came, port, path, size, number on its path, what it waits for.
    caught : ndarray of uint8, shape (ring, bytes)
        Beginning of packets as they came, for a capture; no rows for none.
    tagged : ndarray of int64, shape (ring, 3)
        Instant, size and path of each of these.
    """
    clock, events, span = np.zeros(2, np.int64), np.zeros(12 * EVENTS, np.uint8), np.zeros(2, np.int64)
    n, nf, hosts = stats[HEAP], stats[FREE], route.shape[0]
    _clock(MONOTONIC, clock.ctypes)
    now = clock[0] * 1000000000 + clock[1] - origin
    while now < until:
        while n > 0 and heap[0, 0] <= now:
            due, item = heap[0, 0], heap[1, 0]
            slot, out, which = item & 1048575, due, page(due, stats)
            pop(heap[0], heap[1], n)
            n -= 1
            path, size, stage = slots[slot, 2], slots[slot, 3], slots[slot, 5]
            if stage == LEAVE:
                slots[slot, 4] = state[0, path]
                out = along_path(due, path, line[which], seed, state[0], state[1], state[2])
            elif stage == ARRIVE:
                if down[path] >= 0:
                    out = through_gate(due, size, gate[which], down[path], free)
                if out < 0:
                    out = np.int64(-FULL_DOWN)
                elif out == due:
                    stage = DELIVER
            if out >= 0 and stage != DELIVER:
                slots[slot, 5] = stage + 1
                push(heap[0], heap[1], n, out, item)
                n += 1
                continue
            verdict = -min(out, 0)
            if out >= 0:
                if _write(ports[slots[slot, 1]], pool[slot].ctypes, size + head) < 0:
                    verdict = np.int64(REFUSED)
                _clock(MONOTONIC, clock.ctypes)
                now = clock[0] * 1000000000 + clock[1] - origin
                stats[WRITTEN] += 1
                stats[ERROR_SUM] += now - due
                stats[ERROR_MOST] = max(stats[ERROR_MOST], now - due)
            note(log, stats[LOGGED], slots[slot, 0], due, path, size, verdict, slots[slot, 4])
            stats[LOGGED] += 1
            spare[nf] = slot
            nf += 1
        wait = until - now
        if n > 0:
            wait = min(wait, heap[0, 0] - now - spin)
        wait = max(wait, 0)
        span[0], span[1] = wait // 1000000000, wait % 1000000000
        ready = _wait(poller, events.ctypes, EVENTS, span.ctypes, 0)
        stats[WAKES] += 1
        _clock(MONOTONIC, clock.ctypes)
        now = clock[0] * 1000000000 + clock[1] - origin
        for event in range(ready):
            at = 12 * event + 4
            port = np.int64(events[at]) | np.int64(events[at + 1]) << 8 | np.int64(events[at + 2]) << 16
            for _ in range(READS):
                if nf == 0:
                    break  # the kernel's own queue holds what comes until a slot is free
                slot = spare[nf - 1]
                size = _read(ports[port], pool[slot].ctypes, pool.shape[1]) - head
                if size <= 0:
                    break
                stats[READ] += 1
                now += 1  # no two packets at one instant: their order is in the record
                peer, path = ends[port, 0], ends[port, 1]
                if peer < 0:
                    if size >= 20 and pool[slot, head] >> 4 == 4:
                        peer = (
                            np.int64(pool[slot, head + 17]) << 16
                            | np.int64(pool[slot, head + 18]) << 8
                            | np.int64(pool[slot, head + 19])
                        ) - 1
                    path = route[port, peer] if 0 <= peer < hosts and port < hosts else np.int64(-1)
                if caught.shape[0] > 0:
                    kept = min(size, caught.shape[1])
                    row = stats[CAUGHT] % caught.shape[0]
                    caught[row, :kept] = pool[slot, head : head + kept]
                    tagged[row, 0], tagged[row, 1], tagged[row, 2] = now, size, path
                    stats[CAUGHT] += 1
                number, stage, out, which = np.int64(-1), LEAVE, now, page(now, stats)
                if path < 0:
                    out = np.int64(-NO_PATH)
                elif up[path] >= 0:
                    out = through_gate(now, size, gate[which], up[path], free)
                if out == now:
                    number, stage = state[0, path], ARRIVE
                    out = along_path(now, path, line[which], seed, state[0], state[1], state[2])
                if out < 0:
                    note(log, stats[LOGGED], now, now, path, size, -out, number)
                    stats[LOGGED] += 1
                    continue
                nf -= 1
                slots[slot, 0], slots[slot, 1], slots[slot, 2] = now, peer, path
                slots[slot, 3], slots[slot, 4], slots[slot, 5] = size, number, stage
                push(heap[0], heap[1], n, out, (stats[READ] << 20) | slot)
                n += 1
            if n > 0 and heap[0, 0] <= now:
                break
    stats[HEAP], stats[FREE] = n, nf
    return now
