"""The session in symbols: ratchet, refresh, replay window, leased counters; the cookie before the first work.

Window and counters are small machines, so every order of delivery and every point of a crash is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rabta.security.model.handshake import EMPTY, KEYS
from rabta.security.model.knowledge import Knowledge, Powers
from rabta.security.model.scenarios import A, B, Outcome, secrets
from rabta.security.model.search import Claim, Match, Open, Play, Role, Say, Search, Take, Wait
from rabta.security.model.terms import (
    Term,
    ciphertext,
    const,
    decapsulate,
    dh,
    dh_public,
    kem_public,
    many,
    name,
    one_way,
    sealed,
)
from rabta.security.session.chain import LIVE

EPOCHS = 2 * LIVE
PACKETS, WINDOW, DELIVERIES = 6, 3, 8
LEASE, CRASHES = 2, 3
THERE, BACK = KEYS[:2]


def packet_key(chain: Term) -> Term:
    """Key of an epoch's packets."""
    return one_way("expand packet key", chain)


def following(chain: Term, note: Term, *secrets_: Term) -> Term:
    """Chain key of the next epoch, after a handover or, with a secret, a refresh."""
    for one in secrets_:
        chain = one_way("extract", chain, const("refresh"), one)
    return one_way("expand ratchet", chain, note)


def refresh_secret(offer: tuple[Term, ...], answer: tuple[Term, ...], *shared: Term) -> Term:
    """Secret of a refresh: the fresh ones, bound to all that was sent."""
    return one_way("digest", *shared, one_way("digest", *offer, *answer))


def ratchet(without: frozenset[str]) -> Outcome:
    """Whoever takes a node's state after a handover cannot open what is older than the live epochs.

    The state is the newest chain key and the packet keys of the live epochs, which late packets still need.
    """
    chain = name("chain")
    keys: list[Term] = []
    notes: list[Term] = []
    live = EPOCHS if "forgotten keys" in without else LIVE
    for number in range(EPOCHS):
        keys.append(packet_key(chain))
        heard = [sealed(key, const("header"), name(f"data {n}")) for n, key in enumerate(keys)]
        known = Knowledge.of(Powers(), [chain, *keys[-live:], *notes, *heard])
        for old, key in enumerate(keys[:-LIVE]):
            if known.derives(key) or known.derives(name(f"data {old}")):
                return Outcome(number + 1, f"the state of epoch {number} opens packets of epoch {old}")
        notes.append(const(f"handover {number}"))
        chain = following(chain, notes[-1]) if "hash" not in without else many(chain, notes[-1])
    return Outcome(EPOCHS)


def refresh(without: frozenset[str]) -> Outcome:
    """An attacker with both nodes' whole state and static keys, who then only listens, loses the session."""
    chain, note = name("chain"), const("round 1")
    private, e, f, random = (name(f"refresh {part}") for part in ("kem", "e", "f", "random"))
    sent = ciphertext(kem_public(private), random)
    offer, answer = (kem_public(private), dh_public(e)), (sent, dh_public(f))
    heard = [sealed(packet_key(chain), const("header"), many(*part)) for part in (offer, answer)]
    shared = [] if "fresh kem" in without else [decapsulate(private, sent)]
    shared += [] if "fresh dh" in without else [dh(e, dh_public(f))]
    healed = following(chain, note, refresh_secret(offer, answer, *shared))
    cases = (Powers(), Powers(breaks_dh=True), Powers(breaks_kem=True))
    for number, powers in enumerate(cases, 1):
        known = Knowledge.of(powers, [chain, note, *heard, *secrets(("A", "B", "psk"))])
        if known.derives(healed) or known.derives(packet_key(healed)):
            return Outcome(number, f"the refreshed session is known ({powers})")
    return Outcome(len(cases))


def directions(without: frozenset[str]) -> Outcome:
    """A node never takes a packet that it sent itself, nor one of another epoch."""
    root = name("chain key of the handshake")
    header, data = const("header"), name("data")

    def key(epoch: int, way: str) -> Term:
        chain = root if "ways apart" in without else one_way(f"expand {way}", root)
        after = chain if "epochs apart" in without else following(chain, const("handover"))
        return packet_key(after if epoch else chain)

    def sends() -> Play:
        yield Say((sealed(key(0, THERE), header, data),))

    def takes(epoch: int, way: str, own: Term) -> Role:
        def play() -> Play:
            yield Wait()
            yield Open(key(epoch, way), header, (data,))
            yield Claim("commit", way, own, A.identifier, (data,))

        return play

    meant = takes(0, THERE, B.identifier)
    roles = [sends, meant, takes(0, BACK, A.identifier), takes(1, THERE, B.identifier)]
    search = Search(roles, Knowledge.of(Powers(), [header]), name("random"))
    for number, state in enumerate(search.states(), 1):
        wrong = [session for session, _ in state.claims if session > 1]
        if wrong:
            return Outcome(number, f"session {wrong[0]} takes a packet that was not meant for it")
    return Outcome(len(search.seen))


