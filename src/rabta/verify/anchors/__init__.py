"""Published planning tools recomputed from their own inputs, with what is wrong in them beside."""

from __future__ import annotations

from rabta.verify import Row


def last_digit(text: str) -> float:
    """Half of the last printed digit.

    Examples
    --------
    >>> last_digit("24.94")
    0.005
    """
    digits = len(text.partition(".")[2])
    return float(f"5e-{digits + 1}")


def printed(name: str, ours: float, text: str, source: str) -> Row:
    """A row that is met to the last printed digit, with a hair for binary rounding."""
    return Row(name, float(ours), float(text), last_digit(text) * (1 + 1e-6), source)
