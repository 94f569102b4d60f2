"""Sections of a scenario that others do not refer to, and what all sections are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Positive = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(gt=0, le=100)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse names that come twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"named twice: {', '.join(twice)}")
    return names


class Section(BaseModel):
    """Base of all scenario sections: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Airspace(Section):
    """The low airspace: where fields for the approval of flights are computed, and for what link."""

    areas: tuple[tuple[Latitude, Longitude, Annotated[float, Field(ge=0.5, le=30)]], ...] = Field(
        (),
        max_length=64,
        description="Latitude, longitude and radius in km (0.5 to 30) of each; a radius of 10 km takes about a "  # noqa: E501
        "minute",
    )
    operators: tuple[str, ...] = Field(
        (),
        description="Whose cells an aircraft can use, one after the other; empty means the roll-out's first",
    )
    band: str = Field("1800-mhz", description="Entry of the bands catalog that the command link uses")
    need_db: float = Field(-4.0, ge=-20, le=30, description="Least SINR for commands (modelled)")
    wind_m_s: float | None = Field(None, ge=0, le=60, description="At 10 m; none means that it is unknown")
    wind_from_deg: float | None = Field(None, ge=0, le=360, description="Clockwise from north")

    @field_validator("operators")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return each_once(value)


class Jammer(Section):
    """A jammer at a place."""

    kind: str = Field(
        description="Entry of the jammers catalog: its band, and its power and height if not given"
    )
    lat_deg: Latitude
    lon_deg: Longitude
    eirp_dbw: float | None = Field(None, ge=-60, le=120, description="Effective radiated power")
    height_m: float | None = Field(None, ge=1, le=3000, description="Above the ground")


class Security(Section):
    """Who can see, cut and jam, and what the overlay changes."""

    ministries: str = Field(
        "", description="Entry of the ministries catalog: government users; empty means the nation's"
    )
    equipment: str = Field(
        "", description="Entry of the equipment catalog: owners and makers; empty means the nation's"
    )
    overlay: Literal["NS", "CI", "none"] = Field(
        "NS", description="Suite of the overlay between the state's own sites"
    )
    border_jammers: tuple[str, ...] = Field(
        ("gnss-vehicle", "gnss-airborne", "mobile-vehicle", "ku-vehicle", "ka-vehicle", "c2-vehicle"),
        description="Entries of the jammers catalog that stand anywhere along the border",
    )
    jammers: tuple[Jammer, ...] = Field((), description="Jammers at places, as [[security.jammers]]")
    border_step_km: float = Field(40.0, ge=5, le=200, description="Between the places along the border")
