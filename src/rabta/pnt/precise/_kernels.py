"""Compiled integer least squares; `lambda_` holds the same by trying every integer.

Names as in P. J. G. Teunissen, The least-squares ambiguity decorrelation adjustment, Journal of Geodesy 70,
1995; the search as in X.-W. Chang, X. Yang and T. Zhou, MLAMBDA, Journal of Geodesy 79, 2005.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import kernel

F8 = NDArray[np.float64]

MOST_STEPS = 200_000  # of one search: beyond it the float solution says nothing about integers


@kernel("boolean(f8[:,::1], f8[:,::1], f8[::1])")
def factorise(q: F8, low: F8, d: F8) -> bool:
    """Factors of Q = L' D L, L unit lower triangular; Q is overwritten. False where Q has none."""
    n = d.size
    low[:] = 0.0
    for i in range(n - 1, -1, -1):
        d[i] = q[i, i]
        if not d[i] > 0.0:
            return False
        for k in range(i + 1):
            low[i, k] = q[i, k] / d[i]
        for j in range(i):
            for k in range(j + 1):
                q[j, k] -= low[i, k] * low[i, j] * d[i]
    return True


@kernel("void(f8[:,::1], f8[:,::1], i8, i8)")
def gauss(low: F8, z_inverse: F8, i: int, j: int) -> None:
    """Integer Gauss transformation: the ambiguity j is freed of whole multiples of i."""
    mu = np.rint(low[i, j])
    if mu == 0.0:
        return
    for k in range(i, low.shape[0]):
        low[k, j] -= mu * low[k, i]
    for k in range(low.shape[0]):
        z_inverse[i, k] += mu * z_inverse[j, k]


@kernel("void(f8[:,::1], f8[::1], f8[:,::1], i8, f8)")
def swap(low: F8, d: F8, z_inverse: F8, j: int, delta: float) -> None:
    """Exchange the ambiguities j and j + 1; ``delta`` is the conditional variance that comes first then."""
    eta, lam, old = d[j] / delta, d[j + 1] * low[j + 1, j] / delta, low[j + 1, j]
    d[j] = eta * d[j + 1]
    d[j + 1] = delta
    for k in range(j):
        a, b = low[j, k], low[j + 1, k]
        low[j, k] = b - old * a
        low[j + 1, k] = eta * a + lam * b
    low[j + 1, j] = lam
    for k in range(j + 2, low.shape[0]):
        low[k, j], low[k, j + 1] = low[k, j + 1], low[k, j]
    for k in range(low.shape[0]):
        z_inverse[j, k], z_inverse[j + 1, k] = z_inverse[j + 1, k], z_inverse[j, k]


@kernel("void(f8[:,::1], f8[::1], f8[:,::1])")
def decorrelate(low: F8, d: F8, z_inverse: F8) -> None:
    """Reduce L and D; ``z_inverse`` is the inverse of Z' transposed: original = z_inverse' transformed."""
    n = d.size
    z_inverse[:] = 0.0
    for i in range(n):
        z_inverse[i, i] = 1.0
    j = reduced = n - 2
    while j >= 0:
        if j <= reduced:
            for i in range(j + 1, n):
                gauss(low, z_inverse, i, j)
        delta = d[j] + low[j + 1, j] * low[j + 1, j] * d[j + 1]
        if delta < d[j + 1] * (1.0 - 1e-9):
            swap(low, d, z_inverse, j, delta)
            reduced = j
            j = n - 2
        else:
            j -= 1


@kernel("i8(f8[:,::1], f8[::1], f8[::1], f8[:,::1], f8[::1])")
def search(low: F8, d: F8, z: F8, best: F8, norm: F8) -> int:
    """Nearest integer vectors of decorrelated ambiguities, best first; the number found."""
    n, wanted = d.size, norm.size
    dist, center, value, step = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    sums = np.zeros((n, n))
    k, found, worst, limit = n - 1, 0, 0, math.inf
    center[k] = z[k]
    value[k] = np.rint(center[k])
    step[k] = 1.0 if center[k] >= value[k] else -1.0
    for _ in range(MOST_STEPS):
        rest = center[k] - value[k]
        total = dist[k] + rest * rest / d[k]
        if total < limit:
            if k > 0:
                k -= 1
                dist[k] = total
                for i in range(k + 1):
                    sums[k, i] = sums[k + 1, i] + (value[k + 1] - center[k + 1]) * low[k + 1, i]
                center[k] = z[k] + sums[k, k]
                value[k] = np.rint(center[k])
                step[k] = 1.0 if center[k] >= value[k] else -1.0
                continue
            at = found if found < wanted else worst
            best[at], norm[at] = value, total
            found = min(found + 1, wanted)
            if found == wanted:
                worst = int(np.argmax(norm))
                limit = norm[worst]
        elif k == n - 1:
            break
        else:
            k += 1
        value[k] += step[k]
        step[k] = -step[k] - (1.0 if step[k] > 0.0 else -1.0)
    return found


@kernel("i8(f8[::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1])")
def solve(a: F8, q: F8, fixed: F8, norm: F8, variances: F8) -> int:
    """Integer least squares of float ambiguities, see `lambda_.fix`; the number of candidates."""
    n = a.size
    low, z_inverse, z = np.zeros((n, n)), np.zeros((n, n)), np.zeros(n)
    whole = np.rint(a)
    if not factorise(q.copy(), low, variances):
        return 0
    decorrelate(low, variances, z_inverse)
    # z = Z' (a - whole), by solving original = z_inverse' z: integers of size one, so exact enough
    z[:] = np.linalg.solve(z_inverse.T.copy(), a - whole)
    best = np.zeros((norm.size, n))
    found = search(low, variances, z, best, norm)
    order = np.argsort(norm[:found])
    norm[:found] = norm[:found][order]
    for c in range(found):
        fixed[c] = np.rint(np.dot(z_inverse.T, best[order[c]])) + whole
    return found
