"""The scenario: one TOML file that says what to run; unknown keys are rejected by name."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from rabta import catalog, io
from rabta.errors import RabtaError, nearest
from rabta.io import explain
from rabta.scenario.sections import (
    Airspace,
    Latitude,
    Longitude,
    Percent,
    Positive,
    Section,
    Security,
    each_once,
)
from rabta.times import parse_utc

SHIPPED = Path(__file__).parents[1] / "scenarios"

MOST_STEPS = 1_000_000  # two years of minutes

TECHNOLOGIES = (
    "fibre_fwa",
    "microwave_macro",
    "satellite_cell",
    "leo_terminal",
    "geo_terminal",
    "haps",
    "direct_to_device",
)


class Nation(Section):
    """Which nation, how fine."""

    name: str = "pakistan"
    resolution: int = Field(
        6,
        ge=4,
        le=7,
        description="H3 resolution of the cells; 7 shows people and demand, its plan buys too many sites",
    )
    climate: Literal["shipped", "itur"] = Field(
        "shipped",
        description="One value a tehsil as shipped, or each cell's own from the itur package's maps",
    )
    data: str = Field("", description="Folder of the nation's layers; empty means the shipped ones")


class Time(Section):
    """The span that is simulated."""

    start: str = Field("2026-01-13T00:00:00Z", description="First instant (UTC, ISO 8601)")
    hours: Positive = 24.0
    step_s: Positive = 60.0

    @field_validator("start", mode="before")
    @classmethod
    def _is_instant(cls, value: object) -> object:
        """Accept TOML's own date and time as well."""
        text = value.isoformat() if isinstance(value, datetime) else value
        if isinstance(text, str):
            parse_utc(text)
        return text

    @model_validator(mode="after")
    def _not_endless(self) -> Time:
        if self.hours * 3600.0 / self.step_s > MOST_STEPS:
            raise ValueError(f"{self.hours:g} h in steps of {self.step_s:g} s: more than {MOST_STEPS} steps")
        return self

    @property
    def start_utc(self) -> datetime:
        """First instant."""
        return parse_utc(self.start)

    @property
    def steps(self) -> int:
        """Number of steps, at least one."""
        return max(1, round(self.hours * 3600.0 / self.step_s))


class Space(Section):
    """Which satellites."""

    constellations: tuple[str, ...] = Field(
        ("starlink", "paksat-mm1"), min_length=1, description="Entries of the constellations catalog"
    )
    catalogue: str = Field(
        "", description="TLE or OMM file, folder or URL that replaces the shells of the first constellation"
    )
    slots: int = Field(4, ge=1, le=16, description="Best satellites kept for each cell and step")
    min_elevation_deg: float | None = Field(None, ge=0, le=90, description="Overrides the catalog's value")
    terrain: bool = Field(True, description="Use the terrain horizon")
    gso_avoidance: bool = Field(
        True, description="Keep serving satellites as far from the geostationary arc as their filing asks"
    )
    handoffs: tuple[tuple[str, str], ...] = Field(
        (), description="Pairs of systems, or of satellites, that pass traffic to each other in space"
    )

    @field_validator("constellations")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(value)


class Radio(Section):
    """How links are judged."""

    availability_percent: float = Field(99.5, ge=95.0, le=99.99, description="Share of the average year")
    year_risk_percent: float = Field(
        50.0,
        ge=5.0,
        le=50.0,
        description="Risk of a year in which links hold for less of the time than that (ITU-R P.678); 50 "
        "means the average year",
    )
    implementation_loss_db: float = Field(1.0, ge=0, le=6)
    terrain: Literal["p1812", "okumura"] = Field(
        "p1812",
        description="Loss that hills add to cellular links: ITU-R P.1812 over the nation's terrain (where it "
        "has one), or Okumura's correction from the relief of the cell",
    )
    sunspot_number: float | None = Field(
        None,
        ge=0,
        le=311,
        description="Smoothed sunspot number R12 for HF, on the scale before July 2015 (0.7 of today's); "
        "without it, SILSO's prediction for the month of time.start (catalog sunspots)",
    )


