"""Two sides of a session, made by a real handshake."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from rabta.security.core import CI, NS, HybridPrivate, Suite
from rabta.security.core.peers import Local, Peer, SessionKeys
from rabta.security.handshake import Initiator, Responder
from rabta.security.session import Session

Pair = Callable[..., tuple[Session, Session]]


def keys(suite: Suite) -> tuple[SessionKeys, SessionKeys]:
    """Keys of both sides."""
    privates = [HybridPrivate.generate(suite) for _ in range(2)]
    names = [os.urandom(48) for _ in range(2)]
    locals_ = [Local(n, {suite.identifier: k}) for n, k in zip(names, privates, strict=True)]
    peers = [Peer(n, {suite.identifier: k.public}) for n, k in zip(names, privates, strict=True)]
    one, two = Initiator(locals_[0], peers[1], suite), Responder(locals_[1], lambda _: peers[0], (suite,))
    steps = [two.receive(d, b"a", 0.0) for d in one.start(0.0)]
    here = [one.receive(d, 0.0) for d in steps[-1].send][-1].keys
    there = steps[-1].keys
    assert here is not None
    assert there is not None
    return here, there


@pytest.fixture(params=[NS, CI], ids=lambda suite: suite.name)
def suite(request: pytest.FixtureRequest) -> Suite:
    """Both suites."""
    found: Suite = request.param
    return found


@pytest.fixture
def pair(suite: Suite) -> tuple[Session, Session]:
    """Sessions that have shown each other their keys."""
    here, there = keys(suite)
    one, two = Session(here), Session(there)
    two.open(one.seal(b""))
    one.open(two.seal(b""))
    return one, two
