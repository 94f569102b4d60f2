"""Who asks: access tokens (RFC 6750, RFC 7519), signed by an authority whose keys are known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rabta.airspace.dss.rules import Caller, RefusedError
from rabta.errors import RabtaError

ALGORITHMS = ("RS256",)  # the one that F3548-21 and F3411-22a name; never one that the token chooses
MOST_HELD = 4_096  # tokens that were found good, until they end
LEEWAY_S = 5.0  # TimeSyncMaxDifferentialSeconds
LONGEST_S = 3_600.0 + LEEWAY_S  # F3548-21: at most an hour ahead


@dataclass(frozen=True)
class Tokens:
    """Keys of the authorities, and the names that tokens to us must be for.

    Attributes
    ----------
    keys : sequence of public keys
    audiences : sequence of str
        Host names; empty for any.
    """

    keys: Sequence[Any]
    audiences: Sequence[str] = ()
    _held: dict[str, tuple[Caller, float]] = field(default_factory=dict, repr=False)

    def caller(self, header: str | None) -> Caller:
        """Caller of a request's Authorization header.

        Raises
        ------
        RefusedError
            401, without saying which check failed beyond what the sender knows.
        """
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(401, "no bearer token")
        held = self._held.get(token)
        if held is not None and held[1] > time.time():
            return held[0]
        for key in self.keys:
            claims = self._claims(token.strip(), key)
            if claims is not None:
                found = Caller(str(claims["sub"]), frozenset(str(claims.get("scope", "")).split()))
                if len(self._held) >= MOST_HELD:
                    self._held.clear()
                self._held[token] = (found, float(claims["exp"]))
                return found
        raise RefusedError(401, "a token that is not valid")

    def _claims(self, token: str, key: Any) -> dict[str, Any] | None:
        import jwt

        options: Any = {"require": ["exp", "sub"], "verify_aud": bool(self.audiences)}
        try:
            claims = jwt.decode(token, key, algorithms=list(ALGORITHMS), leeway=LEEWAY_S, options=options,
                                audience=list(self.audiences) or None)  # fmt: skip
        except jwt.PyJWTError:
            return None
        return claims if claims["sub"] and _soon(claims["exp"]) else None


def _soon(expiry: object) -> bool:
    return isinstance(expiry, int | float) and expiry <= time.time() + LONGEST_S


def keys(files: Sequence[str | Path]) -> list[Any]:
    """Public keys of files in PEM.

    Raises
    ------
    RabtaError
    """
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found = []
    for file in files:
        try:
            key = load_pem_public_key(Path(file).read_bytes())
        except (OSError, ValueError) as error:
            raise RabtaError(
                f"no public key: {error}", file=file, expected="a public RSA key in PEM"
            ) from None
        if not isinstance(key, RSAPublicKey) or key.key_size < 2_048:
            raise RabtaError("a key of another kind", file=file, expected="RSA of 2,048 bits or more")
        found.append(key)
    return found


def granted(caller: Caller, any_of: Sequence[frozenset[str]]) -> None:
    """Refuse a caller whose token holds none of these sets of scopes."""
    if not any(one <= caller.scopes for one in any_of):
        wants = " or ".join(" and ".join(sorted(one)) for one in any_of)
        raise RefusedError(403, f"the token needs the scope {wants}")