class Demand(Section):
    """What people ask for in the busy hour."""

    services: tuple[str, ...] = ("household", "schooling", "payments", "telemedicine", "government")
    adoption_percent: Percent = Field(60.0, description="Households and institutions that take the service")
    adoption: Literal["flat", "affordable"] = Field(
        "flat",
        description="Who takes it: adoption_percent everywhere, or the households that can pay the tariff "
        "(institutions as adoption_percent says)",
    )
    tariff: str = Field("mobile_data", description="Offer of the nation's tariffs catalog that they pay")
    year: int = Field(2026, ge=2026, le=2035, description="Year that demand is of")
    growth: Literal["low", "base", "high"] = Field(
        "base", description="Case of the growth catalog that leads to that year"
    )
    growth_percent: float = Field(0.0, ge=-50, le=400, description="Growth of the load on top of that")


class Platform(Section):
    """A relay in the air: it stays at a place, or flies to and fro over waypoints."""

    name: str = Field(min_length=1)
    height_m: float = Field(gt=0, le=50_000, description="Height above the ellipsoid")
    capacity_mbps: Positive = Field(description="Of its link to the ground, in each direction")
    lat_deg: float | None = Field(None, ge=-90, le=90)
    lon_deg: float | None = Field(None, ge=-180, le=180)
    waypoints: tuple[tuple[Latitude, Longitude], ...] = Field(
        (), description="Latitude and longitude of each, instead of lat_deg and lon_deg"
    )
    speed_km_h: Positive | None = Field(None, description="Over the ground; goes with waypoints")
    owner: str = ""

    @model_validator(mode="after")
    def _somewhere(self) -> Platform:
        stays = self.lat_deg is not None and self.lon_deg is not None
        half = (self.lat_deg is None) != (self.lon_deg is None)
        moves = len(self.waypoints) > 1 and self.speed_km_h is not None
        begun = bool(self.waypoints) or self.speed_km_h is not None
        if half or stays == moves or (begun and not moves):
            raise ValueError("either lat_deg and lon_deg, or two waypoints or more and speed_km_h")
        if any(one == other for one, other in pairwise(self.waypoints)):
            raise ValueError("the same waypoint twice in a row")
        return self


class Mobile(Section):
    """Mobile networks on the ground."""

    rollout: str = Field(
        "",
        description="Entry of the rollouts catalog: which operators have which bands on which sites; "
        "empty means the nation's of today, where the catalog has it",
    )
    roaming: bool = Field(False, description="People use any operator's sites, the strongest")
    seed: int = Field(1, ge=0, description="Of the drawn shadowing and places of users")


class Pnt(Section):
    """Satellite navigation over the nation."""

    ephemerides: str = Field(
        "2026-03-09",
        description="Entry of the ephemerides catalog, or a RINEX navigation file: the day that counts",
    )
    cases: str = Field("standard", description="Entry of the skycases catalog: what is lost in each case")
    errors: str = Field("standard", description="Entry of the rangeerrors catalog")
    step_min: float = Field(30.0, ge=1, le=120, description="Between the instants of the day that are judged")
    mask_deg: float = Field(5.0, ge=0, le=30, description="Least elevation in the open, beside the terrain's")
    street_mask_deg: float = Field(30.0, ge=5, le=60, description="Least elevation in streets and valleys")
    pdop_limit: float = Field(
        6.0, gt=1, le=50, description="Position dilution below which the service counts"
    )


class Transport(Section):
    """How satellite capacity reaches the nation."""

    gateways: str = Field("pakistan", description="Entry of the gateways catalog")
    national_share_percent: Percent = Field(
        100.0, description="Part of each satellite's capacity over the nation that the nation may use"
    )
    use_isl: bool = Field(True, description="Relay over inter-satellite links where the system has them")
    denied: tuple[str, ...] = Field(
        (),
        description="What the network must do without: names of operators, systems, cables, gateways, spans "
        "or nodes, or the words foreign-space, foreign-operators, all-cables",
    )
    platforms: tuple[Platform, ...] = Field(
        (),
        description="Relays in the air: high-altitude platforms and aircraft, as [[transport.platforms]]",
    )

    @field_validator("platforms")
    @classmethod
    def _named_apart(cls, value: tuple[Platform, ...]) -> tuple[Platform, ...]:
        each_once(tuple(platform.name for platform in value))
        return value


