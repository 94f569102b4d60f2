"""Suite ``handshake``: sizes, lossy satellite paths, floods, amplification, a transcript to check others by.

Times are virtual, handshakes are real. Nothing is stored but the transcript, `handshake.json`: messages and
private keys of an exchange of each suite and the keys that both sides must end with. This suite computes them
from the written specification (``docs/explanation/overlay-protocol.md``) with `cryptography` and `hmac`
alone, not by `rabta.security`; ``bench/handshake.py --transcript`` makes a new one.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
import json
import math
import random
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.verify import Row, suite

if TYPE_CHECKING:
    from rabta.security.core import Suite
    from rabta.security.core.peers import Local, Peer
    from rabta.security.overlay.paths import Loss

ISSUE = "target: at most 3.3 kB each way with cached credentials, no datagram over 1,232 B"
GEO = "target: p99 <= 1.3 s over 600 ms and 10 % loss"
GEO_S, GEO_LOSS, GEO_TARGET_S, GEO_SHAKES = 0.3, 0.1, 1.3, 2000
FLOOD_RATE, FLOOD_SHAKES = 100_000, 50
BURSTS = {"good": 0.0, "bad": 0.5, "to_bad": 0.05, "to_good": 0.2}
"""Gilbert and Elliott: a tenth is lost, in bursts of five datagrams in the mean."""


@suite("handshake", "Security: the overlay's handshake")
def rows(_files: Path | None) -> list[Row]:
    """Sizes, transcripts, a geostationary path, a flood, replays."""
    from rabta.security.core import CI, NS

    return [
        *(row for which in (NS, CI) for row in _sizes(which)),
        *(row for case in transcripts() for row in _transcript(case)),
        *_geostationary(),
        *_flood(),
        *_amplification(),
        *_replayed(),
    ]


def pair(which: Suite) -> tuple[Local, Peer, Local, Peer]:
    """Two new nodes, each as itself and as others know it."""
    import os

    from rabta.security.core import HybridPrivate
    from rabta.security.core.peers import IDENTIFIER_BYTES, Local, Peer

    found: list[Any] = []
    for name in "AB":
        key, identifier = HybridPrivate.generate(which), os.urandom(IDENTIFIER_BYTES)
        found.append(Local(identifier, {which.identifier: key}, name))
        found.append(Peer(identifier, {which.identifier: key.public}, name))
    return found[0], found[1], found[2], found[3]


def _sizes(which: Suite) -> list[Row]:
    from rabta.security.handshake import Initiator, Responder

    a, as_a, b, as_b = pair(which)
    longest, each = 0, []
    for parity, loaded in itertools.product(range(3), (False, True)):
        begins = Initiator(a, as_b, which, parity=parity)
        answers = Responder(b, lambda _: as_a, [which], loaded=loaded)
        hello = begins.start(0.0)
        if loaded:
            hello = begins.receive(answers.receive(hello[0], b"a", 0.0).send[0], 0.0).send
        out = [one for datagram in hello for one in answers.receive(datagram, b"a", 0.0).send]
        longest = max(longest, *map(len, hello + out))
        each.append((parity, loaded, sum(map(len, hello)), sum(map(len, out))))
    plain = next(one for one in each if one[:2] == (0, False))
    cookie = next(one for one in each if one[:2] == (0, True))
    full = next(one for one in each if one[:2] == (2, False))
    name = f"{which.name}: bytes"
    return [
        Row(f"{name}, first message over 3,300", max(0, plain[2] - 3300), 0.0, 0.0, f"{plain[2]} B. {ISSUE}"),
        Row(
            f"{name}, second message over 3,300", max(0, plain[3] - 3300), 0.0, 0.0, f"{plain[3]} B. {ISSUE}"
        ),
        Row(
            f"{name}, longest datagram over 1,232", max(0, longest - 1232), 0.0, 0.0, f"{longest} B. {ISSUE}"
        ),
        Row(f"{name}, first message with cookie", cookie[2], 3300, math.nan, "only under load", gate=False),
        Row(f"{name}, first message with parity 2", full[2], 3300, math.nan, "lossy paths", gate=False),
    ]


# Known answers


def transcripts() -> list[dict[str, Any]]:
    """Recorded exchanges."""
    text = (files("rabta.verify.security") / "handshake.json").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(text)["exchanges"]
    return found


def _transcript(case: dict[str, Any]) -> list[Row]:
    kept = case["session"]
    found = [Recomputed(case, side).keys() for side in ("initiator", "responder")]
    source = "both sides from private keys and messages, by the specification alone"
    good = [float(one == kept) for one in found]
    name = f"transcript, {case['suite']}"
    return [
        Row(f"{name}: keys of the initiator", good[0], 1.0, 0.0, source),
        Row(f"{name}: keys of the responder", good[1], 1.0, 0.0, source),
        Row(f"{name}: by the implementation", float(_implemented(case) == kept), 1.0, 0.0, "rabta.security"),
    ]


class Recomputed:
    """One side of a recorded exchange, as the specification says, without `rabta.security`."""

    def __init__(self, case: dict[str, Any], side: str) -> None:
        from cryptography.hazmat.primitives.asymmetric import mlkem
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
        from cryptography.hazmat.primitives.ciphers import aead

        self.case, self.begins = case, side == "initiator"
        self.ns = case["suite"] == "NS"
        self.hash = "sha384" if self.ns else "sha256"
        self.size = 48 if self.ns else 32
        self.aead: Any = aead.AESGCM if self.ns else aead.ChaCha20Poly1305
        self.kem: Any = mlkem.MLKEM1024PrivateKey if self.ns else mlkem.MLKEM768PrivateKey
        self.x25519: Any = X25519PrivateKey
        self.key = self.transcript = self._digest(
            b"rabta overlay handshake 1" + (b"\1" if self.ns else b"\2")
        )

    def _digest(self, raw: bytes) -> bytes:
        return hashlib.new(self.hash, raw).digest()

    def _raw(self, *path: str) -> bytes:
        found: Any = self.case
        for name in path:
            found = found[name]
        return bytes.fromhex(found)

    def _absorb(self, raw: bytes) -> None:
        self.transcript = self._digest(self.transcript + raw)

    def _mix(self, secret: bytes) -> None:
        self.key = hmac.digest(self.key or bytes(self.size), secret, self.hash)

    def _expand(self, label: bytes, length: int) -> bytes:
        return hmac.digest(self.key, label + self.transcript + b"\1", self.hash)[:length]

    def _open(self, label: bytes, sealed: bytes) -> bytes:
        plain: bytes = self.aead(self._expand(label, 32)).decrypt(bytes(12), sealed, self.transcript)
        return plain

    def _dh(self, mine: str, theirs: str) -> bytes:
        """Of the recorded key pairs, the half of this side's that is private."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        private = self.x25519.from_private_bytes(self._raw(*mine.split(), "x25519"))
        public = self.x25519.from_private_bytes(self._raw(*theirs.split(), "x25519")).public_key()
        parsed = X25519PublicKey.from_public_bytes(public.public_bytes_raw())
        secret: bytes = private.exchange(parsed)
        return secret

    def _secret(self, of: str, ciphertext: bytes) -> bytes:
        secret: bytes = self.kem.from_seed_bytes(self._raw(*of.split(), "mlkem")).decapsulate(ciphertext)
        return secret

    def keys(self) -> dict[str, str]:
        """Session's keys in hexadecimal."""
        kem_public, ciphertext = (1568, 1568) if self.ns else (1184, 1088)
        first, second = self._raw("first"), self._raw("second")
        split, end = 32 + kem_public, 32 + kem_public + ciphertext
        self._absorb(self._raw("responder", "identifier"))
        self._absorb(self._raw("exchange") + first[:end])
        self._mix(self._secret("responder", first[split:end]))
        ours, theirs = ("ephemeral", "responder") if self.begins else ("responder", "ephemeral")
        self._mix(self._dh(ours, theirs))
        self._absorb(self._open(b"identity", first[end:]))
        at = 32 + ciphertext
        self._absorb(second[: at + ciphertext])
        self._mix(self._secret("ephemeral", second[32:at]))
        self._mix(self._secret("initiator", second[at : at + ciphertext]))
        for one in ("ephemeral", "initiator"):
            self._mix(self._dh(one, "answer") if self.begins else self._dh("answer", one))
        self._mix(self._raw("psk"))
        self._open(b"confirm", second[at + ciphertext :])
        names = {
            "there": b"initiator to responder",
            "back": b"responder to initiator",
            "exporter": b"exporter",
        }
        found = {name: self._expand(label, self.size).hex() for name, label in names.items()}
        return found | {"name": self._expand(b"session", 8).hex()}


