"""Prepared rows: everything about each satellite of each epoch that does not depend on how one solves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rabta import geo
from rabta.errors import RabtaError
from rabta.pnt.gnsstime import Instants
from rabta.pnt.orbits import complete, is_geo, select, states
from rabta.pnt.orbits.constants import LIGHT_M_S
from rabta.pnt.position import delaying, weights
from rabta.pnt.position.choice import choose, receiver_groups
from rabta.pnt.position.fit import places
from rabta.pnt.position.options import Options
from rabta.pnt.records import Navigation, Observations, SystemObservations

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
        Row in `ephemerides`: those of the systems in use, with `orbits.complete` delays.
    codes : ndarray of str, shape (row, signal)
        Signals; empty where there is none.
    ranges_m, delays_s, frequencies_hz : ndarray, shape (row, signal)
        Measured ranges, satellite's group delays, carriers; NaN where there is no signal.
    shares : ndarray, shape (row, signal)
        Of the signals in `range_m`; they sum to one.
    range_m : ndarray, shape (row,)
        Combined range, the receiver's delays between signals taken out.
    doppler_m_s : ndarray, shape (row,)
        Measured range rate (positive: going away); NaN where absent.
    cn0 : ndarray, shape (row,)
        NaN where absent.
    satellite_m, satellite_m_s : ndarray, shape (row, 3)
        At transmission, in the Earth-fixed frame of that instant (`least squares` turns it).
    clock_s, clock_rate : ndarray, shape (row,)
        Satellite's clock less the group delay of the combined signals.
    azimuth_deg, elevation_deg : ndarray, shape (row,)
        From the approximate position; NaN without one.
    ionosphere_m, troposphere_m : ndarray, shape (row,)
        Modelled delays of the combined range.
    sigma_m : ndarray, shape (row,)
        Standard deviation of the combined range.
    group : ndarray of int64, shape (row,)
        Receiver clock of the row: index into `groups`.
    groups : tuple of str
        Such as ``C 2I``, of a pair ``C 2I+6I``; BeiDou-2's are ``C2 2I``.
    parent, tie_m : ndarray, shape (group,)
        System clock of each group, and standard deviation of the group's own delay against it; 0: none.
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
    codes: NDArray[np.str_]
    ranges_m: Array
    delays_s: Array
    frequencies_hz: Array
    shares: Array
    range_m: Array
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
    group: Index
    groups: tuple[str, ...]
    parent: Index
    tie_m: Array
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


_ROWS = (
    *("epoch", "system", "prn", "source", "ephemeris", "codes", "ranges_m", "delays_s", "frequencies_hz"),
    *("shares", "range_m", "doppler_m_s", "cn0", "satellite_m", "satellite_m_s", "clock_s", "clock_rate"),
    *("azimuth_deg", "elevation_deg", "ionosphere_m", "troposphere_m", "sigma_m", "group"),
)


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
    chosen = options or Options()
    rows = _collect(obs, nav, chosen)
    if place_m is None:
        where = places(rows)
    else:
        where = np.array(np.broadcast_to(np.asarray(place_m, dtype=np.float64), (obs.times.size, 3)))
    return at(rows, nav, chosen, where)


def at(rows: Geometry, nav: Navigation, options: Options, place_m: Array) -> Geometry:
    """Rows seen from approximate positions (epoch, 3): angles, delays, weights; below the mask left out."""
    from rabta.pnt.position import _kernels

    lat, lon, _ = geo.geodetic_from_ecef(place_m)
    axes = np.concatenate([place_m, geo.east_north_up(lat, lon).reshape(-1, 9)], axis=1)
    seen = np.empty((rows.epoch.size, 2))
    _kernels.angles(np.ascontiguousarray(axes), np.ascontiguousarray(rows.satellite_m), rows.epoch, seen)
    rows = replace(rows, azimuth_deg=seen[:, 0].copy(), elevation_deg=seen[:, 1].copy(), place_m=place_m)
    above = ~(rows.elevation_deg < options.mask_deg) & ~(rows.cn0 < options.lowest_cn0)
    if not above.all():
        rows = rows.keep(above)
    return _weighed(rows, nav, options)


def _weighed(rows: Geometry, nav: Navigation, options: Options) -> Geometry:
    """Delays by models, standard deviations, signals combined."""
    name = delaying.model(nav, options.ionosphere)
    up = np.where(np.isfinite(rows.elevation_deg), rows.elevation_deg, 90.0)
    carrier = rows.frequencies_hz[:, 0]
    delay = np.zeros(up.size)
    if options.mode != "iono-free":
        seen = rows.satellite_m, rows.azimuth_deg, rows.elevation_deg
        delay = np.nan_to_num(
            delaying.ionosphere_m(nav, name, rows.times, rows.epoch, rows.place_m, *seen, carrier)
        )
    air = delaying.troposphere_m(options.troposphere, rows.times, rows.epoch, rows.place_m, up)
    geo_ = is_geo(rows.ephemerides)[rows.ephemeris]
    stated = rows.ephemerides["accuracy_m"][rows.ephemeris]
    common = (
        weights.space_m(rows.system, rows.prn, geo_, stated) ** 2
        + (weights.TROPOSPHERE_M * weights.air(up)) ** 2
    )
    code = weights.code_m(up, rows.cn0)
    slack = weights.ionosphere_m(name, delay, up, carrier)
    rows = replace(rows, ionosphere_m=delay, troposphere_m=np.nan_to_num(air), ionosphere=name)
    return combined(rows, options, code, slack, common)


def combined(rows: Geometry, options: Options, code: Array, slack: Array, common: Array) -> Geometry:
    """One range of the signals of each row, with its delays and standard deviation.

    Parameters
    ----------
    code : ndarray, shape (row,)
        Standard deviation of one signal's range.
    slack : ndarray, shape (row,)
        Each ray's own error of the ionosphere's delay at the first signal.
    common : ndarray, shape (row,)
        Variance that the signals share: orbit, clock, troposphere.
    """
    if rows.codes.shape[1] == 1:
        return replace(rows, sigma_m=np.sqrt(common + code**2 + slack**2))
    gamma = (rows.frequencies_hz[:, :1] / rows.frequencies_hz) ** 2
    ranges = rows.ranges_m
    if options.mode == "iono-free":
        shares = weights.iono_free(rows.frequencies_hz)
        variance = code**2 * (shares**2).sum(axis=1)
    else:
        ranges = ranges - _between(rows, gamma, code, slack)
        noise = np.repeat(code[:, None], gamma.shape[1], axis=1)
        # here the whole error of the model counts: the combination can take it out
        shares, variance = weights.best(noise, slack / weights.OWN_SHARE, gamma, np.isfinite(ranges))
    return replace(
        rows,
        shares=shares,
        range_m=np.nansum(shares * ranges, axis=1),
        ionosphere_m=rows.ionosphere_m * np.nansum(shares * gamma, axis=1),
        clock_s=rows.clock_s + rows.delays_s[:, 0] - np.nansum(shares * rows.delays_s, axis=1),
        sigma_m=np.sqrt(common + variance),
    )


def _between(rows: Geometry, gamma: Array, code: Array, slack: Array) -> Array:
    """Receiver's delays of further signals against the first, shape (row, signal)."""
    out = np.zeros(gamma.shape)
    row, k = np.nonzero(np.isfinite(rows.ranges_m[:, 1:]))
    k += 1
    more = gamma[row, k] - 1.0
    left = rows.ranges_m[row, k] - rows.ranges_m[row, 0] - more * rows.ionosphere_m[row]
    left -= LIGHT_M_S * (rows.delays_s[row, k] - rows.delays_s[row, 0])
    variance = 2.0 * code[row] ** 2 + (more * slack[row]) ** 2
    _, kind = np.unique(rows.codes[row, k], return_inverse=True)
    family = rows.group[row] * (int(kind.max(initial=0)) + 1) + kind
    out[row, k] = weights.receiver_delays(rows.epoch[row], family, left, variance, rows.times.size)
    return out


