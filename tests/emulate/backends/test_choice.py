"""Which back end is taken, and what is said where one is missing."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rabta.emulate.backends import choice, netem, netlink
from rabta.errors import RabtaError


def missing(problem: str) -> object:
    """A trial of a machine that lacks something."""

    def tried() -> None:
        raise RabtaError(problem)

    return tried


@pytest.mark.parametrize(("lacks", "taken"), [((), "tun"), (("tun",), "edt"), (("tun", "edt"), "netem")])
def test_the_first_that_the_machine_has_is_taken(
    monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...], taken: str
) -> None:
    for name in choice.NAMES:
        use = missing(f"no {name}") if name in lacks else lambda: None
        monkeypatch.setitem(choice._TRIED, name, use)  # type: ignore[arg-type]
    assert choice.chosen() == taken


def test_a_machine_without_any_hears_what_each_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in choice.NAMES:
        monkeypatch.setitem(choice._TRIED, name, missing(f"no {name}"))  # type: ignore[arg-type]
    with pytest.raises(RabtaError, match="no tun") as caught:
        choice.chosen()
    for word in ("/dev/net/tun", "CONFIG_NET_SCH_FQ", "CONFIG_NET_SCH_NETEM"):
        assert word in str(caught.value)
    with pytest.raises(RabtaError, match="no edt"):
        choice.chosen("edt")


def test_a_name_that_is_none_gets_the_nearest() -> None:
    with pytest.raises(RabtaError, match="no such back end") as caught:
        choice.chosen("netm")
    assert "netem" in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_trial_leaves_this_process_where_it_was() -> None:
    here = Path("/proc/self/ns/net").stat().st_ino
    before = len(list(Path("/proc/self/fd").iterdir()))
    for name in choice.NAMES:
        choice.why_not(name)
    assert Path("/proc/self/ns/net").stat().st_ino == here
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_queue_that_the_kernel_has_not_is_named() -> None:
    with netlink.Netlink() as link, pytest.raises(RabtaError, match="of kind nosuch"):
        link.queue(1, netlink.ROOT, 1 << 16, "nosuch", b"")


def test_steps_of_a_slope_stay_near_it_and_cover_it() -> None:
    pieces = np.array([[0.0, 20e6, 2.3e-5, 0, 0, 0, 0], [5e9, 19e6, -4e-5, 0.1, 0, 0, 0]])
    found = list(netem.steps(pieces, 12e9))
    starts = np.array([step.at_ns for step in found])
    assert starts[0] == 0
    assert (np.diff(starts) > 0).all()
    assert 70 < len(found) < 90, "at most 5 us a step: 4.6 and 8 a second"
    for step, after in pairwise(found):
        row = pieces[0] if step.at_ns < 5e9 else pieces[1]
        for at in (step.at_ns, after.at_ns):
            true = row[1] + row[2] * (min(at, 5e9 if row is pieces[0] else at) - row[0])
            assert abs(step.delay_ns - true) <= netem.ERROR_NS + 1.0
        assert step.loss[0] == row[3]


def test_options_of_netem_have_the_kernels_layout() -> None:
    # struct tc_netem_qopt; attributes TCA_NETEM_LATENCY64 10, JITTER64 11, RATE 6, LOSS 5 and in it GE 2
    body = netem.options(
        7, delay_ns=20e6, jitter_ns=4e6, loss=0.5, rate=2.5e6, overhead=-14, bursts=(0.0, 0.25, 1.0, 0.5)
    )
    assert body[:24] == np.array([0, 7, 1 << 31, 0, 0, 0], dtype="<u4").tobytes()
    assert body[24:36] == bytes([12, 0, 10, 0]) + (22_000_000).to_bytes(8, "little"), "mean of 20 to 24 ms"
    assert body[36:48] == bytes([12, 0, 11, 0]) + (2_000_000).to_bytes(8, "little"), "half of the range"
    assert body[48:68] == bytes([20, 0, 6, 0]) + np.array([2_500_000, -14, 0, 0], dtype="<i4").tobytes()
    model = np.array([(1 << 32) - 1, 1 << 31, 3 << 30, 0], dtype="<u4")
    assert body[68:] == bytes([24, 0, 5, 0x80, 20, 0, 2, 0]) + model.tobytes(), (
        "p, r, 1 - loss, loss in the good"
    )
