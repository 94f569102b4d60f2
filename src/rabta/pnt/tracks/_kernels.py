"""The compiled filter; `tests/contract/test_tracks_kernels.py` holds it to NumPy.

State: position 3, velocity 3, clock drift 1, a clock for each system, then position and first clock as
they were one epoch before (for phase differences). Metres and seconds, Earth-fixed.
"""

# ruff: noqa: C901, PLR0912 (kernels: long loops stay in one compiled function)

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rabta.jit import inline, kernel

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

JUMP_M = 150.0  # half of a microsecond: receivers set their clocks by whole ones or more
ROUNDS = 8  # of reweighting at most
CONVEX = 3  # of them with weights whose least cost is the only one (Huber), against wrong starts


@inline
def equivalent_weight(t: float, first: float, last: float) -> float:
    """Weight of a residual of ``t`` standard deviations: one, falling, none (Yang's IGG III)."""
    if t <= first:
        return 1.0
    if t >= last:
        return 0.0
    part = (last - t) / (last - first)
    return first / t * part * part


@kernel("float64(float64[:,::1], float64[::1], int64, float64[::1])")
def project(p: Array, h: Array, n: int, out: Array) -> float:
    """Covariance times a row of the design, and the row's own variance."""
    total = 0.0
    for i in range(n):
        value = 0.0
        for j in range(n):
            value += p[i, j] * h[j]
        out[i] = value
    for i in range(n):
        total += out[i] * h[i]
    return float(total)


@kernel("void(float64[::1], float64[:,::1], float64, int64, float64[::1], float64[::1], float64[:,::1])")
def predict(x: Array, p: Array, dt: float, clocks: int, process: Array, clock: Array, f: Array) -> None:
    """Move state and covariance on by ``dt`` s; ``f`` becomes the transition.

    ``process`` is the spectral density of the acceleration, row by row of its 3 x 3 matrix; ``clock`` has
    those of the clock's phase, of its frequency and of the offsets between systems.
    """
    n = x.size
    kept = 7 + clocks
    f[:] = 0.0
    for i in range(kept):
        f[i, i] = 1.0
    for i in range(3):
        f[i, 3 + i] = dt
        f[kept + i, i] = 1.0
    for s in range(clocks):
        f[7 + s, 6] = dt
    f[kept + 3, 7] = 1.0
    moved = f @ x
    spread = f @ p @ f.T
    for i in range(n):
        x[i] = moved[i]
        for j in range(n):
            p[i, j] = 0.5 * (spread[i, j] + spread[j, i])
    for i in range(3):
        for j in range(3):
            q = process[3 * i + j]
            p[i, j] += q * dt**3 / 3.0
            p[i, 3 + j] += q * dt**2 / 2.0
            p[3 + i, j] += q * dt**2 / 2.0
            p[3 + i, 3 + j] += q * dt
    for s in range(clocks):
        for t in range(clocks):
            p[7 + s, 7 + t] += clock[0] * dt + clock[1] * dt**3 / 3.0
        p[7 + s, 6] += clock[1] * dt**2 / 2.0
        p[6, 7 + s] += clock[1] * dt**2 / 2.0
        if s > 0:
            p[7 + s, 7 + s] += clock[2] * dt
    p[6, 6] += clock[1] * dt


@inline
def sound(z: float, r: float) -> int:
    """One where a row can be used, nought where a number in it is missing."""
    return 1 if math.isfinite(z) and r > 0.0 and math.isfinite(r) else 0


