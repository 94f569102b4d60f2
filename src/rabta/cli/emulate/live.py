"""What is seen while an emulation runs: a table that lives, or lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rabta.errors import EXIT_USAGE, RabtaError, nearest

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

KINDS = ("auto", "table", "json", "off")
MOST_ROWS = 16
HEADS = (
    "Host",
    "Up, packets",
    "Up, Mbit/s",
    "Down, packets",
    "Down, Mbit/s",
    "Dropped",
    "Queue, ms",
    "Delay, ms",
)
Line = Mapping[str, Any]


class Picture:
    """A context that shows line after line of a worker.

    Parameters
    ----------
    kind : str
        One of `KINDS`: auto is a table where a person looks at a terminal.
    length_s : float
        Of the emulation.
    """

    def __init__(self, kind: str, length_s: float) -> None:
        if kind not in KINDS:
            raise RabtaError("no such picture", key="--live", value=kind, expected=nearest(kind, KINDS),
                             exit_code=EXIT_USAGE)  # fmt: skip
        table = kind == "table" or (kind == "auto" and sys.stderr.isatty())
        self.kind = "json" if kind == "json" else "table" if table else "off"
        self.length_s, self._before = length_s, dict[str, Any]()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self.kind == "table":
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, line: Line) -> None:
        """Show the state of an instant."""
        if self.kind == "json":
            print(json.dumps(line, ensure_ascii=False), flush=True)
        elif self._live is not None:
            self._live.update(drawn(line, self._before, self.length_s), refresh=True)
        self._before = dict(line)


def drawn(line: Line, before: Line, length_s: float) -> RenderableType:
    """Tables of hosts and of activities under a title."""
    from rich.console import Group
    from rich.table import Table

    late = f", {line['late_mean_ns'] / 1e3:.0f} us late on average" if "late_mean_ns" in line else ""
    title = f"{line['at_s']:.0f} of {length_s:.0f} s, {line['read']:,} packets{late}"
    hosts = Table(*HEADS, title=title, title_justify="left")
    for row in host_rows(line, before)[:MOST_ROWS]:
        hosts.add_row(*row)
    acts = Table("Activity", "Between", "State", show_header=False)
    for row in activity_rows(line)[:MOST_ROWS]:
        acts.add_row(*row)
    return Group(hosts, acts)


def host_rows(line: Line, before: Line) -> list[list[str]]:
    """Row of each host, rates by the line before; drops by their cause.

    Examples
    --------
    >>> now = {"at_s": 2.0, "hosts": {"Gilgit": {"sent": 9, "sent_bits": 2e6, "got": 8, "got_bits": 4e6,
    ...        "dropped_up": {"lost": 1}, "dropped_down": {}, "queue_down_ms": 12.5, "delay_ms": None}}}
    >>> host_rows(now, {"at_s": 1.0, "hosts": {}})[0]
    ['Gilgit', '9', '2.00', '8', '4.00', 'up: 1 lost', '0.0 / 12.5', 'out']
    """
    span = max(float(line["at_s"]) - float(before.get("at_s", 0.0)), 1e-3)
    out = []
    for name, host in line.get("hosts", {}).items():
        if "sent" not in host:
            continue
        old = before.get("hosts", {}).get(name, {})
        rates = [(float(host[k]) - float(old.get(k, 0.0))) / span / 1e6 for k in ("sent_bits", "got_bits")]
        delay = host.get("delay_ms", "")
        out.append([
            name, f"{host['sent']:,}", f"{rates[0]:.2f}", f"{host['got']:,}", f"{rates[1]:.2f}",
            dropped(host), f"{host.get('queue_up_ms', 0.0):.1f} / {host.get('queue_down_ms', 0.0):.1f}",
            "out" if delay is None else str(delay),
        ])  # fmt: skip
    return out


def dropped(host: Line) -> str:
    """Drops of a host by direction and cause, in words; empty for none."""
    parts = []
    for way in ("up", "down"):
        causes = [f"{count:,} {cause}" for cause, count in host.get(f"dropped_{way}", {}).items()]
        parts += [f"{way}: {', '.join(causes)}"] if causes else []
    return "; ".join(parts)


def activity_rows(line: Line) -> list[list[str]]:
    """Row of each activity: kind, ends, state in words.

    Examples
    --------
    >>> one = {"kind": "ping", "from": "a", "to": "b", "state": "runs", "rtt_ms": 40.2}
    >>> activity_rows({"activities": [one]})
    [['ping', 'a > b', 'runs, rtt_ms 40.2']]
    """
    known, out = ("kind", "from", "to", "state"), []
    for one in line.get("activities", ()):
        more = [f"{key} {value}" for key, value in one.items() if key not in known]
        out.append([one["kind"], f"{one['from']} > {one['to']}", ", ".join([one["state"], *more])])
    return out
