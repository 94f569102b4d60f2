"""Tables of the posture: who sees and cuts, makers, and government users before and with the overlay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.security.posture import refusals
from rabta.security.posture import ways as over
from rabta.security.posture.network import Network
from rabta.security.posture.refusals import Cuts, Party
from rabta.security.posture.register import UNKNOWN, Crypto, Register
from rabta.security.posture.users import Flow, User

if TYPE_CHECKING:
    import pandas as pd

B1 = NDArray[np.bool_]
F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Posture:
    """Everything known of some flows over a network.

    Attributes
    ----------
    pairs : sequence of (place, place)
        Of the flows first, then of others.
    classes : mapping of str to Crypto
    overlay : Crypto or None
        Class that traffic between the state's own sites has with the overlay.
    """

    network: Network
    book: Register
    home: str
    users: Sequence[User]
    flows: Sequence[Flow]
    pairs: Sequence[tuple[int, int]]
    classes: dict[str, Crypto]
    overlay: Crypto | None

    @cached_property
    def ways(self) -> list[tuple[over.Way, over.Way]]:
        """Normal way and backup of each pair."""
        return over.ground(self.network, self.pairs)

    @cached_property
    def tags(self) -> list[tuple[over.Tag, over.Tag]]:
        """What they touch."""
        return [(self._tag(first), self._tag(second)) for first, second in self.ways]

    def _tag(self, way: over.Way) -> over.Tag:
        return over.tag(over.with_alternatives(self.network, way), self.book, self.home)

    @cached_property
    def cuts(self) -> Cuts:
        """Who cuts which pair."""
        return refusals.cuts(self.network, self.book, self.pairs)

    @cached_property
    def mbps(self) -> F8:
        """Traffic of each flow."""
        return np.array([flow.mbps for flow in self.flows], dtype=np.float64)

    def country(self, party: Party) -> str:
        """Country of a party; empty where it is not known."""
        if party.kind == "country":
            return party.name
        if party.kind == "owner":
            return self.book.owner_country(party.name)
        return self.book.makers[party.name].country

    @cached_property
    def foreign(self) -> B1:
        """Parties that are known to be foreign."""
        return np.array([self.country(p) not in ("", self.home) for p in self.cuts.parties], dtype=bool)

    def share(self, on: Iterable[bool], weight: F8 | float = 1.0) -> float:
        """Part of the flows' traffic for which something holds."""
        chosen = np.fromiter(on, dtype=np.float64, count=len(self.flows)) * weight
        whole = self.mbps.sum()
        return round(float((self.mbps * chosen).sum() / whole), 12) if whole > 0.0 else float("nan")

    def reads(self, *, future: bool, overlay: bool) -> F8:
        """Part of each flow whose content whoever carries it reads.

        The overlay needs a node of the state at both ends: traffic to a cloud abroad stays as it was.
        """
        known = {user.name: user for user in self.users}
        out = []
        for flow in self.flows:
            user = known[flow.user]
            if overlay and self.overlay is not None and not flow.cloud:
                mix = {self.overlay.name: 1.0}
            else:
                mix = dict(user.crypto)
            out.append(sum(s for n, s in mix.items() if _content(self.classes[n], future)))
        return np.array(out, dtype=np.float64)

    def changeable(self, *, overlay: bool) -> F8:
        """Part of each flow that whoever carries it can change unnoticed."""
        known = {user.name: user for user in self.users}
        safe = overlay and self.overlay is not None
        return np.array(
            [
                0.0
                if safe and not flow.cloud
                else sum(s for n, s in known[flow.user].crypto.items() if not self.classes[n].integrity)
                for flow in self.flows
            ],
            dtype=np.float64,
        )

    def of(self, user: str) -> Posture:
        """The same of one user's flows."""
        rows = [i for i, flow in enumerate(self.flows) if flow.user == user]
        made = replace(self, flows=[self.flows[i] for i in rows], pairs=[self.pairs[i] for i in rows])
        found = self.cuts
        part = (x[:, rows] for x in (found.ground, found.everything, found.may_ground, found.may_everything))
        made.__dict__.update(
            ways=[self.ways[i] for i in rows],
            tags=[self.tags[i] for i in rows],
            cuts=Cuts(found.parties, *part),
        )
        return made


def _content(known: Crypto, future: bool) -> bool:
    return known.content_future if future else known.content_today


