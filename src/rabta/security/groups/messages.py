"""Messages to a group: sealed under the key of an epoch's header, signed by who sends them.

The header counts because its hash stands in an epoch that officers signed and the log holds. The sender
signs because the key is every member's: a seal alone tells no more than "some member". Each message has its
own key, from the group's and 32 random bytes.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from typing import Any

from rabta.security.core import NS, CompositePublic, Rejected, Signer, cbor
from rabta.security.core.composite import SIGNATURE_BYTES
from rabta.security.core.suites import TAG_BYTES
from rabta.security.groups.device import Device
from rabta.security.groups.header import parse as header_of
from rabta.security.identity.epochs import Epoch
from rabta.security.identity.roots import typed

VERSION = 1
CONTEXT = b"rabta group message 1"
SALT_BYTES, NAME_BYTES = 32, 48
MOST_MESSAGE = 1 << 24
MOST_BYTES = MOST_MESSAGE + (1 << 14)


def group_key(device: Device, header: bytes, epoch: Epoch) -> bytes:
    """Key of an epoch's group for a device, whatever it has missed before.

    Raises
    ------
    Rejected
        ``"proof"`` where the epoch states another header or none, ``"stale"`` for another epoch's,
        ``"revoked"`` where the device is left out, ``"malformed"``, ``"mac"``.
    """
    parsed = header_of(header)
    if not epoch.header or not hmac.compare_digest(parsed.leaf(), epoch.header):
        raise Rejected("proof", f"epoch {epoch.number} does not state this group header")
    if parsed.epoch != epoch.number:
        raise Rejected("stale", f"a group header of epoch {parsed.epoch} in epoch {epoch.number}")
    own = Device(device.index, device.depth, device.labels)
    return own.apply(header, None, unsigned=True)  # the epoch's signatures stand for the header's own


@dataclass(frozen=True)
class Message:
    """A sealed message, taken apart; nothing in it is verified yet.

    Attributes
    ----------
    epoch : int
    header : bytes
        Hash of the group's header, 48 bytes.
    sender : bytes
        Identifier of the sender's credential.
    """

    epoch: int
    header: bytes
    sender: bytes
    salt: bytes
    sealed: bytes
    body: bytes
    signature: bytes

    @classmethod
    def parse(cls, raw: bytes) -> Message:
        """Message of its bytes; `Rejected` where it is none."""
        outer = typed(cbor.decode(raw, most=MOST_BYTES), body=bytes, signature=bytes)
        f = typed(
            cbor.decode(outer["body"], most=MOST_BYTES), version=int, epoch=int, header=bytes,
            sender=bytes, salt=bytes, sealed=bytes,
        )  # fmt: skip
        if f["version"] != VERSION:
            raise Rejected("version", "a group message of another version", expected=f"version {VERSION}")
        sizes = len(f["header"]), len(f["sender"]), len(f["salt"]), len(outer["signature"])
        if sizes != (NAME_BYTES, NAME_BYTES, SALT_BYTES, SIGNATURE_BYTES) or len(f["sealed"]) < TAG_BYTES:
            raise Rejected("malformed", "no group message")
        return cls(f["epoch"], f["header"], f["sender"], f["salt"], f["sealed"], **outer)

    def open(self, key: bytes, epoch: Epoch, sender: CompositePublic) -> bytes:
        """Contents, where the sender signed them for this epoch's group and the key is its.

        Parameters
        ----------
        key : bytes
            As of `group_key`.
        sender : CompositePublic
            Key of the credential that `sender` names, accepted by the caller.

        Raises
        ------
        Rejected
            ``"stale"``, ``"signature"``, ``"mac"``.
        """
        from cryptography.exceptions import InvalidTag

        if self.epoch != epoch.number or self.header != epoch.header:
            raise Rejected("stale", f"a message to the group of epoch {self.epoch}")
        sender.verify(self.signature, self.body, CONTEXT)
        head = _head(self.epoch, self.header, self.sender, self.salt)
        try:
            plain: bytes = _cipher(key, self.salt, head).decrypt(bytes(12), self.sealed, head)
        except InvalidTag:
            raise Rejected("mac", "a message that does not hold") from None
        return plain


def seal(content: bytes, key: bytes, epoch: Epoch, sender: bytes, signer: Signer) -> bytes:
    """Message to all who have an epoch's key.

    Parameters
    ----------
    sender : bytes
        Identifier of the sender's credential.
    signer : Signer
        Its signing key.
    """
    if len(content) > MOST_MESSAGE:
        raise Rejected("limit", f"{len(content)} bytes where at most {MOST_MESSAGE} go into a message")
    salt = os.urandom(SALT_BYTES)
    head = _head(epoch.number, epoch.header, sender, salt)
    sealed = _cipher(key, salt, head).encrypt(bytes(12), content, head)
    fields = {"version": VERSION, "epoch": epoch.number, "header": epoch.header, "sender": sender,
              "salt": salt, "sealed": sealed}  # fmt: skip
    body = cbor.encode(fields)
    return cbor.encode({"body": body, "signature": signer.sign(body, CONTEXT)})


def _head(epoch: int, header: bytes, sender: bytes, salt: bytes) -> bytes:
    return cbor.encode([CONTEXT, epoch, header, sender, salt])


def _cipher(key: bytes, salt: bytes, head: bytes) -> Any:
    """Cipher of one message: its key seals once."""
    return NS.aead(NS.expand(NS.extract(salt, key), b"group message" + head))
