"""Every back end really runs: the tests of carriers once more, in a user-mode Linux that has them all."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from rabta.emulate.backends import uml
from rabta.errors import RabtaError

ROOT = Path(__file__).parents[3]
CARRIERS = Path(__file__).with_name("test_carriers.py")

pytestmark = pytest.mark.skipif(bool(uml.available()), reason=uml.available())


@pytest.mark.slow
def test_the_scenarios_over_all_back_ends_in_a_kernel_that_has_them(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider", "--rootdir", str(ROOT),
               "-c", str(ROOT / "pyproject.toml"), str(CARRIERS)]  # fmt: skip
    for _ in range(2):  # its clock is the machine's: where that stands still for long, once more
        status = uml.boot(command, tmp_path, timeout_s=400.0)
        if status == 0:
            break
    said = (tmp_path / "output").read_text(encoding="utf-8")
    assert status == 0, said[-4000:]
    assert "no netem here" not in said, said
    assert "no edt here" not in said, said
    passed = re.search(r"(\d+) passed", said)
    assert passed is not None, said
    assert int(passed[1]) >= 26, said


def test_a_command_that_fails_says_so(tmp_path: Path) -> None:
    assert uml.boot(["/bin/false"], tmp_path) == 1


def test_a_kernel_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(RabtaError, match="did not end"):
        uml.boot(["/bin/sleep", "1000"], tmp_path, timeout_s=6.0)
    lines = [place.read_bytes() for place in Path("/proc").glob("[0-9]*/cmdline") if place.exists()]
    assert not [line for line in lines if str(tmp_path).encode() in line], "nor is a process of it left"
