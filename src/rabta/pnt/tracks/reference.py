"""The filter of `kalman` in plain NumPy: slow, short, and what the compiled one is held to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.tracks import motions
from rabta.pnt.tracks.kalman import BOUNDS, START_M, Rows, density

Array = NDArray[np.float64]

ROUNDS, CONVEX = 8, 3


Bounds = tuple[float, float]


def weight(t: Array, bounds: Bounds = BOUNDS) -> Array:
    """Yang's equivalent weights (IGG III) of residuals in standard deviations."""
    low, high = bounds
    falling = low / np.maximum(t, low) * ((high - t) / (high - low)) ** 2
    return np.where(t <= low, 1.0, np.where(t >= high, 0.0, falling))


def transition(dt: float, clocks: int) -> Array:
    """Matrix that carries the state on by ``dt`` s."""
    kept = 7 + clocks
    f = np.zeros((kept + 4, kept + 4))
    f[:kept, :kept] = np.eye(kept)
    f[:3, 3:6] = dt * np.eye(3)
    f[7:kept, 6] = dt
    f[kept : kept + 3, :3] = np.eye(3)
    f[kept + 3, 7] = 1.0
    return f


def process(dt: float, clocks: int, spectral: Array) -> Array:
    """Covariance of what motion and clock do meanwhile."""
    q = np.zeros((11 + clocks, 11 + clocks))
    q[:3, :3], q[3:6, 3:6] = spectral * dt**3 / 3.0, spectral * dt
    q[:3, 3:6] = q[3:6, :3] = spectral * dt**2 / 2.0
    bias = slice(7, 7 + clocks)
    q[bias, bias] = motions.CLOCK_PHASE * dt + motions.CLOCK_FREQUENCY * dt**3 / 3.0
    q[bias, 6] = q[6, bias] = motions.CLOCK_FREQUENCY * dt**2 / 2.0
    q[6, 6] = motions.CLOCK_FREQUENCY * dt
    q[range(8, 7 + clocks), range(8, 7 + clocks)] += motions.CLOCK_OFFSETS * dt
    return q


def design(rows: Rows, epoch: int, x: Array, *, phases: bool = True) -> tuple[Array, Array, Array, Array]:
    """Design, innovations, variances and kinds (0 code, 1 rate, 2 phase difference) of an epoch."""
    kept, found = x.size - 4, []
    for i in range(rows.starts[epoch], rows.starts[epoch + 1]):
        way = rows.satellite_m[i] - x[:3]
        far = float(np.linalg.norm(way))
        code, rate = np.zeros(x.size), np.zeros(x.size)
        code[:3], code[7 + rows.system[i]] = -way / far, 1.0
        rate[3:6], rate[6] = -way / far, 1.0
        speed = float((rows.velocity_m_s[i] - x[3:6]) @ way) / far
        found.append((code, rows.code_m[i] - far - x[7 + rows.system[i]], rows.variance[i, 0], 0))
        found.append((rate, rows.rate_m_s[i] - speed - x[6], rows.variance[i, 1], 1))
        b = rows.before[i]
        if phases and b >= 0:
            past = rows.satellite_m[b] - x[kept : kept + 3]
            long = float(np.linalg.norm(past))
            both = np.zeros(x.size)
            both[:3], both[kept : kept + 3], both[7], both[kept + 3] = -way / far, past / long, 1.0, -1.0
            change = rows.phase_m[i] - rows.phase_m[b] - (far - long) - (x[7] - x[kept + 3])
            found.append((both, change, rows.variance[i, 2], 2))
    found = [item for item in found if np.isfinite(item[1])]
    h, z, r, kind = zip(*found, strict=True) if found else ((), (), (), ())
    return np.array(h).reshape(-1, x.size), np.array(z), np.array(r), np.array(kind)


def solve(h: Array, z: Array, r: Array, p: Array, w: Array) -> tuple[Array, Array]:
    """Change of the state and covariance with weights given."""
    used = w > 0.0
    h, z, r = h[used], z[used], r[used] / w[used]
    gain = np.linalg.solve(h @ p @ h.T + np.diag(r), h @ p).T
    rest = np.eye(len(p)) - gain @ h  # Joseph's form: what is left stays symmetric
    return gain @ z, rest @ p @ rest.T + gain @ np.diag(r) @ gain.T


def reweigh(h: Array, z: Array, r: Array, p: Array, bounds: Bounds) -> Array:
    """Weights that agree with their residuals."""
    w = weight(np.abs(z) / np.sqrt(np.einsum("ij,jk,ik->i", h, p, h) + r), bounds)
    for turn in range(ROUNDS):
        dx, _ = solve(h, z, r, p, w)
        t = np.abs(z - h @ dx) / np.sqrt(r)
        again = weight(t, bounds) if turn >= CONVEX else np.minimum(1.0, bounds[0] / np.maximum(t, 1e-9))
        change = np.abs(again - w).max(initial=0.0)
        w = again
        if change < 0.01 and turn >= CONVEX:
            break
    return w


def _open(rows: Rows, epoch: int, x: Array, p: Array, seen: set[int]) -> None:
    """Set the clocks of systems seen for the first time."""
    _, z, _, kind = design(rows, epoch, x)
    here = slice(int(rows.starts[epoch]), int(rows.starts[epoch + 1]))
    system = rows.system[here][np.isfinite(rows.code_m[here])]
    for s in sorted({int(k) for k in system} - seen):
        x[7 + s] += np.median(z[kind == 0][system == s])
        p[7 + s, :] = p[:, 7 + s] = 0.0
        p[7 + s, 7 + s] = 100.0**2 + np.trace(p[:3, :3])
        seen.add(s)


def begin(rows: Rows, start_m: Array, motion: motions.Motion) -> tuple[Array, Array]:
    """State and covariance that know nothing but about where."""
    n = 11 + len(rows.systems)
    x, p = np.zeros(n), np.zeros((n, n))
    x[:3] = start_m
    p[range(3), range(3)], p[range(3, 6), range(3, 6)], p[6, 6] = START_M**2, motion.speed_m_s**2, 1e6
    return x, p


def take(rows: Rows, e: int, x: Array, p: Array, seen: set[int], bounds: Bounds) -> tuple[Array, Array]:
    """State and covariance after an epoch's rows."""
    _open(rows, e, x, p, seen)
    h, z, r, _ = design(rows, e, x)
    if z.size == 0:
        return x, p
    dx, p = solve(h, z, r, p, reweigh(h, z, r, p, bounds))
    return x + dx, p


def forward(
    rows: Rows, start_m: Array, motion: motions.Motion, bounds: Bounds = BOUNDS
) -> tuple[Array, Array]:
    """States and covariances of all epochs.

    Without clock jumps, second beginnings, reported covariances.
    """
    clocks, spectral, seen = len(rows.systems), density(motion, start_m), set[int]()
    here, found = start_m, []
    for _ in range(2):  # the first fixes only say where
        here = take(rows, 0, *begin(rows, here, motion), set(), bounds)[0][:3]
    x, p = begin(rows, here, motion)
    for e in range(rows.times.size):
        if e > 0:
            dt = (rows.times[e] - rows.times[e - 1]) / 1e9
            f = transition(dt, clocks)
            x, p = f @ x, f @ p @ f.T + process(dt, clocks, spectral)
        x, p = take(rows, e, x, p, seen, bounds)
        found.append((x, p))
    return np.array([state for state, _ in found]), np.array([covariance for _, covariance in found])
