"""Constellations: catalog entries read, checked and turned into the tables of satellites and systems.

An entry states a system's shells, its user downlink, its uplink and its feeder links. Keys that nobody
publishes are named in ``modelled``, and each has a sentence under ``derived`` that says how it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rabta import catalog, schema
from rabta.catalog import Entry
from rabta.errors import RabtaError, nearest
from rabta.space import elements
from rabta.space.walker import labels, walker
from rabta.times import gmst_rad, julian_date
from rabta.units import GM_EARTH_M3_S2

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Orbit = Literal["leo", "meo", "igso", "geo", "heo"]
Status = Literal["flown", "partly flown", "filed"]
Positive = Annotated[float, Field(gt=0)]
Degrees = Annotated[float, Field(ge=0, le=90)]

EARTH_RADIUS_M = 6_378_137.0  # WGS84 equatorial radius
J2 = 1.08262668e-3  # EGM96, Vallado table D-5
SIDEREAL_REV_DAY = 1.00273790935  # revolutions of the Earth in a mean solar day, Vallado eq. 3-42
CLASSES = ("consumer", "enterprise", "gateway", "handset", "receiver")  # who buys a terminal
FOREIGN_WORDS = {"foreign-space", "foreign-operators"}
OUTSIDE = "outside"  # shell of catalogued objects that are on their way up, down, or retired
LIMITS = (
    "isl_links",
    "isl_acquisition_s",
    "isl_max_km",
    "isl_polar_cutoff_deg",
    "isl_slew_deg_s",
    "isl_sun_deg",
    "gso_avoidance_deg",
)
SHELL_REACH_KM, SHELL_REACH_DEG = 12.0, 1.0
ELEMENTS = (
    "epoch_jd",
    "inclination_deg",
    "raan_deg",
    "eccentricity",
    "argp_deg",
    "mean_anomaly_deg",
    "mean_motion_rev_day",
    "bstar",
)


class Section(BaseModel):
    """Base of all parts of an entry: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shell(Section):
    """Satellites that share an altitude and an inclination.

    Give either a Walker pattern (``planes``, ``per_plane``), or the node and the number of satellites of
    each plane (``raan_deg``, ``fill``), or, for geosynchronous ones, ``longitude_deg``.
    """

    name: str
    orbit: Orbit = "leo"
    status: Status
    altitude_km: Positive
    inclination_deg: float = Field(ge=0, le=180)
    satellites: int = Field(ge=1, description="Stated total")
    planes: int = Field(ge=1)
    per_plane: int | None = Field(None, ge=1)
    phasing: float = Field(0.0, description="Walker's F")
    spread_deg: float = Field(360.0, gt=0, le=360, description="Span of the nodes")
    raan0_deg: float = 0.0
    anomaly0_deg: float = 0.0
    raan_deg: tuple[float, ...] = ()
    fill: tuple[Annotated[int, Field(ge=0)], ...] = ()
    longitude_deg: tuple[Annotated[float, Field(ge=-180, le=180)], ...] = ()
    min_elevation_deg: Degrees
    period_min: Positive | None = Field(None, description="Orbital period as published or observed")


class Downlink(Section):
    """User downlink of one satellite."""

    band: str = Field(description="Entry of the bands catalog")
    frequency_ghz: Positive = Field(description="Centre of the user downlink")
    polarisation_deg: float = Field(45.0, ge=0, le=90)
    channel_mhz: Positive
    spectrum_mhz: Positive
    polarisations: int = Field(1, ge=1, le=2)
    eirp_density_dbw_mhz: float
    pfd_dbw_m2_mhz: float | None = Field(
        None, description="Power flux-density held at the ground by lowering the EIRP at short range"
    )
    beams: int = Field(ge=1)
    cofrequency_beams: int = Field(1, ge=1)
    capacity_gbps: float = Field(ge=0)


class Uplink(Section):
    """User uplink and the satellite's receiver."""

    band: str
    frequency_ghz: Positive
    g_over_t_db_k: float


class Feeder(Section):
    """Gateway links."""

    band: str
    down_ghz: Positive
    up_ghz: Positive
    min_elevation_deg: Degrees


