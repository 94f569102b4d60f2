"""Trouble in the middle: a full disk, an interruption, nothing in view; all end clearly, nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from rabta import catalog

BIN = str(Path(sys.executable).parent / "rabta")


def rabta(folder: Path, *arguments: str, cache: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RABTA_CACHE": str(cache or folder / "cache")}
    command = [BIN, *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=600, check=False, env=environment
    )


def whole_runs(folder: Path) -> list[Path]:
    return list((folder / "runs").glob("*/provenance.json"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk(small_disk: Path, tmp_path: Path) -> None:
    out = rabta(tmp_path, "run", "tiny", "--hours", "0.2", "--runs", str(small_disk / "runs"))
    assert out.returncode == 4, out.stderr
    assert "no space left" in out.stderr
    assert "Traceback" not in out.stderr
    assert list(small_disk.glob("runs/*")) == []


def test_interrupted_run_resumes(tmp_path: Path) -> None:
    environment = {**os.environ, "RABTA_CACHE": str(tmp_path / "cache")}
    command = [BIN, "run", "tiny", "--hours", "4"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and len(list(tmp_path.glob("cache/*/*/served_mbps.npy"))) < 2:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, text = process.communicate(timeout=120)
    assert process.returncode == 130, text
    assert "same command resumes" in text
    assert "Traceback" not in text
    assert whole_runs(tmp_path) == []
    assert list((tmp_path / "runs").glob(".partial*")) == []
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.glob("cache/*/*/served_mbps.npy")}
    assert rabta(tmp_path, *command[1:]).returncode == 0
    assert len(whole_runs(tmp_path)) == 1
    assert all(p.stat().st_mtime_ns == stamp for p, stamp in kept.items())


def test_leavings_of_a_killed_run_are_swept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / "runs" / f".partial-{dead.pid}-tiny-x"
    left.mkdir(parents=True)
    assert rabta(tmp_path, "run", "tiny", "--hours", "0.1").returncode == 0
    assert not left.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cells: cells.drop(columns="area_km2"), ["missing column", "area_km2", "cells"]),
        (
            lambda cells: cells.assign(people=cells["people"] + 1),
            ["people by cell_row", "sums of the tables"],
        ),
        (lambda cells: cells.assign(elevation_m="high"), ["elevation_m", "float64"]),
        (lambda cells: cells.assign(cell="nonsense"), ["cell"]),
    ],
)
def test_wrong_nation_file(tmp_path: Path, change: object, words: list[str]) -> None:
    shipped = catalog.SHIPPED / "nations" / "pakistan"
    mine = tmp_path / "mine"
    mine.mkdir()
    for path in shipped.iterdir():
        (mine / path.name).write_bytes(path.read_bytes())
    change(pd.read_parquet(shipped / "cells.parquet")).to_parquet(mine / "cells.parquet")  # type: ignore[operator]
    out = rabta(tmp_path, "run", "tiny", "--set", f'nation.data="{mine}"')
    assert out.returncode == 3, out.stderr
    assert "Traceback" not in out.stderr
    for word in words:
        assert word in out.stderr
    assert whole_runs(tmp_path) == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [lines[0], lines[1][:-1] + "0", lines[2]], ["line 2", "checksum"]),
        (lambda lines: [lines[0], lines[1], lines[2][:40]], ["line 3"]),
        (lambda lines: lines[:2], ["line"]),
        (lambda lines: ["nothing here"], ["mine.tle"]),
        (lambda lines: [], ["mine.tle"]),
    ],
)
def test_damaged_catalogue(tmp_path: Path, damage: object, words: list[str]) -> None:
    """The element set is Vanguard 1 of the SGP4 verification set."""
    good = [
        "VANGUARD 1",
        "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
        "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
    ]
    (tmp_path / "mine.tle").write_text("\n".join(damage(good)) + "\n")  # type: ignore[operator]
    out = rabta(tmp_path, "run", "tiny", "--catalogue", "mine.tle")
    assert out.returncode == 3, out.stderr
    assert "Traceback" not in out.stderr
    for word in words:
        assert word in out.stderr.lower()
    assert whole_runs(tmp_path) == []


def test_no_gateway_in_view_is_reported_not_crashed(tmp_path: Path) -> None:
    """BeiDou carries navigation, no broadband: a run with it alone still plans with what is on the ground."""
    out = rabta(tmp_path, "run", "tiny", "--hours", "0.1", "--constellation", "paksat-1r")
    assert out.returncode == 0, out.stderr
    assert len(whole_runs(tmp_path)) == 1
