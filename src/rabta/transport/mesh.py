"""Inter-satellite links of a run: the network of its hour, each satellite's neighbours, connected meshes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.space.constellations import OUTSIDE
from rabta.space.network.fleet import network_of, regular
from rabta.space.network.topology import Network, angles
from rabta.space.propagate import ELEMENTS, moving

if TYPE_CHECKING:
    import pandas as pd

ANY_HOUR = np.datetime64("2026-01-01", "ns")
Pairs = tuple[tuple[str, str], ...]


class _Asked:
    """Tables as a key: equal while they are the same objects, which stages never edit."""

    def __init__(self, satellites: pd.DataFrame, systems: pd.DataFrame) -> None:
        self.satellites, self.systems = satellites, systems

    def __eq__(self, other: object) -> bool:
        same = isinstance(other, _Asked) and self.satellites is other.satellites
        return same and self.systems is other.systems  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash((id(self.satellites), id(self.systems)))


def network(
    satellites: pd.DataFrame,
    systems: pd.DataFrame,
    time: np.datetime64,
    *,
    relays: bool = True,
    handoffs: Pairs = (),
) -> Network:
    """Network of the moving satellites of a run's tables, as `rabta.space.network.fleet.network_of`.

    Companions are those of the whole hour before the instant: so a chunk of a run has the links that any
    other part of it has at that time.
    """
    asked = _Asked(satellites, systems)
    hour = time.astype("datetime64[h]").astype("datetime64[ns]")
    if not handoffs and _regular(asked):
        hour = ANY_HOUR
    return _kept(asked, hour, relays, tuple(tuple(pair) for pair in handoffs))


@lru_cache(maxsize=2)
def _regular(asked: _Asked) -> bool:
    """True where all shells with links are regular: then links do not depend on the hour."""
    table, systems = moving(asked.satellites), asked.systems
    linked = systems["isl"].to_numpy(bool)[table["system"].to_numpy(np.int64)]
    linked &= (table["shell"] != OUTSIDE).to_numpy(bool)
    columns = {name: table[name].to_numpy(np.float64)[linked] for name in ELEMENTS}
    if not linked.any():
        return True
    raan, phase = (np.mod(angle, 2.0 * np.pi) for angle in angles(columns, ANY_HOUR))
    shells = (table["constellation"].astype(str) + "/" + table["shell"].astype(str)).iloc[linked]
    rows = shells.groupby(shells, sort=False).indices.values()
    return all(regular(raan[r], phase[r]) is not None for r in map(np.sort, rows))


@lru_cache(maxsize=4)
def _kept(asked: _Asked, hour: np.datetime64, relays: bool, handoffs: Pairs) -> Network:
    return network_of(asked.satellites, asked.systems, hour, relays=relays, handoffs=handoffs)


def neighbours(net: Network) -> NDArray[np.int32]:
    """Rows of the satellites at the other ends of each satellite's links, -1 where there is none.

    Returns
    -------
    ndarray of int32, shape (satellite, degree)
    """
    begin, target, _ = net.arcs
    degree = np.diff(begin)
    table = np.full((len(degree), max(1, int(degree.max(initial=0)))), -1, np.int32)
    rows = np.repeat(np.arange(len(degree)), degree)
    table[rows, np.arange(len(target)) - begin[:-1][rows]] = target
    return table


def meshes(table: NDArray[np.int32]) -> NDArray[np.int32]:
    """Connected mesh of each satellite, numbered from zero; -1 for those without a link."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    rows, places = np.nonzero(table >= 0)
    graph = sparse.csr_matrix((np.ones(rows.size), (rows, table[rows, places])), shape=(len(table),) * 2)
    _, label = connected_components(graph, directed=False)
    alone = (table < 0).all(axis=1)
    out = np.full(len(table), -1, np.int32)
    out[~alone] = np.unique(label[~alone], return_inverse=True)[1]
    return out
