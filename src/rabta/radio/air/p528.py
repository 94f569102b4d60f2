"""Loss between aircraft and ground, or aircraft and aircraft, over a smooth Earth: ITU-R P.528-5."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.errors import RabtaError, nearest
from rabta.radio.air.atmosphere import tables
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATION = "ITU-R P.528-5"
RANGES = {
    "frequency_ghz": (0.1, 30.0),
    "height_m": (1.5, 20000.0),
    "distance_km": (0.0, 1800.0),
    "time_percent": (1.0, 99.0),
}
MODES = ("same place", "line of sight", "diffraction", "troposcatter")
POLARISATIONS = {"horizontal": 0, "vertical": 1}

# Percentages and ratios K in dB of the Nakagami-Rice distributions; rows: K, values in dB.
PERCENTS = (1, 2, 5, 10, 15, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 98, 99)
FADING = (
    (-40, -0.1417, -0.1252, -0.1004, -0.0784, -0.0634, -0.0515, -0.0321, -0.0155, 0.0000,
     0.0156, 0.0323, 0.0518, 0.0639, 0.0791, 0.1016, 0.1271, 0.1441),
    (-25, -0.7676, -0.6811, -0.5497, -0.4312, -0.3504, -0.2856, -0.1790, -0.0870, 0.0000,
     0.0878, 0.1828, 0.2953, 0.3651, 0.4537, 0.5868, 0.7390, 0.8420),
    (-20, -1.3183, -1.1738, -0.9524, -0.7508, -0.6121, -0.5003, -0.3151, -0.1537, 0.0000,
     0.1564, 0.3269, 0.5308, 0.6585, 0.8218, 1.0696, 1.3572, 1.5544),
    (-18, -1.6263, -1.4507, -1.1805, -0.9332, -0.7623, -0.6240, -0.3940, -0.1926, 0.0000,
     0.1969, 0.4127, 0.6722, 0.8355, 1.0453, 1.3660, 1.7417, 2.0014),
    (-16, -1.9963, -1.7847, -1.4573, -1.1557, -0.9462, -0.7760, -0.4916, -0.2410, 0.0000,
     0.2478, 0.5209, 0.8519, 1.0615, 1.3326, 1.7506, 2.2463, 2.5931),
    (-14, -2.4355, -2.1829, -1.7896, -1.4247, -1.1695, -0.9613, -0.6113, -0.3007, 0.0000,
     0.3114, 0.6573, 1.0802, 1.3505, 1.7028, 2.2526, 2.9156, 3.3872),
    (-12, -2.9491, -2.6507, -2.1831, -1.7455, -1.4375, -1.1846, -0.7567, -0.3737, 0.0000,
     0.3903, 0.8281, 1.3698, 1.7198, 2.1808, 2.9119, 3.8143, 4.4714),
    (-10, -3.5384, -3.1902, -2.6407, -2.1218, -1.7535, -1.4495, -0.9307, -0.4619, 0.0000,
     0.4874, 1.0404, 1.7348, 2.1898, 2.7975, 3.7820, 5.0373, 5.9833),
    (-8, -4.1980, -3.7974, -3.1602, -2.5528, -2.1180, -1.7565, -1.1345, -0.5662, 0.0000,
     0.6045, 1.2999, 2.1887, 2.7814, 3.5868, 4.9288, 6.7171, 8.1319),
    (-6, -4.9132, -4.4591, -3.7313, -3.0306, -2.5247, -2.1011, -1.3655, -0.6855, 0.0000,
     0.7415, 1.6078, 2.7374, 3.5059, 4.5714, 6.4060, 8.9732, 11.0973),
    (-4, -5.6559, -5.1494, -4.3315, -3.5366, -2.9578, -2.4699, -1.6150, -0.8154, 0.0000,
     0.8935, 1.9530, 3.3611, 4.3363, 5.7101, 8.1216, 11.5185, 14.2546),
    (-2, -6.3810, -5.8252, -4.9219, -4.0366, -3.3871, -2.8364, -1.8638, -0.9455, 0.0000,
     1.0458, 2.2979, 3.9771, 5.1450, 6.7874, 9.6276, 13.4690, 16.4251),
    (0, -7.0247, -6.4249, -5.4449, -4.4782, -3.7652, -3.1580, -2.0804, -1.0574, 0.0000,
     1.1723, 2.5755, 4.4471, 5.7363, 7.5266, 10.5553, 14.5401, 17.5511),
    (2, -7.5229, -6.8862, -5.8424, -4.8090, -4.0446, -3.3927, -2.2344, -1.1347, 0.0000,
     1.2535, 2.7446, 4.7144, 6.0581, 7.9073, 11.0003, 15.0270, 18.0526),
    (4, -7.8532, -7.1880, -6.0963, -5.0145, -4.2145, -3.5325, -2.3227, -1.1774, 0.0000,
     1.2948, 2.8268, 4.8377, 6.2021, 8.0724, 11.1869, 15.2265, 18.2566),
    (6, -8.0435, -7.3588, -6.2354, -5.1234, -4.3022, -3.6032, -2.3656, -1.1975, 0.0000,
     1.3130, 2.8619, 4.8888, 6.2610, 8.1388, 11.2607, 15.3047, 18.3361),
    (20, -8.2238, -7.5154, -6.3565, -5.2137, -4.3726, -3.6584, -2.3979, -1.2121, 0.0000,
     1.3255, 2.8855, 4.9224, 6.2992, 8.1814, 11.3076, 15.3541, 18.3864),
)  # fmt: skip


@dataclass(frozen=True)
class Loss:
    """Loss of paths, each attribute of the paths' shape.

    Attributes
    ----------
    total_db : ndarray
        Basic transmission loss not exceeded for the given percentage of time.
    free_space_db, gases_db : ndarray
        Of which free space (along the ray) and absorption.
    mode : ndarray
        Index into `MODES`.
    elevation_deg : ndarray
        Of the ray at the lower terminal.
    doubtful : ndarray
        True beyond the horizon where diffraction and troposcatter do not join: use with care.
    """

    total_db: Array
    free_space_db: Array
    gases_db: Array
    mode: NDArray[np.int8]
    elevation_deg: Array
    doubtful: NDArray[np.bool_]


@cache
def fading() -> tuple[Array, Array, Array]:
    """Nakagami-Rice curves (ratios, percentages), ratios K in dB, percentages."""
    rows = np.array(FADING)
    return np.ascontiguousarray(rows[:, 1:]), rows[:, 0].copy(), np.array(PERCENTS, dtype=np.float64)


def transmission_loss(
    distance_km: ArrayLike,
    height_1_m: ArrayLike,
    height_2_m: ArrayLike,
    frequency_ghz: ArrayLike,
    time_percent: ArrayLike = 50.0,
    polarisation: str = "horizontal",
) -> Loss:
    """Basic transmission loss over a smooth Earth.

    Parameters
    ----------
    distance_km : array_like
        Along the ground, 0 to 1,800 km.
    height_1_m, height_2_m : array_like
        Of the terminals above the ground, 1.5 to 20,000 m, in any order.
    frequency_ghz : array_like
        0.1 to 30 GHz.
    time_percent : array_like
        Of the time for which the loss is not exceeded, 1 to 99 %.
    polarisation : {"horizontal", "vertical"}

    Returns
    -------
    Loss
        Of the broadcast shape. What does not depend on distance and time is computed once for each
        frequency and pair of heights, so give many distances in one call.

    Raises
    ------
    RabtaError
        Outside these ranges.

    Notes
    -----
    ITU-R P.528-5, Annex 2. Two terminals in the same place have no loss.

    Examples
    --------
    >>> transmission_loss([15.0, 200.0], 10.0, 1000.0, 0.5).total_db.round(1).tolist()
    [110.0, 174.1]
    """
    values = np.broadcast_arrays(distance_km, height_1_m, height_2_m, frequency_ghz, time_percent)
    shape = values[0].shape
    d, h1, h2, f, p = (np.ascontiguousarray(v, dtype=np.float64).ravel() for v in values)
    _check(d, h1, h2, f, p)
    if polarisation not in POLARISATIONS:
        expected = nearest(polarisation, POLARISATIONS)
        raise RabtaError("no such polarisation", key="polarisation", value=polarisation, expected=expected)
    ends = np.stack([f * 1e3, np.minimum(h1, h2) / 1e3, np.maximum(h1, h2) / 1e3], axis=1)
    out = _run(ends, np.stack([d, p], axis=1), POLARISATIONS[polarisation])
    total, free, gases, mode, elevation, doubtful = (x.reshape(shape) for x in out.T)
    return Loss(total, free, gases, mode.astype(np.int8), np.degrees(elevation), doubtful > 0.0)


def loss_db(
    distance_km: ArrayLike,
    height_1_m: ArrayLike,
    height_2_m: ArrayLike,
    frequency_ghz: ArrayLike,
    time_percent: ArrayLike = 50.0,
    polarisation: str = "horizontal",
) -> Array:
    """Total of `transmission_loss` in dB."""
    return transmission_loss(
        distance_km, height_1_m, height_2_m, frequency_ghz, time_percent, polarisation
    ).total_db


def _check(d: Array, h1: Array, h2: Array, f: Array, p: Array) -> None:
    check_range("distance_km", d, *RANGES["distance_km"], RECOMMENDATION)
    check_range("height_1_m", h1, *RANGES["height_m"], RECOMMENDATION)
    check_range("height_2_m", h2, *RANGES["height_m"], RECOMMENDATION)
    check_range("frequency_ghz", f, *RANGES["frequency_ghz"], RECOMMENDATION)
    check_range("time_percent", p, *RANGES["time_percent"], RECOMMENDATION)


def _run(ends: Array, paths: Array, vertical: int) -> Array:
    """Rows (total, free space, gases, mode, elevation, doubtful) of paths, computed site by site."""
    from rabta.jit import each_part
    from rabta.radio.air._kernels import losses

    order = np.lexsort(ends.T[::-1])
    ends = ends[order]
    new = np.ones(len(ends), dtype=bool)
    new[1:] = (ends[1:] != ends[:-1]).any(axis=1)
    starts = np.flatnonzero(new)
    edges = np.append(starts, len(ends))
    sites = np.ascontiguousarray(ends[starts])
    sorted_out, t = np.empty((len(ends), 6)), tables()
    fixed = (t.index, t.grid, t.counts, t.lines, t.state, t.centres, *fading())
    turned = np.full(len(sites), vertical)
    if len(sites):
        each_part(
            losses, len(sites), edges, sites, turned, np.ascontiguousarray(paths[order]), *fixed, sorted_out
        )
    out = np.empty_like(sorted_out)
    out[order] = sorted_out
    return out