class Weather(Section):
    """Whether rain is an average of the year or falls at times."""

    rain: Literal["average", "drawn"] = Field(
        "average", description="Links hold for radio.availability_percent, or suffer a drawn rain field"
    )
    seed: int = Field(1, ge=0, description="Of the drawn field; the same seed gives the same rain")
    exceeded_percent: float = Field(
        100.0,
        ge=0.5,
        le=100,
        description="100 draws any moment; less draws one in whose middle as much of the land is under rain "
        "as is exceeded in this share of all moments",
    )


class Routes(Section):
    """Between which named places delays are measured, and how traffic is routed."""

    places: tuple[str, ...] = Field(
        (), description="Places at home; empty means the largest towns and the seats of the provinces"
    )
    abroad: tuple[str, ...] = Field((), description="Places abroad, of the hubs catalog")
    policy: Literal["shortest", "least-load"] = "shortest"
    disjoint: int = Field(2, ge=1, le=4, description="Paths without a common node that are sought")


class Events(Section):
    """Whose events are listed; see the table ``events``."""

    places: tuple[str, ...] = Field(
        (), description="Places at home whose links are followed; empty means those of routes.places"
    )
    pairs: tuple[tuple[str, str], ...] = Field(
        (),
        max_length=64,
        description="Pairs of places between which the way over satellites is followed to the millisecond: "
        "some seconds of work for each pair and quarter of an hour",
    )

    @field_validator("places")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(value)

    @field_validator("pairs")
    @classmethod
    def _apart(cls, value: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for one, other in value:
            if one.strip().casefold() == other.strip().casefold():
                raise ValueError(f"both ends of a pair are {one!r}")
        return value


class Failures(Section):
    """What is made to fail, and how the damage is counted."""

    order: int = Field(2, ge=0, le=2, description="0 none; 1 every element alone; 2 every pair as well")
    draws: int = Field(200, ge=0, le=100_000, description="Joint hazard draws")
    seed: int = Field(1, ge=0, description="Of the draws; common to all variants of a plan")
    repair_hours: Positive = Field(
        24.0, description="Repair of an element for which the catalog says nothing"
    )


class Plan(Section):
    """What the plan must reach, and what it may use."""

    technologies: tuple[str, ...] = Field(TECHNOLOGIES, min_length=1)
    years: int = Field(10, ge=1, le=40)
    discount_percent: float = Field(8.0, ge=0, le=50)
    floor_mbps: Positive = Field(10.0, description="Busy-hour rate that each served household must get")
    floor_latency_ms: Positive = Field(
        100.0, description="Round-trip time above which lessons and calls suffer"
    )
    floor_availability: float = Field(0.95, ge=0, le=1, description="Share of the day with the floor met")
    serve_percent: Percent = Field(100.0, description="Share of today's unserved households to reach")
    budget_usd: float | None = Field(None, ge=0, description="Most to invest; none means what it takes")
    time_limit_s: Positive = Field(60.0, description="Time limit of the solver")
    costs_case: Literal["low", "base", "high"] = Field(
        "base", description="Cheap end, base or dear end of every range of the cost book"
    )
    costs: dict[str, float] = Field(default_factory=dict, description="Overrides of cost-book entries")

    @field_validator("technologies")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in TECHNOLOGIES:
                raise ValueError(f"unknown technology {name!r}: {nearest(name, TECHNOLOGIES)}")
        return each_once(value)

    @field_validator("costs")
    @classmethod
    def _not_negative(cls, value: dict[str, float]) -> dict[str, float]:
        for name, cost in value.items():
            if not cost >= 0:
                raise ValueError(f"cost {name!r} is {cost}; a cost is zero or more")
        return value


class Scenario(Section):
    """Everything a run depends on."""

    name: str = Field(
        "scenario",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Letters, digits, dots, dashes and underscores; it names the run folder",
    )
    title: str = ""
    nation: Nation = Nation()
    time: Time = Time()
    space: Space = Space()
    radio: Radio = Radio()
    demand: Demand = Demand()
    mobile: Mobile = Mobile()
    pnt: Pnt = Pnt()
    airspace: Airspace = Airspace()
    transport: Transport = Transport()
    weather: Weather = Weather()
    routes: Routes = Routes()
    events: Events = Events()
    failures: Failures = Failures()
    security: Security = Security()
    plan: Plan = Plan()
    providers: dict[str, str] = Field(default_factory=dict, description="Provider chosen for an output name")


def load(path: Path, overrides: dict[str, Any] | None = None) -> Scenario:
    """Read a scenario file, follow ``extends``, apply ``section.key`` overrides, validate."""
    data = _with_parents(path, ())
    data.setdefault("name", path.stem)
    found = validate(data, path)
    return validate(_merge(data, _nest(overrides)), f"settings beside {path.name}") if overrides else found


def find(name: str, beside: Path = Path()) -> Path:
    """File of a scenario: a path, ``NAME.toml`` or ``scenarios/NAME.toml`` beside, or one that ships."""
    folders = (beside, beside / "scenarios", SHIPPED)
    for path in (beside / name, *(folder / f"{name}.toml" for folder in folders)):
        if path.is_file():
            return path
    known = {p.stem for folder in folders[1:] for p in folder.glob("*.toml")}
    raise RabtaError("no such scenario", key="scenario", value=name, expected=nearest(name, known))


def validate(data: dict[str, Any], file: object = None) -> Scenario:
    """Build a scenario from nested dictionaries, or name the first wrong key."""
    try:
        found = Scenario.model_validate(data)
    except ValidationError as error:
        raise explain(error, Scenario, file) from error
    _check_catalog(found, file)
    return found


def _check_catalog(found: Scenario, file: object) -> None:
    """Refuse names that the catalog does not have before any stage runs."""
    asked = [("space.constellations", "constellations", name) for name in found.space.constellations]
    if found.mobile.rollout:
        asked.append(("mobile.rollout", "rollouts", found.mobile.rollout))
    asked += [
        ("transport.gateways", "gateways", found.transport.gateways),
        ("pnt.cases", "skycases", found.pnt.cases),
        ("pnt.errors", "rangeerrors", found.pnt.errors),
    ]
    if not Path(found.pnt.ephemerides).exists():
        asked.append(("pnt.ephemerides", "ephemerides", found.pnt.ephemerides))
    security = found.security
    asked += [("security.border_jammers", "jammers", name) for name in security.border_jammers]
    asked += [("security.jammers.kind", "jammers", jammer.kind) for jammer in security.jammers]
    given = [("ministries", security.ministries), ("equipment", security.equipment)]
    asked += [(f"security.{kind}", kind, name) for kind, name in given if name]
    for key, kind, name in asked:
        known = catalog.names(kind)
        if name not in known:
            raise RabtaError(
                f"no {kind} entry of that name in the catalog", file=file, key=key, value=name,
                expected=nearest(name, known),
            )  # fmt: skip


def _with_parents(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    if path.resolve() in seen:
        raise RabtaError("scenario extends itself", file=path, key="extends")
    data = io.read_toml(path)
    parent = data.pop("extends", None)
    if parent is None:
        return data
    if not isinstance(parent, str):
        raise RabtaError("extends must be a file name", file=path, key="extends", value=parent)
    base = _with_parents(find(parent, path.parent), (*seen, path.resolve()))
    base.pop("name", None)
    return _merge(base, data)


def _merge(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in top.items():
        old = out.get(key)
        out[key] = _merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out


def _nest(flat: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for dotted, value in flat.items():
        *sections, last = dotted.split(".")
        node = nested
        for section in sections:
            node = node.setdefault(section, {})
        node[last] = value
    return nested
