"""The catalog: user folders win, provenance is required, edits and folders are seen at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from rabta import catalog
from rabta.errors import RabtaError

ENTRY = 'title = "{}"\nsource = "test"\nlicence = "CC0"\nretrieved = "2026-01-01"\n'


def write(folder: Path, title: str) -> Path:
    path = folder / "catalog" / "bands" / "mine.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(ENTRY.format(title), encoding="utf-8")
    return path


def test_entry_of_the_folder_one_works_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, name)
        monkeypatch.chdir(tmp_path / name)
        assert catalog.entry("bands", "mine").title == name


def test_edited_entry_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path / "catalog"))
    write(tmp_path, "first")
    assert catalog.entry("bands", "mine").title == "first"
    write(tmp_path, "second, longer")
    assert catalog.entry("bands", "mine").title == "second, longer"


def test_entry_without_provenance_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path / "catalog"))
    path = write(tmp_path, "x")
    path.write_text('title = "x"\n', encoding="utf-8")
    with pytest.raises(RabtaError, match="without provenance"):
        catalog.entry("bands", "mine")


def test_unknown_entry_names_the_nearest() -> None:
    with pytest.raises(RabtaError, match="did you mean 'starlink'"):
        catalog.entry("constellations", "starlnk")


def test_every_shipped_entry_has_its_provenance() -> None:
    for kind in catalog.kinds():
        for entry in catalog.entries(kind):
            assert all(entry.provenance.values())


def test_name_that_climbs_out_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RABTA_CATALOG", str(tmp_path / "catalog"))
    write(tmp_path, "x")
    with pytest.raises(RabtaError, match="no bands entry"):
        catalog.entry("bands", "../bands/mine")
