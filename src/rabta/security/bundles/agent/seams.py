"""Convergence layers without sockets: into another agent of the process, and over a session."""

from __future__ import annotations

from collections.abc import Callable

from rabta.security.bundles.agent.node import Agent, Link
from rabta.security.core import Rejected


def into(agent: Agent) -> Link:
    """Link that hands bundles to an agent; what it has already counts as taken."""

    def give(raw: bytes) -> bool:
        try:
            agent.receive(raw)
        except Rejected as error:
            return error.reason == "replay"
        return True

    return give


def over(seal: Callable[[bytes], bytes], send: Callable[[bytes], object], most: int = 65_000) -> Link:
    """Link over a session: each bundle is one sealed datagram, for links that lose nothing.

    Parameters
    ----------
    seal : callable
        ``Session.seal``.
    send : callable
        Puts a datagram on the path; an `OSError` means that the bundle stays.
    most : int
        Longest bundle, bytes; longer ones stay, to be sent as fragments.
    """

    def give(raw: bytes) -> bool:
        if len(raw) > most:
            return False
        try:
            send(seal(raw))
        except OSError:
            return False
        return True

    return give
