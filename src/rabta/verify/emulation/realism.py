"""Suite ``realism``: round trips and losses of an emulated terminal beside published ones of Starlink.

A terminal in Kansas, a gateway 300 km away, the filed first generation, a satellite for each slot of 15 s,
echoes each 0.2 s in virtual time. What the terminal adds comes from one study, in
`rabta.emulate.subrun.realism`; what it is compared with comes from others: only the first two rows show that
the study's own figures are carried out, the rest are predictions and may miss. Nothing is fitted to them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.verify import Row, suite

F8 = NDArray[np.float64]

USER, GATEWAY = (39.1, -94.6), (41.3, -96.6)
SLOT_S, SLOTS, EVERY_S = 15.0, 60, 0.2
STUDY = "G. Huston, APNIC, May 2024, by The Register 2024-05-22: a parameter"
FCC = "SpaceX to the FCC, September 2020: 30 ms median, 42 ms 95th percentile, terminal to point of presence"
UPDATE = (
    "Starlink network update, June 2025: US median 25.7 ms at peak hours; 55 ms bounds the 99th percentile"
)


@suite("realism", "An emulated satellite terminal beside published measurements")
def realism(files: Path | None) -> list[Row]:  # noqa: ARG001 (needs none)
    """Spread, losses and level of round trips."""
    rtt, lost = round_trips_ms()
    inside = np.abs(np.diff(rtt, axis=1))[:, 5:]  # without the spike after a change
    each = np.nanmean(rtt, axis=1)  # as Starlink's routers average them
    p50, p95 = np.nanpercentile(rtt, [50, 95])
    slot50, slot99 = np.percentile(each, [50, 99])
    return [
        Row("round trips in a slot: mean difference of neighbours (ms)", float(np.nanmean(inside)), 6.7, 0.5,
            STUDY),
        Row("packets lost without congestion (%)", 100.0 * lost, 1.25, 0.4, STUDY + ", 1 to 1.5 %"),
        Row("round trips: 95th percentile above the median (ms)", float(p95 - p50), 12.0, 1.2, FCC,
            gate=False),
        Row("round trips: median (ms)", float(p50), 30.0, 3.0, FCC, gate=False),
        Row("means of 15 s: median (ms)", float(slot50), 25.7, 2.6, UPDATE, gate=False),
        Row("means of 15 s: 99th percentile above the median (ms)", float(slot99 - slot50), 29.3, 5.9, UPDATE,
            gate=False),
    ]  # fmt: skip


def round_trips_ms() -> tuple[F8, float]:
    """Echoes of each slot, shape (slot, echo), NaN where lost; and the share that is lost."""
    from rabta.emulate import ways
    from rabta.emulate.engine import virtual
    from rabta.emulate.subrun.realism import SINGLE, largest_s, spiked

    begin, end = one_way_ns()
    rows = np.zeros((SLOTS, 7))
    rows[:, 0], rows[:, 1] = np.arange(SLOTS) * SLOT_S * 1e9, begin
    rows[:, 2] = (end - begin) / (SLOT_S * 1e9)
    way = spiked(rows, [k * SLOT_S for k in range(1, SLOTS)])
    user = ways.Access(jitter_s=largest_s(), loss=(SINGLE, SINGLE, 0.0, 0.0))
    hosts = {"gateway": ways.Access(), "user": user}
    net = ways.course(hosts, {("user", "gateway"): way}, SLOTS * SLOT_S)
    count = round(SLOTS * SLOT_S / EVERY_S)
    left = np.round((np.arange(count) + 0.5) * EVERY_S * 1e9).astype(np.int64)
    there = _carried(virtual.carry(net, _sent(left, int(net.route()[1, 0])), 1), count)
    back, came = np.full(count, -1), there >= 0
    back[came] = _carried(virtual.carry(net, _sent(there[came], int(net.route()[0, 1])), 2), int(came.sum()))
    rtt = np.where(back >= 0, back - left, np.nan) / 1e6
    return rtt.reshape(SLOTS, -1), float((back < 0).mean())


def _sent(left: NDArray[np.int64], path: int) -> NDArray[np.int64]:
    """Packets of an echo's size for the virtual clock."""
    return np.stack([left, np.full(left.size, path), np.full(left.size, 84)], axis=1)


def _carried(fates: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Instant at which each packet came, in the order of sending; -1 for those that did not."""
    settled = fates[np.argsort(fates[:, 5], kind="stable")]
    assert len(settled) == count
    came: NDArray[np.int64] = np.where(settled[:, 4] == 0, settled[:, 1], -1)
    return came


def one_way_ns() -> tuple[F8, F8]:
    """Delay of the shortest way of each slot at its begin and at its end."""
    from rabta import catalog
    from rabta.emulate.feed.sky import Sky, Ways
    from rabta.space.network.geometry import Sites
    from rabta.space.network.topology import Shell, join, shell_network

    held = catalog.entry("constellations", "starlink-gen1-filed").data["shells"]
    net = join([
        shell_network(Shell(one["name"], one["altitude_km"], one["inclination_deg"], one["planes"],
                            one["per_plane"], one.get("phasing", 0.0), one.get("spread_deg", 360.0),
                            min_elevation_deg=one["min_elevation_deg"]))
        for one in held
    ])  # fmt: skip
    sites = Sites.of([("user", *USER), ("gateway", *GATEWAY)])
    sky = Sky(net, sites, np.datetime64("2026-01-13T00:00:12", "ns"), SLOT_S)
    begin, end = Ways(sky).delays_ns(0, SLOTS)
    return begin[:, 0], end[:, 0]
