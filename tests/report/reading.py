"""A page read back as its script and its readers see it."""

from __future__ import annotations

import base64
import html
import json
import re
import zlib

import numpy as np

HOSTILE = "</script><script>bad()</script><img src=x onerror=bad()>\"'&"


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def column(page: str, name: str) -> np.ndarray:
    """Column of the page's data, read back as the script reads it."""
    found = re.search(r'<script type="text/plain" id="columns">(.*?)</script>', page, re.DOTALL)
    assert found
    stream = zlib.decompress(base64.b64decode(found[1]))
    packed = data_of(page)["cells"][name]  # type: ignore[index]
    kind = {"u1": "u1", "u2": "<u2", "u4": "<u4", "f4": "<f4", "i2": "<i2"}[packed["t"]]
    return np.frombuffer(stream, dtype=kind, count=packed["n"], offset=packed["b"])


def area_rows(page: str, name: str) -> dict[str, dict[str, float]]:
    """Rows of a table of areas by their first cell, each a value by the heading and unit of its column."""
    found = re.search(rf'<table id="{name}".*?</table>', page, re.DOTALL)
    assert found
    heads = re.findall(r"<th scope=\"col\"><span>(.*?)</span><small>(.*?)<a", found[0])
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', found[0])
    assert len(heads) == 14
    return {
        html.unescape(first): dict(
            zip(heads, (float(v) for v in re.findall(r'data-v="(.*?)"', cells)), strict=True)  # type: ignore[misc]
        )
        for first, cells in rows
    }


def rows_of(page: str, label: str) -> list[list[str]]:
    """Cells of each row of the table with a label, as text."""
    found = re.search(rf'aria-label="{re.escape(label)}">(.*?)</table>', page, re.DOTALL)
    assert found
    body = found[1].partition("<tbody>")[2]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in body.split("</tr>")]
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row] for row in rows if row]
