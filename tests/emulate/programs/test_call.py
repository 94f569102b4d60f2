"""A call over real packets: a near one, one over a geostationary satellite, one that loses and is cut."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.programs import call, emodel
from rabta.emulate.testbed import Testbed
from rabta.errors import RabtaError

tun = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)


def called(delay_ms: float, seconds: float, loss: float = 0.0, cut: tuple[float, float] | None = None) -> Any:
    """What both hear; the village loses, and both are cut from when to when (s)."""
    rows = [[0.0, delay_ms * 1e6]]
    if cut:
        rows += [[cut[0] * 1e9, -1.0], [cut[1] * 1e9, delay_ms * 1e6]]
    way = np.array([[t, d, 0, 0, 0, 0, 0] for t, d in rows])
    hosts = {"village": ways.Access(loss=(loss, loss, 0.0, 0.0)), "city": ways.Access()}
    with Testbed(ways.course(hosts, {("village", "city"): way}, 60.0)) as bed:
        return call.call(bed, "village", "city", seconds)


@tun
def test_a_near_call_is_rated_as_its_delay_says() -> None:
    for heard in called(30.0, 3.0).values():
        found = heard["summary"]
        assert found["network_loss"] == 0.0
        assert 30.0 <= found["delay_ms"]["p50"] < 32.0
        # a frame to fill, the way, and a frame in the buffer
        assert 70.0 <= found["mouth_to_ear_ms"] < 85.0
        if found["late"] == 0.0:
            assert found["rating"] == pytest.approx(emodel.rating(found["mouth_to_ear_ms"]))
            assert found["opinion"] > 4.2


@tun
def test_a_call_over_a_geostationary_satellite() -> None:
    found = called(270.0, 3.0)["city"]["summary"]
    assert 310.0 <= found["mouth_to_ear_ms"] < 330.0
    assert found["rating"] < 75.0, "some are dissatisfied (G.109)"


@tun
def test_losses_and_a_cut_are_heard_where_they_are() -> None:
    found = called(30.0, 6.0, loss=0.05, cut=(3.0, 3.3))
    village, city = (found[name]["summary"] for name in ("village", "city"))
    # the engine's clock began before the call, so that the cut of 0.3 s lies inside it
    assert 10 <= round(300 * city["network_loss"]) <= 20
    assert village["network_loss"] > city["network_loss"]
    assert city["burst"] > 4.0
    assert village["opinion"] is None or village["opinion"] < 3.5


def test_the_buffer_follows_a_longer_way() -> None:
    """A way that grows by 60 ms: late until the next spurt of talk, then in time again."""
    rows = [(n, n * 20_000_000, n * 20_000_000 + (30_000_000 if n < 70 else 90_000_000)) for n in range(150)]
    plan = call.playout_s(rows)
    late = [n for n, sent, came in rows if (came - sent) / 1e9 > plan[n]]
    assert late == list(range(70, 100))


def test_silence_and_too_much_loss_are_named() -> None:
    assert call.heard([], 10, "G.711")["beyond"] == "nothing was heard"
    rows = [(n, 0, 30_000_000) for n in range(0, 100, 2)]
    found = call.heard(rows, 100, "G.711")
    assert found["rating"] is None
    assert "loss" in found["beyond"]
    with pytest.raises(RabtaError, match="no such codec"):
        call.heard(rows, 50, "G.7")
