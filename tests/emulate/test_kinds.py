"""Kinds of traffic in plans: each carried out by a worker, and keys that change with a run's events."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta import events
from rabta.emulate import hop, kinds, ways
from rabta.emulate import plan as plans
from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.plan import Activity, Plan
from rabta.emulate.programs import mptcp, quic
from rabta.errors import RabtaError

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
START = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
Result = dict[str, Any]


def steady(length_s: float = 60.0) -> Course:
    """A village 20 ms from a city."""
    hosts = {"village": ways.Access(), "city": ways.Access()}
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0]])
    return ways.course(hosts, {("village", "city"): way}, length_s)


def forked(length_s: float = 60.0) -> Course:
    flat = [np.array([[0.0, delay, 0, 0, 0, 0, 0]]) for delay in (10e6, 30e6)]
    return hop.fork("village", "city", (flat[0], flat[1]), (hop.Rates(8e6, 8e6),) * 2, length_s)


def carried(folder: Path, course: Course, seconds: float, *asked: tuple[str, dict[str, Any]],
            **more: Any) -> list[Result]:  # fmt: skip
    activities = tuple(
        Activity(kind, "village", "city", 0.5, seconds - 0.5, options) for kind, options in asked
    )
    plans.write(folder, course, Plan(seconds, activities, **more))
    command = [sys.executable, "-m", "rabta.emulate.worker", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / plans.RESULT).read_text(encoding="utf-8"))
    assert found["trouble"] is None
    results: list[Result] = found["activities"]
    failed = [str(one["failed"]) for one in results if one.get("failed")]
    assert not failed, "; ".join(failed)
    return results


def test_every_kind_is_carried_out_and_says_what_it_takes() -> None:
    assert set(kinds.KINDS) == set(plans.KINDS)
    for name, kind in kinds.KINDS.items():
        assert (kind.call is None) != (kind.play is None), name
    with pytest.raises(RabtaError, match="did you mean 'wireguard'"):
        Activity("wiregard", "a", "b")


@live
@pytest.mark.skipif(shutil.which("iperf3") is None, reason="needs iperf3")
def test_two_flows_of_one_pair_at_once_each_have_a_server(tmp_path: Path) -> None:
    found = carried(tmp_path, steady(), 4.0, ("tcp", {"control": "cubic"}), ("tcp", {"control": "reno"}))
    assert [one["summary"]["goodput_mbps"] > 0.0 for one in found] == [True, True]


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name, path: None)
    assert plans.lacks("wireguard") == ("wireguard-go", "wireguard-go")
    assert plans.lacks("ospf") is not None
    assert plans.lacks("overlay") is None


def test_a_fork_has_two_ways() -> None:
    course = forked()
    assert hop.routers(course, "village", "city") == hop.ROUTERS
    with pytest.raises(RabtaError, match="no two ways"):
        hop.routers(steady(), "village", "city")


@live
def test_probes_tell_both_directions(tmp_path: Path) -> None:
    told = carried(tmp_path, steady(), 8.0, ("probes", {}))[0]["summary"]
    for way in ("there", "back"):
        assert told[f"{way}: received"] == told[f"{way}: sent"] > 100
        assert 20.0 <= told[f"{way}: least_ms"] < 21.0


@live
@pytest.mark.skipif(not mptcp.available(), reason="this kernel has no Multipath TCP")
@pytest.mark.skipif(plans.lacks("mptcp") is not None, reason="needs ip (Debian: iproute2)")
def test_multipath_takes_both_ways_of_a_plan(tmp_path: Path) -> None:
    found, pings = carried(tmp_path, forked(), 9.0, ("mptcp", {}), ("ping", {}), hop=True)
    assert found["summary"]["goodput_mbps"] > 9.0, "more than one way alone, of 8 Mbit/s"
    assert pings["summary"]["answers"] > 20, "all else goes over the first way"
    assert 20.0 <= pings["summary"]["least_ms"] < 22.0


@live
@pytest.mark.skipif(plans.lacks("ospf") is not None, reason="needs FRRouting (Debian: frr)")
def test_ospf_of_a_plan_takes_the_shorter_way(tmp_path: Path) -> None:
    told = carried(tmp_path, forked(), 4.0, ("ospf", {}), hop=True)[0]["summary"]
    assert told["first_way"] == told["last_way"] == "way 1"
    assert 0.0 < told["converged_s"] < 30.0


def run_folder(folder: Path) -> Path:
    """A finished run with events of the pair: two changes while the emulation runs, one after it."""
    begin = round(START.timestamp() * 1e9)
    rows: list[dict[str, Any]] = [
        {"time_ns": begin + round(at * 1e9), "kind": "path_change", "subject": "village > city", "to": to}
        for at, to in ((2.5, "gateway B"), (4.0, "gateway C"), (500.0, "gateway D"))
    ]
    (folder / "tables").mkdir(parents=True)
    (folder / "provenance.json").write_text("{}", encoding="utf-8")
    events.frame(rows).to_parquet(folder / "tables" / "events.parquet")
    return folder


@live
def test_keys_change_at_a_runs_events_and_are_noted_in_it(tmp_path: Path) -> None:
    run = run_folder(tmp_path / "run")
    more = {"run": str(run), "start": START.isoformat()}
    told = carried(tmp_path / "x", steady(), 9.0, ("overlay", {}), **more)[0]["summary"]
    assert told["key_changes"] == told["peer_keys"] == 2
    assert told["lost"] == told["lost_by_overlay"] == 0
    table = events.read(run, kinds={"key_epoch"})
    assert list(table["subject"]) == ["village > city"] * 2
    at = (table["time_ns"] - round(START.timestamp() * 1e9)) / 1e9
    assert np.allclose(at, [2.5, 4.0], atol=0.2)
    assert ["gateway B" in words for words in table["detail"]] == [True, False]
    assert len(events.read(run, kinds={"session"})) == 1
    assert len(events.read(run, kinds={"path_change"})) == 3, "the run's own events stay as they are"


@live
def test_traffic_over_two_ways_says_where_there_is_one(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="mptcp needs two ways"):
        carried(tmp_path, steady(), 2.0, ("mptcp", {}))


@live
def test_several_pairs_share_a_server(tmp_path: Path) -> None:
    asked = [(kind, {"renew_s": 60.0}) for kind in ("overlay", "overlay", "bundles", "bundles")]
    for one in carried(tmp_path, steady(), 8.0, *asked):
        assert one["summary"].get("delivered_share", 1.0) == 1.0
        assert one["summary"].get("lost", 0) == 0


@live
@pytest.mark.skipif(not quic.available(), reason="needs aioquic (extra emulate)")
def test_users_of_one_server_do_not_take_each_others_ports(tmp_path: Path) -> None:
    asked = [(kind, {"bytes": 200_000}) for kind in ("probes", "probes", "call", "call", "quic", "quic")]
    found = carried(tmp_path, steady(), 8.0, *asked)
    for one in found[:2]:
        assert one["summary"]["there: received"] > 50
    for one in found[2:4]:
        assert one["summary"]["village: sent"] > 100
    assert [one["summary"]["bytes"] for one in found[4:]] == [200_000, 200_000]
