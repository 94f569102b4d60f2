"""Scale-out: halos, scans and parts are right, and where a run is computed does not change a bit of it."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rabta import stage as stages
from rabta.engine import pools
from rabta.engine.cache import Cache
from rabta.engine.evaluate import Engine
from rabta.engine.pools import Pool, Processes, Serial
from rabta.engine.progress import Silent
from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.scenario import validate
from rabta.stage import Stage

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def small() -> Iterator[Any]:
    """The module of small stages, where workers find it too."""
    sys.path.insert(0, str(HERE))
    import scale_stages

    yield scale_stages
    sys.path.remove(str(HERE))


def made(function: Any, writes: str, reads: str = "", params: tuple[str, ...] = (), **more: Any) -> Stage:
    names = tuple(reads.split()), tuple(writes.split())
    name = more.pop("name", function.__name__)
    item = Stage(name, function, name, params, *names, (), **more)
    stages.check(item)
    return item


def graph(small: Any, wave: Any = None) -> list[Stage]:
    """Every way to run: whole, map, halo, scan, a map over what they write, whole again, parts."""
    return [
        made(small.base, "busy_demand_mbps", params=("radio",)),
        made(wave or small.wave, "best_elevation_deg carried_mbps", "busy_demand_mbps", over="map"),
        made(small.near, "latency_ms", "best_elevation_deg", over="halo", halo_s=(420.0, 150.0)),
        made(small.trail, "link_rate_mbps", "best_elevation_deg", over="scan", carry=("level", "count")),
        made(small.after, "served_mbps", "link_rate_mbps latency_ms", ("plan",), over="map"),
        made(small.total, "unserved_demand_mbps", "served_mbps"),
        made(
            small.drawn,
            "pools",
            "unserved_demand_mbps",
            ("failures",),
            over="parts",
            items=small.draws,
            part_size=16,
        ),
    ]


def evaluated(
    place: Path, items: list[Stage], pool: Pool | None = None, hours: float = 3.5, **sections: Any
) -> Engine:
    scenario = validate({"time": {"hours": hours}, "failures": {"draws": 50}} | sections)
    count = len(list(place.glob("store*")))
    store = place / f"store{count}"
    engine = Engine(scenario, items, Cache(place / "cache"), store, Silent(), pool or Serial())
    engine.run()
    return engine


def bits(engine: Engine) -> dict[str, bytes]:
    """Every stored chunk and every table."""
    files = {str(p.relative_to(engine.store)): p.read_bytes() for p in engine.store.rglob("*") if p.is_file()}
    tables = {name: table.to_numpy(object).tolist() for name, table in engine.twin.tables.items()}
    return files | {name: repr(rows).encode() for name, rows in tables.items()}


def computed(engine: Engine) -> set[str]:
    return {name for name, timing in engine.timings.items() if not timing.cached}


# ---- what the ways to run mean ------------------------------------------------------------------------


def test_halo_sees_the_steps_around_the_chunk(tmp_path: Path, small: Any) -> None:
    twin = evaluated(tmp_path, graph(small)).twin
    elevation = 45 + 44 * np.sin(0.37 * np.arange(210)[:, None] + np.arange(5.0))
    elevation = elevation.astype(np.float32)
    whole = [elevation[max(0, i - 7) : i + 4].max(axis=0) for i in range(210)]
    assert np.array_equal(twin.values("latency_ms"), whole)


def test_scan_carries_its_state(tmp_path: Path, small: Any) -> None:
    twin = evaluated(tmp_path, graph(small)).twin
    elevation = (45 + 44 * np.sin(0.37 * np.arange(210)[:, None] + np.arange(5.0))).astype(np.float32)
    level, rows = np.zeros(5), []
    for row in elevation:
        level = 0.9 * level + row
        rows.append(level.astype(np.float32))
    assert np.array_equal(twin.values("link_rate_mbps"), rows)
    assert np.array_equal(twin.values("served_mbps"), np.array(rows) - twin.values("latency_ms"))


def test_what_passes_between_passes_is_not_in_the_run(tmp_path: Path, small: Any) -> None:
    engine = evaluated(tmp_path, graph(small))
    assert not (engine.store / "best_elevation_deg").exists()
    assert list((tmp_path / "cache").glob("*/*/best_elevation_deg.npy"))


def test_parts_are_joined_in_order(tmp_path: Path, small: Any) -> None:
    pools_ = evaluated(tmp_path, graph(small)).twin.tables["pools"]
    assert pools_["pool"].tolist() == [str(i) for i in range(50)]
    assert list(pools_.index) == list(range(50))
    alone = np.array([np.random.default_rng([7, i]).normal(size=2) for i in range(50)])
    spread = pools_["offered_mbps"].to_numpy() - pools_["satellite_capacity_mbps"].to_numpy()
    assert np.allclose(spread, alone[:, 1] - alone[:, 0], atol=1e-3)


def test_no_items_make_an_empty_table(tmp_path: Path, small: Any) -> None:
    table = evaluated(tmp_path, graph(small), failures={"draws": 0}).twin.tables["pools"]
    assert table.empty
    assert list(table.columns) == ["pool", "satellite_capacity_mbps", "offered_mbps"]


def test_parts_over_arrays(tmp_path: Path, small: Any) -> None:
    def squares(twin: Any, part: slice) -> dict[str, Any]:
        return {"busy_demand_mbps": np.arange(part.start, part.stop, dtype=float) ** 2}

    item = made(squares, "busy_demand_mbps", over="parts", items=lambda _: 7, part_size=3)
    assert evaluated(tmp_path, [item]).twin.values("busy_demand_mbps").tolist() == [0, 1, 4, 9, 16, 25, 36]


def test_second_run_computes_nothing(tmp_path: Path, small: Any) -> None:
    first = evaluated(tmp_path, graph(small))
    second = evaluated(tmp_path, graph(small))
    assert computed(second) == set()
    assert bits(second) == bits(first)


def test_what_if_keeps_halo_and_scan(tmp_path: Path, small: Any) -> None:
    evaluated(tmp_path, graph(small))
    assert computed(evaluated(tmp_path, graph(small), plan={"years": 5})) == {"after", "total", "drawn"}


def test_longer_span_resumes_the_scan(tmp_path: Path, small: Any) -> None:
    evaluated(tmp_path, graph(small), hours=3.0)
    calls: list[int] = []

    @functools.wraps(small.trail)
    def counted(twin: Any, carry: dict[str, np.ndarray]) -> dict[str, Any]:
        calls.append(int(carry["count"][0]) if carry else 0)
        found: dict[str, Any] = small.trail(twin, carry)
        return found

    items = graph(small)
    items[3] = made(counted, "link_rate_mbps", "best_elevation_deg", over="scan", carry=("level", "count"))
    longer = evaluated(tmp_path, items, hours=5.0)
    assert calls == [180, 240]
    assert bits(longer) == bits(evaluated(tmp_path / "fresh", graph(small), hours=5.0))


def test_scan_of_another_start_is_not_taken_for_this_one(tmp_path: Path, small: Any) -> None:
    evaluated(tmp_path, graph(small), hours=3.0)
    late = {"start": "2026-01-13T01:00:00Z", "hours": 2.0}
    shared = evaluated(tmp_path, graph(small), time=late)
    alone = evaluated(tmp_path / "fresh", graph(small), time=late)
    assert "wave" not in computed(shared)  # maps do not depend on what was before
    assert {"trail", "near", "after"} <= computed(shared)
    assert bits(shared) == bits(alone)


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"over": "halo"}, "halo_s does not fit"),
        ({"over": "map", "halo_s": (60.0, 0.0)}, "halo_s does not fit"),
        ({"over": "map", "carry": ("level",)}, "carry does not fit"),
        ({"over": "scan", "carry": ("slot_range_m",)}, "carry does not fit"),
        ({"over": "parts"}, "arrays whose first dimension"),
        ({"over": "maps"}, "did you mean 'map'"),
    ],
)
def test_contradictions_are_refused(small: Any, more: dict[str, Any], problem: str) -> None:
    with pytest.raises(RabtaError, match=problem):
        made(small.wave, "best_elevation_deg", **more)


def test_chunked_stage_writes_over_time(small: Any) -> None:
    with pytest.raises(RabtaError, match="arrays over time only"):
        made(small.base, "busy_demand_mbps", over="map")


def test_whole_of_what_is_not_stored_is_refused(tmp_path: Path, small: Any) -> None:
    items = [*graph(small), made(small.total, "demand_profile", "best_elevation_deg", name="all")]
    with pytest.raises(RabtaError, match="not stored"):
        evaluated(tmp_path, items)


def test_undeclared_reads_are_refused(tmp_path: Path, small: Any) -> None:
    items = [
        made(small.base, "busy_demand_mbps"),
        made(small.wave, "best_elevation_deg carried_mbps", over="map"),
    ]
    with pytest.raises(RabtaError, match="no such array"):
        evaluated(tmp_path, items)


def test_two_writers_of_one_cache_entry(tmp_path: Path) -> None:
    """Sixteen writers at once leave a whole entry, and nothing beside it."""
    from concurrent.futures import ThreadPoolExecutor

    cache, value = Cache(tmp_path), np.arange(100_000.0)
    with ThreadPoolExecutor(8) as many:
        list(many.map(lambda _: cache.store("ab" * 16, {"x": value}), range(16)))
    found = cache.get("ab" * 16, ["x"])
    assert found is not None
    assert np.array_equal(found["x"], value)
    assert [p.name for p in (tmp_path / "ab").iterdir()] == ["ab" * 16]


# ---- local processes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [2, 3])
def test_processes_give_the_same_bits(tmp_path: Path, small: Any, count: int) -> None:
    alone = evaluated(tmp_path / "a", graph(small))
    pool = Processes(count)
    many = evaluated(tmp_path / "b", graph(small), pool)
    assert bits(many) == bits(alone)
    assert pool.record()["jobs"] == 4 + 4 + 4 + 4  # wave, near and after by chunk, draws by part
    assert pool.pids() == []


class Counting:
    """A pool that notes how many jobs are alive at most."""

    def __init__(self, inner: Processes) -> None:
        self.inner, self.alive, self.most = inner, 0, 0
        self.close, self.record = inner.close, inner.record

    def run(self, shared: Any, jobs: Iterator[Any], tell: Any) -> Iterator[Any]:
        def counted() -> Iterator[Any]:
            for job in jobs:
                self.alive += 1
                self.most = max(self.most, self.alive)
                yield job

        for done in self.inner.run(shared, counted(), tell):
            yield done
            self.alive -= 1


def test_at_most_one_chunk_a_worker_and_one_more(tmp_path: Path, small: Any) -> None:
    pool = Counting(Processes(2))
    evaluated(tmp_path, graph(small), pool, hours=10.0)
    assert pool.most <= 3


def test_worker_errors_are_the_same(tmp_path: Path, small: Any) -> None:
    told = []
    for pool in (Serial(), Processes(2)):
        with pytest.raises(RabtaError) as caught:
            evaluated(tmp_path / type(pool).__name__, graph(small, small.refusing), pool)
        error = caught.value
        assert (error.stage, error.value, error.expected) == ("refusing", "rain", "sun")
        told.append(str(error))
    assert told[0] == told[1] == "no sky today\n  stage: refusing\n  value: rain\n  expected: sun"


def test_other_errors_arrive_with_their_traceback(tmp_path: Path, small: Any) -> None:
    with pytest.raises(ZeroDivisionError, match="by nothing") as caught:
        evaluated(tmp_path, graph(small, small.failing), Processes(2))
    assert "scale_stages.py" in "\n".join(caught.value.__notes__)
    assert "in the stage failing" in "\n".join(caught.value.__notes__)


def test_warnings_arrive(tmp_path: Path, small: Any) -> None:
    with pytest.warns(UserWarning, match="old elements at") as caught:
        evaluated(tmp_path, graph(small, small.warning), Processes(2))
    assert sorted(str(w.message) for w in caught) == [f"old elements at {m}" for m in (0, 120, 180, 60)]


def test_functions_that_cannot_travel_are_refused(tmp_path: Path, small: Any) -> None:
    def inside(twin: Any) -> dict[str, Any]:
        found: dict[str, Any] = small.wave(twin)
        return found

    items = graph(small, inside)
    with pytest.raises(RabtaError, match="cannot be sent"):
        evaluated(tmp_path, items, Processes(2))


def test_job_of_a_killed_worker_is_done_again(tmp_path: Path, small: Any) -> None:
    pool = Processes(2)
    scenario = {"nation": {"data": str(tmp_path / "mark")}}
    many = evaluated(tmp_path / "b", graph(small, small.deadly_once), pool, **scenario)
    assert pool.record()["workers_lost"] == 1
    assert bits(many) == bits(evaluated(tmp_path / "a", graph(small)))


def test_deadly_job_is_given_up(tmp_path: Path, small: Any) -> None:
    pool = Processes(2)
    with pytest.raises(RabtaError, match="lost its worker 3 times") as caught:
        evaluated(tmp_path, graph(small, small.deadly), pool)
    assert caught.value.exit_code == EXIT_SYSTEM
    assert pool.pids() == []


def gone(pid: int, within_s: float = 60.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/stat")
        if not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_interrupted_driver_stops_its_workers(tmp_path: Path, small: Any) -> None:
    """In the middle of a job of minutes."""
    marks = tmp_path / "marks"
    marks.mkdir()
    text = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(HERE)!r})
import scale_stages as small
from rabta.engine.cache import Cache
from rabta.engine.evaluate import Engine
from rabta.engine.pools import Processes
from rabta.engine.progress import Silent
from rabta.scenario import validate
from rabta.stage import Stage
stages = [
    Stage("base", small.base, "", (), (), ("busy_demand_mbps",), ()),
    Stage("slow", small.slow, "", (), ("busy_demand_mbps",), ("carried_mbps",), (), over="map"),
]
scenario = validate({{"time": {{"hours": 2.0}}, "nation": {{"data": {str(marks)!r}}}}})
place = Path({str(tmp_path)!r})
Engine(scenario, stages, Cache(place / "cache"), place / "store", Silent(), Processes(2)).run()
"""
    driver = subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(marks.iterdir())) < 2:
        time.sleep(0.05)
    workers = [int(p.name) for p in marks.iterdir()]
    assert len(workers) == 2
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=60)
    assert all(gone(pid) for pid in workers)