@kernel(
    "int64(int64, int64, int64, float64[::1], int64[::1], float64[:,::1], float64[:,::1], float64[::1], "
    "float64[::1], float64[::1], int64[::1], float64[:,::1], float64[:,::1], float64[::1], float64[::1], "
    "int64[::1], int64[::1])"
)
def design(
    first: int, last: int, clocks: int, x: Array, system: Ints, satellite: Array, motion: Array, code: Array,
    rate: Array, phase: Array, before: Ints, variance: Array, h: Array, z: Array, r: Array, kind: Ints,
    row: Ints,
) -> int:  # fmt: skip
    """Innovations ``z``, design ``h`` and variances ``r`` of an epoch's rows; says how many there are.

    ``kind`` is 0 for code, 1 for Doppler, 2 for phase differences.
    """
    m = 0
    kept = 7 + clocks
    u = np.empty(3)
    for i in range(first, last):
        far = 0.0
        for j in range(3):
            u[j] = satellite[i, j] - x[j]
            far += u[j] * u[j]
        far = math.sqrt(far)
        for j in range(3):
            u[j] /= far
        if not math.isnan(code[i]):
            h[m, :] = 0.0
            for j in range(3):
                h[m, j] = -u[j]
            h[m, 7 + system[i]] = 1.0
            z[m], r[m], kind[m], row[m] = code[i] - far - x[7 + system[i]], variance[i, 0], 0, i
            m += sound(z[m], r[m])
        if not math.isnan(rate[i]):
            h[m, :] = 0.0
            along = 0.0
            for j in range(3):
                h[m, 3 + j] = -u[j]
                along += (motion[i, j] - x[3 + j]) * u[j]
            h[m, 6] = 1.0
            z[m], r[m], kind[m], row[m] = rate[i] - along - x[6], variance[i, 1], 1, i
            m += sound(z[m], r[m])
        b = before[i]
        if b >= 0:
            h[m, :] = 0.0
            past = 0.0
            for j in range(3):
                past += (satellite[b, j] - x[kept + j]) ** 2
            past = math.sqrt(past)
            for j in range(3):
                h[m, j] = -u[j]
                h[m, kept + j] = (satellite[b, j] - x[kept + j]) / past
            h[m, 7] = 1.0
            h[m, kept + 3] = -1.0
            z[m] = phase[i] - phase[b] - (far - past) - (x[7] - x[kept + 3])
            r[m], kind[m], row[m] = variance[i, 2], 2, i
            m += sound(z[m], r[m])
    return m


@kernel(
    "void(int64, int64, float64[:,::1], float64[::1], float64[::1], float64[::1], float64[::1], "
    "float64[:,::1], float64[::1])"
)
def update(
    n: int, m: int, h: Array, z: Array, r: Array, weight: Array, dx: Array, p: Array, work: Array
) -> None:
    """Take in the rows of an epoch one after another: change of the state ``dx``, covariance ``p``."""
    for k in range(m):
        if weight[k] <= 0.0:
            continue
        total = project(p, h[k], n, work) + r[k] / weight[k]
        left = z[k]
        for i in range(n):
            left -= h[k, i] * dx[i]
        for i in range(n):
            gain = work[i] / total
            dx[i] += gain * left
            for j in range(n):
                p[i, j] -= gain * work[j]


@kernel(
    "void(int64, int64, float64[:,::1], float64[::1], float64[::1], float64[:,::1], float64[:,::1], "
    "int64[::1], float64[::1], float64[::1], float64[::1])"
)
def update_known(
    n: int, m: int, h: Array, r: Array, weight: Array, p: Array, known: Array, kind: Ints, lasting: Array,
    work: Array, other: Array,
) -> None:  # fmt: skip
    """The same gains on the covariance ``known`` of the true error, whose code errors last.

    ``lasting`` says how: the factor of reflections (as if they were the same that many epochs long), the
    variance of what satellites and air are wrong by, and its factor.
    """
    for k in range(m):
        if weight[k] <= 0.0:
            continue
        noise = r[k] / weight[k]
        total = project(p, h[k], n, work) + noise
        if kind[k] == 0:
            slow = min(lasting[1], r[k])
            true = (r[k] - slow) / weight[k] * lasting[0] + slow * lasting[2]
        else:
            true = noise
        true += project(known, h[k], n, other)
        for i in range(n):
            gain = work[i] / total
            for j in range(n):
                back = work[j] / total
                known[i, j] += gain * back * true - gain * other[j] - other[i] * back
        for i in range(n):
            gain = work[i] / total
            for j in range(n):
                p[i, j] -= gain * work[j]


