"""The whole walk by commands: officers, root, log, credentials, a file, a bundle over an outage, the end."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rabta.cli import main as entry
from rabta.errors import RabtaError
from rabta.security.audit import keys
from rabta.security.audit.log import Log
from rabta.security.audit.notes import COSIGNED_MLDSA44, ED25519, Signing
from rabta.security.bundles.agent.couriers import endpoint
from rabta.security.core import Rejected

RABTA = [sys.executable, "-m", "rabta.cli.main"]
ROOTED = ["--root", "root.cbor", "--policy", "policy.toml"]


class Nation:
    """Three officers, a root of two, a log and its witness; all by commands but the witness's own key."""

    def __init__(self, rabta: Any) -> None:
        self.rabta = rabta
        for k in range(3):
            rabta(f"keys officer o{k}.key --public o{k}.pub --no-sealed")
        rabta("keys root o0.pub o1.pub o2.pub --threshold 2 --out root.cbor")
        self.log_key = Signing.generate("log.gov.pk", ED25519)
        self.witness = Signing.generate("w.gov.pk", COSIGNED_MLDSA44)
        keys.save(Path("log.key"), [self.log_key])
        Log.create(Path("log"), "log.gov.pk", [self.log_key]).close()
        Path("policy.toml").write_text(
            f'origin = "log.gov.pk"\nquorum = 1\nlog = ["{self.log_key.public.text}"]\n'
            f'witnesses = ["{self.witness.public.text}"]\n'
        )

    def logged(self, draft: str, out: str) -> None:
        """Two officers sign, it is issued on the log and witnessed; writes OUT and OUT.proof."""
        for k in (0, 2):
            self.rabta(f"keys sign {draft} --key o{k}.key --no-sealed --out {draft}.{k}")
        issue = f"keys issue {draft} {draft}.0 {draft}.2 --root root.cbor --log log --log-key log.key"
        told = self.rabta(f"{issue} --out {out}")
        with Log.open(Path("log"), [self.log_key]) as log:
            at = 1_800_000_000 + told["entry"]
            text = log.checkpoint(at).split(b"\n\n")[0].decode() + "\n"
            log.cosigned(self.witness.line(text, at))
            Path(f"{out}.proof").write_bytes(log.prove(told["entry"]).encode())

    def node(self, name: str) -> None:
        """A node with NAME.key and NAME.bundle."""
        self.rabta(f"keys request {name}.key --name {name} --last 9 --out {name}.req")
        self.logged(f"{name}.req", f"{name}.cred")
        self.rabta(f"keys bundle {name}.cred --proof {name}.cred.proof --out {name}.bundle")

    def revoke(self, name: str) -> None:
        """Epoch 1, which revokes a node."""
        self.rabta(f"keys epoch 1 --revoke {name}.bundle --out e1.draft")
        self.logged("e1.draft", "e1.cbor")