class Constellation(Section):
    """One system, as its catalog entry states it."""

    title: str
    source: str
    licence: str
    retrieved: str
    operator: str
    country: str = Field(min_length=2, max_length=2, description="ISO 3166 code")
    kind: Literal["broadband", "direct_to_device", "mobile_satellite", "broadcast", "navigation"]
    status: Status
    foreign: bool = Field(description="True where no national operator owns it")
    right_to_serve: str = Field(description="Licence to serve the nation")
    satellites: int = Field(ge=1, description="Stated total")
    epoch: datetime | None = Field(None, description="Instant of the stated nodes")
    isl: bool
    isl_links: int = Field(0, ge=0)
    isl_acquisition_s: float | None = Field(None, ge=0, le=600)
    isl_max_km: Positive | None = None
    isl_polar_cutoff_deg: Degrees | None = None
    isl_slew_deg_s: Positive | None = None
    isl_sun_deg: float | None = Field(None, ge=0, le=45)
    gso_avoidance_deg: float | None = Field(None, ge=0, le=45, description="As the filing asks for users")
    terminal: str = Field(description="Entry of the terminals catalog")
    notes: str = ""
    modelled: tuple[str, ...] = ()
    cited: dict[str, str] = Field(default_factory=dict, description="Source of each published value")
    derived: dict[str, str] = Field(default_factory=dict, description="How each modelled value was made")
    downlink: Downlink
    uplink: Uplink
    feeder: Feeder
    shells: tuple[Shell, ...] = Field(min_length=1)


def load(entry: Entry) -> Constellation:
    """Validate an entry, or name its file, the first wrong key and what was expected."""
    try:
        constellation = Constellation.model_validate(entry.data)
    except ValidationError as error:
        raise _explain(error, entry) from error
    for index, shell in enumerate(constellation.shells):
        problem = _count_problem(shell) or _period_problem(shell)
        if problem:
            key = f"shells.{index} ({shell.name})"
            raise RabtaError("shell contradicts itself", file=entry.path, key=key, value=problem)
    total = sum(shell.satellites for shell in constellation.shells)
    if total != constellation.satellites:
        raise RabtaError(
            "shells do not add up to the stated total",
            file=entry.path,
            key="satellites",
            value=constellation.satellites,
            expected=str(total),
        )
    return constellation


def _explain(error: ValidationError, entry: Entry) -> RabtaError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    parts: dict[str, type[Section]] = {
        "shells": Shell,
        "downlink": Downlink,
        "uplink": Uplink,
        "feeder": Feeder,
    }
    model = parts.get(str(first["loc"][0]), Constellation) if len(first["loc"]) > 1 else Constellation
    last = str(first["loc"][-1])
    if first["type"] == "extra_forbidden":
        known = nearest(last, model.model_fields)
        return RabtaError("unknown key", file=entry.path, key=key, expected=known)
    field = model.model_fields.get(last)
    hint = field.description if field else None
    return RabtaError(first["msg"], file=entry.path, key=key, value=first.get("input"), expected=hint)


def _count_problem(shell: Shell) -> str | None:
    nodes = len(shell.raan_deg) or shell.planes
    made = len(shell.longitude_deg) if shell.orbit == "geo" else sum(_per_plane(shell))
    if nodes != shell.planes:
        return f"{nodes} nodes, {shell.planes} planes"
    if shell.fill and len(shell.fill) != shell.planes:
        return f"{len(shell.fill)} values in fill, {shell.planes} planes"
    if made != shell.satellites:
        return f"the pattern has {made} satellites, the shell states {shell.satellites}"
    return None


def _period_problem(shell: Shell, tolerance: float = 2e-3) -> str | None:
    if shell.period_min is None:
        return None
    expected = float(period_s(shell.altitude_km, shell.inclination_deg)) / 60.0
    if abs(shell.period_min / expected - 1.0) <= tolerance:
        return None
    return (
        f"period {shell.period_min:.2f} min at {shell.altitude_km} km; Kepler and J2 give {expected:.2f} min"
    )


