"""The real job in three places: here, in local processes and on a Dask cluster that loses a worker."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import rabta
from rabta.engine import cluster
from rabta.engine.cache import Cache
from rabta.engine.evaluate import Engine
from rabta.engine.pools import Processes
from rabta.engine.progress import Silent
from rabta.errors import EXIT_SYSTEM, RabtaError
from rabta.run import Run
from rabta.scenario import validate
from rabta.stage import Stage

distributed = pytest.importorskip("distributed", exc_type=ImportError)
SPAN = {"nation": {"resolution": 4}, "time": {"start": "2026-01-13T16:30:00Z", "hours": 5}}
CHUNKS = 5


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run that nothing disturbs: serial, in this process."""
    folder = tmp_path_factory.mktemp("alone")
    return rabta.load("tiny", **SPAN).run(folder / "runs", cache=folder / "cache")


def files(run: Run) -> dict[str, bytes]:
    """Every file of the run folder but the two that say when and how long."""
    timed = {"provenance.json", "report/index.html"}
    paths = {str(p.relative_to(run.folder)): p for p in run.folder.rglob("*") if p.is_file()}
    return {name: p.read_bytes() for name, p in paths.items() if name not in timed}


def record(run: Run) -> dict[str, Any]:
    """Provenance without times, memory and where it ran."""
    found = json.loads((run.folder / "provenance.json").read_text())
    for key in ("created", "wall_s", "peak_memory_mb", "execution"):
        del found[key]
    for stage in found["stages"]:
        del stage["seconds"]
    return dict(found)


def assert_same(run: Run, other: Run) -> None:
    assert run.folder.name == other.folder.name  # name and hash
    ours, theirs = files(run), files(other)
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert any(name.startswith("arrays.zarr/served_mbps/c/4") for name in ours)
    assert record(run) == record(other)


class Striking(Silent):
    """Does something once, when the first chunk of a stage has come back."""

    def __init__(self, strike: Callable[[], None], stage: str = "transport.sharing") -> None:
        super().__init__()
        self.strike, self.stage, self.struck = strike, stage, False

    def advance(self, name: str, seconds: float, *, cached: bool) -> None:
        if name == self.stage and not self.struck:
            self.struck = True
            self.strike()


