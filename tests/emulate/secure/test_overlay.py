"""Real overlay nodes on emulated hosts: handovers cost no packet and no round trip; nothing is readable."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.engine.live import Tuning
from rabta.emulate.secure import both, changes, overlay
from rabta.emulate.testbed import Setup, Testbed

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)


def passes(count: int, every_s: float = 0.5, *, cut: tuple[float, float] | None = None) -> Course:
    """A village whose satellite changes again and again: the delay jumps between 8 and 14 ms."""
    rows = [[k * every_s * 1e9, (8e6, 14e6)[k % 2], 0, 0, 0, 0, 0] for k in range(count + 1)]
    way = ways.cut(np.array(rows, dtype=float), [cut] if cut else [])
    hosts = {"village": ways.Access(), "city": ways.Access()}
    return ways.course(hosts, {("village", "city"): way}, 60.0)


def carried(course: Course, folder: Path, seconds: float, *words: str, tasks: Any = ("answer", "ask"),
            capture: bool = False) -> dict[str, Any]:  # fmt: skip
    overlay.keys(folder)
    listed = changes.of_course(course, "village", "city")
    (folder / "changes.json").write_text(json.dumps(listed), encoding="utf-8")
    setup = Setup(Tuning(capture_rows=16_384 if capture else 0, capture_bytes=1500),
                  capture=folder / "packets.pcapng" if capture else None)  # fmt: skip
    with Testbed(course, setup) as bed:
        bed.restart()
        return both.run(bed, "village", "city", "overlay", tasks, folder, seconds, *words)


def test_changes_are_the_jumps_and_ends_of_outages() -> None:
    course = passes(4, cut=(1.2, 1.4))
    found = changes.of_course(course, "village", "city")
    assert [at for at, _ in found] == [0.5, 1.0, 1.4, 1.5, 2.0]
    assert "an outage" in found[2][1]
    assert changes.outages(course, "village", "city") == [(1.2, 1.4)]


def test_chords_of_one_moving_satellite_are_no_change() -> None:
    rows = [[k * 1e9, 8e6 + k * 20e3, 20e3 / 1e9, 0, 0, 0, 0] for k in range(10)]
    course = ways.course(
        {"a": ways.Access(), "b": ways.Access()}, {("a", "b"): np.array(rows, dtype=float)}, 20.0
    )
    assert changes.of_course(course, "a", "b") == []


@live
def test_keys_change_at_every_handover_and_nothing_is_lost_or_late(tmp_path: Path) -> None:
    found = carried(passes(60), tmp_path, 6.0)
    told = found["summary"]
    assert told["sent"] > 200
    assert told["lost"] == told["plain_lost"] == told["lost_by_overlay"] == 0
    assert told["key_changes"] == told["peer_keys"] >= 8
    assert [kind for _, kind, _ in found["keys"]].count("key_epoch") == told["key_changes"]
    assert 0.016 < told["handshake_s"] < 0.5, "one round trip of 16 to 28 ms and the work of both sides"
    assert abs(told["added_rtt_at_handover_ms"]) < 2.0, "a round trip more would be 16 ms at the least"
    assert found["rtt_ms"]["least"] >= 16.0


@live
def test_what_is_sent_is_not_readable_on_the_way(tmp_path: Path) -> None:
    told = carried(passes(2), tmp_path, 2.0, capture=True)["summary"]
    packets = (tmp_path / "packets.pcapng").read_bytes()
    assert told["answered"] > 50
    assert packets.count(overlay.OPEN) > 1000, "the plain packets beside it are there to be read"
    assert overlay.SECRET not in packets
    assert overlay.SECRET[5:21] not in packets


@live
def test_an_outage_costs_what_it_costs_the_network(tmp_path: Path) -> None:
    told = carried(passes(30, cut=(6.0, 7.0)), tmp_path, 9.0)["summary"]
    assert told["lost_by_overlay"] == 0
    assert 20 <= told["lost"] <= 55, "a second of 50 packets, and those under way"
    assert abs(told["lost"] - told["plain_lost"]) <= 3


@live
def test_a_file_arrives_whole_over_handovers(tmp_path: Path) -> None:
    told = carried(passes(60), tmp_path, 20.0, "--bytes", "400000", tasks=("take", "give"))["summary"]
    assert told["whole"]
    assert told["bytes"] == 400_000
    assert told["lost_by_overlay"] == 0
    assert told["key_changes"] >= 1
