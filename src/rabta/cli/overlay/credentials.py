"""Who a node of bundles is, and whom it accepts, by credentials under a root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from rabta.security.bundles.agent import Agent
    from rabta.security.bundles.bpsec import Keyring

Identity = Annotated[Path | None, typer.Option("--identity", help="This node's key file, of rabta keys")]
Own = Annotated[Path | None, typer.Option("--own", help="With --identity: this node's bundle of credential")]
Root = Annotated[Path | None, typer.Option("--root", help="With --identity: the nation's root")]
Rule = Annotated[Path | None, typer.Option("--policy", help="With --identity: policy of the log (TOML)")]
Epoch = Annotated[Path | None, typer.Option("--epoch", help="With --identity: newest epoch")]
Proof = Annotated[Path | None, typer.Option("--epoch-proof", help="Its proof")]
Peers = Annotated[
    list[Path] | None, typer.Option("--peer", help="Bundle of credential of another node; may repeat")
]


@dataclass(frozen=True)
class Who:
    """Options that say who a node is."""

    identity: Path | None
    own: Path | None
    root: Path | None
    rule: Path | None
    epoch: Path | None
    epoch_proof: Path | None
    peers: tuple[Path, ...]

    @property
    def given(self) -> bool:
        """True where the node has an identity; an option without it must not be passed over in silence."""
        more = {"--own": self.own, "--root": self.root, "--policy": self.rule, "--epoch": self.epoch,
                "--epoch-proof": self.epoch_proof, "--peer": self.peers or None}  # fmt: skip
        alone = [name for name, value in more.items() if value is not None]
        if self.identity is None and alone:
            raise RabtaError("nobody to be", key=", ".join(alone), expected="--identity too",
                             exit_code=EXIT_USAGE)  # fmt: skip
        return self.identity is not None


def identified(node: str, store: Path, who: Who, shared: Callable[[str], Keyring] | None) -> Agent:
    """Agent of a node with a credential; its endpoint is of the credential's name."""
    from rabta.cli.audit._common import policy_of
    from rabta.cli.overlay.opening import secret
    from rabta.security.bundles.agent import Agent, couriers
    from rabta.security.bundles.codec import eid
    from rabta.security.bundles.store import Store
    from rabta.security.identity.issue import NODE, NodeKeys
    from rabta.security.overlay.members import accept, member

    if who.identity is None or who.own is None or who.root is None or who.rule is None:
        raise RabtaError("an identity needs more", key="--identity", expected="--own, --root and --policy",
                         exit_code=EXIT_USAGE)  # fmt: skip
    if (who.epoch is None) != (who.epoch_proof is None):
        raise RabtaError("an epoch goes with its proof", key="--epoch, --epoch-proof",
                         expected="both or none", exit_code=EXIT_USAGE)  # fmt: skip
    newest = None if who.epoch is None or who.epoch_proof is None else (who.epoch, who.epoch_proof)
    word = secret(who.identity, NODE)
    found = member(who.identity, who.own, who.root, policy_of(who.rule), newest, word)
    mine = couriers.endpoint(found.local.name)
    own = eid.parse(node or f"{mine}/")
    if own.node != mine:
        raise RabtaError("an endpoint of another node than the credential's", key="--node", value=node,
                         expected=f"{mine}/...")  # fmt: skip
    rings = None if shared is None else shared(own.node)
    peers = [accept(found.trust, path) for path in who.peers]
    keys = NodeKeys.load(who.identity, word)
    policy = couriers.policy(found.trust, keys, found.local.identifier, peers, rings)
    held = Store(store)
    couriers.advance(held, found.trust)
    found.save()
    return Agent(own, held, None, policy)
