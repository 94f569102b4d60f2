"""``rabta pnt holdover``: how long clocks keep the time that services need, once satellites are lost."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def holdover(
    oscillator: Annotated[
        str | None, typer.Option(help="Only this entry of the catalog 'oscillators'")
    ] = None,
    limit_us: Annotated[float | None, typer.Option(help="A limit of your own, microseconds")] = None,
    used_us: Annotated[float, typer.Option(help="Error when satellites are lost, with --limit-us")] = 0.1,
    sigmas: Annotated[float, typer.Option(help="Of the clock's noise, beside its drift")] = 1.0,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Hours until cells, the power grid and finance lose their time, for each class of oscillator."""
    from rabta import catalog
    from rabta.pnt.integrity import holdover as made

    names = [oscillator] if oscillator else catalog.names("oscillators")
    needs = made.limits() if limit_us is None else {"asked": (limit_us * 1e3, used_us * 1e3)}
    rows = [
        {
            "need": need, "limit_us": limit / 1e3, "oscillator": name,
            "hours": made.hours_until(made.load(name), limit, used, sigmas),
        }
        for need, (limit, used) in needs.items()
        for name in names
    ]  # fmt: skip
    if json_:
        print(json.dumps(rows))
        return
    print(f"{'hours until':<24}{'limit':>12}" + "".join(f"{name:>12}" for name in names))
    for need, (limit, _) in needs.items():
        hours = [row["hours"] for row in rows if row["need"] == need]
        print(f"{need:<24}{limit / 1e3:>9.1f} us" + "".join(f"{value:>12.1f}" for value in hours))
