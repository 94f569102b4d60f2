"""Bundles (BPv7) between two hosts whose path is out at times: kept, sent on when the contact plan says so.

The agents are those of `rabta.security.bundles`: each bundle authenticated and encrypted with a key that both
share, on disk before it counts as sent, over TCPCL with acknowledgements.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from rabta.emulate.programs.probes import spread
from rabta.emulate.secure.both import BUNDLES, port

if TYPE_CHECKING:
    from rabta.security.bundles.agent import Agent
    from rabta.security.bundles.agent.tcpcl import Sender

USER, SERVER = "ipn:1", "ipn:2"
HEADER = struct.Struct("!qq")  # number, due at (ns)
SECRET = b"what only the two ends may read. "
KIND, KEY, CONTACTS, GOT = "bundle key", "bundles.key", "contacts.json", "delivered.jsonl"
LOOK_S, TELL_S, OPEN_S, REST_S = 0.02, 1.0, 3.0, 0.2
LAST_S = 8.0  # at the end, in which nothing new is sent


def keys(folder: Path) -> None:
    """Make the key that both ends share."""
    from rabta.security.keystore import files

    held = {"nodes": [USER, SERVER], "integrity": os.urandom(32), "confidentiality": os.urandom(32)}
    files.save(folder / KEY, KIND, held)


def agent(folder: Path, own: str, plan: list[list[float]] | None = None) -> Agent:
    """Agent of one end, with its store in the folder."""
    from rabta.security.bundles.agent import Agent, Policy
    from rabta.security.bundles.bpsec import Keyring
    from rabta.security.bundles.codec import eid
    from rabta.security.bundles.contacts import Contact, Plan
    from rabta.security.bundles.store import Store
    from rabta.security.keystore import files

    held, other = files.load(folder / KEY, KIND), SERVER if own == USER else USER
    ring = Keyring({other: held["integrity"]}, {other: held["confidentiality"]})
    contacts = None
    if plan is not None:
        both = ((USER, SERVER), (SERVER, USER))
        contacts = Plan(Contact(begin, end, a, b, bps, s) for begin, end, bps, s in plan for a, b in both)
    store = Store(folder / f"{own.replace(':', '')}.db")
    return Agent(eid.parse(f"{own}.1"), store, contacts, Policy("authentic", ring))


def take(folder: Path, address: str, number: int) -> None:
    """Take bundles until the end; each that was opened and verified is noted with the instant."""
    from rabta.security.bundles.agent import mtcp, tcpcl

    own = agent(folder, SERVER)
    listener = mtcp.Listener(own.receive, address, port(number, BUNDLES), serve=tcpcl.serve(str(own.node)))
    print("listening", flush=True)
    with (folder / GOT).open("a", encoding="utf-8") as got:
        while True:
            with listener.lock:
                written = own.deliver(folder / "got")
            now = time.monotonic_ns()
            for path in written:
                number, due = HEADER.unpack_from(path.read_bytes())
                got.write(json.dumps([number, due, now]) + "\n")
                got.flush()
            time.sleep(LOOK_S)


class Giving:
    """The end that sends: its agent, its contacts, and the session over the contact of the moment."""

    def __init__(self, folder: Path, there: tuple[str, int], begin_ns: int) -> None:
        self.folder, self.there, self.begin_ns = folder, there, begin_ns
        self.contacts: list[list[float]] = json.loads((folder / CONTACTS).read_text(encoding="utf-8"))
        self.agent = agent(folder, USER, self.contacts)
        self.sender: Sender | None = None
        self.opened, self.repeats, self._again_s, self.ended = 0, 0, 0.0, False
        signal.signal(signal.SIGINT, self._end)

    def _end(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 (as signals are)
        self.ended = True

    def now_s(self) -> float:
        """Second of the emulation."""
        return (time.monotonic_ns() - self.begin_ns) / 1e9

    def until(self) -> float:
        """End of the contact of the moment (s); 0 where there is none."""
        now = self.now_s()
        return next((end for begin, end, *_ in self.contacts if begin <= now < end), 0.0)

    def turn(self) -> None:
        """Send what waits, where there is a contact."""
        from rabta.security.core import Rejected

        until = self.until()
        if not until or not len(self.agent.store):
            if not until:
                self._shut()
            return
        if self.sender is None and self.now_s() >= self._again_s:
            try:
                self.sender = self._open(until)
            except (OSError, Rejected):
                self._again_s = self.now_s() + REST_S
        if self.sender is not None:
            self.agent.forward(self.now_s())

    def _open(self, until: float) -> Sender:
        """Open a session that gives up when its contact ends."""
        from rabta.security.bundles.agent import tcpcl

        patience = min(max(until - self.now_s(), REST_S), OPEN_S)
        sender = tcpcl.Sender(str(self.agent.node), *self.there, patience)
        self.opened += 1
        self.agent.links = {SERVER: self._link(sender)}
        return sender

    def _link(self, sender: Sender) -> Callable[[bytes], bool]:
        def give(raw: bytes) -> bool:
            if self.sender is not sender or not self.until():
                return False
            if sender(raw):
                return True
            self.repeats += 1
            self._shut()
            return False

        return give

    def _shut(self) -> None:
        if self.sender is not None:
            self.sender.connection.close()  # nothing more passes: no words of parting
            self.sender = None


def give(giving: Giving, seconds: float, every_s: float, size: int) -> dict[str, Any]:
    """Make a bundle at a steady pace, send them as contacts allow; what came of them."""
    from rabta.security.bundles.codec import eid

    there, begun, told = eid.parse(f"{SERVER}.1"), time.monotonic_ns(), 0.0
    due: dict[int, int] = {}
    last = max(seconds - LAST_S, seconds / 2.0)
    while not giving.ended and (at := (time.monotonic_ns() - begun) / 1e9) < seconds:
        while len(due) * every_s <= min(at, last):
            number, when = len(due), begun + round(len(due) * every_s * 1e9)
            due[number] = when
            filled = HEADER.pack(number, when) + SECRET * (size // len(SECRET) + 1)
            giving.agent.send(there, filled[: max(size, HEADER.size)])
        giving.turn()
        got = delivered(giving.folder)
        if at > last and len(got) >= len(due):
            break
        if time.monotonic() > told + TELL_S:
            told = time.monotonic()
            now = {"made": len(due), "delivered": len(got), "waiting": len(giving.agent.store)}
            print(json.dumps({"now": now}), flush=True)
        time.sleep(LOOK_S)
    return measured(giving, due, delivered(giving.folder))


def delivered(folder: Path) -> list[tuple[int, int, int]]:
    """What the other end noted: number, due and delivered at (ns)."""
    found = []
    with suppress(FileNotFoundError):
        for line in (folder / GOT).read_text(encoding="utf-8").splitlines():
            with suppress(ValueError):  # one that is being written
                number, due, when = json.loads(line)
                found.append((int(number), int(due), int(when)))
    return found


def measured(giving: Giving, due: dict[int, int], got: list[tuple[int, int, int]]) -> dict[str, Any]:
    """Share and delays, apart for bundles that were made while there was no contact."""
    came = {number: (when - due[number]) / 1e9 for number, _, when in got if number in due}
    out = {n for n, when in due.items() if not any(
        begin <= (when - giving.begin_ns) / 1e9 < end for begin, end, *_ in giving.contacts)}  # fmt: skip
    delays = spread([round(s, 4) for s in came.values()])
    summary = {
        "made": len(due), "delivered": len(came),
        "delivered_share": round(len(came) / len(due), 4) if due else None,
        "doubled": len(got) - len({number for number, *_ in got}), "made_in_outages": len(out),
        "of_those_delivered": len(out & came.keys()), "median_s": delays.get("p50"),
        "longest_s": delays.get("most"), "sessions": giving.opened, "repeats": giving.repeats,
    }  # fmt: skip
    rows = [[n, round((due[n] - giving.begin_ns) / 1e9, 4), round(s, 4)] for n, s in sorted(came.items())]
    return {"summary": summary, "bundles": rows, "contacts": giving.contacts}


def main() -> None:
    """``take FOLDER ADDRESS``, or ``give FOLDER ADDRESS SECONDS``: JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task", choices=("take", "give"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("address")
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("--every", type=float, default=0.25)
    parser.add_argument("--size", type=int, default=2000)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--begin", type=int, default=time.monotonic_ns())
    asked = parser.parse_args()
    if asked.task == "take":
        take(asked.folder, asked.address, asked.number)
    else:
        there = asked.address, port(asked.number, BUNDLES)
        giving = Giving(asked.folder, there, asked.begin)
        print(json.dumps(give(giving, asked.seconds, asked.every, asked.size)), flush=True)


if __name__ == "__main__":
    main()
