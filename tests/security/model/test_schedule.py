"""The model says what the code does: keys of a real handshake, read back, are the terms of the model."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.security.model.tracing import Tracer

from rabta.security.core import CI, NS, HybridPrivate, Suite
from rabta.security.core.peers import IDENTIFIER_BYTES, Local, Peer, SessionKeys
from rabta.security.handshake import Initiator, Responder, schedule
from rabta.security.model import scenarios
from rabta.security.model.handshake import KEYS
from rabta.security.model.scenarios import PSK, A, B, Scenario
from rabta.security.model.search import Claim, Play
from rabta.security.model.terms import Term, const, name


def _run(suite: Suite, tracer: Tracer) -> tuple[SessionKeys, SessionKeys]:
    """A handshake of the implementation, its fresh values named as the model names them."""
    keys = {label: HybridPrivate.generate(suite) for label in "AB"}
    identifiers = {label: bytes([ord(label)]) * IDENTIFIER_BYTES for label in "AB"}
    peers = {
        label: Peer(identifiers[label], {suite.identifier: keys[label].public}, name=label) for label in "AB"
    }
    local = {label: Local(identifiers[label], {suite.identifier: keys[label]}) for label in "AB"}
    psk = b"pre-shared key of these two node"
    begins = Initiator(local["A"], peers["B"], suite, psk)
    answers = Responder(local["B"], {identifiers["A"]: peers["A"]}.__getitem__, [suite], psk=psk)
    theirs = ours = None
    sent = []
    for datagram in begins.start(0.0):
        step = answers.receive(datagram, b"address", 0.0)
        theirs, sent = step.keys or theirs, sent + step.send
    for datagram in sent:
        ours = begins.receive(datagram, 0.0).keys or ours
    assert ours is not None
    assert theirs is not None
    for label, node in (("A", A), ("B", B)):
        tracer.pair(keys[label].public.x25519, keys[label].public.mlkem, node.dh_private, node.kem_private)
        tracer.name(identifiers[label], node.identifier)
    own = begins._ephemeral.public
    tracer.pair(own.x25519, own.mlkem, name("s0.e"), name("s0.k"))
    tracer.randomness("s0.r", "s1.r", "s1.s")
    answer = b"".join(one[12:] for one in sent)  # fragments' payloads begin with the responder's X25519 key
    tracer.pair(answer[:32], b"", name("s1.f"), name(""))
    tracer.name(begins.exchange, const("s0.exchange"))
    tracer.name(psk, PSK)
    return ours, theirs


def _modelled(suite: Suite, without: frozenset[str] = frozenset()) -> Claim:
    """What the model's initiator ends with where the attacker only passes messages on."""
    scenario = Scenario(("A>B", ">B"), known=(), suites=(const(f"{suite.identifier:02x}"),))
    found: list[Claim] = []

    def note(_: Scenario, state: scenarios.State) -> str:
        done = [claim for _, claim in state.claims if claim.kind == "commit"]
        found.extend(done if len(done) == 2 else [])
        return ""

    scenarios.explore(scenario, (note,), without)
    honest = [one for one in found if one.role == "I" and one.peer is B.identifier]
    assert len({one.data for one in honest}) == 1
    return honest[0]


def _read(tracer: Tracer, keys: SessionKeys) -> list[Term]:
    """Chain keys in the order of `KEYS`, then the session's name."""
    there, back = (keys.send, keys.receive) if keys.initiator else (keys.receive, keys.send)
    return [tracer.term(one) for one in (there, back, keys.exporter, keys.session)]


@pytest.mark.parametrize("suite", [NS, CI], ids=["NS", "CI"])
def test_the_keys_are_the_model_s(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every secret, name and message, its order and its label: any change on one side alone fails here."""
    tracer = Tracer(monkeypatch)
    ours, theirs = _run(suite, tracer)
    claim = _modelled(suite)
    expected = list(claim.data[1:])
    assert len(expected) == len(KEYS) + 1
    assert _read(tracer, ours) == expected
    assert _read(tracer, theirs) == expected


def _swap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "THERE", b"another label")


def _unbound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule.Chain, "absorb", lambda self, *parts: None)


def _skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    mix, count = schedule.Chain.mix, itertools.count()

    def skipping(self: Any, secret: bytes) -> None:
        if next(count) % 14 not in (1, 3):  # both sides leave es out: the second secret of each
            mix(self, secret)

    monkeypatch.setattr(schedule.Chain, "mix", skipping)


@pytest.mark.parametrize("change", [_swap, _unbound, _skipped], ids=["label", "transcript", "secret"])
def test_a_changed_implementation_is_noticed(change: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    change(monkeypatch)
    tracer = Tracer(monkeypatch)
    ours, theirs = _run(CI, tracer)
    assert _read(tracer, ours) == _read(tracer, theirs)  # it still works, so only the model can tell
    assert _read(tracer, ours) != list(_modelled(CI).data[1:])


@pytest.mark.parametrize("part", ["es", "se", "ee", "ephemeral kem", "psk", "names", "suite"])
def test_a_changed_model_is_noticed(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(monkeypatch)
    ours, _ = _run(CI, tracer)
    assert _read(tracer, ours) != list(_modelled(CI, frozenset({part})).data[1:])


def test_sealed_fields_use_the_model_s_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides seal and open two fields: the name, then the confirmation."""
    tracer = Tracer(monkeypatch)
    _run(NS, tracer)
    labels = [tracer.term(key).label for key in tracer.used]
    assert labels == ["expand identity", "expand identity", "expand confirm", "expand confirm"]
    assert len(set(map(tracer.term, tracer.used))) == 2


def test_the_model_plays_generators() -> None:
    scenario = Scenario(("A>B",))
    play: Play = scenarios.roles_of(scenario, scenarios.world_of(scenario, frozenset()))[0]()
    assert next(play) is not None
