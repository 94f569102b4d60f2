"""Hypatia's networks and files (snkas/hypatia, satgenpy): its shells, and its formats read and written.

A network is a folder with ``tles.txt`` (planes and satellites of each, then name and two lines a
satellite), ``isls.txt`` (pairs of satellites), ``ground_stations.txt`` (number, name, latitude, longitude,
elevation, and in the extended form the Cartesian place) and ``description.txt`` (longest links). Satellites
are numbered from zero, ground stations on from them. ``fstate_<ns>.txt`` has the forwarding entries that
changed at an instant: node, destination, next hop, own interface, next hop's interface; -1 for none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.space import tle
from rabta.space.network.forwarding import State
from rabta.space.network.geometry import Rule, Sites, Times, compat_hypatia, cone_m, grazing_length_m
from rabta.space.network.topology import F8, Edges, Network, check_edges, grid
from rabta.times import UNIX_EPOCH_JD

ENTRIES = NDArray[np.int64]
EPOCH = np.datetime64("2000-01-01T00:00:00", "ns")
EPOCH_JD = 2_451_544.5
ECCENTRICITY = 1e-7


@dataclass(frozen=True)
class Published:
    """A shell as Hypatia's paper has it (``main_*.py``); `cone_km` is its cone's radius at the ground."""

    name: str
    altitude_m: float
    planes: int
    per_plane: int
    inclination_deg: float
    mean_motion_rev_day: float
    elevation_deg: float
    cone_km: float | None = None

    @property
    def rule(self) -> Rule:
        """Its rule of geometry: longest ground link by the cone, links between satellites above 80 km."""
        ground = cone_m(self.altitude_m, self.elevation_deg)
        if self.cone_km is not None:
            ground = math.hypot(self.cone_km * 1e3, self.altitude_m)
        return compat_hypatia(ground, grazing_length_m(self.altitude_m))


KUIPER_630 = Published("Kuiper-630", 630e3, 34, 34, 51.9, 14.80, 30.0)
STARLINK_550 = Published("Starlink-550", 550e3, 72, 22, 53.0, 15.19, 25.0, cone_km=940.7)
TELESAT_1015 = Published("Telesat-1015", 1015e3, 27, 13, 98.98, 13.66, 10.0)


def published(shell: Published, *, links: bool = True) -> Network:
    """A shell of the paper: half a slot of shift on odd planes, plus-grid without shift, also at the seam.

    Angles are rounded to four decimals, as a two-line element set has them.
    """
    planes, each = shell.planes, shell.per_plane
    plane, slot = (a.ravel().astype(np.float64) for a in np.indices((planes, each)))
    ahead = np.where(plane % 2 == 1, 360.0 / (2 * each), 0.0)
    total = planes * each
    fixed = {
        "epoch_jd": EPOCH_JD,
        "bstar": 0.0,
        "eccentricity": ECCENTRICITY,
        "mean_motion_rev_day": shell.mean_motion_rev_day,
        "argp_deg": 0.0,
        "inclination_deg": shell.inclination_deg,
    }
    columns = {name: np.full(total, value) for name, value in fixed.items()}
    columns["raan_deg"] = np.round(plane * 360.0 / planes, 4)
    columns["mean_anomaly_deg"] = np.round(ahead + slot * 360.0 / each, 4)
    names = tuple(f"{shell.name} {row}" for row in range(total))
    return _network(columns, names, plus_grid(planes, each, links=links), shell.elevation_deg)


def plus_grid(planes: int, per_plane: int, *, links: bool = True) -> Edges:
    """Hypatia's links in the order of its ``isls.txt``: each satellite's next in the plane, then across."""
    if not links:
        return np.empty((0, 2), dtype=np.int64)
    edges, total = grid(planes, per_plane, shift=0), planes * per_plane
    return edges.reshape(2, total, 2).swapaxes(0, 1).reshape(-1, 2)


def _network(columns: dict[str, F8], names: tuple[str, ...], edges: Edges, elevation_deg: float) -> Network:
    total = len(names)
    system = names[0].rpartition(" ")[0] or names[0]
    return Network(
        columns, names, np.zeros(total, dtype=np.int32), (system,), edges, np.full(total, elevation_deg)
    )


def read_network(folder: Path, elevation_deg: float = 0.0) -> tuple[Network, Sites, Rule]:
    """Satellites, ground stations and rule of geometry of a folder.

    Parameters
    ----------
    elevation_deg : float
        Least elevation of ground links in correct geometry; the files do not hold it.
    """
    columns, names = read_tles(folder / "tles.txt")
    edges = read_isls(folder / "isls.txt", len(names))
    described = _description(folder / "description.txt")
    rule = compat_hypatia(described["max_gsl_length_m"], described["max_isl_length_m"])
    sites = read_ground_stations(folder / "ground_stations.txt")
    return _network(columns, names, edges, elevation_deg), sites, rule


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise RabtaError("no such file", file=path, expected="a file in Hypatia's format")
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise RabtaError("not a text file", file=path, expected="UTF-8") from error


def read_tles(path: Path) -> tuple[dict[str, F8], tuple[str, ...]]:
    """Elements and names of ``tles.txt``; its numbers must rise from zero and fill the stated planes."""
    head, *rest = _lines(path) or [""]
    size = head.split()
    if len(size) != 2 or not all(part.isdigit() for part in size):
        raise RabtaError("wrong first line", file=path, value=head, expected="planes and satellites of each")
    total = int(size[0]) * int(size[1])
    rest = [line for line in rest if line.strip()]
    if not total or len(rest) != 3 * total:
        expected = f"{total} satellites, three lines each"
        raise RabtaError("wrong number of lines", file=path, value=len(rest), expected=expected)
    names = tuple(line.strip() for line in rest[::3])
    for row, name in enumerate(names):
        if name.rpartition(" ")[2] != str(row):
            raise RabtaError("satellites out of order", file=path, value=name, expected=f"number {row}")
    parsed = tle.parse("\n".join(rest).encode(), path)
    keep = ("epoch_jd", "bstar", "eccentricity", "mean_motion_rev_day", "argp_deg", "inclination_deg")
    return {name: parsed[name] for name in (*keep, "mean_anomaly_deg", "raan_deg")}, names


def read_isls(path: Path, satellites: int) -> Edges:
    """Links of ``isls.txt``, in its order."""
    pairs = [line.split() for line in _lines(path) if line.strip()]
    for row, pair in enumerate(pairs):
        if len(pair) != 2 or not all(part.isdigit() for part in pair):
            text = " ".join(pair)
            raise RabtaError("wrong link", file=path, key=f"line {row + 1}", value=text, expected="two rows")
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    check_edges(edges, satellites, path)
    return edges


def read_ground_stations(path: Path) -> Sites:
    """Ground stations, basic (five columns) or extended (eight)."""
    rows = [line.split(",") for line in _lines(path) if line.strip()]
    values = []
    for number, row in enumerate(rows):
        whole = len(row) in (5, 8) and row[0].strip() == str(number)
        cells = [_number(cell) for cell in row[2:5]] if whole else [math.nan]
        if not np.isfinite(cells).all():
            expected = "number (rising from zero), name, latitude, longitude, elevation"
            key, value = f"line {number + 1}", ",".join(row)
            raise RabtaError("wrong station", file=path, key=key, value=value, expected=expected)
        values.append(cells)
    lat, lon, height = np.array(values, dtype=np.float64).reshape(-1, 3).T
    return Sites(tuple(row[1] for row in rows), lat, lon, height, np.zeros(len(rows)))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _description(path: Path) -> dict[str, float]:
    pairs = dict(line.partition("=")[::2] for line in _lines(path) if "=" in line)
    out = {key: _number(pairs.get(key, "")) for key in ("max_gsl_length_m", "max_isl_length_m")}
    for key, metres in out.items():
        if not metres >= 0.0:
            raise RabtaError("no length", file=path, key=key, value=pairs.get(key), expected="metres")
    return out


def read_fstate(paths: Iterable[Path], satellites: int, stations: int) -> tuple[ENTRIES, ENTRIES]:
    """Forwarding entries after each of some files that follow each other.

    Returns
    -------
    tuple of ndarray, shape (file, satellites + stations, stations) and (..., 2)
        Next hops, and own and next hop's interfaces; -1 where there is none, as for a station to itself.
    """
    nodes = satellites + stations
    state = np.full((nodes, stations, 3), -1, dtype=np.int64)
    steps = []
    for path in paths:
        lines = [line for line in _lines(path) if line.strip()]
        try:
            change = np.array([line.split(",") for line in lines], dtype=np.int64).reshape(-1, 5)
        except ValueError as error:
            raise RabtaError("wrong entry", file=path, expected="five whole numbers a line") from error
        goal = change[:, 1] - satellites
        wrong = (change[:, 0] < 0) | (change[:, 0] >= nodes) | (goal < 0) | (goal >= stations)
        wrong |= (change[:, 2] < -1) | (change[:, 2] >= nodes)
        if wrong.any():
            value = lines[int(wrong.argmax())]
            raise RabtaError("entry of an unknown node", file=path, value=value, expected=f"below {nodes}")
        state[change[:, 0], goal] = change[:, 2:]
        steps.append(state.copy())
    whole = np.stack(steps) if steps else state[None][:0]
    return whole[..., 0], whole[..., 1:]


def interfaces(network: Network) -> dict[tuple[int, int], int]:
    """Interface of each satellite towards each linked one: links count in the order of ``isls.txt``."""
    used = [0] * network.size
    out = {}
    for a, b in network.edges.tolist():
        out[a, b], out[b, a] = used[a], used[b]
        used[a], used[b] = used[a] + 1, used[b] + 1
    return out


def fstate(network: Network, state: State, step: int) -> ENTRIES:
    """Forwarding entries of one step in Hypatia's order.

    Returns
    -------
    ndarray, shape (entry, 5)
        Satellites to stations, then stations to stations; with one ground interface a node, which follows a
        satellite's interfaces towards others.
    """
    satellites, goals, sites = network.size, state.goals.astype(np.int64), state.entry.shape[2]
    ports = _ports(network, state.table[step].T)
    hop = state.table[step].T.astype(np.int64)
    node = np.repeat(np.arange(satellites), len(goals))
    there = np.tile(goals + satellites, satellites)
    first = np.column_stack([node, there, hop.ravel(), ports.reshape(-1, 2)])
    source, goal = (a.ravel() for a in np.meshgrid(np.arange(sites), goals, indexing="ij"))
    entry = state.entry[step].T.astype(np.int64).ravel()
    port = np.where(entry >= 0, network.degree[entry], -1)
    own = np.where(entry >= 0, 0, -1)
    second = np.column_stack([source + satellites, goal + satellites, entry, own, port])
    return np.concatenate([first, second[source != goal]])


def _ports(network: Network, hop: NDArray[np.int32]) -> ENTRIES:
    """Own and next hop's interface of every satellite towards every goal, shape (satellite, goal, 2)."""
    satellites = network.size
    lookup = interfaces(network)
    keys = np.array([a * satellites + b for a, b in lookup], dtype=np.int64)
    order = np.argsort(keys)
    values = np.array(list(lookup.values()), dtype=np.int64)
    here = np.broadcast_to(np.arange(satellites)[:, None], hop.shape)
    out = np.full((*hop.shape, 2), -1, dtype=np.int64)
    down, across = hop >= satellites, (hop >= 0) & (hop < satellites)
    out[down] = np.column_stack([network.degree[here[down]], np.zeros(int(down.sum()), dtype=np.int64)])
    for side, pair in enumerate((here * satellites + hop, hop * satellites + here)):
        if len(keys):
            out[across, side] = values[order][np.searchsorted(keys[order], pair[across])]
    return out


