"""A local worker: ``python -m rabta.engine.worker FD`` takes jobs from a pipe until it closes."""

from __future__ import annotations

import pickle
import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rabta.engine.work import Done, Failed, Job, Shared


def serve(pipe: Connection) -> None:
    """Answer jobs; what a pass shares comes before its first job."""
    shared: Shared | Exception | None = None
    while True:
        try:
            kind, received = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from the driver that started this
            if kind == "shared":
                shared = _loaded(received)
            else:
                pipe.send(_answer(shared, received))
            del received
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return  # the driver is gone


def _loaded(blob: bytes) -> Shared | Exception:
    """What a pass shares, or why it cannot be had here: a module may be missing."""
    try:
        found: Shared = pickle.loads(blob)  # noqa: S301 - from the driver that started this process
    except Exception as error:  # noqa: BLE001 - told to the driver with the first job
        return error
    return found


def _answer(shared: Shared | Exception | None, job: Job) -> Done | Failed:
    from rabta.engine import work

    if isinstance(shared, work.Shared):
        return work.attempt(shared, job)
    return work.Failed(job.number, work.sendable(shared or RuntimeError("a job came before what it shares")))


def dask_setup(_worker: object) -> None:
    """Called in each worker that a Dask cluster of ours starts: Ctrl-C is the driver's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    """Serve the pipe whose number is the argument; Ctrl-C is the driver's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
