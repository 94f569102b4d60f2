"""What people look at: one offline HTML page made from a run folder, and its headline figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["build", "headline", "summary"]


def build(run_folder: Path) -> Path:
    """Write ``report/index.html`` of a run folder and return its path."""
    from rabta import io
    from rabta.report.folder import RunFolder
    from rabta.report.page import page

    file = Path(run_folder) / "report" / "index.html"
    content = page(RunFolder(Path(run_folder)))
    file.parent.mkdir(exist_ok=True)
    io.write_atomic(file, content)
    return file


def summary(run_folder: Path) -> list[tuple[str, str]]:
    """Headline figures of a run folder in words, for a closing table."""
    return [(item["label"], item["words"]) for item in headline(run_folder).values()]


def headline(run_folder: Path) -> dict[str, dict[str, Any]]:
    """Headline figures by key: label, value, unit, words, and low and high where the run tells them.

    An unknown value is None.
    """
    from rabta.report.figures import Headline
    from rabta.report.folder import RunFolder
    from rabta.report.payload import clean

    head = Headline(RunFolder(Path(run_folder)))
    found = {}
    for item in head.figures():
        known = head.range(item.key)
        span = {"low": clean(known[0]), "high": clean(known[1])} if known else {}
        words: dict[str, Any] = {
            "label": item.label,
            "value": clean(item.value),
            "unit": item.unit,
            "words": item.words,
        }
        found[item.key] = words | span
    return found
