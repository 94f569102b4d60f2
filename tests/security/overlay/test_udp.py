"""Two processes over loopback: a file goes across whole, also where both are killed on the way."""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from rabta.errors import RabtaError
from rabta.security.core import CI, HybridPrivate, Rejected
from rabta.security.core.peers import Local
from rabta.security.overlay import pinned
from rabta.security.overlay.forward import Forward
from rabta.security.overlay.node import Node
from rabta.security.overlay.streams import Receiving, Sending
from rabta.security.overlay.udp import Endpoint, packed, parsed, unpacked

RABTA = [sys.executable, "-m", "rabta.cli.main", "overlay"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "ab":
        (tmp_path / f"{name}.card").write_bytes(pinned.make(tmp_path / f"{name}.key", name))
    (tmp_path / "in.bin").write_bytes(random.Random(1).randbytes(1_500_000))
    return tmp_path


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*RABTA, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def listener(folder: Path, port: int = 0) -> tuple[subprocess.Popen[str], int]:
    process = started(
        folder, "listen", "--key", "b.key", "--peer", "a.card", "--out", "out.bin", "--ledger", "b.ledger",
        "--listen", f"127.0.0.1:{port}", "--suite", "CI", "--wait-s", "120",
    )  # fmt: skip
    assert process.stdout is not None
    found = re.search(r":(\d+)$", process.stdout.readline().strip())
    assert found is not None
    return process, int(found[1])


def sender(folder: Path, port: int) -> subprocess.Popen[str]:
    return started(
        folder, "connect", f"127.0.0.1:{port}", "--key", "a.key", "--peer", "b.card", "--send", "in.bin",
        "--ledger", "a.ledger", "--suite", "CI", "--wait-s", "120",
    )  # fmt: skip


def part(folder: Path) -> int:
    found = list(folder.glob(".out.bin.*.part"))
    return found[0].stat().st_size if found else 0


def test_a_file_crosses(folder: Path) -> None:
    receiving, port = listener(folder)
    sending = sender(folder, port)
    told, errors = sending.communicate(timeout=120)
    assert (sending.returncode, errors) == (0, "")
    assert json.loads(told)["done"] is True
    receiving.communicate(timeout=60)
    assert receiving.returncode == 0
    assert (folder / "out.bin").read_bytes() == (folder / "in.bin").read_bytes()
    secret = (folder / "a.key").read_bytes()[-64:].hex()
    assert secret not in told
    assert part(folder) == 0


def test_killed_and_started_again(folder: Path) -> None:
    """Receiver and sender are killed in turn; the rest goes across, and what was there stays."""
    receiving, port = listener(folder)
    had = 0
    for kill in ("receiver", "sender", "receiver"):
        sending = sender(folder, port)
        until = time.monotonic() + 60.0
        while part(folder) <= had + 100_000 and sending.poll() is None and time.monotonic() < until:
            time.sleep(0.002)
        (receiving if kill == "receiver" else sending).send_signal(signal.SIGKILL)
        if sending.poll() is None:
            sending.kill()
        sending.communicate()
        if (folder / "out.bin").exists():
            break
        assert part(folder) >= had
        had = part(folder)
        if kill == "receiver":
            receiving.communicate()
            receiving, port = listener(folder, port)
    sending = sender(folder, port)
    _, errors = sending.communicate(timeout=120)
    assert (sending.returncode, errors) == (0, "")
    receiving.communicate(timeout=60)
    assert receiving.returncode == 0
    assert (folder / "out.bin").read_bytes() == (folder / "in.bin").read_bytes()
    assert had > 0


def ends(names: str = "ab") -> list[tuple[Endpoint, bytes]]:
    keys = {name: HybridPrivate.generate(CI) for name in names}
    cards = {name: pinned.card(name, {CI.identifier: key}) for name, key in keys.items()}
    peers = {name: pinned.read(card) for name, card in cards.items()}
    out = []
    for name in names:
        local = Local(peers[name].identifier, {CI.identifier: keys[name]}, name)
        node = Node(local, pinned.lookup(peers.values()), CI)
        out.append((Endpoint(node, ("127.0.0.1", 0)), peers[name].identifier))
    return out


def test_noise_on_the_port_is_counted_and_the_file_crosses(tmp_path: Path) -> None:
    (one, a), (two, b) = ends()
    noise = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    draw = random.Random(2)
    data = draw.randbytes(60_000)
    (tmp_path / "in").write_bytes(data)
    with (tmp_path / "in").open("rb") as stream:
        sending, receiving = Sending(one, b, stream), Receiving(two, a, tmp_path / "out")
        one.flush(one.node.connect(b, packed(two.address), one.clock()))
        until = time.monotonic() + 60.0
        while not sending.sender.done and time.monotonic() < until:
            for size in (0, 1, 40, 1232, 1233, 20_000):
                noise.sendto(draw.choice([b"", b"\x10", b"\x20"]) + draw.randbytes(size), two.address)
            sending.turn()
            receiving.turn()
    assert (tmp_path / "out").read_bytes() == data
    assert two.node.counters["malformed"] > 0
    for endpoint in (one, two):
        endpoint.close()
    noise.close()


def test_a_port_is_carried_both_ways() -> None:
    """A program on one side, an echo on the other."""
    (one, a), (two, b) = ends()
    echo, program = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for one_socket in (echo, program):
        one_socket.bind(("127.0.0.1", 0))
        one_socket.setblocking(False)
    here = Forward(one, b, ("127.0.0.1", 0))
    there = Forward(two, a, ("127.0.0.1", 0), echo.getsockname())
    one.flush(one.node.connect(b, packed(two.address), one.clock()))
    got: set[bytes] = set()
    sent = {bytes([n]) * (1 + 4 * n) for n in range(1, 200)}
    until = time.monotonic() + 60.0
    while got != sent and time.monotonic() < until:
        for payload in sorted(sent - got)[:10] if one.node.ready(b) else ():
            program.sendto(payload, here.socket.getsockname())
        for _ in range(4):
            here.turn()
            there.turn()
            with suppress(BlockingIOError):
                while True:
                    echo.sendto(*echo.recvfrom(2000))
            with suppress(BlockingIOError):
                while True:
                    got.add(program.recv(2000))
    assert got == sent
    program.sendto(bytes(1100), here.socket.getsockname())  # longer than what fits
    here.turn()
    assert one.node.counters["not forwarded"] == 1
    with pytest.raises(RabtaError, match="cannot listen"):
        Forward(one, b, here.socket.getsockname())
    for thing in (here, there, one, two, echo, program):
        thing.close()


def test_a_port_that_is_taken_is_named() -> None:
    (one, _), (two, _) = ends()
    with pytest.raises(RabtaError, match="cannot listen"):
        Endpoint(two.node, one.address)
    one.close()
    two.close()


def test_addresses() -> None:
    for text in ("127.0.0.1:4500", "[::1]:0"):
        found = parsed(text, "--listen")
        assert unpacked(packed(found)) == found
    for text in ("", "4500", "example.org:1", "127.0.0.1:99999", "127.0.0.1:x", "[::1]"):
        with pytest.raises(RabtaError, match="not an address"):
            parsed(text, "--listen")


def test_keys_of_others_are_refused(folder: Path) -> None:
    (folder / "a.key").chmod(0o644)
    process = started(
        folder, "connect", "127.0.0.1:9", "--key", "a.key", "--peer", "b.card", "--send", "in.bin"
    )
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert errors.startswith("error: ")
    assert "Traceback" not in errors


def test_cards_are_checked(folder: Path) -> None:
    raw = (folder / "a.card").read_bytes()
    assert pinned.read(raw).identifier == pinned.load(folder / "a.key").identifier
    draw = random.Random(3)
    for _ in range(300):
        changed = bytearray(raw)
        for _ in range(draw.choice((1, 3))):
            changed[draw.randrange(len(raw))] = draw.randrange(256)
        try:
            found = pinned.read(bytes(changed))
        except Rejected:
            continue
        assert found.identifier != pinned.read(raw).identifier or bytes(changed) == raw
