"""Counting public test vectors: passed, failed, and not run with the reason."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rabta.security.core import Rejected
from rabta.verify import Row

Case = dict[str, Any]
Verdict = bool | str
"""True or False where the vector ran; a string says why it did not."""


@dataclass
class Tally:
    """What became of the vectors of one file.

    Attributes
    ----------
    passed, count : int
        Of those that ran.
    left : Counter
        Those that did not, by the reason.
    once : bool
        False where these vectors are also counted in another tally, or run in part.
    """

    name: str
    source: str
    passed: int = 0
    count: int = 0
    left: Counter[str] = field(default_factory=Counter)
    once: bool = True

    def add(self, verdict: Verdict) -> None:
        """Count one vector."""
        if isinstance(verdict, str):
            self.left[verdict] += 1
        else:
            self.count += 1
            self.passed += verdict

    def rows(self) -> list[Row]:
        """One row of those that ran, and one for each reason not to run."""
        ran = [Row(self.name, float(self.passed), float(self.count), 0.0, self.source)] if self.count else []
        return ran + [
            Row(f"{self.name}, not run: {why}", 0.0, float(number), math.nan, self.source, gate=False)
            for why, number in sorted(self.left.items())
        ]


def tally(
    name: str, source: str, cases: Iterable[Case], check: Callable[[Case], Verdict], *, once: bool = True
) -> Tally:
    """Count what a check says of each vector; an unexpected refusal fails it, another error is not caught."""
    found = Tally(name, source, once=once)
    for case in cases:
        try:
            found.add(check(case))
        except Exception as error:
            if not refusal(error):
                raise
            found.add(False)
    return found


def refusal(error: Exception) -> bool:
    """Whether an exception is how the code refuses input."""
    from cryptography.exceptions import InvalidSignature, InvalidTag

    return isinstance(error, Rejected | ValueError | InvalidTag | InvalidSignature)


def refused(call: Callable[[], object]) -> bool:
    """True where a call refuses what it was given."""
    try:
        call()
    except Exception as error:
        if not refusal(error):
            raise
        return True
    return False


def raw(case: Case, *names: str) -> tuple[bytes, ...]:
    """Bytes of hexadecimal fields; an absent one is empty."""
    return tuple(bytes.fromhex(case.get(name) or "") for name in names)
