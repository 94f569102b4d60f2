"""Signing keys in a PKCS#11 token: the Ed25519 half never leaves it, the ML-DSA half as far as it can.

A token holds an Ed25519 pair and an AES-256 key, both generated inside, sensitive and not extractable; the
seed of ML-DSA lies beside them as a private data object sealed with AES-256-GCM, and is in the process's
memory while it signs. So also in a token with ML-DSA of its own (PKCS#11 3.2): composite signatures need
ML-DSA's context, which python-pkcs11 0.9 cannot hand over. Every signature is verified before it is out.

Needs the package ``python-pkcs11`` and the maker's library.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from rabta.errors import EXIT_SYSTEM, RabtaError, nearest
from rabta.security.core import CompositePublic, Rejected, cbor
from rabta.security.core.composite import LABEL, SEED_BYTES, representative

PIN = "RABTA_PIN"
EDWARDS25519 = "1.3.101.112"
APPLICATION = "rabta signing key"
NONCE_BYTES = 12

PROBLEMS = {
    "PinIncorrect": "the token's PIN is wrong",
    "PinLenRange": "the token's PIN is wrong",
    "PinInvalid": "the token's PIN is wrong",
    "PinLocked": "the token is locked after too many wrong PINs",
    "PinExpired": "the token's PIN has expired",
    "NoSuchToken": "no such token is present",
    "TokenNotPresent": "the token was removed",
    "TokenNotRecognised": "the token is not recognised",
    "DeviceRemoved": "the token was removed",
    "SessionHandleInvalid": "the token was removed",
    "SessionClosed": "the token was removed",
    "ObjectHandleInvalid": "the token was removed",
    "KeyHandleInvalid": "the token was removed",
    "TokenWriteProtected": "the token is write-protected",
    "DeviceMemory": "the token is full",
    "NoSuchKey": "the token has no such key",
    "UserAlreadyLoggedIn": "the token is open in this process already",
    "MultipleTokensReturned": "several tokens have this label",
    "MechanismInvalid": "the token lacks a mechanism that is needed",
}

_OPEN: list[str] = []
"""Labels of the tokens that are open."""


@contextmanager
def told(label: str) -> Iterator[None]:
    """Say a token's error as one sentence; never a PIN, never a chain."""
    try:
        from pkcs11 import exceptions
    except ImportError:
        raise RabtaError(
            "tokens need the package python-pkcs11", expected="pip install python-pkcs11"
        ) from None
    try:
        yield
    except exceptions.PKCS11Error as error:
        name = type(error).__name__
        problem = PROBLEMS.get(name, f"the token refused ({name})")
        raise RabtaError(problem, key="token", value=label, exit_code=EXIT_SYSTEM) from None