class Receiver(NamedTuple):
    """Highest counter taken, the window's mask of those taken below it, and how often each was taken."""

    highest: int = -1
    mask: int = 0
    taken: tuple[int, ...] = (0,) * PACKETS


def accept(state: Receiver, counter: int, without: frozenset[str]) -> Receiver:
    """State after a genuine packet of this counter, the same where it is refused."""
    highest, mask = state.highest, state.mask
    if counter > highest:
        shift = counter - highest
        moved = mask if "shift" in without else mask << shift
        highest, mask = counter, (moved | 1) & ((1 << WINDOW) - 1)
    else:
        age = highest - counter
        if "window" not in without and (age >= WINDOW or mask >> age & 1):
            return state
        if age < WINDOW:
            mask |= 1 << age
    taken = tuple(n + (i == counter) for i, n in enumerate(state.taken))
    return Receiver(highest, mask, taken)


def replay(without: frozenset[str]) -> Outcome:
    """However packets are lost, late, reordered or repeated: each is taken once, none refused too early."""
    states: set[Receiver] = {Receiver()}
    edge = set(states)
    for _ in range(DELIVERIES):
        after = set()
        for state in edge:
            for counter in range(PACKETS):
                found = accept(state, counter, without)
                fresh = not state.taken[counter] and counter > state.highest - WINDOW
                if max(found.taken) > 1:
                    return Outcome(len(states), f"packet {counter} is taken twice")
                if fresh and not found.taken[counter]:
                    return Outcome(len(states), f"packet {counter} is new, within the window, and refused")
                after.add(found)
        edge = after - states
        states |= after
    return Outcome(len(states))


class Sender(NamedTuple):
    """Next counter and the end of the lease in memory; the lease on disk; counters used; crashes so far."""

    next: int = 0
    end: int = 0
    disk: int = 0
    used: frozenset[int] = frozenset()
    crashes: int = 0


def _moves(state: Sender, without: frozenset[str]) -> Iterator[tuple[Sender, int | None]]:
    """States after a crash, a write of the lease, or a packet with its counter."""
    if state.crashes < CRASHES:
        yield state._replace(next=state.disk, end=state.disk, crashes=state.crashes + 1), None
    if state.next < state.end or "lease first" in without:
        yield state._replace(next=state.next + 1, used=state.used | {state.next}), state.next
    if state.next >= state.end:
        yield state._replace(disk=state.next + LEASE, end=state.next + LEASE), None


def counters(without: frozenset[str]) -> Outcome:
    """However often and wherever the node is killed, no counter, so no nonce, is used twice."""
    seen, stack = {Sender()}, [Sender()]
    while stack:
        state = stack.pop()
        for after, used in _moves(state, without):
            if used is not None and used in state.used:
                return Outcome(len(seen), f"counter {used} is used twice after {state.crashes} crashes")
            if after not in seen and len(after.used) <= PACKETS and after.disk <= 4 * PACKETS:
                seen.add(after)
                stack.append(after)
    return Outcome(len(seen))


def cookie(without: frozenset[str]) -> Outcome:
    """No KEM operation is done for an address at which nobody answered."""
    key = name("cookie key")
    victim, own = const("address of the victim"), const("address of the attacker")

    def made(address: Term, exchange: Term) -> Term:
        return one_way("cookie", key, exchange, *([] if "address" in without else [address]))

    def play() -> Play:
        yield Wait()
        address = yield Take("address", (victim, own))
        exchange = yield Take("exchange", (const("exchange 1"), const("exchange 2")))
        if address is own:  # what goes to the victim's address is not heard
            yield Say((made(address, exchange),))

    def work() -> Play:
        yield Wait()
        address = yield Take("address", (victim, own))
        exchange = yield Take("exchange", (const("exchange 1"), const("exchange 2")))
        if "cookie" not in without:
            yield Match(made(address, exchange))
        yield Claim("work", "R", B.identifier, address, (EMPTY,))

    search = Search([play, play, work, work], Knowledge.of(Powers(), [A.identifier]), name("random"))
    for number, state in enumerate(search.states(), 1):
        if any(claim.kind == "work" and claim.peer is victim for _, claim in state.claims):
            return Outcome(number, "work is done for an address that never answered")
    return Outcome(len(search.seen))