@pytest.fixture
def nation(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Nation:
    monkeypatch.chdir(tmp_path)
    if not entry.app.registered_groups:
        entry._commands()

    def run(line: str) -> Any:
        entry.app([*line.split(), "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    made = Nation(run)
    for name in ("gilgit", "lahore"):
        made.node(name)
    return made


def me(name: str, other: str, *more: str) -> list[str]:
    """Options of a node of bundles with a credential."""
    peer = ["--peer", f"{other}.bundle"] if other else []
    own = ["--identity", f"{name}.key", "--own", f"{name}.bundle", "--store", f"{name}.db"]
    return [*own, *ROOTED, *peer, *more]


def bundles(verb: str, *words: str) -> Any:
    """What a command told, or its complaint."""
    command = [*RABTA, "overlay", "bundles", verb, *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return json.loads(done.stdout) if done.returncode == 0 else done.stderr


def receiving(words: list[str]) -> tuple[subprocess.Popen[str], str]:
    """A node that takes bundles, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{free.getsockname()[1]}"
    command = [*RABTA, "overlay", "bundles", "receive", *words, "--listen", at, "--out", "in"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert "listens" in process.stdout.readline()
    return process, at


def ended(process: subprocess.Popen[str]) -> None:
    """Stop a node that has had time for what came."""
    time.sleep(0.5)
    process.terminate()
    process.communicate(timeout=30)


def test_from_officers_to_a_revoked_node(nation: Nation) -> None:
    Path("order.pdf").write_bytes(b"order " * 20_000)

    # a file over UDP
    listen = [*RABTA, "overlay", "listen", "--key", "lahore.key", "--own", "lahore.bundle",
              "--peer", "gilgit.bundle", "--listen", "127.0.0.1:0", "--wait-s", "90", *ROOTED]  # fmt: skip
    listening = subprocess.Popen(
        [*listen, "--out", "order.in"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert listening.stdout is not None
    port = listening.stdout.readline().rpartition(":")[2].strip()
    connect = [*RABTA, "overlay", "connect", f"127.0.0.1:{port}", "--key", "gilgit.key",
               "--own", "gilgit.bundle", "--peer", "lahore.bundle", "--send", "order.pdf",
               "--wait-s", "90", *ROOTED]  # fmt: skip
    sent = subprocess.run(connect, capture_output=True, text=True, check=False, timeout=120)
    listening.communicate(timeout=90)
    assert (sent.returncode, sent.stderr, listening.returncode) == (0, "", 0)
    assert Path("order.in").read_bytes() == Path("order.pdf").read_bytes()

    # the same file as a bundle: no neighbour is there, it waits, and goes when there is one
    kept = bundles("send", "order.pdf", "--to", "dtn://lahore/mail", *me("gilgit", "lahore"))
    assert (kept["sent"], kept["waiting"]) == (0, 1)
    assert b"order order" not in Path("gilgit.db").read_bytes()  # sealed before it is kept
    process, at = receiving(me("lahore", "gilgit", "--count", "1", "--seconds", "60"))
    gone = bundles("send", "--via", at, *me("gilgit", "lahore"))
    assert (gone["sent"], gone["waiting"]) == (1, 0)
    process.communicate(timeout=60)
    (arrived,) = Path("in").iterdir()
    assert arrived.read_bytes() == Path("order.pdf").read_bytes()

    # gilgit is lost, and revoked: who has its keys reaches nobody who has heard of it
    Path("late.txt").write_text("from whoever has the keys of gilgit")
    assert bundles("send", "late.txt", "--to", "dtn://lahore/mail", *me("gilgit", "lahore"))["waiting"] == 1
    nation.revoke("gilgit")
    epoch = ["--epoch", "e1.cbor", "--epoch-proof", "e1.cbor.proof"]
    assert "revoked" in bundles("receive", *me("lahore", "gilgit", *epoch))
    process, at = receiving(me("lahore", "", *epoch))
    bundles("send", "--via", at, *me("gilgit", "lahore"))
    ended(process)
    assert list(Path("in").iterdir()) == [arrived]
    told = bundles("send", "order.pdf", "--to", "dtn://gilgit/mail", *me("lahore", "", *epoch))
    assert "no credential of dtn://gilgit" in told
    last = subprocess.run(
        [*listen, "--out", "x", *epoch], capture_output=True, text=True, check=False, timeout=60
    )
    assert last.returncode != 0
    assert "revoked" in last.stderr


def test_nothing_goes_without_protection(nation: Nation) -> None:
    """Who has an identity sends nothing in the clear, to nobody unknown, in nobody else's name."""
    Path("a.txt").write_text("a")
    gilgit = me("gilgit", "lahore")
    to = ["send", "a.txt", "--to", "dtn://lahore/mail"]
    assert "no credential of dtn://quetta" in bundles("send", "a.txt", "--to", "dtn://quetta/mail", *gilgit)
    assert "another node than the credential's" in bundles(*to, "--node", "dtn://lahore/x", *gilgit)
    assert "both protected and not" in bundles(*to, "--plain", *gilgit)
    assert "nobody to be" in bundles(*to, "--own", "gilgit.bundle")
    assert "an identity needs more" in bundles(*to, "--identity", "gilgit.key")
    stolen = ["--identity", "lahore.key", "--own", "gilgit.bundle", *ROOTED, "--store", "x.db"]
    assert "another node's" in bundles(*to, *stolen)
    assert bundles("send", *gilgit)["waiting"] == 0


def test_what_nobody_signed_is_not_taken(nation: Nation) -> None:
    """In the clear, or under a credential that the receiver has not accepted."""
    nation.node("quetta")
    process, at = receiving(me("lahore", "gilgit", "--seconds", "60"))
    Path("b.txt").write_text("b")
    to = ["send", "b.txt", "--to", "dtn://lahore/mail", "--via", at]
    bundles(*to, "--node", "dtn://gilgit/x", "--plain", "--store", "p.db")
    bundles(*to, *me("quetta", "lahore"))
    ended(process)
    assert not list(Path("in").glob("*"))


@pytest.mark.parametrize("name", ["lahore/x", "", "a b", "lahore/", "x" * 2_000, "..", "lahore\n"])
def test_names_that_could_pass_for_others_make_no_endpoint(name: str) -> None:
    if name == "..":
        assert endpoint(name) == "dtn://.."  # a name like any other: nothing is resolved
        return
    with pytest.raises((Rejected, RabtaError)):
        endpoint(name)
