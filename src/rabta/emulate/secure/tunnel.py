"""WireGuard between two hosts with pre-shared keys of our handshake, changed without losing a packet.

A pre-shared key takes effect only at WireGuard's next handshake, and removing a peer drops its session at
once. So each new key gets an interface of its own at both ends; traffic goes over to it when both have met
there, and the old interface is removed when nothing is under way on it any more. The ends agree on this
inside their overlay session, whose handshake is post-quantum and gives the keys.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import signal
import socket
import statistics
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.probes import echoes, needs
from rabta.emulate.secure import overlay, wireguard
from rabta.emulate.secure.both import TUNNEL, port
from rabta.security.core import Rejected

if TYPE_CHECKING:
    from rabta.security.overlay.node import Step

FIRST_PORT, GENERATIONS = 30_000, 256
INNER = {overlay.USER: 1, overlay.SERVER: 2}
GRACE_S = 1.0  # after both send over the new interface: what is under way on the old one arrives
AGAIN_S, GIVE_UP_S, TELL_S = 0.3, 8.0, 1.0
RETRY_S, WAIT_S = 1.0, 2
SENT = re.compile(r"(\d+) packets transmitted, (\d+) received(?:, \+(\d+) duplicates)?")


def inner(name: str, number: int) -> str:
    """Address of an end inside the tunnel.

    Examples
    --------
    >>> inner("user", 0), inner("server", 130)
    ('192.168.1.1', '192.168.3.10')
    """
    row, rest = divmod(number, 64)
    return f"192.168.{1 + row % 250}.{4 * rest + INNER[name]}"


class End:
    """One end: its node of the overlay, and its interfaces by generation."""

    def __init__(self, folder: Path, name: str, bind: tuple[str, int], number: int, renew_s: float) -> None:
        self.number = number
        wireguard.private()
        for row in ("all", "default"):  # packets may come over one interface while others leave by the other
            with suppress(OSError):
                Path(f"/proc/sys/net/ipv4/conf/{row}/rp_filter").write_text("0", encoding="ascii")
        other = overlay.SERVER if name == overlay.USER else overlay.USER
        self.own, self.inner = inner(name, number), inner(other, number)
        wireguard.command("ip", "address", "add", f"{self.own}/32", "dev", "lo")
        self.endpoint, self.peer = overlay.endpoint(
            folder, name, *bind, renew_s=renew_s, expire_s=max(3.0 * renew_s, 60.0)
        )
        self.faces: dict[int, wireguard.Interface] = {}

    def say(self, **words: object) -> None:
        """Tell the other end something, over the overlay."""
        with suppress(Rejected):
            self.endpoint.send(self.peer, json.dumps(words).encode())

    def heard(self, step: Step) -> list[dict[str, Any]]:
        """What the other end says."""
        out = []
        for peer, payload in step.received:
            with suppress(ValueError):
                found = json.loads(payload)
                out += [found] if peer == self.peer and isinstance(found, dict) else []
        return out

    def secret(self, session: bytes, generation: int) -> bytes:
        """Pre-shared key of a generation, from a session that both ends have confirmed.

        Raises
        ------
        Rejected
            Where there is no such session, or nothing authentic came over it yet.
        """
        link = self.endpoint.node.links.get(self.peer)
        live = link.live.get(session) if link is not None else None
        if live is None or not (live.heard or live.keys.initiator):
            raise Rejected("unknown", "no confirmed session of this name")
        return wireguard.shared(session, generation, live.keys.exporter, live.keys.suite.hash_name)

    def made(self, generation: int) -> wireguard.Interface:
        """Interface of a generation; made where it is not there yet."""
        if generation not in self.faces:
            name = f"wg{self.number}.{generation}"
            self.faces[generation] = wireguard.Interface(name, self.port(generation))
        return self.faces[generation]

    def port(self, generation: int) -> int:
        """Port of an interface; it comes round long after the one before was removed."""
        return FIRST_PORT + GENERATIONS * self.number % (1 << 15) + generation % GENERATIONS

    def drop(self, generation: int) -> None:
        """Remove an interface."""
        face = self.faces.pop(generation, None)
        if face is not None:
            face.close()


def answer(folder: Path, address: str, number: int, renew_s: float) -> None:
    """Do what the other end asks for."""
    end = End(folder, overlay.SERVER, (address, port(number, TUNNEL)), number, 10.0 * renew_s)
    print("listening", flush=True)
    known: dict[int, bytes] = {}
    while True:
        for said in end.heard(end.endpoint.poll(1.0)):
            with suppress(Rejected, KeyError, ValueError, TypeError):
                _asked(end, known, str(said["ask"]), int(said["generation"]), said)


def _asked(end: End, known: dict[int, bytes], what: str, generation: int, said: dict[str, Any]) -> None:
    """One wish of the other end; wishes may come more than once."""
    if not 0 <= generation < 1 << 12:
        raise Rejected("limit", "no such generation")
    if what == "make" and generation not in known:
        public, secret = bytes.fromhex(said["key"]), end.secret(bytes.fromhex(said["session"]), generation)
        end.made(generation).peer(public, secret, end.inner)
        known[generation] = public
    elif what == "use" and generation in end.faces and end.faces[generation].met():
        end.faces[generation].used(end.inner, end.own)
    elif what == "drop":
        end.drop(generation)
    elif what != "make":
        return
    key = end.faces[generation].public.hex() if generation in end.faces else ""
    end.say(done=what, generation=generation, key=key, port=end.port(generation))


class Changing:
    """The end that asks: brings up an interface for each session, goes over to it, removes the one before.

    Parameters
    ----------
    spoil : int
        Generation whose key is made wrong, to show that traffic stays where it is; -1 for none.
    """

    def __init__(self, end: End, address: str, spoil: int = -1) -> None:
        from rabta.security.overlay.udp import packed

        self.end, self.address, self.spoil = end, address, spoil
        self.there = packed((address, port(end.number, TUNNEL)))
        self.handshake_s, self.tunnel_s, self._began, self._tried = math.nan, math.nan, 0.0, -math.inf
        self.sessions: list[bytes] = []
        self.using, self.before, self.next = -1, -1, -1
        self.switches: list[tuple[int, int, str]] = []
        self.abandoned: list[int] = []
        self.state, self._since, self._said = "rest", 0.0, -math.inf
        self._session = b""

    def turn(self, wait_s: float) -> None:
        """Take what comes, and the next step of a change where it is due."""
        clock, node = self.end.endpoint.clock(), self.end.endpoint.node
        if math.isnan(self.handshake_s) and clock > self._tried + RETRY_S:
            self._began, self._tried = self._began or clock, clock
            self.end.endpoint.flush(node.connect(self.end.peer, self.there, clock))
        step = self.end.endpoint.poll(wait_s)
        for one in step.events:
            if one.kind == "session":
                self.sessions.append(bytes.fromhex(one.detail))
                if math.isnan(self.handshake_s):
                    self.handshake_s = self.end.endpoint.clock() - self._began
        for said in self.end.heard(step):
            self._answered(said)
        self._act(time.monotonic())

    def _to(self, state: str) -> None:
        self.state, self._since, self._said = state, time.monotonic(), -math.inf

    def _answered(self, said: dict[str, Any]) -> None:
        what, generation = said.get("done"), said.get("generation")
        if what == self.state == "make" and generation == self.next:
            secret = self.end.secret(self._session, self.next)
            if self.next == self.spoil:
                secret = bytes(len(secret))
            there = f"{self.address}:{int(said['port'])}"
            self.end.made(self.next).peer(bytes.fromhex(said["key"]), secret, self.end.inner, there)
            self._to("meet")
        elif what == self.state == "use" and generation == self.using:
            self._to("grace")
        elif what == self.state == "drop" and generation == self.before:
            self._to("rest")

    def _act(self, now: float) -> None:
        state = self.state
        if state == "rest" and self.sessions:
            self._session, self.next = self.sessions[-1], self.next + 1  # of several the newest
            self.sessions.clear()
            self.end.made(self.next)
            self._to("make")
        elif state == "meet" and self.end.faces[self.next].met():
            self._switch()
        elif state == "grace" and now > self._since + GRACE_S:
            self.end.drop(self.before)
            self._to("drop" if self.before >= 0 else "rest")
        elif state in ("make", "meet") and now > self._since + GIVE_UP_S:
            self._abandon()
        if self.state in ("make", "use", "drop") and now > self._said + AGAIN_S:
            self._said = now
            self._ask()

    def _switch(self) -> None:
        """Go over to the new interface; the old one still hears."""
        self.end.faces[self.next].used(self.end.inner, self.end.own)
        self.switches.append((time.monotonic_ns(), self.next, self._session.hex()))
        if self.using < 0:
            self.tunnel_s = self.end.endpoint.clock() - self._began
        self.before, self.using = self.using, self.next
        self._to("use")

    def _ask(self) -> None:
        words: dict[str, Any] = {"ask": self.state, "generation": self.next}
        if self.state == "drop":
            words["generation"] = self.before
        elif self.state == "make":
            words |= {"key": self.end.made(self.next).public.hex(), "session": self._session.hex()}
        self.end.say(**words)

    def _abandon(self) -> None:
        """Let go of an interface on which the ends do not meet; traffic stays on the one before."""
        self.abandoned.append(self.next)
        self.end.drop(self.next)
        self.end.say(ask="drop", generation=self.next)
        self._to("rest")


def ask(changing: Changing, folder: Path, seconds: float, every_s: float, begin_ns: int) -> dict[str, Any]:
    """Ping over the tunnel for a time while its keys change; what came back."""
    begun, told, ended = time.monotonic(), 0.0, [False]

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (as signals are)
        ended[0] = True

    signal.signal(signal.SIGINT, end)
    ping: subprocess.Popen[bytes] | None = None
    said = folder / "ping.txt"
    while time.monotonic() < begun + seconds and not ended[0] and (ping is None or ping.poll() is None):
        changing.turn(0.02)
        left = begun + seconds - time.monotonic() - 2.0
        if changing.using >= 0 and ping is None and left > every_s:
            words = [needs("ping", "iputils-ping"), "-D", "-n", "-c", str(int(left / every_s)), "-i",
                     str(every_s), "-W", str(WAIT_S), changing.end.inner]  # fmt: skip
            with said.open("wb") as out:
                ping = subprocess.Popen(words, stdout=out, preexec_fn=wireguard.tied())  # noqa: S603, PLW1509
        if time.monotonic() > told + TELL_S:
            told = time.monotonic()
            now = {"key_changes": len(changing.switches), "interfaces": len(changing.end.faces)}
            print(json.dumps({"now": now}), flush=True)
    while changing.state != "rest" and time.monotonic() < begun + seconds + GIVE_UP_S:
        changing.turn(0.02)
    if ping is not None and ping.poll() is None:
        ping.send_signal(signal.SIGINT)
        ping.wait(timeout=10.0)
    text = said.read_text(encoding="utf-8") if said.exists() else ""
    return measured(changing, text, every_s, begin_ns)


def counted(text: str, every_s: float) -> tuple[int, int, int]:
    """Echoes sent, answered and doubled; those under way when ping was ended are not counted.

    Examples
    --------
    >>> counted("icmp_seq=2 ttl=64 time=9 ms, 4 packets transmitted, 2 received", 0.02)
    (2, 2, 0)
    """
    found = SENT.search(text)
    if found is None:
        return 0, 0, 0
    sent, came, doubled = (int(x or 0) for x in found.groups())
    last = max((int(x) for x in re.findall(r"icmp_seq=(\d+) ttl", text)), default=0)
    return (last if (sent - last) * every_s < WAIT_S else sent), came, doubled


def measured(changing: Changing, text: str, every_s: float, begin_ns: int) -> dict[str, Any]:
    """What ping and the changes say."""
    rtts = echoes(text)
    sent, came, doubled = counted(text, every_s)
    names = [name for _, name in socket.if_nameindex() if name.startswith(f"wg{changing.end.number}.")]
    summary = {
        "handshake_s": _rounded(changing.handshake_s), "tunnel_s": _rounded(changing.tunnel_s),
        "key_changes": max(len(changing.switches) - 1, 0), "sent": sent, "answered": came,
        "lost": sent - came, "doubled": doubled, "interfaces_left": len(names),
        "abandoned": len(changing.abandoned),
        "median_ms": statistics.median(rtt for _, rtt in rtts) if rtts else None,
    }  # fmt: skip
    keys = [
        [round((at - begin_ns) / 1e9, 4), "wireguard_key", f"interface {number} of session {session}"]
        for at, number, session in changing.switches
    ]
    return {"summary": summary, "rtts": rtts, "keys": keys, "interfaces": names}


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def main() -> None:
    """``answer FOLDER ADDRESS``, or ``ask FOLDER ADDRESS SECONDS``: JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("answer", "ask"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("--every", type=float, default=0.02)
    parser.add_argument("--renew", type=float, default=10.0)
    parser.add_argument("--spoil", type=int, default=-1)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--begin", type=int, default=time.monotonic_ns())
    asked = parser.parse_args()
    if asked.task == "answer":
        answer(asked.folder, asked.address, asked.number, asked.renew)
        return
    anywhere = "0.0.0.0", 0  # noqa: S104 (of its own namespace)
    end = End(asked.folder, overlay.USER, anywhere, asked.number, asked.renew)
    changing = Changing(end, asked.address, asked.spoil)
    print(json.dumps(ask(changing, asked.folder, asked.seconds, asked.every, asked.begin)), flush=True)


if __name__ == "__main__":
    main()
