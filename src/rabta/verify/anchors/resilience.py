"""Published outages again: the flood of 2022, the blackout of 2023, cuts of cables in 2021 and 2025.

Nothing here is a gate: the models are coarse and most published figures are single counts. A row within its
tolerance of a quarter is ``ok``, outside it ``miss``; what was fitted, or has no published figure, is only
``shown``. The flood of 2022 comes twice: with nothing of it in the model but its extent, and with the share
of sites that go out on flooded land fitted to the first of the five counts, so that the other four, and the
split by province, are predictions.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.nation import layers
from rabta.scenario import Nation
from rabta.transport.hazards import cuts, floods, sources
from rabta.transport.hazards.exposure import Exposure, exposure
from rabta.verify import Row, suite

F8 = NDArray[np.float64]
QUARTER = 0.25
DATES = ("28 Aug", "1 Sep", "3 Sep", "6 Sep", "14 Sep")
DAYS = np.array([0.0, 4.0, 6.0, 9.0, 17.0])
DOWN = (3386.0, 1076.0, 568.0, 320.0, 163.0)
SPLIT = {"Sindh": (241.0, 129.0), "Balochistan": (79.0, 34.0)}  # on 6 and 14 September, which leave no others
PTA = "PTA, 28 August to 14 September 2022 (netmag.pk, propakistani.pk, urdupoint.com, arynews.tv)"
DAWN = "dawn.com/news/1883187, 5 January 2025"


@suite("resilience", "Published outages: floods, the grid, submarine cables (predictions, no gates)")
def resilience(files: Path | None) -> list[Row]:
    """Flood first, then the grid, then cables."""
    del files
    flood = sources.Flood(sources.data("flood"))
    of = exposure(layers.load(Nation()).cells, flood)
    return [*flood_rows(of, flood), *_grid_rows(), *_cable_rows()]


def sites_down(
    of: Exposure, flood: sources.Flood, out_share: float | None = None, repair: float | None = None
) -> F8:
    """Sites down in 2022 on the five dates, shape (date, district)."""
    left = floods.recovery(of, flood, repair=repair).left(DAYS)
    return np.asarray(floods.peak_2022(of, flood, out_share) * left)


def flood_rows(of: Exposure, flood: sources.Flood) -> list[Row]:
    """The five dates without and with the fit, their errors, and provinces."""
    free = sites_down(of, flood, floods.unfitted_share(sources.Standby(sources.data("standby"))))
    fitted = sites_down(of, flood)
    rows = [
        _near(f"flood 2022, {date}, nothing fitted: sites down", ours, theirs, PTA)
        for date, ours, theirs in zip(DATES, free.sum(axis=1), DOWN, strict=True)
    ]
    rows.append(_shown("flood 2022, 28 Aug, the fit: sites down", fitted[0].sum(), DOWN[0], PTA))
    for date, ours, theirs in zip(DATES[1:], fitted[1:].sum(axis=1), DOWN[1:], strict=True):
        rows.append(_near(f"flood 2022, {date}, fitted to 28 Aug: sites down", ours, theirs, PTA))
    return [*rows, *_errors(of, flood, fitted), *_provinces(of, fitted)]


def _errors(of: Exposure, flood: sources.Flood, fitted: F8) -> list[Row]:
    """Root mean square over the four predicted dates in points of all sites, for three sources of repair."""
    mains = flood.entry["mains"]
    slow = -math.log(1.0 - float(mains["all_restored"]) / float(mains["all_affected"])) / float(mains["days"])
    other = {
        "mains of all regions in 2025": sites_down(of, flood, repair=slow),
        "hills of 2025, 48 hours": sites_down(of, flood, repair=flood.flash_rate),
    }
    name = "flood 2022, four predicted dates: rms error in % of all sites"
    target = "aim: at most 0.6 points"
    return [
        Row(name, _rms(flood, fitted), 0.0, 0.6, target, gate=False),
        *(_shown(f"{name}, repair by {by}", _rms(flood, down), 0.0, target) for by, down in other.items()),
    ]


def _rms(flood: sources.Flood, down: F8) -> float:
    miss = (down.sum(axis=1) - np.array(DOWN))[1:] / flood.base_sites * 100.0
    return float(np.sqrt((miss**2).mean()))


def _provinces(of: Exposure, fitted: F8) -> list[Row]:
    found = floods.by_province(of, fitted[3:])
    rows = [
        _near(f"flood 2022, {date}, {name}: sites down", ours, theirs, PTA)
        for name, published in SPLIT.items()
        for date, ours, theirs in zip(DATES[3:], found[name], published, strict=True)
    ]
    rest = sum((found[name] for name in found if name not in SPLIT), np.zeros(2))
    others = [
        _near(f"flood 2022, {date}, other provinces: sites down", ours, 0.0, PTA)
        for date, ours in zip(DATES[3:], rest, strict=True)
    ]
    return [*rows, *others]


def _grid_rows() -> list[Row]:
    standby, blackout = sources.Standby(sources.data("standby")), sources.data("blackout")
    every = standby.mains_share * float(standby.entry["sites_2023"])
    source = "telenorasia.com: 45,000 towers out on 23 January 2023, of which the model takes standby"
    return [
        _near(
            "blackout 2023, if no site on the mains had standby: sites down",
            every,
            float(blackout["towers_out"]),
            source,
        )
    ]


def _earlier(name: str) -> float:
    """Lit Tbit/s by the older of the two publications of 2025."""
    return float(catalog.entry("cables", name).data["capacity"][1]["lit_tbps"])


def double_cut() -> dict[str, F8]:
    """Share of PTCL's traffic of each hour shed on 6 September 2025, both cables lost whole or in part."""
    source = sources.Cables(sources.data("submarine-faults"))
    fleet = cuts.fleet()
    hit = np.array([name in ("smw4", "imewe") for name in fleet.names])
    load = cuts.profile()
    owner = fleet.companies.index("PTCL")
    need = float(source.entry["busy_use"]) * fleet.by_owner(fleet.lit_tbps)[owner] * load
    none = np.zeros((24, len(fleet.names)))
    lost = {"whole": 1.0, "part": source.lost_share}
    return {
        name: np.asarray(
            cuts.shed(fleet, source, none + hit * share * fleet.lit_tbps, none, load)[:, owner] / need
        )
        for name, share in lost.items()
    }