def _collect(obs: Observations, nav: Navigation, options: Options) -> Geometry:
    """Rows of all systems with ephemeris, signals and satellites' states; no receiver yet."""
    wanted = np.isin(nav.ephemerides["system"], list(options.systems))
    table = complete(nav.ephemerides[wanted])
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
    joined: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(joined["epoch"], kind="stable")
    joined = {name: values[order] for name, values in joined.items()}
    groups, group, parent, tie = receiver_groups(joined, options.mode)
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
        group=group,
        groups=groups,
        parent=parent,
        tie_m=tie,
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
    fine = chosen.usable
    if not fine.any():
        return None
    source, ephemeris = source[fine], row[source][fine]
    ranges, first = chosen.ranges_m[fine], chosen.codes[fine, 0]
    state = states(table, ephemeris, when[source], -ranges[:, 0] / LIGHT_M_S, own_clock=True)
    doppler, cn0 = _beside(observed, source, first, chosen.frequencies_hz[fine, 0])
    shares = np.zeros(ranges.shape)
    shares[:, 0] = 1.0
    return {
        "epoch": observed.epoch[source].astype(np.int64),
        "system": np.full(source.size, letter),
        "prn": prn[source],
        "source": source,
        "ephemeris": ephemeris,
        "codes": chosen.codes[fine],
        "ranges_m": ranges,
        "delays_s": chosen.delays_s[fine],
        "frequencies_hz": chosen.frequencies_hz[fine],
        "shares": shares,
        "range_m": ranges[:, 0],
        "doppler_m_s": doppler,
        "cn0": cn0,
        "satellite_m": state.position_m,
        "satellite_m_s": state.velocity_m_s,
        "clock_s": state.clock_s - chosen.delays_s[fine, 0],
        "clock_rate": state.clock_rate,
    }


def _beside(
    observed: SystemObservations, source: Index, first: NDArray[np.str_], carrier: Array
) -> tuple[Array, Array]:
    """Range rate (m/s) and C/N0 of the signal of each row."""
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
