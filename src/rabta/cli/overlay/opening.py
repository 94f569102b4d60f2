"""What the commands of the overlay open: a node's keys, whom it accepts, its socket, its audit log."""

from __future__ import annotations

import getpass
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rabta.cli.audit._common import PASSPHRASE
from rabta.errors import EXIT_SYSTEM, EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from rabta.security.audit.log import Log
    from rabta.security.core.peers import Local, Peer
    from rabta.security.overlay.members import Member
    from rabta.security.overlay.node import Lookup, Node
    from rabta.security.overlay.udp import Endpoint

MOST_WAIT_S = 7 * 86400.0
LOOK_S = 1.0
CHECKPOINT_S = 600.0
"""How often the audit log gets a checkpoint while a node runs."""


@dataclass(frozen=True)
class Asked:
    """Options that all commands of a node share."""

    key: Path
    peer: Path
    suite: str
    ledger: Path | None
    at: str
    wait_s: float
    own: Path | None
    root: Path | None
    rule: Path | None
    epoch: Path | None
    epoch_proof: Path | None
    log: Path | None = None
    log_key: Path | None = None
    log_stop: bool = False


def secret(path: Path, kind: str) -> str | None:
    """Passphrase of a key file, where it has one: of the environment, or asked for at a terminal."""
    from rabta.security.keystore import files

    if not files.sealed(path, kind):
        return None
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise RabtaError(
            "the key file is sealed", file=path, key=PASSPHRASE, expected="the variable or a terminal"
        )
    return getpass.getpass(f"passphrase of {path.name}: ")


