"""H3 indices as whole arrays of integers: validity, resolution, parent, and their text.

An index is 64 bits: a reserved bit 0, mode 1 in four bits, three reserved bits, the resolution in four, the
base cell (0 to 121) in seven, then fifteen digits of three bits, 7 beyond the resolution (h3geo.org,
documentation, "Index bit layout"). The twelve pentagons among the base cells lack the sub-cells whose first
digit that is not zero is 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Index = NDArray[np.uint64]

FINEST = 15
BASE_CELLS = 122
PENTAGONS = (4, 14, 24, 38, 49, 58, 63, 72, 83, 97, 107, 117)
_RESOLUTION, _BASE = np.uint64(52), np.uint64(45)


def resolution(index: Index) -> NDArray[np.int64]:
    """Resolution of each index, 0 to 15."""
    return np.asarray((index >> _RESOLUTION) & np.uint64(15), dtype=np.int64)


def parent(index: Index, level: ArrayLike) -> Index:
    """Ancestor at a resolution that is not finer than the index's own.

    Examples
    --------
    >>> import h3
    >>> cell = h3.latlng_to_cell(31.55, 74.34, 7)
    >>> texts(parent(numbers([cell]), 5)) == [h3.cell_to_parent(cell, 5)]
    True
    """
    coarse = np.minimum(np.asarray(level, dtype=np.int64), resolution(index))
    beyond = (np.uint64(1) << (3 * (FINEST - coarse)).astype(np.uint64)) - np.uint64(1)
    cleared = index & ~(np.uint64(15) << _RESOLUTION)
    return np.asarray(cleared | (coarse.astype(np.uint64) << _RESOLUTION) | beyond, dtype=np.uint64)


def valid(index: Index) -> NDArray[np.bool_]:
    """True where the index names a cell."""
    base = (index >> _BASE) & np.uint64(127)
    good = (index >> np.uint64(56) == np.uint64(8)) & (base < BASE_CELLS)
    level = resolution(index)
    leading = np.zeros(index.shape, dtype=np.uint64)  # first digit that is not zero
    for place in range(1, FINEST + 1):
        digit = (index >> np.uint64(3 * (FINEST - place))) & np.uint64(7)
        good &= (digit == np.uint64(7)) == (place > level)
        leading = np.where((leading == 0) & (place <= level), digit, leading)
    return np.asarray(good & ~(np.isin(base, PENTAGONS) & (leading == np.uint64(1))))


def numbers(values: Sequence[object] | NDArray[np.generic]) -> Index:
    """Integers of indices that may be integers or hexadecimal texts; 0, which names no cell, where neither.

    Examples
    --------
    >>> numbers(["87424d06effffff", "Lahore"]).tolist()
    [609152327235928063, 0]
    """
    array = np.asarray(values)
    if array.dtype.kind == "u":
        return array.astype(np.uint64)
    if array.dtype.kind == "i":
        return np.where(array < 0, 0, array).astype(np.uint64)
    return np.asarray([_number(value) for value in array.tolist()], dtype=np.uint64)


def _number(value: object) -> int:
    try:
        found = value if isinstance(value, int) else int(str(value), 16)
    except ValueError:
        return 0
    return found if 0 <= found < 1 << 64 else 0


def texts(index: Iterable[int] | Index) -> list[str]:
    """Hexadecimal text of each index, as H3 writes it."""
    return [f"{value:x}" for value in (index.tolist() if isinstance(index, np.ndarray) else index)]
