"""CRC-24Q of many messages at once."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.messages.checks import crc24q_table


@cache
def _table() -> NDArray[np.int32]:
    return np.array(crc24q_table(), dtype=np.int32)


def crc24q(data: NDArray[np.uint8]) -> NDArray[np.int32]:
    """CRC-24Q of each row of bytes, shape (row, byte) to (row,)."""
    table = _table()
    value = np.zeros(len(data), dtype=np.int32)
    for byte in np.ascontiguousarray(data.T):
        value = ((value << 8) & 0xFFFFFF) ^ table[(value >> 16) ^ byte]
    return value
