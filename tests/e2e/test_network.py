"""The network of a real run: what its tables say and what the report shows of them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rabta import catalog
from rabta.report import text
from rabta.run import Run


def section(run: Run, key: str) -> str:
    page = (run.folder / "report" / "index.html").read_text(encoding="utf-8")
    found = re.search(rf'<section id="{key}".*?</section>', page, re.DOTALL)
    assert found, key
    return found.group()


def test_people_and_traffic_enter_once(tiny: Run) -> None:
    nodes, cells = tiny.tables["nodes"], tiny.tables["cells"]
    assert nodes["people"].sum() == pytest.approx(cells["people"].sum(), rel=1e-9)
    assert nodes["demand_mbps"].sum() == pytest.approx(float(tiny.arrays["busy_demand_mbps"].sum()), rel=1e-5)


def test_operating_cables_have_what_is_lit(tiny: Run) -> None:
    """Lit capacity of each operating cable of the catalog: its landings and circuits together."""
    spans = tiny.tables["spans"]
    for entry in catalog.entries("cables"):
        if entry.data.get("circuit") and entry.data["status"] == "operating":
            mine = spans[spans["group"] == entry.name]
            assert mine["capacity_mbps"].sum() == pytest.approx(entry.data["lit_tbps"] * 1e6), entry.name


def test_nothing_is_faster_than_light(tiny: Run) -> None:
    routes = tiny.tables["routes"]
    vacuum_ms = 2.0 * routes["great_circle_km"] / 299.792458
    for name in ("rtt_median_ms", "space_min_ms", "ground_rtt_ms"):
        known = routes[name].notna()
        assert (routes[name][known] >= vacuum_ms[known] * (1 - 1e-6)).all(), name
    ground = tiny.arrays["ground_rtt_ms"].to_numpy()
    best = tiny.arrays["route_rtt_ms"].to_numpy()
    known = np.isfinite(ground)
    assert (np.nanmax(best, axis=0)[known] <= ground[known] * (1 + 1e-5) + 1e-3).all()


def test_report_shows_every_place_and_denial(tiny: Run) -> None:
    shown = section(tiny, "network")
    for name in tiny.tables["ends"]["name"].head(12):
        assert text.esc(name) in shown
    fails = section(tiny, "failures")
    denied = tiny.tables["denials"]
    for name in denied.loc[denied["province"] == "nation", "denial"]:
        assert text.esc(name) in fails
    assert "nan" not in re.sub(r"<[^>]*>", " ", shown + fails).lower().split()


def test_worst_failure_leads(tiny: Run) -> None:
    frame = tiny.tables["failures"]
    single = frame[frame["case"] == "single"].sort_values(["person_hours", "name"], ascending=[False, True])
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>', section(tiny, "failures"))
    assert rows[0] == text.esc(single["name"].iloc[0])
