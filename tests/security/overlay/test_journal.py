"""What a node writes to its audit log: every change and refusal, bounded, without secrets; and full disks."""

from __future__ import annotations

import getpass
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.security.overlay.test_node import A, Book, Leaves, shake

from rabta.cli.audit import _common
from rabta.cli.overlay import logs
from rabta.cli.overlay.opening import Asked, opened
from rabta.errors import RabtaError
from rabta.security.audit import keys as stored
from rabta.security.audit.log import Log
from rabta.security.core import CI, Rejected, cbor
from rabta.security.overlay import pinned
from rabta.security.overlay.node.journal import BACK_S, BURST, SUM_S, Journal
from rabta.security.overlay.udp import packed

KINDS = {"session", "resumed", "key_epoch", "roamed", "dropped", "gave_up", "epoch", "refused", "more"}


def test_refused_peers_are_leaves() -> None:
    book, leaves = Book(CI, "ab"), Leaves()
    a, b = book.node("a"), book.node("b", audit=leaves)
    book.revoked.add(a.local.identifier)
    for _, datagram in unaware(book, b):
        b.receive(datagram, A, 1.0)
    assert [cbor.decode(leaf)[0::3] for leaf in leaves] == [["refused", "revoked"]]
    assert cbor.decode(leaves[0])[2] == a.local.identifier


def unaware(book: Book, b: Any) -> list[tuple[bytes, bytes]]:
    """First message of the true a, which is revoked but has not heard of it."""
    a = Book.node(book, "a")
    a.lookup = book.peers.__getitem__
    return a.connect(b.local.identifier, b"b", 0.0).send


def test_a_flood_of_refusals_and_of_roaming_is_a_few_leaves() -> None:
    """A stranger's flood, and a registered peer that changes its address with every packet."""
    book, leaves = Book(CI, "abc"), Leaves()
    a, b, c = (book.node(name, audit=leaves if name == "b" else None) for name in "abc")
    shake(a, b)
    book.revoked.add(c.local.identifier)
    before = len(leaves)
    for k in range(400):
        now = 1.0 + 0.01 * k
        (_, packet) = a.send(b.local.identifier, b"x", now).send[0]
        assert b.receive(packet, b"from %d" % k, now).received
        b.journal.refused(c.local.identifier, "revoked", now)
        b.tick(now)
    assert b.counters["roamed"] == 400
    assert len(leaves) - before <= 2 * (BURST + 4.0 / BACK_S) + 1
    b.tick(5.0 + SUM_S)
    kind, _, _, words = cbor.decode(leaves[-1])
    told = dict(reversed(item.split(" ")) for item in words.split(", "))
    assert kind == "more"
    kinds = [cbor.decode(leaf)[0] for leaf in leaves[before:]]
    assert {name: int(told[name]) + kinds.count(name) for name in told} == {"refused": 400, "roamed": 400}


def test_forged_names_cannot_spend_a_peers_budget() -> None:
    leaves = Leaves()
    journal = Journal(leaves, b"own")
    for k in range(1000):
        journal.refused(b"victim", "unknown", 0.001 * k)
    journal.write("session", b"victim", "", 1.0)
    assert cbor.decode(leaves[-1])[0] == "session"


def test_floods_spend_neither_the_leaf_of_an_epoch_nor_that_of_who_is_dropped() -> None:
    leaves = Leaves()
    journal = Journal(leaves, b"own")
    for k in range(1000):
        journal.refused(b"stranger %d" % k, "unknown", 0.001 * k)
        journal.write("roamed", b"revoked soon", "", 0.001 * k)
    journal.write("epoch", b"", "7", 1.0)
    journal.write("dropped", b"revoked soon", "revoked", 1.0)
    told = [cbor.decode(leaf) for leaf in leaves[-2:]]
    assert [(leaf[0], *leaf[2:]) for leaf in told] == [
        ("epoch", b"", "7"),
        ("dropped", b"revoked soon", "revoked"),
    ]


class Full:
    """A log on a full disk."""

    def append(self, leaf: bytes) -> None:
        raise RabtaError("no space left on the device")


def test_a_full_disk_stops_no_session() -> None:
    book = Book(CI, "ab")
    a, b = book.node("a"), book.node("b", audit=Full())
    shake(a, b)
    assert b.ready(a.local.identifier)
    assert b.counters["unaudited"] == b.journal.lost > 0
    assert b.journal.failed == "no space left on the device"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in "ab":
        (tmp_path / f"{name}.card").write_bytes(pinned.make(tmp_path / f"{name}.key", name))
    made = stored.generate("b.example/overlay", stored.LOG)
    stored.save(tmp_path / "log.key", made)
    Log.create(tmp_path / "log", "b.example/overlay", made).close()
    return tmp_path


