"""``rabta modem pass``: a file over a whole pass, end to end, with adaptation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.mobile.modem.simulate import Outcome

ROWS = 30
FRAMES = {"nr": 19, "dvb-s2x": 6, "dvb-s2": 6}


def pass_(
    file: Annotated[Path | None, typer.Argument(help="What to send; noise if left out")] = None,
    framing: Annotated[str, typer.Option(help="nr, dvb-s2x or dvb-s2")] = "nr",
    bandwidth: Annotated[float, typer.Option(help="Of the channel, MHz")] = 5.0,
    over: Annotated[str, typer.Option(help="Where it is heard: a town, or LAT,LON")] = "Gilgit",
    satellite: Annotated[
        str | None, typer.Option(help="Catalog entry, name or NORAD number; by the framing if left out")
    ] = None,
    start: Annotated[str, typer.Option(help="Passes are counted from here, UTC")] = "2026-01-13T08:00:00Z",
    number: Annotated[int, typer.Option(help="Which pass, from 0")] = 0,
    every: Annotated[float, typer.Option(help="Seconds between bursts")] = 5.0,
    frames: Annotated[int | None, typer.Option(min=1, help="Frames a burst")] = None,
    continuous: Annotated[
        bool, typer.Option("--continuous", help="Bursts of up to a second without a gap: the pass as a whole")
    ] = False,
    modcod: Annotated[str | None, typer.Option(help="One modcod instead of adaptation")] = None,
    margin: Annotated[float, typer.Option(help="Of the adaptation above thresholds, dB")] = 1.0,
    blind: Annotated[bool, typer.Option("--blind", help="The receiver does not know the orbit")] = False,
    orbit_error: Annotated[float, typer.Option(help="The satellite is late on its known orbit, s")] = 0.05,
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
    clock: Annotated[float, typer.Option(help="Receiver's crystal too fast, ppm")] = 0.1,
    linewidth: Annotated[float, typer.Option(help="Receiver's phase noise, Hz")] = 1.0,
    fading: Annotated[str | None, typer.Option(help="Around the terminal: NTN-TDL-A to -D")] = None,
    speed: Annotated[float, typer.Option(help="Of the terminal, m/s; with --fading")] = 0.0,
    spacing: Annotated[int, typer.Option(help="NR: subcarrier spacing, 15 or 30 kHz")] = 15,
    short: Annotated[bool, typer.Option("--short", help="DVB: short frames")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of noise, fading and rain")] = 0,
    type_: Annotated[str, typer.Option("--type", help="Of the receiver's samples")] = "ci16_le",
    out: Annotated[Path | None, typer.Option(help="Write the file as it arrived here")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON")] = False,
) -> None:
    """Send a file over a real satellite pass: real samples, modcods by what the receiver reports."""
    from rabta.cli.modem import _picture, _ways
    from rabta.errors import RabtaError
    from rabta.mobile.modem import simulate
    from rabta.mobile.modem.channel import Receiver
    from rabta.radio.itu import check_range
    from rabta.radio.ntn.motion import doppler_hz

    way = _ways.framing(framing, bandwidth, spacing, short)
    if file is not None and not file.is_file():
        raise RabtaError("no such file", file=file, expected="a file to send")
    if out is not None and file is None:
        raise RabtaError("no file to write", key="--out", value=str(out), expected="a FILE to send")
    name = satellite or _ways.SATELLITES[framing]
    seen, link, words = _ways.sky(
        name, over, start, number, catalogue=catalogue, system=system, terminal=terminal,
        carrier_ghz=carrier, backoff_db=backoff, min_elevation_deg=min_elevation,
    )  # fmt: skip
    doppler = abs(float(doppler_hz(speed, link.link.frequency_ghz)))
    check_range("--every", 1.0 if continuous else every, 0.001, 600.0, "bursts, s, without --continuous")
    many, gap = frames or FRAMES[framing], every
    if continuous:
        many, gap = frames or max(round(1.0 / way.frame_s(str(way.waveform.names[0]))), 1), 0.0
    setup = simulate.Setup(
        way, seen, link, _ways.rain(rain, rain_percent, seed),
        Receiver(clock, linewidth, fading, doppler_hz=doppler, seed=seed), gap, many, margin, modcod=modcod,
        known=not blind, orbit_error_s=orbit_error, datatype=type_,
    )  # fmt: skip
    shown, tick = _ways.bar("seconds")
    with shown:
        found = simulate.run(setup, None if file is None else file.read_bytes(), tick)
    told = {
        **words, **way.settings(), "sample_rate": way.sample_rate, "bandwidth_hz": way.bandwidth_hz,
        "every_s": gap, "continuous": continuous, **found.summary(),
    }  # fmt: skip
    if out is not None and found.file is not None:
        out.write_bytes(found.file.data)
    if svg is not None:
        svg.write_text(_picture.draw(told, found.records()), encoding="utf-8")
    print(json.dumps({**told, "rows": found.records()})) if json_ else _print(told, found)


def _print(told: dict[str, Any], found: Outcome) -> None:
    print(f"{told['satellite']} ({told['norad']}) over {told['over']}, {told['pass_start'][:19]}Z, "
          f"{told['pass_s']:.0f} s, up to {told['highest_deg']:.1f} degrees; {told['carrier_ghz']:g} GHz "
          f"into {told['terminal']}")  # fmt: skip
    print(f"{told['framing']}, {told['bandwidth_hz'] / 1e6:g} MHz of signal; Doppler up to "
          f"{told['doppler_hz']:,.0f} Hz and {told['doppler_rate_hz_s']:,.0f} Hz/s, drift "
          f"{told['drift_us_s']:.1f} us/s; {told['least_delay_ms']:.2f} to {told['delay_ms']:.2f} ms; "
          f"K offset {told['k_offset_slots']} slots")  # fmt: skip
    kept = "the whole pass" if told["continuous"] else f"a sample: one burst each {told['every_s']:g} s"
    print(f"simulated: {told['simulated_s']:.2f} s of samples, {kept}; the loop takes {told['loop_s']:.3f} s")
    print(f"{'s':>5} {'up':>5} {'km':>6} {'Doppler':>9} {'sky':>5} {'Es/N0':>6} {'heard':>6}  "
          f"{'modcod':<16} {'good':>9} {'Mbit/s':>7}")  # fmt: skip
    step = max(-(-len(found.bursts) // ROWS), 1)
    for b in found.bursts[::step]:
        rate = b.bits / b.seconds / 1e6
        print(f"{b.second:5.0f} {b.elevation_deg:5.1f} {b.range_km:6.0f} {b.doppler_hz:9,.0f} "
              f"{b.sky_db:5.1f} {b.es_n0_db:6.2f} {b.heard_db:6.2f}  {b.modcod:<16} "
              f"{b.good:4d}/{b.frames:<4d} {rate:7.3f}")  # fmt: skip
    print(f"frames: {told['decoded']:,} of {told['frames']:,} decoded, {told['wrong']} with wrong bytes; "
          f"above threshold and margin {told['decoded_above']:,} of {told['frames_above']:,}, below "
          f"{told['decoded_below']:,} of {told['frames_below']:,}")  # fmt: skip
    print(f"mean {told['mean_mbps']:.3f} Mbit/s while sending, {told['modcods']} modcods used")
    if found.file is not None:
        lost = sum(length for _, length in found.file.missing)
        print("file: complete" if told["file_complete"] else f"file: {lost:,} bytes missing")
