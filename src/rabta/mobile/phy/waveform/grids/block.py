"""The synchronisation block: where PSS, SSS and PBCH lie, and in which symbols blocks start.

3GPP TS 38.211, clause 7.4.3; TS 38.213, clause 4.1.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.phy.waveform import pilots

Complex = NDArray[np.complex64]
Mask = NDArray[np.bool_]

SYMBOLS = 4
SUBCARRIERS = 240
FIRST = 56  # subcarrier at which PSS and SSS start
PBCH_BITS = 864
PERIOD_S = 0.02  # at which a receiver first expects blocks: TS 38.213, clause 4.1

_CASES: dict[str, tuple[int, tuple[int, ...], int, tuple[int, ...]]] = {
    "A": (15, (2, 8), 14, (0, 1, 2, 3)),
    "B": (30, (4, 8, 16, 20), 28, (0, 1)),
    "C": (30, (2, 8), 14, (0, 1, 2, 3)),
    "D": (120, (4, 8, 16, 20), 28, tuple(n for n in range(19) if n % 5 != 4)),
    "E": (240, (8, 12, 16, 20, 32, 36, 40, 44), 56, tuple(n for n in range(9) if n % 5 != 4)),
    "F": (480, (2, 9), 14, tuple(range(32))),
    "G": (960, (2, 9), 14, tuple(range(32))),
}
"""Spacing in kHz, symbols in a group, group length, groups of the half frame: TS 38.213, clause 4.1."""


def starts(case: str, most: int = 8) -> tuple[int, ...]:
    """First symbol of each candidate block, counted from the half frame.

    Parameters
    ----------
    case : str
        A to G; the spacing goes with it: `spacing_khz`.
    most : int
        L_max: 4 below 3 GHz (cases A to C), else 8; cases D to G have 64.
    """
    _, symbols, length, groups = _case(case)
    every = tuple(symbol + length * n for n in groups for symbol in symbols)
    return every[:most] if case in "ABC" else every


def _case(case: str) -> tuple[int, tuple[int, ...], int, tuple[int, ...]]:
    if case not in _CASES:
        raise RabtaError(
            "no such pattern of synchronisation blocks", key="case", value=case, expected=", ".join(_CASES)
        )
    return _CASES[case]


def spacing_khz(case: str) -> int:
    """Subcarrier spacing of a pattern."""
    return _case(case)[0]


def _whole() -> Mask:
    """PBCH with its pilots, shape (symbol, subcarrier): table 7.4.3.1-1."""
    out = np.zeros((SYMBOLS, SUBCARRIERS), dtype=bool)
    out[1] = out[3] = True
    out[2, :48] = out[2, 192:] = True
    return out


@cache
def places(cell: int) -> tuple[Mask, Mask]:
    """PBCH and its pilots for a cell, both of shape (symbol, subcarrier)."""
    pilot = np.zeros((SYMBOLS, SUBCARRIERS), dtype=bool)
    pilot[:, cell % 4 :: 4] = True
    whole = _whole()
    return whole & ~pilot, whole & pilot


def known(cell: int, index: int) -> Complex:
    """Everything of a block but the PBCH's data, shape (symbol, subcarrier)."""
    out = np.zeros((SYMBOLS, SUBCARRIERS), dtype=np.complex64)
    out[0, FIRST : FIRST + 127] = pilots.pss(cell % 3)
    out[2, FIRST : FIRST + 127] = pilots.sss(cell)
    out[places(cell)[1]] = pilots.pbch(cell, index)
    return out


def grid(cell: int, index: int, data: ArrayLike) -> Complex:
    """A block, shape (symbol, subcarrier).

    Parameters
    ----------
    cell : int
        N_ID, 0 to 1007.
    index : int
        As in `pilots.pbch`.
    data : array_like of complex, shape (432,)
        PBCH symbols.
    """
    symbols = np.asarray(data, dtype=np.complex64)
    where = places(cell)[0]
    if symbols.shape != (int(where.sum()),):
        raise RabtaError(
            "symbols do not fill the PBCH", key="data", value=symbols.shape, expected=f"({int(where.sum())},)"
        )
    out = known(cell, index)
    out[where] = symbols
    return out


def take(received: ArrayLike, cell: int) -> NDArray[Any]:
    """PBCH elements of blocks, shape (..., symbol, subcarrier), as (..., 432)."""
    values = np.asarray(received)
    return np.asarray(values[..., places(cell)[0]])
