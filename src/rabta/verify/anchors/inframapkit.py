"""ITU's Giga Inframapkit: printed profits of five points, and the documented cost formulae.

Source: documentation of the toolkit (FNS-Division/inframapkit-documentation at e13ad94, costmodel.md and
its diagrams): default inputs, formulae, and one printed output. The toolkit itself is closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rabta.plan.finance import annuity
from rabta.verify import Row, suite
from rabta.verify.anchors import printed

SOURCE = "inframapkit documentation, costmodel.md: example output, profit of fibre in planning year 1"
EXPANSION = 1.1
TRANSIT = 12.0
# what the printed profits earn by Mbit/s and year; the defaults printed beside would make 31.8 - 12
NET_OF_EXAMPLE = 24.0 - TRANSIT
NET_OF_DEFAULTS = 31.8 - TRANSIT
RATE, PERIOD = 0.02, 10
# Mbit/s, distance to the nearest node in m, printed profit in US$
EXAMPLE = (
    (415.0, 0.0, "4430.0"),
    (1210.0, 0.0, "13970.0"),
    (7640.0, 1682.919, "74839.3"),
    (865.0, 1887.719, "-8443.1"),
    (79410.0, 906.343, "943596.6"),
)


@dataclass(frozen=True)
class Technology:
    """Documented inputs: US$ of hardware at a point and of a km of line, renewal, yearly share.

    Attributes
    ----------
    once_usd, year_usd : float
        Licences: paid once, and every year.
    """

    hardware_usd: float
    renewal_years: int
    maintenance: float
    line_usd_km: float = 0.0
    once_usd: float = 0.0
    year_usd: float = 0.0

    def first_usd(self, line_km: float = 0.0) -> float:
        """``init_capex``: hardware, licence, and cable a tenth longer than its route."""
        return self.hardware_usd + self.once_usd + self.line_usd_km * line_km * EXPANSION

    def yearly_usd(self, line_km: float = 0.0) -> float:
        """Yearly maintenance and licence; maintenance of the cable too, not of the licence."""
        return self.maintenance * (self.first_usd(line_km) - self.once_usd) + self.year_usd

    def ownership_usd(self, years: int, line_km: float = 0.0) -> float:
        """``pp_coo``: investment, floor(years / renewal) renewals and yearly costs, without discount."""
        renewed = self.hardware_usd * (years // self.renewal_years)
        return self.first_usd(line_km) + renewed + years * self.yearly_usd(line_km)

    def present_usd(self, rate: float, years: int, line_km: float = 0.0) -> float:
        """Present value; nothing is renewed at the very end of the plan."""
        renewals = sum((1.0 + rate) ** -t for t in range(self.renewal_years, years, self.renewal_years))
        running = self.yearly_usd(line_km) * annuity(rate, years)
        return self.first_usd(line_km) + self.hardware_usd * renewals + running


FIBRE = Technology(500.0, 5, 0.1, line_usd_km=8000.0)
TECHNOLOGIES = {
    "fibre, 5 km": (FIBRE, 5.0),
    "cellular": (Technology(80.0, 3, 0.1), 0.0),
    # one hop of access, 10 MHz
    "point to point": (Technology(500.0 + 831.59, 5, 0.004, once_usd=5000.0, year_usd=1000.0), 0.0),
    "satellite": (Technology(3000.0, 5, 0.04), 0.0),
}
# cost of ownership over ten years, worked by hand from the documented formulae; present value at 2 % over it
WORKED = {
    "fibre, 5 km": ("90000", "0.944"),
    "cellular": ("400", "0.913"),
    "point to point": ("19048.03", "0.870"),
    "satellite": ("10200", "0.666"),
}


@suite("inframapkit", "ITU Inframapkit: profit of five points, cost by technology")
def inframapkit(_files: Path | None) -> list[Row]:
    """The printed example, the documented formulae, and where the two part."""
    rows = []
    for mbps, metres, profit in EXAMPLE:
        ours = NET_OF_EXAMPLE * mbps - FIBRE.first_usd(metres / 1e3) - FIBRE.yearly_usd(metres / 1e3)
        rows.append(printed(f"fibre, {mbps:g} Mbit/s: profit of year 1, US$", ours, profit, SOURCE))
    return [*rows, *_ownership_rows(), *_defect_rows()]


def _ownership_rows() -> list[Row]:
    source = "documented formula and defaults, worked by hand; no output of the toolkit is published for it"
    rows = []
    for name, (technology, km) in TECHNOLOGIES.items():
        owned, share = WORKED[name]
        sums = technology.ownership_usd(PERIOD, km)
        rows.append(printed(f"{name}: cost of ownership over ten years, US$", sums, owned, source))
        what = f"defect, {name}: present value at its own 2 % over that sum"
        ratio = technology.present_usd(RATE, PERIOD, km) / float(owned)
        reason = "the sum has no discount, and buys hardware again at the end of the last year"
        rows.append(printed(what, ratio, share, reason))
    return rows


def _defect_rows() -> list[Row]:
    mbps, _, profit = EXAMPLE[0]
    ours = NET_OF_DEFAULTS * mbps - FIBRE.first_usd() - FIBRE.yearly_usd()
    return [
        printed(
            "defect, fibre, 415 Mbit/s: profit by the defaults printed beside it over the printed one",
            ours / float(profit),
            "1.731",
            "the example earns 24 - 12 US$ by Mbit/s, the table of defaults says 31.8 - 12",
        )
    ]
