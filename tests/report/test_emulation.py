"""Chapter and page of emulated traffic."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from rabta import report
from rabta.cli import show
from rabta.emulate import plan as plans
from rabta.emulate import ways
from rabta.emulate.plan import Activity, Plan
from rabta.report.parts.links import emulation

BEGUN_S = 1.7e9


def kept(folder: Path, **more: Any) -> Path:
    """Folder of an emulation that ended well."""
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0], [30e9, -1.0, 0, 0, 0, 0, 0], [33e9, 25e6, 0, 0, 0, 0, 0]])
    hosts = {"Gilgit": ways.Access(np.array([[0.0, 5e6]]), np.array([[0.0, 20e6]])), "Karachi": ways.Access()}
    acts = tuple(
        Activity(kind, "Gilgit", "Karachi", 0.5, 59.5) for kind in ("ping", "tcp", "lesson", "payments")
    )
    plans.write(folder, ways.course(hosts, {("Gilgit", "Karachi"): way}, 60.0), Plan(60.0, acts))
    times = [0.2 * k for k in range(3, 290) if not 150 <= k < 165]
    rtts = [[BEGUN_S + t + 0.0402, 40.2 if t < 30.0 else 50.2] for t in times]
    head = {"from": "Gilgit", "to": "Karachi", "start_s": 0.5, "seconds": 59.5}
    found = {
        "version": 1, "unix_s": BEGUN_S, "ended_s": 60.0, "ended_early": None,
        "activities": [
            {**head, "kind": "ping", "rtts": rtts, "summary": {"answers": len(rtts), "p50_ms": 40.2},
             "agreement": {"pings": len(rtts), "share_within": 0.995, "median_ms": 0.2}},
            {**head, "kind": "tcp", "summary": {"goodput_mbps": 18.9}, "intervals": []},
            {**head, "kind": "lesson",
             "summary": {"start_s": 0.61, "stalls": 1, "stalled_s": 2.5, "bitrate_kbps": 3000.0,
                         "opinion": 3.1},
             "story": {"course": [[4.0 * k, 3000, 10.0 + k] for k in range(14)]}},
            {**head, "kind": "payments",
             "summary": {"payments": 40, "in_time_share": 0.975, "median_s": 0.24}},
        ],
        "engine": {"late_mean_ns": 61_000, "late_most_ns": 912_000, "unrecorded": 0},
        "hosts": {"Gilgit": {"dropped_up": {}, "dropped_down": {"outage": 31, "lost": 4}}},
        "stood_still": [], "clock_steps": [], "trouble": None, **more,
    }  # fmt: skip
    (folder / plans.RESULT).write_text(json.dumps(found))
    return folder


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> Path:
    """Run of its own."""
    return Path(shutil.copytree(small_run, tmp_path / "run"))


def test_the_report_takes_up_what_was_emulated_in_its_run(run: Path) -> None:
    assert 'id="emulation"' not in report.build(run).read_text(), "no chapter without emulations"
    kept(run / "emulations" / "one")
    page = report.build(run).read_text(encoding="utf-8")
    chapter = page[page.index('<section id="emulation"') :].partition("</section>")[0]
    for words in (
        "Gilgit to Karachi", "The lesson began after 0.6 s and stopped once, for 2.5 s, at 3.0 Mbit/s.",
        "98 % of 40 card payments were in time.", "99.5 % of 272 within 1 % or 0.3 ms", "18.9 Mbit/s",
        "19.3 Mbit/s", "61 µs late on average", "31 outage, 4 lost",
    ):  # fmt: skip
        assert words in chapter, words
    assert chapter.count('class="chart wide"') == 3


def test_the_command_writes_the_report_again(run: Path) -> None:
    kept(run / "emulations" / "one")
    done = CliRunner().invoke(_app(), ["report", str(run)])
    assert done.exit_code == 0, done.output
    assert done.output.strip() == str(run / "report" / "index.html")
    assert 'id="emulation"' in (run / "report" / "index.html").read_text(encoding="utf-8")


def _app() -> typer.Typer:
    app = typer.Typer()
    app.command("report")(show.report)
    app.command("show")(show.show)
    return app


def test_the_picture_shows_felt_and_computed(tmp_path: Path) -> None:
    folder = kept(tmp_path / "one")
    text = emulation.alone(folder).read_text(encoding="utf-8")
    lines = [part.split('"')[0] for part in text.split(' data-v="')[1:4]]
    felt, worst, computed = (np.array([float(x) for x in line.split()]) for line in lines)
    assert np.nanmax(np.abs(felt - worst)) < 1e-6
    early = slice(0, len(felt) // 3)
    assert felt[early] == pytest.approx(computed[early] + 0.2, abs=0.06)
    assert np.isnan(computed).any(), "the outage is a gap"
    assert computed[-1] == pytest.approx(50.0)


def test_what_cannot_be_read_is_left_out_and_said(run: Path) -> None:
    kept(run / "emulations" / "good")
    kept(run / "emulations" / "torn")
    (run / "emulations" / "torn" / plans.COURSE).write_bytes(b"PK")
    kept(run / "emulations" / "odd", activities=[{"kind": "lesson", "summary": {}}])
    kept(run / "emulations" / "list", activities={"a": 1})
    (run / "emulations" / "begun").mkdir()
    text = report.build(run).read_text(encoding="utf-8")
    assert text.count("left out") >= 3
    assert "98 % of 40 card payments" in text


def test_names_from_a_file_are_no_markup(tmp_path: Path) -> None:
    folder = kept(tmp_path / "one", trouble="<script>alert(1)</script>")
    found = json.loads((folder / plans.RESULT).read_text())
    found["activities"][1]["failed"] = "<img src=x onerror=alert(1)>"
    (folder / plans.RESULT).write_text(json.dumps(found))
    text = emulation.alone(folder).read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "<img" not in text
    assert "&lt;img" in text


def test_an_early_end_and_a_standstill_are_told(tmp_path: Path) -> None:
    more = {
        "ended_early": "interrupted",
        "ended_s": 12.0,
        "stood_still": [[3.0, 2.0]],
        "clock_steps": [[5.0, 3600.0]],
    }
    text = emulation.alone(kept(tmp_path / "one", **more)).read_text(encoding="utf-8")
    for words in ("It was interrupted before its end", "stood still for 2.0 s", "set by +3600.0 s"):
        assert words in text


def test_what_the_plan_gives_stands_beside(tmp_path: Path) -> None:
    host = {
        "name": "Gilgit", "technology": "leo_terminal", "users": ["Gilgit 1", "Gilgit 2"],
        "down_mbps": [[0.0, 12.5], [60.0, 9.0]], "rtt_ms": {"least": 41.0, "mean": 44.0, "most": 52.0},
        "changes": 7, "figures": [{"what": "queue", "value": 100.0, "unit": "ms", "assumed": True}],
    }  # fmt: skip
    lost = {"name": "cable:aae-1", "from_s": 20.0, "to_s": None}
    text = emulation.alone(kept(tmp_path / "one", about={"hosts": [host], "without": [lost]})).read_text()
    for words in (
        "Taken away: cable:aae-1 from 20 s on.", "leo_terminal, 2 users", "9 to 12.5 Mbit/s",
        "41 to 52 ms", "queue 100.0 ms",
    ):  # fmt: skip
        assert words in text, words