def asked(folder: Path, **more: Any) -> Asked:
    words = {"key": folder / "b.key", "peer": folder / "a.card", "suite": "CI", "ledger": None,
             "at": "127.0.0.1:0", "wait_s": 60.0, "own": None, "root": None, "rule": None, "epoch": None,
             "epoch_proof": None, "log": folder / "log", "log_key": folder / "log.key"}  # fmt: skip
    return Asked(**words | more)  # type: ignore[arg-type]


RABTA = [sys.executable, "-m", "rabta.cli.main", "overlay"]


def test_the_commands_keep_a_log_without_secrets(folder: Path) -> None:
    (folder / "in.bin").write_bytes(b"contents" * 999)
    listening = subprocess.Popen(
        [*RABTA, "listen", "--key", "b.key", "--peer", "a.card", "--out", "out.bin",
         "--listen", "127.0.0.1:0", "--suite", "CI", "--wait-s", "60",
         "--log", "log", "--log-key", "log.key"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert listening.stdout is not None
    port = listening.stdout.readline().rpartition(":")[2].strip()
    sent = subprocess.run(
        [*RABTA, "connect", f"127.0.0.1:{port}", "--key", "a.key", "--peer", "b.card", "--send", "in.bin",
         "--suite", "CI", "--wait-s", "60"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    _, errors = listening.communicate(timeout=60)
    assert (sent.returncode, listening.returncode, errors) == (0, 0, "")
    with Log.open(folder / "log") as log:
        leaves = log.entries(0, log.size)
    assert leaves, "and they are under a checkpoint"
    told = [cbor.decode(leaf) for leaf in leaves]
    assert {leaf[0] for leaf in told} <= KINDS
    assert "session" in {leaf[0] for leaf in told}
    shown = subprocess.run(
        [*RABTA, "log", "log", "--json"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert [json.loads(line)["kind"] for line in shown] == [leaf[0] for leaf in told]
    secrets = seeds(folder / "b.key")
    assert secrets
    assert not [one for one in secrets for leaf in leaves if one in leaf]


def test_a_log_is_shown_whatever_is_in_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = stored.load(folder / "log.key")
    with Log.open(folder / "log", keys) as log:
        log.extend([cbor.encode(["dropped", b"own", b"\xab" * 48, "re\x1b[2Jvoked"]), b"\xff", b"", b"\x80"])
        log.checkpoint()
    logs.log(folder / "log", 0, False)
    assert capsys.readouterr().out.splitlines() == [
        "0: dropped abababababababab re?[2Jvoked", "1: other  1 bytes", "2: other  0 bytes",
        "3: other  1 bytes",
    ]  # fmt: skip
    logs.log(folder / "log", 3, True)
    assert json.loads(capsys.readouterr().out) == {
        "entry": 3,
        "kind": "other",
        "peer": "",
        "detail": "1 bytes",
    }
    logs.log(folder / "log", 99, False)
    assert capsys.readouterr().out == ""


def seeds(path: Path) -> list[bytes]:
    from rabta.security.keystore import files

    return [seed for row in files.load(path, pinned.KIND)["keys"] for seed in row[1:]]


def test_a_log_that_cannot_be_had_is_an_error(folder: Path) -> None:
    for more, words in (
        ({"log_key": None}, "folder and its key"),
        ({"log": None}, "folder and its key"),
        ({"log": None, "log_key": None, "log_stop": True}, "folder and its key"),
        ({"log": folder / "nowhere"}, "nowhere|cannot|no log"),
        ({"log_key": folder / "a.key"}, "another kind"),
        ({"own": folder / "a.card"}, "without a root"),
        ({"epoch": folder / "a.card"}, "without a root"),
    ):
        with pytest.raises(RabtaError, match=words):
            opened(asked(folder, **more))
    with Log.open(folder / "log", stored.load(folder / "log.key")), pytest.raises(RabtaError):
        opened(asked(folder))  # another process appends to it


def test_a_full_disk_is_said_once_and_traffic_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    node = opened(asked(folder))
    node.endpoint.node.journal.log = Full()
    for k in range(5):
        node.endpoint.node.journal.write("session", b"x", "", float(k))
        node.looked = -1e9
        node.watch()
    node.close()
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "warning: the audit log takes nothing, traffic goes on: no space left on the device",
        "warning: the audit log lacks 5 leaves",
    ]


def test_a_full_disk_ends_the_node_where_that_was_asked_for(folder: Path) -> None:
    node = opened(asked(folder, log_stop=True))
    node.endpoint.node.journal.log = Full()
    node.watch()
    node.endpoint.node.journal.write("session", b"x", "", 0.0)
    node.looked = -1e9
    with pytest.raises(RabtaError, match="takes nothing"):
        node.watch()
    with pytest.raises(RabtaError, match="takes nothing"):
        node.close()


class Terminal:
    """A standard input at which somebody sits, or not."""

    def __init__(self, there: bool) -> None:
        self.there = there

    def isatty(self) -> bool:
        return self.there


def test_a_sealed_key_asks_at_a_terminal_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = pinned.make(folder / "s.key", "s", "correct horse")
    (folder / "s.card").write_bytes(card)
    question: list[str] = []

    def ask(prompt: str) -> str:
        question.append(prompt)
        return "correct horse"

    monkeypatch.setattr(getpass, "getpass", ask)
    monkeypatch.delenv(_common.PASSPHRASE, raising=False)
    monkeypatch.setattr(sys, "stdin", Terminal(False))
    with pytest.raises(RabtaError, match="sealed") as refused:
        opened(asked(folder, key=folder / "s.key"))
    assert question == []
    assert refused.value.key == _common.PASSPHRASE
    monkeypatch.setattr(sys, "stdin", Terminal(True))
    node = opened(asked(folder, key=folder / "s.key"))
    assert node.endpoint.node.local.identifier == pinned.read(card).identifier
    node.close()
    assert question == ["passphrase of s.key: "]
    monkeypatch.setenv(_common.PASSPHRASE, "correct horse")
    opened(asked(folder, key=folder / "s.key")).close()
    opened(asked(folder)).close()  # a key without a passphrase beside the variable
    monkeypatch.setenv(_common.PASSPHRASE, "wrong")
    with pytest.raises(Rejected, match="wrong passphrase") as refused_:
        opened(asked(folder, key=folder / "s.key"))
    assert "horse" not in repr(refused_.value)
    assert len(question) == 1


def test_a_sealed_log_key_asks_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = stored.load(folder / "log.key")
    stored.save(folder / "sealed.key", keys, "staple")
    monkeypatch.setenv(_common.PASSPHRASE, "staple")
    opened(asked(folder, log_key=folder / "sealed.key")).close()
    monkeypatch.delenv(_common.PASSPHRASE)
    monkeypatch.setattr(sys, "stdin", Terminal(False))
    with pytest.raises(RabtaError, match="sealed"):
        opened(asked(folder, log_key=folder / "sealed.key"))
    Log.open(folder / "log", keys).close()  # and nothing holds the log


def test_refusals_over_a_real_socket_reach_a_real_log(folder: Path) -> None:
    """A stranger with keys of its own begins; what came of it is under the last checkpoint."""
    (folder / "c.card").write_bytes(pinned.make(folder / "c.key", "c"))
    node = opened(asked(folder))
    thread = threading.Thread(target=lambda: [node.endpoint.poll(0.1) for _ in range(20)])
    stranger = opened(asked(folder, key=folder / "c.key", peer=folder / "b.card", log=None, log_key=None))
    step = stranger.endpoint.node.connect(stranger.other.identifier, packed(node.endpoint.address), 0.0)
    stranger.endpoint.flush(step)
    thread.start()
    thread.join()
    node.close()
    stranger.close()
    with Log.open(folder / "log") as log:
        told = [cbor.decode(leaf) for leaf in log.entries(0, log.size)]
    assert [(leaf[0], leaf[3]) for leaf in told] == [("refused", "unknown")]


def test_a_node_is_made_under_a_passphrase(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rabta.cli.overlay.endpoints import node
    from rabta.security.keystore import files

    monkeypatch.setenv(_common.PASSPHRASE, "battery")
    node("s", folder / "s.key", folder / "s.card", sealed=True)
    assert files.sealed(folder / "s.key", pinned.KIND)
    assert not files.sealed(folder / "b.key", pinned.KIND)
    made = opened(asked(folder, key=folder / "s.key"))
    assert made.endpoint.node.local.identifier == pinned.read((folder / "s.card").read_bytes()).identifier
    made.close()
