"""Emulated traffic: what real programs felt on real packets, beside what was computed and planned."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rabta.errors import RabtaError
from rabta.report import text
from rabta.report.parts.sky import block
from rabta.report.pictures import charts
from rabta.report.text import esc

if TYPE_CHECKING:
    from rabta.emulate.engine.course import Course
    from rabta.report.payload import Context

Array = NDArray[np.float64]
Found = Mapping[str, Any]

FOLDER, RESULT, PAGE = "emulations", "result.json", "report.html"
ASSETS = Path(__file__).parents[2] / "assets"
MOST_POINTS = 300  # of a line
MOST_SHOWN = 12  # emulations in one report
MOST_NAMED = 3  # users in a heading
MOST_DRAWN = 6  # activities with pictures
PAYLOAD = 1448.0 / 1500.0  # TCP's data in a full packet with time stamps (RFC 7323)
SWITCH_S = 0.15  # of the emulated payment switch
GOOD, FAIR = 4.0, 3.0  # of five: ITU-T P.800, 4 is good and 3 is fair
NAMES = {"ping": "Round trip", "tcp": "Download (TCP)", "quic": "Download (QUIC)", "lesson": "Video lesson",
         "payments": "Card payments", "call": "Telephone call"}  # fmt: skip
SHELL = Template(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>$title</title>'
    '<style>$style</style></head><body><header class="top"><p class="eyebrow">Rabta · emulated traffic</p>'
    "<h1>$title</h1></header><main><section>$body</section></main></body></html>\n"
)


def emulation(c: Context) -> str:
    """Chapter of all emulations in a run folder; empty where there are none."""
    folders = sorted(one.parent for one in (c.run.path / FOLDER).glob(f"*/{RESULT}"))
    if not folders:
        return ""
    words = (
        "Real programs exchanged real packets over the computed network of this run, on one machine. Each "
        "part sets what people would feel beside what was computed."
    )
    more = f" The newest {MOST_SHOWN} of {len(folders)} are shown." if len(folders) > MOST_SHOWN else ""
    return f"<p>{esc(words + more)}</p>" + "".join(part(one) for one in folders[-MOST_SHOWN:])


def alone(folder: Path) -> Path:
    """Write the page of one emulation into its folder; returns its path."""
    from rabta import io

    style = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in ("theme.css", "report.css"))
    page = folder / PAGE
    io.write_atomic(page, SHELL.substitute(title=esc(_title(folder, _read(folder)[0])), style=style,
                                           body=part(folder)))  # fmt: skip
    return page


def part(folder: Path) -> str:
    """Heading, words, table and pictures of one emulation."""
    found, course = _read(folder)
    head = f"<h3>{esc(_title(folder, found))}</h3>"
    if not found or course is None:
        return f"{head}<p>{esc('The files of this emulation cannot be read: it is left out.')}</p>"
    try:
        body = _said(found) + _planned(found) + _table(found, course) + _pictures(found, course)
        return head + body + _honest(found)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        words = f"The result of this emulation is not as this version writes it ({error}): it is left out."
        return f"{head}<p>{esc(words)}</p>"


def _read(folder: Path) -> tuple[Found, Course | None]:
    """Result and course of a folder; nothing where they cannot be read."""
    from rabta.emulate import plan

    try:
        found = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        course = plan.read(folder)[0]
    except (OSError, ValueError, RabtaError):
        return {}, None
    return (found, course) if isinstance(found, dict) else ({}, None)


def _title(folder: Path, found: Found) -> str:
    acts = found.get("activities")
    rows = [one for one in acts if isinstance(one, dict)] if isinstance(acts, list) else []
    users = list(dict.fromkeys(str(one.get("from", "")) for one in rows))
    servers = list(dict.fromkeys(str(one.get("to", "")) for one in rows))
    if not rows or not all(users + servers):
        return folder.name
    more = len(users) - MOST_NAMED
    named = users[:MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    return f"{text.listing(named)} to {text.listing(servers)}"


def _said(found: Found) -> str:
    """Verdicts in words."""
    over = ", over satellites alone" if (found.get("about") or {}).get("space") else ""
    start = (found.get("about") or {}).get("start")
    words = [f"{found['ended_s']:.0f} seconds{over}{f', from {start}' if start else ''}."]
    if found.get("ended_early"):
        words.append(f"It was {found['ended_early']} before its end.")
    acts = found["activities"]
    several = len({one["from"] for one in acts}) > 1
    told = [(one["from"], verdict(one)) for one in acts]
    words += [f"{user}: {said}" if several else said for user, said in told if said]
    return f"<p>{esc(' '.join(words))}</p>"


def verdict(one: Found) -> str:
    """What an activity means for people, in a sentence.

    Examples
    --------
    >>> verdict({"kind": "lesson", "summary": {"start_s": 0.6, "stalls": 0, "stalled_s": 0.0,
    ...          "bitrate_kbps": 4500.0, "opinion": 3.3}})
    'The lesson began after 0.6 s and never stopped, at 4.5 Mbit/s.'
    >>> verdict({"kind": "payments", "summary": {"in_time_share": 0.975, "payments": 40}})
    '98 % of 40 card payments were in time.'
    """
    if "failed" in one:
        return f"{NAMES.get(one['kind'], one['kind'])}: failed, {one['failed']}."
    s = one["summary"]
    if one["kind"] == "lesson":
        return _seen(s)
    if one["kind"] == "payments" and s["in_time_share"] is not None:
        return f"{text.percent(s['in_time_share'])} of {s['payments']} card payments were in time."
    return _heard(s) if one["kind"] == "call" else ""


def _seen(s: Found) -> str:
    if s["start_s"] is None:
        return "The lesson never began."
    times = "once" if s["stalls"] == 1 else f"{s['stalls']} times"
    often = f"stopped {times}, for {s['stalled_s']:.1f} s,"
    stops = often if s["stalls"] else "never stopped,"
    return f"The lesson began after {s['start_s']:.1f} s and {stops} at {s['bitrate_kbps'] / 1e3:.1f} Mbit/s."


def _heard(s: Found) -> str:
    marks = [value for key, value in s.items() if key.endswith("opinion") and value is not None]
    if not marks:
        return "The call cannot be rated."
    word = "good" if min(marks) >= GOOD else "fair" if min(marks) >= FAIR else "poor"
    return f"The call sounded {word} (opinion {min(marks):.1f} of 5)."


def _rate(course: Course, one: Found) -> float:
    """Mean rate of what lets the user's downloads through, bit/s; infinite where nothing limits."""
    from rabta.emulate import agree

    return agree.gate_bps(course, one["to"], one["from"])