def write_fstate(folder: Path, network: Network, states: Iterable[State], times: Times) -> list[Path]:
    """Write ``fstate_<ns>.txt`` of each step, the first whole and then what changed; the paths.

    Parameters
    ----------
    states : iterable of State
        With tables, to all sites, in the order of `times`.
    times : ndarray of datetime64[ns], shape (time,)
        The files are named by nanoseconds since the first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    since = (np.asarray(times, "datetime64[ns]") - times[0]).astype(np.int64).tolist()
    written: list[Path] = []
    before: ENTRIES | None = None
    for state in states:
        for step in range(len(state.table)):
            now = fstate(network, state, step)
            changed = now if before is None else now[(now != before).any(axis=1)]
            written.append(folder / f"fstate_{since[len(written)]}.txt")
            np.savetxt(written[-1], changed, fmt="%d", delimiter=",")
            before = now
    return written


def write_network(folder: Path, network: Network, sites: Sites, rule: Rule, planes: int) -> None:
    """Write ``tles.txt``, ``isls.txt``, ``ground_stations.txt`` (extended) and ``description.txt``."""
    from rabta.space.network.geometry import site_positions_m

    folder.mkdir(parents=True, exist_ok=True)
    lines = [f"{planes} {network.size // planes}", *_tle_lines(network)]
    _write(folder / "tles.txt", lines)
    _write(folder / "isls.txt", [f"{a} {b}" for a, b in network.edges.tolist()])
    place = site_positions_m(sites, rule)
    rows = zip(sites.names, sites.lat_deg, sites.lon_deg, sites.height_m, place, strict=True)
    stations = [
        f"{row},{name.replace(',', '')},{lat:f},{lon:f},{height:f},{x:f},{y:f},{z:f}"  # no quotes there
        for row, (name, lat, lon, height, (x, y, z)) in enumerate(rows)
    ]
    _write(folder / "ground_stations.txt", stations)
    limits = [f"max_gsl_length_m={rule.ground_m:.10f}", f"max_isl_length_m={rule.laser_m:.10f}"]
    _write(folder / "description.txt", limits)


def write_interfaces(folder: Path, network: Network, stations: int, times: Times) -> None:
    """Write ``gsl_interfaces_info.txt`` and ``gsl_if_bandwidth_<ns>.txt``: one ground interface a node.

    The number of an interface follows those of the satellite's links. Bandwidths are relative (1 each); the
    simulator scales them. After the first instant nothing changes, and its files are empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    nodes = network.size + stations
    number = np.concatenate([network.degree, np.zeros(stations, dtype=np.int64)])
    _write(folder / "gsl_interfaces_info.txt", [f"{node},1,{1:f}" for node in range(nodes)])
    first = [f"{node},{number[node]},{1:f}" for node in range(nodes)]
    since = (np.asarray(times, "datetime64[ns]") - times[0]).astype(np.int64).tolist()
    for step, elapsed in enumerate(since):
        _write(folder / f"gsl_if_bandwidth_{elapsed}.txt", first if step == 0 else [])


