"""People and the census: sums against the published ones, who was not counted, errors of held-out towns."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta import catalog
from rabta.report import text
from rabta.report.parts import explorer
from rabta.report.payload import Context
from rabta.report.pictures import maps
from rabta.report.text import esc

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

HELD_OUT = ("name", "lat", "lon", "census", "predicted", "fold")
CUTS = (0.5, 0.8, 1.25, 2.0)  # predicted over counted
SHADES = ("warm4", "warm2", "grey2", "blue2", "blue4")
WORDS = ("under half", "half to 0.8", "within a quarter", "1.25 to twice", "over twice")


def census(c: Context) -> str:
    """Sums by province, and the held-out towns where the nation's folder has them."""
    folder = data_folder(c)
    link = c.origins.link("census", "People by province", "sum", "cells.people", "cells.census_year")
    return f"<h3>People by province or territory{link}</h3>{_sums(c, folder)}{_held_out(c, folder)}"


def data_folder(c: Context) -> Path | None:
    """Folder of the nation's layers, where it is still at hand."""
    given, name = str(c.run.setting("nation", "data", "") or ""), str(c.run.setting("nation", "name", ""))
    shipped = Path(catalog.__file__).parent / "nations"
    folder = Path(given) if given else shipped / Path(name).name
    return folder if folder.is_dir() else None


def _read(folder: Path | None, name: str, need: tuple[str, ...]) -> pd.DataFrame | None:
    """One layer of the nation's folder; nothing where it is absent or of another form."""
    import pandas as pd

    file = folder / name if folder else None
    if file is None or not file.is_file():
        return None
    frame = pd.read_parquet(file)
    return frame if set(need) <= set(frame) else None


def _sums(c: Context, folder: Path | None) -> str:
    parts = c.sums.pieces
    sums = parts.groupby("province").agg(people=("people", "sum"), year=("census_year", "min"))
    published = _read(folder, "census.parquet", ("province", "people"))
    counted = {} if published is None else published.groupby("province")["people"].sum().to_dict()
    latest = int(sums["year"].max())
    rows = [
        _row(str(name), float(row["people"]), counted.get(name), int(row["year"]), latest)
        for name, row in sums.sort_values("people", ascending=False).iterrows()
    ]
    new = sums[sums["year"] == latest]
    foot = _total(f"Counted in {latest}" if latest else "Nation", new, counted)
    if len(new) < len(sums):
        foot += _total("With the older counts", sums, counted)
    heads = ("Province", "People here", "Published", "Difference", "Census")
    return text.table("People by province", "sums census", heads, rows, foot)


def _total(name: str, sums: pd.DataFrame, counted: dict[Hashable, float]) -> str:
    known = [counted.get(province) for province in sums.index]
    published = sum(float(k) for k in known if k is not None) if None not in known else None
    return _row(name, float(sums["people"].sum()), published, 0, 0)


def _row(name: str, people: float, published: float | None, year: int, latest: int) -> str:
    gap = text.count(people - published) if published is not None else text.MISSING
    old = f"{year}: not counted in {latest}" if 0 < year < latest else str(year or "")
    return (
        f'<tr><th scope="row">{esc(name)}</th><td>{text.count(people)}</td><td>{text.count(published)}</td>'
        f'<td>{gap}</td><td class="word">{esc(old)}</td></tr>'
    )


def _held_out(c: Context, folder: Path | None) -> str:
    frame = _read(folder, "heldout.parquet", HELD_OUT)
    if frame is None:
        return ""
    frame = frame[(frame["census"] > 0) & np.isfinite(frame["predicted"])]
    if frame.empty:
        return ""
    ratio = (frame["predicted"] / frame["census"]).to_numpy(dtype=np.float64)
    error = float(np.median(np.abs(ratio - 1.0)))
    close = float(np.mean(np.abs(ratio - 1.0) <= 0.25))
    words = (
        f"{text.count(len(frame))} towns were left out, {frame['fold'].nunique()} groups in turn, and their "
        f"people placed again from the rest: the median error is {text.percent(error)}, and "
        f"{text.percent(close)} of them are within a quarter of the count."
    )
    title = "Towns held out: people placed over people counted"
    picture = maps.dot_map(c.atlas, *_dots(c, frame, ratio), f"Map: {title}")
    link = c.origins.link("heldout", title, "heldout", "heldout")
    made = explorer.figure(picture, (title, ""), list(zip(SHADES, WORDS, strict=True)), link)
    return f'<h3>How well people are placed</h3><p>{esc(words)}</p><div class="pair">{made}</div>'


def _dots(c: Context, frame: pd.DataFrame, ratio: Floats) -> tuple[Floats, list[str], list[str]]:
    spots = c.atlas.mesh.place(*(frame[key].to_numpy(dtype=np.float64) for key in ("lat", "lon")))
    shade = [SHADES[i] for i in np.searchsorted(CUTS, ratio, side="right").tolist()]
    rows = zip(frame["name"].astype(str), frame["census"], frame["predicted"], strict=True)
    titles = [f"{name}: {text.count(a)} counted, {text.count(b)} placed" for name, a, b in rows]
    return spots, shade, titles
