"""From drawn years to people cut off, hours, payments: the tables of the stage.

Without the ground network a person is cut off as the sites around are: a district's people times the share of
its sites that is down. Cuts of fibre on land go through the ground network, sets that are down at once
together; cuts of submarine cables by what their owners have left (`rabta.transport.hazards.cuts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.transport.failures.effects import payments
from rabta.transport.hazards import cuts, events, floods, sources
from rabta.transport.hazards.exposure import Exposure

if TYPE_CHECKING:
    import pandas as pd

F8 = NDArray[np.float64]
I8 = NDArray[np.int64]
CHUNK = 500  # draws at a time: memory, not results
DAYS = 365


@dataclass(frozen=True)
class Land:
    """Land fibre: names that stay when others are added, and lengths."""

    names: list[str]
    km: F8


@dataclass(frozen=True)
class Model:
    """Everything the draws depend on; built once, shared by all chunks.

    Attributes
    ----------
    subscribers : float
        People whose traffic goes abroad over the cables.
    local : bool
        False where the catalog has no hazards of this land: then only cables and fibre fail.
    ground : Ground, optional
        What cuts on land do; without it they are counted and cost nobody anything.
    """

    exposure: Exposure
    fleet: cuts.Fleet
    land: Land
    subscribers: float
    seed: int
    local: bool = True
    ground: cuts.Ground | None = None


@dataclass(frozen=True)
class Years:
    """Drawn years, event by event, and the share of each district's sites that each hazard puts out."""

    model: Model
    draws: I8
    flood: events.Floods
    shaking_g: F8
    shaking_day: F8
    heat: events.Heat
    blackout: events.Blackouts
    cables: events.Incidents
    fibre: events.Incidents

    def failed(self, position: int) -> list[tuple[str, float, float]]:
        """Elements that fail in a year: name of the cable or span, day of the year, days."""
        found = [
            (names[some.element[row]], float(some.day[row]), float(some.days[row]))
            for names, some in ((self.model.fleet.names, self.cables), (self.model.land.names, self.fibre))
            for row in np.flatnonzero(some.at == position)
        ]
        return sorted(found, key=lambda item: (item[1], item[0]))

    def down_share(self, position: int) -> F8:
        """Share of each district's sites that is down, mean of the day, shape (365, district).

        Hazards that strike the same day put sites out independently: ``1 - prod(1 - share)``.
        """
        up = np.ones((DAYS, len(self.model.exposure.districts)))
        day = np.arange(DAYS, dtype=np.float64)
        if self.model.local:
            for share in (
                self._flood(position, day),
                self._shaking(position, day),
                self._heat(position, day),
            ):
                up *= 1.0 - share
            up *= 1.0 - self._blackout(position, day)
        return 1.0 - up

    def _flood(self, position: int, day: F8) -> F8:
        row = np.flatnonzero(self.flood.at == position)
        if row.size == 0:
            return np.zeros((1, 1))
        left = _recovery(self.model).left(day - self.flood.day[row[0]])
        begun = np.greater_equal.outer(day, np.floor(self.flood.day[row[:1]]))
        return np.asarray(flood_share(self.model, self.flood.sites[row])[0] * left * begun)

    def _shaking(self, position: int, day: F8) -> F8:
        out, days = _quake().loss(self.shaking_g[position])
        since: F8 = np.subtract.outer(day, np.floor(self.shaking_day[position : position + 1]))
        left = np.exp(-np.maximum(since, 0.0) * out / np.maximum(days, 1e-12)) * (since >= 0.0)
        return np.asarray(_standby().lost_share * out * left)

    def _heat(self, position: int, day: F8) -> F8:
        first = np.floor(self.heat.day[position, : self.heat.count[position]])
        length = float(sources.data("heat")["days"])
        since = np.subtract.outer(day, first)
        on = np.any((since >= 0.0) & (since < length), axis=1, keepdims=True)
        return np.asarray(heat_share() * (on & self.heat.struck[position][None, :]))

    def _blackout(self, position: int, day: F8) -> F8:
        up = np.ones((day.size, len(self.model.exposure.districts)))
        for i in range(int(self.blackout.count[position])):
            hours = _dark_hours(self.blackout.hours[position, i : i + 1])[0]
            on = np.equal.outer(day, np.floor(self.blackout.day[position, i : i + 1]))
            where = struck(self.model.exposure, np.array([self.blackout.national[position, i]]))[0]
            up *= 1.0 - _standby().lost_share * min(float(hours) / 24.0, 1.0) * (on & where[None, :])
        return 1.0 - up


@dataclass(frozen=True)
class Loss:
    """One hazard over the draws.

    Attributes
    ----------
    events, sites, people : ndarray, shape (draw,)
        Events of the year; sites and people at the worst moment of the year's worst event.
    person_hours : ndarray, shape (draw, district)
    """

    events: F8
    sites: F8
    people: F8
    person_hours: F8


