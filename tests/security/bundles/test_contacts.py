"""Contact plans: published examples, every way tried by brute force, files, delivery at 90 % outage."""

from __future__ import annotations

import contextlib
import itertools
import random
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rabta import events
from rabta.errors import RabtaError
from rabta.security.bundles.agent.simulate import Demand, Simulation
from rabta.security.bundles.contacts import Contact, Plan, formats, gantt, outage, route, runs

# The plan of "Routing in the Space Internet: a contact graph routing tutorial" (Fraire et al., JNCA 174,
# 2021, 102884), as nasa/HDTN has it in module/router/contact_plans/cgrTutorial.json; both directions.
TUTORIAL = [
    (0, 60, "1", "2"),
    (0, 60, "2", "3"),
    (0, 60, "1", "3"),
    (0, 30, "3", "4"),
    (10, 20, "1", "5"),
    (0, 10, "4", "5"),
    (30, 40, "4", "5"),
    (50, 60, "4", "5"),
]


def tutorial() -> Plan:
    both = [(*item[:2], *pair) for item in TUTORIAL for pair in (item[2:], item[:1:-1])]
    return Plan(Contact(start, end, sender, receiver, 1e6, 1) for start, end, sender, receiver in both)


def test_the_tutorial() -> None:
    plan = tutorial()
    way = route(plan, "1", "5", 0, 0)
    assert way is not None
    assert way.nodes(plan) == ["1", "3", "4", "5"]  # HDTN, TestYen.cpp: the best route's next node is 3
    assert way.arrival == 3
    second = route(plan, "1", "5", 0, 0, avoid=["3"])
    assert second is not None
    assert (second.nodes(plan), second.arrival) == (["1", "5"], 11)
    # HDTN, TestDijkstra.cpp, contactPlan_RoutingTest.json: from 1 to 4 over 2
    rows = [
        (0, 120, 1, 2),
        (11, 150, 2, 4),
        (11, 150, 1, 3),
        (17, 200, 1, 2),
        (20, 250, 2, 4),
        (25, 300, 3, 4),
    ]
    plan = Plan(Contact(start, end, str(a), str(b), 1e9, 1) for start, end, a, b in rows)
    way = route(plan, "1", "4", 0, 0)
    assert way is not None
    assert (way.nodes(plan), way.arrival) == (["1", "2", "4"], 12)


def brute(plan: Plan, source: str, destination: str, size: int, start: float) -> float:
    """Earliest arrival over every simple way and every choice of contacts."""
    best = float("inf")
    others = [node for node in plan.nodes if node not in {source, destination}]
    for count in range(len(others) + 1):
        for middle in itertools.permutations(others, count):
            names = (source, *middle, destination)
            legs = [plan.leaving(a).get(b, []) for a, b in itertools.pairwise(names)]
            for chosen in itertools.product(*legs):
                best = min(best, along(plan, chosen, size, start))
    return best


def along(plan: Plan, chosen: tuple[int, ...], size: int, when: float) -> float:
    for number in chosen:
        begin = plan.free(number, when, size)
        if begin is None:
            return float("inf")
        when = begin + plan.contacts[number].duration(size) + plan.contacts[number].delay_s
    return when


@pytest.mark.parametrize("seed", range(25))
def test_no_way_is_earlier(seed: int) -> None:
    draw = random.Random(seed)
    names = "abcde"
    contacts = []
    for _ in range(14):
        a, b = draw.sample(names, 2)
        start = draw.randrange(60)
        contacts.append(
            Contact(
                start, start + draw.randrange(2, 25), a, b, draw.choice((1e3, 2e3, 8e3)), draw.randrange(4)
            )
        )
    plan = Plan(contacts)
    for _ in range(12):  # with bookings of the ways before
        a, b = draw.sample(names, 2)
        size, start = draw.choice((0, 125, 500, 2000)), draw.randrange(30)
        way = route(plan, a, b, size, start) if {a, b} <= set(plan.nodes) else None
        expected = brute(plan, a, b, size, start) if {a, b} <= set(plan.nodes) else float("inf")
        assert (float("inf") if way is None else way.arrival) == pytest.approx(expected)
        if way is not None:
            way.book(plan)
    for number, contact in enumerate(plan.contacts):
        assert plan.used(number) <= 1 + 1e-12, contact


def test_booking_and_failing() -> None:
    plan = Plan([Contact(0, 10, "a", "b", 8e3, 0)])
    first = route(plan, "a", "b", 4000, 0)
    assert first is not None
    first.book(plan)
    second = route(plan, "a", "b", 6000, 0)
    assert second is not None
    assert (first.arrival, second.arrival) == (4.0, 10.0)
    second.book(plan)
    assert route(plan, "a", "b", 1, 0) is None
    with pytest.raises(RabtaError, match="not free"):
        first.book(plan)
    first.release(plan)
    assert route(plan, "a", "b", 4000, 0) == first
    plan.fail(0)
    assert route(plan, "a", "b", 1, 0) is None
    assert route(plan, "a", "a", 1, 5) is not None


