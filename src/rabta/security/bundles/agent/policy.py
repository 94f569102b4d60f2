"""What a node asks of bundles for itself, and how it protects its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rabta.errors import RabtaError, nearest
from rabta.security.bundles.bpsec import Accepted, Keyring, accept, confidentiality, integrity, sealed, signed
from rabta.security.bundles.codec import Bundle
from rabta.security.bundles.codec.eid import Eid
from rabta.security.bundles.store import replay
from rabta.security.core import Rejected, Signer

REPORT_BURST = 32
REQUIRES = ("nothing", "authentic", "signed")


@dataclass(frozen=True)
class Policy:
    """Security of a node.

    Attributes
    ----------
    require : str
        Of bundles for this node: ``"nothing"``; ``"authentic"``, which is a shared key or a signature of
        the source over primary block and payload; or ``"signed"``.
    keys : Keyring
        What it can open and verify.
    signer, identifier : Signer and bytes, optional
        With which it signs its own bundles; else it uses a key shared with the destination, where there is
        one.
    recipient : callable
        Public key that bundles for a node are sealed for, None for none.
    reports : bool
        Whether it answers with status reports where an authentic bundle asks for them; a relay needs keys to
        tell which are.
    report_interval_s : float
        One report in so many seconds is made, after the first `REPORT_BURST`; more are left out.
    """

    require: str = "authentic"
    keys: Keyring = field(default_factory=Keyring)
    signer: Signer | None = field(default=None, repr=False)
    identifier: bytes = b""
    recipient: Callable[[Eid], Any] = lambda _: None
    reports: bool = False
    report_interval_s: float = 10.0

    def __post_init__(self) -> None:
        if self.require not in REQUIRES:
            raise RabtaError(
                "no such demand", key="require", value=self.require, expected=nearest(self.require, REQUIRES)
            )

    def check(self, bundle: Bundle) -> Accepted:
        """Open and verify a bundle for this node.

        Raises
        ------
        Rejected
            Where something does not hold, or less is there than is required.
        """
        found = accept(bundle, self.keys)
        if (self.require != "nothing" and not found.authentic) or (
            self.require == "signed" and not found.signed
        ):
            raise Rejected("signature", f"a bundle that is not {self.require}")
        return found

    def authentic(self, bundle: Bundle) -> bool:
        """True where the source vouched for primary block and payload, as far as the keys here can tell."""
        try:
            return accept(bundle, self.keys).authentic
        except Rejected:
            return False

    def protect(self, bundle: Bundle, counter: int) -> Bundle:
        """Sign or authenticate an own bundle, then hide it, as far as there are keys for its destination."""
        source, node = bundle.primary.source, bundle.primary.destination.node
        targets: tuple[int, ...] = (1,)
        if self.signer is not None:
            bundle = signed.add(bundle, self.signer, self.identifier, counter, source=source)
            targets = (bundle.blocks[0].number, 1)
        elif node in self.keys.integrity:
            bundle = integrity.add(bundle, (0, 1), self.keys.integrity[node], source=source)
            targets = (bundle.blocks[0].number, 1)
        recipient = self.recipient(bundle.primary.destination)
        if recipient is not None:
            return sealed.seal(bundle, targets, recipient, source=source)
        if node in self.keys.confidentiality:
            for target in targets:  # one block and initialisation vector for each
                bundle = confidentiality.encrypt(
                    bundle, (target,), self.keys.confidentiality[node], source=source
                )
        return bundle


def known_by(found: Accepted) -> tuple[replay.Seen, ...]:
    """What a verified bundle is known by beside its own identifier."""
    return () if found.signed is None else (replay.of_signer(found.signed.signer, found.signed.counter),)
