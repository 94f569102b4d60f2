"""The engine on small stages of its own: order, providers, chunks, cache, refusals."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta import schema
from rabta.engine import work
from rabta.engine.cache import Cache
from rabta.engine.evaluate import Engine
from rabta.engine.progress import Silent
from rabta.errors import RabtaError
from rabta.scenario import Scenario, validate
from rabta.schema import ArraySpec
from rabta.stage import Stage, order, select
from rabta.twin import Twin

CALLS: Counter[str] = Counter()


def spec(name: str, dims: str, *, stored: bool = True) -> ArraySpec:
    return ArraySpec(name, tuple(dims.split()), "float64", "1", stored, "test", name)


@pytest.fixture(autouse=True)
def small_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {
        "base": spec("base", "cell"),
        "wave": spec("wave", "time cell", stored=False),
        "height": spec("height", "time cell"),
        "mean": spec("mean", "cell"),
        "again": spec("again", "time cell"),
    }
    monkeypatch.setattr(schema, "arrays", lambda: arrays)
    monkeypatch.setattr(schema, "tables", dict)
    CALLS.clear()


def base(twin: Twin) -> dict[str, Any]:
    CALLS["base"] += 1
    return {"base": np.arange(3.0) * twin.scenario.radio.implementation_loss_db}


def wave(twin: Twin) -> dict[str, Any]:
    CALLS["wave"] += 1
    minutes = (twin.times - np.datetime64("2026-01-13")) / np.timedelta64(1, "m")
    return {"wave": minutes[:, None] + twin.values("base")}


def height(twin: Twin) -> dict[str, Any]:
    CALLS["height"] += 1
    return {"height": twin.values("wave") * twin.scenario.plan.years}


def mean(twin: Twin) -> dict[str, Any]:
    CALLS["mean"] += 1
    return {"mean": twin.values("height").mean(axis=0)}


def again(twin: Twin) -> dict[str, Any]:
    CALLS["again"] += 1
    return {"again": twin.values("height") - twin.values("mean")}


def made(function: Any, writes: str, reads: str = "", params: tuple[str, ...] = (), **more: Any) -> Stage:
    values: dict[str, Any] = {"catalog": (), "over": "map" if more.pop("chunked", False) else "whole"} | more
    return Stage(
        function.__name__,
        function,
        function.__name__,
        params,
        tuple(reads.split()),
        tuple(writes.split()),
        **values,
    )


STAGES = [
    made(again, "again", "height mean", chunked=True),
    made(mean, "mean", "height"),
    made(height, "height", "wave", ("plan",), chunked=True),
    made(wave, "wave", "base", chunked=True),
    made(base, "base", "", ("radio",)),
]


def evaluated(tmp_path: Path, stages: list[Stage] = STAGES, **sections: Any) -> Engine:
    scenario: Scenario = validate({"time": {"hours": 2.5}, **sections})
    count = len(list(tmp_path.glob("store*")))
    engine = Engine(scenario, stages, Cache(tmp_path / "cache"), tmp_path / f"store{count}", Silent())
    engine.run()
    return engine


def expected(loss: float = 1.0, years: int = 10, steps: int = 150) -> np.ndarray:
    return (np.arange(steps)[:, None] + np.arange(3.0) * loss) * years


def test_values_over_chunks_and_passes(tmp_path: Path) -> None:
    twin = evaluated(tmp_path).twin
    whole = expected()
    assert np.array_equal(twin.values("height"), whole)
    assert np.array_equal(twin.values("mean"), whole.mean(axis=0))
    assert np.allclose(twin.values("again"), whole - whole.mean(axis=0))
    assert "wave" not in twin.arrays
    assert dict(CALLS) == {"base": 1, "wave": 3, "height": 3, "mean": 1, "again": 3}


def test_second_run_computes_nothing(tmp_path: Path) -> None:
    evaluated(tmp_path)
    CALLS.clear()
    engine = evaluated(tmp_path)
    assert not CALLS
    assert all(t.cached for t in engine.timings.values())
    assert np.array_equal(engine.twin.values("height"), expected())


def test_changed_parameter_recomputes_what_depends_on_it(tmp_path: Path) -> None:
    evaluated(tmp_path)
    CALLS.clear()
    engine = evaluated(tmp_path, plan={"years": 5})
    assert dict(CALLS) == {"wave": 3, "height": 3, "mean": 1, "again": 3}
    assert np.array_equal(engine.twin.values("height"), expected(years=5))


def test_longer_span_reuses_whole_chunks(tmp_path: Path) -> None:
    evaluated(tmp_path)
    CALLS.clear()
    engine = evaluated(tmp_path, time={"hours": 4})
    assert CALLS["height"] == 2  # steps 120-179 (was 120-149) and 180-239
    assert np.array_equal(engine.twin.values("height"), expected(steps=240))


def test_interrupted_run_resumes(tmp_path: Path) -> None:
    def stopped(twin: Twin) -> dict[str, Any]:
        if CALLS["height"] == 2:
            raise KeyboardInterrupt
        return height(twin)

    stopped.__name__ = "height"
    stages = [
        s if s.name != "height" else made(stopped, "height", "wave", ("plan",), chunked=True) for s in STAGES
    ]
    with pytest.raises(KeyboardInterrupt):
        evaluated(tmp_path, stages)
    CALLS.clear()
    evaluated(tmp_path)
    assert CALLS["height"] == 1


def test_stages_see_a_changed_cache_as_absent(tmp_path: Path) -> None:
    evaluated(tmp_path)
    for path in (tmp_path / "cache").glob("*/*/mean.npy"):
        path.unlink()
    CALLS.clear()
    evaluated(tmp_path)
    assert CALLS["mean"] == 1


def test_cache_trims_the_oldest(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit_mb=1)
    for i in range(3):
        cache.store(f"{i:032d}", {"x": np.zeros(60_000)})
    assert cache.trim() == 1


def test_cycle_is_refused() -> None:
    with pytest.raises(RabtaError, match="cycle"):
        order([made(base, "base", "mean"), made(mean, "mean", "base")])


def test_missing_writer_is_refused() -> None:
    with pytest.raises(RabtaError, match="no stage writes"):
        order([made(mean, "mean", "base")])


def test_two_default_providers_are_refused() -> None:
    with pytest.raises(RabtaError, match="two providers"):
        select([made(base, "base"), made(mean, "base")], {})


def test_provider_is_chosen_by_name() -> None:
    other = made(mean, "base", provider="other")
    assert select([made(base, "base"), other], {"base": "other"}) == [other]
    with pytest.raises(RabtaError, match="did you mean 'other'"):
        select([made(base, "base"), other], {"base": "othr"})
    with pytest.raises(RabtaError, match="no stage writes"):
        select([made(base, "base")], {"bse": "other"})


@pytest.mark.parametrize(
    ("outputs", "problem"),
    [({}, "differ"), ({"base": np.zeros((2, 2))}, "wrong shape"), ({"base": np.zeros(2), "x": 1}, "differ")],
)
def test_wrong_outputs_are_refused(outputs: dict[str, Any], problem: str) -> None:
    with pytest.raises(RabtaError, match=problem):
        work.checked(made(base, "base"), outputs, 0)
