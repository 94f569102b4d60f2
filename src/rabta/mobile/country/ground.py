"""The ground's networks: what every user point receives, which site serves it, and its rate at each hour.

Loads of sites and rates of users hang together: a busier neighbour disturbs more, which makes users slower,
which makes their own site busier. The loads are found by iteration, the hours one after the other (the
standard model of load coupling: Siomina and Yuan, IEEE Trans. Wireless Commun. 11 (2012) 2287).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rabta.mobile import cells as cells_
from rabta.mobile import nr
from rabta.mobile.country import drop
from rabta.mobile.country.drop import Sites, Users
from rabta.mobile.country.rollouts import Carrier, Rollout, entry_factor, single_share, width_mbps
from rabta.units import from_db

Array = NDArray[np.float64]
F4 = NDArray[np.float32]
I4 = NDArray[np.int32]

SECTORS = 3
ROUNDS, CLOSE = 12, 0.0005  # of all sites' mean load
FULL = 1.0  # a site that is asked for more sends all the time
AXIS_DB = (-12.0, 0.1)
STEPS = 520
STREAM = 602


@dataclass(frozen=True)
class Relief:
    """Loss of the terrain around each cell's mast.

    Attributes
    ----------
    loss_db : ndarray of float32, shape (cell, known carrier, knot)
    knots_m : ndarray, shape (knot,)
    ghz : ndarray, shape (known carrier,)
    """

    loss_db: F4
    knots_m: Array
    ghz: Array


@dataclass(frozen=True)
class Network:
    """One operator's sites as all users see them.

    Attributes
    ----------
    carriers : list of Carrier
    rows : ndarray of int, shape (site,)
        Of the operator's sites among all.
    near : ndarray of int32, shape (point, neighbour)
        Rows among the operator's sites; -1 for none.
    received : ndarray of float32, shape (point, neighbour, carrier)
        Power of the best sector outdoors, mW/MHz; 0 where the site lacks the carrier.
    ratio : ndarray of float32, shape (point, neighbour)
        Power of all sectors over the best one's.
    server : ndarray of int32, shape (point,)
        Number of the neighbour that serves data; -1 for none.
    power : ndarray of float32, shape (site, carrier)
        EIRP on a sector's axis, mW/MHz; 0 where the site lacks the carrier.
    """

    carriers: list[Carrier]
    rows: NDArray[np.int64]
    near: I4
    received: F4
    ratio: F4
    server: I4
    power: F4
    width: Array
    noise: Array
    entry: Array
    single: Array
    """Part of each carrier's band that one device uses, shape (carrier,)."""
    together: int
    """Carriers that a device uses at once."""

    @property
    def count(self) -> int:
        """Number of sites."""
        return len(self.rows)


def network(
    operator: int, rollout: Rollout, placed: Sites, people: Users, density: Array, relief: Relief, seed: int
) -> Network:
    """Signals of one operator at every point."""
    from rabta import jit
    from rabta.mobile.country import _kernels
    from rabta.radio.ntn import field

    carriers = rollout.of(rollout.operators[operator])
    own = placed.operator == operator
    rows = np.flatnonzero(own)
    ghz = np.array([carrier.ghz for carrier in carriers])
    power = np.zeros((len(rows), len(carriers)), dtype=np.float32)
    for c, carrier in enumerate(carriers):
        power[:, c] = np.where(drop.has(carrier, own, placed, density)[rows], from_db(carrier.power_dbm), 0.0)
    place = drop.directions(people.lat, people.lon)
    near = drop.nearest(place, drop.directions(placed.lat[rows], placed.lon[rows]))
    received = np.empty((*near.shape, len(carriers)), dtype=np.float32)
    ratio, far = np.empty(near.shape, dtype=np.float32), np.empty(near.shape, dtype=np.float32)
    known = np.argmin(np.abs(np.log(ghz[:, None] / relief.ghz)), axis=1)
    jit.each_part(
        _kernels.receive, len(place), np.column_stack([people.lat, people.lon]), near,
        _geometry(rollout, placed, rows), placed.urban[rows], placed.cell[rows].astype(np.int32), power, ghz,
        relief.loss_db, relief.knots_m, known, field.keys(seed, STREAM, operator, np.arange(len(place))),
        received, ratio, far,
    )  # fmt: skip
    width = np.array([width_mbps(carrier, rollout.operators[operator]) for carrier in carriers])
    noise = np.full(len(carriers), from_db(cells_.THERMAL_DBM_MHZ + rollout.noise_figure_db))
    server = _server(received, width)
    entry = entry_factor(ghz)
    single = np.array([single_share(carrier, rollout.operators[operator]) for carrier in carriers])
    return Network(
        carriers, rows, near, received, ratio, server, power, width, noise, entry, single, rollout.together
    )


