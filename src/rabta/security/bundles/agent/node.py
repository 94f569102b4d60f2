"""The agent of a node (RFC 9171, 5): sends, receives, forwards along the contact plan, delivers, reports."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rabta.security.bundles.agent import files
from rabta.security.bundles.agent.policy import REPORT_BURST, Policy, known_by
from rabta.security.bundles.bpsec import Accepted
from rabta.security.bundles.codec import Bundle, Primary, blocks, decode, eid, fragments, make, records, scan
from rabta.security.bundles.codec import bundle as bundles
from rabta.security.bundles.contacts import Plan, Route, route
from rabta.security.bundles.store import Dropped, Store, quota
from rabta.security.bundles.store.database import Stored
from rabta.security.core import Rejected

HOP_LIMIT = 32
Link = Callable[[bytes], bool]


class Agent:
    """A node.

    Parameters
    ----------
    node : Eid
        One of its endpoints; all endpoints of the same node are its own.
    store : Store
        Its file; also its clock.
    plan : Plan, optional
        Contacts by node names (``"ipn:2"``); without one, bundles go to whoever is linked.
    policy : Policy, optional
        What it asks and gives.

    Attributes
    ----------
    links : dict of str to callable
        By the neighbour's node: takes a bundle's bytes, says whether the neighbour has it.
    told : list of Dropped
        Bundles that had to go since the caller last looked.
    unwritten : dict of str to str
        By name, why the last delivery could not write a bundle's file.
    """

    def __init__(
        self, node: eid.Eid, store: Store, plan: Plan | None = None, policy: Policy | None = None
    ) -> None:
        self.node, self.store, self.plan = node, store, plan
        self.policy = policy or Policy()
        self.links: dict[str, Link] = {}
        self.told: list[Dropped] = []
        self.unwritten: dict[str, str] = {}
        self._reports, self._reported = float(REPORT_BURST), store.now()

    # own bundles

    def send(
        self,
        destination: eid.Eid,
        payload: bytes,
        *,
        lifetime_s: float = 86_400.0,
        priority: int = quota.NORMAL,
        report: int = 0,
        hop_limit: int = HOP_LIMIT,
    ) -> Bundle:
        """Make, protect and keep a bundle; on disk when it returns.

        It has creation time 0, a sequence number that is never given twice and a bundle age: no clock enters.

        Parameters
        ----------
        report : int
            Status reports that are asked for, as flags of RFC 9171, 4.2.3.
        """
        number = self.store.next_sequence()
        primary = Primary(destination, self.node, self.node, 0, number, int(lifetime_s * 1000), report)
        plain = make(
            primary, payload, (blocks.AGE, scan.uint(0)), (blocks.HOPS, bundles.hop_data(hop_limit, 0))
        )
        item = self.policy.protect(plain, number)
        here = destination.node == self.node.node
        self.told += self.store.accept(item, here=here, priority=priority, own=True)
        return item

    # from others

    def receive(self, raw: bytes) -> Bundle:
        """Take a bundle from a neighbour; on disk when it returns, so that it may be acknowledged.

        Raises
        ------
        Rejected
            With its reason; ``"replay"`` means that it is here already and may be acknowledged too.
        """
        item = decode(raw)
        if item.primary.source.node == self.node.node:
            raise Rejected("replay", "an own bundle that came back")
        here = item.primary.destination.node == self.node.node
        if here and item.primary.fragment:
            self.told += self.store.keep_part(item)
            self._join(item)
        elif here:
            self._keep(item, self.policy.check(item))
        else:
            self.told += self.store.accept(item, here=False)
        self._report(item, records.RECEIVED)
        return item

    def _keep(self, item: Bundle, found: Accepted, instead_of: Bundle | None = None) -> None:
        self.told += self.store.accept(
            item,
            here=True,
            authentic=found.authentic,
            known_by=known_by(found) if found.authentic else (),
            instead_of=instead_of,
        )

    def _join(self, last: Bundle) -> None:
        """Put fragments together where they are complete.

        What does not hold stays beside its rivals, for one of them may be the true one; only a whole that is
        accepted, or was here before, lets go of them.
        """
        for parts in self.store.wholes(last):
            try:
                whole = fragments.join(parts)
                if whole is None:
                    continue
                whole = decode(whole.raw)  # what is kept must be readable
                found = self.policy.check(whole)
            except Rejected:
                continue
            if self._joined(whole, found, last):
                return

    def _joined(self, whole: Bundle, found: Accepted, last: Bundle) -> bool:
        """Keep a whole that holds; False where others may do better."""
        try:
            self._keep(whole, found, last)
        except Rejected as error:
            if error.reason in {"replay", "stale"}:
                self.store.drop_parts(last)
            return error.reason != "expired"  # without room, they wait
        return True

    def deliver(self, folder: Path) -> list[Path]:
        """Write the payloads of all bundles for this node, opened and verified, to a folder; paths of files.

        A file's name is that of the bundle, so that a delivery that a crash cut off is done again to the
        same file, and none is delivered twice. One that cannot be written stays in the store for the next
        time, is named in `unwritten`, and holds up no other.
        """
        written = []
        self.unwritten = {}
        for item in self.store.waiting(here=True):
            if item.bundle.primary.fragment:
                continue
            if item.bundle.primary.flags & blocks.ADMINISTRATIVE:
                continue
            try:
                found = self.policy.check(item.bundle)
            except Rejected:  # whose key or credential went since it came
                self._lost(self.store.refuse(item.number, records.FAILED_SECURITY))
                continue
            name = files.name_of(item.bundle)
            try:
                written.append(files.write(folder / name, found.bundle.payload))
            except OSError as error:
                self.unwritten[name] = error.strerror or "cannot be written"
                continue
            self._report(item.bundle, records.DELIVERED)
            self.store.done(item.number)
        return written

    def reports(self) -> list[records.Report]:
        """Status reports that came for this node; they are let go of."""
        found = []
        for item in self.store.waiting(here=True):
            if not item.bundle.primary.flags & blocks.ADMINISTRATIVE:
                continue
            try:
                found.append(records.decode(self.policy.check(item.bundle).bundle.payload))
            except Rejected:  # no status report, or its key went since it came
                self.told.append(self.store.refuse(item.number, records.UNINTELLIGIBLE))
            else:
                self.store.done(item.number)
        return found

    # onward

    def forward(self, now: float | None = None) -> int:
        """Drop what expired and send what can be sent at this moment; how many went.

        Parameters
        ----------
        now : float, optional
            Seconds of the contact plan; not needed without one.
        """
        for gone in self.store.expire():
            self._lost(gone)
        sent = 0
        for item in self.store.waiting(here=False):
            if item.bundle.primary.destination.node == self.node.node:
                continue
            sent += self._forward(item, now)
        return sent

    def _forward(self, item: Stored, now: float | None) -> bool:
        hops = item.bundle.hops
        if hops is not None and hops[1] >= hops[0]:
            self._lost(self.store.refuse(item.number, records.HOP_LIMIT))
            return False
        raw = self.outgoing(item).raw
        for neighbour in self._next(item, len(raw), now):
            if self.links[neighbour](raw):
                self.store.done(item.number)
                self._report(item.bundle, records.FORWARDED)
                return True
        return False

    def _next(self, item: Stored, size: int, now: float | None) -> list[str]:
        """Linked neighbours in the order in which to try them."""
        previous = item.bundle.previous
        wanted = item.bundle.primary.destination.node
        if self.plan is None or now is None:
            others = [node for node in self.links if previous is None or node != previous.node]
            return sorted(others, key=lambda node: node != wanted)
        way = self.way(item, size, now)
        if way is None or not way.hops or way.hops[0].begin > now:
            return []
        neighbour = way.nodes(self.plan)[1]
        return [neighbour] if neighbour in self.links else []

    def way(self, item: Stored, size: int, now: float) -> Route | None:
        """Way of earliest arrival for a stored bundle within what it may still live."""
        if self.plan is None:
            return None
        until = now + item.expires - self.store.now()
        destination = item.bundle.primary.destination.node
        return route(self.plan, self.node.node, destination, size, now, until=until)

    def outgoing(self, item: Stored) -> Bundle:
        """Return the bundle as the next node gets it: older, one hop more, this node as the previous."""
        held = max(0, round((self.store.now() - item.arrived) * 1000))
        out = item.bundle
        if out.age is not None or not out.primary.created:
            out = out.extension(blocks.AGE, scan.uint((out.age or 0) + held))
        if out.hops is not None:
            out = out.extension(blocks.HOPS, bundles.hop_data(out.hops[0], out.hops[1] + 1))
        return out.extension(blocks.PREVIOUS_NODE, self.node.raw)

    # reports

    def _lost(self, gone: Dropped) -> None:
        self.told.append(gone)
        if gone.raw:
            self._report(decode(gone.raw), records.DELETED, gone.reason)

    def _report(self, about: Bundle, state: int, reason: int = 0) -> None:
        """Answer where an authentic bundle asks for it; without a time, as no clock is trusted.

        Nobody else can have this node send, or sign, to an address of his choice.
        """
        primary = about.primary
        asked = primary.flags & records.ASKED[state] and self.policy.reports
        if not asked or primary.report_to.none or not self._due():
            return
        if not self.policy.authentic(about):
            return
        self._reports -= 1
        number = self.store.next_sequence()
        head = Primary(primary.report_to, self.node, eid.NONE, 0, number, primary.lifetime)
        plain = records.bundle(head, records.report_of(about, state, reason))
        plain = plain.extension(blocks.AGE, scan.uint(0))
        here = primary.report_to.node == self.node.node
        try:
            self.told += self.store.accept(self.policy.protect(plain, number), here=here, own=True)
        except Rejected:  # no room: a report is worth less than what it is about
            return

    def _due(self) -> bool:
        now = self.store.now()
        gained = (now - self._reported) / self.policy.report_interval_s
        self._reports, self._reported = min(REPORT_BURST, self._reports + gained), now
        return self._reports >= 1
