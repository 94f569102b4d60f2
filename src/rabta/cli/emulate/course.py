"""The course that a command line asks for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabta.emulate.engine.course import Course
    from rabta.emulate.ways import Access

    Array = NDArray[np.float64]


def _refuse(problem: str, key: str, value: object, expected: str) -> RabtaError:
    return RabtaError(problem, key=key, value=value, expected=expected, exit_code=EXIT_USAGE)


def access(down: float, up: float, queue: float, gap: float, loss: float) -> Access:
    """Access of the user, of options that people give."""
    import numpy as np

    from rabta.emulate.ways import Access

    for key, value, most in (
        ("--down", down, 1e5),
        ("--up", up, 1e5),
        ("--queue", queue, 1e4),
        ("--gap", gap, 1e4),
    ):
        if not 0.0 <= value <= most:
            raise _refuse("out of range", key, value, f"0 to {most:g}")
    if not 0.0 <= loss < 100.0:
        raise _refuse("out of range", "--loss", loss, "0 to less than 100 per cent")
    share = loss / 100.0
    return Access(
        np.array([[0.0, up * 1e6]]), np.array([[0.0, down * 1e6]]), queue / 1e3,
        loss=(share, share, 0.0, 0.0), gap_s=gap / 1e3,
    )  # fmt: skip


def cuts(given: Sequence[str]) -> list[tuple[float, float]]:
    """Outages as begin and end, of ``FROM:SECONDS``."""
    found = []
    for text in given:
        try:
            begin, length = (float(part) for part in text.split(":"))
        except ValueError:
            raise _refuse("no outage", "--cut", text, "from second, for seconds, as in 20:5") from None
        if not (begin >= 0.0 and 0.002 <= length < math.inf and begin < math.inf):
            raise _refuse("no outage", "--cut", text, "from second, for seconds, as in 20:5")
        found.append((begin, begin + length))
    return sorted(found)


def cut(net: Course, outages: Sequence[tuple[float, float]]) -> Course:
    """A course whose paths are all out in some times."""
    from dataclasses import replace
    from itertools import pairwise

    import numpy as np

    from rabta.emulate import ways

    if not outages:
        return net
    parts = [ways.cut(net.pieces[a:b], outages) for a, b in pairwise(net.first.tolist())]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return replace(net, pieces=np.concatenate(parts), first=first)


def between(
    source: str,
    from_: str,
    to: str,
    seconds: float,
    start: str | None,
    user: Access,
    *,
    space: bool,
    cuts: Sequence[tuple[float, float]],
    two: bool = False,
) -> Course:
    """Course of two places over the twin's best way, with the user's access at the first.

    Parameters
    ----------
    two : bool
        Over satellites, and over the ground beside them; hosts then route for themselves.
    """
    from dataclasses import replace

    from rabta.emulate import ways
    from rabta.emulate.ways import Access

    watch = _watch(source, from_, to, seconds, start, space=space or two)
    a, b = (str(name) for name in watch.graph_names[:2])
    way = ways.cut(ways.pieces(watch.watch, gaps_s=(user.gap_s, 0.0)), cuts)
    if two:
        from rabta.cli.emulate import second

        return second.forked(watch.watch.tables, (a, b), way, user, seconds)
    server = replace(Access(), loss=user.loss)
    return ways.course({a: user, b: server}, {(a, b): way}, seconds)


class _Watched:
    """A watch, and the names of its ends as the tables spell them."""

    def __init__(self, watch: Any, names: list[str]) -> None:
        self.watch, self.graph_names = watch, names


def _watch(source: str, from_: str, to: str, seconds: float, start: str | None, *, space: bool) -> _Watched:
    import numpy as np

    from rabta.cli.events import joint
    from rabta.scenario import find, load
    from rabta.transport.routes import search
    from rabta.transport.routes.changes import Watch

    held = Path(source) / "scenario.toml"
    changes: list[tuple[str, object]] = [("time.hours", max(seconds / 3600.0, 1.0 / 60.0))]
    changes += [("time.start", start)] if start else []
    scenario = load(held if held.is_file() else find(source), dict(changes))
    twin = joint.evaluated(scenario, joint.TABLES)
    tables = joint._tables(twin, scenario, from_, to)
    begin = np.datetime64(scenario.time.start_utc.replace(tzinfo=None), "ns")
    shut = joint._shut(twin.values("gateway_factor"), scenario.time.step_s)
    mode = search.SPACE if space else search.ALL
    watch = Watch(tables, begin, seconds, mode, scenario.transport.platforms, shut)
    return _Watched(watch, [str(name) for name in tables.ends["name"]])
