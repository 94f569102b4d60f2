"""What a failure means for people: who is cut off, who shares what is left, person-hours, payments.

The loss model, plainly. Who has no way to any exit loses everything. Where the network carries less than is
asked for, the shortage is shared max-min fairly in parts of the demand (`rabta.transport.flow.anycast`), and
traffic that is not carried is lost to those who asked for it: nobody waits for a quieter hour. The busy hour
is computed; in the other hours of the day the same bottleneck passes the same traffic while all demand
follows the national curve. What is missing for want of content, when the exits at home or those abroad are
out of reach, is missing in every hour alike. A failure lasts for its repair and begins at any hour alike.
People are counted whether or not they have broadband today, as the demand is.

Payments. Everybody makes the nation's digital payments alike, over the day as the service ``payments`` says.
A payment misses its deadline (2 s, ITU-T G.1010, the service's latency) where its maker has no way to an
exchange at home, where its round trip is longer than that, and, in a shortage of room, as often as traffic
is shed for it; content abroad that is out of reach keeps no payment from home.
Payments are small beside the queue of a full line (a quarter of a second of it), which alone does not break
the deadline. Value at risk is missed payments times their mean value; how many are made later is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import catalog
from rabta.errors import RabtaError
from rabta.transport.failures.cuts.cases import Base, Singles
from rabta.transport.failures.cuts.graph import Network
from rabta.transport.flow import anycast

if TYPE_CHECKING:
    import pandas as pd

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

HOURS_YEAR = 8766.0
FELT = 0.01  # share of the demand below which a loss is not counted as a hit


@dataclass(frozen=True)
class Payments:
    """Digital payments of a nation.

    Attributes
    ----------
    a_person_hour : float
        Mean over the year.
    value_usd : float
        Mean value of one.
    deadline_ms : float
    hours : float64 (24,)
        Share of the day's payments in each local hour.
    """

    a_person_hour: float
    value_usd: float
    deadline_ms: float
    hours: F8


def payments(nation: str) -> Payments:
    """Payments of the hazards and services catalogs; none where no source speaks of the nation."""
    service = catalog.entry("services", "payments").data
    profile = np.asarray(service["profile"], np.float64)
    hours, deadline = profile / profile.sum(), float(service["latency_ms"])
    known = "payments" in catalog.names("hazards")
    data: dict[str, Any] = catalog.entry("hazards", "payments").data if known else {}
    if data.get("nation") != nation:
        return Payments(0.0, 0.0, deadline, hours)
    number = float(data["transactions_year"]) * float(data["digital_share"])
    value = float(data["value_pkr_year"]) * float(data["digital_value_share"])
    rate = number / float(data["people"]) / HOURS_YEAR
    return Payments(rate, value / number / float(data["pkr_usd"]), deadline, hours)


@dataclass(frozen=True)
class Land:
    """Where the people are whose traffic enters at the nodes.

    Attributes
    ----------
    districts, provinces : ndarray of str
        Names; ``province`` has one for each district.
    people : float64 (district, node)
    households : float64 (district,)
    profile : float64 (24,)
        National demand in each local hour over the busy hour.
    payments : Payments
    """

    districts: NDArray[np.str_]
    province: NDArray[np.str_]
    people: F8
    households: F8
    profile: F8
    payments: Payments

    def lost_hours(
        self,
        share: F8,
        usual: F8,
        weights: ArrayLike | None = None,
        content: tuple[float, float] = (1.0, 1.0),
    ) -> F8:
        """Mean over the day of the share lost beyond the usual, from busy-hour shares of demand served.

        Parameters
        ----------
        share, usual : float64 (node,)
            With the failure and without; 0 is cut off in all hours.
        weights : array_like, shape (24,), optional
            Of the hours, with sum 1; all alike if left out.
        content : (float, float)
            Share of any hour's demand that the exits in reach can answer, with the failure and without.
        """
        each = np.full(24, 1.0 / 24.0) if weights is None else np.asarray(weights, np.float64)
        lost = self._shed(share, content[0]) - self._shed(usual, content[1])
        return np.asarray(np.maximum(lost, 0.0) @ each)

    def _shed(self, share: F8, content: float) -> F8:
        """Share lost in each hour (node, 24): what passes in the busy hour passes always."""
        most = np.divide(
            share[:, None], self.profile[None, :], out=np.ones((share.size, 24)), where=self.profile > 0.0
        )
        return np.where(share[:, None] <= 0.0, 1.0, np.maximum(0.0, 1.0 - np.minimum(most, content)))


def land(cells: pd.DataFrame, cell_node: I8, demand_mbps: F8, busy_mbps: F8, nodes: int, nation: str) -> Land:
    """People of every district by the node where they enter.

    Parameters
    ----------
    cell_node : int64 (cell,)
        -1 where a cell enters nowhere.
    demand_mbps : float64 (cell, hour), busy_mbps : float64 (cell,)
    nodes : int
        Rows of the nodes table.
    """
    if not len(cells) == cell_node.size == busy_mbps.size:
        sizes = f"{len(cells)}, {cell_node.size}, {busy_mbps.size}"
        raise RabtaError("cells and their nodes differ in number", key="cell_node", value=sizes)
    district = cells["district"].fillna("").to_numpy(str)
    names, first, row = np.unique(district, return_index=True, return_inverse=True)
    people = np.zeros((names.size, nodes))
    here = cell_node >= 0
    np.add.at(people, (row[here], cell_node[here]), cells["people"].to_numpy(np.float64)[here])
    return Land(
        names,
        cells["province"].fillna("").to_numpy(str)[first],
        people,
        np.bincount(row, cells["households"].to_numpy(np.float64), names.size).astype(np.float64),
        demand_mbps.sum(axis=0) / max(float(busy_mbps.sum()), 1e-9),
        payments(nation),
    )


@dataclass(frozen=True)
class Shares:
    """Who gets how much of its busy-hour demand, whole and with failures.

    Attributes
    ----------
    net : Network
    base : Base
    """

    net: Network
    base: Base

    @cached_property
    def fair(self) -> anycast.Anycast:
        """The network for max-min fair shares."""
        net, exits = self.net, np.zeros(self.net.demand.size)
        exits[net.sink] = np.inf
        unit = net.unit_mbps
        return anycast.prepare(net.demand * unit, net.ends.T, net.limit.T * unit, exits)

    @cached_property
    def usual(self) -> F8:
        """Shares of the nodes with nothing failed."""
        if not self.base.lost:
            return self._connected(np.ones(self.net.nodes), ())
        return self._of(self.fair.served())

    def content(self, gone: Sequence[int] | I8 = ()) -> float:
        """Share of the demand in reach of any exit that the exits in reach can answer, in any hour.

        The exits at home answer the home share of the nation's demand at most, those abroad the rest.
        """
        net = self.net
        wanted = net.demand[: net.nodes].astype(np.float64)
        left = wanted[reached(net, net.sink, gone)].sum()
        answer = sum(
            float(net.limit[0][(net.tail == goal) & (net.head == net.sink)].sum())
            for goal in (net.home_exit, net.abroad_exit)
            if wanted[reached(net, goal, gone)].any()
        )
        return min(1.0, answer / left) if left > 0.0 else 1.0

    @cached_property
    def usual_content(self) -> float:
        """`content` with nothing failed."""
        return self.content()

    def _of(self, served: F8) -> F8:
        wanted = self.net.demand[: self.net.nodes] * self.net.unit_mbps
        got = np.asarray(served, np.float64)[: self.net.nodes]
        share = np.divide(got, wanted, out=np.ones_like(wanted), where=wanted > 0.0)
        return np.where(share > 1.0 - 1e-6, 1.0, np.where(share < 1e-6, 0.0, share))

    def _connected(self, share: F8, gone: Sequence[int] | I8) -> F8:
        """Nobody gets anything where no way leads to an exit, whether or not there is demand."""
        return np.where(reached(self.net, self.net.sink, gone), share, 0.0)

    def without(self, cases: Sequence[I8]) -> list[F8]:
        """Shares with these edges gone, case by case."""
        if not cases:
            return []
        found = self.fair.without([case.tolist() for case in cases])
        return [self._connected(self._of(row), gone) for row, gone in zip(found, cases, strict=True)]

    def singles(self, lost: Sequence[I8], alone: Singles) -> list[F8]:
        """Shares when each element fails alone, for those that lose something; the usual ones otherwise."""
        out = [self.usual] * len(lost)
        shared = []
        for a in np.flatnonzero(alone.loss).tolist():
            behind = alone.nodes_behind(a, self.net.demand.size)
            if int(alone.loss[a]) == int(self.net.demand[behind].sum()):  # nothing at all comes through
                out[a] = np.where(behind[: self.net.nodes], 0.0, self.usual)
            else:
                shared.append(a)
        for a, share in zip(shared, self.without([lost[a] for a in shared]), strict=True):
            out[a] = np.minimum(share, 1.0)
        return out


def reached(net: Network, goal: int, gone: Sequence[int] | I8) -> B1:
    """Nodes with a way to the goal (the sink: any exit) over edges that carry something and are not gone."""
    edges = net.ways(net.abroad_exit if goal == net.sink else goal)
    if goal == net.sink:
        home = net.ways(net.home_exit)
        edges = np.minimum(edges, home)
        edges[net.head == net.sink] = 0.0
    alive = np.isfinite(edges)
    alive[np.asarray(gone, np.int64)] = False
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = net.demand.size
    links = coo_array((np.ones(int(alive.sum())), (net.tail[alive], net.head[alive])), shape=(size, size))
    _, part = connected_components(links, directed=False)
    return np.asarray((part == part[goal])[: net.nodes])


@dataclass(frozen=True)
class Effect:
    """What one case does to people, beyond what the whole network does to them already.

    Attributes
    ----------
    lost_share : float64 (district,)
        Busy-hour demand lost, by people.
    cut_people, person_hours : float64 (district,)
    people_cut, people_congested, payments_missed : float
    """

    lost_share: F8
    cut_people: F8
    person_hours: F8
    people_cut: float
    people_congested: float
    payments_missed: float

    @property
    def hit(self) -> int:
        """Districts that lose more than a hundredth of their demand."""
        return int((self.lost_share > FELT).sum())


def effect(
    where: Land,
    share: F8,
    usual: F8,
    hours: float,
    no_payments: B1 | None = None,
    content: tuple[float, float] = (1.0, 1.0),
) -> Effect:
    """Effect of busy-hour shares for some hours.

    Parameters
    ----------
    share, usual : float64 (node,)
    hours : float
        Until repaired.
    no_payments : bool (node,), optional
        Nodes whose payments all miss their deadline, whatever is carried.
    content : (float, float)
        Share of the demand that the exits in reach can answer, with the failure and without.
    """
    residents = np.maximum(where.people.sum(axis=1), 1e-9)
    cut = (share <= 0.0) & (usual > 0.0)
    extra = np.maximum(usual - share, 0.0)
    room, usual_room = (
        np.minimum(1.0, a / max(c, 1e-9)) for a, c in zip((share, usual), content, strict=True)
    )
    paid = where.lost_hours(room, usual_room, where.payments.hours)
    if no_payments is not None:
        paid = np.where(no_payments & (usual > 0.0), 1.0, paid)
    people = where.people.sum(axis=0)
    return Effect(
        (where.people @ extra) / residents,
        where.people @ cut,
        hours * (where.people @ where.lost_hours(share, usual, content=content)),
        float(people[cut].sum()),
        float(people[~cut & (extra > FELT)].sum()),
        float(hours * where.payments.a_person_hour * (people * paid).sum()),
    )
