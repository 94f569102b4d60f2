"""Ways of a constellation computed while packets flow: the twin's delays, felt by real packets."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import NEVER
from rabta.emulate.engine.live import Tuning
from rabta.emulate.feed import ring as rings
from rabta.emulate.feed._kernels import held
from rabta.emulate.feed.live import Feed
from rabta.emulate.feed.pages import FedPages
from rabta.emulate.feed.sky import Sky, Ways, held_reference, places
from rabta.emulate.testbed import Setup, Testbed
from rabta.errors import RabtaError
from rabta.space.network.forwarding import forward
from rabta.space.network.geometry import Sites
from rabta.space.network.topology import Shell, shell_network

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
START = np.datetime64("2000-01-01T00:00:00", "ns")
LIGHT_M_S = 299_792_458.0
SO_TIMESTAMPNS = 35  # asm-generic/socket.h


def sky(hosts: int = 20) -> Sky:
    """A shell of 720 satellites over hosts from Karachi to Gilgit."""
    net = shell_network(Shell("S", 550.0, 53.0, planes=36, per_plane=20, phasing=11))
    along = np.linspace(0.0, 1.0, hosts)
    places = [(f"h{k}", 24.9 + 11.0 * x, 67.0 + 7.3 * x) for k, x in enumerate(along.tolist())]
    return Sky(net, Sites.of(places), START)


def test_a_step_begins_with_the_twin_s_delays_and_ends_with_its_routes_delays() -> None:
    own = sky(6)
    begin, end = Ways(own).delays_ns(30, 40)
    state = forward(own.network, own.sites, own.instants(30, 40), own.rule)
    goal, site = own.pairs.T
    exact = state.metres[:, goal, site] / LIGHT_M_S * 1e9
    assert np.isfinite(exact).all()
    assert np.abs(begin - exact).max() < 1e-3, "picoseconds: the same lengths added in another order"
    apart = np.abs(end[:-1] - begin[1:])
    same = state.entry[1:, goal, site] == state.entry[:-1, goal, site]
    assert (apart[same] < 1e-3).mean() > 0.9, "as long as the route stays nothing jumps"


def test_held_routes_are_measured_as_by_the_reference() -> None:
    own = sky(5)
    state, place = Ways(own).routes(0, 3), places(own, own.instants(0, 4))
    out = np.empty((2, 3, 10))
    held(0, 10, state.entry, state.table, place, own.pairs, out)
    assert np.allclose(out, held_reference(state, place, own.pairs.tolist()), rtol=1e-14, atol=0.0)


def test_no_route_is_an_outage() -> None:
    net = shell_network(Shell("S", 550.0, 53.0, planes=1, per_plane=20))
    own = Sky(net, Sites.of([("Karachi", 24.9, 67.0), ("Pole", -80.0, 0.0)]), START)
    begin, end = Ways(own).delays_ns(0, 2)
    assert (begin == -1.0).all()
    assert (end == -1.0).all()


def test_a_step_is_checked() -> None:
    own = sky(2)
    with pytest.raises(RabtaError, match="step out of range"):
        Sky(own.network, own.sites, START, step_s=0.0)
    with pytest.raises(RabtaError, match="at least two"):
        Feed(Sky(own.network, Sites.of([("a", 0.0, 0.0)]), START))
    with pytest.raises(RabtaError, match="not the sites"):
        Feed(own).course({"elsewhere": None})  # type: ignore[dict-item]


def fed(steps: list[float]) -> tuple[FedPages, rings.Ring]:
    """Pages over a ring of one pair with steps of 100 ms whose delays grow by a tenth each."""
    ring = rings.made(1, 8, 100_000_000)
    pages = FedPages(Feed(sky(2)).course(), ring, np.zeros(2, dtype=np.int64))
    for k, delay in enumerate(steps):
        ring.write(k, 1, np.array([delay]), np.array([delay + 100.0]))
    return pages, ring


def test_pages_hold_two_steps_and_stay_as_they_were_where_none_come() -> None:
    pages, ring = fed([1000.0, 1100.0, 1200.0])
    assert pages.ready(0)
    book = pages.line[pages.turn(0)]
    assert pages.until_ns == 200_000_000
    assert book[:, 1].tolist() == [1000.0, 1000.0]
    assert book[:, 8].tolist() == [1100.0, 1100.0]
    assert book[0, 2] == book[0, 9] == pytest.approx(1e-6)
    assert not pages.ready(200_000_000), "the step after is not there yet"
    book = pages.line[pages.turn(200_000_000)]
    assert pages.until_ns == 300_000_000
    assert (book[0, 1], book[0, 8], book[0, 9]) == (1200.0, pytest.approx(1300.0), 0.0)
    assert pages.stale == 0
    book = pages.line[pages.turn(300_000_000)]
    assert pages.stale == 1
    assert (book[0, 1], book[0, 2], book[0, 7]) == (pytest.approx(1300.0), 0.0, NEVER)
    ring.write(4, 1, np.array([-1.0]), np.array([-1.0]))
    ring.write(5, 1, np.array([900.0]), np.array([900.0]))
    book = pages.line[pages.turn(400_000_000)]
    assert book[0, 1] == -1.0, "an outage"
    assert (book[0, 7], book[0, 8], book[0, 9]) == (500_000_000, 900.0, 0.0)
    os.close(ring.descriptor)


def test_the_writer_keeps_to_what_is_wanted() -> None:
    _, ring = fed([])
    assert ring.room(7, 1)
    assert not ring.room(8, 1), "it would overwrite a step that is still wanted"
    ring.want(1)
    assert ring.room(8, 1)
    assert not ring.room(8, 0), "of a run that is over"
    ring.write(0, 1, np.array([5.0]), np.array([6.0]))
    assert ring.has(0)
    ring.begin()
    assert not ring.has(0), "of a run that is over"
    os.close(ring.descriptor)


def probes(bed: Testbed, seconds: float, every_s: float = 0.002) -> np.ndarray:
    """One-way probes between hosts in turn: sending host, receiving host, instant sent, ns on the way."""
    names, rng = bed.course.hosts, np.random.default_rng(7)
    ears = []
    for name in names:
        ear = bed.socket(name)
        ear.bind((bed.address(name), 9000))
        ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        ear.setblocking(False)
        ears.append(ear)
    shift, found, until = time.time_ns() - time.monotonic_ns(), [], time.monotonic() + seconds
    while time.monotonic() < until:
        a, b = rng.choice(len(names), 2, replace=False).tolist()
        data = struct.pack("qq", a, time.monotonic_ns())
        ears[a].sendto(data, (bed.address(names[b]), 9000))
        time.sleep(every_s)
        found += _heard(ears, shift)
    time.sleep(0.3)
    found += _heard(ears, shift)
    for ear in ears:
        ear.close()
    assert bed.engine is not None
    rows = np.array(found)
    rows[:, 2] -= bed.engine.origin
    return rows


def _heard(ears: list[socket.socket], shift: int) -> list[tuple[int, int, int, int]]:
    found = []
    for b, ear in enumerate(ears):
        while True:
            try:
                data, more, _, _ = ear.recvmsg(64, 64)
            except BlockingIOError:
                break
            a, sent = struct.unpack("qq", data)
            whole, part = struct.unpack("qq", more[0][2][:16])
            found.append((a, b, sent, whole * 1_000_000_000 + part - shift - sent))
    return found


def computed_ns(own: Sky, rows: np.ndarray) -> np.ndarray:
    """The twin's delays of probes, each from the route in force when it left."""
    last = int(rows[:, 2].max() // 100_000_000) + 1
    begin, end = Ways(own).delays_ns(0, last)
    pair = np.zeros((20, 20), dtype=np.int64)
    goal, site = own.pairs.T
    pair[goal, site] = pair[site, goal] = np.arange(len(goal))
    step, rest = np.divmod(rows[:, 2], 100_000_000)
    p = pair[rows[:, 0], rows[:, 1]]
    return begin[step, p] + (end[step, p] - begin[step, p]) * rest / 1e8


@live
def test_packets_of_twenty_hosts_take_the_twin_s_time() -> None:
    own = sky()
    with Feed(own) as feed:
        course = feed.course()
        assert len(course.ends) == 380
        with Testbed(course, Setup(Tuning(urgent=True)), pages=feed.pages) as bed:
            rows = probes(bed, 3.0)
            counters = bed.counters()
            bed.restart()
            again = probes(bed, 0.5)
        told = feed.counters()
    for one in (rows, again):
        late = one[:, 3] - computed_ns(own, one)
        assert late.min() > -20_000, "none is early, but for the readings of two clocks"
        assert np.median(late) < 2e6, "of which most is this machine's load"
    assert len(rows) > 500
    assert counters["stale_pages"] == 0
    assert told["runs"]
    assert told["steps"] > 30


@live
def test_a_feed_that_stands_still_is_told_and_delays_stay() -> None:
    own = sky()
    with Feed(own, ahead_s=0.5) as feed, Testbed(feed.course(), pages=feed.pages) as bed:
        assert bed.engine is not None
        time.sleep(0.3)
        os.kill(feed.process, signal.SIGSTOP)
        time.sleep(2.0)
        held_ms = bed.host("h0", "h19")["delay_ms"]
        stale = bed.counters()["stale_pages"]
        assert stale > 3
        time.sleep(0.25)
        assert bed.host("h0", "h19")["delay_ms"] == held_ms
        sock = bed.socket("h0")
        sock.sendto(b"still carried", (bed.address("h19"), 9))
        time.sleep(0.2)
        assert bed.counters()["written"] >= 1
        os.kill(feed.process, signal.SIGCONT)
        time.sleep(2.0)
        step = bed.now() // 100_000_000
        begin, _ = Ways(own).delays_ns(step - 2, 5)
        assert (
            begin[:, 18].min() / 1e6 - 0.001
            <= bed.host("h0", "h19")["delay_ms"]
            <= begin[:, 18].max() / 1e6 + 0.001
        )
        assert feed.counters()["skipped"] > 0
        sock.close()


@live
def test_a_feed_that_dies_leaves_the_engine_running() -> None:
    with Feed(sky(3), ahead_s=0.5) as feed, Testbed(feed.course(), pages=feed.pages) as bed:
        os.kill(feed.process, signal.SIGKILL)
        time.sleep(1.5)
        assert not feed.counters()["runs"]
        assert bed.counters()["stale_pages"] > 0
        assert bed.host("h0", "h1")["delay_ms"] > 3.0
        with pytest.raises(RabtaError, match="has ended"):
            bed.restart()


@live
def test_a_killed_engine_takes_its_feed_along() -> None:
    code = """
        import sys, time
        sys.path.insert(0, {folder!r})
        from test_feed import Feed, Testbed, sky
        with Feed(sky(3)) as feed, Testbed(feed.course(), pages=feed.pages):
            print(feed.process, flush=True)
            time.sleep(600)
    """
    code = textwrap.dedent(code).format(folder=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        feed = Path(f"/proc/{int(engine.stdout.readline())}")
        assert b"rabta.emulate.feed.work" in (feed / "cmdline").read_bytes()
        engine.kill()
    gone = time.monotonic() + 60.0
    while _runs(feed) and time.monotonic() < gone:
        time.sleep(0.02)
    assert not _runs(feed), "it ends with the engine, though nobody told it to"


def _runs(process: Path) -> bool:
    """Whether a process is there and has not ended: an orphan's end may wait for whoever adopted it."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_record_of_fed_ways_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    feed = Feed(sky(2))
    with pytest.raises(RabtaError, match="carried again"):
        Testbed(feed.course(), Setup(fates=tmp_path / "fates"), pages=feed.pages)