def _geometry(rollout: Rollout, placed: Sites, rows: NDArray[np.int64]) -> Array:
    """Latitude, longitude, height, first azimuth and tilt of sites, shape (site, 5)."""
    height = np.where(placed.urban[rows], rollout.height_m[1], rollout.height_m[0])
    where = drop.directions(placed.lat[rows], placed.lon[rows])
    azimuth = 120.0 * ((rows * drop.GOLDEN_SHARE) % 1.0)
    tilt = drop.tilt_deg(where, height)
    return np.ascontiguousarray(np.column_stack([placed.lat[rows], placed.lon[rows], height, azimuth, tilt]))


def _server(received: F4, width: Array) -> I4:
    """Neighbour with the strongest carrier for data."""
    data = np.flatnonzero(width > 0.0)
    if data.size == 0:
        return np.full(len(received), -1, dtype=np.int32)
    power = received[:, :, data].max(axis=2)
    best = power.argmax(axis=1)
    found = power[np.arange(len(best)), best] > 0.0
    return np.where(found, best, -1).astype(np.int32)


def tables(carriers: list[Carrier]) -> tuple[Array, NDArray[np.int64]]:
    """Bits a resource element over SINR (`AXIS_DB`), a row a number of layers; row of each carrier."""
    layers = sorted({carrier.layers for carrier in carriers})
    axis = AXIS_DB[0] + AXIS_DB[1] * (np.arange(STEPS) + 0.5)
    bits = np.stack([nr.efficiency(axis, count) for count in layers])
    return bits, np.array([layers.index(carrier.layers) for carrier in carriers], dtype=np.int64)


def rates_mbps(net: Network, indoor: NDArray[np.bool_], load: F4) -> tuple[F4, F4]:
    """Rates of each point at the loads of all sites of the operator, shape (point,) each.

    Returns
    -------
    whole : ndarray of float32
        Of all carriers of the site together: what the site can give there.
    alone : ndarray of float32
        Of the carriers that one device uses at once.
    """
    from rabta import jit
    from rabta.mobile.country import _kernels

    bits, order = tables(net.carriers)
    whole, alone = (np.empty(len(net.server), dtype=np.float32) for _ in range(2))
    jit.each_part(
        _kernels.rates, len(whole), net.received, net.ratio, net.near, net.server, load, net.width,
        net.noise, net.entry, indoor, np.array(AXIS_DB), bits, order, net.single, net.together,
        whole, alone,
    )  # fmt: skip
    return whole, alone


def serving(net: Network) -> NDArray[np.int64]:
    """Row of the serving site among the operator's, -1 for none, shape (point,)."""
    at = net.near[np.arange(len(net.server)), np.maximum(net.server, 0)].astype(np.int64)
    return np.where(net.server < 0, -1, at)


@dataclass(frozen=True)
class Hour:
    """One hour of one operator.

    Attributes
    ----------
    whole, alone : ndarray of float32, shape (point,)
        Rates of the site's carriers there and of one device's, with the site to itself, Mbit/s.
    asked : ndarray of float32, shape (site,)
        Time that a sector needs for what it is asked, over the time there is; more than 1 is too much.
    """

    whole: F4
    alone: F4
    asked: F4


def settle(net: Network, indoor: NDArray[np.bool_], demand_mbps: Array, start: F4) -> Hour:
    """Loads and rates of one hour, from the loads of the hour before.

    Parameters
    ----------
    demand_mbps : ndarray, shape (point,)
        Of the operator's customers; what no carrier reaches is not carried.
    start : ndarray of float32, shape (site,)
        First guess of what is asked.
    """
    site, asked = serving(net), start
    for _ in range(ROUNDS):
        whole, alone = rates_mbps(net, indoor, np.minimum(asked, np.float32(FULL)))
        served = whole > 0.0
        time = demand_mbps[served] / whole[served] / SECTORS
        found = np.bincount(site[served], time, net.count).astype(np.float32)
        change = np.abs(np.minimum(found, FULL) - np.minimum(asked, FULL))
        asked = found
        if change.size == 0 or change.mean() < CLOSE:
            break
    return Hour(whole, alone, asked)
