"""Folders that are damaged, of another version, full, or there already: one clear error each."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rabta.cli.emulate import work
from rabta.emulate import plan as plans
from rabta.emulate import ways
from rabta.emulate.engine import virtual
from rabta.emulate.engine.course import Course
from rabta.emulate.plan import Activity, Plan
from rabta.errors import EXIT_USAGE, RabtaError

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def course() -> Course:
    """Two hosts."""
    way = np.array([[0.0, 20e6, 0, 0, 0, 0, 0], [4e9, 30e6, 1e-6, 0.1, 0.5, 0.1, 0.2]])
    hosts = {"village": ways.Access(np.array([[0.0, 5e6]]), np.array([[0.0, 20e6]])), "city": ways.Access()}
    return ways.course(hosts, {("village", "city"): way}, 10.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a sound emulation."""
    folder = tmp_path_factory.mktemp("sound")
    plans.write(folder, course(), Plan(10.0, (Activity("ping", "village", "city", 0.5, 9.0),)))
    return folder


def carried(folder: Path) -> None:
    """Read a folder; what is accepted must work."""
    said = ""
    try:
        net, plan = plans.read(folder)
    except RabtaError as error:
        said = str(error)
    if said:
        assert str(folder) in said
        return
    assert plan.length_s >= 0.0
    sent = np.stack([np.arange(50) * 200_000_000, np.zeros(50), np.full(50, 100)], axis=1).astype(np.int64)
    if len(net.ends):
        assert len(virtual.carry(net, sent)) <= 50


@FUZZ
@given(data=st.data())
def test_damaged_bytes_are_one_error(made: Path, tmp_path: Path, data: st.DataObject) -> None:
    files = {name: (made / name).read_bytes() for name in (plans.COURSE, plans.PLAN)}
    name = data.draw(st.sampled_from(sorted(files)))
    raw = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 8))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    files[name] = bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    carried(tmp_path)


ARRAYS = st.one_of(
    st.lists(st.floats(), max_size=6).map(np.array),
    st.lists(st.integers(-3, 9), max_size=6).map(lambda x: np.array(x, dtype=np.int64)),
    st.just(np.array(["a", "a"])), st.just(np.zeros((2, 7))), st.just(np.full((4, 7), np.nan)),
    st.just(np.array({})), st.just(np.full((2, 2), 5)), st.just(np.int64(-1)), st.just(np.zeros((0, 2))),
)  # fmt: skip


@FUZZ
@given(name=st.sampled_from(sorted(course().__dict__)), value=ARRAYS)
def test_any_array_in_a_course_s_place_is_refused_or_works(
    made: Path, tmp_path: Path, name: str, value: np.ndarray
) -> None:
    with np.load(made / plans.COURSE) as file:
        parts: dict[str, Any] = {key: file[key] for key in file.files} | {name: value}
    np.savez(tmp_path / plans.COURSE, allow_pickle=True, **parts)
    (tmp_path / plans.PLAN).write_bytes((made / plans.PLAN).read_bytes())
    carried(tmp_path)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@FUZZ
@given(data=st.data(), value=VALUES)
def test_any_value_in_a_plan_s_place_is_refused_or_works(
    made: Path, tmp_path: Path, data: st.DataObject, value: object
) -> None:
    held = json.loads((made / plans.PLAN).read_text())
    own = data.draw(st.sampled_from([held, held["activities"][0]]))
    own[data.draw(st.sampled_from([*own, "other"]))] = value
    (tmp_path / plans.COURSE).write_bytes((made / plans.COURSE).read_bytes())
    (tmp_path / plans.PLAN).write_text(json.dumps(held))
    carried(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("ends", np.array([[0, 2], [1, 0]]), "ends"),
        ("ends", np.array([[0, -1], [1, 0]]), "ends"),
        ("first", np.array([0, 9, 4]), "first"),
        ("pieces", np.full((4, 7), np.nan), "pieces"),
        ("up", np.array([4, 0]), "up"),
        ("hosts", np.array(["a", "a"]), "names"),
        ("length_ns", np.int64(-5), "length_ns"),
    ],
)
def test_what_would_reach_beyond_arrays_is_named(
    made: Path, tmp_path: Path, name: str, value: np.ndarray, says: str
) -> None:
    with np.load(made / plans.COURSE) as file:
        parts: dict[str, Any] = {key: file[key] for key in file.files} | {name: value}
    np.savez(tmp_path / plans.COURSE, **parts)
    (tmp_path / plans.PLAN).write_bytes((made / plans.PLAN).read_bytes())
    with pytest.raises(RabtaError, match=f"(?s)damaged course.*{says}"):
        plans.read(tmp_path)


def test_another_version_says_so(made: Path, tmp_path: Path) -> None:
    (tmp_path / plans.COURSE).write_bytes((made / plans.COURSE).read_bytes())
    for version in (0, 1, "2", None):
        (tmp_path / plans.PLAN).write_text(
            json.dumps({**json.loads((made / plans.PLAN).read_text()), "version": version})
        )
        with pytest.raises(RabtaError, match=r"(?s)another version.*version 2"):
            plans.read(tmp_path)


def test_code_in_a_file_is_never_run(made: Path, tmp_path: Path) -> None:
    (tmp_path / plans.PLAN).write_bytes((made / plans.PLAN).read_bytes())
    with zipfile.ZipFile(tmp_path / plans.COURSE, "w") as file:
        body = io.BytesIO()
        np.save(body, np.array([Path(tmp_path / "ran").touch]), allow_pickle=True)
        file.writestr("hosts.npy", body.getvalue())
    with pytest.raises(RabtaError, match="no emulation"):
        plans.read(tmp_path)


def test_a_folder_that_holds_something_is_never_written_into(tmp_path: Path) -> None:
    kept = tmp_path / "result.json"
    kept.write_text("mine")
    with pytest.raises(RabtaError, match="not overwritten") as caught:
        work.carried_out(
            tmp_path, course(), work.activities("ping", "village", "city", 2.0), 2.0,
            seed=0, capture=False, quiet=True,
        )  # fmt: skip
    assert caught.value.exit_code == EXIT_USAGE
    assert kept.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [kept]
    with pytest.raises(RabtaError, match="cannot make a folder"):
        work.carried_out(kept, course(), (), 2.0, seed=0, capture=False, quiet=True)


def test_two_results_of_one_second_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = set()
    for _ in range(3):
        place = work.folder("Gilgit", "Dera / Ismail", "tiny")
        place.mkdir(parents=True)
        seen.add(place)
    assert len(seen) == 3
    assert {one.parent for one in seen} == {Path("emulations")}
    (tmp_path / "run").mkdir()
    (tmp_path / "run/provenance.json").write_text("{}")
    assert work.folder("a", "b", "run").parent == Path("run/emulations")
