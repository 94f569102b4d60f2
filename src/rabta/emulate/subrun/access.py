"""What the run's plan gives a household of a hexagon: technology, rates, delay of the radio, outages.

Rates. On the ground a household in use gets what the run's access stage gives it in the busy hour
(`rabta.mobile.access.shared_rate`: its service's rate times capacity over load, at most what a sector gives
one user), and more in hours with less load. Over satellites the plan makes it sure of a rate in the busy hour
out of capacity that it reserves; in other hours fewer share that. Never more than the link of the terminal
carries in the step. With ``spare`` the satellites' capacity is shared by those in use as on the ground: the
tightest of the zone, its region and the nation decides. Capacity that is short of the plan's load shortens
everyone's rate in the same ratio.

What the run does not have is assumed, and said: rates of uplinks, queues.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.emulate.subrun.lost import Lost, active, edges
from rabta.emulate.subrun.named import Spot
from rabta.emulate.subrun.source import Source
from rabta.emulate.ways import Access
from rabta.errors import RabtaError
from rabta.transport.sharing import local_hours
from rabta.transport.zones import REGION_RESOLUTION

F8 = NDArray[np.float64]
NONE = "none"
GROUND, MOVING, FIXED = "ground", "moving satellites", "geostationary satellites"
OVER = {"leo_terminal": MOVING, "satellite_cell": MOVING, "geo_terminal": FIXED}
"""What carries the first leg of a technology; the ground, if not named here."""
TERMINALS = ("leo_terminal", "geo_terminal")
UP_SATELLITE = (
    16.91 / 117.74
)  # median up over down of Starlink in the US, Q3 2025: Ookla (Speedtest Intelligence)
QUEUE_S = 0.1


@dataclass(frozen=True)
class Figure:
    """A number of a host, and where it comes from; what no run gives is assumed."""

    what: str
    value: Any
    unit: str
    source: str
    assumed: bool = False


@dataclass(frozen=True)
class Given:
    """What the plan gives a host.

    Attributes
    ----------
    technology : str
    over : str
        What carries the first leg: `GROUND`, `MOVING` or `FIXED`.
    access : Access
    radio_ms : float
        Round trip that the radio access adds to the way.
    outages : tuple of (float, float)
        Times without a link, from and to (s).
    figures : tuple of Figure
    """

    technology: str
    over: str
    access: Access
    radio_ms: float
    outages: tuple[tuple[float, float], ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Span:
    """The time of an emulation."""

    start: np.datetime64
    length_s: float


def given(
    source: Source,
    spot: Spot,
    span: Span,
    lost: Sequence[Lost] = (),
    *,
    spare: bool = False,
    queue_s: float = QUEUE_S,
) -> Given:
    """What the plan gives a household of a hexagon over a span of time.

    Raises
    ------
    RabtaError
        Where the plan serves nobody there.
    """
    plan = source.tables["plan"].iloc[spot.cell]
    name = str(plan["technology"])
    if name == NONE:
        raise RabtaError("the plan connects nobody in this hexagon", key="--hosts", value=spot.name,
                         expected="a hexagon with households without broadband today")  # fmt: skip
    table = source.tables["technologies"].set_index("technology")
    over, radio_ms = (
        OVER.get(name, GROUND),
        float(np.nan_to_num(table["latency_ms"].to_numpy(np.float64)[list(table.index).index(name)])),
    )
    figures = [
        Figure("technology", str(table.loc[name, "title"]), "", "plan: technology of the hexagon"),
        Figure("share", round(float(plan["technology_share"]), 4), "1", "plan: households on it"),
        Figure("radio", radio_ms, "ms", "technologies: round trip of the access alone"),
    ]
    rates = _ground if over == GROUND else _space
    down, outages, told = rates(source, spot, span, name, lost, spare)
    up = down * (1.0, uplink(name))
    figures += [
        *told,
        Figure("up over down", round(uplink(name), 4), "1", _uplink_source(name), assumed=True),
        Figure("queue", 1e3 * queue_s, "ms", "of each direction", assumed=True),
    ]
    return Given(name, over, Access(up, down, queue_s), radio_ms, outages, tuple(figures))


def _hour_figure(source: Source, spot: Spot, span: Span) -> list[tuple[float, float, int]]:
    """Begin of each hour inside the span (s), busy-hour load over that hour's load, local hour."""
    busy = float(source.of_cell("busy_demand_mbps", spot.cell))
    hourly = source.of_cell("demand_mbps", spot.cell)
    begin = span.start.astype("datetime64[h]")
    ends = np.arange(
        begin, span.start + np.timedelta64(round(span.length_s * 1e9), "ns"), np.timedelta64(1, "h")
    )
    hours = local_hours(ends.astype("datetime64[ns]"), source.tables["cells"]["lon_deg"].to_numpy(np.float64))
    first = np.maximum((ends - span.start) / np.timedelta64(1, "s"), 0.0)
    ratio = [busy / float(hourly[h]) if hourly[h] > 0.0 else 1.0 for h in hours]
    return [(float(t), r, int(h)) for t, r, h in zip(first, ratio, hours, strict=True)]


