"""pytal: cost of a region's network, the spectrum sensitivity of eight countries, and defects.

Source: Oughton, Comini, Foster and Hall, "Policy choices can help keep 4G and 5G universal broadband
affordable", Technological Forecasting and Social Change 176, 121409 (2022), and its open repository (MIT)
at e7ccc1f: formulae, inputs and expected values of its tests, ``vis/spectrum_ratio.csv``, options of
Pakistan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from rabta.plan.finance import annuity
from rabta.verify import Row, suite
from rabta.verify.anchors import printed

TESTS = "tests/test_costs.py of the repository at e7ccc1f, 10,000 people on 2 km2"
SHARING, SPLIT = 7, {"urban": 2, "suburban": 4, "rural": 16}
SECTORS = 3

# items of a site that are bought and run, by core; a tenth of the price a year to run
RADIO = ("antenna", "remote radio unit", "fronthaul port")
BASEBAND = ("processing", "backhaul port", "control unit", "fans", "power converter")
CLOUD = ("cloud processing", "core port", "switch", "cloud power converter", "fronthaul", "cloud backhaul")
NETWORK = ("regional edge", "regional node", "core edge", "core node")
# items that are only bought, of every site and of a new one
BOUGHT = ("installation",)
BUILT = ("tower", "civil works", "transport")
PAID = ("rental", "power")  # every year


@dataclass(frozen=True)
class Economy:
    """Years, discount rate, mark-up by the cost of capital, and yearly share to run what is bought."""

    years: int
    rate: float
    capital: float
    running: float = 0.10

    def bought(self, usd: float) -> float:
        """Present value of what is bought once; the cost of capital is a mark-up."""
        return usd * (1.0 + self.capital)

    def kept(self, usd: float) -> float:
        """Bought and run; running costs from year 0 on, rounded to dollars as the source does."""
        return self.bought(round(usd + round(usd * self.running) * self._years()))

    def paid(self, usd: float) -> float:
        """Paid every year."""
        return self.bought(round(usd * self._years()))

    def _years(self) -> float:
        return annuity(self.rate, self.years, first_year=0)


@dataclass(frozen=True)
class Prices:
    """US$ of items; lines by metre, nodes by core."""

    items: dict[str, float]
    fibre_m: float
    microwave: float
    edge_m: dict[str, float]
    node: dict[str, float]


@dataclass(frozen=True)
class Region:
    """A region and what its core network still needs.

    Attributes
    ----------
    sites_km2 : float
        Density of sites of one operator.
    nodes : int
        Core and regional nodes, old and new; they set the length of backhaul.
    edge_m, new_nodes : dict
        New length and new nodes of the "regional" and the "core" network.
    """

    area_km2: float
    geotype: str
    new: int
    upgraded: int
    sites_km2: float
    new_backhaul: int
    nodes: int = 8
    edge_m: dict[str, float] = field(default_factory=lambda: {"regional": 1000.0, "core": 1000.0})
    new_nodes: dict[str, float] = field(default_factory=lambda: {"regional": 2.0, "core": 2.0})

    @property
    def sites(self) -> int:
        """All sites to build or to upgrade."""
        return self.new + self.upgraded


@dataclass(frozen=True)
class Strategy:
    """Generation, core ("epc", "nsa", "sa") and backhaul ("microwave", "fiber")."""

    generation: str
    core: str
    backhaul: str


def backhaul_usd(region: Region, prices: Prices, backhaul: str) -> float:
    """A link of half the spacing of nodes; microwave of the shortest class."""
    if backhaul == "microwave":
        return prices.microwave
    return prices.fibre_m * math.sqrt(region.area_km2 / region.nodes) / 2.0 * 1000.0


def unit_usd(name: str, region: Region, strategy: Strategy, prices: Prices) -> float:
    """Price of one item at one site."""
    if name == "fronthaul":
        return int(prices.fibre_m * math.sqrt(1.0 / region.sites_km2) / 2.0 * 1000.0)
    if name in ("backhaul", "cloud backhaul"):
        return backhaul_usd(region, prices, strategy.backhaul)
    if name in NETWORK:
        level, kind = name.split()
        total = (
            region.edge_m[level] * prices.edge_m[level]
            if kind == "edge"
            else region.new_nodes[level] * prices.node[strategy.core]
        )
        return int(int(total) / region.sites)
    if name in ("generator", "power"):
        return prices.items[f"{name} {strategy.generation}"]
    return prices.items[name]


def quantity(name: str, region: Region) -> float:
    """How many units of an item the source charges to every site."""
    if name == "antenna":
        return SECTORS
    if name == "cloud processing":
        return math.ceil(region.sites / SPLIT[region.geotype])
    if name in ("switch", "cloud power converter"):
        return math.ceil(region.sites / SHARING)
    if name == "cloud backhaul":
        return math.ceil(region.sites / SHARING) / region.sites
    return 1


def items_of_site(strategy: Strategy, *, new: bool, linked: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of items that are bought and run, and of items that are only bought."""
    cloud = strategy.core == "sa"
    kept: tuple[str, ...] = RADIO + (CLOUD if cloud else BASEBAND)
    if not cloud and linked:
        kept += ("backhaul",)
    network: tuple[str, ...] = NETWORK[2:] if strategy.backhaul == "microwave" else NETWORK
    if strategy.core == "epc" and not new:
        network = tuple(name for name in network if not name.startswith("core"))
    bought: tuple[str, ...] = BOUGHT + (("rack",) if cloud else ("cabinet",))
    if new or strategy.generation == "5G":  # an upgrade to 5G takes a larger generator
        bought += ("generator",)
    bought += BUILT if new else ()
    return kept + network, bought


