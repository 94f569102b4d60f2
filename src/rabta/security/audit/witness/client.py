"""Asking witnesses: those in the own process and those behind HTTP."""

from __future__ import annotations

import http.client
import urllib.parse
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rabta.errors import RabtaError
from rabta.security.audit.checkpoint import decimal
from rabta.security.audit.log import Log
from rabta.security.audit.notes import MOST_BYTES, Key, Note, line, signature_lines
from rabta.security.audit.witness.state import Request
from rabta.security.core import Rejected

Asked = Callable[[bytes], tuple[int, bytes]]
"""Takes the body of ``add-checkpoint``, gives status and body: `Witness.answer` or `Remote`."""


@dataclass(frozen=True)
class Remote:
    """A witness behind a URL.

    Attributes
    ----------
    url : str
        Its submission prefix, ``http://`` or ``https://``.
    timeout_s : float
        Longest wait for each step of the exchange.
    """

    url: str
    timeout_s: float = 5.0

    def __call__(self, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer; status 0 where there was none."""
        parts = urllib.parse.urlsplit(self.url)
        kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
        if parts.scheme not in kinds or not parts.hostname:
            raise RabtaError("not a witness's address", value=self.url, expected="http://HOST:PORT")
        connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=self.timeout_s)
        try:
            connection.request("POST", parts.path.rstrip("/") + "/add-checkpoint", body)
            answer = connection.getresponse()
            return answer.status, answer.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            return 0, f"{type(error).__name__}\n".encode()
        finally:
            connection.close()


def gather(log: Log, keys: Sequence[Key], asked: Sequence[Asked]) -> tuple[bytes, list[str]]:
    """Ask witnesses for their signatures under the newest checkpoint and keep them with it.

    Parameters
    ----------
    keys : sequence of Key
        The witnesses' keys; what others sign is left out.
    asked : sequence of callable
        One for each witness, asked at the same time.

    Returns
    -------
    tuple of bytes and list of str
        The checkpoint's note with the signatures that hold, and what the others answered.
    """
    with ThreadPoolExecutor(max_workers=max(1, min(len(asked), 16))) as pool:
        answers = list(pool.map(lambda one: _ask(log, one), asked))
    text, found, refused = Note.parse(log.note).text, "", []
    for status, body in answers:
        if status != 200:
            refused.append(f"{status} {body[:200].decode(errors='replace').strip()}")
            continue
        try:
            found += _holding(text, body, keys)
        except Rejected as error:
            refused.append(error.problem)
    return (log.cosigned(_once(found)) if found else log.note), refused


def _ask(log: Log, one: Asked) -> tuple[int, bytes]:
    """Ask from size 0, and where the witness knows more, from what it knows."""
    status, body = one(Request(0, (), log.note).encode())
    if status != 409:
        return status, body
    try:
        old = decimal(body.decode("ascii", "replace").removesuffix("\n"))
        proof = log.consistency(old)
    except RabtaError as error:
        return 409, f"the witness knows another log: {error.problem}".encode()
    return one(Request(old, tuple(proof), log.note).encode())


def _holding(text: str, body: bytes, keys: Sequence[Key]) -> str:
    """Lines of an answer that known keys signed and that hold."""
    try:
        signatures = signature_lines(body.decode())
    except UnicodeDecodeError:
        raise Rejected("malformed", "a witness's answer is not UTF-8") from None
    known = {(key.name, key.identifier) for key in keys}
    Note(text, signatures).times(keys)
    return "".join(line(*item) for item in signatures if item[:2] in known)


def _once(lines: str) -> str:
    return "".join(f"{item}\n" for item in dict.fromkeys(lines.splitlines()))
