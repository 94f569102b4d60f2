"""Contact plan of a finished run, from its events.

Ways between pairs of places (``path_start``, ``path_change``, outages) become contacts of the two places
with the delay that the run has. Links of places become contacts of the place and the gateway where its
traffic lands; the table has the delay to the satellite only, so that the way down is taken as long as the
way up (modelled). Links that land over lasers become contacts with the system. Rates are not in the table:
one is given for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rabta import events
from rabta.errors import RabtaError
from rabta.security.bundles.contacts.plan import Contact, Plan

ARROW = " > "
LASERS = "lasers"
BEGINS = {"link_up", "handover", "gateway_handover", "path_start", "path_change", "outage_end"}
ENDS = {"link_down", "outage_start", "path_end"}


def from_run(folder: Path, rate_bps: float) -> Plan:
    """Contacts of both directions, seconds from the first event.

    Raises
    ------
    RabtaError
        Where the run has no events that make contacts.
    """
    table = events.read(folder, kinds=BEGINS | ENDS)
    if not len(table):
        raise RabtaError(
            "the run has no links or paths in its events", file=folder, expected="events.places or pairs"
        )
    first = int(table["time_ns"].iloc[0])
    last = (int(table["time_ns"].iloc[-1]) - first) / 1e9
    found: list[Contact] = []
    for _, rows in table.groupby(["subject", "system"], sort=True):
        records = [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
        found += _stretches(records, first, last, rate_bps)
    return Plan(found)


def _stretches(rows: list[dict[str, Any]], first: int, last: float, rate_bps: float) -> Iterator[Contact]:
    """Contacts of one link or pair: from each event to the next."""
    for at, row in enumerate(rows):
        if row["kind"] not in BEGINS:
            continue
        start = (row["time_ns"] - first) / 1e9
        end = (rows[at + 1]["time_ns"] - first) / 1e9 if at + 1 < len(rows) else last
        pair = _pair(row)
        if end > start and pair:
            delay = _delay(row)
            yield Contact(start, end, pair[0], pair[1], rate_bps, delay)
            yield Contact(start, end, pair[1], pair[0], rate_bps, delay)


def _pair(row: dict[str, Any]) -> tuple[str, str] | None:
    if ARROW in row["subject"]:
        here, there = row["subject"].split(ARROW, 1)
        return here, there
    there = row["system"] if row["via"] == LASERS else row["via"]
    return (row["subject"], there) if there else None


def _delay(row: dict[str, Any]) -> float:
    delay = row["delay_ms"] / 1e3
    if delay != delay:  # noqa: PLR0124 - NaN
        return 0.0
    return float(delay if ARROW in row["subject"] else 2 * delay)