def mean_motion_rad_s(altitude_km: ArrayLike, inclination_deg: ArrayLike) -> Array:
    """Mean motion of a circular orbit with the secular effect of J2.

    Vallado, Fundamentals of Astrodynamics, 4th edition, equation 9-41 with zero eccentricity.
    """
    axis = np.asarray(altitude_km, dtype=np.float64) * 1e3 + EARTH_RADIUS_M
    cosine = np.cos(np.radians(inclination_deg))
    secular = 0.75 * J2 * (EARTH_RADIUS_M / axis) ** 2 * (3.0 * cosine**2 - 1.0)
    return np.asarray(np.sqrt(GM_EARTH_M3_S2 / axis**3) * (1.0 + secular))


def period_s(altitude_km: ArrayLike, inclination_deg: ArrayLike) -> Array:
    """Orbital period (perigee to perigee) in seconds.

    Examples
    --------
    >>> round(float(period_s(550.0, 53.0)) / 60.0, 2)
    95.64
    """
    return np.asarray(2.0 * np.pi / mean_motion_rad_s(altitude_km, inclination_deg))


def node_rate_deg_day(altitude_km: ArrayLike, inclination_deg: ArrayLike) -> Array:
    """Drift of the ascending node of a circular orbit under J2, in degrees a day.

    Vallado, 4th edition, equation 9-37 with zero eccentricity.

    Examples
    --------
    >>> round(float(node_rate_deg_day(550.0, 53.0)), 2)
    -4.49
    """
    axis = np.asarray(altitude_km, dtype=np.float64) * 1e3 + EARTH_RADIUS_M
    rate = -1.5 * J2 * (EARTH_RADIUS_M / axis) ** 2 * np.sqrt(GM_EARTH_M3_S2 / axis**3)
    return np.asarray(np.degrees(rate * np.cos(np.radians(inclination_deg))) * 86_400.0)


def systems(entries: Sequence[Entry]) -> pd.DataFrame:
    """Table of systems, one row an entry, in the order given."""
    import pandas as pd

    return pd.DataFrame([_system_row(entry.name, load(entry)) for entry in entries])


def _system_row(name: str, made: Constellation) -> dict[str, Any]:
    values = {
        "system": name,
        "operator": made.operator,
        "kind": made.kind,
        "orbit": max(made.shells, key=lambda shell: shell.satellites).orbit,
        **made.downlink.model_dump(exclude={"band"}),
        "isl": made.isl,
        "terminal": made.terminal,
        "terminal_class": terminal_class(made.terminal),
        "gateway_min_elevation_deg": made.feeder.min_elevation_deg,
        **made.model_dump(include=set(LIMITS)),
    }
    row = {column: values[column] for column in schema.tables()["systems"]}
    return {column: _missing(column) if value is None else value for column, value in row.items()}


def _missing(column: str) -> float:
    """What a key that an entry leaves out means: no limit, or not a number."""
    return float(schema.tables()["systems"][column].default) if column in LIMITS else np.nan


def denied(entries: Sequence[Entry], names: Sequence[str]) -> NDArray[np.bool_]:
    """Systems that a scenario denies: by system, by operator, or all foreign ones by a word.

    Names of other things (cables, gateways) are none of ours and pass.
    """
    words = set(names) & FOREIGN_WORDS
    rows = [
        (entry.name, str(entry.data.get("operator", "")), bool(entry.data.get("foreign")))
        for entry in entries
    ]
    return np.array([name in names or who in names or (far and bool(words)) for name, who, far in rows])


def limits(systems: pd.DataFrame, name: str) -> Array:
    """Limit of each system (a name of `LIMITS`); none where the table lacks the column."""
    if name in systems:
        return np.asarray(systems[name].to_numpy(dtype=np.float64))
    return np.full(len(systems), _missing(name))


def terminal_class(name: str) -> str:
    """Who buys a terminal of the catalog, one of `CLASSES`."""
    entry = catalog.entry("terminals", name)
    found = str(entry.data.get("class", ""))
    if found not in CLASSES:
        raise RabtaError(
            "terminal without a class", file=entry.path, key="class", value=found, expected=", ".join(CLASSES)
        )
    return found