@kernel(
    "float64(int64, int64, int64[::1], int64[::1], int64[::1], float64[:,::1], float64[::1], float64[::1], "
    "float64[:,::1])"
)
def epoch_share(
    m: int, clocks: int, kind: Ints, row: Ints, system: Ints, h: Array, r: Array, weight: Array, p: Array
) -> float:
    """What this epoch's codes alone say of the position, in units of what is known: 3 if nothing was known.

    The trace of the position's covariance times the codes' information, their clocks eliminated.
    """
    info, sums, total = np.zeros((3, 3)), np.zeros((clocks, 3)), np.zeros(clocks)
    for k in range(m):
        if kind[k] != 0:
            continue
        s, w = system[row[k]], weight[k] / r[k]
        total[s] += w
        for i in range(3):
            sums[s, i] += w * h[k, i]
            for j in range(3):
                info[i, j] += w * h[k, i] * h[k, j]
    share = 0.0
    for i in range(3):
        for j in range(3):
            for s in range(clocks):
                if total[s] > 0.0:
                    info[i, j] -= sums[s, i] * sums[s, j] / total[s]
            share += p[i, j] * info[i, j]
    return share


@kernel("float64(int64, int64[::1], float64[::1])")
def clock_jump(m: int, kind: Ints, z: Array) -> float:
    """Common step of the codes, metres; 0 where there is none."""
    codes = np.empty(m)
    count = 0
    for k in range(m):
        if kind[k] == 0:
            codes[count] = z[k]
            count += 1
    if count < 2:
        return 0.0
    middle = float(np.median(codes[:count]))
    return middle if abs(middle) > JUMP_M else 0.0


@kernel(
    "void(int64, int64, float64[:,::1], float64[::1], float64[::1], float64[:,::1], float64, float64, "
    "float64[::1], float64[::1], float64[:,::1], float64[::1])"
)
def reweigh(
    n: int, m: int, h: Array, z: Array, r: Array, p: Array, first: float, last: float, weight: Array,
    dx: Array, posterior: Array, work: Array,
) -> None:  # fmt: skip
    """Weights of an epoch's rows: from the innovations, then from residuals until they stand still."""
    for k in range(m):
        spread = math.sqrt(project(p, h[k], n, work) + r[k])
        weight[k] = equivalent_weight(abs(z[k]) / spread, first, last)
    for turn in range(ROUNDS):
        dx[:] = 0.0
        posterior[:] = p
        update(n, m, h, z, r, weight, dx, posterior, work)
        change = 0.0
        for k in range(m):
            left = z[k]
            for i in range(n):
                left -= h[k, i] * dx[i]
            t = abs(left) / math.sqrt(r[k])
            again = equivalent_weight(t, first, last) if turn >= CONVEX else min(1.0, first / max(t, 1e-9))
            change = max(change, abs(again - weight[k]))
            weight[k] = again
        if change < 0.01 and turn >= CONVEX:
            break


@kernel(
    "void(int64, int64, int64, int64[::1], int64[::1], int64[::1], float64[::1], boolean[::1], float64[::1], "
    "float64[:,::1], float64[:,::1])"
)
def open_clocks(
    m: int, clocks: int, n: int, kind: Ints, row: Ints, system: Ints, z: Array, seen: NDArray[np.bool_],
    x: Array, p: Array, known: Array,
) -> None:  # fmt: skip
    """Set the clock of a system that is seen for the first time from its codes, wider than the position."""
    values = np.empty(m)
    for s in range(clocks):
        if seen[s]:
            continue
        count = 0
        for k in range(m):
            if kind[k] == 0 and system[row[k]] == s:
                values[count] = z[k]
                count += 1
        if count == 0:
            continue
        x[7 + s] += float(np.median(values[:count]))
        for i in range(n):
            p[7 + s, i] = p[i, 7 + s] = known[7 + s, i] = known[i, 7 + s] = 0.0
        wide = 100.0**2 + p[0, 0] + p[1, 1] + p[2, 2]
        p[7 + s, 7 + s] = known[7 + s, 7 + s] = wide
        seen[s] = True


