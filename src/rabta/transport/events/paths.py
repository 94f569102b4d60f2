"""When the way of a pair of places over satellites changes, breaks off and comes back.

The search is that of `rabta.transport.routes.changes`: shortest ways from terminal to terminal over
satellites, lasers and gateways that relay, none missed, each instant to a millisecond. It takes seconds for
each pair and quarter of an hour, so a run looks only at the pairs that its scenario names.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rabta.scenario import Platform
from rabta.transport.events.links import Span
from rabta.transport.routes.changes import FINEST_S, Stretch, Watch
from rabta.transport.routes.joined import Tables
from rabta.transport.routes.search import SPACE

ARROW = " > "


def pair_events(
    tables: Tables, span: Span, platforms: tuple[Platform, ...], shut: list[tuple[int, float, float]]
) -> list[dict[str, Any]]:
    """Rows of the ``events`` table between the two ends of the tables."""
    watch = Watch(tables, span.start, span.seconds, SPACE, platforms, shut)
    names = watch.graph.names
    out: list[dict[str, Any]] = []
    subject = ARROW.join(tables.ends["name"].astype(str))
    before: Stretch | None = None
    for stretch in watch.stretches():
        why = " ".join([stretch.cause, " - ".join(names[n] for n in stretch.link)]).strip()
        out.append(
            {
                "time_ns": span.at(stretch.start_s),
                "kind": kind(before, stretch),
                "subject": subject,
                "from": ARROW.join(names[n] for n in before.nodes) if before else "",
                "to": ARROW.join(names[n] for n in stretch.nodes),
                "delay_before_ms": before.last_ms / 2.0 if before else np.nan,
                "delay_ms": stretch.first_ms / 2.0,
                "precision_s": FINEST_S,
                "detail": why,
            }
        )
        before = stretch
    if before is not None:
        out.append(_end(before, subject, span, out[-1]["to"]))
    return out


def kind(before: Stretch | None, stretch: Stretch) -> str:
    """Word for what begins with a stretch."""
    if not stretch.nodes:
        return "outage_start"
    if before is None:
        return "path_start"
    return "path_change" if before.nodes else "outage_end"


def _end(last: Stretch, subject: str, span: Span, path: str) -> dict[str, Any]:
    """The end of the span, so that the delay is known up to there."""
    return {
        "time_ns": span.at(span.seconds),
        "kind": "path_end",
        "subject": subject,
        "from": path,
        "to": "",
        "delay_before_ms": last.last_ms / 2.0,
        "precision_s": FINEST_S,
        "detail": "end of the run",
    }
