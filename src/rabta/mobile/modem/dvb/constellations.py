"""Constellations and their soft decisions: EN 302 307-1, clause 5.4, and 302 307-2, clause 5.4."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.modem.dvb import _kernels
from rabta.mobile.modem.dvb.fec import codes
from rabta.mobile.modem.dvb.modcods import Modcod

C8 = NDArray[np.complex64]
F4 = NDArray[np.float32]
Bits = NDArray[np.uint8]

_FILE = Path(__file__).parent / "constellations.txt"


@cache
def _shapes() -> dict[str, tuple[str, list[str]]]:
    """Kind and points of every shape."""
    lines = [line for line in _FILE.read_text(encoding="ascii").splitlines() if not line.startswith("#")]
    found: dict[str, tuple[str, list[str]]] = {}
    at = 0
    while at < len(lines):
        name, kind, order = lines[at].split()
        tokens: list[str] = []
        while len(tokens) < 2 ** int(order):
            at += 1
            tokens += lines[at].split()
        found[name] = kind, tokens
        at += 1
    return found


@cache
def points(of: Modcod) -> NDArray[np.complex128]:
    """Points by label, of unit mean energy (to 5e-5 where the standard lists four decimals).

    Examples
    --------
    >>> from rabta.mobile.modem.dvb.modcods import modcod
    >>> points(modcod("QPSK 1/2")).round(3)
    array([ 0.707+0.707j,  0.707-0.707j, -0.707+0.707j, -0.707-0.707j])
    """
    kind, tokens = _shapes()[of.shape]
    if kind == "polar":
        parts = [token.split("@") for token in tokens]
        radius = np.array([of.radii[int(ring)] for ring, _ in parts])
        raw = radius * np.exp(1j * np.pi * np.array([float(Fraction(phase)) for _, phase in parts]))
        return np.asarray(raw / np.sqrt(np.mean(np.abs(raw) ** 2)), dtype=np.complex128)
    return np.array([complex(*map(float, token.split(","))) for token in tokens])


def modulate(bits: ArrayLike, of: Modcod) -> NDArray[np.complex128]:
    """Symbols of coded frames through the bit interleaver, whole slots.

    Frames of 128APSK are filled up: six zeros, then twelve symbols of ones (302 307-2, clause 5.3.3 and 5.5).

    Parameters
    ----------
    bits : array_like of 0 and 1, shape (frame, N)

    Returns
    -------
    ndarray of complex, shape (frame, slots x 90)
    """
    frames = np.atleast_2d(np.asarray(bits, dtype=np.uint8))
    wanted = codes.code(of.code).bits
    if frames.shape[1] != wanted:
        raise RabtaError("wrong length of frames", key="bits", value=frames.shape[1], expected=str(wanted))
    filled = np.pad(frames, ((0, 0), (0, of.symbols * of.order - wanted)))
    weights = 1 << np.arange(of.order - 1, -1, -1)
    if of.order == 2:
        labels = filled.reshape(len(frames), -1, 2) @ weights
    else:
        read = filled.reshape(len(frames), of.order, -1)[:, list(of.columns)]
        labels = np.tensordot(weights, read, axes=([0], [1]))
    labels = np.pad(labels, ((0, 0), (0, of.slots * 90 - of.symbols)), constant_values=2**of.order - 1)
    made: NDArray[np.complex128] = points(of)[labels]
    return made


def demodulate(symbols: ArrayLike, noise_variance: float, of: Modcod) -> F4:
    """Log-likelihood ratios of coded bits, positive for a zero, in the order of the code: all points counted.

    Parameters
    ----------
    symbols : array_like of complex, shape (at least `Modcod.symbols`,)
        Of one frame, without pilots; unit mean energy.
    noise_variance : float
        Of the complex noise.

    Returns
    -------
    ndarray of float32, shape (N,)
    """
    received = np.ascontiguousarray(np.asarray(symbols, dtype=np.complex64)[: of.symbols])
    if of.order == 2:  # the two bits are a real number each
        scale = np.float32(2.0 * np.sqrt(2.0) / noise_variance)
        return received.view(np.float32) * scale
    made = np.empty((of.order, of.symbols), dtype=np.float32)
    table, certainty = points(of).astype(np.complex64), np.float32(1.0 / noise_variance)
    blocks = -(-of.symbols // _kernels.BLOCK)
    _kernels.demodulate(0, blocks, received.view(np.float32), table.view(np.float32), certainty, made)
    ratios = np.empty_like(made)
    ratios[list(of.columns)] = made
    return ratios.ravel()[: codes.code(of.code).bits]


def demodulate_reference(symbols: C8, noise_variance: float, of: Modcod) -> F4:
    """The kernel's ratios in NumPy, shape (bit, symbol)."""
    table = points(of)
    fits = -(np.abs(symbols[:, None] - table) ** 2) / noise_variance
    labels, made = np.arange(len(table)), []
    for b in range(of.order - 1, -1, -1):
        one = labels >> b & 1 == 1
        sums = [np.logaddexp.reduce(fits[:, part], axis=1) for part in (~one, one)]
        made.append(sums[0] - sums[1])
    return np.array(made, dtype=np.float32)
