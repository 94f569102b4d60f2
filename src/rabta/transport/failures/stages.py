"""The stage of failures and denial."""

from __future__ import annotations

from typing import Any

from rabta.stage import stage
from rabta.transport.failures import results
from rabta.transport.failures.study import ARRAYS, study
from rabta.twin import Twin


@stage(
    "Failing elements alone and in pairs",
    params=("failures.order", "failures.repair_hours", "transport.denied", "nation.name", "demand"),
    reads=(
        "cells",
        "nodes",
        "spans",
        "gateways",
        "systems",
        "satellites",
        "zones",
        "pools",
        *ARRAYS,
    ),
    writes=results.NAMES,
    catalog=("hazards", "services", "exchanges", "hubs", "constellations", "growth", "nations"),
)
def failures(twin: Twin) -> dict[str, Any]:
    """What every failure and denial takes; empty tables where `failures.order` is 0."""
    given = study(twin.scenario, twin.tables, {name: twin.values(name) for name in ARRAYS})
    return dict(results.tables(given, twin.scenario.failures.order, twin.scenario.transport.denied))
