"""Rabta: a digital twin of a nation's space-air-ground network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Run", "Scenario", "Twin", "__version__", "load"]

if TYPE_CHECKING:
    from rabta.run import Run, load
    from rabta.scenario import Scenario
    from rabta.twin import Twin


def __getattr__(name: str) -> Any:
    homes = {"load": "run", "Run": "run", "Scenario": "scenario", "Twin": "twin"}
    if name not in homes:
        raise AttributeError(f"module 'rabta' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"rabta.{homes[name]}"), name)
