"""The cost book: complete, in order, and strict about names."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta import catalog
from rabta.errors import RabtaError
from rabta.plan.costs import assumptions, prices, ranges, read_book

RS_PER_USD = 281.0


def test_every_item_has_a_range_and_a_source() -> None:
    book = read_book("pakistan")
    assert len(book) >= 45
    for item in book.values():
        assert 0 <= item.low <= item.base <= item.high, item.name
        assert item.source, item.name
        assert item.unit, item.name
        assert item.date[:4].isdigit(), item.name
    assert 0 < sum(item.modelled for item in book.values()) < len(book)


LABEL = 40  # letters that fit beside a bar of the tornado chart


@pytest.mark.parametrize("book", catalog.names("costs"))
def test_every_item_that_ships_has_a_title_of_its_own(book: str) -> None:
    stated = catalog.entry("costs", book).data["items"]
    assert [name for name, fields in stated.items() if not fields.get("title")] == []
    titles = [item.title for item in read_book(book).values()]
    titles += [r.title for r in assumptions(book).values()]
    assert len(set(titles)) == len(titles)
    assert [
        t for t in titles if len(t) > LABEL or "_" in t or (not t[0].isupper() and not t[0].isdigit())
    ] == []
    named = ranges(book, prices(book), {})
    assert named["leo_service_usd_month"].title == "LEO monthly service fee"


def test_an_item_without_a_title_has_its_key_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = 'low = 1.0\nbase = 1.0\nhigh = 3.0\nunit = "USD"\nsource = "s"\ndate = "2026"'
    (tmp_path / "costs").mkdir()
    text = f'{HEAD}[items.mast_usd]\n{item}\n[items.hut_usd]\ntitle = "Hut"\n{item}\n'
    (tmp_path / "costs" / "own.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    assert [item.title for item in read_book("own").values()] == ["mast usd", "Hut"]


def test_fibre_price_is_the_tender_price() -> None:
    """USF board 101: OFC Sialkot Rs 1,640 M for 488 km, Narowal Rs 1,510 M for 447 km."""
    base = prices("pakistan")["fibre_usd_km"]
    for rupees, km in ((1640e6, 488.0), (1510e6, 447.0)):
        assert base == pytest.approx(rupees / km / RS_PER_USD, rel=0.01)


def test_mountain_factor_reproduces_the_khunjerab_cable() -> None:
    """Rawalpindi-Khunjerab: 820 km for US$ 44 M."""
    book = prices("pakistan")
    whole = 820.0 * book["fibre_usd_km"] * book["fibre_mountain_factor"]
    assert whole == pytest.approx(44e6, rel=0.02)


def test_override_wins_and_unknown_item_names_the_nearest() -> None:
    assert prices("pakistan", {"leo_terminal_usd": 120.0})["leo_terminal_usd"] == 120.0
    with pytest.raises(RabtaError, match="leo_terminal_usd") as caught:
        prices("pakistan", {"leo_terminal_us": 120.0})
    assert caught.value.key == "plan.costs.leo_terminal_us"


@pytest.mark.parametrize(
    ("item", "value"), [("life_civil_years", 0.0), ("contention", 0.5), ("availability_haps", 1.5)]
)
def test_override_out_of_range_is_refused(item: str, value: float) -> None:
    with pytest.raises(RabtaError, match="outside its range"):
        prices("pakistan", {item: value})


def test_unknown_book_is_refused() -> None:
    with pytest.raises(RabtaError, match="pakistan"):
        read_book("pakistn")


HEAD = 'title = "t"\nsource = "s"\nlicence = "l"\nretrieved = "2026-01-01"\n'


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ('low = 2.0\nbase = 1.0\nhigh = 3.0\nunit = "USD"\nsource = "s"\ndate = "2026"', "not in order"),
        ("low = 1.0\nbase = 1.0\nhigh = 1.0", "not complete"),
    ],
)
def test_broken_book_is_refused(
    item: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "costs"
    folder.mkdir()
    (folder / "broken.toml").write_text(f"{HEAD}[items.a]\n{item}\n", encoding="utf-8")
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path))
    with pytest.raises(RabtaError, match=problem):
        read_book("broken")


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0])
def test_a_price_that_is_no_number_names_its_item(value: float) -> None:
    with pytest.raises(RabtaError) as caught:
        prices("pakistan", {"site_civil_usd": value})
    assert caught.value.key == "plan.costs.site_civil_usd"


def test_a_terminal_costs_what_its_entry_says_unless_the_book_describes_it() -> None:
    def price(*names: str, **overrides: float) -> float:
        return prices("pakistan", overrides, {"leo_terminal_usd": names})["leo_terminal_usd"]

    assert price() == price("leo-flat-panel") == 390.0
    assert price("kuiper-standard") == 400.0  # Amazon: under US$ 400 to make
    assert price("o3b-terminal") == 90_000.0
    assert price("leo-flat-panel", "oneweb-terminal") == 3600.0
    assert price("o3b-terminal", leo_terminal_usd=120.0) == 120.0
