"""Spectral efficiency from C/N: tables of modulation and coding, made monotone, with implementation loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Waveform:
    """Efficiency as a staircase over C/N; both in the bandwidth of the channel.

    Attributes
    ----------
    threshold_db : ndarray, shape (steps,)
        Lowest C/N of each step, rising.
    bits : ndarray, shape (steps,)
        Information bits a second for each hertz of the channel, rising.
    names : tuple of str
        Modulation and code rate of each step.
    """

    name: str
    threshold_db: Array
    bits: Array
    names: tuple[str, ...]

    def efficiency(self, carrier_to_noise_db: ArrayLike) -> Array:
        """Spectral efficiency in bit/s/Hz; 0 below the first threshold or where C/N is NaN."""
        cn = np.asarray(carrier_to_noise_db, dtype=np.float64)
        step = np.searchsorted(self.threshold_db, cn, side="right")
        return np.asarray(np.where(np.isnan(cn), 0.0, np.concatenate([[0.0], self.bits])[step]))


def load(name: str, implementation_loss_db: float = 0.0) -> Waveform:
    """Waveform of the catalog, with the loss added to every threshold.

    Es/N0 belongs to the symbol rate, which is the channel's bandwidth over (1 + roll-off), so both the
    threshold and the efficiency fall by that factor when they are taken over the channel.
    """
    entry = catalog.entry("waveforms", name)
    rows, older, seen = _rows(entry.data, entry.path), entry, {name}
    while parent := older.data.get("includes"):
        if str(parent) in seen:
            raise RabtaError("waveforms include each other", file=older.path, key="includes", value=parent)
        seen.add(str(parent))
        older = catalog.entry("waveforms", str(parent))
        rows = rows + _rows(older.data, older.path)
    spread = 1.0 + float(entry.data.get("roll_off", 0.0))
    thresholds = np.array([row[2] for row in rows]) - 10.0 * np.log10(spread) + implementation_loss_db
    bits = np.array([row[1] for row in rows]) / spread
    keep = envelope(thresholds, bits)
    return Waveform(name, thresholds[keep], bits[keep], tuple(rows[i][0] for i in keep))


def envelope(threshold_db: ArrayLike, bits: ArrayLike) -> NDArray[np.intp]:
    """Rows that are worth using, in rising order: no other row carries as much at a lower threshold.

    Examples
    --------
    >>> envelope([3.0, 1.0, 2.0, 4.0], [1.0, 0.5, 1.2, 2.0]).tolist()
    [1, 2, 3]
    """
    threshold, rate = np.asarray(threshold_db, dtype=np.float64), np.asarray(bits, dtype=np.float64)
    order = np.lexsort((-rate, threshold))
    best = np.maximum.accumulate(rate[order])
    gains = np.concatenate([[True], best[1:] > best[:-1]])
    return np.asarray(order[gains], dtype=np.intp)


def stack(waveforms: list[Waveform]) -> tuple[Array, Array]:
    """Thresholds and bits of several waveforms as two matrices, padded with unreachable thresholds."""
    longest = max(len(w.bits) for w in waveforms)
    threshold = np.full((len(waveforms), longest), np.inf)
    bits = np.zeros((len(waveforms), longest))
    for i, wave in enumerate(waveforms):
        threshold[i, : len(wave.bits)] = wave.threshold_db
        bits[i, : len(wave.bits)] = wave.bits
    return threshold, bits


def _rows(data: dict[str, Any], path: object) -> list[tuple[str, float, float]]:
    rows = data.get("modcods")
    if not rows or any(len(row) < 3 for row in rows):
        raise RabtaError(
            "waveform without modcods",
            file=path,
            key="modcods",
            expected="rows of name, efficiency, Es/N0 in dB",
        )
    return [(str(row[0]), float(row[1]), float(row[2])) for row in rows]