class Token:
    """A token that is open with its PIN.

    Parameters
    ----------
    module : Path
        The maker's PKCS#11 library.
    label : str
        The token's label.
    pin : str
        Its user's PIN; not kept.
    """

    def __init__(self, module: Path, label: str, pin: str) -> None:
        self.label = label
        with told(label):
            self._session = _token(_library(module), label).open(rw=True, user_pin=pin)
        _OPEN.append(label)

    def __repr__(self) -> str:
        return f"Token({self.label})"

    def __enter__(self) -> Token:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Log out."""
        if self._session is not None:
            session, self._session = self._session, None
            _OPEN.remove(self.label)
            with told(self.label):
                session.close()

    def names(self) -> list[str]:
        """Names of the signing keys in the token."""
        return sorted(str(item) for item in self._labels())

    def _labels(self) -> list[str]:
        from pkcs11 import Attribute, ObjectClass

        with told(self.label):
            found = self._live().get_objects({Attribute.CLASS: ObjectClass.DATA})
            return [item[Attribute.LABEL] for item in found if item[Attribute.APPLICATION] == APPLICATION]

    def _live(self) -> Any:
        if self._session is None:
            raise RabtaError("the token is closed", key="token", value=self.label)
        return self._session

    def create(self, name: str) -> TokenSigner:
        """Make a signing key in the token.

        Raises
        ------
        RabtaError
            If one of the name is there, or the token lacks Ed25519 or AES-GCM.
        """
        if not name or name in self.names():
            raise RabtaError("the token has a key of this name", key="name", value=name, expected="another")
        with told(self.label):
            ed25519 = _ed25519(self._live(), name)
            _store(self._live(), name, {**_sealed(self._live(), name), "ed25519": ed25519})
        return self.open(name)

    def open(self, name: str) -> TokenSigner:
        """Return the signer of a name; an unknown one is refused with the nearest."""
        from pkcs11 import Attribute, ObjectClass

        if name not in self.names():
            expected = nearest(name, self.names())
            raise RabtaError("the token has no such key", key="name", value=name, expected=expected)
        with told(self.label):
            wanted = {Attribute.CLASS: ObjectClass.DATA, Attribute.LABEL: name}
            stored = [
                bytes(item[Attribute.VALUE])
                for item in self._live().get_objects(wanted)
                if item[Attribute.APPLICATION] == APPLICATION
            ]
        fields = cbor.decode(stored[0])
        if not isinstance(fields, dict) or set(fields) != {"mldsa", "ed25519", "nonce", "sealed"}:
            raise Rejected("malformed", "the token's key is damaged", value=name)
        return TokenSigner(self, name, CompositePublic(fields["mldsa"] + fields["ed25519"]), fields)


@dataclass(frozen=True)
class TokenSigner:
    """A signer whose keys lie in a token."""

    token: Token
    name: str
    public: CompositePublic
    _fields: dict[str, Any] = field(repr=False)

    def sign(self, message: bytes, context: bytes) -> bytes:
        """Composite signature of 4,691 bytes, verified before it is given out.

        Raises
        ------
        RabtaError
            If the token was removed, is locked or refuses.
        """
        from pkcs11 import Mechanism

        signed = representative(message, context)
        with told(self.token.label):
            ed25519 = self._key("PRIVATE_KEY", "EC_EDWARDS").sign(signed, mechanism=Mechanism.EDDSA)
            mldsa = self._mldsa(signed)
        signature: bytes = mldsa + ed25519
        try:
            self.public.verify(signature, message, context)
        except Rejected:
            raise RabtaError(
                "the token's signature does not hold", value=self.token.label, exit_code=EXIT_SYSTEM
            ) from None
        return signature

    def _key(self, kind: str, of: str) -> Any:
        from pkcs11 import KeyType, ObjectClass

        return self.token._live().get_key(
            object_class=ObjectClass[kind], key_type=KeyType[of], label=self.name
        )

    def _mldsa(self, signed: bytes) -> bytes:
        return self._unsealed().sign(signed, LABEL)  # type: ignore[no-any-return]

    def _unsealed(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PrivateKey
        from pkcs11 import Mechanism

        key = self._key("SECRET_KEY", "AES")
        parameters = _parameters(self.name, self._fields["nonce"])
        seed = key.decrypt(self._fields["sealed"], mechanism=Mechanism.AES_GCM, mechanism_param=parameters)
        return MLDSA87PrivateKey.from_seed_bytes(seed)


def _library(module: Path) -> Any:
    import pkcs11

    if not module.is_file():
        raise RabtaError("no such PKCS#11 library", file=module)
    try:
        return pkcs11.lib(str(module))
    except RuntimeError:
        raise RabtaError("this is no PKCS#11 library", file=module) from None


def _token(library: Any, label: str) -> Any:
    from pkcs11 import exceptions

    try:
        return library.get_token(token_label=label)
    except exceptions.NoSuchToken:
        if _OPEN:  # looking anew would close these
            raise
        library.reinitialize()  # it may have come since
        return library.get_token(token_label=label)


def _ed25519(session: Any, name: str) -> bytes:
    """Make the Ed25519 pair and return its public half, 32 bytes."""
    from pkcs11 import Attribute, KeyType, Mechanism
    from pkcs11.util.ec import encode_named_curve_parameters

    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(EDWARDS25519)}
    parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
    public, _ = parameters.generate_keypair(
        mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=name, private_template=_hidden()
    )
    return bytes(public[Attribute.EC_POINT])[-32:]  # within an OCTET STRING


def _hidden() -> dict[Any, bool]:
    from pkcs11 import Attribute

    return {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}


def _sealed(session: Any, name: str) -> dict[str, Any]:
    """Make an ML-DSA seed sealed under an AES key of the token."""
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA87PrivateKey
    from pkcs11 import KeyType, Mechanism

    key = session.generate_key(KeyType.AES, 256, store=True, label=name, template=_hidden())
    seed, nonce = os.urandom(SEED_BYTES), os.urandom(NONCE_BYTES)
    sealed = key.encrypt(seed, mechanism=Mechanism.AES_GCM, mechanism_param=_parameters(name, nonce))
    public = MLDSA87PrivateKey.from_seed_bytes(seed).public_key().public_bytes_raw()
    return {"mldsa": public, "nonce": nonce, "sealed": bytes(sealed)}


def _parameters(name: str, nonce: bytes) -> Any:
    from pkcs11.mechanisms import GCMParams

    return GCMParams(nonce, APPLICATION.encode() + b"\x00" + name.encode(), 128)


def _store(session: Any, name: str, fields: dict[str, Any]) -> None:
    from pkcs11 import Attribute, ObjectClass

    session.create_object(
        {
            Attribute.CLASS: ObjectClass.DATA,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: True,
            Attribute.MODIFIABLE: False,
            Attribute.LABEL: name,
            Attribute.APPLICATION: APPLICATION,
            Attribute.VALUE: cbor.encode(fields),
        }
    )
