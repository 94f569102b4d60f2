"""What is known of a flight before it is approved: each of its volumes, the whole, and reasons against it.

Figures of a volume: `outage` is the probability that an aircraft there has no command link (over line of
sight, shadowing and fading; see `channel`), averaged over places in the volume, `outage_worst` at the worst of them.
`hpl_m` is the protection level of navigation. The flight's outage is the expected share of its time without a
link. None is what the published fields do not tell.
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.airspace.feasibility import energy, ground
from rabta.airspace.feasibility.energy import Aircraft
from rabta.airspace.feasibility.fields import HIGHEST_M, LOWEST_M, Fields
from rabta.airspace.volumes import Circle, Volume
from rabta.airspace.volumes import messages as written

Array = NDArray[np.float64]
Ground = Callable[[Array, Array], Array]
"""Height of the ground above the WGS84 ellipsoid at places."""

LEAST_LEG_S = 1.0


@dataclass(frozen=True)
class Limits:
    """What an approval asks for.

    Attributes
    ----------
    outage : float
        Most of a flight's expected time without a command link.
    outage_worst : float
        Most in any one volume.
    hpl_m : float
        Highest horizontal protection level.
    ground_class : int
        Highest intrinsic ground risk class.
    refuse_unknown : bool
        Whether what is not known is refused; else it is only told.
    """

    outage: float = 0.05
    outage_worst: float = 0.3
    hpl_m: float = 40.0
    ground_class: int = 7
    refuse_unknown: bool = False


@dataclass(frozen=True)
class Part:
    """One volume as the fields see it; not a number where unknown."""

    start_s: float
    end_s: float
    height_m: float
    outage: float
    outage_worst: float
    hpl_m: float
    wind_m_s: float
    people_km2: float
    ground_class: int

    def told(self) -> dict[str, Any]:
        """For messages."""
        return {
            "start": written.instant(self.start_s), "end": written.instant(self.end_s),
            "height_m": round(self.height_m, 1), "outage": number(self.outage, 4),
            "outage_worst": number(self.outage_worst, 4), "hpl_m": number(self.hpl_m, 1),
            "wind_m_s": number(self.wind_m_s, 1), "people_km2": number(self.people_km2, 0),
            "ground_risk_class": self.ground_class or None,
        }  # fmt: skip


@dataclass(frozen=True)
class Leg:
    """Part of a flight's way.

    Attributes
    ----------
    seconds, metres, track_deg, climb_m_s : float
    part : int
        Number of the volume whose wind counts.
    """

    seconds: float
    metres: float
    track_deg: float
    climb_m_s: float
    part: int


@dataclass(frozen=True)
class Reason:
    """Why a plan should not be flown."""

    kind: str
    words: str
    volume: int | None = None

    def told(self) -> dict[str, Any]:
        """For messages."""
        return {"kind": self.kind, "words": self.words, "volume": self.volume}


@dataclass(frozen=True)
class Assessment:
    """A flight as the fields see it."""

    parts: tuple[Part, ...]
    outage: float
    hpl_m: float
    energy_wh: float
    usable_wh: float
    ground_class: int
    reasons: tuple[Reason, ...]
    unknown: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def feasible(self) -> bool:
        """True where nothing that is known speaks against the flight."""
        return not self.reasons

    def told(self) -> dict[str, Any]:
        """For messages."""
        return {
            "feasible": self.feasible, "outage": number(self.outage, 4), "hpl_m": number(self.hpl_m, 1),
            "energy_wh": number(self.energy_wh, 1), "usable_wh": number(self.usable_wh, 1),
            "ground_risk_class": self.ground_class or None, "ground_risk_source": ground.SOURCE,
            "energy_model": energy.MODEL, "reasons": [one.told() for one in self.reasons],
            "unknown": list(self.unknown), "fields": self.fields,
            "volumes": [one.told() for one in self.parts],
        }  # fmt: skip


def number(value: float, digits: int) -> float | None:
    """Rounded, or None for what is unknown or has no bound."""
    return round(value, digits) if math.isfinite(value) else None


@dataclass(frozen=True)
class Assessor:
    """Fields, an aircraft and what an approval asks for.

    Attributes
    ----------
    level : callable
        Height of the ground above the ellipsoid.
    satellites : bool
        Whether the aircraft has a satellite terminal to fall back on.
    """

    fields: Fields
    aircraft: Aircraft = field(default_factory=Aircraft)
    limits: Limits = field(default_factory=Limits)
    level: Ground = lambda lat, _lon: np.zeros(len(lat))
    satellites: bool = False

    def assess(
        self, volumes: Sequence[Volume], legs: Sequence[Leg] = (), now_s: float | None = None
    ) -> Assessment:
        """Assess volumes, and the energy of the legs; where there are none, of the way between the volumes."""  # noqa: E501
        parts = self.parts(volumes)
        ways = legs or between(volumes)
        used, against = self._energy(parts, ways)
        span = np.array([max(one.end_s - one.start_s, LEAST_LEG_S) for one in parts])
        outage = _mean(np.array([one.outage for one in parts]), span)
        hpl = _most([one.hpl_m for one in parts])
        top = max((one.ground_class for one in parts), default=0)
        reasons = [*self._links(parts, outage), *self._places(parts), *against]
        unknown = _unknown(parts, used)
        if self.limits.refuse_unknown:
            reasons += [Reason("unknown", f"no field tells the {name}") for name in unknown]
        told = {} if now_s is None else self.fields.told(now_s)
        return Assessment(tuple(parts), outage, hpl, used, self.aircraft.usable_wh, top, tuple(reasons),
                          unknown, told)  # fmt: skip

    def likely(self, lat_deg: Array, lon_deg: Array, height_m: float, at_s: float) -> bool:
        """Whether an assessment of volumes around places could be good: quick, and never the last word."""
        found = self.fields.at(lat_deg, lon_deg, height_m, at_s)
        lost = np.nan_to_num(found.lost(satellites=self.satellites))
        hpl = np.nan_to_num(found.hpl_m, nan=0.0, posinf=np.inf)
        good = lost.mean() <= self.limits.outage and lost.max() <= self.limits.outage_worst
        return bool(good and hpl.max() <= self.limits.hpl_m)

    def parts(self, volumes: Sequence[Volume]) -> list[Part]:
        """Each volume as the fields see it."""
        places = [_places(one) for one in volumes]
        owner = np.repeat(np.arange(len(places)), [len(p) for p in places])
        where = np.concatenate(places) if places else np.zeros((0, 2))
        level = self.level(where[:, 0], where[:, 1])
        height = _asked(volumes, owner, level)
        start = np.array([one.start_s for one in volumes])[owner]
        found = self.fields.at(where[:, 0], where[:, 1], height, np.where(np.isfinite(start), start, 0.0))
        lost = found.lost(satellites=self.satellites)
        risk = ground.intrinsic(self.aircraft.dimension_m, self.aircraft.speed_m_s, found.people_km2,
                                self.aircraft.mass_kg)  # fmt: skip
        rows = [np.flatnonzero(owner == k) for k in range(len(places))]
        return [
            Part(one.start_s, one.end_s, float(height[r].mean()), float(lost[r].mean()), float(lost[r].max()),
                 float(found.hpl_m[r].max()), float(found.wind_m_s[r].max()), float(found.people_km2[r].max()),  # noqa: E501
                 int(risk[r].max()))
            for one, r in zip(volumes, rows, strict=True)
        ]  # fmt: skip

    def _energy(self, parts: Sequence[Part], legs: Sequence[Leg]) -> tuple[float, list[Reason]]:
        """Energy of the legs in the field's wind, and what speaks against it; unknown wind blows ahead."""
        if not legs:
            return np.nan, []
        wind = np.array([parts[one.part].wind_m_s for one in legs])
        if np.isnan(wind).any():
            return np.nan, []
        seconds = np.array([max(one.seconds, LEAST_LEG_S) for one in legs])
        track = np.array([one.track_deg for one in legs])
        from_deg = track if math.isnan(self.fields.wind_from_deg) else self.fields.wind_from_deg
        air = energy.airspeed_m_s(track, np.array([one.metres for one in legs]) / seconds, wind, from_deg)
        climb = np.array([one.climb_m_s for one in legs])
        used, reasons = float(energy.use_wh(self.aircraft, seconds, air, climb).sum()), []
        if used > self.aircraft.usable_wh:
            reasons.append(
                Reason("energy", f"{used:.0f} Wh of {self.aircraft.usable_wh:.0f} Wh that may be used")
            )
        if air.max() > self.aircraft.airspeed_m_s:
            reasons.append(Reason("wind", f"an airspeed of {air.max():.1f} m/s is needed, the aircraft holds "
                                  f"{self.aircraft.airspeed_m_s:g}", legs[int(air.argmax())].part))  # fmt: skip  # noqa: E501
        return used, reasons

    def _links(self, parts: Sequence[Part], outage: float) -> list[Reason]:
        limits, found = self.limits, []
        if outage > limits.outage:
            found.append(Reason("command-link", f"no command link for {100 * outage:.1f} % of the time, at most "  # noqa: E501
                                f"{100 * limits.outage:.1f} %"))  # fmt: skip
        worst = np.array([one.outage for one in parts])
        if len(parts) and np.nanmax(worst, initial=0.0) > limits.outage_worst:
            at = int(np.nanargmax(worst))
            found.append(Reason("command-link", f"no command link for {100 * worst[at]:.1f} % in one volume, at "  # noqa: E501
                                f"most {100 * limits.outage_worst:.1f} %", at))  # fmt: skip
        return found

    def _places(self, parts: Sequence[Part]) -> list[Reason]:
        found = []
        for k, one in enumerate(parts):
            if one.hpl_m > self.limits.hpl_m:
                level = (
                    "no protection level" if math.isinf(one.hpl_m) else f"protection level {one.hpl_m:.0f} m"
                )
                found.append(Reason("position", f"{level}, at most {self.limits.hpl_m:.0f} m", k))
                break
        for k, one in enumerate(parts):
            if one.ground_class > self.limits.ground_class:
                found.append(Reason("ground-risk", f"ground risk class {one.ground_class} over "
                                    f"{one.people_km2:,.0f} people a km2, at most {self.limits.ground_class}", k))  # fmt: skip  # noqa: E501
                break
        return found


