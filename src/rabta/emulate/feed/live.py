"""A constellation's ways for a testbed, computed by a program beside it while packets flow."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np

from rabta.emulate import ways
from rabta.emulate.engine.course import Course
from rabta.emulate.feed import ring as rings
from rabta.emulate.feed.pages import FedPages
from rabta.emulate.feed.sky import Sky
from rabta.emulate.feed.work import AT_ONCE
from rabta.errors import RabtaError

AHEAD_S = 2.0
LOOK_S = 0.01


class Feed:
    """A context: inside, steps of a sky are computed ahead of the engine's clock.

    Parameters
    ----------
    sky : Sky
    ahead_s : float
        How far ahead; a standstill of the program that is shorter is not felt.

    Examples
    --------
    ``with Feed(sky) as feed, Testbed(feed.course(hosts), pages=feed.pages) as bed: ...``
    """

    def __init__(self, sky: Sky, ahead_s: float = AHEAD_S) -> None:
        self.sky = sky
        self._depth = max(round(ahead_s / sky.step_s), 1) + AT_ONCE
        count = len(sky.sites.names)
        if count < 2:
            raise RabtaError("nobody to carry to", key="hosts", value=count, expected="at least two")
        self._pair = np.zeros((count, count), dtype=np.int64)
        rows = sky.pairs
        self._pair[rows[:, 0], rows[:, 1]] = self._pair[rows[:, 1], rows[:, 0]] = np.arange(len(rows))
        self._ring: rings.Ring | None = None
        self._program: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        sky = self.sky
        self._ring = rings.made(len(sky.pairs), self._depth, round(sky.step_s * 1e9))
        self._said = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "rabta.emulate.feed.work", str(self._ring.descriptor)]
        self._program = subprocess.Popen(  # noqa: S603 - this interpreter
            [*command, str(self._depth), str(os.getpid())], stdin=subprocess.PIPE, stderr=self._said,
            stdout=subprocess.DEVNULL, pass_fds=(self._ring.descriptor,),
        )  # fmt: skip
        assert self._program.stdin is not None
        self._program.stdin.write(pickle.dumps(sky))
        self._program.stdin.close()
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.kill()
            self._program.wait()
        self._said.close()
        if self._ring is not None:
            os.close(self._ring.descriptor)

    def _wait(self) -> None:
        """Until the first steps of the run that begins are there."""
        assert self._ring is not None
        assert self._program is not None
        while not all(self._ring.has(step) for step in range(min(4, self._depth - AT_ONCE + 1))):
            if self._program.poll() is not None:
                self._said.seek(0)
                why = self._said.read().decode(errors="replace").strip().splitlines()[-1:]
                raise RabtaError("the program that computes ways has ended", value=(why or [""])[0])
            time.sleep(LOOK_S)

    @property
    def process(self) -> int:
        """Number of the program that computes."""
        assert self._program is not None
        return self._program.pid

    def course(self, hosts: Mapping[str, ways.Access] | None = None) -> Course:
        """Every site as a host, and paths between all of them; delays come with the pages.

        Parameters
        ----------
        hosts : mapping of str to Access, optional
            Access of each site, in the order of the sites; without a limit if left out.
        """
        names = self.sky.sites.names
        access = dict.fromkeys(names, ways.Access(queue_s=5.0)) if hosts is None else hosts
        if tuple(access) != names:
            raise RabtaError("hosts that are not the sites", key="hosts", value=", ".join(access),
                             expected=", ".join(names))  # fmt: skip
        out = np.array([[0.0, -1.0, 0, 0, 0, 0, 0]])
        pairs = {(names[a], names[b]): out for a, b in self.sky.pairs.tolist()}
        return ways.course(access, pairs, 1e6)

    def pages(self, course: Course) -> FedPages:
        """Pages of a course of this feed, from instant 0 on; waits until the first are there."""
        assert self._ring is not None
        found = FedPages(course, self._ring, self._pair[course.ends[:, 0], course.ends[:, 1]])
        self._wait()
        return found

    def counters(self) -> dict[str, Any]:
        """Steps computed and left out, what one took (ms), and whether the program runs."""
        assert self._ring is not None
        assert self._program is not None
        head = self._ring.head
        steps = int(head[rings.STEPS])
        return {
            "steps": steps, "skipped": int(head[rings.SKIPPED]),
            "step_ms": round(float(head[rings.BUSY_NS]) / max(steps, 1) / 1e6, 3),
            "step_most_ms": round(float(head[rings.MOST_NS]) / 1e6, 3),
            "runs": self._program.poll() is None,
        }  # fmt: skip
