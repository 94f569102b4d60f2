"""Small stages under names of the shipped schema, importable by workers in other processes."""

from __future__ import annotations

import os
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rabta.errors import RabtaError
from rabta.twin import Twin

CELLS = 5
EPOCH = np.datetime64("2026-01-13", "ns")


def minutes(twin: Twin) -> np.ndarray:
    return (twin.times - EPOCH) / np.timedelta64(1, "m")


def base(twin: Twin) -> dict[str, Any]:
    return {"busy_demand_mbps": np.arange(CELLS) * twin.scenario.radio.implementation_loss_db}


def wave(twin: Twin) -> dict[str, Any]:
    """Sines that depend on every input bit."""
    phase = 0.37 * minutes(twin)[:, None] + twin.values("busy_demand_mbps")
    return {
        "best_elevation_deg": 45.0 + 44.0 * np.sin(phase),
        "carried_mbps": np.exp(np.sin(phase)).sum(axis=1),
    }


def near(twin: Twin) -> dict[str, Any]:
    """Highest from seven minutes before to three minutes after."""
    seen = twin.values("best_elevation_deg")
    rows = [seen[max(0, i - 7) : i + 4].max(axis=0) for i in range(len(seen))]
    return {"latency_ms": np.array(rows)}


def trail(twin: Twin, carry: dict[str, np.ndarray]) -> dict[str, Any]:
    """Exponentially fading sum, and how many steps it has seen."""
    level = carry.get("level", np.zeros(CELLS))
    count = int(carry.get("count", np.zeros(1))[0])
    rows = []
    for row in twin.values("best_elevation_deg").astype(float):
        level = 0.9 * level + row
        rows.append(level)
    return {"link_rate_mbps": np.array(rows), "level": level, "count": np.array([count + len(rows)])}


def after(twin: Twin) -> dict[str, Any]:
    return {"served_mbps": twin.values("link_rate_mbps") - twin.values("latency_ms")}


def total(twin: Twin) -> dict[str, Any]:
    return {"unserved_demand_mbps": twin.values("served_mbps").sum(axis=0)}


def draws(twin: Twin) -> int:
    return int(twin.scenario.failures.draws)


def drawn(twin: Twin, part: slice) -> dict[str, Any]:
    """One draw a row, from a stream of its own, so that parts do not matter."""
    rows = [np.random.default_rng([7, i]).normal(size=2) for i in range(part.start, part.stop)]
    values = np.array(rows).reshape(-1, 2) + twin.values("unserved_demand_mbps")[0]
    names = np.arange(part.start, part.stop).astype(str)
    return {
        "pools": pd.DataFrame(
            {"pool": names, "satellite_capacity_mbps": values[:, 0], "offered_mbps": values[:, 1]}
        )
    }


def refusing(twin: Twin) -> dict[str, Any]:
    if minutes(twin)[0] >= 60.0:
        raise RabtaError("no sky today", value="rain", expected="sun")
    return wave(twin)


def failing(twin: Twin) -> dict[str, Any]:
    raise ZeroDivisionError("by nothing")


def warning(twin: Twin) -> dict[str, Any]:
    warnings.warn(f"old elements at {minutes(twin)[0]:g}", UserWarning, stacklevel=2)
    return wave(twin)


def deadly(twin: Twin) -> dict[str, Any]:
    """End the process that computes the second chunk, whichever it is."""
    if minutes(twin)[0] == 60.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return wave(twin)


def deadly_once(twin: Twin) -> dict[str, Any]:
    """End the process that computes the second chunk first; the next one lives."""
    mark = Path(twin.scenario.nation.data)
    if minutes(twin)[0] == 60.0 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return wave(twin)


def slow(twin: Twin) -> dict[str, Any]:
    """Leave the process id and take a long time."""
    Path(twin.scenario.nation.data, str(os.getpid())).touch()
    time.sleep(300.0)
    return wave(twin)
