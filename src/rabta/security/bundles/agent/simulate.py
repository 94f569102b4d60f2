"""Bundles over a contact plan in simulated time: the agents, stores and codec are the real ones."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rabta.errors import RabtaError
from rabta.security.bundles.agent.files import name_of
from rabta.security.bundles.agent.node import Agent
from rabta.security.bundles.agent.policy import Policy
from rabta.security.bundles.codec import eid
from rabta.security.bundles.contacts import Contact, Hop, Plan, route
from rabta.security.bundles.store import Store
from rabta.security.bundles.store.database import Stored
from rabta.security.core import Rejected


@dataclass(frozen=True)
class Demand:
    """A bundle to be sent: from, to, payload's length (bytes), when (seconds)."""

    source: str
    destination: str
    size: int
    at: float


@dataclass
class Outcome:
    """What became of the demands.

    Attributes
    ----------
    delays_s : dict of str to float
        By the bundle's name, from sending to the destination's store.
    expected_s : dict of str to float
        Delay that the source expected by its plan; absent where it saw no way.
    """

    sent: int = 0
    delays_s: dict[str, float] = field(default_factory=dict)
    expected_s: dict[str, float] = field(default_factory=dict)
    hops: int = 0
    retried: int = 0
    repeated: int = 0

    @property
    def delivered_share(self) -> float:
        """Delivered over sent; NaN where none was sent."""
        return len(self.delays_s) / self.sent if self.sent else float("nan")


class Simulation:
    """Agents of all nodes of a plan, each with its own copy of it.

    Parameters
    ----------
    broken : collection of int
        Numbers of contacts that fail, unknown to all until they are tried.
    policy : callable
        Of each node by its name; nothing is required without.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        *,
        broken: Collection[int] = (),
        policy: Callable[[str], Policy] = lambda _: Policy("nothing"),
        lifetime_s: float = 10 * 86_400.0,
    ) -> None:
        self.contacts: tuple[Contact, ...] = plan.contacts
        self.broken, self.lifetime_s = set(broken), lifetime_s
        self.now, self.outcome = 0.0, Outcome()
        self.agents: dict[str, Agent] = {}
        self._named = {name: eid.parse(f"ipn:{at}.1") for at, name in enumerate(plan.nodes, 1)}
        self._names = {where.node: name for name, where in self._named.items()}
        for name, where in self._named.items():
            store = Store(folder / f"{where.node.replace(':', '')}.db", clock=lambda: self.now)
            self.agents[name] = Agent(where, store, Plan(plan.contacts), policy(name))
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._begun: dict[str, float] = {}

    def _later(self, when: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), act))

    def run(self, demands: Sequence[Demand], step: Callable[[float], None] = lambda _: None) -> Outcome:
        """Send all and go on until nothing is left to happen.

        Parameters
        ----------
        step : callable
            Is given the simulated time at each event.
        """
        for item in demands:
            if item.source not in self.agents or item.destination not in self.agents:
                raise RabtaError(
                    "a node that the plan does not have", value=f"{item.source} or {item.destination}"
                )
            self._later(item.at, lambda item=item: self._send(item))  # type: ignore[misc]
        while self._queue:
            self.now, _, act = heapq.heappop(self._queue)
            step(self.now)
            act()
        for agent in self.agents.values():
            agent.store.close()
        return self.outcome

    def _send(self, item: Demand) -> None:
        agent = self.agents[item.source]
        made = agent.send(self._named[item.destination], bytes(item.size), lifetime_s=self.lifetime_s)
        self.outcome.sent += 1
        self._begun[name_of(made)] = self.now
        stored = list(agent.store.waiting(here=False))[-1]
        self._plan(item.source, stored, first=True)

    def _plan(self, node: str, item: Stored, *, first: bool = False) -> None:
        """Book the first hop of the best way and send at its time."""
        agent = self.agents[node]
        plan = agent.plan
        assert plan is not None
        raw = agent.outgoing(item).raw
        size = len(raw) + 8  # its age grows while it waits
        until = self.now + item.expires - agent.store.now()
        wanted = self._names[item.bundle.primary.destination.node]
        way = route(plan, node, wanted, size, self.now, until=until)
        if way is None or not way.hops:
            return
        if first:
            self.outcome.expected_s[name_of(item.bundle)] = way.arrival - self.now
        hop = way.hops[0]
        plan.book(hop.contact, hop.begin, size)
        self._later(hop.begin, lambda: self._transmit(node, item, hop))

    def _transmit(self, node: str, item: Stored, hop: Hop) -> None:
        agent = self.agents[node]
        assert agent.plan is not None
        if hop.contact in self.broken:
            agent.plan.fail(hop.contact)
            self.outcome.retried += 1
            self._plan(node, item)
            return
        raw = agent.outgoing(item).raw
        receiver = self.contacts[hop.contact].receiver
        self._later(hop.arrival, lambda: self._arrive(node, item, receiver, raw))

    def _arrive(self, node: str, item: Stored, receiver: str, raw: bytes) -> None:
        agent = self.agents[receiver]
        try:
            bundle = agent.receive(raw)
        except Rejected as error:
            self.outcome.repeated += error.reason == "replay"
            return
        self.agents[node].store.done(item.number)
        self.outcome.hops += 1
        if bundle.primary.destination.node == agent.node.node:
            name = name_of(bundle)
            self.outcome.delays_s[name] = self.now - self._begun[name]
            return
        stored = next(kept for kept in agent.store.waiting(here=False) if kept.bundle.raw == raw)
        self._plan(receiver, stored)
