"""wireguard-go with keys of our handshake: changed while traffic flows, and not a packet is lost."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.secure import both, overlay, wireguard
from rabta.emulate.testbed import Testbed
from rabta.errors import RabtaError

MISSING = [name for name in ("wireguard-go", "ping", "ip", "unshare") if shutil.which(name) is None]
live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or bool(MISSING),
    reason=f"needs root, /dev/net/tun and {MISSING} (Debian: wireguard-go, iputils-ping, iproute2)",
)


def carried(folder: Path, seconds: float, *words: str) -> dict[str, Any]:
    """A village 10 to 20 ms from a city: its satellite changes each second."""
    rows = [[k * 1e9, (10e6, 20e6)[k % 2], 0, 0, 0, 0, 0] for k in range(50)]
    hosts = {"village": ways.Access(), "city": ways.Access()}
    course = ways.course(hosts, {("village", "city"): np.array(rows, dtype=float)}, 60.0)
    overlay.keys(folder)
    with Testbed(course) as bed:
        bed.restart()
        return both.run(bed, "village", "city", "tunnel", ("answer", "ask"), folder, seconds, *words,
                        before=wireguard.ALONE)  # fmt: skip


def left() -> list[str]:
    """Processes of wireguard-go with interfaces named as ours."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = place.read_bytes().split(b"\0")
            found += [place.parent.name] * (words[0] == b"wireguard-go" and words[2].startswith(b"wg0."))
    return found


@live
@pytest.mark.slow
def test_keys_change_under_traffic_and_nothing_is_lost(tmp_path: Path) -> None:
    found = carried(tmp_path, 16.0, "--renew", "4")
    told = found["summary"]
    assert told["key_changes"] >= 2
    assert told["sent"] > 500
    assert told["lost"] < told["key_changes"], "a change loses nothing; a machine that stands still may"
    assert told["doubled"] == 0
    assert found["interfaces"] == [f"wg0.{told['key_changes']}"], "those before are removed"
    assert told["abandoned"] == 0
    assert 20.0 <= min(rtt for _, rtt in found["rtts"]) < 30.0
    assert not left(), "and with the hosts all of it is gone"
    sessions = [words.split()[-1] for *_, words in found["keys"]]
    assert len(set(sessions)) == len(sessions), "each key is of a handshake of its own"


@live
@pytest.mark.slow
def test_a_wrong_key_at_one_end_moves_nothing(tmp_path: Path) -> None:
    told = carried(tmp_path, 15.0, "--renew", "3", "--spoil", "1")["summary"]
    assert told["abandoned"] >= 1
    assert told["lost"] < 10, "traffic stays on the interface that both ends hold: a second of it is 50"


def test_keys_differ_by_session_and_generation() -> None:
    one = wireguard.shared(b"session1", 0, bytes(48), "sha384")
    assert len(one) == 32
    assert one != wireguard.shared(b"session1", 1, bytes(48), "sha384")
    assert one != wireguard.shared(b"session2", 0, bytes(48), "sha384")
    assert one != wireguard.shared(b"session1", 0, bytes(47) + b"\1", "sha384")


@live
def test_the_machine_s_own_folder_is_never_covered() -> None:
    with pytest.raises(RabtaError, match="not in a mount namespace of its own"):
        wireguard.private()
