"""The properties of handshake and session, and for each the broken variants on which it must fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from rabta.security.model import scenarios, sessions
from rabta.security.model.knowledge import Powers
from rabta.security.model.scenarios import CI, NS, Check, Outcome, Scenario, explore

Variant = frozenset[str]
DH_FALLS, KEM_FALLS = Powers(breaks_dh=True), Powers(breaks_kem=True)
BOTH_FALL = Powers(breaks_dh=True, breaks_kem=True)
MUTUAL = (scenarios.initiator_is_sure, scenarios.responder_is_sure)
ALL = (scenarios.secrecy, *MUTUAL)


@dataclass(frozen=True)
class Property:
    """A statement, how it is checked for a design that leaves something out, and what must break it.

    Attributes
    ----------
    variants : mapping of str to frozenset
        Broken designs by what they are: parts of the design that they leave out.
    """

    name: str
    statement: str
    check: Callable[[Variant], Outcome]
    variants: dict[str, Variant]


def _explored(*runs: tuple[Scenario, tuple[Check, ...]]) -> Callable[[Variant], Outcome]:
    def check(without: Variant) -> Outcome:
        states = 0
        for scenario, checks in runs:
            found = explore(scenario, checks, without)
            states += found.states
            if found.attack:
                return Outcome(states, f"{', '.join(scenario.sessions)}: {found.attack}")
        return Outcome(states)

    return check


def _without(*parts: str) -> Variant:
    return frozenset(parts)


STATIC_KEMS = ("static kem of the responder", "static kem of the initiator")
STATIC = _without("es", "se", *STATIC_KEMS, "no static-static")
"""A design whose authentication rests on the two static X25519 keys alone."""
TWICE, DISHONEST = ("A>B", ">B", ">B"), ("A>B", "A>E", ">B")
_PAIR = partial(Scenario, ("A>B", ">B"))
HANDSHAKE = (
    Property(
        "secrecy",
        "no key of a session between honest nodes becomes known",
        _explored((Scenario(TWICE), (scenarios.secrecy,)), (Scenario(DISHONEST), (scenarios.secrecy,))),
        {"responder's static keys unused": _without("es", "static kem of the responder")},
    ),
    Property(
        "responder authenticated",
        "an initiator that is done agrees with the responder on names, suite and key, one to one",
        _explored(
            (Scenario(TWICE), (scenarios.initiator_is_sure,)),
            (Scenario(("A>B", "A>B", ">B")), (scenarios.initiator_is_sure,)),
        ),
        {"responder's static keys unused": _without("es", "static kem of the responder")},
    ),
    Property(
        "initiator authenticated",
        "a responder that is done agrees with the initiator on names, suite and key, one to one",
        _explored((Scenario(TWICE), (scenarios.responder_is_sure,))),
        {"initiator's static keys unused": _without("se", "static kem of the initiator")},
    ),
    Property(
        "own key stolen",
        "whoever stole a node's static keys cannot pose to it as others (key compromise impersonation)",
        _explored(
            (_PAIR(known=("psk", "A")), (scenarios.initiator_is_sure,)),
            (_PAIR(known=("psk", "B")), (scenarios.responder_is_sure,)),
        ),
        {"static-static agreement in their place": STATIC},
    ),
    Property(
        "unknown key share",
        "sessions with one key take each other for whom they are, though the attacker registers copied keys",
        _explored(
            (_PAIR(copied="A"), (scenarios.same_peers,)),
            (Scenario(("A>C", ">B"), copied="B"), (scenarios.same_peers,)),
        ),
        {"names not in the transcript": _without("names"), "no transcript": _without("transcript")},
    ),
    Property(
        "forward secrecy",
        "static keys and the pre-shared key that leak later do not open earlier sessions",
        _explored((Scenario(TWICE, later=("A", "B", "psk")), (scenarios.secrecy,))),
        {"no ephemeral keys": _without("ephemeral kem", "ee")},
    ),
    Property(
        "recorded today",
        "nor do they together with a quantum computer, nor with a broken ML-KEM",
        _explored(
            (_PAIR(later=("A", "B", "psk"), later_powers=DH_FALLS), (scenarios.secrecy,)),
            (_PAIR(later=("A", "B", "psk"), later_powers=KEM_FALLS), (scenarios.secrecy,)),
        ),
        {"no ephemeral ML-KEM": _without("ephemeral kem"), "no ephemeral X25519": _without("ee")},
    ),
    Property(
        "X25519 falls",
        "secrecy and mutual authentication while the attacker computes discrete logarithms",
        _explored((_PAIR(powers=DH_FALLS), ALL)),
        {
            "responder's ML-KEM unused": _without("static kem of the responder"),
            "initiator's ML-KEM unused": _without("static kem of the initiator"),
        },
    ),
    Property(
        "ML-KEM falls",
        "secrecy and mutual authentication while the attacker opens every ML-KEM ciphertext",
        _explored((_PAIR(powers=KEM_FALLS), ALL)),
        {"es left out": _without("es"), "se left out": _without("se")},
    ),
    Property(
        "pre-shared key alone",
        "secrecy and mutual authentication by the pre-shared key where X25519 and ML-KEM both fall",
        _explored((_PAIR(known=(), powers=BOTH_FALL), ALL)),
        {"pre-shared key unused": _without("psk")},
    ),
    Property(
        "no downgrade",
        "both sides end with the suite that the initiator was configured for, or not at all",
        _explored((_PAIR(suites=(NS, CI)), MUTUAL)),
        {"suite not bound": _without("suite")},
    ),
    Property(
        "replayed hello",
        "no recorded messages make a responder sure of a second session",
        _explored((Scenario(TWICE), (scenarios.responder_is_sure,))),
        {
            "nothing fresh of the responder": _without(
                "ephemeral kem", "ee", "se", STATIC_KEMS[1], "answer in the transcript", "no static-static"
            )
        },
    ),
    Property(
        "initiator hidden",
        "who lacks the responder's keys neither reads the initiator's name nor can confirm a guess of it",
        _explored((_PAIR(secret_names=True), (scenarios.hidden_name,))),
        {
            "name in the clear": _without("hidden identity"),
            "hash of the name in the clear": _without("hidden identity", "name itself"),
        },
    ),
    Property(
        "work only for who answers",
        "no KEM operation for an address at which nobody answered, once cookies are asked for",
        sessions.cookie,
        {"no cookie": _without("cookie"), "cookie without the address": _without("address")},
    ),
)
SESSION = (
    Property(
        "ratchet",
        "a node's state opens nothing older than its live epochs, of which each handover ends one",
        sessions.ratchet,
        {"ratchet without a hash": _without("hash"), "keys not forgotten": _without("forgotten keys")},
    ),
    Property(
        "healing",
        "after a refresh a listener who had everything has nothing, though X25519 or ML-KEM fell",
        sessions.refresh,
        {"no new ML-KEM secret": _without("fresh kem"), "no new X25519 secret": _without("fresh dh")},
    ),
    Property(
        "directions apart",
        "no node takes its own packet back, nor a packet in another epoch than it was sealed in",
        sessions.directions,
        {"one key both ways": _without("ways apart"), "one key in all epochs": _without("epochs apart")},
    ),
    Property(
        "packets once",
        "every packet is taken once at most, and none within the window is refused",
        sessions.replay,
        {"no window": _without("window"), "mask not moved": _without("shift")},
    ),
    Property(
        "nonces once",
        "no counter is used twice, wherever the node is killed",
        sessions.counters,
        {"lease written after use": _without("lease first")},
    ),
)
PROPERTIES = HANDSHAKE + SESSION
