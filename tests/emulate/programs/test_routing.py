"""OSPF on real kernels: the network finds its ways, and another one when a link is cut."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.programs import probes, routing
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or not routing.available(),
    reason="needs root, /dev/net/tun and FRRouting (Debian: frr)",
)
CUT_S = 8.0


def ring(*, cut: bool) -> Testbed:
    """Village, two gateways and a city: 10 ms over the first, 40 ms over the second; the first may be cut."""
    rows = [[0.0, 5e6], *([[CUT_S * 1e9, -1.0]] if cut else [])]
    near = np.array([[t, d, 0, 0, 0, 0, 0] for t, d in rows])
    far = np.array([[0.0, 20e6, 0, 0, 0, 0, 0]])
    hosts = {name: ways.Access() for name in ("village", "Gilgit", "Chitral", "city")}
    found = {("village", "Gilgit"): near, ("Gilgit", "city"): near[:1], ("village", "Chitral"): far,
             ("Chitral", "city"): far}  # fmt: skip
    return Testbed(ways.course(hosts, found, 120.0), Setup(hop=True))


@live
def test_routes_converge_and_follow_a_cut(tmp_path: Path) -> None:
    with ring(cut=True) as bed:
        routers = routing.Routers(bed, tmp_path, routing.Pace(1, 3))
        assert routers.converge() < CUT_S
        assert bed.engine is not None
        before = probes.ping(bed, "village", "city", count=5, every_s=0.05)["summary"]
        assert bed.engine.now() < CUT_S * 1e9
        assert (routers.way("village", "city"), routers.way("city", "village")) == ("Gilgit", "Gilgit")
        assert 20.0 <= before["rtt_ms"]["least"] < 24.0
        time.sleep(CUT_S - bed.engine.now() / 1e9)
        routers.rerouted("village", "city", "Gilgit")
        took = bed.engine.now() / 1e9 - CUT_S
        assert 1.0 < took < 10.0, "a neighbour is dead after 3 s without its hellos, which come each second"
        routers.rerouted("city", "village", "Gilgit")
        after = probes.ping(bed, "village", "city", count=5, every_s=0.05)["summary"]
        assert after["received"] == 5
        assert 80.0 <= after["rtt_ms"]["least"] < 88.0


@live
def test_hosts_and_networks_that_are_not_there(tmp_path: Path) -> None:
    way = np.array([[0.0, 1e6, 0, 0, 0, 0, 0]])
    course = ways.course({name: ways.Access() for name in "abc"}, {("a", "b"): way}, 60.0)
    with Testbed(course, Setup(hop=True)) as bed:
        routers = routing.Routers(bed, tmp_path)
        with pytest.raises(RabtaError, match="no way by OSPF"):
            routers.converge(patience_s=0.5)
        with pytest.raises(RabtaError, match="no such host"):
            routers.way("d", "a")


@live
def test_too_long_a_folder_is_named(tmp_path: Path) -> None:
    with ring(cut=False) as bed, pytest.raises(RabtaError, match="too long"):
        routing.Routers(bed, tmp_path / ("x" * 100))


def test_configuration_says_cost_and_pace() -> None:
    with_link = [routing.Link("to1", "172.16.0.1", "172.16.0.2", "a", "b")]
    text = routing.configuration("a", "10.0.0.1", with_link, {("a", "b"): 50}, routing.Pace(2, 8))
    for line in ("interface to1", " ip ospf cost 50", " ip ospf hello-interval 2", " ip ospf dead-interval 8",
                 " ospf router-id 10.0.0.1"):  # fmt: skip
        assert line in text.splitlines()


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(routing, "available", lambda: False)
    with pytest.raises(RabtaError, match="apt-get install frr"):
        routing.Routers(object(), tmp_path)  # type: ignore[arg-type]


@live
def test_daemons_end_with_a_killed_testbed(tmp_path: Path) -> None:
    code = f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_routing import ring, routing
        with ring(cut=False) as bed:
            routing.Routers(bed, Path({str(tmp_path)!r}))
            print("up", flush=True)
            time.sleep(60)
    """
    folder = str(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        assert len(running(folder)) >= 8
        parent.kill()
        parent.wait()
    end = time.monotonic() + 10.0
    while running(folder) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(folder)


def running(word: str) -> list[str]:
    """Processes whose command names something."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found += [place.parent.name] * (f"{word}/".encode() in place.read_bytes())
    return found
