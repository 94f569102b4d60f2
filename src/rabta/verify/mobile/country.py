"""Suite ``country``: the nation's networks against the regulator's figures, and loads against theory."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta import scenario
from rabta.mobile.country import ground, service
from rabta.mobile.country.drop import Users
from rabta.mobile.country.ground import Network
from rabta.mobile.country.rollouts import Carrier
from rabta.twin import Twin, wrap
from rabta.verify import Row, suite

LICENCE = (
    "Licences of 2014: RSRP of -100 dBm or more outdoors at 90 % confidence (PTA's survey of 2021, "
    "technologistan.pk); 81 % of people under 3G or 4G (PTA, annual report 2023-24)"
)
OPENSIGNAL = "PTA and Opensignal, October to December 2025 (techjuice.pk): 1.25 billion samples"
OOKLA = "Ookla, first half of 2025, median download (theazb.com, 24 September 2025)"
OOKLA_MBPS = {"Punjab": 22.1, "Azad Jammu and Kashmir": 11.22}
FULL = "Unlimited backhaul and ideal link adaptation here, measured phones there: a bound, not a prediction"
CAUSE = f"{OPENSIGNAL}. {FULL}"


@suite("country", "The nation's mobile networks: published coverage and speeds, coupled loads")
def rows(_files: Path | None) -> list[Row]:
    """Run the stage over the shipped nation, and small networks whose loads have a closed form."""
    return [*_published(), *_coupled(), *_shared()]


def national(resolution: int = 5, **mobile: Any) -> Twin:
    """Twin of the shipped nation with its networks: the stages before them, called one after the other."""
    from rabta.mobile.country import stages
    from rabta.nation import stages as nation
    from rabta.radio.terrain import stages as terrain

    chosen = scenario.validate({"name": "verify", "nation": {"resolution": resolution}, "mobile": mobile})
    twin = Twin(chosen, np.zeros(0, "datetime64[ns]"))
    for stage in (
        nation.load,
        nation.unserved,
        nation.demand,
        terrain.around_masts,
        stages.covering,
        stages.rates,
    ):
        for name, value in stage(twin).items():
            if hasattr(value, "columns"):
                twin.tables[name] = value
            else:
                twin.arrays[name] = wrap(name, value)
    return twin


@cache
def _run() -> tuple[dict[str, float], dict[str, float]]:
    """Figures of the national network, by name; mean rates over the day by province."""
    twin = national()
    table = twin.table("mobile_coverage")
    share, level = (
        dict(zip(table["generation"], table[name], strict=True)) for name in ("share", "threshold_dbm")
    )
    hours = twin.table("mobile_hours")
    cells = twin.table("cells")
    held = cells["people"].to_numpy(np.float64) * twin.values("mobile_cover_share")[:, 1]
    rate = twin.values("mobile_rate_mbps").astype(np.float64).mean(axis=1)
    provinces = cells["province"].astype(str).to_numpy()
    by_province = {
        name: float(np.average(rate[provinces == name], weights=held[provinces == name]))
        for name in OOKLA_MBPS
    }
    figures = {
        "2g": float(share["2g"]),
        "4g": float(share["4g"]),
        "rsrp": float(level["4g"]),
        "mean": float(np.average(hours["mean_mbps"], weights=hours["carried_mbps"])),
    }
    return figures, by_province


def _published() -> list[Row]:
    figures, by_province = _run()
    reports = "PTA, annual reports 2023-24 and 2024-25; calibrated, not predicted"
    found = [
        Row("People under 2G or newer, %", 100.0 * figures["2g"], 91.5, 0.5, reports, gate=False),
        Row("People under 3G or 4G, %", 100.0 * figures["4g"], 81.0, 0.5, reports, gate=False),
        Row("RSRP that 81 % of people receive, dBm", figures["rsrp"], -100.0, 6.0, LICENCE),
        Row("Mean rate of a phone, by traffic, Mbit/s", figures["mean"], 18.6, 5.0, CAUSE, gate=False),
    ]
    return found + [
        Row(f"Rate in {name}, Mbit/s", by_province[name], theirs, 5.0, f"{OOKLA}. {FULL}", gate=False)
        for name, theirs in OOKLA_MBPS.items()
    ]


def _pair(gain: float, demand: float) -> tuple[Network, Users, NDArray[np.float64]]:
    """Two sites with one user each; each user receives the other's site at ``gain`` of its own."""
    near = np.array([[0, 1], [1, 0]], dtype=np.int32)
    received = np.array([[[1.0], [gain]], [[1.0], [gain]]], dtype=np.float32)
    ones = np.ones((2, 2), dtype=np.float32)
    carrier = Carrier("x", "4g", 2.0, {}, 1.0, 0.0, 1, "4g")
    net = Network(
        [carrier], np.arange(2), near, received, ones, np.zeros(2, np.int32), np.ones((2, 1), np.float32),
        np.array([10.0]), np.array([1e-3]), np.array([1.0]), np.array([1.0]), 1,
    )  # fmt: skip
    people = Users(np.zeros(2), np.zeros(2), np.ones(2), np.zeros(2, np.int64), np.zeros(2, bool))
    return net, people, np.full(2, demand)


def _coupled() -> list[Row]:
    """Load of two equal sites: the root of load = demand / (3 sectors x rate(load))."""
    from scipy.optimize import brentq

    from rabta.mobile import nr

    net, people, demand = _pair(0.05, 45.0)
    hour = ground.settle(net, people.indoor, demand, np.zeros(2, np.float32))

    def rest(load: float) -> float:
        sinr = -10.0 * np.log10(1e-3 + 0.05 * load)
        return float(load - demand[0] / (ground.SECTORS * 10.0 * float(nr.efficiency(sinr))))

    theirs = float(brentq(rest, 1e-3, 1.0))
    source = "Load coupling: Siomina and Yuan, IEEE Trans. Wireless Commun. 11 (2012) 2287, equation 7"
    return [Row("Load of two sites that disturb each other", float(hour.asked[0]), theirs, 0.01, source)]


def _shared() -> list[Row]:
    """A user's rate at load 0.6 of a site with many users: R (1 - load), M/G/1 with processor sharing."""
    net, people, demand = _pair(0.0, 0.0)
    alone = float(ground.rates_mbps(net, people.indoor, np.zeros(2, np.float32))[1][0])
    demand += 0.6 * ground.SECTORS * alone
    hour = ground.settle(net, people.indoor, demand, np.zeros(2, np.float32))
    got = float(service.user_rates(net, hour, demand, 1e-3)[0])
    source = "Kleinrock, Queueing Systems II (1976), 4.4: mean rate of a job in M/G/1 with processor sharing"
    return [Row("Rate at load 0.6 over the rate alone", got / alone, 0.4, 1e-4, source)]
