"""Cell sites and mobile coverage today, modelled: where sites stand, how far each reaches, whom that covers.

No public layer of sites exists for the country. The regulator's total of sites is put on the ground in two
steps, as networks grow: coverage sites first, each where it newly reaches most people for its cost, then
capacity sites by traffic. What a site reaches follows from its link budget and the terrain.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heapreplace

import h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree
from tools.data.backbone import EARTH_KM, Rows, names, unit
from tools.data.inputs import Array

from rabta import catalog
from rabta.mobile import pathloss
from rabta.mobile.reach import IRREGULAR_M, LINKS, MARGIN_DB, reach_m

Flags = NDArray[np.bool_]

# Pakistan Telecommunication Authority: 57,063 sites in December 2024, 96.2 % of them with 4G. Of the 54,415
# sites of June 2023, 45,486 had 3G (papers of the authority, propakistani.pk, 2023).
SITES, SITES_4G, SHARE_3G = 57_063, 54_895, 45_486 / 54_415
# 91 % of people under cellular coverage and 81 % under 3G/4G (annual report 2023-24), 92 % (2024-25); the
# middle of the first figure is used.
CELLULAR_SHARE, BROADBAND_SHARE = 0.915, 0.81
# Azad Kashmir and Gilgit-Baltistan have licences of their own and a public operator, and more telephones for
# their people (100 in 100) than the nation (80; PTA, May 2024): their share of people covered is taken to be
# the nation's too. 90 % of the sites there have 4G (PTA, August 2025).
OWN_LICENCES, OWN_4G = ("Azad Jammu and Kashmir", "Gilgit-Baltistan"), 0.9
CLOSE = 0.001  # to which the shares are met
# Rupees a month that a household spends in towns and in villages (HIES 2018-19, Bureau of Statistics).
TOWN_TRAFFIC = 47_362.0 / 30_908.0
# The licences' 90 % in shadowing of 8 dB: of the area (75 % of the edge, 0.674 deviations), or of the edge.
MARGINS_DB = (MARGIN_DB, 1.282 * pathloss.SHADOWING_DB)
ABOVE_M = 100.0  # ground higher than this above the people does not stand between them and their mast
COARSER = 2  # capacity is shared out inside cells that are coarser by this many resolutions
MOST_MISSED = 0.999
LAST = 100  # coverage sites that say how few people one was opened for


@dataclass(frozen=True)
class Land:
    """What the sites depend on, a row a cell.

    Attributes
    ----------
    place_m : ndarray, shape (cell, 3)
        Where the people of the cell live, on a sphere.
    radius_m : ndarray
        Of a disc of the cell's area.
    relief_m : ndarray
        Standard deviation of the height of the ground up to `ABOVE_M` over the people.
    traffic : ndarray
        People, those in towns weighted by `TOWN_TRAFFIC`.
    cost : ndarray
        Of a site, with the microwave hops to the fibre, over that of a site on the fibre.
    parent : ndarray
        Number of the coarser cell, ascending with the H3 index.
    apart : ndarray of bool
        Whether the cell is in one of `OWN_LICENCES`.
    """

    place_m: Array
    radius_m: Array
    relief_m: Array
    people: Array
    traffic: Array
    cost: Array
    parent: Rows
    apart: Flags


@dataclass(frozen=True)
class Reach:
    """How much of a cell a site in another cell, or in the cell itself, leaves uncovered: logarithms."""

    others: sparse.csr_array
    own: Array

    def covered(self, sites: Rows) -> Flags:
        """Cells of which the sites cover half or more; sites of one cell count once for its neighbours."""
        host = (sites > 0).astype(np.float64)
        return np.asarray(self.others.T @ host + sites * self.own <= np.log(0.5))


def land(cells: pd.DataFrame, points: pd.DataFrame) -> Land:
    """The cells as the model needs them.

    Parameters
    ----------
    cells : DataFrame
        cell, province, lat_deg, lon_deg, area_km2, people, urban_share, elevation_m, backbone_km.
    points : DataFrame
        Terrain points: row of their cell, height_m.
    """
    people = cells["people"].to_numpy(dtype=np.float64)
    lat, lon = cells["lat_deg"].to_numpy(dtype=np.float64), cells["lon_deg"].to_numpy(dtype=np.float64)
    area = cells["area_km2"].to_numpy(dtype=np.float64).clip(0.05)
    urban = cells["urban_share"].to_numpy(dtype=np.float64)
    listed = names(cells["cell"])
    coarse = h3.get_resolution(listed[0]) - COARSER
    parents = np.asarray([h3.cell_to_parent(cell, coarse) for cell in listed])
    return Land(
        unit(lat, lon) * EARTH_KM * 1e3,
        np.sqrt(area * 1e6 / np.pi),
        relief_m(cells["elevation_m"].to_numpy(dtype=np.float64), points),
        people,
        people * (1.0 + (TOWN_TRAFFIC - 1.0) * urban),
        site_cost(cells["backbone_km"].to_numpy(dtype=np.float64)),
        np.unique(parents, return_inverse=True)[1].astype(np.int64),
        cells["province"].isin(OWN_LICENCES).to_numpy(),
    )


def relief_m(elevation_m: Array, points: pd.DataFrame) -> Array:
    """Relief of the ground that is not far above the people, at most what Okumura's curves hold for."""
    row, height = points["row"].to_numpy(), points["height_m"].to_numpy(dtype=np.float64)
    low = height <= elevation_m[row] + ABOVE_M
    row, off = row[low], height[low] - elevation_m[row[low]]
    count = np.maximum(np.bincount(row, minlength=len(elevation_m)), 1)
    mean = np.bincount(row, off, minlength=len(count)) / count
    square = np.bincount(row, off**2, minlength=len(count)) / count
    return np.asarray(np.minimum(np.sqrt(np.maximum(square - mean**2, 0.0)), IRREGULAR_M))


