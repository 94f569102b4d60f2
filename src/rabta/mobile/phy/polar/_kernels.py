"""Compiled transform and list decoder of polar codes; `reference` holds the same in NumPy.

Every path of the list keeps its values and partial sums in slots of its own and says, stage by stage, in
whose slot its newest ones are: a path that splits copies these numbers only. A slot is written anew by all
paths at the same time, so what it held is never needed later.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
F4 = NDArray[np.float32]

UINT, FLOAT = np.uint64, np.float32
ZEROS, REPEATED, DATA, CHECK = 0, 1, 2, 3  # kinds of nodes of the schedule


@kernel("void(uint8[:,::1])")
def transform(words: U8) -> None:
    """Multiply words by the Kronecker power of [[1, 0], [1, 1]], in place; `reference.transform`."""
    length = UINT(words.shape[1])
    for w in range(UINT(words.shape[0])):
        half = UINT(1)
        while half < length:
            for start in range(UINT(0), length, half + half):
                for z in range(half):
                    words[w, start + z] ^= words[w, start + half + z]
            half = half + half


@inline
def _down(left: bool, source: F4, at: np.uint64, sums: U8, out: F4, half: np.uint64) -> None:
    """Values of one child from those of its parent."""
    if left:
        for z in range(half):
            a, b = source[at + z], source[at + half + z]
            x, y = abs(a), abs(b)
            least = x if x < y else y
            out[half + z] = -least if (a < FLOAT(0.0)) != (b < FLOAT(0.0)) else least
    else:
        for z in range(half):
            a, b = source[at + z], source[at + half + z]
            out[half + z] = b - a if sums[half + z] else b + a


@inline
def _keep(metric: F4, rival: F4, count: int, most: int, kept: U8) -> None:
    """Mark which continuations stay: bit 0 the likely one of a path, bit 1 the unlikely one."""
    order = np.empty(64, np.uint8)
    value = np.empty(64, np.float32)
    for c in range(2 * count):
        v = metric[c] if c < count else rival[c - count]
        at = c
        while at > 0 and value[at - 1] > v:
            value[at] = value[at - 1]
            order[at] = order[at - 1]
            at -= 1
        value[at] = v
        order[at] = c
    for p in range(count):
        kept[p] = 0
    for c in range(min(2 * count, most)):
        c_ = int(order[c])
        if c_ < count:
            kept[c_] |= 1
        else:
            kept[c_ - count] |= 2


@kernel(
    "void(float32[:,::1], uint32[:,::1], int64, int64, float32[:,::1], uint8[:,::1], uint8[:,::1], "
    "uint8[:,:,::1], float32[:,::1])"
)
def decode(  # noqa: C901, PLR0912, PLR0915
    values: F4,
    nodes: U32,
    stages: int,
    most: int,
    alpha: F4,
    beta: U8,
    word: U8,
    found: U8,
    metrics: F4,
) -> None:
    """Decide the bits of words along a schedule; `reference.decode`.

    Parameters
    ----------
    values : shape (word, length)
        Log-likelihood ratios, positive for a zero.
    nodes : shape (node, 3)
        First position, stage and kind of the parts of the code, from the first position to the last.
    alpha, beta, word : shape (list, 2 length) for the first two, (list, length)
        Scratch: values and left partial sums by stage, and the newest partial sums.
    found : shape (word, list, bits)
        Bits of the paths, the best first.
    metrics : shape (word, list)
        What speaks against each path; infinite where there are fewer paths.
    """
    bits = found.shape[2]
    parent = np.empty((bits, most), np.uint8)
    chosen = np.empty((bits, most), np.uint8)
    slot_a = np.zeros((most, stages + 1), np.uint8)
    slot_b = np.zeros((most, stages + 1), np.uint8)
    metric, rival = np.empty(most, np.float32), np.empty(most, np.float32)
    likely = np.empty(most, np.uint8)
    kept = np.empty(most, np.uint8)
    register = np.zeros((most, 5), np.uint8)
    for w in range(values.shape[0]):
        count, done = 1, 0
        metric[0] = FLOAT(0.0)
        register[:] = 0
        for n in range(nodes.shape[0]):
            first, stage, kind = UINT(nodes[n, 0]), int(nodes[n, 1]), int(nodes[n, 2])
            size = UINT(1) << UINT(stage)
            top = stages - 1
            if first > UINT(0):
                top = 0
                while (first >> UINT(top)) & UINT(1) == UINT(0):
                    top += 1
            for s in range(top, stage - 1, -1):
                half = UINT(1) << UINT(s)
                left = s < top or first == UINT(0)
                for p in range(count):
                    if s + 1 == stages:
                        _down(left, values[w], UINT(0), beta[slot_b[p, s]], alpha[p], half)
                    else:
                        _down(left, alpha[slot_a[p, s + 1]], half + half, beta[slot_b[p, s]], alpha[p], half)
                    slot_a[p, s] = p
            if kind == ZEROS:
                for p in range(count):
                    against = FLOAT(0.0)
                    for z in range(size):
                        v = alpha[p, size + z]
                        against += -v if v < FLOAT(0.0) else FLOAT(0.0)
                        word[p, z] = 0
                    metric[p] += against
            elif kind == CHECK:
                at = int(first % UINT(5))
                for p in range(count):
                    bit = register[p, at]
                    v = alpha[p, 1]
                    if (v < FLOAT(0.0)) != (bit == 1):
                        metric[p] += abs(v)
                    word[p, 0] = bit
            else:
                at = int((first + size - UINT(1)) % UINT(5))
                for p in range(count):
                    zero, one = metric[p], metric[p]
                    for z in range(size):
                        v = alpha[p, size + z]
                        if v < FLOAT(0.0):
                            zero -= v
                        else:
                            one += v
                    likely[p] = one < zero
                    metric[p] = one if one < zero else zero
                    rival[p] = zero if one < zero else one
                _keep(metric, rival, count, most, kept)
                before, free = count, 0
                for p in range(before):
                    parent[done, p] = p
                    chosen[done, p] = likely[p]
                for p in range(before):
                    if kept[p] == 3:
                        if count < most:
                            q = count
                            count += 1
                        else:
                            while kept[free] != 0:
                                free += 1
                            q = free
                            free += 1
                        for s in range(stages + 1):
                            slot_a[q, s] = slot_a[p, s]
                            slot_b[q, s] = slot_b[p, s]
                        for r in range(5):
                            register[q, r] = register[p, r]
                        metric[q] = rival[p]
                        parent[done, q] = p
                        chosen[done, q] = 1 - likely[p]
                    elif kept[p] == 2:
                        metric[p] = rival[p]
                        chosen[done, p] = 1 - likely[p]
                for p in range(count):
                    bit = chosen[done, p]
                    register[p, at] ^= bit
                    for z in range(size):
                        word[p, z] = bit
                done += 1
            s = stage
            while s < stages and (first >> UINT(s)) & UINT(1):
                half = UINT(1) << UINT(s)
                for p in range(count):
                    b = slot_b[p, s]
                    for z in range(half):
                        word[p, half + z] = word[p, z]
                    for z in range(half):
                        word[p, z] ^= beta[b, half + z]
                s += 1
            if s < stages:
                half = UINT(1) << UINT(s)
                for p in range(count):
                    for z in range(half):
                        beta[p, half + z] = word[p, z]
                    slot_b[p, s] = p
        for rank in range(most):
            metrics[w, rank] = np.inf
            if rank >= count:
                continue
            best = -1
            for p in range(count):
                if metric[p] >= FLOAT(0.0) and (best < 0 or metric[p] < metric[best]):
                    best = p
            metrics[w, rank] = metric[best]
            metric[best] = FLOAT(-1.0)
            p = best
            for k in range(bits - 1, -1, -1):
                found[w, rank, k] = chosen[k, p]
                p = int(parent[k, p])
