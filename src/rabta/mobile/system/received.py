"""What users receive from every cell and beam, who serves them, and the ratio to interference and noise.

Transmitters of all kinds are columns of one matrix of received powers: sectors on the ground and beams of
satellites stand side by side, on one channel or on several.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError
from rabta.mobile.system.layouts import Geometry, Layout
from rabta.radio.itu import check_range
from rabta.radio.patterns.arrays import Planar
from rabta.radio.patterns.shapes import Pattern
from rabta.units import BOLTZMANN_J_K, from_db, to_db

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
Indices = NDArray[np.int64]

REFERENCE_K = 290.0
SETTLED = 1e-6


def panel(down_deg: float = 12.0, rows: int = 10, columns: int = 1) -> Planar:
    """A sector's panel, its beam lowered by phase: TR 38.901, tables 7.3-1 and 7.8-1.

    Examples
    --------
    >>> round(panel(0.0).peak_dbi, 1)
    18.0
    """
    return Planar(rows=rows, columns=columns, steer_elevation_deg=-down_deg)


def noise_dbm(bandwidth_mhz: float, noise_figure_db: float = 9.0) -> float:
    """Thermal noise of a receiver over a bandwidth.

    Examples
    --------
    >>> round(noise_dbm(20.0), 1)
    -92.0
    """
    check_range("bandwidth_mhz", bandwidth_mhz, 1e-3, 1e5, "a receiver's noise")
    return float(to_db(BOLTZMANN_J_K * REFERENCE_K * bandwidth_mhz * 1e9)) + noise_figure_db


def powers_dbm(
    layout: Layout, geometry: Geometry, loss_db: ArrayLike, power_dbm: ArrayLike, pattern: Pattern
) -> F4:
    """Power that users receive from every sector, shape (user, sector).

    Parameters
    ----------
    loss_db : (user, site) array_like
        Without antennas, see `losses.draw`.
    power_dbm : (sector,) array_like
        Transmitted; over the same bandwidth as the noise it is compared with.
    pattern : Pattern
        Of every sector, from its own axis; users have 0 dBi.
    """
    loss = np.asarray(loss_db, dtype=np.float64)
    if loss.shape != geometry.distance_m.shape:
        raise RabtaError(
            "losses do not fit", key="loss_db", value=loss.shape, expected=f"{geometry.distance_m.shape}"
        )
    turn = geometry.azimuth_deg[:, layout.site] - layout.azimuth_deg
    turn = (turn + 180.0) % 360.0 - 180.0
    gain = pattern.gain_dbi(turn, geometry.elevation_deg[:, layout.site])
    power = np.broadcast_to(np.asarray(power_dbm, dtype=np.float64), (layout.sectors,))
    return np.asarray(power + gain - loss[:, layout.site], dtype=np.float32)


def serving(received_dbm: ArrayLike, bias_db: ArrayLike = 0.0, least_dbm: float = -np.inf) -> Indices:
    """Transmitter with the greatest biased power, -1 where none reaches the least.

    Parameters
    ----------
    received_dbm : (..., transmitter) array_like
        Of reference signals or of carriers: the order is the same where all send alike.
    bias_db : (transmitter,) array_like
        Added to the powers before they are compared, as for the expansion of small cells.
    """
    level = np.asarray(received_dbm)
    if level.ndim == 0 or level.shape[-1] == 0:
        raise RabtaError("no cell to serve", key="received_dbm", value=level.shape, expected="one or more")
    best = np.argmax(level + np.asarray(bias_db, dtype=level.dtype), axis=-1)
    reached = np.take_along_axis(level, best[..., None], axis=-1)[..., 0] >= least_dbm
    return np.where(reached, best, -1)


def ground_first(received_dbm: ArrayLike, above: ArrayLike, least_dbm: float = -120.0) -> Indices:
    """The best cell on the ground where its power suffices, else the best beam, else -1.

    Parameters
    ----------
    above : (transmitter,) array_like of bool
        True for beams.
    least_dbm : float
        Power from which a cell or beam serves.
    """
    level, up = np.asarray(received_dbm, dtype=np.float32), np.asarray(above, dtype=bool)
    if up.shape != level.shape[-1:]:
        raise RabtaError("flags do not fit", key="above", value=up.shape, expected=f"({level.shape[-1]},)")
    below = serving(np.where(up, -np.inf, level), least_dbm=least_dbm)
    beams = serving(np.where(up, level, -np.inf), least_dbm=least_dbm)
    return np.where(below >= 0, below, beams)


def sinr_db(
    received_dbm: ArrayLike,
    serving: ArrayLike,
    noise_dbm: float,
    *,
    load: ArrayLike = 1.0,
    channel: ArrayLike | None = None,
    overlap: ArrayLike | None = None,
) -> F4:
    """Ratio of the serving transmitter's power to all others' and noise, in dB.

    Parameters
    ----------
    received_dbm : (..., transmitter) array_like
        Users, or users and times, in front; -inf for nothing.
    serving : (...,) array_like of int
        -1 for none, which gives -inf.
    noise_dbm : float
        Of the receiver; -inf for interference alone.
    load : (transmitter,) array_like
        Part of the time in which each sends, 0 to 1: the mean interference of a network that is not full.
    channel : (transmitter,) array_like of int, optional
        Share of the spectrum of each; all the same if absent.
    overlap : (channel, channel) array_like, optional
        Part of a transmitter's power that a receiver on another channel hears; none across if absent.
    """
    from rabta.mobile.system import _kernels

    rows, mine, use, share, hears = _checked(received_dbm, serving, load, channel, overlap)
    out = np.empty(len(rows), dtype=np.float32)
    _kernels.sinr(rows, mine, use, share, hears, float(from_db(noise_dbm)), out)
    return out.reshape(np.shape(serving))


def _checked(
    received_dbm: ArrayLike, serving: ArrayLike, load: ArrayLike, channel: ArrayLike | None,
    overlap: ArrayLike | None,
) -> tuple[F4, Indices, Array, Indices, Array]:  # fmt: skip
    level = np.asarray(received_dbm, dtype=np.float32)
    mine = np.asarray(serving, dtype=np.int64)
    if level.ndim == 0 or level.shape[:-1] != mine.shape:
        raise RabtaError(
            "one serving cell for each row of powers", key="serving", value=mine.shape,
            expected=f"{level.shape[:-1]}",
        )  # fmt: skip
    count = level.shape[-1]
    if mine.size:
        check_range("serving", mine, -1, count - 1, "the received powers")
    check_range("load", load, 0.0, 1.0, "a load")
    use = np.array(np.broadcast_to(np.asarray(load, dtype=np.float64), (count,)))
    share = np.array(np.broadcast_to(np.zeros(1) if channel is None else np.asarray(channel), (count,)))
    groups = int(share.max(initial=0)) + 1
    hears = np.eye(groups) if overlap is None else np.array(overlap, dtype=np.float64)
    if hears.shape[0] < groups or hears.shape[0] != hears.shape[1]:
        raise RabtaError(
            "overlap does not fit", key="overlap", value=hears.shape, expected=f"({groups}, {groups})"
        )
    rows = np.ascontiguousarray(level.reshape(-1, count))
    return rows, np.ascontiguousarray(mine.ravel()), use, share.astype(np.int64), np.ascontiguousarray(hears)


def sinr_reference(
    received_dbm: ArrayLike,
    serving: ArrayLike,
    noise_dbm: float,
    *,
    load: ArrayLike = 1.0,
    channel: ArrayLike | None = None,
    overlap: ArrayLike | None = None,
) -> Array:
    """`sinr_db` in NumPy."""
    rows, mine, use, share, hears = _checked(received_dbm, serving, load, channel, overlap)
    power = from_db(rows)
    heard = power * use * hears[share[mine]][:, share]
    line = np.arange(len(rows))
    heard[line, mine] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = to_db(power[line, mine] / (heard.sum(axis=1) + float(from_db(noise_dbm))))
    return np.where(mine < 0, -np.inf, ratio).reshape(np.shape(serving))


@dataclass(frozen=True)
class Cell:
    """A network's state after its loads have settled.

    Attributes
    ----------
    serving : (user,) int array
    sinr_db : (user,) array
    load : (transmitter,) array
        Share of each cell's resources that its users' demand takes, at most 1.
    asked : (transmitter,) array
        The same without the limit.
    """

    serving: Indices
    sinr_db: F4
    load: Array
    asked: Array


def settle(
    received_dbm: ArrayLike,
    demand_mbps: ArrayLike,
    full_mbps: ArrayLike,
    noise_dbm: float,
    *,
    bias_db: ArrayLike = 0.0,
    balance: bool = False,
    channel: ArrayLike | None = None,
    overlap: ArrayLike | None = None,
    rounds: int = 40,
) -> Cell:
    """Loads of cells that disturb each other as much as they are busy, and who serves whom.

    Parameters
    ----------
    demand_mbps : (user,) array_like
    full_mbps : (transmitter,) array_like
        Rate of a whole cell for one bit a resource element; the bits come from `rabta.mobile.nr.efficiency`.
    balance : bool
        Cells that are asked for more than the mean of all lose users by a bias that grows until the fullest
        is asked for least; the best of the rounds is kept.

    Notes
    -----
    Load coupling: Siomina and Yuan, IEEE Trans. Wireless Commun. 11 (2012) 2287, equation 7, by repeated
    substitution, which is monotone from nought.
    """
    level = np.asarray(received_dbm, dtype=np.float32)
    width = np.broadcast_to(np.asarray(full_mbps, dtype=np.float64), level.shape[-1:])
    demand = np.asarray(demand_mbps, dtype=np.float64)
    bias = np.array(np.broadcast_to(np.asarray(bias_db, dtype=np.float64), level.shape[-1:]))

    def settled(shift: Array) -> Cell:
        mine, load = serving(level, shift), np.zeros(level.shape[-1])
        for _ in range(rounds):
            ratio = sinr_db(level, mine, noise_dbm, load=load, channel=channel, overlap=overlap)
            asked = _asked(mine, demand, ratio, width)
            new = np.minimum(asked, 1.0)
            if np.abs(new - load).max(initial=0.0) < SETTLED:
                break
            load = new
        return Cell(mine, ratio, new, asked)

    best = found = settled(bias)
    for turn in range(rounds if balance else 0):
        bias = bias - np.clip(found.asked - found.asked.mean(), -1.0, 1.0) / (1.0 + turn / 4.0)
        found = settled(bias)
        best = found if found.asked.max() < best.asked.max() else best
    return best


def _asked(mine: Indices, demand: Array, ratio: F4, width: Array) -> Array:
    from rabta.mobile import nr

    bits = nr.efficiency(ratio)
    served = (mine >= 0) & (bits > 0.0)  # below the lowest modulation nothing is sent
    need = demand[served] / (bits[served] * width[mine[served]])
    return np.bincount(mine[served], weights=need, minlength=len(width)).astype(np.float64)
