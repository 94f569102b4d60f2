"""Headline figures of a run, each with its unit and in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.folder import RunFolder
from rabta.report.series import weighted_median

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """One number with its name, unit and wording."""

    key: str
    label: str
    value: float
    unit: str
    words: str


@dataclass(frozen=True)
class Group:
    """Sums over a technology or a province."""

    name: str
    households: float
    people: float
    unserved: float
    capex_usd: float
    opex_usd_year: float
    npc_usd: float

    @property
    def npc_per_household_usd(self) -> float:
        """Net present cost of one served household."""
        return self.npc_usd / self.households if self.households > 0 else float("nan")


class Headline:
    """Figures computed from the tables of a run; NaN where the run does not hold them."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.people = run.column("cells", "people")
        self.households = run.column("cells", "households")
        self.unserved_cells = run.column("plan", "households_unserved_today")
        self.served_cells = run.column("plan", "households_served")
        none = np.zeros(self.people.size)
        self.household_size = np.divide(self.people, self.households, out=none, where=self.households > 0)
        self.per_dollar = float(run.depiction.get("per_usd", 0.0)) or None

    @cached_property
    def unserved(self) -> float:
        """Households without broadband today."""
        return float(np.nansum(self.unserved_cells))

    @cached_property
    def unserved_people(self) -> float:
        """People in households without broadband today."""
        return float(np.nansum(self.unserved_cells * self.household_size))

    @cached_property
    def served(self) -> float:
        """Households that the plan adds."""
        return float(np.nansum(self.served_cells))

    @cached_property
    def served_people(self) -> float:
        """People in households that the plan adds."""
        return float(np.nansum(self.served_cells * self.household_size))

    @cached_property
    def target(self) -> float:
        """Households that are expected to take the service; all unserved ones where the run does not say."""
        known = self.summary("households_target")
        return known if np.isfinite(known) else self.unserved

    def summary(self, key: str) -> float:
        """Figure of the plan's own summary; NaN where it holds none."""
        if not self.run.has("plan_summary"):
            return float("nan")
        table = self.run.table("plan_summary")
        found = table.loc[table["key"] == key, "value"]
        return float(found.iloc[0]) if len(found) else float("nan")

    def summary_text(self, key: str, column: str) -> str:
        """Unit or description of a figure of the plan's own summary; empty where it holds none."""
        if not self.run.has("plan_summary"):
            return ""
        table = self.run.table("plan_summary")
        found = table.loc[table["key"] == key, column]
        return str(found.iloc[0]) if len(found) else ""

    def range(self, key: str) -> tuple[float, float] | None:
        """Low and high of a figure, where the plan's summary tells them."""
        if not self.run.has("plan_summary"):
            return None
        table = self.run.table("plan_summary")
        if not {"low", "high"} <= set(table):
            return None
        found = table.loc[table["key"] == SUMMARY_KEYS.get(key, key), ["low", "high"]].dropna()
        return (float(found["low"].iloc[0]), float(found["high"].iloc[0])) if len(found) else None

    def plan_sum(self, column: str) -> float:
        """National sum of a column of the plan."""
        return float(np.nansum(self.run.column("plan", column)))

    def plan_median(self, column: str) -> float:
        """Median of a column of the plan over the served households."""
        return weighted_median(self.run.column("plan", column), self.served_cells)

    def meeting(self, column: str, floor: float, *, at_most: bool = False) -> float:
        """Share of the served households whose figure meets a floor (or stays under a ceiling)."""
        values = self.run.column("plan", column)
        slack = 1e-6 * max(1.0, abs(floor))
        good = values <= floor + slack if at_most else values >= floor - slack
        return float(np.nansum(self.served_cells * good) / self.served) if self.served else float("nan")

    @cached_property
    def gap(self) -> float:
        """Certified distance of the plan from the cheapest one, as a share."""
        return self.summary("optimality_gap")

    @cached_property
    def carried(self) -> float:
        """Satellite throughput over the run as a share of its upper bound."""
        if not (self.run.has("carried_mbps") and self.run.has("carried_bound_mbps")):
            return float("nan")
        bound = float(self.run.values("carried_bound_mbps").sum(dtype=np.float64))
        carried = float(self.run.values("carried_mbps").sum(dtype=np.float64))
        return carried / bound if bound > 0 else float("nan")

    def by_technology(self) -> list[Group]:
        """Sums by technology, most households first."""
        mix = self.run.table("plan_mix").sort_values("households", ascending=False)
        return [_group(str(row["technology"]), row) for _, row in mix.iterrows() if row["households"] > 0]

    def figures(self) -> list[Figure]:
        """All headline figures."""
        return [*self._reach(), *self._cost(), *self._quality(), *self._proof()]

    def _reach(self) -> list[Figure]:
        share = text.percent(self.unserved / float(self.households.sum()))
        people = f"{text.number(self.unserved_people)} ({share} of households)"
        homes = text.number(self.unserved)
        served = f"{text.number(self.served)} ({self.reach_words()})"
        mix = self._mix_words()
        return [
            Figure("unserved_people", "People without broadband", self.unserved_people, "people", people),
            Figure("unserved_households", "Households without broadband", self.unserved, "households", homes),
            Figure("served_households", "Households the plan connects", self.served, "households", served),
            Figure("mix", "By technology", len(self.by_technology()), "technologies", mix),
        ]

    def reach_words(self) -> str:
        """How the households connected compare with those expected to take the service."""
        adoption = text.percent(self.target / self.unserved if self.unserved else None)
        if self.served >= self.target * (1 - 1e-6):
            return f"all of the {adoption} of them expected to take the service"
        part = text.percent(self.served / self.target)
        return f"{part} of the {text.number(self.target)} expected to take the service"

    def _mix_words(self) -> str:
        titles = self.run.technologies
        parts = [
            f"{text.percent(g.households / self.served)} {titles.get(g.name, g.name)}"
            for g in self.by_technology()
            if g.households > 0.0005 * self.served
        ]
        return ", ".join(parts) or "nobody is served"

    def _cost(self) -> list[Figure]:
        rate = self.per_dollar
        years = int(self.run.setting("plan", "years", 10))
        npc = self.plan_sum("npc_usd")
        each = npc / self.served if self.served else float("nan")
        capex, opex = self.plan_sum("capex_usd"), self.plan_sum("opex_usd_year")
        return [
            Figure("capex_usd", "Investment", capex, "USD", text.money(capex, rate)),
            Figure("opex_usd_year", "Yearly cost", opex, "USD/year", text.money(opex, rate)),
            Figure("npc_usd", f"Net present cost, {years} years", npc, "USD", text.money(npc, rate)),
            Figure("npc_per_household_usd", "Per household", each, "USD", text.money(each, rate)),
        ]

    def _quality(self) -> list[Figure]:
        rate, latency = self.plan_median("rate_mbps"), self.plan_median("latency_ms")
        availability = self.plan_median("availability")
        share = self.floors_met()
        return [
            Figure("rate_mbps", "Busy-hour rate, median", rate, "Mbit/s", f"{text.number(rate)} Mbit/s"),
            Figure("latency_ms", "Round-trip time, median", latency, "ms", f"{text.number(latency)} ms"),
            Figure("availability", "Availability, median", availability, "1", text.percent(availability, 3)),
            Figure("floors_met", "Served households above all floors", share, "1", text.percent(share)),
        ]

    def floors_met(self) -> float:
        """Share of the served households that meet the floors of rate, latency and availability at once."""
        plan = {name: self.run.column("plan", name) for name in ("rate_mbps", "latency_ms", "availability")}
        floor = {name: float(self.run.setting("plan", f"floor_{key}", 0.0)) for name, key in FLOORS.items()}
        good = (
            (plan["rate_mbps"] >= floor["rate_mbps"] * (1 - 1e-6))
            & (plan["latency_ms"] <= floor["latency_ms"] * (1 + 1e-6))
            & (plan["availability"] >= floor["availability"] - 1e-6)
        )
        return float(np.nansum(self.served_cells * good) / self.served) if self.served else float("nan")

    def _proof(self) -> list[Figure]:
        found = []
        if np.isfinite(self.gap):
            words = f"no plan can be more than {text.percent(max(self.gap, 1e-4))} cheaper (certified)"
            found.append(Figure("plan_gap", "Optimality of the plan", self.gap, "1", words))
        if np.isfinite(self.carried):
            words = f"{text.percent(self.carried, 3)} of the upper bound"
            found.append(Figure("carried_share", "Satellite sharing", self.carried, "1", words))
        return found


SUMMARY_KEYS = {  # where a headline has another name in the plan's summary
    "served_households": "households_served",
    "unserved_households": "households_unserved_today",
    "unserved_people": "people_unserved_today",
    "plan_gap": "optimality_gap",
    "rate_mbps": "rate_mbps_median",
    "latency_ms": "latency_ms_median",
    "availability": "availability_median",
}
FLOORS = {"rate_mbps": "mbps", "latency_ms": "latency_ms", "availability": "availability"}


def _group(name: str, row: pd.Series[float]) -> Group:
    fields = ("households", "people", "unserved", "capex_usd", "opex_usd_year", "npc_usd")
    return Group(name, *(float(row.get(key, float("nan"))) for key in fields))
