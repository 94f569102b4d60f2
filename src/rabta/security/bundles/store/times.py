"""Time as a node knows it: seconds that it counted itself, and a lower bound that others vouched for."""

from __future__ import annotations

import time
from dataclasses import dataclass

from rabta.security.bundles.codec.bundle import Bundle


@dataclass(frozen=True)
class Times:
    """Decides what has expired.

    Attributes
    ----------
    lower : int
        DTN time, milliseconds since 2000, that it surely is by now: that of the newest witnessed checkpoint.
        Zero where none is known. It never goes back, and no clock on board enters it.
    """

    lower: int = 0

    def remaining(self, bundle: Bundle) -> float:
        """Seconds that a bundle may still live, by its age and by the lower bound; negative: expired.

        A bundle without age and creation time is taken as new. A creation time ahead of the lower bound says
        nothing: the source's clock may be wrong, or the bound old.
        """
        primary = bundle.primary
        age = bundle.age or 0
        if primary.created:
            age = max(age, self.lower - primary.created)
        return (primary.lifetime - age) / 1000

    def expired(self, bundle: Bundle) -> bool:
        """True of a bundle that is too old for certain."""
        return self.remaining(bundle) < 0


def elapsed() -> float:
    """Seconds of the machine's own steady clock, suspend included; never back while the machine is up."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux alone counts suspend
    return time.clock_gettime(clock)
