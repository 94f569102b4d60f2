"""``rabta overlay group`` end to end: a device is lost, a member that was offline reads on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.security.identity.test_commands import nation, rabta

from rabta.errors import RabtaError
from rabta.security.audit import keys
from rabta.security.audit.log import Log
from rabta.security.audit.notes import COSIGNED_MLDSA44, ED25519, Signing
from rabta.security.core import Rejected

__all__ = ["nation", "rabta"]

BY = "--root root.cbor --policy policy.toml"
Run = Callable[[str], Any]


class Nation:
    """Officers, a log with one witness, nodes with devices of a group of 64."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.key = Signing.generate("log.gov.pk", ED25519)
        self.witness = Signing.generate("w.gov.pk", COSIGNED_MLDSA44)
        keys.save(Path("log.key"), [self.key])
        Log.create(Path("log"), "log.gov.pk", [self.key]).close()
        Path("policy.toml").write_text(
            f'origin = "log.gov.pk"\nquorum = 1\nlog = ["{self.key.public.text}"]\n'
            f'witnesses = ["{self.witness.public.text}"]\n'
        )
        run("overlay group new group.key --depth 6 --no-sealed")

    def prove(self, entry: int, out: str) -> None:
        with Log.open(Path("log"), [self.key]) as log:
            note = log.checkpoint(1_800_000_000 + entry)
            text = note.split(b"\n\n")[0].decode() + "\n"
            log.cosigned(self.witness.line(text, 1_800_000_000 + entry))
            Path(out).write_bytes(log.prove(entry).encode())

    def issued(self, what: str, out: str) -> None:
        for k in range(2):
            self.run(f"keys sign {what} --key o{k}.key --no-sealed --out {what}.s{k}")
        told = self.run(
            f"keys issue {what} {what}.s0 {what}.s1 --root root.cbor --log log --log-key log.key --out {out}"
        )
        self.prove(told["entry"], f"{out}.proof")

    def node(self, name: str, device: int) -> None:
        self.run(f"keys request {name}.key --name {name} --last 9 --device {device} --out {name}.req")
        self.issued(f"{name}.req", f"{name}.cred")
        self.run(f"keys bundle {name}.cred --proof {name}.cred.proof --out {name}.bundle")
        if device >= 0:
            self.run(f"overlay group device group.key --bundle {name}.bundle {BY} --out {name}.device")

    def epoch(self, number: int, members: str, *, revoke: str = "", after: int = 0) -> Any:
        """Header and epoch of a number; what was told of the header."""
        listed = " ".join(f"--member {name}.bundle" for name in members.split())
        gone = f"--revoke {revoke}.bundle" if revoke else ""
        before = f"--after e{after} --after-proof e{after}.proof" if after else ""
        told = self.run(
            f"overlay group header group.key --number {number} {listed} {gone} {before} {BY} --out h{number}"
        )
        kept = f"--after e{after} --root root.cbor" if after else ""
        drafted = self.run(f"keys epoch {number} {gone} {kept} --header h{number} --out d{number}")
        assert drafted["header"] == told["sha384"]
        self.issued(f"d{number}", f"e{number}")
        return told

    def seal(self, name: str, number: int, out: str) -> Any:
        return self.run(
            f"overlay group seal order.txt --device {name}.device --header h{number} --epoch e{number} "
            f"--epoch-proof e{number}.proof {BY} --key {name}.key --own {name}.bundle --out {out}"
        )

    def open(
        self, name: str, number: int, file: str, out: str, sender: str = "gilgit", more: str = ""
    ) -> Any:
        return self.run(
            f"overlay group open {file} --device {name}.device --header h{number} --epoch e{number} "
            f"--epoch-proof e{number}.proof {BY} --from {sender}.bundle --out {out} {more}"
        )


@pytest.fixture
def state(nation: Run) -> Nation:
    made = Nation(nation)
    for device, name in enumerate(("gilgit", "karachi", "lost"), 20):
        made.node(name, device)
    Path("order.txt").write_text("move to the second channel\n")
    return made


def test_who_was_offline_reads_on_and_who_was_lost_does_not(state: Nation) -> None:
    told = state.epoch(1, "gilgit karachi lost")
    assert told["members"] == ["gilgit", "karachi", "lost"]
    state.seal("gilgit", 1, "first.sealed")
    assert state.open("lost", 1, "first.sealed", "lost-1.txt")["sender"] == "gilgit"
    assert Path("lost-1.txt").read_text() == "move to the second channel\n"
    assert Path("lost-1.txt").stat().st_mode & 0o777 == 0o600
    # karachi is off all the time; lost is lost; epochs go on
    told = state.epoch(2, "gilgit karachi lost", revoke="lost", after=1)
    assert (told["members"], told["out"]) == (["gilgit", "karachi"], ["lost: revoked"])
    told = state.epoch(3, "gilgit karachi lost", after=2)
    assert told["out"] == ["lost: revoked"], "without being named again"
    state.seal("gilgit", 3, "third.sealed")
    assert state.open("karachi", 3, "third.sealed", "karachi.txt")["epoch"] == 3
    assert Path("karachi.txt").read_bytes() == Path("order.txt").read_bytes()
    with pytest.raises(Rejected) as refused:
        state.open("lost", 3, "third.sealed", "lost-3.txt")
    assert refused.value.reason == "revoked"
    assert not Path("lost-3.txt").exists()
    with pytest.raises(Rejected) as refused:
        state.seal("lost", 3, "forged.sealed")
    assert refused.value.reason == "revoked"
    with pytest.raises(Rejected) as refused:  # the lost one has the key of the first
        state.seal("gilgit", 1, "old.sealed")
    assert refused.value.reason == "stale"
    # what lost sealed when it could is not taken from it any more
    with pytest.raises(Rejected) as refused:
        state.open("karachi", 1, "first.sealed", "old.txt")
    assert refused.value.reason == "stale"
    assert state.open("karachi", 1, "first.sealed", "old.txt", more="--older")["epoch"] == 1


