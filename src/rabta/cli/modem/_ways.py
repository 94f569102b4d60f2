"""What several commands of the modem ask for: framing, place, satellite, pass."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from rabta.mobile.modem.budget import Budget, Rain
    from rabta.mobile.modem.framing import Framing
    from rabta.mobile.modem.passes import Pass

START = "2026-01-13T08:00:00Z"
SATELLITES = {"nr": "starlink-11506", "dvb-s2x": "starlink-2505", "dvb-s2": "starlink-2505"}
"""Of the satellites catalog, where none is named: one to phones at 2 GHz, one to dishes at 12 GHz."""


def framing(name: str, bandwidth_mhz: float, spacing_khz: int, short: bool) -> Framing:
    """Framing of the options."""
    from rabta.errors import named
    from rabta.mobile.modem import framing as ways

    settings: dict[str, Any] = {"spacing_khz": spacing_khz} if name == "nr" else {"short": short}
    with named(framing="--framing", bandwidth_mhz="--bandwidth", spacing_khz="--spacing"):
        return ways.make(name, bandwidth_mhz, **settings)


def instant(text: str) -> np.datetime64:
    """UTC instant of an option."""
    import numpy as np

    from rabta.errors import EXIT_USAGE, RabtaError
    from rabta.times import parse_utc

    try:
        return np.datetime64(parse_utc(text).replace(tzinfo=None), "ns")
    except ValueError as error:
        raise RabtaError(
            "no instant", key="--start", value=text, expected=f"as in {START}", exit_code=EXIT_USAGE
        ) from error


def sky(
    satellite: str,
    over: str,
    start: str,
    number: int,
    *,
    catalogue: str | None,
    system: str | None,
    terminal: str | None,
    carrier_ghz: float | None,
    backoff_db: float,
    min_elevation_deg: float,
) -> tuple[Pass, Budget, dict[str, Any]]:
    """Pass over a place, the downlink under the place's sky, and both in words."""
    import numpy as np

    from rabta.cli.link.places import ground_end
    from rabta.errors import RabtaError, named
    from rabta.mobile.modem import budget, passes
    from rabta.radio.door.world import World
    from rabta.scenario import Nation

    with named(place="--over"):
        place, world = ground_end(over), World(Nation())
    lat, lon = np.array([place.lat_deg]), np.array([place.lon_deg])
    height = world.ground_m(lat, lon) + place.above_m
    with named(satellite="--satellite"):
        found = passes.satellite(satellite, catalogue)
    chosen = system or found.system
    if chosen is None:
        raise RabtaError(
            "what this satellite sends is not known", key="--system", value=found.name,
            expected="an entry of the constellations catalog",
        )  # fmt: skip
    seen = passes.find(
        found, place.lat_deg, place.lon_deg, float(height[0]), instant(start),
        min_elevation_deg=min_elevation_deg, number=number,
    )  # fmt: skip
    wet = float(world.column("rain_percent", lat, lon)[0]) if world.inside(lat, lon).all() else 5.0
    link = budget.budget(
        chosen, world.climate(lat, lon, height), wet, terminal=terminal, carrier_ghz=carrier_ghz,
        backoff_db=backoff_db,
    )  # fmt: skip
    words = {
        "satellite": found.name, "norad": found.norad, "catalogue": catalogue, "system": chosen,
        "terminal": link.link.terminal.name, "carrier_ghz": link.link.frequency_ghz, "over": place.name,
        "place": [place.lat_deg, place.lon_deg, float(height[0])],
        "pass_start": f"{seen.start}Z", "pass_s": seen.span_s,
        "highest_deg": float(seen.elevation_deg.max()), **timing(seen, link.carrier_hz),
    }  # fmt: skip
    return seen, link, words


def timing(seen: Pass, carrier_hz: float) -> dict[str, float]:
    """Largest Doppler shift and its rate, delays and what NR makes of them (TR 38.821, clause 6.3)."""
    import numpy as np

    from rabta.radio.ntn import motion

    track = seen.track(carrier_hz)
    inside = (seen.times_s >= 0.0) & (seen.times_s <= seen.span_s)
    times = seen.times_s[inside]
    shift, rate = track.shift_hz(times), track.rate_hz_s(times)
    found = motion.timing(seen.range_m[inside] / 1e3)
    return {
        "doppler_hz": float(np.abs(shift).max()), "doppler_rate_hz_s": float(np.abs(rate).max()),
        "delay_ms": float(1e3 * found.one_way_s.max()), "least_delay_ms": float(1e3 * found.one_way_s.min()),
        "drift_us_s": float(1e6 * np.abs(shift).max() / carrier_hz),
        "timing_advance": int(found.advance_units.max()), "k_offset_slots": found.k_offset_slots,
    }  # fmt: skip


def rain(rate: float | None, percent: float | None, seed: int) -> Rain:
    """Rain of the options."""
    from rabta.errors import named
    from rabta.mobile.modem.budget import Rain

    with named(rain="--rain", percent="--rain-percent", **{"rate_mmh, percent": "--rain, --rain-percent"}):
        return Rain(rate, percent, seed)


def bar(words: str) -> tuple[Any, Callable[[int, int], None]]:
    """Bar of progress on a terminal's error stream, or nothing."""
    from contextlib import nullcontext

    if not sys.stderr.isatty():
        return nullcontext(), lambda _done, _of: None
    from rich.console import Console
    from rich.progress import Progress

    shown = Progress(console=Console(stderr=True), transient=True)
    task = shown.add_task(words, total=None)
    return shown, lambda done, of: shown.update(task, completed=done, total=of)
