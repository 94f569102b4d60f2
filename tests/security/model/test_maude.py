"""What the attacker derives, once more by Maude 3: rewriting modulo commutativity, not our own closure."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from rabta.security.model import scenarios
from rabta.security.model.knowledge import Knowledge, Powers
from rabta.security.model.scenarios import Scenario, secrets
from rabta.security.model.search import State
from rabta.security.model.terms import Term, ciphertext, dh_public, kem_public

RULES = """
fmod ATTACKER is
  protecting NAT .
  sorts Term Terms Set State .
  subsort Term < Terms .
  subsort Term < Set .
  op none : -> Set .
  op _;_ : Set Set -> Set [assoc comm id: none] .
  op nil : -> Terms .
  op __ : Terms Terms -> Terms [assoc id: nil] .
  ops name const : Nat -> Term .
  op many : Terms -> Term .
  op hash : Nat Terms -> Term .
  op dh : Term Term -> Term [comm] .
  ops dhp kempk : Term -> Term .
  ops ct ss rejected : Term Term -> Term .
  op aead : Term Term Term -> Term .
  op <_|_> : Set Set -> State .
  op all : Terms Set -> Bool .
  vars K U : Set . vars X Y Z : Term . vars L M : Terms . var N : Nat .
  eq all(nil, K) = true .
  eq all(X L, X ; K) = all(L, X ; K) .
  eq all(L, K) = false [owise] .
  eq < K ; many(L X M) | X ; U > = < K ; many(L X M) ; X | U > .
  eq < K ; X ; aead(X, Y, Z) | Z ; U > = < K ; X ; aead(X, Y, Z) ; Z | U > .
  eq < K ; X | dhp(X) ; U > = < K ; X ; dhp(X) | U > .
  eq < K ; X | kempk(X) ; U > = < K ; X ; kempk(X) | U > .
  eq < K ; X ; dhp(Y) | dh(X, Y) ; U > = < K ; X ; dhp(Y) ; dh(X, Y) | U > .
  eq < K ; X ; ct(kempk(X), Y) | ss(kempk(X), Y) ; U > = < K ; X ; ct(kempk(X), Y) ; ss(kempk(X), Y) | U > .
  ceq < K | ct(X, Y) ; U > = < K ; ct(X, Y) | U > if all(X Y, K) .
  ceq < K | ss(X, Y) ; U > = < K ; ss(X, Y) | U > if all(X Y, K) .
  ceq < K | rejected(X, Y) ; U > = < K ; rejected(X, Y) | U > if all(X Y, K) .
  ceq < K | aead(X, Y, Z) ; U > = < K ; aead(X, Y, Z) | U > if all(X Y Z, K) .
  ceq < K | many(L) ; U > = < K ; many(L) | U > if all(L, K) .
  ceq < K | hash(N, L) ; U > = < K ; hash(N, L) | U > if all(L, K) .
  {broken}
  op left : State -> Set .
  eq left(< K | U >) = U .
  ops {names} : -> Term .
  {definitions}
