"""The kernels of the waveform in plain NumPy, for contract tests."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def gold(c_init: int, count: int) -> NDArray[np.uint8]:
    """Gold sequence bit by bit: TS 38.211, clause 5.2.1."""
    total = 1600 + count
    x = np.zeros(total + 31, dtype=np.uint8)
    y = np.zeros(total + 31, dtype=np.uint8)
    x[0] = 1
    y[:31] = [(c_init >> i) & 1 for i in range(31)]
    for n in range(total):
        x[n + 31] = x[n + 3] ^ x[n]
        y[n + 31] = y[n + 3] ^ y[n + 2] ^ y[n + 1] ^ y[n]
    return np.asarray(x[1600:total] ^ y[1600:total])


def _labels(points: NDArray[np.complex128]) -> NDArray[np.int64]:
    order = int(np.log2(len(points)))
    return (np.arange(len(points))[:, None] >> np.arange(order - 1, -1, -1)) & 1


def modulate(bits: NDArray[np.uint8], points: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Points of words of bits, shape (symbol, bit), first bit first."""
    weights = 1 << np.arange(bits.shape[1] - 1, -1, -1)
    return np.asarray(points[bits @ weights])


def _metrics(
    symbols: NDArray[np.complex128], noise: NDArray[np.float64], points: NDArray[np.complex128]
) -> NDArray[np.float64]:
    return np.asarray(-(np.abs(symbols[:, None] - points) ** 2) / noise[:, None])


def max_log(
    symbols: NDArray[np.complex128], noise: NDArray[np.float64], points: NDArray[np.complex128]
) -> NDArray[np.float64]:
    """Best point with a zero against best point with a one, of all points, shape (symbol, bit)."""
    metric, labels = _metrics(symbols, noise, points), _labels(points)
    zero = [metric[:, column == 0].max(axis=1) for column in labels.T]
    one = [metric[:, column == 1].max(axis=1) for column in labels.T]
    return np.asarray(np.stack(zero, axis=1) - np.stack(one, axis=1))


def exact(
    symbols: NDArray[np.complex128], noise: NDArray[np.float64], points: NDArray[np.complex128]
) -> NDArray[np.float64]:
    """Sums of probabilities over all points, shape (symbol, bit)."""
    metric, labels = _metrics(symbols, noise, points), _labels(points)
    zero = [np.logaddexp.reduce(metric[:, column == 0], axis=1) for column in labels.T]
    one = [np.logaddexp.reduce(metric[:, column == 1], axis=1) for column in labels.T]
    return np.asarray(np.stack(zero, axis=1) - np.stack(one, axis=1))


def equalise(
    received: NDArray[np.complex128], channel: NDArray[np.complex128], noise: NDArray[np.float64], load: float
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Linear equaliser by matrix inversion, shapes (element, antenna[, layer]), unbiased."""
    adjoint = channel.conj().swapaxes(-1, -2)
    eye = np.eye(channel.shape[-1])
    inverse = np.linalg.inv(adjoint @ channel + load * noise[:, None, None] * eye)
    symbols = (inverse @ adjoint @ received[..., None])[..., 0]
    error = noise[:, None] * np.einsum("nii->ni", inverse).real
    gain = 1.0 - load * error
    return np.asarray(symbols / gain), np.asarray(error / gain)


def most_likely(
    received: NDArray[np.complex128],
    channel: NDArray[np.complex128],
    noise: NDArray[np.float64],
    points: NDArray[np.complex128],
) -> NDArray[np.float64]:
    """Max-log ratios by the distances of every word of all layers, shape (element, layer, bit)."""
    layers, count = channel.shape[-1], len(points)
    words = np.stack(np.meshgrid(*[np.arange(count)] * layers, indexing="ij"), axis=-1).reshape(-1, layers)
    distance = np.abs(received[:, None] - np.einsum("nal,wl->nwa", channel, points[words])) ** 2
    metric = distance.sum(axis=-1) / noise[:, None]
    labels = _labels(points)[words]
    zero = np.where(labels[None] == 0, metric[:, :, None, None], np.inf).min(axis=1)
    one = np.where(labels[None] == 1, metric[:, :, None, None], np.inf).min(axis=1)
    return np.asarray(one - zero)
