"""The mobile networks: whom they cover, how fast phones are, and satellites for the phones outside."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.parts import explorer
from rabta.report.parts.links.radio import mean_by_district
from rabta.report.payload import Context
from rabta.report.text import esc

Floats = NDArray[np.float64]
TITLES = {"2g": "2G: voice and messages", "4g": "4G (and 3G)", "5g": "5G", "6g": "6G (candidate bands)"}
HOURS = range(0, 24, 3)


def mobile(c: Context) -> str:
    """Sections on the mobile networks; empty for runs without them."""
    if not (c.run.has("mobile_cover_share") and c.run.has("mobile_coverage")):
        return ""
    return _covered(c) + _rates(c) + _phones(c)


def _row(head: str, values: list[str]) -> str:
    return f"<tr><th scope='row'>{esc(head)}</th>{''.join(f'<td>{esc(v)}</td>' for v in values)}</tr>"


def _covered(c: Context) -> str:
    """Share of people under each generation, and the level that counts."""
    table = c.run.table("mobile_coverage")
    if table.empty:
        return ""
    rows = [
        _row(
            TITLES[str(row["generation"])],
            [
                text.percent(float(row["share"]), 3),
                text.percent(float(row["published"]), 3)
                if np.isfinite(row["published"])
                else "not published",
                f"{row['threshold_dbm']:.0f} dBm",
            ],
        )
        for row in table.to_dict("records")
    ]
    title = "Who has a mobile signal"
    words = (
        "Every cell site of the nation's layer sends to people drawn around it, over the terrain. The level "
        "that counts as coverage is the one that the regulator's share of people receives outdoors: it is "
        "calibrated, the shares are not predicted. Where each site and each person stands is modelled."
    )
    link = c.origins.link(
        "mobile-coverage", title, "value", "mobile_coverage", "mobile_cover_share", "carriers"
    )
    heads = ("", "People covered", "Published", "Level in 15 kHz (RSRP)")
    shares = 100.0 * mean_by_district(c, c.run.values("mobile_cover_share").astype(np.float64)[:, 1])
    picture = explorer.choropleth(c, shares, "blue", ("People with 4G or 3G", "% of people"), link=link)
    return f"<h3>{esc(title)}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}{picture}"


def _rates(c: Context) -> str:
    """Rates of phones over the day, and the sites that are full."""
    table = c.run.table("mobile_hours")
    if table.empty:
        return ""
    lines = (
        ("Median rate, Mbit/s", "median_mbps"),
        ("95 % have more than, Mbit/s", "slow_mbps"),
        ("Mean load of the sites, %", "load"),
        ("Sites asked for more than they can give", "full_sites"),
    )
    rows = []
    for words, name in lines:
        values = table[name].to_numpy(np.float64)[list(HOURS)] * (100.0 if name == "load" else 1.0)
        rows.append(_row(words, [text.number(round(float(v), 1)) for v in values]))
    title = "How fast phones are over the day"
    words = (
        "Rate of a phone in use, when the users of a sector share it equally and every site disturbs its "
        "neighbours as much as its own load makes it. By the local hour. The link from the site to the "
        "network and the phones' own limits are not counted, so measured speeds are lower."
    )
    link = c.origins.link("mobile-rates", title, "value", "mobile_hours", "mobile_rate_mbps", "mobile_load")
    heads = ("", *(f"{h:02d} h" for h in HOURS))
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _phones(c: Context) -> str:
    """Satellites for the phones that no site covers."""
    if not (c.run.has("device_service") and c.run.has("patches")):
        return ""
    day, patches = c.run.table("device_service"), c.run.table("patches")
    served = day["available"].to_numpy(np.float64)
    weight = patches["uncovered"].to_numpy(np.float64)
    if not served.any() or not weight.any():
        return ""
    figures = (
        ("People without 4G", text.number(weight.sum())),
        ("Time with a satellite, mean over them", text.percent(float(np.average(served, weights=weight)), 3)),
        ("Longest gap of any patch, minutes", text.number(float(day["longest_gap_s"].max()) / 60.0)),
        (
            "Changes of satellite an hour",
            text.number(float(np.average(day["handovers_per_hour"], weights=weight))),
        ),
        (
            "Rate of a phone in use, kbit/s, mean",
            text.number(1e3 * float(np.average(day["mean_mbps"], weights=weight))),
        ),
    )
    title = "Satellites for phones where no site reaches"
    words = (
        "Beams of about 50 km serve the patches of the country in which people live without 4G; a satellite "
        "with more patches than beams serves them in turn. All of them share a few megahertz, so this "
        "carries messages and calls, not lessons."
    )
    link = c.origins.link("mobile-phones", title, "value", "device_service", "patches", "device_rate_mbps")
    rows = [_row(name, [value]) for name, value in figures]
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', ('', 'Value'), rows)}"
