"""What cuts take away: of submarine cables by hour and owner, of fibre on land by who is left without a way.

An owner's traffic rides on its own cables: what is left is shared among its customers, and other owners do
not help (in January 2025 and September 2025 PTCL moved traffic among its own). Until the traffic has been
moved, all that was on the lost part is lost; then only what exceeds the capacity that is left.

On land every set of spans that is down at once is failed in the network (`rabta.transport.failures`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.transport.failures.effects import Land, Shares
from rabta.transport.hazards.events import Incidents
from rabta.transport.hazards.sources import Cables

F8 = NDArray[np.float64]
I2 = NDArray[np.int16]
I8 = NDArray[np.int64]
BATCH = 1000  # sets of spans that fail at a time: memory
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


def fleet(
    lit_tbps: Mapping[str, float] | None = None, *, nation: str = "pakistan", gone: Collection[str] = ()
) -> Fleet:
    """Operating submarine cables of the catalog that land in a nation, by the names of their entries.

    ``lit_tbps`` replaces lit capacities, for instance by those of another year; what it leaves out is dark.
    Cables that are ``gone``, as denied ones are, do not fail once more. As in the ground network, cables land
    in Pakistan unless their ``nation`` says otherwise.
    """
    found = [
        e
        for e in catalog.entries("cables")
        if (e.data["kind"], e.data["status"]) == ("submarine", "operating")
        and e.data.get("nation", "pakistan") == nation
        and e.name not in gone
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
    if not cables:
        return np.zeros(draws), np.zeros(draws)
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


@dataclass(frozen=True)
class Ground:
    """The ground network, ready to fail spans.

    Attributes
    ----------
    shares : Shares
    people : Land
        Districts in the order of their names.
    rows : ndarray of int64, shape (element,)
        Rows of the spans table that the drawn elements are.
    """

    shares: Shares
    people: Land
    rows: I8

    def lost(self, sets: Sequence[tuple[int, ...]]) -> tuple[F8, F8]:
        """People who lose their traffic while sets of elements are down.

        Returns
        -------
        ndarray, shape (set, district); ndarray, shape (set,)
            Mean over the hours of the day; and in the busy hour, of the nation.
        """
        usual = self.shares.usual
        mean = np.zeros((len(sets), self.people.people.shape[0]))
        busy = np.zeros(len(sets))
        for begin in range(0, len(sets), BATCH):
            gone = [self.rows[list(some)] for some in sets[begin : begin + BATCH]]
            for i, share in enumerate(self.shares.without(gone), begin):
                extra = np.maximum(usual - share, 0.0)
                if extra.any():
                    hit = self.people.lost_hours(share, usual)
                    mean[i] = (self.people.people * hit).sum(
                        axis=1
                    )  # not @: its last bit may depend on threads
                    busy[i] = (self.people.people * extra).sum()
        return mean, busy


def sets_down(incidents: Incidents, draws: int) -> list[dict[tuple[int, ...], float]]:
    """Hours of each draw in which exactly these elements are down; elements that overlap fail together.

    Examples
    --------
    >>> two = Incidents(np.array([0, 0]), np.array([5, 3]), np.array([1.0, 1.5]), np.array([1.0, 0.25]))
    >>> sets_down(two, 1)
    [{(5,): 18.0, (3, 5): 6.0}]
    """
    edges: list[list[tuple[float, int, int]]] = [[] for _ in range(draws)]
    columns = (incidents.at, incidents.element, incidents.day, incidents.days)
    for at, element, day, days in zip(*(column.tolist() for column in columns), strict=True):
        edges[at] += [(day, 1, element), (day + days, -1, element)]
    return [_sweep(sorted(some)) for some in edges]


def _sweep(edges: list[tuple[float, int, int]]) -> dict[tuple[int, ...], float]:
    found: dict[tuple[int, ...], float] = defaultdict(float)
    open_: dict[int, int] = defaultdict(int)
    before = 0.0
    for time, change, element in edges:
        down = tuple(sorted(e for e, count in open_.items() if count > 0))
        if down and time > before:
            found[down] += 24.0 * (time - before)
        open_[element] += change
        if open_[element] == 0:
            del open_[element]
        before = time
    return dict(found)


def land_losses(ground: Ground, incidents: Incidents, draws: int) -> tuple[F8, F8]:
    """Person-hours of each draw and district by cuts on land, and people in the worst moment of each draw."""
    by_draw = sets_down(incidents, draws)
    every = sorted({some for found in by_draw for some in found})
    mean, busy = ground.lost(every)
    row = {some: i for i, some in enumerate(every)}
    hours, worst = np.zeros((draws, mean.shape[1])), np.zeros(draws)
    for draw, found in enumerate(by_draw):
        for some, lasted in found.items():
            hours[draw] += lasted * mean[row[some]]
            worst[draw] = max(worst[draw], busy[row[some]])
    return hours, worst
