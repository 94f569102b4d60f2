"""Suite ``session``: each packet once, over handovers, refreshes and replays. Sessions and seals are real."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

from rabta.verify import Row, suite

if TYPE_CHECKING:
    from rabta.security.core.peers import SessionKeys
    from rabta.security.session import Session

HANDOVERS, EACH, REPLAYS, MUTATIONS = 1000, 8, 100_000, 5000
TARGET = "target: issue, session; research/security-emulation E, S3 and S6"


@suite("session", "Packets of the overlay: once each, new keys at handovers")
def session(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Handovers with reordering, a refresh under loss, replays, mutations."""
    return [*_handovers(), *_refresh(), _replays(), _mutated()]


def pair() -> tuple[Session, Session]:
    """Two sides of a session of suite NS that have heard each other."""
    from rabta.security.core import NS
    from rabta.security.core.peers import SessionKeys
    from rabta.security.session import Session

    there, back, exporter, name = os.urandom(48), os.urandom(48), os.urandom(48), os.urandom(8)
    keys: list[SessionKeys] = [
        SessionKeys(NS, there, back, exporter, name, bytes(48), initiator=True),
        SessionKeys(NS, back, there, exporter, name, bytes(48), initiator=False),
    ]
    one, two = Session(keys[0]), Session(keys[1])
    two.open(one.seal(b""))
    one.open(two.seal(b""))
    return one, two


def _taken(side: Session, packet: bytes) -> bool:
    from rabta.security.core import Rejected

    try:
        side.open(packet)
    except Rejected:
        return False
    return True


def _handovers() -> list[Row]:
    (one, two), rng = pair(), random.Random(1)  # noqa: S311 (draws a test)
    late: list[tuple[Session, bytes]] = []
    lost = 0
    for _ in range(HANDOVERS):
        (one if rng.random() < 0.5 else two).ratchet(os.urandom(32))
        sent = [(there, here.seal(b"data")) for _ in range(EACH) for here, there in ((one, two), (two, one))]
        rng.shuffle(sent)
        lost += sum(not _taken(side, packet) for side, packet in [*sent, *late])
        late = [
            (there, here.seal(b"late")) for here, there in ((one, two), (two, one))
        ]  # over the next handover
    name = f"{HANDOVERS:,} handovers, packets out of order and over them"
    changed = float(one.sending.epoch - one.refreshing.done)
    return [
        Row(f"{name}: lost by the overlay", float(lost), 0.0, 0.0, TARGET),
        Row(f"{name}: changes of keys", changed, float(HANDOVERS), 0.0, TARGET),
    ]


def _refresh() -> list[Row]:
    (one, two), rng = pair(), random.Random(2)  # noqa: S311 (draws a test)
    stolen = one.sending.key
    one.refresh()
    packets = 0
    while one.refreshing.done < 1 and packets < 10_000:
        packets += 1
        for here, there in ((one, two), (two, one)):
            packet = here.seal(b"data")
            if rng.random() >= 0.1:
                there.open(packet)
    guessed = one.sending.after(stolen, b"\x01" + (1).to_bytes(15, "big"))
    return [
        Row(
            "refresh under 10 % loss: packets each way (60 s at 50 a second)",
            float(packets),
            0.0,
            3000.0,
            TARGET,
        ),
        Row(
            "refresh: chain key that follows from the stolen one",
            float(guessed == one.sending.key),
            0.0,
            0.0,
            TARGET,
        ),
    ]


def _replays() -> Row:
    (one, two), rng = pair(), random.Random(3)  # noqa: S311 (draws a test)
    heard = []
    for k in range(1000):
        if k % 50 == 0:
            one.ratchet(os.urandom(32))
        heard.append(one.seal(b"payload"))
        two.open(heard[-1])
    again = sum(_taken(two, packet) for _ in range(REPLAYS // 1000) for packet in rng.sample(heard, 1000))
    return Row(f"{REPLAYS:,} replayed packets: accepted", float(again), 0.0, 0.0, TARGET)


def _mutated() -> Row:
    (one, two), rng = pair(), random.Random(4)  # noqa: S311 (draws a test)
    accepted = 0
    for _ in range(MUTATIONS):
        bad = bytearray(one.seal(b"payload"))
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        accepted += _taken(two, bytes(bad))
    return Row(f"{MUTATIONS:,} packets with one bit changed: accepted", float(accepted), 0.0, 0.0, TARGET)
