"""``rabta emulate``: real packets of real programs between places of a scenario or run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from rabta.errors import EXIT_USAGE, RabtaError

LONGEST_S = 6 * 3600.0
Users = Annotated[
    str,
    typer.Option(
        help="Instead of --from, users of a run with the access that its plan gives them: places, "
        'districts, hexagons or LAT,LON, with how many, as in "Chagai:3,Gilgit"'
    ),
]
Lost = Annotated[
    list[str] | None,
    typer.Option(
        help="With --hosts: what is lost, from when on and for how long, as in cable:aae-1, "
        '"gateway:Quetta LEO gateway@300" or system:starlink@60:30; repeat'
    ),
]
Traffic = Annotated[
    str,
    typer.Option(
        help="What runs, separated by commas: ping, tcp, tcp:bbr, quic, call, lesson, lesson:bbr, payments, "
        "probes, overlay, overlay:file, bundles, wireguard; mptcp, ospf (with a second way over the ground)"
    ),
]
Over = Annotated[
    str,
    typer.Option(
        help="With --hosts: instead of the plan's ways, those over the lasers of a constellation of the "
        "catalog, under which users and servers have terminals; access by --down, --up, --queue, --loss"
    ),
]
Reroute = Annotated[
    float, typer.Option(help="With --hosts: seconds until routing has replaced a way that lost something")
]
Cut = Annotated[
    list[str] | None,
    typer.Option(help="Outage of the path: from second, for seconds, as in 20:5; repeat"),
]


def emulate(
    source: Annotated[str, typer.Argument(help="Scenario, or a run's folder")],
    to: Annotated[str, typer.Option(help="Place of the servers, at home or abroad")],
    from_: Annotated[str, typer.Option("--from", help="Place of the user, as in --from Gilgit")] = "",
    hosts: Users = "",
    without: Lost = None,
    spare: Annotated[
        bool, typer.Option("--spare", help="With --hosts: spare capacity of satellites is shared too")
    ] = False,
    reroute: Reroute = 1.0,
    plain: Annotated[
        bool, typer.Option("--plain", help="With --hosts: without what real satellite terminals add")
    ] = False,
    over: Over = "",
    step: Annotated[float, typer.Option(help="With --over: how often links are renewed, ms")] = 100.0,
    traffic: Traffic = "ping,lesson,payments",
    seconds: Annotated[float, typer.Option(help="Length, in real time")] = 60.0,
    start: Annotated[str | None, typer.Option(help="Start, UTC; that of the scenario if left out")] = None,
    space: Annotated[bool, typer.Option("--space", help="Over satellites alone")] = False,
    down: Annotated[float, typer.Option(help="Mbit/s to the user (0: unlimited)")] = 50.0,
    up: Annotated[float, typer.Option(help="Mbit/s from the user (0: unlimited)")] = 10.0,
    queue: Annotated[float, typer.Option(help="Queues before the user's link, ms")] = 100.0,
    gap: Annotated[float, typer.Option(help="Outage at each change of the user's satellite, ms")] = 0.0,
    loss: Annotated[float, typer.Option(help="Per cent of the packets that the path loses")] = 0.0,
    cut: Cut = None,
    seed: Annotated[int, typer.Option(help="Of losses", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result; emulations/NAME if left out")
    ] = None,
    capture: Annotated[bool, typer.Option("--capture", help="Write the packets too (pcapng)")] = False,
    backend: Annotated[
        str, typer.Option(help="What carries packets: auto, tun, edt (BPF and fq), netem")
    ] = "auto",
    live: Annotated[
        str, typer.Option(help="What is shown meanwhile: auto, table, json (a line a second), off")
    ] = "auto",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Carry real packets over the twin's moving paths, and say what people would feel.

    Hosts are network namespaces of this machine; nothing leaves them. It needs Linux, and root or
    /dev/net/tun open to users.
    """
    from rabta.cli.emulate import course, work

    _checked(seconds, from_, hosts, over)
    activities = work.activities(traffic, from_, to, seconds)
    about: dict[str, Any] = {"source": source, "to": to, "start": start, "space": space, "seed": seed}
    about["backend"] = work.ready({one.kind for one in activities}, backend, capture=capture)
    two, outages = work.two_ways(activities), course.cuts(cut or [])
    if hosts:
        from rabta.cli.emulate import subrun

        if two:
            raise _refused("traffic over two ways", "--hosts", traffic, "--from PLACE")
        lost, how = without or [], {"queue_ms": queue, "gap_ms": gap, "reroute_s": reroute}
        if over:
            if lost or spare or gap:
                raise _refused(
                    "not for ways over a constellation", "--over", over, "no --without, --spare, --gap"
                )
            user = course.access(down, up, queue, gap, loss)
            given = subrun.under(source, over, hosts, to, seconds, start, user, step)
        else:
            given = subrun.build(source, hosts, to, seconds, start, lost, spare=spare, plain=plain, **how)
        activities, about = subrun.activities(given, traffic, seconds), {**about, **given.about}
        net = course.cut(given.course, outages)
        if not json_:
            subrun.tell(given)
    else:
        user = course.access(down, up, queue, gap, loss)
        net = course.between(source, from_, to, seconds, start, user, space=space, cuts=outages, two=two)
        about["from"], activities = from_, work.between(activities, net)
    folder = out or work.folder(from_ or hosts, to, source)
    result = work.carried_out(
        folder, net, activities, seconds, seed=seed, capture=capture, quiet=json_, live=live, about=about
    )
    if json_:
        print(json.dumps(result, ensure_ascii=False))
    else:
        work.tell(result, folder)
    if work.code(result):
        raise typer.Exit(work.code(result))


def _refused(problem: str, key: str, value: object, expected: str) -> RabtaError:
    return RabtaError(problem, key=key, value=value, expected=expected, exit_code=EXIT_USAGE)


def _checked(seconds: float, from_: str, hosts: str, over: str) -> None:
    """Refuse a length out of range, and users named twice or not at all."""
    if not 1.0 <= seconds <= LONGEST_S:
        raise _refused("a length out of range", "--seconds", seconds, f"1 to {LONGEST_S:.0f}")
    if over and not hosts:
        raise _refused("a constellation without users", "--over", over, "--hosts PLACE:USERS,...")
    if bool(hosts) == bool(from_):
        either = "either --from PLACE or --hosts PLACE:USERS,..."
        raise _refused("users named twice or not at all", "--hosts", hosts, either)
