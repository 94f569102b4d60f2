"""Compiled integer least squares; `lambda_` holds the same by trying every integer.

Names as in P. J. G. Teunissen, The least-squares ambiguity decorrelation adjustment, Journal of Geodesy 70,
1995; the search as in X.-W. Chang, X. Yang and T. Zhou, MLAMBDA, Journal of Geodesy 79, 2005.
"""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)
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


SIGMAS = 4.0
SIGNALS_MOST = 40  # ambiguities that are searched together; the others follow from the position


@kernel("boolean(f8[:,::1], f8[::1], i8[::1], f8[::1], boolean[::1], f8[:,::1], f8[::1])")
def locate(
    unit: F8,
    value: F8,
    group: NDArray[np.int64],
    sigma: F8,
    used: NDArray[np.bool_],
    covariance: F8,
    place: F8,
) -> bool:
    """Displacement from differences between receivers, a clock for each group; False where none."""
    groups = group.max() + 1
    normal, right = np.zeros((3, 3)), np.zeros(3)
    weights, lines, values = np.zeros(groups), np.zeros((groups, 3)), np.zeros(groups)
    for i in range(value.size):
        if not used[i]:
            continue
        w, g = 1.0 / (sigma[i] * sigma[i]), group[i]
        weights[g] += w
        values[g] += w * value[i]
        for a in range(3):
            lines[g, a] -= w * unit[i, a]
            right[a] -= w * unit[i, a] * value[i]
            for b in range(3):
                normal[a, b] += w * unit[i, a] * unit[i, b]
    for g in range(groups):
        if weights[g] > 0.0:
            for a in range(3):
                right[a] -= lines[g, a] * values[g] / weights[g]
                for b in range(3):
                    normal[a, b] -= lines[g, a] * lines[g, b] / weights[g]
    scale = (normal[0, 0] + normal[1, 1] + normal[2, 2]) / 3.0
    if not np.linalg.det(normal) > 1e-7 * scale * scale * scale:
        return False
    covariance[:] = np.linalg.inv(normal)
    for a in range(3):
        place[a] = covariance[a, 0] * right[0] + covariance[a, 1] * right[1] + covariance[a, 2] * right[2]
    return True


@kernel("i8(i8[::1], f8[::1], boolean[::1], i8[::1])")
def references(
    group: NDArray[np.int64], elevation: F8, used: NDArray[np.bool_], chosen: NDArray[np.int64]
) -> int:
    """Highest row of each group, -1 where it has none; the number of ambiguities that are left."""
    chosen[:] = -1
    count = 0
    for i in range(group.size):
        if used[i]:
            count += 1
            best = chosen[group[i]]
            if best < 0 or elevation[i] > elevation[best]:
                chosen[group[i]] = i
    for g in range(chosen.size):
        if chosen[g] >= 0:
            count -= 1
    return count


@kernel(
    "i8(f8[:,::1], f8[::1], f8[::1], i8[::1], f8[::1], i8[::1], boolean[::1], f8[:,::1], f8[::1],"
    " f8[::1], f8[:,::1], i8[::1])"
)
def ambiguities(
    unit: F8, phase: F8, wave: F8, group: NDArray[np.int64], sigma: F8, reference: NDArray[np.int64],
    used: NDArray[np.bool_], covariance: F8, place: F8, a: F8, q: F8, row: NDArray[np.int64],
) -> int:  # fmt: skip
    """Float double-difference ambiguities at a displacement, and their covariance; the number of them."""
    count = 0
    for i in range(phase.size):
        r = reference[group[i]]
        if used[i] and r >= 0 and r != i:
            row[count] = i
            value = phase[i] - phase[r]
            for k in range(3):
                value += (unit[i, k] - unit[r, k]) * place[k]
            a[count] = value / wave[i]
            count += 1
    line, turned = np.zeros((count, 3)), np.zeros((count, 3))
    for k in range(count):
        i, r = row[k], reference[group[row[k]]]
        for c in range(3):
            line[k, c] = unit[i, c] - unit[r, c]
        for c in range(3):
            turned[k, c] = (
                covariance[c, 0] * line[k, 0] + covariance[c, 1] * line[k, 1] + covariance[c, 2] * line[k, 2]
            )
    for k in range(count):
        for m in range(k + 1):
            i, j = row[k], row[m]
            value = line[m, 0] * turned[k, 0] + line[m, 1] * turned[k, 1] + line[m, 2] * turned[k, 2]
            if group[i] == group[j]:
                r = reference[group[i]]
                value += sigma[r] * sigma[r]
            if i == j:
                value += sigma[i] * sigma[i]
            q[k, m] = q[m, k] = value / (wave[i] * wave[j])
    return count


