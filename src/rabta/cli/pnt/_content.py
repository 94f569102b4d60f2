"""What files of receivers and analysis centres hold, in numbers and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rabta.errors import RabtaError

if TYPE_CHECKING:
    from rabta.pnt.records import Navigation, Observations

_LETTERS = {"O": "observations", "C": "clocks", **dict.fromkeys("NGHL", "navigation")}
_KINDS = "RINEX (observations, navigation, clocks), SP3, ANTEX, IONEX or SINEX"


def kind(path: Path) -> str:
    """What a file is, by its first line."""
    from rabta.pnt.text import load

    top = load(path)[0][:160].decode("ascii", "replace").split("\n")[0].rstrip()
    label = top[60:].strip()
    if "RINEX VERSION / TYPE" in top:
        letter = top[20:21].upper()
        if letter in _LETTERS:
            return _LETTERS[letter]
    if label == "ANTEX VERSION / SYST":
        return "antennas"
    if label == "IONEX VERSION / TYPE":
        return "ionosphere maps"
    if top.startswith("%=SNX"):
        return "stations"
    if top[:1] == "#" and top[1:2] in "abcdABCD" and top[2:3] in ("P", "V"):
        return "orbits"
    raise RabtaError("a file of no kind that is read here", file=path, value=top[:40], expected=_KINDS)


def describe(path: Path) -> tuple[dict[str, Any], Observations | Navigation | None]:
    """A file's content for people and programs, and what was read where it can be written again."""
    what = kind(path)
    found, thing = _READERS[what](path)
    return {"file": str(path), "kind": what} | found, thing


def moments(times: Any) -> dict[str, str]:
    """First and last of GPS times."""
    from rabta.pnt.gnsstime import calendar

    if not times.size:
        return {}
    first, last = calendar(times.min()), calendar(times.max())
    return {"first_gps": str(first.astype("datetime64[ms]")), "last_gps": str(last.astype("datetime64[ms]"))}


def _observations(path: Path) -> tuple[dict[str, Any], Observations | Navigation | None]:
    import numpy as np

    from rabta.pnt import rinex

    obs = rinex.observations(path)
    keys = ("version", "marker", "receiver", "antenna", "approx_position_m", "antenna_hen_m", "interval_s")
    found: dict[str, Any] = {key: obs.header[key] for key in keys if key in obs.header}
    found |= {"epochs": int(obs.times.size)} | moments(obs.times)
    systems = {}
    for letter, one in obs.systems.items():
        codes = {c: int(np.isfinite(one.values[:, k]).sum()) for k, c in enumerate(one.codes)}
        satellites = [f"{letter}{prn:02d}" for prn in sorted(set(one.prn.tolist()))]
        systems[letter] = {"rows": int(one.prn.size), "satellites": satellites, "values": codes}
    return found | {"systems": systems, "notes": list(obs.notes)}, obs


def _navigation(path: Path) -> tuple[dict[str, Any], Observations | Navigation | None]:
    from rabta.pnt import rinex

    nav = rinex.navigation(path)
    rows = nav.ephemerides
    records = Counter(zip(rows["system"].tolist(), rows["kind"].tolist(), strict=True))
    satellites: dict[str, set[str]] = {}
    for system, prn in set(zip(rows["system"].tolist(), rows["prn"].tolist(), strict=True)):
        satellites.setdefault(system, set()).add(f"{system}{prn:02d}")
    found = {
        "version": nav.header["version"],
        "records": {f"{system} {name}": count for (system, name), count in sorted(records.items())},
        "satellites": {system: sorted(names) for system, names in sorted(satellites.items())},
        "ionosphere": dict(Counter(f"{one.system} {one.model}" for one in nav.ionosphere)),
        "time_offsets": dict(Counter(one.code for one in nav.offsets)),
        "earth_orientation": len(nav.orientation),
        "leap_seconds": nav.leap_seconds,
    }
    return found | moments(rows["toc"]) | {"notes": list(nav.notes)}, nav


def _orbits(path: Path) -> tuple[dict[str, Any], None]:
    import numpy as np

    from rabta.pnt.products import sp3

    orbits = sp3.read(path)
    kept = ("version", "frame", "agency", "interval_s")
    found = {key: orbits.header[key] for key in kept if key in orbits.header}
    found["made_by"] = orbits.header["kind"]
    found |= {"epochs": int(orbits.times.size)} | moments(orbits.times)
    found |= {"satellites": _by_system(orbits.satellites)}
    share = {"positions": orbits.position_m[..., 0], "clocks": orbits.clock_s}
    counts = {name: int(np.isfinite(values).sum()) for name, values in share.items()}
    return found | counts | {"notes": list(orbits.notes)}, None


def _clocks(path: Path) -> tuple[dict[str, Any], None]:
    import numpy as np

    from rabta.pnt.products import clk

    clocks = clk.read(path)
    found = {"version": clocks.header["version"], "epochs": int(clocks.times.size)} | moments(clocks.times)
    values = {"clocks": int(np.isfinite(clocks.bias_s).sum())}
    return found | {"satellites": _by_system(clocks.satellites)} | values | {
        "notes": list(clocks.notes)
    }, None


def _by_system(names: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name[0], []).append(name)
    return found


def _antennas(path: Path) -> tuple[dict[str, Any], None]:
    from rabta.pnt.products import antex

    found = antex.read(path)
    return {
        "antennas": len(found.types()),
        "satellites": _by_system(found.satellites()),
        "notes": list(found.notes),
    }, None


def _maps(path: Path) -> tuple[dict[str, Any], None]:
    import numpy as np

    from rabta.pnt.products import ionex

    maps = ionex.read(path)
    grid = [maps.latitudes_deg[0], maps.latitudes_deg[-1], maps.longitudes_deg[0], maps.longitudes_deg[-1]]
    found: dict[str, Any] = {"maps": int(maps.times.size)} | moments(maps.times)
    found |= {"cells": list(maps.tec_tecu.shape[1:]), "edges_deg": [float(x) for x in grid]}
    largest = {"largest_tecu": float(np.nanmax(maps.tec_tecu)), "height_km": maps.height_m / 1e3}
    return found | largest | {"notes": list(maps.notes)}, None


def _stations(path: Path) -> tuple[dict[str, Any], None]:
    from rabta.pnt.products import sinex

    found = sinex.positions(path)
    moving = sum(velocity is not None for _, _, velocity in found.values())
    return {"stations": len(found), "with_velocity": moving, "names": sorted(found), "notes": []}, None


_READERS: dict[str, Callable[[Path], tuple[dict[str, Any], Any]]] = {
    "observations": _observations,
    "navigation": _navigation,
    "orbits": _orbits,
    "clocks": _clocks,
    "antennas": _antennas,
    "ionosphere maps": _maps,
    "stations": _stations,
}
