"""Who is in a group in an epoch: credentials under the root and on the log, less those that do not hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rabta.errors import RabtaError
from rabta.security.identity.credential import Claims
from rabta.security.identity.epochs import short
from rabta.security.identity.issue import Bundle
from rabta.security.identity.trust import Trust, named


@dataclass
class Roll:
    """Devices of an epoch.

    Attributes
    ----------
    members : dict of int to str
        Numbers of the devices that get the key, with their names.
    out : dict of str to str
        Names of those who do not, with the reason.
    """

    members: dict[int, str] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)


def called(bundles: Iterable[Bundle], trust: Trust, number: int, revoked: Iterable[Bundle] = ()) -> Roll:
    """Who of these gets the key of an epoch.

    Parameters
    ----------
    bundles : iterable of Bundle
        Everybody who may be in the group; whoever is not among them gets no key.
    trust : Trust
        With the newest epoch before; whoever it revokes is out.
    number : int
        The epoch.
    revoked : iterable of Bundle
        Who is revoked with it. Nothing else of them is judged: they are out, whatever else.

    Raises
    ------
    Rejected
        Where a credential is not signed by enough officers, or not on the log.
    RabtaError
        Where two nodes have one device number: what one loses the other has.
    """
    gone = trust.epoch.revoked | short(named(one) for one in revoked)
    found = [(trust.claimed(one), named(one)) for one in (*bundles, *revoked)]
    lost = {claims.device for claims, name in found if short([name]) <= gone}
    roll = Roll()
    for claims, name in found:
        reason = _reason(claims, number, lost, revoked=short([name]) <= gone)
        if reason:
            roll.out[claims.name] = reason
        elif roll.members.setdefault(claims.device, claims.name) != claims.name:
            names = f"{roll.members[claims.device]} and {claims.name}"
            raise RabtaError("two nodes have one device number", key="device", value=claims.device,
                             expected=f"other numbers for {names}")  # fmt: skip
    return roll


def _reason(claims: Claims, number: int, lost: set[int], *, revoked: bool) -> str:
    """Why somebody gets no key; empty for who gets it."""
    if revoked:
        return "revoked"
    if claims.device < 0:
        return "no device number"
    if claims.device in lost:
        return f"device {claims.device} was another's that is revoked"
    if claims.last < number:
        return f"expired with epoch {claims.last}"
    return f"begins with epoch {claims.first}" if claims.first > number else ""
