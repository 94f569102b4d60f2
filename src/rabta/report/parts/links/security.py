"""Information security: whose traffic leaves, who sees and cuts it, who made what, what is jammed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rabta.report import text
from rabta.report.parts import explorer
from rabta.report.parts.links.radio import mean_by_district
from rabta.report.payload import Context
from rabta.report.text import esc

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[Any, Any]
PARTIES = 16  # owners and countries that are listed
MAPPED = 2  # jammers whose reach is drawn
LEAST = 0.005  # share of the traffic from which a party is named in the answer


def security(c: Context) -> str:
    """Sections on information security; empty for runs without it."""
    parts = ""
    if c.run.has("posture_ministries") and not c.run.table("posture_ministries").empty:
        parts += _answer(c) + _users(c) + _overlay(c)
    if c.run.has("posture_owners"):
        parts += _parties(c) + _makers(c)
    if c.run.has("posture_jamming") and not c.run.table("posture_jamming").empty:
        parts += _jamming(c)
    return parts


def _share(value: object) -> str:
    """Percentage; what nobody published is unknown, which is not none."""
    number = float(value)  # type: ignore[arg-type]
    return text.percent(number) if np.isfinite(number) else "unknown"


def _row(head: str, values: list[str]) -> str:
    return f"<tr><th scope='row'>{esc(head)}</th>{''.join(f'<td>{esc(v)}</td>' for v in values)}</tr>"


def _mean(table: pd.DataFrame, column: str) -> float:
    """Mean of a share over the traffic."""
    weight, value = (table[name].to_numpy(np.float64) for name in ("mbps", column))
    return float((weight * value).sum() / weight.sum()) if weight.sum() > 0.0 else float("nan")


def _names(table: pd.DataFrame, column: str, least: float = 0.0) -> str:
    """Users with more than a share, largest first."""
    rows = table[table[column] > least].sort_values(column, ascending=False, kind="stable")
    found = [f"{row['title']} ({_share(row[column])})" for row in rows.to_dict("records")]
    more = len(found) - 6
    return text.listing(found[:6] + ([f"{more} more"] if more > 0 else [])) or "none"


def _with_names(table: pd.DataFrame, column: str) -> str:
    return f"{_share(_mean(table, column))}: {_names(table, column)}"


def _answer(c: Context) -> str:
    """The question of the chapter, answered in words."""
    table, owners = c.run.table("posture_ministries"), c.run.table("posture_owners")
    strange = owners[(~owners["home"].astype(bool)) & (owners["country"].astype(str) != "")]
    seen = strange[(strange["kind"] == "country") & (strange["sees_share"] > LEAST)]
    cut = strange[(strange["cuts_ground_share"] > LEAST) & (strange["kind"] == "country")]
    terms = [
        ("Traffic that leaves the country", _with_names(table, "leaves_share")),
        ("Carried by a known owner registered abroad", _with_names(table, "foreign_operator_share")),
        ("Carried by an owner with a foreign parent", _share(_mean(table, "foreign_control_share"))),
        ("Crosses an element whose owner is not published", _share(_mean(table, "unknown_owner_share"))),
        ("Only foreign makers named for some of its equipment", _share(_mean(table, "foreign_maker_share"))),
        ("Crosses equipment whose maker is not published", _share(_mean(table, "unknown_maker_share"))),
        ("Countries abroad that see it", _listed(seen, "sees_share")),
        ("Countries that alone cut every way over the ground", _listed(cut, "cuts_ground_share")),
        ("Content that carriers read, today / once a quantum computer reads what was recorded",
         f"{_share(_mean(table, 'content_before'))} / {_share(_mean(table, 'content_future_before'))}"),
        ("The same with the overlay",
         f"{_share(_mean(table, 'content_overlay'))} / {_share(_mean(table, 'content_future_overlay'))}"),
    ]  # fmt: skip
    words = (
        "Which ministries' traffic leaves the country or rests on a foreign operator, and what the overlay "
        "changes. The overlay changes who reads and who can alter content between the state's own sites, "
        "today and later. It does not change who can cut: a refused cable stays refused. It hides neither "
        "volume nor times nor the two ends. What ends in a cloud abroad is read there, by its operator and "
        "the law over it, with the overlay as without. No traffic and no protection of any ministry is "
        "published: the shares follow from modelled figures of the catalog. Where an owner or maker is not "
        "published it is unknown, which is not none."
    )
    title = "Whose traffic leaves, and what the overlay changes"
    link = c.origins.link("security-answer", title, "value", "posture_ministries", "posture_owners")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p><dl class='pairs'>{text.pairs(terms)}</dl>"


def _listed(table: pd.DataFrame, column: str) -> str:
    rows = table.sort_values(column, ascending=False, kind="stable").to_dict("records")
    return text.listing([f"{row['party']} ({_share(row[column])})" for row in rows]) or "none that is known"


USERS = (
    ("leaves_share", "Leaves the country"),
    ("cloud_share", "Ends in a cloud abroad"),
    ("foreign_operator_share", "Foreign operator"),
    ("foreign_control_share", "Foreign parent"),
    ("unknown_owner_share", "Owner unknown"),
    ("foreign_maker_share", "Only foreign makers named"),
    ("foreign_chip_share", "Foreign chips named"),
    ("unknown_maker_share", "Maker unknown"),
    ("cut_ground_share", "One foreign owner or country cuts it, ground"),
    ("cut_share", "With satellites as a way"),
    ("maker_cut_ground_share", "One foreign maker, in time"),
)
OVERLAY = (
    ("content_before", "Read by carriers today"),
    ("content_overlay", "With the overlay"),
    ("content_foreign_before", "Read by foreign carriers today"),
    ("content_foreign_overlay", "With the overlay"),
    ("content_future_before", "Read later, if recorded"),
    ("content_future_overlay", "With the overlay"),
    ("no_integrity_before", "Can be changed unnoticed"),
    ("no_integrity_overlay", "With the overlay"),
    ("content_cloud", "Read by a cloud abroad, both"),
    ("metadata", "Volume, times, ends seen, both"),
)


def _table(c: Context, key: str, title: str, words: str, columns: tuple[tuple[str, str], ...]) -> str:
    rows = [
        _row(str(row["title"]), [_share(row[name]) for name, _ in columns])
        for row in c.run.table("posture_ministries").to_dict("records")
    ]
    names = (f"posture_ministries.{name}" for name, _ in columns)
    link = c.origins.link(key, title, "value", *names)
    heads = ("", *(head for _, head in columns))
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _users(c: Context) -> str:
    words = (
        "Parts of each user's traffic on its normal way over the ground. Cuts are counted on the graph: the "
        "party's elements are taken away, and every way that is left counts, however thin."
    )
    return _table(c, "security-users", "Government users", words, USERS)


def _overlay(c: Context) -> str:
    suite = str(c.run.setting("security", "overlay", "NS"))
    words = (
        f"Suite of the overlay: {suite}. It needs a node of the state at both ends, so that traffic to "
        "clouds abroad stays as it was."
    )
    return _table(c, "security-overlay", "Content, before and with the overlay", words, OVERLAY)


def _parties(c: Context) -> str:
    """Owners and countries that see and cut most; whoever is not published comes first."""
    table = c.run.table("posture_owners")
    weight = table[["sees_share", "sees_backup_share", "may_cut_ground_share"]].fillna(0.0).max(axis=1)
    order = np.lexsort((-weight.to_numpy(), table["party"].to_numpy(str) != "unknown"))
    shown = table.iloc[order[: PARTIES + 1]]
    rows = [
        _row(
            "Owners not published" if row["party"] == "unknown" else f"{row['party']} ({row['kind']})",
            [
                str(row["country"]) or "unknown",
                *(_share(row[k]) for k in ("sees_share", "sees_backup_share", "content_share")),
                *(_share(row[k]) for k in ("content_future_share", "content_future_overlay_share")),
                f"{_share(row['cuts_ground_share'])} to {_share(row['may_cut_ground_share'])}",
                f"{_share(row['cuts_share'])} to {_share(row['may_cut_share'])}",
            ],
        )
        for row in shown.to_dict("records")
    ]
    title = "Who sees and who cuts government traffic"
    heads = (
        "", "Country", "Sees it", "On the backup way", "Reads content today", "Later", "Later, overlay",
        "Cuts all ways on the ground", "With satellites as a way",
    )  # fmt: skip
    words = (
        "Cuts are ranges: from the elements that are certainly the party's to all that may be, through "
        "shared ownership or a parent. An owner or a country can refuse at once. Owners of most of the "
        "backbone are not published; together they see and could cut what their row says."
    )
    link = c.origins.link("security-parties", title, "value", "posture_owners")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _makers(c: Context) -> str:
    if not c.run.has("posture_makers") or c.run.table("posture_makers").empty:
        return ""
    rows = [
        _row(
            str(row["title"]) + (" (planned)" if bool(row["planned"]) else ""),
            [
                str(row["country"]) or "unknown",
                str(row["chips"]) or "makes chips",
                _share(row["capacity_share"]),
                f"{_share(row['rests_share'])} to {_share(row['may_rest_share'])}",
                f"{_share(row['cuts_ground_share'])} to {_share(row['may_cut_ground_share'])}",
            ],
        )
        for row in c.run.table("posture_makers").to_dict("records")
    ]
    title = "Makers of what it rests on"
    heads = ("", "Country", "Rests on chips of", "Of the capacity abroad", "Traffic that rests on it",
             "Ways cut without it, ground")  # fmt: skip
    words = (
        "Makers publicly named, the partner of the agreement with the National Telecommunication Corporation "
        "among them on the same terms as any other. A maker that refuses acts in time, as spares, licences "
        "and updates run out; one that withholds chips acts on new equipment. Ranges run from equipment for "
        "which it is the only one named to all for which it is named."
    )
    link = c.origins.link("security-makers", title, "value", "posture_makers")
    return f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"


def _jamming(c: Context) -> str:
    table = c.run.table("posture_jamming")
    rows = [
        _row(
            f"{row['jammer']}, {row['victim']}, {row['place']}",
            [
                text.number(float(row["eirp_dbw"])),
                text.number(float(row["height_m"])),
                text.number(round(float(row["limit_db"]), 1)),
                text.number(round(float(row["free_space_km"]), 1)),
                text.number(round(float(row["farthest_km"]), 1)),
                text.number(float(row["people_one"])),
                text.number(float(row["people"])),
            ],
        )
        for row in table.to_dict("records")
    ]
    title = "What jammers reach"
    heads = ("", "EIRP, dBW", "Height, m", "J/S that fails, dB", "Free space, km", "Farthest cell, km",
             "People, one place", "People, some place")  # fmt: skip
    words = (
        "Jammer over signal in every cell over the terrain (ITU-R P.1812 and P.452), bare ground. Powers are "
        "those of modelled classes. Jammers along the border stand in the nation's outermost cells. A reach "
        "below the size of a cell counts nobody."
    )
    link = c.origins.link("security-jamming", title, "value", "posture_jamming", "jam_js_db")
    body = f"<h3>{esc(title)}{link}</h3><p>{esc(words)}</p>{text.table(title, 'sums', heads, rows)}"
    return body + _maps(c, table)


def _maps(c: Context, table: pd.DataFrame) -> str:
    """People in reach of the jammers that reach most, one map for each victim's kind."""
    if not c.run.has("jam_js_db"):
        return ""
    js = c.run.values("jam_js_db").astype(np.float64)
    order = np.argsort(-table["people"].to_numpy(np.float64), kind="stable")
    done: set[str] = set()
    out = ""
    for k in order.tolist():
        row = table.iloc[k]
        if str(row["jammer"]) in done or len(done) == MAPPED:
            continue
        done.add(str(row["jammer"]))
        hit = np.where(js[:, k] >= float(row["limit_db"]), 100.0, 0.0)
        words = (f"In reach of {row['jammer']}: {row['victim']}, from {row['place']}", "% of the people")
        link = c.origins.link(f"security-jam-{k}", words[0], "value", "jam_js_db")
        out += explorer.choropleth(c, mean_by_district(c, hit), "warm", words, link=link)
    return out
