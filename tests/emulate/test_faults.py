"""What goes wrong in real emulations: killed, interrupted, flooded, stopped, clocks, failing programs."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

import rabta.emulate
from rabta.emulate import plan as plans
from rabta.emulate import watch, ways, worker
from rabta.emulate.engine import leftovers, spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.plan import Activity, Plan
from rabta.emulate.programs import routing
from rabta.emulate.testbed import Testbed

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or shutil.which("ping") is None
    or shutil.which("iperf3") is None,
    reason="needs root, /dev/net/tun, ping and iperf3 (Debian: iputils-ping, iperf3)",
)  # fmt: skip

HERE = Path(__file__).parent
WORKER = [sys.executable, "-m", "rabta.emulate.worker"]
PATIENCE_S = 30.0


def net(
    rate_bps: float = 20e6, delay_ms: float = 20.0, names: tuple[str, ...] = ("village", "city")
) -> Course:
    """Hosts behind gates, each to the first over one delay."""
    gate = np.array([[0.0, rate_bps]])
    way = np.array([[0.0, delay_ms * 1e6, 0, 0, 0, 0, 0]])
    hosts = dict.fromkeys(names, ways.Access(gate, gate))
    return ways.course(hosts, {(name, names[0]): way for name in names[1:]}, 120.0)


def planned(folder: Path, length_s: float, *kinds: str, seconds: float | None = None) -> Path:
    """Folder of a plan."""
    acts = tuple(Activity(kind, "village", "city", 0.1, seconds or length_s) for kind in kinds)
    plans.write(folder, net(), Plan(length_s, acts))
    return folder


def within(true: object, seconds: float = PATIENCE_S) -> bool:
    """Whether something becomes true soon."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def of(owner: int) -> list[int]:
    """Processes that carry the mark of an engine."""
    found, mark = [], f"{leftovers.MARK}={owner}:".encode()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def spaces_of(processes: list[int]) -> set[str]:
    """Network namespaces of processes."""
    return {str(Path(f"/proc/{one}/ns/net").readlink()) for one in processes}


def seen() -> set[str]:
    """All network namespaces that a process is in."""
    out = set()
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit():
                out.add(str((entry / "ns/net").readlink()))
    return out


