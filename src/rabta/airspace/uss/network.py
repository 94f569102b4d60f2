"""Calls to discovery and to other services, with tokens for each."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

PATIENCE_S = 5.0  # MaxRespondToOIDetailsRequestSeconds 1, MaxRespondToSubscriptionNotificationSeconds 5
LARGEST = 8_000_000
EARLY_S = 60.0


class CallError(Exception):
    """A call that brought no answer, or one that was not expected."""

    def __init__(self, why: str, status: int = 0, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(why)
        self.status, self.body = status, dict(body or {})


class TokenSource:
    """Access tokens by the name they are for and their scope, kept until shortly before they end."""

    def __init__(self, url: str, subject: str, client: httpx.AsyncClient) -> None:
        self._url, self._subject, self._client = url, subject, client
        self._held: dict[tuple[str, str], tuple[str, float]] = {}

    async def token(self, audience: str, scope: str) -> str:
        """Token of the authority, by GET with the fields that InterUSS's authorities read."""
        held = self._held.get((audience, scope))
        if held is not None and held[1] > time.time() + EARLY_S:
            return held[0]
        query = {"grant_type": "client_credentials", "scope": scope, "intended_audience": audience,
                 "issuer": "rabta", "sub": self._subject}  # fmt: skip
        try:
            answer = await self._client.get(self._url, params=query)
            token = str(answer.json()["access_token"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise CallError(f"the authority gives no token: {type(error).__name__}") from None
        self._held[audience, scope] = (token, _expiry(token))
        return token


class Network:
    """Discovery and peers, by their addresses.

    Parameters
    ----------
    discovery : str
        Address of the service of discovery.
    """

    def __init__(self, discovery: str, authority: str, subject: str) -> None:
        self._client = httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=False)
        self._tokens = TokenSource(authority, subject, self._client)
        self._discovery = discovery

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()

    async def discovery(self, method: str, path: str, scope: str, body: Any = None) -> dict[str, Any]:
        """Answer of discovery.

        Raises
        ------
        CallError
        """
        return await self.call(method, self._discovery + path, scope, body)

    async def call(self, method: str, url: str, scope: str, body: Any = None) -> dict[str, Any]:
        """Answer of a service, which must be of the 200s.

        Raises
        ------
        CallError
        """
        token = await self._tokens.token(urlsplit(url).hostname or "", scope)
        try:
            answer = await self._client.request(
                method, url, json=body, headers={"Authorization": f"Bearer {token}"})  # fmt: skip
        except httpx.HTTPError as error:
            raise CallError(f"{method} {_shown(url)}: {type(error).__name__}") from None
        found: Any = {}
        if answer.content and len(answer.content) <= LARGEST:
            try:
                found = answer.json()
            except ValueError:
                found = {}
        told: dict[str, Any] = found if isinstance(found, dict) else {}
        if not 200 <= answer.status_code < 300:
            why = f"{method} {_shown(url)} answers {answer.status_code}: {str(told.get('message', ''))[:200]}"
            raise CallError(why, answer.status_code, told)
        return told


def _expiry(token: str) -> float:
    import jwt

    try:
        return float(jwt.decode(token, options={"verify_signature": False}).get("exp", 0.0))
    except jwt.PyJWTError:
        return 0.0


def _shown(url: str) -> str:
    found = urlsplit(url)
    return f"{found.hostname}:{found.port}{found.path}"
