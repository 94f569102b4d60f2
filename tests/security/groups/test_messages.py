"""Messages to a group: header and epoch, sender and seal must hold; who is in it, by credentials."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.security.groups.test_groups import held
from tests.security.overlay.test_members import World

from rabta.errors import RabtaError
from rabta.security.core import CompositePrivate, Rejected, cbor
from rabta.security.groups import Authority, Device, keeping, roll, tree
from rabta.security.groups.messages import Message, group_key, seal
from rabta.security.identity import issue
from rabta.security.identity.credential import Claims
from rabta.security.identity.epochs import Epoch
from rabta.security.identity.issue import Bundle, NodeKeys
from rabta.security.identity.trust import Trust, named

SENDER, NAME = CompositePrivate.generate(), os.urandom(48)
AUTHORITY = Authority.generate(6)


def test_every_set_of_members_of_a_small_tree() -> None:
    for depth in (1, 3, 4):
        for mask in range(1 << (1 << depth)):
            members = [k for k in range(1 << depth) if mask >> k & 1]
            found = tree.cover_of(members, depth)
            assert sorted(held(found, depth)) == members
            assert len(found) <= max(len(members), 0)


def test_members_of_a_large_tree() -> None:
    rng = random.Random(4)
    members = set(rng.sample(range(1 << 20), 300))
    made, key = Authority(bytes(32)).header(list(members)[:9], 1, members=members)
    left = members - set(list(members)[:9])
    assert len(made.pairs) <= len(left)
    probes = [*rng.sample(sorted(left), 5), *list(members)[:5], *rng.sample(range(1 << 20), 5)]
    for k in probes:
        device = Authority(bytes(32)).device(k)
        assert made.covers(k) == (k in left)
        if k in left:
            assert device.apply(made.to_bytes(), None, unsigned=True) == key
        else:
            with pytest.raises(Rejected) as refused:
                device.apply(made.to_bytes(), None, unsigned=True)
            assert refused.value.reason == "revoked"


def made(number: int = 3, revoked: tuple[int, ...] = (5,)) -> tuple[bytes, bytes, Epoch]:
    header, key = AUTHORITY.header(revoked, number)
    return header.to_bytes(), key, Epoch(number, header=header.leaf())


def reason(of: pytest.ExceptionInfo[Rejected]) -> str:
    return of.value.reason


def test_a_member_opens_what_another_sealed_and_a_revoked_one_does_not() -> None:
    header, key, epoch = made()
    raw = seal(b"attack at dawn", group_key(AUTHORITY.device(1), header, epoch), epoch, NAME, SENDER)
    message = Message.parse(raw)
    assert message.sender == NAME
    device = AUTHORITY.device(60)
    for _ in range(2):  # a device keeps no state
        assert message.open(group_key(device, header, epoch), epoch, SENDER.public) == b"attack at dawn"
    assert device.epoch == -1
    with pytest.raises(Rejected) as refused:
        group_key(AUTHORITY.device(5), header, epoch)
    assert reason(refused) == "revoked"
    assert key not in raw
    assert b"dawn" not in raw


def test_the_epoch_must_state_the_header() -> None:
    header, _, epoch = made()
    other, _, later = made(4, ())
    device = AUTHORITY.device(1)
    for raw, judged, word in (
        (header, Epoch(3), "proof"),  # an epoch without a group
        (header, later, "proof"),  # whose key the revoked may have
        (other, epoch, "proof"),
        (header, replace(epoch, number=4), "stale"),
        (header[:-1], epoch, "malformed"),
    ):
        with pytest.raises(Rejected) as refused:
            group_key(device, raw, judged)
        assert reason(refused) == word


def test_wrong_senders_epochs_and_keys_are_refused() -> None:
    _, key, epoch = made()
    message = Message.parse(seal(b"x", key, epoch, NAME, SENDER))
    forged = Message.parse(seal(b"x", key, epoch, NAME, CompositePrivate.generate()))
    for one, with_, judged, word in (
        (forged, key, epoch, "signature"),  # any member has the key: the signature tells who
        (message, bytes(32), epoch, "mac"),
        (message, key, replace(epoch, number=4), "stale"),
        (message, key, replace(epoch, header=bytes(48)), "stale"),
    ):
        with pytest.raises(Rejected) as refused:
            one.open(with_, judged, SENDER.public)
        assert reason(refused) == word
    with pytest.raises(Rejected, match="at most"):
        seal(bytes((1 << 24) + 1), key, epoch, NAME, SENDER)


def test_changed_messages_are_refused() -> None:
    _, key, epoch = made()
    raw, draw = seal(b"contents", key, epoch, NAME, SENDER), random.Random(5)
    for _ in range(1500):
        bad = bytearray(raw)
        for _ in range(draw.choice((1, 2, 9))):
            bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        if draw.random() < 0.2:
            bad = bad[: draw.randrange(len(bad))]
        if bytes(bad) == raw:
            continue
        with pytest.raises(Rejected):
            Message.parse(bytes(bad)).open(key, epoch, SENDER.public)


@settings(deadline=None, max_examples=200)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(
    lambda raw: cbor.encode({"body": raw, "signature": bytes(4691)}))))  # fmt: skip
def test_rubbish_is_refused(raw: bytes) -> None:
    with pytest.raises(Rejected):
        Message.parse(raw)


def test_key_files(tmp_path: Path) -> None:
    keeping.save_authority(tmp_path / "a", AUTHORITY, "words")
    keeping.save_device(tmp_path / "d", AUTHORITY.device(9))
    assert keeping.load_authority(tmp_path / "a", "words") == AUTHORITY
    assert keeping.load_device(tmp_path / "d") == AUTHORITY.device(9)
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o600
    assert AUTHORITY.seed not in (tmp_path / "a").read_bytes()
    with pytest.raises(RabtaError, match="another kind"):
        keeping.load_device(tmp_path / "a", "words")
    with pytest.raises(RabtaError, match="sealed"):
        keeping.load_authority(tmp_path / "a")
    with pytest.raises(RabtaError, match="there already"):
        keeping.save_device(tmp_path / "d", Device(0, 6, AUTHORITY.device(0).labels))


def bundle(world: World, name: str, device: int, first: int = 0, last: int = 9) -> Bundle:
    keys = NodeKeys.generate()
    public = {number: key.public for number, key in keys.keys.items()}
    claims = Claims(name, "node", "secret", first, last, keys.sign.public, public, device)
    raw = issue.combine(claims, [issue.endorse(claims, world.officer)], world.root)
    return Bundle(raw, world.proof(raw))


def test_who_is_called(tmp_path: Path) -> None:
    world = World(tmp_path)
    nodes = {
        "in": bundle(world, "in", 1), "lost before": bundle(world, "lost before", 2),
        "lost now": bundle(world, "lost now", 3), "expired": bundle(world, "expired", 4, last=2),
        "early": bundle(world, "early", 5, first=4), "none": bundle(world, "none", -1),
        "heir": bundle(world, "heir", 3),
    }  # fmt: skip
    trust = Trust(world.root, world.policy)
    trust.advance(*world.epoch(2, named(nodes["lost before"])))
    found = roll.called(nodes.values(), trust, 3, [nodes["lost now"]])
    assert found.members == {1: "in"}
    assert found.out == {
        "lost before": "revoked", "lost now": "revoked", "expired": "expired with epoch 2",
        "early": "begins with epoch 4", "none": "no device number",
        "heir": "device 3 was another's that is revoked",
    }  # fmt: skip
    # who is revoked and not listed is out all the same
    assert roll.called([nodes["heir"]], trust, 3, [nodes["lost now"]]).members == {}
    with pytest.raises(RabtaError, match="one device number"):
        roll.called([nodes["in"], bundle(world, "twin", 1)], trust, 3)
    renewed = bundle(world, "in", 1, first=1)
    assert roll.called([nodes["in"], renewed], trust, 3).members == {1: "in"}


def test_credentials_of_a_roll_are_judged(tmp_path: Path) -> None:
    world = World(tmp_path)
    good, other = bundle(world, "in", 1), bundle(world, "other", 2)
    trust = Trust(world.root, world.policy)
    (tmp_path / "stranger").mkdir()
    stranger = World(tmp_path / "stranger")
    for bad, word in (
        (bundle(stranger, "in", 1), "quorum"),
        (Bundle(good.credential, other.proof), "proof"),
        (Bundle(good.credential, replace(good.proof, note=b"x")), "malformed"),
    ):
        with pytest.raises(Rejected) as refused:
            roll.called([bad], trust, 3)
        assert reason(refused) == word
