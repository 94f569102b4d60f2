"""Tables of failures: elements alone and denials, pairs, what pairs do in sum, districts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta import schema
from rabta.transport.failures import denial, effects
from rabta.transport.failures.cuts import cases as kernel
from rabta.transport.failures.denial import Gone
from rabta.transport.failures.elements import PAIRED, Element
from rabta.transport.failures.sky import left
from rabta.transport.failures.study import Study, denial_rows, failed

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]

LISTED = 250  # pairs listed for their loss, and as many for what is hidden from each alone
YEAR_H = 8766.0
LEVELS = (0.01, 0.05, 0.1, 0.25)  # of the demand, for counts of pairs
NAMES = ("failures", "failure_pairs", "failure_summary", "failure_districts", "denials")


@dataclass(frozen=True)
class Alone:
    """Every element alone.

    Attributes
    ----------
    items : list of Element
        In the order of the cases.
    given : Cases
    found : Singles
    cut : float64 (element,)
        People without any way.
    effects : list of Effect
    rows : list of dict
        Of the table ``failures``.
    """

    items: list[Element]
    given: kernel.Cases
    found: kernel.Singles
    cut: F8
    effects: list[effects.Effect]
    rows: list[dict[str, Any]]


def alone(study: Study) -> Alone:
    """Fail every element alone."""
    given, order = kernel.cases(study.net, [(item.nodes, item.spans) for item in study.items])
    items = [study.items[k] for k in order]
    found = kernel.singles(study.base, given)
    cut = kernel.cut_off(study.net, given, np.arange(given.size))[0]
    lost = [given.lost[given.first[a] : given.first[a + 1]] for a in range(given.size)]
    shares = study.shares.singles(lost, found)
    blind = _strands(study, given)
    ways = [kernel.detours(study.net, given, goal) for goal in (study.net.home_exit, study.net.abroad_exit)]
    usual = study.usual
    rows, felt = [], []
    for a, item in enumerate(items):
        row = usual | _ground(ways, a) | {"case": "single", "kind": item.kind, "name": item.name}
        row |= {"people_cut": cut[a], "faults_year": item.faults_year, "repair_hours": item.repair_hours}
        hit = found.loss[a] > 0 or ways[0][1][a] > usual["people_cut_home"]
        result = _effect(study, lost[a], shares[a], item, hit=bool(hit), home=float(ways[0][1][a]))
        rows.append(
            row
            | _loss(study, shares[a], int(found.loss[a]), result)
            | _above(study, lost[a], strands=bool(blind[a]))
        )
        felt.append(result)
    return Alone(items, given, found, cut, felt, rows)


def _ground(ways: Sequence[tuple[F8, F8]], a: int) -> dict[str, Any]:
    (home_ms, no_home), (abroad_ms, no_abroad) = ways
    return {
        "people_cut_home": float(no_home[a]),
        "people_cut_abroad": float(no_abroad[a]),
        "rtt_home_ms": float(home_ms[a]),
        "rtt_abroad_ms": float(abroad_ms[a]),
    }


def _effect(study: Study, lost: I8, share: F8, item: Element, *, hit: bool, home: float) -> effects.Effect:
    """Effect of one element; nothing to compute where nothing is lost."""
    if not hit:
        return nothing(study)
    late = None
    if home > float(study.net.people[: study.net.nodes][share <= 0.0].sum()):
        late = ~effects.reached(study.net, study.net.home_exit, lost)
    content = (study.shares.content(lost), study.shares.usual_content)
    return effects.effect(study.where, share, study.shares.usual, item.repair_hours, late, content)


def nothing(study: Study) -> effects.Effect:
    """No effect in any district."""
    none = np.zeros(study.where.districts.size)
    return effects.Effect(none, none, none, 0.0, 0.0, 0.0)


def _loss(study: Study, share: F8, units: int, felt: effects.Effect) -> dict[str, Any]:
    wanted = study.net.demand[: study.net.nodes] * study.net.unit_mbps
    carried = (study.base.delivered - units) * study.net.unit_mbps
    island = float((wanted * study.shares.usual)[share <= 0.0].sum())
    worst = int(np.argmax(felt.person_hours)) if felt.person_hours.size else 0
    some = bool(felt.person_hours.size and felt.person_hours[worst] > 0.0)
    return {
        "carried_mbps": carried,
        "carried_share": carried / max(study.net.demand_mbps, 1e-9),
        "demand_lost_mbps": units * study.net.unit_mbps,
        "island_mbps": min(island, units * study.net.unit_mbps),
        "household_mbps": carried / study.households,
        "people_congested": felt.people_congested,
        "districts_hit": felt.hit,
        "worst_district": str(study.where.districts[worst]) if some else "",
        "person_hours": float(felt.person_hours.sum()),
        "payments_missed": felt.payments_missed,
        "value_at_risk_usd": felt.payments_missed * study.where.payments.value_usd,
    }


def _strands(study: Study, given: kernel.Cases) -> NDArray[np.bool_]:
    """Elements whose failure leaves a gateway without a way to any exit."""
    flags = np.append(study.linked_gateways, [False] * 3).astype(np.float64)
    gateways = replace(study.net, people=flags)
    usual = kernel.cut_off(gateways, kernel.cases(gateways, [((), ())])[0], np.zeros(1, np.int64))[0]
    return np.asarray(kernel.cut_off(gateways, given, np.arange(given.size))[0] > usual)


def _above(study: Study, lost: I8, *, strands: bool) -> dict[str, float]:
    """What the loss of gateways means for satellites."""
    if not strands:
        return {}
    above = left(study.sky, (), set(study.stranded(lost)))
    return {
        "satellite_mbps": above.capacity_mbps,
        "satellite_lost_mbps": max(0.0, study.whole_sky.carried_mbps - above.carried_mbps),
    }


def sky_rows(study: Study) -> list[dict[str, Any]]:
    """Every satellite system and the largest plane of each shell."""
    usual = study.usual
    out = []
    for kind, names in (("system", [s.name for s in study.sky.systems]), ("plane", list(study.sky.planes))):
        for name in names:
            above = left(study.sky, (name,)) if kind == "system" else left(study.sky, plane=name)
            out.append(
                usual
                | {"case": "single", "kind": kind, "name": name, "satellite_mbps": above.capacity_mbps}
                | {"satellite_lost_mbps": max(0.0, study.whole_sky.carried_mbps - above.carried_mbps)}
            )
    return out


@dataclass(frozen=True)
class Pairs:
    """Tables ``failure_pairs`` and ``failure_summary``."""

    listed: list[dict[str, Any]]
    summary: list[dict[str, Any]]


@dataclass
class _Best:
    """The largest values of pairs seen so far; equal ones in the order of the pairs."""

    value: I8
    a: I8
    b: I8

    def take(self, value: I8, a: I8, b: I8) -> None:
        """Keep the largest of these and those so far."""
        if not value.size:
            return
        if value.size > LISTED:
            least = np.partition(value, value.size - LISTED)[value.size - LISTED]
            some = value >= least
            value, a, b = value[some], a[some], b[some]
        value, a, b = (np.concatenate(pair) for pair in ((self.value, value), (self.a, a), (self.b, b)))
        best = np.lexsort((b, a, -value))[:LISTED]
        self.value, self.a, self.b = value[best], a[best], b[best]


def pairs(study: Study, single: Alone) -> Pairs:
    """Fail every pair of elements of the kinds that fail in pairs."""
    rows = [k for k, item in enumerate(single.items) if item.kind in PAIRED]
    given, order = kernel.cases(study.net, [(single.items[k].nodes, single.items[k].spans) for k in rows])
    items = [single.items[rows[k]] for k in order]
    picked = np.array([rows[k] for k in order], np.int64)
    found = kernel.singles(study.base, given)
    none = np.zeros(0, np.int64)
    most, hidden = _Best(none, none, none), _Best(none, none, none)
    cut_of: dict[tuple[int, int], float] = {}
    tally, counted = _Tally(study), kernel.Counted()
    for block in kernel.pairs(study.base, given, found, counted):
        part, b = np.nonzero(np.arange(given.size)[None, :] > block.rows[:, None])
        a, loss, people = block.rows[part], block.loss[part, b], block.cut_off[part, b]
        beyond = loss - found.loss[a] - found.loss[b]
        tally.add(loss, beyond, people, single.cut[picked], a, b)
        for best, value in ((most, loss), (hidden, beyond)):
            some = value > 0
            best.take(value[some], a[some], b[some])
            kept = best.a >= block.rows[0]
            cut_of |= {
                (int(i), int(j)): float(block.cut_off[i - block.rows[0], j])
                for i, j in zip(best.a[kept], best.b[kept], strict=True)
            }
    listed = _listed(study, items, given, found, (most, hidden), cut_of)
    return Pairs(listed, tally.rows(counted, len(items)))


@dataclass
class _Tally:
    """Counts over all pairs."""

    study: Study
    pairs: int = 0
    losing: int = 0
    hidden: int = 0
    cutting: int = 0
    over: NDArray[np.int64] | None = None
    worst: int = 0
    worst_people: float = 0.0

    def add(self, loss: I8, beyond: I8, people: F8, cut: F8, a: I8, b: I8) -> None:
        """Count a block."""
        units = np.array([level * float(self.study.net.demand.sum()) for level in LEVELS])
        over = (loss[:, None] > units).sum(axis=0)
        self.over = over if self.over is None else self.over + over
        self.pairs += loss.size
        self.losing += int((loss > 0).sum())
        self.hidden += int((beyond > 0).sum())
        self.cutting += int((people > cut[a] + cut[b]).sum())
        self.worst = max(self.worst, int(loss.max(initial=0)))
        self.worst_people = max(self.worst_people, float(people.max(initial=0.0)))

    def rows(self, counted: kernel.Counted, items: int) -> list[dict[str, Any]]:
        """Rows of the table ``failure_summary``."""
        unit = self.study.net.unit_mbps
        over = self.over if self.over is not None else np.zeros(len(LEVELS), np.int64)
        figures = [
            ("elements", items, "1", "Elements that fail in pairs"),
            ("pairs", self.pairs, "1", "Pairs computed"),
            (
                "pairs_anew",
                counted.anew,
                "1",
                "Pairs that needed a flow of their own; the others follow exactly",
            ),
            ("pairs_losing", self.losing, "1", "Pairs that lose traffic"),
            *(
                (f"pairs_over_{100 * level:g}", int(n), "1", f"Pairs that lose over {100 * level:g} % of it")
                for level, n in zip(LEVELS, over, strict=True)
            ),
            ("pairs_hidden", self.hidden, "1", "Pairs that lose more than both alone"),
            ("pairs_cutting", self.cutting, "1", "Pairs that cut off more people than both alone"),
            ("worst_mbps", self.worst * unit, "Mbit/s", "Most traffic that a pair loses"),
            ("worst_people", self.worst_people, "1", "Most people whom a pair leaves without any way"),
        ]
        return [{"key": k, "value": float(v), "unit": u, "title": t} for k, v, u, t in figures]


def _listed(
    study: Study,
    items: Sequence[Element],
    given: kernel.Cases,
    found: kernel.Singles,
    best: tuple[_Best, _Best],
    cut_of: dict[tuple[int, int], float],
) -> list[dict[str, Any]]:
    """Rows of the table ``failure_pairs``, with shares of their own."""
    chosen = [
        (why, int(a), int(b), int(v))
        for why, top in zip(("loss", "hidden"), best, strict=True)
        for v, a, b in zip(top.value, top.a, top.b, strict=True)
    ]
    edges = [given.lost[given.first[a] : given.first[a + 1]] for a in range(given.size)]
    shares = study.shares.without([np.union1d(edges[a], edges[b]) for _, a, b, _ in chosen])
    out = []
    for (why, a, b, value), share in zip(chosen, shares, strict=True):
        one, two = items[a], items[b]
        alone_ = int(found.loss[a] + found.loss[b])
        loss = value if why == "loss" else value + alone_
        hours = min(one.repair_hours, two.repair_hours)
        felt = effects.effect(study.where, share, study.shares.usual, hours)
        out.append(
            {
                "listed": why,
                "kind_a": one.kind,
                "name_a": one.name,
                "kind_b": two.kind,
                "name_b": two.name,
                "people_cut": cut_of[a, b],
                "demand_lost_mbps": loss * study.net.unit_mbps,
                "hidden_mbps": (loss - alone_) * study.net.unit_mbps,
                "carried_share": (study.base.delivered - loss) / max(int(study.net.demand.sum()), 1),
                "repair_hours": max(one.repair_hours, two.repair_hours),
                "person_hours": float(felt.person_hours.sum()),
            }
        )
    return out


def districts(study: Study, single: Alone) -> list[dict[str, Any]]:
    """Rows of the table ``failure_districts``."""
    where = study.where
    hours = np.array([felt.person_hours for felt in single.effects]).reshape(-1, where.districts.size)
    cut = np.array([felt.cut_people for felt in single.effects]).reshape(hours.shape)
    rate = np.array([item.faults_year for item in single.items])
    # a fault that outlasts the year's next one cannot cost more than the year
    expected = rate @ hours if rate.size else np.zeros(where.districts.size)
    out = []
    for d, name in enumerate(where.districts):
        a = int(np.argmax(hours[:, d])) if hours.shape[0] else -1
        some = a >= 0 and hours[a, d] > 0.0
        people = float(where.people[d].sum())
        out.append(
            {
                "district": str(name),
                "province": str(where.province[d]),
                "people": people,
                "worst_kind": single.items[a].kind if some else "",
                "worst_name": single.items[a].name if some else "",
                "worst_lost_share": float(single.effects[a].lost_share[d]) if some else 0.0,
                "worst_people_cut": float(cut[a, d]) if some else 0.0,
                "worst_person_hours": float(hours[a, d]) if some else 0.0,
                "single_points": int((cut[:, d] > 0.0).sum()),
                "expected_person_hours_year": min(float(expected[d]), people * YEAR_H),
            }
        )
    return out


def tables(study: Study, order: int, denied: Sequence[str]) -> dict[str, pd.DataFrame]:
    """All tables of failures up to an order; empty ones where nothing is to fail."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    if order and len(study.tables["nodes"]):
        single = alone(study)
        gone = denial.denials(study.things, denied)
        rows["failures"] = [study.usual, *single.rows, *sky_rows(study), *_denied(study, gone)]
        rows["failure_districts"] = districts(study, single)
        rows["denials"] = [row for item in gone for row in denial_rows(study, item)]
        if order > 1:
            both = pairs(study, single)
            rows["failure_pairs"], rows["failure_summary"] = both.listed, both.summary
    title = "How many elements fail at once at most (0: nothing was made to fail)"
    rows["failure_summary"].insert(0, {"key": "order", "value": float(order), "unit": "1", "title": title})
    return {name: frame(name, found) for name, found in rows.items()}


def _denied(study: Study, gone: Sequence[Gone]) -> list[dict[str, Any]]:
    """Denials have no end: hours, and what is counted in hours, are those of one day."""
    return [failed(study, item, hours=24.0) | {"case": "denied", "kind": "denial"} for item in gone]


def frame(name: str, rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Table of the schema from rows."""
    import pandas as pd

    columns = schema.tables()[name]
    kinds = {key: "object" if spec.type == "string" else spec.type for key, spec in columns.items()}
    return pd.DataFrame(list(rows), columns=list(columns)).astype(kinds)
