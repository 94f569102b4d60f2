"""Bundles over a path with outages: all arrive, those of an outage after it, readable to nobody else."""

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
from rabta.emulate.secure import both, bundles, changes
from rabta.emulate.testbed import Setup, Testbed

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)


def cut(*outages: tuple[float, float]) -> Course:
    way = ways.cut(np.array([[0.0, 10e6, 0, 0, 0, 0, 0]]), outages)
    hosts = {"village": ways.Access(np.array([[0.0, 5e6]])), "city": ways.Access()}
    return ways.course(hosts, {("village", "city"): way}, 60.0)


def carried(course: Course, folder: Path, seconds: float) -> dict[str, Any]:
    bundles.keys(folder)
    listed = changes.contacts(course, "village", "city")
    (folder / bundles.CONTACTS).write_text(json.dumps(listed), encoding="utf-8")
    setup = Setup(Tuning(capture_rows=16_384, capture_bytes=1500), capture=folder / "packets.pcapng")
    with Testbed(course, setup) as bed:
        bed.restart()
        words = ("--every", "0.1", "--size", "2000")
        return both.run(bed, "village", "city", "bundles", ("take", "give"), folder, seconds, *words)


def test_contacts_are_what_outages_leave() -> None:
    found = changes.contacts(cut((4.0, 6.0), (8.0, 8.05)), "village", "city")
    assert [(begin, end) for begin, end, *_ in found] == [(0.0, 4.0), (6.0, 60.0)]
    assert found[0][2:] == [5e6, 0.01]
    assert changes.contacts(cut((0.0, 60.0)), "village", "city") == []


@live
@pytest.mark.slow
def test_all_arrive_after_the_outage_and_none_in_it(tmp_path: Path) -> None:
    found = carried(cut((8.0, 11.0)), tmp_path, 18.0)
    told = found["summary"]
    assert told["delivered"] == told["made"] > 50
    assert told["doubled"] == 0
    assert told["made_in_outages"] == told["of_those_delivered"] >= 10, (
        "30 where the machine never stands still"
    )
    arrived = [at + took for _, at, took in found["bundles"]]
    assert not [at for at in arrived if 8.05 < at < 11.0], "nothing passes while the path is out"
    begun = [at + took for _, at, took in found["bundles"] if 8.05 < at < 11.0]
    assert min(begun) >= 11.0, "who is made in the outage waits for its end"
    assert bundles.SECRET[:20] not in (tmp_path / "packets.pcapng").read_bytes()


@live
def test_without_outages_they_arrive_at_once(tmp_path: Path) -> None:
    told = carried(cut(), tmp_path, 6.0)["summary"]
    assert told["delivered"] == told["made"]
    assert told["sessions"] == 1
    assert told["median_s"] < 0.5
