"""``rabta mobile cells``: a network of cells from its parameters: signals, rates, energy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rabta.mobile.system.layouts import Layout

LAYOUTS = {"uma": "UMa", "umi": "UMi", "rma": "RMa", "inh": "InH"}


def cells(
    layout: Annotated[str, typer.Option(help="uma, umi, rma or inh (TR 38.901)")] = "uma",
    band: Annotated[str, typer.Option(help="Entry of the bands catalog, or GHz")] = "3500-mhz",
    bandwidth: Annotated[float, typer.Option(help="Of the carrier, MHz")] = 100.0,
    isd: Annotated[
        float | None, typer.Option(help="Distance of sites, m; the layout's own if absent")
    ] = None,
    power: Annotated[float | None, typer.Option(help="Of a sector, dBm over the carrier")] = None,
    users: Annotated[int, typer.Option(help="Of each site")] = 30,
    scheduler: Annotated[str, typer.Option(help="Of spare resources")] = "proportional-fair",
    slices: Annotated[
        str | None, typer.Option(help="name:share=0.3,guaranteed_mbps=5,priority=1;rest:share=0.7")
    ] = None,
    ntn: Annotated[int | None, typer.Option(help="Study case of TR 38.821 whose satellite helps")] = None,
    elevation: Annotated[float, typer.Option(help="Of that satellite, degrees")] = 60.0,
    shared: Annotated[bool, typer.Option(help="Cells and beams share one spectrum")] = False,
    place: Annotated[str | None, typer.Option(help="A town, or LAT,LON: the nation's sites there")] = None,
    radius: Annotated[float, typer.Option(help="Around the place, km")] = 5.0,
    rollout: Annotated[str, typer.Option(help="Entry of the rollouts catalog")] = "pakistan-5g-2030",
    operator: Annotated[str | None, typer.Option(help="Only this operator's sites")] = None,
    link: Annotated[str, typer.Option(help="bound (TR 38.803), or tables: our own chain's errors")] = "bound",
    seed: Annotated[int, typer.Option(min=0, help="Of all draws")] = 0,
    svg: Annotated[Path | None, typer.Option(help="Write the curves here")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Simulate cells, with a satellite above if wanted: who is served, how well, at what energy."""
    from rabta.errors import RabtaError, named, nearest
    from rabta.mobile.system import network
    from rabta.mobile.system import slices as classes
    from rabta.mobile.system.scheduler import POLICIES
    from rabta.radio.itu import check_range

    if layout.lower() not in LAYOUTS:
        raise RabtaError("no such layout", key="--layout", value=layout, expected=nearest(layout, LAYOUTS))
    if scheduler not in POLICIES:
        raise RabtaError(
            "no such scheduler", key="--scheduler", value=scheduler, expected=nearest(scheduler, POLICIES)
        )
    check_range("--radius", radius, 0.2, 60.0, "a layout of sites, km,")
    check_range("--bandwidth", bandwidth, 0.1, 1e4, "a carrier, MHz,")
    check_range("--users", users, 1, 100_000, "a site")
    if ntn is not None:
        check_range("--ntn", ntn, 1, 30, "the study cases of TR 38.821")
    ghz = _ghz(band)
    plan = network.Plan(
        LAYOUTS[layout.lower()], ghz, bandwidth, isd, power, users, scheduler,
        classes.parse(slices) if slices else [], ntn, elevation, shared,
        None if place is None else _sites(place, radius, rollout, band, operator, layout.lower()),
        radius * 1e3, link=link, seed=seed,
    )  # fmt: skip
    with named(power_dbm="--power", isd_m="--isd", users="--users", link="--link"):
        state = network.simulate(plan)
    found: dict[str, Any] = {
        "layout": plan.scenario, "ghz": ghz, "mhz": bandwidth, "place": place, "scheduler": scheduler,
        "ntn": ntn, "shared": shared, **network.summary(state, plan),
    }  # fmt: skip
    if svg is not None:
        from rabta.cli.mobile import _curves

        served = state.serving >= 0
        svg.write_text(
            _curves.draw(
                {
                    "SINR of the served, dB": state.sinr_db[served],
                    "rate of all users, Mbit/s": state.rate_mbps,
                },
                _title(found),
            ),
            encoding="utf-8",
        )
    print(json.dumps(found, ensure_ascii=False)) if json_ else _print(found)