@kernel("f8(f8[:,::1], f8[::1], i8[::1], f8[::1], boolean[::1], f8[::1], i8)")
def misfit(
    unit: F8,
    value: F8,
    group: NDArray[np.int64],
    sigma: F8,
    used: NDArray[np.bool_],
    place: F8,
    unknowns: int,
) -> float:
    """Chi-square of residuals over the degrees of freedom, each group's clock taken out."""
    groups = group.max() + 1
    weights, sums = np.zeros(groups), np.zeros(groups)
    rest = np.zeros(value.size)
    free = -unknowns
    for i in range(value.size):
        if used[i]:
            rest[i] = value[i] + unit[i, 0] * place[0] + unit[i, 1] * place[1] + unit[i, 2] * place[2]
            w = 1.0 / (sigma[i] * sigma[i])
            free += 1 if weights[group[i]] > 0.0 else 0
            weights[group[i]] += w
            sums[group[i]] += w * rest[i]
    total = 0.0
    for i in range(value.size):
        if used[i]:
            left = (rest[i] - sums[group[i]] / weights[group[i]]) / sigma[i]
            total += left * left
    return total / free if free > 0 else math.inf


@kernel("i8(f8[:,::1], f8[::1], i8[::1], f8[::1], boolean[::1], f8[::1])")
def _worst(
    unit: F8, value: F8, group: NDArray[np.int64], sigma: F8, used: NDArray[np.bool_], place: F8
) -> int:
    """Row with the largest normalised residual beyond SIGMAS, -1 where there is none; medians for clocks."""
    rest = np.full(value.size, np.nan)
    for i in range(value.size):
        if used[i]:
            rest[i] = value[i] + unit[i, 0] * place[0] + unit[i, 1] * place[1] + unit[i, 2] * place[2]
    worst, most = -1, SIGMAS
    for g in range(group.max() + 1):
        inside = rest[used & (group == g)]
        if inside.size > 2:
            middle = np.median(inside)
            for i in range(value.size):
                if used[i] and group[i] == g and abs(rest[i] - middle) / sigma[i] > most:
                    worst, most = i, abs(rest[i] - middle) / sigma[i]
    return worst


FLOAT_X, FIXED_X, RATIO, SUCCESS, COUNT, FIT, APART = 0, 3, 6, 7, 8, 9, 10
FIGURES = 11
AGREE = 0.8  # of all phases with the integers' position, or the integers are not believed
LEAST, TRIES = 4, 4  # fewest ambiguities; times that the lowest satellites are left out


@kernel(
    "boolean(f8[:,::1], f8[::1], f8[::1], i8[::1], f8[::1], f8[::1], i8[::1], boolean[::1], i8[::1], f8[::1],"
    " f8[::1], f8[:,::1])"
)
def _settle(
    unit: F8, phase: F8, wave: F8, group: NDArray[np.int64], sigma: F8, elevation: F8,
    reference: NDArray[np.int64], used: NDArray[np.bool_], row: NDArray[np.int64], whole: F8, out: F8,
    spread: F8,
) -> bool:  # fmt: skip
    """Position by the fixed phases, then by every phase whose integer it tells; False where they disagree."""
    n = phase.size
    value, place, covariance = phase.copy(), np.zeros(3), np.zeros((3, 3))
    for k in range(whole.size):
        value[row[k]] -= wave[row[k]] * whole[k]
    if not locate(unit, value, group, sigma, used, covariance, place):
        return False
    chosen = np.ones(n, np.bool_)
    references(group, elevation, chosen, reference)
    for i in range(n):
        r = reference[group[i]]
        rest = phase[i] - phase[r]
        for c in range(3):
            rest += (unit[i, c] - unit[r, c]) * place[c]
        integer = np.rint(rest / wave[i])
        value[i] = phase[i] - wave[i] * integer
        noise = math.sqrt(sigma[i] * sigma[i] + sigma[r] * sigma[r])
        chosen[i] = i == r or abs(rest - wave[i] * integer) < max(SIGMAS * noise, 0.1 * wave[i])
    if not locate(unit, value, group, sigma, chosen, covariance, place):
        return False
    out[FIT] = misfit(unit, value, group, sigma, chosen, place, 3)
    count = references(group, elevation, chosen, reference)
    all_ = n - np.unique(group).size  # phases that could have an integer
    if not out[FIT] < SIGMAS or count < whole.size or count < AGREE * all_:
        return False
    out[FIXED_X : FIXED_X + 3] = place
    out[COUNT] = count
    spread[:] = covariance
    return True