def draw_years(model: Model, draws: I8) -> Years:
    """Events of the given draws; any subset of draws gives the same years."""
    seed, of = model.seed, model.exposure
    shaking, day = events.shakings(of, _quake(), seed, draws)
    return Years(
        model,
        draws,
        events.floods(of, _flood(), seed, draws),
        shaking,
        day,
        events.heat(of, sources.data("heat"), seed, draws),
        events.blackouts(sources.data("blackout"), seed, draws),
        events.cable_faults(model.fleet.names, model.fleet.km, _cables(), seed, draws),
        events.fibre_cuts(model.land.names, model.land.km, sources.data("land-faults"), seed, draws),
    )


def losses(years: Years) -> dict[str, Loss]:
    """Losses of every hazard of `rabta.transport.hazards.sources.KINDS`."""
    local = {
        "flood": _flood_loss,
        "earthquake": _quake_loss,
        "heat": _heat_loss,
        "blackout": _blackout_loss,
    }
    found = {name: make(years) for name, make in local.items()} if years.model.local else {}
    return {**found, "cables": _cable_loss(years), "fibre": _fibre_loss(years)}


def all_losses(model: Model, draws: int) -> dict[str, Loss]:
    """Losses of draws 0 to ``draws``, chunk by chunk."""
    parts = [
        losses(draw_years(model, np.arange(first, min(first + CHUNK, draws))))
        for first in range(0, draws, CHUNK)
    ]
    fields = ("events", "sites", "people", "person_hours")
    return {
        name: Loss(*(np.concatenate([getattr(part[name], field) for part in parts]) for field in fields))
        for name in (parts[0] if parts else {})
    }


def flood_share(model: Model, wet_sites: F8) -> F8:
    """Share of each district's sites that goes out of those on flooded land."""
    of = model.exposure
    out = _flood().out_share(float(of.flooded_sites.sum()), float(of.sites.sum()))
    return np.asarray(out * wet_sites / np.maximum(of.sites, 1e-9))


def heat_share() -> float:
    """Mean share of the sites down where load is shed: flat batteries for the rest of the longest block."""
    heat, standby = sources.data("heat"), _standby()
    return standby.lost_share * max(float(heat["longest_block_hours"]) - standby.battery_hours, 0.0) / 24.0