@dataclass
class Opened:
    """A node behind its socket, and what has to be looked at while it runs."""

    endpoint: Endpoint
    other: Peer
    asked: Asked
    member: Member | None
    log: Log | None
    looked: float = float("-inf")
    covered: float = field(default=0.0)
    said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.covered = self.endpoint.clock()

    def watch(self) -> None:
        """Look for a newer epoch, and say once what could not be kept."""
        now = self.endpoint.clock()
        if now < self.looked + LOOK_S:
            return
        self.looked = now
        asked, node = self.asked, self.endpoint.node
        if self.member is not None and asked.epoch is not None and asked.epoch_proof is not None:
            self.endpoint.flush(self.member.watch(node, asked.epoch, asked.epoch_proof, now))
        if self.member is not None:
            self._kept(self.member)
        if self.log is not None and now >= self.covered + CHECKPOINT_S:
            self._cover(self.log, now)
        self._logged(node)

    def _kept(self, member: Member) -> None:
        if member.trust.evidence is not None:
            if not member.evidence.exists():
                member.save()
            self._say(
                f"two views of the log were shown; nothing under the second is taken: {member.evidence}"
            )
        if member.unsaved:
            self._say(f"the newest epoch holds but is not kept for a restart: {member.unsaved}")

    def _logged(self, node: Node) -> None:
        """Say that the audit log takes nothing; traffic goes on, or ends where that was asked for."""
        problem = node.journal.failed
        if problem and self.asked.log_stop:
            raise RabtaError(
                f"the audit log takes nothing: {problem}", file=self.asked.log,
                expected="room on the disk; --log-stop was given, so the node ends", exit_code=EXIT_SYSTEM,
            )  # fmt: skip
        if problem:
            self._say(f"the audit log takes nothing, traffic goes on: {problem}")

    def _cover(self, log: Log, now: float) -> None:
        self.covered = now
        try:
            log.checkpoint()
        except RabtaError as error:
            self._say(f"the audit log got no checkpoint, what was appended stays: {error.problem}")

    def _say(self, words: str) -> None:
        if words not in self.said:
            self.said.add(words)
            print(f"warning: {words}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Write what is due, let go of log and socket."""
        self.endpoint.node.journal.tick(float("inf"))
        self.endpoint.close()
        if self.log is None:
            return
        self._cover(self.log, self.covered)
        self.log.close()
        lost = self.endpoint.node.journal.lost
        if lost:
            self._say(f"the audit log lacks {lost} leaves")
            self._logged(self.endpoint.node)


def opened(asked: Asked) -> Opened:
    """Endpoint, the peer, and what has to be looked at while it runs."""
    from rabta.security.core.suites import named
    from rabta.security.overlay.node import Node
    from rabta.security.overlay.udp import Endpoint, parsed
    from rabta.security.session import Ledger

    if not 0.0 < asked.wait_s <= MOST_WAIT_S:
        raise RabtaError(
            "out of range", key="--wait-s", value=asked.wait_s, expected="above 0", exit_code=EXIT_USAGE
        )
    bind, suite = parsed(asked.at, "--listen"), named(asked.suite)
    local, lookup, other, member = _identity(asked)
    with ExitStack() as stack:
        log = _log(asked)
        if log is not None:
            stack.callback(log.close)
        ledger = None if asked.ledger is None else Ledger(asked.ledger)
        news = None if member is None else member.news
        endpoint = Endpoint(Node(local, lookup, suite, ledger=ledger, audit=log, news=news), bind)
        stack.callback(endpoint.close)
        endpoint.flush(endpoint.node.resume(endpoint.clock()))
        stack.pop_all()
    return Opened(endpoint, other, asked, member, log)


def _log(asked: Asked) -> Log | None:
    """The audit log, open to append; it is an error to ask for one that cannot be had."""
    if asked.log is None and asked.log_key is None and not asked.log_stop:
        return None
    if asked.log is None or asked.log_key is None:
        raise RabtaError("an audit log needs its folder and its key", key="--log, --log-key",
                         expected="both, as made by rabta audit", exit_code=EXIT_USAGE)  # fmt: skip
    from rabta.security.audit import keys
    from rabta.security.audit.log import Log

    return Log.open(asked.log, keys.load(asked.log_key, secret(asked.log_key, keys.KIND)))


def _identity(asked: Asked) -> tuple[Local, Lookup, Peer, Member | None]:
    """Oneself and the peer: by cards, or by credentials under a root."""
    from rabta.security.overlay import pinned

    if asked.root is None:
        from rabta.security.overlay.members import content

        _alone(asked)
        other = pinned.read(content(asked.peer))
        local = pinned.load(asked.key, secret(asked.key, pinned.KIND))
        return local, pinned.lookup([other]), other, None
    from rabta.cli.audit._common import policy_of
    from rabta.security.identity.issue import NODE
    from rabta.security.overlay.members import accept, member

    if asked.own is None or asked.rule is None:
        raise RabtaError(
            "a root needs more", key="--root", expected="--own and --policy", exit_code=EXIT_USAGE
        )
    if (asked.epoch is None) != (asked.epoch_proof is None):
        raise RabtaError(
            "an epoch goes with its proof", key="--epoch, --epoch-proof", expected="both or none",
            exit_code=EXIT_USAGE,
        )  # fmt: skip
    newest = None if asked.epoch is None or asked.epoch_proof is None else (asked.epoch, asked.epoch_proof)
    policy = policy_of(asked.rule)
    found = member(asked.key, asked.own, asked.root, policy, newest, secret(asked.key, NODE))
    other = accept(found.trust, asked.peer)
    return found.local, found.trust.lookup, other, found


def _alone(asked: Asked) -> None:
    """Options that mean something under a root only must not be passed over in silence."""
    names = {"--own": asked.own, "--policy": asked.rule, "--epoch": asked.epoch,
             "--epoch-proof": asked.epoch_proof}  # fmt: skip
    given = [name for name, value in names.items() if value is not None]
    if given:
        raise RabtaError(
            "without a root nobody is judged by it", key=", ".join(given), expected="--root too",
            exit_code=EXIT_USAGE,
        )  # fmt: skip
