"""Block error rates of every MCS in white noise, and the ratio that each needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.link import transport
from rabta.radio.adaptation import awgn

Array = NDArray[np.float64]

BITS = 8424
"""Transport block of thresholds: one code block of nearly the longest."""


def bler(table: int, mcs: int, snr_db: ArrayLike, bits: float = BITS) -> Array:
    """Block error rate of a first transmission at an Es/N0 of a symbol, in white noise.

    Parameters
    ----------
    table, mcs : int
        MCS table 1 to 6, and index: `rabta.mobile.phy.link.transport`.
    snr_db : array_like
        Es/N0, or the effective SINR of unequal elements: `effective.sinr_db`.
    bits : float
        Transport block.
    """
    from scipy.special import ndtr

    middle, width = _line(table, mcs, bits)
    return np.asarray(ndtr((middle - np.asarray(snr_db, dtype=np.float64)) / width))


def threshold_db(table: int, mcs: int, bler: float = 0.1, bits: float = BITS) -> float:
    """Es/N0 at which the block error rate is as given."""
    from scipy.special import ndtri

    if not 0.0 < bler < 1.0:
        raise RabtaError("no error rate", key="bler", value=bler, expected="between 0 and 1")
    middle, width = _line(table, mcs, bits)
    return float(middle - width * ndtri(bler))


def _line(table: int, mcs: int, bits: float) -> tuple[float, float]:
    order, rate = transport.mcs_row(table, mcs)
    width = 0.25 * np.sqrt(BITS / bits)
    return float(awgn.required_es_n0_db(order, order * rate)) - 1.28 * width, width
