"""``rabta modem channel``: IQ samples over a satellite's pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.mobile.modem.channel import Channel
    from rabta.mobile.modem.sigmf import Recording, Writer


def channel(
    recording: Annotated[Path, typer.Argument(help="SigMF recording that rabta modem send wrote")],
    out: Annotated[Path, typer.Option(help="SigMF recording to write")],
    over: Annotated[str, typer.Option(help="Where it is heard: a town, or LAT,LON")] = "Gilgit",
    satellite: Annotated[
        str | None, typer.Option(help="Catalog entry, name or NORAD number; by the framing if left out")
    ] = None,
    start: Annotated[str, typer.Option(help="Passes are counted from here, UTC")] = "2026-01-13T08:00:00Z",
    number: Annotated[int, typer.Option(help="Which pass, from 0")] = 0,
    at: Annotated[float | None, typer.Option(help="Seconds into the pass; its middle if left out")] = None,
    catalogue: Annotated[str | None, typer.Option(help="TLE or OMM file of other satellites")] = None,
    system: Annotated[str | None, typer.Option(help="Constellation whose downlink the satellite has")] = None,
    terminal: Annotated[str | None, typer.Option(help="Entry of the terminals catalog")] = None,
    carrier: Annotated[float | None, typer.Option(help="Another carrier, GHz")] = None,
    backoff: Annotated[float, typer.Option(help="The satellite sends so much less, dB")] = 0.0,
    min_elevation: Annotated[float, typer.Option(help="Passes above this, degrees")] = 10.0,
    rain: Annotated[float | None, typer.Option(help="Steady rain, mm/h")] = None,
    rain_percent: Annotated[
        float | None, typer.Option(help="Rain as rare as this share of the year, then P.1853's process")
    ] = None,
    clock: Annotated[float, typer.Option(help="Receiver's crystal too fast, ppm")] = 0.0,
    linewidth: Annotated[float, typer.Option(help="Receiver's phase noise, Hz")] = 0.0,
    fading: Annotated[str | None, typer.Option(help="Around the terminal: NTN-TDL-A to -D")] = None,
    speed: Annotated[float, typer.Option(help="Of the terminal, m/s; with --fading")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of noise and fading")] = 0,
    type_: Annotated[str, typer.Option("--type", help="Of samples: ci16_le, cf32_le, cu8 ...")] = "ci16_le",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Delay, Doppler, level, rain and noise of a real pass, put on IQ samples."""
    import numpy as np

    from rabta.cli.modem import _ways
    from rabta.mobile.modem import sigmf, simulate
    from rabta.mobile.modem.channel import Channel, Receiver
    from rabta.mobile.modem.framing import of_settings
    from rabta.radio.ntn.motion import doppler_hz

    given = sigmf.load(recording)
    own = {k.removeprefix("rabta:"): v for k, v in given.info["global"].items() if k.startswith("rabta:")}
    way = of_settings(own)
    name = satellite or _ways.SATELLITES[way.name]
    seen, link, words = _ways.sky(
        name, over, start, number, catalogue=catalogue, system=system, terminal=terminal,
        carrier_ghz=carrier, backoff_db=backoff, min_elevation_deg=min_elevation,
    )  # fmt: skip
    es_n0, sky = link.along(seen, _ways.rain(rain, rain_percent, seed))
    doppler = abs(float(doppler_hz(speed, link.link.frequency_ghz)))
    own_parts = Receiver(clock, linewidth, fading, doppler_hz=doppler, seed=seed)
    path = Channel(
        seen, link.carrier_hz, given.sample_rate, way.bandwidth_hz, es_n0, own_parts,
        power=_power(given, own, way.power),
    )  # fmt: skip
    sent_s = max(seen.span_s - given.seconds, 0.0) / 2.0 if at is None else at
    early = simulate.EARLY
    received = path.arrives(sent_s) - early / given.sample_rate
    count = given.count + 2 * early
    level = simulate.scale(path, type_)
    parts = path.blocks(given.read, given.count, sent_s=sent_s, received_s=received, count=count)
    begin = seen.start + np.timedelta64(round(received * 1e9), "ns")
    facts = {**way.settings(), **words, "bandwidth_hz": way.bandwidth_hz, "sent_s": sent_s, "seed": seed}
    with sigmf.Writer(
        out, given.sample_rate, datatype=type_, frequency_hz=link.carrier_hz, start=begin,
        description=f"{words['satellite']} over {words['over']}", own=facts,
    ) as file:  # fmt: skip
        shown, tick = _ways.bar("samples")
        with shown:
            for part in parts:
                file.append(part * level)
                tick(file.count, count)
    found = _facts(path, words, sent_s, received, file)
    print(json.dumps({**found, "sky_db": float(sky.max())})) if json_ else _print(found)


def _power(given: Recording, own: dict[str, Any], usual: float) -> float:
    """Mean power of the samples sent, as the recording states it."""
    from rabta.errors import RabtaError

    value = own.get("power", usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < 1e12:
        raise RabtaError(
            "no power of the samples", file=given.path, key="rabta:power", value=value, expected="above 0"
        )
    return float(value)


def _facts(
    path: Channel, words: dict[str, Any], sent_s: float, received_s: float, file: Writer
) -> dict[str, Any]:
    """What the recording went through, from its first to its last sample."""
    import numpy as np

    ends = np.array([received_s, received_s + file.count / path.sample_rate])
    elevation, _, _ = path.over.at(ends)
    return {
        **words, "from_s": sent_s, "seconds": file.count / path.sample_rate,
        "elevation_deg": [float(e) for e in elevation],
        "shift_hz": [float(v) for v in path.track.shift_hz(ends)],
        "es_n0_db": [float(v) for v in path.snr_db(ends)], "samples": file.count, "clipped": file.clipped,
        "datatype": file.kind.name, "recording": str(file.meta),
    }  # fmt: skip


def _print(found: dict[str, Any]) -> None:
    high: float = found["elevation_deg"][0]
    first, last = (float(v) for v in found["es_n0_db"])
    print(f"{found['satellite']} ({found['norad']}) over {found['over']}, pass of "
          f"{found['pass_start'][:19]}Z, {found['pass_s']:.0f} s, up to "
          f"{found['highest_deg']:.1f} degrees")  # fmt: skip
    print(f"{found['carrier_ghz']:g} GHz into {found['terminal']}: Es/N0 {first:.2f} to {last:.2f} dB, "
          f"Doppler {found['shift_hz'][0]:,.0f} to {found['shift_hz'][1]:,.0f} Hz, "
          f"{high:.1f} degrees up")  # fmt: skip
    print(f"written: {found['recording']} ({found['samples']:,} samples of {found['datatype']})")
