"""Counter-proposals: what an operator could fly instead of a plan that was refused.

Three kinds and their mixtures: later, at another height, over another way. For each height and simple way the
least delay without a conflict is found exactly (`windows`); where none is near, a way is searched on a lattice
(`ways`). What is offered was assessed anew and verified by `verifier.Verifier`, which shares no search with
the index.
"""  # noqa: E501

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from rabta.airspace.feasibility.assess import Assessment, Assessor
from rabta.airspace.proposals import ways, windows
from rabta.airspace.proposals.route import Place, Plan, length_m
from rabta.airspace.volumes import Index, Volume

HEIGHTS_M = (30.0, 47.0, 64.0, 81.0, 98.0, 115.0)
HORIZON_S = 600.0
LAYER_COSTS_S = 8.0
"""Delay that a change of height by one layer is worth."""
LAYER_M = 17.0
MOST_TIMED = 12
"""Heights and ways whose times are looked at."""
NEAR_S = 60.0
"""A proposal that costs no more than this needs no search of ways."""
MOST_OFFERED = 3


class Free(Protocol):
    """Says whom volumes meet."""

    def meeting(self, volumes: list[Volume], /) -> set[str]:
        """Names met."""
        ...


@dataclass(frozen=True)
class Proposal:
    """A plan that could be flown.

    Attributes
    ----------
    plan : Plan
    kinds : tuple of str
        Of time, height, way.
    delay_s, extra_m, height_by_m : float
        Against what was asked.
    """

    plan: Plan
    kinds: tuple[str, ...]
    delay_s: float
    extra_m: float
    height_by_m: float
    assessment: Assessment

    def told(self) -> dict[str, Any]:
        """For messages."""
        from rabta.airspace.volumes import messages as written

        return {
            "kinds": list(self.kinds), "start": written.instant(self.plan.start_s),
            "delay_s": round(self.delay_s, 1), "extra_m": round(self.extra_m, 1), "height_m": self.plan.height_m,  # noqa: E501
            "way": [{"lat": round(a, 7), "lng": round(b, 7)} for a, b in self.plan.way],
            "volumes": [written.message(one) for one in self.plan.volumes],
            "assessment": self.assessment.told(),
        }  # fmt: skip


@dataclass
class Answer:
    """A plan with what speaks against it, and what could be flown instead.

    Attributes
    ----------
    against : set of str
        Names of those whom the plan meets.
    rejected : int
        Candidates that the verifier refused: 0 unless index and verifier differ.
    """

    plan: Plan
    assessment: Assessment
    against: set[str]
    proposals: list[Proposal] = field(default_factory=list)
    rejected: int = 0

    @property
    def approved(self) -> bool:
        """True where nothing speaks against the plan."""
        return not self.against and self.assessment.feasible

    def told(self) -> dict[str, Any]:
        """For messages."""
        return {"approved": self.approved, "conflicts": sorted(map(str, self.against)),
                "assessment": self.assessment.told(), "proposals": [one.told() for one in self.proposals]}  # fmt: skip  # noqa: E501