def test_a_revoked_senders_older_message_is_refused(state: Nation) -> None:
    state.epoch(1, "gilgit karachi lost")
    state.seal("lost", 1, "from-lost.sealed")
    state.epoch(2, "gilgit karachi lost", revoke="lost", after=1)
    state.seal("gilgit", 2, "second.sealed")
    state.open("karachi", 2, "second.sealed", "second.txt")
    with pytest.raises(Rejected) as refused:
        state.open("karachi", 1, "from-lost.sealed", "x.txt", sender="lost", more="--older")
    assert refused.value.reason == "revoked"


def test_a_newer_epoch_in_a_bundle_ends_the_older_one_and_is_kept(state: Nation) -> None:
    """Whoever learns of a revocation by a bundle seals nothing for the revoked, and does not forget it."""
    state.epoch(1, "gilgit karachi lost")
    state.seal("gilgit", 1, "first.sealed")
    state.epoch(2, "gilgit karachi lost", revoke="lost", after=1)
    newer = "--epoch e2 --epoch-proof e2.proof"
    state.run(f"keys bundle gilgit.cred --proof gilgit.cred.proof {newer} --out new.bundle")
    Path("new.bundle").replace("gilgit.bundle")
    for _ in range(2):  # and it is known from then on
        with pytest.raises(Rejected, match="epoch 1 is over"):
            state.seal("gilgit", 1, "x.sealed")
        with pytest.raises(Rejected, match="epoch 1 is over"):
            state.open("karachi", 1, "first.sealed", "x.txt")
    assert not Path("x.sealed").exists()
    assert not Path("x.txt").exists()
    assert state.open("karachi", 1, "first.sealed", "x.txt", more="--older")["epoch"] == 1


def test_headers_that_no_epoch_states_are_refused(state: Nation) -> None:
    state.epoch(1, "gilgit karachi")
    state.seal("gilgit", 1, "first.sealed")
    state.run(f"overlay group header group.key --number 1 --member lost.bundle {BY} --out other")
    Path("h1").write_bytes(Path("other").read_bytes())
    with pytest.raises(Rejected, match="does not state"):
        state.open("karachi", 1, "first.sealed", "x.txt")
    with pytest.raises(Rejected, match="does not state"):
        state.seal("gilgit", 1, "y.sealed")
    assert not Path("x.txt").exists()
    assert not Path("y.sealed").exists()


def test_what_does_not_fit_is_refused_by_name(state: Nation) -> None:
    run = state.run
    state.epoch(1, "gilgit karachi lost")
    state.seal("gilgit", 1, "first.sealed")
    head, after = f"overlay group header group.key {BY} --out h9", "--after e1 --after-proof e1.proof"
    for line, words in (
        (f"{head} --number 1 --member gilgit.bundle {after}", "only go up"),
        (f"{head} --number 0 --member gilgit.bundle", "must stay out"),
        (f"{head} --number 2 --member gilgit.bundle", "must stay out"),
        (f"{head} --number 2 --member gilgit.bundle --after e1", "goes with its proof"),
        (f"{head} --number 2 --member lost.bundle --revoke lost.bundle {after}", "nobody is left"),
        (f"{head} --number 10 --member gilgit.bundle {after}", "nobody is left"),  # expired with epoch 9
        ("keys epoch 2 --header h1 --out d2", "another epoch"),
        ("keys epoch 1 --header h1 --revoke lost.bundle --out d2", "still gives the key to lost"),
        ("keys epoch 1 --header e1 --out d2", "header"),
        (f"overlay group device gilgit.key --bundle gilgit.bundle {BY} --out x", "another kind"),
    ):
        with pytest.raises(RabtaError, match=words):
            run(line)
    with pytest.raises(RabtaError, match="not by karachi"):
        state.open("karachi", 1, "first.sealed", "x.txt", sender="karachi")
    with pytest.raises(RabtaError, match="another node's"):
        run(
            "overlay group seal order.txt --device gilgit.device --header h1 --epoch e1 "
            f"--epoch-proof e1.proof {BY} --key gilgit.key --own karachi.bundle --out y.sealed"
        )
    assert not [path for path in ("h9", "d2", "x", "x.txt", "y.sealed") if Path(path).exists()]
    state.node("bare", -1)
    with pytest.raises(RabtaError, match="no device number"):
        run(f"overlay group device group.key --bundle bare.bundle {BY} --out x")
    assert run("overlay group show h1")["depth"] == 6


def test_an_epoch_without_witnesses_or_officers_opens_nothing(state: Nation) -> None:
    state.epoch(1, "gilgit karachi")
    state.seal("gilgit", 1, "first.sealed")
    good = Path("e1.proof").read_bytes(), Path("e1").read_bytes()
    lines = good[0].rstrip(b"\n").split(b"\n")
    Path("e1.proof").write_bytes(b"\n".join(line for line in lines if b"w.gov.pk" not in line) + b"\n")
    with pytest.raises(Rejected) as refused:
        state.open("karachi", 1, "first.sealed", "x.txt")
    assert refused.value.reason == "quorum"
    Path("e1.proof").write_bytes(good[0])
    Path("e1").write_bytes(good[1][:-1] + bytes([good[1][-1] ^ 1]))
    with pytest.raises(Rejected) as refused:
        state.open("karachi", 1, "first.sealed", "x.txt")
    assert refused.value.reason == "signature"
    assert not Path("x.txt").exists()