def _implemented(case: dict[str, Any]) -> dict[str, str]:
    """The initiator of `rabta.security`, given the recorded keys and the recorded second message."""
    from rabta.security.core import HybridPrivate
    from rabta.security.core.peers import Local, Peer
    from rabta.security.core.suites import named
    from rabta.security.handshake import Initiator, wire
    from rabta.security.handshake.schedule import IDENTITY, Chain

    which = named(case["suite"])
    raw = {name: bytes.fromhex(case[name]) for name in ("exchange", "first", "second", "psk")}
    static, peer_key, ephemeral = (
        HybridPrivate(which, bytes.fromhex(case[name]["mlkem"]), bytes.fromhex(case[name]["x25519"]))
        for name in ("initiator", "responder", "ephemeral")
    )
    names = [bytes.fromhex(case[name]["identifier"]) for name in ("initiator", "responder")]
    peer = Peer(names[1], {which.identifier: peer_key.public})
    begins = Initiator(Local(names[0], {which.identifier: static}), peer, which, raw["psk"])
    begins.exchange, begins._ephemeral = raw["exchange"], ephemeral
    split = 32 + which.kem_public_bytes
    end = split + which.kem_ciphertext_bytes
    chain = begins._chain = Chain(which, names[1])
    chain.absorb(raw["exchange"], raw["first"][:end])
    chain.mix(peer_key.decapsulate(raw["first"][split:end]))
    chain.mix(ephemeral.exchange(peer.key(which)))
    chain.absorb(chain.open(IDENTITY, raw["first"][end:]))
    for one in wire.cut(wire.ANSWER, which, raw["exchange"], raw["second"], raw["exchange"][-1] & 3):
        begins.receive(one, 0.0)
    keys = begins.keys
    assert keys is not None
    found = {"there": keys.send, "back": keys.receive, "exporter": keys.exporter, "name": keys.session}
    return {name: value.hex() for name, value in found.items()}


