"""The page of a made-up run: complete, offline, escaped, and true to the tables."""

from __future__ import annotations

import base64
import csv
import hashlib
import html
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rabta import catalog, report
from rabta.errors import RabtaError
from rabta.report import payload, series, text
from rabta.report.figures import Headline
from rabta.report.folder import RunFolder
from rabta.report.parts import limits
from rabta.report.pictures import charts, maps

from .reading import HOSTILE, column, data_of


class Tags(HTMLParser):
    """Tags, attributes and identifiers of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "input", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def page(small_run: Path) -> str:
    return (small_run / "report" / "index.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_identifiers_are_unique(page: str) -> None:
    tags = Tags(page)
    assert tags.open == []
    ids = [value for key, value in tags.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    targets = [str(v)[1:] for k, v in tags.attributes if k == "href" and str(v).startswith("#")]
    assert set(targets) <= set(ids)


def test_the_page_asks_for_nothing(page: str) -> None:
    tags = Tags(page)
    assert not {"link", "iframe", "object", "embed", "base", "form", "img"} & set(tags.tags)
    assert not [key for key, _ in tags.attributes if key in {"src", "srcset", "action", "ping"}]
    links = [str(value) for key, value in tags.attributes if key in {"href", "xlink:href"}]
    assert all(link.startswith(("#", "data:text/csv")) for link in links)
    styles = "".join(re.findall(r"<style>(.*?)</style>", page, re.DOTALL))
    assert "@import" not in styles
    assert set(re.findall(r"url\(([^)]*)\)", styles)) <= {"#hatch"}
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    for way in ("fetch(", "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon", "import(", "eval("):
        assert way not in script
    assert set(re.findall(r"https?://[^\s'\"]+", script)) == {
        "http://www.w3.org/2000/svg"
    }  # a name, never asked


def test_the_policy_allows_only_the_page_s_own_script(page: str) -> None:
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert "default-src 'none'" in policy[1]
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert not re.search(r"\son[a-z]+=", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))


def test_headline_figures_are_sums_of_the_tables(small_run: Path, page: str) -> None:
    plan = pd.read_parquet(small_run / "tables" / "plan.parquet")
    cells = pd.read_parquet(small_run / "tables" / "cells.parquet")
    found = report.headline(small_run)
    unserved = plan["households_unserved_today"]
    people = (unserved * cells["people"] / cells["households"]).fillna(0.0).sum()
    assert found["unserved_people"]["value"] == pytest.approx(people, rel=1e-4)
    assert found["served_households"]["value"] == pytest.approx(plan["households_served"].sum(), rel=1e-4)
    assert found["capex_usd"]["value"] == pytest.approx(plan["capex_usd"].sum(), rel=1e-4)
    assert found["npc_per_household_usd"]["value"] == pytest.approx(
        plan["npc_usd"].sum() / plan["households_served"].sum(), rel=1e-4
    )
    assert found["plan_gap"]["value"] == pytest.approx(0.00042)
    good = (plan["rate_mbps"] >= 10) & (plan["latency_ms"] <= 100) & (plan["availability"] >= 0.95)
    share = plan.loc[good, "households_served"].sum() / plan["households_served"].sum()
    assert found["floors_met"]["value"] == pytest.approx(share, rel=1e-4)
    assert f"<strong>{text.number(people)} people</strong>".replace(" million", "\xa0million") in page
    assert dict(report.summary(small_run))["Investment"].startswith("US$ ")


def test_the_map_carries_the_values_of_the_run(small_run: Path, page: str) -> None:
    data = data_of(page)
    plan = pd.read_parquet(small_run / "tables" / "plan.parquet")
    cost = np.where(plan["households_served"] > 0, plan["npc_per_household_usd"], np.nan)
    assert np.allclose(column(page, "cost"), cost, rtol=7e-5, equal_nan=True)
    assert np.allclose(column(page, "unserved"), plan["households_unserved_today"], rtol=7e-5)
    names = np.array(data["cells"]["technologies"])  # type: ignore[index]
    assert (names[column(page, "technology")] == plan["technology"]).all()
    assert (names[column(page, "next")] == plan["next_technology"]).all()


def test_satellites_in_view_are_reduced_rightly(small_run: Path, page: str) -> None:
    run = RunFolder(small_run)
    count = run.values("visible_count")
    assert np.allclose(column(page, "visible_min"), count.min(axis=0), atol=1e-3)
    assert np.allclose(column(page, "visible_mean"), count.mean(axis=0), atol=1e-3)
    bins = column(page, "bins").reshape(series.BINS, -1)
    assert (bins == count.reshape(series.BINS, 2, -1).min(axis=1)).all()
    assert series.at_cells(run, "visible_count", np.array([4]), 12)[:, 0] == pytest.approx(
        count[:, 4].reshape(12, 4).mean(axis=1)
    )


def test_latency_is_weighted_by_households(small_run: Path) -> None:
    run = RunFolder(small_run)
    weights = run.column("plan", "households_unserved_today")
    found = series.reduce_cells(run, weights)
    latency = run.values("latency_ms").astype(float)
    good = np.isfinite(latency)
    heavy = np.broadcast_to(weights, latency.shape)[good]
    assert found.latency_histogram.sum() == pytest.approx(heavy.sum())
    middle = series.weighted_median(latency[good], heavy)
    assert series.quantile_of(found.latency_histogram, 0.5) == pytest.approx(
        middle, abs=series.LATENCY_BIN_MS
    )
    assert found.latency_ms == pytest.approx(np.nanmean(latency, axis=0))


def test_hostile_names_stay_text(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    nation = make_disk(6, HOSTILE)
    nation.title = HOSTILE  # type: ignore[attr-defined]
    nation.province = [HOSTILE] * len(nation.province)  # type: ignore[attr-defined]
    folder = nation.write(tmp_path / "run")  # type: ignore[attr-defined]
    for name in ("places", "gateways"):
        frame = pd.read_parquet(folder / "tables" / f"{name}.parquet")
        frame.assign(name=HOSTILE).to_parquet(folder / "tables" / f"{name}.parquet")
    prices = pd.read_parquet(folder / "tables" / "plan_prices.parquet")
    prices.assign(constraint=HOSTILE, unit=HOSTILE).to_parquet(folder / "tables" / "plan_prices.parquet")
    technologies = pd.read_parquet(folder / "tables" / "technologies.parquet")
    technologies.assign(title=HOSTILE).to_parquet(folder / "tables" / "technologies.parquet")
    provenance = json.loads((folder / "provenance.json").read_text())
    hostile = dict.fromkeys(("kind", "name", "title", "source", "licence", "retrieved", "layer"), HOSTILE)
    provenance |= {
        "catalog": [hostile],
        "data_layers": [hostile | {"modelled": [HOSTILE]}],
        "platform": HOSTILE,
    }
    provenance["stages"][0] |= {"title": HOSTILE, "name": HOSTILE}
    provenance["scenario"]["demand"]["services"] = [HOSTILE]
    (folder / "provenance.json").write_text(json.dumps(provenance))
    page = report.build(folder).read_text(encoding="utf-8")
    assert page.count("<script") == 3
    assert "<img" not in page
    assert "bad()</script>" not in page
    tags = Tags(page)
    assert tags.open == []
    assert not [key for key, _ in tags.attributes if key.startswith("on")]
    assert html.escape(HOSTILE, quote=True) in page
    districts = data_of(page)["districts"]
    assert districts[0]["province"] == HOSTILE  # type: ignore[index]


def test_the_district_file_holds_every_district(small_run: Path, page: str) -> None:
    found = re.search(r'download="districts.csv" href="data:text/csv;charset=utf-8;base64,([^"]*)"', page)
    assert found
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(found[1]).decode("utf-8-sig"))))
    districts = pd.read_parquet(small_run / "tables" / "districts.parquet").set_index("district")
    assert {row["district"] for row in rows} == set(districts.index)
    for row in rows:
        assert float(row["npc_usd"]) == pytest.approx(districts.loc[row["district"], "npc_usd"], rel=1e-4)


def test_limits_say_what_binds_and_where(page: str) -> None:
    section = page[page.index('<section id="limits"') : page.index('<section id="census"')]
    assert "1 of 2 limits bind" in section
    assert "US$ 813 per Mbit/s" in section or "US$ 812 per Mbit/s" in section
    assert re.search(r"near Town \d+ \(District", section)


def test_zones_are_named_by_the_largest_place_inside(small_run: Path) -> None:
    run = RunFolder(small_run)
    c = payload.context(run)
    cells, places = run.table("cells"), run.table("places")
    zone_of_place = cells["zone"].to_numpy()[places["cell_row"]]
    for zone in cells["zone"].unique():
        words = limits.where(c, zone)
        inside = places[zone_of_place == zone]
        if len(inside):
            assert words.startswith(f"near {inside.loc[inside['people'].idxmax(), 'name']} (")
        assert zone not in words
        named = set(cells.loc[cells["zone"] == zone, "district"])
        assert set(words[words.index("(") + 1 : -1].split(" and ")) <= named
    assert limits.where(c, "nation") == "whole nation"


def test_binding_limits_beyond_fifteen_are_folded_away(
    tmp_path: Path, make_disk: Callable[..., object]
) -> None:
    folder = make_disk(6).write(tmp_path / "run")  # type: ignore[attr-defined]
    zones = pd.read_parquet(folder / "tables" / "cells.parquet")["zone"]
    path = folder / "tables" / "plan_prices.parquet"
    prices = pd.read_parquet(path).iloc[[0] * 20].assign(zone=zones.iloc[0])
    prices.assign(price_usd=np.arange(1.0, 21.0) * 1000).sample(frac=1, random_state=1).to_parquet(path)
    page = report.build(folder).read_text(encoding="utf-8")
    section = page[page.index('<section id="limits"') : page.index('<section id="census"')]
    shown, folded = section.split("<details>")
    assert [int(n) for n in re.findall(r"US\$ (\d+),000 per", shown)] == list(range(20, 5, -1))
    assert [int(n) for n in re.findall(r"US\$ (\d+),000 per", folded)] == list(range(5, 0, -1))
    assert "5 more limits that bind" in folded


def test_no_missing_number_is_printed(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(6).write(tmp_path / "run")  # type: ignore[attr-defined]
    path = folder / "tables" / "districts.parquet"
    districts = pd.read_parquet(path)
    for name in ("visible_mean", "latency_ms", "carried_share", "npc_per_household_usd"):
        districts.loc[::2, name] = np.nan
    districts.to_parquet(path)
    path = folder / "tables" / "plan.parquet"
    plan = pd.read_parquet(path)
    plan["rate_mbps"] = np.nan
    plan.to_parquet(path)
    page = report.build(folder).read_text(encoding="utf-8")
    words = re.sub(r"<(script|style).*?</\1>", " ", page, flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", words)
    assert not re.search(r"\b(nan|inf|none|null)\b", words.replace("none of", ""), re.IGNORECASE)
    assert "–" in words
    assert "NaN" not in json.dumps(data_of(page)["districts"])


def test_headline_shares_hold_together(small_run: Path) -> None:
    head = Headline(RunFolder(small_run))
    assert 0 < head.served <= head.unserved <= head.households.sum()
    assert 0 < head.served_people <= head.unserved_people <= head.people.sum()
    groups = head.by_technology()
    assert sum(g.households for g in groups) == pytest.approx(head.served, rel=1e-6)
    assert sum(g.npc_usd for g in groups) == pytest.approx(head.plan_sum("npc_usd"), rel=1e-6)
    assert 0 <= head.floors_met() <= 1


def test_a_path_of_one_machine_is_not_shown(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(5).write(tmp_path / "run")  # type: ignore[attr-defined]
    provenance = json.loads((folder / "provenance.json").read_text())
    provenance["scenario"]["space"]["catalogue"] = "/home/somebody/elements.tle"
    (folder / "provenance.json").write_text(json.dumps(provenance))
    page = report.build(folder).read_text(encoding="utf-8")
    assert "<dd>elements.tle</dd>" in page
    assert "/home/somebody" not in page


def test_catalog_entries_name_what_is_modelled(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(5).write(tmp_path / "run")  # type: ignore[attr-defined]
    provenance = json.loads((folder / "provenance.json").read_text())
    provenance["catalog"][0]["name"] = "pakistan"
    (folder / "provenance.json").write_text(json.dumps(provenance))
    page = report.build(folder).read_text(encoding="utf-8")
    section = page[page.index('<section id="assumptions"') :]
    for key in catalog.entry("costs", "pakistan").data["modelled"]:
        assert key in section


def test_sources_and_modelled_layers_are_named(page: str) -> None:
    section = page[page.index('<section id="assumptions"') :]
    assert "https://example.org/book" in section
    assert '<span class="modelled">mobile_today</span>' in section
    assert (
        "not counted" not in section[: section.index("<script")]
    )  # no cell of the small nation has an older census


def test_older_census_is_hatched_and_said(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(6).write(tmp_path / "run")  # type: ignore[attr-defined]
    path = folder / "tables" / "cells.parquet"
    cells = pd.read_parquet(path)
    cells["census_year"] = np.where(cells.index < 9, 2017, 2023).astype(np.int16)
    cells.to_parquet(path)
    page = report.build(folder).read_text(encoding="utf-8")
    assert "were not counted in 2023" in page
    assert 'class="hatched"' in page


def test_same_run_same_page(small_run: Path, page: str) -> None:
    assert report.build(small_run).read_text(encoding="utf-8") == page


def test_run_without_provenance_or_arrays_still_reports(
    tmp_path: Path, make_disk: Callable[..., object]
) -> None:
    import shutil

    folder = make_disk(5).write(tmp_path / "run")  # type: ignore[attr-defined]
    (folder / "provenance.json").unlink()
    shutil.rmtree(folder / "arrays.zarr")
    for name in ("plan_prices", "plan_summary", "places", "gateways", "technologies"):
        (folder / "tables" / f"{name}.parquet").unlink()
    page = report.build(folder).read_text(encoding="utf-8")
    assert "A made-up nation" in page
    assert '<section id="sky"' not in page
    assert Tags(page).open == []


def test_missing_plan_is_named(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(4).write(tmp_path / "run")  # type: ignore[attr-defined]
    (folder / "tables" / "plan.parquet").unlink()
    with pytest.raises(RabtaError, match=r"plan\.parquet"):
        report.build(folder)


def test_partial_plan_says_how_far_it_reaches(tmp_path: Path, make_disk: Callable[..., object]) -> None:
    folder = make_disk(5).write(tmp_path / "run")  # type: ignore[attr-defined]
    path = folder / "tables" / "plan.parquet"
    plan = pd.read_parquet(path)
    plan["households_served"] *= 0.5
    plan.to_parquet(path)
    words = Headline(RunFolder(folder)).reach_words()
    assert re.fullmatch(r"(49|50) % of the [\d,.]+ expected to take the service", words)


def test_line_of_control_follows_only_the_outer_edge(
    tmp_path: Path, make_disk: Callable[..., object]
) -> None:
    nation = make_disk(7)
    nation.province = [  # type: ignore[attr-defined]
        "Gilgit-Baltistan" if index % 2 else "Punjab"
        for index, _ in enumerate(nation.cells)  # type: ignore[attr-defined]
    ]
    drawn = maps.atlas(RunFolder(nation.write(tmp_path / "run")))  # type: ignore[attr-defined]
    assert drawn.line_name == "Line of Control"
    assert 0 < len(drawn.line) < len(drawn.outer_border)


def test_classes_cover_all_values_in_order() -> None:
    values = np.random.default_rng(5).lognormal(3.0, 1.5, 5000)
    made = maps.classes(values)
    assert list(made.cuts) == sorted(set(made.cuts))
    share = np.bincount(made.of(values), minlength=len(made.cuts) + 1) / values.size
    assert share.max() < 0.35
    assert len(made.labels) == len(made.cuts) + 1
    assert made.of(np.array([np.nan]))[0] == -1


def test_charts_stay_inside_their_frame() -> None:
    x = np.linspace(0.0, 24.0, 50)
    lines = [charts.Line("a", np.where(x > 20, np.nan, 30 + 10 * np.sin(x)), "c0")]
    drawn = charts.line_chart(x, lines, [(0.0, "00:00"), (24.0, "24:00")], ("label", "y", "x"))
    for d in re.findall(r'class="line c0" d="([^"]*)"', drawn):
        numbers = [float(n) for n in re.findall(r"[\d.]+", d)]
        assert max(numbers[0::2]) <= 760
        assert max(numbers[1::2]) <= 300
        assert "nan" not in d


def test_script_json_survives_a_round_trip() -> None:
    value = {"name": HOSTILE + "\u2028\u0000", "n": [1, 2.5, None]}
    safe = text.script_json(value)
    assert "<" not in safe
    assert json.loads(safe) == value
