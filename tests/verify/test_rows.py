"""What becomes of a row: met, failed, a prediction that missed, or two numbers that are not comparable."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from rabta import verify
from rabta.cli.verify import verify as command
from rabta.errors import RabtaError
from rabta.verify import Row

MET = Row("met", 1.0, 1.1, 0.2, "s")
WRONG = Row("wrong", 1.0, 2.0, 0.2, "s")
MISSED = Row("missed", 1.0, 2.0, 0.2, "s", gate=False)
APART = Row("apart", 1.0, 9.0, math.nan, "s", gate=False)
BROKEN = Row("broken", math.nan, 2.0, 0.2, "s")


def test_status() -> None:
    found = [row.status for row in (MET, WRONG, MISSED, APART, BROKEN)]
    assert found == ["ok", "FAIL", "miss", "shown", "FAIL"]
    assert Row("forgotten tolerance", 1.0, 1.0, math.nan, "s").status == "FAIL"
    assert Row("broken, not comparable", math.nan, 2.0, math.nan, "s", gate=False).status == "miss"


@pytest.mark.parametrize(
    ("rows", "code", "counts"),
    [([MET, MISSED, APART], 0, (1, 0, 1, 1)), ([MET, WRONG, BROKEN, APART], 1, (1, 2, 0, 1))],
)
def test_only_rows_that_fail_make_the_exit_code(
    rows: list[Row], code: int, counts: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "run", lambda name, files: rows)
    app = typer.Typer()
    app.command()(command)
    out = CliRunner().invoke(app, ["sgp4", "--json"])
    assert out.exit_code == code
    found = json.loads(out.stdout)["suites"]["sgp4"]
    assert tuple(found[key] for key in ("passed", "failed", "missed", "shown")) == counts
    assert [row["status"] for row in found["rows"]] == [row.status for row in rows]
    printed = CliRunner().invoke(app, ["sgp4", "--failures"])
    assert printed.exit_code == code
    assert "  met" not in printed.stdout
    assert ("miss  missed" in printed.stdout) == (MISSED in rows)
    assert "1 shown" in printed.stdout
    assert "shown apart" not in printed.stdout


def test_a_domain_means_its_suites() -> None:
    for name, inside in verify.GROUPS.items():
        assert verify.members(name) == list(inside)
    with pytest.raises(RabtaError, match="transport"):
        verify.members("transprot")


def test_files_for_a_suite_that_takes_none_are_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rabta.cli.main", "verify", "giga", "--files", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "takes no files" in done.stderr