def _at(rows: list[tuple[float, float, int]], second: float) -> tuple[float, float, int]:
    return [row for row in rows if row[0] <= second][-1]


def _ground(
    source: Source, spot: Spot, span: Span, name: str, lost: Sequence[Lost], spare: bool
) -> tuple[F8, tuple[tuple[float, float], ...], list[Figure]]:
    """Rates of a technology on the ground: all of its capacity is shared anyway."""
    del lost, spare
    column = list(source.tables["technologies"]["technology"]).index(name)
    busy = float(source.of_cell("access_rate_mbps", spot.cell)[column])
    most = _most_mbps(name)
    if not busy > 0.0:  # also not a number; a gate of rate 0 would let everything through
        raise RabtaError("the plan gives a household of this hexagon no rate", key="--hosts", value=spot.name,
                         expected=f"access_rate_mbps of {name} above 0")  # fmt: skip
    hours = _hour_figure(source, spot, span)
    rows = [(t, 1e6 * min(most, busy * ratio)) for t, ratio, _ in hours]
    told = [
        Figure("busy-hour rate", round(busy, 4), "Mbit/s", f"access_rate_mbps of {name}: a household in use"),
        Figure("rate", round(rows[0][1] / 1e6, 4), "Mbit/s",
               f"the same by demand_mbps at {hours[0][2]} h local time, at most {most:g} of the radio"),
    ]  # fmt: skip
    return _merged(rows), (), told


def _space(
    source: Source, spot: Spot, span: Span, name: str, lost: Sequence[Lost], spare: bool
) -> tuple[F8, tuple[tuple[float, float], ...], list[Figure]]:
    """Rates over satellites, by step, hour and loss."""
    sure = float(source.tables["plan"]["rate_mbps"].iloc[spot.cell])
    steps, hours = source.steps(span.start, span.length_s), _hour_figure(source, spot, span)
    link = source.over_time("link_rate_mbps", spot.cell) if OVER[name] == MOVING else None
    marks = sorted(
        {*(begin for _, begin, _ in steps), *(t for t, _, _ in hours), *edges(lost, span.length_s)[:-1]}
    )
    rows, out, uses = [], [], []
    for begin, end in zip(marks, [*marks[1:], span.length_s], strict=True):
        step = next(k for k, a, b in reversed(steps) if a <= begin)
        alone = np.inf if link is None else float(link[step])
        _, ratio, _ = _at(hours, begin)
        use = tier_use(source, spot, active(lost, begin), OVER[name]) / ratio
        uses.append(use)
        shared = sure / use if use > 0.0 else np.inf
        rate = min(alone, shared if spare and np.isfinite(shared) else min(sure * ratio, shared))
        if rate > 0.0:
            rows.append((begin, 1e6 * rate))
        else:  # also where it is not a number
            out.append((begin, end))
    if not rows:
        raise RabtaError("the terminal has no link in all this time", key="--hosts", value=spot.name)
    rows[0] = (0.0, rows[0][1])
    told = [
        Figure("sure rate", round(sure, 4), "Mbit/s", "plan: rate that a household in use is sure of"),
        Figure("link", None if link is None else round(float(link[steps[0][0]]), 4), "Mbit/s",
               "link_rate_mbps: the terminal alone, in the first step"),
        Figure("use of capacity", round(uses[0], 4), "1",
               "plan_prices: used over limit, at the demand of the hour"),
        Figure("rate", round(rows[0][1] / 1e6, 4), "Mbit/s",
               "capacity in use shared alike" if spare else f"sure rate at {hours[0][2]} h, or the link"),
    ]  # fmt: skip
    return _merged(rows), tuple(out), told


