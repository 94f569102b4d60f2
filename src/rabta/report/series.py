"""What happens over the run, reduced block by block to what a page can show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.report.folder import RunFolder

Floats = NDArray[np.float64]

BINS = 24  # parts of the run in which the fewest satellites are kept for each cell
SAMPLES = 96  # instants at which latency and rate are sampled for each cell
LATENCY_BIN_MS = 1.0
LATENCY_BINS = 800


@dataclass(frozen=True)
class CellSeries:
    """Figures of each cell over the run; NaN where the run holds no such array.

    Attributes
    ----------
    visible_min, visible_mean : ndarray, shape (cell,)
    visible_bins : ndarray of uint8, shape (bin, cell)
        Fewest satellites in view in each part of the run.
    blind_share : ndarray, shape (cell,)
        Share of the steps with no satellite in view.
    rate_mbps, latency_ms : ndarray, shape (cell,)
        Mean over the sampled steps with a link.
    latency_histogram : ndarray, shape (LATENCY_BINS,)
        Weight of the sampled cell-steps by latency; beyond the last bin counts in it.
    """

    visible_min: Floats
    visible_mean: Floats
    visible_bins: NDArray[np.uint8]
    blind_share: Floats
    rate_mbps: Floats
    latency_ms: Floats
    latency_histogram: Floats


def reduce_cells(run: RunFolder, weights: Floats) -> CellSeries:
    """Reduce the arrays over time and cell; ``weights`` (cell,) are the households behind the histogram."""
    cells = weights.size
    low, mean, bins, blind = _visible(run, cells)
    rate, _ = _sampled_mean(run, "link_rate_mbps", cells, None)
    latency, histogram = _sampled_mean(run, "latency_ms", cells, weights)
    return CellSeries(low, mean, bins, blind, rate, latency, histogram)


def _visible(run: RunFolder, cells: int) -> tuple[Floats, Floats, NDArray[np.uint8], Floats]:
    empty = np.full(cells, np.nan)
    if not run.has("visible_count"):
        return empty, empty, np.zeros((0, cells), dtype=np.uint8), empty
    steps = run.array("visible_count").shape[0]
    count = min(BINS, steps)
    bins = np.full((count, cells), 255, dtype=np.uint8)
    total, blind = np.zeros(cells), np.zeros(cells)
    for first, block in run.blocks("visible_count"):
        total += block.sum(axis=0, dtype=np.int64)
        blind += np.count_nonzero(block == 0, axis=0)
        part = (first + np.arange(len(block))) * count // steps
        for index in np.unique(part):
            np.minimum(bins[index], block[part == index].min(axis=0), out=bins[index])
    return bins.min(axis=0).astype(np.float64), total / steps, bins, blind / steps


def _sampled_mean(run: RunFolder, name: str, cells: int, weights: Floats | None) -> tuple[Floats, Floats]:
    histogram = np.zeros(LATENCY_BINS)
    if not run.has(name):
        return np.full(cells, np.nan), histogram
    stride = max(1, run.array(name).shape[0] // SAMPLES)
    total, seen = np.zeros(cells), np.zeros(cells)
    for first, block in run.blocks(name):
        sample = block[(-first) % stride :: stride]
        good = np.isfinite(sample) & (sample > 0)
        total += np.where(good, sample, 0.0).sum(axis=0)
        seen += good.sum(axis=0)
        if weights is not None:
            histogram += _histogram(sample, good, weights)
    return np.divide(total, seen, out=np.full(cells, np.nan), where=seen > 0), histogram


def _histogram(sample: NDArray[np.float32], good: NDArray[np.bool_], weights: Floats) -> Floats:
    bins = np.minimum(sample[good] / LATENCY_BIN_MS, LATENCY_BINS - 1).astype(np.int64)
    heavy = np.broadcast_to(weights, sample.shape)[good]
    return np.bincount(bins, weights=heavy, minlength=LATENCY_BINS).astype(np.float64)


def at_cells(run: RunFolder, name: str, rows: NDArray[np.int64], points: int = 144) -> Floats:
    """Means of an array over equal parts of the run, for a few cells: shape (part, row)."""
    source = run.array(name)
    values = np.concatenate([block[:, rows] for _, block in run.blocks(name)]).astype(np.float64)
    return part_means(values, min(points, source.shape[0]))


def part_means(values: Floats, parts: int) -> Floats:
    """Means over ``parts`` equal parts of the first axis."""
    edges = np.arange(parts) * len(values) // parts
    sizes = np.diff([*edges, len(values)])
    sums = np.add.reduceat(values, edges, axis=0)
    return np.asarray(sums / sizes.reshape(-1, *[1] * (values.ndim - 1)))


def quantile_of(histogram: Floats, share: float) -> float:
    """Latency below which a share of the histogram lies; NaN where it is empty."""
    total = histogram.sum()
    if total <= 0:
        return float("nan")
    cumulated = np.concatenate([[0.0], np.cumsum(histogram) / total])
    return float(np.interp(share, cumulated, np.arange(cumulated.size) * LATENCY_BIN_MS))


def weighted_median(values: Floats, weights: Floats) -> float:
    """Median of the values under weights; NaN values are left out.

    Examples
    --------
    >>> weighted_median(np.array([1.0, 2.0, 9.0]), np.array([1.0, 1.0, 3.0]))
    9.0
    """
    good = np.isfinite(values) & (weights > 0)
    if not good.any():
        return float("nan")
    order = np.argsort(values[good])
    sorted_values, heavy = values[good][order], np.cumsum(weights[good][order])
    return float(sorted_values[np.searchsorted(heavy, heavy[-1] / 2.0)])
