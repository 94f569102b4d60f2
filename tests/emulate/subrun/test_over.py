"""Users of a run's places under one constellation: names, access, what is said of them, and real packets."""

from __future__ import annotations

import os
import shutil
import subprocess

import numpy as np
import pytest

from rabta.emulate.engine import spaces
from rabta.emulate.subrun.access import Span
from rabta.emulate.subrun.build import Subrun
from rabta.emulate.subrun.named import wishes
from rabta.emulate.subrun.over import Under, build
from rabta.emulate.subrun.source import Source
from rabta.emulate.testbed import Testbed
from rabta.emulate.ways import Access
from rabta.errors import RabtaError

SPAN = Span(np.datetime64("2026-01-13T16:10:00", "ns"), 20.0)
ACCESS = Access(np.array([[0.0, 4e6]]), np.array([[0.0, 30e6]]), 0.05)

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)


def under(source: Source, hosts: str, to: str = "Karachi", over: str = "iridium-next") -> Subrun:
    return build(source, Under(over, wishes(hosts), to, SPAN, ACCESS))


def test_users_of_places_share_their_way_and_have_the_access_that_was_asked(source: Source) -> None:
    found = under(source, "Dalbandin:2,Yasin")
    assert found.users == ("Dalbandin 1", "Dalbandin 2", "Yasin")
    assert found.server.name == "Karachi"
    host = found.about["hosts"][0]
    assert host["down_mbps"] == [[0.0, 30.0]]
    assert {one["what"] for one in host["figures"]} == {"rate down", "rate up", "queue", "loss"}
    assert found.about["over"] == {"constellation": "iridium-next", "satellites": 66,
                                   "lasers": found.about["over"]["lasers"], "step_s": 0.1}  # fmt: skip
    for one in found.about["hosts"]:
        rtt = one["rtt_ms"]
        assert rtt["out_s"] == 0.0, "66 polar satellites cover the Earth"
        assert 4 * 780e3 / 299_792.458 < rtt["least"] <= rtt["mean"] <= rtt["most"] < 200.0
    same = [found.course.ends.tolist().index([row, 3]) for row in (0, 1)]
    first = found.course.first
    parts = [found.course.pieces[first[k] : first[k + 1], :3] for k in same]
    assert np.array_equal(*parts)


def test_what_there_is_not_is_named(source: Source) -> None:
    with pytest.raises(RabtaError, match="no such place"):
        under(source, "Atlantis")
    with pytest.raises(RabtaError, match="two hosts of one name"):
        under(source, "Karachi")
    with pytest.raises(RabtaError) as caught:
        under(source, "Yasin", over="irridium")
    assert "iridium-next" in str(caught.value)


@live
@pytest.mark.skipif(shutil.which("ping") is None, reason="needs ping (Debian: iputils-ping)")
def test_packets_take_as_long_as_the_ways_say(source: Source) -> None:
    found = under(source, "Yasin")
    words = ["ping", "-c", "20", "-i", "0.1", "-q"]
    with Testbed(found.course) as bed:
        bed.restart()
        done = bed.start("Yasin", [*words, bed.address("Karachi")], stdout=subprocess.PIPE, text=True)
        said, _ = done.communicate(timeout=60.0)
    least = float(said.rsplit("=", 1)[1].split("/")[0])
    computed = found.about["hosts"][0]["rtt_ms"]
    assert computed["least"] - 0.1 <= least <= computed["most"] + 20.0, (
        "of twenty, one is not held up for long"
    )