def tier_use(source: Source, spot: Spot, gone: Sequence[Lost] = (), over: str = MOVING) -> float:
    """Plan's busy-hour load over capacity of the tightest area: zone, its region, the nation.

    The nation is carried by the gateways that are left, at most. Geostationary satellites have areas of their
    own: the zone's alone.
    """
    prices = source.tables["plan_prices"]
    if over == FIXED:
        rows = prices[(prices["constraint"] == "geo_capacity")
                      & (prices["zone"] == str(source.tables["cells"]["zone"].iloc[spot.cell]))]  # fmt: skip
        return float(
            (rows["used"] / rows["limit"].where(rows["limit"] > 0.0)).fillna(0.0).max() if len(rows) else 0.0
        )
    rows = prices[prices["constraint"].str.startswith("satellite_capacity")]
    zone = str(source.tables["cells"]["zone"].iloc[spot.cell])
    part = rows["zone"].to_numpy(str)
    mine = (part == zone) | (part == "nation")
    mine |= (rows["constraint"].to_numpy(str) == "satellite_capacity_region") & (part == _region(zone))
    limit, used = (rows[name].to_numpy(np.float64)[mine] for name in ("limit", "used"))
    left = np.where(part[mine] == "nation", np.minimum(limit, _landed_mbps(source, gone)), limit)
    with np.errstate(divide="ignore", invalid="ignore"):
        use = np.where(used > 0.0, used / left, 0.0)
    return float(use.max(initial=0.0))


def _region(zone: str) -> str:
    """Region of a zone."""
    import h3

    return str(h3.cell_to_parent(zone, REGION_RESOLUTION))


def _landed_mbps(source: Source, gone: Sequence[Lost]) -> float:
    """What the gateways of moving satellites carry, without those that are gone."""
    table, systems = source.tables["gateways"], source.tables["systems"]
    away = {name for one in gone for name in one.gateways}
    flown = {str(n) for n in systems.loc[systems["orbit"] != "geo", "system"]} - {
        n for one in gone for n in one.systems
    }
    may = np.array([bool(({"*"} | flown) & set(str(text).split())) for text in table["systems"]], dtype=bool)
    here = may & ~table["name"].isin(away).to_numpy(bool)
    return 1e3 * float(table["capacity_gbps"].to_numpy(np.float64)[here].sum())


def _merged(rows: list[tuple[float, float]]) -> F8:
    """Changes of a rate alone."""
    kept = [row for k, row in enumerate(rows) if not k or row[1] != rows[k - 1][1]]
    return np.array(kept, dtype=np.float64)


def _radio(name: str) -> dict[str, Any]:
    radio = str(catalog.entry("technologies", name).data.get("radio", ""))
    return catalog.entry("radios", radio).data if radio else {}


def _most_mbps(name: str) -> float:
    return float(_radio(name).get("user_max_mbps", np.inf))


def uplink(name: str) -> float:
    """Uplink's rate over the downlink's of a technology (assumed).

    Examples
    --------
    >>> round(uplink("leo_terminal"), 3), round(uplink("fibre_fwa"), 3)
    (0.144, 0.333)
    """
    shares = [
        float(band["down_share"])
        for band in _radio(name).get("bands", [])
        if 0.0 < band.get("down_share", 0) < 1.0
    ]
    if name in TERMINALS or not shares:
        return UP_SATELLITE
    share = float(np.mean(shares))
    return (1.0 - share) / share


def _uplink_source(name: str) -> str:
    measured = "median up over down of Starlink, US, Q3 2025 (Ookla)"
    shared = name not in TERMINALS and any(
        0.0 < b.get("down_share", 0) < 1.0 for b in _radio(name).get("bands", [])
    )
    return "slots of the radio for either way" if shared else measured