def _write(path: Path, lines: Sequence[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _tle_lines(network: Network) -> list[str]:
    """Name and two lines a satellite; without drag, which these files do not hold."""
    out = []
    elements = network.elements
    for row in range(network.size):
        day = np.datetime64(round((float(elements["epoch_jd"][row]) - UNIX_EPOCH_JD) * 86_400e9), "ns")
        year = day.astype("datetime64[Y]")
        number = 1.0 + float((day - year).astype(np.int64)) / 86_400e9
        text = str(year)[2:]
        values = [float(elements[name][row]) for name in ("inclination_deg", "raan_deg", "argp_deg")]
        eccentricity = f"{float(elements['eccentricity'][row]):.7f}"[2:]
        anomaly, motion = (float(elements[n][row]) for n in ("mean_anomaly_deg", "mean_motion_rev_day"))
        first = f"1 {row + 1:05d}U 00000ABC {text}{number:012.8f}  .00000000  00000-0  00000+0 0    0"
        second = (
            f"2 {row + 1:05d} {values[0]:8.4f} {values[1]:8.4f} {eccentricity} {values[2]:8.4f} "
            f"{anomaly:8.4f} {motion:11.8f}    0"
        )
        name = network.names[row].rpartition(" ")[0] or "Satellite"
        out += [f"{name.replace(' ', '-')} {row}", *(f"{line}{_checksum(line)}" for line in (first, second))]
    return out


def _checksum(line: str) -> int:
    """Sum of digits, a minus as one, modulo ten (CelesTrak, "NORAD Two-Line Element Set Format")."""
    return sum(int(c) if c.isdigit() else c == "-" for c in line) % 10
