"""One network with everything real at once, and its record carried again to the same fate of every packet."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta.emulate import hop, ways
from rabta.emulate import plan as plans
from rabta.emulate.engine import records, spaces, virtual
from rabta.emulate.engine.course import Course
from rabta.emulate.plan import Activity, Plan
from rabta.emulate.programs import mptcp, quic
from rabta.emulate.secure import bundles, overlay

LENGTH_S, OUT_S, BACK_S = 36.0, 12.0, 18.0
KINDS = ("ping", "tcp", "quic", "mptcp", "ospf", "overlay", "bundles", "wireguard")
MISSING = sorted({need for kind in KINDS if (need := plans.lacks(kind)) is not None})
live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or bool(MISSING)
    or not mptcp.available() or not quic.available(),
    reason=f"needs root, /dev/net/tun, Multipath TCP in the kernel, aioquic, and (Debian) {MISSING}",
)  # fmt: skip
BYTES = 1_000_000


def network() -> Course:
    """A village with a satellite 25 to 29 ms away, out for six seconds, and fibre 45 ms long."""
    rows = [[k * 4e9, (25e6, 29e6)[k % 2], 0, 0, 0, 0, 0] for k in range(int(LENGTH_S // 4) + 1)]
    satellite = ways.cut(np.array(rows, dtype=float), [(OUT_S, BACK_S)])
    fibre = np.array([[0.0, 45e6, 0, 0, 0, 0, 0]])
    rates = (hop.Rates(10e6, 30e6), hop.Rates(10e6, 20e6))
    return hop.fork("village", "city", (satellite, fibre), rates, LENGTH_S + 10.0)


def carried(folder: Path) -> dict[str, dict[str, Any]]:
    options: dict[str, dict[str, Any]] = {
        "tcp": {"control": "bbr"}, "quic": {"bytes": BYTES}, "wireguard": {"renew_s": 8.0},
    }  # fmt: skip
    asked = tuple(
        Activity(kind, "village", "city", 0.5, LENGTH_S - 0.5, options.get(kind, {})) for kind in KINDS
    )
    plans.write(folder, network(), Plan(LENGTH_S, asked, seed=9, hop=True, capture=True))
    command = [sys.executable, "-m", "rabta.emulate.worker", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((folder / plans.RESULT).read_text(encoding="utf-8"))
    assert found["trouble"] is None
    failed = {one["kind"]: one["failed"] for one in found["activities"] if one.get("failed")}
    assert not failed
    return {one["kind"]: one for one in found["activities"]}


@live
@pytest.mark.slow
def test_everything_real_at_once_and_carried_again(tmp_path: Path) -> None:
    found = carried(tmp_path)
    told = {kind: one["summary"] for kind, one in found.items()}
    routed(found["ospf"])
    assert not told["mptcp"]["fallback"]
    assert told["mptcp"]["subflows"] >= 1
    assert min(told["mptcp"][f"bytes over {name}"] for name in hop.ROUTERS) > 100_000, "both ways carry"
    assert told["tcp"]["goodput_mbps"] > 0.1
    assert told["quic"]["bytes"] == BYTES
    assert told["ping"]["answers"] > 80
    secured(told, (tmp_path / "packets.pcapng").read_bytes())
    replayed(tmp_path)
    assert shutil.which("wireguard-go")


def routed(ospf: dict[str, Any]) -> None:
    """OSPF leaves the satellite's way within its dead interval of three seconds, and comes back to it."""
    assert [way for _, way in ospf["ways"]][:3] == ["way 1", "way 2", "way 1"]
    left, back = ospf["ways"][1][0], ospf["ways"][2][0]
    assert OUT_S + 1.0 < left < OUT_S + 5.0
    assert left < BACK_S < back
    assert ospf["summary"]["rerouted_s"] == pytest.approx(left - OUT_S, abs=0.01)


def secured(told: dict[str, dict[str, Any]], packets: bytes) -> None:
    """What is secret changes its keys, loses nothing by itself, arrives, and cannot be read."""
    assert told["overlay"]["lost_by_overlay"] == 0
    assert told["overlay"]["key_changes"] == told["overlay"]["peer_keys"] >= 5
    assert told["overlay"]["answered"] > 800
    assert told["wireguard"]["key_changes"] >= 1
    assert told["wireguard"]["interfaces_left"] == 1
    assert told["bundles"]["delivered_share"] == 1.0
    assert told["bundles"]["made_in_outages"] == told["bundles"]["of_those_delivered"] > 15
    assert packets.count(overlay.OPEN) > 500
    assert overlay.SECRET not in packets
    assert bundles.SECRET not in packets


def replayed(folder: Path) -> None:
    """The record carried on the virtual clock, twice: the same fates, and those of the live packets."""
    course, plan = plans.read(folder)
    _, rows = records.fates(folder / "fates")
    before = np.flatnonzero(np.diff(rows[:, 0]) < -3e8)  # the clock went back to 0 when all was up
    rows = rows[before[-1] + 1 :] if before.size else rows
    sent = rows[np.argsort(rows[:, 0], kind="stable")][:, [0, 2, 3]]
    once, twice = (virtual.carry(course, sent, plan.seed) for _ in range(2))
    assert len(once) == len(rows) > 10_000
    assert once.tobytes() == twice.tobytes()
    assert np.array_equal(in_order(once), in_order(rows))
    assert set(once[:, 4]) >= {0, 3}, "packets are delivered, and met the outage"


def in_order(rows: Any) -> Any:
    return rows[np.lexsort((rows[:, 5], rows[:, 2], rows[:, 0]))]
