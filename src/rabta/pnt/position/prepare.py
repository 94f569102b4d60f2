"""Prepared rows: everything about each satellite of each epoch that does not depend on how one solves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants
from rabta.pnt.orbits import complete, is_geo, select, states
from rabta.pnt.orbits.constants import LIGHT_M_S
from rabta.pnt.position import delaying, weights
from rabta.pnt.position.choice import choose
from rabta.pnt.position.options import Options
from rabta.pnt.records import Navigation, Observations

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Geometry:
    """Rows by epoch, then system: one for each satellite that can be used.

    Attributes
    ----------
    times : ndarray of int64, shape (epoch,)
        Receiver's time tags.
    start : ndarray of int64, shape (epoch + 1,)
        Rows of epoch k are ``start[k]:start[k + 1]``.
    epoch, system, prn : ndarray, shape (row,)
    source : ndarray of int64, shape (row,)
        Row in the system's observations.
    ephemeris : ndarray of int64, shape (row,)
        Row in `ephemerides`.
    first, second : ndarray of str, shape (row,)
        Codes in use; `second` empty for a single frequency.
    range_m : ndarray, shape (row,)
        Measured range: of the signal, or ionosphere-free of the pair.
    frequency_hz : ndarray, shape (row,)
        Of the first signal.
    doppler_m_s : ndarray, shape (row,)
        Measured range rate (positive: going away); NaN where absent.
    cn0 : ndarray, shape (row,)
        NaN where absent.
    satellite_m, satellite_m_s : ndarray, shape (row, 3)
        At transmission, in the Earth-fixed frame of that instant (`least squares` turns it).
    clock_s, clock_rate : ndarray, shape (row,)
        Satellite's clock less the signal's group delay.
    azimuth_deg, elevation_deg : ndarray, shape (row,)
        From the approximate position; NaN without one.
    ionosphere_m, troposphere_m : ndarray, shape (row,)
        Modelled delays; the ionosphere's is 0 for pairs.
    sigma_m : ndarray, shape (row,)
        Standard deviation without the common error of the ionosphere.
    mapping : ndarray, shape (row,)
        Range error for a metre of vertical error of the ionosphere on the reference frequency; 0 for pairs.
    slack_m : ndarray, shape (epoch,)
        Standard deviation of that vertical error.
    group : ndarray of int64, shape (row,)
        Receiver clock of the row: index into `groups`.
    groups : tuple of str
        Such as ``C 2I+6I``.
    place_m : ndarray, shape (epoch, 3)
        Approximate positions of the receiver; NaN without one.
    """

    times: Instants
    start: Index
    epoch: Index
    system: NDArray[np.str_]
    prn: Index
    source: Index
    ephemeris: Index
    ephemerides: NDArray[np.void]
    first: NDArray[np.str_]
    second: NDArray[np.str_]
    range_m: Array
    frequency_hz: Array
    noise: Array
    doppler_m_s: Array
    cn0: Array
    satellite_m: Array
    satellite_m_s: Array
    clock_s: Array
    clock_rate: Array
    azimuth_deg: Array
    elevation_deg: Array
    ionosphere_m: Array
    troposphere_m: Array
    sigma_m: Array
    mapping: Array
    slack_m: Array
    group: Index
    groups: tuple[str, ...]
    place_m: Array
    ionosphere: str = "none"
    notes: tuple[str, ...] = ()

    @property
    def corrected_m(self) -> Array:
        """Ranges with the satellite's clock and the delays taken out, shape (row,)."""
        return self.range_m + LIGHT_M_S * self.clock_s - self.ionosphere_m - self.troposphere_m

    def keep(self, rows: NDArray[np.bool_]) -> Geometry:
        """The same with some rows only."""
        counts = np.bincount(self.epoch[rows], minlength=self.times.size)
        changed = {name: getattr(self, name)[rows] for name in _ROWS}
        return replace(self, start=np.concatenate([[0], np.cumsum(counts)]), **changed)


_ROWS = ("epoch", "system", "prn", "source", "ephemeris", "first", "second", "range_m", "frequency_hz")
_ROWS += ("noise", "doppler_m_s", "cn0", "satellite_m", "satellite_m_s", "clock_s", "clock_rate")  # type: ignore[assignment]
_ROWS += ("azimuth_deg", "elevation_deg", "ionosphere_m", "troposphere_m", "sigma_m", "mapping", "group")  # type: ignore[assignment]


