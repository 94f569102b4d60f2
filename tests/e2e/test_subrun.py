"""Named hosts of the finished tiny run: figures against it, and a lesson of a minute over real packets."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rabta.cli.emulate import subrun, work
from rabta.emulate.engine import spaces
from rabta.emulate.subrun import realism
from rabta.emulate.subrun.access import GROUND, MOVING, Span
from rabta.emulate.subrun.build import Asked, Host, Subrun, build
from rabta.emulate.subrun.named import wishes
from rabta.emulate.subrun.source import Source
from rabta.run import Run

VILLAGES = "Chagai,Gilgit-Baltistan/leo_terminal"
LOST_S = 25.0
real = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)


@pytest.fixture(scope="module")
def source(tiny: Run) -> Source:
    return subrun.source(str(tiny.folder))


@pytest.fixture(scope="module")
def found(source: Source) -> Subrun:
    """Both villages for a minute, without satellites at first."""
    lost = (f"system:starlink@0:{LOST_S:g}",)
    return build(source, Asked(wishes(VILLAGES), "Karachi exchange", Span(source.begin, 60.0), lost))


def by_hand(host: Host) -> dict[str, object]:
    return {one.what: one.value for one in host.given.figures}


def test_fibre_as_the_run_has_it(source: Source, found: Subrun) -> None:
    host = found.hosts[0]
    plan = source.tables["plan"].iloc[host.spot.cell]
    assert (host.given.over, plan["technology"]) == (GROUND, host.given.technology)
    assert by_hand(host)["busy-hour rate"] == pytest.approx(plan["rate_mbps"], rel=1e-4)
    rows = host.way.pieces
    assert np.unique(rows[:, 1]).size == 1  # what happens to the satellites is nothing to it
    # the plan's cable goes 1.2 times the great circle; the network's never goes less than the great circle
    assert 1.0 / 1.2 < 2e-6 * rows[0, 1] / plan["latency_ms"] < 1.5


def test_the_terminal_as_the_run_has_it(source: Source, found: Subrun) -> None:
    host = found.hosts[1]
    plan = source.tables["plan"].iloc[host.spot.cell]
    assert (host.given.over, plan["technology"]) == (MOVING, "leo_terminal")
    ratio = (
        source.of_cell("busy_demand_mbps", host.spot.cell) / source.of_cell("demand_mbps", host.spot.cell)[21]
    )
    assert host.given.access.down_bps[0, 1] == pytest.approx(1e6 * plan["rate_mbps"] * ratio)
    assert host.given.outages == ((0.0, LOST_S),)
    rows = host.way.pieces
    # nothing while the satellites are lost, then again where another serves, as terminals showed (realism)
    served = [leg.path[1] for leg in host.way.legs if leg.path]
    changes = [leg.begin_s for leg in host.way.legs if leg.path][1:]
    assert changes
    assert all(a != b for a, b in pairwise(served))
    assert np.allclose(rows[rows[:, 1] < 0.0, 0], 1e9 * np.array([0.0, *changes]), atol=1.0)
    quiet = np.diff(rows[:, 0])[rows[:-1, 1] < 0.0]
    assert np.allclose(quiet, 1e9 * np.array([LOST_S] + [realism.GAP_S] * len(changes)), atol=1.0)
    first = 2e-6 * rows[rows[:, 1] > 0.0, 1][0]
    # from 300 km up and over 1,100 km of ground to Karachi, to what the plan is sure of
    assert 2.0 * (300.0 + 1100.0) / 299.792 < first < 1.5 * plan["latency_ms"]


def test_one_satellite_and_one_gateway_at_a_time(source: Source) -> None:
    whole = build(source, Asked(wishes("Gilgit-Baltistan/leo_terminal"), "Karachi", Span(source.begin, 90.0)))
    gateways = set(source.tables["gateways"]["name"])
    for leg in whole.hosts[0].way.legs:
        up = [name.startswith("starlink") for name in leg.path]
        assert up[1]  # the first hop goes up
        assert len(gateways & set(leg.path)) == 1
        down = up.index(False, 1)
        assert not any(up[down:])  # what has landed stays on the ground
    starts = np.array([leg.begin_s for leg in whole.hosts[0].way.legs])
    served = [leg.path[1] for leg in whole.hosts[0].way.legs]
    changes = [t for t, a, b in zip(starts[1:], served, served[1:], strict=False) if a != b]
    assert changes
    assert np.allclose((np.array(changes) - 12.0) % 15.0, 0.0, atol=2e-3)  # the run starts at a full minute


@real
def test_a_lesson_of_a_minute(found: Subrun, tmp_path: Path) -> None:
    asked = subrun.activities(found, "lesson", 60.0)
    result = work.carried_out(
        tmp_path / "lesson", found.course, asked, 60.0, seed=1, capture=False, quiet=True, live="off",
        about=found.about,
    )  # fmt: skip
    fibre, terminal = (one["summary"] for one in result["activities"])
    # two round trips at least before the first picture: connection and segment
    assert 4e-9 * found.hosts[0].way.pieces[0, 1] < fibre["start_s"] < 10.0
    assert fibre["stalls"] == 0
    assert fibre["bitrate_kbps"] > 2000.0
    # the terminal's first picture comes when there are satellites, and one of TCP's later tries has met them
    assert LOST_S - 1.0 < terminal["start_s"] < 50.0
    assert terminal["bitrate_kbps"] < 1e-3 * found.hosts[1].given.access.down_bps[0, 1]
    assert fibre["opinion"] > terminal["opinion"]
    assert result["about"]["hosts"][1]["technology"] == "leo_terminal"