def test_local_processes(alone: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, one killed in the middle of a chunk."""
    kept: list[Processes] = []
    started = Processes.__init__
    monkeypatch.setattr(
        Processes, "__init__", lambda self, count: (started(self, count), kept.append(self))[0]
    )

    def strike() -> None:
        os.kill(kept[0].busy()[0], signal.SIGKILL)

    progress = Striking(strike)
    run = rabta.load("tiny", **SPAN).run(
        tmp_path / "runs", cache=tmp_path / "cache", progress=progress, workers=2
    )
    assert progress.struck
    assert_same(run, alone)
    done = run.provenance["execution"]
    assert (done["how"], done["workers"], done["workers_lost"], done["jobs"]) == ("processes", 2, 1, CHUNKS)
    assert alone.provenance["execution"] == {"how": "serial", "workers": 1}


class Farm:
    """A scheduler and its workers, each a process on the loopback interface."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler = self._process("dask_scheduler", *where, "--scheduler-file", str(self.file))
        self.address = self._address()

    def _address(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(OSError, ValueError):  # not there, or half written
                return str(json.loads(self.file.read_text())["address"])
            time.sleep(0.05)
        self.stop()
        raise TimeoutError("the scheduler did not start")

    def _process(self, tool: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{tool}-{len(self.workers)}.log").open("wb")
        command = [sys.executable, "-m", f"distributed.cli.{tool}", *arguments]
        return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def add(self, name: str) -> None:
        self.workers[name] = self._process(
            "dask_worker",
            *("--scheduler-file", str(self.file), "--host", "127.0.0.1", "--name", name, "--no-dashboard"),
            *("--nthreads", "1", "--no-nanny", "--memory-limit", "0", "--death-timeout", "60"),
        )

    def busy(self) -> list[str]:
        """Names of the workers that compute at this moment."""
        with distributed.Client(self.address, set_as_default=False) as client:
            working = {address for address, keys in client.processing().items() if keys}
            known = client.scheduler_info(n_workers=-1)["workers"]
        return [str(known[address]["name"]) for address in working]

    def kill(self, name: str) -> None:
        self.workers[name].send_signal(signal.SIGKILL)
        self.workers[name].wait(timeout=60)

    def stop(self) -> None:
        for process in (*self.workers.values(), self.scheduler):
            process.kill()
            process.wait(timeout=60)


@contextmanager
def farm(folder: Path, *names: str) -> Iterator[Farm]:
    made = Farm(folder)
    try:
        for name in names:
            made.add(name)
        with distributed.Client(made.address, set_as_default=False) as client:
            client.wait_for_workers(len(names), timeout=120)
        yield made
    finally:
        made.stop()


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_dask_cluster_that_loses_a_worker(alone: Run, tmp_path: Path) -> None:
    """A real scheduler and two workers; one is killed while it computes; the last one does the rest."""
    with farm(tmp_path, "one", "two") as place:
        victims: list[str] = []

        def strike() -> None:
            victims.extend(place.busy()[:1])
            place.kill(victims[0])

        progress = Striking(strike)
        run = rabta.load("tiny", **SPAN).run(
            tmp_path / "runs", cache=tmp_path / "cache", progress=progress, dask=place.address
        )
        assert len(victims) == 1
        assert sum(worker.poll() is None for worker in place.workers.values()) == 1
    assert_same(run, alone)
    done = run.provenance["execution"]
    jobs = CHUNKS + 1  # and the one part of the hazard draws
    assert (done["how"], done["workers"], done["workers_lost"], done["jobs"]) == ("dask", 2, 1, jobs)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_dask_cluster_without_workers_ends_clearly_and_resumes(
    alone: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only worker is killed: the run ends within its patience, nothing is half-written, it resumes."""
    monkeypatch.setattr(cluster, "PATIENCE_S", 3.0)
    job, cache = rabta.load("tiny", **SPAN), tmp_path / "cache"
    with farm(tmp_path, "one") as place:
        progress = Striking(lambda: place.kill("one"))
        with pytest.raises(RabtaError, match="no worker for 3 s") as caught:
            job.run(tmp_path / "runs", cache=cache, progress=progress, dask=place.address)
        assert caught.value.exit_code == EXIT_SYSTEM
        assert list((tmp_path / "runs").iterdir()) == []
        kept = list(cache.glob("*/*/served_mbps.npy"))
        assert len(kept) >= 1
        place.add("another")
        run = job.run(tmp_path / "runs", cache=cache, dask=place.address)
    assert run.provenance["execution"]["jobs"] == CHUNKS - len(kept)
    assert files(run) == files(alone)


def test_dask_started_here(alone: Run, tmp_path: Path) -> None:
    """``local:2`` starts and stops its own scheduler and workers."""
    run = rabta.load("tiny", **SPAN).run(tmp_path / "runs", cache=tmp_path / "cache", dask="local:2")
    assert_same(run, alone)
    assert run.provenance["execution"]["workers"] == 2


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_lost_scheduler_ends_clearly(tmp_path: Path) -> None:
    """Without its scheduler a run ends with one message, whole runs alone are in the folder."""
    with farm(tmp_path, "one") as place:

        def strike() -> None:
            place.scheduler.kill()
            place.scheduler.wait(timeout=60)

        with pytest.raises(RabtaError, match="scheduler was lost") as caught:
            rabta.load("tiny", **SPAN).run(
                tmp_path / "runs", cache=tmp_path / "cache", progress=Striking(strike), dask=place.address
            )
    assert caught.value.exit_code == EXIT_SYSTEM
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_worker_without_the_plugin_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage's module that only the driver has."""
    site = tmp_path / "site"
    site.mkdir()
    text = "def load(twin):\n    return {'offered_mbps': [1.0] * len(twin.times)}\n"
    (site / "rabta_only_here.py").write_text(text)
    monkeypatch.syspath_prepend(str(site))
    function = importlib.import_module("rabta_only_here").load
    item = Stage("here.load", function, "Here", (), (), ("offered_mbps",), (), over="map")
    with farm(tmp_path, "one") as place:
        engine = Engine(
            validate({"time": {"hours": 2.0}}),
            [item],
            Cache(tmp_path / "cache"),
            tmp_path / "store",
            Silent(),
            cluster.Cluster(place.address),
        )
        with pytest.raises(RabtaError, match=r"cannot take the job.*rabta_only_here"):
            engine.run()


def living(group: int) -> list[str]:
    """Processes of a group that run; what ended and nobody asked after does not count."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, rest = path.read_text().rsplit(") ", 1)
            state, _, number = rest.split()[:3]
            if int(number) == group and state != "Z":
                found.append(name)
    return found


@pytest.mark.parametrize("where", [["--workers", "2"], ["--dask", "local:2"]], ids=["processes", "dask"])
def test_interrupted_workers_stop_and_the_run_resumes(where: list[str], tmp_path: Path) -> None:
    """Ctrl-C as a terminal sends it: to the driver and to all that it started."""
    environment = {**os.environ, "RABTA_CACHE": str(tmp_path / "cache")}
    command = [
        sys.executable,
        "-m",
        "rabta.cli.main",
        "run",
        "tiny",
        "--resolution",
        "4",
        "--hours",
        "12",
        *where,
    ]
    driver = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not list(tmp_path.glob("cache/*/*/served_mbps.npy")):
        time.sleep(0.02)
    os.killpg(driver.pid, signal.SIGINT)
    _, text = driver.communicate(timeout=120)
    assert driver.returncode == 130, text
    assert "same command resumes" in text
    assert "Traceback" not in text
    assert list((tmp_path / "runs").iterdir()) == []
    deadline = time.monotonic() + 60
    while living(driver.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert living(driver.pid) == []
