"""The sections of the page against the tables that they sum up."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import h3
import numpy as np
import pandas as pd
import pytest
import zarr

from rabta import catalog, report, schema
from rabta.report import areas, coarse, payload, series
from rabta.report.figures import Headline
from rabta.report.folder import RunFolder

from .reading import HOSTILE, area_rows, data_of


@pytest.fixture(scope="module")
def page(small_run: Path) -> str:
    return (small_run / "report" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("table", "key"), [("provinces", "province"), ("districts-table", "district")])
def test_areas_add_up_the_cells(small_run: Path, page: str, table: str, key: str) -> None:
    both = pd.read_parquet(small_run / "tables" / "cells.parquet").join(
        pd.read_parquet(small_run / "tables" / "plan.parquet").drop(columns="cell")
    )
    shown = area_rows(page, table)
    for name, part in both.groupby(key):
        row, homes, served = shown[str(name)], part["households"].sum(), part["households_served"]
        lack = part["households_unserved_today"].sum()
        assert row["People", ""] == pytest.approx(part["people"].sum(), rel=1e-5)
        assert row["Broadband", "today"] == pytest.approx(1 - lack / homes, rel=1e-4)
        assert row["Broadband", "after"] == pytest.approx((homes - lack + served.sum()) / homes, rel=1e-4)
        assert row["A home", "US$"] == pytest.approx(part["npc_usd"].sum() / served.sum(), rel=1e-4)
        assert row["Round trip", "ms"] == pytest.approx(
            series.weighted_median(part["latency_ms"].to_numpy(), served.to_numpy()), rel=1e-4
        )
    if table == "provinces":
        nation = shown["Nation"]["Connected", "homes"]
        assert nation == pytest.approx(
            sum(shown[n]["Connected", "homes"] for n in shown if n != "Nation"), 1e-4
        )


def test_pupils_and_payments_count_what_their_services_ask(small_run: Path, page: str) -> None:
    """Rate and delay of catalog/services/schooling.toml and the delay of payments.toml."""
    cells = pd.read_parquet(small_run / "tables" / "cells.parquet")
    plan = pd.read_parquet(small_run / "tables" / "plan.parquet")
    school, pay = (catalog.entry("services", name).data for name in ("schooling", "payments"))
    today = (1 - plan["households_unserved_today"] / cells["households"]).clip(0, 1)
    served = plan["households_served"] > 0
    quick = served & (plan["latency_ms"] <= school["latency_ms"]) & (plan["rate_mbps"] >= school["rate_mbps"])
    joined = plan["households_served"] / cells["households"]
    good = today + joined.where(quick, 0.0)
    paid = today + joined.where(served & (plan["latency_ms"] <= pay["latency_ms"]), 0.0)
    nation = area_rows(page, "provinces")["Nation"]
    pupils = cells["school_age"]
    assert nation["Pupils", "today"] == pytest.approx((today * pupils).sum() / pupils.sum(), rel=1e-4)
    assert nation["Pupils", "after"] == pytest.approx((good * pupils).sum() / pupils.sum(), rel=1e-4)
    assert nation["Payments", "after"] == pytest.approx(
        (paid * cells["people"]).sum() / cells["people"].sum(), 1e-4
    )
    assert nation["Pupils", "today"] < nation["Pupils", "after"] < nation["Payments", "after"] <= 1


def test_the_mix_of_areas_is_that_of_the_cells(small_run: Path) -> None:
    run = RunFolder(small_run)
    made = areas.Areas(run, Headline(run))
    plan = run.table("plan")
    assert made.mix.sum(axis=1) == pytest.approx(plan["households_served"].to_numpy())
    first = list(run.technologies).index(str(plan["technology"].iloc[0]))
    share = plan["technology_share"].iloc[0] * plan["households_served"].iloc[0]
    assert made.mix[0, first] == pytest.approx(share)


def test_a_cell_on_a_border_is_shared_by_its_people(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(6).write(tmp_path / "run")  # type: ignore[attr-defined]
    cells = pd.read_parquet(folder / "tables" / "cells.parquet")
    plan = pd.read_parquet(folder / "tables" / "plan.parquet")
    units = cells.groupby(["province", "district"], as_index=False)["people"].sum().assign(census_year=2023)
    own = units.set_index("district").index.get_indexer(cells["district"])
    row = int(cells["people"].argmax())
    other = (own[row] + 1) % len(units)
    given = cells["people"].iloc[row] // 4
    parts = pd.DataFrame({"cell_row": range(len(cells)), "tehsil_row": own, "people": cells["people"]})
    parts.loc[row, "people"] -= given
    parts = pd.concat([parts, pd.DataFrame([{"cell_row": row, "tehsil_row": other, "people": given}])])
    units["people"] = np.bincount(parts["tehsil_row"], parts["people"])
    units = units.assign(tehsil=units["district"] + " tehsil", households=units["people"] / 6.4)
    parts[parts["people"] > 0].to_parquet(folder / "tables" / "apportionment.parquet")
    units.to_parquet(folder / "tables" / "tehsils.parquet")
    run = RunFolder(folder)
    made = areas.Areas(run, Headline(run)).by(areas.DISTRICT).set_index("district")
    assert made["people"].to_dict() == pytest.approx(units.set_index("district")["people"].to_dict())
    share = given / cells["people"].iloc[row]
    mine = plan["households_served"][own == other].sum() + share * plan["households_served"].iloc[row]
    assert made.loc[units["district"].iloc[other], "connected"] == pytest.approx(mine)
    assert made["npc_usd"].sum() == pytest.approx(plan["npc_usd"].sum())
    page = report.build(folder).read_text(encoding="utf-8")
    held = data_of(page)["cells"]
    people = held["tehsil_columns"].index("people") + 3  # type: ignore[index]
    shown = {row[0]: row[people] for row in held["tehsils"]}  # type: ignore[index]
    assert shown == units.set_index("tehsil")["people"].to_dict()
    assert f"{cells['people'].sum():,}" in page[page.index('<section id="census"') :]


def test_low_and_high_stand_beside_the_headline(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(5).write(tmp_path / "run")  # type: ignore[attr-defined]
    path = folder / "tables" / "plan_summary.parquet"
    frame = pd.read_parquet(path).assign(low=np.nan, high=np.nan)
    row = {"key": "npc_usd", "value": 2e6, "unit": "USD", "description": "Cost", "low": 1.25e6, "high": 3.5e6}
    pd.concat([frame, pd.DataFrame([row])]).to_parquet(path)
    page = report.build(folder).read_text(encoding="utf-8")
    assert '<small class="span">US$ 1.25 to 3.5 million</small>' in page
    found = report.headline(folder)
    assert (found["npc_usd"]["low"], found["npc_usd"]["high"]) == (1.25e6, 3.5e6)
    assert "low" not in found["capex_usd"]


def test_the_tornado_shows_the_widest_twelve_with_their_sources(
    tmp_path: Path, make_disk: Callable[..., object]
) -> None:
    folder = make_disk(5).write(tmp_path / "run")  # type: ignore[attr-defined]
    count = 15
    step = np.arange(1.0, count + 1)
    pd.DataFrame(
        {
            "parameter": [f"plan.p{i}" for i in range(count)],
            "title": [f"Assumption {i}" for i in range(count)],
            "unit": "USD",
            "low": 1.0,
            "base": 2.0,
            "high": 3.0,
            "figure": "npc_usd",
            "figure_low": 6e9 - step * 1e8,
            "figure_base": 6e9,
            "figure_high": 6e9 + step * 2e8,
            "source": [HOSTILE] * count,
        }
    ).to_parquet(folder / "tables" / "sensitivity.parquet")
    page = report.build(folder).read_text(encoding="utf-8")
    section = page[page.index("What moves the answer most") : page.index('<section id="sky"')]
    shown = re.findall(r'<tr><th scope="row">Assumption (\d+)</th>', section)
    assert [int(n) for n in shown] == list(range(14, 2, -1))
    assert "4.5 – 9" in section  # the widest: 6 - 15 x 0.1 and 6 + 15 x 0.2 billion
    assert html.escape(HOSTILE, quote=True) in section
    bars = re.findall(
        r'<rect class="(?:blue|warm)3" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="16"', section
    )
    assert len(bars) == 2 * 2 * 12
    assert all(float(x) >= 0 and float(x) + float(w) <= 760 for x, w in bars)


def test_the_tariff_stands_against_income_by_tenth(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(6).write(tmp_path / "run")  # type: ignore[attr-defined]
    assert "What households can pay" not in report.build(folder).read_text(encoding="utf-8")
    path = folder / "tables" / "plan.parquet"
    plan = pd.read_parquet(path).assign(tariff_usd_month=8.0)
    plan.to_parquet(path)
    group = zarr.open_group(str(folder / "arrays.zarr"), mode="a")
    income = np.linspace(80.0, 400.0, len(plan)).astype(np.float32)
    group.create_array("income_usd_month", data=income)
    group.create_array("adoption_share", data=np.full(len(plan), 0.6, np.float32))
    page = report.build(folder).read_text(encoding="utf-8")
    section = page[page.index("What households can pay") :]
    lines = re.findall(r'data-v="([\d. ]+)"><title>(.*?)</title>', section)
    burden = [float(v) for v in lines[0][0].split()]
    assert "income" in lines[0][1]
    assert burden == sorted(burden, reverse=True)
    assert 100 * 8 / 400 < burden[-1] < burden[0] < 100 * 8 / 80
    assert "In every tenth: households that take the service, 60 %." in section


def test_census_sums_and_held_out_towns(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(6).write(tmp_path / "run")  # type: ignore[attr-defined]
    cells = pd.read_parquet(folder / "tables" / "cells.parquet")
    nation = tmp_path / "nation"
    nation.mkdir()
    sums = cells.groupby("province", as_index=False)["people"].sum()
    sums.assign(people=sums["people"] + np.r_[7, np.zeros(len(sums) - 1)].astype(int)).to_parquet(
        nation / "census.parquet"
    )
    towns = pd.DataFrame({"name": ["A", "B", "C"], "lat": 30.5, "lon": [69.3, 69.5, 69.7], "fold": [0, 1, 1]})
    towns.assign(census=1000, predicted=[1000, 1300, 400]).to_parquet(nation / "heldout.parquet")
    provenance = json.loads((folder / "provenance.json").read_text())
    provenance["scenario"]["nation"]["data"] = str(nation)
    (folder / "provenance.json").write_text(json.dumps(provenance))
    page = report.build(folder).read_text(encoding="utf-8")
    section = page[page.index('<section id="census"') : page.index('<section id="assumptions"')]
    assert [int(n) for n in re.findall(r"<td>(-?\d)</td><td class", section)].count(-7) == 2  # province, sum
    assert 'data-o="heldout"' in section
    assert "3 towns were left out, 2 groups in turn" in section
    assert "the median error is 30 %" in section
    assert "33 % of them are within a quarter" in section
    assert re.findall(r'<circle[^>]*class="(\w+)"', section) == ["grey2", "blue2", "warm4"]
    assert "C: 1,000 counted, 400 placed" in section


def test_origins_follow_the_schema_and_the_record(small_run: Path, page: str) -> None:
    origins = data_of(page)["origins"]
    sources = data_of(page)["sources"]
    cost = origins["card-npc_usd"]  # type: ignore[index]
    spec = schema.tables()["plan"]["npc_usd"]
    assert cost["of"] == [["plan.npc_usd", "tables/plan.parquet", spec.description, "USD"]]
    assert cost["kind"] == "computed by the model"
    mobile = origins["cell-mobile"]  # type: ignore[index]
    assert mobile["kind"] == "modelled input"
    assert mobile["by"] == ["Nation: cells, towns and terrain"]
    named = [sources[i][0] for i in mobile["sources"]]  # type: ignore[index]
    assert named == ["cells"]
    linked = set(re.findall(r'data-o="([^"]*)"', page[: page.index("<dialog")]))
    assert linked <= set(origins)  # type: ignore[call-overload]
    assert len(linked) >= 25


def test_every_heading_of_figures_leads_to_an_origin_without_script(page: str) -> None:
    targets = set(re.findall(r'class="info" href="#([^"]*)"', page[: page.index("<dialog")]))
    assert targets
    assert targets <= set(re.findall(r'id="(from-[^"]*)"', page))


def test_a_run_of_too_many_cells_is_shown_on_their_parents(
    tmp_path: Path, make_disk: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_disk(9).write(tmp_path / "run")  # type: ignore[attr-defined]
    run = RunFolder(folder)
    seen = coarse.shown(run, most=100)
    cells, fine = seen.table("cells"), run.table("cells")
    parents = [h3.cell_to_parent(cell, 5) for cell in fine["cell"]]
    assert sorted(cells["cell"]) == sorted(set(parents))
    assert cells.set_index("cell")["people"].to_dict() == fine.groupby(parents)["people"].sum().to_dict()
    assert seen.column("plan", "npc_usd").sum() == pytest.approx(run.column("plan", "npc_usd").sum())
    share = fine["grid_share"] * fine["people"]
    mean = share.groupby(parents).sum() / fine.groupby(parents)["people"].sum()
    assert cells["grid_share"].to_numpy() == pytest.approx(mean[cells["cell"]].to_numpy())
    one = fine.iloc[fine.groupby(parents)["people"].idxmax()[cells["cell"].iloc[3]]]
    assert cells["tehsil"].iloc[3] == one["tehsil"]
    block = next(iter(seen.blocks("visible_count")))[1]
    assert (block[:, 3] == run.values("visible_count")[: len(block), one.name]).all()
    monkeypatch.setattr(coarse.shown, "__defaults__", (100,))
    page = report.build(folder).read_text(encoding="utf-8")
    assert data_of(page)["coarse"] == len(fine)
    assert data_of(page)["cells"]["count"] == len(cells)  # type: ignore[index]
    assert "271 cells" in page


def test_h3_keys_hold_base_cell_and_digits() -> None:
    for level in (4, 6, 8):
        cell = h3.latlng_to_cell(30.2, 67.0, level)
        key = int(payload.h3_keys([cell])[0])
        assert key >> (3 * level) == h3.get_base_cell_number(cell)
        digits = [(key >> (3 * (level - r))) & 7 for r in range(1, level + 1)]
        assert digits == [
            h3.cell_to_child_pos(h3.cell_to_parent(cell, r), r - 1) for r in range(1, level + 1)
        ]
