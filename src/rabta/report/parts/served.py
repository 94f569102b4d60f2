"""Served today and after the plan, by province and by district, to sort, filter and take away."""

from __future__ import annotations

import base64
import csv
import io
from typing import TYPE_CHECKING

import numpy as np

from rabta.report import areas, payload, text
from rabta.report.payload import Context
from rabta.report.text import esc

if TYPE_CHECKING:
    import pandas as pd

SHARES = {"today_share", "after_share", "availability"} | {
    f"{service}_{when}" for service in ("schooling", "payments") for when in ("today", "after")
}
HEADS = {
    "people": ("People", ""),
    "households": ("Households", ""),
    "today_share": ("Broadband", "today"),
    "after_share": ("Broadband", "after"),
    "connected": ("Connected", "homes"),
    "mix": ("Mix", ""),
    "npc_per_household_usd": ("A home", "US$"),
    "rate_mbps": ("Busy hour", "Mbit/s"),
    "latency_ms": ("Round trip", "ms"),
    "availability": ("Available", ""),
    "schooling_today": ("Pupils", "today"),
    "schooling_after": ("Pupils", "after"),
    "payments_today": ("Payments", "today"),
    "payments_after": ("Payments", "after"),
}
ORIGINS = {
    "people": ("sum", "cells.people"),
    "households": ("sum", "cells.households"),
    "today_share": (
        "share",
        "plan.households_unserved_today",
        "cells.mobile_today",
        "cells.fixed_today_share",
    ),
    "after_share": ("share", "plan.households_served", "plan.households_unserved_today"),
    "connected": ("sum", "plan.households_served"),
    "mix": ("mix", "plan.technology", "plan.technology_share", "plan.second_technology"),
    "npc_per_household_usd": ("ratio", "plan.npc_usd", "plan.households_served"),
    "rate_mbps": ("median", "plan.rate_mbps"),
    "latency_ms": ("median", "plan.latency_ms"),
    "availability": ("median", "plan.availability"),
    "schooling_today": ("target", "plan.households_unserved_today", "cells.pupils"),
    "schooling_after": ("target", "plan.rate_mbps", "plan.latency_ms", "cells.pupils"),
    "payments_today": ("target", "plan.households_unserved_today", "cells.people"),
    "payments_after": ("target", "plan.latency_ms", "cells.people"),
}


def served(c: Context) -> str:
    """Table of the provinces, table of the districts, and how to read them."""
    return (
        f"<p>{esc(_words(c))}</p>{_key(c)}<h3>By province or territory</h3>"
        f"{_tools('provinces', _csv(c, c.provinces))}{_table(c, c.provinces, 'provinces', areas.PROVINCE)}"
        f"<h3>By district</h3>{_tools('districts', _csv(c, c.districts))}"
        f"{_table(c, c.districts, 'districts-table', areas.DISTRICT)}"
    )


def _words(c: Context) -> str:
    words = (
        "Served today means 3G, 4G or a fixed line (modelled); after the plan also the households that it "
        "connects, but not those that are not expected to take the service. A home's cost is the net present "
        "cost of one connected household. "
        "Rate, round trip and availability are medians over the connected households."
    )
    school, pay = (areas.target(c.run, name) for name in ("schooling", "payments"))
    if school is not None:
        words += (
            " A pupil is within target at a home that the plan connects with "
            f"{text.number(school.rate_mbps)} Mbit/s within {text.number(school.latency_ms)} ms"
        )
        words += f", a payment within {text.number(pay.latency_ms)} ms" if pay is not None else ""
        words += "; today's rates are not known by place, so today counts broadband of any kind."
    return words


def _key(c: Context) -> str:
    used = [name for name in c.run.technologies if (c.nation[f"mix_{name}"] > 0).any()]
    items = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true"><rect width="16" height="12" '
        f'class="t{_place(c, name) % 8}"/></svg>{esc(c.run.technologies[name])}</li>'
        for name in used
    )
    return f'<ul class="legend">{items}</ul>'


def _place(c: Context, technology: str) -> int:
    return list(c.run.technologies).index(technology)


def _tools(name: str, content: str) -> str:
    link = _download(content, f"{name}.csv")
    if name == "provinces":
        return f'<div class="tools">{link}</div>'
    field = '<input id="filter" type="search" placeholder="district or province" autocomplete="off">'
    status = '<span id="filtered" role="status"></span>'
    return f'<div class="tools"><label>Filter {field}</label>{status}{link}</div>'


