"""Subset difference: everybody but the revoked gets the key, on every small tree and on large ones."""

from __future__ import annotations

import copy
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.core import CompositePrivate, Rejected
from rabta.security.groups import Authority, Device, header, tree

SIGNER = CompositePrivate.generate()


def leaves(top: int, depth: int) -> set[int]:
    """Leaves below a node, as devices."""
    shift = depth + 1 - top.bit_length()
    return set(range((top << shift) - (1 << depth), (top + 1 << shift) - (1 << depth)))


def held(pairs: list[tuple[int, int]], depth: int) -> list[int]:
    """Devices of a cover, each as often as subsets hold it."""
    out: list[int] = []
    for i, j in pairs:
        out += sorted(leaves(i, depth) - (leaves(j, depth) if j else set()))
    return out


def test_every_revoked_set_of_sixteen_devices() -> None:
    for mask in range(1 << 16):
        revoked = [k for k in range(16) if mask >> k & 1]
        found = tree.cover(revoked, 4)
        # Naor, Naor and Lotspiech 2001, theorem 3.2: at most 2 r - 1 subsets, disjoint, of all others
        assert len(found) <= max(2 * len(revoked) - 1, 1)
        assert sorted(held(found, 4)) == [k for k in range(16) if not mask >> k & 1]


def test_who_is_not_revoked_gets_the_key_and_nobody_else() -> None:
    authority = Authority.generate(3)
    devices = [authority.device(k) for k in range(8)]
    for mask in range(256):
        revoked = {k for k in range(8) if mask >> k & 1}
        made, key = authority.header(revoked, mask)
        raw = made.to_bytes()
        for device in devices:
            one = copy.copy(device)
            if one.index in revoked:
                with pytest.raises(Rejected) as refused:
                    one.apply(raw, None, unsigned=True)
                assert refused.value.reason == "revoked"
            else:
                assert one.apply(raw, None, unsigned=True) == key


def derivable(device: Device) -> set[bytes]:
    """Every subset key that a device can compute, with all that its labels lead to."""
    leaf = device.index + (1 << device.depth)
    found, at = set(), 0
    for level in range(device.depth):
        top = leaf >> device.depth - level
        for node in tree.hanging(leaf, top):
            stack = [(node, device.labels[at : at + tree.KEY_BYTES])]
            at += tree.KEY_BYTES
            while stack:
                below, label = stack.pop()
                found.add(tree.subset_key(label))
                if below.bit_length() <= device.depth:
                    stack += [(2 * below, tree.left(label)), (2 * below + 1, tree.right(label))]
    return found


def test_the_revoked_together_have_none_of_the_keys() -> None:
    authority = Authority.generate(4)
    for count in (1, 2, 3, 5):
        for revoked in itertools.islice(itertools.combinations(range(16), count), 0, None, 7):
            together = set().union(*(derivable(authority.device(k)) for k in revoked))
            for i, j in tree.cover(revoked, 4):
                assert authority._subset(i, j) not in together
    everyone = derivable(authority.device(3))
    subset = next(pair for pair in tree.cover([0], 4) if 3 in held([pair], 4))
    assert authority._subset(*subset) in everyone, "the search finds keys that a device has"


def test_a_device_that_was_away_for_a_month_applies_the_newest_header_alone() -> None:
    authority, rng = Authority.generate(), random.Random(1)
    device = authority.device(777_777)
    old, _ = authority.header(rng.sample(range(1 << 20), 3), 1, SIGNER)
    assert device.apply(old.to_bytes(), SIGNER.public)
    revoked = set(rng.sample(range(1 << 20), 100)) - {777_777}
    new, key = authority.header(revoked, 4_000, SIGNER)
    assert device.apply(new.to_bytes(), SIGNER.public) == key
    with pytest.raises(Rejected) as refused:
        device.apply(old.to_bytes(), SIGNER.public)
    assert refused.value.reason == "stale"
    assert len(device.labels) == 6752
    assert len(new.to_bytes()) - len(new.signature) <= 7_000


def test_expected_size_of_the_cover() -> None:
    # Naor, Naor and Lotspiech 2001, section 3.2: about 1.25 r subsets on average for r random devices
    rng = random.Random(2)
    sizes = [len(tree.cover(rng.sample(range(1 << 20), 200), 20)) / 200 for _ in range(60)]
    assert sum(sizes) / len(sizes) == pytest.approx(1.25, abs=0.03)


def test_a_header_must_be_signed_by_the_authority() -> None:
    authority = Authority.generate(6)
    device = authority.device(5)
    bare, _ = authority.header([1], 1)
    forged, _ = authority.header([1], 1 << 60, CompositePrivate.generate())
    for raw, public in ((bare, SIGNER.public), (forged, SIGNER.public), (bare, None)):
        with pytest.raises(Rejected) as refused:
            device.apply(raw.to_bytes(), public)
        assert refused.value.reason == "signature"
    assert device.epoch == -1, "refused headers move nothing"


def test_mutated_headers_never_give_another_key() -> None:
    authority, rng = Authority.generate(10), random.Random(3)
    made, key = authority.header(rng.sample(range(1 << 10), 12), 9)
    raw, wrong = made.to_bytes(), 0
    device = authority.device(next(k for k in range(1 << 10) if k in held(tree_pairs(made), 10)))
    for _ in range(10_000):
        bad = bytearray(raw)
        for _ in range(rng.choice([1, 1, 3])):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        one = copy.copy(device)
        try:
            wrong += one.apply(bytes(bad), None, unsigned=True) != key or bytes(bad) != raw
        except Rejected:
            assert one.epoch == -1
    assert wrong == 0


def tree_pairs(made: header.Header) -> list[tuple[int, int]]:
    """Subsets of a header."""
    return list(zip(made.subsets[::2], made.subsets[1::2], strict=True))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_rubbish_is_refused(raw: bytes) -> None:
    device = _DEVICE
    for data in (raw, header.MAGIC + raw):
        with pytest.raises(Rejected):
            copy.copy(device).apply(data, None, unsigned=True)


_DEVICE = Authority(bytes(32), 6).device(3)


def test_wrong_numbers_are_named() -> None:
    with pytest.raises(RabtaError, match="no such device"):
        Authority.generate(4).device(16)
    with pytest.raises(RabtaError, match="no seed"):
        Authority(b"short")
    with pytest.raises(Rejected):
        Device(0, 4, b"too few")


def test_seed_and_labels_are_not_shown() -> None:
    authority = Authority.generate(4)
    assert repr(authority.seed) not in repr(authority)
    assert "labels" not in repr(authority.device(0))
