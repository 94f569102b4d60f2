"""What differs between two runs, as plain rows: nothing that one of them lacks is counted as zero."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rabta.errors import RabtaError, nearest

if TYPE_CHECKING:
    import pandas as pd

    from rabta.run import Run

ROWS = 10
STUDIES = {  # tables of paths, failures and hazards by what names a row; draws are summed up in others
    "routes": ("from", "to"),
    "failure_summary": ("key",),
    "failures": ("case", "kind", "name"),
    "failure_pairs": ("listed", "kind_a", "name_a", "kind_b", "name_b"),
    "failure_districts": ("district", "province"),
    "denials": ("denial", "province"),
    "hazard_summary": ("hazard",),
    "hazard_districts": ("district", "province"),
}
MIX = "mix"  # headline of several shares in words, not one figure


@dataclass
class Section:
    """One table of the comparison: rows with their place, and A, B, difference, percent of each figure."""

    title: str
    rows: list[dict[str, Any]]
    note: str = ""


@dataclass
class Comparison:
    """Everything that two runs say of each other.

    Attributes
    ----------
    missing : list of str
        What one of the runs lacks, or what cannot be compared and why; never counted as zero.
    """

    a: dict[str, Any]
    b: dict[str, Any]
    sections: list[Section] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def comparison(a: Run, b: Run, *, by: str = "npc_usd", rows: int = ROWS) -> Comparison:
    """Compare two finished runs.

    Parameters
    ----------
    by : str
        Column of the table ``districts`` that ranks the districts.
    rows : int
        Most rows of a table that is ranked by its change.

    Raises
    ------
    RabtaError
        Where no district has such a column.
    """
    found = Comparison(_told(a), _told(b))
    found.sections.append(Section("Scenario", scenario_rows(a, b)))
    found.sections.append(Section("Headline", headline_rows(a, b)))
    _table(found, (a, b), "plan_summary", "Figures of the plan", ("key",), keep=("unit",))
    _table(found, (a, b), "plan_mix", "Technologies", ("technology",))
    found.sections.append(Section("Satellites", satellite_rows(found, a, b), _spans(a, b)))
    _delays(found, a, b, rows)
    _studies(found, a, b, rows)
    if a.provenance["scenario"]["nation"]["name"] == b.provenance["scenario"]["nation"]["name"]:
        _districts(found, a, b, by, rows)
    else:
        found.missing.append("districts: the runs are of different nations")
    _cells(found, a, b)
    return found


def scenario_rows(a: Run, b: Run) -> list[dict[str, Any]]:
    """Keys of the scenarios that differ."""
    ours, theirs = (_flat(run.provenance["scenario"]) for run in (a, b))
    keys = [*ours, *(key for key in theirs if key not in ours)]
    return [
        {"key": key, "A": _word(ours, key), "B": _word(theirs, key)}
        for key in keys
        if _word(ours, key) != _word(theirs, key)
    ]


def headline_rows(a: Run, b: Run) -> list[dict[str, Any]]:
    """Headline figures in words, with the change of their values."""
    ours, theirs = a.headline(), b.headline()
    rows = []
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        left, right = ours.get(key), theirs.get(key)
        label = (left or right or {})["label"]
        words = {"A": left["words"] if left else None, "B": right["words"] if right else None}
        values = [side["value"] if side and key != MIX else None for side in (left, right)]
        rows.append({"figure": label, **words, "percent": _change(*values)["percent"]})
    return rows


def satellite_rows(found: Comparison, a: Run, b: Run) -> list[dict[str, Any]]:
    """What the moving satellites are offered and carry, over the steps of each run."""
    wanted = (
        ("offered_mbps", "mean", "Offered, mean"),
        ("carried_mbps", "mean", "Carried, mean"),
        ("carried_mbps", "max", "Carried, most"),
        ("carried_bound_mbps", "mean", "Upper bound, mean"),
        ("satellites_used", "mean", "Satellites that carry, mean"),
        ("visible_count", "mean", "Satellites in view of a cell, mean"),
    )
    rows = []
    for name, how, label in wanted:
        values = [float(getattr(run.arrays[name], how)()) if name in run.arrays else None for run in (a, b)]
        _note_missing(found, f"array {name}", [name in run.arrays for run in (a, b)])
        if any(value is not None for value in values):
            unit = next(run.arrays[name].attrs["units"] for run in (a, b) if name in run.arrays)
            rows.append({"figure": label, "unit": unit, **_change(*values)})
    return rows


def matched(
    ours: pd.DataFrame, theirs: pd.DataFrame, by: Sequence[str], keep: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Numeric columns of two tables side by side, matched by key columns; equal rows are left out.

    Returns one row for each key and column: A, B, difference and percent; what one lacks is None.

    Examples
    --------
    >>> import pandas as pd
    >>> ours, theirs = pd.DataFrame({"k": ["x"], "v": [2.0]}), pd.DataFrame({"k": ["x"], "v": [3.0]})
    >>> matched(ours, theirs, ["k"])
    [{'k': 'x', 'A': 2.0, 'B': 3.0, 'difference': 1.0, 'percent': 50.0}]
    """
    shared = [
        name
        for name in ours.columns
        if name in theirs.columns and name not in (*by, *keep) and ours[name].dtype.kind in "iufb"
    ]
    left, right = (_indexed(table, by) for table in (ours, theirs))
    rows = []
    for key in [*left, *(key for key in right if key not in left)]:
        one, other = left.get(key), right.get(key)
        for name in shared:
            change = _change(one and one.get(name), other and other.get(name))
            if change["A"] != change["B"]:
                place = dict(zip(by, key, strict=True))
                known = {extra: (one or other or {}).get(extra) for extra in keep}
                figure = {} if len(shared) == 1 else {"figure": name}
                rows.append({**place, **figure, **known, **change})
    return rows


