"""Real nodes of the overlay on two hosts: packets or a file between them, new keys at every handover.

Each packet over the overlay has a plain one of the same size beside it, half a period later, so that what
the overlay adds to loss and round trip is measured on the same path at the same time. The side that asks
hears of the path's changes and takes new keys at each; the other follows by the notes in the headers.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import signal
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.probes import spread
from rabta.emulate.secure.both import OVERLAY, PLAIN, port

if TYPE_CHECKING:
    from rabta.security.overlay.node import Step
    from rabta.security.overlay.udp import Endpoint

HEADER = struct.Struct("!qq")  # number, sent at (ns)
SECRET, OPEN = b"what only the two ends may read. ", b"what everybody on the way can read. "
USER, SERVER = "user", "server"
RETRY_S, DRAIN_S, TELL_S = 1.0, 1.5, 1.0
AFTER_S = 0.25  # after a handover in which packets count as of it
PEER_ASK = b"?"


def keys(folder: Path) -> None:
    """Make both nodes' keys and cards in a folder of this user's own."""
    from rabta.security.overlay import pinned

    for name in (USER, SERVER):
        (folder / f"{name}.card").write_bytes(pinned.make(folder / f"{name}.key", name))


def endpoint(folder: Path, name: str, address: str, port: int, **policy: float) -> tuple[Endpoint, bytes]:
    """Node of a name behind a socket of this host, and the other's identifier."""
    from rabta.emulate.secure.counting import Counting
    from rabta.security.core.suites import NS
    from rabta.security.overlay import pinned
    from rabta.security.overlay.node import Policy
    from rabta.security.overlay.udp import Endpoint

    other = pinned.read((folder / f"{SERVER if name == USER else USER}.card").read_bytes())
    own = pinned.load(folder / f"{name}.key")
    node = Counting(own, pinned.lookup([other]), NS, policy=Policy(**policy))  # type: ignore[arg-type]
    return Endpoint(node, (address, port)), other.identifier


def refused(endpoint: Endpoint) -> int:
    """Packets of sessions that reached a node or left it, and that the overlay itself let fall."""
    return endpoint.unsent + getattr(endpoint.node, "refused", 0)


class Ear(threading.Thread):
    """Plain datagrams: echoed, or their round trips noted."""

    def __init__(self, line: socket.socket, *, echo: bool) -> None:
        super().__init__(daemon=True)
        self.line, self.echo = line, echo
        self.heard: dict[int, tuple[int, int]] = {}
        self.start()

    def run(self) -> None:
        """Until the socket is closed."""
        while True:
            try:
                datagram, sender = self.line.recvfrom(4096)
                if self.echo:
                    self.line.sendto(datagram, sender)
                else:
                    number, sent = HEADER.unpack_from(datagram)
                    self.heard.setdefault(number, (sent, time.monotonic_ns()))
            except ConnectionError:  # an ICMP answer
                continue
            except OSError:
                return


class Asking:
    """The side that asks: its node, what it sent and what came back.

    Parameters
    ----------
    changes : sequence of (float, str)
        Second of the emulation and words of each change of the path.
    begin_ns : int
        Instant 0 of the emulation on the monotonic clock.
    """

    def __init__(
        self,
        folder: Path,
        there: tuple[str, int],
        changes: Sequence[tuple[float, str]],
        begin_ns: int,
        **policy: float,
    ) -> None:
        from rabta.security.overlay.udp import packed

        self.endpoint, self.peer = endpoint(folder, USER, "0.0.0.0", 0, **policy)  # noqa: S104 (of its namespace)
        self.there, self.begin_ns = packed(there), begin_ns
        self.changes, self.taken = list(changes), []  # type: ignore[var-annotated]
        self.events: list[tuple[float, str, str]] = []
        self.handshake_s, self._began, self._tried = math.nan, 0.0, -math.inf
        self.ended = False
        signal.signal(signal.SIGINT, self._end)

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (as signals are)
        self.ended = True

    def now_s(self) -> float:
        """Second of the emulation."""
        return (time.monotonic_ns() - self.begin_ns) / 1e9

    def turn(self, wait_s: float = 0.0) -> Step:
        """Begin a session where there is none, take new keys where the path has changed, read what came."""
        clock, node = self.endpoint.clock(), self.endpoint.node
        if math.isnan(self.handshake_s) and clock > self._tried + RETRY_S:
            self._began, self._tried = self._began or clock, clock
            self.endpoint.flush(node.connect(self.peer, self.there, clock))
        while self.changes and self.changes[0][0] <= self.now_s():
            at, words = self.changes.pop(0)
            if self.peer in node.links and not math.isnan(self.handshake_s):
                self.noted(self.endpoint.flush(node.handover(self.peer, words, clock)))
                self.taken.append(at)
        step = self.noted(self.endpoint.poll(wait_s))
        if math.isnan(self.handshake_s) and node.ready(self.peer):
            self.handshake_s = self.endpoint.clock() - self._began
        return step

    def noted(self, step: Step) -> Step:
        """Keep the step's events with the emulation's second."""
        self.events += [(round(self.now_s(), 6), one.kind, one.detail) for one in step.events]
        return step

    def send(self, payload: bytes) -> int:
        """Send a payload; how many bytes its datagram has (0 where it waits for a session)."""
        step = self.noted(self.endpoint.node.send(self.peer, payload, self.endpoint.clock()))
        size = len(step.send[0][1]) if step.send else 0
        self.endpoint.flush(step)
        return size

    def asked(self) -> dict[str, Any]:
        """Counters of the other side, asked for over the overlay."""
        end, again = time.monotonic() + DRAIN_S, 0.0
        while time.monotonic() < end:
            if time.monotonic() > again:
                again = time.monotonic() + 0.3
                with suppress(OSError):
                    self.send(PEER_ASK)
            for _, payload in self.turn(0.05).received:
                if payload.startswith(b"{"):
                    found: dict[str, Any] = json.loads(payload)
                    return found
        return {}


