"""The store: nothing lost, nothing twice, nothing silently; whatever the clocks say."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rabta.errors import RabtaError
from rabta.security.bundles.bpsec import integrity
from rabta.security.bundles.codec import Bundle, Primary, blocks, eid, make, scan
from rabta.security.bundles.codec.bundle import hop_data
from rabta.security.bundles.store import Quota, Store, files, replay
from rabta.security.core import Rejected

ME, YOU = eid.parse("ipn:2.1"), eid.parse("ipn:1.2")
Spoil = Callable[[Bundle], Bundle]
TEN_YEARS = 315_576_000_000


def a_bundle(
    sequence: int, payload: bytes = b"Salam", created: int = 0, age: int = 0, lifetime: int = 10**6
) -> Bundle:
    return make(Primary(YOU, ME, ME, created, sequence, lifetime), payload, (blocks.AGE, scan.uint(age)))


def reason_of(store: Store, bundle: Bundle, **options: bool) -> str:
    try:
        store.accept(bundle, here=True, authentic=True, **options)  # type: ignore[arg-type]
    except Rejected as error:
        return error.reason
    return "accepted"


def test_a_bundle_is_taken_once(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    assert [reason_of(store, a_bundle(3)) for _ in range(2)] == ["accepted", "replay"]
    store.done(next(iter(store.waiting(here=True))).number)
    assert reason_of(store, a_bundle(3)) == "replay"  # also after it was delivered
    store.close()
    assert reason_of(Store(tmp_path / "s.db"), a_bundle(3, b"other")) == "replay"  # also after a restart
    assert (tmp_path / "s.db").stat().st_mode & 0o777 == 0o600


def test_a_relay_stops_repetitions_but_believes_nobody(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.accept(a_bundle(1 << 40, b"forged"), here=False)
    store.accept(a_bundle(5, b"forged"), here=False)
    with pytest.raises(Rejected) as error:
        store.accept(a_bundle(5, b"forged").extension(blocks.AGE, scan.uint(9)), here=False)
    assert error.value.reason == "replay"
    store.accept(a_bundle(5), here=False)  # the honest one passes though its number was taken
    assert reason_of(store, a_bundle(5)) == "accepted"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda item: item.extension(blocks.HOPS, hop_data(32, 32)),
        lambda item: item.extension(blocks.HOPS, hop_data(1, 0)),
        lambda item: item.extension(blocks.AGE, scan.uint(10**6)),
        lambda item: item.without(item.first(blocks.INTEGRITY).number),
        lambda item: item.with_blocks([item.first(blocks.INTEGRITY).change(b"none")]),
        lambda item: item.extension(blocks.PREVIOUS_NODE, YOU.raw),
        lambda item: item.insert(blocks.Block(192, 9, 4, b"delete me")),
    ],
)
def test_a_relay_passes_the_true_one_after_a_spoiled_copy(tmp_path: Path, spoil: Spoil) -> None:
    store = Store(tmp_path / "s.db")
    honest = integrity.add(a_bundle(5), (0, 1), b"k" * 32, source=ME)
    honest = honest.extension(blocks.HOPS, hop_data(32, 1)).extension(blocks.AGE, scan.uint(9))
    store.accept(spoil(honest), here=False)
    store.accept(honest, here=False)
    assert honest.raw in [item.bundle.raw for item in store.waiting(here=False)]
    for later in (
        honest,
        honest.extension(blocks.HOPS, hop_data(32, 3)).extension(blocks.AGE, scan.uint(10)),
    ):
        with pytest.raises(
            Rejected
        ) as error:  # loops and repetitions are neither younger nor fewer hops away
            store.accept(later, here=False)
        assert error.value.reason == "replay"


def test_what_was_dropped_may_come_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.accept(a_bundle(5), here=False)
    store.refuse(next(store.waiting(here=False)).number, 4)
    store.accept(a_bundle(5), here=False)


def test_a_store_of_the_first_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.touch(0o600)
    base = sqlite3.connect(path)
    base.executescript(files.SCHEMA + "PRAGMA user_version = 1; INSERT INTO heard (digest) VALUES (x'00');")
    base.close()
    store = Store(path)
    store.accept(a_bundle(5), here=False)
    assert store.base.execute("SELECT count(*) FROM heard").fetchone() == (2,)


def test_the_floor_of_a_source(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    for sequence, expected in (
        (1, "accepted"),
        (replay.WINDOW + 10, "accepted"),
        (9, "stale"),
        (1, "stale"),
        (10, "accepted"),
        (10, "replay"),
        (replay.WINDOW, "accepted"),
    ):
        assert reason_of(store, a_bundle(sequence)) == expected, sequence


@pytest.mark.parametrize("wrong", [-TEN_YEARS, 0, TEN_YEARS])
def test_wrong_clocks_neither_block_nor_admit(
    tmp_path: Path, wrong: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 850_000_000_000  # DTN time, in 2026
    monkeypatch.setattr(time, "time", lambda: (now + wrong) / 1000 + 946_684_800)
    store = Store(tmp_path / "s.db")
    store.advance(now)
    honest = a_bundle(7)  # a sender without a trusted clock: creation time 0 and age
    assert [reason_of(store, honest) for _ in range(2)] == ["accepted", "replay"]
    assert reason_of(store, a_bundle(8, age=10**6 + 1)) == "expired"
    ahead = a_bundle(9, created=now + TEN_YEARS)  # its clock is ten years ahead
    assert [reason_of(store, ahead) for _ in range(2)] == ["accepted", "replay"]
    store.advance(now + TEN_YEARS // 2)
    assert reason_of(store, ahead) == "replay"
    old = a_bundle(9, created=now - 2 * 10**6)
    assert reason_of(store, old) == "expired"  # by the lower bound, which no clock enters


def test_entries_go_only_when_the_bundle_is_refused_anyway(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.advance(1_000_000)
    dated = a_bundle(1, created=1_000_000, lifetime=1000)
    assert reason_of(store, dated) == "accepted"
    assert store.advance(1_002_000) == 0
    assert reason_of(store, dated) == "expired"
    assert store.advance(1_002_000 + 86_400_000) == 1
    assert reason_of(store, dated) == "expired"
    assert store.advance(5) == 0  # never back
    assert Store(tmp_path / "s.db").times.lower == 1_002_000 + 86_400_000


def test_what_is_dropped_is_told(tmp_path: Path) -> None:
    size = len(a_bundle(1, bytes(1000)).raw)
    store = Store(tmp_path / "s.db", Quota(bytes=4 * size + 50, reserved=0.0))
    for sequence in (1, 2, 3, 4):
        store.accept(
            a_bundle(sequence, bytes([sequence]) * 1000, lifetime=10**6 - 1000 * sequence),
            here=False,
            priority=0,
        )
    with pytest.raises(Rejected) as error:
        store.accept(a_bundle(5, bytes(1000)), here=False, priority=0)  # no better than what is there
    assert error.value.reason == "limit"
    gone = store.accept(a_bundle(5, b"5" * 1000), here=False, priority=2)
    assert [(item.identifier.split()[2], item.reason) for item in gone] == [
        ("4", 4)
    ]  # first to expire; storage
    assert [row[0].split()[2] for row in store.dropped()] == ["4"]
    assert [item.priority for item in store.waiting(here=False)] == [2, 0, 0, 0]
    assert len(store) == 4


def test_a_failed_acceptance_drops_nothing(tmp_path: Path) -> None:
    size = len(a_bundle(1, bytes(1000)).raw)
    store = Store(tmp_path / "s.db", Quota(bytes=2 * size + 50, reserved=0.0))
    store.accept(a_bundle(1, b"1" * 1000), here=False, priority=0)
    store.accept(a_bundle(2, b"2" * 1000), here=False, priority=2)
    with pytest.raises(Rejected):
        store.accept(a_bundle(3, b"3" * 1900), here=False, priority=1)
    assert len(store) == 2
    assert store.dropped() == []
    assert store.accept(a_bundle(3, b"3" * 900), here=False, priority=1)  # and 3 was not remembered


def test_expiry_on_elapsed_time(tmp_path: Path) -> None:
    clock = [100.0]
    store = Store(tmp_path / "s.db", clock=lambda: clock[0])
    store.accept(a_bundle(1, age=400_000), here=False)  # 600 s left
    clock[0] += 599
    assert store.expire() == []
    store.close()
    clock[0] = 3.0  # the machine was restarted: its clock begins anew
    store = Store(tmp_path / "s.db", clock=lambda: clock[0])
    assert store.now() >= 100.0
    clock[0] += 601
    assert [item.reason for item in store.expire()] == [1]
    assert len(store) == 0


def test_a_full_disk_is_one_error_and_loses_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "s.db")
    store.accept(a_bundle(1), here=False)
    pages = store.base.execute("PRAGMA page_count").fetchone()[0]
    store.base.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(RabtaError, match="disk is full") as error:
        store.accept(a_bundle(2, os.urandom(100_000)), here=False)
    assert error.value.__cause__ is None
    assert [item.bundle.primary.sequence for item in store.waiting(here=False)] == [1]
    store.base.execute("PRAGMA max_page_count = 100000")
    store.accept(a_bundle(2, b"now"), here=False)
    assert len(store) == 2


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    Store(path).close()
    path.chmod(0o644)
    with pytest.raises(RabtaError, match="others may read"):
        Store(path)
    path.chmod(0o600)
    base = sqlite3.connect(path)
    base.execute("PRAGMA user_version = 9")
    base.close()
    with pytest.raises(RabtaError, match="newer version"):
        Store(path)
    junk = tmp_path / "junk.db"
    junk.write_bytes(b"no database at all" * 100)
    junk.chmod(0o600)
    with pytest.raises(RabtaError, match="cannot be used"):
        Store(junk)


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import a_bundle
from rabta.security.bundles.store import Store
store = Store(Path(sys.argv[1]))
while True:
    sequence = store.next_sequence()
    store.accept(a_bundle(sequence, b"x" * 500), here=True, authentic=True)
    print(sequence, flush=True)      # the acknowledgement
    if sequence % 3 == 0:
        item = next(iter(store.waiting(here=True)))
        print(-item.bundle.primary.sequence, flush=True)  # delivered
        store.done(item.number)
"""


def test_fifty_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    path, draw = tmp_path / "s.db", random.Random(8)
    told: list[int] = []
    for _ in range(50):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        told += [int(child.stdout.readline()) for _ in range(draw.randrange(1, 25))]
        time.sleep(draw.random() * 0.003)
        child.kill()
        told += [int(line) for line in child.stdout.read().splitlines() if line.strip("-").isdigit()]
        child.wait()
        child.stdout.close()
    store = Store(path)
    accepted = [number for number in told if number > 0]
    delivered = {-number for number in told if number < 0}
    assert len(set(accepted)) == len(accepted)  # no sequence number given twice
    waiting = {item.bundle.primary.sequence for item in store.waiting(here=True)}
    assert set(accepted) <= waiting | delivered
    assert len(waiting & delivered) <= 50  # killed between delivery and letting go: the agent's names are one
    assert all(reason_of(store, a_bundle(number, b"x" * 500)) == "replay" for number in accepted)
