"""Ways over the ground, whole and cut; delays are sums of the fixture's."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.emulate.subrun.access import Span
from rabta.emulate.subrun.build import Asked, Subrun, build
from rabta.emulate.subrun.named import wishes
from rabta.emulate.subrun.source import Source
from rabta.errors import RabtaError

from .conftest import DELAYS_MS

SPAN = Span(np.datetime64("2026-01-13T16:10:00", "ns"), 60.0)
ROAD, OTHER, SEA, SECOND = DELAYS_MS[:4]
RADIO_MS = 4.0  # one way


def fibre(source: Source, to: str, *without: str, users: int = 1) -> Subrun:
    return build(source, Asked(wishes(f"Dalbandin:{users}"), to, SPAN, without, reroute_s=2.0))


def pieces(found: Subrun) -> list[list[float]]:
    return [[t / 1e9, delay / 1e6] for t, delay in found.hosts[0].way.pieces[:, :2].tolist()]


def near(*rows: list[float]) -> list[object]:
    return [[t, pytest.approx(d, abs=1e-6)] for t, d in rows]


def test_shortest_way(source: Source) -> None:
    found = fibre(source, "Karachi")
    assert pieces(found) == near([0.0, ROAD + RADIO_MS])
    assert found.hosts[0].way.legs[0].path == ("Dalbandin", "Village junction", "Exchange", "Karachi")
    assert found.about["hosts"][0]["rtt_ms"]["mean"] == pytest.approx(2.0 * (ROAD + RADIO_MS), abs=1e-3)


def test_a_cut_road_is_replaced_and_comes_back(source: Source) -> None:
    found = fibre(source, "Karachi", "span:north road@10:20")
    assert pieces(found) == near(
        [0.0, ROAD + RADIO_MS], [10.0, -1e-6], [12.0, OTHER + RADIO_MS], [30.0, ROAD + RADIO_MS]
    )


def test_a_loss_elsewhere_changes_nothing(source: Source) -> None:
    found = fibre(source, "Karachi", "cable:sea-1@10")
    assert {delay for _, delay in pieces(found)} == {pieces(found)[0][1]}


def test_a_cable_lost_abroad(source: Source) -> None:
    found = fibre(source, "Marseille", "cable:sea-1@10")
    assert pieces(found) == near(
        [0.0, ROAD + SEA + RADIO_MS], [10.0, -1e-6], [12.0, ROAD + SECOND + RADIO_MS]
    )


def test_no_way_left(source: Source) -> None:
    found = fibre(source, "Marseille", "cable:sea-1@10", "cable:sea-2@20")
    assert pieces(found)[-1] == [20.0, -1e-6]
    assert found.hosts[0].way.legs[-1].path == ()
    assert found.about["hosts"][0]["rtt_ms"]["out_s"] == pytest.approx(2.0 + 40.0)


def test_every_user_has_an_access_of_its_own(source: Source) -> None:
    found = fibre(source, "Karachi", users=3)
    assert found.users == ("Dalbandin 1", "Dalbandin 2", "Dalbandin 3")
    assert found.course.hosts == (*found.users, "Karachi")
    down = [found.course.gate_pieces[found.course.gate_first[2 * k + 1], 1] for k in range(3)]
    assert down == [40e6] * 3


def test_users_and_servers_differ(source: Source) -> None:
    with pytest.raises(RabtaError, match="two hosts of one name"):
        fibre(source, "Dalbandin")