def _median_rtt(course: Course, one: Found) -> float:
    """Middle computed round trip over the activity, ms."""
    from rabta.emulate import agree

    times = np.linspace(one["start_s"], one["start_s"] + one["seconds"], MOST_POINTS)
    trips = agree.round_trips_ms(course, one["from"], one["to"], times)
    return float(np.nanmedian(trips)) if np.isfinite(trips).any() else float("nan")


def _ping(one: Found, course: Course) -> tuple[str, str, str]:
    a, s = one.get("agreement") or {}, one["summary"]
    parts, good = a.get("parts") or {}, a.get("share_within")
    words = f"{text.percent(good)} of {a['pings']} within 1 % or 0.3 ms" if good is not None else text.MISSING
    if parts.get("matched"):
        more = f"{text.percent(parts['share_within'])} with what they waited in queues by the record"
        words += f"; {more} ({text.number(parts['queues_ms'])} ms in the middle)"
    return (
        f"{text.number(s.get('p50_ms'))} ms in the middle",
        f"{text.number(_median_rtt(course, one))} ms",
        words,
    )


def _tcp(one: Found, course: Course) -> tuple[str, str, str]:
    s, rate = one["summary"], _rate(course, one) * PAYLOAD / 1e6
    got = s["goodput_mbps"] if "goodput_mbps" in s else s["goodput_bps"] / 1e6
    if not np.isfinite(rate):
        return f"{text.number(got)} Mbit/s", "unlimited", text.MISSING
    steady = (one.get("agreement") or {}).get("share")
    words = f"{text.percent(got / rate)} of it" + (
        f", {text.percent(steady)} after its start" if steady else ""
    )
    return f"{text.number(got)} Mbit/s", f"{text.number(rate)} Mbit/s of data", words