def site_cost(backbone_km: Array) -> Array:
    """Cost of a site with its microwave hops over that of a site on the fibre (cost book)."""
    items = catalog.entry("costs", "pakistan").data["items"]
    parts = ("site_civil_usd", "radio_4g_usd_site", "router_usd_site", "power_grid_usd_site")
    site = sum(float(items[part]["base"]) for part in parts)
    hops = np.ceil(backbone_km / float(items["microwave_hop_km"]["base"]))
    return np.asarray(1.0 + hops * float(items["microwave_usd_hop"]["base"]) / site)


def reach(ground: Land, technology: str, margin_db: float) -> Reach:
    """What one site covers: its disc upon the discs of the cells, over the mean relief of both ends."""
    far = float(reach_m(technology, np.zeros(1), margin_db)[0]) + float(ground.radius_m.max())
    pairs = cKDTree(ground.place_m).query_pairs(far, output_type="ndarray")
    i, j = np.concatenate([pairs, pairs[:, ::-1]]).T
    away = np.linalg.norm(ground.place_m[i] - ground.place_m[j], axis=1)
    radius = reach_m(technology, (ground.relief_m[i] + ground.relief_m[j]) / 2.0, margin_db)
    share = overlap(away, radius, ground.radius_m[j])
    kept = share > 1.0 - MOST_MISSED
    logs = np.log1p(-np.minimum(share[kept], MOST_MISSED))
    size = len(ground.people)
    alone = (reach_m(technology, ground.relief_m, margin_db) / ground.radius_m) ** 2
    own = np.log1p(-np.minimum(alone, MOST_MISSED))
    return Reach(sparse.csr_array((logs, (i[kept], j[kept])), (size, size)), own)