@kernel(
    "float64(int64, float64, int64, int64, int64, int64[::1], float64[:,::1], float64[:,::1], float64[::1], "
    "float64[::1], float64[::1], int64[::1], int64[::1], float64[:,::1], float64[::1], float64[::1], "
    "float64[::1], float64[::1], float64[:,::1], float64[:,::1], boolean[::1], float64[:,::1], float64[::1], "
    "float64[:,::1], float64[:,::1])"
)
def step(
    later: int, dt: float, first: int, last: int, clocks: int, system: Ints, satellite: Array, motion: Array,
    code: Array, rate: Array, phase: Array, before: Ints, mute: Ints, variance: Array, process: Array,
    clock: Array, tuning: Array, x: Array, p: Array, known: Array, seen: NDArray[np.bool_], weights: Array,
    ahead: Array, ahead_covariance: Array, f: Array,
) -> float:  # fmt: skip
    """Carry one filter through one epoch, in place; says what its codes cost it, NaN without any.

    The cost is the mean square of the codes' residuals in standard deviations, each at most the bound at
    which it loses its say. ``ahead`` and ``ahead_covariance`` become the prediction, ``f`` the transition.
    """
    n = x.size
    m_most = 3 * (last - first)
    h, z, r = np.zeros((m_most, n)), np.zeros(m_most), np.zeros(m_most)
    weight, dx, posterior = np.zeros(m_most), np.zeros(n), np.zeros((n, n))
    kind, row = np.zeros(m_most, np.int64), np.zeros(m_most, np.int64)
    work, other = np.zeros(n), np.zeros(n)
    if later > 0:
        predict(x.copy(), known, dt, clocks, process, clock, f)
        predict(x, p, dt, clocks, process, clock, f)
    use = before if later > 0 else mute
    m = design(
        first, last, clocks, x, system, satellite, motion, code, rate, phase, use, variance, h, z, r, kind,
        row,
    )  # fmt: skip
    fresh = False
    for k in range(m):
        fresh = fresh or (kind[k] == 0 and not seen[system[row[k]]])
    if fresh:
        open_clocks(m, clocks, n, kind, row, system, z, seen, x, p, known)
        m = design(
            first, last, clocks, x, system, satellite, motion, code, rate, phase, use, variance, h, z, r,
            kind, row,
        )  # fmt: skip
    jump = clock_jump(m, kind, z)
    if jump != 0.0:
        for s in range(clocks):
            if seen[s]:
                x[7 + s] += jump
                for t in range(clocks):
                    if seen[t]:
                        p[7 + s, 7 + t] += JUMP_M**2
                        known[7 + s, 7 + t] += JUMP_M**2
        m = design(
            first, last, clocks, x, system, satellite, motion, code, rate, phase, mute, variance, h, z, r,
            kind, row,
        )  # fmt: skip
    ahead[:] = x
    ahead_covariance[:] = p
    reweigh(n, m, h, z, r, p, tuning[0], tuning[1], weight, dx, posterior, work)
    dx[:] = 0.0
    posterior[:] = p
    update(n, m, h, z, r, weight, dx, posterior, work)
    # A mean of N errors that last has the variance of N / factor of them, and never more than one's: the
    # factor is bounded by twice the epochs that the filter remembers.
    lasting = np.array([1.0, tuning[5], 1.0])
    share = epoch_share(m, clocks, kind, row, system, h, r, weight, posterior)
    most = 2.0 * min(later, 3.0 / max(share, 1e-9)) + 1.0
    for i in (0, 2):
        spaced = math.exp(-max(dt, 1e-3) / max(tuning[2] if i == 0 else tuning[6], 1e-3))
        lasting[i] = min((1.0 + spaced) / (1.0 - spaced), most)
    update_known(n, m, h, r, weight, p, known, kind, lasting, work, other)
    cost, codes = 0.0, 0
    for k in range(m):
        weights[row[k], kind[k]] = weight[k]
        if kind[k] == 0:
            left = z[k]
            for i in range(n):
                left -= h[k, i] * dx[i]
            cost += min(left * left / r[k], tuning[1] ** 2)
            codes += 1
    for i in range(n):
        x[i] += dx[i]
        for j in range(n):
            p[i, j] = 0.5 * (posterior[i, j] + posterior[j, i])
    return cost / codes if codes > 0 else math.nan


@kernel("void(float64[::1], float64[::1], float64[:,::1], float64[:,::1], boolean[::1])")
def open_up(begin: Array, x: Array, p: Array, known: Array, seen: NDArray[np.bool_]) -> None:
    """Begin anew at a position, knowing nothing else: ``begin`` is it, its and the velocity's deviation."""
    x[:] = 0.0
    p[:] = 0.0
    for i in range(3):
        x[i] = begin[i]
        p[i, i] = begin[3] ** 2
        p[3 + i, 3 + i] = begin[4] ** 2
    p[6, 6] = 1e6  # a kilometre a second: 3 parts in a million
    known[:] = p
    seen[:] = False


