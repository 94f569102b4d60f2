"""What an import did: rows, what was left out and why, totals before and after, warnings."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXAMPLES = 10


@dataclass
class Report:
    """Check report of one import.

    Attributes
    ----------
    rows : dict of str
        Rows read and used, and how many were left out for each reason.
    before, after : dict of str
        National totals of the layer.
    cells_changed : int
        Cells whose values of the layer differ from those before.
    """

    layer: str
    file: str
    format: str = ""
    sha256: str = ""
    licence: str = ""
    out: str = ""
    rows: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    before: dict[str, float] = field(default_factory=dict)
    after: dict[str, float] = field(default_factory=dict)
    cells_changed: int = 0
    cells_changed_examples: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def count(self, reason: str, number: int) -> None:
        """Add rows to a reason."""
        self.rows[reason] = self.rows.get(reason, 0) + int(number)

    def lacking(self, column: str, number: int) -> None:
        """Note rows that have no value in a column."""
        if number:
            self.missing[column] = int(number)

    def warn(self, text: str) -> None:
        """Note what the user should look at, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def changes(self, differs: NDArray[np.bool_], cells: list[str]) -> None:
        """Note which cells changed."""
        rows = np.flatnonzero(differs)
        self.cells_changed = len(rows)
        self.cells_changed_examples = [cells[row] for row in rows[:EXAMPLES].tolist()]

    def record(self) -> dict[str, Any]:
        """Plain data, as JSON has it."""
        return asdict(self)

    def text(self) -> str:
        """Lines for a person."""
        rows = [f"{self.layer}: {self.file} ({self.format})"]
        rows += [f"  rows {reason:<28}{number:>14,}" for reason, number in self.rows.items()]
        rows += [f"  no value in {column:<21}{number:>14,}" for column, number in self.missing.items()]
        for name, value in self.after.items():
            was = self.before.get(name)
            rows.append(
                f"  {name:<33}{_number(value):>14}" + ("" if was is None else f"  before {_number(was)}")
            )
        some = ", ".join(self.cells_changed_examples[:3])
        rows.append(f"  cells changed {self.cells_changed:>33,}" + (f"  {some} ..." if some else ""))
        rows += [f"  warning: {text}" for text in self.warnings]
        return "\n".join([*rows, f"written to {self.out}: use it as nation.data"])


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1e4 else f"{value:,.3f}"