def _lesson(one: Found, course: Course) -> tuple[str, str, str]:
    s, rate = one["summary"], _rate(course, one) / 1e6
    felt = (
        f"start {text.number(s['start_s'])} s, {s['stalls']} stalls, {text.number(s['bitrate_kbps'])} kbit/s"
    )
    planned = f"{text.number(rate)} Mbit/s planned" if np.isfinite(rate) else "unlimited rate"
    return felt, planned, f"opinion {s['opinion']} of 5"


def _payments(one: Found, course: Course) -> tuple[str, str, str]:
    s = one["summary"]
    least = 2.0 * _median_rtt(course, one) / 1e3 + SWITCH_S
    share = f"{text.percent(s['in_time_share'])} in time" if s["in_time_share"] is not None else text.MISSING
    return (
        f"{text.number(s['median_s'])} s in the middle",
        f"{text.number(least)} s: two round trips, the switch",
        share,
    )


def _call(one: Found, course: Course) -> tuple[str, str, str]:
    pairs = [
        (key, value) for key, value in one["summary"].items() if key.endswith(("rating", "mouth_to_ear_ms"))
    ]
    felt = ", ".join(f"{key} {text.number(value)}" for key, value in pairs)
    return felt, f"{text.number(_median_rtt(course, one) / 2.0)} ms one way, without the playout buffer", ""


ROWS: dict[str, Callable[[Found, Course], tuple[str, str, str]]] = {
    "ping": _ping, "tcp": _tcp, "quic": _tcp, "lesson": _lesson, "payments": _payments, "call": _call,
}  # fmt: skip


def _planned(found: Found) -> str:
    """What the plan gives each place, and what was taken away; empty where no plan was asked."""
    about = found.get("about") or {}
    rows = []
    for host in about.get("hosts") or ():
        rates = [float(rate) for _, rate in host["down_mbps"]]
        rtt = host["rtt_ms"]
        assumed = [f"{one['what']} {one['value']} {one['unit']}" for one in host["figures"] if one["assumed"]]
        cells = (
            f"{host['technology']}, {len(host['users'])} users",
            f"{text.number(min(rates))} to {text.number(max(rates))} Mbit/s",
            f"{text.number(rtt['least'])} to {text.number(rtt['most'])} ms", str(host["changes"]),
            ", ".join(assumed) or "nothing",
        )  # fmt: skip
        data = "".join(f"<td>{esc(cell)}</td>" for cell in cells)
        rows.append(f"<tr><th scope='row'>{esc(host['name'])}</th>{data}</tr>")
    lost = [_lost(one) for one in about.get("without") or ()]
    words = f"<p>{esc(f'Taken away: {text.listing(lost)}.')}</p>" if lost else ""
    heads = ("", "The plan's technology", "Rate down", "Round trip", "Changes of the way", "Assumed")
    return words + (text.table("What the plan gives", "sums", heads, rows) if rows else "")


def _lost(one: Found) -> str:
    end = f" to {text.number(one['to_s'])} s" if one.get("to_s") else " on"
    return f"{one['name']} from {text.number(one['from_s'])} s{end}"


def _table(found: Found, course: Course) -> str:
    rows = []
    for one in found["activities"]:
        if "failed" in one:
            cells = (f"failed: {one['failed']}", "", "")
        elif one["kind"] in ROWS:
            cells = ROWS[one["kind"]](one, course)
        else:
            cells = (", ".join(f"{key} {value}" for key, value in one["summary"].items()), "", "")
        head = f"{NAMES.get(one['kind'], one['kind'])}, {one['from']} to {one['to']}"
        rows.append(
            f"<tr><th scope='row'>{esc(head)}</th>" + "".join(f"<td>{esc(x)}</td>" for x in cells) + "</tr>"
        )
    heads = ("", "Felt", "Computed or planned", "Agreement")
    return text.table("What was felt and what was computed", "sums", heads, rows)


