"""A plan carried out by a worker process of its own: real programs, one result."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate import plan as plans
from rabta.emulate import ways, worker
from rabta.emulate.engine import records, spaces, virtual
from rabta.emulate.engine.course import Course
from rabta.emulate.plan import Activity, Plan
from rabta.errors import RabtaError

tools = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or shutil.which("ping") is None
    or shutil.which("iperf3") is None,
    reason="needs root, /dev/net/tun, ping and iperf3 (Debian: iputils-ping, iperf3)",
)  # fmt: skip


def village() -> Course:
    """A village whose way changes from 20 to 30 ms after four seconds."""
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0], [4e9, 30e6, 0, 0, 0, 0, 0]])
    hosts = {"village": ways.Access(np.array([[0.0, 5e6]]), np.array([[0.0, 20e6]])), "city": ways.Access()}
    return ways.course(hosts, {("village", "city"): way}, 10.0)


def test_a_plan_comes_back(tmp_path: Path) -> None:
    asked = Plan(10.0, (Activity("tcp", "village", "city", 1.0, 5.0, {"control": "bbr"}),), seed=4)
    plans.write(tmp_path / "x", village(), asked)
    course, found = plans.read(tmp_path / "x")
    assert found == asked
    assert course.hosts == ("village", "city")
    assert np.array_equal(course.pieces, village().pieces)
    assert plans.steady(course, 0) == [(0.0, 4.0, 20.0), (4.0, 10.0, 30.0)]


def test_wrong_folders_and_kinds_are_named(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="no emulation"):
        plans.read(tmp_path)
    with pytest.raises(RabtaError, match="did you mean 'lesson'"):
        Activity("leson", "a", "b")
    plans.write(tmp_path, village(), Plan(1.0, ()))
    text = (tmp_path / plans.PLAN).read_text().replace('"version": 2', '"version": 9')
    (tmp_path / plans.PLAN).write_text(text)
    with pytest.raises(RabtaError, match="another version"):
        plans.read(tmp_path)


@tools
def test_programs_agree_with_the_course(tmp_path: Path) -> None:
    activities = (
        Activity("ping", "village", "city", 0.0, 8.0, {"every_s": 0.05}),
        Activity("payments", "village", "city", 0.5, 4.0, {"every_s": 0.5}),
    )
    plans.write(tmp_path, village(), Plan(9.0, activities, capture=True))
    done = subprocess.run(
        [sys.executable, "-m", "rabta.emulate.worker", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["at_s"] >= 8
    found = json.loads((tmp_path / plans.RESULT).read_text())
    pings, paid = found["activities"]
    early = [rtt for at, rtt in pings["rtts"] if at - found["unix_s"] < 3.8]
    late = [rtt for at, rtt in pings["rtts"] if at - found["unix_s"] > 4.2]
    assert 40.0 <= np.median(early) < 43.0
    assert 60.0 <= np.median(late) < 63.0
    assert paid["summary"]["in_time_share"] == 1.0
    head, rows = records.fates(tmp_path / "fates")
    assert head["hosts"] == ["village", "city"]
    assert np.bincount(rows[:, 4], minlength=len(virtual.FATES))[0] > 300
    assert (tmp_path / "packets.pcapng").stat().st_size > 10_000


@tools
@pytest.mark.parametrize("control", ["cubic", "bbr"])
def test_goodput_is_what_the_gate_lets_through(tmp_path: Path, control: str) -> None:
    activity = Activity("tcp", "village", "city", 0.0, 6.0, {"control": control})
    hosts = {"village": ways.Access(np.array([[0.0, 5e6]]), np.array([[0.0, 20e6]])), "city": ways.Access()}
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0]])
    plans.write(tmp_path, ways.course(hosts, {("village", "city"): way}, 8.0), Plan(7.0, (activity,)))
    found = worker.carry_out(tmp_path)["activities"][0]
    rates = [bps / 1e6 for end, bps in found["intervals"] if end > 2.0]
    assert np.mean(rates) == pytest.approx(20.0 * 1448 / 1500, rel=0.08), "TCP's payload share of 20 Mbit/s"


@tools
def test_a_user_without_root_emulates_too() -> None:
    if not Path(spaces.DEVICE).stat().st_mode & 0o002:
        pytest.skip("/dev/net/tun is for root alone here (mode 0666 elsewhere)")
    if not all(one.stat().st_mode & 0o001 for one in Path(sys.executable).resolve().parents):
        pytest.skip("this Python is in a folder that other users may not enter")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plans.write(folder, village(), Plan(2.0, (Activity("ping", "village", "city", 0.0, 1.0),)))
        for path in (folder, *folder.iterdir()):
            path.chmod(0o777)
        done = subprocess.run(
            [sys.executable, "-m", "rabta.emulate.worker", name], capture_output=True, text=True, timeout=90,
            user=65534, group=65534, check=False, env=os.environ | {"HOME": name, "XDG_CACHE_HOME": name},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads((folder / plans.RESULT).read_text())["activities"][0]["summary"]["answers"] > 0