# A geostationary path


def shakes(count: int, parity: int, loss: Loss, seed: int = 1) -> list[float]:
    """Seconds to the initiator's keys over 600 ms, sorted; loss each way is drawn datagram by datagram."""
    from rabta.security.core import NS

    nodes = pair(NS)
    return sorted(_shake(NS, nodes, parity, loss, seed + number) for number in range(count))


def _shake(which: Suite, nodes: tuple[Local, Peer, Local, Peer], parity: int, loss: Loss, seed: int) -> float:
    from rabta.security.handshake import Initiator, Responder

    a, as_a, b, as_b = nodes
    begins = Initiator(a, as_b, which, parity=parity)
    answers = Responder(b, lambda _: as_a, [which])
    ways = [_lossy(loss, 2 * seed + side) for side in (0, 1)]
    events: list[tuple[float, int, int, bytes]] = []
    order = itertools.count()

    def send(datagrams: list[bytes], side: int, now: float) -> None:
        for one in datagrams:
            if not ways[side]():
                heapq.heappush(events, (now + GEO_S, next(order), 1 - side, one))

    send(begins.start(0.0), 0, 0.0)
    while begins.keys is None:
        now = begins.due()
        if events and events[0][0] <= now:
            now, _, side, one = heapq.heappop(events)
            send((answers.receive(one, b"a", now) if side else begins.receive(one, now)).send, side, now)
        else:
            send(begins.tick(now), 0, now)
    return now


def _lossy(loss: Loss, seed: int) -> Callable[[], bool]:
    """Whether the next datagram is lost (Gilbert and Elliott)."""
    draw = random.Random(seed)  # noqa: S311 (no secret hangs on it)
    bad = draw.random() < (loss.to_bad / (loss.to_bad + loss.to_good) if loss.to_bad + loss.to_good else 0.0)

    def lost() -> bool:
        nonlocal bad
        bad = draw.random() < (1.0 - loss.to_good if bad else loss.to_bad)
        return draw.random() < (loss.bad if bad else loss.good)

    return lost


def percentile(sorted_s: list[float], share: float) -> float:
    """The least of the values that so large a share of them does not exceed."""
    return sorted_s[max(0, math.ceil(share * len(sorted_s)) - 1)]


def _geostationary() -> list[Row]:
    from rabta.security.overlay.paths import Loss, independent

    found = []
    for parity, loss, words in (
        (2, independent(GEO_LOSS), "independent"),
        (1, independent(GEO_LOSS), "independent"),
        (0, independent(GEO_LOSS), "independent"),
        (2, Loss(**BURSTS), "in bursts of five"),
    ):
        took = shakes(GEO_SHAKES, parity, loss)
        p99, gate = percentile(took, 0.99), parity == 2 and words == "independent"
        name = f"{GEO_SHAKES:,} NS handshakes, 600 ms, 10 % loss {words}, parity {parity}"
        source = f"p50 {percentile(took, 0.5):.2f} s, p99 {p99:.2f} s, longest {took[-1]:.2f} s. {GEO}"
        if gate:
            found.append(Row(f"{name}: p99 over 1.3 s (s)", max(0.0, p99 - GEO_TARGET_S), 0.0, 0.0, source))
            found.append(Row(f"{name}: least (s)", took[0], 2 * GEO_S, 1e-9, "one round trip"))
        else:
            found.append(Row(f"{name}: p99 (s)", p99, GEO_TARGET_S, math.nan, source, gate=False))
    return found