def _table(c: Context, frame: pd.DataFrame, name: str, keys: tuple[str, ...]) -> str:
    order = np.argsort(-frame["unserved"].to_numpy(), kind="stable").tolist()
    body = "".join(_row(c, frame, row, keys) for row in order)
    foot = _row(c, c.nation, 0, keys) if len(keys) == 1 else ""
    titles = {"province": "Province", "district": "District"}
    first = "".join(f'<th scope="col" class="word">{titles[key]}</th>' for key in reversed(keys))
    heads = first + "".join(_head(c, key, *words) for key, words in HEADS.items())
    style = "scroll tall" if len(keys) > 1 else "scroll"
    tail = f"<tfoot>{foot}</tfoot>" if foot else ""
    return (
        f'<div class="{style}" tabindex="0" role="region" aria-label="{name}"><table id="{name}" '
        f'class="sortable served"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>{tail}</table></div>'
    )


def _head(c: Context, key: str, title: str, unit: str) -> str:
    how, *names = ORIGINS[key]
    named = [f"cells.{areas.pupil_column(c.run)}" if name == "cells.pupils" else name for name in names]
    link = c.origins.link(f"area-{key}", f"{title} {unit}".strip(), how, *named)
    return f'<th scope="col"><span>{esc(title)}</span><small>{esc(unit)}{link}</small></th>'


def _row(c: Context, frame: pd.DataFrame, row: int, keys: tuple[str, ...]) -> str:
    names = [str(frame[key].iloc[row]) for key in reversed(keys)] if set(keys) <= set(frame) else ["Nation"]
    first = f'<th scope="row">{esc(names[0])}</th>'
    more = "".join(f'<td class="word">{esc(name)}</td>' for name in names[1:])
    cells = "".join(
        _bar(c, frame, row) if key == "mix" else _cell(key, float(frame[key].iloc[row])) for key in HEADS
    )
    return f"<tr>{first}{more}{cells}</tr>"


def _cell(key: str, value: float) -> str:
    words = text.percent(value, 3 if key == "availability" else 2) if key in SHARES else text.number(value)
    return f'<td data-v="{value:.6g}">{words}</td>'


def _bar(c: Context, frame: pd.DataFrame, row: int) -> str:
    """Stacked bar of the mix, its words for those who cannot see it, sorted by the largest share."""
    left, rects, words = 0.0, [], []
    for index, (name, title) in enumerate(c.run.technologies.items()):
        share = float(frame[f"mix_{name}"].iloc[row])
        if not share > 0.0005:
            continue
        rects.append(f'<rect class="t{index % 8}" x="{left:.1f}" width="{100 * share:.1f}" height="10"/>')
        words.append((share, f"{text.percent(share)} {title}"))
        left += 100 * share
    said = "; ".join(word for _, word in sorted(words, reverse=True))
    top = max((share for share, _ in words), default=float("nan"))
    if not words:
        return f'<td data-v="nan">{text.MISSING}</td>'
    return (
        f'<td data-v="{top:.4g}" title="{esc(said)}"><svg class="bar" viewBox="0 0 100 10" role="img" '
        f'preserveAspectRatio="none" aria-label="{esc(said)}">{"".join(rects)}</svg></td>'
    )


def _csv(c: Context, frame: pd.DataFrame) -> str:
    """Every column of the areas, and of the districts table what the areas lack."""
    out = io.StringIO()
    names = [name for name in ("district", "province") if name in frame]
    numbers = [name for name in frame.columns if name not in names]
    pairs = list(zip(frame["province"], frame.get("district", frame["province"]), strict=True))
    known = payload.district_rows(c.run, pairs) if "district" in names else {}
    extra = {key: values for key, values in known.items() if key in SKY}
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*names, *numbers, *extra])
    for row in range(len(frame)):
        words = [plain_cell(str(frame[name].iloc[row])) for name in names]
        values = [payload.clean(float(frame[name].iloc[row])) for name in numbers]
        more = [payload.clean(float(column[row])) for column in extra.values()]
        writer.writerow([*words, *values, *more])
    return out.getvalue()


SKY = ("visible_mean", "visible_min", "link_rate_mbps", "carried_share")


def plain_cell(word: str) -> str:
    """Text that a spreadsheet does not take for a formula.

    Examples
    --------
    >>> plain_cell("=1+1"), plain_cell("Kech")
    ("'=1+1", 'Kech')
    """
    return f"'{word}" if word[:1] in {"=", "+", "-", "@", "\t", "\r"} else word


def _download(content: str, name: str) -> str:
    raw = base64.b64encode(content.encode("utf-8-sig")).decode("ascii")
    link = f"data:text/csv;charset=utf-8;base64,{raw}"
    return f'<a class="quiet" download="{name}" href="{link}">Download CSV</a>'
