"""Whom a node accepts: credentials under the root, on the witnessed log, in their epochs, not revoked.

Epochs come from the log and from peers, never from a clock. A node that has heard nothing since before a
revocation cannot know of it; so peers compare epochs at each contact (`Trust.meet`), and a node may refuse
everybody when its newest statement is older than `most_age_s` by its own counter.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rabta.security.audit.checkpoint import Checkpoint
from rabta.security.audit.meet import Evidence
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.core import Rejected
from rabta.security.core.peers import Peer
from rabta.security.identity import cose, epochs
from rabta.security.identity.clock import Clock
from rabta.security.identity.credential import CREDENTIAL, Claims, identifier, peer
from rabta.security.identity.epochs import SHORT_BYTES, Epoch
from rabta.security.identity.issue import Bundle
from rabta.security.identity.roots import RootPolicy
from rabta.security.keystore import files

KIND = "trust"
MOST_PEERS = 65_536
MOST_HEADS = 256
"""Checkpoints that are kept to compare others' with."""


@dataclass
class Trust:
    """A node's view of who is who.

    Parameters
    ----------
    root : RootPolicy
    policy : Policy
        Of the log: its keys, witnesses and quorum.
    most_age_s : float
        How old the newest epoch may be: from the time that witnesses signed over it, to the least that it
        may be now. Infinity for always. A node that was switched off meanwhile counts from its start.
    counter : callable
        The node's monotonic counter, seconds, where a call says no other instant.
    watchers : list of callable
        Called after each newer epoch, by whatever way it came: sessions must be judged again at once.
    evidence : Evidence or None
        Of two views of the log, once such were seen; no proof under the second one is taken.
    """

    root: RootPolicy
    policy: Policy
    most_age_s: float = math.inf
    clock: Clock = field(default_factory=Clock)
    epoch: Epoch = field(default_factory=lambda: Epoch(0))
    statement: bytes = b""
    proof: Inclusion | None = None
    size: int = 0
    note: bytes = b""
    evidence: Evidence | None = None
    watchers: list[Callable[[], None]] = field(default_factory=list)
    stated_s: float = 0.0
    counter: Callable[[], float] = time.monotonic
    _known: dict[bytes, tuple[Peer, Claims]] = field(default_factory=dict)
    _heads: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)

    def accept(self, bundle: Bundle, now: float | None = None) -> Peer:
        """Peer of a bundle.

        Raises
        ------
        Rejected
            ``"quorum"`` (of officers or witnesses), ``"signature"``, ``"proof"``, ``"expired"``,
            ``"revoked"``, ``"stale"`` (it begins later than the newest epoch known here: show that epoch
            first), ``"malformed"``.
        """
        if bundle.epoch and bundle.epoch_proof is not None:
            self.meet(bundle.epoch, bundle.epoch_proof, now)
        claims = self.claimed(bundle, now)
        found = peer(bundle.credential, claims)
        self._judge(found.identifier, claims, now)
        if len(self._known) >= MOST_PEERS:
            self._known.pop(next(iter(self._known)))
        self._known[found.identifier] = found, claims
        return found

    def claimed(self, bundle: Bundle, now: float | None = None) -> Claims:
        """Claims that enough officers signed and that are on the log, judged by no epoch."""
        claims = Claims.decode(self.root.check(cose.parse(bundle.credential, CREDENTIAL)))
        self._witnessed(bundle.proof, bundle.credential, now)
        return claims

    def lookup(self, name: bytes, now: float | None = None) -> Peer:
        """Peer that was accepted before, judged by what is known now."""
        if name not in self._known:
            raise Rejected("unknown", "nobody with this credential was accepted")
        found, claims = self._known[name]
        self._judge(name, claims, now)
        return found

    def claims(self, name: bytes) -> Claims:
        """Claims of an accepted peer."""
        self.lookup(name)
        return self._known[name][1]

    def advance(self, statement: bytes, proof: Inclusion, now: float | None = None) -> Epoch:
        """Take a newer epoch.

        Raises
        ------
        Rejected
            ``"stale"`` for one that is not newer, else as `accept`; nothing is changed then.
        """
        after = epochs.read(statement, self.root)
        if after.number <= self.epoch.number:
            raise Rejected("stale", f"epoch {after.number}, and {self.epoch.number} is known")
        self.stated_s = self._witnessed(proof, statement, now)
        self.epoch, self.statement, self.proof = after, statement, proof
        for watcher in self.watchers:
            watcher()
        return after

    def meet(self, statement: bytes, proof: Inclusion, now: float | None = None) -> bool:
        """Take the peer's epoch where it is newer; False where it is not. A forged one is `Rejected`."""
        if epochs.read(statement, self.root).number <= self.epoch.number:
            return False
        self.advance(statement, proof, now)
        return True

    def witness(self, note: bytes, now: float | None = None) -> None:
        """Take a checkpoint that a quorum signed; it bounds the clock, and later ones are compared with it.

        Raises
        ------
        Rejected
            ``"split"`` where another of its size is known: two views of one log (`evidence` shows them);
            ``"quorum"``, ``"signature"``, ``"malformed"``.
        """
        self._seen(self.policy.check(note), note, now)

    def head(self, size: int) -> tuple[bytes, bytes] | None:
        """Root and note of a checkpoint that was seen here."""
        return self._heads.get(size)

    def _witnessed(self, proof: Inclusion, leaf: bytes, now: float | None) -> float:
        """Time that a quorum signed over an entry; it bounds the clock from below."""
        found = proof.verify(leaf, self.policy)
        self._seen(found, proof.note, now)
        return float(found.time)

    def _seen(self, found: Checkpoint, note: bytes, now: float | None) -> None:
        """Remember a checkpoint; one that contradicts another is refused."""
        root, before = self._heads.setdefault(found.size, (found.root, note))
        if root != found.root:
            self.evidence = self.evidence or Evidence(before, note)
            raise Rejected("split", f"the log shows two trees of {found.size} entries")
        if len(self._heads) > MOST_HEADS:
            del self._heads[min(self._heads)]
        if found.size >= self.size:
            self.size, self.note = found.size, note
        if found.time:
            self.clock.witnessed(float(found.time), self.counter() if now is None else now)

    def _judge(self, name: bytes, claims: Claims, now: float | None) -> None:
        least = self.clock.lower(self.counter() if now is None else now)
        if least - self.stated_s > self.most_age_s:
            raise Rejected("stale", "the newest epoch known here is too old to judge by")
        if name[:SHORT_BYTES] in self.epoch.revoked:
            raise Rejected("revoked", f"the credential of {claims.name} is revoked")
        if claims.last < self.epoch.number:
            raise Rejected("expired", f"the credential of {claims.name} held to epoch {claims.last}")
        if claims.first > self.epoch.number:
            raise Rejected("stale", f"the credential of {claims.name} begins at epoch {claims.first}")

    def save(self, path: Path) -> None:
        """Keep root, policy and newest epoch, whole or not at all."""
        proof = b"" if self.proof is None else self.proof.encode()
        fields = {"root": self.root.encode(), "policy": self.policy.fields(), "statement": self.statement,
                  "proof": proof, "size": self.size, "note": self.note}  # fmt: skip
        files.save(path, KIND, fields, overwrite=True)

    @classmethod
    def load(cls, path: Path, now: float | None = None, *, most_age_s: float = math.inf) -> Trust:
        """State of a file; its statement is verified again."""
        f = files.load(path, KIND)
        try:
            found = cls(RootPolicy.decode(f["root"]), Policy.of(f["policy"]), most_age_s)
            if f["statement"]:
                found.advance(f["statement"], Inclusion.decode(f["proof"]), now)
            if f.get("note"):
                found.witness(f["note"], now)
            found.size = max(found.size, int(f["size"]))
        except (KeyError, TypeError, ValueError):
            raise Rejected("malformed", "a file of trust with other contents", file=path) from None
        return found


def named(bundle: Bundle) -> bytes:
    """Identifier of a bundle's credential, whoever signed it."""
    return identifier(bundle.credential)
