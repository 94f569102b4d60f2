"""``rabta emulate`` on a real run: what is secured, and what takes two ways, each by one command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rabta import events
from rabta.emulate import plan as plans
from rabta.emulate.engine import spaces
from rabta.emulate.programs import mptcp
from rabta.run import Run

KINDS = ("ospf", "mptcp", "probes", "overlay", "bundles", "wireguard", "ping")
MISSING = sorted({need for kind in KINDS if (need := plans.lacks(kind)) is not None})
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or bool(MISSING)
        or not mptcp.available(),
        reason=f"needs root, /dev/net/tun, Multipath TCP in the kernel and (Debian) {MISSING}",
    ),
]  # fmt: skip


def emulated(run: Run, out: Path, *words: str) -> dict[str, dict[str, Any]]:
    """Result of a command line between Gilgit and Karachi, by kind."""
    who = () if "--hosts" in words else ("--from", "Gilgit")
    command = [sys.executable, "-m", "rabta.cli.main", "emulate", str(run.folder), *who, "--to",
               "Karachi", "--out", str(out), "--json", "--live", "off", *words]  # fmt: skip
    cache = os.environ | {"RABTA_CACHE": str(run.folder.parent.parent / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=cache)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["trouble"] is None
    failed = [one["failed"] for one in found["activities"] if one.get("failed")]
    assert not failed
    return {one["kind"]: one["summary"] for one in found["activities"]}


def test_keys_of_the_emulation_are_in_the_runs_events(tiny: Run, tmp_path: Path) -> None:
    before = len(events.appended(tiny.folder))
    words = ("--space", "--seconds", "16", "--cut", "6:2", "--traffic", "overlay,bundles,wireguard")
    told = emulated(tiny, tmp_path / "x", *words)
    assert told["overlay"]["lost_by_overlay"] == 0
    assert told["overlay"]["key_changes"] >= 1, "at the end of the outage at the least"
    assert told["bundles"]["delivered_share"] == 1.0
    assert told["bundles"]["made_in_outages"] > 0
    assert told["wireguard"]["answered"] > 100
    rows = events.appended(tiny.folder)[before:]
    assert {row["subject"] for row in rows} == {"Gilgit > Karachi"}
    assert {"session", "key_epoch", "wireguard_key"} <= {row["kind"] for row in rows}


def test_two_ways_over_satellites_and_the_ground(tiny: Run, tmp_path: Path) -> None:
    words = ("--seconds", "20", "--cut", "7:6", "--traffic", "ospf,mptcp,ping,probes")
    told = emulated(tiny, tmp_path / "x", *words)
    assert told["ospf"]["first_way"] == "way 1", "over satellites it is shorter"
    assert 1.0 < told["ospf"]["rerouted_s"] < 6.0, "a neighbour is dead after three seconds"
    assert min(told["mptcp"][f"bytes over {name}"] for name in ("way 1", "way 2")) > 1_000_000
    assert told["ping"]["answers"] > 40
    assert told["probes"]["there: received"] > 100


def test_users_under_a_whole_constellation(tiny: Run, tmp_path: Path) -> None:
    words = ("--hosts", "Chagai,Gilgit", "--over", "starlink-gen1-filed", "--seconds", "12")
    told = emulated(tiny, tmp_path / "x", *words, "--traffic", "probes,ping")
    assert told["ping"]["answers"] > 20
    assert told["probes"]["there: received"] > 50
    found = json.loads((tmp_path / "x" / plans.RESULT).read_text(encoding="utf-8"))
    assert found["about"]["over"]["satellites"] == 4408
    assert 8.0 < found["about"]["hosts"][1]["rtt_ms"]["least"] < 25.0, "Gilgit to Karachi"
    assert "Starlink" in (tmp_path / "x" / "report.html").read_text(encoding="utf-8")