@kernel("f8(f8[:,::1], i8, f8)")
def _threshold(need: F8, count: int, success: float) -> float:
    """Least ratio of a class of models: first row and column of ``need`` are the classes' lower edges."""
    row = column = 0
    while row + 1 < need.shape[0] and count >= need[row + 1, 0]:
        row += 1
    while column + 1 < need.shape[1] and success >= need[0, column + 1]:
        column += 1
    return math.inf if row == 0 or column == 0 else need[row, column]


@kernel(
    "void(f8[:,::1], f8[::1], f8[::1], f8[::1], i8[::1], f8[::1], f8[::1], f8[::1], f8[:,::1], f8[::1],"
    " f8[:,::1])"
)
def epoch(
    unit: F8, code: F8, phase: F8, wave: F8, group: NDArray[np.int64], sigma_code: F8, sigma_phase: F8,
    elevation: F8, need: F8, out: F8, spread: F8,
) -> None:  # fmt: skip
    """Float and fixed displacement of one epoch from codes and phases between two receivers.

    ``out`` holds FIGURES numbers, NaN where there is no solution; ``spread`` the fixed (or float) covariance.
    """
    n = code.size
    out[:] = np.nan
    out[COUNT] = 0.0
    used, covariance, place = np.ones(n, np.bool_), np.zeros((3, 3)), np.zeros(3)
    if n < 4 or not locate(unit, code, group, sigma_code, used, covariance, place):
        return
    for _ in range(n // 4):  # codes that contradict the others, worst first
        worst = _worst(unit, code, group, sigma_code, used, place)
        if worst < 0:
            break
        used[worst] = False
        if not locate(unit, code, group, sigma_code, used, covariance, place):
            return
    out[FLOAT_X : FLOAT_X + 3] = place
    spread[:] = covariance
    reference = np.zeros(group.max() + 1, np.int64)
    order = np.argsort(-elevation)
    a, q, row = np.zeros(n), np.zeros((n, n)), np.zeros(n, np.int64)
    norm = np.zeros(2)
    most = min(n, SIGNALS_MOST)
    for _ in range(TRIES):
        used[:] = False
        for k in range(most):
            used[order[k]] = True
        count = references(group, elevation, used, reference)
        if count < LEAST:
            return
        m = ambiguities(unit, phase, wave, group, sigma_phase, reference, used, covariance, place, a, q, row)
        whole, chance = np.zeros((2, m)), np.zeros(m)
        if solve(a[:m].copy(), q[:m, :m].copy(), whole, norm, chance) < 2:
            return
        success = 1.0
        for k in range(m):
            success *= math.erf(0.5 / math.sqrt(2.0 * chance[k]))
        ratio = norm[1] / max(norm[0], 1e-12)
        if not out[RATIO] >= ratio:
            out[RATIO], out[SUCCESS] = ratio, success
        if ratio >= _threshold(need, m, success):
            out[RATIO], out[SUCCESS] = ratio, success
            if _settle(
                unit, phase, wave, group, sigma_phase, elevation, reference, used, row, whole[0], out, spread
            ):
                gap = 0.0
                inverse = np.linalg.inv(covariance)
                for i in range(3):
                    for j in range(3):
                        step_i, step_j = out[FIXED_X + i] - place[i], out[FIXED_X + j] - place[j]
                        gap += step_i * inverse[i, j] * step_j
                out[APART] = math.sqrt(max(gap, 0.0))
                return
        most = max(int(0.85 * most), LEAST + 1) if most > LEAST + 1 else 0
        if most == 0:
            return


@kernel(
    "void(i8, i8, i8[::1], f8[:,::1], f8[::1], f8[::1], f8[::1], i8[::1], f8[::1], f8[::1], f8[::1],"
    " f8[:,::1], f8[:,::1], f8[:,:,::1])"
)
def instants(
    first: int, last: int, start: NDArray[np.int64], unit: F8, code: F8, phase: F8, wave: F8,
    group: NDArray[np.int64], sigma_code: F8, sigma_phase: F8, elevation: F8, need: F8, out: F8, spread: F8,
) -> None:  # fmt: skip
    """Epochs ``first`` to ``last``, each for itself: see `rtk.solve`."""
    for e in range(first, last):
        a, b = start[e], start[e + 1]
        epoch(
            unit[a:b], code[a:b], phase[a:b], wave[a:b], group[a:b], sigma_code[a:b], sigma_phase[a:b],
            elevation[a:b], need, out[e], spread[e],
        )  # fmt: skip
