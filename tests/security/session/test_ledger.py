"""Crashes: no counter twice, no replay taken, no old key on the disk, one clear error for a full one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.security.session.conftest import keys

from rabta.errors import RabtaError
from rabta.security.core import NS, Rejected
from rabta.security.session import Ledger, Session, packets

SENDER = """
import sys
from pathlib import Path
from rabta.security.session import Ledger, Session
ledger = Ledger(Path(sys.argv[1]))
session = Session.resume(ledger.load(bytes.fromhex(sys.argv[2])), ledger)
out = sys.stdout.buffer
k = 0
while True:
    if k % 50 == 0:
        session.ratchet(k.to_bytes(32, "big"))
    out.write(session.seal(b"x")[:24].ljust(24, b"0"))
    out.flush()
    k += 1
"""


def started(tmp_path: Path) -> tuple[Session, Session, Ledger]:
    """Two sides, the first with a ledger."""
    here, there = keys(NS)
    ledger = Ledger(tmp_path / "ledger")
    one, two = Session(here, ledger), Session(there)
    two.open(one.seal(b""))
    one.open(two.seal(b""))
    return one, two, ledger


@pytest.mark.slow
def test_killed_at_random_no_counter_comes_twice(tmp_path: Path) -> None:
    one, _, ledger = started(tmp_path)
    name, seen, rng = one.keys.session, set(), random.Random(1)
    ledger.close()
    kills = 50
    for _ in range(kills):
        command = [sys.executable, "-c", SENDER, str(tmp_path / "ledger"), name.hex()]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
            assert sender.stdout is not None
            first = sender.stdout.read(24)
            time.sleep(rng.uniform(0.0, 0.05))
            sender.send_signal(signal.SIGKILL)
            rest = first + sender.stdout.read()
        heads = [rest[at : at + 24] for at in range(0, len(rest) - 23, 24)]
        counters = [int.from_bytes(head[18:24], "big") for head in heads]
        assert counters
        assert not seen & set(counters), "a counter was used twice"
        assert len(set(counters)) == len(counters)
        seen |= set(counters)
    assert len(seen) > 10 * kills


def test_a_resumed_side_takes_no_replay_and_goes_on(tmp_path: Path) -> None:
    one, two, ledger = started(tmp_path)
    heard = [two.seal(bytes([k])) for k in range(40)]
    for packet in heard:
        one.open(packet)
    state = ledger.load(one.keys.session)
    assert state is not None
    again = Session.resume(state, ledger)
    for packet in heard:
        with pytest.raises(Rejected):
            again.open(packet)
    assert two.open(again.seal(b"on")) == b"on"
    two.counter += 10_000
    assert again.open(two.seal(b"far ahead")) == b"far ahead"


def test_a_handover_of_the_peer_survives_a_crash(tmp_path: Path) -> None:
    one, two, ledger = started(tmp_path)
    for k in range(3):
        two.ratchet(bytes([k]) * 32)
        one.open(two.seal(b""))
        two.open(one.seal(b""))
    state = ledger.load(one.keys.session)
    assert state is not None
    again = Session.resume(state, ledger)
    two.counter += 10_000
    assert again.open(two.seal(b"same epoch")) == b"same epoch"


def test_one_process_a_ledger(tmp_path: Path) -> None:
    started(tmp_path)[2]
    with pytest.raises(RabtaError, match="another process"):
        Ledger(tmp_path / "ledger")


def test_old_keys_are_not_left_in_the_file(tmp_path: Path) -> None:
    one, two, ledger = started(tmp_path)
    old = []
    for k in range(20):
        old.append(one.sending.key)
        one.ratchet(bytes([k]) * 32)
        two.open(one.seal(b""))
        one.open(two.seal(b""))
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert one.sending.key in held
    assert not [key for key in old if key in held]
    ledger.forget(one.keys.session)
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert one.sending.key not in held


def exhaust(one: Session) -> None:
    """Send until the lease ends."""
    for _ in range(200):
        one.seal(b"data")


def test_a_full_disk_refuses_to_send_and_loses_nothing(tmp_path: Path) -> None:
    one, two, ledger = started(tmp_path)
    pages = ledger._base.execute("PRAGMA page_count").fetchone()[0]
    ledger._base.execute(f"PRAGMA max_page_count={pages}")
    one.keys = one.keys.__class__(**{**one.keys.__dict__, "exporter": os.urandom(30_000)})
    before = one.counter
    with pytest.raises(RabtaError, match="cannot be written"):
        exhaust(one)
    stuck = one.counter
    with pytest.raises(RabtaError):
        one.seal(b"data")
    assert one.counter == stuck >= before
    ledger._base.execute("PRAGMA max_page_count=100000")
    assert two.open(one.seal(b"there is room again")) == b"there is room again"


def test_a_ledger_that_others_may_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").write_bytes(b"")
    (tmp_path / "open").chmod(0o644)
    with pytest.raises(RabtaError, match="others may read"):
        Ledger(tmp_path / "open")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RabtaError):
        Ledger(tmp_path / "link")
    Ledger(tmp_path / "fine").close()
    assert (tmp_path / "fine").stat().st_mode & 0o777 == 0o600


def test_a_newer_state_and_rubbish_are_refused(tmp_path: Path) -> None:
    from rabta.security.core import cbor

    one, _, ledger = started(tmp_path)
    state = cbor.decode(one.state())
    with pytest.raises(Rejected, match="another version"):
        Session.resume(cbor.encode(state | {"version": 99}), ledger)
    with pytest.raises(Rejected):
        Session.resume(b"rubbish", ledger)
    assert packets.HEADER_BYTES == 24


class Started:
    """A clock of a machine: which start, and seconds since."""

    def __init__(self) -> None:
        self.boot, self.now = b"first", 1000.0

    def __call__(self) -> tuple[bytes, float]:
        return self.boot, self.now


def test_the_age_of_a_session_counts_on_over_crashes(tmp_path: Path) -> None:
    clock = Started()
    ledger = Ledger(tmp_path / "ledger", clock)
    one = Session(keys(NS)[0], ledger)
    one.seal(b"")
    for crash in range(1, 4):
        clock.now += 50.0
        ledger.close()
        ledger = Ledger(tmp_path / "ledger", clock)
        state = ledger.load(one.keys.session)
        assert state is not None
        one = Session.resume(state, ledger)
        assert one.age() == pytest.approx(50.0 * crash)
        one.ratchet(bytes([crash]) * 32)  # which keeps the state anew


@pytest.mark.parametrize(
    "other", [(b"second", 2000.0), (b"first", 900.0), (b"", 2000.0), (b"first", float("nan"))]
)
def test_nobody_knows_an_age_over_another_start_or_a_clock_turned_back(
    tmp_path: Path, other: tuple[bytes, float]
) -> None:
    clock = Started()
    ledger = Ledger(tmp_path / "ledger", clock)
    one = Session(keys(NS)[0], ledger)
    clock.boot, clock.now = other
    assert one.age() == float("inf")
    assert Session(keys(NS)[0]).age() == float("inf")
    for stamp in ([], None, [b"first"], [b"first", "1"], [b"first", True], {}):
        assert ledger.age(stamp) == float("inf")


def test_handovers_that_wait_for_the_peer_survive_a_crash(tmp_path: Path) -> None:
    """More changes than notes: the rest is one more change once the peer is heard, also after a restart."""
    one, two, ledger = started(tmp_path)
    for k in range(packets.MOST_NOTES + 3):
        one.ratchet(bytes([k]) * 32)
    assert one.sending.epoch == packets.MOST_NOTES
    state = ledger.load(one.keys.session)
    assert state is not None
    again = Session.resume(state, ledger)
    assert again._waiting == one._waiting != b""
    assert two.open(again.seal(b"heard")) == b"heard"
    two.counter += 10_000
    again.open(two.seal(b"so is this"))
    assert again.sending.epoch == packets.MOST_NOTES + 1
    assert two.open(again.seal(b"on")) == b"on"
    assert two.receiving.epoch == again.sending.epoch
