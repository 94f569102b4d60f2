"""Nodes of a nation: credentials under its root and on its log, and epochs that come while they talk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rabta.errors import RabtaError
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.core import Rejected, Suite
from rabta.security.core.peers import Local, Peer
from rabta.security.identity.issue import Bundle, NodeKeys
from rabta.security.identity.roots import RootPolicy
from rabta.security.identity.trust import Trust
from rabta.security.keystore import files
from rabta.security.overlay.news import News
from rabta.security.overlay.node import Node, Step

MOST_FILE = 1 << 20


@dataclass
class Member:
    """Oneself among a nation's nodes.

    Attributes
    ----------
    trust : Trust
        Its `lookup` is what a `Node` asks.
    state : Path
        Where the newest epoch is kept, so that a restart does not forget who was revoked. Who can put back an
        older copy of this file can also undo that; the next contact with the log's epochs mends it.
    """

    local: Local
    trust: Trust
    state: Path
    seen: tuple[float, float] = (0.0, 0.0)
    unsaved: str = ""
    news: News = field(init=False)

    def __post_init__(self) -> None:
        self.news = News(self.trust)
        self.trust.watchers.append(self.save)

    def node(self, suite: Suite, **options: Any) -> Node:
        """Node that tells its peers of epochs and hears of them; options as `Node` takes them."""
        return Node(self.local, self.trust.lookup, suite, news=self.news, **options)

    def save(self) -> None:
        """Keep what is known; where the disk takes nothing that is noted, for a restart would forget."""
        try:
            self.trust.save(self.state)
            if self.trust.evidence is not None and not self.evidence.exists():
                files.write(self.evidence, self.trust.evidence.encode())
        except RabtaError as error:
            self.unsaved = error.problem
        else:
            self.unsaved = ""

    @property
    def evidence(self) -> Path:
        """Where two views of the log are kept once they were seen; `rabta audit` judges them."""
        return self.state.with_name(f"{self.state.name}.split")

    def epoch(self, node: Node, statement: bytes, proof: Inclusion, now: float) -> Step:
        """Take a newer epoch, and drop whoever it revokes; one that is not newer changes nothing."""
        return node.review(now) if self.trust.meet(statement, proof) else Step()

    def watch(self, node: Node, statement: Path, proof: Path, now: float) -> Step:
        """Take an epoch from its files where they have changed since the last look."""
        try:
            times = statement.stat().st_mtime, proof.stat().st_mtime
        except FileNotFoundError:
            return Step()
        if times == self.seen:
            return Step()
        self.seen = times
        try:
            return self.epoch(node, content(statement), Inclusion.decode(content(proof)), now)
        except Rejected as error:
            node.counters[f"epoch {error.reason}"] += 1
        except RabtaError:
            node.counters["epoch unreadable"] += 1
        return Step()


def kept(state: Path, root: RootPolicy, policy: Policy) -> Trust:
    """Trust of a node's state file under the root and policy given now; a new one where there is none.

    Raises
    ------
    RabtaError
        Where the epoch that is known does not hold under another root or policy: it would be forgotten.
    """
    found = Trust(root, policy)
    before = Trust.load(state) if state.exists() else found
    if before.statement and before.proof is not None:
        try:
            found.advance(before.statement, before.proof)
            if before.note:
                found.witness(before.note)
        except Rejected as error:
            raise RabtaError(
                f"epoch {before.epoch.number} is known and does not hold here: {error.problem}",
                file=state,
                expected="that epoch or a later one by --epoch under this root and policy; or no such file",
            ) from None
    return found


def member(
    key: Path, own: Path, root: Path, policy: Policy, epoch: tuple[Path, Path] | None = None,
    passphrase: str | None = None,
) -> Member:  # fmt: skip
    """Oneself from a key file of `rabta keys`, the own bundle, the nation's root and the log's policy.

    Parameters
    ----------
    epoch : tuple of Path, optional
        Newest epoch's statement and proof, where these files are there already.
    """
    keys, bundle = NodeKeys.load(key, passphrase), Bundle.decode(content(own))
    state = key.with_name(f"{key.name}.trust")
    given, trust = RootPolicy.decode(content(root)), None
    if epoch is not None and all(path.exists() for path in epoch):
        trust = Trust(given, policy)
        trust.meet(content(epoch[0]), Inclusion.decode(content(epoch[1])))
    if trust is None or (state.exists() and Trust.load(state).epoch.number > trust.epoch.number):
        trust = kept(state, given, policy)
    mine = trust.accept(bundle)
    trust.save(state)
    if {number: pair.public for number, pair in keys.keys.items()} != dict(mine.keys):
        raise RabtaError(
            "the bundle is another node's", file=own, expected=f"the one that goes with {key.name}"
        )
    return Member(keys.local(mine.identifier, mine.name), trust, state)


def accept(trust: Trust, path: Path) -> Peer:
    """Peer of a bundle in a file."""
    return trust.accept(Bundle.decode(content(path)))


def content(path: Path) -> bytes:
    """Bytes of a file, bounded."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_FILE + 1)
    except OSError as error:
        raise RabtaError(f"cannot read: {error.strerror}", file=path) from None
    if len(raw) > MOST_FILE:
        raise RabtaError("file too long", file=path, expected=f"at most {MOST_FILE} bytes")
    return raw
