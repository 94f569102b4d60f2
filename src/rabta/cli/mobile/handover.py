"""``rabta mobile handover``: procedures side by side in one world, beside published studies."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer


def handover(
    world: Annotated[
        str, typer.Argument(help="town, moving or fixed (cells of a satellite at 600 km)")
    ] = "moving",
    users: Annotated[int, typer.Option(help="Users of the world")] = 150,
    seconds: Annotated[float, typer.Option(help="Simulated time, 10 to 60 s")] = 40.0,
    kmh: Annotated[float, typer.Option(help="Speed in town")] = 120.0,
    seed: Annotated[int, typer.Option(min=0, help="Of all draws")] = 1,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Failures, ping-pong, interruption and signalling of handover procedures."""
    from dataclasses import asdict

    from rabta.mobile.mobility import study
    from rabta.radio.itu import check_range

    check_range("--users", users, 1, 2000, "a study in memory")
    check_range("--seconds", seconds, 10.0, 60.0, "a study in memory")
    settings: dict[str, Any] = {"users": users, "seconds": seconds}
    if world == "town":
        settings["kmh"] = kmh
    made, outcomes = study.run(world, seed=seed, **settings)
    rows = [study.row(name, found) for name, found in outcomes.items()]
    published = [asdict(item) for item in study.PUBLISHED]
    if json_:
        print(
            json.dumps({"world": made.title, "procedures": rows, "published": published}, ensure_ascii=False)
        )
        return
    print(f"{made.title}: {made.users} users, {made.cells} cells, {seconds:g} s")
    head = ("handovers", "failed", "link lost", "ping-pong", "cut ms", "down", "outage", "on air", "network")
    print(f"{'':32}" + "".join(f"{word:>11}" for word in head))
    for row in rows:
        print(
            f"{row['procedure']:32}{row['handovers']:11,}{100 * row['failure_rate']:10.1f}%{row['link_failures']:11,}"  # noqa: E501
            f"{100 * row['ping_pong_rate']:10.1f}%{row['interruption_ms']:11.1f}{100 * row['down_share']:10.2f}%"  # noqa: E501
            f"{100 * row['outage_share']:10.2f}%{row['messages_air_a_minute']:11.1f}{row['messages_network_a_minute']:11.1f}"  # noqa: E501
        )
    print("messages are a user's in a minute; published, with other assumptions:")
    for item in published:
        print(f"  {item['what']}: {item['value']:g} {item['unit']} ({item['source']}; {item['assumptions']})")
