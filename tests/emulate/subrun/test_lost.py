"""Losses by name."""

from __future__ import annotations

import pytest

from rabta.emulate.subrun.lost import active, edges, losses
from rabta.emulate.subrun.source import Source
from rabta.errors import RabtaError


def test_names_of_every_kind(source: Source) -> None:
    cable, gateway, system, node = losses(
        source,
        ["cable:SEA-1@10:5", "gateway:West gateway", "system:starlink@20", "exchange:Exchange@5"],
        60.0,
    )
    assert (cable.spans, cable.begin_s, cable.end_s) == ((2,), 10.0, 15.0)
    assert (gateway.gateways, gateway.nodes) == (("West gateway",), (3,))
    assert (system.systems, node.nodes) == (("starlink",), (1,))
    assert [one.name for one in active((cable, gateway, system, node), 12.0)] == [
        "cable:sea-1", "gateway:West gateway", "exchange:Exchange",
    ]  # fmt: skip
    assert edges((cable, system, node), 60.0) == [0.0, 5.0, 10.0, 15.0, 20.0, 60.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cable:sea-3", "did you mean 'cable:sea-1'|did you mean 'cable:sea-2'"),
        ("gateway:Quetta", "valid: gateway:South gateway, gateway:West gateway"),
        ("nonsense", "nothing of that name"),
        ("cable:sea-1@", "KIND:NAME"),
        ("cable:sea-1@60", "0 to 60 s"),
        ("cable:sea-1@-1", "0 to 60 s"),
        ("cable:sea-1@nan", "0 to 60 s"),
        ("cable:sea-1@1:0", "0 to 60 s"),
    ],
)
def test_what_is_no_loss(source: Source, text: str, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        losses(source, [text], 60.0)
