"""The network: ground and sky as one, delays between places, what fails, what is left when it is denied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.payload import Context
from rabta.report.pictures import network as pictures
from rabta.report.text import esc

Row = Mapping[Any, Any]
WORST = 12
PLACES = 14
BAR_PX = 120.0
HAZARDS = {
    "flood": "Floods",
    "earthquake": "Earthquakes",
    "heat": "Load shedding in heat",
    "blackout": "Failures of the grid",
    "cables": "Cuts of sea cables",
    "fibre": "Cuts of fibre on land",
    "all": "All",
}
KINDS = {
    "cable": "Sea cable",
    "landing": "Landing",
    "border": "Border link",
    "gateway": "Gateway",
    "exchange": "Exchange",
    "duct": "Duct",
    "span": "Fibre span",
    "power": "Power of the district",
    "owner": "All of one owner",
    "system": "Satellite system",
    "plane": "Orbital plane",
}


def network(c: Context) -> str:
    """Map of the ground network, delays between places, and ways apart."""
    if not (c.run.has("nodes") and c.run.has("spans")):
        return ""
    nodes, spans = c.run.table("nodes"), c.run.table("spans")
    fibre = spans[spans["kind"] == "fibre"]
    abroad = spans[spans["kind"].isin(("submarine", "land")) & (spans["group"] != spans["name"])]
    words = (
        f"{text.count(float((nodes['kind'] == 'fibre').sum()))} fibre nodes, "
        f"{text.number(float(fibre['route_km'].sum()))} km of modelled backbone, and "
        f"{text.number(float(abroad['capacity_mbps'].sum()) / 1e6)} Tbit/s towards abroad. Routes follow the "
        "terrain between the towns; no operator publishes them, and no capacity of a span is published: each "
        "has the waves that the busy hour needs, with room to spare. Wider lines carry more."
    )
    link = c.origins.link("network-map", "The ground network", "value", "spans", "nodes")
    picture = pictures.network_map(c.atlas, nodes, spans, _used(c, len(spans)), "Map: the ground network")
    figure = (
        f'<figure class="plot"><h3>The ground network{link}</h3><p>{esc(words)}</p>'
        f"{pictures.legend(nodes)}{picture}</figure>"
    )
    return figure + _delays(c)


def _used(c: Context, spans: int) -> NDArray[np.float64]:
    """Load of each span over its capacity in the hour of the day in which the most is carried."""
    out = np.full(spans, np.nan)
    if c.run.has("span_load") and len(load := c.run.table("span_load")):
        busy = load.groupby("hour")["load_mbps"].sum().idxmax()
        now = load[load["hour"] == busy]
        out[now["span"].to_numpy(np.int64)] = now["utilisation"].to_numpy(np.float64)
    return out


def _delays(c: Context) -> str:
    """Matrix of round trips between the named places: best way, and over satellites alone."""
    if not (c.run.has("routes") and c.run.has("ends")):
        return ""
    ends, routes = c.run.table("ends"), c.run.table("routes")
    names = [str(name) for name in ends["name"]][:PLACES]
    found = {(str(r["from"]), str(r["to"])): r for r in routes.to_dict("records")}
    rows = []
    for one in names:
        cells = "".join(_delay(found.get((one, other)) or found.get((other, one))) for other in names)
        rows.append(f'<tr><th scope="row">{esc(one)}</th>{cells}</tr>')
    words = (
        "Median round trip in ms of the best way over fibre, cables and satellites; in brackets over "
        "satellites alone. Propagation only: no queues, no scheduling."
    )
    seen = sorted({place for text_ in routes["countries"].astype(str) for place in _parts(text_)})
    leave = [f"{r['from']} – {r['to']}" for r in routes.to_dict("records") if bool(r["leaves_country"])]
    if leave:
        words += f" Ways between places at home that touch another country: {text.listing(leave[:4])}."
    elif seen:
        words += " No way between two places at home touches another country's ground."
    owners = sorted({who for text_ in routes["owners"].astype(str) for who in _parts(text_)})
    if owners:
        words += f" Who carries some of it, and can see it: {text.listing(owners)}."
    link = c.origins.link("network-delay", "Delays between places", "value", "routes.rtt_median_ms", "ends")
    body = text.table("Delays between places", "sums matrix", ("", *names), rows)
    return f"<h3>Delays between places{link}</h3><p>{esc(words)}</p>{body}"


def _parts(words: str) -> list[str]:
    return [part.strip() for part in words.replace(";", ",").split(",") if part.strip()]


def _delay(route: Row | None) -> str:
    if route is None:
        return '<td class="far">·</td>'
    best, space = (float(route[key]) for key in ("rtt_median_ms", "space_median_ms"))
    away, share = float(route["great_circle_km"]), float(route["connected_share"])
    title = f"{text.number(away)} km; connected {text.percent(share)}"
    sky = f" ({text.number(space)})" if np.isfinite(space) else ""
    return f'<td title="{esc(title)}">{text.number(best)}{sky}</td>'


def failures(c: Context) -> str:
    """Worst single failures and pairs, what a denial leaves, hazards in a year."""
    return _single(c) + _pairs(c) + _denials(c) + _hazards(c)


def _single(c: Context) -> str:
    if not c.run.has("failures"):
        return ""
    frame = c.run.table("failures")
    single = frame[(frame["case"] == "single") & (frame["person_hours"] > 0)]
    if single.empty:
        return ""
    some = single.sort_values(["person_hours", "name"], ascending=[False, True]).head(WORST)
    top = float(some["person_hours"].max())
    rows = [_failure_row(row, top) for row in some.to_dict("records")]
    words = (
        f"{text.count(float((frame['case'] == 'single').sum()))} elements fail alone, one after the other; "
        f"{text.count(float(len(single)))} of them cost somebody something. A person-hour lost is one person "
        "for an hour without any traffic, or two with half of it."
    )
    link = c.origins.link("network-single", "What fails alone", "value", "failures.person_hours")
    heads = ("Element", "Kind", "Person-hours", "", "People cut off", "Traffic left", "Payments missed")
    return f"<h3>What fails alone{link}</h3><p>{esc(words)}</p>{text.table('Failures', 'sums', heads, rows)}"


def _failure_row(row: Row, top: float) -> str:
    hours, cut, left, missed = (
        float(row[key]) for key in ("person_hours", "people_cut", "carried_share", "payments_missed")
    )
    kind = KINDS.get(str(row["kind"]), str(row["kind"]))
    return (
        f'<tr><th scope="row">{esc(row["name"])}</th><td class="word">{esc(kind)}</td>'
        f"<td>{text.number(hours)}</td>"
        f'<td class="word"><span class="bar" style="width:{BAR_PX * hours / top:.0f}px"></span></td>'
        f"<td>{text.number(cut)}</td><td>{text.percent(left)}</td><td>{text.number(missed)}</td></tr>"
    )


def _pairs(c: Context) -> str:
    if not c.run.has("failure_pairs") or c.run.table("failure_pairs").empty:
        return ""
    frame = c.run.table("failure_pairs")
    hidden = frame[frame["listed"] == "hidden"].sort_values("hidden_mbps", ascending=False).head(WORST // 2)
    hidden = hidden[hidden["hidden_mbps"] > 0]
    if hidden.empty:
        return ""
    rows = [
        f'<tr><th scope="row">{esc(r["name_a"])} and {esc(r["name_b"])}</th>'
        f"<td>{text.number(r['hidden_mbps'] / 1e3)}</td><td>{text.number(r['demand_lost_mbps'] / 1e3)}</td>"
        f"<td>{text.number(r['people_cut'])}</td></tr>"
        for r in hidden.to_dict("records")
    ]
    link = c.origins.link("network-pairs", "Pairs that hide", "value", "failure_pairs.hidden_mbps")
    heads = ("Pair", "Lost beyond both alone, Gbit/s", "Lost in all, Gbit/s", "People cut off")
    words = "Two elements each of which stands in for the other: their loss together is more than the sum."
    return f"<h3>Pairs that hide{link}</h3><p>{words}</p>{text.table('Pairs', 'sums', heads, rows)}"


def _denials(c: Context) -> str:
    if not c.run.has("denials") or c.run.table("denials").empty:
        return ""
    frame = c.run.table("denials")
    rows = [_denial_row(r) for r in frame[frame["province"] == "nation"].to_dict("records")]
    link = c.origins.link(
        "network-denial", "What is left when it is denied", "value", "denials.carried_share"
    )
    heads = (
        "Denied",
        "Way abroad on the ground",
        "Traffic on the ground",
        "Home ms",
        "Nearest hub abroad ms",
        "Services that keep their floor",
    )
    words = (
        "Everything of one name taken away for good. Without all cables the country is an island: exchanges "
        "and caches at home still answer what they answer today. A service is kept for the share of the "
        "people who still have its rate and delay, were it served first."
    )
    body = text.table("Denials", "sums", heads, rows)
    return f"<h3>What is left when it is denied{link}</h3><p>{words}</p>{body}"


def _denial_row(row: Row) -> str:
    people, abroad = (float(row[key]) for key in ("people", "people_abroad"))
    share, home_ms, abroad_ms = (float(row[key]) for key in ("carried_share", "rtt_home_ms", "rtt_abroad_ms"))
    reach = text.percent(abroad / people) if people > 0 else text.MISSING
    return (
        f'<tr><th scope="row">{esc(row["denial"])}</th><td>{reach}</td><td>{text.percent(share)}</td>'
        f"<td>{text.number(home_ms)}</td><td>{text.number(abroad_ms)}</td>"
        f'<td class="word">{esc(row["services"])}</td></tr>'
    )


def _hazards(c: Context) -> str:
    if not c.run.has("hazard_summary") or c.run.table("hazard_summary").empty:
        return ""
    frame = c.run.table("hazard_summary")
    rows = [_hazard_row(r) for r in frame.to_dict("records")]
    draws = text.count(float(c.run.setting("failures", "draws", 0)))
    words = (
        f"{draws} years drawn, the same ones in every variant of the plan. Sites down, people behind them "
        "and cables cut; the tenth and ninetieth of a hundred years in brackets."
    )
    link = c.origins.link("network-hazard", "Hazards in a year", "value", "hazard_summary.person_hours_year")
    heads = (
        "Hazard",
        "Events a year",
        "Person-hours a year",
        "Sites down, worst year",
        "Value at risk a year",
    )
    return f"<h3>Hazards in a year{link}</h3><p>{esc(words)}</p>{text.table('Hazards', 'sums', heads, rows)}"


def _hazard_row(row: Row) -> str:
    keys = ("events_year", "person_hours_year", "person_hours_p10", "person_hours_p90", "sites_down_worst")
    events, mean, low, high, sites = (float(row[key]) for key in keys)
    name = HAZARDS.get(str(row["hazard"]), str(row["hazard"]))
    return (
        f'<tr><th scope="row">{esc(name)}</th><td>{text.number(events)}</td>'
        f"<td>{text.number(mean)} ({text.number(low)} to {text.number(high)})</td>"
        f"<td>{text.number(sites)}</td>"
        f"<td>{text.dollars(float(row['value_at_risk_usd_year']))}</td></tr>"
    )
