"""Geozones at approval: closed ones refuse, those that ask for an authorisation unless it was given."""

from __future__ import annotations

from dataclasses import dataclass, field

from rabta.airspace.dss.intents import OFF_NOMINAL
from rabta.airspace.geozones.conflicts import Conflict, conflicts
from rabta.airspace.geozones.heights import Ground
from rabta.airspace.geozones.model import Kind, Zone
from rabta.airspace.uss.rules import Intent, RejectedError
from rabta.errors import RabtaError, nearest

WORDS = {Kind.PROHIBITED: "is prohibited", Kind.AUTHORIZATION: "asks for an authorisation"}


@dataclass(frozen=True)
class Clearance:
    """Zones of a service, and which of them its operators are authorised for.

    Attributes
    ----------
    zones : tuple of Zone
    ground : Ground
        For limits above the ground; where it is unknown, heights that may meet count as meeting.
    authorised : frozenset of str
        Identifiers of zones; a prohibited zone stays so.

    Raises
    ------
    RabtaError
        Where an authorisation names no zone.
    """

    zones: tuple[Zone, ...]
    ground: Ground = field(default_factory=Ground)
    authorised: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        names = sorted({one.identifier for one in self.zones})
        for name in sorted(self.authorised.difference(names)):
            raise RabtaError("no such zone", key="authorised", value=name, expected=nearest(name, names))

    def check(self, wanted: Intent) -> None:
        """Refuse a plan that meets a closed zone; one of the service's checks.

        A flight that is off its plan is never refused: it is where it is.

        Raises
        ------
        RejectedError
        """
        if wanted.state in OFF_NOMINAL:
            return
        found = [one for one in conflicts(wanted.volumes, self.zones, self.ground) if self._closed(one.zone)]
        if found:
            raise RejectedError("; ".join(map(told, found)), [one.zone.identifier for one in found])

    def _closed(self, zone: Zone) -> bool:
        if zone.kind == Kind.AUTHORIZATION:
            return zone.identifier not in self.authorised
        return zone.kind == Kind.PROHIBITED


def told(found: Conflict) -> str:
    """A meeting in words."""
    zone = found.zone
    doubt = "" if found.sure else " (its heights may meet)"
    return f"volume {found.volume + 1} meets {zone.identifier}, {zone.name}, which {WORDS[zone.kind]}{doubt}"
