"""What a modulation carries in white Gaussian noise, and the Es/N0 that a code over it needs.

The abstraction behind the thresholds of the NR waveforms: the standard prints none. A bit-interleaved code on
a Gray-mapped square constellation carries at most the sum of the mutual informations of its bits
(Caire, Taricco, Biglieri, IEEE Trans. Inf. Theory 44, 1998, equation (15)); a real code of finite length
needs a gap more.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Array = NDArray[np.float64]

GAP_DB = 1.0  # modelled: LDPC blocks of finite length at 10 % block errors
ORDERS = (1, 2, 4, 6, 8, 10)
_NODES = 64


@cache
def _amplitudes(bits: int) -> tuple[Array, NDArray[np.int64]]:
    """Points of unit-energy amplitude modulation with their Gray labels."""
    count = 1 << bits
    points = np.arange(count) * 2.0 - (count - 1)
    labels = np.arange(count) ^ (np.arange(count) >> 1)
    return points / np.sqrt(np.mean(points**2)), labels


def _real_capacity(bits: int, snr: Array) -> Array:
    """Bits of Gray-labelled amplitude modulation at a ratio of its energy to the variance of the noise."""
    points, labels = _amplitudes(bits)
    nodes, weights = np.polynomial.hermite.hermgauss(_NODES)
    sigma = 1.0 / np.sqrt(snr)[..., None, None]
    seen = points[:, None] + np.sqrt(2.0) * sigma * nodes
    density = np.exp(-((seen[..., None] - points) ** 2) / (2.0 * sigma[..., None] ** 2))
    total = density.sum(axis=-1)
    lost = np.zeros(np.shape(snr))
    for bit in range(bits):
        same = ((labels[:, None] ^ labels) >> bit & 1) == 0
        likely = np.einsum("...ijk,ik->...ij", density, same.astype(np.float64))
        ratio = np.log2(np.maximum(total, 1e-300) / np.maximum(likely, 1e-300))
        lost += np.einsum("...ij,j->...", ratio, weights) / (len(points) * np.sqrt(np.pi))
    return np.asarray(bits - lost)


def capacity(order: int, es_n0_db: ArrayLike) -> Array:
    """Bits a symbol that a bit-interleaved code on Gray-mapped 2^order QAM (or BPSK) can carry.

    Parameters
    ----------
    order : int
        Bits a symbol: 1, or an even number up to 10.
    es_n0_db : array_like
        Energy of a symbol over the noise's density.

    Examples
    --------
    >>> capacity(2, [0.0, 20.0]).round(3).tolist()
    [0.972, 2.0]
    """
    if order not in ORDERS:
        raise RabtaError("no such modulation order", key="order", value=order, expected=f"one of {ORDERS}")
    snr = 10.0 ** (np.asarray(es_n0_db, dtype=np.float64) / 10.0)
    if order == 1:
        return _real_capacity(1, 2.0 * snr)
    return 2.0 * _real_capacity(order // 2, snr)


@cache
def _curve(order: int) -> tuple[Array, Array]:
    grid = np.arange(-20.0, 45.01, 0.05)
    return grid, capacity(order, grid)


def required_es_n0_db(order: int, bits: ArrayLike, gap_db: float = GAP_DB) -> Array:
    """Es/N0 at which a code carries so many bits a symbol: that of the capacity and a gap.

    Raises
    ------
    RabtaError
        More bits than 99.9 % of the order, or fewer than the curve holds at -20 dB.

    Examples
    --------
    >>> required_es_n0_db(2, 0.2344).round(2).tolist()
    -6.53
    """
    wanted = np.asarray(bits, dtype=np.float64)
    grid, curve = _curve(order)
    if not ((wanted > curve[0]) & (wanted < 0.999 * order)).all():
        raise RabtaError(
            "bits a symbol outside the curve", key="bits", value=wanted.tolist(),
            expected=f"{curve[0]:.3g} to {0.999 * order:g}",
        )  # fmt: skip
    rising = np.concatenate([[True], np.diff(curve) > 0.0])
    return np.asarray(np.interp(wanted, curve[rising], grid[rising]) + gap_db)
