"""``rabta export``: a run's network in the files of other tools."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rabta.run import Run
    from rabta.scenario import Scenario
    from rabta.space.network.geometry import Sites

FORMATS = ("czml", "starrynet", "hypatia")
MOST_SAMPLES = 50_000_000  # positions that one export may write


def export(
    to: Annotated[str, typer.Option(help="czml, starrynet or hypatia")],
    run: Annotated[str | None, typer.Argument(help="Run folder or the start of its name; newest")] = None,
    out: Annotated[Path, typer.Option(help="File (czml) or folder to write")] = Path("export"),
    minutes: Annotated[float, typer.Option(help="Length of the span from the run's start")] = 10.0,
    step_s: Annotated[float, typer.Option(help="Seconds between positions")] = 60.0,
    runs: Annotated[Path, typer.Option(help="Folder of run folders")] = Path("runs"),
) -> None:
    """Write satellites, sites and links for Cesium (CZML), StarryNet or Hypatia's simulator."""
    from rabta.cli.show import find_run
    from rabta.run import Run

    if to not in FORMATS:
        raise RabtaError("no such format", key="--to", value=to, expected=nearest(to, FORMATS))
    done = Run(find_run(runs, run))
    times = _times(done, minutes, 1.0 if to == "starrynet" else step_s)
    written = {"czml": _czml, "starrynet": _starrynet, "hypatia": _hypatia}[to](done, times, out)
    print(f"{written} of {len(times)} steps: {out}")


def _scenario(done: Run) -> Scenario:
    from rabta.scenario import load

    return load(done.folder / "scenario.toml")


def _times(done: Run, minutes: float, step_s: float) -> NDArray[np.datetime64]:
    import numpy as np

    for key, value in (("--minutes", minutes), ("--step-s", step_s)):
        if not 0.0 < value < math.inf:
            raise RabtaError("span without length or end", key=key, value=value, expected="above 0")
    count = int(minutes * 60.0 / step_s + 1e-9) + 1
    if count * max(1, len(done.tables["satellites"])) > MOST_SAMPLES:
        raise RabtaError(
            "too many positions", key="--minutes", value=minutes, expected="a shorter span or longer steps"
        )
    start = np.datetime64(_scenario(done).time.start_utc.replace(tzinfo=None), "ns")
    return np.asarray(start + np.arange(count) * np.timedelta64(round(step_s * 1e9), "ns"))


def _moving(done: Run, times: NDArray[np.datetime64]) -> tuple[Any, NDArray[np.floating]]:
    from rabta.space import propagate

    satellites = propagate.moving(done.tables["satellites"])
    if not len(satellites):
        raise RabtaError("no moving satellites in the run", file=done.folder, expected="a run with some")
    return satellites, propagate.positions(done.tables["satellites"], times)


def _czml(done: Run, times: NDArray[np.datetime64], out: Path) -> str:
    import numpy as np

    from rabta.geo import ecef_from_geodetic
    from rabta.space.interop import czml

    satellites, position = _moving(done, times)
    ground = done.tables["gateways"]
    place = ecef_from_geodetic(*(ground[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg", "height_m")))
    packets = [
        czml.document(_scenario(done).title or _scenario(done).name, times),
        *czml.satellites([str(n) for n in satellites["name"]], times, position),
        *czml.sites([str(n) for n in ground["name"]], place),
    ]
    czml.write(out, packets)
    return f"{len(satellites)} satellites and {len(ground)} gateways"


def _starrynet(done: Run, times: NDArray[np.datetime64], out: Path) -> str:
    from rabta.space.interop import starrynet

    satellites, position = _moving(done, times)
    starrynet.write_positions(out, position)
    return f"positions of {len(satellites)} satellites"


def _hypatia(done: Run, times: NDArray[np.datetime64], out: Path) -> str:
    import numpy as np

    from rabta.geo import WGS84_A_M
    from rabta.space.network import forwarding, geometry, hypatia
    from rabta.space.network.fleet import network_of

    satellites, position = _moving(done, times[:1])
    if satellites["epoch_jd"].nunique() > 1:
        raise RabtaError(
            "element sets of several epochs", key="--to", value="hypatia", expected="one epoch, as of shells"
        )
    given = _scenario(done)
    network = network_of(
        done.tables["satellites"],
        done.tables["systems"],
        times[0],
        relays=given.transport.use_isl,
        handoffs=given.space.handoffs,
    )
    sites = _sites(done)
    if not len(sites.names):
        raise RabtaError("no gateways in the run", file=done.folder, expected="sites to route between")
    highest = float(np.linalg.norm(position, axis=-1).max()) - WGS84_A_M
    rule = geometry.correct(laser_m=geometry.grazing_length_m(highest))
    rule = replace(rule, ground_m=geometry.horizon_m(highest))
    hypatia.write_network(out, network, sites, rule, 1)
    hypatia.write_interfaces(out, network, len(sites.names), times)
    written = forwarding.states(network, sites, np.asarray(times), rule, tables=True)
    hypatia.write_fstate(out, network, written, times)
    return f"{network.size} satellites and {len(sites.names)} gateways"


def _sites(done: Run) -> Sites:
    """Gateways that land a moving system of the run, at the lowest elevation of their links."""
    import numpy as np

    from rabta.space.network.geometry import Sites

    flying = {
        str(name) for name, orbit in done.tables["systems"][["system", "orbit"]].to_numpy() if orbit != "geo"
    }
    held = [{"*", *flying} & set(str(text).split()) for text in done.tables["gateways"]["systems"]]
    ground = done.tables["gateways"][[bool(some) for some in held]]
    lat, lon, height = (ground[n].to_numpy(np.float64) for n in ("lat_deg", "lon_deg", "height_m"))
    least = float(done.tables["systems"]["gateway_min_elevation_deg"].min())
    return Sites(tuple(map(str, ground["name"])), lat, lon, height, np.full(len(ground), least))