def owners(p: Posture) -> pd.DataFrame:
    """Table ``posture_owners``: owners and countries, and whoever is not published."""
    import pandas as pd

    reads = {
        "content_share": p.reads(future=False, overlay=False),
        "content_future_share": p.reads(future=True, overlay=False),
        "content_overlay_share": p.reads(future=False, overlay=True),
        "content_future_overlay_share": p.reads(future=True, overlay=True),
    }
    rows = []
    for i, party in enumerate(p.cuts.parties):
        if party.kind != "maker":
            country = p.country(party)
            who = {"party": party.name, "kind": party.kind, "country": country, "home": country == p.home}
            seen = [_sees(tag, party) for tag, _ in p.tags[: len(p.flows)]]
            backup = [_sees(tag, party) for _, tag in p.tags[: len(p.flows)]]
            rows.append(who | _seen(p, seen, backup, reads) | _cut(p, i))
    seen = [tag.unknown_owner > 0.0 for tag, _ in p.tags[: len(p.flows)]]
    backup = [tag.unknown_owner > 0.0 for _, tag in p.tags[: len(p.flows)]]
    lost = np.array([not e.owners and (bool(e.medium) or e.tapped) for e in p.network.elements], dtype=bool)
    apart = refusals.without(p.network, lost, p.pairs)[: len(p.flows)]
    blank = {"party": UNKNOWN, "kind": "owner", "country": "", "home": False}
    nothing = {"cuts_ground_share": np.nan, "cuts_share": np.nan, "may_cut_share": np.nan}
    rows.append(blank | _seen(p, seen, backup, reads) | nothing | {"may_cut_ground_share": p.share(apart)})
    return pd.DataFrame(rows)


def _sees(tag: over.Tag, party: Party) -> bool:
    return party.name in (tag.owners if party.kind == "owner" else tag.countries)


def _seen(p: Posture, seen: list[bool], backup: list[bool], reads: dict[str, F8]) -> dict[str, Any]:
    found = {"sees_share": p.share(seen), "sees_backup_share": p.share(backup)}
    return found | {name: p.share(seen, part) for name, part in reads.items()}


def _cut(p: Posture, row: int) -> dict[str, Any]:
    count = len(p.flows)
    return {
        "cuts_ground_share": p.share(p.cuts.ground[row, :count]),
        "cuts_share": p.share(p.cuts.everything[row, :count]),
        "may_cut_ground_share": p.share(p.cuts.may_ground[row, :count]),
        "may_cut_share": p.share(p.cuts.may_everything[row, :count]),
    }


def makers(p: Posture) -> pd.DataFrame:
    """Table ``posture_makers``: makers named, alone or among others, chips included, and planned ones."""
    import pandas as pd

    rows = [_maker(p, i, party.name) for i, party in enumerate(p.cuts.parties) if party.kind == "maker"]
    planned = sorted(p.book.planned - {str(row["maker"]) for row in rows})
    rows += [_named(p, name) | _nothing(0.0) | {"planned": True} for name in planned]
    lost = np.array([bool(e.medium) and not e.makers for e in p.network.elements], dtype=bool)
    blank = {"maker": UNKNOWN, "title": "Not published", "country": "", "chips": UNKNOWN}
    counts = {"elements": 0, "may_elements": int(lost.sum()), "capacity_share": _capacity(p, lost)}
    rests = p.share(tag.unknown_maker > 0.0 for tag, _ in p.tags[: len(p.flows)])
    apart = p.share(refusals.without(p.network, lost, p.pairs)[: len(p.flows)])
    shares = _nothing(np.nan) | counts | {"may_rest_share": rests, "may_cut_ground_share": apart}
    rows.append(blank | shares | {"planned": False})
    return pd.DataFrame(rows)


def _named(p: Posture, name: str) -> dict[str, Any]:
    maker = p.book.makers[name]
    chips = ", ".join([*sorted(maker.chips), *([] if maker.chips_known else [UNKNOWN])])
    return {"maker": name, "title": maker.title, "country": maker.country, "chips": chips}


def _nothing(value: float) -> dict[str, Any]:
    names = ("capacity_share", "rests_share", "may_rest_share", "cuts_ground_share", "cuts_share",
             "may_cut_ground_share", "may_cut_share")  # fmt: skip
    return {"elements": 0, "may_elements": 0} | dict.fromkeys(names, value)


def _maker(p: Posture, row: int, name: str) -> dict[str, Any]:
    party = Party("maker", name)
    found = [refusals.hit(e, party, p.book) for e in p.network.elements]
    sure, may = (np.array([pair[k] for pair in found], dtype=bool) for k in (0, 1))
    first = [np.array(way.elements, dtype=np.int64) for way, _ in p.ways[: len(p.flows)]]
    shares = {
        "elements": int(sure.sum()),
        "may_elements": int(may.sum()),
        "capacity_share": _capacity(p, may),
        "rests_share": p.share(bool(sure[rows].any()) for rows in first),
        "may_rest_share": p.share(bool(may[rows].any()) for rows in first),
    }
    return _named(p, name) | shares | _cut(p, row) | {"planned": name in p.book.planned}


