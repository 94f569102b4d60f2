"""Subframes of RXM-SFRBX as u-blox packs them into words of 32 bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.messages import d1d2, lnav
from rabta.pnt.messages.collect import Collector
from rabta.pnt.messages.fields import Bits

# Systems and signals (u-blox's identifiers) that carry messages we read
_LNAV = {(0, 0), (5, 0)}
_D1D2 = {(3, 0), (3, 1), (3, 2), (3, 3), (3, 4), (3, 10)}
_D2 = {(3, 1), (3, 3), (3, 10)}
_INAV = {(2, 1), (2, 5)}
_FDMA = {(6, 0), (6, 2)}


def take(collector: Collector, payload: bytes, time: int) -> bool:
    """Hand a message's subframe to a collector; whether it was one that we read and its check held."""
    if len(payload) < 8 or len(payload) < 8 + 4 * payload[4]:
        return False
    signal, prn, count = (payload[0], payload[2]), payload[1], payload[4]
    words = np.frombuffer(payload[8 : 8 + 4 * count], dtype="<u4")
    if signal in _LNAV and count == 10:
        bits = lnav.checked(_thirty(words))
        letter = "G" if signal[0] == 0 else "J"
        return bits is not None and collector.add(letter, prn, "LNAV", bits, time)
    if signal in _D1D2 and count == 10:
        kind = "D2" if prn in d1d2.GEO or signal in _D2 else "D1"  # older receivers tell no signal
        return collector.add("C", prn, kind, _thirty(words), time)
    if signal in _INAV and count >= 8:
        bits = _thirty_two(words)
        return collector.add("E", prn, "INAV", np.concatenate([bits[:120], bits[128:248]]), time)
    if signal in _FDMA and count >= 3 and 1 <= prn <= 32:
        return collector.add("R", prn, "FDMA", _thirty_two(words)[:85], time, slot=payload[3] - 7)
    return False


def _thirty(words: NDArray[np.uint32]) -> Bits:
    return np.unpackbits(words.astype(">u4").view(np.uint8)).reshape(-1, 32)[:, 2:].ravel()


def _thirty_two(words: NDArray[np.uint32]) -> Bits:
    return np.unpackbits(words.astype(">u4").view(np.uint8))
