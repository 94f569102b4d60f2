"""Published outages again: what is shown, what is predicted, and that the page says the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta import verify
from rabta.verify import Row
from rabta.verify.anchors import resilience

PAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "hazards.md"


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.name: row for row in verify.run("resilience")}


def test_nothing_is_a_gate_and_the_fit_is_only_shown(rows: dict[str, Row]) -> None:
    assert not any(row.gate for row in rows.values())
    fit = rows["flood 2022, 28 Aug, the fit: sites down"]
    assert fit.ours == pytest.approx(fit.theirs)
    assert fit.status == "shown"


def test_published_counts_are_those_of_the_regulator(rows: dict[str, Row]) -> None:
    """PTA: 3,386 (28 August), 1,076, 568, 320 (241 in Sindh, 79 in Balochistan), 163 (129 and 34)."""
    theirs = [rows[f"flood 2022, {d}, nothing fitted: sites down"].theirs for d in resilience.DATES]
    assert theirs == [3386.0, 1076.0, 568.0, 320.0, 163.0]
    for at, date in ((3, "6 Sep"), (4, "14 Sep")):
        parts = [rows[f"flood 2022, {date}, {p}: sites down"].theirs for p in ("Sindh", "Balochistan")]
        assert sum(parts) == theirs[at]


def test_provinces_add_to_the_nation(rows: dict[str, Row]) -> None:
    for date in ("6 Sep", "14 Sep"):
        parts = ("Sindh", "Balochistan", "other provinces")
        ours = sum(rows[f"flood 2022, {date}, {part}: sites down"].ours for part in parts)
        assert ours == pytest.approx(rows[f"flood 2022, {date}, fitted to 28 Aug: sites down"].ours)


def test_recovery_of_2022_is_predicted_as_the_page_says(rows: dict[str, Row]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for date in resilience.DATES[1:]:
        for how in ("nothing fitted", "fitted to 28 Aug"):
            row = rows[f"flood 2022, {date}, {how}: sites down"]
            assert f"{row.ours:,.0f} ({100.0 * row.difference / row.theirs:+.0f} %)" in page, row.name
    error = rows["flood 2022, four predicted dates: rms error in % of all sites"]
    assert f"{error.ours:.2f} % of all sites" in page
    assert error.status == "ok"


def test_double_cut_sheds_only_where_two_cables_are_lost_whole() -> None:
    """PTCL lit 3.58 + 1.98 + 1.90 Tbit/s and uses 60 %: 3.58 of 4.476 is left, a fifth is missing."""
    shed = resilience.double_cut()
    assert shed["whole"].max() == pytest.approx(1.0 - 3.58 / (0.6 * 7.46))
    assert shed["part"].max() == 0.0
