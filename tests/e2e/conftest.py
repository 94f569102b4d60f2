"""One real run, shared by the end-to-end tests."""

from __future__ import annotations

from pathlib import Path

import pytest

import rabta
from rabta.run import Run


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a cache that the end-to-end tests share."""
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(scope="session")
def tiny(workplace: Path) -> Run:
    """The shipped nation, coarse and short, through every stage."""
    return rabta.load("tiny").run(workplace / "runs", cache=workplace / "cache")
