"""Write docs/reference/constellations.md: every system of the catalog, its figures and its sources.

Usage: python tools/space/reference.py
"""

from __future__ import annotations

from pathlib import Path

from rabta import catalog
from rabta.space import constellations
from rabta.space.constellations import Constellation, Shell

PAGE = Path(__file__).parents[2] / "docs/reference/constellations.md"
HEAD = """# Constellations

Made from `src/rabta/catalog/constellations/` by `tools/space/reference.py`; do not edit by hand.
A value with `*` is modelled: nobody publishes it, and the entry says under `derived` how it was made.
PFD is the power flux-density that the satellite holds at the ground by lowering its EIRP at short range.
"""


def page() -> str:
    """Text of the page."""
    made = {name: _load(name) for name in catalog.names("constellations")}
    parts = [HEAD, "## Systems\n", *_systems(made), "\n## User downlinks\n", *_links(made)]
    parts += ["\n## Shells\n", *_shells(made), "\n## Sources\n"]
    for name, system in made.items():
        parts.append(f"- **{name}**: {system.source}. {system.notes}".rstrip())
    return "\n".join(parts) + "\n"


def _load(name: str) -> Constellation:
    return constellations.load(catalog.entry("constellations", name))


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _table(head: str, rows: list[str]) -> list[str]:
    columns = head.split(", ")
    return [_row(*columns), "|" + "---|" * len(columns), *rows]


def _systems(made: dict[str, Constellation]) -> list[str]:
    rows = [
        _row(
            f"`{name}`",
            s.title,
            f"{s.operator} ({s.country})",
            s.kind.replace("_", " "),
            s.status,
            s.satellites,
            "yes" if s.isl else "no",
            s.right_to_serve,
        )
        for name, s in made.items()
    ]
    return _table("entry, system, operator, kind, status, satellites, links between satellites, right", rows)


def _links(made: dict[str, Constellation]) -> list[str]:
    head = (
        "entry, GHz, MHz in one polarisation, channel MHz, EIRP dBW/MHz, PFD dBW/m²/MHz, "
        "beams, Gbit/s a satellite, G/T dB/K, terminal"
    )
    return _table(head, [_link(name, system) for name, system in made.items()])


def _link(name: str, system: Constellation) -> str:
    down, up = system.downlink, system.uplink

    def shown(key: str, value: float | None) -> str:
        mark = "*" if key in system.modelled else ""
        return "" if value is None else f"{value:g}{mark}"

    keys = ("frequency_ghz", "spectrum_mhz", "channel_mhz", "eirp_density_dbw_mhz", "pfd_dbw_m2_mhz")
    cells = [shown(f"downlink.{key}", getattr(down, key)) for key in (*keys, "beams", "capacity_gbps")]
    return _row(f"`{name}`", *cells, shown("uplink.g_over_t_db_k", up.g_over_t_db_k), f"`{system.terminal}`")


def _shells(made: dict[str, Constellation]) -> list[str]:
    head = "entry, shell, status, altitude km, inclination, satellites, planes, period min, lowest elevation"
    return _table(head, [_shell(name, shell) for name, system in made.items() for shell in system.shells])


def _shell(name: str, shell: Shell) -> str:
    period = float(constellations.period_s(shell.altitude_km, shell.inclination_deg)) / 60.0
    east = ", ".join(f"{longitude:g} E" for longitude in shell.longitude_deg) if shell.orbit == "geo" else ""
    planes = east or f"{shell.planes}" + (f" x {shell.per_plane}" if shell.per_plane else ", uneven")
    return _row(
        f"`{name}`",
        shell.name,
        shell.status,
        f"{shell.altitude_km:g}",
        f"{shell.inclination_deg:g}",
        shell.satellites,
        planes,
        f"{period:.2f}",
        f"{shell.min_elevation_deg:g}",
    )


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
