"""City pairs over Hypatia's shell: an independent program's figures, over the same links as its own."""

from __future__ import annotations

from rabta import verify


def test_city_pairs_over_one_shell() -> None:
    """Karachi to Riyadh tells links to the other neighbour apart: by 1 ms in the median, 2 at 99 %."""
    rows = verify.run("transport", None)
    assert [row.name for row in rows if row.status != "ok"] == []
    assert sum(row.name.startswith("Karachi to Riyadh") for row in rows) == 4
