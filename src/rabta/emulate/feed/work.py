"""The program that computes steps ahead: ``python -m rabta.emulate.feed.work DESCRIPTOR DEPTH PARENT``.

Its parent gives it a `Sky` on its standard input, and it ends with its parent.
"""

from __future__ import annotations

import pickle
import signal
import sys
import time

from rabta import jit
from rabta.emulate.engine import leftovers
from rabta.emulate.feed import ring as rings
from rabta.emulate.feed.ring import Ring
from rabta.emulate.feed.sky import Sky, Ways

AT_ONCE = 5  # steps that are looked at together
LOOK_S = 0.005


def work(sky: Sky, ring: Ring) -> None:
    """Keep a ring full of steps."""
    ways, run, step = Ways(sky), -1, 0
    while True:
        head = ring.head
        if int(head[rings.RUN]) != run:
            run, step = int(head[rings.RUN]), 0
        late = int(head[rings.WANT]) - step
        if late > 0:  # nobody wants what is over
            step += late
            head[rings.SKIPPED] += late
        if not ring.room(step + AT_ONCE - 1, run):
            time.sleep(LOOK_S)
            continue
        begun = time.perf_counter_ns()
        begin, end = ways.delays_ns(step, AT_ONCE)
        for k in range(AT_ONCE):
            ring.write(step + k, run, begin[k], end[k])
        step += AT_ONCE
        _told(ring, (time.perf_counter_ns() - begun) // AT_ONCE)


def _told(ring: Ring, each_ns: int) -> None:
    """Count what the steps took; the first ones, with the search from nothing, are not the longest."""
    head = ring.head
    head[rings.STEPS] += AT_ONCE
    head[rings.BUSY_NS] += each_ns * AT_ONCE
    if head[rings.STEPS] > AT_ONCE:
        head[rings.MOST_NS] = max(int(head[rings.MOST_NS]), each_ns)


def main() -> None:
    """Work for a parent."""
    descriptor, depth, parent = (int(word) for word in sys.argv[1:4])
    leftovers.end_with(parent, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the parent who decides
    sky: Sky = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the parent that started this program
    jit.set_threads(1)
    pairs = len(sky.sites.names) * (len(sky.sites.names) - 1) // 2
    work(sky, Ring(descriptor, pairs, depth, round(sky.step_s * 1e9)))


if __name__ == "__main__":
    main()
