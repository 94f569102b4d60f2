"""Compiled least squares of many epochs; `tests/contract/test_position_kernels.py` holds them to NumPy."""

# ruff: noqa: C901, PLR0912, PLR0915 (kernels: long loops stay in one compiled function)
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel
from rabta.pnt.position._rows import angles, klobuchar, velocity

__all__ = ["angles", "klobuchar", "least_squares", "velocity"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

LIGHT_M_S = 299_792_458.0
EARTH_ROTATION = 7.2921151467e-5
NO_FIX, GOOD, EXCLUDED, DOUBTFUL, REJECTED = 0, 1, 2, 3, 4
NEAR_M2 = 1.0  # a last step below 1 m
HUBER = 1.345  # 95 % efficiency for normal errors: Huber 1981
SPARE, ROUNDS = 8, 4  # redundant rows that tell a scale (to about a third); rounds of weights by it


@inline
def _invert(a: Array) -> bool:
    """Invert a positive definite 3 by 3 matrix in place (Gauss and Jordan); False where singular."""
    for k in range(3):
        pivot = a[k, k]
        if not pivot > 1e-12:
            return False
        a[k, k] = 1.0
        for j in range(3):
            a[k, j] /= pivot
        for i in range(3):
            if i != k:
                f = a[i, k]
                a[i, k] = 0.0
                for j in range(3):
                    a[i, j] -= f * a[k, j]
    return True


@kernel(
    "void(int64[::1], int64[::1], float64[:,::1], float64[::1], float64[::1],"
    "float64[:,::1], int64[::1], float64[::1], float64[::1],"
    "float64[:,::1], float64[:,::1], float64[:,:,::1], float64[:,::1], float64[::1], float64[::1], "
    "uint8[::1], uint8[::1])"
)
def least_squares(
    start: Ints,
    group: Ints,
    satellite: Array,
    ranges: Array,
    sigma: Array,
    guess: Array,
    parent: Ints,
    tie: Array,
    settings: Array,
    position: Array,
    clock: Array,
    covariance: Array,
    quality: Array,
    residual: Array,
    weight: Array,
    used: Bytes,
    status: Bytes,
) -> None:
    """Position of each epoch by weighted, robust least squares with one clock for each group of rows.

    Rows of epoch k are start[k] to start[k+1]. Group g has the receiver clock of system parent[g] and a delay
    of its own with standard deviation tie[g]; both are eliminated by sums over the group's rows. `settings`:
    robust (0, 1), limit of a normalised residual, largest share of rows that may be excluded, largest PDOP,
    largest one-sigma error. `quality`: PDOP, HDOP, VDOP, TDOP, chi-square over its degrees of freedom, these.

    Where no residual is too large, Huber's weights with the scale that the residuals themselves show (1.4826
    times their median, Huber 1981, section 7.7) take weight from rows far from the others. Where one is too
    large, Huber's estimate by the budget says which are; they are put aside, then least squares again,
    one row more at a time while one is too large and could be told.
    """
    robust, limit, share = settings[0] > 0.5, settings[1], settings[2]
    worst_dop, worst_sigma = settings[3], settings[4]
    a = np.empty((3, 3))
    plain = np.empty((3, 3))
    b = np.empty(3)
    groups = parent.size
    sum_w, sum_y, sum_h = np.empty(groups), np.empty(groups), np.empty((groups, 3))
    count = np.empty(groups, np.int64)
    systems = 0
    for g in range(groups):
        systems = max(systems, parent[g] + 1)
    # of each system's clock: weight, right side, coupling with the position; of each group: its delay
    clock_w, clock_y, clock_h = np.empty(systems), np.empty(systems), np.empty((systems, 3))
    loose = np.empty(groups)
    own = np.empty(groups)
    widest = 1
    for k in range(start.size - 1):
        widest = max(widest, start[k + 1] - start[k])
    h = np.empty((widest, 3))
    y, v, w, near = np.empty(widest), np.empty(widest), np.empty(widest), np.empty(widest)
    on = np.empty(widest, np.uint8)
    size = np.empty(widest)
    pull, up, step = np.empty(3), np.empty(3), np.empty(3)
    x = np.zeros(3)
    warm = False
    for k in range(start.size - 1):
        first, n = start[k], start[k + 1] - start[k]
        status[k] = NO_FIX
        position[k, :] = np.nan
        clock[k, :] = np.nan
        covariance[k, :, :] = np.nan
        quality[k, :] = np.nan
        rows = 0
        for i in range(n):
            on[i] = sigma[first + i] > 0.0 and math.isfinite(ranges[first + i] + satellite[first + i, 0])
            rows += on[i]
            residual[first + i] = np.nan
            weight[first + i] = 0.0
            used[first + i] = 0
        if rows < 4:
            continue
        if not warm:
            x[:] = guess[k]
        total = rows
        phase, doubtful = 0, False
        done, ok = False, False
        spread, chi, degrees = 1.0, 0.0, 0
        for i in range(n):
            near[i] = 1.0
        rounds, soft = 0, 0
        while not done:
            rounds += 1
            ok = False
            for _ in range(25):
                for g in range(groups):
                    sum_w[g] = 0.0
                    sum_y[g] = 0.0
                    sum_h[g, :] = 0.0
                    count[g] = 0
                a[:, :] = 0.0
                b[:] = 0.0
                for i in range(n):
                    r = first + i
                    if not math.isfinite(ranges[r] + satellite[r, 0]):
                        continue
                    dx, dy, dz = satellite[r, 0] - x[0], satellite[r, 1] - x[1], satellite[r, 2] - x[2]
                    rho = math.sqrt(dx * dx + dy * dy + dz * dz)
                    turn = EARTH_ROTATION / LIGHT_M_S * (satellite[r, 0] * x[1] - satellite[r, 1] * x[0])
                    y[i] = ranges[r] - rho - turn
                    h[i, 0], h[i, 1], h[i, 2] = -dx / rho, -dy / rho, -dz / rho
                    if not on[i]:
                        continue
                    wi = near[i] / (sigma[r] * sigma[r])
                    w[i] = wi
                    g = group[r]
                    count[g] += 1
                    sum_w[g] += wi
                    sum_y[g] += wi * y[i]
                    for p in range(3):
                        sum_h[g, p] += wi * h[i, p]
                        b[p] += wi * h[i, p] * y[i]
                        for q in range(p + 1):
                            a[p, q] += wi * h[i, p] * h[i, q]
                clock_w[:] = 0.0
                clock_y[:] = 0.0
                clock_h[:, :] = 0.0
                for g in range(groups):
                    if count[g] > 0:
                        prior = 1.0 / (tie[g] * tie[g]) if tie[g] > 0.0 else np.inf
                        loose[g] = prior / (sum_w[g] + prior) if tie[g] > 0.0 else 1.0
                        c = parent[g]
                        clock_w[c] += sum_w[g] * loose[g]
                        clock_y[c] += sum_y[g] * loose[g]
                        for p in range(3):
                            clock_h[c, p] += sum_h[g, p] * loose[g]
                            f = sum_h[g, p] * (1.0 - loose[g]) / sum_w[g]
                            b[p] -= f * sum_y[g]
                            for q in range(p + 1):
                                a[p, q] -= f * sum_h[g, q]
                clocks = 0
                for c in range(systems):
                    if clock_w[c] > 0.0:
                        clocks += 1
                        for p in range(3):
                            f = clock_h[c, p] / clock_w[c]
                            b[p] -= f * clock_y[c]
                            for q in range(p + 1):
                                a[p, q] -= f * clock_h[c, q]
                degrees = rows - clocks - 3
                for p in range(3):
                    for q in range(p):
                        a[q, p] = a[p, q]
                if degrees < 0 or not _invert(a):
                    break
                move = 0.0
                for p in range(3):
                    step[p] = a[p, 0] * b[0] + a[p, 1] * b[1] + a[p, 2] * b[2]
                    x[p] += step[p]
                    move += step[p] * step[p]
                if not math.isfinite(move):
                    break
                if move < NEAR_M2:
                    # so near the ranges are straight lines (to 30 nanometres): no need to work them out anew
                    for i in range(n):
                        y[i] -= h[i, 0] * step[0] + h[i, 1] * step[1] + h[i, 2] * step[2]
                    for g in range(groups):
                        for p in range(3):
                            sum_y[g] -= sum_h[g, p] * step[p]
                    for c in range(systems):
                        for p in range(3):
                            clock_y[c] -= clock_h[c, p] * step[p]
                    ok = True
                    break
            if not ok:
                break
            # residuals after the last step
            chi = 0.0
            for g in range(groups):
                if count[g] > 0:
                    c = parent[g]
                    base = clock_y[c] / clock_w[c]
                    own[g] = base + (sum_y[g] / sum_w[g] - base) * (1.0 - loose[g])
                    if tie[g] > 0.0:
                        chi += ((own[g] - base) / tie[g]) ** 2
            for i in range(n):
                r = first + i
                g = group[r]
                v[i] = np.nan
                if math.isfinite(ranges[r] + satellite[r, 0]) and count[g] > 0:
                    v[i] = y[i] - own[g]
                    if on[i]:
                        chi += (v[i] / sigma[r]) ** 2 * near[i]
            if not robust or degrees < 1:
                done = True
                continue
            # worst normalised residual: over its own standard deviation after the fit
            worst, at = 0.0, -1
            for i in range(n):
                if not on[i]:
                    continue
                r = first + i
                g = group[r]
                c = parent[g]
                t = loose[g] * loose[g] / clock_w[c] + (1.0 - loose[g]) / sum_w[g]
                for p in range(3):
                    dp = h[i, p] - sum_h[g, p] / sum_w[g] * (1.0 - loose[g])
                    dp -= loose[g] * clock_h[c, p] / clock_w[c]
                    pull[p] = dp
                for p in range(3):
                    for q in range(3):
                        t += pull[p] * a[p, q] * pull[q]
                left = sigma[r] * sigma[r] - t
                if left > 1e-4 * sigma[r] * sigma[r]:
                    z = abs(v[i]) / math.sqrt(left)
                    if z > worst:
                        worst, at = z, i
            if phase == 0:
                if worst <= limit:
                    # by how much do the residuals scatter, against their budget? weights for those beyond
                    if degrees < SPARE or soft >= ROUNDS:
                        done = True
                        continue
                    found = 0
                    for i in range(n):
                        if on[i]:
                            size[found] = abs(v[i]) / sigma[first + i]
                            found += 1
                    usual = 1.4826 * float(np.median(size[:found])) * math.sqrt(rows / degrees)
                    usual = min(max(usual, 1e-3), 1.0)
                    change = 0.0
                    for i in range(n):
                        if on[i]:
                            z = abs(v[i]) / sigma[first + i] / usual
                            f = 1.0 if z <= HUBER else HUBER / z
                            change = max(change, abs(f - near[i]))
                            near[i] = f
                    soft += 1
                    if change < 0.02:
                        done = True
                    continue
                for i in range(n):
                    near[i] = 1.0
                phase = 1  # something is wrong: where does Huber's estimate put the rows?
            if phase == 1:
                change = 0.0
                for i in range(n):
                    if on[i]:
                        z = abs(v[i]) / sigma[first + i]
                        f = 1.0 if z <= HUBER else HUBER / z
                        change = max(change, abs(f - near[i]))
                        near[i] = f
                if change > 0.05 and rounds < 12:
                    continue
                # rows far from it are put aside, the farthest first, as many as allowed
                phase = 2
                while degrees > 1 and total - rows < share * total:
                    worst, at = limit, -1
                    for i in range(n):
                        if on[i] and abs(v[i]) / sigma[first + i] > worst:
                            worst, at = abs(v[i]) / sigma[first + i], i
                    if at < 0:
                        break
                    on[at] = 0
                    rows -= 1
                    degrees -= 1
                for i in range(n):
                    near[i] = 1.0
                continue
            # back to weighted least squares; one more at a time
            if worst > limit and degrees > 1 and total - rows < share * total and rounds < 40:
                on[at] = 0
                rows -= 1
                continue
            doubtful = worst > limit
            done = True
        if not ok:
            warm = False
            continue
        radius = math.sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2])
        spread = chi / degrees if degrees > 0 else 1.0
        scale = max(1.0, spread)
        for p in range(3):
            up[p] = x[p] / radius
            position[k, p] = x[p]
            for q in range(3):
                covariance[k, p, q] = a[p, q] * scale
        for g in range(groups):
            if count[g] > 0:
                clock[k, g] = own[g] / LIGHT_M_S
        # dilution: unit weights, the rows in use, a clock for each system
        plain[:, :] = 0.0
        clock_w[:] = 0.0
        clock_h[:, :] = 0.0
        for i in range(n):
            residual[first + i] = v[i]
            if on[i]:
                used[first + i] = 1
                weight[first + i] = near[i] / (sigma[first + i] * sigma[first + i])
                c = parent[group[first + i]]
                clock_w[c] += 1.0
                for p in range(3):
                    clock_h[c, p] += h[i, p]
                    for q in range(3):
                        plain[p, q] += h[i, p] * h[i, q]
        for c in range(systems):
            if clock_w[c] > 0.0:
                for p in range(3):
                    for q in range(3):
                        plain[p, q] -= clock_h[c, p] * clock_h[c, q] / clock_w[c]
        if _invert(plain):
            trace = plain[0, 0] + plain[1, 1] + plain[2, 2]
            vertical = 0.0
            for p in range(3):
                for q in range(3):
                    vertical += up[p] * plain[p, q] * up[q]
            time = np.inf
            for c in range(systems):
                if clock_w[c] > 0.0:
                    t = 1.0 / clock_w[c]
                    for p in range(3):
                        for q in range(3):
                            t += clock_h[c, p] * plain[p, q] * clock_h[c, q] / (clock_w[c] * clock_w[c])
                    time = min(time, t)
            quality[k, 0] = math.sqrt(max(trace, 0.0))
            quality[k, 1] = math.sqrt(max(trace - vertical, 0.0))
            quality[k, 2] = math.sqrt(max(vertical, 0.0))
            quality[k, 3] = math.sqrt(time)
        quality[k, 4], quality[k, 5] = spread, degrees
        sigma_m = math.sqrt(covariance[k, 0, 0] + covariance[k, 1, 1] + covariance[k, 2, 2])
        status[k] = DOUBTFUL if doubtful else EXCLUDED if rows < total else GOOD
        if not quality[k, 0] <= worst_dop or not sigma_m <= worst_sigma:
            status[k] = REJECTED
        warm = status[k] == GOOD or status[k] == EXCLUDED
