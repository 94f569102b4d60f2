"""Precoders: singular vectors with water-filling, and the type I codebook of TS 38.214, clause 5.2.2.2.1."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError

Complex = NDArray[np.complexfloating[Any, Any]]
Floats = NDArray[np.float64]

# Columns, rows and oversampling of a panel by its ports: table 5.2.2.2.1-2.
PANELS = {
    4: (((2, 1), (4, 1)),),
    8: (((2, 2), (4, 4)), ((4, 1), (4, 1))),
    12: (((3, 2), (4, 4)), ((6, 1), (4, 1))),
    16: (((4, 2), (4, 4)), ((8, 1), (4, 1))),
    24: (((4, 3), (4, 4)), ((6, 2), (4, 4)), ((12, 1), (4, 1))),
    32: (((4, 4), (4, 4)), ((8, 2), (4, 4)), ((16, 1), (4, 1))),
}


def svd(channel: ArrayLike, layers: int) -> tuple[Complex, Floats]:
    """Best precoder of a known channel, and the gains of its layers.

    Parameters
    ----------
    channel : array_like of complex, shape (..., antennas, ports)
    layers : int
        1 to the lesser of antennas and ports.

    Returns
    -------
    precoder : ndarray of complex, shape (..., ports, layers)
        Columns of unit norm over the square root of the layers: total power 1.
    gains : ndarray of float64, shape (..., layers)
        Squared singular values.

    Notes
    -----
    D. Tse and P. Viswanath, Fundamentals of Wireless Communication, 2005, section 7.1.1.
    """
    matrix = np.asarray(channel)
    if matrix.ndim < 2 or not 1 <= layers <= min(matrix.shape[-2:]):
        expected = (
            f"1 to {min(matrix.shape[-2:])}" if matrix.ndim >= 2 else "a channel (..., antennas, ports)"
        )
        raise RabtaError("the channel has no such layers", key="layers", value=layers, expected=expected)
    _, singular, right = np.linalg.svd(matrix, full_matrices=False)
    vectors = right[..., :layers, :].conj().swapaxes(-1, -2) / np.sqrt(layers)
    return vectors, np.asarray(singular[..., :layers] ** 2, dtype=np.float64)


def water_filling(gains: ArrayLike, power: float = 1.0) -> Floats:
    """Shares of power that give the most capacity on parallel channels of unit noise, shape (..., channel).

    Tse and Viswanath, section 5.3.3: power is the level less the inverse gain where that is above zero.
    """
    gain = np.maximum(np.asarray(gains, dtype=np.float64), 1e-300)
    if not power > 0.0:
        raise RabtaError("no power to share", key="power", value=power, expected="above 0")
    inverse = np.sort(1.0 / gain, axis=-1)
    count = np.arange(1, gain.shape[-1] + 1)
    levels = (power + np.cumsum(inverse, axis=-1)) / count
    used = np.maximum((levels > inverse).sum(axis=-1, keepdims=True), 1)
    level = np.take_along_axis(levels, used - 1, axis=-1)
    return np.asarray(np.maximum(level - 1.0 / gain, 0.0))


def _beam(columns: int, rows: int, over: tuple[int, int], place: tuple[int, int]) -> Complex:
    """Vector v of a place on the grid of beams: clause 5.2.2.2.1."""
    across = np.exp(2j * np.pi * place[0] * np.arange(columns) / (over[0] * columns))
    up = np.exp(2j * np.pi * place[1] * np.arange(rows) / (over[1] * rows)) if rows > 1 else np.ones(1)
    return np.asarray(np.kron(across, up))


def _second(columns: int, rows: int, over: tuple[int, int], layers: int) -> list[tuple[int, int]]:
    """How far the second beam lies from the first: tables 5.2.2.2.1-3 (two layers) and -4 (three, four)."""
    o1, o2 = over
    if layers > 2:
        far = {
            (2, 1): [(1, 0)],
            (4, 1): [(1, 0), (2, 0), (3, 0)],
            (6, 1): [(1, 0), (2, 0), (3, 0), (4, 0)],
            (2, 2): [(1, 0), (0, 1), (1, 1)],
            (3, 2): [(1, 0), (0, 1), (1, 1), (2, 0)],
        }
        return [(a * o1, b * o2) for a, b in far[columns, rows]]
    if rows > 1:
        last = (o1, o2) if columns == rows else (2 * o1, 0)
        return [(0, 0), (o1, 0), (0, o2), last]
    return [(0, 0), (o1, 0)] if columns == 2 else [(k * o1, 0) for k in range(4)]


def _two_ports(layers: int) -> Complex:
    """Table 5.2.2.2.1-1."""
    turns = np.array([1, 1j, -1, -1j])
    if layers == 1:
        return np.asarray(np.stack([np.ones(4), turns], axis=-1)[..., None] / np.sqrt(2.0))
    return np.array([[[1, 1], [turn, -turn]] for turn in turns[:2]]) * (0.5 + 0.0j)


def _stack(first: Complex, second: Complex, turn: complex, layers: int) -> Complex:
    """Both polarisations: the second one turned, and against the first in the layers' other half."""
    beams = {1: [first], 2: [first, second], 3: [first, second, first], 4: [first, second, first, second]}[
        layers
    ]
    signs = {1: [1], 2: [1, -1], 3: [1, 1, -1], 4: [1, 1, -1, -1]}[layers]
    upper = np.stack(beams, axis=-1)
    lower = np.stack([sign * turn * beam for sign, beam in zip(signs, beams, strict=True)], axis=-1)
    return np.asarray(np.concatenate([upper, lower]) / np.sqrt(2.0 * len(first) * layers))


