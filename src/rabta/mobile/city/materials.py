"""Electrical properties of building materials: ITU-R P.2040-3, section 2.1.4 and table 3."""

from __future__ import annotations

from rabta.errors import RabtaError, nearest

RECOMMENDATION = "ITU-R P.2040-3"
# Range in GHz, and a, b, c, d of eta' = a f^b and sigma = c f^d (S/m), f in GHz.
TABLE: dict[str, tuple[tuple[tuple[float, float], tuple[float, float, float, float]], ...]] = {
    "concrete": (((1.0, 100.0), (5.24, 0.0, 0.0462, 0.7822)),),
    "brick": (((1.0, 40.0), (3.91, 0.0, 0.0238, 0.16)),),
    "plasterboard": (((1.0, 100.0), (2.73, 0.0, 0.0085, 0.9395)),),
    "wood": (((0.001, 100.0), (1.99, 0.0, 0.0047, 1.0718)),),
    "glass": (((0.1, 100.0), (6.31, 0.0, 0.0036, 1.3394)),),
    "marble": (((1.0, 60.0), (7.074, 0.0, 0.0055, 0.9262)),),
    "metal": (((1.0, 100.0), (1.0, 0.0, 1e7, 0.0)),),
    "very_dry_ground": (((1.0, 10.0), (3.0, 0.0, 0.00015, 2.52)),),
    "medium_dry_ground": (((1.0, 10.0), (15.0, -0.1, 0.035, 1.63)),),
    "wet_ground": (((1.0, 10.0), (30.0, -0.4, 0.15, 1.30)),),
}


def check(name: str, ghz: float, key: str = "material") -> None:
    """Refuse a material that the table lacks, or a frequency outside of its range."""
    if name not in TABLE:
        raise RabtaError("unknown material", key=key, value=name, expected=nearest(name, TABLE))
    ranges = [span for span, _ in TABLE[name]]
    if not any(low <= ghz <= high for low, high in ranges):
        others = ", ".join(n for n, rows in TABLE.items() if any(s[0] <= ghz <= s[1] for s, _ in rows))
        raise RabtaError(
            f"{RECOMMENDATION} has no {name} at this frequency", key=key, value=f"{ghz:g} GHz",
            expected=" or ".join(f"{low:g} to {high:g} GHz" for low, high in ranges)
            + (f"; at {ghz:g} GHz: {others}" if others else ""),
        )  # fmt: skip


def properties(name: str, ghz: float) -> tuple[float, float]:
    """Real relative permittivity, and conductivity in S/m.

    Examples
    --------
    >>> [round(value, 4) for value in properties("concrete", 3.5)]
    [5.24, 0.1231]
    """
    check(name, ghz)
    a, b, c, d = next(row for (low, high), row in TABLE[name] if low <= ghz <= high)
    return a * ghz**b, c * ghz**d