@dataclass
class Planner:
    """Answers plans.

    Attributes
    ----------
    assessor : Assessor
    index : Index of str
        Volumes of all that stands in the way: intents, and constraints.
    verifier : Free
        The same volumes, looked through in another way.
    heights_m : tuple of float
        Heights that may be offered.
    """

    assessor: Assessor
    index: Index[str]
    verifier: Free
    heights_m: tuple[float, ...] = HEIGHTS_M
    horizon_s: float = HORIZON_S

    def answer(self, plan: Plan, now_s: float | None = None) -> Answer:
        """Assess a plan; where it is refused, propose."""
        found = Answer(
            plan, self.assessor.assess(plan.volumes, plan.legs, now_s), self.index.meeting(plan.volumes)
        )
        if not found.approved:
            self._propose(found, now_s)
        return found

    def _propose(self, found: Answer, now_s: float | None) -> None:
        offers: list[tuple[float, Plan]] = []
        best, timed = float("inf"), 0
        for cost, plan in self._candidates(found.plan):
            if cost >= best or timed == MOST_TIMED:
                break
            if not self._likely(plan):
                continue
            timed += 1
            times, _ = windows.blocked(self.index, plan, self.horizon_s)
            delay = windows.first_free(times, self.horizon_s)
            if delay is not None:
                offers.append((cost + delay, plan.later(delay)))
                best = min(best, cost + delay)
        if best > NEAR_S:
            offers += self._searched(found.plan)
        for _, plan in sorted(offers, key=lambda one: one[0]):
            self._offer(found, plan, now_s)
            if len(found.proposals) == MOST_OFFERED:
                break

    def _candidates(self, plan: Plan) -> Iterator[tuple[float, Plan]]:
        """Heights and simple ways, cheapest first, with what they cost in seconds before any delay."""
        simple: list[tuple[Place, ...]] = [plan.way, *ways.doglegs(plan.way)]
        if len(plan.way) > 2:
            simple.append((plan.way[0], plan.way[-1]))
        base = plan.length_m
        longer = [max(length_m(way) - base, 0.0) / plan.speed_m_s for way in simple]
        made = [
            (LAYER_COSTS_S * abs(height - plan.height_m) / LAYER_M + extra, height, way)
            for height in self._heights(plan)
            for extra, way in zip(longer, simple, strict=True)
        ]
        for cost, height, way in sorted(made, key=lambda one: one[0]):
            yield cost, plan.at_height(height).over(way)

    def _heights(self, plan: Plan) -> list[float]:
        """The height that was asked for, then others, nearest first."""
        others = (h for h in self.heights_m if abs(h - plan.height_m) > 1.0)
        return [plan.height_m, *sorted(others, key=lambda h: abs(h - plan.height_m))]

    def _likely(self, plan: Plan) -> bool:
        """Whether the fields along the way's middle allow it: no use to look for a time otherwise."""
        where = np.array([(0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1])) for a, b, _ in plan.pieces])
        return self.assessor.likely(where[:, 0], where[:, 1], plan.height_m, plan.start_s)

    def _searched(self, plan: Plan) -> list[tuple[float, Plan]]:
        """Ways over the lattice at the height asked for and those next to it, straightened."""
        for height in self._heights(plan)[:3]:
            one = plan.at_height(height)
            way = ways.Lattice(one, self.assessor).search(self.index)
            if way is None:
                continue
            better = self._straightened(one.over(way))
            if self._good(better):
                extra = max(better.length_m - plan.length_m, 0.0) / plan.speed_m_s
                return [(extra + LAYER_COSTS_S * abs(height - plan.height_m) / LAYER_M, better)]
        return []

    def _good(self, plan: Plan) -> bool:
        return self._likely(plan) and not self.index.meeting(plan.volumes)

    def _straightened(self, plan: Plan) -> Plan:
        """Without the corners that it can do without."""
        k = 1
        while k < len(plan.way) - 1:
            shorter = plan.over((*plan.way[:k], *plan.way[k + 1 :]))
            if self._good(shorter):
                plan = shorter
            else:
                k += 1
        return plan

    def _offer(self, found: Answer, plan: Plan, now_s: float | None) -> None:
        """Offer a plan if it stands an assessment of its own and the verifier."""
        asked = found.plan
        assessment = self.assessor.assess(plan.volumes, plan.legs, now_s)
        if not assessment.feasible or self.verifier.meeting(plan.volumes):
            found.rejected += int(assessment.feasible)
            return
        delay, by = plan.start_s - asked.start_s, plan.height_m - asked.height_m
        kinds = [name for name, on in (("time", delay > 0.0), ("height", by != 0.0), ("way", plan.way != asked.way))  # noqa: E501
                 if on]  # fmt: skip
        extra = plan.length_m - asked.length_m
        found.proposals.append(Proposal(plan, tuple(kinds), delay, extra, by, assessment))