def _capacity(p: Posture, chosen: B1) -> float:
    """Part of the capacity towards abroad on some of the elements."""
    abroad = np.array([_leads_abroad(p, e) for e in range(len(p.network.elements))], dtype=bool)
    mbps = np.array([e.capacity_mbps for e in p.network.elements])
    total = mbps[abroad].sum()
    return float(mbps[abroad & chosen].sum() / total) if total > 0.0 else float("nan")


def _leads_abroad(p: Posture, element: int) -> bool:
    """Whether an element is a circuit from home to abroad: a cable or a way over the border."""
    item = p.network.elements[element]
    if item.medium not in ("submarine", "land"):
        return False
    rows = np.flatnonzero(p.network.element == element)
    places = {int(x) for row in rows for x in (p.network.tail[row], p.network.head[row])}
    ends = {code for place in places for code in p.network.elements[p.network.place_element[place]].located}
    return p.home in ends and len(ends) > 1


def ministries(p: Posture) -> pd.DataFrame:
    """Table ``posture_ministries``."""
    import pandas as pd

    return pd.DataFrame([_user(p.of(user.name), user) for user in p.users])


def _user(p: Posture, user: User) -> dict[str, Any]:
    first = [tag for tag, _ in p.tags]
    abroad = [_foreign_operator(p, tag) for tag in first]
    strange = np.array([on or tag.leaves for on, tag in zip(abroad, first, strict=True)])
    chips = (p.book.chip_countries(tag.makers) - {p.home} for tag in first)
    before, later = p.reads(future=False, overlay=False), p.reads(future=True, overlay=False)
    overlay, overlay_later = p.reads(future=False, overlay=True), p.reads(future=True, overlay=True)
    every = [True] * len(p.flows)
    return {
        "user": user.name,
        "title": user.title,
        "kind": user.kind,
        "mbps": float(p.mbps.sum()),
        "leaves_share": p.share(tag.leaves for tag in first),
        "cloud_share": p.share(bool(flow.cloud) for flow in p.flows),
        "foreign_operator_share": p.share(abroad),
        "foreign_control_share": p.share(
            any(p.book.parent_country(n) not in ("", p.home) for n in tag.owners) for tag in first
        ),
        "foreign_maker_share": p.share(_foreign_made(p, way) for way, _ in p.ways),
        "foreign_chip_share": p.share(bool(found) for found in chips),
        "unknown_owner_share": p.share(tag.unknown_owner > 0.0 for tag in first),
        "unknown_maker_share": p.share(tag.unknown_maker > 0.0 for tag in first),
        "content_before": p.share(every, before),
        "content_foreign_before": p.share(strange, before),
        "content_future_before": p.share(every, later),
        "content_overlay": p.share(every, overlay),
        "content_foreign_overlay": p.share(strange, overlay),
        "content_future_overlay": p.share(every, overlay_later),
        "content_cloud": p.share(bool(flow.cloud) for flow in p.flows),
        "metadata": p.share(every),
        "no_integrity_before": p.share(every, p.changeable(overlay=False)),
        "no_integrity_overlay": p.share(every, p.changeable(overlay=True)),
        "cut_ground_share": _cut_by(p, p.cuts.ground, maker=False),
        "cut_share": _cut_by(p, p.cuts.everything, maker=False),
        "maker_cut_ground_share": _cut_by(p, p.cuts.ground, maker=True),
        "maker_cut_share": _cut_by(p, p.cuts.everything, maker=True),
    }


def _cut_by(p: Posture, cut: B1, *, maker: bool) -> float:
    """Part that one foreign maker, or one foreign owner or country, cuts alone."""
    chosen = p.foreign & np.array([(party.kind == "maker") == maker for party in p.cuts.parties], dtype=bool)
    return p.share(np.asarray(cut[chosen].any(axis=0)))


def _foreign_operator(p: Posture, tag: over.Tag) -> bool:
    return any(p.book.owner_country(name) not in ("", p.home) for name in tag.owners)


def _foreign_made(p: Posture, way: over.Way) -> bool:
    """Whether some element has only foreign makers named."""
    named = (p.network.elements[e].makers for e in way.elements)
    return any(made and p.home not in p.book.countries(made) for made in named)


def cutters(p: Posture, column: int) -> tuple[str, str, str]:
    """Foreign parties that alone cut a pair: over the ground, over everything, at most over the ground."""
    found = (p.cuts.ground, p.cuts.everything, p.cuts.may_ground)
    who = p.cuts.parties
    return tuple(  # type: ignore[return-value]
        ", ".join(f"{who[i].kind} {who[i].name}" for i in np.flatnonzero(hits[:, column] & p.foreign))
        for hits in found
    )
