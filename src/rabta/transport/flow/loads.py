"""Load of the terrestrial network in an hour: what each span carries, and what more of it would be worth.

Every node asks for content at home (any exchange) and abroad (any node abroad). Wanted is the routing that
carries the most, over short ways where there is a choice; a linear programme of two commodities, solved by
HiGHS hour after hour from the last basis::

    maximise    sum over nodes, kinds, parts (worth[part] f) - sum over arcs, kinds (toll delay x)
    subject to  what leaves a node less what arrives = what it asks, for each kind; exits take any
                x home + x abroad <= capacity                          each direction of a span
                0 <= f <= part of what the node asks

A node's demand is in equal parts of slightly falling worth, so that nodes which compete for the same span
share it evenly. The dual of a span's capacity is its price: the Mbit/s that the nation would carry more for
one Mbit/s more there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import EXIT_SYSTEM, RabtaError

if TYPE_CHECKING:
    import highspy

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

WORTH = np.array([1.0, 0.998, 0.996, 0.994, 0.992])  # of the parts of a node's demand
TOLL = 1e-6  # of a ms on the way, against the worth of a Mbit/s carried
LEAST_PRICE = 1e-3


@dataclass(frozen=True)
class Ground:
    """The terrestrial network of the flow programmes.

    Attributes
    ----------
    ends : int64 (span, 2), capacity : float64 (span,), delay_ms : float64 (span,)
        Rows of nodes; Mbit/s in each direction; one way.
    exits : bool (2, node)
        Nodes that give content at home, and from abroad.
    """

    ends: I8
    capacity: F8
    delay_ms: F8
    exits: NDArray[np.bool_]

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Whether capacity joins each node to an exit (2, node)."""
        from scipy import sparse
        from scipy.sparse.csgraph import connected_components

        use = self.capacity > 0.0
        size = self.exits.shape[1]
        matrix = sparse.csr_matrix((np.ones(use.sum()), self.ends[use].T), (size, size))
        part = connected_components(matrix, directed=False)[1]
        return np.stack([np.isin(part, part[kind]) for kind in self.exits])


@dataclass(frozen=True)
class Hour:
    """Loads of one hour.

    Attributes
    ----------
    along, against : float64 (span,)
        Mbit/s from the content to the users, by direction of the span.
    price : float64 (span,)
        Mbit/s that the nation carries more for one Mbit/s more of the span (both directions together).
    carried : float64 (2, node)
        Mbit/s of content at home and abroad.
    """

    along: F8
    against: F8
    price: F8
    carried: F8


def hours(ground: Ground, asked: F8) -> list[Hour]:
    """Loads in every hour.

    Parameters
    ----------
    asked : float64 (hour, 2, node)
        Mbit/s of content at home and abroad that enters the network at each node.
    """
    if not np.isfinite(asked).all() or (asked < 0.0).any():
        raise RabtaError("demand must be finite and not negative", value=float(np.nanmin(asked)))
    programme = _Programme(ground)
    return [programme.solve(part) for part in asked]


class _Programme:
    """The programme, built once; each hour changes what nodes ask."""

    def __init__(self, ground: Ground) -> None:
        import highspy

        self.ground, self.reached = ground, ground.reached
        self.used = np.flatnonzero((ground.capacity > 0.0) & (ground.ends[:, 0] != ground.ends[:, 1]))
        self.asks = np.argwhere(self.reached & ~ground.exits)
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 0)):
            self.solver.setOptionValue(name, value)
        if self.used.size and len(self.asks):
            self.solver.passModel(self._model())

    def _model(self) -> highspy.HighsLp:
        """Columns: arcs of both kinds (along, against), then the parts of what nodes ask."""
        import highspy
        from scipy import sparse

        g, spans, nodes = self.ground, self.used.size, self.ground.exits.shape[1]
        a, b = g.ends[self.used].T
        one, column = np.ones(2 * spans), np.arange(2 * spans)
        tail, head = np.concatenate([a, b]), np.concatenate([b, a])
        flow = sparse.csr_matrix((one, (head, column)), (nodes, 2 * spans))
        flow = flow - sparse.csr_matrix((one, (tail, column)), (nodes, 2 * spans))
        parts = np.repeat(self.asks, WORTH.size, axis=0)
        taken = sparse.csr_matrix(
            (-np.ones(len(parts)), (parts[:, 0] * nodes + parts[:, 1], np.arange(len(parts)))),
            (2 * nodes, len(parts)),
        )
        both = sparse.hstack([sparse.eye(2 * spans)] * 2 + [sparse.csr_matrix((2 * spans, len(parts)))])
        matrix = sparse.vstack([sparse.hstack([sparse.block_diag([flow, flow]), taken]), both]).tocsc()
        limit = np.tile(g.capacity[self.used], 2)
        supply = np.where(g.exits.ravel(), -np.inf, 0.0)  # an exit may give any
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = matrix.shape[1], matrix.shape[0]
        lp.col_cost_ = np.concatenate(
            [np.tile(g.delay_ms[self.used], 4) * TOLL, -np.tile(WORTH, len(self.asks))]
        )
        outside = g.exits[1]
        leaves = outside[head] & ~outside[tail]  # traffic does not go out over one cable and in by another
        kinds = np.where(np.stack([~leaves & ~outside[tail], ~leaves]), np.inf, 0.0)
        lp.col_lower_ = np.zeros(lp.num_col_)
        lp.col_upper_ = np.concatenate([kinds.ravel(), np.zeros(len(parts))])
        lp.row_lower_ = np.concatenate([supply, np.full(2 * spans, -np.inf)])
        lp.row_upper_ = np.concatenate([np.zeros(2 * nodes), limit])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data
        return lp

    def solve(self, asked: F8) -> Hour:
        """Loads when nodes ask so much of each kind."""
        import highspy

        spans, count = self.used.size, len(self.asks) * WORTH.size
        if not spans or not count:
            return self._hour(asked, np.zeros(4 * spans + count), np.zeros(2 * spans))
        upper = np.repeat(asked[tuple(self.asks.T)] / WORTH.size, WORTH.size)
        columns = np.arange(4 * spans, 4 * spans + count, dtype=np.int32)
        self.solver.changeColsBounds(count, columns, np.zeros(count), upper)
        self.solver.run()
        if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            status = self.solver.modelStatusToString(self.solver.getModelStatus())
            raise RabtaError(f"no loads of the network: {status}", exit_code=EXIT_SYSTEM)
        solution = self.solver.getSolution()
        value, dual = np.asarray(solution.col_value), np.asarray(solution.row_dual)
        return self._hour(asked, np.maximum(value, 0.0), dual[2 * self.ground.exits.shape[1] :])

    def _hour(self, asked: F8, value: F8, dual: F8) -> Hour:
        spans, size = self.used.size, self.ground.capacity.size
        flow = value[: 4 * spans].reshape(2, 2, spans).sum(axis=0)
        # what the two kinds send against each other over one span is a matter of accounts, not removed here
        along, against, price = np.zeros(size), np.zeros(size), np.zeros(size)
        along[self.used], against[self.used] = flow
        price[self.used] = np.maximum(0.0, -dual).reshape(2, spans).sum(axis=0)
        price[price < LEAST_PRICE] = 0.0  # what a shorter way saves of tolls, not traffic
        carried = np.where(self.ground.exits, asked, 0.0)
        carried[tuple(self.asks.T)] = value[4 * spans :].reshape(-1, WORTH.size).sum(axis=1)
        return Hour(along, against, price, carried)
