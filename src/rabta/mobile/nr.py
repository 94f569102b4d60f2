"""Rates of New Radio: modulation and coding (TS 38.214), the SINR they need, peak rates (TS 38.306)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.units import from_db

Array = NDArray[np.float64]

# TS 38.214, table 5.1.3.1-2 (256QAM): bits a symbol and code rate x 1024 of MCS 0 to 27.
_ORDER = np.repeat([2, 4, 6, 8], [5, 6, 9, 8])
_RATE_1024 = np.fromstring(
    "120 193 308 449 602 378 434 490 553 616 658 466 517 567 616 666 719 772 822 873"
    " 682.5 711 754 797 841 885 916.5 948",
    sep=" ",
)
MCS_EFFICIENCY = _ORDER * _RATE_1024 / 1024.0
ATTENUATION = 0.6  # 3GPP TR 38.803, 5.2.7: attenuated Shannon bound, downlink
OVERHEAD_DOWN = 0.14  # TS 38.306, 4.1.2: FR1 downlink
SUBCARRIERS = 12
SYMBOLS = 14

MCS_SINR = 2.0 ** (MCS_EFFICIENCY / ATTENUATION) - 1.0  # power ratio from which each MCS works
LOWEST_SINR_DB = float(10.0 * np.log10(MCS_SINR[0]))


def efficiency(sinr_db: ArrayLike, layers: int = 1) -> Array:
    """Bits a resource element at an SINR: the best MCS on the best number of layers.

    An MCS works where its efficiency is within 0.6 log2(1 + SINR) (TR 38.803, 5.2.7). Power is split evenly
    over the layers, which are taken as separable.

    Examples
    --------
    >>> efficiency([-6.0, 0.0, 40.0]).round(4).tolist()
    [0.0, 0.377, 7.4062]
    """
    sinr = from_db(sinr_db)
    table = np.concatenate([[0.0], MCS_EFFICIENCY])
    ranks = range(1, layers + 1)
    each = [n * table[np.searchsorted(MCS_SINR, sinr / n, side="right")] for n in ranks]
    return np.asarray(np.max(each, axis=0))


def elements_a_second(blocks: ArrayLike, spacing_khz: ArrayLike) -> Array:
    """Resource elements a second of a carrier of so many resource blocks (TS 38.306, 4.1.2)."""
    symbols = SYMBOLS * np.asarray(spacing_khz, np.float64) / 15.0 * 1e3
    return np.asarray(np.asarray(blocks, np.float64) * SUBCARRIERS * symbols)


def rate_mbps(
    bits: ArrayLike, blocks: ArrayLike, spacing_khz: ArrayLike, down_share: ArrayLike = 1.0
) -> Array:
    """Downlink rate of a carrier at so many bits a resource element, control and reference signals taken off.

    Examples
    --------
    100 MHz, four layers of 256QAM, all slots down:

    >>> round(float(rate_mbps(4 * MCS_EFFICIENCY[-1], 273, 30.0)))
    2337
    """
    raw = np.asarray(bits, np.float64) * elements_a_second(blocks, spacing_khz) * np.asarray(down_share)
    return np.asarray(raw * (1.0 - OVERHEAD_DOWN) / 1e6)
