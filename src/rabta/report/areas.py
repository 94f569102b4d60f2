"""Served today and after the plan: figures of the nation, its provinces and its districts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.nation import aggregate
from rabta.report.figures import Headline
from rabta.report.folder import RunFolder
from rabta.report.series import weighted_median

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

PROVINCE = ("province",)
DISTRICT = ("province", "district")
TEHSIL = ("province", "district", "tehsil")
COUNTED = ("households", "school_age", "pupils")
SUMS = (
    *("households", "people", "unserved", "connected", "people_connected"),
    *("capex_usd", "opex_usd_year", "npc_usd", "pupils", "school_age"),
)
SHARED_BY = {"people": "people", "pupils": "pupils", "school_age": "school_age"}  # the rest by household
MEDIANS = ("rate_mbps", "latency_ms", "availability")


@dataclass(frozen=True)
class Target:
    """What a service asks of a connection; see the entry of the services catalog."""

    rate_mbps: float
    latency_ms: float


def target(run: RunFolder, service: str) -> Target | None:
    """Target of one service of the run; nothing where the run does not plan for it."""
    wanted = run.setting("demand", "services", [])
    if service not in wanted or service not in catalog.names("services"):
        return None
    data = catalog.entry("services", service).data
    return Target(float(data["rate_mbps"]), float(data["latency_ms"]))


def pupil_column(run: RunFolder) -> str:
    """Column of the cells that pupils are counted from."""
    return "pupils" if np.nansum(run.column("cells", "pupils")) > 0 else "school_age"


def pieces(run: RunFolder) -> pd.DataFrame:
    """Parts of cells by census unit: ``cell_row``, names of the unit, census year, people and shares.

    A cell on a border belongs to several units, see `rabta.nation.aggregate.pieces`. ``people_share`` divides
    what a cell counts by person, the columns of `COUNTED` with ``_share`` what it counts by household, pupil
    or child, each with the rate of the unit; shares of a cell sum to one. So sums are those of the census at
    every level. Where the run has no apportionment a cell is one part.
    """
    import pandas as pd

    cells = run.table("cells")
    whole = {f"{name}_share": 1.0 for name in ("people", *COUNTED)}
    own = cells[list(TEHSIL)].astype(str)
    own["census_year"] = cells["census_year"].to_numpy() if "census_year" in cells else 0
    if not (run.has("apportionment") and run.has("tehsils")):
        row = np.arange(len(cells))
        return own.assign(cell_row=row, people=run.column("cells", "people"), **whole)
    units = run.table("tehsils")
    names = pd.concat([units[[*TEHSIL, "census_year"]], own]).drop_duplicates(list(TEHSIL))
    names = names.reset_index(drop=True)
    code = {key: index for index, key in enumerate(names[list(TEHSIL)].itertuples(index=False, name=None))}
    found = _cut(run, code, "households")
    for name in COUNTED[1:]:
        share = _cut(run, code, name)["household_share"] if name in units else found["people_share"]
        found[f"{name}_share"] = share
    found = found.rename(columns={"household_share": "households_share"})
    return names.iloc[found.pop("unit").to_numpy()].reset_index(drop=True).join(found)


def _cut(run: RunFolder, code: dict[tuple[str, ...], int], count: str) -> pd.DataFrame:
    """Cells cut along census units; ``household_share`` is that of the count named."""
    cells, units = run.table("cells"), run.table("tehsils")
    here, there = (
        [code[key] for key in frame[list(TEHSIL)].astype(str).itertuples(index=False, name=None)]
        for frame in (cells, units)
    )
    found = aggregate.pieces(  # along units where it would be along districts
        cells.assign(province="", district=here),
        units.assign(province="", district=there, households=units[count].fillna(0.0)),
        run.table("apportionment"),
    )
    return found.drop(columns="province").rename(columns={"district": "unit"})


class Areas:
    """Figures of areas, from the cells.

    A household counts as served today where it has 3G, 4G or a fixed line. After the plan it counts where it
    was served before or is connected by the plan. Pupils count today with the share of
    the households of their cell served today; the plan adds the share that it connects where its rate and
    delay meet the schooling service. Payments likewise, weighted by people, for the delay of their service.
    """

    def __init__(self, run: RunFolder, head: Headline) -> None:
        self.run = run
        self.head = head

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a cell with everything that areas add up."""
        import pandas as pd

        run, h = self.run, self.head
        frame = pd.DataFrame({name: run.table("cells")[name].astype(str).to_numpy() for name in DISTRICT})
        frame["people"], frame["households"] = h.people, h.households
        frame["unserved"] = np.nan_to_num(h.unserved_cells)
        frame["connected"] = np.nan_to_num(h.served_cells)
        frame["people_connected"] = frame["connected"] * h.household_size
        for name in ("capex_usd", "opex_usd_year", "npc_usd"):
            frame[name] = np.nan_to_num(run.column("plan", name))
        for name in MEDIANS:
            frame[name] = run.column("plan", name)
        frame["pupils"] = self._pupils()
        frame["school_age"] = np.nan_to_num(run.column("cells", "school_age"))
        for service, weight in (("schooling", "pupils"), ("payments", "people")):
            today, after = self._within(service)
            frame[f"{service}_today"] = today * frame[weight]
            frame[f"{service}_after"] = after * frame[weight]
        return frame

    def _pupils(self) -> Floats:
        """Pupils of each cell: the column, else the schooling service's share of the people aged 5 to 16."""
        name = pupil_column(self.run)
        found = np.nan_to_num(self.run.column("cells", name))
        if name == "pupils":
            return found
        schooling = catalog.entry("services", "schooling").data
        return found * float(schooling.get("fallback", schooling)["units_per"])

    @cached_property
    def served_share(self) -> Floats:
        """Share of the households of each cell that has broadband today."""
        homes = self.head.households
        lack = np.divide(
            np.nan_to_num(self.head.unserved_cells), homes, out=np.zeros(homes.size), where=homes > 0
        )
        return np.clip(1.0 - lack, 0.0, 1.0)

    def _within(self, service: str) -> tuple[Floats, Floats]:
        wanted = target(self.run, service)
        if wanted is None:
            nothing = np.full(self.served_share.size, np.nan)
            return nothing, nothing
        good = np.nan_to_num(self.head.served_cells) > 0
        good &= self.run.column("plan", "latency_ms") <= wanted.latency_ms * (1 + 1e-6)
        if service == "schooling":
            good &= self.run.column("plan", "rate_mbps") >= wanted.rate_mbps * (1 - 1e-6)
        homes = self.head.households
        joined = np.divide(
            np.nan_to_num(self.head.served_cells), homes, out=np.zeros(homes.size), where=homes > 0
        )
        return self.served_share, np.minimum(self.served_share + np.where(good, joined, 0.0), 1.0)

    @cached_property
    def mix(self) -> Floats:
        """Connected households of each cell by technology: shape (cell, technology)."""
        plan, names = self.run.table("plan"), list(self.run.technologies)
        first = self._codes("technology")
        second = self._codes("second_technology")
        share = np.nan_to_num(self.run.column("plan", "technology_share"), nan=1.0)
        share = np.where(second >= 0, share, 1.0)
        served = np.nan_to_num(self.head.served_cells)
        out = np.zeros((len(plan), len(names) + 1))  # the last column takes what has no technology
        rows = np.arange(len(plan))
        out[rows, first] += served * share
        out[rows, second] += served * (1.0 - share)
        return out[:, :-1]

    def _codes(self, column: str) -> NDArray[np.int64]:
        code = {name: index for index, name in enumerate(self.run.technologies)}
        return np.array([code.get(str(name), -1) for name in self.run.table("plan")[column]], dtype=np.int64)

    def by(self, keys: tuple[str, ...]) -> pd.DataFrame:
        """Figures by area; without keys one row, the nation."""
        import pandas as pd

        if not keys:
            return pd.DataFrame([self._row(self.pieces)])
        grouped = self.pieces.groupby(list(keys), sort=True, observed=True)
        names, parts = zip(*grouped, strict=True)
        frame = pd.DataFrame([self._row(part) for part in parts])
        for position, key in enumerate(keys):
            frame.insert(position, key, [name[position] for name in names])
        return frame

    @cached_property
    def pieces(self) -> pd.DataFrame:
        """Parts of the cells; see `pieces`."""
        return pieces(self.run)

    def _row(self, parts: pd.DataFrame) -> dict[str, float]:
        index = parts["cell_row"].to_numpy()
        part = self.cells.iloc[index]
        share = {name: parts[f"{name}_share"].to_numpy(dtype=np.float64) for name in ("people", *COUNTED)}
        by = {name: share[SHARED_BY.get(name, "households")] for name in SUMS}
        row = {name: float((part[name].to_numpy() * by[name]).sum()) for name in SUMS}
        homes, joined = row["households"], row["connected"]
        row["today_share"] = _ratio(homes - row["unserved"], homes)
        row["after_share"] = _ratio(homes - row["unserved"] + joined, homes)
        row["npc_per_household_usd"] = _ratio(row["npc_usd"], joined)
        weights = part["connected"].to_numpy() * share["households"]
        for name in MEDIANS:
            row[name] = weighted_median(part[name].to_numpy(), weights)
        for service, weight in (("schooling", "pupils"), ("payments", "people")):
            for when in ("today", "after"):
                total = float((part[f"{service}_{when}"].to_numpy() * share[weight]).sum())
                row[f"{service}_{when}"] = _ratio(total, row[weight])
        return row | self._mix_row(index, share["households"])

    def _mix_row(self, index: NDArray[np.int64], share: Floats) -> dict[str, float]:
        mix = (self.mix[index] * share[:, None]).sum(axis=0)
        shares = mix / mix.sum() if mix.sum() > 0 else np.full(mix.size, np.nan)
        names = (f"mix_{name}" for name in self.run.technologies)
        return dict(zip(names, shares.tolist(), strict=True))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