@pytest.mark.parametrize("ending", ["csv", "json", "ion"])
def test_files_keep_a_plan(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"plan.{ending}"
    formats.write(path, tutorial().contacts)
    assert formats.read(path).contacts == tutorial().contacts


def test_lines_of_ion() -> None:
    # the tutorial's plan in ION's form, a rate of 1 byte a second
    lines = [f"a contact +{s} +{e} {a} {b} 1\na range +{s} +{e} {a} {b} 1" for s, e, a, b in TUTORIAL]
    plan = formats.parse_ion("# a comment\nm horizon +0\n" + "\n".join(lines))
    way = route(plan, "1", "5", 0, 0)
    assert way is not None
    assert way.arrival == 3
    assert {item.rate_bps for item in plan.contacts} == {8.0}
    assert formats.parse_ion("a contact +0 +9 7 8 5").contacts[0].delay_s == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.csv", "start_s,end_s,from,to,rate_bps\n0,x,a,b,1\n"),
        ("p.csv", "start_s,end_s,from,to\n0,1,a,b\n"),
        ("p.csv", "start_s,end_s,from,to,rate_bps\n5,1,a,b,1\n"),
        ("p.csv", "start_s,end_s,from,to,rate_bps\n0,nan,a,b,1\n"),
        ("p.json", "{"),
        ("p.json", "[1]"),
        ("p.ion", "a contact +0 +60 1"),
        ("p.ion", "a contact 2026/01/01-00:00:00 +60 1 2 3"),
        ("p.xml", ""),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RabtaError) as error:
        formats.read(tmp_path / name)
    assert error.value.file == tmp_path / name


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=80), kind=st.sampled_from(["csv", "json", "ion"]))
def test_only_clear_errors(tmp_path_factory: pytest.TempPathFactory, text: str, kind: str) -> None:
    path = tmp_path_factory.mktemp("plans") / f"p.{kind}"
    head = {"csv": "start_s,end_s,from,to,rate_bps\n", "ion": "a contact +0 ", "json": ""}[kind]
    path.write_text(head + text, encoding="utf-8")
    with contextlib.suppress(RabtaError):
        formats.read(path)


def ring(nodes: int = 8, hours: float = 24.0) -> Plan:
    """Neighbours on a ring, always in contact; delays of a few tens of milliseconds."""
    found = []
    for at in range(nodes):
        a, b = f"n{at}", f"n{(at + 1) % nodes}"
        found += [Contact(0, hours * 3600, *pair, 1e6, 0.02) for pair in ((a, b), (b, a))]
    return Plan(found)


def test_all_delivered_at_ninety_percent_outage(tmp_path: Path) -> None:
    whole, draw = ring(), random.Random(3)
    plan = outage.thin(whole, 0.9, slot_s=120, seed=5)
    assert outage.up_share(plan, whole.span) == pytest.approx(0.1, rel=0.01)
    demands = [Demand(*draw.sample(whole.nodes, 2), 2000, draw.uniform(0, 3600)) for _ in range(60)]
    found = Simulation(plan, tmp_path).run(demands)
    assert found.delivered_share == 1.0
    assert found.repeated == 0
    names = set(found.delays_s)
    assert names == set(found.expected_s)
    early = min(found.delays_s[name] - found.expected_s[name] for name in names)
    assert early > -1e-3  # an unloaded plan's expectation is the bound
    direct = Simulation(whole, tmp_path / "whole" if (tmp_path / "whole").mkdir() is None else tmp_path).run(
        demands
    )
    assert max(direct.delays_s.values()) < 1 < max(found.delays_s.values())


def test_contacts_that_fail_are_gone_around(tmp_path: Path) -> None:
    plan = Plan(
        [
            Contact(0, 100, "a", "b", 1e6, 0.1),
            Contact(0, 100, "b", "d", 1e6, 0.1),
            Contact(50, 100, "a", "c", 1e6, 0.1),
            Contact(50, 100, "c", "d", 1e6, 0.1),
        ]
    )
    broken = [
        number for number, item in enumerate(plan.contacts) if (item.sender, item.receiver) == ("a", "b")
    ]
    found = Simulation(plan, tmp_path, broken=broken).run([Demand("a", "d", 100, 0)])
    assert (found.delivered_share, found.retried) == (1.0, 1)
    assert next(iter(found.delays_s.values())) > 50
    assert next(iter(found.expected_s.values())) < 1


def test_contacts_of_a_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {"time_ns": 0, "kind": "link_up", "subject": "lahore", "system": "leo", "via": "gw", "delay_ms": 4.0},
        {
            "time_ns": 60e9,
            "kind": "handover",
            "subject": "lahore",
            "system": "leo",
            "via": "lasers",
            "delay_ms": 3.0,
        },
        {"time_ns": 90e9, "kind": "link_down", "subject": "lahore", "system": "leo", "via": ""},
        {"time_ns": 0, "kind": "path_start", "subject": "a > b", "delay_ms": 30.0},
        {"time_ns": 50e9, "kind": "outage_start", "subject": "a > b"},
        {"time_ns": 80e9, "kind": "outage_end", "subject": "a > b", "delay_ms": 40.0},
        {"time_ns": 100e9, "kind": "path_end", "subject": "a > b"},
    ]
    table = events.ordered(events.frame([{**row, "time_ns": int(row["time_ns"])} for row in rows]))
    monkeypatch.setattr(events, "read", lambda folder, kinds: table)
    plan = runs.from_run(tmp_path, 1e6)
    found = {
        (c.start, c.end, c.sender, c.receiver, c.delay_s)
        for c in plan.contacts
        if c.sender in {"lahore", "a"}
    }
    assert found == {
        (0, 60, "lahore", "gw", 0.008),
        (60, 90, "lahore", "leo", 0.006),
        (0, 50, "a", "b", 0.03),
        (80, 100, "a", "b", 0.04),
    }
    assert len(plan.contacts) == 8
    monkeypatch.setattr(events, "read", lambda folder, kinds: pd.DataFrame())
    with pytest.raises(RabtaError, match="no links"):
        runs.from_run(tmp_path, 1e6)


def test_the_picture_is_whole() -> None:
    plan = tutorial()
    way = route(plan, "1", "5", 50_000, 0)
    assert way is not None
    way.book(plan)
    plan.fail(0)
    text = gantt.svg(plan, "Plan <of> & tests")
    bars = ET.fromstring(text).findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + len(plan.contacts) + len(way.hops)
