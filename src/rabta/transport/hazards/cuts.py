"""What cuts of submarine cables take away, hour by hour and owner by owner.

An owner's traffic rides on its own cables: what is left is shared among its customers, and other owners do
not help (in January 2025 and September 2025 PTCL moved traffic among its own). Until the traffic has been
moved, all that was on the lost part is lost; then only what exceeds the capacity that is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.transport.hazards.events import Incidents
from rabta.transport.hazards.sources import Cables

F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
HORIZON_DAYS = 480  # faults of December last into the next year


@dataclass(frozen=True)
class Fleet:
    """Operating submarine cables.

    Attributes
    ----------
    names, owners : list of str, length cable
    lit_tbps, km : ndarray, shape (cable,)
    """

    names: list[str]
    owners: list[str]
    lit_tbps: F8
    km: F8

    @property
    def companies(self) -> list[str]:
        """Owners, each once."""
        return sorted(set(self.owners))

    def by_owner(self, amount: F8) -> F8:
        """Sum over the cables of each owner; cables are the last axis."""
        held = [[i for i, o in enumerate(self.owners) if o == name] for name in self.companies]
        return np.stack([amount[..., rows].sum(axis=-1) for rows in held], axis=-1)


def fleet(lit_tbps: Mapping[str, float] | None = None) -> Fleet:
    """Operating submarine cables of the catalog, by the names of their entries.

    ``lit_tbps`` replaces lit capacities, for instance by those of another year; what it leaves out is dark.
    """
    found = [
        e
        for e in catalog.entries("cables")
        if (e.data["kind"], e.data["status"]) == ("submarine", "operating")
    ]
    lit = [float(e.data["lit_tbps"]) if lit_tbps is None else lit_tbps.get(e.name, 0.0) for e in found]
    return Fleet(
        [e.name for e in found],
        [str(e.data["owner"]) for e in found],
        np.array(lit, np.float64),
        np.array([float(e.data["length_km"]) for e in found], np.float64),
    )


def profile() -> F8:
    """Load of each hour of the local day over that of the busy hour, shape (24,)."""
    hours = np.array(catalog.entry("services", "household").data["profile"], np.float64)
    return np.asarray(hours / hours.max())


def shed(of: Fleet, source: Cables, lost_tbps: F8, unmoved_tbps: F8, load: F8) -> F8:
    """Traffic in Tbit/s that each owner cannot carry.

    Parameters
    ----------
    lost_tbps, unmoved_tbps : ndarray, shape (..., cable)
        Lit capacity lost, and the part of it whose traffic has not been moved yet.
    load : ndarray or float
        Load of the hour over the busy hour, broadcast against the leading axes.

    Returns
    -------
    ndarray, shape (..., owner)
    """
    use = float(source.entry["busy_use"]) * np.asarray(load)[..., None]
    need = use * of.by_owner(of.lit_tbps)
    left = of.by_owner(np.maximum(of.lit_tbps - lost_tbps, 0.0))
    stuck = use * of.by_owner(unmoved_tbps)
    return np.asarray(np.maximum(np.maximum(need - left, stuck), 0.0))


def failed(incidents: Incidents, draws: int, cables: int, longest_days: float = np.inf) -> I2:
    """Faults of each cable that are open on each day, shape (draw, day, cable); optionally new ones only."""
    change = np.zeros((draws, HORIZON_DAYS + 1, cables), np.int16)
    begin = np.floor(incidents.day).astype(np.int64)
    end = np.ceil(incidents.day + np.minimum(incidents.days, longest_days)).astype(np.int64)
    np.add.at(change, (incidents.at, np.minimum(begin, HORIZON_DAYS), incidents.element), 1)
    np.add.at(change, (incidents.at, np.minimum(end, HORIZON_DAYS), incidents.element), -1)
    return np.cumsum(change, axis=1, dtype=np.int16)[:, :HORIZON_DAYS]


def shed_shares(of: Fleet, source: Cables, incidents: Incidents, draws: int) -> tuple[F8, F8]:
    """Share of the international traffic shed: worst busy hour, and sum over all hours of the year.

    Returns
    -------
    ndarray, shape (draw,); ndarray, shape (draw,)
        The second counts in hours of the whole traffic of their hour.
    """
    share, cables = source.lost_share, len(of.names)
    faults = failed(incidents, draws, cables)
    at, day = np.nonzero(faults.any(axis=2))
    lost = np.minimum(faults[at, day] * share, 1.0) * of.lit_tbps
    fresh = failed(incidents, draws, cables, float(source.entry["switch_days"]))[at, day]
    unmoved = np.minimum(fresh * share, 1.0) * of.lit_tbps
    need = float(source.entry["busy_use"]) * float(of.lit_tbps.sum())
    worst, total = np.zeros(draws), np.zeros(draws)
    for load in profile():
        now = shed(of, source, lost, unmoved, np.full(at.size, load)).sum(axis=1) / (need * load)
        total += np.bincount(at, now, draws)
        if load == 1.0:
            np.maximum.at(worst, at, now)
    return worst, total
