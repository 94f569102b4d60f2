"""Suite ``backends``: one scenario over the engine, over BPF with sch_fq, and over netem.

Few machines have all three; so the figures are those of a user-mode Linux, stored with their date and written
anew by ``python -m rabta.verify.emulation.crossing --store --rounds 2`` in some ten minutes.
"""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from rabta.verify import Row, suite
from rabta.verify.emulation import crossing

TARGET = "issue: back ends on one scenario; research/security-emulation E6"
APART_US, SHARE, DEVIATIONS = 200.0, 0.05, 3.0


@suite("backends", "One scenario over tun, BPF with fq, and netem")
def backends(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Delay, order, loss and goodput of each back end beside the others'."""
    found = json.loads(crossing.STORED.read_text(encoding="utf-8"))
    where = f"{TARGET}; stored {found['date']}: {found['where']}"
    rounds = found["rounds"]
    names = list(rounds[0])
    parts = {name: [one[name] for one in rounds] for name in names}
    return [
        *_delays(parts, where),
        *(row for name in names for row in _losses(name, parts[name], where)),
        *_same(parts, where),
        *_goodput(parts, where),
        *_costs(found, where),
    ]


def _delays(parts: dict[str, list[Any]], where: str) -> list[Row]:
    """Median of felt less computed delay: of each back end, and how far they are apart.

    The engine is an ordinary process: in a user-mode kernel its system calls and turns cost tens of
    microseconds each, and it says itself how late it hands packets over: some rows take that off.
    """
    middle = {
        name: float(np.median([one["moving"]["median_us"] for one in own])) for name, own in parts.items()
    }
    late = float(np.median([one["moving"]["carrier"]["late_mean_ns"] / 1e3 for one in parts["tun"]]))
    rows = [
        Row(
            f"{name}: median delay above the computed one (us)",
            middle[name],
            0.0,
            math.nan,
            where,
            gate=False,
        )
        for name in parts
    ]
    rows += [
        Row(f"{b} less {a}: median delay (us)", middle[b] - middle[a], 0.0, APART_US, where, gate=a != "tun")
        for a, b in combinations(parts, 2)
    ]
    return rows + [
        Row(f"{name} less tun without its lateness: median delay (us)", middle[name] - middle["tun"] + late,
            0.0, APART_US, where, gate=False)
        for name in parts if name != "tun"
    ]  # fmt: skip


def _costs(found: dict[str, Any], where: str) -> list[Row]:
    """What the kernels themselves cost, and the engine on the machine's own one."""
    own = found["own_kernel"]
    names = {"system_call_us": "a system call", "there_and_back_us": "a process to another and back"}
    rows = [
        Row(f"user-mode kernel, theirs the host's: {name} (us)", found["costs"][key], own["costs"][key],
            math.nan, where, gate=False)
        for key, name in names.items()
    ]  # fmt: skip
    return [
        *rows,
        Row("tun on the host's kernel: median above the computed delay (us)",
            own["tun"]["moving"]["median_us"], 0.0, math.nan, where, gate=False),
    ]  # fmt: skip


def _losses(name: str, own: list[Any], where: str) -> list[Row]:
    """Order, losses in the outage and nowhere else, and in bursts against the chain's mean.

    Of several rounds the one that is farthest from the mean: those of netem differ.
    """
    tries = [(one["lossy"]["sent"], one["lossy"]["lost"]) for one in own]
    sent, lost = max(tries, key=lambda one: abs(one[1] - crossing.expected(one[0])[0]))
    mean, deviation = crossing.expected(sent)
    overtaken = sum(one["moving"]["reordered"] for one in own)
    out = (crossing.OUT_S[1] - crossing.OUT_S[0]) / crossing.EVERY_S
    gone = [one["moving"]["sent"] - one["moving"]["received"] for one in own]
    missed = max(gone, key=lambda count: abs(count - out))
    through = sum(one["moving"]["in_the_gap"] for one in own)
    return [
        Row(f"{name}: packets that came through the outage", through, 0.0, 0.0, where),
        Row(f"{name}: packets lost of a path without losses but for its outage", missed, out, 1.0, where),
        Row(f"{name}: packets overtaken where the delay falls by 5 ms", overtaken, 0.0, 0.0, where),
        Row(f"{name}: lost of {sent:,} in bursts", lost, mean, DEVIATIONS * deviation, "mean of the chain"),
    ]


def _same(parts: dict[str, list[Any]], where: str) -> list[Row]:
    """The same draws: the engine and the programs lose the same packets."""
    lost = {
        name: [(one["lossy"]["sent"], one["lossy"]["lost"]) for one in own] for name, own in parts.items()
    }
    alike = [(a, b) for a, b in zip(lost["tun"], lost["edt"], strict=True) if a[0] == b[0]]
    apart = float(sum(abs(a[1] - b[1]) for a, b in alike)) if alike else math.nan
    return [Row("edt against tun: difference of the losses, of the same packets", apart, 0.0, 0.0, where)]


def _goodput(parts: dict[str, list[Any]], where: str) -> list[Row]:
    """Middle second of each TCP flow through a queue, and what a flow without one gets."""
    rows = []
    for control in crossing.CONTROLS:
        rate = {
            name: float(np.median([x for one in own for x in one["tcp"][control]["mbps"]]))
            for name, own in parts.items()
        }
        rows += [
            Row(
                f"{b} against {a}: {control} through 20 Mbit/s (Mbit/s)",
                rate[b],
                rate[a],
                SHARE * rate[a],
                where,
            )
            for a, b in combinations(parts, 2)
        ]
    free = {name: max(x for one in own for x in one["open"]["mbps"]) for name, own in parts.items()}
    return rows + [
        Row(
            f"{name}: cubic over 40 ms without a queue (Mbit/s)", free[name], 0.0, math.nan, where, gate=False
        )
        for name in parts
    ]
