"""QUIC over real packets: a handshake of one round trip, a full line, an outage, a change of path."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from rabta.emulate import ways
from rabta.emulate.engine import spaces
from rabta.emulate.programs import quic
from rabta.emulate.testbed import Testbed
from rabta.errors import RabtaError

live = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK) or not quic.available(),
    reason="needs root, /dev/net/tun and aioquic (Debian: python3-aioquic)",
)


def fetched(size: int, rows: list[tuple[float, float]], **more: Any) -> dict[str, Any]:
    """A download over 10 Mbit/s and a path of pieces (s, ms); the engine's clock starts with the client."""
    way = np.array([[t * 1e9, d * 1e6 if d >= 0 else -1.0, 0, 0, 0, 0, 0] for t, d in rows])
    village = ways.Access(np.array([[0.0, 5e6]]), np.array([[0.0, 10e6]]), queue_s=0.2)
    hosts = {"village": village, "server": ways.Access()}
    with Testbed(ways.course(hosts, {("village", "server"): way}, 60.0)) as bed:
        return quic.download(bed, "village", "server", size, **more)


@live
def test_a_handshake_takes_one_round_trip_and_the_line_is_filled() -> None:
    found = fetched(4_000_000, [(0.0, 50.0)])
    assert found["failed"] is None
    assert found["bytes"] == 4_000_000
    assert 0.1 <= found["handshake_s"] < 0.4
    # 1,200 of 1,228 bytes are QUIC's, some more are of its own headers
    assert 0.5 * 10e6 < found["goodput_bps"] < 9.8e6
    assert sum(rate * (high - low) for low, high, rate in found["intervals"]) == pytest.approx(32e6)
    assert len(found["paths"]) == 1


@live
def test_a_download_outlives_an_outage() -> None:
    found = fetched(4_000_000, [(0.0, 20.0), (3.0, -1.0), (5.0, 20.0)])
    assert found["failed"] is None
    assert found["bytes"] == 4_000_000
    assert found["longest_gap_s"] > 1.9


@live
def test_a_download_goes_on_over_another_path() -> None:
    found = fetched(3_000_000, [(0.0, 20.0)], move_s=1.0)
    assert found["failed"] is None
    assert found["bytes"] == 3_000_000
    ports = [port for _, port in found["paths"]]
    assert len(set(ports)) == 2
    assert ports[1] == found["moved"]
    assert found["longest_gap_s"] < 1.0


@live
def test_no_path_is_told() -> None:
    found = fetched(1000, [(0.0, -1.0)], patience_s=2.0)
    assert found["failed"] is not None
    assert found["bytes"] == 0


@live
def test_what_came_in_time_is_told() -> None:
    found = fetched(50_000_000, [(0.0, 50.0)], patience_s=3.0)
    assert found["failed"] is not None
    assert found["handshake_s"] < 0.4
    assert 1_000_000 < found["bytes"] < 4_000_000  # of 10 Mbit/s for less than 3 s


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quic, "available", lambda: False)
    with pytest.raises(RabtaError, match=r"rabta\[emulate\]"):
        quic.download(object(), "a", "b", 1)  # type: ignore[arg-type]
