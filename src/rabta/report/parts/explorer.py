"""The maps that answer to search, touch and keys, the page of a place, and still maps for paper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rabta.report import payload, text
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc

Floats = NDArray[np.float64]

ASSETS = Path(__file__).parents[1] / "assets"


def explorer(c: Context) -> str:
    """Interactive map, search and place card; still maps stand in on paper."""
    return (ASSETS / "explorer.html").read_text(encoding="utf-8") + _still_maps(c)


STILL_MAPS = (
    ("npc_per_household_usd", "violet", "Cost per added household", "US$, net present cost"),
    ("visible_mean", "blue", "Satellites in view", "mean over the run"),
    ("visible_min", "blue", "Satellites in view, fewest", "people-weighted 5th percentile"),
    ("link_rate_mbps", "green", "Rate of a satellite terminal alone", "Mbit/s, median"),
    ("latency_ms", "warm", "Satellite round trip", "ms, median"),
)


def _still_maps(c: Context) -> str:
    rows = payload.district_rows(c.run, c.atlas.district_names)
    drawn = [
        choropleth(c, rows[key], ramp, (title, unit), link=_link(c, key, title))
        for key, ramp, title, unit in STILL_MAPS
        if np.unique(rows[key][np.isfinite(rows[key])]).size > 1
    ]
    inside = f'<div class="pair">{"".join(drawn)}</div>'
    title = "<summary>Cost and satellites by district, as still maps</summary>"
    return f'<details class="paper">{title}{inside}</details>'


def _link(c: Context, key: str, title: str) -> str:
    return c.origins.link(f"still-{key}", title, "value", f"districts.{key}")


def choropleth(
    c: Context,
    values: Floats,
    ramp: str,
    words: tuple[str, str],
    *,
    link: str = "",
    made: maps.Classes | None = None,
) -> str:
    """Map of the districts in shades of one ramp, with its legend."""
    made = made or maps.classes(values)
    shade = [f"{ramp}{i}" if i >= 0 else "nodata" for i in made.of(values).tolist()]
    titles = [
        f"{name}, {province}: {text.number(float(v))} {words[1]}"
        for (province, name), v in zip(c.atlas.district_names, values, strict=True)
    ]
    picture = maps.district_map(c.atlas, shade, titles, f"Map: {words[0]}")
    keys = [(f"{ramp}{i}", label) for i, label in enumerate(made.labels)]
    return figure(picture, words, keys, link)


def figure(picture: str, words: tuple[str, str], keys: list[tuple[str, str]], link: str = "") -> str:
    """Picture with its title and the legend of its shades."""
    legend = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true"><rect width="16" height="12" class="{esc(style)}"/>'
        f"</svg>{esc(label)}</li>"
        for style, label in keys
    )
    return (
        f"<figure>{picture}<figcaption><b>{esc(words[0])}</b>{link} <span>{esc(words[1])}</span>"
        f'<ul class="legend">{legend}</ul></figcaption></figure>'
    )
