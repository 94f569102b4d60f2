"""Served today and after the plan: figures of the nation, its provinces and its districts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.report.figures import Headline
from rabta.report.folder import RunFolder
from rabta.report.series import weighted_median

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

PROVINCE = ("province",)
DISTRICT = ("province", "district")
SUMS = (
    *("households", "people", "unserved", "connected", "people_connected"),
    *("capex_usd", "opex_usd_year", "npc_usd", "pupils"),
)
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
    """Parts of cells by census unit: ``cell_row``, province, district, census year, people and ``weight``.

    A cell on a border belongs to several units; its figures are shared by the people of each, so that people
    are those of the census at every level. Where the run has no apportionment a cell is one part.
    """
    import pandas as pd

    cells = run.table("cells")
    own = pd.DataFrame({"cell_row": np.arange(len(cells)), "people": run.column("cells", "people")})
    for name in DISTRICT:
        own[name] = cells[name].astype(str).to_numpy()
    own["census_year"] = cells["census_year"].to_numpy() if "census_year" in cells else 0
    if not (run.has("apportionment") and run.has("tehsils")):
        return own.assign(weight=1.0)
    part, units = run.table("apportionment"), run.table("tehsils")
    rows = part["tehsil_row"].to_numpy()
    shared = pd.DataFrame({"cell_row": part["cell_row"].to_numpy(), "people": part["people"].to_numpy(float)})
    for name in (*DISTRICT, "census_year"):
        shared[name] = units[name].to_numpy()[rows]
    total = np.bincount(shared["cell_row"], shared["people"], len(cells))
    shared["weight"] = shared["people"] / total[shared["cell_row"]]
    empty = own[total[own["cell_row"]] <= 0].assign(weight=1.0)
    return pd.concat([shared, empty], ignore_index=True)


class Areas:
    """Figures of areas, from the cells.

    A household counts as served today where it has 3G, 4G or a fixed line. After the plan it counts where it
    was served before or is connected by the plan. Pupils count where the plan's rate and delay in their cell
    meet the schooling service, and before with the share of the households served today; payments likewise,
    weighted by people, for the delay of the payments service.
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
        return found * float(catalog.entry("services", "schooling").data["units_per"])

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
        return self.served_share, np.where(good, 1.0, self.served_share)

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

        parts = self.pieces
        cells, weight = parts["cell_row"].to_numpy(), parts["weight"].to_numpy(dtype=np.float64)
        if not keys:
            return pd.DataFrame([self._row(cells, weight)])
        grouped = parts.groupby(list(keys), sort=True).indices
        frame = pd.DataFrame([self._row(cells[index], weight[index]) for index in grouped.values()])
        names = [name if isinstance(name, tuple) else (name,) for name in grouped]
        for position, key in enumerate(keys):
            frame.insert(position, key, [name[position] for name in names])
        return frame

    @cached_property
    def pieces(self) -> pd.DataFrame:
        """Parts of the cells; see `pieces`."""
        return pieces(self.run)

    def _row(self, index: NDArray[np.int64], share: Floats) -> dict[str, float]:
        part = self.cells.iloc[index]
        row = {name: float((part[name].to_numpy() * share).sum()) for name in SUMS}
        homes, joined = row["households"], row["connected"]
        row["today_share"] = _ratio(homes - row["unserved"], homes)
        row["after_share"] = _ratio(homes - row["unserved"] + joined, homes)
        row["npc_per_household_usd"] = _ratio(row["npc_usd"], joined)
        weights = part["connected"].to_numpy() * share
        for name in MEDIANS:
            row[name] = weighted_median(part[name].to_numpy(), weights)
        for service, weight in (("schooling", "pupils"), ("payments", "people")):
            for when in ("today", "after"):
                total = float((part[f"{service}_{when}"].to_numpy() * share).sum())
                row[f"{service}_{when}"] = _ratio(total, row[weight])
        mix = (self.mix[index] * share[:, None]).sum(axis=0)
        shares = mix / mix.sum() if mix.sum() > 0 else np.full(mix.size, np.nan)
        names = (f"mix_{name}" for name in self.run.technologies)
        return row | dict(zip(names, shares.tolist(), strict=True))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")
