"""Words and numbers for people: escaping, significant digits, money."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from typing import Any

MISSING = "–"
SMALLEST = 1e-6  # below it a number is shown as zero
SCALES = ((1e12, " trillion"), (1e9, " billion"), (1e6, " million"))


def esc(value: object) -> str:
    """Text that is safe inside HTML elements and quoted attributes.

    Examples
    --------
    >>> esc('<b>"x"</b>')
    '&lt;b&gt;&quot;x&quot;&lt;/b&gt;'
    """
    return html.escape(str(value), quote=True)


def script_json(value: Any) -> str:
    r"""JSON that is safe inside a script element: no tag, comment or line separator can occur.

    Examples
    --------
    >>> print(script_json("</script>"))
    "\u003c/script\u003e"
    """
    raw = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return raw.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def number(value: float | None, digits: int = 3) -> str:
    """Number to a few significant digits, in words from a million up.

    Examples
    --------
    >>> number(241_499_431), number(22_976), number(0.04821), number(float("nan"))
    ('241 million', '23,000', '0.0482', '–')
    """
    if value is None or not math.isfinite(value):
        return MISSING
    for scale, word in SCALES:
        if abs(value) >= scale * 0.9995:
            return _rounded(value / scale, digits) + word
    return _rounded(value, digits)


def _rounded(value: float, digits: int) -> str:
    if abs(value) < SMALLEST:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    text = f"{rounded:,.{max(0, places)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def count(value: float | None) -> str:
    """Whole number with separators."""
    return MISSING if value is None or not math.isfinite(value) else f"{value:,.0f}"


def percent(share: float | None, digits: int = 2) -> str:
    """Share as a percentage, without rounding a part up to the whole or down to nothing.

    Examples
    --------
    >>> percent(0.416), percent(0.99993), percent(0.00001), percent(1.0)
    ('42 %', '99.99 %', '< 0.01 %', '100 %')
    """
    if share is None or not math.isfinite(share):
        return MISSING
    if 0 < share < 1e-4:
        return "< 0.01 %"
    if 0.99 < share < 1:
        return f"{math.floor(share * 1e4) / 1e2:g} %"
    return f"{_rounded(share * 100, digits if share < 0.995 else 3)} %"


def dollars(value: float | None) -> str:
    """Amount in United States dollars.

    Examples
    --------
    >>> dollars(1_234_000_000)
    'US$ 1.23 billion'
    """
    return MISSING if value is None or not math.isfinite(value) else f"US$ {number(value)}"


def rupees(value: float | None, per_dollar: float | None) -> str:
    """Dollars turned into the nation's currency; empty where no exchange rate is known.

    Examples
    --------
    >>> rupees(100.0, 280.0)
    'Rs 28,000'
    """
    if value is None or not per_dollar or not math.isfinite(value):
        return ""
    return f"Rs {number(value * per_dollar)}"


def money(value: float | None, per_dollar: float | None = None) -> str:
    """Dollars, with the nation's currency in brackets where the exchange rate is known."""
    local = rupees(value, per_dollar)
    return f"{dollars(value)} ({local})" if local else dollars(value)


def listing(words: list[str]) -> str:
    """Words joined as in a sentence.

    Examples
    --------
    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def table(label: str, style: str, heads: Sequence[str], rows: Sequence[str], foot: str = "") -> str:
    """Table that scrolls inside its own box; heads are titles, rows and foot are HTML."""
    top = "".join(f'<th scope="col">{esc(head)}</th>' for head in heads)
    tail = f"<tfoot>{foot}</tfoot>" if foot else ""
    inside = f"<thead><tr>{top}</tr></thead><tbody>{''.join(rows)}</tbody>{tail}"
    box = f'<div class="scroll" tabindex="0" role="region" aria-label="{esc(label)}">'
    return f'{box}<table class="{esc(style)}">{inside}</table></div>'


def pairs(words: Sequence[tuple[str, str]]) -> str:
    """Terms and their values as the inside of a definition list."""
    return "".join(f"<div><dt>{esc(term)}</dt><dd>{esc(value)}</dd></div>" for term, value in words)
