"""From a baseband frame to coded bits and back: BCH inside LDPC."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.mobile.modem.dvb.fec import bch, ldpc
from rabta.mobile.modem.dvb.fec.codes import Code

Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Decoded:
    """Decoded frames.

    Attributes
    ----------
    bits : ndarray of uint8, shape (frame, K)
    ok : ndarray of bool, shape (frame,)
        The BCH code found a codeword.
    corrected : ndarray of int, shape (frame,)
        Bits that the BCH code corrected, -1 where it could not.
    iterations : ndarray of int, shape (frame,)
        Of the LDPC decoder.
    """

    bits: Bits
    ok: NDArray[np.bool_]
    corrected: NDArray[np.int64]
    iterations: NDArray[np.int64]


def encode(code: Code, frames: ArrayLike) -> Bits:
    """Coded bits of baseband frames, shape (frame, N)."""
    return ldpc.encode(code, bch.encode(code, frames))


def decode(code: Code, ratios: ArrayLike, iterations: int = ldpc.ITERATIONS) -> Decoded:
    """Baseband frames of log-likelihood ratios, shape (frame, N), positive for a zero."""
    words, used = ldpc.decode(code, ratios, iterations)
    bits, corrected = bch.decode(code, words)
    return Decoded(bits, corrected >= 0, corrected, used)
