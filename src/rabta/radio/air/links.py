"""One call for paths to aircraft: 3GPP TR 36.777 near a cell and low, ITU-R P.528-5 elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.radio.air import p528, uav
from rabta.radio.itu import check_range

Array = NDArray[np.float64]

RECOMMENDATIONS = (uav.RECOMMENDATION, p528.RECOMMENDATION)
RANGES = p528.RANGES


def choose(
    distance_km: ArrayLike,
    base_m: ArrayLike,
    aircraft_m: ArrayLike,
    frequency_ghz: ArrayLike,
    scenario: str | None = "RMa-AV",
) -> NDArray[np.int8]:
    """Index into `RECOMMENDATIONS` of what each path is computed by.

    TR 36.777 where a scenario is named and the path is inside all its ranges, with the aircraft at its
    aerial heights: cellular networks. P.528-5 else.
    """
    d, b, h, f = np.broadcast_arrays(distance_km, base_m, aircraft_m, frequency_ghz)
    if scenario is None:
        return np.ones(d.shape, dtype=np.int8)
    uav.check_scenario(scenario)
    inside = (h > uav.AERIAL_M[scenario]) & (h <= uav.RANGES["height_m"][1])
    inside &= (d >= 0.0) & (np.asarray(d) * 1e3 <= uav.REACH_M[scenario])
    for name, value in (("base_m", b), ("frequency_ghz", f)):
        bottom, top = uav.RANGES[name]
        inside &= (value >= bottom) & (value <= top)
    return np.where(inside, 0, 1).astype(np.int8)


def link_loss_db(
    distance_km: ArrayLike,
    base_m: ArrayLike,
    aircraft_m: ArrayLike,
    frequency_ghz: ArrayLike,
    percent: ArrayLike = 50.0,
    scenario: str | None = "RMa-AV",
    polarisation: str = "vertical",
) -> tuple[Array, NDArray[np.int8]]:
    """Loss between ground stations and aircraft, and what it was computed by.

    Parameters
    ----------
    distance_km : array_like
        Along the ground.
    base_m, aircraft_m : array_like
        Heights above the ground.
    frequency_ghz : array_like
        0.1 to 30 GHz.
    percent : array_like
        1 to 99 %: of the time (P.528), of the places (TR 36.777), in which the loss is not exceeded.
    scenario : str or None
        Surroundings of a cell for TR 36.777; None uses P.528 throughout, which knows no cells.
    polarisation : {"horizontal", "vertical"}
        For P.528.

    Returns
    -------
    loss_db : ndarray
        Basic transmission loss in dB.
    by : ndarray
        Index into `RECOMMENDATIONS`.

    Raises
    ------
    RabtaError
        Outside the ranges of both.

    Examples
    --------
    >>> loss, by = link_loss_db([2.0, 80.0], 35.0, [120.0, 3000.0], 0.8)
    >>> loss.round(1).tolist(), [RECOMMENDATIONS[i] for i in by]
    ([97.1, 128.9], ['3GPP TR 36.777 V15.0.0', 'ITU-R P.528-5'])
    """
    by = choose(distance_km, base_m, aircraft_m, frequency_ghz, scenario)
    check_range("percent", percent, *RANGES["time_percent"], p528.RECOMMENDATION)
    values = np.broadcast_arrays(distance_km, base_m, aircraft_m, frequency_ghz, percent, by)
    d, b, h, f, p = (np.asarray(v, dtype=np.float64) for v in values[:-1])
    cell, loss = values[-1] == 0, np.empty(d.shape)
    far = ~cell
    loss[far] = p528.loss_db(d[far], b[far], h[far], f[far], p[far], polarisation)
    for base in np.unique(b[cell]):
        rows = cell & (b == base)
        assert scenario is not None
        loss[rows] = uav.loss_not_exceeded_db(scenario, d[rows] * 1e3, h[rows], f[rows], p[rows], float(base))
    return loss, np.array(values[-1])
