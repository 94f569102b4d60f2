"""Where jobs run: in this process, in local processes; the third place is in `rabta.engine.cluster`.

A pool takes jobs from an iterator only when a worker is free, so that at most one chunk a worker and one in
the driver are alive. A job whose worker is lost runs again elsewhere.
"""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from rabta.engine.work import Done, Failed, Job, Shared, Tell, machine, result, work
from rabta.errors import EXIT_SYSTEM, EXIT_USAGE, RabtaError

LOSSES = 3  # of one job, after which it is given up
MOST_WORKERS = 256


class Pool(Protocol):
    """What the engine asks of a place where jobs run."""

    def run(self, shared: Shared, jobs: Iterator[Job], tell: Tell) -> Iterator[Done]:
        """Done jobs in the order in which they end; ``tell`` hears of each stage."""

    def close(self) -> None:
        """Stop all workers."""

    def record(self) -> dict[str, Any]:
        """How the run was executed, for the provenance."""


class Serial:
    """In this process, one job after another, kernels on all threads."""

    def run(self, shared: Shared, jobs: Iterator[Job], tell: Tell) -> Iterator[Done]:
        """Work in order."""
        for job in jobs:
            yield work(shared, job, tell)

    def close(self) -> None:
        """Nothing to stop."""

    def record(self) -> dict[str, Any]:
        """Serial."""
        return {"how": "serial", "workers": 1}


@dataclass
class Tally:
    """What is noted of workers while they work."""

    lost: int = 0
    jobs: int = 0
    peak_mb: int = 0
    machines: set[str] = field(default_factory=set)

    def add(self, done: Done) -> None:
        """Note one finished job."""
        self.jobs += 1
        self.peak_mb = max(self.peak_mb, done.peak_mb)
        self.machines.add(done.machine)

    def record(self) -> dict[str, Any]:
        """Note for the provenance; ``alike`` says whether all machines round alike."""
        alike = self.machines <= {machine()}
        return {
            "jobs": self.jobs,
            "workers_lost": self.lost,
            "worker_peak_memory_mb": self.peak_mb,
            "alike": alike,
        }


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    pipe: Connection
    job: Job | None = None
    blob: bytes = b""

    def give(self, blob: bytes, job: Job) -> None:
        """Send a job, and what its pass shares where the worker does not have it yet."""
        self.job = job
        if self.blob is not blob:
            self.pipe.send(("shared", blob))
            self.blob = blob
        self.pipe.send(("job", job))

    def stop(self) -> None:
        """Kill; nothing that a worker holds is needed."""
        self.pipe.close()
        self.process.kill()
        self.process.wait()


