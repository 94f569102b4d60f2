"""``rabta keys`` from two officers to an accepted node, and its revocation: files alone, as at a ceremony."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rabta.cli import main as entry
from rabta.errors import RabtaError

CHECK = "keys check gilgit.bundle --root root.cbor --policy policy.toml"


@pytest.fixture
def rabta(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """Run commands in a folder; returns what they print as JSON."""
    monkeypatch.chdir(tmp_path)
    if not entry.app.registered_groups:
        entry._commands()

    def run(line: str) -> Any:
        entry.app([*line.split(), "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    return run


def plain(line: str) -> None:
    """Run a command that has no JSON."""
    entry.app(line.split(), standalone_mode=False)


@pytest.fixture
def nation(rabta: Any) -> Any:
    """Three officers, a root of two, a log of one key and a witness of one."""
    for k in range(3):
        rabta(f"keys officer o{k}.key --public o{k}.pub --no-sealed")
    rabta("keys root o0.pub o1.pub o2.pub --threshold 2 --out root.cbor")
    return rabta


def test_a_node_is_issued_accepted_and_revoked(nation: Any, rabta: Any) -> None:
    from rabta.security.audit import keys
    from rabta.security.audit.log import Log
    from rabta.security.audit.notes import COSIGNED_MLDSA44, ED25519, Signing

    log_key, witness = Signing.generate("log.gov.pk", ED25519), Signing.generate("w.gov.pk", COSIGNED_MLDSA44)
    keys.save(Path("log.key"), [log_key])
    Log.create(Path("log"), "log.gov.pk", [log_key]).close()
    Path("policy.toml").write_text(
        f'origin = "log.gov.pk"\nquorum = 1\nlog = ["{log_key.public.text}"]\n'
        f'witnesses = ["{witness.public.text}"]\n'
    )

    def proof(entry: int, out: str) -> None:
        with Log.open(Path("log"), [log_key]) as log:
            note = log.checkpoint(1_800_000_000 + entry)
            text = note.split(b"\n\n")[0].decode() + "\n"
            log.cosigned(witness.line(text, 1_800_000_000 + entry))
            Path(out).write_bytes(log.prove(entry).encode())

    made = rabta("keys request gilgit.key --name Gilgit --clearance secret --last 9 --out gilgit.req")
    assert made["clearance"] == "secret"
    for k in range(2):
        rabta(f"keys sign gilgit.req --key o{k}.key --no-sealed --out s{k}")
    told = rabta("keys issue gilgit.req s0 s1 --root root.cbor --log log --log-key log.key --out gilgit.cred")
    proof(told["entry"], "gilgit.proof")
    rabta("keys bundle gilgit.cred --proof gilgit.proof --out gilgit.bundle")
    shown = rabta("keys show gilgit.bundle")
    assert (shown["kind"], shown["suites"]) == ("bundle", ["NS", "CI"])
    assert rabta(CHECK)["accepted"] == "Gilgit"

    rabta("keys epoch 1 --revoke gilgit.bundle --out e1.draft")
    for k in (1, 2):
        rabta(f"keys sign e1.draft --key o{k}.key --no-sealed --out e{k}")
    told = rabta("keys issue e1.draft e1 e2 --root root.cbor --log log --log-key log.key --out e1.cbor")
    proof(told["entry"], "e1.proof")
    with pytest.raises(RabtaError, match="revoked"):
        rabta(f"{CHECK} --epoch e1.cbor --epoch-proof e1.proof")
    assert rabta("keys show e1.cbor")["number"] == 1
    rabta("keys epoch 2 --after e1.cbor --root root.cbor --out e2.draft")
    assert len(rabta("keys show e2.draft")["revoked"]) == 1
    with pytest.raises(RabtaError, match="still holds"):
        rabta("keys epoch 2 --after e1.cbor --root root.cbor --drop gilgit.cred --out e2.draft")
    rabta("keys epoch 10 --after e1.cbor --root root.cbor --drop gilgit.cred --out e10.draft")
    assert not rabta("keys show e10.draft")["revoked"]


def test_the_root_rotates_by_its_own_officers(nation: Any, rabta: Any) -> None:
    rabta("keys officer o3.key --public o3.pub --no-sealed")
    rabta("keys root o1.pub o2.pub o3.pub --threshold 2 --after root.cbor --out next.cbor")
    for k in range(2):
        shown = rabta(f"keys sign next.cbor --key o{k}.key --no-sealed --out r{k}")
        assert (shown["root"], len(shown["sha384"])) == (1, 96)
    with pytest.raises(RabtaError, match="1 of the 2"):
        rabta("keys issue next.cbor r0 --root root.cbor --log no --log-key no --out signed.cbor")
    from rabta.cli.keys.issuing import signature
    from rabta.security.identity import cose
    from rabta.security.identity.roots import ROOT

    parts = tuple(signature(Path(f"r{k}"), ROOT) for k in range(2))
    Path("signed.cbor").write_bytes(cose.Signed(ROOT, Path("next.cbor").read_bytes(), parts).encode())
    assert rabta("keys rotate signed.cbor --root root.cbor --out root2.cbor")["serial"] == 1
    with pytest.raises(RabtaError, match="of the 2 officers"):
        rabta("keys rotate signed.cbor --root next.cbor --out root3.cbor")


def test_officers_see_what_they_sign(nation: Any, rabta: Any) -> None:
    shown = []
    for k in range(2):
        rabta(f"keys request twin{k}.key --name Twin --last 3 --out twin{k}.req")
        shown.append(rabta(f"keys sign twin{k}.req --key o0.key --no-sealed --out t{k}"))
    assert shown[0]["sha384"] != shown[1]["sha384"], "the same words, other keys"


def test_one_officer_is_not_enough(nation: Any, rabta: Any) -> None:
    rabta("keys request n.key --name N --last 1 --out n.req")
    rabta("keys sign n.req --key o0.key --no-sealed --out s0")
    with pytest.raises(RabtaError, match="1 of the 2 officers"):
        rabta("keys issue n.req s0 --root root.cbor --log no --log-key none --out n.cred")
    assert not Path("n.cred").exists()


def test_nothing_secret_is_printed(nation: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from rabta.security.keystore import signers

    plain("keys show o0.key")
    out = capsys.readouterr().out
    key = signers.load(Path("o0.key"))
    assert "private key file" in out
    assert key.mldsa_seed.hex() not in out
    assert key.ed25519_seed.hex() not in out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("keys request x.key --name X --role nod --last 3 --out x.req", "did you mean 'node'"),
        ("keys request x.key --name X --clearance secert --last 3 --out x.req", "did you mean 'secret'"),
        ("keys show o0.pub", "no file of keys"),
        ("keys sign o0.pub --key o0.key --no-sealed --out s", "neither a request nor an epoch"),
        ("keys sign o0.pub --out s", "neither a request"),
        ("keys show missing", "cannot be read"),
        ("keys root o0.pub o0.pub --threshold 2 --out r", "different officers"),
    ],
)
def test_mistakes_are_named(nation: Any, rabta: Any, line: str, words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        rabta(line)
    assert not Path("x.key").exists(), "nothing is left behind by a refused request"


def test_keys_that_others_may_read_are_refused(nation: Any, rabta: Any) -> None:
    rabta("keys request n.key --name N --last 1 --out n.req")
    Path("o0.key").chmod(0o640)
    with pytest.raises(RabtaError, match="open to other users"):
        rabta("keys sign n.req --key o0.key --no-sealed --out s0")
