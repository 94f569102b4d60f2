"""`rabta audit` as a person uses it, in its own processes' way but within this one."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rabta.cli.audit import app
from rabta.errors import RabtaError
from rabta.security.audit import keys as stored
from rabta.security.audit.witness import Request, Witness
from rabta.security.audit.witness.serving import Server
from rabta.security.core import Rejected

ORIGIN = "audit.example/log"


def call(*arguments: object, text: bytes = b"", code: int = 0) -> dict[str, object]:
    """Fields that a command prints as JSON; its error where it has one."""
    done = CliRunner().invoke(app, [str(item) for item in arguments], input=text)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    if "--json" not in arguments:
        return {"output": done.output}
    told: dict[str, object] = json.loads(done.output)
    return told


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    call("key", ORIGIN, "--out", "log.key")
    call("new", "LOG", "--key", "log.key")
    (tmp_path / "entry").write_bytes(b"a credential")
    return tmp_path


def test_from_the_first_entry_to_a_verified_proof(home: Path) -> None:
    told = call("key", "w.example", "--for", "witness", "--out", "w.key", "--json")
    (verifier,) = told["keys"]  # type: ignore[misc]
    call("policy", "LOG", "--out", "p.toml", "--witness", verifier, "--quorum", 1)
    assert call("append", "LOG", "entry", "--key", "log.key", "--json")["last"] == 0
    assert call("append", "LOG", "--lines", "--key", "log.key", "--json", text=b"one\ntwo\n")["size"] == 3
    assert call("check", "LOG", "--json") == {"size": 0, "waiting": 3, "problems": []}
    with pytest.raises(Rejected, match="0 of the 1 witnesses"):
        call("checkpoint", "LOG", "--key", "log.key", "--policy", "p.toml")
    own = stored.load(home / "w.key")
    keys = stored.load(home / "log.key")
    witness = Witness(home / "memory", own, {ORIGIN: tuple(key.public for key in keys)})
    server = Server(witness)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    arguments = ("--policy", "p.toml", "--witness", server.url, "--json")
    told = call("checkpoint", "LOG", "--key", "log.key", *arguments)
    server.shutdown()
    thread.join()
    server.server_close()
    witness.close()
    assert (told["size"], told["witnesses"], told["refused"]) == (3, ["w.example"], [])
    assert call("prove", "LOG", 0, "--out", "x.tlog-proof", "--json")["hashes"] == 2
    assert call("verify", "x.tlog-proof", "entry", "--policy", "p.toml", "--json")["size"] == 3
    with pytest.raises(Rejected, match="inclusion proof does not hold"):
        call("verify", "x.tlog-proof", "p.toml", "--policy", "p.toml")
    assert call("check", "LOG", "--json") == {"size": 3, "waiting": 0, "problems": []}


def test_a_witness_answers_once(home: Path) -> None:
    call("key", "w.example", "--for", "witness", "--out", "w.key")
    call("policy", "LOG", "--out", "p.toml")
    (home / "request").write_bytes(Request(0, (), (home / "LOG/checkpoint").read_bytes()).encode())
    arguments = ("witness", "memory", "--key", "w.key", "--policy", "p.toml")
    output = call(*arguments, "--request", "request")["output"]
    assert str(output).startswith("\u2014 w.example ")
    with pytest.raises(RabtaError, match="what to answer is not said"):
        call(*arguments)


def test_split_views_are_found_and_judged(home: Path) -> None:
    call("policy", "LOG", "--out", "p.toml")
    call("new", "OTHER", "--key", "log.key")
    call("append", "LOG", "--lines", "--key", "log.key", text=b"a\nb\nc\n")
    call("append", "OTHER", "--lines", "--key", "log.key", text=b"a\nx\n")
    for log in ("LOG", "OTHER"):
        call("checkpoint", log, "--key", "log.key")
    notes = ("compare", "OTHER/checkpoint", "LOG/checkpoint", "--policy", "p.toml")
    assert call(*notes, "--json")["outcome"] == "open"
    given = ("--their-log", "LOG", "--evidence", "split.cbor", "--json")
    assert call(*notes, *given, code=3)["outcome"] == "split"
    told = call("judge", "split.cbor", "--policy", "p.toml", "--json")
    assert (told["split"], told["sizes"]) == (True, [2, 3])
    assert call("compare", *["LOG/checkpoint"] * 2, "--policy", "p.toml", "--json")["outcome"] == "same"


def test_a_changed_bit_exits_with_3(home: Path) -> None:
    call("append", "LOG", "entry", "--key", "log.key")
    call("checkpoint", "LOG", "--key", "log.key")
    path = home / "LOG/tile/entries/000.p/1"
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    assert call("check", "LOG", "--json", code=3)["problems"]


def test_sealed_keys(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rabta.security.keystore import files

    monkeypatch.setattr(files, "COST", (1, 1, 64))
    monkeypatch.setenv("RABTA_PASSPHRASE", "hunter2")
    call("key", ORIGIN, "--out", "sealed.key", "--sealed")
    call("new", "SEALED", "--key", "sealed.key", "--sealed")
    with pytest.raises(RabtaError, match="is sealed"):
        call("append", "SEALED", "entry", "--key", "sealed.key")
    monkeypatch.setenv("RABTA_PASSPHRASE", "wrong")
    with pytest.raises(RabtaError, match="wrong passphrase") as caught:
        call("append", "SEALED", "entry", "--key", "sealed.key", "--sealed")
    assert "hunter2" not in str(caught.value)
    monkeypatch.delenv("RABTA_PASSPHRASE")
    with pytest.raises(RabtaError, match="needs a passphrase"):
        call("append", "SEALED", "entry", "--key", "sealed.key", "--sealed")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("key", "a b", "--out", "x"), "not a key's name"),
        (("key", "a", "--out", "log.key"), "there already"),
        (("key", "a", "--out", "x", "--for", "witnes"), "did you mean 'witness'"),
        (("append", "LOG", "--key", "log.key"), "nothing to append"),
        (("append", "LOG", "nothing", "--key", "log.key"), "cannot be read"),
        (("append", "NONE", "entry", "--key", "log.key"), "no log in this folder"),
        (("prove", "LOG", "7", "--out", "x"), "no such leaf"),
        (("verify", "entry", "entry", "--policy", "entry"), "malformed|not a proof"),
        (("verify", "entry", "entry", "--policy", "none"), "cannot be read|not a proof"),
        (("judge", "entry", "--policy", "entry"), "CBOR|TOML|no evidence"),
        (("checkpoint", "LOG", "--key", "log.key", "--witness", "http://x"), "witnesses' keys are not known"),
        (("policy", "LOG", "--out", "p", "--quorum", "2"), "as many witnesses as its quorum"),
    ],
)
def test_errors_are_one_clear_sentence(home: Path, arguments: tuple[str, ...], problem: str) -> None:
    with pytest.raises(RabtaError, match=problem):
        call(*arguments)
