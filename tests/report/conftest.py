"""Run folders with made-up but plausible values, in the form that the schema declares."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import pytest
import zarr

from rabta import report, schema
from rabta.scenario import TECHNOLOGIES, Scenario

TITLES = (
    "Fibre and fixed wireless",
    "Microwave-fed mobile mast",
    "Satellite-fed village cell",
    "Low-orbit satellite terminal",
    "Geostationary terminal",
    "High-altitude platform",
    "Direct to phone",
)


@dataclass
class Synthetic:
    """A made-up nation and its made-up plan."""

    cells: Sequence[str]
    district: Sequence[str]
    province: Sequence[str]
    steps: int = 48
    seed: int = 7
    title: str = "A made-up nation, connected"
    places: list[tuple[str, float, float, int]] = field(default_factory=list)

    def write(self, folder: Path) -> Path:
        """Write a whole run folder."""
        (folder / "tables").mkdir(parents=True)
        tables = self.tables()
        for name, frame in tables.items():
            assert set(frame) <= set(schema.tables()[name]), name
            frame.to_parquet(folder / "tables" / f"{name}.parquet")
        group = zarr.create_group(str(folder / "arrays.zarr"))
        for name, value in self.arrays(tables).items():
            group.create_array(name, data=value, chunks=(min(60, len(value)), *value.shape[1:]))
        provenance = json.dumps(self.provenance())
        (folder / "provenance.json").write_text(provenance, encoding="utf-8")
        (folder / "scenario.toml").write_text(f'title = "{self.title}"\n', encoding="utf-8")
        return folder

    def provenance(self) -> dict[str, Any]:
        scenario = Scenario().model_dump(mode="json")
        scenario["time"] |= {"hours": self.steps / 60.0, "step_s": 60.0}
        entry = {"source": "https://example.org/book", "licence": "CC-BY-4.0", "retrieved": "2026-01-02"}
        return {
            "name": "made-up",
            "title": self.title,
            "created": "2026-01-13T09:00:00Z",
            "rabta_version": "0.1.0",
            "scenario": scenario,
            "stages": [
                {"name": "nation.load", "title": "Read the nation", "seconds": 1.2, "cached": False},
                {"name": "plan.solve", "title": "Solve the plan", "seconds": 14.8, "cached": True},
            ],
            "catalog": [{"kind": "costs", "name": "book", "title": "Cost book", **entry}],
            "data_layers": [
                {"layer": "cells", **entry, "modelled": ["mobile_today"], "transformation": "binned to H3"}
            ],
            "python": "3.11",
            "platform": "test",
            "wall_s": 21.0,
            "peak_memory_mb": 900.0,
        }

    def tables(self) -> dict[str, pd.DataFrame]:
        rng = np.random.default_rng(self.seed)
        cells = self._cells(rng)
        plan = self._plan(cells, rng)
        return {
            "cells": cells,
            "plan": plan,
            "plan_mix": _mix(cells, plan),
            "districts": _districts(cells, plan, rng),
            "places": self._places(cells),
            "gateways": _gateways(cells),
            "systems": pd.DataFrame({"system": ["starlink", "paksat-mm1"], "orbit": ["leo", "geo"]}),
            "technologies": pd.DataFrame(
                {
                    "technology": TECHNOLOGIES,
                    "title": TITLES,
                    "kind": ["terrestrial"] * 3 + ["satellite"] * 2 + ["aerial", "satellite"],
                    "latency_ms": [8.0, 14.0, 12.0, 0.0, 0.0, 20.0, 0.0],
                }
            ),
            "plan_prices": pd.DataFrame(
                {
                    "constraint": ["satellite capacity", "gateway capacity"],
                    "zone": [cells["zone"].iloc[0], "nation"],
                    "limit": [420.0, 96_000.0],
                    "used": [420.0, 61_234.0],
                    "unit": ["Mbit/s", "Mbit/s"],
                    "price_usd": [812.5, 0.0],
                }
            ),
            "plan_summary": pd.DataFrame(
                {
                    "key": ["optimality_gap", "households_target"],
                    "value": [0.00042, float(plan["households_unserved_today"].sum())],
                    "unit": ["1", "1"],
                    "description": ["Certified gap", "Households to connect"],
                }
            ),
        }

    def _cells(self, rng: np.random.Generator) -> pd.DataFrame:
        lat, lon = np.array([h3.cell_to_latlng(c) for c in self.cells]).T
        n = len(self.cells)
        wave = np.sin(lat * 1.7) * np.cos(lon * 1.3)
        people = np.rint(np.exp(rng.normal(6.5, 1.6, n) + 1.5 * wave)).astype(np.int64)
        rough = np.clip((lat - 33.0) * 60.0, 0, 400)
        level = np.clip(np.rint(2.2 + wave + rng.normal(0, 0.7, n) - rough / 150), 0, 3).astype(int)
        return pd.DataFrame(
            {
                "cell": list(self.cells),
                "lat_deg": lat,
                "lon_deg": lon,
                "area_km2": 36.0,
                "province": list(self.province),
                "district": list(self.district),
                "tehsil": [f"{d} tehsil" for d in self.district],
                "people": people,
                "census_year": np.where(lat > 34.5, 2017, 2023).astype(np.int16),
                "households": people / 6.4,
                "school_age": people * rng.uniform(0.2, 0.35, n),
                "urban_share": np.clip(rng.normal(0.3, 0.3, n), 0, 1),
                "elevation_m": 100 + rough * 8,
                "rough_m": rough,
                "grid_share": np.clip(0.8 + 0.2 * wave, 0, 1),
                "mobile_today": np.array(["none", "2g", "3g", "4g"])[level],
                "fixed_today_share": np.clip(rng.normal(0.1, 0.1, n), 0, 1),
                "zone": [h3.cell_to_parent(c, 3) for c in self.cells],
            }
        )

    def _plan(self, cells: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
        share = np.where(cells["mobile_today"] == "4g", 0.05, 0.9) * (1 - cells["fixed_today_share"])
        unserved = (cells["households"] * share).to_numpy()
        pick = np.clip(np.rint(3 - np.log10(unserved + 1) + rng.normal(0, 0.8, len(cells))), 0, 6).astype(int)
        cost = 90.0 + 160.0 * pick + rng.gamma(2.0, 60.0, len(cells))
        spent = np.where(unserved > 1, unserved * cost, 0.0)
        return pd.DataFrame(
            {
                "cell": cells["cell"],
                "technology": np.where(unserved > 1, np.array(TECHNOLOGIES)[pick], "none"),
                "technology_share": np.clip(rng.normal(0.9, 0.1, len(cells)), 0.5, 1),
                "second_technology": np.array(TECHNOLOGIES)[(pick + 1) % 7],
                "households_served": unserved * np.where(unserved > 1, 0.99, 0.0),
                "households_unserved_today": unserved,
                "rate_mbps": rng.uniform(9.5, 60, len(cells)),
                "latency_ms": np.where(pick == 4, 560.0, rng.uniform(18, 70, len(cells))),
                "availability": rng.uniform(0.94, 1.0, len(cells)),
                "capex_usd": spent * 0.5,
                "opex_usd_year": spent * 0.08,
                "npc_usd": spent,
                "npc_per_household_usd": cost,
                "score": rng.uniform(0.8, 1.0, len(cells)),
                "next_technology": np.array(TECHNOLOGIES)[(pick + 2) % 7],
                "next_npc_per_household_usd": cost * 1.4,
            }
        )

    def _places(self, cells: pd.DataFrame) -> pd.DataFrame:
        given = self.places or [
            (f"Town {row}", cells["lat_deg"].iloc[row], cells["lon_deg"].iloc[row], 1000 * (row + 1))
            for row in range(0, len(cells), max(1, len(cells) // 40))
        ]
        by_cell = {cell: row for row, cell in enumerate(cells["cell"])}
        rows = [
            (
                name,
                lat,
                lon,
                people,
                by_cell.get(h3.latlng_to_cell(lat, lon, h3.get_resolution(self.cells[0]))),
            )
            for name, lat, lon, people in given
        ]
        frame = pd.DataFrame(rows, columns=["name", "lat_deg", "lon_deg", "people", "cell_row"])
        frame = frame.dropna().astype({"cell_row": np.int64}).reset_index(drop=True)
        return frame.assign(province=cells["province"].to_numpy()[frame["cell_row"]])

    def arrays(self, tables: dict[str, pd.DataFrame]) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(self.seed + 1)
        lat = tables["cells"]["lat_deg"].to_numpy()
        shape = (self.steps, len(lat))
        hour = np.arange(self.steps) / 60.0
        visible = 14 - 0.3 * (lat - 30) ** 2 * 0.2 - tables["cells"]["rough_m"].to_numpy() / 60
        count = np.clip(rng.poisson(np.clip(visible, 0.5, None), shape), 0, 255).astype(np.uint8)
        offered = (3e5 * (0.6 + 0.4 * np.sin((hour - 9) / 24 * 2 * np.pi))).astype(np.float32)
        bound = (1.9e5 + 6e3 * rng.normal(size=self.steps)).astype(np.float32)
        latency = rng.gamma(9.0, 4.0, shape).astype(np.float32) + 15
        latency[count == 0] = np.nan
        return {
            "visible_count": count,
            "link_rate_mbps": np.where(count > 0, rng.uniform(80, 220, shape), 0).astype(np.float32),
            "latency_ms": latency,
            "offered_mbps": offered,
            "carried_mbps": np.minimum(offered, bound * 0.985),
            "carried_bound_mbps": np.minimum(offered, bound),
            "satellites_used": rng.integers(40, 60, self.steps).astype(np.int32),
        }


def _mix(cells: pd.DataFrame, plan: pd.DataFrame) -> pd.DataFrame:
    used = plan.assign(people=plan["households_served"] * 6.4, cells=1)
    used = used[used["technology"] != "none"].groupby("technology", as_index=False)
    mix = used[["households_served", "people", "cells", "capex_usd", "opex_usd_year", "npc_usd"]].sum()
    return mix.rename(columns={"households_served": "households"})


def _districts(cells: pd.DataFrame, plan: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    both = cells.drop(columns=["cell"]).join(plan)
    out = both.groupby(["district", "province"], as_index=False).agg(
        people=("people", "sum"),
        households=("households", "sum"),
        unserved_today=("households_unserved_today", "sum"),
        served_by_plan=("households_served", "sum"),
        npc_usd=("npc_usd", "sum"),
    )
    n = len(out)
    return out.assign(
        visible_mean=rng.uniform(6, 14, n),
        visible_min=rng.integers(0, 6, n).astype(float),
        link_rate_mbps=rng.uniform(90, 200, n),
        latency_ms=rng.uniform(35, 70, n),
        carried_share=rng.uniform(0.3, 1.0, n),
        npc_per_household_usd=out["npc_usd"] / out["served_by_plan"].clip(lower=1),
    )


def _gateways(cells: pd.DataFrame) -> pd.DataFrame:
    rows = np.linspace(0, len(cells) - 1, 4).astype(int)
    return pd.DataFrame(
        {
            "name": [f"Gateway {i}" for i in range(4)],
            "lat_deg": cells["lat_deg"].to_numpy()[rows],
            "lon_deg": cells["lon_deg"].to_numpy()[rows],
            "country": "PK",
            "antennas": 8,
            "capacity_gbps": 40.0,
            "systems": "*",
            "exchange_km": 100.0,
            "status": "planned",
        }
    )


def disk(size: int, name: str = "District", groups: int = 9) -> Synthetic:
    """A round nation of H3 cells around 30.5 N 69.5 E."""
    cells = sorted(h3.grid_disk(h3.latlng_to_cell(30.5, 69.5, 6), size))
    parents = [h3.cell_to_parent(c, 4 if size < 40 else 3) for c in cells]
    code = {parent: index for index, parent in enumerate(dict.fromkeys(parents))}
    district = [f"{name} {code[p]}" for p in parents]
    province = [f"Province {code[p] * groups // len(code) % 4}" for p in parents]
    return Synthetic(cells, district, province)


@pytest.fixture(scope="session")
def make_disk() -> Callable[..., Synthetic]:
    """Maker of round nations: ``make_disk(size, name="District")``."""
    return disk


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small run, its report built."""
    folder = disk(9).write(tmp_path_factory.mktemp("runs") / "made-up-0123456789")
    report.build(folder)
    return folder
