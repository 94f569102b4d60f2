"""Credentials, epochs and trust: real signatures, a real log and witnesses, and what must be refused."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta.errors import RabtaError
from rabta.security.audit.log import Log
from rabta.security.audit.notes import COSIGNED_ED25519, COSIGNED_MLDSA44, ED25519, Signing, add
from rabta.security.audit.policy import Policy
from rabta.security.audit.portable import Inclusion
from rabta.security.core import CompositePrivate, Rejected
from rabta.security.identity import cose, credential, epochs, issue
from rabta.security.identity.clock import Clock
from rabta.security.identity.credential import Claims
from rabta.security.identity.epochs import Epoch
from rabta.security.identity.issue import Bundle, NodeKeys
from rabta.security.identity.roots import RootPolicy
from rabta.security.identity.trust import Trust

T0 = 1_800_000_000


class World:
    """Two of three officers, a log, two of three witnesses, some nodes."""

    def __init__(self, folder: Path) -> None:
        self.officers = [CompositePrivate.generate() for _ in range(3)]
        self.root = RootPolicy(2, tuple(one.public for one in self.officers))
        signing = Signing.generate("log.example", ED25519)
        self.log = Log.create(folder / "log", "log.example", [signing])
        self.witnesses = [Signing.generate(f"w{k}.example", COSIGNED_MLDSA44) for k in range(3)]
        self.policy = Policy("log.example", (signing.public,), tuple(w.public for w in self.witnesses), 2)
        self.time = T0

    def proof(self, raw: bytes, witnesses: int = 2) -> Inclusion:
        index = self.log.append(raw)
        self.time += 10
        note = self.log.checkpoint(self.time)
        text = note.split(b"\n\n")[0].decode() + "\n"
        for witness in self.witnesses[:witnesses]:
            note = add(note, witness.line(text, self.time))
        return replace(self.log.prove(index), note=note)

    def node(self, label: str, first: int = 0, last: int = 10, **changes: object) -> tuple[NodeKeys, Bundle]:
        keys = NodeKeys.generate()
        blank = SimpleNamespace(name=label, role="node", clearance="secret", device=-1)
        blank.first, blank.last = first, last
        public = {n: key.public for n, key in keys.keys.items()}
        claims = Claims(**{**vars(blank), "verify": keys.sign.public, "keys": public, **changes})
        asked = issue.asked(issue.request(keys, claims))
        signatures = [issue.endorse(asked, officer) for officer in self.officers[:2]]
        raw = issue.combine(asked, signatures, self.root)
        return keys, Bundle(raw, self.proof(raw))

    def epoch(self, number: int, revoked: tuple[bytes, ...] = ()) -> tuple[bytes, Inclusion]:
        made = Epoch(number, epochs.short(revoked))
        raw = epochs.combine(made, [epochs.endorse(made, one) for one in self.officers[1:]], self.root)
        return raw, self.proof(raw)

    def trust(self) -> Trust:
        return Trust(self.root, self.policy)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("identity"))


def test_sig_structure_is_that_of_rfc_9052() -> None:
    # RFC 9052, 4.4: ["Signature", body_protected, sign_protected, external_aad, payload]
    made = cbor2.loads(cose.to_be_signed("epoch", b"payload", bytes(48)))
    assert made[0] == "Signature"
    assert cbor2.loads(made[1]) == {3: "application/rabta-epoch+cbor"}
    assert cbor2.loads(made[2]) == {1: -70087, 4: bytes(48)}
    assert made[3:] == [b"", b"payload"]


def test_a_node_is_accepted_and_found_again(world: World) -> None:
    _, bundle = world.node("Gilgit")
    trust = world.trust()
    found = trust.accept(Bundle.decode(bundle.encode()))
    assert (found.name, found.role, found.clearance) == ("Gilgit", "node", "secret")
    assert trust.lookup(found.identifier) == found
    assert trust.clock.lower(0.0) >= T0
    assert credential.cleared(found.clearance, "confidential")


def test_one_officer_or_one_witness_is_not_enough(world: World) -> None:
    keys, bundle = world.node("Skardu")
    claims = issue.asked(
        issue.request(keys, Claims.decode(cose.parse(bundle.credential, "credential").payload))
    )
    with pytest.raises(Rejected) as refused:
        issue.combine(claims, [issue.endorse(claims, world.officers[0])], world.root)
    assert refused.value.reason == "quorum"
    lone = credential.credential(claims, [issue.endorse(claims, world.officers[0])])
    with pytest.raises(Rejected) as refused:
        world.trust().accept(Bundle(lone, world.proof(lone)))
    assert refused.value.reason == "quorum"
    with pytest.raises(Rejected) as refused:
        world.trust().accept(Bundle(bundle.credential, world.proof(bundle.credential, witnesses=1)))
    assert refused.value.reason == "quorum"


def test_what_is_not_on_the_log_is_not_accepted(world: World) -> None:
    _, one = world.node("A")
    _, two = world.node("B")
    with pytest.raises(Rejected) as refused:
        world.trust().accept(Bundle(one.credential, two.proof))
    assert refused.value.reason == "proof"


def test_an_outsider_s_signature_counts_for_nothing(world: World) -> None:
    _, bundle = world.node("C")
    signed = cose.parse(bundle.credential, "credential")
    outsider = cose.endorse("credential", signed.payload, CompositePrivate.generate())
    raw = replace(signed, signatures=(signed.signatures[0], outsider)).encode()
    with pytest.raises(Rejected) as refused:
        world.trust().accept(Bundle(raw, world.proof(raw)))
    assert refused.value.reason == "quorum"


def test_revoked_and_expired_are_refused_also_when_known(world: World) -> None:
    trust = world.trust()
    _, first = world.node("D", last=2)
    _, second = world.node("E", last=9)
    one, two = trust.accept(first), trust.accept(second)
    trust.advance(*world.epoch(1, (two.identifier,)))
    assert trust.lookup(one.identifier)
    with pytest.raises(Rejected) as refused:
        trust.lookup(two.identifier)
    assert refused.value.reason == "revoked"
    old = world.epoch(2)
    trust.advance(*world.epoch(3))
    with pytest.raises(Rejected) as refused:
        trust.accept(first)
    assert refused.value.reason == "expired"
    with pytest.raises(Rejected) as refused:
        trust.advance(*old)
    assert refused.value.reason == "stale"


def test_peers_that_meet_tell_each_other_the_newest_epoch(world: World) -> None:
    ahead, behind = world.trust(), world.trust()
    _, late = world.node("F", first=2, last=9)
    statement, proof = world.epoch(2)
    ahead.advance(statement, proof)
    with pytest.raises(Rejected) as refused:
        behind.accept(late)
    assert refused.value.reason == "stale"
    shown = replace(late, epoch=statement, epoch_proof=proof)
    assert behind.accept(Bundle.decode(shown.encode())).name == "F"
    assert not behind.meet(statement, proof)


def test_too_old_a_view_accepts_nobody(world: World) -> None:
    trust = world.trust()
    trust.most_age_s = 3600.0
    _, bundle = world.node("G")
    trust.advance(*world.epoch(1), now=0.0)
    found = trust.accept(bundle, now=10.0)
    trust.counter = lambda: 4000.0
    with pytest.raises(Rejected) as refused:
        trust.lookup(found.identifier)
    assert refused.value.reason == "stale"
    world.time += 4000
    trust.advance(*world.epoch(2))
    assert trust.lookup(found.identifier)


def test_an_old_statement_that_comes_late_is_as_old_as_its_witnesses_say(world: World) -> None:
    trust = world.trust()
    trust.most_age_s = 3600.0
    late = world.epoch(1)
    world.time += 7200
    _, bundle = world.node("G2")
    trust.advance(*late, now=5.0)
    with pytest.raises(Rejected) as refused:
        trust.accept(bundle, now=5.0)
    assert refused.value.reason == "stale", "the proof of the bundle itself shows that it is later now"


def test_a_clock_that_was_set_wrongly_is_set_right(world: World) -> None:
    clock = Clock()
    clock.witnessed(T0, 0.0)
    clock.set(T0 + 3e8, 1.0, 0.0)
    clock.set(T0 + 50.0, 1.0, 10.0)
    assert T0 < clock.lower(10.0) < clock.upper(10.0) < T0 + 100.0


def test_state_survives_and_is_verified_again(world: World, tmp_path: Path) -> None:
    trust = world.trust()
    _, bundle = world.node("H")
    name = trust.accept(bundle).identifier
    trust.advance(*world.epoch(5, (name,)))
    trust.save(tmp_path / "trust")
    again = Trust.load(tmp_path / "trust")
    assert (again.epoch, again.size) == (trust.epoch, trust.size)
    with pytest.raises(Rejected) as refused:
        again.accept(bundle)
    assert refused.value.reason == "revoked"


def test_root_rotates_only_by_its_own_officers(world: World) -> None:
    after = RootPolicy(1, (CompositePrivate.generate().public,), serial=1)
    payload = after.encode()
    parts = tuple(cose.endorse("root", payload, one) for one in world.officers[:2])
    assert world.root.successor(cose.Signed("root", payload, parts).encode()) == after
    with pytest.raises(Rejected):
        world.root.successor(cose.Signed("root", payload, parts[:1]).encode())
    with pytest.raises(Rejected):
        after.successor(cose.Signed("root", payload, parts).encode())


def taken(trust: Trust, bundle: Bundle, now: float) -> bool:
    """Whether a bundle is accepted that must not be."""
    try:
        trust.accept(bundle, now)
    except Rejected as error:
        return error.reason not in {"expired", "revoked"}
    return True


def test_clocks_ten_years_off_neither_block_nor_admit(world: World) -> None:
    rng = random.Random(8)
    good = [world.node(f"good {k}", last=20)[1] for k in range(4)]
    lapsed = world.node("lapsed", last=0)[1]
    lost = world.node("lost", last=20)[1]
    probe = world.trust()
    name = probe.accept(lost).identifier
    statement, proof = world.epoch(1, (name,))
    honest = wrong = 0
    ten_years = 10 * 365.25 * 86_400
    for _ in range(200):
        trust = world.trust()
        trust.clock = Clock(drift_ppm=rng.choice([0.1, 20.0, 200.0]))
        trust.clock.set(T0 + rng.choice([-1, 1]) * ten_years, 1.0, 0.0)
        trust.advance(statement, proof, now=1.0)
        now = rng.uniform(1.0, 1e6)
        trust.clock.fix(T0 + rng.choice([-1, 1]) * ten_years, 1e-6, now)
        for bundle in rng.sample(good, 2):
            honest += trust.accept(bundle, now).name.startswith("good")
        for bundle in (lapsed, lost):
            wrong += taken(trust, bundle, now)
    assert (honest, wrong) == (400, 0)


def test_navigation_narrows_time_inside_the_bounds_alone() -> None:
    clock = Clock(drift_ppm=10.0)
    clock.witnessed(T0, 0.0)
    assert not clock.fix(T0 + 100.0, 1.0, 0.0), "no upper bound is known yet"
    clock.set(T0 + 5.0, 10.0, 0.0)
    assert clock.lower(1000.0) == pytest.approx(T0 + 1000.0 * (1 - 1e-5))
    assert clock.upper(1000.0) == pytest.approx(T0 + 15.0 + 1000.0 * (1 + 1e-5))
    assert not clock.fix(T0 + 315_576_000.0, 1e-6, 1000.0)
    assert not clock.fix(T0 - 315_576_000.0, 1e-6, 1000.0)
    assert len(clock.alarms) == 2
    assert clock.fix(T0 + 1005.0, 0.001, 1000.0)
    assert clock.upper(1000.0) - clock.lower(1000.0) == pytest.approx(0.002, abs=1e-6)


@pytest.mark.parametrize(
    ("key", "value"), [("role", "nodes"), ("clearance", "Secret"), ("name", " "), ("first", 11), ("keys", {})]
)
def test_wrong_claims_name_the_field(world: World, key: str, value: object) -> None:
    with pytest.raises(RabtaError) as refused:
        world.node("X", **{key: value})
    assert key in str(refused.value)


def test_keys_are_kept_for_their_owner(tmp_path: Path) -> None:
    keys = NodeKeys.generate()
    keys.save(tmp_path / "node.key", "long enough")
    assert NodeKeys.load(tmp_path / "node.key", "long enough") == keys
    (tmp_path / "node.key").chmod(0o644)
    with pytest.raises(RabtaError, match="0600"):
        NodeKeys.load(tmp_path / "node.key", "long enough")


def test_mutated_bundles_are_refused(world: World) -> None:
    _, bundle = world.node("Mutant")
    raw, rng = bundle.encode(), random.Random(5)
    trust, accepted = world.trust(), 0
    known = trust.accept(bundle)
    for _ in range(2000):
        bad = bytearray(raw)
        for _ in range(rng.choice([1, 1, 1, 4])):
            bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        cut = bytes(bad[: rng.choice([len(bad), len(bad), rng.randrange(len(bad))])])
        try:
            found = copy.copy(trust).accept(Bundle.decode(cut))
        except Rejected:
            continue
        accepted += found != known or Bundle.decode(cut).credential != bundle.credential
    assert accepted == 0


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_rubbish_is_refused(raw: bytes) -> None:
    for read in (Bundle.decode, Claims.decode, Epoch.decode, RootPolicy.decode, issue.asked):
        with pytest.raises(Rejected):
            read(raw)  # type: ignore[operator]


def test_cosignatures_of_ed25519_serve_too(world: World) -> None:
    witness = Signing.generate("old.example", COSIGNED_ED25519)
    policy = Policy("log.example", world.policy.log, (witness.public,), 1)
    _, bundle = world.node("Old")
    text = bundle.proof.note.split(b"\n\n")[0].decode() + "\n"
    note = add(bundle.proof.note, witness.line(text, T0))
    found = Trust(world.root, policy).accept(Bundle(bundle.credential, replace(bundle.proof, note=note)))
    assert found.name == "Old"
