"""What the editions of F3411 write differently between services: paths, scopes, bodies and limits.

Constants and paths are those of InterUSS's `uas_standards`, which quote the standard's tables.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rabta.airspace.volumes import Volume
from rabta.airspace.volumes import messages as written
from rabta.airspace.volumes.volume import Polygon
from rabta.errors import RabtaError, nearest

PAST_S = 60.0  # NetMaxNearRealTimeDataPeriodSeconds
LEAST_SHARE = 0.15  # NetMinClusterSizePercent
LEAST_APART_M = 300.0  # NetMinObfuscationDistanceM
LOWEST_M, HIGHEST_M = -1_000.0, 30_000.0
Message = Mapping[str, Any]


@dataclass(frozen=True)
class Edition:
    """How services of one edition speak with each other.

    Attributes
    ----------
    prefix : str
        Of paths of services; of paths in discovery with ``discovery`` before it.
    show, serve : str
        Scopes of who displays and of who serves those who fly.
    largest_km, detailed_km : float
        Diagonal of the largest view, and of the largest that shows single flights.
    """

    name: str
    prefix: str
    discovery: str
    show: str
    serve: str
    largest_km: float
    detailed_km: float
    of_2019: bool

    def areas(self, area: str, version: str = "") -> str:
        """Path in discovery of an identification service area."""
        return f"{self.discovery}/dss/identification_service_areas/{area}" + (
            f"/{version}" if version else ""
        )

    def watches(self, watch: str, version: str = "") -> str:
        """Path in discovery of a subscription."""
        return f"{self.discovery}/dss/subscriptions/{watch}" + (f"/{version}" if version else "")

    def area_body(self, volume: Volume, public: str) -> dict[str, Any]:
        """Body that asks for an area of ours."""
        return {"extents": self.extents(volume), **self._at(public, "flights_url", "/uss/flights")}

    def watch_body(self, volume: Volume, public: str) -> dict[str, Any]:
        """Body that asks for a subscription of ours."""
        back = self._at(public, "identification_service_area_url", "/uss/identification_service_areas")
        return {"extents": self.extents(volume), **({"callbacks": back} if self.of_2019 else back)}

    def _at(self, public: str, key: str, path: str) -> dict[str, str]:
        return {key: public + self.prefix + path} if self.of_2019 else {"uss_base_url": public}

    def extents(self, volume: Volume) -> dict[str, Any]:
        """Volume4D of this edition."""
        if not self.of_2019:
            return written.message(volume)
        assert isinstance(volume.outline, Polygon)
        corners = [{"lat": lat, "lng": lon} for lat, lon in volume.outline.corners]
        space: dict[str, Any] = {"footprint": {"vertices": corners}}
        space |= {"altitude_lo": volume.lower_m, "altitude_hi": volume.upper_m}
        times = {"time_start": volume.start_s, "time_end": volume.end_s}
        return {"spatial_volume": space,
                **{key: written.instant(at) for key, at in times.items() if math.isfinite(at)}}  # fmt: skip

    def flights_url(self, area: Message) -> str:
        """Address at which the flights of an area are found."""
        return str(area.get("flights_url", "")) if self.of_2019 else f"{area.get('uss_base_url')}/uss/flights"

    def notified_url(self, url: str, area: str) -> str:
        """Address at which a subscriber hears of an area."""
        return f"{url}/{area}" if self.of_2019 else f"{url}/uss/identification_service_areas/{area}"

    def asked(self, view: str) -> str:
        """Query for the flights in a view and where they were in the last minute."""
        more = "include_recent_positions=true" if self.of_2019 else f"recent_positions_duration={PAST_S:g}"
        return f"view={view}&{more}"

    def past_s(self, query: Mapping[str, str]) -> float:
        """How far back a query asks for positions.

        Raises
        ------
        RabtaError
        """
        if self.of_2019:
            return PAST_S if query.get("include_recent_positions", "").lower() == "true" else 0.0
        try:
            found = float(query.get("recent_positions_duration", "0"))
        except ValueError:
            found = math.nan
        if not 0.0 <= found <= PAST_S:
            raise RabtaError("out of range", key="recent_positions_duration",
                             value=query.get("recent_positions_duration"), expected="0 to 60")  # fmt: skip
        return found

    def when(self, at_s: float) -> Any:
        """An instant."""
        return written.instant(at_s) if self.of_2019 else written.when(at_s)

    def at_s(self, given: object, key: str) -> float:
        """Seconds since 1970 of an instant, in either form.

        Raises
        ------
        RabtaError
        """
        return written.seconds(given.get("value") if isinstance(given, Mapping) else given, key)


F3411_22A = Edition(
    "F3411-22a", "", "/rid/v2", "rid.display_provider", "rid.service_provider", 7.0, 2.0, False
)
F3411_19 = Edition("F3411-19", "/v1", "/v1", "dss.read.identification_service_areas",
                   "dss.write.identification_service_areas", 3.6, 1.0, True)  # fmt: skip
EDITIONS = {one.name: one for one in (F3411_22A, F3411_19)}


def edition(name: str) -> Edition:
    """Edition of a name.

    Raises
    ------
    RabtaError
    """
    if name not in EDITIONS:
        raise RabtaError("no such edition", key="--remote-id", value=name, expected=nearest(name, EDITIONS))
    return EDITIONS[name]
