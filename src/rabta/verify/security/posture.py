"""Suite ``posture``: published capacity by owner, refusals beside brute force, reach of jammers."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.radio.interference import jammers
from rabta.radio.linkbudget import free_space_db
from rabta.scenario import Nation, Scenario
from rabta.security.posture import network, refusals, register
from rabta.security.posture.jams import reach, victims
from rabta.security.posture.network import Element, Network
from rabta.verify import Row, suite
from rabta.verify.anchors import ground

PTA = "PTA presentation, November 2025 (techjuice.pk), lit capacity of each cable, added by landing party; SMW5 is the remainder of the total"  # noqa: E501
TOTAL = "PTA Annual Report 2024-25: 17.21 Tbit/s installed; presentation of November 2025: 13.01 lit"
BRUTE = "breadth-first search on the same networks"
TP8347 = "NAWCWD TP 8347, section 4-3: 32.45 + 20 log10(MHz) + 20 log10(km)"
S465 = "ITU-R S.465-6: 32 - 25 log10 of the angle, -10 dBi from 48 degrees"
QUOTED = "trials and studies of a 1 W jammer of C/A receivers as quoted in surveys (Owen 1993: 22 km; Volpe Center 2001: lock lost to 10 km, acquisition denied to 85 km); originals not at hand, and their receivers' J/S not stated"  # noqa: E501
LANDED = {
    "PTCL": 7.46,
    "Transworld Associates": 4.3,
    "Cybernet": 0.8,
    "Special Communications Organization": 0.45,
}
SMW6 = "smw6"


@suite(
    "posture",
    "Posture: capacity by owner, refusals, reach of jammers",
    needs="a folder of layers",
    marks=("cells.*",),
)
def posture(files: Path | None) -> list[Row]:
    """All parts."""
    return [*_capacity(files), *_refusals(), *_jamming()]


def _capacity(files: Path | None) -> list[Row]:
    """Lit capacity by owner, from the elements that the posture tags; SMW6 was activated later."""
    nation = Nation(resolution=5, data=str(files)) if files else Nation(resolution=5)
    twin = ground.network(Scenario(nation=nation))
    book = register.register("pakistan")
    elements = network.span_elements(twin.table("spans"), book)
    abroad = [e for e in elements if e.group in catalog.names("cables") and e.group != SMW6]
    by = {name: sum(e.capacity_mbps for e in abroad if name in e.owners) / 1e6 for name in LANDED}
    total = sum(by.values())
    rows = [
        Row(f"lit capacity of {name}, Tbit/s", by[name], want, 0.01, PTA) for name, want in LANDED.items()
    ]
    rows += [Row("lit capacity of all owners, Tbit/s", total, 13.01, 0.01, TOTAL)]
    share = 100.0 * by["PTCL"] / total
    rows += [Row("PTCL's part of it, %", share, 100.0 * 7.46 / 13.01, 0.1, PTA)]
    installed = sum(float(catalog.entry("cables", n).data["installed_tbps"]) for n in ground.PRESENTED)
    return [*rows, Row("installed capacity, Tbit/s", installed, 17.21, 0.005, TOTAL)]


def _refusals() -> list[Row]:
    """Decisions on random networks beside a search that knows nothing of matrices."""
    agree = decided = 0
    book = register.register("")
    for seed in range(20):
        net, pairs = _random(np.random.default_rng(seed))
        found = refusals.cuts(net, book, pairs)
        for p, party in enumerate(found.parties):
            for space, table in ((False, found.ground), (True, found.everything)):
                lost = np.array([refusals.hit(e, party, book)[0] for e in net.elements])
                none = np.zeros_like(lost)
                for k, (a, b) in enumerate(pairs):
                    cut = _joined(net, none, a, b, space) and not _joined(net, lost, a, b, space)
                    agree += cut == bool(table[p, k])
                    decided += 1
    return [Row("refusals decided alike, of all", agree / decided, 1.0, 0.0, f"{BRUTE}; {decided} decisions")]


def _random(rng: np.random.Generator) -> tuple[Network, list[tuple[int, int]]]:
    """A network of 24 places and 40 spans of five owners, some shared, and a satellite system."""
    names = [f"owner {i}" for i in range(5)]
    chosen = [
        frozenset(rng.choice(names, size=rng.integers(0, 3), replace=False).tolist()) for _ in range(65)
    ]
    elements = tuple(
        Element(str(i), "fibre" if i >= 24 else "", who, frozenset({"AA" if i % 3 else "BB"}), frozenset())
        for i, who in enumerate(chosen)
    )
    tail, head = rng.integers(0, 24, size=(2, 40))
    sky = np.arange(0, 24, 4)
    place = np.append(np.arange(24), 64)
    made = Network(
        elements, np.append(tail, np.full(len(sky), 24)), np.append(head, sky), np.ones(40 + len(sky)),
        np.append(np.arange(24, 64), np.full(len(sky), -1)), place, np.arange(40 + len(sky)) >= 40, (), {},
    )  # fmt: skip
    return made, [(int(a), int(b)) for a, b in rng.integers(0, 24, size=(12, 2))]


def _joined(net: Network, lost: NDArray[np.bool_], a: int, b: int, space: bool) -> bool:
    """Whether a search reaches one place from another."""
    gone = {i for i in range(net.places) if net.place_element[i] >= 0 and lost[net.place_element[i]]}
    queue, seen = deque([a]), {a}
    while queue:
        here = queue.popleft()
        for t, h, e, up in zip(net.tail, net.head, net.element, net.space, strict=True):
            if (up and not space) or (e >= 0 and lost[e]) or t in gone or h in gone:
                continue
            for one, other in ((int(t), int(h)), (int(h), int(t))):
                if one == here and other not in seen:
                    seen.add(other)
                    queue.append(other)
    return b in seen


def _jamming() -> list[Row]:
    """Free space, side lobes, and how far 1 W reaches."""
    one = reach.Jammer("1 W", 0.0, 2.0, 3000.0, ("gnss-l1",))
    signal = np.full(1, jammers.GPS_L1_DBW)
    lock, hold = (
        victims.Victim("gnss-l1", jammers.GPS_L1_GHZ, 1.5, 2.046, signal, np.zeros(1), float(limit))
        for limit in jammers.tolerable_j_s_db(45.5, [28.0, 35.0])
    )
    km, acquired = reach.free_space_km(one, lock), reach.free_space_km(one, hold)
    side = victims.side_dbi(catalog.entry("terminals", "leo-flat-panel").data, np.array([10.0, 48.0]))
    return [
        Row(
            "free space at 10 km and L1, dB",
            float(free_space_db(10.0, jammers.GPS_L1_GHZ)),
            116.4,
            0.05,
            TP8347,
        ),
        Row("side lobe 10 degrees off, dBi", float(side[0]), 7.0, 1e-9, S465),
        Row("side lobe 48 degrees off, dBi", float(side[1]), -10.0, 1e-9, S465),
        Row("lock lost under 1 W, trial aloft, km", km, 22.0, 2.0, QUOTED, gate=False),
        Row("lock lost under 1 W, Volpe, km", km, 10.0, 2.0, QUOTED, gate=False),
        Row("acquisition denied under 1 W, Volpe, km", acquired, 85.0, 10.0, QUOTED, gate=False),
    ]