@kernel(
    "void(int64[::1], int64[::1], int64, int64[::1], float64[:,::1], float64[:,::1], float64[::1], "
    "float64[::1], float64[::1], int64[::1], float64[:,::1], float64[::1], float64[::1], float64[::1], "
    "float64[::1], float64[:,::1], float64[:,:,::1], float64[:,:,::1], float64[:,::1], int64[::1], "
    "float64[:,::1], float64[:,:,::1], float64[:,:,::1])"
)
def forward(
    times: Ints, starts: Ints, clocks: int, system: Ints, satellite: Array, motion: Array, code: Array,
    rate: Array, phase: Array, before: Ints, variance: Array, begin: Array, process: Array, clock: Array,
    tuning: Array, states: Array, covariances: Array, reported: Array, weights: Array, used: Ints,
    ahead: Array, ahead_covariances: Array, transitions: Array,
) -> None:  # fmt: skip
    """Filter all epochs: each state from what was received until then.

    A second filter begins anew beside the first from time to time. After as long again it takes the first
    one's place where its codes cost it less: a wrong start is not carried on for ever.

    ``begin`` is a position, its standard deviation and that of the velocity; ``tuning`` the two bounds of the
    weights, the correlation time of reflections, the seconds between beginnings (0: never), the share of
    the first's cost that the second must stay below, and variance and correlation time of what
    satellites and air are wrong by. ``ahead`` and what follows are for the smoother;
    their first axis may be empty.
    """
    n = 11 + clocks
    x, p, known = np.zeros((2, n)), np.zeros((2, n, n)), np.zeros((2, n, n))
    seen, later = np.zeros((2, clocks), np.bool_), np.zeros(2, np.int64)
    next_x, next_p, f = np.zeros(n), np.zeros((n, n)), np.zeros((n, n))
    mute, scratch = np.full(before.size, -1, np.int64), np.zeros_like(weights)
    again, running, since = begin.copy(), False, 0.0
    costs, now = np.zeros(2), np.zeros(2)
    for e in range(times.size):
        first, last = starts[e], starts[e + 1]
        enough = last - first >= 4
        dt = (times[e] - times[e - 1]) * 1e-9 if e > 0 else 0.0
        if not running and not enough:
            continue
        since += dt
        for b in range(2):
            fresh = not running if b == 0 else later[1] == 0
            if b == 1 and (tuning[3] <= 0.0 or (fresh and (since <= tuning[3] or not enough))):
                break
            if b == 1 and fresh:
                again[:3] = x[0, :3]
                since = 0.0
                costs[:] = 0.0
            # the first fixes of a beginning only say where: ranges are not straight over many kilometres
            for _ in range(3 if fresh else 1):
                if fresh:
                    open_up(again, x[b], p[b], known[b], seen[b])
                now[b] = step(
                    later[b], dt, first, last, clocks, system, satellite, motion, code, rate, phase, before,
                    mute, variance, process, clock, tuning, x[b], p[b], known[b], seen[b],
                    weights if b == 0 else scratch, next_x, next_p, f,
                )  # fmt: skip
                again[:3] = x[b, :3]
            running = True
            later[b] += 1
            if b == 0 and ahead.shape[0] > 0:
                ahead[e], ahead_covariances[e], transitions[e] = next_x, next_p, f
        if later[1] > 0 and since > tuning[3] and not math.isnan(now[0]) and not math.isnan(now[1]):
            costs += now
        if later[1] > 0 and since > 2.0 * tuning[3]:
            if costs[1] < tuning[4] * costs[0]:
                x[0], p[0], known[0], seen[0] = x[1], p[1], known[1], seen[1]
                if ahead.shape[0] > 0:
                    transitions[e] = 0.0
            later[1] = 0
            since = 0.0
        states[e], covariances[e], reported[e] = x[0], p[0], known[0]
        for i in range(first, last):
            used[e] += 1 if weights[i, 0] > 0.0 else 0
