"""Payments over real TCP: in time on a good line, failed over a cut."""

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
from rabta.emulate.programs import payment
from rabta.emulate.testbed import Testbed

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access(spaces.DEVICE, os.W_OK), reason="needs root and /dev/net/tun"
)
MODULE = [sys.executable, "-m", "rabta.emulate.programs.payment"]


def paid(rows: list[tuple[float, float]], *more: str) -> dict[str, Any]:
    """Summary of payments over a path of pieces (s, ms)."""
    way = np.array([[t * 1e9, d * 1e6 if d >= 0 else -1.0, 0, 0, 0, 0, 0] for t, d in rows])
    hosts = {"shop": ways.Access(), "switch": ways.Access()}
    with Testbed(ways.course(hosts, {("shop", "switch"): way}, 60.0)) as bed:
        server = bed.start(
            "switch", [*MODULE, "serve", bed.address("switch")], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        assert server.stdout.readline() == "listening\n"
        shop = bed.start(
            "shop", [*MODULE, "pay", bed.address("switch"), *more], stdout=subprocess.PIPE, text=True
        )
        found: dict[str, Any] = json.loads(shop.communicate(timeout=60)[0])["summary"]
        return found


def test_a_payment_takes_two_round_trips_and_the_switch() -> None:
    found = paid([(0.0, 50.0)], "2", "--every", "0.2")
    assert found["in_time_share"] == 1.0
    assert 0.2 + payment.SWITCH_S <= found["median_s"] < 0.3 + payment.SWITCH_S


def test_a_cut_line_fails_at_the_deadline() -> None:
    found = paid([(0.0, 50.0), (2.0, -1.0)], "4", "--every", "0.5", "--deadline", "1.0")
    assert 0.0 < found["in_time_share"] < 1.0
    assert found["failed"].keys() == {"deadline"}
