"""A second way beside the satellites', over the ground, for traffic that takes either or both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rabta.errors import EXIT_USAGE, RabtaError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from rabta.emulate.engine.course import Course
    from rabta.emulate.ways import Access
    from rabta.transport.routes.joined import Tables


def forked(
    tables: Tables, names: tuple[str, str], way: NDArray[np.float64], user: Access, seconds: float
) -> Course:
    """Course of two places over satellites and, apart from them, over cables and microwave.

    Both have the rates of the user's access; outages, gaps and losses are the satellites'.

    Raises
    ------
    RabtaError
        Where the ground does not join the two.
    """
    from rabta.emulate import hop
    from rabta.emulate.subrun import network

    alone = replace(tables, ends=tables.ends.assign(dish=False))
    ground, _ = network._grounded(alone, (), 0.0, seconds, 0.0)
    if ground[0, 1] < 0.0:
        raise RabtaError("no way over the ground between these places", key="--to", value=names[1],
                         expected="places that cables or microwave join", exit_code=EXIT_USAGE)  # fmt: skip
    way = way.copy()
    way[:, 3:] = np.maximum(way[:, 3:], user.loss)
    rates = hop.Rates(float(user.up_bps[0, 1]), float(user.down_bps[0, 1]), user.queue_s)
    return hop.fork(names[0], names[1], (way, ground), (rates, rates), seconds)


def of_run(about: Mapping[str, Any]) -> tuple[str, str]:
    """Finished run and instant of second 0 of an emulation, as a plan has them; empty for a scenario's."""
    from rabta.scenario import load

    folder = Path(str(about.get("source", "")))
    if not (folder / "provenance.json").is_file():
        return "", ""
    start = about.get("start")
    changes: list[tuple[str, object]] = [("time.start", start)] if start else []
    scenario = load(folder / "scenario.toml", dict(changes))
    return str(folder.resolve()), scenario.time.start_utc.isoformat()
