"""Effective SINR: the one value at which a code over white noise fails as often as over unequal elements.

Mutual information per bit is averaged over the elements of a block and turned back into a ratio (MIESM: Wan,
Tsai and Almgren, IEEE WCNC 2006; the received-bit information rate of IEEE 802.16m-08/004, clause 4.3.2).
Information is that of bit-interleaved coded modulation on the Gray-mapped constellation, so that there is
nothing to fit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.link import transport
from rabta.radio.adaptation import awgn

Array = NDArray[np.float64]

LOWEST_DB, HIGHEST_DB, STEP_DB = -30.0, 45.0, 0.05


@cache
def _curve(order: int) -> tuple[Array, Array]:
    """Ratios in dB, and bits a symbol at each; rising.

    Below -15 dB every constellation of zero mean and equal axes carries what Gaussian symbols do to first
    order, so that the curve goes on in proportion to the ratio.
    """
    grid = np.arange(LOWEST_DB, HIGHEST_DB + STEP_DB / 2, STEP_DB)
    low = grid < -15.0
    bits = np.empty_like(grid)
    bits[~low] = awgn.capacity(order, grid[~low])
    first = bits[~low][0]
    bits[low] = first * 10.0 ** ((grid[low] - grid[~low][0]) / 10.0)
    bits = np.maximum.accumulate(np.minimum(bits, float(order)))
    return grid, bits


def information(sinr_db: ArrayLike, order: int) -> Array:
    """Bits a symbol at a ratio; below -30 dB none, above 45 dB all."""
    grid, bits = _curve(order)
    ratio = np.asarray(sinr_db, dtype=np.float64)
    return np.asarray(np.interp(ratio, grid, bits, left=0.0))


def sinr_db(
    sinr_db: ArrayLike, table: int | None = None, mcs: int | None = None, *, order: int | None = None,
    axis: int | tuple[int, ...] | None = -1,
) -> Array:  # fmt: skip
    """Effective ratio of elements with unequal ones.

    Parameters
    ----------
    sinr_db : array_like
        Ratio of each resource element (and layer) in dB, after equalisation; -inf for one that is lost.
    table, mcs : int
        MCS table and index, which give the bits a symbol; or
    order : int
        the bits a symbol: 1, 2, 4, 6, 8 or 10.
    axis : int, tuple or None
        Over which elements to average; None for all.

    Returns
    -------
    ndarray
        In dB, between the smallest and the largest of the elements.

    Raises
    ------
    RabtaError
        Neither an MCS nor an order, an unknown one, or no element.

    Examples
    --------
    >>> sinr_db([3.0, 3.0], order=2).round(2).tolist(), sinr_db([-50.0, 6.0], 1, 4).round(1).tolist()
    (3.0, -0.4)
    """
    if order is None:
        if table is None or mcs is None:
            raise RabtaError("no modulation", key="order", value=None, expected="table and mcs, or order")
        order = transport.mcs_row(table, mcs)[0]
    ratio = np.asarray(sinr_db, dtype=np.float64)
    if ratio.size == 0 or np.isnan(ratio).any():
        raise RabtaError(
            "no ratios", key="sinr_db", value=f"shape {ratio.shape}", expected="numbers, one or more"
        )
    if ratio.ndim == 0:
        return ratio
    grid, bits = _curve(order)
    mean = information(ratio, order).mean(axis=axis)
    last = int(np.searchsorted(bits, bits[-1]))  # the curve is flat behind it
    found = np.interp(mean, bits[: last + 1], grid[: last + 1])
    return np.asarray(np.clip(found, ratio.min(axis=axis), ratio.max(axis=axis)))