def overlap(away: Array, radius: Array, disc: Array) -> Array:
    """Share of a disc that a circle covers whose centre is some way off (area of a circular lens)."""
    share = np.where(away <= np.abs(radius - disc), np.minimum(1.0, (radius / disc) ** 2), 0.0)
    cut = (away > np.abs(radius - disc)) & (away < radius + disc)
    d, r, a = away[cut], radius[cut], disc[cut]
    at_r = np.arccos(np.clip((d**2 + r**2 - a**2) / (2 * d * r), -1.0, 1.0))
    at_a = np.arccos(np.clip((d**2 + a**2 - r**2) / (2 * d * a), -1.0, 1.0))
    lens = r**2 * (at_r - np.sin(2 * at_r) / 2) + a**2 * (at_a - np.sin(2 * at_a) / 2)
    share[cut] = lens / (np.pi * a**2)
    return share


def opened(ground: Land, gsm: Reach) -> tuple[Rows, Rows]:
    """Cells in the order in which they get coverage sites, and how many sites each needs for itself.

    Greedy maximum coverage (Church and ReVelle, Papers of the Regional Science Association 32, 1974): next
    is the cell from which most people are newly covered for the cost, until all can be.
    """
    sites = np.maximum(1, np.ceil(np.log(0.5) / gsm.own)).astype(np.int64)
    cost = sites * ground.cost
    whole = gsm.others.copy()
    whole.data = np.where(whole.data <= np.log(0.5), 1.0, 0.0)
    whole.eliminate_zeros()
    start, near = whole.indptr, whole.indices
    left = ground.people.copy()
    gain = (whole @ left + left) / cost
    heap = [(-gain[row], int(row)) for row in np.flatnonzero(left > 0)]
    heapify(heap)
    order: list[int] = []
    while heap[0][0] < 0.0:
        was, row = heap[0]
        around = near[start[row] : start[row + 1]]
        now = (left[around].sum() + left[row]) / cost[row]
        if now < -was * (1.0 - 1e-9):
            heapreplace(heap, (-now, row))
            continue
        left[around] = left[row] = 0.0
        order.append(row)
        heapreplace(heap, (0.0, row))
    return np.asarray(order, dtype=np.int64), sites


def capacity(ground: Land, first: Rows, covered: Flags) -> Rows:
    """Sites beyond the coverage sites, by traffic, so that all sites are `SITES`.

    Each coarser cell gets as many sites as its traffic asks for at one load for all, or its coverage sites
    where these are more; whole numbers by rounding the running sum in the order of the H3 index, which keeps
    near cells together; inside, by the traffic of the covered cells (largest remainders).
    """
    traffic = ground.traffic * covered
    held = np.bincount(ground.parent, first).astype(np.float64)
    asked = np.bincount(ground.parent, traffic)
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2.0
        low, high = (middle, high) if np.maximum(held, asked * middle).sum() < SITES else (low, middle)
    more = np.maximum(held, asked * high) - held
    whole = np.diff(np.round(np.concatenate([[0.0], np.cumsum(more)]))).astype(np.int64)
    order = np.argsort(ground.parent, kind="stable")
    ends = np.searchsorted(ground.parent[order], np.arange(len(whole) + 1))
    out = np.zeros(len(first), dtype=np.int64)
    for k in np.flatnonzero(whole):
        rows = order[ends[k] : ends[k + 1]]
        out[rows] = _largest_remainders(traffic[rows], int(whole[k]))
    return out


def _largest_remainders(weight: Array, total: int) -> Rows:
    exact = weight / weight.sum() * total
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - int(whole.sum())]] += 1
    return np.asarray(whole, dtype=np.int64)


def without(sites: Rows, first: Rows, order: Rows, count: int) -> Rows:
    """Sites less a count of coverage sites, those opened last: the fewest people for their cost."""
    out = sites.copy()
    for row in order[::-1]:
        taken = min(int(first[row]), int(out[row]), count)
        out[row] -= taken
        count -= taken
        if count == 0:
            break
    return out


@dataclass(frozen=True)
class Networks:
    """Sites of every technology by cell, and what they cover."""

    sites: dict[str, Rows]
    covered: dict[str, Flags]
    margin_db: float
    coverage_sites: int
    people_at_last: float

    @property
    def best(self) -> NDArray[np.object_]:
        """Best service of each cell."""
        out = np.full(len(self.covered["2g"]), "none", dtype=object)
        for technology in ("2g", "3g", "4g"):
            out[self.covered[technology]] = technology
        return out


