"""Progress of a run: one line a stage, with the time left."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Progress(Protocol):
    """What the engine tells while it works."""

    def start(self, name: str, title: str, total: int) -> None:
        """A stage of ``total`` parts begins."""

    def advance(self, name: str, seconds: float, *, cached: bool) -> None:
        """One part is done."""

    def note(self, text: str) -> None:
        """Something the user should know."""


@dataclass
class Silent:
    """Says nothing; keeps the notes."""

    notes: list[str] = field(default_factory=list)

    def start(self, name: str, title: str, total: int) -> None:
        """Ignore."""

    def advance(self, name: str, seconds: float, *, cached: bool) -> None:
        """Ignore."""

    def note(self, text: str) -> None:
        """Keep."""
        self.notes.append(text)


@dataclass
class _Line:
    title: str
    total: int
    seconds: float = 0.0
    done: int = 0
    cached: int = 0


class Lines:
    """Bars on a terminal; one plain line per finished stage elsewhere. Use as a context manager."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._tasks: dict[str, TaskID] = {}
        self._bars: RichProgress | None = None

    def __enter__(self) -> Lines:
        if sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def start(self, name: str, title: str, total: int) -> None:
        """Open a stage's line."""
        self._lines[name] = _Line(title, total)
        if self._bars is not None:
            self._tasks[name] = self._bars.add_task(title, total=total, state="")

    def advance(self, name: str, seconds: float, *, cached: bool) -> None:
        """Move a stage's line."""
        line = self._lines[name]
        line.seconds += seconds
        line.done += 1
        line.cached += cached
        finished = line.done == line.total
        state = ("cached" if line.cached == line.total else "done") if finished else ""
        if self._bars is not None:
            self._bars.update(self._tasks[name], advance=1, state=state)
        elif finished:
            print(f"  {line.title:<44} {state:<7}{line.seconds:7.1f} s", file=sys.stderr)

    def note(self, text: str) -> None:
        """Print a note above the bars."""
        if self._bars is not None:
            self._bars.console.print(f"note: {text}", markup=False, highlight=False)
        else:
            print(f"  note: {text}", file=sys.stderr)


def _bars() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
        console=Console(stderr=True),
    )