def ask(
    asking: Asking, plainly: tuple[str, int], seconds: float, every_s: float, size: int
) -> dict[str, Any]:
    """Packets at a steady pace for a time; what came back of them and of the plain ones beside them."""
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.connect(plainly)
    ear = Ear(line, echo=False)
    sent: dict[int, int] = {}
    plain: dict[int, int] = {}
    heard: dict[int, tuple[int, int]] = {}
    begun, wire, told = time.monotonic(), 0, 0.0
    while not asking.ended and (at := time.monotonic() - begun) < seconds:
        number, half = divmod(int(2.0 * at / every_s), 2)
        stamp = time.monotonic_ns()
        if half == 0 and number not in sent and not math.isnan(asking.handshake_s):
            wire = asking.send(_filled(number, stamp, SECRET, size)) or wire
            sent[number] = stamp
        elif half and number in sent and number not in plain:
            plain[number] = stamp
            with suppress(OSError):
                line.send(_filled(number, stamp, OPEN, wire))
        due = begun + (int(2.0 * at / every_s) + 1) * every_s / 2.0
        _take(asking, heard, max(due - time.monotonic(), 0.0))
        if time.monotonic() > told + TELL_S:
            told = time.monotonic()
            say({"now": {"sent": len(sent), "answered": len(heard), "keys": len(asking.taken)}})
    end = time.monotonic() + DRAIN_S
    while time.monotonic() < end and (len(heard) < len(sent) or len(ear.heard) < len(plain)):
        _take(asking, heard, 0.02)
    server = asking.asked()
    line.close()
    return measured(asking, sent, heard, plain, ear.heard, server, size, wire)


