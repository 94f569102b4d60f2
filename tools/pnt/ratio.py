"""Ratio that keeps wrong integers below a rate, by drawing float ambiguities of many models.

    python -m tools.pnt.ratio src/rabta/pnt/precise/ratio.csv

P. J. G. Teunissen and S. Verhagen, The GNSS ambiguity ratio-test revisited: a better way of using it, Survey
Review 41 (2009): the threshold that makes the rate of accepted wrong integers a chosen one depends on the
model's strength and the number of ambiguities. The table holds it for classes of both, the largest over the
models of a class.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.precise import _kernels, lambda_

Array = NDArray[np.float64]

RATE = 0.001  # accepted wrong integers, of all epochs
DRAWS, MODELS, LEAST = 20_000, 240, 3
SUCCESS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)  # classes of the bootstrapped success rate
COUNTS = (4, 8, 12, 18, 26, 41)
WAVES = (0.190, 0.244, 0.236)  # L1, L2, B3I


def model(rng: np.random.Generator) -> Array:
    """Covariance of the ambiguities of one epoch: satellites in the sky, one to three bands, noisy codes."""
    satellites, bands = int(rng.integers(5, 15)), int(rng.integers(1, 4))
    code, phase = 10 ** rng.uniform(-1.3, 0.0), 0.004
    azimuth, sine = rng.uniform(0, 2 * np.pi, satellites), rng.uniform(np.sin(0.2), 1.0, satellites)
    level = np.sqrt(1.0 - sine**2)
    unit = np.stack([level * np.sin(azimuth), level * np.cos(azimuth), sine], axis=1)
    grow = 1.0 / sine
    used, place, out = np.ones(satellites * bands, bool), np.zeros(3), np.zeros((3, 3))
    rows, group = np.tile(unit, (bands, 1)), np.repeat(np.arange(bands), satellites)
    sigma = np.tile(code * grow, bands)
    if not _kernels.locate(rows, np.zeros(rows.shape[0]), group, sigma, used, out, place):
        return model(rng)
    reference = np.zeros(bands, np.int64)
    _kernels.references(group, np.tile(sine, bands), used, reference)
    n = rows.shape[0]
    a, q, row = np.zeros(n), np.zeros((n, n)), np.zeros(n, np.int64)
    wave = np.repeat(np.array(WAVES[:bands]), satellites)
    count = _kernels.ambiguities(
        rows, np.zeros(n), wave, group, np.tile(phase * grow, bands), reference, used, out, place, a, q, row
    )
    return q[:count, :count].copy()


def threshold(covariance: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Bootstrapped success rate, and the ratio beyond which fewer than `RATE` of all draws are wrong."""
    root = np.linalg.cholesky(covariance)
    wrong = []
    integers, norm, variances = np.zeros((2, root.shape[0])), np.zeros(2), np.zeros(root.shape[0])
    for _ in range(DRAWS):
        _kernels.solve(root @ rng.normal(size=root.shape[0]), covariance, integers, norm, variances)
        if integers[0].any():
            wrong.append(norm[1] / norm[0])
    most = int(RATE * DRAWS)
    ratio = np.sort(wrong)[-most - 1] if len(wrong) > most else 1.0
    return lambda_.success_rate(variances), float(ratio)


def filled(table: Array, drawn: Array) -> Array:
    """Classes of fewer than `LEAST` models take the weaker neighbour's: fewer ambiguities, else less success.

    Beyond the last edge the bootstrapped rate alone keeps the promise, so any integers will do.
    """
    known = np.where(drawn >= LEAST, table, np.nan)
    known[:, -1] = 1.0
    for row, column in np.argwhere(np.isnan(known)):
        known[row, column] = known[row - 1, column] if row else known[row, column - 1]
    return np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]  # no weaker model with a lower threshold


def main(target: Path) -> None:
    """Draw models, note the largest threshold of each class."""
    rng = np.random.default_rng(1)
    table, drawn = np.ones((len(COUNTS) - 1, len(SUCCESS) - 1)), np.zeros((len(COUNTS) - 1, len(SUCCESS) - 1))
    for _ in range(MODELS):
        covariance = model(rng)
        success, ratio = threshold(covariance, rng)
        row = int(np.searchsorted(COUNTS, covariance.shape[0], side="right")) - 1
        column = int(np.searchsorted(SUCCESS, success, side="right")) - 1
        if 0 <= row < table.shape[0] and 0 <= column < table.shape[1]:
            table[row, column] = max(table[row, column], ratio)
            drawn[row, column] += 1
    table = filled(table, drawn)
    with target.open("w", encoding="utf-8") as stream:
        stream.write("ambiguities," + ",".join(f"{s:g}" for s in SUCCESS[:-1]) + "\n")
        for low, line in zip(COUNTS[:-1], table, strict=True):
            stream.write(f"{low}," + ",".join(f"{value:.2f}" for value in line) + "\n")
    print(target.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
