"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of read-only reference inputs beside the checkout; skips where it is absent."""
    folder = Path(os.environ.get("RABTA_SHARED", SHARED))
    if not folder.is_dir():
        pytest.skip(f"reference inputs not found at {folder} (set RABTA_SHARED)")
    return folder