def between(volumes: Sequence[Volume]) -> list[Leg]:
    """Way from the middle of one volume to the next in time: what volumes alone tell of a flight."""
    from rabta import geo

    order = sorted(range(len(volumes)), key=lambda k: volumes[k].start_s)
    legs = []
    for a, b in zip(order, [*order[1:], order[-1]] if order else [], strict=True):
        one, other = volumes[a], volumes[b]
        (lat, lon), (lat2, lon2) = _places(one)[0], _places(other)[0]
        metres = float(geo.great_circle_m(lat, lon, lat2, lon2))
        seconds = (
            max(other.start_s - one.start_s, LEAST_LEG_S) if a != b else max(one.end_s - one.start_s, 0.0)
        )
        if not math.isfinite(seconds):
            return []
        legs.append(Leg(seconds, metres, track_deg(lat, lon, lat2, lon2), 0.0, a))
    return legs


def track_deg(lat: float, lon: float, lat2: float, lon2: float) -> float:
    """Direction from a place to one near it, clockwise from north."""
    east = (lon2 - lon) * math.cos(math.radians(0.5 * (lat + lat2)))
    return math.degrees(math.atan2(east, lat2 - lat)) % 360.0


def _places(volume: Volume) -> Array:
    """Places that stand for a volume: its middle, then points towards its rim."""
    outline = volume.outline
    if isinstance(outline, Circle):
        middle = np.array([[outline.lat_deg, outline.lon_deg]])
        reach = 0.7 * outline.radius_m / 111_195.0
        east = reach / math.cos(math.radians(outline.lat_deg))
        around = np.array([[reach, 0.0], [-reach, 0.0], [0.0, east], [0.0, -east]])
        return np.concatenate([middle, middle + around])
    corners = np.array(outline.corners)
    step = max(len(corners) // 4, 1)
    middle = corners.mean(axis=0, keepdims=True)
    return np.concatenate([middle, 0.5 * middle + 0.5 * corners[::step]])


def _asked(volumes: Sequence[Volume], owner: NDArray[np.intp], level: Array) -> Array:
    """Height above ground that stands for a volume: its middle, moved into the fields' range where that is in it."""  # noqa: E501
    middle = np.array([_height(one) for one in volumes])[owner] - level
    low, high = (
        np.array([getattr(one, n) for one in volumes])[owner] - level for n in ("lower_m", "upper_m")
    )
    within = np.clip(middle, LOWEST_M, HIGHEST_M)
    return np.where((low <= within) & (within <= high), within, middle)


def _height(volume: Volume) -> float:
    """Middle of the heights; the bound that there is where the other is open."""
    low, high = volume.lower_m, volume.upper_m
    if math.isfinite(low) and math.isfinite(high):
        return 0.5 * (low + high)
    return low if math.isfinite(low) else high if math.isfinite(high) else math.nan


def _mean(values: Array, weight: Array) -> float:
    known = np.isfinite(values)
    finite = np.where(np.isfinite(weight), weight, LEAST_LEG_S)
    return float((values[known] * finite[known]).sum() / finite[known].sum()) if known.any() else np.nan


def _most(values: Sequence[float]) -> float:
    known = [one for one in values if not math.isnan(one)]
    return max(known, default=math.nan)


def _unknown(parts: Sequence[Part], used: float) -> tuple[str, ...]:
    names = {
        "command link": "outage",
        "protection level": "hpl_m",
        "wind": "wind_m_s",
        "people": "people_km2",
    }
    found = [name for name, key in names.items() if any(math.isnan(getattr(one, key)) for one in parts)]
    return (*found, *(["energy"] if math.isnan(used) else []))
