"""Every property holds for the design, and is found broken where the design lacks what it rests on."""

from __future__ import annotations

import pytest

from rabta.security.model import scenarios, sessions
from rabta.security.model.properties import PROPERTIES, STATIC, Property
from rabta.security.model.scenarios import Scenario, explore
from rabta.security.model.search import Search, Wait, replay

_IDS = [one.name for one in PROPERTIES]
_VARIANTS = [(one, label) for one in PROPERTIES for label in one.variants]


@pytest.mark.parametrize("one", PROPERTIES, ids=_IDS)
def test_holds_in_every_state(one: Property) -> None:
    found = one.check(frozenset())
    assert not found.attack
    assert found.states > 1


@pytest.mark.parametrize(
    ("one", "label"), _VARIANTS, ids=[f"{one.name}: {label}" for one, label in _VARIANTS]
)
def test_a_broken_design_is_found(one: Property, label: str) -> None:
    assert one.check(one.variants[label]).attack


def test_every_property_has_a_broken_variant() -> None:
    assert len(PROPERTIES) >= 8
    assert all(one.variants for one in PROPERTIES)


def test_sessions_can_finish() -> None:
    """Nothing would be proved of a handshake that never ends: both sides are done in some state."""
    scenario = Scenario(("A>B", ">B"))
    finished = []

    def note(_: Scenario, state: scenarios.State) -> str:
        finished.append({claim.role for _, claim in state.claims if claim.kind == "commit"})
        return ""

    assert not explore(scenario, (note,)).attack
    assert {"I", "R"} in finished


def test_static_keys_alone_hold_until_one_is_stolen() -> None:
    """The broken design of key compromise impersonation authenticates well while no key is stolen."""
    checks = (scenarios.initiator_is_sure, scenarios.responder_is_sure, scenarios.secrecy)
    assert not explore(Scenario(("A>B", ">B")), checks, STATIC).attack
    assert explore(Scenario(("A>B", ">B"), known=("psk", "B")), checks, STATIC).attack


def test_too_many_states_are_an_error_not_a_proof() -> None:
    scenario = Scenario(("A>B", ">B"))
    world = scenarios.world_of(scenario, frozenset())
    search = Search(
        scenarios.roles_of(scenario, world),
        scenarios.beginning(scenario, world),
        scenarios.OWN_RANDOM,
        most=5,
    )
    with pytest.raises(RuntimeError, match="more than 5"):
        list(search.states())


def test_shared_states_tell_everybody_that_there_were_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "MOST", 5)
    scenario = Scenario(("A>B", ">B"), suites=(scenarios.CI,))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="more than"):
            explore(scenario, (scenarios.secrecy,))


def test_a_session_waits_where_its_answers_end() -> None:
    scenario = Scenario((">B",))
    role = scenarios.roles_of(scenario, scenarios.world_of(scenario, frozenset()))[0]
    assert replay(role, ()).asks == Wait()
    assert replay(role, (None, scenarios.NS)).said == ()


def test_the_window_takes_new_packets_in_any_order_within_it() -> None:
    state = sessions.Receiver()
    for counter in (2, 0, 1, 4, 3, 5):
        state = sessions.accept(state, counter, frozenset())
    assert state.taken == (1,) * 6
    assert sessions.accept(state, 3, frozenset()) == state
    late = sessions.accept(sessions.accept(sessions.Receiver(), 5, frozenset()), 1, frozenset())
    assert late.taken == (0, 0, 0, 0, 0, 1)