def _filled(number: int, stamp: int, words: bytes, size: int) -> bytes:
    return (HEADER.pack(number, stamp) + words * (size // len(words) + 1))[:size]


def _take(asking: Asking, heard: dict[int, tuple[int, int]], wait_s: float) -> None:
    for _, payload in asking.turn(wait_s).received:
        if len(payload) > HEADER.size:
            number, sent = HEADER.unpack_from(payload)
            heard.setdefault(number, (sent, time.monotonic_ns()))


def measured(
    asking: Asking, sent: dict[int, int], heard: dict[int, tuple[int, int]], plain: dict[int, int],
    plainly: dict[int, tuple[int, int]], server: dict[str, Any], size: int, wire: int,
) -> dict[str, Any]:  # fmt: skip
    """What the packets say, and the events of the keys."""
    rtts = {n: (back - out) / 1e6 for n, (out, back) in heard.items()}
    bare = {n: (back - out) / 1e6 for n, (out, back) in plainly.items()}
    both = sorted(rtts.keys() & bare.keys())
    more = [rtts[n] - bare[n] for n in both]
    after = [rtts[n] - bare[n] for n in both if any(
        0.0 <= (sent[n] - asking.begin_ns) / 1e9 - at < AFTER_S for at in asking.taken)]  # fmt: skip
    span = (max(sent.values()) - min(sent.values())) / 1e9 if len(sent) > 1 else math.nan
    own = dict(asking.endpoint.node.counters)
    summary = {
        "handshake_s": _rounded(asking.handshake_s), "sent": len(sent), "answered": len(heard),
        "lost": len(sent) - len(heard), "plain_sent": len(plain), "plain_lost": len(plain) - len(plainly),
        "lost_by_overlay": refused(asking.endpoint) + int(server.get("refused", 0)),
        "key_changes": len(asking.taken), "peer_keys": server.get("keys"),
        "added_rtt_ms": _rounded(statistics.median(more)) if more else None,
        "added_rtt_at_handover_ms": _rounded(statistics.median(after)) if after else None,
        "goodput_mbps": _rounded(8e-6 * size * len(heard) / span) if span else None,
        "overhead_bytes": wire - size,
    }  # fmt: skip
    spreads = {"rtt_ms": spread(list(rtts.values())), "plain_rtt_ms": spread(list(bare.values()))}
    return {
        "summary": summary, **spreads,
        "keys": asking.events, "counters": own, "peer": server,
    }  # fmt: skip


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def answer(folder: Path, address: str, number: int) -> None:
    """Echo what comes over the overlay, and what comes plainly; say one's counters when asked."""
    node, _ = endpoint(folder, SERVER, address, port(number, OVERLAY))
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.bind((address, port(number, PLAIN)))
    Ear(line, echo=True)
    print("listening", flush=True)
    epochs = 0
    while True:
        for peer, payload in node.poll(1.0).received:
            live = node.node.links[peer].speaking
            epochs = live.session.receiving.epoch if live else epochs
            said = {"refused": refused(node), "keys": epochs}
            node.send(peer, json.dumps(said).encode() if payload == PEER_ASK else payload)


def give(asking: Asking, size: int, seconds: float) -> dict[str, Any]:
    """Send a file of some bytes; how long it took."""
    from rabta.security.overlay.streams import Sending

    begun, content = time.monotonic(), os.urandom(size)
    while math.isnan(asking.handshake_s) and time.monotonic() < begun + seconds and not asking.ended:
        asking.turn(0.02)
    started = time.monotonic()
    sending, told = Sending(asking.endpoint, asking.peer, io.BytesIO(content)), 0.0
    while not sending.sender.done and time.monotonic() < begun + seconds and not asking.ended:
        asking.turn()
        asking.noted(sending.turn())
        if time.monotonic() > told + TELL_S:
            told = time.monotonic()
            say({"now": {"bytes": sending.sender.acked, "of": size, "keys": len(asking.taken)}})
    took = time.monotonic() - started
    summary = {
        "handshake_s": _rounded(asking.handshake_s), "bytes": sending.sender.acked,
        "whole": sending.sender.done,
        "seconds": _rounded(took), "goodput_mbps": _rounded(8e-6 * sending.sender.acked / took),
        "repeats": sending.sender.repeats, "key_changes": len(asking.taken),
        "lost_by_overlay": refused(asking.endpoint),
    }  # fmt: skip
    return {"summary": summary, "keys": asking.events, "counters": dict(asking.endpoint.node.counters)}


def take(folder: Path, address: str, number: int) -> None:
    """Receive a file; its hash is its name, so what arrives whole is what was sent."""
    from rabta.security.overlay.streams import Receiving

    node, peer = endpoint(folder, SERVER, address, port(number, OVERLAY))
    with tempfile.TemporaryDirectory() as place:
        receiving = Receiving(node, peer, Path(place) / "file")
        print("listening", flush=True)
        while True:
            receiving.turn()


def say(what: dict[str, Any]) -> None:
    """Print a line of JSON."""
    print(json.dumps(what), flush=True)


def main() -> None:
    """``answer`` or ``take FOLDER ADDRESS``; ``ask`` or ``give FOLDER ADDRESS SECONDS``: JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("answer", "take", "ask", "give"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("--every", type=float, default=0.02)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--bytes", type=int, default=2_000_000)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--begin", type=int, default=time.monotonic_ns())
    asked = parser.parse_args()
    if asked.task in ("answer", "take"):
        (answer if asked.task == "answer" else take)(asked.folder, asked.address, asked.number)
        return
    listed = asked.folder / "changes.json"
    changes = json.loads(listed.read_text(encoding="utf-8")) if listed.exists() else []
    there, plain = ((asked.address, port(asked.number, which)) for which in (OVERLAY, PLAIN))
    asking = Asking(asked.folder, there, changes, asked.begin)
    if asked.task == "ask":
        say(ask(asking, plain, asked.seconds, asked.every, asked.size))
    else:
        say(give(asking, asked.bytes, asked.seconds))


if __name__ == "__main__":
    main()
