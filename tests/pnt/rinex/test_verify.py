"""Suite ``formats``."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta.verify.pnt import formats


def test_example() -> None:
    rows = formats.rows(None)
    assert len(rows) == 10
    assert [row.name for row in rows if row.status != "ok"] == []


@pytest.mark.shared
def test_published_files(shared: Path) -> None:
    rows = formats.rows(shared / "data" / "gnss")
    assert len(rows) >= 30
    assert [row.name for row in rows if row.status != "ok"] == []
