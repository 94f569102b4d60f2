"""Key files: round trip, every way to be wrong, nothing secret in any message."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.core import CompositePrivate, Rejected, cbor
from rabta.security.keystore import files, signers

SECRET = bytes(range(100, 132))
FIELDS = {"seed": SECRET, "name": "node", "number": 7}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "COST", (1, 1, 64))


def _silent(error: BaseException) -> None:
    """Neither the secret nor the passphrase is in an error or what it came from."""
    told = f"{error} {error!r} {error.__dict__}"
    for secret in (repr(SECRET)[2:-1], SECRET.hex(), "hunter2", SECRET[4:12].decode("latin-1")):
        assert secret not in told
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


@pytest.mark.parametrize("passphrase", [None, "hunter2"], ids=["plain", "sealed"])
def test_round_trip(tmp_path: Path, passphrase: str | None) -> None:
    path = tmp_path / "key"
    files.save(path, "test", FIELDS, passphrase)
    assert files.load(path, "test", passphrase) == FIELDS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (SECRET in path.read_bytes()) == (passphrase is None)
    assert [item.name for item in tmp_path.iterdir()] == ["key"]


def test_it_is_never_open_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a umask of nothing: mode 0600 at every write and at the moment that it gets its name."""
    modes, real = [], os.write

    def write(handle: int, content: bytes) -> int:
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        return real(handle, content)

    monkeypatch.setattr(os, "write", write)
    before = os.umask(0)
    try:
        files.save(tmp_path / "key", "test", FIELDS)
    finally:
        os.umask(before)
    assert modes == [0o600]


def test_it_is_not_overwritten_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "key"
    files.save(path, "test", FIELDS)
    with pytest.raises(RabtaError, match="there already"):
        files.save(path, "test", {"seed": b"other"})
    assert files.load(path, "test") == FIELDS
    files.save(path, "test", {"seed": b"other"}, overwrite=True)
    assert files.load(path, "test") == {"seed": b"other"}
    assert [item.name for item in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "key"
    files.save(path, "test", FIELDS)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(RabtaError, match="No space left") as caught:
        files.save(path, "test", {"seed": b"other"}, overwrite=True)
    monkeypatch.undo()
    _silent(caught.value)
    assert files.load(path, "test") == FIELDS
    assert [item.name for item in tmp_path.iterdir()] == ["key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_open_permissions_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    files.save(path, "test", FIELDS)
    path.chmod(mode)
    with pytest.raises(RabtaError, match=f"open to other users[^$]*mode {mode:04o}[^$]*chmod 600") as caught:
        files.load(path, "test")
    _silent(caught.value)


def test_another_owner_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    files.save(path, "test", FIELDS)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(RabtaError, match="another user"):
        files.load(path, "test")


def test_links_folders_and_absent_files_are_refused(tmp_path: Path) -> None:
    files.save(tmp_path / "key", "test", FIELDS)
    (tmp_path / "link").symlink_to(tmp_path / "key")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, problem in (
        ("link", "symbolic link"),
        (".", "no regular file"),
        ("pipe", "no regular file"),
        ("none", "no such"),
    ):
        with pytest.raises(RabtaError, match=problem):
            files.load(tmp_path / name, "test")


def test_a_link_is_not_followed_when_writing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RabtaError, match="there already"):
        files.save(tmp_path / "link", "test", FIELDS)
    assert not (tmp_path / "elsewhere").exists()


def test_a_newer_version_is_one_clear_error(tmp_path: Path) -> None:
    files.write(tmp_path / "key", cbor.encode({"magic": files.MAGIC, "version": 2, "kind": "test", "new": 1}))
    with pytest.raises(Rejected, match="newer version") as caught:
        files.load(tmp_path / "key", "test")
    assert caught.value.reason == "version"


@pytest.mark.parametrize(
    ("saved", "given", "problem"),
    [
        ("hunter2", "hunter3", "wrong passphrase"),
        ("hunter2", None, "is sealed"),
        (None, "hunter2", "not sealed"),
    ],
    ids=["wrong", "absent", "needless"],
)
def test_passphrases(tmp_path: Path, saved: str | None, given: str | None, problem: str) -> None:
    files.save(tmp_path / "key", "test", FIELDS, saved)
    with pytest.raises(RabtaError, match=problem) as caught:
        files.load(tmp_path / "key", "test", given)
    _silent(caught.value)
    with pytest.raises(RabtaError, match="another kind"):
        files.load(tmp_path / "key", "other", saved)


@pytest.mark.parametrize("passphrase", [None, "hunter2"], ids=["plain", "sealed"])
def test_truncated_at_every_byte(tmp_path: Path, passphrase: str | None) -> None:
    files.save(tmp_path / "key", "test", FIELDS, passphrase)
    raw = (tmp_path / "key").read_bytes()
    for end in range(len(raw)):
        files.write(tmp_path / "cut", raw[:end], overwrite=True)
        with pytest.raises(Rejected) as caught:
            files.load(tmp_path / "cut", "test", passphrase)
        _silent(caught.value)


@pytest.mark.parametrize("passphrase", [None, "hunter2"], ids=["plain", "sealed"])
def test_every_changed_bit_is_refused(tmp_path: Path, passphrase: str | None) -> None:
    """Costs of Argon2id that a changed bit may ask for are bounded; none is paid twice here."""
    files.save(tmp_path / "key", "test", FIELDS, passphrase)
    raw = (tmp_path / "key").read_bytes()
    cost = raw.find(b"dcost") + 5 if passphrase else -1
    for at in range(8 * len(raw)):
        if cost <= at // 8 < cost + 6:
            continue
        changed = bytearray(raw)
        changed[at // 8] ^= 1 << at % 8
        files.write(tmp_path / "bit", bytes(changed), overwrite=True)
        with pytest.raises(RabtaError) as caught:
            files.load(tmp_path / "bit", "test", passphrase)
        _silent(caught.value)


@pytest.mark.parametrize(
    "cost", [[1, 1, 1 << 30], [1 << 40, 1, 64], [0, 1, 64], [1, 1, 7], [1, 1], ["1", 1, 64]]
)
def test_unbearable_costs_are_refused(tmp_path: Path, cost: list[object]) -> None:
    whole = {"magic": files.MAGIC, "version": 1, "kind": "test", "cost": cost}
    whole |= {"salt": bytes(16), "nonce": bytes(12), "sealed": bytes(40)}
    files.write(tmp_path / "key", cbor.encode(whole))
    with pytest.raises(Rejected, match="damaged"):
        files.load(tmp_path / "key", "test", "hunter2")


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random"
    files.write(path, raw, overwrite=True)
    with pytest.raises(Rejected):
        files.load(path, "test")


def test_signers(tmp_path: Path) -> None:
    key = CompositePrivate.generate()
    signers.save(tmp_path / "key", key, "hunter2")
    again = signers.load(tmp_path / "key", "hunter2")
    again.public.verify(key.sign(b"message", b"context"), b"message", b"context")
    for fields in ({"mldsa": b"", "ed25519": b""}, {"mldsa": SECRET}, {"mldsa": SECRET, "ed25519": 1}):
        files.save(tmp_path / "bad", signers.KIND, fields, overwrite=True)
        with pytest.raises(Rejected, match="no signing key") as caught:
            signers.load(tmp_path / "bad")
        _silent(caught.value)