def geometry(
    obs: Observations,
    nav: Navigation,
    options: Options | None = None,
    *,
    place_m: ArrayLike | None = None,
) -> Geometry:
    """Prepare rows for solving.

    Parameters
    ----------
    obs, nav : Observations, Navigation
    options : Options, optional
    place_m : array_like, shape (3,) or (epoch, 3), optional
        Approximate position of the receiver; by default it is found from the ranges themselves.

    Raises
    ------
    RabtaError
        Where no observation meets an ephemeris.
    """
    from rabta.pnt.position.coarse import places

    chosen = options or Options()
    rows = _collect(obs, nav, chosen)
    if place_m is None:
        where = places(rows)
    else:
        where = np.array(np.broadcast_to(np.asarray(place_m, dtype=np.float64), (obs.times.size, 3)))
    return at(rows, nav, chosen, where)


def at(rows: Geometry, nav: Navigation, options: Options, place_m: Array) -> Geometry:
    """Rows seen from approximate positions (epoch, 3): angles, delays and weights; below the mask left out."""
    from rabta.pnt.position import _kernels

    lat, lon, _ = geo.geodetic_from_ecef(place_m)
    axes = np.concatenate([place_m, geo.east_north_up(lat, lon).reshape(-1, 9)], axis=1)
    seen = np.empty((rows.epoch.size, 2))
    _kernels.angles(np.ascontiguousarray(axes), rows.satellite_m, rows.epoch, seen)
    rows = replace(rows, azimuth_deg=seen[:, 0], elevation_deg=seen[:, 1], place_m=place_m)
    above = ~(rows.elevation_deg < options.mask_deg) & ~(rows.cn0 < options.lowest_cn0)
    if not above.all():
        rows = rows.keep(above)
    return _weighed(rows, nav, options)


def _weighed(rows: Geometry, nav: Navigation, options: Options) -> Geometry:
    """Delays by models, standard deviations."""
    single = np.flatnonzero(rows.second == "")
    name = delaying.model(nav, options.ionosphere)
    up = np.where(np.isfinite(rows.elevation_deg), rows.elevation_deg, 90.0)
    delay, mapping = np.zeros(up.size), np.zeros(up.size)
    slack = np.zeros(rows.times.size)
    if single.size:
        part = rows.epoch[single]
        angles = rows.azimuth_deg[single], rows.elevation_deg[single]
        delay[single] = np.nan_to_num(
            delaying.ionosphere_m(
                nav,
                name,
                rows.times,
                part,
                rows.place_m,
                rows.satellite_m[single],
                *angles,
                rows.frequency_hz[single],
            )
        )
        mapping[single] = weights.slant(up[single]) * (_REFERENCE_HZ / rows.frequency_hz[single]) ** 2
        content = np.bincount(part, delay[single] / mapping[single], rows.times.size)
        count = np.maximum(np.bincount(part, minlength=rows.times.size), 1)
        slack = np.maximum(weights.IONOSPHERE_SHARE * content / count, 0.3)
    air = delaying.troposphere_m(options.troposphere, rows.times, rows.epoch, rows.place_m, up)
    geo_ = is_geo(rows.ephemerides)[rows.ephemeris]
    space = weights.space_m(rows.system, rows.prn, geo_)
    code = weights.code_m(up, rows.cn0) * rows.noise
    sigma = np.sqrt(space**2 + code**2 + (weights.TROPOSPHERE_M * weights.air(up)) ** 2)
    return replace(
        rows, ionosphere_m=delay, troposphere_m=np.nan_to_num(air), sigma_m=sigma, mapping=mapping,
        slack_m=slack, ionosphere=name,
    )  # fmt: skip


_REFERENCE_HZ = 1_575_420_000.0