def _pictures(found: Found, course: Course) -> str:
    drawn = []
    for one in found["activities"]:
        if one.get("rtts"):
            drawn.append(_trips(one, course, float(found["unix_s"])))
        if (one.get("story") or {}).get("course"):
            drawn.append(_watched(np.array(one["story"]["course"], dtype=np.float64), one["from"]))
    return "".join(drawn[:MOST_DRAWN])


def _axis(end_s: float, begin_s: float) -> list[tuple[float, str]]:
    return [(t, text.number(t)) for t in charts.ticks(end_s, 8) if begin_s <= t <= end_s]


def _trips(one: Found, course: Course, begun_s: float) -> str:
    """Round trips over time: felt in the middle and at worst of each span, and computed."""
    from rabta.emulate import agree

    rows = np.array(one["rtts"], dtype=np.float64).reshape(-1, 2)
    at = rows[:, 0] - begun_s - rows[:, 1] / 1e3
    end = max(float(at[-1]), 1.0)
    count = min(MOST_POINTS, max(len(rows) // 4, 2))
    x = (np.arange(count) + 0.5) * end / count
    bins = np.clip((at / end * count).astype(np.int64), 0, count - 1)
    felt = [rows[bins == k, 1] for k in range(count)]
    middle = np.array([np.median(v) if v.size else np.nan for v in felt])
    worst = np.array([v.max() if v.size else np.nan for v in felt])
    computed = agree.round_trips_ms(course, one["from"], one["to"], x)
    lines = [
        charts.Line("felt, in the middle of each span", middle, "c0"),
        charts.Line("felt, the slowest", worst, "c1"),
        charts.Line("computed, without queues", computed, "c6", dashed=True),
    ]
    title = f"Round trips of {one['from']} to {one['to']}"
    words = "Where felt lies above computed, packets waited in queues behind other traffic; gaps are outages."
    picture = charts.line_chart(
        x, lines, _axis(float(x[-1]), float(x[0])), (title, "ms", "seconds of the emulation")
    )
    return block(title, words, picture, _keys(lines), "")


def _watched(rows: Array, user: str) -> str:
    """Bitrate and buffer of a lesson over time."""
    end, out = max(float(rows[-1, 0]), 1.0), ""
    player = "Video in the buffer after each segment; the picture stops where it is empty."
    charted = (
        (f"Lesson in {user}: its picture", "Bitrate of each segment.", rows[:, 1] / 1e3, "Mbit/s", "c0"),
        (f"Lesson in {user}: what the player holds", player, rows[:, 2], "s", "c6"),
    )
    for title, words, values, unit, style in charted:
        line = charts.Line(title, values, style)
        titles = (title, unit, "seconds of the lesson")
        picture = charts.line_chart(rows[:, 0], [line], _axis(end, float(rows[0, 0])), titles)
        out += block(title, words, picture, [], "")
    return f'<div class="pair">{out}</div>'


def _keys(lines: list[charts.Line]) -> list[tuple[str, str]]:
    return [(f"{line.style}{' dashed' if line.dashed else ''}", line.name) for line in lines]


def _honest(found: Found) -> str:
    """How exact the emulator was, and what was dropped where."""
    e = found["engine"]
    parts = []
    if "late_mean_ns" in e:
        late, most = float(e["late_mean_ns"]) / 1e3, float(e["late_most_ns"]) / 1e3
        parts.append(
            f"The emulator handed packets over {late:.0f} µs late on average and {most:,.0f} µs at most."
        )
        if e.get("unrecorded"):
            parts.append(f"{e['unrecorded']:,} packets were not recorded.")
    for name, host in (found.get("hosts") or {}).items():
        causes = [f"{count:,} {cause}" for cause, count in host.get("dropped_down", {}).items()]
        if causes:
            parts.append(f"Of packets for {name}, dropped: {', '.join(causes)}.")
    for at, length in found.get("stood_still") or ():
        parts.append(
            f"The machine stood still for {length:.1f} s from {at:.1f} s on: no figures of the network."
        )
    for _, step in found.get("clock_steps") or ():
        parts.append(f"The wall clock was set by {step:+.1f} s; nothing here goes by it.")
    if found.get("trouble"):
        parts.append(f"{found['trouble']}.")
    return f"<p class='note'>{esc(' '.join(parts))}</p>"
