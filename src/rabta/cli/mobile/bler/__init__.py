"""``rabta mobile bler``: how often a transport block fails, by simulation of every bit."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.mobile.phy.link.curves import Point, Setup

TABLE = "1 to 4: TS 38.214, tables 5.1.3.1-1 to -4; 5 and 6: the uplink's with transform precoding"
CHANNEL = "AWGN, or a profile: TDL-A to -E, CDL-A to -E, NTN-TDL-A to -D, TDLA30 ..."
RATIOS = "Es/N0 of an antenna, dB: FIRST:LAST:STEP, or numbers with commas; chosen if left out"
MOST_POINTS = 200


def bler(
    mcs: Annotated[int, typer.Argument(help="MCS index")],
    table: Annotated[int, typer.Option(help=TABLE)] = 2,
    channel: Annotated[str, typer.Option(help=CHANNEL)] = "AWGN",
    blocks: Annotated[int, typer.Option(help="Resource blocks, 1 to 275")] = 6,
    layers: Annotated[int, typer.Option(help="Spatial layers, 1 to 4")] = 1,
    antennas: Annotated[int, typer.Option(help="Receiving antennas, 1 to 4")] = 1,
    spread: Annotated[float | None, typer.Option(help="Delay spread, ns; 100 if left out")] = None,
    doppler: Annotated[float, typer.Option(help="Largest Doppler shift, Hz")] = 0.0,
    spacing: Annotated[int, typer.Option(help="Subcarrier spacing, kHz")] = 30,
    receiver: Annotated[
        str, typer.Option(help="Knows the channel: perfect, or from pilots by ls or lmmse")
    ] = "perfect",
    transmissions: Annotated[int, typer.Option(help="Most transmissions of a block, 1 to 4")] = 1,
    snr: Annotated[str | None, typer.Option("--snr", help=RATIOS)] = None,
    errors: Annotated[int, typer.Option(help="A point ends at so many errors")] = 100,
    most: Annotated[int, typer.Option(help="or at so many blocks")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same counts")] = 0,
    processes: Annotated[int, typer.Option(help="Worker processes")] = 1,
    svg: Annotated[Path | None, typer.Option(help="Write the picture here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Block error rate of an MCS over a channel, with 95 % confidence."""
    from rabta.errors import named
    from rabta.mobile.phy.link import curves
    from rabta.mobile.phy.link.channels import Channel
    from rabta.mobile.phy.link.transport import Format

    with named(profile="--channel", receive="--antennas", spacing_khz="--spacing", knowledge="--receiver"):
        path = Channel(
            channel, None if spread is None else spread * 1e-9, doppler, receive=antennas,
            spacing_khz=spacing, knowledge=receiver,
        )  # fmt: skip
    setup = curves.Setup(Format(table, mcs, blocks, layers=layers), path, transmissions)
    points = curves.run(
        setup, ratios(snr, setup), errors=errors, most=most, seed=seed, processes=processes, last=1e-3
    )
    found = answer(setup, points, (table, mcs, seed))
    if svg is not None:
        from rabta.cli.mobile.bler import picture

        svg.write_text(picture.draw(found), encoding="utf-8")
    if json_:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)


def ratios(asked: str | None, setup: Setup) -> list[float]:
    """Ratios to simulate: as asked for, or where the curve falls."""
    import numpy as np

    from rabta.errors import RabtaError
    from rabta.mobile.phy.link import channels, tables

    if asked is None:
        form = setup.form
        start = tables.needed_db(form.order, form.rate, 0.9, form.bits)
        if setup.channel.profile == channels.WHITE:
            step = (tables.needed_db(form.order, form.rate, 0.003, form.bits) - start) / 7
            return [round(float(x), 2) for x in start + step * np.arange(8)]
        return [round(float(x), 1) for x in start - 2.0 + 2.0 * np.arange(12)]
    try:
        if ":" in asked:
            first, last, step = (float(part) for part in asked.split(":"))
            count = int(np.floor((last - first) / step + 1e-9)) + 1
            found = [round(first + step * i, 6) for i in range(min(count, MOST_POINTS + 1))]
        else:
            found = sorted(float(part) for part in asked.split(","))
    except (ValueError, ZeroDivisionError, OverflowError):
        found = []
    if not 1 <= len(found) <= MOST_POINTS or not np.isfinite(found).all():
        raise RabtaError(
            "no ratios", key="--snr", value=asked, expected=f"such as 0:3:0.5 or 0,1,2; {MOST_POINTS} at most"
        )
    return found


def answer(setup: Setup, points: list[Point], given: tuple[int, int, int]) -> dict[str, Any]:
    """What the command prints, as plain data."""
    from rabta.mobile.phy.link import channels, tables

    form, channel = setup.form, setup.channel
    white, known = (
        channel.profile == channels.WHITE,
        partial(tables.failures, form.order, form.rate, bits=form.bits),
    )
    return {
        "table": given[0], "mcs": given[1], "order": form.order, "rate": form.rate, "bits": form.bits,
        "coded_bits": form.coded_bits, "layers": form.layers, "code_blocks": form.segments.blocks,
        "channel": channel.profile, "antennas": channel.receive, "doppler_hz": channel.doppler_hz,
        "delay_spread_ns": None if channel.delay_spread_s is None else channel.delay_spread_s * 1e9,
        "spacing_khz": channel.spacing_khz, "receiver": channel.knowledge, "seed": given[2],
        "transmissions": setup.transmissions,
        "table_needs_db": tables.needed_db(form.order, form.rate, 0.1, form.bits),
        "points": [
            {
                "snr_db": p.snr_db, "blocks": p.blocks, "errors": list(p.errors), "bler": p.bler,
                "low": p.interval[0], "high": p.interval[1], "residual": p.residual,
                "mean_transmissions": p.mean_transmissions, "missed_by_check": p.missed,
                "table": float(known(p.snr_db)) if white else None,
            }
            for p in points
        ],
    }  # fmt: skip


def _print(found: dict[str, Any]) -> None:
    print(
        f"MCS {found['mcs']} of table {found['table']}: {found['order']} bits a symbol, "
        f"rate {found['rate']:.3f}, "
        f"{found['bits']:,} bits in {found['code_blocks']} code blocks, {found['coded_bits']:,} sent"
    )
    spread = "" if found["delay_spread_ns"] is None else f", {found['delay_spread_ns']:g} ns"
    print(
        f"{found['channel']}{spread}, {found['antennas']} antennas, {found['layers']} layers, channel known: "
        f"{found['receiver']}; in white noise the tables ask {found['table_needs_db']:.2f} dB for 10 %"
    )
    more = "after the last" if found["transmissions"] > 1 else ""
    last = more or "table"
    print(f"\n{'Es/N0 dB':>9} {'blocks':>8} {'errors':>7} {'BLER':>9} {'95 % confidence':>21}  {last}")
    for p in found["points"]:
        shown = f"{p['residual']:.2g}" if more else ("" if p["table"] is None else f"{p['table']:.2g}")
        print(
            f"{p['snr_db']:9.2f} {p['blocks']:8,} {p['errors'][0]:7,} {p['bler']:9.2g} "
            f"{p['low']:10.2g} {p['high']:10.2g}  {shown}"
        )