def site_usd(
    region: Region, strategy: Strategy, prices: Prices, money: Economy, *, new: bool, linked: bool
) -> float:
    """Cost of one site over the years."""

    def each(name: str) -> float:
        return unit_usd(name, region, strategy, prices)

    kept, bought = items_of_site(strategy, new=new, linked=linked)
    total = sum(money.kept(each(name)) * quantity(name, region) for name in kept)
    total += sum(money.bought(each(name)) for name in bought)
    return total + sum(money.paid(each(name)) for name in PAID)


def network_usd(region: Region, strategy: Strategy, prices: Prices, money: Economy) -> float:
    """Cost of one operator's network in a region; links go to upgrades first, then to new sites."""
    links = min(region.new_backhaul, region.sites)
    first = min(links, region.upgraded)
    groups = (
        *((False, True, first), (False, False, region.upgraded - first)),
        *((True, True, links - first), (True, False, region.new - links + first)),
    )
    return sum(
        count * site_usd(region, strategy, prices, money, new=new, linked=linked)
        for new, linked, count in groups
        if count
    )


PRICES = Prices(
    items={
        "antenna": 1500.0,
        "remote radio unit": 4000.0,
        "fronthaul port": 1500.0,
        "processing": 1500.0,
        "backhaul port": 1500.0,
        "control unit": 1500.0,
        "fans": 250.0,
        "power converter": 250.0,
        "cabinet": 500.0,
        "cloud processing": 500.0,
        "core port": 1500.0,
        "switch": 500.0,
        "rack": 500.0,
        "cloud power converter": 1000.0,
        "tower": 10_000.0,
        "civil works": 5000.0,
        "transport": 5000.0,
        "installation": 5000.0,
        "rental": 9600.0,
        "generator 4G": 5000.0,
        "generator 5G": 5000.0,
        "power 4G": 600.0,
        "power 5G": 600.0,
    },
    fibre_m=10.0,
    microwave=20_000.0,
    edge_m={"regional": 10.0, "core": 20.0},
    node={"epc": 100_000.0, "nsa": 150_000.0, "sa": 200_000.0},
)
MONEY = Economy(years=2, rate=0.05, capital=0.10)
# new sites, upgraded sites, sites a km2, new backhaul, strategy, expected US$
CASES = (
    (1, 1, 0.5, 0, Strategy("4G", "epc", "microwave"), "267480.4"),
    (1, 1, 0.5, 10, Strategy("4G", "epc", "microwave"), "320071.4"),
    (1, 1, 0.5, 2, Strategy("5G", "nsa", "microwave"), "601671.4"),
    (0, 1, 0.5, 0, Strategy("5G", "nsa", "microwave"), "473902"),
    (1, 1, 0.5, 2, Strategy("5G", "sa", "microwave"), "721499.9"),
    (0, 1, 0.5, 0, Strategy("5G", "sa", "fiber"), "1155040.7"),
    (0, 1, 0.5, 1, Strategy("5G", "sa", "fiber"), "1155040.7"),
    (1, 1, 0.5, 2, Strategy("5G", "sa", "fiber"), "1237544.0"),
    (1, 0, 0.001, 1, Strategy("5G", "sa", "fiber"), "1375624.8"),
    (10, 10, 1.0, 20, Strategy("5G", "sa", "fiber"), "2674016.4"),
)


def case_region(case: tuple[int, int, float, int, Strategy, str]) -> Region:
    """Region of a test case."""
    return Region(2.0, "urban", *case[:4])


