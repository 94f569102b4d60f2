"""Cases of the sky: who is left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rabta.errors import RabtaError
from rabta.pnt.service import cases


def sky() -> cases.Satellites:
    return cases.Satellites(
        np.array(["G", "C", "C", "C", "C", "E"]),
        np.array([1, 1, 8, 21, 60, 3]),
        np.array(["meo", "geo", "igso", "meo", "geo", "meo"]),
        ("12", "26", "26", "2156", "21567", "15"),
    )


def left(name: str) -> list[str]:
    book = cases.load("standard").chosen([name])
    return list(sky().names[book.keep(sky())[0]])


def test_the_standard_cases() -> None:
    assert left("all") == ["G01", "C01", "C08", "C21", "C60", "E03"]
    assert left("beidou-3") == ["C21", "C60"]
    assert left("beidou-meo") == ["C21"]
    assert left("western-lost") == ["C01", "C08", "C21", "C60"]
    assert left("l1-jammed") == left("all")  # each has a frequency outside


def test_a_satellite_without_a_working_frequency_is_lost() -> None:
    case = cases.Case("x", "x", "GC", jammed_mhz=(1500.0, 1700.0), lost=("C60",))
    alone = cases.Satellites(np.array(["G", "G"]), np.array([2, 3]), np.array(["meo", "meo"]), ("1", "15"))
    assert case.keeps(alone).tolist() == [False, True]
    assert list(sky().names[case.keeps(sky())]) == ["G01", "C01", "C08", "C21"]


@pytest.mark.parametrize(
    "change", [{"systems": "X"}, {"systems": ""}, {"orbits": ("leo",)}, {"generation": 4}]
)
def test_a_wrong_case_is_refused_by_key(change: dict[str, object]) -> None:
    with pytest.raises(RabtaError) as error:
        cases.Case(**{"name": "a", "title": "b", "systems": "C", **change})  # type: ignore[arg-type]
    assert next(iter(change)) in str(error.value)


def test_an_unknown_key_or_name_is_refused_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RabtaError, match="beidou"):
        cases.load("standard").chosen(["beido"])
    folder = tmp_path / "skycases"
    folder.mkdir()
    head = 'title = "t"\nsource = "s"\nlicence = "l"\nretrieved = "2026-11-23"\n'
    belt = "[belt]\nfrom_local_hour=1\nto_local_hour=2\nleast_magnetic_deg=3\nmost_magnetic_deg=4\n"
    (folder / "mine.toml").write_text(
        head + belt + '[[case]]\nname="a"\ntitle="b"\nsystems="C"\norbit=["meo"]\n'
    )
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError, match="orbits"):
        cases.load("mine")
