"""Session: the model's ratchet and refresh are the code's, and its window is the code's in every order."""

from __future__ import annotations

from typing import Any

import pytest
from tests.security.model.tracing import Tracer

from rabta.security.core import CI, NS, HybridPrivate, Suite
from rabta.security.model import sessions
from rabta.security.model.terms import ciphertext, const, decapsulate, dh, dh_public, kem_public, name
from rabta.security.session import window
from rabta.security.session.chain import Chain
from rabta.security.session.refresh import Refresh

BEGIN = b"\x01chain key of 48 bytes, as a handshake gives it.."


@pytest.mark.parametrize("suite", [NS, CI], ids=["NS", "CI"])
def test_the_ratchet_is_the_model_s(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(monkeypatch)
    note, secret = b"\x80note of 16 bytes", b"\x81secret of a refresh, 32 bytes or "
    chain = Chain(suite, BEGIN)
    tracer.name(BEGIN, name("chain"))
    tracer.name(note, const("note"))
    tracer.name(secret, name("secret"))
    chain.advance(note)
    ratcheted = sessions.following(name("chain"), const("note"))
    assert tracer.term(chain.key) is ratcheted
    chain.advance(note, secret)
    assert tracer.term(chain.key) is sessions.following(ratcheted, const("note"), name("secret"))
    keys = [tracer.term(key) for key in tracer.used]
    assert keys[0] is sessions.packet_key(name("chain"))
    assert keys[1] is sessions.packet_key(ratcheted)
    assert len(set(keys)) == 3


def test_as_many_epochs_live_as_the_model_says() -> None:
    chain = Chain(CI, BEGIN)
    for number in range(2 * sessions.LIVE):
        chain.advance(bytes([number]) * 16)
    assert len(chain.ciphers) == sessions.LIVE


@pytest.mark.parametrize("suite", [NS, CI], ids=["NS", "CI"])
def test_the_refresh_is_the_model_s(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    tracer = Tracer(monkeypatch)
    offers, answers = Refresh(suite, initiator=True), Refresh(suite, initiator=False)
    offers.begin()
    offered, private = offers._offer, offers._private
    while not answers.secret:
        answers.take(offers.frame())
    answered = answers._sending
    while not offers.secret:
        offers.take(answers.frame())
    e, f, k, r = (name(label) for label in ("e", "f", "k", "r"))
    assert isinstance(private, HybridPrivate)
    tracer.pair(private.public.x25519, private.public.mlkem, e, k)
    tracer.pair(answered[suite.kem_ciphertext_bytes :], b"", f, name(""))
    tracer.randomness("r")
    sent = ciphertext(kem_public(k), r)
    shared = decapsulate(k, sent), dh(e, dh_public(f))
    offer, answer = (kem_public(k), dh_public(e)), (sent, dh_public(f))
    assert tracer.split(offered) == offer
    expected = sessions.refresh_secret(offer, answer, *shared)
    assert tracer.term(offers.secret) is expected
    assert tracer.term(answers.secret) is expected


def test_the_window_is_the_model_s_in_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code's ring of words, made as small as the model's window, accepts and refuses the same."""
    for setting, value in (("SIZE", 4), ("WORD", 2), ("WORDS", 3)):
        monkeypatch.setattr(window, setting, value)
    monkeypatch.setattr(sessions, "WINDOW", 4)
    packets, longest = 9, 5
    monkeypatch.setattr(sessions, "PACKETS", packets)
    orders = 0

    def deliver(real: Any, model: sessions.Receiver, left: int) -> None:
        nonlocal orders
        orders += 1
        for counter in range(packets if left else 0):
            after = sessions.accept(model, counter, frozenset())
            accepted = after.taken[counter] > model.taken[counter]
            assert real.fresh(counter) is accepted, (model, counter)
            copied = window.Window()
            copied.__dict__.update(real.__dict__, _words=list(real._words))
            if accepted:
                copied.take(counter)
            deliver(copied, after, left - 1)

    deliver(window.Window(), sessions.Receiver(taken=(0,) * packets), longest)
    assert orders == sum(packets**n for n in range(longest + 1))
