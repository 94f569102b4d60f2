"""Jobs on a Dask cluster: one started here (``local:N``), or any scheduler by its address.

Workers need Rabta, the same catalog and nothing else: no common disk, since jobs are plain data and what they
make returns to the driver, which alone writes the cache and the run folder.
"""

from __future__ import annotations

import logging
import pickle
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from rabta.engine.pools import LOSSES, MOST_WORKERS, Tally, pickled
from rabta.engine.work import Done, Failed, Job, Shared, Tell, attempt, result
from rabta.errors import EXIT_SYSTEM, EXIT_USAGE, RabtaError

PATIENCE_S = 60.0
_FORM = "local:N (processes here), or the address of a scheduler as in tcp://host:8786"


@dataclass
class Cluster:
    """A pool over Dask's distributed scheduler.

    Parameters
    ----------
    address : str
        ``local:N`` or the address of a running scheduler.
    patience_s : float
        Seconds to wait for a worker where there is none.
    """

    address: str
    patience_s: float = field(default_factory=lambda: PATIENCE_S)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self._distributed = _imported()
        self._seen: set[str] = set()
        self._most = 0
        self._local: Any = None
        self._client: Any = None
        try:
            self._client = self._connected()
            self._wait_for_workers()
        except BaseException:
            self.close()
            raise

    def run(self, shared: Shared, jobs: Iterator[Job], tell: Tell) -> Iterator[Done]:
        """Work on the cluster; as many jobs as workers are under way."""
        held = self._share(shared)
        flying: dict[Any, int] = {}
        try:
            while True:
                self._submit(held, jobs, flying)
                if not flying:
                    return
                for future in self._ended(flying):
                    answer = self._answer(future)
                    del flying[future]
                    future.release()
                    self._submit(held, jobs, flying)
                    done = result(answer)
                    self.tally.add(done)
                    for name, seconds in done.seconds.items():
                        tell(name, seconds)
                    del answer
                    yield done
                    del done
        finally:
            with suppress(Exception):
                self._client.cancel([held, *flying], force=True)

    def close(self) -> None:
        """Leave the scheduler, and stop what was started here."""
        for part in (self._client, self._local):
            if part is not None:
                with suppress(Exception):  # it may be gone already
                    part.close(timeout=10)
        self._client = self._local = None

    def record(self) -> dict[str, Any]:
        """Dask, and what became of its workers."""
        return {"how": "dask", "address": self.address, "workers": self._most, **self.tally.record()}

    def _connected(self) -> Any:
        target: Any = self.address
        if self.address.startswith("local:"):
            target = self._local = self._started(_count(self.address))
        elif "://" not in self.address:
            raise RabtaError(
                "not a place to run", key="--dask", value=self.address, expected=_FORM, exit_code=EXIT_USAGE
            )
        try:
            return self._distributed.Client(target, timeout=10, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as error:
            raise RabtaError(
                "cannot reach the Dask scheduler",
                key="--dask",
                value=self.address,
                expected="a running scheduler: dask scheduler --host ADDRESS --port 8786",
                exit_code=EXIT_SYSTEM,
            ) from error

    def _started(self, count: int) -> Any:
        import dask

        with dask.config.set({"distributed.scheduler.allowed-failures": LOSSES - 1}):
            return self._distributed.LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # any free port: the usual one may be another run's
                preload=["rabta.engine.worker"],
                memory_limit=0,  # chunks bound the memory; a worker is not to be paused or killed for it
                silence_logs=logging.ERROR,
            )

    def _share(self, shared: Shared) -> Any:
        """What a pass shares: a task, not scattered data, so that it is made again if its holder is lost."""
        import dask

        name = f"rabta-shared-{uuid.uuid4().hex}"
        with self._reached(), dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            return self._client.submit(_held, pickled(shared), key=name, pure=False)

    def _workers(self) -> set[str]:
        with self._reached():
            now = set(self._client.nthreads())
        self._seen |= now
        self._most = max(self._most, len(now))
        self.tally.lost = len(self._seen - now)
        return now

    def _wait_for_workers(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=self.patience_s)
        except TimeoutError as error:
            raise self._alone() from error
        self._workers()

    def _alone(self) -> RabtaError:
        return RabtaError(
            f"the Dask cluster has had no worker for {self.patience_s:g} s; finished parts are kept",
            key="--dask",
            value=self.address,
            expected=f"workers: dask worker {self.address} --nthreads 1; then the same command resumes",
            exit_code=EXIT_SYSTEM,
        )

    def _submit(self, held: Any, jobs: Iterator[Job], flying: dict[Any, int]) -> None:
        count = max(1, len(self._workers()))
        while len(flying) < count:
            job = next(jobs, None)
            if job is None:
                return
            name = f"rabta-job-{job.number}-{uuid.uuid4().hex}"
            with self._reached():
                flying[self._client.submit(attempt_held, held, job, key=name, pure=False)] = job.number

    def _ended(self, flying: dict[Any, int]) -> list[Any]:
        """Futures that ended; waits, but not for ever without a worker."""
        alone = 0.0
        every = min(1.0, self.patience_s)
        while True:
            try:
                with self._reached(), self._client.as_current():
                    found = self._distributed.wait(list(flying), timeout=every, return_when="FIRST_COMPLETED")
                return list(found.done)
            except TimeoutError:
                alone = 0.0 if self._workers() else alone + every
                if alone >= self.patience_s:
                    raise self._alone() from None

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Say in one message that the scheduler is gone; stages raise nothing in here."""
        try:
            yield
        except TimeoutError:
            raise
        except (OSError, RuntimeError, self._distributed.CancelledError) as error:
            raise RabtaError(
                "the Dask scheduler was lost; finished parts are kept, the same command resumes",
                key="--dask",
                value=self.address,
                exit_code=EXIT_SYSTEM,
            ) from error

    def _answer(self, future: Any) -> Done | Failed:
        try:
            with self._reached():
                answer = future.result()
        except self._distributed.KilledWorker as error:
            raise RabtaError(
                f"a part of the run lost its worker {LOSSES} times (out of memory?); finished parts are kept",
                key="--dask",
                value=self.address,
                expected="fewer workers a machine, or more memory",
                exit_code=EXIT_SYSTEM,
            ) from error
        except RabtaError:
            raise
        except Exception as error:  # stages' errors return as values: this is a worker that cannot take jobs
            raise RabtaError(
                f"a Dask worker cannot take the job: {error!r}",
                key="--dask",
                value=self.address,
                expected="the same Rabta and plug-ins on every worker",
            ) from error
        assert isinstance(answer, Done | Failed)
        return answer


def _held(blob: bytes) -> bytes:
    return blob


_LOADED: dict[bytes, Shared] = {}


def attempt_held(blob: bytes, job: Job) -> Done | Failed:
    """Work on a job; what its pass shares is unpacked once in a process."""
    if blob not in _LOADED:
        _LOADED.clear()
        _LOADED[blob] = pickle.loads(blob)  # noqa: S301 - a Dask worker runs whatever its scheduler sends
    return attempt(_LOADED[blob], job)


def _count(address: str) -> int:
    text = address.removeprefix("local:")
    if not text.isdigit() or not 1 <= int(text) <= MOST_WORKERS:
        raise RabtaError(
            "wrong number of workers", key="--dask", value=address, expected=_FORM, exit_code=EXIT_USAGE
        )
    return int(text)


def _imported() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise RabtaError(
            "Dask is not installed",
            key="--dask",
            expected="pip install 'rabta[dask]', or --workers N without Dask",
            exit_code=EXIT_USAGE,
        ) from error
    return distributed
