"""Channel quality indices of 5G NR: 3GPP TS 38.214, tables 5.2.2.1-2 to 5.2.2.1-5."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.radio.adaptation import awgn

Array = NDArray[np.float64]

RECOMMENDATION = "3GPP TS 38.214 V18"
# (bits a symbol, code rate x 1024) of CQI 1 to 15
CQI_TABLES: dict[int, tuple[tuple[int, float], ...]] = {
    1: (
        *((2, 78), (2, 120), (2, 193), (2, 308), (2, 449), (2, 602), (4, 378), (4, 490), (4, 616)),
        *((6, 466), (6, 567), (6, 666), (6, 772), (6, 873), (6, 948)),
    ),
    2: (
        *((2, 78), (2, 193), (2, 449), (4, 378), (4, 490), (4, 616), (6, 466), (6, 567), (6, 666)),
        *((6, 772), (6, 873), (8, 711), (8, 797), (8, 885), (8, 948)),
    ),
    3: (
        *((2, 30), (2, 50), (2, 78), (2, 120), (2, 193), (2, 308), (2, 449), (2, 602), (4, 378)),
        *((4, 490), (4, 616), (6, 466), (6, 567), (6, 666), (6, 772)),
    ),
    4: (
        *((2, 78), (2, 193), (2, 449), (4, 378), (4, 616), (6, 567), (6, 666), (6, 772), (6, 873)),
        *((8, 711), (8, 797), (8, 885), (8, 948), (10, 853), (10, 948)),
    ),
}


def _rows(table: int) -> tuple[tuple[int, float], ...]:
    if table not in CQI_TABLES:
        raise RabtaError("no such CQI table", key="table", value=table, expected="1 to 4")
    return CQI_TABLES[table]


def cqi_efficiency(table: int = 2) -> Array:
    """Bits a symbol of CQI 1 to 15.

    Examples
    --------
    >>> cqi_efficiency(1)[[0, 14]].round(4).tolist()
    [0.1523, 5.5547]
    """
    return np.array([order * rate / 1024.0 for order, rate in _rows(table)])


def cqi(es_n0_db: ArrayLike, table: int = 2, gap_db: float = awgn.GAP_DB) -> NDArray[np.int64]:
    """Index that a terminal reports at an Es/N0: 0 where none works.

    The standard leaves the mapping to the terminal (10 % block errors); here an index works from the Es/N0 at
    which its efficiency fits into the capacity, with the gap of `rabta.radio.adaptation.awgn`.
    """
    need = [
        float(awgn.required_es_n0_db(order, order * rate / 1024.0, gap_db)) for order, rate in _rows(table)
    ]
    order = np.maximum.accumulate(need)
    return np.asarray(np.searchsorted(order, np.asarray(es_n0_db, dtype=np.float64), side="right"))
