"""How sites come back after a flood, and the flood of 2022 again.

Of the sites that go out, most wait for mains (or for crews in the hills), the rest for the water to go::

    down(t) = down(0) * ((1 - standing) * exp(-repair * t) + standing * exp(-recession * t))

Everything but the peak is from other floods (2025) or from satellites; see the catalog's ``hazards/flood``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta.transport.hazards.exposure import Exposure
from rabta.transport.hazards.sources import Flood, Standby

F8 = NDArray[np.float64]


@dataclass(frozen=True)
class Recovery:
    """Rates a day and the standing share, one of each district."""

    repair: F8
    recession: F8
    standing: F8

    def left(self, days: ArrayLike) -> F8:
        """Share of the sites still out after some days, shape (..., district); 1 before the flood's peak."""
        t = np.maximum(np.asarray(days, np.float64), 0.0)[..., None]
        fast = (1.0 - self.standing) * np.exp(-self.repair * t)
        return np.asarray(fast + self.standing * np.exp(-self.recession * t))

    @property
    def mean_days(self) -> F8:
        """Days that a site is out in the mean: the integral of `left`."""
        return np.asarray((1.0 - self.standing) / self.repair + self.standing / self.recession)


def recovery(of: Exposure, flood: Flood, *, repair: float | None = None) -> Recovery:
    """Recovery of every district; ``repair`` replaces the rate of the plains and the hills."""
    recession = flood.recession_rate(of.extent_km2)
    standing = flood.standing_share(recession.get(str(flood.entry["standing"]["province"]), 0.0))
    rate = np.where(of.hills, flood.flash_rate, flood.mains_rate)
    return Recovery(
        rate if repair is None else np.full(len(of.districts), repair),
        np.array([recession[p] for p in of.provinces]),
        np.full(len(of.districts), standing),
    )


def peak_2022(of: Exposure, flood: Flood, out_share: float | None = None) -> F8:
    """Sites out on 28 August 2022 by district, of the sites of that time.

    ``out_share`` is the share of the sites on flooded land that goes out; the fitted one by default.
    """
    flooded, every = float(of.flooded_sites.sum()), float(of.sites.sum())
    share = flood.out_share(flooded, every) if out_share is None else out_share
    return np.asarray(of.flooded_sites * (flood.base_sites / every) * share)


def unfitted_share(standby: Standby) -> float:
    """Share of the sites on flooded land that goes out if all of them lose mains: nothing of 2022 in it."""
    return standby.lost_share


def by_province(of: Exposure, amount: F8) -> dict[str, F8]:
    """Sum over the districts of each province; districts are the last axis."""
    names = np.array(of.provinces)
    return {str(name): amount[..., names == name].sum(axis=-1) for name in np.unique(names)}
