"""Our propagation formulas against the ITU's own validation sheets (CG-3M3J-13-ValEx)."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta import verify

pytestmark = pytest.mark.shared


def test_every_sheet_value_is_reproduced(shared: Path) -> None:
    rows = verify.run("itu", shared / "validation" / "itu")
    assert len(rows) >= 16
    assert [row for row in rows if not row.passed] == []


def test_wrong_folder_is_named(tmp_path: Path) -> None:
    from rabta.errors import RabtaError

    with pytest.raises(RabtaError, match="ITURP838-3"):
        verify.run("itu", tmp_path)
