"""``rabta events``: when a place's links and the best way between two places change."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from rabta.cli.events import joint
from rabta.cli.events.study import refuse, study

MOST_HOURS = 24.0 * 31


def events(
    from_: Annotated[str, typer.Option("--from", help="Place by name, as in --from Lahore")],
    to: Annotated[
        str | None, typer.Option(help="Other place, at home or abroad: the best way over the whole network")
    ] = None,
    hours: Annotated[float, typer.Option(help="Length of the span")] = 1.0,
    start: Annotated[str | None, typer.Option(help="Start, UTC; that of the scenario if left out")] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="longest-remaining (as without --to), highest, least-loaded or scheduled: who serves a "
            "place, or two through one satellite; shortest (as with --to): the best way"
        ),
    ] = None,
    space: Annotated[bool, typer.Option("--space", help="With --to: over satellites alone")] = False,
    scenario: Annotated[str, typer.Option(help="Scenario of the nation and constellations")] = "pakistan",
    constellation: Annotated[list[str] | None, typer.Option(help="Catalog entry; repeat for several")] = None,
    catalogue: Annotated[str | None, typer.Option(help="TLE or OMM file of real satellites")] = None,
    rows: Annotated[int, typer.Option(help="Events to print")] = 40,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON")] = False,
) -> None:
    """Exact instants of link up, handover and link down; between two places, of path changes and outages."""
    from rabta.scenario import find, load

    if not 0.0 < hours <= MOST_HOURS:
        refuse("span out of range", "--hours", hours, f"above 0, at most {MOST_HOURS:g}")
    if rows < 0:
        refuse("cannot print so many", "--rows", rows, "zero or more")
    changes: list[tuple[str, object]] = [("time.hours", hours)]
    changes += [("time.start", start)] if start else []
    changes += [("space.constellations", constellation)] if constellation else []
    changes += [("space.catalogue", catalogue)] if catalogue else []
    chosen = load(find(scenario), dict(changes))
    policy = policy or ("longest-remaining" if to is None else "shortest")
    if to is None and (policy == "shortest" or space):
        refuse("a way needs two ends", "--to", None, "another place")
    if to is not None and policy == "shortest":
        found = joint.study(chosen, from_, to, space_only=space)
    else:
        found = study(chosen, from_, to, policy)
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    elif "over" in found:
        joint.print_study(found, rows)
    else:
        _print(found, rows)


def _print(found: dict[str, Any], rows: int) -> None:
    ends = found["from"] if found["to"] is None else f"{found['from']} to {found['to']} through one satellite"
    print(f"{ends}, {found['hours']:g} h from {found['start']}, policy {found['policy']}")
    for event in found["events"][:rows]:
        measure = ""
        if "elevation_deg" in event:
            measure = f"{event['elevation_deg']:6.2f} deg"
        if "rtt_ms" in event:
            measure = f"{event['rtt_ms']:7.3f} ms RTT"
        print(f"{event['time']}  {event['event']:<11}  {event['satellite']:<20} {measure}".rstrip())
    if len(found["events"]) > rows:
        print(f"... {len(found['events']) - rows} more; --rows or --json shows them")
    if not found["windows"]:
        print("no satellite is in view in this span: no link")
    s = found["summary"]
    print(
        f"{s['handovers']} handovers, {s['per_hour']:.1f} an hour; a link lasts {s['mean_link_s']:.1f} s; "
        f"served {100.0 * s['served_share']:.3f} % of the time; {s['gaps']} gaps, {s['gap_s']:.3f} s in all, "
        f"the longest {s['longest_gap_s']:.3f} s"
    )
