"""Several antennas: zero forcing, linear minimum mean square error, maximum likelihood.

Symbols have unit mean energy. What comes out is unbiased: the symbol plus noise of the variance given.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import _kernels, qam

Complex = NDArray[np.complex64]
Floats = NDArray[np.float32]


def _prepare(
    received: ArrayLike, channel: ArrayLike, noise: ArrayLike
) -> tuple[Complex, Complex, Floats, tuple[int, ...]]:
    """Flat arrays, and the shape of what is asked for."""
    heard = np.asarray(received, dtype=np.complex64)
    matrix = np.asarray(channel, dtype=np.complex64)
    level = np.asarray(noise, dtype=np.float32)
    if heard.ndim < 1 or matrix.ndim < 2 or matrix.shape[-2] != heard.shape[-1]:
        raise RabtaError(
            "received antennas and channel do not fit",
            key="channel",
            value=f"received {heard.shape}, channel {matrix.shape}",
            expected="(..., antennas) and (..., antennas, layers)",
        )
    if not (level > 0.0).all():
        raise RabtaError("noise variance is not above zero", key="noise", expected="above 0")
    antennas, layers = matrix.shape[-2:]
    try:
        shape = np.broadcast_shapes(heard.shape[:-1], matrix.shape[:-2], level.shape)
    except ValueError:
        raise RabtaError(
            "received, channel and noise do not fit each other",
            key="noise",
            value=f"{heard.shape[:-1]}, {matrix.shape[:-2]}, {level.shape}",
            expected="the same leading axes",
        ) from None
    return (
        np.require(np.broadcast_to(heard, (*shape, antennas)), requirements=("C", "W")).reshape(-1, antennas),
        np.require(np.broadcast_to(matrix, (*shape, antennas, layers)), requirements=("C", "W")).reshape(
            -1, antennas, layers
        ),
        np.require(np.broadcast_to(level, shape), requirements=("C", "W")).reshape(-1),
        (*shape, layers),
    )


def _equalise(
    received: ArrayLike, channel: ArrayLike, noise: ArrayLike, load: float
) -> tuple[Complex, Floats]:
    heard, matrix, level, shape = _prepare(received, channel, noise)
    symbols = np.empty((len(heard), shape[-1]), dtype=np.complex64)
    variance = np.empty(symbols.shape, dtype=np.float32)
    _kernels.equalise(heard, matrix, level, load, symbols, variance)
    return symbols.reshape(shape), variance.reshape(shape)


def zf(received: ArrayLike, channel: ArrayLike, noise: ArrayLike) -> tuple[Complex, Floats]:
    """Zero forcing: the least squares solution.

    Parameters
    ----------
    received : array_like of complex, shape (..., antennas)
    channel : array_like of complex, shape (..., antennas, layers)
    noise : array_like, shape (...)
        Variance of the complex noise of an antenna, the error of the channel included.

    Returns
    -------
    symbols : ndarray of complex64, shape (..., layers)
    variance : ndarray of float32, shape (..., layers)
        Of the noise on each symbol: that of the antenna times the diagonal of (H^H H)^-1; where layers cannot
        be told apart, very large, and the symbol is 0.

    Raises
    ------
    RabtaError
        Sizes that contradict each other, more layers than antennas, noise that is not above zero.
    """
    matrix = np.asarray(channel)
    if matrix.ndim >= 2 and matrix.shape[-1] > matrix.shape[-2]:
        raise RabtaError(
            "zero forcing cannot tell more layers than antennas apart",
            key="channel",
            value=matrix.shape,
            expected=f"{matrix.shape[-2]} layers or fewer, or mimo.lmmse",
        )
    return _equalise(received, channel, noise, 0.0)


def lmmse(received: ArrayLike, channel: ArrayLike, noise: ArrayLike) -> tuple[Complex, Floats]:
    """Linear minimum mean square error, made unbiased: shapes and errors as in `zf`.

    With A = H^H H + s I and e = s diag(A^-1), the symbol is A^-1 H^H y / (1 - e) and its noise e / (1 - e):
    one layer's SINR is (1 - e) / e (Tse and Viswanath, Fundamentals of Wireless Communication, 8.3.3).
    """
    return _equalise(received, channel, noise, 1.0)


MOST_WORDS = 1 << 16  # words of all layers but one that are tried for each element


def ml(received: ArrayLike, channel: ArrayLike, noise: ArrayLike, order: int) -> Floats:
    """Log-likelihood ratios over all words of all layers together, max-log.

    Exact, since the last layer's best symbol is known where the others are given; work and time grow as
    2^(order x (layers - 1)).

    Parameters
    ----------
    received : array_like of complex, shape (..., antennas)
    channel : array_like of complex, shape (..., antennas, layers)
    noise : array_like, shape (...)
        Variance of the complex noise of an antenna.
    order : int
        Bits a symbol of every layer: 2, 4, 6, 8 or 10.

    Returns
    -------
    ndarray of float32, shape (..., layers, order)
        log P(0)/P(1).

    Raises
    ------
    RabtaError
        Sizes that contradict each other, or too many words.
    """
    qam.check_order(order)
    heard, matrix, level, shape = _prepare(received, channel, noise)
    words = 1 << (order * (shape[-1] - 1))
    if order == 1 or words > MOST_WORDS:
        raise RabtaError(
            "too many words to try them all, or no square modulation",
            key="order, layers",
            value=(order, shape[-1]),
            expected=f"an order of 2 or more and order x (layers - 1) up to {MOST_WORDS.bit_length() - 1}",
        )
    spacing, line = qam.tables(order)
    out = np.empty((len(heard), shape[-1], order), dtype=np.float32)
    _kernels.most_likely(heard, matrix, level, spacing, np.array(qam.points(order)), line, out)
    return out.reshape(*shape, order)


def k_best(
    received: ArrayLike,
    channel: ArrayLike,
    noise: ArrayLike,
    order: int,
    *,
    words: int = 32,
    limit: float = 20.0,
) -> Floats:
    """Log-likelihood ratios over the best ``words`` of all layers, max-log: for sizes too large for `ml`.

    Parameters
    ----------
    received, channel, noise, order
        As in `ml`; as many antennas as layers or more.
    words : int
        Kept after each layer.
    limit : float
        Largest ratio; also that of bits which all kept words share.

    Returns
    -------
    ndarray of float32, shape (..., layers, order)
        log P(0)/P(1); 0 where the layers cannot be told apart.

    Notes
    -----
    Z. Guo and P. Nilsson, "Algorithm and implementation of the K-best sphere decoding for MIMO detection",
    IEEE J. Sel. Areas Commun. 24 (2006) 491-503.
    """
    qam.check_order(order)
    heard, matrix, level, shape = _prepare(received, channel, noise)
    if order == 1 or words < 1 or not limit > 0.0:
        raise RabtaError(
            "no such search",
            key="order, words, limit",
            value=(order, words, limit),
            expected="an order of 2 or more, 1 word or more, a limit above 0",
        )
    if shape[-1] > heard.shape[-1]:
        raise RabtaError(
            "more layers than antennas",
            key="channel",
            value=matrix.shape[1:],
            expected=f"{heard.shape[-1]} layers or fewer",
        )
    spacing, line = qam.tables(order)
    out = np.empty((len(heard), shape[-1], order), dtype=np.float32)
    points = np.array(qam.points(order))
    _kernels.best_words(heard, matrix, level, spacing, points, line, words, limit, out)
    return out.reshape(*shape, order)
