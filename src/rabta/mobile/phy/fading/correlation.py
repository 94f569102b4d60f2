"""Correlation between antennas of tapped delay lines: TS 38.101-4 annex B.2.3, TS 38.104 annex G.2.3.

Matrices are of the channels from the first transmitting antenna to all receiving ones, then from the second,
and so on: entry ``transmit * receivers + receive``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

# Station, terminal and cross-polarised correlation: TS 38.101-4, tables B.2.3.1.2-1 and B.2.3.2.2-1
LEVELS = {
    "low": (0.0, 0.0, 0.0),
    "medium": (0.3, 0.9, 0.0),
    "medium-a": (0.3, 0.3874, 0.0),
    "high": (0.9, 0.9, 0.0),
    "cross-medium": (0.3, 0.6, 0.2),
    "cross-high": (0.9, 0.9, 0.3),
}
UPLINK = {"medium": (0.9, 0.3, 0.0)}  # TS 38.104, table G.2.3.1.2-1; the others are the same
RAYS = ("plane", "static")
MOST = 64


def line(value: float, count: int) -> Array:
    """Correlation along a line of antennas, of which the outer two have ``value``.

    TS 38.101-4, tables B.2.3.1.1-1 and -2: value^((i - j)^2 / (n - 1)^2).
    """
    if count == 1 or value == 0.0:
        return np.eye(count)
    steps = np.subtract.outer(np.arange(count), np.arange(count)) / (count - 1.0)
    return np.asarray(value ** (steps**2))


def _definite(given: NDArray[np.floating]) -> Array:
    """The smallest share of identity that makes the matrix positive semidefinite (B.2.3.1.2)."""
    least = float(np.linalg.eigvalsh(given)[0])
    a = max(0.0, -least) * (1.0 + 1e-9)
    return np.asarray((given + a * np.eye(given.shape[0])) / (1.0 + a), dtype=np.float64)


def matrix(level: str, receive: int, transmit: int, *, uplink: bool = False) -> Array:
    """Correlation of a level that the specifications name; see `LEVELS`.

    Parameters
    ----------
    level : str
        ``cross-`` levels have crossed antennas at both ends: first all of one slant, then of the other.
    uplink : bool
        The terminal transmits.

    Raises
    ------
    RabtaError
        For an unknown level, a size below 1, or odd sizes of crossed antennas.
    """
    if level not in LEVELS:
        raise RabtaError(
            "no such correlation", key="correlation", value=level, expected=nearest(level, LEVELS)
        )
    check_sizes(receive, transmit)
    station, terminal, cross = (UPLINK if uplink else LEVELS).get(level, LEVELS[level])
    if not level.startswith("cross-"):
        at = (terminal, station) if uplink else (station, terminal)
        return _definite(np.kron(line(at[0], transmit), line(at[1], receive)))
    if receive % 2 or transmit % 2:
        raise RabtaError("crossed antennas come in pairs", key="receive, transmit",
                         value=f"{receive}, {transmit}", expected="even numbers")  # fmt: skip
    sent, got = (terminal, station) if uplink else (station, terminal)
    return _definite(_crossed(line(sent, transmit // 2), line(got, receive // 2), cross, uplink=uplink))


def _crossed(sent: Array, got: Array, cross: float, *, uplink: bool) -> Array:
    """B.2.3.2.1: place by place and slant by slant, then permuted to the order of the antennas.

    The matrix between slants has the order sent slant, received slant. The station's slants are correlated,
    with a sign that the terminal's slant decides.
    """
    slants = np.eye(4)
    first, second = ((0, 1), (2, 3)) if uplink else ((0, 2), (1, 3))
    slants[first], slants[first[::-1]] = -cross, -cross
    slants[second], slants[second[::-1]] = cross, cross
    whole = np.kron(np.kron(sent, slants), got)
    t, r = sent.shape[0], got.shape[0]
    # (transmit place, transmit slant, receive slant, receive place) -> (t slant, t place, r slant, r place)
    order = np.arange(whole.shape[0]).reshape(t, 2, 2, r).transpose(1, 0, 2, 3).ravel()
    return np.asarray(whole[np.ix_(order, order)])


def check_sizes(receive: int, transmit: int) -> None:
    """Refuse numbers of antennas below 1 or above 64."""
    for key, count in (("receive", receive), ("transmit", transmit)):
        if not 1 <= count <= MOST:
            raise RabtaError("no such number of antennas", key=key, value=count, expected=f"1 to {MOST}")


def static(receive: int, transmit: int) -> Complex:
    """Channel without fading between 1, 2, 4 or 8 ports and 2 or 4 receivers, shape (receive, transmit).

    TS 38.101-4, annex B.1; in its conformance tests (B.2.2) also of the direct ray of TDLD profiles.
    """
    if receive not in (2, 4) or transmit not in (1, 2, 4, 8):
        raise RabtaError("no such static channel", key="receive, transmit", value=f"{receive}, {transmit}",
                         expected="2 or 4 receivers, 1, 2, 4 or 8 ports")  # fmt: skip
    row, port = np.arange(receive)[:, None], np.arange(transmit)
    half = max(transmit // 2, 1)
    crossed = np.where(port >= half, 1j * (-1.0) ** row, 1.0) if transmit > 1 else np.ones((receive, 1))
    far = (port % half >= half / 2.0) & (half > 1)
    return np.asarray(crossed * np.where(far & (row >= 2), -1.0, 1.0), dtype=np.complex128)


def ray_matrix(ray: str | ArrayLike, receive: int, transmit: int) -> Complex:
    """The direct ray between antennas: ``plane``, ``static`` (see `static`) or a matrix of phases."""
    if isinstance(ray, str):
        if ray not in RAYS:
            raise RabtaError("no such direct ray", key="ray", value=ray, expected=nearest(ray, RAYS))
        return static(receive, transmit) if ray == "static" else np.ones((receive, transmit), np.complex128)
    given = np.asarray(ray, dtype=np.complex128)
    if given.shape != (receive, transmit) or not np.isfinite(given).all():
        raise RabtaError("the direct ray does not fit", key="ray", value=f"shape {given.shape}",
                         expected=f"finite, ({receive}, {transmit})")  # fmt: skip
    return given


def root(
    correlation: str | ArrayLike, receive: int, transmit: int, *, uplink: bool = False
) -> Complex | None:
    """Matrix that turns independent channels into correlated ones; None where they stay independent.

    Parameters
    ----------
    correlation : str or array_like, shape (transmit * receive, transmit * receive)
        A level, or a Hermitian, positive semidefinite matrix.

    Returns
    -------
    ndarray, shape (receive * transmit, receive * transmit)
        Over pairs in the order ``receive * transmitters + transmit``.
    """
    size = receive * transmit
    if isinstance(correlation, str):
        if LEVELS.get(correlation) == LEVELS["low"] or size == 1:
            matrix(correlation, receive, transmit) if correlation not in LEVELS else check_sizes(
                receive, transmit
            )
            return None
        given: Complex = matrix(correlation, receive, transmit, uplink=uplink).astype(np.complex128)
    else:
        given = np.asarray(correlation, dtype=np.complex128)
    _check(given, size)
    value, vector = np.linalg.eigh(given)
    half = (vector * np.sqrt(np.maximum(value, 0.0))) @ vector.conj().T
    order = np.arange(size).reshape(transmit, receive).T.ravel()
    return np.asarray(half[np.ix_(order, order)])


def _check(given: Complex, size: int) -> None:
    wrong = given.shape != (size, size) or not np.isfinite(given).all()
    if not wrong:
        wrong = not np.allclose(given, given.conj().T) or float(np.linalg.eigvalsh(given)[0]) < -1e-6
    if wrong:
        raise RabtaError(
            "no correlation matrix", key="correlation", value=f"shape {given.shape}",
            expected=f"a Hermitian, positive semidefinite matrix of {size} x {size}",
        )  # fmt: skip
