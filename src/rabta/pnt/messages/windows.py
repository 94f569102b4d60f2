"""Bit fields of many messages at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]

_WINDOW = 8  # bytes read for a field: room for 57 bits at any offset


class Windows:
    """Bit fields of messages, shape (message, byte), the first bit the most significant."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        padded = np.zeros((data.shape[0], data.shape[1] + _WINDOW), dtype=np.uint8)
        padded[:, : data.shape[1]] = data
        self._windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW, axis=1)
        self._message = np.arange(len(data))[:, None]
        self._last = 8 * data.shape[1]

    def unsigned(self, first: ArrayLike, bits: int) -> Ints:
        """Fields at bits ``first``, shape (field,) or (message, field), to (message, field).

        What lies beyond the end is zero.

        Examples
        --------
        >>> Windows(np.array([[0b10110000, 1]], dtype=np.uint8)).unsigned([0, 1, 12], 4).tolist()
        [[11, 6, 1]]
        """
        place = np.minimum(np.asarray(first, dtype=np.int64), self._last)
        window = self._windows[self._message, place >> 3]
        word = window.view(">u8")[..., 0].astype(np.uint64)
        shift = (64 - bits - (place & 7)).astype(np.uint64)
        return np.asarray((word >> shift) & np.uint64((1 << bits) - 1)).astype(np.int64)

    def signed(self, first: ArrayLike, bits: int) -> Ints:
        """Fields in two's complement."""
        raw = self.unsigned(first, bits)
        return np.where(raw >= 1 << (bits - 1), raw - (1 << bits), raw)