def type_one(ports: int, layers: int, panel: tuple[int, int] | None = None) -> Complex:
    """Every precoder of the type I single-panel codebook, mode 1, shape (index, port, layer).

    The index runs over i_1,1, i_1,2, i_1,3 and i_2, the last fastest.

    Parameters
    ----------
    ports : int
        CSI-RS ports: 2, 4, 8, 12, 16, 24 or 32.
    layers : int
        1 or 2; 3 and 4 up to 12 ports.
    panel : tuple of int, optional
        Columns and rows (N1, N2) of the panel; the first that is defined if left out.

    Raises
    ------
    RabtaError
        What has no codebook.
    """
    most = 2 if ports == 2 or ports >= 16 else 4
    if ports != 2 and ports not in PANELS:
        raise RabtaError(
            "no such codebook", key="ports", value=ports, expected=f"2, {', '.join(map(str, PANELS))}"
        )
    if not 1 <= layers <= most:
        raise RabtaError(
            "no such codebook", key="layers", value=layers, expected=f"1 to {most} on {ports} ports"
        )
    if ports == 2:
        return _two_ports(layers)
    panels = dict(PANELS[ports])
    shape = panel or next(iter(panels))
    if shape not in panels:
        valid = ", ".join(f"{n1} x {n2}" for n1, n2 in panels)
        raise RabtaError("no such panel", key="panel", value=panel, expected=valid)
    over = panels[shape]
    shifts = [(0, 0)] if layers == 1 else _second(*shape, over, layers)
    turns = [1, 1j, -1, -1j] if layers == 1 else [1, 1j]
    return np.array(
        [
            _stack(
                _beam(*shape, over, (a, b)), _beam(*shape, over, (a + k1, b + k2)), turn, layers
            )
            for a in range(shape[0] * over[0])
            for b in range(shape[1] * over[1] if shape[1] > 1 else 1)
            for k1, k2 in shifts
            for turn in turns
        ]
    )  # fmt: skip


def choose(channel: ArrayLike, codebook: ArrayLike, noise: float) -> NDArray[np.int64]:
    """Index of the precoder of most capacity, shape (...): log det (I + W^H H^H H W / noise).

    Parameters
    ----------
    channel : array_like of complex, shape (..., antennas, ports)
    codebook : array_like of complex, shape (index, port, layer)
    noise : float
    """
    matrix, book = np.asarray(channel), np.asarray(codebook)
    if matrix.ndim < 2 or book.ndim != 3 or matrix.shape[-1] != book.shape[1]:
        raise RabtaError(
            "channel and codebook do not fit",
            key="codebook",
            value=f"{matrix.shape}, {book.shape}",
            expected="(..., antennas, ports) and (index, ports, layers)",
        )
    through = matrix[..., None, :, :] @ book
    gram = through.conj().swapaxes(-1, -2) @ through / noise + np.eye(book.shape[-1])
    return np.asarray(np.linalg.slogdet(gram)[1].argmax(axis=-1))