@contextmanager
def started(folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A worker that has begun to carry packets."""
    command = [*WORKER, str(folder), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as one:
        assert one.stdout is not None
        assert '"at_s": ' in one.stdout.readline()
        assert within(lambda: of(one.pid))
        yield one
        if one.poll() is None:
            one.kill()


@pytest.fixture
def foreign() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Somebody else's namespace with a TUN device, and a program in it that looks like ours."""
    code = """
        import sys, time
        from rabta.emulate.engine import spaces
        spaces.make(1500, {"rabta0": ("10.0.0.1", "255.0.0.0")})
        print("up", flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), "rabta.emulate.worker", "iperf3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "up\n"
        yield one, str(Path(f"/proc/{one.pid}/ns/net").readlink())
        one.kill()


def untouched(one: subprocess.Popen[str], space: str) -> bool:
    """Whether the foreign program still runs, in its namespace, with its device."""
    there = Path(f"/proc/{one.pid}/net/dev").read_text(encoding="ascii")
    return (
        one.poll() is None and str(Path(f"/proc/{one.pid}/ns/net").readlink()) == space and "rabta0" in there
    )


def test_a_killed_worker_leaves_nothing(tmp_path: Path, foreign: tuple[subprocess.Popen[str], str]) -> None:
    with started(planned(tmp_path, 60.0, "ping", "tcp", "lesson", "payments")) as one:
        assert within(lambda: len(of(one.pid)) >= 7), "four clients and three servers"
        children = of(one.pid)
        own = spaces_of(children)
        assert len(own) == 2
        one.kill()
        one.wait()
    assert within(lambda: not any(Path(f"/proc/{child}").exists() for child in children))
    assert not own & seen(), "namespaces go with the last process in them"
    assert untouched(*foreign)


def test_secrets_of_a_killed_worker_go_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(worker.tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    with started(planned(tmp_path / "a", 60.0, "ping")) as one:
        assert within(lambda: any((tmp_path / "tmp").glob(f"rabta-*-{one.pid}-*/0")))
        worker._swept()
        assert any((tmp_path / "tmp").iterdir()), "those of the living stay"
        one.kill()
        one.wait()
    (tmp_path / "tmp" / "rabta-of-others").mkdir()
    worker._swept()
    assert [place.name for place in (tmp_path / "tmp").iterdir()] == ["rabta-of-others"]


def test_a_killed_command_takes_its_worker_along(
    tmp_path: Path, foreign: tuple[subprocess.Popen[str], str]
) -> None:
    code = f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(HERE)!r})
        from test_faults import net
        from rabta.cli.emulate import work
        asked = work.activities("ping,tcp", "village", "city", 60.0)
        work.carried_out(Path({str(tmp_path / "x")!r}), net(), asked, 60.0, seed=0, capture=False,
                         quiet=True, live="json")
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        assert '"at_s": ' in one.stdout.readline()
        own = int(Path(f"/proc/{one.pid}/task/{one.pid}/children").read_text().split()[0])
        assert within(lambda: len(of(own)) >= 3)
        children = of(own)
        one.kill()
        one.wait()
    assert within(lambda: not any(Path(f"/proc/{child}").exists() for child in (own, *children)))
    found = json.loads((tmp_path / "x" / plans.RESULT).read_text())
    assert found["ended_early"] == "terminated", "what was measured is kept"
    assert untouched(*foreign)


def test_what_outlives_a_killed_engine_ends_at_the_next_start(
    foreign: tuple[subprocess.Popen[str], str],
) -> None:
    code = f"""
        import sys, time
        sys.path.insert(0, {str(HERE)!r})
        from test_faults import Testbed, net
        with Testbed(net()) as bed:
            bed.start("village", ["sh", "-c", "setsid sleep 600 & sleep 600"])
            print("up", flush=True)
            time.sleep(600)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "up\n"
        assert within(lambda: len(of(one.pid)) == 3), "a shell and two that sleep"
        assert not set(leftovers.found()) & set(of(one.pid)), "the engine lives: nothing is left over"
        one.kill()
        one.wait()
        assert within(lambda: len(of(one.pid)) == 2), "the shell's own children were told nothing"
        left = of(one.pid)
        own = spaces_of(left)
    with Testbed(net()):
        assert within(lambda: not any(Path(f"/proc/{child}").exists() for child in left))
    assert not own & seen()
    assert untouched(*foreign)


@pytest.mark.skipif(not routing.available(), reason="needs FRRouting (Debian: frr)")
def test_routing_daemons_go_with_a_killed_engine(tmp_path: Path) -> None:
    code = f"""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {str(HERE)!r})
        from test_faults import Testbed, net, routing
        from rabta.emulate.testbed import Setup
        with Testbed(net(), Setup(hop=True)) as bed:
            routing.Routers(bed, Path({str(tmp_path)!r}))
            print("up", flush=True)
            time.sleep(600)
    """
    tmp_path.chmod(0o777)
    for place in tmp_path.parents:
        if place.stat().st_uid == os.geteuid() and place != Path("/") and "pytest" in str(place):
            place.chmod(place.stat().st_mode | 0o011)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "up\n"
        daemons = [child for child in of(one.pid) if Path(f"/proc/{child}/comm").read_text().strip() in
                   routing.DAEMONS]  # fmt: skip
        assert len(daemons) == 4
        one.kill()
        one.wait()
    assert within(lambda: not any(Path(f"/proc/{child}").exists() for child in daemons))


@pytest.mark.parametrize(("number", "why"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_ends_early_and_keeps_what_was_measured(
    tmp_path: Path, number: signal.Signals, why: str
) -> None:
    with started(planned(tmp_path, 60.0, "ping", "tcp", "lesson", "payments")) as one:
        time.sleep(3.0)
        children = of(one.pid)
        one.send_signal(number)
        assert one.wait(timeout=PATIENCE_S) == 130
    assert not any(Path(f"/proc/{child}").exists() for child in children)
    found = json.loads((tmp_path / plans.RESULT).read_text())
    assert found["ended_early"] == why
    assert found["ended_s"] < 20.0
    ping, tcp, lesson, payments = found["activities"]
    assert not [one for one in found["activities"] if "failed" in one], found["activities"]
    assert ping["summary"]["answers"] >= 5
    assert tcp["summary"]["goodput_mbps"] > 1.0
    assert lesson["summary"]["start_s"] < 3.0
    assert payments["summary"]["in_time_share"] > 0.5
    assert not (tmp_path / worker.RESERVE).exists()


def test_a_worker_without_its_command_ends(tmp_path: Path) -> None:
    folder = planned(tmp_path, 60.0, "ping")
    done = subprocess.run([*WORKER, str(folder), "1"], capture_output=True, timeout=60, check=False)
    assert done.returncode == 130, "process 1 did not start it: whoever did is gone"


def test_a_flood_hurts_the_one_who_floods() -> None:
    gate = ways.Access(np.array([[0.0, 5e6]]), np.array([[0.0, 5e6]]))
    way = np.array([[0.0, 10e6, 0, 0, 0, 0, 0]])
    names = ("server", "quiet", "flooding", "sink")
    pairs = {("quiet", "server"): way, ("flooding", "sink"): way}
    course = ways.course(dict.fromkeys(names, gate), pairs, 120.0)
    code = """
        import socket, sys
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            try:
                line.sendto(bytes(1400), (sys.argv[1], 5001))
            except OSError:
                pass
    """
    with Testbed(course) as bed:
        server, quiet = bed.socket("server"), bed.socket("quiet")
        server.bind((bed.address("server"), 5000))
        server.settimeout(2.0)
        before, size = _echoes(bed, server, quiet, 60), _resident()
        flood = bed.start("flooding", [sys.executable, "-c", textwrap.dedent(code), bed.address("sink")])
        assert within(lambda: sum(bed.host("flooding")["dropped_up"].values()) > 1000)
        during = _echoes(bed, server, quiet, 60)
        more = _resident() - size
        flood.kill()
        time.sleep(0.2)
        flooder, victim, counters = bed.host("flooding"), bed.host("quiet"), bed.counters()
        server.close()
        quiet.close()
    assert flooder["dropped_up"].keys() == {"queue full at the sender"}, "its own gate holds it back"
    assert flooder["sent_bits"] > 5 * bed.course.gate_pieces[0, 1], "it sent at many times its rate"
    assert not victim["dropped_up"]
    assert counters["unrecorded"] == 0
    assert np.median(during) < np.median(before) + 5.0, "the other's packets are handed over in time"
    assert more < 64 << 20, "what waits is bounded"


def _echoes(bed: Testbed, server: socket.socket, host: socket.socket, count: int) -> list[float]:
    """One-way delays above the path's 10 ms and its gates, ms."""
    out = []
    for k in range(count):
        before = time.monotonic_ns()
        host.sendto(b"%d" % k, (bed.address("server"), 5000))
        while server.recv(100) != b"%d" % k:
            pass
        out.append((time.monotonic_ns() - before) / 1e6 - 10.0)
        time.sleep(0.01)
    return out


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_stopped_worker_catches_up_and_says_so(tmp_path: Path) -> None:
    plans.write(
        tmp_path, net(), Plan(8.0, (Activity("ping", "village", "city", 0.1, 7.0, {"every_s": 0.05}),))
    )
    with started(tmp_path) as one:
        time.sleep(1.5)
        one.send_signal(signal.SIGSTOP)
        time.sleep(2.0)
        one.send_signal(signal.SIGCONT)
        assert one.wait(timeout=PATIENCE_S) == 0
    found = json.loads((tmp_path / plans.RESULT).read_text())
    assert any(length >= 1.8 for _, length in found["stood_still"])
    rtts = found["activities"][0]["rtts"]
    assert max(rtt for _, rtt in rtts) > 1000.0, "what came meanwhile waited, and was carried then"
    late = [rtt for at, rtt in rtts if at - found["unix_s"] > 5.5]
    assert np.median(late) < 45.0, "afterwards all is as it was"


def test_nothing_goes_by_the_wall_clock() -> None:
    """Only the watch of the clocks, and what compares other programs' stamps, may read it."""
    allowed = {("watch.py", "time"), ("probes.py", "time")}
    found = set()
    for path in Path(rabta.emulate.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "time" and node.attr in {"time", "time_ns", "localtime", "gmtime"}:
                    found.add((path.name, "time"))
                if node.attr in {"utcnow", "now"} and node.value.id in {"datetime", "dt"}:
                    found.add((path.name, node.attr))
                if node.attr.startswith("CLOCK_REALTIME"):
                    found.add((path.name, node.attr))
    assert found <= allowed


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_clock_that_is_set_changes_nothing(step: float, monkeypatch: pytest.MonkeyPatch) -> None:
    real, set_at = time.time, time.monotonic() + 0.5
    monkeypatch.setattr(time, "time", lambda: real() + (step if time.monotonic() > set_at else 0.0))
    clock, begun = watch.Clock(), real()
    with Testbed(net(0.0, 20.0)) as bed:
        delays = []
        a, b = bed.socket("village"), bed.socket("city")
        b.bind((bed.address("city"), 5000))
        for _ in range(30):
            before = time.monotonic()
            a.sendto(b"x", (bed.address("city"), 5000))
            b.recv(10)
            delays.append(1e3 * (time.monotonic() - before))
            clock.look()
            time.sleep(0.02)
        a.close()
        b.close()
    assert 20.0 <= np.median(delays) < 25.0
    assert len(clock.steps) == 1
    assert clock.steps[0][1] == pytest.approx(step, abs=0.1)
    assert abs(clock.plain(begun + 0.1) - (begun + 0.1)) < 0.1, "stamps of before stay"
    assert abs(clock.plain(time.time()) - real()) < 0.1, "stamps of after are put right"


def test_deadlines_of_payments_go_by_no_wall_clock() -> None:
    address, set_clock = (
        "127.0.0.77",
        """if True:
        import runpy, sys, time
        real, begun = time.time, time.monotonic()
        time.time = lambda: real() + (3600.0 if time.monotonic() > begun + 1.0 else 0.0)
        runpy.run_module("rabta.emulate.programs.payment", run_name="__main__")
    """,
    )
    command = [sys.executable, "-c", set_clock]
    with subprocess.Popen([*command, "serve", address], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "listening\n"
        pay = [*command, "pay", address, "3", "--every", "0.25", "--deadline", "2"]
        said = subprocess.run(pay, capture_output=True, text=True, timeout=60, check=True).stdout
        server.kill()
    found = json.loads(said)["summary"]
    assert found["in_time_share"] == 1.0
    assert found["longest_s"] < 2.0


def test_programs_that_die_or_never_end_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, body in (("ping", "echo no such luck >&2; exit 3"), ("iperf3", "trap '' INT TERM; sleep 60")):
        (bin_ / name).write_text(f"#!/bin/sh\n{body}\n")
        (bin_ / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    monkeypatch.setattr(worker, "LISTEN_S", 1.0)
    found = worker.carry_out(planned(tmp_path / "x", 2.0, "ping", "tcp", "payments", seconds=1.0))
    ping, tcp, payments = found["activities"]
    assert ping["failed"] == "ended early, exit code 3: no such luck"
    assert "did not end" in tcp["failed"]
    assert payments["summary"]["in_time_share"] > 0.0, "the others are not held up"
    assert found["ended_s"] < 30.0
    assert not of(os.getpid()), "also what a program had started is gone"


def test_a_full_disk_keeps_the_result(tmp_path: Path) -> None:
    folder = planned(tmp_path / "plan", 4.0, "ping", "tcp")
    script = f"""
        mount -t tmpfs -o size=1300k none {tmp_path}/disk || exit 77
        cp {folder}/* {tmp_path}/disk/ || exit 78
        {sys.executable} -m rabta.emulate.worker {tmp_path}/disk > /dev/null; echo code $?
        cat {tmp_path}/disk/result.json
    """
    (tmp_path / "disk").mkdir()
    command = ["unshare", "--mount", "sh", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    if done.returncode in {1, 77}:
        pytest.skip(f"no file systems may be mounted here: {done.stderr}")
    head, _, text = done.stdout.partition("\n")
    assert head == "code 0", done.stderr
    found = json.loads(text)
    assert found["trouble"] == "fates end early: No space left on device"
    assert found["engine"]["unrecorded"] > 0
    assert found["activities"][0]["summary"]["answers"] > 5
