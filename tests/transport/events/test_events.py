"""The run's events: exact, in order, the same as the long way round, bounded, and appended safely."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import rabta
from rabta import events
from rabta.cli.events.joint import evaluated, study
from rabta.errors import RabtaError
from rabta.run import Run
from rabta.scenario import validate
from rabta.space import visibility, walker
from rabta.space.events.handover import serve
from rabta.space.events.windows import Windows, windows
from rabta.space.network.gso import separation_deg
from rabta.space.orbits import Orbits, states
from rabta.space.propagate import constants
from rabta.transport.events.links import lands
from rabta.transport.events.serving import serving
from rabta.transport.routes.held.arc import apart

START = np.datetime64("2026-01-13T00:00", "ns")
SPAN = {"start": "2026-01-13T16:40:00Z", "hours": 0.2, "step_s": 60}


@pytest.fixture(scope="module")
def shell() -> Orbits:
    columns = walker.walker(550.0, 53.0, 40, 20, phasing=1, epoch_jd=2_461_053.5)
    return constants(pd.DataFrame(columns))


def test_longest_service_beside_the_arc_is_that_of_windows_cut_first(shell: Orbits) -> None:
    """Lazy search against every window cut by the arc (held against brute force elsewhere), then chosen."""
    ground = visibility.ground([24.9, 35.9], [67.0, 74.3], [0.0, 1500.0])
    seen = windows(shell, ground, START, 7200.0, 25.0)
    keep = np.full(len(shell), 18.0)
    found = serving(shell, ground, seen, keep)
    for site in (0, 1):
        own = seen.only(seen.site == site)
        here = (ground.cell_m[site], ground.axes[site, 2])
        cut = apart(shell, here, START, (own.satellite.astype(np.int64), own.rise_s, own.set_s), keep)
        sites = np.zeros(len(cut[0]), np.int32)
        whole = serve(
            Windows(sites, cut[0].astype(np.int32), cut[1], cut[2], START, 7200.0), "longest-remaining"
        )
        mine = found.site == site
        assert mine.sum() > 20
        # At the end of the span several stay equally long.
        assert found.satellite[mine].tolist()[:-1] == whole.satellite.tolist()[:-1]
        assert np.abs(found.start_s[mine] - whole.start_s).max() < 1e-3
        assert np.abs(found.end_s[mine] - whole.end_s).max() < 1e-3


def test_links_keep_from_the_arc(shell: Orbits) -> None:
    ground = visibility.ground([30.0], [70.0], [0.0])
    seen = windows(shell, ground, START, 3600.0, 25.0)
    found = serving(shell, ground, seen, np.full(len(shell), 18.0))
    free = serving(shell, ground, seen, np.zeros(len(shell)))
    assert len(found.site) > len(free.site)  # cut links are shorter, so there are more
    for row, satellite in enumerate(found.satellite):
        at = np.linspace(found.start_s[row] + 1e-3, found.end_s[row] - 1e-3, 20)
        place, _ = states(shell[np.array([satellite])], START + (at * 1e9).astype("timedelta64[ns]"))
        angle = separation_deg(ground.cell_m, ground.axes[:, 2], place[0].T)[0]
        assert angle.min() > 18.0 - 1e-3


def test_gateways_follow_each_other() -> None:
    seen = [(0, 0.0, 50.0), (1, 20.0, 90.0), (2, 95.0, 120.0)]
    assert lands(seen, 10.0, 110.0) == [(0, 10.0), (1, 50.0), (-1, 90.0), (2, 95.0)]
    assert lands([], 0.0, 5.0) == [(-1, 0.0)]


@pytest.fixture(scope="module")
def quarter() -> pd.DataFrame:
    asked = {"places": ("Gilgit", "Karachi"), "pairs": (("Gilgit", "Islamabad"),)}
    scenario = rabta.load("tiny", time=SPAN, nation={"resolution": 4}, events=asked).scenario
    return evaluated(scenario, ("events",)).table("events")


def test_events_of_places_tell_one_story(quarter: pd.DataFrame) -> None:
    start = int(np.datetime64("2026-01-13T16:40", "ns").astype(np.int64))
    assert (quarter["time_ns"].diff().dropna() >= 0).all()
    assert quarter["time_ns"].between(start, start + 720 * 10**9).all()
    for place in ("Gilgit", "Karachi"):
        own = quarter[quarter["subject"] == place]
        links = own[own["kind"].isin(["link_up", "handover", "link_down"])]
        assert links["kind"].iloc[0] == "link_up"
        assert (links["from"].iloc[1:].to_numpy() == links["to"].iloc[:-1].to_numpy()).all()
        assert (own["via"] != "").all()  # gateways or lasers
        assert (links["elevation_deg"] > 25.0 - 1e-3).all()
        light_km = own["delay_ms"] * 299.792458
        assert np.allclose(light_km, own["range_km"], rtol=1e-12)


def test_events_of_a_pair_are_those_of_the_command(quarter: pd.DataFrame) -> None:
    """``rabta events --space`` lists the same changes."""
    scenario = rabta.load("tiny", time=SPAN, nation={"resolution": 4}).scenario
    told = study(scenario, "Gilgit", "Islamabad", space_only=True)["events"]
    own = quarter[quarter["subject"] == "Gilgit > Islamabad"]
    assert own["kind"].iloc[0] == "path_start"
    assert own["kind"].iloc[-1] == "path_end"
    assert len(own) == len(told) + 1 > 5
    assert [row.split(" > ") for row in own["to"].iloc[:-1]] == [event["path"] for event in told]
    assert np.allclose(own["delay_ms"].iloc[:-1] * 2.0, [event["rtt_ms"] for event in told], atol=1e-4)


def test_the_same_again(quarter: pd.DataFrame) -> None:
    asked = {"places": ("Gilgit", "Karachi"), "pairs": (("Gilgit", "Islamabad"),)}
    scenario = rabta.load("tiny", time=SPAN, nation={"resolution": 4}, events=asked).scenario
    pd.testing.assert_frame_equal(evaluated(scenario, ("events",)).table("events"), quarter)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"places": ["Gilgitt"]}, "Gilgit"),
        ({"places": ["Gilgit", "Gilgit"]}, "twice"),
        ({"pairs": [["Gilgit", "gilgit "]]}, "both ends"),
        ({"pairs": [["Gilgit", "Nowhere"]]}, "no such place"),
    ],
)
def test_places_are_refused_by_name(section: dict[str, Any], words: str) -> None:
    given = {"name": "x", "time": SPAN, "nation": {"resolution": 4}, "events": section}
    with pytest.raises(RabtaError, match=words):
        evaluated(validate(given), ("events",))


@pytest.fixture
def run(tmp_path: Path, quarter: pd.DataFrame) -> Path:
    (tmp_path / "tables").mkdir()
    (tmp_path / "provenance.json").write_text("{}")
    quarter.to_parquet(tmp_path / "tables" / "events.parquet", index=False)
    return tmp_path


def row(at: int, subject: str = "node-7") -> dict[str, object]:
    return {"time_ns": at, "kind": "key_epoch", "subject": subject, "from": "3", "to": "4"}


def test_services_append_and_all_read_one_list(run: Path, quarter: pd.DataFrame) -> None:
    first = int(quarter["time_ns"].iloc[0])
    assert events.append(run, [row(first + 1), row(first - 1)]) == 2
    assert events.append(run, [row(first + 1, "node-8") | {"delay_ms": 2.5}]) == 1
    found = events.read(run)
    assert len(found) == len(quarter) + 3
    assert found["subject"].iloc[0] == "node-7"
    assert list(found.columns) == list(quarter.columns)
    assert (found["time_ns"].diff().dropna() >= 0).all()
    keys = events.read(run, kinds=["key_epoch"], subjects=["node-8"])
    assert keys["delay_ms"].tolist() == [2.5]
    assert keys["elevation_deg"].isna().all()


def test_a_line_that_a_crash_cut_is_left_out(run: Path) -> None:
    events.append(run, [row(1)])
    path = run / "events" / "appended.jsonl"
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        events.append(run, [row(2)])
        # A line whose newline alone is missing is whole.
        kept = [1, 1, 2] if cut == len(whole) - 1 else [1, 2]
        assert [found["time_ns"] for found in events.appended(run)] == kept


def test_changed_lines_are_left_out(run: Path) -> None:
    events.append(run, [row(1), row(2)])
    path = run / "events" / "appended.jsonl"
    path.write_bytes(path.read_bytes().replace(b"node-7", b"node-9", 1) + b"\xff\x00\n[]\n{}\n")
    assert [found["time_ns"] for found in events.appended(run)] == [2]


def test_a_full_disk_loses_nothing(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events.append(run, [row(1)])
    real, left = os.write, [10]

    def full(handle: int, raw: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done = real(handle, raw[: left[0]])
        left[0] -= done
        return done

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(RabtaError, match="No space left"):
        events.append(run, [row(2)])
    monkeypatch.undo()
    events.append(run, [row(3)])
    assert [found["time_ns"] for found in events.appended(run)] == [1, 3]


def test_several_processes_append(run: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from rabta import events\n"
        "for i in range(40): events.append(Path(sys.argv[1]), "
        "[{'time_ns': i, 'kind': 'k', 'subject': sys.argv[2]}] * 3)"
    )
    started = [subprocess.Popen([sys.executable, "-c", code, str(run), str(i)]) for i in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    found = events.appended(run)
    assert len(found) == 360
    triples = [tuple(item["subject"] for item in found[i : i + 3]) for i in range(0, 360, 3)]
    assert all(len(set(triple)) == 1 for triple in triples)  # nobody's rows lie between another's


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"kinds": "x"}, "kind"),
        ({"time_ns": 1.5}, "wrong type"),
        ({"time_ns": True}, "wrong type"),
        ({"delay_ms": "long"}, "wrong type"),
        ({"detail": "x" * 100_000}, "too long"),
    ],
)
def test_wrong_rows_are_refused(run: Path, bad: dict[str, object], words: str) -> None:
    with pytest.raises(RabtaError, match=words):
        events.append(run, [row(1), row(1) | bad])
    assert events.appended(run) == []


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="not a run folder"):
        events.append(tmp_path, [row(1)])
    with pytest.raises(RabtaError, match="no events"):
        events.read(tmp_path)


def test_lines_are_plain_json(run: Path) -> None:
    events.append(run, [row(5)])
    line = json.loads((run / "events" / "appended.jsonl").read_text())
    assert line["event"] == row(5)
    assert Run(run).folder == run