def test_workers_leave_when_the_pipe_closes(tmp_path: Path) -> None:
    pool = Processes(1)
    worker = pool._started()
    worker.pipe.close()
    assert worker.process.wait(timeout=60) == 0


def test_dask_gives_the_same_bits(tmp_path: Path, small: Any) -> None:
    pytest.importorskip("distributed", exc_type=ImportError)
    pool = pools.chosen(dask="local:2")
    many = evaluated(tmp_path / "b", graph(small), pool)
    assert bits(many) == bits(evaluated(tmp_path / "a", graph(small)))
    assert pool.record()["jobs"] == 16
    with pytest.raises(RabtaError, match="no sky today") as caught:
        evaluated(tmp_path / "c", graph(small, small.refusing), pools.chosen(dask="local:2"))
    assert caught.value.stage == "refusing"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"workers": 0}, "wrong number of workers"),
        ({"workers": 2, "dask": "local:2"}, "exclude"),
        ({"dask": "local:none"}, "wrong number of workers"),
        ({"dask": "nowhere"}, "not a place to run"),
        ({"dask": "tcp://127.0.0.1:9"}, "cannot reach the Dask scheduler"),
    ],
)
def test_wrong_places_are_refused(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(RabtaError, match=problem):
        pools.chosen(**arguments)


def test_dask_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(RabtaError, match=r"rabta\[dask\]"):
        pools.chosen(dask="local:2")
