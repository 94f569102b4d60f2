"""Radio equipment of the catalog, as values that the formulas take."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from rabta import catalog
from rabta.errors import RabtaError


@dataclass(frozen=True)
class Band:
    """One carrier of a site.

    Attributes
    ----------
    blocks, spacing_khz : float
        Resource blocks and their subcarrier spacing.
    down_share : float
        Part of the time that goes down.
    power_dbm : float
        Power of a sector over the whole carrier.
    gain_dbi, spread_gain_dbi : float
        Antenna gain towards the served user, and of the sector's pattern towards others.
    layers : int
        Most layers at once.
    """

    frequency_ghz: float
    blocks: float
    spacing_khz: float
    down_share: float
    power_dbm: float
    gain_dbi: float
    spread_gain_dbi: float
    layers: int

    @property
    def occupied_mhz(self) -> float:
        """Bandwidth of the resource blocks."""
        return self.blocks * 12.0 * self.spacing_khz / 1e3


@dataclass(frozen=True)
class Site:
    """A terrestrial site and the household's unit.

    Attributes
    ----------
    neighbour_load : float
        Share of full power at which neighbours disturb in the busy hour.
    noise_rise_db, margin_db : float
        Margins at the cell's edge for interference and for shadowing.
    uplink_mhz, uplink_sinr_db : float
        What the household's unit must manage upward at the edge.
    backhaul_mbps : float
        Most that the link to one site carries.
    """

    sectors: int
    height_m: float
    base_noise_figure_db: float
    neighbour_load: float
    noise_rise_db: float
    margin_db: float
    user_gain_dbi: float
    user_height_m: float
    user_power_dbm: float
    user_noise_figure_db: float
    user_max_mbps: float
    uplink_mhz: float
    uplink_sinr_db: float
    backhaul_mbps: float
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Platform:
    """A high-altitude platform with one inner and six outer cells."""

    altitude_km: float
    radius_km: float
    frequency_ghz: float
    blocks: float
    spacing_khz: float
    down_share: float
    layers: int
    neighbour_load: float
    element_gain_dbi: float
    element_beamwidth_deg: float
    element_floor_db: float
    inner_rows: int
    inner_columns: int
    outer_rows: int
    outer_columns: int
    outer_tilt_deg: float
    inner_element_power_dbm: float
    outer_element_power_dbm: float
    user_gain_dbi: float
    user_noise_figure_db: float
    user_max_mbps: float


@dataclass(frozen=True)
class DeviceLink:
    """A satellite's link to ordinary phones."""

    altitude_km: float
    elevation_deg: float
    frequency_ghz: float
    eirp_dbw_mhz: float
    user_g_over_t_db_k: float
    losses_db: float
    carrier_to_interference_db: float
    spectrum_mhz: float
    reuse: int
    blocks: float
    spacing_khz: float
    beam_km: float
    user_max_mbps: float


T = TypeVar("T", Band, Platform, DeviceLink)


def site(name: str) -> Site:
    """Terrestrial site by name."""
    entry = catalog.entry("radios", name)
    bands = entry.data.get("bands")
    if not isinstance(bands, list) or not bands:
        raise RabtaError(
            "site without carriers", file=entry.path, key="bands", expected="[[bands]], at least one"
        )
    plain = {f.name: _number(entry, entry.data, f.name) for f in fields(Site) if f.name != "bands"}
    return Site(**_whole(plain, "sectors"), bands=tuple(_read(Band, entry, band) for band in bands))


def platform(name: str) -> Platform:
    """High-altitude platform by name."""
    entry = catalog.entry("radios", name)
    return _read(Platform, entry, entry.data)


def device_link(name: str) -> DeviceLink:
    """Direct-to-device link by name."""
    entry = catalog.entry("radios", name)
    return _read(DeviceLink, entry, entry.data)


def _read(kind: type[T], entry: catalog.Entry, data: dict[str, Any]) -> T:
    values = {f.name: _number(entry, data, f.name) for f in fields(kind)}
    whole = [f.name for f in fields(kind) if f.type == "int"]
    return kind(**_whole(values, *whole))


def _whole(values: dict[str, float], *names: str) -> dict[str, Any]:
    return {key: int(value) if key in names else value for key, value in values.items()}


def _number(entry: catalog.Entry, data: dict[str, Any], key: str) -> float:
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RabtaError(
            "radio without a usable number", file=entry.path, key=key, value=value, expected="a number"
        )
    return float(value)
