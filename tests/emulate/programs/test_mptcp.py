"""Multipath TCP over a satellite and a tower: both carry, and one goes on where the other is cut."""

from __future__ import annotations

import os
import shutil
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.programs import mptcp
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or shutil.which("ip") is None,
    reason="needs root, /dev/net/tun and ip (Debian: iproute2)",
)
kernel = pytest.mark.skipif(not mptcp.available(), reason="this kernel has no Multipath TCP")
CUT_S = 4.0


def fetched(*, cut: bool, multipath: bool = True, seconds: float = 9.0) -> dict[str, Any]:
    """8 Mbit/s over a satellite 25 ms away, 4 Mbit/s over a tower 8 ms away; the satellite may be cut."""
    rows = [[0.0, 25e6], *([[CUT_S * 1e9, -1.0]] if cut else [])]
    space = np.array([[t, d, 0, 0, 0, 0, 0] for t, d in rows])
    ground = np.array([[0.0, 8e6, 0, 0, 0, 0, 0]])
    hosts = {
        "village": ways.Access(), "satellite": ways.Access(up_bps=np.array([[0.0, 8e6]])),
        "tower": ways.Access(up_bps=np.array([[0.0, 4e6]])), "city": ways.Access(),
    }  # fmt: skip
    near = np.array([[0.0, 1e6, 0, 0, 0, 0, 0]])
    found = {("village", "satellite"): space, ("village", "tower"): ground,
             ("satellite", "city"): near, ("tower", "city"): near}  # fmt: skip
    with Testbed(ways.course(hosts, found, 60.0), Setup(hop=True)) as bed:
        return mptcp.download(bed, "village", "city", ("satellite", "tower"), seconds, multipath=multipath)


@live
@kernel
def test_both_ways_carry() -> None:
    found = fetched(cut=False, seconds=5.0)
    assert not found["fallback"]
    assert found["subflows"] == 1
    assert found["paths"]["satellite"] > 1_000_000
    assert found["paths"]["tower"] > 300_000
    assert found["goodput_bps"] > 8e6, "more than the better way alone can carry"


@live
@kernel
def test_a_download_goes_on_where_one_way_is_cut() -> None:
    found = fetched(cut=True)
    assert not found["fallback"]
    assert found["silent_s"] < 1.0
    last = [rate for low, _, rate in found["intervals"] if low >= 7.0]
    assert last
    assert min(last) > 1e6


@live
def test_plain_tcp_falls_silent() -> None:
    found = fetched(cut=True, multipath=False)
    assert found["silent_s"] > 3.0
    assert found["paths"]["tower"] < 10_000
    assert found["fallback"]


@live
def test_a_router_that_is_no_neighbour_is_named() -> None:
    way = np.array([[0.0, 1e6, 0, 0, 0, 0, 0]])
    course = ways.course({name: ways.Access() for name in "abc"}, {("a", "b"): way, ("b", "c"): way}, 9.0)
    with Testbed(course, Setup(hop=True)) as bed, pytest.raises(RabtaError, match="no link from a"):
        mptcp.download(bed, "a", "c", ("c", "b"), 1.0, multipath=False)
    with Testbed(course) as bed, pytest.raises(RabtaError, match="no links of their own"):
        mptcp.download(bed, "a", "c", ("c", "b"), 1.0, multipath=False)


def test_a_kernel_without_it_says_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mptcp, "available", lambda: False)
    with pytest.raises(RabtaError, match="CONFIG_MPTCP"):
        mptcp.download(object(), "a", "b", ("c", "d"), 1.0)  # type: ignore[arg-type]
