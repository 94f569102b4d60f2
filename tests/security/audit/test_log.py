"""The log on disk: any history of calls, every changed bit, full disks, other processes."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.security.audit import keys as stored
from rabta.security.audit.log import Log, disk
from rabta.security.audit.log.check import check
from rabta.security.audit.policy import Policy
from rabta.security.audit.proofs import verify_consistency, verify_inclusion
from rabta.security.audit.tree import Tree, leaf_hash

ORIGIN = "audit.example/log"
KEYS = stored.generate(ORIGIN, stored.LOG)
POLICY = Policy(ORIGIN, tuple(key.public for key in KEYS))


def made(folder: Path, *batches: int) -> Log:
    """A log with a checkpoint after each batch of entries, which are their numbers."""
    log = Log.create(folder, ORIGIN, KEYS)
    for count in batches:
        log.extend([b"%d" % (log.size + number) for number in range(count)])
        log.checkpoint(1000)
    return log


@pytest.mark.parametrize("seed", range(3))
def test_any_history_gives_the_tree_of_its_entries(tmp_path: Path, seed: int) -> None:
    """Batches of any size, checkpoints and reopening in between: roots, entries and proofs are right."""
    draw, entries, tree = random.Random(seed), list[bytes](), Tree()
    log = Log.create(tmp_path / "log", ORIGIN, KEYS)
    for _ in range(25):
        batch = [draw.randbytes(draw.randrange(40)) for _ in range(draw.choice([0, 1, 3, 200, 256, 700]))]
        assert log.extend(batch) == len(entries)
        entries += batch
        tree.extend(batch)
        if draw.random() < 0.5:
            log.checkpoint()
        if draw.random() < 0.4:
            log.close()
            log = Log.open(tmp_path / "log", KEYS)
        assert (log.size, log.root()) == (len(entries), tree.root())
        for _ in range(10 if entries else 0):
            size = draw.randrange(1, len(entries) + 1)
            index, old = draw.randrange(size), draw.randrange(1, size + 1)
            start = draw.randrange(len(entries))
            end = min(len(entries), start + draw.randrange(600))
            assert log.entries(start, end) == entries[start:end]
            proof = log.inclusion(index, size)
            verify_inclusion(leaf_hash(entries[index]), index, size, proof, tree.root(size))
            verify_consistency(old, size, log.consistency(old, size), tree.root(old), tree.root(size))
    note = log.checkpoint()
    assert POLICY.check(note).root == tree.root()
    log.close()
    assert check(tmp_path / "log").problems == []
    with Log.open(tmp_path / "log") as reader:
        assert reader.prove(7).verify(entries[7], POLICY).size == len(entries)


def test_tiles_lie_where_tlog_tiles_says(tmp_path: Path) -> None:
    """C2SP tlog-tiles: its example sizes, and partial tiles go where the whole one has come."""
    with made(tmp_path / "log", 256, 44, 70_000 - 300):
        paths = {
            str(p.relative_to(tmp_path / "log"))
            for p in (tmp_path / "log" / "tile").rglob("*")
            if p.is_file()
        }
    assert {
        "tile/0/000",
        "tile/0/272",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    } <= paths
    assert {"tile/entries/000", "tile/entries/273.p/112"} <= paths
    assert not {
        path for path in paths if path.startswith(("tile/0/001.p", "tile/1/000.p", "tile/entries/001.p"))
    }
    assert len(paths) == 2 * 274 + 3
    assert (tmp_path / "log/tile/0/000").stat().st_size == 8192
    assert (tmp_path / "log/tile/entries/000").read_bytes()[:6] == b"\x00\x010\x00\x011"


def test_every_changed_bit_is_found(tmp_path: Path) -> None:
    """One bit at each of 400 random places of entries, tiles, checkpoint, keys and journal."""
    log = made(tmp_path / "log", 600, 30)
    log.extend([b"in the journal alone"] * 3)
    log.close()
    assert check(tmp_path / "log").problems == []
    assert check(tmp_path / "log").journal == 3
    draw = random.Random(5)
    paths = [path for path in (tmp_path / "log").rglob("*") if path.is_file() and path.name != "lock"]
    for number in range(400):
        path = paths[number % len(paths)]
        raw = path.read_bytes()
        at, bit = draw.randrange(len(raw)), draw.randrange(8)
        path.write_bytes(bytes([*raw[:at], raw[at] ^ 1 << bit, *raw[at + 1 :]]))
        assert check(tmp_path / "log").problems, (path, at, bit)
        path.write_bytes(raw)
    assert check(tmp_path / "log").problems == []


def test_missing_and_longer_files_are_found(tmp_path: Path) -> None:
    made(tmp_path / "log", 600).close()
    for name in ("tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/001"):
        path = tmp_path / "log" / name
        raw = path.read_bytes()
        path.unlink()
        assert any(name in problem for problem in check(tmp_path / "log").problems)
        path.write_bytes(raw + b"\x00")
        assert any(name in problem for problem in check(tmp_path / "log").problems)
        path.write_bytes(raw)


def test_a_changed_last_tile_is_found_when_it_is_opened(tmp_path: Path) -> None:
    made(tmp_path / "log", 600).close()
    path = tmp_path / "log/tile/0/002.p/88"
    raw = path.read_bytes()
    path.write_bytes(bytes([raw[0] ^ 1]) + raw[1:])
    with pytest.raises(RabtaError, match="not those of its checkpoint"):
        Log.open(tmp_path / "log", KEYS)


def test_a_record_that_broke_off_is_dropped_and_damage_is_said(tmp_path: Path) -> None:
    log = made(tmp_path / "log", 10)
    log.extend([b"kept"])
    kept = (tmp_path / "log/journal").read_bytes()
    log.extend([b"broken off"])
    whole = (tmp_path / "log/journal").read_bytes()
    log.close()
    for end in range(len(kept), len(whole)):
        (tmp_path / "log/journal").write_bytes(whole[:end])
        with Log.open(tmp_path / "log", KEYS) as again:
            assert (again.size, again.entry(10)) == (11, b"kept")
    (tmp_path / "log/journal").write_bytes(kept + bytes(500))  # a size that came before its bytes
    with Log.open(tmp_path / "log", KEYS) as again:
        assert again.size == 11
    (tmp_path / "log/journal").write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(RabtaError, match="journal is damaged"):
        Log.open(tmp_path / "log", KEYS)


def test_a_garbage_tile_beyond_the_checkpoint_does_not_matter(tmp_path: Path) -> None:
    """As a power failure leaves it: the next whole tile was begun, its checkpoint never came."""
    log = made(tmp_path / "log", 300)
    log.extend([b"x"] * 300)
    log.close()
    for name in ("tile/0/001", "tile/entries/001"):
        (tmp_path / "log" / name).write_bytes(b"garbage")
    assert check(tmp_path / "log").problems == []
    with Log.open(tmp_path / "log", KEYS) as again:
        assert again.size == 600
        again.checkpoint()
    assert check(tmp_path / "log").problems == []


def _full_after(monkeypatch: pytest.MonkeyPatch, bytes_left: int) -> None:
    """A disk that takes so many bytes more; writes before the end are short, as a real disk's are."""
    left, real = [bytes_left], os.write

    def write(handle: int, content: bytes) -> int:
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = real(handle, content[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(disk.os, "write", write)


def _until_full(log: Log, count: int) -> tuple[int, bytes]:
    """Size that was acknowledged and the last checkpoint before the disk took no more."""
    acknowledged, note = log.size, log.note
    try:
        for _ in range(10_000):
            log.extend([b"%d" % (log.size + number) for number in range(count)])
            acknowledged = log.size
            note = log.checkpoint()
    except RabtaError as error:
        if "No space left" not in str(error) or error.exit_code != EXIT_SYSTEM:
            raise
        return acknowledged, note
    raise AssertionError("the disk was never full")


@pytest.mark.parametrize("left", [0, 1, 30, 100, 1000, 5000, 9000, 20_000, 23_000, 26_000])
def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    log = made(tmp_path / "log", 300)
    _full_after(monkeypatch, left)
    acknowledged, note = _until_full(log, 100)
    assert log.size == acknowledged
    monkeypatch.undo()
    assert check(tmp_path / "log").problems == []
    assert (tmp_path / "log/checkpoint").read_bytes() == note
    log.close()
    with Log.open(tmp_path / "log", KEYS) as again:
        assert again.entries(0, again.size) == [b"%d" % number for number in range(acknowledged)]
        again.append(b"goes on")
        assert POLICY.check(again.checkpoint()).size == acknowledged + 1
    assert check(tmp_path / "log").problems == []


def test_it_goes_on_when_there_is_space_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = made(tmp_path / "log", 300)
    _full_after(monkeypatch, 10)
    for _ in range(3):
        with pytest.raises(RabtaError, match="nothing was appended"):
            log.append(b"no space")
    monkeypatch.undo()
    assert log.append(b"space") == 300
    assert POLICY.check(log.checkpoint()).size == 301
    assert check(tmp_path / "log").problems == []


def test_after_a_failed_sync_it_must_be_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = made(tmp_path / "log", 300)

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fdatasync", failing)
    with pytest.raises(RabtaError, match="Input/output"):
        log.append(b"unknown")
    monkeypatch.undo()
    with pytest.raises(RabtaError, match="open the log again"):
        log.append(b"more")
    log.close()
    with Log.open(tmp_path / "log", KEYS) as again:
        assert again.size in {300, 301}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 600 kB; skips where none may be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("no small file system can be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_is_really_full(small: Path) -> None:
    log = made(small / "log", 300)
    acknowledged, note = _until_full(log, 500)
    assert acknowledged > 300
    assert (small / "log/checkpoint").read_bytes() == note
    log.close()
    assert check(small / "log").problems == []
    with Log.open(small / "log", KEYS) as again:
        assert again.entries(0, again.size) == [b"%d" % number for number in range(acknowledged)]


def test_misuse_is_one_clear_error(tmp_path: Path) -> None:
    log = made(tmp_path / "log", 3)
    other = stored.generate(ORIGIN, stored.LOG)
    with pytest.raises(RabtaError, match="another process appends"):
        Log.open(tmp_path / "log", KEYS)
    with pytest.raises(RabtaError, match="not the log's keys"):
        Log.open(tmp_path / "log", other)
    with pytest.raises(RabtaError, match="not empty"):
        Log.create(tmp_path / "log", ORIGIN, KEYS)
    with pytest.raises(RabtaError, match="bear its origin"):
        Log.create(tmp_path / "new", "elsewhere", KEYS)
    with pytest.raises(RabtaError, match="no log in this folder"):
        Log.open(tmp_path / "nothing")
    with pytest.raises(RabtaError, match="too long for the log"):
        log.extend([b"short", bytes(65_536)])
    assert log.size == 3
    assert log.append(bytes(65_535)) == 3
    for call in (
        lambda: log.entry(4),
        lambda: log.inclusion(4),
        lambda: log.inclusion(0, 9),
        lambda: log.consistency(9),
    ):
        with pytest.raises(RabtaError):
            call()
    with Log.open(tmp_path / "log") as reader, pytest.raises(RabtaError, match="reading alone"):
        reader.append(b"x")
    log.close()
