"""What time it may be: bounds that no receiver of satellite navigation can widen.

The lower bound is the newest time that a quorum of witnesses signed, plus what the node's own oscillator
has counted since at the least; the upper bound is an instant that was set by hand or by a quorum, plus the
most that it may have counted. A navigation fix is believed inside the bounds only. No credential is judged
by any of this: epochs do that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Bounds of UTC, seconds; `now` is always the node's monotonic counter, seconds.

    Parameters
    ----------
    drift_ppm : float
        Most that the oscillator is off, parts in a million.
    """

    drift_ppm: float = 20.0
    alarms: list[str] = field(default_factory=list)
    _seen: tuple[float, float] = (0.0, 0.0)
    _least: tuple[float, float] = (0.0, 0.0)
    _most: tuple[float, float] = (math.inf, 0.0)

    def lower(self, now: float) -> float:
        """Earliest UTC that it may be."""
        rate = 1.0 - self.drift_ppm * 1e-6
        return max(stated + max(now - at, 0.0) * rate for stated, at in (self._seen, self._least))

    def upper(self, now: float) -> float:
        """Latest UTC that it may be; infinity where nobody ever set it."""
        stated, at = self._most
        return stated + max(now - at, 0.0) * (1.0 + self.drift_ppm * 1e-6)

    def witnessed(self, utc: float, now: float) -> None:
        """A quorum of witnesses signed this time: it is past. It only ever moves the lower bound up."""
        stated, at = self._seen
        if utc > stated + max(now - at, 0.0) * (1.0 - self.drift_ppm * 1e-6):
            self._seen = utc, now
        if utc > self.upper(now):
            self.alarms.append("witnesses state a later time than this node's bound: it was set wrongly")
            self._most = math.inf, now

    def set(self, utc: float, error_s: float, now: float) -> None:
        """Set by hand, at the installation or a ceremony; what was set by hand before counts no more."""
        self._least, self._most = (utc - error_s, now), (utc + error_s, now)

    def fix(self, utc: float, error_s: float, now: float) -> bool:
        """A navigation fix: narrows the bounds where it lies inside, raises an alarm elsewhere."""
        low, high = self.lower(now), self.upper(now)
        if utc + error_s < low or utc - error_s > high:
            self.alarms.append(f"navigation states {utc:.0f} s, outside of {low:.0f} to {high:.0f}")
            return False
        if not math.isfinite(high):
            return False  # nothing bounds it from above, so it cannot be told from a lie
        self._least = max(low, utc - error_s), now
        self._most = min(high, utc + error_s), now
        return True