def _collect(obs: Observations, nav: Navigation, options: Options) -> Geometry:
    """Rows of all systems with ephemeris, signals and satellites' states; no receiver yet."""
    table = complete(nav.ephemerides)
    parts = [
        part
        for letter in options.systems
        if letter in obs.systems
        for part in [_system(letter, obs, table, options)]
        if part is not None
    ]
    if not parts:
        raise RabtaError(
            "no observation meets a valid ephemeris",
            key="systems",
            value=options.systems,
            expected=_advice(obs, nav, options),
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["epoch"], kind="stable")
    joined = {name: values[order] for name, values in joined.items()}
    names = np.char.add(np.char.add(joined["system"], " "), joined["first"])
    paired = joined["second"] != ""
    names = np.where(paired, np.char.add(np.char.add(names, "+"), joined["second"]), names)
    groups, group = np.unique(names, return_inverse=True)
    counts = np.bincount(joined["epoch"], minlength=obs.times.size)
    n, empty = order.size, np.full(order.size, np.nan)
    return Geometry(
        times=obs.times,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        ephemerides=table,
        azimuth_deg=empty,
        elevation_deg=empty,
        ionosphere_m=np.zeros(n),
        troposphere_m=np.zeros(n),
        sigma_m=np.ones(n),
        mapping=np.zeros(n),
        slack_m=np.zeros(obs.times.size),
        group=group.reshape(-1).astype(np.int64),
        groups=tuple(str(g) for g in groups),
        place_m=np.full((obs.times.size, 3), np.nan),
        **joined,
    )


def _advice(obs: Observations, nav: Navigation, options: Options) -> str:
    """What the files hold, for the message when nothing fits."""
    from rabta.pnt.gnsstime import calendar

    seen = "".join(s for s in obs.systems if s in options.systems) or "none of these"
    told = sorted({str(s) for s in nav.ephemerides["system"]})
    span = (
        " to ".join(str(calendar(t))[:16] for t in (obs.times.min(), obs.times.max()))
        if obs.times.size
        else "-"
    )
    toe = nav.ephemerides["toe"]
    when = " to ".join(str(calendar(t))[:16] for t in (toe.min(), toe.max())) if toe.size else "never"
    return f"observed: {seen}, {span}; ephemerides: {''.join(told) or 'none'}, {when}"


def _system(
    letter: str, obs: Observations, table: NDArray[np.void], options: Options
) -> dict[str, NDArray[np.generic]] | None:
    """Columns of one system's usable rows."""
    observed = obs.systems[letter]
    when = obs.times[observed.epoch]
    prn = observed.prn.astype(np.int64)
    row = select(table, letter, prn, when, kinds=options.kinds, sent_before=options.sent_before)
    banned = [int(name[1:]) for name in options.excluded if name[:1] == letter and name[1:].isdigit()]
    source = np.flatnonzero((row >= 0) & ~np.isin(prn, banned))
    chosen = choose(letter, observed, source, table, row[source], options)
    fine = np.isfinite(chosen.range_m)
    if not fine.any():
        return None
    source, ephemeris = source[fine], row[source][fine]
    range_m, first = chosen.range_m[fine], chosen.first[fine]
    state = states(table, ephemeris, when[source], -range_m / LIGHT_M_S, own_clock=True)
    doppler, cn0 = _beside(observed, source, first, chosen.frequency_hz[fine])
    return {
        "epoch": observed.epoch[source].astype(np.int64),
        "system": np.full(source.size, letter),
        "prn": prn[source],
        "source": source,
        "ephemeris": ephemeris,
        "first": first,
        "second": chosen.second[fine],
        "range_m": range_m,
        "frequency_hz": chosen.frequency_hz[fine],
        "noise": chosen.noise[fine],
        "doppler_m_s": doppler,
        "cn0": cn0,
        "satellite_m": state.position_m,
        "satellite_m_s": state.velocity_m_s,
        "clock_s": state.clock_s - chosen.delay_s[fine],
        "clock_rate": state.clock_rate,
    }


def _beside(observed: object, source: Index, first: NDArray[np.str_], carrier: Array) -> tuple[Array, Array]:
    """Range rate (m/s) and C/N0 of the signal of each row."""
    from rabta.pnt.records import SystemObservations

    assert isinstance(observed, SystemObservations)
    doppler, cn0 = np.full(source.size, np.nan), np.full(source.size, np.nan)
    for code in np.unique(first).tolist():
        rows = slice(None) if (first == code).all() else np.flatnonzero(first == code)
        part = source[rows]
        doppler[rows] = -observed.column("D" + code)[part] * LIGHT_M_S / carrier[rows]
        cn0[rows] = observed.column("S" + code)[part]
    return doppler, cn0


def names(rows: Geometry) -> Sequence[str]:
    """Satellite names of rows, such as ``C21``."""
    return [f"{s}{p:02d}" for s, p in zip(rows.system.tolist(), rows.prn.tolist(), strict=True)]
