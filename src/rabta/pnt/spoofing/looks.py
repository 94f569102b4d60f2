"""The same receiver seen several ways: by all systems, each alone, and the lower band; with errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt.position import Options, Solution, solve
from rabta.pnt.records import Navigation, Observations, SystemObservations
from rabta.pnt.signals import LIGHT_M_S, signal
from rabta.pnt.spoofing.inject import UPPER_HZ

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Look:
    """One way to see the receiver.

    Attributes
    ----------
    name : str
        ``all``, ``G``, ``C``..., or ``lower``.
    enu_m, sigma_m : ndarray, shape (epoch, 3)
        Place in axes at the first position, and its standard deviation; NaN without a fix.
    clocks_m : mapping from system letter to ndarray, shape (epoch,)
    clock_sigma_m : ndarray, shape (epoch,)
    solution : Solution
    """

    name: str
    enu_m: Array
    sigma_m: Array
    clocks_m: dict[str, Array]
    clock_sigma_m: Array
    solution: Solution


def looks(obs: Observations, nav: Navigation, systems: str, mask_deg: float) -> list[Look]:
    """All looks that the observations allow; the first is of all systems.

    Raises
    ------
    RabtaError
        Where not even all systems together give a position.
    """
    every = Options(systems=systems, mode="single", mask_deg=mask_deg)
    first = solve(obs, nav, every)
    if not first.fixed.any():
        raise RabtaError("no position to watch", key="systems", value=systems, expected="four satellites")
    origin = first.position_m[first.fixed][0]
    out = [_look("all", first, origin)]
    own = [s for s in systems if s in obs.systems]
    tries = [(s, replace(every, systems=s)) for s in own] if len(own) > 1 else []
    lower = {s: code for s in own for code in [_lower(s, obs.systems[s])] if code}
    if lower:
        tries.append(
            ("lower", replace(every, systems="".join(lower), signals={s: (c,) for s, c in lower.items()}))
        )
    for name, options in tries:
        try:
            found = solve(obs, nav, options)
        except RabtaError:
            continue
        if found.fixed.any():
            out.append(_look(name, found, origin))
    return out


def _lower(letter: str, observed: SystemObservations) -> str:
    """Code of the lower band with the most ranges; empty where none."""
    seen = []
    for code in observed.codes:
        if code[0] == "C" and len(code) == 3 and "D" + code[1:] in (*observed.codes, "D" + code[1:]):
            try:
                low = signal(letter, code[1:]).frequency_hz < UPPER_HZ
            except RabtaError:
                continue
            if low:
                seen.append((int(np.isfinite(observed.column(code)).sum()), code[1:]))
    return max(seen)[1] if seen and max(seen)[0] else ""


def _look(name: str, found: Solution, origin: Array) -> Look:
    lat, lon, _ = geo.geodetic_from_ecef(origin)
    axes = geo.east_north_up(lat, lon)
    enu = (found.position_m - origin) @ axes.T
    cov = np.einsum("ij,ejk,lk->eil", axes, found.covariance_m2, axes)
    sigma = np.sqrt(np.maximum(np.einsum("eii->ei", cov), 1e-4))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = found.dop[:, 3] / found.dop[:, 0]
    sigma[~found.fixed] = np.nan
    clocks = {}
    for letter in sorted({group[0] for group in found.rows.groups}):
        mine = [k for k, group in enumerate(found.rows.groups) if group[0] == letter]
        best = max(mine, key=lambda k: int(np.isfinite(found.clock_s[:, k]).sum()))
        clocks[letter] = found.clock_s[:, best] * LIGHT_M_S
    return Look(name, enu, sigma, clocks, np.linalg.norm(sigma, axis=1) * scale, found)