def struck(of: Exposure, national: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Districts that a failure of the grid takes, shape (event, district)."""
    partial = list(sources.data("blackout")["partial_provinces"])
    south = np.array([p in partial for p in of.provinces])
    return np.asarray(national[:, None] | south[None, :])


def _flood_loss(years: Years) -> Loss:
    of, size = years.model.exposure, years.draws.size
    some = years.flood
    out = _flood().out_share(float(of.flooded_sites.sum()), float(of.sites.sum()))
    hours = np.zeros((size, len(of.districts)))
    hours[some.at] = out * some.people * _recovery(years.model).mean_days * 24.0
    sites, people, count = np.zeros(size), np.zeros(size), np.zeros(size)
    sites[some.at], people[some.at] = out * some.sites.sum(axis=1), out * some.people.sum(axis=1)
    count[some.at] = 1.0
    return Loss(count, sites, people, hours)


def _quake_loss(years: Years) -> Loss:
    of, standby = years.model.exposure, _standby()
    out, days = _quake().loss(years.shaking_g)
    dark = np.maximum(days * 24.0 - out * standby.battery_hours, 0.0)
    share = np.asarray(standby.lost_share * out)
    felt = np.any(out > 0.01, axis=1).astype(np.float64)
    hours = standby.lost_share * dark * of.people
    return Loss(felt, _sum(share * of.sites), _sum(share * of.people), np.asarray(hours))


def _heat_loss(years: Years) -> Loss:
    of, some = years.model.exposure, years.heat
    share = heat_share() * some.struck * (some.count > 0)[:, None]
    hours = share * of.people * (some.count * float(sources.data("heat")["days"]) * 24.0)[:, None]
    return Loss(
        some.count.astype(np.float64),
        (share * of.sites).sum(axis=1),
        (share * of.people).sum(axis=1),
        hours,
    )


def _blackout_loss(years: Years) -> Loss:
    of, some, lost = years.model.exposure, years.blackout, _standby().lost_share
    size = years.draws.size
    sites, people, hours = np.zeros(size), np.zeros(size), np.zeros((size, len(of.districts)))
    for event in range(events.MOST):
        on = (some.count > event)[:, None] & struck(of, some.national[:, event])
        hours += lost * on * of.people * _dark_hours(some.hours[:, event])[:, None]
        sites = np.maximum(sites, lost * (on * of.sites).sum(axis=1))
        people = np.maximum(people, lost * (on * of.people).sum(axis=1))
    return Loss(some.count.astype(np.float64), sites, people, hours)


def _cable_loss(years: Years) -> Loss:
    of, size = years.model.exposure, years.draws.size
    worst, total = cuts.shed_shares(years.model.fleet, _cables(), years.cables, size)
    part = of.people / max(float(of.people.sum()), 1e-9)
    count = np.bincount(years.cables.at, minlength=size).astype(np.float64)
    subscribers = years.model.subscribers
    return Loss(count, np.zeros(size), worst * subscribers, (total * subscribers)[:, None] * part)


def _fibre_loss(years: Years) -> Loss:
    size, ground = years.draws.size, years.model.ground
    count = np.bincount(years.fibre.at, minlength=size).astype(np.float64)
    none = np.zeros(size)
    if ground is None:
        return Loss(count, none, none, np.zeros((size, len(years.model.exposure.districts))))
    hours, people = cuts.land_losses(ground, years.fibre, size)
    return Loss(count, none, people, hours)


def _sum(amount: F8) -> F8:
    return np.asarray(amount.sum(axis=1))


def _dark_hours(hours: F8) -> F8:
    return np.asarray(np.maximum(hours - _standby().battery_hours, 0.0))


def _recovery(model: Model) -> floods.Recovery:
    return floods.recovery(model.exposure, _flood())


def _flood() -> sources.Flood:
    return sources.Flood(sources.data("flood"))


def _quake() -> sources.Quake:
    return sources.Quake(sources.data("earthquake"))


def _standby() -> sources.Standby:
    return sources.Standby(sources.data("standby"))


def _cables() -> sources.Cables:
    return sources.Cables(sources.data("submarine-faults"))


def draws_table(found: dict[str, Loss], nation: str, first: int = 0) -> pd.DataFrame:
    """Table ``hazard_draws``: one row for each draw, from number ``first`` on, and hazard that struck."""
    import pandas as pd

    pay = payments(nation)
    rows = []
    for name, loss in found.items():
        every = loss.person_hours.sum(axis=1)
        hit = np.flatnonzero((loss.events > 0.0) | (every > 0.0))
        hours = every[hit]
        rows.append(
            pd.DataFrame(
                {
                    "draw": hit + first,
                    "hazard": name,
                    "events": loss.events[hit].astype(np.int64),
                    "sites_down_peak": loss.sites[hit],
                    "people_cut": loss.people[hit],
                    "person_hours": hours,
                    "payments_missed": hours * pay.a_person_hour,
                    "value_at_risk_usd": hours * pay.a_person_hour * pay.value_usd,
                }
            )
        )
    joined = pd.concat(rows, ignore_index=True)
    return joined.sort_values(["draw", "hazard"], kind="stable", ignore_index=True)


def hours_array(of: Exposure, found: dict[str, Loss], draws: int) -> F8:
    """Array ``hazard_person_hours``, shape (draw, hazard, district), hazards as in `sources.KINDS`."""
    none = np.zeros((draws, len(of.districts)))
    parts = [found[name].person_hours if name in found else none for name in sources.KINDS]
    return np.stack(parts, axis=1)


def districts_table(of: Exposure, hours: F8) -> pd.DataFrame:
    """Table ``hazard_districts`` from ``hazard_person_hours`` of at least one draw."""
    import pandas as pd

    total = hours.sum(axis=1)
    low, high = np.percentile(total, [10.0, 90.0], axis=0)
    mean = hours.mean(axis=0)
    means = {f"{name}_person_hours_year": mean[i] for i, name in enumerate(sources.KINDS)}
    return pd.DataFrame(
        {
            "district": of.districts,
            "province": of.provinces,
            "sites": of.sites,
            "people_covered": of.people,
            "person_hours_year": total.mean(axis=0),
            "person_hours_p10": low,
            "person_hours_p90": high,
            **means,
        }
    )


def summary_table(drawn: pd.DataFrame, draws: int) -> pd.DataFrame:
    """Table ``hazard_summary``: one row for each hazard, and one for all together."""
    import pandas as pd

    rows = []
    for name in (*sources.KINDS, "all"):
        some = drawn if name == "all" else drawn[drawn["hazard"] == name]
        hours = np.bincount(some["draw"], some["person_hours"], draws)
        low, high = np.percentile(hours, [10.0, 90.0])
        rows.append(
            {
                "hazard": name,
                "events_year": float(some["events"].sum()) / draws,
                "sites_down_worst": float(some["sites_down_peak"].max()) if len(some) else 0.0,
                "person_hours_year": float(hours.mean()),
                "standard_error": float(hours.std(ddof=1) / np.sqrt(draws)) if draws > 1 else np.inf,
                "person_hours_p10": float(low),
                "person_hours_p90": float(high),
                "payments_missed_year": float(some["payments_missed"].sum()) / draws,
                "value_at_risk_usd_year": float(some["value_at_risk_usd"].sum()) / draws,
            }
        )
    return pd.DataFrame(rows)


def empty_tables(*names: str) -> dict[str, pd.DataFrame]:
    """Tables of the schema without rows."""
    import pandas as pd

    from rabta import schema

    def column(kind: str) -> pd.Series[Any]:
        return pd.Series(dtype="str" if kind == "string" else kind)

    return {
        name: pd.DataFrame({key: column(spec.type) for key, spec in schema.tables()[name].items()})
        for name in names
    }