def _ghz(band: str) -> float:
    """Centre of a band of the catalog, or a number of GHz."""
    from rabta import catalog
    from rabta.errors import RabtaError, nearest

    try:
        return float(band)
    except ValueError:
        known = catalog.names("bands")
    if band not in known:
        raise RabtaError("no such band", key="--band", value=band, expected=f"GHz, or {nearest(band, known)}")
    return float(catalog.entry("bands", band).data["centre_mhz"]) / 1e3


def _sites(place: str, radius: float, rollout: str, band: str, operator: str | None, layout: str) -> Layout:
    from rabta.cli.link.places import ground_end
    from rabta.cli.mobile import _sites
    from rabta.errors import RabtaError, named
    from rabta.mobile.system import layouts, network

    with named(place="--place"):
        middle = ground_end(place)
    lat, lon = _sites.around(rollout, band, operator, middle.lat_deg, middle.lon_deg, radius)
    if not len(lat):
        raise RabtaError(
            "no site with this band around the place", key="--band", value=band,
            expected=f"a band that sites of {rollout} have near {middle.name}, or a larger --radius",
        )  # fmt: skip
    height = network.SETUPS[LAYOUTS[layout]].height_m
    return layouts.from_places(lat, lon, height, middle=(middle.lat_deg, middle.lon_deg))


def _title(found: dict[str, Any]) -> str:
    where = f" around {found['place']}" if found["place"] else ""
    above = f", satellite of study case {found['ntn']}" if found["ntn"] else ""
    return (
        f"{found['layout']}{where}: {found['cells']} cells, {found['ghz']:g} GHz, {found['mhz']:g} MHz{above}"
    )


def _print(found: dict[str, Any]) -> None:
    print(_title(found))
    share, above = 100.0 * found["served_share"], 100.0 * found["above_share"]
    print(f"{found['users']:,} users, {share:.1f} % served, {above:.1f} % of all by the satellite")
    weak, disturbed = 100.0 * found["weak_share"], 100.0 * found["disturbed_share"]
    print(
        f"not served: {weak:.1f} % too weak over noise alone, {disturbed:.1f} % too disturbed by other cells"
    )
    print(f"{'percent of users':>18}" + "".join(f"{p:9d}" for p in found["percent"]))
    for name, key in (("SINR dB, served", "sinr_db"), ("Mbit/s, all", "rate_mbps")):
        print(f"{name:>18}" + "".join(f"{v:9.2f}" for v in found[key]))
    fair = "-" if found["fairness"] is None else f"{found['fairness']:.2f}"
    print(
        f"a cell carries {found['cell_mbps']:.1f} Mbit/s, {found['bits_hz']:.2f} bit/s/Hz; fairness {fair}; "
        f"scheduler {found['scheduler']}"
    )
    energy = (
        "nothing carried" if found["joules_a_bit"] is None else f"{1e6 * found['joules_a_bit']:.2f} uJ a bit"
    )
    print(f"sites take {found['supply_w'] / 1e3:.1f} kW (EARTH's stations of 2010), {energy}")
    for row in found["slices"]:
        median = "-" if row["median_mbps"] is None else f"{row['median_mbps']:.2f} Mbit/s"
        line = f"slice {row['name']}: {row['users']} users, median {median}"
        if row["guaranteed_mbps"] > 0.0:
            kept = "-" if row["kept_share"] is None else f"{100 * row['kept_share']:.0f} %"
            line += (
                f"; {row['admitted']} admitted, {kept} of these have their {row['guaranteed_mbps']:g} Mbit/s"
            )
        print(line)