# private, government and financial cost in US$ bn at low and at high spectrum prices (S2, below 200 Mbit/s)
SPECTRUM = {
    "Malawi": (("1.8", "0.59", "2.4"), ("1.9", "0.59", "2.5")),
    "Uganda": (("3.2", "0.29", "3.5"), ("3.4", "0.29", "3.7")),
    "Senegal": (("2.1", "-0.28", "1.9"), ("2.7", "-0.87", "1.9")),
    "Kenya": (("6.8", "-0.89", "5.9"), ("8.8", "-2.9", "5.9")),
    "Pakistan": (("45", "21", "66"), ("48", "21", "69")),
    "Albania": (("0.3", "-0.052", "0.25"), ("0.49", "-0.24", "0.25")),
    "Peru": (("13", "-1.5", "11"), ("15", "-4.3", "11")),
    "Mexico": (("64", "-6.8", "57"), ("70", "-13", "57")),
}
RATIOS = {"private": "7", "government": "0", "financial": "5"}  # Pakistan, high over low, less one, percent
PHONES = {
    2021: "43.27",
    2022: "44.35",
    2023: "45.46",
    2024: "46.59",
    2025: "47.76",
    2026: "48.95",
    2027: "50.17",
    2028: "51.43",
    2029: "52.71",
    2030: "54.03",
}
PHONES_2020, PHONES_GROWTH = 42.21, 0.025


def phones_percent(year: int) -> float:
    """Subscribers by hundred people in Pakistan: growth of 2.5 % from 2020."""
    return PHONES_2020 * (1.0 + PHONES_GROWTH) ** (year - 2020)


@suite("pytal", "pytal: network cost of a region, and Pakistan's costs", needs="a folder of layers")
def pytal(files: Path | None) -> list[Row]:
    """Cost cases, spectrum prices, subscribers, defects, and Pakistan's twelve cells."""
    from rabta.verify.anchors import pakistan

    rows = [*_case_rows(), *_spectrum_rows(), *_phone_rows(), *_defect_rows()]
    return [*rows, *pakistan.rows(files)]


def _case_rows() -> list[Row]:
    rows = []
    for case in CASES:
        new, upgraded, density, links, s, text = case
        ours = network_usd(case_region(case), s, PRICES, MONEY)
        what = f"{s.generation} {s.core} {s.backhaul}: {new} new and {upgraded} upgraded sites, {links} links"
        rows.append(printed(f"{what}, {density:g} a km2, US$", ours, text, TESTS))
    return rows


def _spectrum_rows() -> list[Row]:
    """Financial cost is the sum of the private and the government's, as far as two digits tell."""
    source = "vis/spectrum_ratio.csv at e7ccc1f, two significant digits"
    rows = []
    for country, levels in SPECTRUM.items():
        for level, texts in zip(("low", "high"), levels, strict=True):
            private, government, financial = map(float, texts)
            spread = sum(map(_half_digit, texts))
            what = f"{country}, {level} spectrum prices: private and government cost, US$ bn"
            rows.append(Row(what, private + government, financial, spread * (1 + 1e-6), source))
    for (name, text), low, high in zip(RATIOS.items(), *SPECTRUM["Pakistan"], strict=True):
        what = f"Pakistan, {name} cost: high over low spectrum prices, percent more"
        rows.append(printed(what, (float(high) / float(low) - 1.0) * 100.0, text, source))
    return rows


def _half_digit(text: str) -> float:
    """Half of the second significant digit."""
    value = abs(float(text))
    return 0.5 * 10.0 ** (math.floor(math.log10(value)) - 1)


def _phone_rows() -> list[Row]:
    source = "vis/subscriptions/data_inputs/PAK.csv at e7ccc1f"
    return [
        printed(f"Pakistan, {year}: subscribers by 100 people", phones_percent(year), text, source)
        for year, text in PHONES.items()
    ]


def _defect_rows() -> list[Row]:
    """What the cost code leaves out or counts twice, in its own test region."""
    code = "src/pytal/costs.py at e7ccc1f"
    large = case_region(CASES[-1])
    charged = quantity("cloud processing", large) * large.sites
    overhead = 0.2 * annuity(0.05, 11, first_year=0)
    unlinked, linked = (network_usd(case_region(case), case[4], PRICES, MONEY) for case in CASES[5:7])
    return [
        printed(
            "defect, 5G sa, 20 sites: units of processing charged over units needed",
            charged / quantity("cloud processing", large),
            "20",
            f"{code}, calc_costs: every site pays for the processing of all",
        ),
        printed(
            "defect, 5G sa: what a new link adds to the cost, US$",
            linked - unlinked,
            "0",
            f"{code}, calc_costs: cloud backhaul is charged whether or not it is there",
        ),
        printed(
            "defect, router: present value at a site that no total holds, US$",
            MONEY.kept(2000.0),
            "2629",
            f"{code}: router is in no list of types; 1.1 (2,000 + 200 + 200 / 1.05)",
        ),
        printed(
            "defect, administration over the network's own cost of ten years",
            overhead,
            "1.744",
            "src/pytal/assess.py at e7ccc1f: a fifth of all cost, running included, in each of 11 years",
        ),
    ]
