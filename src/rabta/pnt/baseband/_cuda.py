"""The LDPC decoder of `_kernels` on a GPU: a block of 64 threads a word, a thread for each element of GF(64).

Imported only where a GPU is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.jit import cuda as compiler

if TYPE_CHECKING:
    from rabta.pnt.baseband.ldpc import Code

cuda = compiler()


@cuda.jit(device=True)  # type: ignore[untyped-decorator]
def _hadamard(row: Any, k: int) -> Any:
    """Value ``k`` of the Walsh-Hadamard transform of 64 shared values: fewer waits than a fast one."""
    out = np.float32(0.0)
    for x in range(64):
        out += -row[x] if cuda.popc(k & x) & 1 else row[x]
    return out


@cuda.jit(device=True)  # type: ignore[untyped-decorator]
def _total(row: Any) -> Any:
    """Sum of 64 shared values."""
    out = np.float32(0.0)
    for x in range(64):
        out += row[x]
    return out


@cuda.jit  # type: ignore[untyped-decorator]
def _decode(  # noqa: C901, PLR0912
    columns: Any,
    elements: Any,
    edges: Any,
    times: Any,
    prior: Any,
    iterations: int,
    inward: Any,
    outward: Any,
    out: Any,
    used: Any,
) -> None:
    """Sum-product decoding of the word of this block; `_kernels.ldpc`."""
    w, k = cuda.blockIdx.x, cuda.threadIdx.x
    checks = columns.shape[0]
    work = cuda.shared.array(64, np.float32)
    four = cuda.shared.array((4, 64), np.float32)
    needed = iterations + 1
    for e in range(4 * checks):
        outward[w, e, k] = 1.0
    for turn in range(iterations + 1):
        for n in range(edges.shape[0]):
            for j in range(-1, edges.shape[1]):
                if j >= 0 and edges[n, j] < 0:
                    continue
                value = prior[w, n, k]
                for i in range(edges.shape[1]):
                    if i != j and edges[n, i] >= 0:
                        value = np.float32(value * outward[w, edges[n, i], k])
                work[k] = value
                cuda.syncthreads()
                if j >= 0:
                    inward[w, edges[n, j], k] = np.float32(value / _total(work))
                elif k == 0:
                    best = 0
                    for x in range(1, 64):
                        if work[x] > work[best]:
                            best = x
                    out[w, n] = best
                cuda.syncthreads()
        wrong = 0
        for r in range(k, checks, 64):
            total = 0
            for j in range(4):
                total ^= times[elements[r, j], out[w, columns[r, j]]]
            wrong |= total
        if not cuda.syncthreads_or(wrong):
            needed = turn
            break
        if turn == iterations:
            break
        for r in range(checks):
            for j in range(4):
                four[j, times[elements[r, j], k]] = inward[w, 4 * r + j, k]
            cuda.syncthreads()
            a, b = _hadamard(four[0], k), _hadamard(four[1], k)
            c, d = _hadamard(four[2], k), _hadamard(four[3], k)
            cuda.syncthreads()
            four[0, k], four[1, k], four[2, k], four[3, k] = b * c * d, a * c * d, a * b * d, a * b * c
            cuda.syncthreads()
            for j in range(4):
                said = _hadamard(four[j], times[elements[r, j], k])
                outward[w, 4 * r + j, k] = max(said, np.float32(1e-12))
            cuda.syncthreads()
    if k == 0:
        used[w] = needed


def priors(ratios: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability of each element from its six bits' ratios, shape (word, element, 64)."""
    bits = np.clip(ratios, -30.0, 30.0).reshape(len(ratios), -1, 6, 1)
    one = 1.0 / (1.0 + np.exp(bits))
    values = (np.arange(64)[None, :] >> np.arange(5, -1, -1)[:, None]) & 1
    return np.asarray(np.where(values, one, 1.0 - one).prod(axis=2), dtype=np.float32)


def decode(
    code: Code, times: NDArray[np.uint8], ratios: NDArray[np.float32], iterations: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Elements of words and the iterations needed, as `ldpc.decode` has them."""
    count, edges = len(ratios), 4 * code.checks
    tables = [
        cuda.to_device(part.astype(np.int32)) for part in (code.columns, code.elements, code.edges, times)
    ]
    inward, outward = (cuda.device_array((count, edges, 64), dtype=np.float32) for _ in range(2))
    out = cuda.device_array((count, 2 * code.checks), dtype=np.uint8)
    used = cuda.device_array(count, dtype=np.int64)
    _decode[count, 64](*tables, cuda.to_device(priors(ratios)), iterations, inward, outward, out, used)
    return out.copy_to_host(), used.copy_to_host()