def _cable_rows() -> list[Row]:
    source = sources.Cables(sources.data("submarine-faults"))
    shed = double_cut()
    pair = _earlier("smw4") + _earlier("imewe")
    spare = (1.0 - float(source.entry["busy_use"])) * pair
    seen = float(source.entry["noticed"]) / float(source.entry["noticed_years"])
    return [
        _shown(
            "SMW4 and IMEWE, 6 Sep 2025: % of PTCL's busy hour shed, lost whole and in part (both ours)",
            100.0 * shed["whole"].max(),
            100.0 * shed["part"].max(),
            "no figure published; part of the capacity, degradation in peak hours (geo.tv, 6 September 2025)",
        ),
        _shown(
            "AAE-1, Jan 2025: Tbit/s moved to SMW4 and IMEWE (what was lost is an input)",
            min(float(source.entry["lost_tbps"]), spare),
            0.83,
            f"0.63 moved and 0.2 to follow (thetruthinternational.com); {DAWN}",
        ),
        _near(
            "AAE-1, Jan 2025: Tbit/s on SMW4 and IMEWE when full",
            pair,
            3.3,
            f"{DAWN}: 1.8 on IMEWE and 1.5 on SMW4; ours what PTA called lit in 2025",
        ),
        _near(
            "SMW4, Dec 2021: Tbit/s lost",
            source.lost_share * _earlier("smw4"),
            1.0,
            "thenews.com.pk/latest/918592; ours the share that AAE-1 lost in 2025",
        ),
        _near(
            "faults a year of the six cables, rate of the world by length",
            source.world_rate_km * float(source.entry["noticed_km"]),
            seen,
            "ICPC 2024; theirs as noticed in Pakistan, December 2021 to November 2025, which the draws use",
        ),
    ]


def _near(name: str, ours: float, theirs: float, source: str) -> Row:
    """A prediction that is good within a quarter."""
    return Row(name, float(ours), theirs, QUARTER * theirs, source, gate=False)


def _shown(name: str, ours: float, theirs: float, source: str) -> Row:
    return Row(name, float(ours), float(theirs), math.nan, source, gate=False)
