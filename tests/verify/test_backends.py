"""Suite ``backends``: what is stored passes; a carrier that loses or lets through what it must not fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rabta.verify.emulation import backends, crossing

Part = dict[str, Any]


def failing(monkeypatch: pytest.MonkeyPatch, folder: Path, change: Callable[[Part], None]) -> list[str]:
    """Gated rows that miss where the last round of netem is another."""
    found = json.loads(crossing.STORED.read_text(encoding="utf-8"))
    change(found["rounds"][-1]["netem"])
    (folder / "stored.json").write_text(json.dumps(found), encoding="utf-8")
    monkeypatch.setattr(crossing, "STORED", folder / "stored.json")
    return [row.name for row in backends.backends(None) if row.gate and not row.passed]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda part: part["moving"].update(received=1000), "but for its outage"),
        (lambda part: part["moving"].update(in_the_gap=5), "through the outage"),
        (lambda part: part["lossy"].update(lost=900), "in bursts"),
        (lambda part: part["moving"].update(reordered=1), "overtaken"),
    ],
)
def test_a_carrier_that_is_wrong_in_any_round_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: Callable[[Part], None], words: str
) -> None:
    (missed,) = failing(monkeypatch, tmp_path, change)
    assert words in missed


def test_what_is_stored_passes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert failing(monkeypatch, tmp_path, lambda part: None) == []


def test_the_stored_command_makes_as_many_rounds() -> None:
    found = json.loads(crossing.STORED.read_text(encoding="utf-8"))
    assert found["command"].endswith(f"--rounds {len(found['rounds'])}")
