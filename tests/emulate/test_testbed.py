"""Testbeds: real programs, hop by hop or over the engine's own ways, and nothing left afterwards."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.engine.live import Tuning
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
ping = pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping (Debian: iputils-ping)")


def course(names: tuple[str, ...], links: list[tuple[int, int, float]]) -> Course:
    """Links of (host, host, delay in ms), both ways."""
    ends = np.array([(i, j) for a, b, _ in links for i, j in ((a, b), (b, a))])
    pieces = np.zeros((len(ends), 7))
    pieces[:, 1] = np.repeat([1e6 * delay for _, _, delay in links], 2)
    none = np.zeros(0)
    return Course(
        names, ends, np.arange(len(ends) + 1), pieces, np.zeros(len(ends)), np.zeros(len(ends)), (),
        np.zeros(1, dtype=np.int64), np.zeros((0, 2)), none, none,
        np.full(len(ends), -1), np.full(len(ends), -1), 10**12,
    )  # fmt: skip


def rtt_ms(text: str) -> float:
    """Least round trip that ping tells."""
    found = re.search(r"= ([\d.]+)/", text)
    assert found is not None, text
    return float(found[1])


@ping
def test_ping_over_the_engine_s_ways() -> None:
    with Testbed(course(("a", "b", "c"), [(0, 1, 10.0), (1, 2, 5.0)])) as bed:
        out = bed.start(
            "a", ["ping", "-c", "5", "-i", "0.02", bed.address("b")], stdout=subprocess.PIPE, text=True
        )
        assert 20.0 <= rtt_ms(out.communicate(timeout=20)[0]) < 22.0
        none = bed.start(
            "a", ["ping", "-c", "1", "-W", "1", bed.address("c")], stdout=subprocess.PIPE, text=True
        )
        assert "100% packet loss" in none.communicate(timeout=20)[0], "there is no path from a to c"
        assert bed.counters()["read"] >= 11


@ping
@pytest.mark.skipif(shutil.which("ip") is None, reason="needs ip (Debian: iproute2)")
def test_hop_by_hop_the_kernels_route() -> None:
    net = course(("a", "b", "c"), [(0, 1, 10.0), (1, 2, 5.0)])
    with Testbed(net, Setup(hop=True)) as bed:
        ways = [("a", "c", "172.16.0.2"), ("b", "a", "172.16.0.1")]
        ways += [("b", "c", "172.16.0.6"), ("c", "a", "172.16.0.5")]
        for host, to, via in ways:
            command = ["ip", "route", "add", bed.address(to), "via", via, "src", bed.address(host)]
            assert bed.start(host, command).wait(timeout=10) == 0
        out = bed.start(
            "a", ["ping", "-c", "5", "-i", "0.02", bed.address("c")], stdout=subprocess.PIPE, text=True
        ).communicate(timeout=20)[0]
        assert 30.0 <= rtt_ms(out) < 33.0
        assert "ttl=63" in out, "one router lies between"


def test_names_are_checked() -> None:
    with pytest.raises(RabtaError, match="names of their own"):
        Testbed(course(("a", "a"), [(0, 1, 1.0)]))
    with (
        Testbed(course(("Gilgit", "Karachi"), [(0, 1, 1.0)])) as bed,
        pytest.raises(RabtaError, match="Gilgit"),
    ):
        bed.address("Gilgitt")


def test_a_killed_engine_leaves_nothing() -> None:
    code = """
        import sys, time, numpy as np
        sys.path.insert(0, {folder!r})
        from test_testbed import Testbed, course
        with Testbed(course(("a", "b"), [(0, 1, 1.0)])) as bed:
            child = bed.start("a", ["sleep", "60"])
            print(child.pid, flush=True)
            time.sleep(60)
    """
    code = textwrap.dedent(code).format(folder=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
        parent.wait()
    gone = time.monotonic() + 10.0
    while Path(f"/proc/{child}").exists() and time.monotonic() < gone:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists(), (
        "programs inside die with the engine, and the namespaces with them"
    )


@pytest.mark.skipif(shutil.which("iperf3") is None, reason="needs iperf3")
def test_tcp_through_large_frames() -> None:
    setup = Setup(Tuning(slots=4096, offload=True))
    with Testbed(course(("a", "b"), [(0, 1, 1.0)]), setup) as bed:
        server = bed.start("b", ["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
        time.sleep(0.5)
        out = bed.start(
            "a", ["iperf3", "-c", bed.address("b"), "-t", "1", "-J"], stdout=subprocess.PIPE, text=True
        )
        text = out.communicate(timeout=30)[0]
        server.wait(timeout=10)
    assert '"bits_per_second"' in text
    assert '"error"' not in text
