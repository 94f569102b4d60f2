"""Critical satellites: whose absence costs users their protection, geometry alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.pnt.integrity import araim
from rabta.pnt.integrity.ism import Ism

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Critical:
    """What each satellite is worth; arrays over satellites, in the geometry's order.

    Attributes
    ----------
    available : float
        Share of users and instants with all satellites.
    lost : ndarray
        Share that loses its availability without the satellite.
    hpl_m, vpl_m : ndarray
        Median growth of the levels where it is in view, metres; infinite where half lose theirs.
    order : ndarray of int64
        Satellites, the most critical first.
    """

    available: float
    lost: Array
    hpl_m: Array
    vpl_m: Array
    order: NDArray[np.int64]


def satellites(
    geometry: araim.Geometry,
    ism: Ism | None = None,
    order: int = 1,
    *,
    allocation: araim.Allocation = araim.FIX,
    constellation_faults: bool = True,
) -> Critical:
    """Levels without each satellite in turn.

    Parameters
    ----------
    geometry : Geometry
        Of shape (..., satellite): column k is the same satellite for all users and instants.
    """
    flags = {"allocation": allocation, "constellation_faults": constellation_faults}
    whole = araim.protection(geometry, ism, order, **flags)  # type: ignore[arg-type]
    shape = geometry.unit.shape[:-1]
    sigma = np.broadcast_to(geometry.sigma_m, shape)
    seen = np.isfinite(geometry.unit).all(axis=-1) & (sigma > 0.0)
    lost, grown = np.zeros(shape[-1]), np.zeros((2, shape[-1]))
    for k in np.flatnonzero(seen.reshape(-1, shape[-1]).any(axis=0)).tolist():
        rows = seen[..., k]
        part = np.array(sigma[rows])
        part[:, k] = np.nan
        less = araim.protection(_taken(geometry, rows, part), ism, order, **flags)  # type: ignore[arg-type]
        lost[k] = (whole.available[rows] & ~less.available).sum() / max(whole.available.size, 1)
        with np.errstate(invalid="ignore"):
            growth = less.hpl_m - whole.hpl_m[rows], less.vpl_m - whole.vpl_m[rows]
        grown[:, k] = [np.median(np.nan_to_num(g, nan=np.inf, posinf=np.inf)) for g in growth]
    first = np.lexsort((-np.nan_to_num(grown[1], posinf=1e12), -lost))
    return Critical(float(whole.available.mean()), lost, grown[0], grown[1], first)


def _taken(geometry: araim.Geometry, rows: NDArray[np.bool_], sigma: Array) -> araim.Geometry:
    """Users and instants of a selection, with other errors of ranges."""
    shape = geometry.unit.shape[:-1]

    def of(values: Any) -> Any:
        return None if values is None else np.broadcast_to(values, shape)[rows]

    slack = None if geometry.slack_m is None else np.broadcast_to(geometry.slack_m, shape[:-1])[rows]
    return replace(
        geometry, unit=geometry.unit[rows], kind=of(geometry.kind), sigma_m=sigma,
        residual_m=of(geometry.residual_m), clock=of(geometry.clock), mapping=of(geometry.mapping),
        slack_m=slack,
    )  # fmt: skip
