"""The page: the answer first, then the maps, the money, the limits and where every number comes from."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from string import Template

from rabta import catalog
from rabta.report import payload, text
from rabta.report.folder import RunFolder
from rabta.report.parts import answer, census, explorer, limits, money, network, served, sky, sources
from rabta.report.parts.links import emulation, mobile, navigation, radio, security
from rabta.report.pictures import maps
from rabta.report.text import esc

ASSETS = Path(__file__).parent / "assets"
STYLES = ("theme.css", "report.css", "print.css")
SCRIPTS = ("data.js", "map.js", "place.js", "search.js", "page.js")


def page(run: RunFolder) -> str:
    """Whole page of a run."""
    c = payload.context(run)
    shown = [(key, title, body) for key, title, make in SECTIONS if (body := make(c))]
    data, stream = payload.build(c)
    script = f"(async function () {{\n'use strict';\n{_assets(SCRIPTS)}\n}})();"
    digest = hashlib.sha256(script.encode()).digest()
    return Template(_assets(["page.html"])).substitute(
        title=esc(run.title),
        subtitle=esc(_subtitle(run)),
        style=_assets(STYLES),
        definitions=maps.definitions(c.atlas),
        contents="".join(f'<a href="#{key}">{esc(title)}</a>' for key, title, _ in shown),
        sections="\n".join(_section(*section) for section in shown),
        footer=sources.footer(run),
        data=text.script_json(data),
        columns=stream,
        script=script,
        script_hash=base64.b64encode(digest).decode("ascii"),
    )


def _assets(names: tuple[str, ...] | list[str]) -> str:
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def _section(key: str, title: str, body: str) -> str:
    head = f'<h2 id="{key}-title">{esc(title)}</h2>'
    return f'<section id="{key}" aria-labelledby="{key}-title">{head}{body}</section>'


def _subtitle(run: RunFolder) -> str:
    systems = ", ".join(_system(str(name)) for name in run.setting("space", "constellations", []))
    span = f"{run.start:%d %B %Y %H:%M} to {run.end:%d %B %Y %H:%M} UTC"
    return f"{text.count(len(run.table('cells')))} cells · {span} · {systems}"


def _system(name: str) -> str:
    """Name of a constellation for people, without what its title adds after a comma."""
    known = name in catalog.names("constellations")
    return catalog.entry("constellations", name).title.split(",")[0] if known else name


SECTIONS = (
    ("answer", "The answer", answer.answer),
    ("served", "Served today and after the plan", served.served),
    ("map", "The map and every place", explorer.explorer),
    ("cost", "What it costs", money.cost),
    ("sky", "The satellites over the day", sky.sky),
    ("mobile", "The mobile networks", mobile.mobile),
    ("radio", "The radio links", radio.radio),
    ("navigation", "Navigation", navigation.navigation),
    ("security", "Information security", security.security),
    ("emulation", "Emulated traffic", emulation.emulation),
    ("network", "The network", network.network),
    ("failures", "When something fails", network.failures),
    ("limits", "What holds the plan back", limits.limits),
    ("census", "People and the census", census.census),
    ("assumptions", "Assumptions and sources", sources.assumptions),
    ("making", "How this was made", sources.making),
)
