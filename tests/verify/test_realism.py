"""Suite ``realism``: the study's figures are carried out; without them it fails."""

from __future__ import annotations

import numpy as np
import pytest

from rabta.emulate.subrun import realism as added
from rabta.verify.emulation import realism


def test_what_the_study_measured_is_carried_out() -> None:
    rows = realism.realism(None)
    assert [row.passed for row in rows if row.gate] == [True, True]
    median = next(row.ours for row in rows if row.name == "round trips: median (ms)")
    light_ms = 2e-6 * np.median(realism.one_way_ns()[0])
    assert light_ms < median < light_ms + 2e3 * added.largest_s()


def test_without_what_a_terminal_adds_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(added, "largest_s", lambda: 0.0)
    monkeypatch.setattr(added, "SINGLE", 0.0)
    monkeypatch.setattr(added, "GAP_S", 0.0)
    assert [row.passed for row in realism.realism(None) if row.gate] == [False, False]
