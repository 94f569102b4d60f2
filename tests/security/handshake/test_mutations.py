"""Nothing but what was sent is taken, and nothing but a refusal comes out."""

from __future__ import annotations

import importlib.util
import secrets
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.security.handshake.pair import Pair

from rabta.security.core import CI, NS, Rejected
from rabta.security.handshake import schedule, wire


def soak() -> ModuleType:
    path = Path(__file__).parents[3] / "bench" / "soak" / "handshake.py"
    spec = importlib.util.spec_from_file_location("soak_handshake", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_ten_thousand_mutations() -> None:
    seed = secrets.randbelow(1 << 30)
    result = soak().mutations(10_000, seed)
    assert (result["accepted"], result["crashes"]) == (0, 0), (seed, result)
    assert {"mac", "malformed", "suite", "unknown", "version"} <= set(result["outcomes"])


def test_the_soak_sees_what_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check of tags altered messages are taken, and counted."""

    def careless(_: schedule.Chain, label: bytes, sealed: bytes) -> bytes:
        return sealed[:-16]

    module = soak()
    draw = module.random.Random(5)
    messages = module.record(module.Nodes(CI, draw), 0, False)
    monkeypatch.setattr(schedule.Chain, "open", careless)
    answer = messages[1]
    some = list(answer.sent)
    some[0] = some[0][:-1] + bytes([some[0][-1] ^ 1])
    assert module.given(answer, some) == (True, {"ACCEPTED"})


def test_what_was_sent_is_taken() -> None:
    module = soak()
    draw = module.random.Random(6)
    for suite in (NS, CI):
        for one in module.record(module.Nodes(suite, draw), 1, True):
            assert module.given(one, one.sent) == (True, {"ACCEPTED"})


HEADS = [bytes([kind, suite]) for kind in (0, *wire.KINDS, 0x20) for suite in (0, 1, 2, 3)]
FORMS = st.one_of(
    st.binary(max_size=1300),
    st.builds(
        lambda head, exchange, index, counts, size, fill: (
            head + exchange + bytes([index, counts]) + bytes([fill]) * size
        ),
        st.sampled_from(HEADS),
        st.binary(min_size=8, max_size=8),
        st.integers(0, 5),
        st.sampled_from([0, 0x20, 0x21, 0x30, 0x31, 0x32, 0x33, 0xFF]),
        st.sampled_from([0, 16, 790, 806, 1062, 1078, 1094, 1112, 1128, 1220, 1221]),
        st.integers(0, 255),
    ),
)


@given(st.lists(FORMS, max_size=8), st.booleans())
@settings(max_examples=300, deadline=None)
def test_anything(datagrams: list[bytes], loaded: bool) -> None:
    pair = PAIR
    pair.responder.loaded = loaded
    for raw in datagrams:
        named = raw[:2] + pair.initiator.exchange + raw[10:]
        for take, one in ((_to_responder, raw), (_to_initiator, named)):
            try:
                step = take(one)
            except Rejected:
                continue
            assert step.keys is None
            assert sum(map(len, step.send)) <= max(3 * len(one), 3 * 1200)


def _to_responder(raw: bytes) -> wire.Step:
    return PAIR.responder.receive(raw, b"address", 0.0)


def _to_initiator(raw: bytes) -> wire.Step:
    return PAIR.initiator.receive(raw, 0.0)


PAIR = Pair(NS)