def serving(systems: pd.DataFrame) -> NDArray[np.bool_]:
    """Systems whose satellites carry the cells' traffic, one value a row of the systems table.

    Those of broadband systems that households buy terminals of. Where the scenario has none, those of
    enterprise terminals, which feed village sites.
    """
    broadband = (systems["kind"] == "broadband").to_numpy(dtype=bool)
    moving = broadband & (systems["orbit"] != "geo").to_numpy(dtype=bool)
    classes = systems["terminal_class"]
    homes, firms = (moving & (classes == name).to_numpy(dtype=bool) for name in ("consumer", "enterprise"))
    return homes if homes.any() else firms


def for_phones(systems: pd.DataFrame) -> NDArray[np.bool_]:
    """Systems that serve ordinary phones, one value a row of the systems table."""
    return (systems["kind"] == "direct_to_device").to_numpy(dtype=bool)


def satellites(
    entries: Sequence[Entry], epoch: datetime, catalogue: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Table of satellites: moving ones in the order of the entries, then the geostationary ones.

    Parameters
    ----------
    entries : sequence of Entry
        Of the constellations catalog.
    epoch : datetime
        Epoch of the synthetic elements (UTC); nodes stated for another instant drift to it under J2.
    catalogue : DataFrame, optional
        Satellites read from element sets; they replace the shells of the first entry. Each takes the
        nearest shell within 12 km and 1 degree. The others (on their way up or down, retired) are kept
        under the shell ``outside`` with a minimum elevation of 90 degrees: they fly, but serve nobody.
    """
    import pandas as pd

    tables = []
    for row, entry in enumerate(entries):
        made = load(entry)
        marks: dict[str, Any] = {"constellation": entry.name, "system": row}
        if row == 0 and catalogue is not None:
            tables.append(_from_catalogue(made, catalogue).assign(**marks))
        else:
            tables += [_from_shell(entry.name, shell, epoch, made.epoch, marks) for shell in made.shells]
    whole = pd.concat(tables, ignore_index=True).astype({"system": np.int16})
    still = whole["orbit"] == "geo"
    return pd.concat([whole[~still], whole[still]], ignore_index=True)


def _from_shell(
    name: str, shell: Shell, epoch: datetime, stated: datetime | None, marks: dict[str, Any]
) -> pd.DataFrame:
    columns: dict[str, NDArray[Any]] = dict(shell_elements(shell, epoch, stated))
    columns["name"] = np.array(_names(f"{name} {shell.name} ", shell))
    if shell.orbit == "geo":
        columns["longitude_deg"] = np.array(shell.longitude_deg)
    own = {"shell": shell.name, "orbit": shell.orbit, "min_elevation_deg": shell.min_elevation_deg}
    return elements.table(columns, **own, **marks)


def _from_catalogue(made: Constellation, catalogue: pd.DataFrame) -> pd.DataFrame:
    height = altitude_km(catalogue["mean_motion_rev_day"])
    index, found = nearest_shell(made.shells, height, catalogue["inclination_deg"])
    names = np.array([shell.name for shell in made.shells])
    lowest = np.array([shell.min_elevation_deg for shell in made.shells])
    return catalogue.assign(
        shell=np.where(found, names[index], OUTSIDE),
        min_elevation_deg=np.where(found, lowest[index], 90.0),
    )


def _names(prefix: str, shell: Shell) -> list[str]:
    if shell.orbit == "geo":
        return labels(1, shell.satellites, prefix)
    return [f"{prefix}{p + 1:02d}-{s + 1:02d}" for p, n in enumerate(_per_plane(shell)) for s in range(n)]


def _per_plane(shell: Shell) -> tuple[int, ...]:
    return shell.fill or (shell.per_plane or 0,) * shell.planes


def shell_elements(shell: Shell, epoch: datetime, stated: datetime | None = None) -> dict[str, Array]:
    """Mean elements of a shell's satellites.

    Parameters
    ----------
    shell : Shell
        Of a catalog entry.
    epoch : datetime
        Epoch of the elements (UTC).
    stated : datetime, optional
        Instant for which the entry states the nodes; they drift from there under J2.

    Returns
    -------
    dict of ndarray, shape (satellites,)
        The element columns of the satellites table.
    """
    jd, fraction = (float(part) for part in julian_date(np.datetime64(epoch.replace(tzinfo=None), "ns")))
    days = (epoch - stated).total_seconds() / 86_400.0 if stated else 0.0
    drift = float(node_rate_deg_day(shell.altitude_km, shell.inclination_deg)) * days
    if shell.orbit == "geo":
        return _geostationary(shell, jd, fraction)
    if shell.raan_deg:
        return _listed(shell, jd + fraction, drift, _earth_angle_deg(jd, fraction))
    return walker(
        shell.altitude_km,
        shell.inclination_deg,
        shell.planes,
        shell.per_plane or 0,
        phasing=shell.phasing,
        spread_deg=shell.spread_deg,
        raan0_deg=shell.raan0_deg + drift,
        anomaly0_deg=shell.anomaly0_deg,
        epoch_jd=jd + fraction,
    )


def _earth_angle_deg(jd: float, fraction: float) -> float:
    return float(np.degrees(gmst_rad(jd, fraction)))


def _geostationary(shell: Shell, jd: float, fraction: float) -> dict[str, Array]:
    longitude = np.asarray(shell.longitude_deg, dtype=np.float64)
    columns = {name: np.zeros_like(longitude) for name in ELEMENTS}
    columns["epoch_jd"] += jd + fraction
    columns["mean_motion_rev_day"] += SIDEREAL_REV_DAY
    columns["mean_anomaly_deg"] = np.mod(longitude + _earth_angle_deg(jd, fraction), 360.0)
    return columns


def _listed(shell: Shell, epoch_jd: float, drift: float, earth_angle: float) -> dict[str, Array]:
    """Elements plane by plane; a geosynchronous plane crosses the equator at its stated longitude."""
    planes = []
    for k, (raan, count) in enumerate(zip(shell.raan_deg, _per_plane(shell), strict=True)):
        anomaly = shell.anomaly0_deg + 360.0 * shell.phasing * k / shell.satellites
        if shell.longitude_deg:
            anomaly = shell.longitude_deg[k] + earth_angle - raan - drift
        planes.append(
            walker(
                shell.altitude_km,
                shell.inclination_deg,
                1,
                count,
                raan0_deg=raan + drift,
                anomaly0_deg=anomaly,
                epoch_jd=epoch_jd,
            )
        )
    return {name: np.concatenate([plane[name] for plane in planes]) for name in ELEMENTS}


def altitude_km(mean_motion_rev_day: ArrayLike) -> Array:
    """Mean altitude over the equator of a Kepler orbit (within 3 km of the one with J2)."""
    rate = np.asarray(mean_motion_rev_day, dtype=np.float64) * 2.0 * np.pi / 86_400.0
    return np.asarray(((GM_EARTH_M3_S2 / rate**2) ** (1.0 / 3.0) - EARTH_RADIUS_M) / 1e3)


def nearest_shell(
    shells: Sequence[Shell], altitude: ArrayLike, inclination_deg: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Row of the nearest shell for each object, and whether it is within reach.

    The reach is 12 km and 1 degree; nearness weighs 10 km like 0.15 degree, so that neighbouring shells
    of one inclination family (53.05 and 53.2 degrees) part cleanly.
    """
    height = np.asarray(altitude)[:, None] - np.array([shell.altitude_km for shell in shells])
    tilt = np.asarray(inclination_deg)[:, None] - np.array([shell.inclination_deg for shell in shells])
    index = np.argmin(np.abs(height) / 10.0 + np.abs(tilt) / 0.15, axis=1)
    rows = np.arange(len(index))
    near = np.abs(height[rows, index]) <= SHELL_REACH_KM
    return index, near & (np.abs(tilt[rows, index]) <= SHELL_REACH_DEG)
