"""A plan whose contacts are off most of the time."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from rabta.errors import RabtaError
from rabta.security.bundles.contacts.plan import Contact, Plan


def thin(plan: Plan, share: float, slot_s: float = 60.0, seed: int = 1) -> Plan:
    """Plan in which each pair of nodes has lost a share of its contact time, drawn in slots.

    Parameters
    ----------
    share : float
        Part of each pair's slots that is lost, 0 to below 1; at least one slot of a pair stays.
    slot_s : float
        Longest slot, seconds. Both directions of a pair lose the same.
    """
    if not 0 <= share < 1 or slot_s <= 0:
        raise RabtaError("no such outage", value=share, expected="a share from 0 to below 1, slots above 0 s")
    draw = random.Random(seed)  # noqa: S311 (no secret)
    pairs: dict[tuple[str, ...], dict[tuple[float, float], list[Contact]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for item in plan.contacts:
        for start, end in _slots(item, slot_s):
            pairs[tuple(sorted((item.sender, item.receiver)))][start, end].append(item)
    kept: list[Contact] = []
    for _, slots in sorted(pairs.items()):
        stay = max(1, round(len(slots) * (1 - share)))
        for part in draw.sample(sorted(slots), stay):
            kept += [
                Contact(*part, item.sender, item.receiver, item.rate_bps, item.delay_s)
                for item in slots[part]
            ]
    return Plan(_joined(kept))


def _slots(item: Contact, slot_s: float) -> list[tuple[float, float]]:
    count = max(1, round((item.end - item.start) / slot_s))
    width = (item.end - item.start) / count
    edges = [item.start + width * at for at in range(count)] + [item.end]
    return list(itertools.pairwise(edges))


def _joined(contacts: Iterable[Contact]) -> list[Contact]:
    """Contacts that follow each other without a gap, as one."""
    out: list[Contact] = []
    for item in sorted(contacts, key=lambda one: (*_kind(one), one.start)):
        last = out[-1] if out else None
        if last is not None and _kind(last) == _kind(item) and last.end == item.start:
            out[-1] = replace(last, end=item.end)
        else:
            out.append(item)
    return out


def _kind(item: Contact) -> tuple[str, str, float, float]:
    return item.sender, item.receiver, item.rate_bps, item.delay_s


def repeated(plan: Plan, times: int) -> Plan:
    """Plan that begins anew when it has ended, so many times in all (modelled)."""
    first, last = plan.span
    shifts = [(last - first) * at for at in range(times)]
    return Plan(
        replace(item, start=item.start + shift, end=item.end + shift)
        for shift in shifts
        for item in plan.contacts
    )


def up_share(plan: Plan, span: tuple[float, float]) -> float:
    """Mean share of a span in which a pair has its contact, over the pairs of a plan."""
    busy: dict[tuple[str, str], float] = defaultdict(float)
    for item in plan.contacts:
        busy[item.sender, item.receiver] += item.end - item.start
    return sum(busy.values()) / len(busy) / (span[1] - span[0]) if busy else 0.0