endfm
"""
DH_RULE = "eq < K ; dhp(X) | X ; U > = < K ; dhp(X) ; X | U > ."
KEM_RULE = "eq < K ; kempk(X) | X ; U > = < K ; kempk(X) ; X | U > ."


def _subterms(terms: list[Term]) -> list[Term]:
    """Everything that may come out or be needed on the way, parts before wholes."""
    found: dict[Term, None] = {}

    def visit(term: Term) -> None:
        if term in found:
            return
        for part in term.args:
            visit(part)
        found[term] = None
        if term.op == "dh":
            for private in term.args:
                visit(dh_public(private))
        if term.op == "ss":
            visit(ciphertext(*term.args))
        if term.op == "ct" and term.args[0].op == "kempk":
            visit(kem_public(term.args[0].args[0]))

    for term in terms:
        visit(term)
    return list(found)


def _underivable(powers: Powers, known: list[Term], universe: list[Term], folder: Path) -> set[int]:
    """Numbers of the terms that Maude cannot move to what is known."""
    number = {term: at for at, term in enumerate(universe)}
    labels = {label: at for at, label in enumerate(sorted({(t.op, t.label) for t in universe}))}

    def text(term: Term) -> str:
        parts = [f"t{number[part]}" for part in term.args]
        if term.op in ("name", "const"):
            return f"{term.op}({labels[term.op, term.label]})"
        if term.op == "hash":
            return f"hash({labels[term.op, term.label]}, {' '.join(parts) or 'nil'})"
        return f"{term.op}({(' ' if term.op == 'many' else ', ').join(parts)})"

    broken = " ".join([DH_RULE] * powers.breaks_dh + [KEM_RULE] * powers.breaks_kem)
    module = (
        RULES.replace("{broken}", broken)
        .replace("{names}", " ".join(f"t{at}" for at in range(len(universe))))
        .replace("{definitions}", "\n  ".join(f"eq t{at} = {text(t)} ." for t, at in number.items()))
    )
    held = {*known, *(term for term in universe if term.op == "const")}
    sets = [
        " ; ".join(f"t{number[t]}" for t in part) or "none"
        for part in (held, [t for t in universe if t not in held])
    ]
    ask = (
        f"fmod ASK is protecting ATTACKER . op _in_ : Term Set -> Bool . var X : Term . var U : Set . "
        f"eq X in (X ; U) = true . eq X in U = false [owise] . op rest : -> Set . "
        f"eq rest = left(< {sets[0]} | {sets[1]} >) . op each : Terms Set -> Terms . vars L : Terms . "
        f"op yes : -> Term . op no : -> Term . eq each(nil, U) = nil . "
        f"ceq each(X L, U) = yes each(L, U) if X in U . eq each(X L, U) = no each(L, U) [owise] . endfm\n"
        f"red in ASK : each({' '.join(f't{at}' for at in range(len(universe)))}, rest) .\nq\n"
    )
    path = folder / "attacker.maude"
    path.write_text(module + ask)
    run = subprocess.run(
        ["maude", "-no-banner", str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    answers = re.findall(r"\b(yes|no)\b", run.stdout.split("result", 1)[1])
    assert len(answers) == len(universe), run.stdout + run.stderr
    return {at for at, answer in enumerate(answers) if answer == "yes"}


def _finished(scenario: Scenario, without: frozenset[str]) -> State:
    """The honest run: both sessions are done and the attacker only passed messages on."""
    states: list[State] = []

    def note(_: Scenario, state: State) -> str:
        claims = [claim for _, claim in state.claims if claim.kind == "commit"]
        if len(claims) == 2 and claims[0].keys == claims[1].keys:
            states.append(state)
        return ""

    scenarios.explore(scenario, (note,), without)
    return states[0]


@pytest.mark.skipif(shutil.which("maude") is None, reason="maude is not installed")
@pytest.mark.parametrize("leaked", [(), ("psk",), ("A", "B", "psk")], ids=["nothing", "psk", "all"])
@pytest.mark.parametrize(
    "powers", [Powers(), Powers(breaks_dh=True), Powers(True, True)], ids=["none", "dh", "both"]
)
@pytest.mark.parametrize("missing", [(), ("ephemeral kem", "ee")], ids=["whole", "no ephemeral keys"])
def test_maude_derives_the_same(
    leaked: tuple[str, ...], powers: Powers, missing: tuple[str, ...], tmp_path: Path
) -> None:
    state = _finished(Scenario(("A>B", ">B"), known=()), frozenset(missing))
    heard = [*state.knowledge.terms, *secrets(leaked)]
    keys = [key for _, claim in state.claims for key in claim.keys]
    universe = _subterms([*heard, *keys, *secrets(("A", "B", "psk"))])
    ours = Knowledge.of(powers, heard)
    not_ours = {at for at, term in enumerate(universe) if not ours.derives(term)}
    assert _underivable(powers, heard, universe, tmp_path) == not_ours
    assert 0 < len(not_ours) < len(universe)
