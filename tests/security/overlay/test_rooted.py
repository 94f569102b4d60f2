"""The commands under a root: who has heard of an epoch tells the other; what cannot be kept is said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.security.overlay.test_journal import Full, asked
from tests.security.overlay.test_members import World
from tests.security.overlay.test_news import split

from rabta.cli.overlay.opening import opened
from rabta.errors import RabtaError
from rabta.security.audit import keys as stored
from rabta.security.audit.log import Log
from rabta.security.audit.meet import Evidence
from rabta.security.core import Rejected, cbor

RABTA = [sys.executable, "-m", "rabta.cli.main", "overlay"]
ROOTED = ["--root", "root", "--policy", "policy.toml"]


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.bundles["c"] = made.node("c")
    fields = made.policy.fields()
    rows = "\n".join(f"{name} = {json.dumps(value)}" for name, value in fields.items())
    (tmp_path / "policy.toml").write_text(rows + "\n")
    key = stored.generate("b.example/overlay", stored.LOG)
    stored.save(tmp_path / "log.key", key)
    Log.create(tmp_path / "b.log", "b.example/overlay", key).close()
    return made


def rooted(world: World, **more: Any) -> Any:
    where = world.folder
    return asked(where, **{
        "peer": where / "a.bundle", "own": where / "b.bundle", "root": where / "root",
        "rule": where / "policy.toml", "log": where / "b.log",
    } | more)  # fmt: skip


def epoch(world: World, number: int, *revoked: bytes) -> None:
    statement, proof = world.epoch(number, *revoked)
    (world.folder / "e").write_bytes(statement)
    (world.folder / "e.proof").write_bytes(proof.encode())


def test_an_epoch_crosses_with_a_file(world: World) -> None:
    """The sender has the files of an epoch, the listener none: afterwards it knows and has logged it."""
    where = world.folder
    epoch(world, 4, bytes(48))
    (where / "in.bin").write_bytes(b"contents" * 999)
    listening = subprocess.Popen(
        [*RABTA, "listen", "--key", "b.key", "--own", "b.bundle", "--peer", "a.bundle", "--out", "out.bin",
         "--listen", "127.0.0.1:0", "--suite", "CI", "--wait-s", "90", *ROOTED,
         "--log", "b.log", "--log-key", "log.key"],
        cwd=where, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert listening.stdout is not None
    port = listening.stdout.readline().rpartition(":")[2].strip()
    sent = subprocess.run(
        [*RABTA, "connect", f"127.0.0.1:{port}", "--key", "a.key", "--own", "a.bundle", "--peer", "b.bundle",
         "--send", "in.bin", "--suite", "CI", "--wait-s", "90", *ROOTED,
         "--epoch", "e", "--epoch-proof", "e.proof"],
        cwd=where, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    _, errors = listening.communicate(timeout=90)
    assert (sent.returncode, sent.stderr, listening.returncode, errors) == (0, "", 0, "")
    assert (where / "out.bin").read_bytes() == (where / "in.bin").read_bytes()
    assert world.member("b").trust.epoch.number == 4
    with Log.open(where / "b.log") as log:
        told = [cbor.decode(leaf) for leaf in log.entries(0, log.size)]
    assert ("epoch", "4") in {(leaf[0], leaf[3]) for leaf in told}


def test_who_is_revoked_by_the_newest_epoch_begins_nothing(world: World) -> None:
    epoch(world, 4, world.member("a").local.identifier)
    files = {"epoch": world.folder / "e", "epoch_proof": world.folder / "e.proof"}
    with pytest.raises(Rejected, match="revoked"):
        opened(rooted(world, **files))
    with Log.open(world.folder / "b.log", stored.load(world.folder / "log.key")):
        pass  # nothing holds the log


def test_half_of_a_root_is_refused(world: World) -> None:
    for more in ({"own": None}, {"rule": None}, {"epoch": world.folder / "e"},
                 {"epoch_proof": world.folder / "e.proof"}):  # fmt: skip
        with pytest.raises(RabtaError, match=r"needs more|goes with its proof"):
            opened(rooted(world, **more))


def test_two_views_of_the_log_are_said_and_kept(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    node = opened(rooted(world))
    assert node.member is not None
    note = split(world)  # of as many entries as this node has seen
    for _ in range(3):
        with pytest.raises(Rejected, match="two trees"):
            node.member.trust.witness(note)
        node.looked = -1e9
        node.watch()
    node.close()
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert "two views of the log" in told[0]
    evidence = Evidence.decode((world.folder / "b.key.trust.split").read_bytes())
    assert evidence.judge(world.policy).witnesses == ["w.example"]


def test_an_epoch_that_cannot_be_kept_is_said_once(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch(world, 1, bytes(48))
    node = opened(rooted(world, epoch=world.folder / "e", epoch_proof=world.folder / "e.proof"))
    assert node.member is not None

    def full(path: Path) -> None:
        raise RabtaError("no room", file=path)

    monkeypatch.setattr(node.member.trust, "save", full)
    (world.folder / "e").unlink()
    epoch(world, 2, bytes(48))
    for _ in range(3):
        node.looked = -1e9
        node.watch()
    assert node.member.trust.epoch.number == 2
    node.endpoint.node.journal.log = Full()
    node.close()
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "not kept" in line] == [
        "warning: the newest epoch holds but is not kept for a restart: no room"
    ]


def test_a_known_epoch_is_not_forgotten_with_an_older_file(world: World) -> None:
    epoch(world, 5, world.member("c").local.identifier)
    files = {"epoch": world.folder / "e", "epoch_proof": world.folder / "e.proof"}
    opened(rooted(world, **files)).close()
    epoch(world, 3, bytes(48))
    node = opened(rooted(world, **files))
    assert node.member is not None
    assert node.member.trust.epoch.number == 5
    node.close()
    with pytest.raises(Rejected, match="revoked"):
        opened(rooted(world, peer=world.folder / "c.bundle"))
