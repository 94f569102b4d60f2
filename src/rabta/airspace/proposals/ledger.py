"""Who gave way to whom: an account of counter-proposals between operators."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Account:
    """One operator's.

    Attributes
    ----------
    asked, refused, answered, accepted : int
        Plans, those refused, those of these with a proposal, and proposals taken.
    delay_s, extra_m : float
        What the taken proposals cost it.
    seconds : float
        Of flight that it asked for.
    """

    asked: int = 0
    refused: int = 0
    answered: int = 0
    accepted: int = 0
    delay_s: float = 0.0
    extra_m: float = 0.0
    seconds: float = 0.0

    @property
    def yielded(self) -> float:
        """Delay in seconds that a plan of this operator bore on average."""
        return self.delay_s / self.asked if self.asked else 0.0


@dataclass
class Ledger:
    """Accounts by operator, and seconds that each yielded to each.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.asked("a", 300.0); ledger.asked("b", 300.0)
    >>> ledger.refused("a", {"b"}, answered=True)
    >>> ledger.accepted("a", {"b"}, delay_s=30.0, extra_m=0.0)
    >>> ledger.yielded["a", "b"], round(ledger.fairness(), 2)
    (30.0, 0.5)
    """

    accounts: dict[str, Account] = field(default_factory=dict)
    yielded: dict[tuple[str, str], float] = field(default_factory=dict)

    def _of(self, operator: str) -> Account:
        return self.accounts.setdefault(operator, Account())

    def asked(self, operator: str, seconds: float) -> None:
        """A plan came."""
        one = self._of(operator)
        one.asked += 1
        one.seconds += seconds

    def refused(self, operator: str, _against: Iterable[str], *, answered: bool) -> None:
        """It was refused, with a proposal or without one."""
        one = self._of(operator)
        one.refused += 1
        one.answered += int(answered)

    def accepted(self, operator: str, against: Iterable[str], *, delay_s: float, extra_m: float) -> None:
        """A proposal was taken; its delay counts in equal parts for those who stood in the way."""
        one, others = self._of(operator), sorted(against)
        one.accepted += 1
        one.delay_s += delay_s
        one.extra_m += extra_m
        for other in others:
            key = operator, other
            self.yielded[key] = self.yielded.get(key, 0.0) + delay_s / len(others)

    def fairness(self) -> float:
        """Jain's index of the mean delay of a plan by operator: 1 when all bear the same, 1/n when one bears all.

        R. Jain, D. Chiu and W. Hawe, DEC Research Report TR-301 (1984). 1 where nobody yielded.
        """  # noqa: E501
        shares = [one.yielded for one in self.accounts.values() if one.asked]
        total = sum(one * one for one in shares)
        return sum(shares) ** 2 / (len(shares) * total) if total > 0.0 else 1.0

    def told(self) -> dict[str, Any]:
        """For messages."""
        return {
            "fairness": round(self.fairness(), 4),
            "operators": {name: {**vars(one), "yielded_s_a_plan": round(one.yielded, 3)}
                          for name, one in sorted(self.accounts.items())},
            "yielded_s": [{"by": a, "to": b, "seconds": round(s, 1)} for (a, b), s in sorted(self.yielded.items())],  # noqa: E501
        }  # fmt: skip
