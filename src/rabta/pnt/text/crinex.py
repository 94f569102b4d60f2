"""Compact RINEX 3 to RINEX: differences of a satellite's values from epoch to epoch, summed again.

Source: Y. Hatanaka, "A Compression Format and Tools for GNSS Observation Data", Bulletin of the GSI 55, 2008.
Files of version 1, and what is unusual in others (events between epochs), go through the `hatanaka` library.
"""

from __future__ import annotations

import numpy as np

LARGEST = 1 << 32  # bytes of the plain file that one pass may write
_SLOTS = 26 * 100 + 1
_LABEL = 60


def expand(raw: bytes) -> tuple[bytes, int, bool]:
    """Plain file up to the first line that is not understood, that line (from zero), and whether it is all.

    Gives nothing for other versions than 3.
    """
    from rabta.pnt.text import line_arrays
    from rabta.pnt.text._kernels import expand as kernel

    end = raw.find(b"END OF HEADER")
    end = raw.find(b"\n", end) + 1 if end > 0 else 0
    head = raw[:end].decode("ascii", "replace").splitlines()
    if not end or not head[0].startswith("3.0") or len(head) < 3:
        return b"", 0, False
    codes = _codes(head)
    data, first, last = line_arrays(raw)
    widest = int(codes.max())
    bound = first.size * (20 + 16 * widest) + 80
    if bound > LARGEST or widest == 0:
        return b"", 0, False
    terms, arcs = np.zeros((_SLOTS, widest, 6), np.int64), np.full((_SLOTS, widest, 2), -1, np.int8)
    flags = np.full((_SLOTS, 2 * widest), 32, np.uint8)
    top = raw[:end].split(b"\n", 2)[2].replace(b"\r", b"")
    out, state = np.empty(bound + len(top), np.uint8), np.array([len(head), len(top)], np.int64)
    out[: len(top)] = np.frombuffer(top, np.uint8)
    kernel(data, first, last, codes, terms, arcs, flags, np.full(_SLOTS, -2, np.int64), out, state)
    return out[: state[1]].tobytes(), int(state[0]), bool(state[0] == first.size)


def _codes(head: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number of codes by the system's letter."""
    found = np.zeros(128, np.int64)
    for row in head:
        if row[_LABEL:].strip() == "SYS / # / OBS TYPES" and row[0].isalpha() and row[0].isascii():
            count = row[3:6].strip()
            found[ord(row[0])] = int(count) if count.isdigit() and int(count) < 200 else 0
    return found
