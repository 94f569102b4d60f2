"""Satellites and signals as PPP-B2b numbers them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Signals and tracking modes of code biases, as RINEX 3.05 codes
SIGNALS: dict[str, dict[int, str]] = {
    "C": {0: "2I", 1: "1D", 2: "1P", 4: "5D", 5: "5P", 7: "7D", 8: "7P", 12: "6I"},
    "G": {0: "1C", 1: "1P", 4: "1L", 5: "1X", 7: "2L", 8: "2X", 11: "5I", 12: "5Q", 13: "5X"},
    "E": {1: "1B", 2: "1C", 4: "5Q", 5: "5I", 7: "7I", 8: "7Q", 11: "6C"},
    "R": {0: "1C", 1: "1P", 2: "2C"},
}
_FIRST = {"C": 0, "G": 63, "E": 100, "R": 137}  # slots before a system's in the mask
SLOTS = 174
_SYSTEM = np.array([" "] + ["C"] * 63 + ["G"] * 37 + ["E"] * 37 + ["R"] * 37)
_PRN = np.array([0, *range(1, 64), *range(1, 38), *range(1, 38), *range(1, 38)], dtype=np.int16)


def satellites(slots: ArrayLike) -> tuple[NDArray[np.str_], NDArray[np.int16]]:
    """System letters and numbers of slots; a blank and 0 where there is no such slot.

    Examples
    --------
    >>> [x.tolist() for x in satellites([1, 63, 64, 101, 174, 175])]
    [['C', 'C', 'G', 'E', 'R', ' '], [1, 63, 1, 1, 37, 0]]
    """
    index = np.asarray(slots, dtype=np.int64)
    index = np.where((index < 0) | (index > SLOTS), 0, index)
    return _SYSTEM[index], _PRN[index]


def slot(system: str, prn: int) -> int:
    """Slot of a satellite.

    Examples
    --------
    >>> slot("G", 5)
    68
    """
    return _FIRST[system] + prn


def codes(system: ArrayLike, modes: ArrayLike) -> NDArray[np.str_]:
    """RINEX codes of signal modes; blank where the mode is reserved.

    Examples
    --------
    >>> codes(["C", "G", "C"], [0, 0, 3]).tolist()
    ['2I', '1C', '']
    """
    letters, numbers = np.broadcast_arrays(system, modes)
    table = np.full((256, 16), "", dtype="U2")
    for letter, entry in SIGNALS.items():
        for mode, code in entry.items():
            table[ord(letter), mode] = code
    return np.asarray(table[letters.astype("U1").view(np.uint32).astype(np.intp) & 255, numbers])


def ura_m(ura_class: ArrayLike, ura_value: ArrayLike) -> NDArray[np.float64]:
    """User range accuracy, metres: not a number where undefined, 5.4665 where beyond the scale.

    Examples
    --------
    >>> ura_m([0, 3, 7], [0, 4, 7]).tolist()
    [nan, 0.053, 5.4665]
    """
    c, v = np.asarray(ura_class, dtype=np.float64), np.asarray(ura_value, dtype=np.float64)
    metres = (3.0**c * (1.0 + 0.25 * v) - 1.0) * 1e-3
    metres = np.where((c == 0) & (v == 0), np.nan, metres)
    return np.where((c == 7) & (v == 7), 5.4665, metres)
