"""The ground network on the nation's outline: spans as lines, what stands on them as dots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rabta.report import text
from rabta.report.pictures.maps import Atlas, framed

if TYPE_CHECKING:
    import pandas as pd

FULL = 0.9  # load over capacity from which a line is drawn as full
WIDTHS_MBPS = (1e5, 5e5, 1e6, 3e6)  # a line grows by a step at each
DOTS = {"landing": "c3", "border": "c3", "gateway": "c6", "exchange": "c2", "platform": "c5"}
WORDS = {
    "landing": "Cable landing",
    "border": "Link over a border",
    "gateway": "Satellite gateway",
    "exchange": "Internet exchange",
    "platform": "Platform in the air",
}


def network_map(
    a: Atlas, nodes: pd.DataFrame, spans: pd.DataFrame, used: NDArray[np.float64], label: str
) -> str:
    """Map of what stands in the country: wider lines have more capacity, fuller ones another colour.

    Parameters
    ----------
    used : ndarray, shape (span,)
        Load over capacity in the busy hour; NaN where it is not known.
    """
    inside = (nodes["cell"] >= 0).to_numpy(bool)
    spots = a.mesh.place(*(nodes[key].to_numpy(np.float64) for key in ("lat_deg", "lon_deg"))) * a.scale
    ends = spans[["from_node", "to_node"]].to_numpy(np.int64)
    home = inside[ends].all(axis=1)
    lines = [
        _line(spots[one], spots[other], *words)
        for (one, other), words in zip(ends[home].tolist(), _words(spans[home], used[home]), strict=True)
    ]
    marked = nodes[inside & nodes["kind"].isin(DOTS).to_numpy(bool)]
    dots = [
        _dot(spots[row], str(kind), str(name))
        for row, kind, name in zip(marked.index, marked["kind"], marked["name"], strict=True)
    ]
    land = "".join(f'<use href="#d{i}" class="nodata"/>' for i in range(len(a.paths)))
    drawn = f'<g class="spans">{"".join(lines)}</g><g class="dots">{"".join(dots)}</g>'
    return framed(a, f'<g class="districts">{land}</g>{drawn}', label)


def legend(nodes: pd.DataFrame) -> str:
    """What the dots mean, for the kinds that are there."""
    shown = [kind for kind in DOTS if (nodes["kind"].eq(kind) & (nodes["cell"] >= 0)).any()]
    items = "".join(
        f'<li><svg viewBox="0 0 12 12" aria-hidden="true"><circle cx="6" cy="6" r="5" '
        f'class="{DOTS[kind]} dot"/></svg>{text.esc(WORDS[kind])}</li>'
        for kind in shown
    )
    items += (
        '<li><svg viewBox="0 0 22 10" aria-hidden="true"><path class="spanfull" d="M0 5H22"/></svg>'
        f"over {FULL:.0%} full in the busy hour</li>".replace("%", " %")
    )
    return f'<ul class="legend">{items}</ul>'


def _words(spans: pd.DataFrame, used: NDArray[np.float64]) -> list[tuple[float, float, str]]:
    columns = (spans["name"].astype(str), spans["route_km"].tolist(), spans["capacity_mbps"].tolist())
    out = []
    for name, km, mbps, share in zip(*columns, used.tolist(), strict=True):
        busy = f", {text.percent(share)} used in the busy hour" if np.isfinite(share) else ""
        out.append((mbps, share, f"{name}: {text.number(km)} km, {text.number(mbps / 1e3)} Gbit/s{busy}"))
    return out


def _line(one: np.ndarray, other: np.ndarray, mbps: float, share: float, words: str) -> str:
    full = " full" if share >= FULL else ""
    style = f"w{int(np.searchsorted(WIDTHS_MBPS, mbps, side='right'))}{full}"
    ends = f"M{one[0]:.0f} {one[1]:.0f}L{other[0]:.0f} {other[1]:.0f}"
    return f'<path class="{style}" d="{ends}"><title>{text.esc(words)}</title></path>'


def _dot(spot: np.ndarray, kind: str, name: str) -> str:
    title = f"<title>{text.esc(f'{WORDS[kind]}: {name}')}</title>"
    return f'<circle cx="{spot[0]:.0f}" cy="{spot[1]:.0f}" r="9" class="{DOTS[kind]} dot">{title}</circle>'