def _indexed(table: pd.DataFrame, by: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    records: list[dict[Any, Any]] = table.to_dict("records")
    return {tuple(record[name] for name in by): record for record in records}


def _table(
    found: Comparison,
    runs: tuple[Run, Run],
    name: str,
    title: str,
    by: Sequence[str],
    *,
    keep: Sequence[str] = (),
    rows: int | None = None,
) -> None:
    """Add a table that both runs have; name it where one lacks it."""
    has = [name in run.tables for run in runs]
    _note_missing(found, f"table {name}", has)
    if not all(has):
        return
    ours, theirs = (run.tables[name] for run in runs)
    lacking = [c for c in by if c not in ours.columns or c not in theirs.columns]
    if lacking or any(table.duplicated([*by]).any() for table in (ours, theirs)):
        found.missing.append(f"table {name}: its rows cannot be told apart by {', '.join(by)}")
        return
    columns = ["value"] if "value" in ours.columns and "key" in by else list(ours.columns)
    wanted = [*by, *keep, *(column for column in columns if column not in (*by, *keep))]
    wanted = [column for column in wanted if column in ours.columns and column in theirs.columns]
    changed = matched(ours[wanted], theirs[wanted], by, keep)
    if list(by) == ["key"]:
        changed = _known_to_both(found, name, ours, theirs, changed)
    note = "" if changed else "all equal"
    if rows is not None and len(changed) > rows:
        note = f"the {rows} largest of {len(changed)} changes, each over the largest value of its figure"
        changed = _largest(changed)[:rows]
    found.sections.append(Section(title, changed, note))


def _known_to_both(
    found: Comparison, name: str, ours: pd.DataFrame, theirs: pd.DataFrame, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows whose key both tables have; the other keys are named."""
    one, other = set(ours["key"]), set(theirs["key"])
    for letter, keys in (("A", other - one), ("B", one - other)):
        if keys:
            found.missing.append(f"{name}: not in {letter}: {', '.join(sorted(keys))}")
    return [row for row in rows if row["key"] in one & other]


def _studies(found: Comparison, a: Run, b: Run, rows: int) -> None:
    """Tables of paths, failures and hazards, whichever the runs have."""
    for name, by in STUDIES.items():
        if name in a.tables or name in b.tables:
            title = name.replace("_", " ").capitalize()
            _table(found, (a, b), name, title, by, keep=("unit",) if by == ("key",) else (), rows=rows)


def _districts(found: Comparison, a: Run, b: Run, by: str, rows: int) -> None:
    """Districts whose figure changes most."""
    has = ["districts" in run.tables for run in (a, b)]
    _note_missing(found, "table districts", has)
    if not all(has):
        return
    ours, theirs = a.tables["districts"], b.tables["districts"]
    numbers = [name for name in ours.columns if ours[name].dtype.kind in "iuf" and name in theirs.columns]
    if by not in numbers:
        raise RabtaError(
            "districts have no such column", key="--by", value=by, expected=nearest(by, map(str, numbers))
        )
    place = ["district", "province"]
    changed = matched(ours[[*place, by]], theirs[[*place, by]], place)
    changed.sort(key=lambda row: -_size(row, "difference"))
    note = f"the {min(rows, len(changed))} largest changes of {len(changed)} that change, of {len(ours)}"
    found.sections.append(Section(f"Districts by {by}", changed[:rows], note if changed else "all equal"))


def _cells(found: Comparison, a: Run, b: Run) -> None:
    """Cells that the plans serve in another way; refused where the cells are not the same."""
    ours, theirs = (run.provenance["scenario"]["nation"] for run in (a, b))
    for key in ("name", "resolution"):
        if ours[key] != theirs[key]:
            told = f"nation.{key} is {ours[key]} and {theirs[key]}"
            found.missing.append(f"cells are not compared one by one: {told}")
            return
    has = ["plan" in run.tables for run in (a, b)]
    _note_missing(found, "table plan", has)
    if not all(has):
        return
    names = ["cell", "technology", "households_served"]
    both = a.tables["plan"][names].merge(
        b.tables["plan"][names], on="cell", how="outer", suffixes=("_a", "_b")
    )
    alone = int(both["technology_a"].isna().sum()), int(both["technology_b"].isna().sum())
    if any(alone):
        found.missing.append(f"cells in one run alone: {alone[1]} in A, {alone[0]} in B")
    moved = both[(both["technology_a"] != both["technology_b"]) & both.notna().all(axis=1)]
    grouped = moved.groupby(["technology_a", "technology_b"], as_index=False, observed=True).agg(
        cells=("cell", "size"), A=("households_served_a", "sum"), B=("households_served_b", "sum")
    )
    rows = [
        {
            "technology in A": row["technology_a"],
            "technology in B": row["technology_b"],
            "cells": int(row["cells"]),
            "households in A": _number(row["A"]),
            "households in B": _number(row["B"]),
        }
        for row in grouped.sort_values("cells", ascending=False).to_dict("records")
    ]
    found.sections.append(Section("Cells that change technology", rows, f"{len(moved)} of {len(both)} cells"))


def _delays(found: Comparison, a: Run, b: Run, rows: int) -> None:
    """Round-trip times between places: the median over time of each pair."""
    names = sorted({str(n) for run in (a, b) for n in run.arrays if str(n).startswith("route_rtt")})
    for name in names:
        has = [name in run.arrays for run in (a, b)]
        _note_missing(found, f"array {name}", has)
        if not all(has):
            continue
        one, other = (_pairs(run, name) for run in (a, b))
        changed = [
            {"from": start, "to": end, **_change(one.get((start, end)), other.get((start, end)))}
            for start, end in [*one, *(pair for pair in other if pair not in one)]
        ]
        changed = [row for row in changed if row["A"] != row["B"]]
        changed.sort(key=lambda row: -_size(row, "difference"))
        note = f"{len(changed)} of {len({*one, *other})} pairs change" if changed else "all equal"
        found.sections.append(Section(f"Delay between places, {name}", changed[:rows], note))


def _pairs(run: Run, name: str) -> dict[tuple[str, str], float]:
    """Median over time of each pair of places, by their names."""
    import warnings

    import numpy as np

    array = run.arrays[name]
    values = np.asarray(array.values, dtype=float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # pairs without a path stay NaN
        middle = np.nanmedian(values, axis=0) if array.dims[0] == "time" else values
    dims = [str(dim) for dim in array.dims if dim != "time"]
    if middle.ndim == 1:
        return {
            (label, ""): float(v) for label, v in zip(_labels(run, dims[0], len(middle)), middle, strict=True)
        }
    starts, ends = (_labels(run, dim, n) for dim, n in zip(dims[:2], middle.shape[:2], strict=True))
    return {
        (start, end): float(middle[i, j])
        for i, start in enumerate(starts)
        for j, end in enumerate(ends)
        if start != end
    }


def _labels(run: Run, dim: str, count: int) -> list[str]:
    """Names of a dimension's rows: those of the table that is called after it, else their numbers."""
    for table in ("ends" if dim == "other" else dim, f"{dim}s"):
        frame = run.tables.get(table)
        if frame is not None and len(frame) == count:
            column = next((c for c in ("name", dim, "place") if c in frame.columns), frame.columns[0])
            return [str(value) for value in frame[column]]
    return [f"{dim} {i}" for i in range(count)]


def _note_missing(found: Comparison, what: str, has: Sequence[bool]) -> None:
    for letter, there in zip("AB", has, strict=True):
        note = f"{what}: not in {letter}"
        if not there and note not in found.missing:
            found.missing.append(note)


def _told(run: Run) -> dict[str, Any]:
    record = run.provenance
    told = {key: record.get(key) for key in ("name", "title", "created", "rabta_version")}
    return {"folder": str(run.folder), **told}


def _spans(a: Run, b: Run) -> str:
    ours, theirs = (run.provenance["scenario"]["time"] for run in (a, b))
    return "" if ours == theirs else "the runs span different times"


def _flat(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in section.items():
        name = f"{prefix}{key}"
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found


def _word(flat: Mapping[str, Any], key: str) -> str | None:
    return json.dumps(flat[key], ensure_ascii=False) if key in flat else None


def _number(value: Any) -> float | None:
    """A finite number, or None: NaN says that there is no value."""
    if value is None or isinstance(value, str) or not math.isfinite(value):
        return None
    return float(value)


def _change(a: Any, b: Any) -> dict[str, float | None]:
    """Both values, B less A, and that in percent of A; None where it is not defined."""
    one, other = _number(a), _number(b)
    difference = None if one is None or other is None else other - one
    percent = None if difference is None or not one else 100.0 * difference / abs(one)
    return {"A": one, "B": other, "difference": difference, "percent": percent}


def _largest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows by the size of their change over the largest value of the same figure among them."""
    scale: dict[Any, float] = {}
    for row in rows:
        most = max(abs(row["A"] or 0.0), abs(row["B"] or 0.0))
        scale[row.get("figure")] = max(scale.get(row.get("figure"), 0.0), most)
    # a figure that is 0 on one side and has no value on the other has no size to divide by
    return sorted(rows, key=lambda row: -_size(row, "difference") / (scale[row.get("figure")] or 1.0))


def _size(row: Mapping[str, Any], name: str) -> float:
    """Rank of a change; what has no number on one side comes first."""
    return math.inf if row[name] is None else abs(float(row[name]))
