"""``rabta emulate``: real packets of real programs between places of a scenario or run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rabta.errors import EXIT_USAGE, RabtaError

LONGEST_S = 6 * 3600.0


def emulate(
    source: Annotated[str, typer.Argument(help="Scenario, or a run's folder")],
    from_: Annotated[str, typer.Option("--from", help="Place of the user, as in --from Gilgit")],
    to: Annotated[str, typer.Option(help="Place of the servers, at home or abroad")],
    traffic: Annotated[
        str,
        typer.Option(help="What runs, separated by commas: ping, tcp, tcp:bbr, quic, call, lesson, payments"),
    ] = "ping,lesson,payments",
    seconds: Annotated[float, typer.Option(help="Length, in real time")] = 60.0,
    start: Annotated[str | None, typer.Option(help="Start, UTC; that of the scenario if left out")] = None,
    space: Annotated[bool, typer.Option("--space", help="Over satellites alone")] = False,
    down: Annotated[float, typer.Option(help="Mbit/s to the user (0: unlimited)")] = 50.0,
    up: Annotated[float, typer.Option(help="Mbit/s from the user (0: unlimited)")] = 10.0,
    queue: Annotated[float, typer.Option(help="Queues before the user's link, ms")] = 100.0,
    gap: Annotated[float, typer.Option(help="Outage at each change of the user's satellite, ms")] = 0.0,
    loss: Annotated[float, typer.Option(help="Per cent of the packets that the path loses")] = 0.0,
    cut: Annotated[
        list[str] | None,
        typer.Option(help="Outage of the path: from second, for seconds, as in 20:5; repeat"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of losses")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result; emulations/NAME if left out")
    ] = None,
    capture: Annotated[bool, typer.Option("--capture", help="Write the packets too (pcapng)")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Carry real packets over the twin's moving paths, and say what people would feel.

    Hosts are network namespaces of this machine; nothing leaves them. It needs Linux, and root or
    /dev/net/tun open to users.
    """
    from rabta.cli.emulate import course, work

    if not 1.0 <= seconds <= LONGEST_S:
        expected = f"1 to {LONGEST_S:.0f}"
        raise RabtaError(
            "a length out of range", key="--seconds", value=seconds, expected=expected, exit_code=EXIT_USAGE
        )
    activities = work.activities(traffic, from_, to, seconds)
    work.ready({one.kind for one in activities})
    access = course.access(down, up, queue, gap, loss)
    net = course.between(source, from_, to, seconds, start, access, space=space, cuts=course.cuts(cut or []))
    folder = out or work.folder(from_, to)
    found = work.carried_out(folder, net, activities, seconds, seed=seed, capture=capture, quiet=json_)
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        work.tell(found, folder)