def today(ground: Land) -> Networks:
    """The networks of today, with the margin for shadowing that puts `BROADBAND_SHARE` under 3G or 4G.

    The margin stays between the two readings of the licences' 90 % (`MARGINS_DB`): the share is met where
    link budgets agree with it, and missed where they do not.
    """
    low, high = MARGINS_DB
    found = at_margin(ground, high)
    for _ in range(8):
        over = _share(ground, found.covered["3g"] | found.covered["4g"]) - BROADBAND_SHARE
        if abs(over) <= CLOSE or (over > 0.0 and found.margin_db == MARGINS_DB[1]):
            break
        low, high = (found.margin_db, high) if over > 0.0 else (low, found.margin_db)
        found = at_margin(ground, (low + high) / 2.0)
    return found


def at_margin(ground: Land, margin_db: float) -> Networks:
    """Networks at one margin: as many coverage sites as bring `CELLULAR_SHARE` under cellular service."""
    found = {name: reach(ground, name, margin_db) for name in LINKS}
    order, need = opened(ground, found["2g"])
    kept = enough(ground, found["2g"], order, need)
    first, sites = placed(ground, found["2g"], kept, need)
    counts = {"2g": sites}
    counts["4g"] = _less(ground, sites, first, kept, SITES - SITES_4G)
    counts["3g"] = _less(ground, counts["4g"], first, kept, SITES_4G - round(SHARE_3G * SITES))
    covered = {name: found[name].covered(counts[name]) for name in LINKS}
    last = _people_at(ground, found["2g"], kept[~ground.apart[kept]])
    return Networks(counts, covered, margin_db, int(first.sum()), last)


def enough(ground: Land, gsm: Reach, order: Rows, need: Rows) -> Rows:
    """The first cells of the order, by licence area, that bring `CELLULAR_SHARE` of its people service."""
    kept = np.zeros(len(order), dtype=bool)
    for apart in (False, True):
        inside = ground.apart == apart
        mine = np.flatnonzero(inside[order])
        low, high = 0, len(mine)
        while low < high:
            middle = (low + high) // 2
            kept[mine] = np.arange(len(mine)) < middle
            _, sites = placed(ground, gsm, order[kept], need)
            over = _share(ground, gsm.covered(sites), inside) - CELLULAR_SHARE
            if middle == low or abs(over) <= CLOSE / 10.0:
                break
            low, high = (low, middle) if over > 0.0 else (middle, high)
    return order[kept]


def _less(ground: Land, sites: Rows, first: Rows, order: Rows, count: int) -> Rows:
    """Sites less a count of those opened last, in the areas of own licences as many as lack 4G there."""
    theirs = round((1.0 - OWN_4G) * int(sites[ground.apart].sum()))
    theirs = min(theirs, count)
    left = without(sites, first, order[ground.apart[order]], theirs)
    return without(left, first, order[~ground.apart[order]], count - int((sites - left).sum()))


def placed(ground: Land, gsm: Reach, order: Rows, need: Rows) -> tuple[Rows, Rows]:
    """Coverage sites, and all sites, when the first cells of the order are opened."""
    first = np.zeros(len(need), dtype=np.int64)
    first[order] = need[order]
    return first, first + capacity(ground, first, gsm.covered(first))


def _people_at(ground: Land, gsm: Reach, order: Rows) -> float:
    """People whom each of the last hundred coverage sites newly covers, on average."""
    ends = [np.zeros(len(ground.people), dtype=np.int64) for _ in range(2)]
    for sites, rows in zip(ends, (order[:-LAST], order), strict=True):
        sites[rows] = 1
    before, after = (gsm.covered(sites) for sites in ends)
    return float(ground.people[after & ~before].sum()) / max(min(LAST, len(order)), 1)


def _share(ground: Land, covered: Flags, inside: Flags | None = None) -> float:
    people = ground.people if inside is None else ground.people * inside
    return float(people[covered].sum() / max(people.sum(), 1.0))