# Attacks


def _flood() -> list[Row]:
    from unittest.mock import patch

    from rabta.security.core import CI, HybridPrivate, HybridPublic
    from rabta.security.handshake import Initiator, Responder

    a, as_a, b, as_b = pair(CI)
    answers = Responder(b, lambda _: as_a, [CI])
    draw, done, most, during = random.Random(1), 0, 0, 0  # noqa: S311
    for number in range(FLOOD_SHAKES):
        now = number * 0.01
        begins = Initiator(a, as_b, CI)
        with (
            patch.object(HybridPrivate, "decapsulate") as one,
            patch.object(HybridPublic, "encapsulate") as two,
        ):
            for _ in range(FLOOD_RATE // 100):
                answers.receive(_forged(CI, draw), draw.randbytes(6), now)
            during += one.call_count + two.call_count
        most = max(most, len(answers._open.held) + len(answers._shown.held))
        sent = [out for raw in begins.start(now) for out in answers.receive(raw, b"a", now).send]
        again = [out for raw in sent for out in begins.receive(raw, now).send]
        for raw in [out for one_ in again for out in answers.receive(one_, b"a", now).send]:
            done += begins.receive(raw, now).keys is not None
    name = f"{FLOOD_RATE:,} forged fragments a second for {FLOOD_SHAKES / 100:g} s"
    target = "target: legitimate success >= 99 %, cookie before any KEM operation"
    return [
        Row(f"{name}: share of honest handshakes", done / FLOOD_SHAKES, 1.0, 0.01, target),
        Row(f"{name}: KEM operations for them", during, 0.0, 0.0, target),
        Row(f"{name}: messages kept over 1,024", max(0, most - 1024), 0.0, 0.0, f"{most} kept"),
    ]


def _forged(which: Suite, draw: random.Random) -> bytes:
    from rabta.security.handshake import wire

    _, count, size = wire.shape(wire.HELLO, which)
    head = bytes([wire.HELLO, which.identifier]) + wire.new_exchange(0)
    return head + bytes([draw.randrange(count), count << 4]) + draw.randbytes(size)


def _amplification() -> list[Row]:
    from rabta.security.core import CI, NS
    from rabta.security.handshake import Initiator, Responder

    found = []
    for which, parity in itertools.product((NS, CI), (0, 2)):
        a, as_a, b, as_b = pair(which)
        answers = Responder(b, {as_a.identifier: as_a}.__getitem__, [which])
        hello = Initiator(a, as_b, which, parity=parity).start(0.0)
        came = went = 0
        worst = 0.0
        for at in range(200):
            one = hello[at % 3]
            came += len(one)
            went += sum(map(len, answers.receive(one, b"a", at * 1.0).send))
            worst = max(worst, went / came)
        name = f"{which.name}, parity {parity}: most bytes sent for a byte that came, over 3"
        found.append(
            Row(name, max(0.0, worst - 3.0), 0.0, 0.0, f"{worst:.2f}; RFC 9000, 8.1, asks 3 of QUIC")
        )
    return found


def _replayed() -> list[Row]:
    from rabta.security.core import NS
    from rabta.security.handshake import Initiator, Responder

    a, as_a, b, as_b = pair(NS)
    answers = Responder(b, lambda _: as_a, [NS])
    hello = Initiator(a, as_b, NS).start(0.0)
    sessions = [step.keys for one in hello for step in [answers.receive(one, b"a", 0.0)] if step.keys]
    again = sum(answers.receive(one, b"a", at / 100).keys is not None for at in range(100) for one in hello)
    late = [step.keys for one in hello for step in [answers.receive(one, b"a", 60.0)] if step.keys]
    shared = sum(
        len({x.send, x.receive, x.session} & {y.send, y.receive, y.session}) for x in sessions for y in late
    )
    return [
        Row("first message replayed 100 times: new sessions", again, 0.0, 0.0, "the answer is remembered"),
        Row("and after a minute: keys shared with the first session", shared, 0.0, 0.0, "fresh keys in each"),
    ]
