"""The lesson over real HTTP: a good line, a line that is too slow, a cut."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.engine.course import Course
from rabta.emulate.programs import lesson
from rabta.emulate.testbed import Testbed

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
MODULE = [sys.executable, "-m", "rabta.emulate.programs.lesson"]


def line(down_bps: float, cut: tuple[float, float] | None = None) -> Course:
    """A village 25 ms from a server, and a cut of its line from when to when (s)."""
    rows = [[0.0, 25e6]] + ([[cut[0] * 1e9, -1.0], [cut[1] * 1e9, 25e6]] if cut else [])
    way = np.array([[t, d, 0, 0, 0, 0, 0] for t, d in rows], dtype=np.float64)
    village = ways.Access(np.array([[0.0, 2e6]]), np.array([[0.0, down_bps]]))
    return ways.course({"village": village, "server": ways.Access()}, {("village", "server"): way}, 60.0)


def watched(course: Course, seconds: float) -> dict[str, Any]:
    """Story of a pupil."""
    with Testbed(course) as bed:
        server = bed.start(
            "server", [*MODULE, "serve", bed.address("server")], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        assert server.stdout.readline() == "listening\n"
        pupil = bed.start("village", [*MODULE, "play", bed.address("server"), str(seconds)],
                          stdout=subprocess.PIPE, text=True)  # fmt: skip
        found: dict[str, Any] = json.loads(pupil.communicate(timeout=seconds + 40)[0])
        return found


def test_a_good_line_starts_at_once_and_never_stalls() -> None:
    found = watched(line(20e6), 8.0)["summary"]
    assert found["start_s"] < 1.0
    assert found["stalls"] == 0
    assert found["bitrate_kbps"] > 365.0


def test_a_line_slower_than_the_lowest_rate_stalls() -> None:
    found = watched(line(100e3), 14.0)["summary"]
    assert found["start_s"] > 5.0, "72.5 kB at 100 kbit/s take 5.8 s"
    assert found["stalls"] >= 1
    assert found["bitrate_kbps"] == lesson.LADDER_KBPS[0]


def test_a_short_cut_is_bridged_by_the_buffer() -> None:
    found = watched(line(20e6, cut=(4.0, 6.0)), 10.0)
    assert found["summary"]["stalls"] == 0
    assert max(found["story"]["waits_s"]) > 1.0, "a segment waited for the line"
