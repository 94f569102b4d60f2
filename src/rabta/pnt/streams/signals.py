"""Signals and satellites as RTCM 3 multiple signal messages number them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Signal masks: RTCM 10403.3 tables 3.5-91 (GPS), 3.5-96 (GLONASS), 3.5-99 (Galileo), 3.5-102 (SBAS),
# 3.5-105 (QZSS), 3.5-108 (BeiDou); BeiDou-3 and NavIC: its amendments of 2020 and 2023.
_SIGNALS = {
    "G": "2:1C 3:1P 4:1W 8:2C 9:2P 10:2W 15:2S 16:2L 17:2X 22:5I 23:5Q 24:5X 30:1S 31:1L 32:1X",
    "R": "2:1C 3:1P 8:2C 9:2P",
    "E": "2:1C 3:1A 4:1B 5:1X 6:1Z 8:6C 9:6A 10:6B 11:6X 12:6Z 14:7I 15:7Q 16:7X 18:8I 19:8Q 20:8X "
    "22:5I 23:5Q 24:5X",
    "S": "2:1C 22:5I 23:5Q 24:5X",
    "J": "2:1C 9:6S 10:6L 11:6X 15:2S 16:2L 17:2X 22:5I 23:5Q 24:5X 30:1S 31:1L 32:1X",
    "C": "2:2I 3:2Q 4:2X 8:6I 9:6Q 10:6X 14:7I 15:7Q 16:7X 22:5D 23:5P 24:5X 25:7D 30:1D 31:1P 32:1X",
    "I": "22:5A",
}
SYSTEM_OF = {107: "G", 108: "R", 109: "E", 110: "S", 111: "J", 112: "C", 113: "I"}  # message number // 10


def table(system: str) -> NDArray[np.str_]:
    """RINEX codes of signals 1 to 32, shape (33,); blank where reserved."""
    codes = np.full(33, "", dtype="U2")
    for entry in _SIGNALS[system].split():
        number, code = entry.split(":")
        codes[int(number)] = code
    return codes


def number(system: str, code: str) -> int:
    """Signal number of a RINEX code; 0 where the message has no place for it."""
    found = np.flatnonzero(table(system) == code)
    return int(found[0]) if found.size else 0


def prn(system: str, satellite: NDArray[np.int64]) -> NDArray[np.int64]:
    """Satellite numbers as RINEX writes them: SBAS less 100, the others from 1."""
    return satellite + 19 if system == "S" else satellite
