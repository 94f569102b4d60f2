"""The state of an aircraft as F3411 writes it: read from messages of anybody, and written for others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rabta.airspace.remoteid.network.editions import Edition
from rabta.airspace.remoteid.network.view import View
from rabta.airspace.volumes import messages as written
from rabta.airspace.volumes.volume import check_places
from rabta.errors import RabtaError, nearest

NO_TRACK, NO_SPEED, NO_CLIMB, NO_HEIGHT = 361.0, 255.0, 63.0, -1_000.0
MOST_SPEED, MOST_CLIMB = 254.25, 62.0
NEEDED = ("timestamp", "timestamp_accuracy", "position", "track", "speed", "speed_accuracy", "vertical_speed")
NEEDED_OF_POSITION = ("lat", "lng", "alt")
ACROSS = ("HAUnknown", "HA10NMPlus", "HA10NM", "HA4NM", "HA2NM", "HA1NM", "HA05NM", "HA03NM", "HA01NM",
          "HA005NM", "HA30m", "HA10m", "HA3m", "HA1m")  # fmt: skip
UP = ("VAUnknown", "VA150mPlus", "VA150m", "VA45m", "VA25m", "VA10m", "VA3m", "VA1m")
SPEED = ("SAUnknown", "SA10mpsPlus", "SA10mps", "SA3mps", "SA1mps", "SA03mps")
STATUS = ("Undeclared", "Ground", "Airborne", "Emergency", "RemoteIDSystemFailure")
CLOCKS_S = 5.0  # TimeSyncMaxDifferentialSeconds of F3548-21, whose telemetry tells no bound of its own
ABOVE = ("TakeoffLocation", "GroundLevel")
Message = Mapping[str, Any]


@dataclass(frozen=True)
class State:
    """Where an aircraft was and how it flew.

    Attributes
    ----------
    at_s, accuracy_s : float
        Instant (s since 1970) and by how much it may be wrong.
    lat_deg, lon_deg, height_m : float
        Height above the ellipsoid.
    track_deg, speed_m_s, climb_m_s : float
        The standard's own values where unknown: 361, 255 and 63.
    above_m : float, optional
        Height above what ``above`` says.
    """

    at_s: float
    lat_deg: float
    lon_deg: float
    height_m: float
    track_deg: float = NO_TRACK
    speed_m_s: float = NO_SPEED
    climb_m_s: float = NO_CLIMB
    accuracy_s: float = 0.0
    speed_accuracy: str = "SAUnknown"
    across: str = "HAUnknown"
    up: str = "VAUnknown"
    status: str = "Undeclared"
    extrapolated: bool = False
    pressure_m: float | None = None
    above_m: float | None = None
    above: str = "TakeoffLocation"

    def position(self, edition: Edition) -> dict[str, Any]:
        """RIDAircraftPosition."""
        found: dict[str, Any] = {"lat": self.lat_deg, "lng": self.lon_deg, "alt": self.height_m,
                                 "accuracy_h": self.across, "accuracy_v": self.up,
                                 "extrapolated": self.extrapolated}  # fmt: skip
        if self.pressure_m is not None:
            found["pressure_altitude"] = self.pressure_m
        if self.above_m is not None and not edition.of_2019:
            found["height"] = self.height
        return found

    @property
    def height(self) -> dict[str, Any]:
        """RIDHeight."""
        return {"distance": self.above_m, "reference": self.above}

    def message(self, edition: Edition) -> dict[str, Any]:
        """RIDAircraftState."""
        found = {
            "timestamp": edition.when(self.at_s), "timestamp_accuracy": self.accuracy_s,
            "operational_status": self.status, "position": self.position(edition), "track": self.track_deg,
            "speed": self.speed_m_s, "speed_accuracy": self.speed_accuracy, "vertical_speed": self.climb_m_s,
        }  # fmt: skip
        if edition.of_2019:
            found |= {"height": self.height} if self.above_m is not None else {}
            if self.status == "RemoteIDSystemFailure":  # the edition of 2019 does not know it
                found["operational_status"] = "Emergency"
        return found


def missing(message: Message) -> list[str]:
    """Fields that a service may not do without and that a state lacks."""
    found = [key for key in NEEDED if message.get(key) is None]
    place = message.get("position")
    if isinstance(place, Mapping):
        found += [f"position.{key}" for key in NEEDED_OF_POSITION if place.get(key) is None]
    return found


def read(message: object, edition: Edition, key: str = "current_state") -> State:
    """State of a message of either edition.

    Raises
    ------
    RabtaError
        Naming the field that is wrong.
    """
    given = written.table(message, key)
    lacking = missing(given)
    if lacking:
        raise RabtaError("a state without a field", key=f"{key}.{lacking[0]}", expected="a value")
    place = written.table(given["position"], f"{key}.position")
    height = place.get("height", given.get("height"))
    above: dict[str, Any] = {}
    if height is not None:
        held = written.table(height, f"{key}.height")
        above = {"above_m": written.number(held.get("distance"), f"{key}.height.distance"),
                 "above": _code(held.get("reference"), ABOVE, f"{key}.height.reference")}  # fmt: skip
    speed, climb = (written.number(given[one], f"{key}.{one}") for one in ("speed", "vertical_speed"))
    return State(
        edition.at_s(given["timestamp"], f"{key}.timestamp"), **_place(place, f"{key}.position"), **above,
        track_deg=_track(written.number(given["track"], f"{key}.track"), f"{key}.track"),
        speed_m_s=NO_SPEED if speed >= NO_SPEED else min(_least(speed, 0.0, f"{key}.speed"), MOST_SPEED),
        climb_m_s=NO_CLIMB if climb >= NO_CLIMB else max(min(climb, MOST_CLIMB), -MOST_CLIMB),
        accuracy_s=_least(written.number(given["timestamp_accuracy"], f"{key}.timestamp_accuracy"), 0.0,
                          f"{key}.timestamp_accuracy"),
        speed_accuracy=_code(given["speed_accuracy"], SPEED, f"{key}.speed_accuracy"),
        status=_code(given.get("operational_status") or "Undeclared", STATUS, f"{key}.operational_status"),
    )  # fmt: skip


def _place(place: Message, key: str) -> dict[str, Any]:
    lat, lon, height = (written.number(place.get(one), f"{key}.{one}") for one in NEEDED_OF_POSITION)
    check_places([(lat, lon)])
    pressure = place.get("pressure_altitude")
    return {
        "lat_deg": lat, "lon_deg": lon, "height_m": height,
        "across": _code(place.get("accuracy_h") or "HAUnknown", ACROSS, f"{key}.accuracy_h"),
        "up": _code(place.get("accuracy_v") or "VAUnknown", UP, f"{key}.accuracy_v"),
        "extrapolated": place.get("extrapolated") is True,
        "pressure_m": None if pressure is None else written.number(pressure, f"{key}.pressure_altitude"),
    }  # fmt: skip


def reported(telemetry: Message) -> State:
    """State of a vehicle's telemetry as F3548-21 writes it; what that does not tell is unknown.

    Raises
    ------
    RabtaError
    """
    place = written.table(telemetry.get("position"), "position")
    height = written.table(place.get("altitude"), "position.altitude")
    flown = written.table(telemetry.get("velocity") or {}, "velocity")
    time = written.table(telemetry.get("time_measured"), "time_measured")
    where = {"lat": place.get("latitude"), "lng": place.get("longitude"), "alt": height.get("value")}
    where |= {key: place.get(key) for key in ("accuracy_h", "accuracy_v", "extrapolated")}
    speed, track, keys = flown.get("speed"), flown.get("track"), ("velocity.speed", "velocity.track")
    return State(
        written.seconds(time.get("value"), "time_measured"), **_place(where, "position"),
        track_deg=NO_TRACK if track is None else _track(written.number(track, keys[1]), keys[1]),
        speed_m_s=NO_SPEED if speed is None
        else min(_least(written.number(speed, keys[0]), 0.0, keys[0]), MOST_SPEED),
        accuracy_s=CLOCKS_S, status="Airborne",
    )  # fmt: skip


def past(given: object, edition: Edition, key: str = "recent_positions") -> list[State]:
    """Earlier positions of a flight, in order of time.

    Raises
    ------
    RabtaError
    """
    if given is None:
        return []
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > 10_000:
        raise RabtaError("no positions", key=key, expected="a list")
    rows = [written.table(one, f"{key}[{k}]") for k, one in enumerate(given)]
    found = [
        State(edition.at_s(one.get("time"), f"{key}[{k}].time"),
              **_place(written.table(one.get("position"), f"{key}[{k}].position"), f"{key}[{k}].position"))
        for k, one in enumerate(rows)
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.at_s)


def shown(states: Sequence[State], inside: View) -> list[State]:
    """States in a view, and the one before it was entered and after it was left."""
    now = [inside.contains(one.lat_deg, one.lon_deg) for one in states]
    near = zip([False, *now], now, [*now[1:], False], strict=False)
    return [one for one, flags in zip(states, near, strict=True) if any(flags)]


def _track(degrees: float, key: str) -> float:
    if degrees == NO_TRACK or 0.0 <= degrees < 360.0:
        return degrees
    if degrees == 360.0:
        return 0.0
    raise RabtaError("out of range", key=key, value=degrees, expected="0 to 360, or 361 where unknown")


def _least(value: float, least: float, key: str) -> float:
    if value < least:
        raise RabtaError("out of range", key=key, value=value, expected=f"{least:g} or more")
    return value


def _code(given: object, codes: Sequence[str], key: str) -> str:
    if given not in codes:
        raise RabtaError(
            "no such code", key=key, value=str(given)[:40], expected=nearest(str(given)[:40], codes)
        )
    return str(given)
