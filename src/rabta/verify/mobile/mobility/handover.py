"""Suite ``handover``: dwell times, timers, sequences worked by hand, and procedures beside published studies."""  # noqa: E501

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rabta.mobile.mobility import _kernels as k
from rabta.mobile.mobility import study, worlds
from rabta.mobile.mobility.procedures import Link, Machine, Procedure, filter_share
from rabta.verify import Row, suite

REPORT = "3GPP TR 38.821 V16, table 7.3.2.1.2-1"
QUIET = {"error_db": 0.0, "period_s": 0.01, "window_db": 200.0, "noise_dbm": -100.0}
STEP_S = 0.01


@suite("handover", "Handover: dwell times, timers, machine by hand, procedures beside published studies")
def rows(_files: Path | None) -> list[Row]:
    """Laws are gates; other people's simulations have other assumptions and are shown."""
    return [*_dwell(), *_filter(), *_machine(), *_studies()]


def _dwell() -> list[Row]:
    speed = 7.56
    return [
        Row("Stay in a moving cell of 50 km, s", worlds.dwell_s(50.0, speed), 6.61, 0.005, REPORT),
        Row("Stay in a moving cell of 1,000 km, s", worlds.dwell_s(1000.0, speed), 132.28, 0.005, f"{REPORT}: 1000 / 7.56"),  # noqa: E501
        Row(
            "Speed of the place below a satellite at 600 km, km/s", worlds.ground_speed_km_s(600.0), speed, 0.01,  # noqa: E501
            f"{REPORT} takes the orbit's speed; the ground below is passed 8.6 % slower", gate=False,
        ),
    ]  # fmt: skip


def _filter() -> list[Row]:
    source = "3GPP TS 38.331, 5.5.3.2: a = 1/2^(k/4)"
    shares = [filter_share(4) - 0.5, filter_share(8) - 0.25, 1 - (1 - filter_share(4, 0.04)) ** 5 - 0.5]
    return [
        Row(
            "Layer 3's filter for k of 4 and 8, and at 40 ms", float(np.abs(shares).max()), 0.0, 1e-12, source
        )
    ]


def _at(serving: np.ndarray, wanted: int) -> float:
    """Seconds until a cell serves or, for -1, until none does."""
    return float(np.argmax(serving[0] == wanted)) * STEP_S


def _one(procedure: Procedure, power: np.ndarray, **link: float) -> tuple[np.ndarray, Machine]:
    machine = Machine(procedure, Link(**{**QUIET, **link}), 1, power.shape[2], STEP_S)  # type: ignore[arg-type]
    return machine.advance(power)[0], machine


def _machine() -> list[Row]:
    """A neighbour steps up after 1 s, or the own cell vanishes then; filters pass everything (k = 0)."""
    source = "by hand: TS 38.331, 5.3.5, 5.3.10, 5.5.4.4; TS 38.133, 8.1"
    better = np.full((1, 400, 2), -80.0, np.float32)
    better[0, :, 1] = -90.0
    better[0, 100:, 1] = -76.0
    gone = np.full((1, 400, 1), -80.0, np.float32)
    gone[0, 100:] = -130.0
    plain = Procedure(ttt_s=0.16, filter_k=0)
    baseline, machine = _one(plain, better)
    steered, _ = _one(Procedure("conditional", ttt_s=0.16, filter_k=0), better)
    lost, fallen = _one(plain, gone)
    return [
        Row("Baseline: time to trigger, then preparation, s", _at(baseline, -1), 1.0 + 0.16 + 0.05, 0.011, source),  # noqa: E501
        Row("Baseline: interruption of 49.5 ms in steps of 10, s", _at(baseline, 1) - _at(baseline, -1), 0.05, 1e-9, source),  # noqa: E501
        Row("Conditional: prepared meanwhile, leaves after both, s", _at(steered, -1), 1.0 + 0.05 + 0.16, 0.021, source),  # noqa: E501
        Row("Handovers of the baseline", float(machine.tally[0, k.DONE]), 1.0, 0.0, source),
        Row("Link lost after 200 ms of Q_out and T310 of 1 s, s", _at(lost, -1), 2.2, 0.05, source),
        Row("Link failures counted", float(fallen.tally[0, k.RLF]), 1.0, 0.0, source),
    ]  # fmt: skip


def _studies() -> list[Row]:
    small: dict[str, Any] = {"users": 60, "seconds": 24.0}
    town, slow = (study.run("town", kmh=kmh, **small)[1] for kmh in (120.0, 30.0))
    moving = study.run("moving", **small)[1]
    base, ground = moving["baseline A3"], town["baseline A3"]
    calm = slow["baseline A3"]
    bad, usual, rare = (x.a_minute(x.failures + x.link_failures) for x in (base, ground, calm))
    first, second, third, fourth = study.PUBLISHED
    cho = moving["conditional A3"]
    timed, less = moving["conditional by time"], moving["conditional by time, RACH-less"]
    return [
        Row("Failures over satellites and in town at 30 km/h, times", bad / max(rare, 1e-9), first.value, float("nan"), first.source, gate=False),  # noqa: E501
        Row("Failures over satellites and in town at 120 km/h, times", bad / max(usual, 1e-9), first.value, float("nan"), first.source, gate=False),  # noqa: E501
        Row(
            "Outage over satellites and in town at 120 km/h, times", base.outage_share / max(ground.outage_share, 1e-9), second.value,  # noqa: E501
            float("nan"), second.source, gate=False,
        ),
        Row("Time available, conditional, %", 100.0 * (1.0 - cho.down_share), third.value, float("nan"), third.source, gate=False),  # noqa: E501
        Row("Mean stay in a cell of 40 km that moves, s", base.stay_s, fourth.value, float("nan"), fourth.source, gate=False),  # noqa: E501
        Row(
            "Saved by RACH-less access: a round trip and 8.5 ms, ms", timed.interruption_ms - less.interruption_ms,  # noqa: E501
            1e3 * worlds.moving(users=1, seconds=10.0).link.round_trip_s + 8.5, 1e-9, "TR 36.881; TS 38.300",
        ),
    ]  # fmt: skip