class Processes:
    """In local processes with one kernel thread each, started when first needed.

    Parameters
    ----------
    count : int
        Number of processes.
    """

    def __init__(self, count: int) -> None:
        if not 1 <= count <= MOST_WORKERS:
            raise RabtaError(
                "wrong number of workers",
                key="--workers",
                value=count,
                expected=f"1 to {MOST_WORKERS}",
                exit_code=EXIT_USAGE,
            )
        self.count = count
        self.tally = Tally()
        self._workers: list[_Worker] = []

    def pids(self) -> list[int]:
        """Process ids of the living workers."""
        return [worker.process.pid for worker in self._workers]

    def busy(self) -> list[int]:
        """Process ids of the workers that have a job."""
        return [worker.process.pid for worker in self._workers if worker.job is not None]

    def run(self, shared: Shared, jobs: Iterator[Job], tell: Tell) -> Iterator[Done]:
        """Work in the processes; a single job stays here, where kernels have all threads."""
        first = list(_some(jobs, 2))
        if len(first) < 2:
            yield from Serial().run(shared, iter(first), tell)
            return
        first.reverse()
        blob = pickled(shared)
        losses: dict[int, int] = {}
        while True:
            self._hand_out(blob, first, jobs)
            if not self.busy():
                return
            for worker in self._ready():
                answer = self._answer(worker)
                if answer is None:
                    first.append(self._lost(worker, losses))
                    continue
                worker.job = None
                self._hand_out(blob, first, jobs)
                done = result(answer)
                self.tally.add(done)
                for name, seconds in done.seconds.items():
                    tell(name, seconds)
                del answer
                yield done
                del done

    def close(self) -> None:
        """Stop all workers."""
        for worker in self._workers:
            worker.stop()
        self._workers = []

    def record(self) -> dict[str, Any]:
        """Processes, and what became of them."""
        return {"how": "processes", "workers": self.count, **self.tally.record()}

    def _hand_out(self, blob: bytes, again: list[Job], jobs: Iterator[Job]) -> None:
        """Give every idle worker a job: first those that were lost, then new ones."""
        while len(self._workers) < self.count or any(w.job is None for w in self._workers):
            job = again.pop() if again else next(jobs, None)
            if job is None:
                return
            idle = next((w for w in self._workers if w.job is None), None) or self._started()
            try:
                idle.give(blob, job)
            except OSError:
                idle.job = job  # its end is noticed as that of a busy worker is

    def _ready(self) -> list[_Worker]:
        pipes = {worker.pipe: worker for worker in self._workers if worker.job is not None}
        return [pipes[pipe] for pipe in wait(list(pipes)) if isinstance(pipe, Connection)]

    @staticmethod
    def _answer(worker: _Worker) -> Done | Failed | None:
        """What a worker sends; None where it was lost."""
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            return None
        assert isinstance(answer, Done | Failed)
        return answer

    def _lost(self, worker: _Worker, losses: dict[int, int]) -> Job:
        """Drop a lost worker; its job, to be done again."""
        assert worker.job is not None
        self._workers.remove(worker)
        worker.stop()
        self.tally.lost += 1
        number = worker.job.number
        losses[number] = losses.get(number, 0) + 1
        if losses[number] >= LOSSES:
            raise RabtaError(
                f"a part of the run lost its worker {LOSSES} times (out of memory?); finished parts are kept",
                key="--workers",
                value=self.count,
                expected="fewer workers, or more memory",
                exit_code=EXIT_SYSTEM,
            )
        return worker.job

    def _started(self) -> _Worker:
        here, there = socket.socketpair()
        with there:
            command = [sys.executable, "-P", "-m", "rabta.engine.worker", str(there.fileno())]
            paths = os.pathsep.join(path for path in sys.path if path)
            process = subprocess.Popen(  # noqa: S603 - this very interpreter
                command,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths, "NUMBA_NUM_THREADS": "1"},
            )
        worker = _Worker(process, Connection(here.detach()))
        self._workers.append(worker)
        return worker


def _some(jobs: Iterator[Job], count: int) -> Iterator[Job]:
    """At most so many of the jobs; the others stay in the iterator."""
    for _ in range(count):
        job = next(jobs, None)
        if job is None:
            return
        yield job


def pickled(shared: Shared) -> bytes:
    """What a pass shares, as bytes.

    Raises
    ------
    RabtaError
        Where a stage's function cannot be named from another process.
    """
    try:
        return pickle.dumps(shared, protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        names = ", ".join(item.name for item in shared.stages)
        raise RabtaError(
            f"a stage cannot be sent to a worker: {error}",
            key=names,
            expected="functions defined at the top of an importable module",
        ) from error


def chosen(workers: int = 1, dask: str = "") -> Pool:
    """Pool for the command line's options.

    Parameters
    ----------
    workers : int
        Local processes; 1 means this one.
    dask : str
        ``local:N`` or the address of a scheduler; empty means none.
    """
    if dask and workers != 1:
        raise RabtaError(
            "--workers and --dask exclude each other", key="--dask", value=dask, exit_code=EXIT_USAGE
        )
    if dask:
        from rabta.engine.cluster import Cluster

        return Cluster(dask)
    return Serial() if workers == 1 else Processes(workers)
