"""Contact plan as a picture: one row a pair, one bar a contact, darker what is booked."""

from __future__ import annotations

from html import escape

from rabta.security.bundles.contacts.plan import Plan

WIDTH, ROW, LEFT, TOP, MOST_ROWS = 900, 20, 190, 30, 60


def svg(plan: Plan, title: str = "Contact plan") -> str:
    """Scalable picture; pairs beyond the first 60 are counted below."""
    start, end = plan.span
    pairs = sorted({(item.sender, item.receiver) for item in plan.contacts})
    shown = {pair: TOP + ROW * at for at, pair in enumerate(pairs[:MOST_ROWS])}
    height = TOP + ROW * len(shown) + 44
    scale = (WIDTH - LEFT - 20) / max(end - start, 1e-9)
    out = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            f' aria-label="{escape(title)}" font-family="sans-serif" font-size="11">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for (sender, receiver), y in shown.items():
        out.append(
            f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end">{escape(_name(sender, receiver))}</text>'
        )
    for number, item in enumerate(plan.contacts):
        if (item.sender, item.receiver) in shown:
            y = shown[item.sender, item.receiver]
            out.append(_bar(plan, number, LEFT + (item.start - start) * scale, y, scale))
    out += _axis(start, end, scale, TOP + ROW * len(shown))
    if len(pairs) > MOST_ROWS:
        out.append(f'<text x="4" y="{height - 6}">and {len(pairs) - MOST_ROWS} more pairs</text>')
    return "\n".join([*out, "</svg>", ""])


def _name(sender: str, receiver: str) -> str:
    text = f"{sender} → {receiver}"
    return text if len(text) <= 30 else text[:29] + "…"


def _bar(plan: Plan, number: int, x: float, y: int, scale: float) -> str:
    item = plan.contacts[number]
    width = max((item.end - item.start) * scale, 1.0)
    used = plan.used(number) * width
    colour = "#c0392b" if number in plan.failed else "#9ecae1"
    told = f"{item.start:g} to {item.end:g} s, {item.rate_bps:g} bit/s, {1e3 * item.delay_s:.3g} ms"
    bar = f'<rect x="{x:.1f}" y="{y + 3}" width="{width:.1f}" height="{ROW - 6}" fill="{colour}">'
    done = f'<rect x="{x:.1f}" y="{y + 3}" width="{used:.1f}" height="{ROW - 6}" fill="#2171b5"/>'
    return f"{bar}<title>{escape(told)}</title></rect>" + (done if used else "")


def _axis(start: float, end: float, scale: float, y: int) -> list[str]:
    out = []
    for part in range(5):
        when = start + (end - start) * part / 4
        x = LEFT + (when - start) * scale
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 6}" y2="{y}" stroke="#ddd"/>')
        out.append(f'<text x="{x:.1f}" y="{y + 16}" text-anchor="middle">{when:.5g} s</text>')
    return out
